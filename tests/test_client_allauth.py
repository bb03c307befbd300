"""`atesaki_client.allauth` in a site of its own (`tests/client_allauth`), whose settings are not ours."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.programs import environment

ROOT = Path(__file__).parent.parent
PLAYED = Path(__file__).parent / "client_allauth" / "__main__.py"
SCENARIOS = [
    node.name
    for node in ast.parse(PLAYED.read_text()).body
    if isinstance(node, ast.FunctionDef) and [each.arg for each in node.args.args] in (["atesaki"], ["_"])
]


@cache
def _played(by_code: bool) -> dict[str, str]:
    shell = environment(ROOT, **({"BY_CODE": "1"} if by_code else {}))
    words = [sys.executable, "-W", "ignore", "-m", "tests.client_allauth"]
    ran = subprocess.run(words, cwd=ROOT, env=shell, capture_output=True, text=True, timeout=120, check=False)
    if ran.returncode:
        return dict.fromkeys(SCENARIOS, ran.stderr)
    found: dict[str, str] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_adapter(scenario: str) -> None:
    wrong = _played(scenario.startswith("code_"))[scenario]
    assert not wrong, wrong
