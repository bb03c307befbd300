"""Proofs and disavowals: the only ways a standing changes by what people do."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from atesaki import clock
from atesaki.content import Fact, normal_answer

from .claims import is_common, knowledge, known, lock, say
from .models import Claim, Event, Knowledge, Token
from .standing import Standing
from .tokens import TRIES, Purpose, hashed_code, live


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a try: `proved`, `wrong`, `closed` (too many wrong ones), `answered` or `gone`."""

    result: str
    tries_left: int = 0
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Disavowal:
    """A disavowal in force: the claim that it answers, and since when."""

    claim: Claim
    at: datetime


def prove(raw_token: str, kind: str, answer: str) -> Proof:
    """One try at binding mailbox and customer: the token proves the mailbox, the answer the customer.

    `kind` is `match` or a kind of knowledge. The try is counted by a guarded update in the same transaction, so
    neither a restart nor a hundred tries at once give a fourth (story, proof methods).
    """
    with transaction.atomic():
        token = live(raw_token, Purpose.CONFIRM)
        if token is None:
            return Proof("gone")
        lock(bytes(token.claim.digest))
        if kind != "match" and normal_answer(kind, answer) is None:
            return Proof("wrong", max(0, TRIES - token.tries), token.claim)  # a slip of the keyboard is no try
        left = _count_try(Token.objects.filter(pk=token.pk))
        if left is None:
            return Proof("closed", 0, token.claim)
        if not _right(token.claim, kind, answer):
            return Proof("wrong" if left else "closed", left, token.claim)
        say(token.claim, Event.Kind.PROVED, "match" if kind == "match" else "knowledge", kind)
        return Proof("proved", left, token.claim)


def prove_code(claim: Claim, code: str) -> Proof:
    """One try at the code that was mailed, typed in the customer's own session at the service."""
    with transaction.atomic():
        lock(bytes(claim.digest))
        rows = Token.objects.filter(claim=claim, purpose=Purpose.CODE, revoked=None, expires__gt=clock.now())
        token = rows.first()
        if token is None:
            return Proof("gone", 0, claim)
        left = _count_try(rows.filter(pk=token.pk))
        if left is None:
            return Proof("closed", 0, claim)
        typed = "".join(letter for letter in normal_digits(code) if letter.isdecimal())
        if not hmac.compare_digest(bytes(token.hash), hashed_code(claim.pk, typed)):
            return Proof("wrong" if left else "closed", left, claim)
        rows.update(revoked=clock.now())
        say(claim, Event.Kind.PROVED, "code")
        return Proof("proved", left, claim)


def attest(claim: Claim, evidence: str) -> Proof:
    """The service vouches that mailbox and customer belong together. Raises `ValueError` without evidence."""
    if not evidence.strip():
        raise ValueError("An attested proof needs its evidence: say how the service knows.")
    with transaction.atomic():
        lock(bytes(claim.digest))
        say(claim, Event.Kind.PROVED, "attested", evidence.strip())
    return Proof("proved", 0, claim)


def answered(raw_token: str) -> Proof:
    """The mailbox answered, by a click alone. That proves no customer."""
    with transaction.atomic():
        token = live(raw_token, Purpose.CONFIRM)
        if token is None:
            return Proof("gone")
        lock(bytes(token.claim.digest))
        standing = known(token.claim).standing
        if standing is Standing.CLAIMED:
            say(token.claim, Event.Kind.ANSWERED, "click")
        result = "proved" if standing is Standing.PROVED else "answered"
        return Proof(result, max(0, TRIES - token.tries), token.claim)


def disavow(raw_token: str, via: str) -> Disavowal | None:
    """The mailbox says "not me": one row, in force when this returns. Said twice, it is the same disavowal.

    Any token that reached the mailbox will do, for each proves the mailbox (L4): no other is asked for (L3).
    """
    with transaction.atomic():
        token = live(raw_token, Purpose.NOT_ME, Purpose.CONFIRM, Purpose.REPLY)
        if token is None:
            return None
        claim = token.claim
        lock(bytes(claim.digest))
        if known(claim).standing is Standing.DISAVOWED:
            earlier = Event.objects.filter(
                organisation_id=claim.service.organisation_id, digest=claim.digest, kind=Event.Kind.DISAVOWED
            ).latest("pk")
            return Disavowal(claim, earlier.at)
        return Disavowal(claim, say(claim, Event.Kind.DISAVOWED, via).at)


def pause(raw_token: str) -> Claim | None:
    """A one-click POST, perhaps by a robot (RFC 8058): mail waits and nobody is asked again, until a fresh proof."""
    with transaction.atomic():
        token = live(raw_token, Purpose.NOT_ME)
        if token is None:
            return None
        lock(bytes(token.claim.digest))
        stand = known(token.claim)
        if not stand.paused and stand.standing is not Standing.DISAVOWED:
            say(token.claim, Event.Kind.PAUSED, "one-click")
        return token.claim


def normal_digits(text: str) -> str:
    """Full-width digits as ASCII: Japanese keyboards give them."""
    return text.translate({ord("０") + digit: str(digit) for digit in range(10)})


def _right(claim: Claim, kind: str, answer: str) -> bool:
    if kind == "match":
        typed = normal_digits(answer).strip()
        return bool(claim.match) and hmac.compare_digest(claim.match.encode(), typed.encode())
    fact = Fact._make((kind, normal_answer(kind, answer) or ""))
    rows = Knowledge.objects.filter(claim=claim, kind=kind, digest=knowledge(claim.pk, fact))
    found = rows.first()
    return found is not None and (found.passed or not is_common(claim.service, fact))


def _count_try(rows: QuerySet[Token]) -> int | None:
    """Counts a try on the one row of `rows`; how many are left, or None if there was none left to take."""
    taken = rows.filter(tries__lt=TRIES).update(tries=F("tries") + 1)
    if not taken:
        return None
    return TRIES - int(rows.values_list("tries", flat=True)[0])
