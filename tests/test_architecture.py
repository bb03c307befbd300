"""The house rules that a reader would otherwise have to check by eye (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "atesaki"
MODULES = sorted(SOURCE.rglob("*.py"))
FOUR_LINES = ("Promise:", "Never:", "On failure:", "Read first:")
BARRED = {"util", "utils", "common", "helper", "helpers", "service_layer", "services", "manager", "managers"}
GATE = {"__init__", "verdict", "submit", "road", "waits", "holds", "substitutes", "ledger", "months", "models"}
LONGEST = 60

# From the bottom; modules of one stratum do not know each other. `import-linter` holds the same layers for
# what is imported at all; here it is about what may be named.
STRATA = (
    {"addresses", "clock", "environment", "keys", "language", "tracing"},
    {"content", "tenants"},
    {"learning", "ownership", "outbox"},
    {"gate"},
    {"audit", "campaigns", "desk", "observe"},
    {"notme", "resealing"},
    {"inbound", "tasks"},
    {"doors", "pages"},
    {"site"},
    {"cli"},
)
# Django and the operator's programs reach these by their module's name: there is nothing to export.
ENTRANCES = {
    *("atesaki.models", "atesaki.pages.urls", "atesaki.pages.health", "atesaki.doors.smtp"),
    "atesaki.doors.returns",
    *("atesaki.site.settings", "atesaki.site.postgres", "atesaki.site.logging"),
}


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_ruled(path: Path) -> bool:
    """The app's own list of rows and the migrations name what they must."""
    return path != SOURCE / "models.py" and "migrations" not in path.parts


def _stratum(module: str) -> int | None:
    top = module.split(".")[1] if "." in module else ""
    return next((height for height, names in enumerate(STRATA) if top in names), None)


@cache
def _exports(package: str) -> set[str] | None:
    """The names in a package's `__all__`; None for a plain module, which exports what is not hidden."""
    init = SOURCE.parent / Path(*package.split(".")) / "__init__.py"
    if not init.exists():
        return None
    for node in ast.parse(init.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return {each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant)}
    return set()


@cache
def _imports(path: Path) -> list[tuple[str, str, int]]:
    """What a module imports of ours: (module, name in it or "", line), relative ones made absolute."""
    package = _name(path).split(".") if path.name == "__init__.py" else _name(path).split(".")[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, "", node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                is_module = (SOURCE.parent / Path(*inner.split("."))).with_suffix(".py").exists() or (
                    SOURCE.parent / Path(*inner.split(".")) / "__init__.py"
                ).exists()
                found.append((inner, "", node.lineno) if is_module else (module, alias.name, node.lineno))
    return [each for each in found if each[0].split(".")[0] == "atesaki"]


def _foreign(path: Path) -> Iterator[tuple[str, str, int]]:
    """Imports from another module of the house."""
    own = _name(path).split(".")[1:2]
    for module, name, line in _imports(path):
        if module.split(".")[1:2] != own and module != "atesaki":
            yield module, name, line


def test_every_module_has_its_stratum() -> None:
    tops = {_name(path).split(".")[1] for path in MODULES if _name(path).count(".")} - {"migrations", "models"}
    assert tops <= set().union(*STRATA)


@pytest.mark.parametrize("path", [path for path in MODULES if _is_ruled(path)], ids=_name)
def test_imports_go_down(path: Path) -> None:
    here = _stratum(_name(path))
    wrong = []
    for module, _, line in _foreign(path):
        there = _stratum(module)
        rows = module == "atesaki.models" and here is not None and here > 3
        if here is not None and not rows and (there is None or there >= here):
            wrong.append(f"line {line}: {module} is not below {_name(path)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [path for path in MODULES if _is_ruled(path)], ids=_name)
def test_only_what_a_package_exports_is_imported(path: Path) -> None:
    wrong = []
    for module, name, line in _foreign(path):
        if module in ENTRANCES:
            continue
        if module.count(".") > 1:
            wrong.append(f"line {line}: {module} is inside of {'.'.join(module.split('.')[:2])}")
        exports = _exports(module)
        if name and (name.startswith("_") or (exports is not None and name not in exports)):
            wrong.append(f"line {line}: {module} does not export {name}")
    assert not wrong, "\n".join(wrong)


def test_the_gate_keeps_to_its_rooms() -> None:
    found = {path.relative_to(SOURCE / "gate").with_suffix("").as_posix() for path in (SOURCE / "gate").rglob("*.py")}
    assert found == GATE, "another file in gate/ needs a decision record: this is the module that wants to grow"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_function_ends_in_time(path: Path) -> None:
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST
    ]
    assert not long, f"{_name(path)}: {long}"


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in MODULES
        if _name(path).count(".") == 1 and path.name not in ("models.py", "tasks.py") and "migrations" not in path.parts
    ],
    ids=_name,
)
def test_a_module_of_the_house_says_what_it_promises(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    begun = [line.strip().split(":")[0] + ":" for line in said.splitlines() if ":" in line]
    assert [line for line in begun if line in FOUR_LINES] == list(FOUR_LINES), (
        f"{_name(path)} has not all four, in order"
    )


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {part for path in [*MODULES, *(ROOT / "tests").rglob("*.py")] for part in _name_parts(path)}
    assert not names & BARRED


def _name_parts(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


def test_no_signals() -> None:
    """Django's: with them nobody can read off a function what happens after it."""
    for path in MODULES:
        assert not re.search(r"django\.(db\.models|dispatch|core)(\.signals|\b.*\bSignal\b)", path.read_text()), path


def test_every_file_that_the_flow_names_is_there() -> None:
    flow = ROOT / "docs" / "flow.md"
    assert flow.exists(), "docs/flow.md tells one message's way; it is missing"
    named = set(re.findall(r"`([\w./-]+\.(?:py|md|html|txt|toml))(?::\w+)?`", flow.read_text()))
    assert named, "docs/flow.md names no file: it would not be found out when it grows old"
    places = (ROOT, SOURCE, ROOT / "docs")
    missing = {name for name in named if not any((place / name).exists() for place in places)}
    assert not missing


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", path.read_text())
    assert not [link for link in links if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem)
def test_a_decision_record_weighs(path: Path) -> None:
    parts = re.findall(r"^\*\*(\w+)\.\*\*", path.read_text(), re.M)
    assert parts == ["Context", "Options", "Choice", "Consequence"]
