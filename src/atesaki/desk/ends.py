"""How a case ends, and what is erased then.

The customer, the deadline and the service's answer each end it; the address goes with the end (L8), and its keyed
digest goes on refusing. Whatever is left to do is found again by `due`, each piece in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from atesaki import clock, gate, outbox, ownership
from atesaki.models import Event, Mailbox
from atesaki.ownership import Claim, Standing
from atesaki.tenants import Service

from . import access, calendar, cases, inquiries, reporters
from .models import Agent, Case, Customer, Draft, Letter, Message, Note, Step, Unsent, Wish
from .refusals import DeskError

log = structlog.get_logger(__name__)

State, End = Case.State, Case.End
_DETACHED = (End.CORRECTED, End.WITHDRAWN)


# -- what ends a case -----------------------------------------------------------------------------------------


def corrected(case: Case, by: str | Agent | User, service: Service | None = None) -> bool:
    """The customer gave another address, at the service or by the letter's code; whether the case has ended.

    `service`: only this one says so; the case goes on while another of the organisation has the address.
    Raises `DeskError`.
    """
    return _detached(case, End.CORRECTED, by, service)


def withdrawn(case: Case, by: str | Agent | User, service: Service | None = None) -> bool:
    """The registration was ended; whether the case has. As `corrected`, and as often as anybody says it."""
    return _detached(case, End.WITHDRAWN, by, service)


def _detached(case: Case, end: str, by: str | Agent | User, service: Service | None) -> bool:
    """1 The claims concerned are withdrawn. 2 With the last of them the case ends. 3 What follows, at once."""
    who = _by(by)
    with transaction.atomic():
        ownership.lock(bytes(case.digest))
        locked = cases.by_pk(case.pk, for_update=True)
        if locked.state == State.UNCONFIRMED:
            raise DeskError("unconfirmed")
        if locked.state != State.CLOSED:
            concerned = [one for one in outstanding(locked) if service is None or one.service_id == service.pk]
            told = [one for one in ownership.claims_on(bytes(locked.digest), locked.organisation_id) if _dead(one)]
            for claim in concerned:
                ownership.withdraw(claim)
            if outstanding(locked):
                if concerned:
                    cases.step(locked, "detached_one", by=who)
                return False
            _close(locked, end, who, told)
    case.refresh_from_db()
    _alone(finish, case)
    case.refresh_from_db()
    return True


def outstanding(case: Case) -> list[Claim]:
    """The disavowed claims of the organisation that their customers still give, and that nobody has withdrawn since."""
    claims = ownership.claims_on(bytes(case.digest), case.organisation_id)
    after = case.disavowal or 0
    gone = Event.objects.filter(claim__in=claims, kind=Event.Kind.WITHDRAWN, pk__gt=after)
    done = set(gone.values_list("claim_id", flat=True))
    return [claim for claim in claims if claim.pk not in done and _dead(claim) and ownership.is_given(claim)]


def _dead(claim: Claim) -> bool:
    return ownership.known(claim).standing is Standing.DISAVOWED


def _close(case: Case, end: str, by: str, told: Iterable[Claim]) -> bool:
    """Ends the case and tells its services. Inside a transaction."""
    if not cases.close(case, end, by=by):
        return False
    for claim in told:
        outbox.tell(claim.service, "case.closed", {**cases.about(case, claim), "end": end})
    return True


def given_up() -> int:
    """Ends the cases whose claims their services have withdrawn of themselves, without a word of the case; how many.

    Also before the mailbox spoke: a customer who saw the slip and took the address back is not sought for it (R10).
    """
    said = Event.objects.filter(claim=OuterRef("claim"), kind=Event.Kind.WITHDRAWN)
    return _each(Case.objects.exclude(state__in=(State.CLOSED, State.UNCONFIRMED)).filter(Exists(said)), _given_up)


def _given_up(case: Case) -> bool:
    with transaction.atomic():
        ownership.lock(bytes(case.digest))
        locked = cases.by_pk(case.pk, for_update=True)
        if locked.state in (State.CLOSED, State.UNCONFIRMED) or not _dead(locked.claim) or outstanding(locked):
            return False
        told = [one for one in ownership.claims_on(bytes(locked.digest), locked.organisation_id) if _dead(one)]
        return _close(locked, End.CORRECTED, "service", told)


# -- the deadline ---------------------------------------------------------------------------------------------


def withdraw_due() -> int:
    """Asks the services to end the registrations whose deadline has passed, and again each business day; how many.

    Open orders are not cancelled (R10), and no mail goes to the detached address.
    """
    late = Case.objects.filter(state__in=(State.AWAITING, State.WITHDRAWING), due__lte=clock.now())
    return _each(late.order_by("due"), _withdraw)


def _withdraw(case: Case) -> bool:
    with transaction.atomic():
        ownership.lock(bytes(case.digest))
        locked = cases.by_pk(case.pk, for_update=True)
        zone, now = locked.service.zone, clock.now()
        if locked.state not in (State.AWAITING, State.WITHDRAWING) or locked.due is None or locked.due > now:
            return False
        if locked.deadline is None or calendar.end_of(locked.deadline, zone) > now:
            return False
        claims = outstanding(locked)
        if not claims:
            return False
        first = locked.state == State.AWAITING
        if first:
            cases.step(locked, "deadline_passed")
        said = {"deadline": locked.deadline.isoformat(), "orders_in_flight": "ship"}
        told = sum(
            outbox.tell(claim.service, "customer.withdraw", {**cases.about(locked, claim), **said}) for claim in claims
        )
        if told:
            cases.step(locked, "withdraw_asked", number=told)
        if first and told < len(claims):
            cases.step(locked, "withdraw_by_hand", number=len(claims) - told)
        locked.state, locked.due = State.WITHDRAWING, calendar.in_business_days(1, zone)
        locked.save(update_fields=["state", "due"])
    return True


# -- false reports --------------------------------------------------------------------------------------------


def false_report() -> int:
    """Ends the cases whose claim was proved after they began: it was the customer's mailbox after all; how many."""
    kinds = (Event.Kind.PROVED, Event.Kind.ANSWERED)
    said = Event.objects.filter(claim=OuterRef("claim"), kind__in=kinds, at__gte=OuterRef("opened"))
    return _each(Case.objects.exclude(state=State.CLOSED).filter(Exists(said)), _false)


