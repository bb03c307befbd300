"""A view that hears atesaki's events, each of them once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from atesaki_client.webhooks import Event, WebhookError, verify

Handler = Callable[[Event], object]

_WORKING_SECONDS = 300  # until another may try, if who began has died
_REMEMBERED_SECONDS = 7 * 86_400  # atesaki repeats for three days by itself

log = logging.getLogger("atesaki_client")


def webhook_view(
    handlers: Mapping[str, Handler], *, secret: str | Iterable[str] | None = None
) -> Callable[..., HttpResponse]:
    """A view for `ATESAKI_WEBHOOK_SECRET` (one, or a list while it is rotated).

    204: handled, handled before, or of a type that is not among `handlers`.  400: not atesaki's.  500: the handler
    raised, so atesaki tells it again.  503: another process is at it just now.
    What was handled is remembered in Django's default cache: where that is not shared between your processes, or
    may be emptied, a handler may see an event twice.
    """

    @csrf_exempt
    @require_POST
    def view(request: HttpRequest) -> HttpResponse:
        known = getattr(settings, "ATESAKI_WEBHOOK_SECRET", "") if secret is None else secret
        try:
            event = verify(known, request.headers, request.body)
        except WebhookError as error:
            log.warning("atesaki.webhook_refused: %s", error.slug)
            return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
        except ValueError as error:
            raise ImproperlyConfigured(f"ATESAKI_WEBHOOK_SECRET: {error}") from error
        handler = handlers.get(event.type)
        return HttpResponse(status=204) if handler is None else _once(handler, event)

    return view


def _once(handler: Handler, event: Event) -> HttpResponse:
    """1 Mark it as begun, unless it is begun or done. 2 Handle it. 3 Mark it as done, or as not begun."""
    mark = f"atesaki-webhook-{event.id}"[:200]
    if not cache.add(mark, "working", _WORKING_SECONDS):
        if cache.get(mark) == "done":
            return HttpResponse(status=204)
        return HttpResponse(status=503, headers={"Retry-After": "30"})
    try:
        handler(event)
    except Exception:
        cache.delete(mark)
        log.exception("atesaki.webhook_failed: %s %s", event.type, event.id)
        return HttpResponse(status=500)
    except BaseException:
        cache.delete(mark)
        raise
    cache.set(mark, "done", _REMEMBERED_SECONDS)
    return HttpResponse(status=204)
