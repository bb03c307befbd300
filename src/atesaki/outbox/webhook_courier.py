"""Hands one event to a service over HTTP: signed (Standard Webhooks 1.0), once, and only to where it may go."""

from __future__ import annotations

import hmac
import http.client
import logging
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError
from urllib3.util import parse_url

EVENT_SECONDS = 10.0
"""The longest that one event is on its way, once its host's name is found."""

_LOOK_UP_SECONDS = 30.0  # the system's own limits may be longer, and by then another process has taken it back
_CONNECT_SECONDS = 5.0
_READ_OCTETS = 1_024
_NAT64, _NAT64_LOCAL = IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48")  # RFC 6052, RFC 8215

# It warns of headers that it cannot read, with the whole URL, which may hold a secret of the service's.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class _Refused(Exception):
    """Nothing may be sent to that URL; the text says why, and never repeats it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a status, or 0 and why there was none; and for how many seconds it asks to be left alone.

    The text is ours or the standard's, never the service's own: it is kept, and shown in a terminal.
    """

    status: int
    text: str
    wait: float = 0.0

    @property
    def heard(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a URL leads: the name that its certificate must bear, and the very addresses that were looked at."""

    secure: bool
    host: str
    port: int
    shown: str  # the Host header
    target: str
    addresses: tuple[str, ...]


def hand_event(url: str, key: bytes, event: str, body: bytes) -> Reply:
    """Posts `body` to `url`; never raises for what the service or the network does.

    1 Find where the URL leads, and refuse what may not be reached (`_place`).
    2 Connect to one of the addresses found, with no second look-up: a name may lead elsewhere a moment later.
    3 Sign and post, follow nothing. The status decides; of the answer's body no more than 1 KB is let in.
    """
    began = time.monotonic()
    try:
        place = _place(url)
        if time.monotonic() - began > _LOOK_UP_SECONDS:
            raise TimeoutError
        ends = time.monotonic() + EVENT_SECONDS
        with _connected(place, ends) as peer:
            return _post(peer, place, _headers(place, key, event, body), body, ends)
    except _Refused as refused:
        return Reply(0, str(refused))
    except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
        return Reply(0, _why(error))


def reach(url: str) -> Reply:
    """Connects as `hand_event` would, TLS and all, and says nothing: 200 of our own where that went well."""
    try:
        with _connected(_place(url), time.monotonic() + EVENT_SECONDS):
            return Reply(200, "connected")
    except _Refused as refused:
        return Reply(0, str(refused))
    except (OSError, HTTPError, ValueError) as error:
        return Reply(0, _why(error))


def sign(key: bytes, event: str, at: int, body: bytes) -> str:
    """The signature header's value: HMAC-SHA-256 of id, time and body, joined by full stops."""
    return "v1," + b64encode(hmac.digest(key, f"{event}.{at}.".encode() + body, "sha256")).decode()


def is_inward(address: str) -> bool:
    """Whether an address is not of the public internet, also when it is an IPv4 one in IPv6 clothes."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.scope_id or ip.is_site_local or ip in _NAT64_LOCAL:
            return True
        # Some Pythons call all of the mapped and the NAT64 ones reserved: what they lead to decides.
        ip = ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else ip)
    return _is_inward(ip)


def _is_inward(ip: IPv4Address | IPv6Address) -> bool:
    # Each by its name as well: what `is_global` covers has changed between Pythons, and multicast is no part of it.
    return (
        not ip.is_global
        or ip.is_private
        or ip.is_loopback
        or ip.is_link_local
        or ip.is_multicast
        or ip.is_reserved
        or ip.is_unspecified
    )


def _place(url: str) -> _Place:
    parts = parse_url(url)
    if parts.scheme not in ("http", "https") or not parts.host or parts.port == 0:
        raise _Refused("the URL is not one of http(s)")
    if parts.auth is not None:
        raise _Refused("the URL holds a user or a password")
    secure = parts.scheme == "https"
    if settings.PRODUCTION and not secure:
        raise _Refused("the URL is not https, and this is production")
    host = parts.host.removeprefix("[").removesuffix("]")
    port = parts.port or (443 if secure else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    if settings.PRODUCTION and any(map(is_inward, addresses)):
        raise _Refused("the host's name leads to an address that is not public")
    return _Place(secure, host, port, str(parts.netloc), parts.request_uri, addresses)


@contextmanager
def _connected(place: _Place, ends: float) -> Iterator[HTTPConnection]:
    """A connection to the first address that takes one."""
    failed: Exception = TimeoutError()
    for address in place.addresses:
        left = ends - time.monotonic()
        if left <= 0:
            break
        peer = _peer(place, address, min(left, _CONNECT_SECONDS))
        try:
            peer.connect()
        except (OSError, HTTPError) as error:
            peer.close()
            failed = error
            continue
        try:
            yield peer
        finally:
            peer.close()
        return
    raise failed


def _peer(place: _Place, address: str, seconds: float) -> HTTPConnection:
    if not place.secure:
        return HTTPConnection(address, place.port, timeout=seconds)
    trusted = ssl.create_default_context()
    return HTTPSConnection(
        address, place.port, timeout=seconds, ssl_context=trusted, server_hostname=place.host.rstrip(".")
    )


def _headers(place: _Place, key: bytes, event: str, body: bytes) -> dict[str, str]:
    # The real time, without the shift of a test installation: a receiver refuses what is minutes off its own.
    at = int(time.time())
    return {
        "Host": place.shown,
        "User-Agent": "atesaki-webhooks/1",
        "Content-Type": "application/json",
        "Connection": "close",
        "webhook-id": event,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(key, event, at, body),
    }


def _post(peer: HTTPConnection, place: _Place, headers: dict[str, str], body: bytes, ends: float) -> Reply:
    left = max(0.1, ends - time.monotonic())
    peer.timeout = left
    # A time-out counts from one octet to the next: only this ends an answer that comes in drops.
    cut = threading.Timer(left, _cut, [peer.sock])
    cut.daemon = True
    cut.start()
    try:
        peer.request("POST", place.target, body, headers, preload_content=False, decode_content=False)
        answer = peer.getresponse()
        with suppress(OSError, HTTPError, http.client.HTTPException):  # the status has said it all
            answer.read(_READ_OCTETS)
        answer.close()
    except (OSError, HTTPError, http.client.HTTPException):
        if time.monotonic() >= ends:
            raise TimeoutError from None
        raise
    finally:
        cut.cancel()
    text = http.client.responses.get(answer.status, "")
    return Reply(answer.status, text, _wait(answer.headers.get("Retry-After", "")))


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's: that spoils what another thread reads


def _wait(text: str) -> float:
    """The seconds that a `Retry-After` asks for (RFC 9110 10.2.3); 0 if none, or not to be read."""
    text = text.strip()[:40]
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):  # an hour of ten digits: it is the date that cannot be read, not the answer
        return 0.0


def _why(error: Exception) -> str:
    """Why there was no answer, in words that repeat nothing of the URL."""
    cause = error.__cause__ or error  # urllib3 wraps what the system says
    match cause:
        case ssl.SSLCertVerificationError(verify_code=62 | 64):  # X509_V_ERR_HOSTNAME_MISMATCH, IP_ADDRESS_
            return "the certificate is of another name"
        case ssl.SSLCertVerificationError():
            return f"the certificate cannot be trusted: {cause.verify_message}"[:150]
        case ssl.SSLError():
            return "no TLS connection could be made"
        case socket.gaierror():
            return "the host's name is not known"
        case TimeoutError() | ConnectTimeoutError():
            return "no answer in time"
        case OSError():
            return f"no connection: {cause.strerror or 'it was ended early'}"[:150]
        case http.client.HTTPException() | HTTPError():
            return "what it answers is not HTTP"
    return "the URL cannot be read"
