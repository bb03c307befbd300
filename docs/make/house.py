"""The map of the house, from its imports and from what each package promises."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import grimp

from . import markdown, source

_LEAD = """\
Who stands on whom, read off the imports. A module imports only from lower strata, and only what the lower package's
`__init__` exports; import-linter and `tests/test_architecture.py` hold it. To change one module alone, read its own
docstring, and of those it stands on only what they export."""
_TREE = Path(__file__).parents[2]


def page() -> str:
    """The strata as a drawing, and a table of who promises what and stands on whom."""
    strata = [_split(layer) for layer in _layers()]
    graph = grimp.build_graph("atesaki", cache_dir=None)
    names = [name for stratum in strata for name in stratum]
    rows = []
    for name in names:
        below = {
            each.split(".")[1]
            for module in (f"atesaki.{name}", *graph.find_descendants(f"atesaki.{name}"))
            for each in graph.find_modules_directly_imported_by(module)
            if each.count(".") and each.split(".")[1] in names and each.split(".")[1] != name
        }
        promise, first = _docstring(name)
        stands = ", ".join(f"`{each}`" for each in sorted(below, key=names.index))
        rows.append((f"`{name}`", promise, stands, first))
    drawing = f"```text\n{_drawn(strata)}\n```"
    return markdown.made(
        "The house", _LEAD, drawing, markdown.table(("module", "promises", "stands on", "read first"), rows)
    )


def _layers() -> list[str]:
    contracts = tomllib.loads((_TREE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers: list[str] = next(each["layers"] for each in contracts if each["name"] == "strata")
    return layers


def _split(layer: str) -> list[str]:
    return [name.strip(" ()") for name in layer.split("|")]


def _drawn(strata: list[list[str]]) -> str:
    """A box for each stratum, the rim above."""
    lines = ["   ".join(stratum) for stratum in strata]
    width = max(map(len, lines))
    edge = "─" * (width + 2)
    boxes = f"\n├{edge}┤\n".join(f"│ {line:^{width}} │" for line in lines)
    return f"┌{edge}┐\n{boxes}\n└{edge}┘"


def _docstring(name: str) -> tuple[str, str]:
    """What a module promises, and what to read first."""
    base = source.SOURCE / name
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return _line(said, "Promise:"), _line(said, "Read first:")


def _line(said: str, head: str) -> str:
    """What stands after `head`, over as many lines as it goes."""
    found: list[str] = []
    for line in said.splitlines():
        if line.startswith(head):
            found = [line.removeprefix(head).strip()]
        elif found and line.startswith(" "):
            found.append(line.strip())
        elif found:
            break
    return " ".join(found)
