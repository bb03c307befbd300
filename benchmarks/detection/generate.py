"""`python -m benchmarks.detection.generate --split open --mails 10 --out DIR`: .eml files and labels.jsonl."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from atesaki import content
from benchmarks import BenchError
from benchmarks.detection.drawing import Draw, Layout
from benchmarks.detection.labels import spans
from benchmarks.detection.layouts import SPLITS, load
from benchmarks.detection.writing import write


@dataclass(frozen=True)
class Label:
    """A customer's value in a mail. `start` and `end` count in `Mail.text`; `place` counts in the named part."""

    type: str
    text: str
    start: int
    end: int
    part: str
    place: tuple[int, int]


@dataclass(frozen=True)
class Mail:
    """One drawn mail with its labels; `customer` is what the sender's customer table holds."""

    file: str
    layout: str
    language: str
    region: str
    personal: bool
    raw: bytes
    text: str
    labels: tuple[Label, ...]
    customer: dict[str, list[str]]

    def line(self) -> dict[str, Any]:
        """Its line in labels.jsonl: everything but the octets."""
        return {
            "file": self.file,
            "layout": self.layout,
            "language": self.language,
            "region": self.region,
            "personal": self.personal,
            "labels": [asdict(each) for each in self.labels],
            "customer": self.customer,
            "text": self.text,
        }


def texts(reading: content.Reading) -> Iterator[tuple[str, str]]:
    """What a recipient is shown, by part: "subject", "header:To" and the parts' paths."""
    yield "subject", reading.subject
    yield "header:To", next((value for name, value in reading.headers if name.lower() == "to"), "")
    for part in reading.parts:
        yield part.path, part.text


def draw(layout: Layout, number: int) -> Mail:
    """The mail of that number. Raises BenchError if labels and text do not fit together: then the layout is wrong.

    The labels' places are found by reading the same mail with the marks left in, so they are exact in the text that
    `content.read` gives, whatever charset and structure the mail has.
    """
    drawing = Draw(layout, number)
    message = layout.make(drawing)
    try:
        labels, raw, text = _labels(drawing, message)
    except ValueError as error:
        raise BenchError(f"layout {layout.slug}, mail {number}: {error}") from None
    customer = drawing.people[0].known if drawing.people and layout.personal else {}
    name = f"{layout.slug}-{number:05}.eml"
    return Mail(name, layout.slug, layout.language, drawing.region, layout.personal, raw, text, tuple(labels), customer)


def _labels(drawing: Draw, message: Any) -> tuple[list[Label], bytes, str]:
    layout = drawing.layout
    raw = write(drawing, message)
    plain = content.read(raw)
    marked = dict(texts(content.read(write(drawing, message, marked=True))))
    sources = [
        message.subject,
        message.to,
        message.text or "",
        message.html or "",
        *(a[2] for a in message.attachments),
    ]
    drawn = sum(len(spans(source, join=False)[1]) for source in sources)
    again = 0
    found: list[Label] = []
    base = 0
    for part, text in texts(plain):
        unmarked, here = spans(marked.get(part, ""))
        again += len(spans(marked.get(part, ""), join=False)[1])
        if len(unmarked) != len(text):
            raise ValueError(f"part {part} reads differently with and without marks")
        inside = part != "header:To"
        for kind, _, start, end in here:
            value = text[start:end]
            at = (base + start, base + end) if inside else (-1, -1)
            found.append(Label(kind, value, *at, part, (start, end)))
        if inside and text:
            base += len(text) + 2
    if again != drawn and not any(part.why for part in plain.parts):
        raise ValueError(f"{drawn} values were labelled and {again} found again in the mail")
    if layout.personal and not found:
        raise ValueError("it is called personal and holds no labelled value")
    if not layout.personal and found:
        raise ValueError(f"it is called clean and holds a labelled {found[0].type}")
    for each in found:
        if each.start >= 0 and plain.text[each.start : each.end] != each.text:
            raise ValueError(f"the label of {each.type} does not lie where it says")
    return found, raw, plain.text


def mails(layouts: list[Layout], many: int, first: int = 0) -> Iterator[Mail]:
    """So many mails of each layout, from number `first` on."""
    for layout in layouts:
        for number in range(first, first + many):
            yield draw(layout, number)


def write_corpus(out: Path, drawn: Iterator[Mail]) -> int:
    """The files and labels.jsonl in `out`; how many."""
    out.mkdir(parents=True, exist_ok=True)
    many = 0
    with (out / "labels.jsonl").open("w", encoding="utf-8") as lines:
        for mail in drawn:
            (out / mail.file).write_bytes(mail.raw)
            lines.write(json.dumps(mail.line(), ensure_ascii=False) + "\n")
            many += 1
    return many


def main() -> int:
    """The exit code: 0 written, 1 not."""
    parser = argparse.ArgumentParser(prog="benchmarks.detection.generate", description=__doc__)
    parser.add_argument("--split", choices=SPLITS, default="open")
    parser.add_argument("--layouts", type=Path, help="folder of the split's modules, when it is not in this tree")
    parser.add_argument("--mails", type=int, default=10, help="how many of each layout")
    parser.add_argument("--first", type=int, default=0, help="number of the first: other numbers, other mails")
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    try:
        many = write_corpus(wanted.out, mails(load(wanted.split, wanted.layouts), wanted.mails, wanted.first))
    except BenchError as error:
        print(f"generate: {error}", file=sys.stderr)
        return 1
    print(f"{many} mails and labels.jsonl in {wanted.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
