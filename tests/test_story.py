"""`make story` as it is called: both worlds played in a real browser, and what the table then says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs import folder

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
TOP = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def told(require: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Path]:
    require("chromium", "chromium-browser", "google-chrome")
    out = tmp_path_factory.mktemp("story") / "story"
    with folder() as homes:
        played = subprocess.run(
            [sys.executable, "-m", "reference.story", "--out", str(out), "--keep", str(homes / "worlds")],
            cwd=TOP,
            capture_output=True,
            text=True,
            timeout=550,
            check=False,
        )
        logs = sorted((homes / "worlds").rglob("*.log"))
        said = "".join(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}\n" for log in logs)
    assert played.returncode == 0, f"{played.stdout}{played.stderr}\n{said}"
    return json.loads((out / "story.json").read_text(encoding="utf-8")), out


def test_before_everything_of_kens_reached_hana(told: tuple[dict[str, dict[str, object]], Path]) -> None:
    before = told[0]["before"]
    assert before["kinds"] == ["address", "items", "name", "phone", "postal code"]
    assert int(str(before["personal"])) >= 3 and int(str(before["after_complaint"])) > 0
    assert before["revealed"] == ["her name", "its reading", "her address"]


def test_after_nothing_did_and_she_was_free_at_once(told: tuple[dict[str, dict[str, object]], Path]) -> None:
    after = told[0]["after"]
    assert after["personal"] == 0 and after["kinds"] == [] and after["after_complaint"] == 0
    assert after["revealed"] == []
    freedom = after["freedom"]
    assert isinstance(freedom, dict) and set(freedom) == {"supermarket", "ID service"}
    assert all(isinstance(took, float) for took in freedom.values()), "how long it took is the bench's to judge"


def test_an_honest_customer_does_no_more_than_type_one_code(
    told: tuple[dict[str, dict[str, list[str]]], Path],
) -> None:
    before, after = told[0]["before"], told[0]["after"]
    more = list(after["customer_steps"])
    for step in before["customer_steps"]:
        if step in more:
            more.remove(step)
    assert len(after["customer_steps"]) - int(str(after["code_steps"])) <= len(before["customer_steps"]), more
    assert after["code_steps"] == 2, "she types it, and presses the button beside it"
    assert int(str(after["customer_mails"])) >= 2, "the code, and the copy of her order"


def test_the_page_shows_what_the_run_saw(told: tuple[dict[str, object], Path]) -> None:
    out = told[1]
    page = (out / "README.md").read_text(encoding="utf-8")
    pictures = sorted(file.name for file in out.glob("*.png"))
    assert len(pictures) >= 15 and all(f"({name})" in page for name in pictures)
    assert "| personal mails to the stranger |" in page
