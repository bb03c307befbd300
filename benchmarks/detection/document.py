"""`python -m benchmarks.detection.document [FILE]`: docs/detection.md from results, by default the newest."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.detection import tables
from benchmarks.detection.runner import RESULTS

PAGE = Path(__file__).parent.parent.parent / "docs" / "detection.md"
_HEAD = """\
# Does a mail carry personal data? Measured, beside others

This page is written by `python -m benchmarks.detection.document` from `{file}`; to measure anew, call
`make bench-detection`. It makes an environment of its own (`.venv-detection`) with Presidio, GiNZA and SudachiPy, and
takes about ten minutes. A tool that is not installed has a row that says so.
{warning}
Measured on {date} with {machine}. {versions}.

Detection decides nothing by itself: an unproved address gets nothing personal, whatever the detector thinks
([laws.md](laws.md), L1). It says what a waiting mail holds, what observing found, and what an audit counts.

## What the columns say
- **recall**: of the mails that hold personal data, how many a tool flags. `unsure` counts as flagged. In brackets the
  counts and the 95 % interval (Wilson) over mails.
- **for a true reason**: flagged, and a span that was found overlaps a label. A tool that flags every mail for the
  shop's own phone number has full recall and little of this.
- **over layouts**: the 95 % interval when whole layouts are drawn again (cluster bootstrap, {times} times). Mails of
  one layout hardly differ, so this is the one to believe for a layout that nobody has seen. Where every layout came
  out the same it is a point and says nothing of layouts that are not there: {layouts} are few.
- **clean flagged**: of the mails that hold nobody's data (newsletters, recalls, notices to everybody), how many a tool
  flags. They are full of the sender's own names, addresses and phone numbers. Those of one layout are different issues
  of it: that the same issue goes to many others, which `learning` makes use of, is not shown here.
- **core P, R, F1**: spans of name (with its reading), address (with its postal code), phone, mail address and date of
  birth; a span is right if it overlaps a label of its kind. **all F1**: with account numbers, card tails, secrets and
  goods as well, which the others do not look for. Both are micro averages.
- **mails/s**: the octets read and judged, for each second of processor time of one process that is kept to one thread;
  **scan only**: the text being there already. Median of {rounds} rounds (least–most); the tools go in turns, another
  beginning each round. **ours is × as fast**: atesaki cold to that tool, round by round.
- **peak MB**: of the process, with its models.

The rows of ours: **cold** knows nothing of the sender. **{learnt} mails learnt** has seen {learnt} other mails of the
layout, to other people. **customer known** is given what the sender's customer table holds (names, address, phones,
mail address, date of birth, number). Presidio runs with ja_ginza for Japanese and spaCy's small model for English,
asked for persons, places, phones, mail addresses, post codes and cards with a score of 0.35 or more; dates and links
are not asked for, or it would flag every mail. GiNZA and SudachiPy are Japanese tools and get the English mails too.
"""
_TAIL = """\
## The mails
Each layout is a Python function in `benchmarks/detection/layouts/` that writes one trade's mail in one style, with
invented people, shops and goods; none is copied. The people's values carry invisible marks through the f-strings, and
the labels are where those marks come out after the mail was written with its charset, encoding and structure and read
again: so they are exact. The `open` layouts could be read while the detector was written; the `unseen` ones
were written by somebody else, and the detector's author did not look at them. The sixteen were written by hand before
either.

To use them for another tool:

    python -m benchmarks.detection.generate --split open --mails 20 --out DIR
    python -m benchmarks.detection.score DIR predictions.jsonl

`DIR/labels.jsonl` has a line for each `.eml` file: `text` (the subject and every readable part, parted by blank lines),
`labels` (`type`, `text`, `start`, `end` in that text, the `part` and the `place` in it), `personal`, `language`,
`customer`. Write one line for each mail, `{"file": "….eml", "found": [["name", 10, 15]]}`. The same layout, number and
version give the same mail on every machine; `--first` gives others. A layout of your own is a function with
`@layout(…)` in a folder that `--layouts` names.

Licence: Apache-2.0, like everything here; the generated mails may be used without a notice.

## What this cannot say
- The mails are invented by few people. Real senders have habits that none of us thought of; {layouts} layouts are a
  small sample of them, and the interval over layouts is only about layouts like these.
- Everything is well-formed: broken MIME, wrong charsets and mail bombs are tested elsewhere (`tests/test_reading.py`).
- Names are drawn with rare ones far more often than they are. Numbers and addresses are well-formed, but nobody's
  houses; a tool that checks them against a directory would find them missing.
- Our own tables of labels and the layouts come from one house. The `unseen` split guards against fitting to layouts,
  not against thinking alike.
- A label is what a reader could tie to a person. Order numbers, dates and prices are not labelled, though with other
  data they may tell somebody.
"""


def page(found: Mapping[str, Any], file: str) -> str:
    """The whole page."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    layouts = sum(its["layouts"] for split, its in found["splits"].items() if split != "sixteen")
    out = [
        _HEAD.format(
            file=file,
            date=found["date"][:10],
            machine=f"{machine['processor']}, {machine['cores']} cores, {machine['memory_mb'] // 1024} GiB",
            versions=versions,
            warning="\n**Made in a hurry, of a part only: not to be quoted.**\n" if found["quick"] else "",
            times="2,000",
            rounds=found["plan"]["rounds"],
            learnt=found["plan"]["learnt"],
            layouts=layouts,
        )
    ]
    for split, its in found["splits"].items():
        out.append(f"## {tables.heading(split, its)}\n")
        for title, table in (
            ("Mails", tables.mails),
            ("Spans, speed, memory", tables.spans),
            ("F1 by kind", tables.kinds),
            ("By language", tables.languages),
        ):
            out.append(f"### {title} ({split})\n\n{tables.markdown(table(its))}\n")
        if split != "sixteen":
            out.append(
                f"### By layout ({split})\n\nPersonal: flagged for a true reason · core F1. Clean: flagged.\n\n"
                f"{tables.markdown(tables.layouts(its))}\n"
            )
    return "\n".join([*out, _TAIL.replace("{layouts}", str(layouts))])


def newest() -> Path:
    """The newest whole run's file, or the newest quick one if there is none."""
    files = sorted(RESULTS.glob("detection-*.json"))
    whole = [file for file in files if not file.stem.endswith("-quick")]
    if not files:
        raise SystemExit("no results yet: call `make bench-detection`")
    return (whole or files)[-1]


def main() -> int:
    """Writes the page."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else newest()
    PAGE.write_text(page(json.loads(file.read_text("utf-8")), f"benchmarks/results/{file.name}"), "utf-8")
    print(f"{PAGE} from {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
