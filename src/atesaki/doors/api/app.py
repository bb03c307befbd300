"""The API as one: its calls mounted, its errors told, its description shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from . import cases, claims, deliveries, document, messages, problems
from .parsing import Strict
from .problems import KINDS, Problem

log = structlog.get_logger()

# Their own description and docs are not mounted: that page would fetch its script from elsewhere.
api = NinjaAPI(title="atesaki", version="1", urls_namespace="api", openapi_url=None, docs_url=None, parser=Strict())
for router in (claims.router, messages.router, cases.router, deliveries.router):
    api.add_router("", router)
api.add_exception_handler(Exception, problems.answer_to)
for known in list(api._exception_handlers):  # ninja's own would answer in other words
    api.add_exception_handler(known, problems.answer_to)


def at_the_door(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """What holds for each answer below `/api/v1`: problems for errors, HEAD where GET is, what is left of the quota.

    No cookie is read or set, so nothing could be forged with one, and no other origin is let in (no CORS).
    """

    @csrf_exempt
    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "HEAD":
            request.method = "GET"  # RFC 9110 9.3.2; the server leaves the content out
        try:
            answer = view(request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the service must be able to read it
            answer = problems.answer_to(request, error)
        if answer.status_code == 405 and answer.get("Content-Type") != problems.MEDIA_TYPE:
            answer = problems.named(answer)
        left = getattr(request, "left", None)
        if left is not None:
            left.show(answer)
        answer["Cache-Control"] = "no-store"
        if answer.status_code >= 400:
            log.info("api.refused", method=request.method, status=answer.status_code)
        answer._has_been_logged = True  # type: ignore[attr-defined]  # Django would log the path: it names a customer
        return answer

    return inside


def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Everything that is nothing."""
    return problems.response(Problem("not-found", "There is nothing at this address: see /api/v1/docs."))


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The description, OpenAPI 3.1. Needs no key: it says nothing of anybody."""
    return JsonResponse(document.of(api), json_dumps_params={"ensure_ascii": False})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The same, to read: without a script, or anything from elsewhere."""
    return render(request, "api/docs.html", document.readable(document.of(api)))


@require_safe
def problem(request: HttpRequest, slug: str) -> HttpResponse:
    """Where a problem's `type` leads."""
    if slug not in KINDS:
        return unknown(request)
    return HttpResponseRedirect(f"/api/v1/docs#problem-{slug}")
