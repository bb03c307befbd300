"""What an agent sent and may still call back: a committed row, until it leaves on its time.

Nothing is queued before. The worker's job only hastens what `due` drives as well, so that a crash loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError, transaction
from procrastinate.contrib.django import app

from atesaki import clock, keys
from atesaki.language import Language, language
from atesaki.tenants import Service

from . import answers, cases, drafts, inquiries, ladder
from .agents import UNDO_SECONDS
from .models import Agent, Case, Inquiry, InquiryMessage, Message, Unsent
from .refusals import DeskError

log = structlog.get_logger(__name__)

SECONDS = UNDO_SECONDS
_KEPT = timedelta(days=30)  # of one that could not leave
_EARLY = timedelta(seconds=1)  # the queue's clock is the database's, ours the machine's
Kind = Unsent.Kind


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that waits, or could not leave (`failed`, a slug)."""

    pk: UUID
    kind: str
    agent: str
    leaves: datetime
    failed: str


def answer(case: Case, agent: Agent, text: str, lang: Language, pk: UUID) -> datetime | None:
    """An answer to a reporter; when it leaves, or None if it was queued at once. Raises `AnswerError`."""
    if not agent.undo_seconds:
        answers.send(case, agent, text, lang, pk)
        return None
    said = answers.checked(case, text)
    if Message.objects.filter(pk=pk).exists():
        raise answers.AnswerError("sent_already")
    with transaction.atomic():
        drafts.forget(case, agent, "answer")
        row = _row(Kind.ANSWER, pk, agent, case.service, lang, said)
        row.case = case
        kept = _keep(row, agent)
    if kept is None:
        raise answers.AnswerError("sent_already")
    return kept


def inquiry(  # noqa: PLR0917 - as `inquiries.send`
    asked: Inquiry, service: Service, agent: Agent, text: str, lang: Language, pk: UUID
) -> datetime | None:
    """An answer to an inquiry, as `answer`. Raises `InquiryError`."""
    if not agent.undo_seconds:
        inquiries.send(asked, service, agent, text, lang, pk)
        return None
    said = inquiries.checked(asked, service, text)
    if InquiryMessage.objects.filter(pk=pk).exists():
        raise inquiries.InquiryError("sent_already")
    row = _row(Kind.INQUIRY, pk, agent, service, lang, said)
    row.inquiry = asked
    kept = _keep(row, agent)
    if kept is None:
        raise inquiries.InquiryError("sent_already")
    return kept


def sms(case: Case, agent: Agent) -> datetime | None:
    """A text message to the customer, as `answer`. Raises `DeskError`; one that waits is not sent twice."""
    if not agent.undo_seconds:
        ladder.send_sms(case, agent)
        return None
    ladder.check_sms(case)
    row = _row(Kind.SMS, keys.uuid7(), agent, case.service, language(case.service.locale), "")
    row.case = case
    kept = _keep(row, agent)
    if kept is None:
        raise DeskError("sms_waiting")
    return kept


def _row(  # noqa: PLR0917 - the columns of the row
    kind: str, pk: UUID, agent: Agent, service: Service, lang: Language, text: str
) -> Unsent:
    sealed = keys.ring().wrap(text.encode(), pk.bytes)
    return Unsent(id=pk, kind=kind, agent_id=agent.user_id, service=service, language=lang, text=sealed)


def _keep(row: Unsent, agent: Agent) -> datetime | None:
    """Commits the row with the job that hastens it; None if it is there already."""
    row.at = clock.now()
    row.leaves = row.at + timedelta(seconds=agent.undo_seconds)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            app.configure_task("atesaki.send", schedule_in={"seconds": agent.undo_seconds}).defer(unsent=str(row.pk))
    except IntegrityError:
        return None
    return row.leaves


# -- while it waits -------------------------------------------------------------------------------------------------


def waiting(case: Case | None = None, asked: Inquiry | None = None) -> list[Waiting]:
    """What waits in a case or an inquiry, or could not leave; the oldest first."""
    rows = Unsent.objects.filter(case=case) if case else Unsent.objects.filter(inquiry=asked)
    return [
        Waiting(row.pk, row.kind, row.agent.get_username(), row.leaves, row.failed)
        for row in rows.select_related("agent").order_by("leaves")
    ]


