"""Mail without SMTP, and what became of mail."""

from __future__ import annotations

import os
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import ValidationError

from atesaki import addresses, gate
from atesaki.gate import Envelope
from atesaki.models import Line

from . import cursor, examples, mail, parsing, shapes
from .auth import Asked
from .calls import Answer, Shown, call, nothing, uuid_of
from .problems import Problem, invalid, of_pydantic, unavailable
from .shapes import MessageIn, Page

router = Router()
RAW = "message/rfc822"


def octets() -> int:
    """The largest mail that is taken, as the SMTP door has it."""
    text = os.environ.get("ATESAKI_MAX_OCTETS", "").strip()
    return int(text) if text.isdecimal() else 25 * 1024 * 1024


@call(
    router,
    "POST",
    "/messages",
    scope="messages:write",
    quota="messages",
    octets=octets(),
    many=("to",),
    more=("to", "customer", "from"),
    whole=False,
    takes={
        "order": {
            "to": "ken@example.jp",
            "customer": "M-20417",
            "subject": "ご注文の確認",
            "text": "ご注文ありがとうございます。",
            "knows": {"postal_code": "273-0005"},
        }
    },
    answers={202: Shown("It is taken: delivered, or kept.", shapes.Receipt, {"held": examples.RECEIPT})},
    fails=("refused",),
)
def send_message(request: Asked) -> Answer:
    """A mail, as JSON, or whole as `message/rfc822` with `to`, `customer` and `from` in the query.

    It is treated like one that came by SMTP: delivered, held, or substituted by a neutral notice.
    """
    envelope, raw = _whole(request) if request.content_type == RAW else _made(request)
    if len(raw) > octets() + 1024:
        raise Problem("too-large", f"The mail is longer than {octets()} octets.")
    try:
        receipt = gate.submit(request.auth, envelope, raw)
    except gate.TryLater:
        raise unavailable() from None
    except gate.Unacceptable as error:
        raise invalid((("body",), str(error))) from None
    recipients = [_recipient(line) for line in gate.lines_of(request.auth, receipt.id)]
    if all(each.outcome == "refuse" for each in recipients):
        first = recipients[0]
        raise Problem("refused", first.sentence, reason=first.reason, id=str(receipt.id))
    return Answer(202, shapes.Receipt(id=receipt.id, recipients=recipients))


@call(
    router,
    "GET",
    "/messages",
    scope="messages:read",
    quota="read",
    answers={200: Shown("A page.", shapes.Messages, {"messages": {"items": [examples.LINE_OF], "next": None}})},
    fails=("invalid",),
)
def list_messages(request: Asked, page: Query[Page]) -> Answer:
    """The service's mails, a line for each recipient, newest first."""
    of = ("messages", str(request.auth.pk))
    found = gate.newest(request.auth, before=cursor.read(page, *of), most=page.limit + 1)
    rows, next_ = cursor.cut(found, page, lambda row: row.pk, *of)
    return Answer(200, shapes.Messages(items=[shapes.MessageLine(**_line(row)) for row in rows], next=next_))


@call(
    router,
    "GET",
    "/messages/{ledger_id}",
    scope="messages:read",
    quota="read",
    answers={200: Shown("Its line, and its story.", shapes.Message, {"held": examples.MESSAGE})},
    fails=("not-found",),
)
def get_message(request: Asked, ledger_id: str) -> Answer:
    """What became of a mail, and why. The id of a mail to several is that of its first recipient's line."""
    pk = uuid_of(ledger_id, "message")
    story = gate.line_of(request.auth, pk)
    if story is None:
        raise nothing("message")
    lines = gate.lines_of(request.auth, story["mail"])
    mine = next(line for line in lines if line.pk == pk)
    return Answer(
        200,
        shapes.Message(
            **_line(mine),
            timeline=[shapes.Moment(at=entry["at"], what=entry["what"]) for entry in story["timeline"]],
            personal_data=story["personal_data"],
            would=story["would"],
            would_reason=story["would_reason"],
            recipients=[_recipient(line) for line in lines],
        ),
    )


def _made(request: Asked) -> tuple[Envelope, bytes]:
    if request.GET:
        raise invalid((("query",), "With JSON these stand in the body."))
    try:
        said = MessageIn.model_validate(parsing.json_of(request))
    except ValidationError as error:
        found: list[Any] = error.errors(include_url=False)
        raise of_pydantic([{**one, "loc": ("body", *one["loc"])} for one in found]) from None
    return mail.composed(request.auth, said)


def _whole(request: Asked) -> tuple[Envelope, bytes]:
    try:
        to = shapes.each_once([addresses.parse(one).text for one in request.GET.getlist("to")])
    except ValueError as error:
        raise invalid((("query", "to"), str(error))) from None
    customer, sender = _customer(request), request.GET.get("from")
    if sender:
        try:
            sender = addresses.parse(sender).text
        except addresses.AddressError as error:
            raise invalid((("query", "from"), error.sentence("en"))) from None
    return mail.taken(request.auth, request.body, [addresses.parse(one) for one in to], customer, sender)


def _customer(request: HttpRequest) -> str:
    customer = request.GET.get("customer", "").strip()
    if len(customer) > 200 or not customer.isprintable():
        raise invalid((("query", "customer"), "Give at most 200 printable characters."))
    return customer


def _recipient(line: Line) -> shapes.Recipient:
    return shapes.Recipient.model_validate(
        {
            "position": line.position,
            "id": line.pk,
            "outcome": line.outcome,
            "reason": line.reason,
            "sentence": gate.REASONS.get(line.reason, ""),
        }
    )


def _line(line: Line) -> dict[str, Any]:
    return {
        **_recipient(line).model_dump(),
        "message": line.mail,
        "customer": line.customer,
        "at": line.at,
        "standing": line.standing,
        "state": line.state,
        "fate": line.fate,
    }
