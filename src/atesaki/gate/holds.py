"""What waits: kept sealed, released in order on proof, destroyed on a disavowal or when its time is over.

Everything that leaves later than its own `submit` leaves by `drive`, which looks again just before.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import DatabaseError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Subquery
from procrastinate.contrib.django import app

from atesaki import clock, keys, learning, outbox, ownership, tenants
from atesaki.addresses import Address
from atesaki.content import Fact
from atesaki.outbox import COURIER_SECONDS, Departure, Envelope, Hand, Handed, Leaving
from atesaki.ownership import Claim, Event, Fate, Given, Proof, Purpose, Stand, Standing, Taken
from atesaki.tenants import Service

from . import ledger, months, substitutes
from .models import Hold, Line
from .verdict import Facts, Mode, Notice, Outcome, Verdict, Verification, decide

log = structlog.get_logger(__name__)

_READ_SECONDS = 10.0  # for a mail that waits: what the page may ask for is found in it
_REPORT_OPEN = timedelta(days=15)  # a day more than a mailbox may take to confirm a report about it


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What came of an answer on the confirmation page, and how many waiting mails it set free."""

    result: str
    tries_left: int = 0
    released: int = 0


def facts(service: Service, address: bytes, stand: Stand, verification: Verification, notice: Notice) -> Facts:
    """What a verdict may depend on, gathered; a mailbox that asked for silence is never sent a notice.

    The mode is the address's own: of a service that enforces for a share, it may be observed.
    """
    return Facts(
        mode=Mode.ENFORCE if tenants.enforces(service, address) else Mode.OBSERVE,
        standing=stand.standing,
        accept_answered=service.accept_answered and stand.accepted,
        verification=verification,
        notice=Notice.SILENCED if stand.paused else notice,
    )


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was read in a mail, once for all its recipients and before any lock is taken.

    `asked`: what the page may ask for. `passed`: the service said so itself. `personal`: kinds and counts.
    `carries`: whether it carries any; in doubt it does. `template`: the row of the one that it is of.
    """

    asked: tuple[Fact, ...]
    passed: bool
    seen: tuple[Fact, ...]
    personal: dict[str, int]
    carries: bool
    template: int | None


def hold(line: Line, envelope: Envelope, seen: Facts, key: UUID, learnt: Learnt) -> Verdict:
    """Keeps a mail that waits, and queues the notice in its place; settles its line. Inside a transaction.

    `key` opens the sealed mail for this recipient.

    1 Lock the address: a proof or a disavowal came before, and is seen below, or comes after, and sees this.
    2 Make the claim, look again, and decide again.
    3 What may leave by now goes into the outbox, what may never is destroyed, everything else waits.
    4 Keep what the confirmation page may ask for, and the links in earlier notices alive; tell the service.
    """
    service, address = line.service, bytes(line.digest)
    ownership.lock(address)
    claim = ownership.claim(service, envelope.recipients[0], line.customer)
    stand = ownership.known(claim)
    now = facts(service, address, stand, seen.verification, Notice.DUE)
    if decide(now).outcome is Outcome.SUBSTITUTE and (
        # R1: one mail before proof. A request to confirm that has just gone says all that a notice could.
        ownership.being_asked(claim) or not substitutes.notice_free(service, address)
    ):
        now = facts(service, address, stand, seen.verification, Notice.SPENT)
    verdict = decide(now)
    if verdict.outcome is Outcome.REFUSE:
        outbox.destroy([key])
        ledger.settle(line, verdict, stand.standing, Line.State.SETTLED, ("refused", verdict.reason))
        return verdict
    if verdict.outcome is Outcome.DELIVER:
        ledger.settle(line, verdict, stand.standing, Line.State.QUEUED, ("queued", "proved meanwhile"))
        _queue(claim, line.id, key)
        wake(_lane(claim))
        return verdict
    expires = clock.now() + timedelta(days=service.wait_days)
    Hold.objects.create(line=line.id, claim=claim, digest=address, key_id=key, expires=expires)
    ownership.learn([lesson(service, claim.pk, address, learnt, expires)])
    ledger.settle(line, verdict, seen.standing, Line.State.HELD, ("held", f"until {expires.isoformat()}"))
    if verdict.outcome is Outcome.SUBSTITUTE:
        substitutes.notice(claim, envelope.recipients[0], expires)
        ledger.note([line.id], ("noticed", ""))
    _tell_mails("held", service, [line], claim.pk, reason=verdict.reason, expires=expires.isoformat())
    return verdict


def lesson(service: Service, claim: UUID, address: bytes, learnt: Learnt, expires: datetime) -> ownership.Lesson:
    """What is kept of a mail that waits until `expires`."""
    asked, seen = frozenset(learnt.asked), frozenset(learnt.seen)
    return ownership.Lesson(service, claim, address, asked, learnt.passed, seen, expires)


def learn(
    service: Service, mail: bytes, recipient: bytes, knows: Sequence[Fact], *, waits: bool, left: float
) -> Learnt:
    """Reads a mail that is going to wait, or has left; `knows` is what the service passed, and goes before what is
    found. `recipient`: the digest of the first. What cannot be read in the seconds `left` counts as unreadable.
    """
    most = _READ_SECONDS if waits else learning.LOOK_SECONDS
    found = learning.look(service, mail, recipient, min(most, left))
    carries = found.personal != "no"
    return Learnt(tuple(knows) or found.asked, bool(knows), found.seen, found.kinds, carries, found.template)


def confirm(raw_token: str, kind: str = "", answer: str = "") -> Confirmation:
    """Somebody answered on the confirmation page; a proof and the release it causes are one transaction."""
    claim = ownership.claim_behind(raw_token, Purpose.CONFIRM)
    if kind:
        return _after(claim, lambda: ownership.prove(raw_token, kind, answer))
    return _after(claim, lambda: ownership.answered(raw_token))


def prove_code(claim: Claim, code: str) -> Confirmation:
    """The customer typed the mailed code at the service: `proved`, `wrong`, `closed` or `gone`."""
    return _after(claim, lambda: ownership.prove_code(claim, code))


def attest(claim: Claim, evidence: str) -> Confirmation:
    """The service vouches. Raises `ValueError` without evidence."""
    return _after(claim, lambda: ownership.attest(claim, evidence))


def vouch(service: Service, address: Address, customer: str, evidence: str) -> Claim:
    """A customer gave this address, and the service knows by `evidence` that it is theirs: claimed and attested.

    Nobody is asked. What the mailbox said itself stays: a disavowed or paused address is claimed, and not attested.
    One in doubt anywhere in the organisation is asked after all: the evidence may be older than the doubt (R20).
    """
    with transaction.atomic():
        claim = ownership.claim(service, address, customer)
        stand = ownership.known(claim)
        if ownership.in_doubt(service.organisation_id, [bytes(claim.digest)]):
            return substitutes.ask(service, address, customer)
        if not stand.paused and stand.standing not in (Standing.DISAVOWED, Standing.PROVED):
            attest(claim, evidence)
    return claim


def vouch_all(service: Service, given: Sequence[Given], *, dry: bool = False) -> tuple[list[Taken], int]:
    """`vouch`, for many in one transaction: what became of each, in order, and how many waiting mails were released.

    What is shown by less than a proof is claimed or answered. Nobody is asked, and no `claim.proved` is told: a
    service need not hear a million times what it has just said itself (decision 0018). `dry` only looks.
    """
    if dry:
        return ownership.take_in(service, given, write=False), 0
    with transaction.atomic():
        taken = ownership.take_in(service, given)
        proved = [one.claim for one in taken if one.fate is Fate.PROVED]
        waiting = set(Hold.objects.filter(claim__in=proved).values_list("claim", flat=True))
        claims = Claim.objects.filter(pk__in=waiting).select_related("service__organisation")
        released = sum(release(claim) for claim in claims)
    return taken, released


def _after(claim: Claim | None, tried: Callable[[], Proof]) -> Confirmation:
    """What follows a try at a proof, in its transaction: the service is told, and what waits is released.

    A claim that was proved already is told of no more: it is the same fact, however often it is shown.
    """
    with transaction.atomic():
        was = None
        if claim is not None:
            ownership.lock(bytes(claim.digest))
            was = ownership.known(claim).standing
        proof = tried()
        if proof.claim is None or proof.result not in ("proved", "answered"):
            return Confirmation(proof.result, proof.tries_left)
        if proof.result == "proved" and was is not Standing.PROVED:
            _tell_proved(proof.claim)
        released = release(proof.claim)
        # Not what was pressed but what follows from it: nobody is told that mail comes when it does not.
        result = "proved" if _may_go(proof.claim) else "answered"
    return Confirmation(result, proof.tries_left, released)


def _tell_proved(claim: Claim) -> None:
    said = Event.objects.filter(claim=claim, kind=Event.Kind.PROVED).latest("pk")
    about = {"claim": str(claim.pk), "customer": claim.customer}
    outbox.tell(claim.service, "claim.proved", {**about, "method": said.method, "at": said.at.isoformat()})


def _tell_mails(what: str, service: Service, lines: Iterable[Line | _Kept], claim: UUID, **more: str) -> None:
    """Tells a service what became of its mails, an event for each. Inside the transaction in which it did."""
    outbox.tell_all(
        service,
        f"mail.{what}",
        [
            {
                "message": str(line.mail),
                "position": line.position,
                "claim": str(claim),
                "customer": line.customer,
                **more,
            }
            for line in lines
            if line.kind == Line.Kind.MAIL
        ],
    )


def _may_go(claim: Claim) -> bool:
    """Whether mail to this claim is delivered because of what was proved, and not because nothing is enforced.

    So it is decided as if it were enforced: what waits is let go by a proof, whatever the share is by now (0011).
    """
    now = facts(claim.service, bytes(claim.digest), ownership.known(claim), Verification.NONE, Notice.SPENT)
    return decide(replace(now, mode=Mode.ENFORCE)).outcome is Outcome.DELIVER


def release(claim: Claim) -> int:
    """Moves what waits for `claim` into the outbox, in the order of arrival, if it may go now; how many."""
    with transaction.atomic():
        ownership.lock(bytes(claim.digest))
        if not _may_go(claim):
            return 0
        waiting = list(Hold.objects.select_for_update().filter(claim=claim).order_by("pk"))
        for one in waiting:
            _queue(claim, one.line, one.key_id)
        if waiting:
            Hold.objects.filter(pk__in=[one.pk for one in waiting]).delete()
            lines = [one.line for one in waiting]
            ledger.move(lines, Line.State.QUEUED, ("proved", ""), ("queued", ""))
            known = ledger.by_pk(lines)
            _tell_mails("released", claim.service, [known[pk] for pk in lines if pk in known], claim.pk)
            wake(_lane(claim))
    return len(waiting)


def _lane(claim: Claim) -> str:
    return f"{claim.service_id} {bytes(claim.digest).hex()}"


def _queue(claim: Claim, line: UUID, key: UUID) -> None:
    outbox.keep(line, key, lane=_lane(claim), digest=bytes(claim.digest))


def wake(lane: str) -> None:
    """Has the worker drive a lane, as soon as this transaction is committed, and not if it is not."""
    app.configure_task("atesaki.drive").defer(lane=lane)


def drive(lane: str | None = None, most: int = 10_000, *, until: Callable[[], bool] = lambda: False) -> int:
    """Lets leave whatever may leave now, of one lane or of all; how many were tried.

    `until`: whether to leave the rest to another worker; a lane that is written to all the time never runs dry.

    For each: 1 mark it as leaving and commit, 2 look where its address stands, 3 hand it over, 4 write down what
    became of it. Between 1 and 4 a disavowal waits for it; after 1 it sees every disavowal that came before.
    """
    for tried in range(most):
        if until():
            if lane is not None:
                wake(lane)
            return tried
        began = time.monotonic()
        with transaction.atomic(durable=True):
            leaving = outbox.take(lane)
            if leaving is None:
                return tried
            ledger.move([leaving.line], Line.State.LEAVING)
        try:
            _let_go(leaving, began)
        except DatabaseError:
            raise  # nothing more can be done now; `due` takes it back
        except Exception as error:  # noqa: BLE001 - one that cannot leave must not stand in everybody's way
            log.error("outbox.failed", line=str(leaving.line), error=type(error).__name__)
            _put_off(leaving, type(error).__name__)
    return most


def _put_off(leaving: Leaving, why: str) -> None:
    with transaction.atomic():
        if outbox.still_ours(leaving):
            outbox.again(leaving, give_up=False)
            ledger.move([leaving.line], Line.State.QUEUED, ("put_off", why))


def _let_go(leaving: Leaving, began: float) -> None:
    line = ledger.by_pk([leaving.line]).get(leaving.line)
    key = outbox.key_of(leaving)
    if line is None or key is None:
        with transaction.atomic():
            if outbox.still_ours(leaving):
                outbox.gone(leaving)
        return
    if line.kind != Line.Kind.REPORT and not _may_leave(line, leaving):
        return
    try:
        sealed = outbox.open_mail(key)
    except keys.SealBroken as error:
        # Never destroyed for that: the right key file may yet come back from a backup.
        log.error("seal.broken", line=str(line.id))
        _put_off(leaving, str(error))
        return
    seconds = COURIER_SECONDS - (time.monotonic() - began)
    _settle(leaving, line, outbox.courier().hand(sealed.envelope, sealed.content, seconds)[0])


def _may_leave(line: Line, leaving: Leaving) -> bool:
    """Looks again: whether it may go now; if not, it is destroyed or waits, and its line says so."""
    known = ownership.standings(line.service, [(bytes(line.digest), line.customer)])[0]
    if line.kind == Line.Kind.CASE:
        return True  # what its reporter wished to be told; whoever wished it no more had it taken away
    if line.kind == Line.Kind.INQUIRY:
        why = substitutes.unwelcome(line.service, bytes(line.digest))
        if why:
            _end(leaving, line, "needless", f"the address is {why}")
        return not why
    if line.kind != Line.Kind.MAIL:
        unproved = (Standing.CLAIMED, Standing.ANSWERED, Standing.DOUBTED)
        fits = known.stand.standing in unproved and not known.stand.paused
        if line.kind == Line.Kind.CHALLENGE:
            fits = known.stand.standing is not Standing.DISAVOWED
        if not fits:
            _end(leaving, line, "needless", f"the address is {known.stand.standing.value}")
        return fits
    if known.stand.standing is Standing.UNKNOWN and known.claim is not None:
        # Withdrawn while it was on its way the first time: `withdraw` could not find it then.
        _end(leaving, line, "destroyed", "withdrawn", known.claim)
        return False
    passed = Verification.PERMITTED if line.reason == "verification_permitted" else Verification.NONE
    now = facts(line.service, bytes(line.digest), known.stand, passed, Notice.SPENT)
    if line.outcome in (Outcome.HOLD, Outcome.SUBSTITUTE):
        now = replace(now, mode=Mode.ENFORCE)  # it waited, and a proof let it go: nothing less does (0011)
    verdict = decide(now)
    if verdict.outcome is Outcome.DELIVER:
        return True
    if verdict.outcome is Outcome.REFUSE or known.claim is None:
        _end(leaving, line, "destroyed", verdict.reason, known.claim)
        return False
    with transaction.atomic():
        if not outbox.still_ours(leaving):
            return False
        Departure.objects.filter(pk=leaving.pk).delete()
        expires = clock.now() + timedelta(days=line.service.wait_days)
        Hold.objects.create(line=line.id, claim_id=known.claim, digest=line.digest, key_id=leaving.key, expires=expires)
        ledger.move([line.id], Line.State.HELD, ("held", verdict.reason))
        more = {"reason": verdict.reason, "expires": expires.isoformat()}
        _tell_mails("held", line.service, [line], known.claim, **more)
    return False


def _end(leaving: Leaving, line: Line, what: str, why: str, claim: UUID | None = None) -> None:
    with transaction.atomic():
        if outbox.still_ours(leaving):
            outbox.gone(leaving)
            ledger.move([line.id], Line.State.SETTLED, (what, why), fate="destroyed")
            if claim is not None:
                _tell_mails("destroyed", line.service, [line], claim, reason=why)


def _settle(leaving: Leaving, line: Line, handed: Handed) -> None:
    """Writes what the next hop said. What cannot be sent is told to the service, without its content."""
    detail = f"{handed.code} {handed.text}"
    waited = line.outcome in (Outcome.HOLD, Outcome.SUBSTITUTE)
    with transaction.atomic():
        if not outbox.still_ours(leaving):
            log.warning("outbox.too_late", line=str(line.id), hand=handed.hand.value)
            ledger.note([line.id], ("too_late", detail))
            return
        if handed.hand is Hand.ACCEPTED:
            outbox.gone(leaving)
            ledger.move([line.id], Line.State.SETTLED, ("handed", detail), fate="released" if waited else "")
            return
        if handed.hand is not Hand.PERMANENT and outbox.again(leaving):
            what = "unanswered" if handed.hand is Hand.UNKNOWN else "put_off"
            ledger.move([line.id], Line.State.QUEUED, (what, detail))
            return
        what = "rejected" if handed.hand is Hand.PERMANENT else "given_up"
        outbox.gone(leaving)
        ledger.move([line.id], Line.State.SETTLED, (what, detail), fate="destroyed")
        if line.kind == Line.Kind.MAIL:
            substitutes.report(line, handed)
        elif line.kind in (Line.Kind.NOTICE, Line.Kind.CONFIRMATION):
            _tell_unreachable(line, handed)


def _tell_unreachable(notice: Line, handed: Handed) -> None:
    """The mailbox cannot even be asked: the service hears so now, of the first mail that waits for it."""
    waiting = Hold.objects.filter(claim__service=notice.service, digest=notice.digest).order_by("pk").first()
    line = ledger.by_pk([waiting.line]).get(waiting.line) if waiting else None
    if line is not None:
        substitutes.report(line, handed, "It still waits, but the notice to its mailbox was refused:")


class _Kept(NamedTuple):
    """What a line says of a mail that waits, and what opens it. No row: thousands of them may have to go at once."""

    line: UUID
    mail: UUID
    position: int
    service_id: int
    customer: str
    kind: str
    key: UUID


def destroy_disavowed(service: Service, address: bytes) -> int:
    """Destroys whatever waits for the disavowed claims on `address`, in the whole organisation; how many mails.

    What is leaving at this moment is not touched: `notme` waits for it. Nor is what its reporter wishes to be told:
    that is no mail of the customer's.
    """
    with transaction.atomic():
        ownership.lock(address)
        whose: dict[int, dict[str, list[_Kept]]] = defaultdict(lambda: defaultdict(list))
        for one in _kept(address):
            if one.kind != Line.Kind.CASE:
                whose[one.service_id][one.customer].append(one)
        many = 0
        for each in Service.objects.filter(pk__in=list(whose), organisation=service.organisation_id):
            customers = whose[each.pk]
            known = ownership.standings(each, [(address, name) for name in customers])
            for mine, found in zip(customers.values(), known, strict=True):
                if found.stand.standing is Standing.DISAVOWED:
                    many += _destroy(each, mine, found.claim, "disavowed")
    return many


def withdraw(claim: Claim) -> int:
    """The customer gives this address no more; how many mails were destroyed. Said again, it is the same.

    1 The claim is withdrawn, also a disavowed one: its case ends by that.
    2 What waits for it is destroyed, and its service told.
    3 The address is erased, unless somebody else gives it or the desk has yet to write to it (`_free`).
    """
    address, own = bytes(claim.digest), (Line.Kind.MAIL, Line.Kind.NOTICE, Line.Kind.CONFIRMATION)
    with transaction.atomic():
        ownership.lock(address)
        if ownership.is_given(claim):
            ownership.withdraw(claim)
        ownership.lead_back(claim, "")
        mine = [one for one in _kept(address) if (one.service_id, one.customer) == (claim.service_id, claim.customer)]
        many = _destroy(claim.service, [one for one in mine if one.kind in own], claim.pk, "withdrawn")
        _free(address)
    return many


def _kept(address: bytes) -> list[_Kept]:
    """What waits for an address and is not on its way, oldest first. The caller holds the address's lock."""
    opens = dict(Hold.objects.filter(digest=address).values_list("line", "key_id"))
    opens |= {one.line: one.key_id for one in outbox.waiting(address)}
    lines = Line.objects.filter(digest=address).order_by("pk")
    said = lines.values_list("pk", "mail", "position", "service_id", "customer", "kind")
    found = list(said.filter(state__in=(Line.State.HELD, Line.State.QUEUED)))
    if odd := opens.keys() - {row[0] for row in found}:  # what is kept is kept, whatever its line has come to say
        found += said.filter(pk__in=odd)
    return [_Kept(*row, key=opens[row[0]]) for row in found if row[0] in opens]


