"""`/operator/templates`: what each template of the services carries and lacks, for whoever writes their mails.

A template is shown by the words of its subject that are everybody's, and by counts: nothing of a customer's.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from atesaki import desk, observe
from atesaki.language import Language, language
from atesaki.models import Agent, Service
from atesaki.observe import Seen

from . import choosing, plots, wording
from .desk.door import Right, within
from .desk.screen import absent, show, when, word

ITEMS = ("sender", "contact", "not_me", "reply")  # what a template may lack, as its reader comes upon it
_PAGE = 50
_SHOWN = ("", "missing", "leaking")


@within(Right.OVERSEE)
def templates(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The templates of the agent's organisation, the worst first; of one service, or of one fault, if that is asked."""
    lang, asked = wording.chosen(request), request.GET
    services, days = choosing.services_of(agent), choosing.days(asked)
    chosen = choosing.service(asked, services)
    show_ = asked.get("show", "")
    show_ = show_ if show_ in _SHOWN else ""
    known = _known(agent, services, days)
    of = [each for each in known if chosen is None or each.service == chosen.name]
    fitting = [each for each in of if _fits(each, show_)]
    page: Paginator[Seen] = Paginator(fitting, _PAGE)
    here = page.get_page(asked.get("page"))
    kept = {"service": str(chosen.pk) if chosen else "", "days": str(days)}
    kept = {name: value for name, value in kept.items() if value}
    by_name = {one.name: one for one in services}
    return show(
        request,
        agent,
        "operator/templates",
        nav="figures",
        services=services,
        named=[(one.pk, one.name) for one in services],
        chosen=chosen,
        days=days,
        periods=choosing.periods(lang),
        known=bool(known),
        tabs=[
            {
                "word": word(lang, "templates_show", slug or "all"),
                "count": sum(_fits(each, slug) for each in of),
                "query": urlencode({**kept, "show": slug}),
                "here": slug == show_,
                "alarm": slug == "leaking",
            }
            for slug in _SHOWN
        ],
        show_=show_,
        page=here,
        query=urlencode({**kept, "show": show_}),
        rows=[_row(each, by_name[each.service], lang) for each in here],
        detail=urlencode({"days": days}),
    )


@within(Right.OVERSEE)
def template(request: HttpRequest, agent: Agent, pk: int) -> HttpResponse:
    """One template, and what is to be written into it, point by point."""
    lang, services = wording.chosen(request), choosing.services_of(agent)
    days = choosing.days(request.GET)
    found = next((each for each in _known(agent, services, days) if each.template == pk), None)
    if found is None:
        return absent(request, agent)
    service = next(one for one in services if one.name == found.service)
    row = _row(found, service, lang)
    return show(
        request,
        agent,
        "operator/template",
        nav="figures",
        row=row,
        service=service,
        days=days,
        since=wording.say(lang, "operator.days", count=days),
        back=urlencode({"service": service.pk, "days": days}),
        plot=_plot(found, lang) if found.kinds else None,
        items=_checklist(found, service, lang),
        lacking=len(found.missing) + row["leaking"],
    )


def _known(agent: Agent, services: list[Service], days: int) -> list[Seen]:
    """The worst first: what is carried to addresses not proved, then what is missing. A retired service's are over."""
    names = {one.name for one in services}
    found = [each for each in observe.templates(agent.organisation, days) if each.service in names]
    return sorted(found, key=lambda each: (-each.reached if _leaks(each) else 0, -len(each.missing)))


def _leaks(seen: Seen) -> bool:
    return bool(seen.personal and seen.reached)


def _fits(seen: Seen, shown: str) -> bool:
    return {"": True, "missing": bool(seen.missing), "leaking": _leaks(seen)}[shown]


def _row(seen: Seen, service: Service, lang: Language) -> dict[str, Any]:
    return {
        "pk": seen.template,
        "name": seen.name,
        "service": seen.service,
        "sender": seen.sender,
        "mails": seen.mails,
        "learnt": seen.learnt,
        "last": when(seen.last, service.zone, lang),
        "kinds": [(desk.leaks.kind_name(kind, lang), many) for kind, many in seen.kinds.items()],
        "personal": seen.personal,
        "unproved": seen.unproved,
        "reached": seen.reached,
        "leaking": _leaks(seen),
        "missing": [(slug, word(lang, "templates_item", slug)) for slug in ITEMS if slug in seen.missing],
    }


def _plot(seen: Seen, lang: Language) -> plots.Plot:
    """How many of its mails carried each kind."""
    rows = [
        (
            desk.leaks.kind_name(kind, lang),
            wording.say(lang, "templates.of_mails", part=many, count=seen.mails),
            (many,),
        )
        for kind, many in seen.kinds.items()
    ]
    return plots.plot("kinds", rows, seen.mails)


def _checklist(seen: Seen, service: Service, lang: Language) -> list[dict[str, Any]]:
    """Each point: whether it is done, what to write, and how it may read in the language of the service's mails."""
    points = [("personal", not _leaks(seen)), *((slug, slug not in seen.missing) for slug in ITEMS)]
    return [
        {
            "slug": slug,
            "done": done,
            "title": word(lang, "templates_item", slug),
            "what": word(lang, "templates_done" if done else "templates_do", slug),
            "model": "" if done else model(slug, service, seen.sender),
        }
        for slug, done in points
    ]


def model(slug: str, service: Service, sender: str) -> str:
    """How a point may read. The addresses of pages are ours, and work; what the service must fill in is `○○`."""
    public = settings.ATESAKI_PUBLIC_URL
    domain = sender or service.sender.partition("@")[2]
    return wording.catalogue(language(service.locale))[f"templates_model.{slug}"].format(
        service=service.name,
        mailbox=f"<support@{domain}>",
        ask=public + reverse("ask"),
        not_me=public + reverse("ask_not_mine"),
    )
