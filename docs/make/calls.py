"""The page of the HTTP API, from the description that it gives of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import markdown

MEDIA_TYPE = "application/problem+json"
_LEAD = """\
Everything below `/api/v1`, as `/api/v1/openapi.json` of your installation describes it; [by example](../api.md) is the
gentler way in."""


def page() -> str:
    """Every call, every shape, every refusal."""
    from atesaki.doors.api import app, document
    from atesaki.doors.api.problems import KINDS

    described = document.of(app.api)
    parts = []
    for tag in described["tags"]:
        calls = [
            _call(method, path, each)
            for path, methods in described["paths"].items()
            for method, each in methods.items()
            if tag["name"] in each["tags"]
        ]
        parts.append("\n\n".join([f"## {tag['name'].capitalize()}", tag["description"], *calls]))
    shapes = [_shape(name, each) for name, each in described["components"]["schemas"].items()]
    refusals = markdown.table(
        ("status", "slug", "means", "what to know"),
        [(str(kind.status), f"`{slug}`", kind.title, kind.meaning) for slug, kind in KINDS.items()],
    )
    about = described["info"]["description"].strip()
    parts += ["## Refusals\n\n" + refusals, "\n\n".join(["## Shapes", *shapes])]
    return markdown.made("The HTTP API, call by call", f"{_LEAD}\n\n{about}", *parts)


def _call(method: str, path: str, each: Mapping[str, Any]) -> str:
    """One call: what it does, what it takes, what it answers."""
    said = each["description"].strip()
    lines = [f"### {method.upper()} {path}", said if each["summary"] in said else f"{each['summary']}. {said}"]
    lines.append(f"Scope: `{each['security'][0]['key'][0]}`")
    if rows := [_parameter(one) for one in each.get("parameters", [])]:
        lines.append(markdown.table(("parameter", "in", "kind", "means"), rows).strip())
    for kind, body in each.get("requestBody", {}).get("content", {}).items():
        example = next((one["value"] for one in body.get("examples", {}).values()), None)
        takes = _kind(body["schema"])
        lines.append(f"Takes {takes}, `{kind}`" + (", for example:" if example is not None else "."))
        if isinstance(example, dict):
            lines.append(f"```json\n{json.dumps(example, ensure_ascii=False, indent=2)}\n```")
        elif example is not None:
            lines.append("```text\n" + str(example).replace("\r\n", "\n").rstrip() + "\n```")
    answers, refusals = [], []
    for status, answer in each["responses"].items():
        content = answer.get("content", {})
        refusals += [f"`{status} {slug}`" for slug in content.get(MEDIA_TYPE, {}).get("examples", {})]
        if MEDIA_TYPE not in content:
            shapes = {_kind(one["schema"]) for one in content.values()}
            answers.append((status, ", ".join(sorted(shapes)), answer["description"]))
    lines.append(markdown.table(("status", "answer", "means"), answers).strip())
    lines.append(f"[Refusals](#refusals): {', '.join(refusals)}.")
    return "\n\n".join(lines)


def _parameter(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    must = " (must be there)" if one.get("required") and one["in"] != "path" else ""
    return f"`{one['name']}`", one["in"], _kind(one["schema"]), one.get("description", "") + must


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    """The fields of one shape."""
    must = set(schema.get("required", ()))
    rows = [
        (f"`{field}`", _kind(each), "yes" if field in must else "", each.get("description", ""))
        for field, each in schema.get("properties", {}).items()
    ]
    about = schema.get("description", "").strip()
    fields = markdown.table(("field", "kind", "always", "means"), rows).strip() if rows else _kind(schema)
    return "\n\n".join(filter(None, [f"### {name}", about, fields]))


def _kind(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_kind(each) for each in schema[several])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kind = str(schema.get("type", "anything"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
