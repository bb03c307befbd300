"""`manage.py atesaki_send_waiting`: offers the mail that waits in `ATESAKI_SPOOL`, from cron or a timer."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from atesaki_client.django import EmailBackend


class Command(BaseCommand):
    help = "Offers the mail that waits in ATESAKI_SPOOL to atesaki, oldest first; ends with 1 if atesaki is away."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, default=60, help="the longest to go on (default: 60)")
        parser.add_argument("--all", action="store_true", help="also what was put off to later")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = EmailBackend.send_waiting(seconds=options["seconds"], every=options["all"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if run.busy:
            self.stdout.write(f"Another sender is at it; {run.waiting} wait.")
            return
        if run.sent or run.waiting or run.refused or options["verbosity"] > 1:
            self.stdout.write(f"{run.sent} sent, {run.waiting} wait, {run.refused} set aside in refused/.")
        if run.away:
            raise CommandError("atesaki could not be reached; the rest waits.")
