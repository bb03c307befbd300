"""`python -m benchmarks.detection.score FOLDER PREDICTIONS`: the figures of any other tool on a generated folder.

PREDICTIONS has a line of JSON for each mail: {"file": "…eml", "flagged": true, "found": [["name", 10, 15], …]}; places
count in the `text` of that mail's line in labels.jsonl. "flagged" may be left out: then a mail with a span is.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import BenchError
from benchmarks.detection import figures, tables
from benchmarks.detection.generate import Label, Mail
from benchmarks.detection.labels import KINDS


def folder(place: Path) -> list[Mail]:
    """The mails of a folder that `generate` wrote, without their octets."""
    lines = (json.loads(line) for line in (place / "labels.jsonl").read_text("utf-8").splitlines())
    return [
        Mail(
            **{
                **it,
                "raw": b"",
                "labels": tuple(Label(**{**each, "place": tuple(each["place"])}) for each in it["labels"]),
            }
        )
        for it in lines
    ]


def scored(mails: list[Mail], predictions: Path) -> dict[str, Any]:
    """All figures. Raises BenchError for a line that is not as it must be, and for mails without one."""
    said: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(predictions.read_text("utf-8").splitlines(), 1):
        try:
            it = json.loads(line)
            found = [(str(kind), int(start), int(end)) for kind, start, end in it.get("found", [])]
            said[it["file"]] = {"flagged": bool(it.get("flagged", found)), "found": found}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BenchError(
                f'{predictions}, line {number}: it must be {{"file": …, "found": [[kind, start, end]]}}'
            ) from None
        unknown = {kind for kind, _, _ in found} - set(KINDS)
        if unknown:
            raise BenchError(
                f"{predictions}, line {number}: no kind {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}"
            )
    lacking = [mail.file for mail in mails if mail.file not in said]
    if lacking:
        raise BenchError(f"{len(lacking)} mails have no line in {predictions}; the first is {lacking[0]}")
    return figures.row(figures.judged(mails, said))


def main() -> int:
    """The exit code: 0 scored, 1 not."""
    parser = argparse.ArgumentParser(prog="benchmarks.detection.score", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("predictions", type=Path)
    wanted = parser.parse_args()
    try:
        row = {"title": wanted.predictions.name, "peak_mb": 0, **scored(folder(wanted.folder), wanted.predictions)}
    except (BenchError, OSError) as error:
        print(f"score: {error}", file=sys.stderr)
        return 1
    found = {"rows": {"theirs": row}}
    print("\n\n".join(tables.text(each(found)) for each in (tables.mails, tables.spans, tables.kinds, tables.layouts)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
