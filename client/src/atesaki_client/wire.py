"""One call to atesaki over HTTP: within its time, repeated only where that is safe, and never led elsewhere."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.exceptions import TimeoutError as TimeoutErrors
from urllib3.util import Timeout, parse_url

from .errors import KINDS, Problem, Unreachable

_AWAY = (502, 503, 504)  # said by a proxy in front, or by an atesaki that took nothing
_MOST = 8_000_000  # octets of an answer
_TRIES = 3
_PAUSE = 0.1  # seconds before the second try; the third waits twice as long


class _Lost(Exception):
    """No answer. `taken`: whether the request may have arrived."""

    def __init__(self, text: str, *, taken: bool) -> None:
        self.taken = taken
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One call. key: of idempotency, for what would else be done twice."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = "application/json"
    key: str = ""

    @property
    def repeatable(self) -> bool:
        return bool(self.key) or self.method in ("GET", "DELETE")


def post(path: str, said: Mapping[str, Any], key: str | None = None) -> Request:
    """A POST of JSON; without a `key` it gets one of its own, so that a lost answer can be asked for again."""
    return Request("POST", path, body=json.dumps(said, ensure_ascii=False).encode(), key=key or new_key())


def new_key() -> str:
    return str(uuid.uuid4())


def part(text: str) -> str:
    """One part of a path, whatever it holds. Raises `ValueError` for none at all."""
    if not text:
        raise ValueError("An id or a customer's reference is needed here, and it is empty.")
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")  # "." and ".." would be walked


class Wire:
    """The way to one atesaki under one key."""

    def __init__(self, url: str, api_key: str, timeout: float, pool: urllib3.PoolManager | None) -> None:
        self._base = f"{_checked(url)}/api/v1"
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise ValueError("That is no API key: give it as `atesaki service add` printed it.")
        if not timeout > 0:
            raise ValueError("The timeout must be more than 0 seconds.")
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Accept": "application/json, application/problem+json",
            "User-Agent": "atesaki-client/0.1",
        }
        self._timeout = timeout
        self._pool = pool or urllib3.PoolManager(maxsize=10)

    def call(self, request: Request) -> Any:
        """The answer's JSON; None for an empty one. Raises `Problem` or `Unreachable`.

        1 Ask. 2 Where nothing came back, or atesaki was busy, ask again if that does no harm and there is time.
        3 Read what came.
        """
        ends = time.monotonic() + self._timeout
        taken = False  # by any of the tries
        for tries in range(1, _TRIES + 1):
            last = tries == _TRIES
            try:
                answer = self._ask(request, ends)
            except _Lost as lost:
                taken = taken or lost.taken
                again = request.repeatable or not taken
                if not last and again and _waited(_PAUSE * tries, ends):
                    continue
                raise Unreachable(str(lost), taken=taken, idempotency_key=request.key) from lost.__cause__
            wait = _wait(answer.headers)
            busy = answer.status in _AWAY or (answer.status == 409 and tries > 1 and _slug(answer) == "conflict")
            if busy and not last and request.repeatable and _waited(_PAUSE * tries if wait is None else wait, ends):
                continue
            if answer.status in _AWAY:
                raise Unreachable(
                    f"atesaki is not there at present ({answer.status}); nothing is known to be taken.",
                    taken=taken or answer.status != 503,
                    idempotency_key=request.key,
                    retry_after=wait,
                )
            return _read(request, answer, wait)
        raise AssertionError("the last try returns or raises")

    def _ask(self, request: Request, ends: float) -> _Answer:
        left = ends - time.monotonic()
        if left <= 0:
            raise _Lost("There was no answer in time.", taken=False)
        headers = dict(self._headers)
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if request.key:
            headers["Idempotency-Key"] = request.key
        query = f"?{urlencode(request.query, quote_via=quote)}" if request.query else ""
        try:
            answer = self._pool.request(
                request.method,
                f"{self._base}{request.path}{query}",
                body=request.body,
                headers=headers,
                timeout=Timeout(total=left),
                retries=False,
                redirect=False,  # elsewhere is not whom the key is for
                preload_content=False,
            )
            try:
                return _Answer(answer.status, answer.headers, _whole(answer, ends))
            finally:
                # What was left unread would be taken for the next answer.
                answer.close() if answer.length_remaining else answer.release_conn()
        except (HTTPError, OSError) as error:
            raise _Lost(_why(error), taken=not _before_sending(error)) from error


def _checked(url: str) -> str:
    try:
        parts = parse_url(url)
    except LocationParseError:
        parts = parse_url("")
    if parts.scheme not in ("http", "https") or not parts.host or parts.query or parts.fragment:
        raise ValueError("The URL of atesaki must be its public URL, such as https://atesaki.example.jp.")
    if parts.auth:
        raise ValueError("The URL of atesaki holds a user or a password: the API key is given apart.")
    return url.rstrip("/")


def _whole(answer: urllib3.BaseHTTPResponse, ends: float) -> bytes:
    body = b""
    # A time-out counts from one octet to the next: only this ends an answer that comes in drops.
    while piece := answer.read1(65_536):
        body += piece
        if len(body) > _MOST:
            raise _Lost(f"The answer is longer than {_MOST} octets: this is not atesaki.", taken=True)
        if time.monotonic() > ends:
            raise _Lost("The answer did not end in time.", taken=True)
    return body


def _read(request: Request, answer: _Answer, wait: float | None) -> Any:
    said: Any = None
    try:
        said = json.loads(answer.body) if answer.body else None
    except ValueError:
        said = answer.body
    if 200 <= answer.status < 300 and not isinstance(said, bytes):
        return said
    if answer.status < 400 or not isinstance(said, Mapping):
        # A redirect, a page of somebody's, a broken answer: nobody who keeps to the agreement has spoken.
        raise Unreachable(
            f"What answered ({answer.status}) is not atesaki's API: is the URL its public URL?",
            taken=answer.status < 300,
            idempotency_key=request.key,
        )
    known = {"type", "title", "status", "detail", "instance"}
    kind = KINDS.get(_slug(answer), Problem)
    raise kind(
        answer.status,
        type=str(said.get("type", "about:blank")),
        title=str(said.get("title", "")),
        detail=str(said.get("detail", "")),
        extensions={name: value for name, value in said.items() if name not in known},
        retry_after=wait,
    )


def _slug(answer: _Answer) -> str:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return ""
    return Problem(answer.status, type=str(said.get("type", ""))).slug if isinstance(said, dict) else ""


def _waited(seconds: float, ends: float) -> bool:
    """Waits, unless the time would be over after that; whether it did."""
    seconds *= random.uniform(1, 1.3)  # noqa: S311 - only so that a shop's processes do not all come at one moment
    if time.monotonic() + seconds >= ends:
        return False
    time.sleep(seconds)
    return True


def _wait(headers: Mapping[str, str]) -> float | None:
    """The seconds of a `Retry-After` (RFC 9110 10.2.3); None if there is none, or none that can be read."""
    text = headers.get("Retry-After", "").strip()[:40]
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _before_sending(error: Exception) -> bool:
    return isinstance(error, NewConnectionError | ConnectTimeoutError | NameResolutionError)


def _why(error: Exception) -> str:
    """Why there was no answer, in words that repeat nothing of the URL: it may name a customer."""
    cause = error.__cause__ or error
    if isinstance(error, NameResolutionError):
        return "The name of atesaki's host is not known."
    if isinstance(error, NewConnectionError):
        return "No connection to atesaki: nothing listens there, or the way is closed."
    if isinstance(error, TimeoutErrors) or isinstance(cause, TimeoutError):
        return "There was no answer in time."
    return f"The connection to atesaki ended ({type(cause).__name__})."
