"""A django-oscar shop as Oscar's documentation sets one up. All it is told of atesaki is where to hand its mail in.

It is a foreign program: its database is SQLite, in SHOP_HOME. Without a package for thumbnails, which Oscar leaves
to choice, it shows no pictures and logs that.
"""

from __future__ import annotations

import os
from pathlib import Path

from oscar.defaults import *  # noqa: F403

from oscar import INSTALLED_APPS as OSCAR

HOME = Path(os.environ["SHOP_HOME"])

EMAIL_HOST = os.environ["EMAIL_HOST"]
EMAIL_PORT = int(os.environ["EMAIL_PORT"])
EMAIL_HOST_USER = os.environ["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = os.environ["EMAIL_HOST_PASSWORD"]
OSCAR_FROM_EMAIL = os.environ["OSCAR_FROM_EMAIL"]

OSCAR_ALLOW_ANON_CHECKOUT = True

SECRET_KEY = "a shop of the tests"
ALLOWED_HOSTS = ["127.0.0.1"]
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
ROOT_URLCONF = "urls"
INSTALLED_APPS = OSCAR
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HOME / "shop.sqlite3", "ATOMIC_REQUESTS": True}
}
# Tables as the models want them, at once: the way there through Oscar's migrations takes half a minute on SQLite.
# An app's label is a word of its path; the other words do no harm.
MIGRATION_MODULES = dict.fromkeys(word for app in INSTALLED_APPS for word in app.split("."))
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
MEDIA_ROOT = HOME / "media"
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
USE_TZ = True

AUTHENTICATION_BACKENDS = [
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
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
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ]
        },
    }
]
