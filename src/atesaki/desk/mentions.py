"""Who is named in an internal note, `@name`, and is to look at the case."""

from __future__ import annotations

import re
import unicodedata

from atesaki import clock

from . import agents
from .agents import Right
from .models import Agent, Case, Mention, Note


def named(text: str, house: list[Agent]) -> list[Agent]:
    """Those of `house` that a text names, in the order of their names.

    `@` or its full-width form, not within a word or an address; the longest name that fits, whatever its case.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    names = {agent.user.get_username().casefold(): agent for agent in house}
    found: dict[str, Agent] = {}
    for at in re.finditer(r"(?<![A-Za-z0-9._%+-])@", plain):
        rest = plain[at.end() :]
        fits = [name for name in names if rest.startswith(name) and _ends(name, rest)]
        if fits:
            name = max(fits, key=len)
            found[name] = names[name]
    return [found[name] for name in sorted(found)]


def _ends(name: str, rest: str) -> bool:
    """A Latin name ends where its word does: `@mori` is not within `@morita`. A Japanese one has no such end."""
    after = rest[len(name) : len(name) + 1]
    return not (name[-1].isascii() and name[-1].isalnum() and after.isascii() and after.isalnum())


def mentionable(case: Case) -> list[Agent]:
    """Who may be named in a note of this case: those who may open it."""
    return [agent for agent in agents.listed(case.organisation) if agents.may(agent, Right.SEE)]


def mention(note: Note, case: Case, by: Agent, text: str) -> list[str]:
    """Puts the case into the view of everybody whom its note names, but its author; their names. In a transaction."""
    found = [agent for agent in named(text, mentionable(case)) if agent.pk != by.pk]
    Mention.objects.bulk_create([Mention(note=note, agent_id=agent.user_id) for agent in found], ignore_conflicts=True)
    return [agent.user.get_username() for agent in found]


def unseen(case: Case, agent: Agent) -> list[str]:
    """Who named this agent in notes of the case that they have not looked at yet."""
    rows = Mention.objects.filter(note__case=case, agent=agent.user_id, seen=None)
    return sorted(set(rows.values_list("note__agent__username", flat=True)))


def seen(case: Case, agent: Agent) -> None:
    """The agent has looked."""
    Mention.objects.filter(note__case=case, agent=agent.user_id, seen=None).update(seen=clock.now())


def of_notes(case: Case) -> dict[str, list[str]]:
    """For each note of a case, whom it names."""
    found: dict[str, list[str]] = {}
    rows = Mention.objects.filter(note__case=case).order_by("agent__username")
    for pk, name in rows.values_list("note", "agent__username"):
        found.setdefault(str(pk), []).append(name)
    return found