def _false(case: Case) -> bool:
    """A click that the policy takes for a proof lifts a disavowal as well, and proves no customer: `kept`."""
    with transaction.atomic():
        ownership.lock(bytes(case.digest))
        locked = cases.by_pk(case.pk, for_update=True)
        stand = ownership.known(locked.claim)
        if locked.state == State.CLOSED or stand.paused:
            return False
        if stand.standing is Standing.PROVED:
            end = End.PROVED
        elif stand.standing is Standing.ANSWERED and stand.accepted:
            end = End.KEPT
        else:
            return False
        told = [locked.claim] if locked.told is not None else []
        return _close(locked, end, "mailbox", told)


def lapse() -> int:
    """Ends the cases that no mailbox has confirmed in its time; how many."""
    late = Case.objects.filter(state=State.UNCONFIRMED, due__lte=clock.now())
    return _each(late, lambda case: cases.close(case, End.LAPSED))


# -- erasure --------------------------------------------------------------------------------------------------


def finish(case: Case) -> bool:
    """What follows an end, once; whether this call did it. One transaction, so that it is done whole or again.

    1 Destroy what still waits for the address.
    2 Queue the closing mail: it seals its recipient, and leaves although the address is gone.
    3 Remove the customer's data, notes, drafts, the letter's code; and what the reporter wrote, but for how much.
    4 Erase the address, where no customer uses it.
    """
    with transaction.atomic():
        ownership.lock(bytes(case.digest))
        locked = cases.by_pk(case.pk, for_update=True)
        if locked.state != State.CLOSED or Step.objects.filter(case=locked, what="cleared").exists():
            return False
        detached = locked.end in _DETACHED
        if detached:
            gate.destroy_disavowed(locked.service, bytes(locked.digest))
        reporters.tell_end(locked)
        for rows in (Customer, Draft, Note, Unsent):
            rows.objects.filter(case=locked).delete()
        Letter.objects.filter(case=locked).update(code=b"", sealed_code=b"")
        gone = 0
        if detached:
            gone, _ = Message.objects.filter(case=locked, direction=Message.Direction.IN).delete()
        cases.step(locked, "cleared", number=gone)
        if detached:
            erase(locked)
    return True


