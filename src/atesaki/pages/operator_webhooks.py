"""`/operator/webhooks`: what services are told, whether they hear it, and telling it again.

Of a URL only its host is shown, for the rest may hold a secret; of an event its id, kind and fate, and nobody's data.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from atesaki import desk, outbox, tenants
from atesaki.language import Language
from atesaki.models import Agent, Service, Webhook

from . import wording
from .desk.door import Right, within
from .desk.screen import absent, say, show, when, word

log = structlog.get_logger(__name__)

_PAGE = 50
_State = Webhook.State
# The administrator's own right: telling again acts on a service, which overseeing does not.
_TELLS = Right.ACCOUNTS
# Which of the desk's marks stands for a state: its colour and its form say the same as its word.
_MARKS = {
    _State.WAITING: "reaching",
    _State.LEAVING: "withdrawing",
    _State.HEARD: "closed",
    _State.GIVEN_UP: "overdue",
}


@within(Right.OVERSEE)
def deliveries(request: HttpRequest, agent: Agent) -> HttpResponse:
    """How telling each service of the agent's organisation goes, and the deliveries, newest first."""
    return _shown(request, agent, request.GET)


@within(_TELLS, "POST")
def again(request: HttpRequest, agent: Agent, pk: UUID) -> HttpResponse:
    """Has an event told once more, under its old id; back to where it was pressed."""
    if not Webhook.objects.filter(pk=pk, service__organisation=agent.organisation_id).exists():
        return absent(request, agent)
    if not outbox.repeat_webhook(pk):
        return _shown(request, agent, request.POST, 409, wrong=say(request, "webhooks.on_its_way"))
    log.info("webhook.told_again", agent=agent.pk, webhook=str(pk))
    query = {name: request.POST[name] for name in ("state", "service", "before") if request.POST.get(name)}
    return HttpResponseRedirect(f"{reverse('operator_webhooks')}?{urlencode({**query, 'told': str(pk)})}")


def _shown(request: HttpRequest, agent: Agent, asked: QueryDict, status: int = 200, **context: object) -> HttpResponse:
    """1 The services. 2 Of one state, or of one service, if that is asked. 3 A page of deliveries after a cursor.

    What is asked and is not there is as if it were not asked: a link may be older than what it leads to.
    """
    lang = wording.chosen(request)
    services = [one for one in tenants.services() if one.organisation_id == agent.organisation_id]
    houses = {str(one.pk): one for one in services}
    chosen = houses.get(asked.get("service", ""))
    state = asked.get("state", "")
    state = state if state in _State.values else ""
    told = [(one, outbox.overview(one)) for one in services]
    of = [chosen.pk] if chosen else [one.pk for one in services]
    rows = outbox.deliveries(of, state, before=_uuid(asked.get("before", "")), most=_PAGE + 1)
    kept = {"state": state, "service": str(chosen.pk) if chosen else ""}
    kept = {name: value for name, value in kept.items() if value}
    counted = [each for one, each in told if chosen is None or one.pk == chosen.pk]
    counts = {each.value: sum(one.states.get(each.value, 0) for one in counted) for each in _State}
    return show(
        request,
        agent,
        "operator/webhooks",
        status,
        nav="figures",
        services=[_service(one, each, lang) for one, each in told],
        listening=[one for one in services if one.webhook],
        chosen=chosen,
        tabs=_tabs(counts, kept, lang),
        rows=[_row(row, lang) for row in rows[:_PAGE]],
        state=state,
        kept=kept,
        before=asked.get("before", "") if _uuid(asked.get("before", "")) else "",
        older=urlencode({**kept, "before": str(rows[_PAGE - 1].pk)}) if len(rows) > _PAGE else "",
        newest=urlencode(kept),
        may_tell=desk.agents.may(agent, _TELLS),
        told=_uuid(asked.get("told", "")),
        **context,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _tabs(counts: dict[str, int], kept: dict[str, str], lang: Language) -> list[dict[str, object]]:
    every = {"": sum(counts.values()), **counts}
    return [
        {
            "word": word(lang, "webhooks_state", slug or "all"),
            "count": count,
            "query": urlencode({**kept, "state": slug}),
            "here": slug == kept.get("state", ""),
            "alarm": slug == _State.GIVEN_UP and count > 0,
        }
        for slug, count in every.items()
    ]


def _service(service: Service, told: outbox.Told, lang: Language) -> dict[str, object]:
    return {
        "pk": service.pk,
        "name": service.name,
        "host": urlsplit(service.webhook).hostname or "",
        "last": told.last and {"at": _when(told.last.ended, service, lang), "answer": told.last.answer},
        "failing": told.failing and {"answer": told.failing.answer, "tries": told.failing.tries},
        "counts": [
            {"slug": each.value, "word": word(lang, "webhooks_state", each.value), "count": told.states[each.value]}
            for each in _State
            if told.states.get(each.value)
        ],
    }


def _row(row: Webhook, lang: Language) -> dict[str, object]:
    return {
        "id": row.pk,
        "type": row.type,
        "what": word(lang, "webhooks_type", row.type.replace(".", "_")),
        "service": row.service.name,
        "created": _when(row.created, row.service, lang),
        "state": word(lang, "webhooks_state", row.state),
        "mark": _MARKS[_State(row.state)],
        "tries": row.tries,
        "due": _when(row.due, row.service, lang) if row.state == _State.WAITING else None,
        "answer": row.answer,
        "may": row.state != _State.LEAVING,
    }


def _when(at: object, service: Service, lang: Language) -> dict[str, object] | None:
    return when(at, service.zone, lang) if at is not None else None  # type: ignore[arg-type]
