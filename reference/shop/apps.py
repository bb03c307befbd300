"""The shop as a Django app, beside Oscar's."""

from __future__ import annotations

from django.apps import AppConfig


class Market(AppConfig):
    name = "reference.shop"
    label = "market"
    verbose_name = "あおぞらマルシェ"
