"""Asks an advisory service about every requirement of requirements.lock; says so when it was not told about all.

`python -m deploy.advisories` (which `make audit-deps` calls): 0 none is known to be vulnerable, 1 some are,
2 the service could not be asked, or did not know them all. pip-audit alone ends with 0 for a package that the
service does not know, which behind a mirror may be every one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
SERVICES = ("osv", "pypi")


def asked(service: str) -> list[dict[str, Any]] | None:
    """What pip-audit heard of each requirement; None if the service could not be asked."""
    words = ["-m", "pip_audit", "-r", str(LOCK), "--no-deps", "--disable-pip", "-s", service, "-f", "json"]
    ran = subprocess.run(  # noqa: S603 - pip-audit, with words of ours
        [sys.executable, *words, "--progress-spinner", "off", "--timeout", "10"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return list(json.loads(ran.stdout)["dependencies"])
    except (ValueError, KeyError):
        return None


def judged(told: dict[str, list[dict[str, Any]] | None]) -> tuple[int, list[str]]:
    """The exit code and what to say, of what each service told."""
    lines, known, every = [], set(), set()
    for service, found in told.items():
        if found is None:
            lines.append(f"{service}: could not be asked")
            continue
        every |= {each["name"] for each in found}
        known |= {each["name"] for each in found if "skip_reason" not in each}
    vulnerable = {
        (each["name"], each["version"], flaw["id"], ", ".join(flaw["fix_versions"]) or "nothing yet")
        for found in told.values()
        for each in found or ()
        for flaw in each.get("vulns", ())
    }
    lines += [f"{name} {version}: {flaw}, mended by {by}" for name, version, flaw, by in sorted(vulnerable)]
    if not every or every - known:
        what = f"{len(every - known)} of {len(every)} requirements" if every else "any requirement"
        lines.append(f"no service that could be asked knows {what}: whether they are vulnerable is not said")
        return (1 if vulnerable else 2), lines
    lines.append(f"{len(every)} requirements were asked about, {len({each[0] for each in vulnerable})} are vulnerable")
    return (1 if vulnerable else 0), lines


def main() -> int:
    """Asks the services one after another until one knows them all."""
    told: dict[str, list[dict[str, Any]] | None] = {}
    for service in SERVICES:
        found = told[service] = asked(service)
        if found and not any("skip_reason" in each for each in found):
            break
    code, lines = judged(told)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
