"""The mails that are judged, laid out as .eml files and a labels.jsonl: drawn splits, and sixteen by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from atesaki import content
from benchmarks import BenchError
from benchmarks.detection.drawing import Layout
from benchmarks.detection.generate import Label, Mail, draw, mails

SIXTEEN = Path(__file__).parent / "corpus"
_FIRST_LEARNT = 100_000
_BRITISH = {"k09"}
_FIELDS = {
    "name": "names",
    "kana": "kanas",
    "postal": "postals",
    "address": "addresses",
    "phone": "phones",
    "email": "emails",
    "dob": "dobs",
    "account_id": "account_ids",
}


def lay_out(out: Path, judged: Iterable[Mail], learnt: Iterable[Mail] = ()) -> list[Mail]:
    """Writes both into `out`; gives those that are judged, without their octets."""
    out.mkdir(parents=True, exist_ok=True)
    kept = []
    with (out / "labels.jsonl").open("w", encoding="utf-8") as lines:
        for learn, several in ((False, judged), (True, learnt)):
            for mail in several:
                (out / mail.file).write_bytes(mail.raw)
                lines.write(json.dumps(mail.line() | ({"learn": True} if learn else {}), ensure_ascii=False) + "\n")
                if not learn:
                    kept.append(replace(mail, raw=b""))
    return kept


def split(out: Path, layouts: list[Layout], many: int, learnt: int) -> list[Mail]:
    """So many mails of each layout to be judged, and others, to other people, to learn from."""
    return lay_out(
        out, mails(layouts, many), (draw(each, _FIRST_LEARNT + n) for each in layouts for n in range(learnt))
    )


def sixteen(folder: Path = SIXTEEN) -> Iterator[Mail]:
    """Mails that were written by hand before the generator was; each is a layout of its own.

    The places in their labels.json were counted in texts with other blanks, so the values are looked for in their
    order. What the sender knows of its customer is taken from them.
    """
    labelled = json.loads((folder / "labels.json").read_text("utf-8"))
    for file, labels in sorted(labelled.items()):
        raw = (folder / file).read_bytes()
        text = content.read(raw).text
        slug = file.removesuffix(".eml")
        customer: dict[str, list[str]] = {}
        for each in labels:
            if each["type"] in _FIELDS:
                customer.setdefault(_FIELDS[each["type"]], []).append(each["text"])
        japanese = re.search("[ぁ-んァ-ヶ一-龠]", text) is not None
        yield Mail(
            file,
            slug,
            "ja" if japanese else "en",
            "JP" if japanese else "GB" if slug in _BRITISH else "US",
            bool(labels),
            raw,
            text,
            tuple(_again(file, text, labels)),
            customer,
        )


def _again(file: str, text: str, labels: list[dict[str, Any]]) -> Iterator[Label]:
    at = 0
    for each in labels:
        start = text.find(each["text"], at)
        if start < 0:
            raise BenchError(f"{file}: the {each['type']} of its label is not in what is read of it")
        at = start + len(each["text"])
        yield Label(each["type"], each["text"], start, at, "", (0, 0))
