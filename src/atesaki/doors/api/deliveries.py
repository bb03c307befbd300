"""The events that a service is told by webhook: which were heard, and telling one again."""

from __future__ import annotations

from typing import Annotated

from ninja import Query, Router
from pydantic import Field

from atesaki import outbox
from atesaki.outbox import Webhook

from . import cursor, examples, shapes
from .auth import Asked
from .calls import Answer, Shown, call, nothing, uuid_of
from .problems import Problem
from .shapes import Nothing, Page

router = Router()


class Filtered(Page):
    """A page, of one state."""

    state: Annotated[shapes.DeliveryState | None, Field(default=None)]


@call(
    router,
    "GET",
    "/webhooks/deliveries",
    scope="webhooks:read",
    quota="read",
    answers={200: Shown("A page.", shapes.Deliveries, {"deliveries": {"items": [examples.DELIVERY], "next": None}})},
    fails=("invalid",),
)
def list_deliveries(request: Asked, page: Query[Filtered]) -> Answer:
    """The events for this service, newest first; kept until 30 days after their end."""
    of = ("deliveries", str(request.auth.pk), page.state or "")
    rows = Webhook.objects.filter(service=request.auth, **({"state": page.state} if page.state else {}))
    before = cursor.read(page, *of)
    rows = (rows if before is None else rows.filter(pk__lt=before)).order_by("-pk")
    found, next_ = cursor.cut(list(rows[: page.limit + 1]), page, lambda row: row.pk, *of)
    return Answer(200, shapes.Deliveries(items=[_shown(row) for row in found], next=next_))


@call(
    router,
    "POST",
    "/webhooks/deliveries/{delivery_id}/repeat",
    scope="webhooks:write",
    quota="write",
    takes={"repeat": {}},
    answers={200: Shown("It is told again, under its old id.", shapes.Delivery, {"waits": examples.DELIVERY_WAITS})},
    fails=("not-found",),
)
def repeat_delivery(request: Asked, delivery_id: str, body: Nothing | None = None) -> Answer:
    """Tells an event again, now and for three days more; its id stays the same, so that a receiver knows it."""
    pk = uuid_of(delivery_id, "delivery")
    if not Webhook.objects.filter(pk=pk, service=request.auth).exists():
        raise nothing("delivery")
    if not outbox.repeat_webhook(pk):
        raise Problem("conflict", "It is on its way at this moment; ask again in a little while.")
    return Answer(200, _shown(Webhook.objects.get(pk=pk)))


def _shown(row: Webhook) -> shapes.Delivery:
    return shapes.Delivery.model_validate(
        {
            "id": row.pk,
            "type": row.type,
            "state": row.state,
            "tries": row.tries,
            "created": row.created,
            "due": row.due if row.state == Webhook.State.WAITING else None,
            "ended": row.ended,
            "answer": row.answer,
        }
    )
