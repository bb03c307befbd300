"""`docs/story/`: a table of both worlds, what happened in each, and its pictures. Written by the run alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass
class Scene:
    """One picture and what it shows."""

    picture: str
    ja: str
    en: str


@dataclass
class Told:
    """What was measured in one world. Times are in seconds; None where it did not happen in the run."""

    era: str
    mails: int = 0
    personal: int = 0
    kinds: list[str] = field(default_factory=list)
    after_complaint: int = 0
    freedom: dict[str, float | None] = field(default_factory=dict)
    stranger_steps: list[str] = field(default_factory=list)
    revealed: list[str] = field(default_factory=list)
    customer_steps: list[str] = field(default_factory=list)
    customer_mails: int = 0
    code_steps: int = 0
    scenes: list[Scene] = field(default_factory=list)


_TRUE_CASE = "7 days 22 hours in the true case of 2017"


def write(out: Path, pictures: Path, before: Told, after: Told) -> None:
    """Replaces `out` by the page, the figures and the pictures of this run, at once."""
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for scene in (*before.scenes, *after.scenes):
        shutil.copy(pictures / scene.picture, draft / scene.picture)
    figures = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "before": asdict(before),
        "after": asdict(after),
    }
    (draft / "story.json").write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (draft / "README.md").write_text(page(before, after), encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    draft.rename(out)


def page(before: Told, after: Told) -> str:
    """The page in Markdown."""
    rows = "\n".join(f"| {label} | {one} | {two} |" for label, one, two in table(before, after))
    return f"""\
# The story, before and after

Made by `make story`: the same two companies, the same customer who types an address that is not his, the same
stranger, in a real browser. Nothing here was written by hand; the figures are also in [story.json](story.json).

Ken (大島 健太郎) registers and orders, and types `hana@example.jp`. It is Hana's, who never registered.
Aoi registers and orders with an address of her own.

| | before (2017) | after (with atesaki) |
|---|---|---|
{rows}

## Before

{_scenes(before)}
## After

{_scenes(after)}"""


def table(before: Told, after: Told) -> list[tuple[str, str, str]]:
    """The rows: what was measured, and in each world what came out."""
    return [
        ("personal mails to the stranger", _personal(before), _personal(after)),
        ("mails to the stranger in all", str(before.mails), str(after.mails)),
        ("mails to her after she had complained", str(before.after_complaint), str(after.after_complaint)),
        ("time to freedom", _freedom(before), _freedom(after)),
        ("what she had to reveal", _list(before.revealed), _list(after.revealed)),
        ("her steps (presses and fields)", str(len(before.stranger_steps)), str(len(after.stranger_steps))),
        (
            "steps of an honest customer, from the shop's front to the order",
            str(len(before.customer_steps)),
            f"{len(after.customer_steps)}, of which {after.code_steps} are for the one code",
        ),
        ("the honest customer's mails that arrived", str(before.customer_mails), str(after.customer_mails)),
    ]


def _personal(told: Told) -> str:
    return f"{told.personal} ({', '.join(told.kinds)})" if told.kinds else str(told.personal)


def _freedom(told: Told) -> str:
    said = [f"{name}: {'not in this run' if took is None else f'{took:.2f} s'}" for name, took in told.freedom.items()]
    if None in told.freedom.values():
        said.append(_TRUE_CASE)
    return "; ".join(said)


def _list(words: list[str]) -> str:
    return ", ".join(words) or "nothing"


def _scenes(told: Told) -> str:
    return "".join(f"### {scene.en}\n\n{scene.ja}\n\n![{scene.en}]({scene.picture})\n\n" for scene in told.scenes)
