"""A customer's e-mail address, where they have given one: read, kept, suggested. Nothing is sent here."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
import unicodedata
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from . import briefly
from .models import Contact, Member

# Domains that people mean, and how far a slip may be from them to be suggested.
_MEANT = (
    *("gmail.com", "yahoo.co.jp", "ymail.ne.jp", "outlook.jp", "outlook.com", "hotmail.com", "hotmail.co.jp"),
    *("icloud.com", "me.com", "docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp"),
    *("example.jp", "example.com", "nifty.com", "biglobe.ne.jp", "ocn.ne.jp", "plala.or.jp", "so-net.ne.jp"),
)


def new_ref(kind: str) -> str:
    """An opaque reference: `M` a member, `G` a guest's order."""
    return f"{kind}-{secrets.token_hex(8)}"


def read(text: str) -> str:
    """The address as typed, full-width characters and spaces mended; "" for none. Raises ValueError with a sentence."""
    from .tags import say

    address = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError:
        raise ValueError(
            say(
                "メールアドレスの形になっていません。「名前@会社などの名」の形で入力するか、空のままにしてください。",
                "This is not an e-mail address. Type it as name@domain, or leave it empty.",
            )
        ) from None
    if len(address) > 254:
        raise ValueError(say("メールアドレスが長すぎます。", "The e-mail address is too long."))
    return address


def suggestion(address: str) -> str:
    """An address that may have been meant, or "". It is only shown: whoever typed it decides."""
    local, _, domain = address.rpartition("@")
    domain = domain.lower()
    if not local or domain in _MEANT:
        return ""
    near = [meant for meant in _MEANT if _distance(domain, meant) == 1 or _swapped(domain, meant)]
    return f"{local}@{near[0]}" if near else ""


def _distance(one: str, other: str) -> int:
    """How many letters to add, drop or change (more than one counts as two)."""
    if abs(len(one) - len(other)) > 1:
        return 2
    shorter, longer = sorted((one, other), key=len)
    at = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(one) == len(other):
        return 1 if shorter[at + 1 :] == longer[at + 1 :] and one != other else (0 if one == other else 2)
    return 1 if shorter[at:] == longer[at + 1 :] else 2


def _swapped(one: str, other: str) -> bool:
    """Two neighbours changed places: gmial."""
    if len(one) != len(other):
        return False
    apart = [at for at in range(len(one)) if one[at] != other[at]]
    return (
        len(apart) == 2
        and apart[1] == apart[0] + 1
        and one[apart[0]] == other[apart[1]]
        and one[apart[1]] == other[apart[0]]
    )


def of(ref: str) -> Contact:
    return Contact.objects.get_or_create(ref=ref)[0]


def set_address(ref: str, address: str) -> tuple[Contact, str]:
    """Puts `address` ("" for none) in the place of the old one; the contact, and the old claim's id or ""."""
    contact = of(ref)
    if contact.address == address and address:
        return contact, ""
    old = contact.claim
    contact.address = address
    contact.state = Contact.State.WAITING if address else Contact.State.NONE
    contact.claim = contact.match = ""
    contact.save(update_fields=["address", "state", "claim", "match"])
    return contact, old


def is_proved_elsewhere(request: Any, ref: str, address: str) -> bool:
    """Whether the ID service said, as this member came in, that this very address is proved to be theirs."""
    member, vouched = member_of(request), request.session.get("vouched")
    if not address or not vouched or member is None or member.ref != ref:
        return False
    fresh = 0 <= time.time() - vouched["at"] < briefly.SECONDS
    return fresh and hmac.compare_digest(vouched["of"], digest(address))


def digest(address: str) -> str:
    """What stands for an address where it need only be known again: keyed, for addresses can be guessed."""
    return hmac.new(settings.SECRET_KEY.encode(), f"address:{address}".encode(), hashlib.sha256).hexdigest()


def note_proved(request: Any, ref: str, address: str) -> None:
    """The ID service says, as this member comes in, that `address` ("" for none) is proved: good for an hour.

    The session lasts for weeks: it knows the address again and does not have it.
    """
    request.session.pop("vouched", None)
    briefly.drop(_proved(ref))
    if address:
        request.session["vouched"] = {"of": digest(address), "at": time.time()}
        briefly.keep(address, _proved(ref))


def to_suggest(request: Any, ref: str) -> str:
    """The address to begin a member's checkout with, or ""."""
    contact, proved = of(ref), briefly.recall(_proved(ref))
    if contact.address or contact.needed or contact.state != Contact.State.NONE:
        return contact.address
    return proved if is_proved_elsewhere(request, ref, proved) else ""


def forget_proved(ref: str) -> None:
    briefly.drop(_proved(ref))


def _proved(ref: str) -> str:
    return f"proved:{ref}"


def visitor_refs(request: Any) -> list[str]:
    """The customers that this browser speaks for: its member, or the guests' orders that it has shown to know."""
    member = member_of(request)
    return [member.ref] if member else list(request.session.get("guest_refs", []))


def member_of(request: Any) -> Member | None:
    """The member who is logged in."""
    if not hasattr(request, "_member"):
        user = request.user
        request._member = Member.objects.filter(user=user, ended=None).first() if user.is_authenticated else None
    member: Member | None = request._member
    return member
