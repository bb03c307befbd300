"""What agents write for themselves: notes, and what is half written; and who has a case on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from atesaki import clock, keys

from . import mentions
from .models import Agent, Case, Draft, Message, Note, Presence

KINDS = ("note", "answer")
LONGEST = 10_000
_KEPT = timedelta(days=30)
HERE = timedelta(seconds=60)  # three beats of the page's heart: after that nobody is there


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it was left."""

    text: str
    at: datetime


# -- drafts -------------------------------------------------------------------------------------------------


def keep(case: Case, agent: Agent, kind: str, text: str) -> Kept | None:
    """Keeps what an agent has begun to write, in place of what they had; None for nothing but blanks."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of draft.")
    if not text.strip():
        forget(case, agent, kind)
        return None
    sealed = keys.ring().wrap(text[:LONGEST].encode(), _place(case, agent, kind))
    row, _ = Draft.objects.update_or_create(
        case=case, agent_id=agent.user_id, kind=kind, defaults={"at": clock.now(), "text": sealed}
    )
    return Kept(text[:LONGEST], row.at)


def kept(case: Case, agent: Agent, kind: str) -> Kept | None:
    """What this agent had begun to write; one that does not open is none, for a case must open without it."""
    row = Draft.objects.filter(case=case, agent_id=agent.user_id, kind=kind).first()
    if row is None:
        return None
    try:
        return Kept(keys.ring().unwrap(bytes(row.text), _place(case, agent, kind)).decode(), row.at)
    except keys.SealBroken:
        return None


def forget(case: Case, agent: Agent, kind: str) -> None:
    """It is sent, or thrown away."""
    Draft.objects.filter(case=case, agent_id=agent.user_id, kind=kind).delete()


def _place(case: Case, agent: Agent, kind: str) -> bytes:
    return f"draft {case.pk} {agent.user_id} {kind}".encode()


# -- notes --------------------------------------------------------------------------------------------------


def note(case: Case, agent: Agent, text: str) -> Note:
    """Keeps an internal note, sealed, for whom it names as well; the draft that it was goes.

    Raises `ValueError` for an empty one.
    """
    said = text.strip()[:LONGEST]
    if not said:
        raise ValueError("A note needs words.")
    pk = keys.uuid7()
    with transaction.atomic():
        forget(case, agent, "note")
        made = Note.objects.create(
            id=pk, case=case, agent_id=agent.user_id, at=clock.now(), text=keys.ring().wrap(said.encode(), pk.bytes)
        )
        mentions.mention(made, case, agent, said)
    return made


def read_note(row: Note) -> str:
    """What a note says. Raises `keys.SealBroken`."""
    return keys.ring().unwrap(bytes(row.text), row.pk.bytes).decode()


# -- who is here --------------------------------------------------------------------------------------------


def here(case: Case, agent: Agent) -> None:
    """The agent has the case on the screen; `since` begins anew after they were away."""
    now = clock.now()
    mine = Presence.objects.filter(case=case, agent_id=agent.user_id)
    if mine.filter(seen__gt=now - HERE).update(seen=now) or mine.update(seen=now, since=now):
        return
    Presence.objects.bulk_create(
        [Presence(case=case, agent_id=agent.user_id, since=now, seen=now)], ignore_conflicts=True
    )


def away(case: Case, agent: Agent) -> None:
    """The agent has left the case."""
    Presence.objects.filter(case=case, agent_id=agent.user_id).delete()


def others(case: Case, agent: Agent) -> list[tuple[str, datetime]]:
    """Who else has the case on the screen, and since when, the first comer first."""
    rows = Presence.objects.filter(case=case, seen__gt=clock.now() - HERE).exclude(agent_id=agent.user_id)
    return list(rows.order_by("since").values_list("agent__username", "since"))


def seen(case: Case) -> None:
    """What the reporter wrote has been on an agent's screen."""
    Message.objects.filter(case=case, direction=Message.Direction.IN, seen=None).update(seen=clock.now())


def forget_old() -> int:
    """Removes drafts after 30 days, and who was where after an hour."""
    drafts, _ = Draft.objects.filter(at__lt=clock.now() - _KEPT).delete()
    presences, _ = Presence.objects.filter(seen__lt=clock.now() - timedelta(hours=1)).delete()
    return drafts + presences
