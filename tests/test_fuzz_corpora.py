"""What the fuzzers once found stays found: every kept input passes its target, in its bounds (docs/fuzzing.md)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fuzz import check, kept
from fuzz.table import TARGETS
from fuzz.traces import Tracer

ROOT = Path(__file__).parent.parent
# They read with Arrow, which is the audit's extra.
_AUDIT = {name for name, target in TARGETS.items() if target.place == "past"}


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_and_seeds_pass(name: str) -> None:
    if name in _AUDIT:
        pytest.importorskip("pyarrow", reason="the audit's extra is not installed")
    target = TARGETS[name]
    run = target.run()
    wrong = []
    inputs = [(path.name, path.read_bytes()) for path in kept.inputs(name)]
    assert inputs, f"nothing is kept for {name}: run `python -m fuzz {name}`"
    for what, data in [*inputs, *(("a seed", data) for data in target.seeds() if name != "swollen")]:
        try:
            check.within(run, data)
        except Exception as error:
            wrong.append(f"{what} {data[:80]!r}: {type(error).__name__} {error}")
    assert not wrong, "\n".join(wrong)


def test_the_corpora_are_small() -> None:
    whole = 0
    for name, target in TARGETS.items():
        sizes = [path.stat().st_size for path in kept.inputs(name)]
        assert len(sizes) <= target.most, name
        assert max(sizes) <= kept.OCTETS, name
        whole += sum(sizes)
    assert whole < 3_000_000
    assert {path.name for path in kept.CORPUS.iterdir() if path.is_dir()} == set(TARGETS)


@pytest.mark.parametrize("name", ["wire", "answers", "stamps"])
def test_what_is_kept_takes_most_of_the_lines(name: str) -> None:
    """A corpus that had lost its inputs, or a target that no longer reaches its parser, would pass all the same."""
    target = TARGETS[name]
    if name in _AUDIT:
        pytest.importorskip("pyarrow", reason="the audit's extra is not installed")
    run, tracer = target.run(), Tracer(target.ours)
    taken = set().union(*(tracer.steps(lambda path=path: run(path.read_bytes())) for path in kept.inputs(name)))
    covered, lines = tracer.covered(taken)
    assert covered / lines > 0.2, f"{covered} of {lines} lines"


@pytest.mark.parametrize(
    ("target", "data"),
    [("wire", b"a\r\n.\r\nNOOP\r\n"), ("headers", b"X-Atesaki-Customer: M-1\r\n\r\n"), ("address", b"hana@example.jp")],
)
def test_a_target_fails_where_its_parser_is_wrong(target: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from fuzz.targets import typed

    from atesaki import content
    from atesaki.doors.wire import Wire

    def mail(self: Wire, limit: int) -> bytes | None:
        return self.line()

    monkeypatch.setattr(Wire, "mail", mail)
    monkeypatch.setattr(content, "without_headers", lambda raw, prefix: raw)
    monkeypatch.setattr(typed.addresses, "digest", lambda key, address: str(address).encode())
    with pytest.raises(AssertionError):
        TARGETS[target].run()(data)


def test_what_costs_too_much_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "SECONDS", 0.01)
    with pytest.raises(check.Costly, match="of the processor"):
        check.within(lambda data: sum(range(3_000_000)), b"")
    monkeypatch.setattr(check, "SECONDS", 60)
    monkeypatch.setattr(check, "MEBIBYTES", 1)
    held: list[bytes] = []
    with pytest.raises(check.Costly, match="MiB"):
        check.within(lambda data: held.append(b"x" * (200 << 20)), b"")


def test_the_document_has_every_target() -> None:
    told = (ROOT / "docs" / "fuzzing.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", told, re.M)) == set(TARGETS)