def _destroy(service: Service, kept: Sequence[_Kept], claim: UUID | None, why: str) -> int:
    """Destroys one customer's mails, in a few statements for all, and tells of them; how many. In a transaction."""
    lines = [one.line for one in kept]
    if not lines:
        return 0
    for rows in (Hold, Departure):
        rows.objects.filter(line__in=lines).delete()
    outbox.destroy([one.key for one in kept])
    ledger.move(lines, Line.State.SETTLED, ("destroyed", why), fate="destroyed")
    if claim is not None:
        _tell_mails("destroyed", service, kept, claim, reason=why)
    return len(lines)


def _free(address: bytes) -> bool:
    """Erases an address that nobody gives any more (L8); whether it is gone. Inside a transaction.

    Not one that was disavowed: its case erases it, when its reporter has been written to. And not while a mailbox
    may still confirm a report: `due` looks again.
    """
    ownership.lock(address)
    claims = ownership.claims_on(address)
    if any(ownership.known(claim).standing is not Standing.UNKNOWN for claim in claims):
        return False
    since = clock.now() - _REPORT_OPEN
    said = Event.objects.filter(digest=address, kind=Event.Kind.PAUSED, at__gt=since)
    asked = Line.objects.filter(digest=address, kind__in=(Line.Kind.CHALLENGE, Line.Kind.CASE), at__gt=since)
    return not said.exists() and not asked.exists() and erase(address)


