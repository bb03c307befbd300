"""What atesaki stands on, and under which licence: writes docs/dependencies.md from requirements.lock.

`python -m deploy.dependencies` (which `make dependencies` calls) reads the metadata of what is installed.
"""

# ruff: noqa: E501 - a paragraph of a page is one line

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK, PAGE = ROOT / "requirements.lock", ROOT / "docs" / "dependencies.md"

SAID = {
    "brotlicffi": ("MIT", "for PyPy alone, and not installed elsewhere"),
    "colorama": ("BSD-3-Clause", "for Windows alone, and not installed elsewhere"),
    "daft": ("Apache-2.0", "its LICENSE file; the metadata say nothing"),
    "pyphen": ("LGPL-2.1-or-later", "or GPL or MPL, as one likes"),
    "python-dateutil": ("Apache-2.0 OR BSD-3-Clause", "by its LICENSE file"),
}
"""Where the metadata say nothing, or leave the choice: what was read by hand, and where."""

PLAIN = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "OSI Approved": "",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""The classifiers' names as SPDX has them."""

FREE = {
    "0BSD",
    "Apache-2.0",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Unlicense",
}
"""Licences that ask for nothing but to be named."""

WEAK = {"LGPL-3.0-only", "LGPL-2.1-or-later", "MPL-2.0"}
"""Licences that bind changes to the library itself: it is installed as it is, and may be exchanged."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One requirement of the lock: its hashes, and who wants it (`atesaki` for us)."""

    name: str
    version: str
    hashes: int
    wanted: tuple[str, ...]


def locked(text: str) -> list[Locked]:
    """The requirements of a lock file that uv has written."""
    found = []
    for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M):
        head = re.match(r"([A-Za-z0-9][\w.-]*)==([^\s;]+)", block)
        if head is None:
            continue
        named = re.findall(r"^ +#(?: +via)? +([\w.-]+)(?: \(.*\))?$", block, re.M)
        wanted = [each for each in named if each != "via"]
        found.append(Locked(head[1], head[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}", block)), tuple(wanted)))
    return found


def licence(name: str) -> str:
    """Its SPDX expression, or the nearest that its metadata have; empty if nobody said."""
    if name in SAID:
        return SAID[name][0]
    told = metadata.metadata(name)
    if expression := told.get("License-Expression"):
        return expression
    classes = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or () if each.startswith("License ::")]
    if plain := sorted({PLAIN.get(each, each) for each in classes} - {""}):
        return " AND ".join(plain)
    first = (told.get("License") or "").strip().partition("\n")[0]
    return PLAIN.get(first, first)


def may_be_used(expression: str) -> bool:
    """Whether every licence that holds is one that a program under Apache-2.0 may stand on; of a choice, one."""
    alike = FREE | WEAK
    return any(all(part.strip(" ()") in alike for part in choice.split(" AND ")) for choice in expression.split(" OR "))


def page() -> str:
    """The whole of docs/dependencies.md."""
    rows = "\n".join(
        f"| {each.name} | {licence(each.name)} | {', '.join(each.wanted)} |{_remark(each.name)}"
        for each in locked(LOCK.read_text())
    )
    return f"""# What atesaki stands on

Written by `make dependencies` from requirements.lock and the packages' own metadata; `tests/test_dependencies.py` holds that it is up to date, that every requirement carries its hashes, that somebody imports or requires it, and that its licence is one that a program under Apache-2.0 may stand on. Versions are in the lock.

`make sbom` writes a software bill of materials (CycloneDX 1.6, JSON) from the lock into `dist/atesaki.cdx.json`. It is built for a release and published with it, and not committed: it says nothing that the lock does not, and is the same each time it is made from the same lock.
`make audit-deps` asks for known vulnerabilities of what the lock names. It needs an advisory service (PyPI's or OSV's), and says so if it reaches none; it is not part of `.ci/run`, whose outcome must not change without a change of ours. Run it before a release, and by a timer.

| package | licence | wanted by |
|---|---|---|
{rows}
"""


def _remark(name: str) -> str:
    return f" <!-- {SAID[name][1]} -->" if name in SAID else ""


def main() -> int:
    """Writes the page; 1 if a licence is not known."""
    PAGE.write_text(page())
    wrong = [each.name for each in locked(LOCK.read_text()) if not may_be_used(licence(each.name))]
    if wrong:
        print(f"the licence of {', '.join(wrong)} is not known, or not one that goes with ours", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
