"""A case's life: opened or joined, confirmed by the mailbox, told to the services, ended."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from atesaki import clock, keys, outbox, ownership
from atesaki.language import Language
from atesaki.models import Hold, Token
from atesaki.ownership import Claim, Disavowal, Purpose, Standing
from atesaki.tenants import Service

from . import calendar
from .models import Assessment, Case, Contact, Message, Reporter, Step

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is taken for another when read out
_CHALLENGE_DAYS = 14  # how long a mailbox may take to answer
_TOKEN_DAYS = 400
PROMISE_DAYS = 3  # business days between two progress reports
# Who wrote or phoned expects an answer; who pressed a button was shown one, and gets no mail unasked (L5).
_WROTE_TO_US = (Case.Via.REPLY, Case.Via.FORM, Case.Via.PHONE, Case.Via.LETTER)


def new_number() -> str:
    """A receipt number that tells nobody how many there are: `K7Q2-9XMB`."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def by_pk(pk: UUID, *, for_update: bool = False) -> Case:
    """The case. Raises `Case.DoesNotExist`."""
    rows = Case.objects.select_related("organisation", "service__organisation", "claim__service__organisation")
    return (rows.select_for_update(of=("self",)) if for_update else rows).get(pk=pk)


def running(claim: Claim) -> Case | None:
    """The case of this claim's mailbox in its organisation that has not ended, if there is one."""
    found = Case.objects.filter(organisation=claim.service.organisation, digest=claim.digest)
    return found.exclude(state=Case.State.CLOSED).select_related("service", "organisation").first()


def behind(raw_token: str) -> Case | None:
    """The newest case that a token for `/m/TOKEN` opens; None for a token that is none."""
    claim = ownership.claim_behind(raw_token, Purpose.CASE)
    if claim is None:
        return None
    rows = Case.objects.filter(organisation=claim.service.organisation, digest=claim.digest)
    return rows.select_related("organisation", "service__organisation", "claim__service").order_by("-opened").first()


def token(case: Case) -> str:
    """A new token for `/m/TOKEN`, for who has just shown that the mailbox is theirs."""
    return ownership.issue(case.claim, Purpose.CASE, clock.now() + timedelta(days=_TOKEN_DAYS))


def unconfirmed(claim: Claim, via: str, language: Language) -> Case:
    """Opens a case on a claim that nobody has confirmed yet, or joins the one that runs. Inside a transaction."""
    ownership.lock(bytes(claim.digest))
    found = running(claim)
    if found is not None:
        step(found, "said_again")
        return found
    due = clock.now() + timedelta(days=_CHALLENGE_DAYS)
    case = _open(claim, via, language, Case.State.UNCONFIRMED, due)
    step(case, "opened")
    return case


def unconfirmed_at_once(claim: Claim, via: str, language: Language) -> Case:
    """`unconfirmed`, in a transaction of its own."""
    with transaction.atomic():
        return unconfirmed(claim, via, language)


def confirmed(disavowal: Disavowal, via: str, language: Language) -> Case:
    """Opens, or confirms, the case that a disavowal in force belongs to; said twice, it is the same case.

    1 The case of this very disavowal, if it is there: nothing is left to do.
    2 The one that waited for the mailbox is confirmed; without one, a case is opened confirmed.
    3 The question whether a leak must be reported opens by itself, and its clock runs from now (APPI).
    """
    claim = disavowal.claim
    with transaction.atomic():
        ownership.lock(bytes(claim.digest))
        done = Case.objects.filter(disavowal=disavowal.event).select_related("service", "organisation").first()
        if done is not None:
            return done
        case = running(claim)
        if case is not None and (case.disavowal or 0) > disavowal.event:
            return case  # of a later one already
        next_rung = calendar.in_business_days(1, claim.service.zone)
        if case is None:
            case = _open(claim, via, language, Case.State.REACHING, next_rung)
            step(case, "opened", by="mailbox")
        elif via in _WROTE_TO_US:
            Reporter.objects.filter(case=case, wish=Reporter.Wish.NOTHING).update(wish=Reporter.Wish.RESULT)
        case.state, case.due = Case.State.REACHING, next_rung
        case.confirmed, case.disavowal = disavowal.at, disavowal.event
        case.report_due = calendar.in_business_days(PROMISE_DAYS, claim.service.zone)
        case.save()
        Assessment.objects.get_or_create(case=case, defaults={"learnt": clock.now()})
        step(case, "stopped", by="mailbox")
    return case