def erase(address: bytes) -> bool:
    """Erases the plain address, also out of the free texts about it; not if somebody has proved it.

    Free texts: what a service called its evidence, what a server said. Inside a transaction.
    """
    plain = ownership.plain(address)
    if not ownership.erase(address):
        return False
    Event.objects.filter(digest=address).exclude(evidence="").update(evidence="")
    if plain is not None:
        ledger.strike(address, {plain.text, plain.comparable})
    return True


def _free_forgotten() -> int:
    """Erases what could not be erased when the last claim on it was withdrawn, as a report was open; how many."""
    now, withdrawn = clock.now(), Event.Kind.WITHDRAWN
    last = Event.objects.filter(claim=OuterRef("claim")).order_by("-pk").values("kind")[:1]
    on_it = Event.objects.filter(digest=OuterRef("digest"), claim__isnull=False)
    given = on_it.annotate(last=Subquery(last)).exclude(last=withdrawn)
    recently = Event.objects.filter(kind=withdrawn, at__gt=now - 3 * _REPORT_OPEN, at__lt=now - _REPORT_OPEN)
    freed = 0
    for address in recently.filter(~Exists(given)).values_list("digest", flat=True).distinct():
        with transaction.atomic():
            freed += _free(bytes(address))
    return freed


def take_back(claim: Claim) -> int:
    """Destroys what waits to be told to a reporter who wishes it no more; how many mails.

    What is leaving at this moment is not touched: the caller waits for it, and calls again.
    """
    return take_back_lane(substitutes.lane(claim, Line.Kind.CASE), bytes(claim.digest))


