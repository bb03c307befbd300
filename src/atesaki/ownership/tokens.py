"""Tokens: what a mail carries to its mailbox. Random, one purpose each, stored hashed, ending, revocable."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Sum

from atesaki import clock, keys
from atesaki.tenants import Service

from .claims import known, plain
from .models import Claim, Knowledge, Token
from .standing import Standing

TRIES = 3  # wrong answers that close a code, a number or a question
TRIES_IN_ALL = 6  # and all of a claim's tokens together, in 30 days
_OCTETS = 24  # 192 bits; the issue is guessing, not collisions
_ORDER = ("postal_code", "phone_last4", "birth_year")


class Purpose(StrEnum):
    """What a token may be used for, and nothing else."""

    CONFIRM = "confirm"
    NOT_ME = "not_me"
    REPLY = "reply"
    CODE = "code"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page may know of who opened it: never the customer's data (L1), nor whether an account exists."""

    claim: UUID
    service: Service
    masked: str
    standing: Standing
    questions: tuple[str, ...]
    tries_left: int
    expires: datetime
    return_url: str = ""


def issue(claim: Claim, purpose: Purpose, expires: datetime) -> str:
    """A new token of 192 random bits, in URL letters. Only its hash is kept.

    That of an address is in base32 (RFC 4648 6): mailers on the way may change the case of a local part.
    """
    raw = secrets.token_urlsafe(_OCTETS)
    if purpose is Purpose.REPLY:
        raw = base64.b32encode(secrets.token_bytes(_OCTETS)).decode().rstrip("=").lower()
    Token.objects.create(hash=hashed(raw, purpose), purpose=purpose, claim=claim, created=clock.now(), expires=expires)
    return raw


def issue_code(claim: Claim, expires: datetime) -> str:
    """A six-digit code that the customer types in their own session; an earlier one ends. Inside a transaction.

    Twenty bits are enough only because `TRIES` wrong ones close it.
    """
    Token.objects.filter(claim=claim, purpose=Purpose.CODE, revoked=None).update(revoked=clock.now())
    code = f"{secrets.randbelow(1_000_000):06}"
    Token.objects.update_or_create(
        hash=hashed_code(claim.pk, code),
        defaults={
            "purpose": Purpose.CODE,
            "claim": claim,
            "created": clock.now(),
            "expires": expires,
            "revoked": None,
            "tries": 0,
        },
    )
    return code


def visit(raw_token: str, purpose: Purpose) -> Visit | None:
    """Who opened the page, or None for a token that is unknown, ended, revoked or of another purpose."""
    token = live(raw_token, purpose)
    if token is None:
        return None
    claim = token.claim
    address = plain(bytes(claim.digest))
    left = max(0, min(TRIES - token.tries, TRIES_IN_ALL - tries_spent(claim)))
    return Visit(
        claim=claim.pk,
        service=claim.service,
        masked=address.masked() if address else "",
        standing=known(claim).standing,
        questions=questions(claim) if left else (),
        tries_left=left,
        expires=token.expires,
        return_url=claim.return_url,
    )


def claim_behind(raw_token: str, *purposes: Purpose) -> Claim | None:
    """The claim that a token for one of `purposes` was mailed about, or None."""
    token = live(raw_token, *purposes)
    return token.claim if token else None


def questions(claim: Claim) -> tuple[str, ...]:
    """What may be asked of this claim's customer, best first."""
    kinds = set(Knowledge.objects.filter(claim=claim).values_list("kind", flat=True))
    asked = (("match",) if claim.match else ()) + tuple(kind for kind in _ORDER if kind in kinds)
    # A year of birth is guessed in some sixty tries: it is asked only where nothing better is known.
    return asked if asked == ("birth_year",) else tuple(kind for kind in asked if kind != "birth_year")


def tries_spent(claim: Claim) -> int:
    """How many answers were tried on all tokens of a claim in the last 30 days."""
    since = clock.now() - timedelta(days=30)
    rows = Token.objects.filter(claim=claim, created__gt=since)
    return int(rows.aggregate(spent=Sum("tries"))["spent"] or 0)


def live(raw_token: str, *purposes: Purpose, for_update: bool = False) -> Token | None:
    """The row of a token that may still be used for one of `purposes`."""
    rows = Token.objects.select_related("claim__service__organisation")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    wanted = [hashed(raw_token, purpose) for purpose in purposes]
    return rows.filter(hash__in=wanted, revoked=None, expires__gt=clock.now()).first()


def hashed(raw: str, purpose: Purpose) -> bytes:
    """What is stored of a token; the purpose is hashed in, so that no row can serve another."""
    if purpose is Purpose.REPLY:
        raw = raw.lower()
    return keys.ring().fingerprint("token", purpose.value, raw)


def hashed_code(claim: UUID, code: str) -> bytes:
    """What is stored of a code; it is only good for its claim."""
    return keys.ring().fingerprint("code", claim.bytes, code)
