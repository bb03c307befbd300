"""Proofs and disavowals: the only ways a standing changes by what people do."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from atesaki import clock
from atesaki.content import Fact, normal_answer

from .claims import ACCEPTED, is_common, knowledge, known, lock, say
from .models import Claim, Event, Knowledge, Token
from .standing import Standing
from .tokens import TRIES, TRIES_IN_ALL, Purpose, hashed_code, issue, live, questions, tries_spent


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a try.

    `proved`, `wrong`, `closed` (too many wrong ones), `answered`, `gone`, or `unusable`: it is right, but so many
    people's mail has it that it opens nothing; it costs no try and is asked no more.
    """

    result: str
    tries_left: int = 0
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Disavowal:
    """A disavowal in force: the claim that it answers, since when, and the event that says so."""

    claim: Claim
    at: datetime
    event: int


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
        if kind not in questions(token.claim):
            return Proof("wrong", max(0, TRIES - token.tries), token.claim)  # not the weakest of what is known
        known_to_many = _known_to_many(token.claim, kind, answer)
        if known_to_many is not None:
            known_to_many.delete()
            return Proof("unusable", max(0, TRIES - token.tries), token.claim)
        left = _count_try(token)
        if left is None:
            return Proof("closed", 0, token.claim)
        if not _right(token.claim, kind, answer):
            if not left:
                _draw_again(token.claim)
            return Proof("wrong" if left else "closed", left, token.claim)
        say(token.claim, Event.Kind.PROVED, "match" if kind == "match" else "knowledge", kind)
        return Proof("proved", left, token.claim)


def prove_code(claim: Claim, code: str) -> Proof:
    """One try at the code that was mailed, typed in the customer's own session at the service.

    After a disavowal it is gone: it left the mailbox before, and only the mailbox takes back what it said (L4).
    """
    with transaction.atomic():
        lock(bytes(claim.digest))
        if known(claim).standing is Standing.DISAVOWED:
            return Proof("gone", 0, claim)
        rows = Token.objects.filter(claim=claim, purpose=Purpose.CODE, revoked=None, expires__gt=clock.now())
        token = rows.first()
        if token is None:
            return Proof("gone", 0, claim)
        left = _count_try(token)
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
        if token.claim.service.accept_answered and standing is not Standing.PROVED:
            say(token.claim, Event.Kind.ANSWERED, ACCEPTED)
        elif standing is Standing.CLAIMED:
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
            return Disavowal(claim, earlier.at, earlier.pk)
        said = say(claim, Event.Kind.DISAVOWED, via)
        return Disavowal(claim, said.at, said.pk)


def disavowals(among: Iterable[int]) -> list[Disavowal]:
    """The disavowals with these events' numbers, in their order."""
    rows = Event.objects.filter(pk__in=list(among), kind=Event.Kind.DISAVOWED, claim__isnull=False)
    return [
        Disavowal(event.claim, event.at, event.pk)
        for event in rows.select_related("claim__service__organisation").order_by("pk")
        if event.claim is not None
    ]


def doubt(claim: Claim, method: str, evidence: str) -> bool:
    """A proved address falls into doubt (returned mail, a complaint, long silence, R20); whether it did."""
    with transaction.atomic():
        lock(bytes(claim.digest))
        if known(claim).standing is not Standing.PROVED:
            return False
        say(claim, Event.Kind.DOUBTED, method, evidence)
        return True


def confirm_link(raw_token: str) -> str | None:
    """A new confirm token for who holds one of ours already: the mailbox is proved by it, and nothing else.

    The way back for who paused or disavowed by mistake, or whose link has ended: no mail can be sent to them.
    """
    with transaction.atomic():
        token = live(raw_token, Purpose.NOT_ME, Purpose.CONFIRM, Purpose.REPLY)
        if token is None:
            return None
        return issue(token.claim, Purpose.CONFIRM, clock.now() + timedelta(days=max(1, token.claim.service.wait_days)))


def pause(raw_token: str, method: str = "one-click") -> Claim | None:
    """Mail waits and nobody is asked again, until a fresh proof.

    By a one-click POST, perhaps of a robot (RFC 8058), or by a complaint of the mailbox's provider (RFC 5965).
    """
    with transaction.atomic():
        token = live(raw_token, Purpose.NOT_ME, Purpose.REPLY)
        if token is None:
            return None
        lock(bytes(token.claim.digest))
        stand = known(token.claim)
        if not stand.paused and stand.standing is not Standing.DISAVOWED:
            say(token.claim, Event.Kind.PAUSED, method)
        return token.claim


def normal_digits(text: str) -> str:
    """Full-width digits as ASCII: Japanese keyboards give them."""
    return text.translate({ord("０") + digit: str(digit) for digit in range(10)})


def _right(claim: Claim, kind: str, answer: str) -> bool:
    if kind == "match":
        typed = normal_digits(answer).strip()
        return bool(claim.match) and hmac.compare_digest(claim.match.encode(), typed.encode())
    return _knowledge(claim, kind, answer) is not None


def _knowledge(claim: Claim, kind: str, answer: str) -> Knowledge | None:
    fact = Fact._make((kind, normal_answer(kind, answer) or ""))
    return Knowledge.objects.filter(claim=claim, kind=kind, digest=knowledge(claim.pk, fact)).first()


def _known_to_many(claim: Claim, kind: str, answer: str) -> Knowledge | None:
    """What would be right, were it not in so many people's mail (L1)."""
    found = _knowledge(claim, kind, answer) if kind != "match" else None
    fact = Fact._make((kind, normal_answer(kind, answer) or ""))
    return found if found is not None and not found.passed and is_common(claim.service, fact) else None


def _draw_again(claim: Claim) -> None:
    """The two digits end with the token that they were guessed at; the service is given others when it asks."""
    Claim.objects.filter(pk=claim.pk).update(match="")


def _count_try(token: Token) -> int | None:
    """Counts a try; how many are left, or None if there was none left to take. The caller holds the address's lock.

    A new link gives no new tries without end: all of a claim's together have a limit too, in the last 30 days.
    """
    spent = tries_spent(token.claim)
    taken = spent < TRIES_IN_ALL and Token.objects.filter(pk=token.pk, tries__lt=TRIES).update(tries=F("tries") + 1)
    if not taken:
        return None
    tries = Token.objects.values_list("tries", flat=True).get(pk=token.pk)  # it was read before the lock
    return min(TRIES - tries, TRIES_IN_ALL - spent - 1)
