"""What comes over HTTP, and a service's wishes in a mail's header: API, webhooks both ways, `X-Atesaki-*`."""

from __future__ import annotations

import email
import json
import math
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPException
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from urllib3.exceptions import HTTPError

from fuzz import check

check.django()

from atesaki_client import webhooks
from django.test import RequestFactory

from atesaki import content, gate
from atesaki.doors.api import cursor, idempotency, parsing
from atesaki.doors.api.problems import Problem
from atesaki.doors.api.shapes import Page
from atesaki.gate.submit import Request, read_request
from atesaki.outbox import webhook_courier
from atesaki.outbox import webhooks as outgoing

# -- a service's wishes -----------------------------------------------------------------------------------------------


def request(data: bytes) -> None:
    """`read_request` takes what can be meant, or says `Unacceptable`; no wish is left in the mail that goes on."""
    try:
        asked = read_request(data)
    except gate.Unacceptable as error:
        assert str(error)
        return
    assert asked.customer.isprintable()
    assert len(asked.customer) <= 200
    for fact in asked.knows:
        assert content.normal_answer(fact.kind, fact.value) == fact.value
    names = [name for name, _ in content.read(asked.mail).headers] + list(email.message_from_bytes(asked.mail).keys())
    assert not [name for name in names if name.lower().startswith("x-atesaki-")]
    again = read_request(asked.mail)
    assert again == Request("", verification=False, knows=(), mail=asked.mail)


# -- the API ----------------------------------------------------------------------------------------------------------

_FACTORY = RequestFactory()


def api(data: bytes) -> None:
    """Cursors, idempotency keys and bodies: read as they were made, or a `Problem`. First octet: which."""
    which, rest = data[:1], data[1:]
    if which < b"\x55":
        _cursor(rest)
    elif which < b"\xaa":
        _idempotency(*rest.partition(b"\n")[::2])
    else:
        _body(rest)


def _cursor(data: bytes) -> None:
    """Only what `cut` made for this list is a cursor."""
    text = data.decode("utf-8", "replace")[:200]
    try:
        cursor.read(Page(cursor=text, limit=1), "claims", "7")
    except Problem as problem:
        assert problem.slug == "invalid"
    else:
        raise AssertionError("it was never made")
    first, second = UUID(bytes=data[:16].ljust(16, b"\1")), UUID(int=7)
    _, made = cursor.cut([first, second], Page(cursor=None, limit=1), lambda each: each, "claims", "7")
    assert made is not None
    assert cursor.read(Page(cursor=made, limit=1), "claims", "7") == first
    for of in (("claims", "8"), ("claims",), ("claims7",), ("cases", "7")):
        try:
            cursor.read(Page(cursor=made, limit=1), *of)
        except Problem:
            continue
        raise AssertionError("it is good for another list")


def _idempotency(key: bytes, body: bytes) -> None:
    shown = key.decode("latin-1")
    asked = _asked(body, "application/json")
    try:
        kept, of = idempotency._read(asked, shown)
    except Problem as problem:
        assert problem.slug == "invalid"
        assert not re.fullmatch(r"[!-~]{1,255}", shown)
        return
    assert 1 <= len(shown) <= 255
    assert shown.isascii()
    assert shown.isprintable()
    other = idempotency._read(_asked(body + b" ", "application/json"), shown)
    assert other[0] == kept
    assert other[1] != of, "another body is the same request"
    assert idempotency._read(asked, f"{shown[:200]}x")[0] != kept


def _asked(body: bytes, kind: str) -> Any:
    # A server lets no control character of a header through.
    return _FACTORY.generic("POST", "/api/v1/claims?a=b", body, content_type=re.sub(r"[\0-\x1f\x7f]", " ", kind))


def _body(data: bytes) -> None:
    kind, _, body = data.partition(b"\n")
    try:
        value = parsing.Strict().parse_body(_asked(body, kind.decode("latin-1")))
    except Problem as problem:
        assert problem.slug in ("invalid", "media-type")
        return
    assert isinstance(value, dict)
    _clean(value)
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    assert json.loads(body) == value


def _clean(value: Any) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            check.legible(name)
            _clean(each)
    elif isinstance(value, list):
        for each in value:
            _clean(each)
    elif isinstance(value, str):
        check.legible(value)


# -- webhooks ---------------------------------------------------------------------------------------------------------


def hook(data: bytes) -> None:
    """A service's `Retry-After` is a bearable time; a URL leads to a place, or is refused. First octet: which."""
    text = data[1:].decode("latin-1")
    if data[:1] < b"\x80":
        wish = webhook_courier._wait(text)
        assert math.isfinite(wish)
        assert wish >= 0
        for tries in (1, 5, 99):
            assert timedelta() < outgoing._pause(tries, wish) < timedelta(days=3)
        return
    for production in (False, True):
        for address in ("192.0.2.1", "10.0.0.1", "::ffff:10.0.0.1", "203.0.114.9"):
            _place(data[1:].decode("utf-8", "replace"), address, production=production)


