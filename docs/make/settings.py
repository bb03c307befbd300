"""The page of the settings: names and defaults from the code, what they mean from `settings.toml`."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from . import markdown, source

_NAME = re.compile(r"(ATESAKI|DATABASE|SHOP|NETID)_[A-Z_]*[A-Z]")
_LEAD = """\
All are variables of the environment. A setting that is empty is not set. What cannot be used stops the program with a
sentence that says what to do; `atesaki check-setup` looks at the rest."""
_FILES = """\
Each of {names} may hold a password. Instead of the setting itself, its name with `_FILE` at the end may name a file
that holds the value and nothing else: {files}. Then it stands neither in the environment nor in a crash report."""


def page() -> str:
    """Every setting that the code reads."""
    from atesaki.environment import SECRETS

    told = tomllib.loads((Path(__file__).parent / "settings.toml").read_text(encoding="utf-8"))
    inner = set(told.pop("inner")["names"])
    found = {text for text in source.texts() if _NAME.fullmatch(text)} - inner
    source.agree(found, {name for group in told.values() for name in group["settings"]}, "settings.toml")
    defaults = _defaults()
    parts = []
    for group in told.values():
        rows = [
            (f"`{name}`", _default(name, each, defaults), each["means"]) for name, each in group["settings"].items()
        ]
        parts.append(f"## {group['title']}\n\n" + markdown.table(("setting", "default", "means"), rows))
    files = _FILES.format(
        names=", ".join(f"`{name}`" for name in SECRETS), files=", ".join(f"`{name}_FILE`" for name in SECRETS)
    )
    return markdown.made("Settings", _LEAD, *parts, f"## Secrets from files\n\n{files}")


def _default(name: str, told: dict[str, str], found: dict[str, set[str]]) -> str:
    """As the code has it where it is a plain value there; else as it is told, and not both."""
    plain = found.get(name, set()) - {""}
    if len(plain) > 1:
        raise source.Missing(f"{name} has several defaults in the code: {sorted(plain)}")
    if plain and "default" in told:
        raise source.Missing(f"docs/make/settings.toml: the default of {name} stands in the code; take it out")
    if plain:
        return f"`{plain.pop()}`"
    return told.get("default", "unset")


def _defaults() -> dict[str, set[str]]:
    """`get(NAME) or X`, `get(NAME, X)` and `secret(NAME) or X`, where X is a constant, by name."""
    found: dict[str, set[str]] = {}
    for node in source.nodes():
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            name, value = _named(node.values[0]), node.values[1]
        elif isinstance(node, ast.Call) and len(node.args) == 2:
            name, value = _named(node), node.args[1]
        else:
            continue
        if name and isinstance(value, ast.Constant) and isinstance(value.value, str | int):
            found.setdefault(name, set()).add(str(value.value))
    return found


def _named(node: ast.expr) -> str:
    """The setting that a call reads, by its first argument."""
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        name = node.args[0].value
        if isinstance(name, str) and _NAME.fullmatch(name):
            return name
    return ""
