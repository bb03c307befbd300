"""What atesaki tells a service, verified (Standard Webhooks 1.0)."""

from __future__ import annotations

import binascii
import hmac
import json
import time
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .answers import moment

__all__ = ["Event", "WebhookError", "verify"]

_LEAST, _MOST = 24, 64  # octets of a key, says the specification


class WebhookError(ValueError):
    """This request is not an event of atesaki's, or cannot be told from one that is not; answer it with 400.

    slug: `missing-header`, `bad-timestamp`, `too-old`, `too-new`, `no-signature`, `wrong-signature`, `not-an-event`.
    """

    def __init__(self, slug: str, text: str) -> None:
        self.slug = slug
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. id: the same however often it is told, so that what was done is not done again.

    at: when it happened, which may be days before it arrives.  data: your own references, never an address.
    """

    id: str
    type: str
    at: datetime
    data: Mapping[str, Any]


def verify(
    secret: str | Iterable[str], headers: Mapping[str, str], body: bytes, tolerance: float = 300, *, now: float = 0
) -> Event:
    """The event, once it is certain that it comes from who holds the secret, and is not an old one played again.

    secret: `whsec_…`; several while one is rotated.  body: as it came, unparsed.  tolerance: how many seconds the
    sender's clock may be before or after ours.  now: our clock, if not the system's.
    Raises `WebhookError`; `ValueError` for a secret that cannot be one.

    1 Read the three headers. 2 Hold the time against the clock. 3 Hold each signature against each secret's, all of
    them, in constant time. 4 Read the body, which until then is anybody's.
    """
    keys = [_key(each) for each in ([secret] if isinstance(secret, str) else secret)]
    if not keys:
        raise ValueError("There is no webhook secret: give the one that `atesaki service add` printed.")
    if not isinstance(body, bytes | bytearray | memoryview):
        raise TypeError(
            "The body must be the octets as they came: what is parsed and written anew is signed otherwise."
        )
    named = {name.lower(): value for name, value in headers.items()}
    event, at, shown = (_header(named, f"webhook-{each}") for each in ("id", "timestamp", "signature"))
    _check_time(at, now or time.time(), tolerance)
    # Servers hand octets beyond UTF-8 on as half characters; such a header is wrong, and not an accident of ours.
    signed = f"{event}.{at}.".encode("utf-8", "surrogatepass") + bytes(body)
    signatures = [
        each.removeprefix("v1,").encode("utf-8", "surrogatepass") for each in shown.split(" ") if each.startswith("v1,")
    ]
    if not signatures:
        raise WebhookError("no-signature", "The header webhook-signature holds no signature of version 1.")
    right = False
    for key in keys:
        expected = binascii.b2a_base64(hmac.digest(key, signed, "sha256"), newline=False)
        for signature in signatures:
            right |= hmac.compare_digest(expected, signature)
    if not right:
        raise WebhookError(
            "wrong-signature", "No signature is right: another secret, or a body that was changed on its way."
        )
    return _event(event, bytes(body))


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _LEAST <= len(key) <= _MOST:
        raise ValueError("A webhook secret is whsec_ and 24 to 64 octets in base64: give it as atesaki printed it.")
    return key


def _header(named: Mapping[str, str], name: str) -> str:
    value = named.get(name, "")
    if not value:
        raise WebhookError("missing-header", f"The header {name} is missing: this is no webhook of atesaki's.")
    return value


def _check_time(text: str, now: float, tolerance: float) -> None:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise WebhookError("bad-timestamp", "The header webhook-timestamp is not a number of seconds.")
    age = now - int(text)
    if age > tolerance:
        raise WebhookError("too-old", f"The event was sent {age:.0f} seconds ago: an old one, or a clock is wrong.")
    if age < -tolerance:
        raise WebhookError("too-new", f"The event will be sent in {-age:.0f} seconds: a clock is wrong.")


def _event(event: str, body: bytes) -> Event:
    try:
        said = json.loads(body)
        kind, at, data = said["type"], moment(said["timestamp"]), said["data"]
        if not (isinstance(kind, str) and at is not None and isinstance(data, dict)):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WebhookError("not-an-event", "The body is signed, but has no type, timestamp and data.") from error
    return Event(event, kind, at, data)
