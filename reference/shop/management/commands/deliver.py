"""`manage deliver [NUMBER…] [--to STATE]`: moves orders on, as the warehouse and the van would."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from oscar.core.loading import get_model

from reference.shop import placing


class Command(BaseCommand):
    help = "Moves orders one step on (received, preparing, underway, delivered), or with --to as far as that."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("numbers", nargs="*", help="order numbers; without any: all that are not delivered")
        parser.add_argument("--to", choices=placing.STEPS[1:], help="go on until this state")

    def handle(self, *_: Any, **options: Any) -> None:
        Order = get_model("order", "Order")
        found = Order.objects.select_related("delivery", "shipping_address").order_by("pk")
        numbers = [each.replace("-", "") for each in options["numbers"]]
        if numbers:
            found = found.filter(number__in=numbers)
            if missing := set(numbers) - set(found.values_list("number", flat=True)):
                raise CommandError(f"no such order: {', '.join(sorted(missing))}")
        for order in found.filter(status__in=placing.STEPS[:-1]):
            goal = placing.STEPS.index(options["to"]) if options["to"] else placing.STEPS.index(order.status) + 1
            while placing.STEPS.index(order.status) < goal and placing.move_on(order):
                pass
            self.stdout.write(f"{order.number} {order.status}")
