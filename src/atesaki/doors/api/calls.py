"""A call: a function, and what must be known of it to let it in, to answer, and to describe it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, get_args
from uuid import UUID

import structlog
from django.http import HttpResponse
from ninja import Router
from pydantic import BaseModel

from . import idempotency
from .auth import Asked, Key
from .idempotency import Told
from .problems import Problem, invalid

SMALL: Final = 64 * 1024  # octets of a body that is no mail

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call says."""

    status: int
    body: BaseModel | None = None

    def told(self) -> Told:
        return Told(self.status, b"" if self.body is None else self.body.model_dump_json().encode())


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer for the description: its shape, and examples by name."""

    meaning: str
    shape: type[BaseModel] | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the API's table. `fails`: the slugs of its own; those of every call are added."""

    name: str
    method: str
    path: str
    scope: str
    quota: str
    answers: Mapping[int, Shown]
    fails: Sequence[str]
    takes: Mapping[str, Any]
    body: str
    summary: str

    @property
    def slugs(self) -> list[str]:
        always = ["unauthorized", "scope", "rate", "unavailable"]
        if self.method == "POST":
            always += ["invalid", "too-large", "media-type", "conflict"]
        return list(dict.fromkeys([*always, *self.fails]))


CALLS: Final[dict[str, Call]] = {}
"""Every call by its operation id, in the order of the guide."""


def call(
    router: Router,
    method: str,
    path: str,
    *,
    scope: str,
    quota: str,
    answers: Mapping[int, Shown],
    fails: Sequence[str] = (),
    takes: Mapping[str, Any] | None = None,
    octets: int = SMALL,
    many: Sequence[str] = (),
    more: Sequence[str] = (),
    whole: bool = True,
) -> Callable[[Callable[..., Answer]], Callable[..., HttpResponse]]:
    """Makes a function that returns an `Answer`, or raises `Problem`, into a call.

    `takes`: examples of its body by name.  `many`: query parameters that may come more than once.  `more`: those
    that it reads by itself.  `whole`: its effect and its kept answer are one transaction.
    """

    def decorate(view: Callable[..., Answer]) -> Callable[..., HttpResponse]:
        known: set[str] = set(more)

        @wraps(view)
        def run(request: Asked, **given: Any) -> HttpResponse:
            _refuse_unknown(request, known, many)

            def do() -> Told:
                return _told(view, request, given)

            answer = idempotency.once(request, do, whole=whole) if method == "POST" else do().response()
            log.info("api.answered", call=view.__name__, service=request.auth.pk, status=answer.status_code)
            return answer

        # ninja would look for the annotations' names here, and not where the function is.
        signature = inspect.signature(view, eval_str=True)
        run.__signature__ = signature  # type: ignore[attr-defined]
        summary = (view.__doc__ or "").strip().split(". ")[0].split("\n")[0].rstrip(".")
        CALLS[view.__name__] = Call(
            view.__name__, method, path, scope, quota, answers, fails, takes or {}, _body_of(signature), summary
        )
        register = router.api_operation(
            [method], path, auth=Key(scope, quota, octets), operation_id=view.__name__, tags=[scope.partition(":")[0]]
        )
        made = register(run)
        known.update(
            *(
                getattr(model, "__ninja_flatten_map__", {})
                for model in run._ninja_operation.models  # type: ignore[attr-defined]
                if model.__ninja_param_source__ == "query"
            )
        )
        return made

    return decorate


def _body_of(signature: inspect.Signature) -> str:
    """The name of the model that a call takes as its body."""
    kind = signature.parameters["body"].annotation if "body" in signature.parameters else None
    return next((each.__name__ for each in (kind, *get_args(kind)) if isinstance(each, type)), "")


def _told(view: Callable[..., Answer], request: Asked, given: Mapping[str, Any]) -> Told:
    """The answer, or a refusal that is one; what failed by our fault is raised on, and so is not kept."""
    try:
        return view(request, **given).told()
    except Problem as problem:
        if problem.status >= 500:
            raise
        return Told(problem.status, json.dumps(problem.body(), ensure_ascii=False).encode(), problem.headers)


def _refuse_unknown(request: Asked, known: set[str], many: Sequence[str]) -> None:
    """A mistyped filter would list everything, and a parameter that is there twice is read in two ways."""
    wrong = [name for name in request.GET if name not in known]
    if wrong:
        names = ", ".join(sorted(known)) or "none"
        raise invalid((("query",), f"There is a parameter that is not known here. Known: {names}."))
    for name, values in request.GET.lists():
        if len(values) > 1 and name not in many:
            raise invalid((("query", name), "Give this parameter once."))


def uuid_of(text: str, what: str) -> UUID:
    """An id out of a path. Raises `Problem`: what is no id is nobody's."""
    try:
        found = UUID(text)
    except ValueError:
        raise nothing(what) from None
    if str(found) != text.lower():
        raise nothing(what)
    return found


def nothing(what: str) -> Problem:
    """404 for what does not exist, and for what is another's: both alike."""
    return Problem("not-found", f"This service has no such {what}.")
