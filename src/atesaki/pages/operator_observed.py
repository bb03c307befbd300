"""`/operator/observed`: what enforcing would have done with a service's observed mail; to be read before switching."""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from atesaki import desk, observe
from atesaki.language import Language
from atesaki.models import Agent, Service
from atesaki.observe import Observed

from . import choosing, plots, wording
from .desk.door import Right, within
from .desk.screen import show, when, word

_PARTS = 30  # templates shown: those of which most would wait come first
_OUTCOMES = ("deliver", "substitute", "hold", "refuse")
_STANDINGS = ("proved", "answered", "claimed", "unknown", "doubted", "disavowed")


@within(Right.OVERSEE)
def observed(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The report of `?service` over `?days`; of the first that is observed, even in part, if none is asked for."""
    lang, services = wording.chosen(request), choosing.services_of(agent)
    services.sort(key=lambda one: enforced(one) == 100)  # those that may be switched first, else by name
    days = choosing.days(request.GET)
    chosen = choosing.service(request.GET, services) or next(iter(services), None)
    found = observe.report(chosen, days) if chosen else None
    return show(
        request,
        agent,
        "operator/observed",
        nav="figures",
        services=services,
        named=[
            (one.pk, wording.say(lang, "observed.choice", service=one.name, mode=mode(one, lang))) for one in services
        ],
        chosen=chosen,
        mode=mode(chosen, lang) if chosen else "",
        partly=chosen is not None and 0 < enforced(chosen) < 100,
        days=days,
        periods=choosing.periods(lang),
        found=found,
        next=_next(found, chosen) if found and chosen else None,
        templates=urlencode({"service": chosen.pk, "days": days}) if chosen else "",
        **(_shown(found, chosen, lang) if found and chosen and found.mails else {}),
    )


def enforced(service: Service) -> int:
    """For how many in a hundred addresses a service is enforced."""
    return service.enforce_share if service.mode == Service.Mode.ENFORCE else 0


def mode(service: Service, lang: Language) -> str:
    """What becomes of a service's mail at present, in words."""
    share = enforced(service)
    if share in (0, 100):
        return word(lang, "observed_mode", "observe" if share == 0 else "enforce")
    return wording.say(lang, "observed.share_enforced", percent=share)


def _shown(found: Observed, service: Service, lang: Language) -> dict[str, Any]:
    """The report's figures in words, each that is compared with its plot."""
    standings = _by(found.standings, _STANDINGS, "unknown")
    outcomes = [(slug, found.would[slug]) for slug in _OUTCOMES if found.would.get(slug)]
    most = max((each.mails for each in found.shares), default=0)
    return {
        "share": plots.percent(found.waits, found.mails),
        "first": when(found.first, service.zone, lang) if found.first else None,
        "last": when(found.last, service.zone, lang) if found.last else None,
        "outcomes": _counts("outcomes", "observed_outcome", outcomes, found.mails, lang),
        "reasons": [
            (word(lang, "observed_reason", slug), many, plots.percent(many, found.mails))
            for slug, many in sorted(found.reasons.items(), key=lambda each: (-each[1], each[0]))
        ],
        "standings": _counts("standings", "observed_standing", standings, found.addresses, lang),
        "kinds": [(desk.leaks.kind_name(each.kind, lang), each.mails, each.addresses) for each in found.kinds],
        "kinds_plot": plots.plot(
            "kinds",
            [(desk.leaks.kind_name(each.kind, lang), f"{each.mails:,}", (each.mails,)) for each in found.kinds],
            max((each.mails for each in found.kinds), default=0),
        ),
        "shares": [(f"{each.percent}%", each.mails, each.addresses) for each in found.shares],
        "shares_plot": plots.plot(
            "shares", [(f"{each.percent}%", f"{each.mails:,}", (each.mails,)) for each in found.shares], most
        ),
        "parts": [
            {
                "pk": each.template,
                "name": each.name,
                "sender": each.sender,
                "mails": each.mails,
                "waits": each.waits,
                "share": plots.percent(each.waits, each.mails),
            }
            for each in found.templates[:_PARTS]
        ],
        "more": len(found.templates) - _PARTS,
    }


def _by(counts: dict[str, int], order: tuple[str, ...], blank: str) -> list[tuple[str, int]]:
    """The counts that are not 0, in this order; what has no name counts as `blank`."""
    named = {**counts, blank: counts.get(blank, 0) + counts.get("", 0)}
    return [(slug, named[slug]) for slug in order if named.get(slug)]


def _counts(name: str, section: str, counts: list[tuple[str, int]], whole: int, lang: Language) -> dict[str, Any]:
    """A plot of counts out of a whole, and its table."""
    rows = [(word(lang, section, slug), many, plots.percent(many, whole)) for slug, many in counts]
    told = [
        (row, wording.say(lang, "observed.told", count=f"{many:,}", share=share), (many,)) for row, many, share in rows
    ]
    return {"rows": rows, "plot": plots.plot(name, told, whole)}


def _next(found: Observed, service: Service) -> dict[str, Any]:
    """The commands of the next step, as `atesaki observed` gives them; empty where there is nothing to do."""
    name = shlex.quote(service.name)
    higher = next((each.percent for each in found.shares if each.percent > enforced(service)), None)
    set_ = ["atesaki", "service", "set", name, "--mode"]
    return {
        "import": ["atesaki", "import-claims", "claims.csv", "--service", name] if found.waits else [],
        "campaign": ["atesaki", "campaign", "start", name] if found.waits else [],
        "enforce": [*set_, "enforce", "--enforce-share", str(higher)] if higher and found.mails else [],
        "percent": higher,
        "observe": [*set_, "observe"],
    }
