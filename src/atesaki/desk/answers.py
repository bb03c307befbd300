"""What an agent answers to a reporter: sentences that the record makes true, a preview, one mail.

A sentence that states a fact is offered only while the record makes it true; its dates are computed.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string

from atesaki import clock, gate, keys, ownership
from atesaki.gate import Words
from atesaki.language import Language, day, language, moment
from atesaki.models import Line

from . import cases, drafts, reporters
from .models import Agent, Case, Customer, Improvement, Message, Reporter

LONGEST = 5_000
_OWN_LINK = "•" * 12  # in a preview: the link opens the reporter's page, which is no agent's to open


class AnswerError(ValueError):
    """An answer cannot be sent. `slug` names the reason, for whoever says it to the agent."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"the answer cannot be sent: {slug}")
        self.slug = slug


@dataclass(frozen=True, slots=True)
class Record:
    """What an answer may state, besides what a report may (`reporters.says`). Nothing of the customer's (L1)."""

    says: dict[str, bool]
    told: bool
    destroyed: bool
    unsaid: bool
    wishes: frozenset[str]  # the states of the improvements that this reporter asked for


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that may be put into an answer now."""

    key: str
    text: str


_Truth = Callable[[Record], bool]


def _always(_: Record) -> bool:
    return True


def _silent(record: Record) -> bool:
    return record.says["silent"]


_TRUE: dict[str, _Truth] = {
    "thanks": _always,
    "sorry": _always,
    "stopped": _silent,
    "still_stopped": _silent,
    "told": lambda record: record.told,
    "destroyed": lambda record: record.destroyed,
    "working": lambda record: record.says["correcting"] or record.says["detaching"],
    "erase_by": lambda record: record.says["promised"],
    "next_report": lambda record: record.says["mails_steps"] and record.says["next_report"],
    "why": _always,
    "not_hacked": _always,
    "no_name": _always,
    "refuse_who": _always,
    "delete_mails": lambda record: record.unsaid,
    "domain": _always,
    "wish_considered": lambda record: Improvement.State.CONSIDERED in record.wishes,
    "wish_planned": lambda record: Improvement.State.PLANNED in record.wishes,
    "wish_shipped": lambda record: Improvement.State.SHIPPED in record.wishes,
    "wish_declined": lambda record: Improvement.State.DECLINED in record.wishes,
}


@cache
def catalogue(lang: Language) -> dict[str, str]:
    """Every sentence of a language."""
    return tomllib.loads((Path(__file__).parent / f"answers.{lang}.toml").read_text(encoding="utf-8"))


def obstacle(case: Case) -> str:
    """Why no answer can be mailed in this case, as a slug; empty if one can.

    Before the mailbox has answered only its one challenge goes there (L4); after the erasure nobody can be written
    to (L8); else the reporter's wish decides: whoever wants the result only may still be answered what they asked.
    """
    if case.confirmed is None:
        return "unconfirmed"
    if ownership.plain(bytes(case.digest)) is None:
        return "erased"
    wish = Reporter.objects.get(case=case).wish
    asked = Message.objects.filter(case=case, direction=Message.Direction.IN).exists()
    if wish == Reporter.Wish.STEPS or (wish == Reporter.Wish.RESULT and asked):
        return ""
    return "wish"


def record(case: Case) -> tuple[Record, dict[str, datetime]]:
    """What is true at this moment, and the moments that the sentences name."""
    facts = reporters.facts_of(case)
    says = reporters.says(facts)
    improvements = Improvement.objects.filter(wish__case=case)
    shipped = improvements.filter(state=Improvement.State.SHIPPED, ended__isnull=False).order_by("-ended").first()
    mails = Line.objects.filter(digest=case.digest, service__organisation=case.organisation_id, kind=Line.Kind.MAIL)
    found = Record(
        says=says,
        told=case.told is not None and facts.disavowed,
        destroyed=facts.disavowed and mails.filter(fate="destroyed").exists(),
        unsaid=facts.disavowed and Reporter.objects.get(case=case).disposal == Reporter.Disposal.UNSAID,
        wishes=frozenset(each.state for each in improvements if each.state != "shipped" or each.ended is not None),
    )
    named = {
        "today": facts.now,
        "stopped": facts.silent,
        "told": case.told,
        "next_report": facts.report_due,
        "shipped": shipped.ended if shipped else None,
    }
    return found, {name: at for name, at in named.items() if at is not None}


def offered(case: Case, lang: Language) -> list[Sentence]:
    """The sentences that are true now, filled in."""
    known, moments = record(case)
    on = day(case.erase_by, lang) if case.erase_by else ""
    words = {"organisation": case.organisation.name, "domain": settings.ATESAKI_MAIL_DOMAIN, "erase_by": on} | {
        name: moment(at, case.service.zone, lang) for name, at in moments.items()
    }
    texts = catalogue(lang)
    return [Sentence(key, texts[key].format(**words)) for key, true in _TRUE.items() if true(known)]


def written_in(case: Case) -> Language:
    """The language that the reporter reads."""
    return language(Reporter.objects.get(case=case).language)


def preview(case: Case, text: str, lang: Language) -> Words:
    """The mail as it would leave, but for the link to the reporter's own page. Raises `AnswerError`.

    1 What stands in the way of any answer.  2 Something must be said, and nothing of the customer's (L1).
    3 Subject, text and HTML, from the one function that `send` uses.
    """
    said = checked(case, text)
    return _words(case, said, lang, f"{settings.ATESAKI_PUBLIC_URL}/m/{_OWN_LINK}")


def send(case: Case, agent: Agent, text: str, lang: Language, pk: UUID) -> Message:
    """Queues one answer and keeps what was said. Raises `AnswerError`.

    `pk` was made with the preview: pressed twice, it is one mail. It cannot be called back once it has left.
    """
    said = checked(case, text)
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)
        reason = obstacle(case)
        if reason:
            raise AnswerError(reason)
        sealed = keys.ring().wrap(said.encode(), pk.bytes)
        row = Message(
            id=pk, case=case, at=clock.now(), direction="out", kind="answer", agent_id=agent.user_id, text=sealed
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise AnswerError("sent_already") from error
        words = _words(case, said, lang, f"{settings.ATESAKI_PUBLIC_URL}/m/{cases.token(case)}")
        gate.correspond(case.claim, Line.Kind.CASE, words)
        drafts.forget(case, agent, "answer")
        drafts.seen(case)
        cases.step(case, "answered", by=agent.user.get_username())
    return row


def checked(case: Case, text: str) -> str:
    """An answer as it would be mailed. Raises `AnswerError`."""
    said = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()
    reason = obstacle(case)
    if reason:
        raise AnswerError(reason)
    if not said:
        raise AnswerError("empty")
    if len(said) > LONGEST:
        raise AnswerError("long")
    if names_customer(case, said):
        raise AnswerError("customer")
    return said


def names_customer(case: Case, text: str) -> bool:
    """Whether a text holds something of what is kept of the customer (L1): a part of the name, or a whole value."""
    row = Customer.objects.filter(case=case).first()
    about = json.loads(keys.ring().unwrap(bytes(row.sealed), case.pk.bytes)) if row else {}
    values = [*(str(value) for field, value in about.items() if value and field != "name"), case.claim.customer]
    there = _bare(text)
    if any(len(_bare(value)) > 3 and _bare(value) in there for value in values):
        return True
    return any(_is_named(part, text) for part in str(about.get("name") or "").split())


def _is_named(part: str, text: str) -> bool:
    """Latin letters as a word of their own, as they are written: not each "will" is a Will."""
    if part.isascii():
        return len(part) > 2 and re.search(rf"\b{re.escape(part)}\b", text) is not None
    return len(part) > 1 and _bare(part) in _bare(text)


def _bare(text: str) -> str:
    """Without what people leave out or add: width, case, blanks and hyphens."""
    return re.sub(r"[\s\-‐-―−ー・]", "", unicodedata.normalize("NFKC", text)).casefold()


def _words(case: Case, said: str, lang: Language, case_url: str) -> Words:
    service = case.service
    given = {
        "text": said,
        "paragraphs": re.split(r"\n\s*\n", said),
        "case_url": case_url,
        "about_url": f"{settings.ATESAKI_PUBLIC_URL}/about-this-mail",
        "service": service.name,
        "organisation": case.organisation.name,
        "number": case.number,
        "sender": service.sender,
    }
    text = render_to_string(f"mails/answer.{lang}.txt", given)
    subject, _, body = text.partition("\n")
    html = render_to_string(f"mails/answer.{lang}.html", given)
    return Words(lang, subject.removeprefix("Subject:").strip(), body.lstrip("\n"), html)
