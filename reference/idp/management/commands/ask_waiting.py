"""`manage ask_waiting`: tells atesaki what it could not be told while it was away."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reference.idp import addresses
from reference.idp.models import Address


class Command(BaseCommand):
    help = "Asks about addresses that wait, and tells ends that atesaki does not know yet."

    def handle(self, *args: Any, **options: Any) -> None:
        asked = addresses.drive()
        left = Address.objects.filter(state=Address.State.WAITING).count()
        self.stdout.write(f"asked {asked}, waiting {left}")
