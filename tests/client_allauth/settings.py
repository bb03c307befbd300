"""A site as allauth's documentation sets one up, and four lines of ours."""

from __future__ import annotations

import os

SECRET_KEY = "a site of the tests"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "tests.client_allauth.urls"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "allauth",
    "allauth.account",
]
SITE_ID = 1
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = False
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = bool(os.environ.get("BY_CODE"))
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = bool(os.environ.get("BY_CODE"))
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if os.environ.get("BY_CODE") else "optional"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True

ACCOUNT_ADAPTER = "atesaki_client.allauth.AccountAdapter"
ACCOUNT_FORMS = {"confirm_email_verification_code": "atesaki_client.allauth.CodeForm"}
ATESAKI_API_KEY = "key0123456789.secret"
ATESAKI_WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