def take_back_lane(lane: str, address: bytes) -> int:
    """`take_back`, of whatever waits in one lane for an address."""
    with transaction.atomic():
        departures = [one for one in outbox.waiting(address) if one.lane == lane]
        for one in departures:
            key = one.key_id
            one.delete()
            outbox.destroy([key])
        lines = [one.line for one in departures]
        ledger.move(lines, Line.State.SETTLED, ("destroyed", "no longer wished"), fate="destroyed")
    return len(lines)


def _disavowed(told: Service, service: Service, address: bytes, customer: str) -> bool:
    if service.organisation_id != told.organisation_id:
        return False
    return ownership.standings(service, [(address, customer)])[0].stand.standing is Standing.DISAVOWED


def expire(most: int = 10_000) -> int:
    """Destroys mail whose time to wait is over, unopened."""
    overdue = Hold.objects.filter(expires__lte=clock.now()).order_by("expires")[:most]
    count = 0
    for pk, address in list(overdue.values_list("pk", "digest")):
        with transaction.atomic():
            ownership.lock(bytes(address))
            one = Hold.objects.select_for_update().filter(pk=pk, expires__lte=clock.now()).first()
            if one is None:
                continue  # released or destroyed while we looked
            key, line = one.key_id, one.line
            one.delete()
            outbox.destroy([key])
            ledger.move([line], Line.State.SETTLED, ("destroyed", "its time to wait is over"), fate="destroyed")
            told = ledger.by_pk([line]).get(line)
            if told is not None:
                _tell_mails("destroyed", told.service, [told], one.claim_id, reason="expired")
                substitutes.report(told, Handed(Hand.PERMANENT), "Nobody proved the address while the mail waited.")
            count += 1
    return count


