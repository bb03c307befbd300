"""`python -m faults`, which is what `make faults` calls."""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any

from faults import FaultsError, document, run
from faults.mutants import MUTATIONS
from faults.plan import Plan


def main() -> int:
    """The exit code: 0 every promise was kept, 1 one was not, 2 it could not be tried."""
    asked = _asked()
    plan = _plan(asked)
    print(f"faults: seed {plan.seed} (again: make faults SEED={plan.seed} …)", flush=True)
    folder = run.folder()
    sys.path.insert(0, str(folder / "source"))
    try:
        report = run.play(plan, folder, keep=asked.keep)
    except FaultsError as error:
        print(f"faults: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report["machine"] = document.machine() | report["machine"]
    _show(report)
    if not asked.quick and not asked.mutation:
        print(f"written to {document.keep(report)}")
    if asked.document:
        document.write(report)
    return 1 if report["violations"] else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description="Real processes, real faults, and every mail judged.")
    parser.add_argument("--mails", type=int, help="how many at least (200,000)")
    parser.add_argument("--faults", type=int, help="how many (200)")
    parser.add_argument("--seconds", type=float, default=0, help="how long, instead of how many mails")
    parser.add_argument("--boxes", type=int, help="how many mailboxes (60 to 600)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="replays a plan")
    parser.add_argument("--quick", action="store_true", help="about a minute: 12 seconds of load, 24 faults")
    parser.add_argument("--mutation", choices=MUTATIONS, default="", help="a product that must be found wrong")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the records and logs there")
    parser.add_argument("--document", action="store_true", help="write the report into docs/faults.md as well")
    return parser.parse_args()


def _plan(asked: argparse.Namespace) -> Plan:
    if asked.quick:
        return Plan(
            asked.seed,
            asked.mails or 3_000,
            asked.faults or 24,
            asked.seconds or 12,
            boxes=asked.boxes or 60,
            mutation=asked.mutation,
            patient=False,
            long=False,
        )
    mails, faults = asked.mails or 200_000, asked.faults or 200
    boxes = asked.boxes or min(max(mails // 200, 60), 600)
    return Plan(asked.seed, mails, faults, asked.seconds, boxes=boxes, mutation=asked.mutation)


def _show(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if name != "stories":
            print(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    for story in report["stories"]:
        print(f"\n{story}")
    kept = "every promise was kept" if not report["violations"] else "PROMISES WERE BROKEN"
    print(f"\nfaults: {kept}")


if __name__ == "__main__":
    sys.exit(main())
