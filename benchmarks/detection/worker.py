"""One tool in a process of its own, so that its memory is its own: reads commands as JSON lines, answers in JSON lines.

{"do": "judge"} → what it says of every mail of the corpus. {"do": "time", "files": […], "whole": bool} → mails and
seconds of processor time of going over those once: a second time would be cheaper for whoever remembers lines.
{"do": "memory"} → the peak in MB.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from atesaki import content
from benchmarks.detection import tools


def cases(corpus: Path) -> tuple[dict[str, tools.Case], dict[str, list[bytes]]]:
    """The mails by file name, and the mails to learn from by layout."""
    found: dict[str, tools.Case] = {}
    learnt: dict[str, list[bytes]] = {}
    for line in (corpus / "labels.jsonl").read_text("utf-8").splitlines():
        it = json.loads(line)
        raw = (corpus / it["file"]).read_bytes()
        if it.get("learn"):
            learnt.setdefault(it["layout"], []).append(raw)
            continue
        region = it.get("region") or ("JP" if it["language"] == "ja" else "US")
        found[it["file"]] = tools.Case(it["file"], it["layout"], it["language"], region, raw, it["customer"])
    return found, learnt


def main() -> int:
    """`python -m benchmarks.detection.worker TOOL CORPUS`."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not look like an answer
    with contextlib.redirect_stdout(sys.stderr):
        corpus, learnt = cases(Path(sys.argv[2]))
        try:
            scan = tools.make(sys.argv[1], learnt)
        except tools.Missing as missing:
            _say(answers, {"missing": str(missing)})
            return 0
        _say(answers, {"ready": True})
        for line in sys.stdin:
            _say(answers, _done(json.loads(line), scan, corpus))
    return 0


def _say(answers: TextIO, what: Any) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _done(wanted: dict[str, Any], scan: tools.Scan, corpus: dict[str, tools.Case]) -> Any:
    if wanted["do"] == "judge":
        said = ((case, scan(case, content.read(case.raw))) for case in corpus.values())
        return {
            case.file: {"flagged": it.flagged, "found": [(each.kind, each.start, each.end) for each in it.found]}
            for case, it in said
        }
    if wanted["do"] == "time":
        return _timed([corpus[name] for name in wanted["files"]], scan, wanted["whole"])
    return {"peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}


def _timed(sample: list[tools.Case], scan: tools.Scan, whole: bool) -> dict[str, float]:
    """`whole`: reading the octets is part of it, else only what the tool does with the text."""
    readings = [None if whole else content.read(case.raw) for case in sample]
    began = _processor_seconds()
    for case, reading in zip(sample, readings, strict=True):
        scan(case, reading or content.read(case.raw))
    return {"mails": len(sample), "seconds": _processor_seconds() - began}


def _processor_seconds() -> float:
    """Of this process and of children that have ended: what else runs on the machine does not count."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    sys.exit(main())