def undo(pk: UUID, by: Agent) -> Unsent | None:
    """Calls one back, whoever of the organisation sent it; None if it has left. Its words: `text_of`.

    An answer's words are in the draft of who called it back, after what they had begun meanwhile.
    """
    with transaction.atomic():
        rows = Unsent.objects.select_for_update(of=("self",)).select_related("case__service", "inquiry", "service")
        row = rows.filter(pk=pk, service__organisation=by.organisation_id).first()
        if row is None:
            return None
        Unsent.objects.filter(pk=pk).delete()
        if row.kind == Kind.ANSWER and row.case is not None:
            begun = drafts.kept(row.case, by, "answer")
            text = text_of(row) or ""
            drafts.keep(row.case, by, "answer", f"{begun.text.strip()}\n\n{text}" if begun else text)
        if row.case is not None:
            cases.step(row.case, "called_back", by=by.user.get_username())
    row.id = pk
    return row


def text_of(row: Unsent) -> str | None:
    """What was to be said; None if it does not open."""
    try:
        return keys.ring().unwrap(bytes(row.text), row.pk.bytes).decode()
    except keys.SealBroken:
        log.error("seal.broken", unsent=str(row.pk))
        return None


# -- when its time has come -----------------------------------------------------------------------------------------


def leave(pk: UUID | str) -> bool:
    """Sends one whose time has come; whether it was sent. Of two workers, one; called back, none.

    One that cannot leave any more stays, and says why.
    """
    found = Unsent.objects.filter(pk=pk, failed="", leaves__lte=clock.now() + _EARLY).first()
    if found is None:
        return False
    if found.kind == Kind.SMS:
        return _text(found)
    with transaction.atomic():
        rows = Unsent.objects.select_for_update(of=("self",)).select_related("case", "inquiry", "service__organisation")
        row = rows.filter(pk=pk, failed="").first()
        if row is None:
            return False
        why = _send(row)
        if why:
            Unsent.objects.filter(pk=pk).update(failed=why)
        else:
            Unsent.objects.filter(pk=pk).delete()
    return not why


def _send(row: Unsent) -> str:
    """Queues it; why not, as a slug, if it cannot be any more. Inside a transaction."""
    agent = Agent.objects.select_related("user").filter(user=row.agent_id).first()
    said, lang = text_of(row), language(row.language)
    if agent is None or said is None:
        return "sealed"
    try:
        with transaction.atomic():
            if row.case is not None:
                answers.send(cases.by_pk(row.case.pk), agent, said, lang, row.pk)
            elif row.inquiry is not None:
                inquiries.send(row.inquiry, row.service, agent, said, lang, row.pk)
    except (answers.AnswerError, inquiries.InquiryError) as error:
        return "" if error.slug == "sent_already" else error.slug
    return ""


def _text(row: Unsent) -> bool:
    """A text leaves outside of any transaction (`ladder.send_sms`), which takes the row with the try it writes down."""
    agent = Agent.objects.select_related("user").filter(user=row.agent_id).first()
    if agent is None or row.case is None:
        return False
    try:
        ladder.send_sms(row.case, agent, taking=lambda: bool(Unsent.objects.filter(pk=row.pk, failed="").delete()[0]))
    except DeskError as error:
        # Refused before the try was written down, the row is still there; what the provider said is in the timeline.
        Unsent.objects.filter(pk=row.pk).update(failed=error.slug)
        return False
    return True


def due() -> int:
    """Sends everything whose time has come; how many. One that fails is told in the log, and is tried again."""
    late = Unsent.objects.filter(failed="", leaves__lte=clock.now()).order_by("leaves")
    return sum(_alone(leave, pk) for pk in list(late.values_list("pk", flat=True)))


def _alone(do: Callable[[UUID], bool], pk: UUID) -> bool:
    try:
        return do(pk)
    except DatabaseError:
        raise
    except Exception:
        log.exception("unsent.interrupted", unsent=str(pk))
        return False


def forget_old() -> int:
    """Removes what could not leave and was not taken back in 30 days; how many."""
    gone, _ = Unsent.objects.filter(at__lt=clock.now() - _KEPT).exclude(failed="").delete()
    return gone
