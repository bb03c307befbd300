"""The ladder to the customer: in-site notice, phone, text message, letter with a deadline.

The stranger waits on none of it (L6). Each rung writes a `Contact` and a step, under the case's lock, and sets the
date of the next.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction

from atesaki import clock, keys, outbox
from atesaki.language import language

from . import access, calendar, cases, letter, sms
from .models import Agent, Case, Contact, Customer, Letter
from .refusals import DeskError

Outcome = Contact.Outcome
State = Case.State
Who = Agent | User

CALLS = (Outcome.NO_ANSWER, Outcome.WRONG_NUMBER, Outcome.LEFT_WORD, Outcome.REACHED)
LEAST_DAYS, DAYS, MOST_DAYS = 5, 10, 40  # business days that a customer gets
_PHONE_DAYS = 3
_AFTER_TALKING = 3  # business days in which a customer who was reached may correct it before a letter goes
_ERASE_DAYS = 2  # business days after the deadline in which the service ends the registration
_LEAST_REASON = 5
_LONGEST = {"name": 100, "phone": 30, "postal_code": 20, "address": 200}
_PREFECTURE = re.compile(r"^(東京都|北海道|京都府|大阪府|.{2,3}県)")


@dataclass(frozen=True, slots=True, repr=False)
class CustomerData:
    """How a customer may be reached. Its `repr` shows nothing: tracebacks and log lines show reprs."""

    name: str
    phone: str
    postal_code: str
    address: str

    def masked(self, zone: str = "Asia/Tokyo") -> CustomerData:
        """Enough for an agent to tell two customers apart: 大***, 090-****-4711, 273-****, 千葉県***."""
        return CustomerData(
            name=f"{self.name[0]}***" if self.name else "",
            phone=_masked_phone(self.phone, zone),
            postal_code=f"{self.postal_code[:3]}-****" if self.postal_code else "",
            address=_masked_address(self.address),
        )


FIELDS = tuple(field.name for field in fields(CustomerData))


class Rung(NamedTuple):
    """What comes next, and on which day.

    `customer` (ask the service how to reach them), `phone`, `sms`, `letter` (make it), `post` (it is made),
    `deadline` (give it in the in-site notice: no letter can arrive), `answer` (the customer's turn) or
    `withdraw` (the service's).
    """

    rung: str
    on: date


class Tried(NamedTuple):
    """A try, as `choose` needs it: the rung, what came of it, on which day, since the data last changed or not."""

    rung: str
    outcome: str
    day: date
    fresh: bool


# -- how the customer may be reached ------------------------------------------------------------------------


def customer(case: Case) -> CustomerData | None:
    """How the customer may be reached, or None if nobody said so. Raises `keys.SealBroken`."""
    row = Customer.objects.filter(case=case).first()
    if row is None:
        return None
    inside = json.loads(keys.ring().unwrap(bytes(row.sealed), case.pk.bytes))
    return CustomerData(**{name: str(inside.get(name, "")) for name in FIELDS})


def keep_customer(  # noqa: PLR0917 - the fields of a form, in its order
    case: Case, name: str, phone: str, postal_code: str, address: str, by: Who | str
) -> CustomerData:
    """Keeps how the customer may be reached, sealed for the case. Raises `DeskError`.

    What was typed is kept letter by letter: to normalise a name would change 﨑 and 神 into others (UAX 15). Only
    digits are made plain.
    """
    given = CustomerData(_line(name), _digits(phone), _digits(postal_code), _line(address))
    values = asdict(given)
    if not any(values.values()):
        raise DeskError("empty")
    if any(len(values[each]) > _LONGEST[each] or not values[each].isprintable() for each in FIELDS):
        raise DeskError("letters")
    sealed = keys.ring().wrap(json.dumps(values, ensure_ascii=False).encode(), case.pk.bytes)
    with transaction.atomic():
        locked = _locked(case, State.REACHING, State.AWAITING, State.WITHDRAWING)
        Customer.objects.update_or_create(case=locked, defaults={"sealed": sealed, "changed": clock.now()})
        cases.step(locked, "customer_kept", by=_name(by))
        _set_date(locked)
    case.refresh_from_db()
    return given


def reveal(case: Case, field: str, agent: Who, reason: str) -> str:
    """One field in the clear; who looked, and why, is committed first. Raises `DeskError`."""
    if field not in FIELDS:
        raise DeskError("field")
    why = " ".join(reason.split())
    if len(why) < _LEAST_REASON:
        raise DeskError("reason")
    with transaction.atomic():
        access.note(case, field, _user(agent), why)
        cases.step(case, "revealed", by=_name(agent))
    found = customer(case)
    if found is None:
        raise DeskError("no_customer")
    return str(getattr(found, field))


# -- the rungs ------------------------------------------------------------------------------------------------


def phoned(case: Case, outcome: str, agent: Who) -> Contact:
    """An agent called. A wrong number is not called or texted again until it is changed. Raises `DeskError`."""
    if outcome not in CALLS:
        raise DeskError("outcome")
    with transaction.atomic():
        locked = _locked(case, State.REACHING, State.AWAITING)
        if sms.number(_known(locked).phone, locked.service.zone) is None:
            raise DeskError("no_phone")
        if _wrong(_tried(locked)):
            raise DeskError("wrong_number")
        made = _contact(locked, Contact.Rung.PHONE, outcome, agent)
        cases.step(locked, "phoned", by=_name(agent))
        _set_date(locked)
    case.refresh_from_db()
    return made


def check_sms(case: Case) -> None:
    """Sees that the customer may be texted now. Raises `DeskError`."""
    with transaction.atomic():
        _textable(_locked(case, State.REACHING, State.AWAITING))


def _textable(case: Case) -> str:
    """The number that may be texted. Raises `DeskError`."""
    tried = _tried(case)
    to = sms.mobile(sms.number(_known(case).phone, case.service.zone))
    if to is None:
        raise DeskError("no_mobile")
    if _wrong(tried):
        raise DeskError("wrong_number")
    if any(each.rung == Contact.Rung.SMS and each.fresh for each in tried):
        raise DeskError("sms_again")
    return to


def send_sms(case: Case, agent: Who, *, taking: Callable[[], bool] = lambda: True) -> Contact:
    """Texts the customer, once. Raises `DeskError`.

    1 Write it down as failed, and commit: a crash leaves one text that may have left, and no second. `taking` takes
      in the same transaction what asked for it; false, and somebody else did.
    2 Send it.
    3 Write down that it was sent.
    """
    with transaction.atomic():
        locked = _locked(case, State.REACHING, State.AWAITING)
        to = _textable(locked)
        if not taking():
            raise DeskError("sms_again")
        made = _contact(locked, Contact.Rung.SMS, Outcome.FAILED, agent)
    service = locked.service
    try:
        sms.sms_provider().send(to, sms.text(service, language(service.locale)))
    except sms.SmsError as error:
        with transaction.atomic():
            locked = cases.by_pk(case.pk, for_update=True)
            cases.step(locked, "sms_failed", by=_name(agent))
            _set_date(locked)
        case.refresh_from_db()
        raise DeskError("sms_failed", why=str(error)) from error
    with transaction.atomic():
        locked = cases.by_pk(case.pk, for_update=True)
        Contact.objects.filter(pk=made.pk).update(outcome=Outcome.SENT)
        cases.step(locked, "sms_sent", by=_name(agent))
        _set_date(locked)
    made.refresh_from_db()
    case.refresh_from_db()
    return made


def make_letter(case: Case, agent: Who, days: int = DAYS) -> Letter:
    """Makes a letter with a deadline `days` business days from today, and its code. Raises `DeskError`.

    One that was made and never posted ends: a case has one letter at a time. `letter.pdf` prints it.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise DeskError("days", least=LEAST_DAYS, most=MOST_DAYS)
    letter.ready()
    with transaction.atomic():
        locked = _locked(case, State.REACHING)
        zone = locked.service.zone
        letter.fits(_known(locked), locked.service)
        if _letter_returned(_tried(locked)):
            raise DeskError("address_returned")
        Letter.objects.filter(case=locked, posted=None).delete()
        made = letter.made(locked, calendar.business_day(clock.today(zone), days, zone))
        _contact(locked, Contact.Rung.LETTER, Outcome.MADE, agent)
        cases.step(locked, "letter_made", by=_name(agent))
        _set_date(locked)
    case.refresh_from_db()
    return made


def posted(made: Letter, on: date, agent: Who) -> Case:
    """The letter went into the post on that day: the clock is the customer's, until its deadline is over.

    Raises `DeskError`, also if fewer business days than `LEAST_DAYS` would be left.
    """
    with transaction.atomic():
        locked = _locked(made.case, State.REACHING)
        zone = locked.service.zone
        row = _letter(made)
        if row.posted is not None or row.returned is not None:
            raise DeskError("letter_state")
        if not row.made.astimezone(ZoneInfo(zone)).date() <= on <= clock.today(zone):
            raise DeskError("letter_date")
        if calendar.business_day(on, LEAST_DAYS, zone) > row.deadline:
            raise DeskError("letter_old")
        row.posted = on
        row.save(update_fields=["posted"])
        _contact(locked, Contact.Rung.LETTER, Outcome.POSTED, agent)
        cases.step(locked, "letter_posted", by=_name(agent))
        _await(locked, row.deadline)
    made.refresh_from_db()
    return locked


def returned(made: Letter, on: date, agent: Who) -> Case:
    """The letter came back: its code ends, and the desk seeks the customer again. Raises `DeskError`.

    Once the service was asked to end the registration, it is only written down.
    """
    with transaction.atomic():
        locked = _locked(made.case, State.AWAITING, State.WITHDRAWING)
        row = _letter(made)
        if row.posted is None or row.returned is not None:
            raise DeskError("letter_state")
        if not row.posted <= on <= clock.today(locked.service.zone):
            raise DeskError("letter_date")
        row.returned = on
        row.save(update_fields=["returned"])
        _contact(locked, Contact.Rung.LETTER, Outcome.RETURNED, agent)
        cases.step(locked, "letter_returned", by=_name(agent))
        if locked.state == State.AWAITING:
            locked.state, locked.deadline = State.REACHING, None
            locked.due = calendar.in_business_days(1, locked.service.zone)
            locked.save(update_fields=["state", "deadline", "due"])
    made.refresh_from_db()
    return locked


def give_deadline(case: Case, agent: Who, days: int = DAYS) -> Case:
    """Gives the deadline in the service's in-site notice alone, where no letter can arrive. Raises `DeskError`.

    People make postal addresses up as well; without this such a case would have no end.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise DeskError("days", least=LEAST_DAYS, most=MOST_DAYS)
    with transaction.atomic():
        locked = _locked(case, State.REACHING)
        zone = locked.service.zone
        deadline = calendar.business_day(clock.today(zone), days, zone)
        said = {"at": clock.now().isoformat(), "deadline": deadline.isoformat()}
        outbox.tell(locked.service, "customer.contact_needed", {**cases.about(locked, locked.claim), **said})
        _contact(locked, Contact.Rung.IN_SITE, Outcome.TOLD, agent)
        cases.step(locked, "deadline_given", by=_name(agent))
        _await(locked, deadline)
    case.refresh_from_db()
    return locked


# -- what comes next ------------------------------------------------------------------------------------------


def next_rung(case: Case) -> Rung | None:
    """Which rung comes next, and on which day; None where nobody is to be reached."""
    zone = case.service.zone
    match case.state:
        case State.REACHING:
            made = Letter.objects.filter(case=case, posted=None, returned=None).exists()
            return choose(_tried(case), customer(case), made, zone, clock.today(zone))
        case State.AWAITING if case.deadline is not None:
            return Rung("answer", case.deadline)
        case State.WITHDRAWING if case.due is not None:
            return Rung("withdraw", case.due.astimezone(ZoneInfo(zone)).date())
        case _:
            return None


def choose(tried: Sequence[Tried], known: CustomerData | None, made: bool, zone: str, today: date) -> Rung:
    """The next rung while the customer is sought: pure.

    1 A letter that was made is posted.
    2 A customer who was reached gets some days to correct it, then a letter.
    3 Phone, on three different days, unless the number is another's or cannot be called.
    4 A text message, once, if the number takes one.
    5 A letter, unless one to this address came back; then the deadline in the in-site notice.
    """
    now = calendar.business_day(today, 0, zone)
    if made:
        return Rung("post", now)
    if known is None:
        return Rung("customer", now)
    calls = [each for each in tried if each.rung == Contact.Rung.PHONE and each.fresh]
    texts = [each for each in tried if each.rung == Contact.Rung.SMS and each.fresh]
    arrives = known.name and known.postal_code and known.address and not _letter_returned(tried)
    written = "letter" if arrives else "deadline"
    reached = [each.day for each in calls if each.outcome == Outcome.REACHED]
    if reached:
        return Rung(written, max(now, calendar.business_day(reached[-1], _AFTER_TALKING, zone)))
    found = sms.number(known.phone, zone)
    if found is not None and not _wrong(tried):
        days = {each.day for each in calls}
        if len(days) < _PHONE_DAYS:
            return Rung("phone", calendar.business_day(today, 1, zone) if today in days else now)
        if sms.mobile(found) and not texts:
            return Rung("sms", now)
    sent = [each.day for each in texts if each.outcome == Outcome.SENT]
    return Rung(written, max(now, calendar.business_day(sent[-1], 1, zone)) if sent else now)


def _wrong(tried: Sequence[Tried]) -> bool:
    return any(each.outcome == Outcome.WRONG_NUMBER and each.fresh for each in tried)


def _letter_returned(tried: Sequence[Tried]) -> bool:
    return any(each.outcome == Outcome.RETURNED and each.fresh for each in tried)


def _tried(case: Case) -> list[Tried]:
    changed = Customer.objects.filter(case=case).values_list("changed", flat=True).first()
    zone = ZoneInfo(case.service.zone)
    rows = Contact.objects.filter(case=case).order_by("pk").values_list("rung", "outcome", "at")
    return [
        Tried(rung, outcome, at.astimezone(zone).date(), changed is None or at >= changed) for rung, outcome, at in rows
    ]


# -- under the lock -------------------------------------------------------------------------------------------

_NOT_IN = {
    State.CLOSED: "closed",
    State.UNCONFIRMED: "unconfirmed",
    State.AWAITING: "awaiting",
    State.WITHDRAWING: "withdrawing",
    State.REACHING: "letter_state",
}


def _locked(case: Case, *states: str) -> Case:
    found = cases.by_pk(case.pk, for_update=True)
    if found.state not in states:
        raise DeskError(_NOT_IN[State(found.state)])
    return found


def _letter(made: Letter) -> Letter:
    row = Letter.objects.select_for_update().filter(pk=made.pk).first()
    if row is None:
        raise DeskError("letter_gone")
    return row


def _known(case: Case) -> CustomerData:
    found = customer(case)
    if found is None:
        raise DeskError("no_customer")
    return found


def _contact(case: Case, rung: str, outcome: str, agent: Who) -> Contact:
    return Contact.objects.create(case=case, rung=rung, outcome=outcome, at=clock.now(), agent=_user(agent))


def _set_date(case: Case) -> None:
    """The desk's date is the next rung's; a customer's or a service's is not ours to move."""
    if case.state == State.REACHING and (rung := next_rung(case)) is not None:
        case.due = calendar.closing(rung.on, case.service.zone)
        case.save(update_fields=["due"])


def _await(case: Case, deadline: date) -> None:
    """The customer has until then; from now on its page tells the reporter by when their address is erased.

    A deadline that is given anew moves the customer's date, and never what the reporter was promised.
    """
    zone = case.service.zone
    case.state, case.deadline = State.AWAITING, deadline
    case.due = calendar.end_of(deadline, zone)
    case.erase_by = case.erase_by or calendar.business_day(deadline, _ERASE_DAYS, zone)
    case.save(update_fields=["state", "deadline", "due", "erase_by"])


def _user(agent: Who) -> User:
    return agent.user if isinstance(agent, Agent) else agent


def _name(by: Who | str) -> str:
    return (by if isinstance(by, str) else _user(by).get_username())[:40]


# -- what is typed, and what is shown of it -------------------------------------------------------------------


def _line(text: str) -> str:
    return " ".join(text.split())


def _digits(text: str) -> str:
    return _line(unicodedata.normalize("NFKC", text).translate(str.maketrans("ー−‐–―", "-----")))


def _masked_phone(phone: str, zone: str) -> str:
    found = sms.number(phone, zone)
    groups = re.findall(r"\+?\d+", sms.national(found, zone) if found is not None else "")
    if len(groups) < 3:
        return "****" if phone else ""
    return "-".join([groups[0], "****", groups[-1]])


def _masked_address(address: str) -> str:
    found = _PREFECTURE.match(address)
    shown = found[1] if found else address[:1]
    return f"{shown}***" if address else ""
