"""Who read what about a person, and why: a log that only grows, and in which no row can be changed unseen.

Each row's keyed hash covers the row before it, so that whoever has the database and not the key file can neither
change a row nor take one out. Rows cut off at the end are missed only by who noted a later `head`: each is logged.
What must be forgotten is told by a row of our own, so that nothing is missing without a word.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet

from atesaki import clock, keys

from .models import Access, Agent, Case, Inquiry

log = structlog.get_logger(__name__)

KEPT = timedelta(days=800)  # twice as long as a closed case: whoever was read about may ask by whom
_MONTH = timedelta(days=30)
_AGAIN = timedelta(hours=1)  # a page that is loaded again within it is the same look
_LOCK = 0x61636373
_BLANKED_AT_ONCE = 15  # so many numbers stand in a reason
_FIRST = b"\0" * 32
OPENED = ("case", "inquiry")
"""What a page tells by being opened; the other slugs are fields that an agent unmasked."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found. `wrong` is empty, or says in a sentence where the chain is broken.

    `head` is the number and the hash of the last row: noted outside, it shows later that nothing was cut off.
    """

    rows: int
    first: int
    head: str
    wrong: str


def note(case: Case, what: str, agent: User, reason: str = "") -> None:
    """Adds a row, in the caller's transaction: what is shown is shown only if this is committed."""
    with transaction.atomic():
        _append(case.organisation_id, case.number, what, agent.pk, reason[:200])


def opened(about: Case | Inquiry, agent: Agent) -> None:
    """The page of a case or an inquiry was opened; once an hour for each agent."""
    what = "case" if isinstance(about, Case) else "inquiry"
    since = clock.now() - _AGAIN
    if not Access.objects.filter(number_of=about.number, what=what, agent_id=agent.user_id, at__gt=since).exists():
        with transaction.atomic():
            _append(agent.organisation_id, about.number, what, agent.user_id, "")


def of_case(case: Case) -> QuerySet[Access]:
    """What was unmasked in a case, oldest first."""
    rows = Access.objects.filter(number_of=case.number, organisation=case.organisation_id).exclude(what__in=OPENED)
    return rows.select_related("agent").order_by("number")


def of_house(agent: Agent) -> QuerySet[Access]:
    """Every look in the agent's organisation, newest first."""
    return Access.objects.filter(organisation=agent.organisation_id).select_related("agent").order_by("-number")


def _append(organisation: int | None, number_of: str, what: str, agent: int | None, reason: str) -> Access:
    with connection.cursor() as cursor:
        # One after another: two rows that both follow the same one would be a fork. Held to the end of the transaction.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = Access.objects.order_by("number").last()
    row = Access(
        number=last.number + 1 if last else 1,
        organisation_id=organisation,
        at=clock.now(),
        agent_id=agent,
        what=what,
        number_of=number_of,
        reason=reason,
        content=_content(number_of, reason),
        previous=bytes(last.hash) if last else _FIRST,
    )
    row.hash = _hash(row)
    row.save(force_insert=True)
    digest = row.hash
    transaction.on_commit(lambda: log.info("access.head", head=_head(row.number, digest)))
    return row


def _hash(row: Access) -> bytes:
    told = (row.number, row.organisation_id, row.at.isoformat(), row.agent_id, row.what)
    chained = (bytes(row.previous), bytes(row.content))
    return keys.ring().fingerprint("access", *chained, *(str(each) for each in told))


def _content(number_of: str, reason: str) -> bytes:
    return keys.ring().fingerprint("access content", number_of, reason)


def _head(number: int, digest: bytes) -> str:
    return f"{number}:{digest.hex()[:32]}"


