"""What cannot be done, as a problem document (RFC 9457): what is wrong, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import RawPostDataException, UnreadablePostError
from ninja.errors import HttpError, ValidationError

from ..handover import describe

MEDIA_TYPE: Final = "application/problem+json"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its status, its title, and what it means to whoever reads the guide."""

    status: int
    title: str
    meaning: str


KINDS: Final[Mapping[str, Kind]] = {
    "unauthorized": Kind(
        401, "The key is missing or wrong", "No key, one that has ended, or one that is not known; we do not say which."
    ),
    "scope": Kind(403, "The key is not for this", "The key is known, and was made without the scope that this needs."),
    "not-found": Kind(
        404, "There is no such thing", "It does not exist, or it is another service's: both are told so."
    ),
    "method": Kind(405, "The method does not fit", "`Allow` lists what this address takes."),
    "conflict": Kind(
        409,
        "It cannot be done now",
        "The idempotency key belongs to another request, or its first call still runs; or the thing itself forbids it.",
    ),
    "code-closed": Kind(409, "The code is closed", "Too many wrong codes: ask for another confirmation, or use match."),
    "gone": Kind(410, "The code has ended", "No code waits to be typed: it was used, replaced, or its time is over."),
    "too-large": Kind(413, "The body is too large", "Send less."),
    "media-type": Kind(415, "The content type does not fit", "Bodies are JSON; `POST /messages` takes message/rfc822."),
    "invalid": Kind(422, "Something in the request is wrong", "`errors` says where, and what to do."),
    "code-wrong": Kind(422, "The code is wrong", "`tries_left` says how often another may be tried, where it can."),
    "refused": Kind(422, "Every recipient is refused", "`reason` says why; the mail is not kept, so do not repeat it."),
    "rate": Kind(429, "Too many requests", "`Retry-After` says how many seconds to wait."),
    "unavailable": Kind(503, "Not at present", "Nothing was taken; ask again after `Retry-After` seconds."),
    "broken": Kind(500, "A fault of ours", "It is in our log. Repeat with the same `Idempotency-Key`."),
}


class Problem(Exception):
    """Ends a call. `slug` is one of KINDS; `detail` is for the developer, and repeats nothing that came in."""

    def __init__(self, slug: str, detail: str, *, headers: Mapping[str, str] | None = None, **extensions: Any) -> None:
        super().__init__(slug)
        self.slug, self.detail, self.extensions = slug, detail, extensions
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        return KINDS[self.slug].status

    def body(self) -> dict[str, Any]:
        """The document."""
        kind = KINDS[self.slug]
        type_ = f"{settings.ATESAKI_PUBLIC_URL}/api/v1/problems/{self.slug}"
        return {"type": type_, "title": kind.title, "status": kind.status, "detail": self.detail, **self.extensions}


def response(problem: Problem) -> HttpResponse:
    """The answer that says it."""
    answer = HttpResponse(
        json.dumps(problem.body(), ensure_ascii=False), status=problem.status, content_type=MEDIA_TYPE
    )
    for name, value in problem.headers.items():
        answer[name] = value
    return answer


def invalid(*errors: tuple[Iterable[str | int], str]) -> Problem:
    """422 with its places; the first one's sentence is the detail."""
    told = [{"loc": list(loc), "msg": msg} for loc, msg in errors]
    detail = errors[0][1] if len(errors) == 1 else "Several things are wrong: see `errors`."
    return Problem("invalid", detail, errors=told)


def unavailable(seconds: int = 5) -> Problem:
    """503: nothing was taken."""
    return Problem("unavailable", "Nothing was taken; ask again in a moment.", headers={"Retry-After": str(seconds)})


def answer_to(request: HttpRequest, error: Any) -> HttpResponse:
    """The answer to whatever was raised on the way."""
    return response(_problem(error))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What Django refused before any call was reached: a Host that is not ours."""
    return response(invalid(((), "The request cannot be read: see that its Host is that of this installation.")))


def _problem(error: BaseException) -> Problem:
    match error:
        case Problem():
            return error
        case HttpError(__cause__=Problem() as cause):
            return cause  # ninja wraps what the parser raises
        case OperationalError() | InterfaceError():
            log.error("api.database_away", **describe(error))
            return unavailable()
    return _refusal(error) or _broken(error)


def _refusal(error: BaseException) -> Problem | None:
    """Of what the frameworks raise for a request that is wrong."""
    match error:
        case ValidationError():
            return of_pydantic(error.errors)
        case Http404():
            return Problem("not-found", "There is nothing at this address: see /api/v1/docs.")
        case RequestDataTooBig():
            return Problem("too-large", "The body is longer than this call takes.")
        case UnreadablePostError() | RawPostDataException():
            return unavailable(1)  # the client went away inside of it
        case HttpError() | SuspiciousOperation():
            return invalid(((), "The request cannot be read."))
    return None


def _broken(error: BaseException) -> Problem:
    log.error("api.failed", **describe(error))
    return Problem("broken", "Something went wrong here. Repeat the request with the same Idempotency-Key.")


def of_pydantic(errors: Iterable[Mapping[str, Any]]) -> Problem:
    """422 of what pydantic found. What came in is repeated nowhere: also a field's name may be an address."""
    told: list[tuple[list[str | int], str]] = []
    for error in errors:
        loc, msg = list(error["loc"]), str(error["msg"])
        if loc[:2] == ["body", "body"]:
            del loc[0]  # the one is the place, the other our argument's name
        match error["type"]:
            case "extra_forbidden":
                loc, msg = loc[:-1], "There is a field that is not known here; leave it out."
            case "value_error":
                msg = msg.removeprefix("Value error, ")
            case "missing":
                msg = "This is missing."
            case _:
                msg = f"{msg}."
        told.append((loc, msg))
    return invalid(*told)


def named(answer: HttpResponseBase) -> HttpResponseBase:
    """A refusal of a method, as a problem (RFC 9110 15.5.6)."""
    allow = {word.strip() for word in answer["Allow"].split(",")}
    allow |= {"HEAD"} if "GET" in allow else set()
    listed = ", ".join(sorted(allow))
    return response(Problem("method", f"This address takes {listed}.", headers={"Allow": listed}))