def _open(claim: Claim, via: str, language: Language, state: str, due: datetime) -> Case:
    now = clock.now()
    case = Case.objects.create(
        id=keys.uuid7(),
        number=new_number(),
        organisation=claim.service.organisation,
        service=claim.service,
        claim=claim,
        digest=claim.digest,
        state=state,
        via=via,
        opened=now,
        due=due,
    )
    wish = Reporter.Wish.RESULT if via in _WROTE_TO_US else Reporter.Wish.NOTHING
    Reporter.objects.create(case=case, language=language, wish=wish)
    return case


def step(case: Case, what: str, *, by: str = "", number: int = 0) -> None:
    """Writes what happened to a case: a fact, from the closed list that the pages have sentences for."""
    Step.objects.create(case=case, at=clock.now(), what=what, by=by, number=number)


def tell_services(case: Case) -> int:
    """Queues `claim.disowned` for every service of the organisation that knows the address; once. How many.

    And `customer.contact_needed`: the in-site notice is the first rung of the ladder, and nobody need press for it.
    """
    with transaction.atomic():
        locked = Case.objects.select_for_update().get(pk=case.pk)
        if locked.told is not None:
            return 0
        claims = ownership.claims_on(bytes(case.digest), case.organisation_id)
        told = 0
        heard: set[int] = set()
        for claim in claims:
            if ownership.known(claim).standing is not Standing.DISAVOWED:
                continue  # another customer who has proved it keeps it, and is not spoken of
            if not ownership.is_given(claim):
                continue  # the customer took it back before anybody complained: there is nothing to ask of them
            for kind in ("claim.disowned", "customer.contact_needed"):
                if outbox.tell(claim.service, kind, {**about(case, claim), "at": clock.now().isoformat()}):
                    told += 1
                    heard.add(claim.service_id)
        locked.told = clock.now()
        locked.save(update_fields=["told"])
        if told:
            Contact.objects.create(case=case, rung=Contact.Rung.IN_SITE, outcome=Contact.Outcome.TOLD, at=clock.now())
        step(case, "services_told", number=len(heard))
    return told


def about(case: Case, claim: Claim) -> dict[str, str]:
    """What a webhook says a case is about: the service's own reference, never an address (L8)."""
    return {"case": str(case.pk), "number": case.number, "claim": str(claim.pk), "customer": claim.customer}


def services_of(case: Case) -> Sequence[Service]:
    """The services of the organisation whose customers gave this address."""
    claims = ownership.claims_on(bytes(case.digest), case.organisation_id)
    return list({claim.service_id: claim.service for claim in claims}.values())


def in_use(address: bytes) -> bool:
    """Whether the mailbox is somebody's: a customer's anywhere who has proved it, or one who waits for its answer,
    or another case's. Then its address is not erased.
    """
    standings = {claim.pk: ownership.known(claim).standing for claim in ownership.claims_on(address)}
    if any(standing in (Standing.PROVED, Standing.DOUBTED) for standing in standings.values()):
        return True
    if Case.objects.filter(digest=address).exclude(state=Case.State.CLOSED).exists():
        return True
    held = Hold.objects.filter(digest=address).values_list("claim", flat=True)
    asked = Token.objects.filter(claim__digest=address, purpose="confirm", revoked=None, expires__gt=clock.now())
    waiting = {*held, *asked.values_list("claim", flat=True)}
    return any(pk in waiting and standing is not Standing.DISAVOWED for pk, standing in standings.items())


def close(case: Case, end: str, *, by: str = "") -> bool:
    """Ends a case that has not ended; whether this call did."""
    with transaction.atomic():
        now = clock.now()
        rows = Case.objects.filter(pk=case.pk).exclude(state=Case.State.CLOSED)
        if not rows.update(state=Case.State.CLOSED, end=end, closed=now, due=None, report_due=None):
            return False
        step(case, f"ended_{end}", by=by)
    case.refresh_from_db()
    return True


def write(
    case: Case, direction: str, kind: str, text: str, *, agent: int | None = None, origin: bytes | None = None
) -> Message:
    """Keeps what was written in a case, sealed for its row; what has the same `origin` is kept once."""
    pk = keys.uuid7()
    sealed = keys.ring().wrap(text.encode(), pk.bytes)
    facts = {"case": case, "at": clock.now(), "direction": direction, "kind": kind, "agent_id": agent, "text": sealed}
    if origin is None:
        return Message.objects.create(id=pk, **facts)
    return Message.objects.get_or_create(origin=origin, defaults={"id": pk, **facts})[0]


def has_come(origin: bytes) -> bool:
    """Whether what has this `origin` was kept before."""
    return Message.objects.filter(origin=origin).exists()


def read(message: Message) -> str:
    """What was written. Raises `keys.SealBroken`."""
    return keys.ring().unwrap(bytes(message.text), message.pk.bytes).decode()
