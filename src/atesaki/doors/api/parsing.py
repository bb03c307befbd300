"""JSON in: UTF-8, one meaning, nothing that a text field could not hold (RFC 8259, RFC 7493)."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from .problems import Problem, invalid


class Strict(Parser):
    """What ninja reads bodies with."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        value = json_of(request)
        if not isinstance(value, dict):
            raise invalid((("body",), "Send a JSON object."))
        return value


def json_of(request: HttpRequest) -> Any:
    """The body's value. Raises `Problem`."""
    if request.content_type != "application/json" or (request.content_params or {}).get(
        "charset", "utf-8"
    ).lower() not in ("utf-8", "utf8"):
        raise Problem("media-type", "Send JSON in UTF-8, with `Content-Type: application/json`.")
    try:
        return json.loads(request.body.decode(), object_pairs_hook=_once, parse_constant=_none, parse_float=_float)
    except (ValueError, RecursionError) as error:
        why = (
            str(error)
            if type(error) is _Twice
            else "The body is no JSON (RFC 8259): see that it is whole and in UTF-8."
        )
        raise invalid((("body",), why)) from None


class _Twice(ValueError):
    """A name stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice("A field stands there twice: which one is meant?")
    for name, value in pairs:
        _legible(name)
        _legible(value)
    return found


def _legible(value: Any) -> None:
    """No NUL, which PostgreSQL cannot keep, and no half of a surrogate pair, which is no character."""
    if isinstance(value, list):
        for each in value:
            _legible(each)
    elif isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise _Twice("A text holds a NUL or half a character: take it out.")


def _none(name: str) -> None:
    raise ValueError(name)


def _float(text: str) -> float:
    found = float(text)
    if found in (float("inf"), float("-inf")):
        raise ValueError(text)
    return found