def check(noted: str = "") -> Checked:
    """Goes through the whole chain; `noted` is a head that was written down earlier and must stand in it."""
    wrong, rows, first, head = "", 0, 0, ""
    before: Access | None = None
    blank: set[int] = set()
    blanked: set[int] = set()
    for row in _rows():
        rows += 1
        first = first or row.number
        wrong = wrong or _break(row, before)
        before = row
        if not hmac.compare_digest(_content(row.number_of, row.reason), bytes(row.content)):
            blank.add(row.number)
            if row.number_of or row.reason:
                wrong = wrong or f"Row {row.number} was changed."
        if row.what == "blanked":
            blanked.update(int(number) for number in row.reason.split())
        head = _head(row.number, bytes(row.hash))
        if noted and noted.partition(":")[0] == str(row.number):
            if head != noted:
                wrong = wrong or f"Row {row.number} is not the one whose head was noted."
            noted = ""
    if noted and int(noted.partition(":")[0]) >= first:  # one before the first has lived its time
        wrong = wrong or f"The row of the noted head {noted} is not there: rows were cut off at the end."
    if blank - blanked:
        wrong = wrong or f"Row {min(blank - blanked)} was blanked, and nothing says that its case has gone."
    if before is not None and first > 1:
        wrong = wrong or _prefix(first)
    return Checked(rows, first, head, wrong)


def _rows() -> Iterator[Access]:
    return Access.objects.order_by("number").iterator(chunk_size=2000)


def _break(row: Access, before: Access | None) -> str:
    if not hmac.compare_digest(_hash(row), bytes(row.hash)):
        return f"Row {row.number} was changed, or was written with another key file."
    if before is None:
        return ""
    if row.number != before.number + 1:
        return f"Between row {before.number} and row {row.number} there are rows missing."
    if not hmac.compare_digest(bytes(row.previous), bytes(before.hash)):
        return f"Row {row.number} does not follow row {before.number}."
    return ""


def _prefix(first: int) -> str:
    """The rows before the first must be those that `forget_old` says it removed."""
    said = Access.objects.filter(what="removed").order_by("number").last()
    if said is None or said.reason != f"up to {first - 1}":
        return f"The rows before {first} are missing, and nothing says that they were removed after their time."
    return ""


def forget(numbers: Iterable[str]) -> None:
    """Blanks what the log says of cases and inquiries that go; that somebody read something stays."""
    rows = Access.objects.filter(number_of__in=[number for number in numbers if number])
    with transaction.atomic():
        gone = list(rows.order_by("number").values_list("number", flat=True))
        for at in range(0, len(gone), _BLANKED_AT_ONCE):
            some = gone[at : at + _BLANKED_AT_ONCE]
            _append(None, "", "blanked", None, " ".join(map(str, some)))
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL atesaki.forgetting = 'on'")  # the trigger lets nothing else be changed
                cursor.execute("UPDATE atesaki_access SET number_of = '', reason = '' WHERE number = ANY(%s)", [some])
                cursor.execute("SET LOCAL atesaki.forgetting = ''")


def forget_old() -> int:
    """Removes rows after 800 days, and says so in a row: a beginning that is missing otherwise is a wrong.

    A month's rows at a time: the row that says so lives as long as any other, and must not come for each.
    """
    past = clock.now() - KEPT
    oldest = Access.objects.order_by("number").values_list("at", flat=True).first()
    if oldest is None or oldest > past - _MONTH:
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = _last_before(past)
        if last is None:
            return 0
        _append(None, "", "removed", None, f"up to {last}")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL atesaki.forgetting = 'on'")
            cursor.execute("DELETE FROM atesaki_access WHERE number <= %s", [last])
            many = int(cursor.rowcount)
            cursor.execute("SET LOCAL atesaki.forgetting = ''")
            return many


def _last_before(past: datetime) -> int | None:
    """The last row of the time that is over: everything before it goes with it, or there would be a hole."""
    kept = Access.objects.filter(at__gte=past).order_by("number").values_list("number", flat=True).first()
    rows = Access.objects.filter(at__lt=past)
    rows = rows if kept is None else rows.filter(number__lt=kept)
    return rows.order_by("number").values_list("number", flat=True).last()
