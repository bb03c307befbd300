"""Makes an installation ready: its tables, its ledger's partitions, and the shop. One process, as each costs seconds.

`python -m faults.prepare` runs the product's own commands one after the other, and prints what the shop was issued.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout

from faults.town import SENDER

SERVICE = "faults"
_COMMANDS = (
    ("migrate",),
    ("due",),
    (
        *("service", "add", SERVICE, "--organisation", "かなりあ商事", "--locale", "ja"),
        *("--mode", "enforce", "--from", SENDER, "--json"),
    ),
    ("service", "set", SERVICE, "--api-per-minute", "60000"),
)


def main() -> None:
    from atesaki.cli import main as atesaki

    issued = ""
    for words in _COMMANDS:
        said = io.StringIO()
        sys.argv = ["atesaki", *words]
        try:
            with redirect_stdout(said):
                atesaki()
        except SystemExit as ended:
            if ended.code:
                raise
        issued = said.getvalue() if "add" in words else issued
    print(json.dumps(json.loads(issued)))


if __name__ == "__main__":
    main()
