"""What atesaki tells us. Each handler may be called again, and raises when it is to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.idp import addresses, ending
from reference.idp.models import Address, Case, Member


def _proved(event: Any) -> None:
    data = event.data
    if not addresses.mark_proved(data["claim"], data["customer"]):
        member = Member.objects.filter(sub=data["customer"]).first()
        known = Address.objects.filter(claim=data["claim"]).exists()
        if member and not known and addresses.waiting(member):
            raise LookupError("this claim is not known yet")  # the answer to `ask` is on its way to us still
        return
    if member := Member.objects.filter(sub=data["customer"]).first():
        addresses.tell(member)


def _disowned(event: Any) -> None:
    data = event.data
    addresses.disown(data["claim"], data["customer"], data["case"], data.get("number", ""))


def _contact_needed(event: Any) -> None:
    data = event.data
    member = Member.objects.filter(sub=data["customer"], is_active=True).first()
    if member:
        addresses.ask_to_correct(member, data["case"], data.get("number", ""), data["claim"])
        addresses.tell(member)


def _withdraw(event: Any) -> None:
    """The account ends, then atesaki is told; if it cannot be told now, `drive` does it."""
    data = event.data
    member = Member.objects.filter(sub=data["customer"]).first()
    if not member:
        return
    addresses.note_case(member, data["case"], data.get("number", ""))
    ending.end(member)
    addresses.tell(member)


def _closed(event: Any) -> None:
    Case.objects.filter(pk=event.data["case"]).update(closed=True)


HANDLERS: dict[str, Callable[[Any], None]] = {
    "claim.proved": _proved,
    "claim.disowned": _disowned,
    "customer.contact_needed": _contact_needed,
    "customer.withdraw": _withdraw,
    "case.closed": _closed,
}
