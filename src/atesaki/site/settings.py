"""Django's settings, all from the environment or the files that it names: docs/reference/settings.md."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from atesaki import environment, keys

HOME = keys.home()
PRODUCTION = os.environ.get("ATESAKI_ENV") == "production"
DEBUG = False
SECRET_KEY = keys.ring().pages.hex()

ATESAKI_WEB = os.environ.get("ATESAKI_WEB") or "127.0.0.1:8000"
ATESAKI_SMTP = os.environ.get("ATESAKI_SMTP") or "127.0.0.1:2525"
ATESAKI_INBOUND = os.environ.get("ATESAKI_INBOUND") or "127.0.0.1:2526"
ATESAKI_UPSTREAM = environment.secret("ATESAKI_UPSTREAM") or f"maildir:{HOME / 'delivered'}"
ATESAKI_PUBLIC_URL = (os.environ.get("ATESAKI_PUBLIC_URL") or f"http://{ATESAKI_WEB}").rstrip("/")
ATESAKI_MAIL_DOMAIN = os.environ.get("ATESAKI_MAIL_DOMAIN") or "atesaki.localhost"
# Whether our mail may say that a reply is read: the rim that reads them is part of `atesaki serve`, and an
# installation of parts says so once its MX leads to `atesaki inbound`.
ATESAKI_READS_REPLIES = os.environ.get("ATESAKI_READS_REPLIES", "1") == "1"
ATESAKI_SMS = environment.secret("ATESAKI_SMS") or "console:"  # or twilio://SID:TOKEN@FROM
# The name under which our own MX writes Authentication-Results (RFC 8601 2.5); all others are ignored.
ATESAKI_AUTHSERV_ID = os.environ.get("ATESAKI_AUTHSERV_ID") or ""
# How many proxies of the deployment's own stand in front of the pages; without any, X-Forwarded-For is not believed.
ATESAKI_PROXIES = int(os.environ.get("ATESAKI_PROXIES") or "0")
# One in so many mails to proved addresses is learnt from, after its answer; 0: none. The others always are.
ATESAKI_LEARN_EVERY = int(os.environ.get("ATESAKI_LEARN_EVERY") or "16")
# Behind a pooler in transaction mode two statements may reach two sessions; what needs one goes past the pooler.
DATABASE_DIRECT_URL = environment.secret("DATABASE_DIRECT_URL")
ATESAKI_POOLED = (os.environ.get("ATESAKI_POOLED") or str(int(bool(DATABASE_DIRECT_URL)))) == "1"
# The most connections of one process. A gate has no use for more than its threads.
ATESAKI_CONNECTIONS = int(os.environ.get("ATESAKI_CONNECTIONS") or "40")


def database(url: str) -> dict[str, Any]:
    """Django's words for a PostgreSQL connection URL (libpq's grammar, so sockets and options work)."""
    found = conninfo_to_dict(url)
    parts = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    named = {django: str(found.pop(libpq, "") or "") for django, libpq in parts.items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": ATESAKI_POOLED,
        "OPTIONS": {**found, "pool": {"min_size": 0, "max_size": ATESAKI_CONNECTIONS, "timeout": 10, "max_idle": 60}},
    }


DATABASE_URL = environment.secret("DATABASE_URL")
DATABASES = {"default": database(DATABASE_URL)} if DATABASE_URL else {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",  # the desk's accounts; nobody else has one
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "procrastinate.contrib.django",
    "django.contrib.staticfiles",
    "atesaki",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "atesaki.pages.middleware.Guard",
]
ROOT_URLCONF = "atesaki.site.urls"
ASGI_APPLICATION = "atesaki.site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [
            Path(__file__).parent.parent / "pages" / "templates",
            Path(__file__).parent.parent / "gate",
            Path(__file__).parent.parent / "desk",
            Path(__file__).parent.parent / "doors" / "api" / "templates",
        ],
        "OPTIONS": {
            "builtins": ["atesaki.pages.tags"],
            "context_processors": ["django.template.context_processors.request"],
        },
    }
]
STATIC_URL = "static/"
STATICFILES_DIRS = [Path(__file__).parent.parent / "pages" / "static"]
WHITENOISE_USE_FINDERS = True


def _static_headers(headers: Any, path: str, url: str) -> None:
    """A drawing that is opened by itself is a page, and may run nothing either."""
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    headers["X-Robots-Tag"] = "noindex, nofollow"


WHITENOISE_ADD_HEADERS_FUNCTION = _static_headers

_public = urlsplit(ATESAKI_PUBLIC_URL)
ALLOWED_HOSTS = [_public.hostname or "localhost"] + ([] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
CSRF_COOKIE_SECURE = _public.scheme == "https"
# `__Host-`: no other host of the domain can set it (RFC 6265bis 4.1.3.2). The names are ours: a cookie belongs to a
# host, not to a port, and two programs must not share one.
_PREFIX = "__Host-" if CSRF_COOKIE_SECURE else ""
CSRF_COOKIE_NAME = f"{_PREFIX}atesaki_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"  # not Strict: who comes by a link in a mail would get a new one, and open forms fail
SESSION_COOKIE_NAME = f"{_PREFIX}atesaki_desk"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 12 * 3600  # a working day
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"  # a token stands in the path
SECURE_HSTS_SECONDS = 31_536_000 if CSRF_COOKIE_SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CSRF_COOKIE_SECURE else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
LOGGING_CONFIG = None  # structlog is set up by the program that runs (atesaki.cli)

SILENCED_SYSTEM_CHECKS: list[str] = []