def erase(case: Case) -> bool:
    """Erases the plain address of a case that ended with it detached; whether it is gone. Inside a transaction.

    Not while somebody else uses the mailbox: a customer anywhere who has proved it, or another organisation that
    waits for its answer or has a case of its own. `due` looks again.
    """
    address = bytes(case.digest)
    ownership.lock(address)
    if case.state != State.CLOSED or case.end not in _DETACHED or cases.in_use(address):
        return False
    inquiries.erase_address(address, case.organisation_id)
    if not gate.erase(address):
        return False
    now = clock.now()
    if Case.objects.filter(pk=case.pk, erased=None).update(erased=now):
        cases.step(case, "erased")
        case.erased = now
    return True


def _erase_again() -> int:
    """Erases what could not be erased at its end, and an erased address that was typed in anew and refused."""
    owed = Case.objects.filter(state=State.CLOSED, end__in=_DETACHED).filter(
        Q(erased=None) | Q(digest__in=Mailbox.objects.values("digest"))
    )
    cleared = owed.filter(Exists(Step.objects.filter(case=OuterRef("pk"), what="cleared")))
    return _each(cleared, _erase_alone)


def _erase_alone(case: Case) -> bool:
    with transaction.atomic():
        ownership.lock(bytes(case.digest))
        return erase(cases.by_pk(case.pk, for_update=True))


def _erase_left_over() -> int:
    """Erases a detached address that was typed in anew when its case had been forgotten; how many.

    It is refused as ever, by its digest; only the plain text must not stay. A day old, for a disavowal of this
    moment waits for its case.
    """
    said = Event.objects.filter(digest=OuterRef("digest"), kind=Event.Kind.DISAVOWED)
    rows = Mailbox.objects.filter(Exists(said.filter(at__lt=clock.now() - timedelta(days=1))))
    rows = rows.exclude(digest__in=Case.objects.values("digest"))
    done = 0
    for digest in rows.values_list("digest", flat=True):
        with transaction.atomic():
            address = bytes(digest)
            ownership.lock(address)
            refused = all(_dead(claim) for claim in ownership.claims_on(address))
            done += refused and not cases.in_use(address) and gate.erase(address)
    return done


def forget_old() -> int:
    """Removes cases 400 days after their end, with everything that is kept with them; how many rows.

    Not one whose reporter waits to be told of an improvement: their wish is told through it, and has its own end.
    Nor one whose address could not be erased yet: `due` finds it by the case.
    """
    past = clock.now() - timedelta(days=reporters.KEPT_DAYS)
    told = Wish.objects.filter(case=OuterRef("pk"), sealed_address__isnull=False)
    old = Case.objects.filter(state=State.CLOSED, closed__lt=past).exclude(Exists(told))
    old = old.exclude(end__in=_DETACHED, erased=None)
    old = old.filter(Exists(Step.objects.filter(case=OuterRef("pk"), what="cleared")))
    with transaction.atomic():
        numbers = dict(old.values_list("pk", "number"))
        access.forget(numbers.values())
        gone, _ = Case.objects.filter(pk__in=list(numbers)).delete()
    return gone


# -- the clock ------------------------------------------------------------------------------------------------


def due() -> dict[str, int]:
    """Drives every case whose time has come; what fails is told in the log and is found again the next time."""
    open_ends = Case.objects.filter(state=State.CLOSED).exclude(
        Exists(Step.objects.filter(case=OuterRef("pk"), what="cleared"))
    )
    return {
        "proved": false_report(),
        "given_up": given_up(),
        "lapsed": lapse(),
        "withdrawing": withdraw_due(),
        "finished": _each(open_ends, finish),
        "erased": _erase_again() + _erase_left_over(),
    }


def _each(rows: Iterable[Case], do: Callable[[Case], bool]) -> int:
    return sum(_alone(do, case) for case in list(rows))


def _alone(do: Callable[[Case], bool], case: Case) -> bool:
    """One piece of work on one case: its failure does not stop the next."""
    pk: UUID = case.pk
    try:
        with transaction.atomic():
            return bool(do(case))
    except Exception:
        log.exception("case.interrupted", case=str(pk), step=getattr(do, "__name__", "end"))
        return False


def _by(by: str | Agent | User) -> str:
    user = by.user if isinstance(by, Agent) else by
    return (user if isinstance(user, str) else user.get_username())[:40]
