"""Django's settings of the ID service, all from the environment."""

from __future__ import annotations

import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict


def _said(name: str, otherwise: str = "") -> str:
    return os.environ.get(name) or otherwise


HERE = Path(__file__).parent
HOME = Path(_said("REFERENCE_HOME", "var/reference")).absolute() / "idp"
NETID_WEB = _said("NETID_WEB", "127.0.0.1:8002")
NETID_URL = _said("NETID_URL", f"http://{NETID_WEB}").rstrip("/")
NETID_HOST = urlsplit(NETID_URL).hostname or ""
NETID_CLIENT_ID = _said("NETID_CLIENT_ID", "aozora-market")
NETID_CLIENT_SECRET = _said("NETID_CLIENT_SECRET")
SHOP_URL = _said("SHOP_URL", "http://127.0.0.1:8001").rstrip("/")

# `2017` is the ID service as it was before: `era2017.py` has all of it.
ERA = _said("REFERENCE_ERA", "now")
if ERA not in ("now", "2017"):
    raise ValueError(f"REFERENCE_ERA is {ERA!r}; it is `now` or `2017`")

ATESAKI_URL = _said("ATESAKI_URL", "http://127.0.0.1:8000").rstrip("/")
ATESAKI_API_KEY = _said("ATESAKI_API_KEY")
ATESAKI_WEBHOOK_SECRET = _said("ATESAKI_WEBHOOK_SECRET")
ATESAKI_SPOOL = str(HOME / "spool")
NETID_ASK_EVERY = int(_said("NETID_ASK_EVERY", "60"))  # seconds between two tries to reach atesaki


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = _said("NETID_SENDER", "あおぞらID <id@id.aozora.example>")
if ERA == "2017":
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _place(_said("MAIL_SERVER", "127.0.0.1:25"))
else:
    EMAIL_BACKEND = "atesaki_client.django.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _place(_said("ATESAKI_SMTP", "127.0.0.1:2525"))
    EMAIL_HOST_USER = _said("ATESAKI_SMTP_USERNAME")
    EMAIL_HOST_PASSWORD = _said("ATESAKI_SMTP_PASSWORD")


def kept(name: str, make: Any) -> str:
    """What `make` made the first time; readable by this service alone."""
    HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = HOME / name
    if not place.exists():
        # Linked into place when whole: two programs that start together read one and the same.
        trial = HOME / f".{name}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
        try:
            os.link(trial, place)
        except FileExistsError:
            pass
        finally:
            trial.unlink()
    return place.read_text()


def _signing_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _database(url: str) -> dict[str, Any]:
    """Django's words for `postgresql://…` (libpq's grammar) or `sqlite:///PATH`."""
    if url.startswith("sqlite:///"):
        # IMMEDIATE: a transaction that reads first and writes then would fail at once where it should wait.
        options = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///"), "OPTIONS": options}
    found = conninfo_to_dict(url)
    parts = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    named = {django: str(found.pop(libpq, "") or "") for django, libpq in parts.items()}
    pool = {"min_size": 0, "max_size": 20, "timeout": 10, "max_idle": 60}
    return {"ENGINE": "django.db.backends.postgresql", **named, "OPTIONS": {**found, "pool": pool}}


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


SECRET_KEY = kept("secret", lambda: secrets.token_urlsafe(48))
IDP_OIDC_PRIVATE_KEY = kept("signing.pem", _signing_key)
DEBUG = False
ALLOWED_HOSTS = [NETID_HOST, "127.0.0.1", "localhost"]
DATABASES = {"default": _database(_said("NETID_DATABASE_URL", f"sqlite:///{HOME / 'netid.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# In the database: authorization codes wait here, and more than one process may serve them.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "idp_cache"}}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "reference.idp.apps.IdpConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.idp.oidc",
]
MIDDLEWARE = [
    "reference.idp.middleware.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
ROOT_URLCONF = "reference.idp.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reference.idp.middleware.everywhere",
            ],
            "builtins": ["reference.idp.templatetags.say"],
        },
    }
]

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# Two ports of one host share their cookies: each service names its own.
SESSION_COOKIE_NAME = "netid_session"
CSRF_COOKIE_NAME = "netid_csrf"
LANGUAGE_COOKIE_NAME = "netid_language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = NETID_URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "reference.idp.pages.stale"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_CONTENT_TYPE_NOSNIFF = True

AUTH_USER_MODEL = "idp.Member"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "reference.idp.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "reference.idp.forms.SignupForm",
    "login": "reference.idp.forms.LoginForm",
    "reset_password_from_key": "reference.idp.forms.NewPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
# allauth's own address tables stay empty: what they can neither merge, reset nor claim, they cannot give away.
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "【あおぞらID】"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_USERNAME_MIN_LENGTH = 4
ACCOUNT_USERNAME_BLACKLIST = ["admin", "root", "support", "postmaster", "abuse", "aozora"]
ACCOUNT_USERNAME_VALIDATORS = "reference.idp.forms.USERNAME_VALIDATORS"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "reference.idp.recovery.ResetTokens"  # noqa: S105 (a class's name)
PASSWORD_RESET_TIMEOUT = 60 * 60
ACCOUNT_RATE_LIMITS = {"signup": "60/m/ip", "login": "60/m/ip", "recover": "20/m/ip,5/10m/key"}

# A passkey belongs to a host name; an address of numbers has none (WebAuthn, 5.1.2, "effective domain").
PASSKEYS = ERA != "2017" and not _is_ip(NETID_HOST)
MFA_ADAPTER = "reference.idp.accounts.MFAAdapter"
MFA_SUPPORTED_TYPES = ["recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {"add_webauthn": "reference.idp.forms.AddPasskeyForm"}
MFA_RECOVERY_CODE_DIGITS = 12
USERSESSIONS_TRACK_ACTIVITY = False

IDP_OIDC_ADAPTER = "reference.idp.accounts.OIDCAdapter"
IDP_OIDC_AUTHORIZATION_CODE_EXPIRES_IN = 60
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = int(_said("NETID_TOKEN_SECONDS", "3600"))
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = 30 * 24 * 3600
IDP_OIDC_ROTATE_REFRESH_TOKEN = True
IDP_OIDC_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
IDP_OIDC_RP_INITIATED_LOGOUT_ASKS_FOR_OP_LOGOUT = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["out"], "level": "INFO"},
    # The path of a reset link is a secret: requests are not logged, only their failures' kind.
    "loggers": {"django.request": {"level": "CRITICAL"}, "django.server": {"level": "ERROR"}},
}
