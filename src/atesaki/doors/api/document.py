"""The description of the API: OpenAPI 3.1, made of the calls as they are mounted, with an example of every answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.conf import settings
from ninja import NinjaAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from . import examples, shapes
from .calls import CALLS, Call
from .messages import RAW
from .problems import KINDS, MEDIA_TYPE

_PREFIX: Final = "/api/v1"
_REF: Final = "#/components/schemas/{model}"
_TAGS: Final = {
    "claims": "Which customer gave which address, and what proves it.",
    "messages": "Mail without SMTP, and what became of mail.",
    "cases": "What the service did about a reported address.",
    "webhooks": "The events that the service is told.",
}
_ABOUT: Final = """\
Mail that reaches only the person it is for. Every refusal is a problem document (RFC 9457). `Idempotency-Key` makes a
POST safe to repeat for 24 hours. `RateLimit` says what is left of the key's quota. Times are ISO 8601 with their zone.
"""
_LEFT: Final = {
    "RateLimit-Policy": "The quota: its name, requests, and seconds.",
    "RateLimit": "What is left of it, and the seconds until it is full again.",
}


def of(api: NinjaAPI) -> dict[str, Any]:
    """The description, for this installation's public URL."""
    return json.loads(_made(api, settings.ATESAKI_PUBLIC_URL))  # type: ignore[no-any-return]


@cache
def _made(api: NinjaAPI, public: str) -> str:
    paths: dict[str, Any] = api.get_openapi_schema(path_prefix=f"{_PREFIX}/")["paths"]
    schemas = _schemas()
    for methods in paths.values():
        for operation in methods.values():
            call = CALLS[operation["operationId"]]
            operation["summary"] = call.summary
            operation["description"] = re.sub(r" \(L\d\)", "", operation["description"])  # our laws' numbers
            operation["security"] = [{"key": [call.scope]}]
            operation["responses"] = _responses(call, public)
            _describe_parameters(operation)
            _describe_body(operation, call)
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "atesaki", "version": "1", "description": _ABOUT},
            "servers": [{"url": public}],
            "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "key": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer API_KEY`"}
                },
            },
        }
    )


def _schemas() -> dict[str, Any]:
    bases = (BaseModel, shapes.Taken, shapes.Said, shapes.Page)
    kinds = [each for each in vars(shapes).values() if isinstance(each, type) and each not in bases]
    models: list[type[BaseModel]] = [each for each in kinds if issubclass(each, BaseModel)]
    taken = [(each, "validation" if issubclass(each, shapes.Taken) else "serialization") for each in models]
    _, made = models_json_schema(taken, ref_template=_REF)  # type: ignore[arg-type]
    schemas: dict[str, Any] = made["$defs"]
    return {name: schemas[name] for name in sorted(schemas)}


def _responses(call: Call, public: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, shown in sorted(call.answers.items()):
        found[str(status)] = {"description": shown.meaning, "headers": _headers(call)}
        if shown.shape is not None:
            found[str(status)]["content"] = {
                "application/json": {
                    "schema": {"$ref": _REF.format(model=shown.shape.__name__)},
                    "examples": _examples(shown.examples),
                }
            }
    for slug in sorted(call.slugs, key=lambda slug: KINDS[slug].status):
        kind = KINDS[slug]
        entry = found.setdefault(
            str(kind.status),
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDocument")}, "examples": {}}},
            },
        )
        entry["description"] = f"{entry['description']} `{slug}`: {kind.meaning}".strip()
        entry["content"][MEDIA_TYPE]["examples"][slug] = {"value": problem(slug, public)}
        if slug in ("rate", "unavailable", "conflict"):
            entry["headers"] = {"Retry-After": _header("Seconds to wait.", "integer")}
    return found


def _headers(call: Call) -> dict[str, Any]:
    headers = {name: _header(about) for name, about in _LEFT.items()}
    if call.method == "POST":
        headers["Idempotent-Replayed"] = _header("`true`: this is the answer that the first call got.")
    return headers


def _header(about: str, kind: str = "string") -> dict[str, Any]:
    return {"description": about, "schema": {"type": kind}}


def _examples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}


def problem(slug: str, public: str) -> dict[str, Any]:
    """The example of a problem."""
    kind = KINDS[slug]
    return {
        "type": f"{public}{_PREFIX}/problems/{slug}",
        "title": kind.title,
        "status": kind.status,
        **examples.PROBLEMS[slug],
    }