def _place(url: str, address: str, *, production: bool) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]

    def look_up(host: str, *_: Any, **__: Any) -> Any:
        host.encode("idna")
        return found

    with (
        patch.object(socket, "getaddrinfo", look_up),
        patch.object(webhook_courier, "settings", SimpleNamespace(PRODUCTION=production)),
    ):
        try:
            place = webhook_courier._place(url)
        except (webhook_courier._Refused, OSError, HTTPError, HTTPException, ValueError) as error:
            assert len(url) < 12 or url not in webhook_courier._why(error), "what is shown repeats the URL"
            return
    assert place.addresses == (address,)
    assert 0 < place.port < 65_536
    assert not re.search(r"[\s\0]", place.shown + place.target), "it could end the line of a header"
    assert not production or (place.secure and address == "203.0.114.9"), "it leads inward"


_SECRETS = ("whsec_" + b64encode(b"s" * 32).decode(), "whsec_" + b64encode(b"t" * 24).decode())
_SLUGS = {"missing-header", "bad-timestamp", "too-old", "too-new", "no-signature", "wrong-signature", "not-an-event"}
_NOW = 1_780_000_000


def told(data: bytes) -> None:
    """`verify` lets through what is signed with the secret and no other octet. Lines: id, time, signature; body."""
    event, at, shown, body = (*data.split(b"\n", 3), b"", b"", b"")[:4]
    headers = {
        "Webhook-Id": event.decode("utf-8", "surrogateescape"),
        "webhook-timestamp": at.decode("utf-8", "surrogateescape"),
        "WEBHOOK-SIGNATURE": shown.decode("utf-8", "surrogateescape"),
    }
    assert _slug(headers, body) not in ("", "not-an-event"), "it is let through, and nobody signed it"
    name = event.decode("latin-1")[:60].replace("\n", "") or "msg"
    right = webhook_courier.sign(b"s" * 32, name, _NOW, body)
    signed = {"webhook-id": name, "webhook-timestamp": str(_NOW), "webhook-signature": f"v1,AAAA {right}"}
    assert _slug(signed, body) in ("", "not-an-event")
    for wrong in (
        {"webhook-id": f"{name}."},
        {"webhook-timestamp": str(_NOW + 1)},
        {"webhook-signature": f"v2{right[2:]}"},
        {"webhook-signature": right[:-4] + ("AAA=" if right[-4:] != "AAA=" else "BBB=")},
    ):
        assert _slug(signed | wrong, body) not in ("", "not-an-event"), f"{wrong} is let through"
    assert _slug(signed, body + b" ") == "wrong-signature"
    assert _slug(signed, body, now=_NOW + 301) == "too-old"
    assert _slug(signed, body, now=_NOW - 301) == "too-new"


def _slug(headers: dict[str, str], body: bytes, now: float = _NOW) -> str:
    """Why it is refused; empty if it is an event."""
    try:
        event = webhooks.verify(_SECRETS, headers, body, now=now)
    except webhooks.WebhookError as error:
        assert error.slug in _SLUGS
        return error.slug
    assert isinstance(event.type, str)
    assert isinstance(event.data, dict)
    assert event.at.tzinfo is not None
    return ""


# -- seeds ------------------------------------------------------------------------------------------------------------


def _requests() -> Iterator[bytes]:
    rest = b"From: order@shop.example\r\nSubject: Order\r\n\r\nX-Atesaki-Customer: body\r\n"
    yield b"X-Atesaki-Customer: M-1\r\nX-Atesaki-Class: verification\r\n" + rest
    yield b"X-Atesaki-Knows: postal_code=123-4567; phone_last4=1234;\r\n birth_year=1980\r\n" + rest
    yield b"X-Atesaki-Customer: =?utf-8?b?5aSn5bO2?=\r\nx-atesaki-customer: \r\n" + rest
    yield b"X-Atesaki-Customer: M-1\rX-Atesaki-Class: a\r\n" + rest
    yield b"Subject: a\nX-Atesaki-Other : x\n\ty\n" + rest


def _calls() -> Iterator[bytes]:
    yield b"\0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    yield b"\x60order-7\n{}"
    yield b"\x60 \x7f\n"
    yield b'\xb0application/json\n{"address": "hana@example.jp", "customer": "M-1", "n": [1, 2.5e3, null, true]}'
    yield b'\xb0application/json; charset=utf-8\n{"a": "\\ud83d\\ude00", "b": {"c": [["d"]]}}'
    yield b'\xb0text/plain\n{"a": 1, "a": 2}'


def _hooks() -> Iterator[bytes]:
    for text in (b"120", b"Fri, 31 Dec 1999 23:59:59 GMT", b"Mon, 02 Mar 2126 09:00:00 +0900", b"0", b"-1", b"1.5"):
        yield b"\0" + text
    for text in (
        b"https://hooks.shop.example/a?b=c",
        b"http://[::1]:80/",
        b"https://u:p@x.example",
        "https://例え.jp/".encode(),
    ):
        yield b"\xf0" + text


def _events() -> Iterator[bytes]:
    body = b'{"type": "claim.proved", "timestamp": "2026-05-01T10:20:00.000Z", "data": {"claim": "7"}}'
    yield b"msg_1\n1780000000\nv1,AAAA\n" + body
    yield b"msg_1\n1780000000\nv1,AAAA v1a,x\n[]"
    yield b'm\n17800000000\nv2,\n{"type": 1, "timestamp": null, "data": {}}'
    yield b"\n\n\n"


SEEDS = {"request": _requests, "api": _calls, "hook": _hooks, "told": _events}
