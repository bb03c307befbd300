"""Event exports of Amazon SES (plain or wrapped by SNS) and SendGrid (arrays, lines, or one after the other)."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any, Final

from atesaki.audit.inputs import Unit
from atesaki.audit.partials import (
    ARCHIVED,
    BOUNCED,
    CLICKED,
    COMPLAINED,
    DEFERRED,
    MAIL,
    OPENED,
    SENT,
    SIGN,
    UNSUBSCRIBED,
    Rows,
    comparable,
    mail_key,
    message_mark,
)
from atesaki.audit.stamps import iso
from atesaki.audit.streams import BROKEN, lines, opened

_DECODER: Final = json.JSONDecoder()
_LARGEST: Final = 16 << 20  # characters of one record
_BETWEEN: Final = re.compile(r"[\s,\[\]\ufeff]*")


def read(unit: Unit, rows: Rows, zone: str) -> None:
    """All events of one unit."""
    take = _ses if unit.kind == "ses" else _sendgrid
    for record in _records(unit, rows):
        rows.read += 1
        try:
            take(record, rows, unit, zone)
        except (KeyError, TypeError, AttributeError, ValueError):
            rows.skips.add("broken_json", unit.path)


def _records(unit: Unit, rows: Rows) -> Iterator[dict[str, Any]]:
    """JSON objects, however they are parted; one that breaks off costs its line."""
    text = ""
    end = 0
    try:
        with opened(unit.path, unit.more.get("packed", "")) as file:
            for at, block in lines(file, unit.start, unit.end):
                text += block.decode("utf-8", "replace")
                text = yield from _cut(text, rows, f"{unit.path} near octet {at}", last=False)
                end = at + len(block)
    except BROKEN:
        rows.skips.add("broken_archive", f"{unit.path} after octet {end} of its content")
    yield from _cut(text, rows, f"{unit.path} at its end", last=True)


def _cut(text: str, rows: Rows, place: str, *, last: bool) -> Generator[dict[str, Any], None, str]:
    """The objects of a text; its value is what is left over."""
    at = 0
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if at >= len(text):
            return ""
        try:
            found, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            # An object may go on in the next block, unless a line of its own follows that begins another.
            following = text.find("\n{", at + 1)
            if following < 0 and not last and len(text) - at < _LARGEST:
                return text[at:]
            rows.skips.add("broken_json", place)
            if following < 0:
                return ""
            at = following
            continue
        if isinstance(found, dict):
            yield found
        else:
            rows.skips.add("broken_json", place)


# -- Amazon SES -------------------------------------------------------------------------------------------------------


def _ses(record: dict[str, Any], rows: Rows, unit: Unit, zone: str) -> None:
    if record.get("Type") == "Notification" and isinstance(record.get("Message"), str):
        record = json.loads(record["Message"])
    if "detail" in record and "mail" in record["detail"]:  # by EventBridge
        record = record["detail"]
    event = str(record.get("eventType") or record.get("notificationType")).lower()
    mail = record["mail"]
    message = message_mark(str(mail.get("messageId", "")).encode())
    sent_at = iso(str(mail.get("timestamp", "")), zone)
    about = record.get({"deliverydelay": "deliveryDelay"}.get(event, event)) or {}
    at = iso(str(about.get("timestamp", "")), zone) or sent_at
    everybody = [str(each) for each in mail.get("destination", [])]
    match event:
        case "send":
            _mails(rows, everybody, message, sent_at, ARCHIVED)
        case "delivery":
            _mails(rows, about.get("recipients") or everybody, message, at, SENT)
        case "bounce":
            who = [each["emailAddress"] for each in about["bouncedRecipients"]]
            _mails(rows, who, message, at, BOUNCED)
        case "deliverydelay":
            _mails(rows, [each["emailAddress"] for each in about["delayedRecipients"]], message, at, DEFERRED)
        case "complaint":
            _signs(rows, [each["emailAddress"] for each in about["complainedRecipients"]], at, COMPLAINED, unit)
        case "open" | "click" | "subscription":
            code = {"open": OPENED, "click": CLICKED}.get(event, UNSUBSCRIBED)
            _signs(rows, everybody, at, code, unit)
        case "reject" | "rendering failure":
            pass
        case _:
            raise ValueError(event)


def _mails(rows: Rows, who: list[str], message: int, at: int, code: int) -> None:
    for each in who:
        address = comparable(_plain(each))
        rows.add(address, MAIL, code, at, key=mail_key(message, address))
        rows.mails += code != DEFERRED


def _signs(rows: Rows, who: list[str], at: int, code: int, unit: Unit) -> None:
    if len(who) > 1 and code in (OPENED, CLICKED):
        rows.skips.add("ambiguous_event", unit.path)
        return
    for each in who:
        rows.add(comparable(_plain(each)), SIGN, code, at)


def _plain(text: str) -> str:
    return text.rpartition("<")[2].rstrip("> ") if text.endswith(">") else text


# -- SendGrid ---------------------------------------------------------------------------------------------------------

_SENDGRID: Final = {
    "delivered": (MAIL, SENT),
    "bounce": (MAIL, BOUNCED),
    "dropped": None,  # not sent at all
    "blocked": (MAIL, BOUNCED),
    "deferred": (MAIL, DEFERRED),
    "processed": (MAIL, ARCHIVED),
    "open": (SIGN, OPENED),
    "click": (SIGN, CLICKED),
    "spamreport": (SIGN, COMPLAINED),
    "unsubscribe": (SIGN, UNSUBSCRIBED),
    "group_unsubscribe": (SIGN, UNSUBSCRIBED),
    "group_resubscribe": None,
}


def _sendgrid(record: dict[str, Any], rows: Rows, unit: Unit, zone: str) -> None:
    del unit
    told = _SENDGRID[record["event"]]
    if told is None:
        return
    what, code = told
    address = comparable(_plain(str(record["email"])))
    at = iso(str(record.get("timestamp", "")), zone)
    if what == SIGN:
        rows.add(address, SIGN, code, at)
        return
    own = str(record.get("smtp-id") or "") or str(record.get("sg_message_id") or "").partition(".")[0]
    _mails(rows, [address], message_mark(own.encode()), at, code)
