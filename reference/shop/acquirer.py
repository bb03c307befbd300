"""A card company to play with: test numbers only, no money. It stands in for another company's server.

The number goes in by `tokenise` and is not kept there either: a token remembers the last four digits and the answer.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from .models import Authorisation, Card

APPROVED, DECLINED, TIMEOUT = "approved", "declined", "timeout"
TEST_NUMBERS = {
    "4242424242424242": APPROVED,
    "4000000000000002": DECLINED,
    "4000000000000119": TIMEOUT,
}
LONGEST_TOKEN = timedelta(hours=1)


class BadCard(Exception):
    """What was typed is no card of the sandbox; `field` names what is wrong: number, expiry, cvc."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Declined(Exception):
    """The card's bank says no."""


class NoAnswer(Exception):
    """It is unknown whether the payment was made: void it."""


def tokenise(number: str, expiry: str, cvc: str) -> tuple[str, str]:
    """A token for the card, and its last four digits. Raises BadCard."""
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", number))
    answer = TEST_NUMBERS.get(digits)
    if not answer:
        raise BadCard("number")
    _check_expiry(unicodedata.normalize("NFKC", expiry))
    if not re.fullmatch(r"\d{3,4}", unicodedata.normalize("NFKC", cvc).strip(), re.ASCII):
        raise BadCard("cvc")
    Card.objects.filter(made__lt=timezone.now() - LONGEST_TOKEN).delete()
    card = Card.objects.create(token=secrets.token_urlsafe(24), last4=digits[-4:], answer=answer)
    return card.token, card.last4


def _check_expiry(text: str) -> None:
    found = re.fullmatch(r"\s*(0?[1-9]|1[0-2])\s*[/-]\s*(?:20)?(\d{2})\s*", text, re.ASCII)
    if not found:
        raise BadCard("expiry")
    month, year = int(found[1]), 2000 + int(found[2])
    today = timezone.localdate()
    if date(year, month, 1) < today.replace(day=1):
        raise BadCard("expiry")


def authorise(token: str, amount: Decimal, reference: str) -> str:
    """Reserves `amount` yen under `reference`, which is used once. Raises Declined, NoAnswer, BadCard (token over)."""
    card = Card.objects.filter(token=token, made__gte=timezone.now() - LONGEST_TOKEN).first()
    if not card:
        raise BadCard("number")
    if card.answer == DECLINED:
        raise Declined
    try:
        with transaction.atomic():
            Authorisation.objects.create(reference=reference, amount=amount, state="reserved")
    except IntegrityError:
        raise Declined from None
    if card.answer == TIMEOUT:  # the worst kind: the money is reserved, but the answer is lost on its way
        raise NoAnswer
    return reference


def void(reference: str) -> None:
    """Lets a reservation go; also one that never came to be."""
    Authorisation.objects.filter(reference=reference, state="reserved").update(state="void")


def capture(reference: str) -> None:
    """Takes the money: when the goods are handed over."""
    Authorisation.objects.filter(reference=reference, state="reserved").update(state="captured")
