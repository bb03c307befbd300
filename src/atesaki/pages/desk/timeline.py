"""What happened in a case, in one order: steps, tries to reach the customer, what was written, notes, reveals."""

from __future__ import annotations

from datetime import datetime

from atesaki import desk, keys
from atesaki.language import Language
from atesaki.models import Case, Contact, Message, Note, Step

from .screen import when, word

# Told by a row of its own, in more words.
_TOLD_ELSEWHERE = {
    *("phoned", "sms_sent", "sms_failed", "letter_made", "letter_posted", "letter_returned"),
    *("revealed", "noted", "answered"),
}


def timeline(case: Case, lang: Language) -> list[dict[str, object]]:
    """Each entry's kind, moment, author, head and text, the newest first."""
    entries = [
        *_steps(case, lang),
        *_contacts(case, lang),
        *_messages(case, lang),
        *_notes(case),
        *_reveals(case, lang),
    ]
    entries.sort(key=lambda entry: entry[0], reverse=True)
    return [{**shown, "at": when(at, case.service.zone, lang)} for at, shown in entries]


_Entry = tuple[datetime, dict[str, object]]


def _steps(case: Case, lang: Language) -> list[_Entry]:
    rows = Step.objects.filter(case=case).exclude(what__in=_TOLD_ELSEWHERE).order_by("pk")
    return [(row.at, {"kind": "step", "who": _author(row.by, lang), "head": _step(row, lang)}) for row in rows]


def _step(row: Step, lang: Language) -> str:
    said = word(lang, "desk_step", row.what)
    return said.format(number=row.number) if "{number}" in said else said


def _author(by: str, lang: Language) -> str:
    return word(lang, "desk_by", by or "atesaki")


def _contacts(case: Case, lang: Language) -> list[_Entry]:
    rows = Contact.objects.filter(case=case).select_related("agent").order_by("pk")
    return [
        (
            row.at,
            {
                "kind": "contact",
                "icon": row.rung,
                "who": row.agent.get_username() if row.agent else _author("", lang),
                "head": f"{word(lang, 'desk_rung', row.rung)}: {word(lang, 'desk_outcome', row.outcome)}",
            },
        )
        for row in rows
    ]


def _messages(case: Case, lang: Language) -> list[_Entry]:
    rows = Message.objects.filter(case=case).select_related("agent").order_by("at")
    found: list[_Entry] = []
    for row in rows:
        incoming = row.direction == Message.Direction.IN
        section = "desk_wrote" if incoming else "desk_sent"
        who = _author("mailbox", lang) if incoming else (row.agent.get_username() if row.agent else _author("", lang))
        shown: dict[str, object] = {
            "kind": row.direction,
            "who": who,
            "head": word(lang, section, row.kind),
            "text": _open(row),
            "unread": incoming and row.seen is None,
        }
        found.append((row.at, shown))
    return found


def _notes(case: Case) -> list[_Entry]:
    rows = Note.objects.filter(case=case).select_related("agent")
    named = desk.mentions.of_notes(case)
    return [
        (
            row.at,
            {
                "kind": "note",
                "who": row.agent.get_username(),
                "text": _open_note(row),
                "named": ", ".join(named.get(str(row.pk), ())),
            },
        )
        for row in rows.order_by("at")
    ]


def _reveals(case: Case, lang: Language) -> list[_Entry]:
    rows = desk.access.of_case(case)
    return [
        (
            row.at,
            {
                "kind": "reveal",
                "who": row.agent.get_username() if row.agent else "",
                "head": word(lang, "desk_field", row.what),
                "text": row.reason,
            },
        )
        for row in rows
    ]


def _open(row: Message) -> str | None:
    """What was written; None if it does not open: the rest of the case must be read all the same."""
    try:
        return desk.read(row)
    except keys.SealBroken:
        return None


def _open_note(row: Note) -> str | None:
    try:
        return desk.drafts.read_note(row)
    except keys.SealBroken:
        return None