def _describe_parameters(operation: dict[str, Any]) -> None:
    for parameter in operation["parameters"]:
        name, schema = parameter["name"], parameter["schema"]
        schema.pop("title", None)
        if "anyOf" in schema:  # left out is left out: there is no null in a query
            schema |= next(kind for kind in schema.pop("anyOf") if kind != {"type": "null"})
        if parameter["in"] == "path" and name.endswith("_id"):
            schema["format"] = "uuid"
            parameter["example"] = examples.BY_PARAMETER[name]
        elif name in examples.BY_PARAMETER:
            parameter["example"] = examples.BY_PARAMETER[name]


def _describe_body(operation: dict[str, Any], call: Call) -> None:
    """The body's examples, the idempotency key; and the two forms of a mail, which ninja does not see."""
    if call.method != "POST":
        return
    key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"}
    operation["parameters"].append(
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "schema": key,
            "description": "Your own, new for each request: a repeat gets the answer of the first, for 24 hours.",
            "example": "order-20417-claim-1",
        }
    )
    if call.name == "send_message":
        operation["parameters"] = [*_raw_parameters(), *operation["parameters"]]
        shape = {"schema": {"$ref": _REF.format(model="MessageIn")}, "examples": _examples(call.takes)}
        whole = {
            "schema": {"type": "string", "contentMediaType": RAW, "description": "A whole mail (RFC 5322), CRLF."},
            "examples": {"mail": {"value": examples.RAW_MAIL}},
        }
        operation["requestBody"] = {"required": True, "content": {"application/json": shape, RAW: whole}}
        return
    body = operation["requestBody"]["content"]["application/json"]
    body["schema"] = {"$ref": _REF.format(model=call.body)}
    body["examples"] = _examples(call.takes)


def _raw_parameters() -> list[dict[str, Any]]:
    several = {"type": "array", "items": {"type": "string", "format": "email"}, "maxItems": 100}
    return [
        {"in": "query", "name": "to", "schema": several, "description": f"With {RAW}: each recipient."},
        {
            "in": "query",
            "name": "customer",
            "schema": {"type": "string", "maxLength": 200},
            "description": f"With {RAW}.",
        },
        {"in": "query", "name": "from", "schema": {"type": "string"}, "description": f"With {RAW}: the return path."},
    ]


# -- to read --------------------------------------------------------------------------------------------------


def readable(described: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of it."""
    calls = [
        _readable(path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    problems = [
        {"slug": slug, "status": kind.status, "title": kind.title, "meaning": _words(kind.meaning)}
        for slug, kind in KINDS.items()
    ]
    groups = [
        {"name": name, "about": about, "calls": [call for call in calls if call["tag"] == name]}
        for name, about in _TAGS.items()
    ]
    return {"groups": groups, "problems": problems, "public": settings.ATESAKI_PUBLIC_URL}


def _readable(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    bodies = operation.get("requestBody", {}).get("content", {})
    answers = []
    for status, said in operation["responses"].items():
        for kind, content in said.get("content", {"": {}}).items():
            answers.append(
                {
                    "status": status,
                    "meaning": _words(said["description"]),
                    "problem": kind == MEDIA_TYPE,
                    "examples": _written(content),
                }
            )
    return {
        "id": operation["operationId"],
        "tag": operation["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "about": _words(operation["description"]),
        "scope": operation["security"][0]["key"][0],
        "parameters": [
            {**each, "words": _words(each.get("description", ""))}
            for each in operation["parameters"]
            if each["in"] != "header"
        ],
        "bodies": [{"kind": kind, "examples": _written(content)} for kind, content in bodies.items()],
        "answers": [each for each in answers if not each["problem"]],
        "problems": [
            {"status": each["status"], "slug": name}
            for each in answers
            if each["problem"]
            for name, _ in each["examples"]
        ],
    }


def _words(text: str) -> list[dict[str, Any]]:
    """What stands between backticks is code."""
    return [{"code": bool(place % 2), "text": piece} for place, piece in enumerate(text.split("`")) if piece]


def _written(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = {name: each["value"] for name, each in content.get("examples", {}).items()}
    return [
        (name, value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
        for name, value in shown.items()
    ]
