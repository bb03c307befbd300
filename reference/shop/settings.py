"""Django's settings of the shop, all from the environment."""

from __future__ import annotations

import os
import secrets
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from oscar.defaults import *  # noqa: F403
from psycopg.conninfo import conninfo_to_dict

from oscar import INSTALLED_APPS as OSCAR


def _said(name: str, otherwise: str = "") -> str:
    return os.environ.get(name) or otherwise


HERE = Path(__file__).parent
HOME = Path(_said("REFERENCE_HOME", "var/reference")).absolute() / "shop"
SHOP_WEB = _said("SHOP_WEB", "127.0.0.1:8001")
SHOP_URL = _said("SHOP_URL", f"http://{SHOP_WEB}").rstrip("/")
NETID_URL = _said("NETID_URL", "http://127.0.0.1:8002").rstrip("/")
NETID_CLIENT_ID = _said("NETID_CLIENT_ID", "aozora-market")
NETID_CLIENT_SECRET = _said("NETID_CLIENT_SECRET")

# `2017` is the shop as it was before: `era2017` has all of it.
ERA = _said("REFERENCE_ERA", "now")
if ERA not in ("now", "2017"):
    raise ValueError(f"REFERENCE_ERA is {ERA!r}; it is `now` or `2017`")

ATESAKI_URL = _said("ATESAKI_URL", "http://127.0.0.1:8000").rstrip("/")
ATESAKI_API_KEY = _said("ATESAKI_API_KEY")
ATESAKI_WEBHOOK_SECRET = _said("ATESAKI_WEBHOOK_SECRET")
ATESAKI_SPOOL = str(HOME / "spool")


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


DEFAULT_FROM_EMAIL = OSCAR_FROM_EMAIL = _said("SHOP_SENDER", "あおぞらマルシェ <order@market.aozora.example>")
if ERA == "2017":
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _place(_said("MAIL_SERVER", "127.0.0.1:25"))
    EMAIL_TIMEOUT = 5
else:
    EMAIL_BACKEND = "atesaki_client.django.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _place(_said("ATESAKI_SMTP", "127.0.0.1:2525"))
    EMAIL_HOST_USER = _said("ATESAKI_SMTP_USERNAME")
    EMAIL_HOST_PASSWORD = _said("ATESAKI_SMTP_PASSWORD")


def _secret() -> str:
    """Made once and kept in the home, readable by the shop alone."""
    HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = HOME / "secret"
    try:
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return kept.read_text()


def _database(url: str) -> dict[str, Any]:
    """Django's words for `postgresql://…` (libpq's grammar) or `sqlite:///PATH`."""
    if url.startswith("sqlite:///"):
        name = url.removeprefix("sqlite:///")
        # IMMEDIATE: a transaction that reads first and writes then would fail at once where it should wait.
        options = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}
    found = conninfo_to_dict(url)
    parts = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    named = {django: str(found.pop(libpq, "") or "") for django, libpq in parts.items()}
    pool = {"min_size": 0, "max_size": 20, "timeout": 10, "max_idle": 60}
    return {"ENGINE": "django.db.backends.postgresql", **named, "OPTIONS": {**found, "pool": pool}}


SECRET_KEY = _secret()
DEBUG = False
DATABASES = {"default": _database(_said("SHOP_DATABASE_URL", f"sqlite:///{HOME / 'shop.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"  # as Oscar's migrations have it
INSTALLED_APPS = [
    "reference.shop.partner.apps.PartnerConfig" if app == "oscar.apps.partner.apps.PartnerConfig" else app
    for app in OSCAR
    if app != "django.contrib.admin"  # nobody comes in by a password
] + ["reference.shop.apps.Market"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Tables as the models want them, at once: Oscar's migrations take half a minute on SQLite, which only tests use.
    MIGRATION_MODULES = dict.fromkeys([*(word for app in INSTALLED_APPS for word in app.split(".")), "market"])
else:
    MIGRATION_MODULES = {"partner": "oscar.apps.partner.migrations"}
SITE_ID = 1
warnings.filterwarnings("ignore", ".*is not implemented in this backend", module="haystack")  # no index to keep
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 50_000}}}

_public = urlsplit(SHOP_URL)
_https = _public.scheme == "https"
ALLOWED_HOSTS = [_public.hostname or "localhost", "localhost", "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
# A cookie belongs to a host, not to a port: the programs of one machine must not share a name.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, OSCAR_BASKET_COOKIE_OPEN = "shop_session", "shop_csrf", "shop_basket"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OSCAR_BASKET_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]  # who has left is no user any more

ROOT_URLCONF = "reference.shop.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "reference.shop.pages.Guard",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": False,  # not one page of Oscar's own
        "OPTIONS": {
            "builtins": ["reference.shop.tags"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "reference.shop.pages.around",
            ],
        },
    }
]
CSRF_FAILURE_VIEW = "reference.shop.pages.csrf_failure"

USE_TZ = True
TIME_ZONE = "Asia/Tokyo"
USE_I18N = True
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
STATIC_URL = "/static/"

OSCAR_SHOP_NAME = "あおぞらマルシェ"
OSCAR_DEFAULT_CURRENCY = "JPY"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = 100
OSCAR_SAVE_SENT_EMAILS_TO_DB = False  # Oscar would keep each mail with its content and address
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "received"
OSCAR_ORDER_STATUS_PIPELINE = {
    "received": ("preparing", "cancelled"),
    "preparing": ("underway",),
    "underway": ("delivered",),
    "delivered": (),
    "cancelled": (),
}
OSCAR_LINE_STATUS_PIPELINE = OSCAR_ORDER_STATUS_PIPELINE
OSCAR_ORDER_STATUS_CASCADE = {each: each for each in OSCAR_ORDER_STATUS_PIPELINE}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["out"], "level": "WARNING"},
    "loggers": {
        "reference": {"level": "INFO"},
        "atesaki_client": {"level": "INFO"},
        "django": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},  # a path may hold an order's number
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
