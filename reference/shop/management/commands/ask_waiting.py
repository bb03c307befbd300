"""`manage ask_waiting`: asks atesaki what could not be asked, and sends what waits in the spool."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reference.shop import mailroom


class Command(BaseCommand):
    help = "Asks atesaki what could not be asked while it was away, and hands in the mails that wait in the spool."

    def handle(self, *_: Any, **__: Any) -> None:
        went, waiting = mailroom.ask_waiting()
        sent = mailroom.send_waiting()
        self.stdout.write(f"asked {went}, still waiting {waiting}, mails sent {sent}")
