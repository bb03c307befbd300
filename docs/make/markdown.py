"""The few forms of Markdown that the pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell does not end it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def made(title: str, lead: str, *parts: str) -> str:
    """A page, which says how it was made."""
    note = "<!-- Written by `make reference` from the code; do not edit it here. -->"
    return "\n\n".join([f"# {title}", note, lead, *(part.strip() for part in parts)]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
