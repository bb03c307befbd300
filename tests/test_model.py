"""The model of *write down, then look* (docs/model): nothing found in it, and each mutation found."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

MODEL = Path(__file__).parent.parent / "docs" / "model" / "way.pml"
MUTATIONS = ("LOOK_FIRST", "NO_WAIT", "NO_DEADLINE", "BLIND_DRIVE", "BLIND_HOLD", "EARLY_250")


def _walked(require: Callable[..., Path], folder: Path, mutation: str = "") -> str:
    """Every interleaving, gone through; what Spin says of it."""
    spin, compiler = str(require("spin")), str(require("cc", "gcc"))
    defined = [f"-D{mutation}"] if mutation else []
    for command in (
        [spin, "-a", *defined, str(MODEL)],
        [compiler, "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"],
    ):
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = subprocess.run(["./pan", "-m100000"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert "error: max search depth" not in ran.stdout
    return ran.stdout


def test_nothing_is_found_in_any_interleaving(require: Callable[..., Path], tmp_path: Path) -> None:
    told = _walked(require, tmp_path)
    assert "errors: 0" in told, told
    states = next(line for line in told.splitlines() if "states, stored" in line)
    assert float(states.split()[0]) > 1_000_000, "the model has shrunk: does it still hold two gates and a worker?"


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_sentence_taken_away_is_found(mutation: str, require: Callable[..., Path], tmp_path: Path) -> None:
    told = _walked(require, tmp_path, mutation)
    assert "assertion violated" in told, told
    assert "errors: 1" in told


def test_every_mutation_of_the_model_is_tried() -> None:
    text = MODEL.read_text()
    assert {word for word in MUTATIONS if f"ifdef {word}" in text or f"ifndef {word}" in text} == set(MUTATIONS)
    assert text.count("#ifdef") + text.count("#ifndef") >= len(MUTATIONS)
