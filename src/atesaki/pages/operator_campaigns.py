"""`/operator/campaigns`: how far each campaign is, what the mailboxes said, and why one stopped.

A campaign is paused from here, which takes nothing back; all else of its life is the command's.
"""

from __future__ import annotations

import shlex
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from atesaki import campaigns, desk
from atesaki.campaigns import Campaign
from atesaki.language import Language
from atesaki.models import Agent

from . import choosing, plots, wording
from .desk.door import Right, within
from .desk.screen import absent, say, show, when, word

log = structlog.get_logger(__name__)

# The administrator's own right: it acts on a service, which overseeing does not.
_PAUSES = Right.ACCOUNTS
_OVER = 20  # of those that are over, the newest
_State = Campaign.State
# Which of the desk's marks stands for a state: its colour and its form say the same as its word.
_MARKS = {
    _State.RUNNING: "reaching",
    _State.PAUSED: "awaiting",
    _State.STOPPED: "overdue",
    _State.DONE: "closed",
    _State.ENDED: "withdrawing",
}
_SAID = ("proved", "answered", "silent", "silenced", "returned", "not_me")  # what each mailbox said, good to bad


@within(Right.OVERSEE)
def listed(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The campaigns of the agent's organisation: those that stopped, those that are not over, the others."""
    return _shown(request, agent)


@within(_PAUSES, "POST")
def pause(request: HttpRequest, agent: Agent, pk: int) -> HttpResponse:
    """Asks nobody more until it is resumed."""
    found = next((each for each in _of(agent) if each.pk == pk), None)
    if found is None:
        return absent(request, agent)
    try:
        campaigns.pause(found)
    except campaigns.CampaignError:  # it ended, or somebody else was first: the page says which
        return _shown(request, agent, 409, wrong=say(request, "campaigns.not_running", number=pk))
    log.info("campaign.paused", agent=agent.pk, campaign=pk)
    return HttpResponseRedirect(f"{reverse('operator_campaigns')}?paused={pk}")


def _of(agent: Agent) -> list[Campaign]:
    return [each for each in campaigns.all_of() if each.service.organisation_id == agent.organisation_id]


def _shown(request: HttpRequest, agent: Agent, status: int = 200, **context: object) -> HttpResponse:
    lang, every = wording.chosen(request), _of(agent)
    rank = {_State.STOPPED: 0, _State.RUNNING: 1, _State.PAUSED: 1}
    every.sort(key=lambda each: rank.get(_State(each.state), 2))
    running = [each for each in every if _State(each.state) in rank]
    over = [each for each in every if _State(each.state) not in rank]
    may_pause = desk.agents.may(agent, _PAUSES)
    services = choosing.services_of(agent)
    return show(
        request,
        agent,
        "operator/campaigns",
        status,
        nav="figures",
        rows=[_row(each, lang, may_pause=may_pause) for each in [*running, *over[:_OVER]]],
        more=len(over) - _OVER,
        services=services,
        start=["atesaki", "campaign", "start", shlex.quote(services[0].name)] if services else [],
        paused=request.GET.get("paused", "") if request.GET.get("paused", "").isdecimal() else "",
        **context,
    )


def _row(campaign: Campaign, lang: Language, *, may_pause: bool) -> dict[str, Any]:
    figures, zone = campaigns.figures(campaign), campaign.service.zone
    told = {slug: int(getattr(figures, slug)) for slug in _SAID}
    rows = [
        (word(lang, "campaigns_said", slug), many, plots.percent(many, figures.asked)) for slug, many in told.items()
    ]
    plotted = [
        (name, wording.say(lang, "observed.told", count=f"{many:,}", share=share), (many,))
        for name, many, share in rows
    ]
    state = _State(campaign.state)
    return {
        "pk": campaign.pk,
        "service": campaign.service.name,
        "state": word(lang, "campaigns_state", state),
        "mark": _MARKS[state],
        "running": state == _State.RUNNING,
        "started": when(campaign.started, zone, lang),
        "ended": when(campaign.ended, zone, lang) if campaign.ended else None,
        "per_hour": campaign.per_hour,
        "hours": campaign.hours,
        "zone": zone,
        "remind_after": campaign.remind_after,
        "figures": figures,
        "next": when(figures.next, zone, lang) if figures.next else None,
        "counted": when(figures.counted, zone, lang),
        "said": rows,
        "plot": plots.plot(f"campaign-{campaign.pk}", plotted, figures.asked) if figures.asked else None,
        "rates": [
            _rate("not_me", figures.rate, figures.bound, campaign.stop_at, lang),
            _rate("returned", figures.returned_rate, figures.returned_bound, campaign.stop_at_returned, lang),
        ],
        "passed": [
            (word(lang, "campaigns_passed", why), many)
            for why, many in sorted(figures.passed_over.items(), key=lambda each: (-each[1], each[0]))
        ],
        "why": word(lang, "campaigns_why", campaign.why) if state == _State.STOPPED else "",
        "do": word(lang, "campaigns_do", state),
        "commands": _commands(campaign, state),
        "may_pause": may_pause and state == _State.RUNNING,
    }


def _rate(slug: str, rate: float, bound: float, limit: float, lang: Language) -> dict[str, str]:
    now, least, most = (f"{each:.1%}" for each in (rate, bound, limit))
    told = wording.say(lang, "campaigns.rate", rate=now, bound=least, limit=most)
    return {"name": word(lang, "campaigns_said", slug), "told": told}


def _commands(campaign: Campaign, state: Campaign.State) -> list[list[str]]:
    """What may be done with it now."""
    acts = {
        _State.RUNNING: ("pause", "stop"),
        _State.PAUSED: ("resume", "stop"),
        _State.STOPPED: ("status", "resume", "stop"),
    }
    return [["atesaki", "campaign", act, str(campaign.pk)] for act in acts.get(state, ())]
