"""What Django is told about this project."""

from __future__ import annotations

from django.apps import AppConfig


class IdpConfig(AppConfig):
    name = "reference.idp"
    label = "idp"
    verbose_name = "あおぞらID"
    default_auto_field = "django.db.models.BigAutoField"
