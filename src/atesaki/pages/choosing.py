"""Which service, and which period, a page of the operator's is about.

What is asked and is not there is as if it were not asked: a link may be older than what it leads to.
"""

from __future__ import annotations

from django.http import QueryDict

from atesaki import desk, tenants
from atesaki.language import Language
from atesaki.models import Agent, Service

from . import wording

_DAYS = 30


def services_of(agent: Agent) -> list[Service]:
    """The services of the agent's organisation that are not retired, by name."""
    return [one for one in tenants.services() if one.organisation_id == agent.organisation_id]


def service(asked: QueryDict, services: list[Service]) -> Service | None:
    """The one of `?service`, if it is among these."""
    return next((one for one in services if str(one.pk) == asked.get("service", "")), None)


def days(asked: QueryDict) -> int:
    """`?days`, one of the periods that are offered."""
    wanted = asked.get("days", "")
    return int(wanted) if wanted in {str(each) for each in desk.figures.DAYS} else _DAYS


def periods(lang: Language) -> list[tuple[int, str]]:
    """The periods that are offered, in words."""
    return [(each, wording.say(lang, "operator.days", count=each)) for each in desk.figures.DAYS]
