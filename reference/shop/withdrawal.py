"""A customer leaves (退会): the account ends at once, what is on its way still arrives, the rest is forgotten."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from .models import Delivery, Member

IN_FLIGHT = ("received", "preparing", "underway")


@transaction.atomic
def end(ref: str, case: str = "") -> None:
    """Ends the customer `ref`, member or guest; the second time it does nothing new. `case`: atesaki asked for it.

    1. The account: no name, no subject, no addresses, nobody can come in. 2. Deliveries: those that are over lose
    their person, those in flight lose it on arrival. 3. The address and its claim; atesaki hears of it.
    """
    from . import mailroom

    member = Member.objects.select_for_update().filter(ref=ref).first()
    if member and not member.ended:
        _end_account(member)
    for delivery in Delivery.objects.filter(ref=ref).select_related("order__shipping_address"):
        if delivery.order.status in IN_FLIGHT:
            Delivery.objects.filter(pk=delivery.pk).update(forget=True)
        else:
            forget_person(delivery)
    mailroom.forget(ref, case)


def _end_account(member: Member) -> None:
    user: Any = member.user
    Member.objects.filter(pk=member.pk).update(ended=timezone.now(), sub=None, name="", user=None)
    if user:
        user.addresses.all().delete()
        user.baskets.filter(status="Open").delete()
        user.is_active = False  # a session of an inactive user is nobody's: ModelBackend.get_user
        user.username, user.first_name, user.last_name, user.email = f"ended-{user.pk}", "", "", ""
        user.save()


def forget_person(delivery: Delivery) -> None:
    """Takes the person out of an order that is over; goods and sums stay for the books."""
    address: Any = delivery.order.shipping_address
    if address:
        for field in ("first_name", "last_name", "line1", "line2", "line3", "line4", "state", "postcode", "notes"):
            setattr(address, field, "")
        address.phone_number = ""
        address.save()
    Delivery.objects.filter(pk=delivery.pk).update(postal_code="", phone_last4="", card_last4="", forget=False)