def due(until: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Drives everything whose time has come, once; every step may be repeated at any time, by any node.

    A step that fails is told in the log and does not keep the others from their turn.
    """
    return orderly(
        {
            "partitions": months.make_partitions,
            "swept": ledger.sweep,
            "taken_back": _take_back,
            "expired": expire,
            "settled": _settle_forgotten,
            "freed": _free_forgotten,
            "driven": lambda: drive(until=until),
            "forgotten": lambda: months.forget_old() + ownership.forget_old() + substitutes.forget_old(),
        },
        until,
    )


def orderly(steps: Mapping[str, Callable[[], int]], until: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Runs each step, whatever became of the one before; how much each did, -1 for one that failed.

    `until`: whether to leave those that have not begun to the next turn.
    """
    done = {}
    for name, step in steps.items():
        if until():
            break
        try:
            done[name] = step()
        except Exception:
            log.exception("due.failed", step=name)
            done[name] = -1
    if done and all(many < 0 for many in done.values()):
        raise OperationalError("Nothing that is due could be done: see the log.")
    return done


def _take_back() -> int:
    with transaction.atomic():
        lost = outbox.take_back()
        ledger.move(lost, Line.State.QUEUED, ("unanswered", "the process ended while handing it over"))
    return len(lost)


def _settle_forgotten() -> int:
    """Releases or destroys what waits although it was decided: a process may have died before it could; how many.

    Only addresses of which something was said since are looked at: what waits is many, what was forgotten few.
    """
    told = Event.objects.filter(
        digest=OuterRef("digest"),
        organisation=OuterRef("service__organisation"),
        kind__in=(Event.Kind.PROVED, Event.Kind.DISAVOWED, Event.Kind.ANSWERED),
    )
    settled = 0
    for claim in Claim.objects.filter(Exists(told), hold__isnull=False).distinct().select_related("service"):
        if ownership.known(claim).standing is Standing.DISAVOWED:
            settled += destroy_disavowed(claim.service, bytes(claim.digest))
        else:
            settled += release(claim)
    return settled
