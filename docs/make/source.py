"""Finds names in the source, without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "atesaki"


@cache
def nodes() -> tuple[ast.AST, ...]:
    """Every node of every module, but for the migrations, in the order of their files."""
    paths = [path for path in sorted(SOURCE.rglob("*.py")) if "migrations" not in path.parts]
    return tuple(node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def texts() -> Iterator[str]:
    """Every text that stands in the code."""
    for node in nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


class Missing(Exception):
    """The code has a name that the pages have no sentence for, or the other way round."""


def agree(found: set[str], told: set[str], where: str) -> None:
    """Raises `Missing` unless both are the same."""
    if found != told:
        raise Missing(
            f"docs/make/{where}: no sentence for {sorted(found - told)}; not in the code: {sorted(told - found)}"
        )
