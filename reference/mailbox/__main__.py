"""`python -m reference.mailbox FOLDER --smtp HOST:PORT --web HOST:PORT`, until SIGTERM."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from .keeper import listen
from .page import serve


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m reference.mailbox", description=__doc__)
    words.add_argument("folder", type=Path)
    words.add_argument("--smtp", required=True, metavar="HOST:PORT")
    words.add_argument("--web", required=True, metavar="HOST:PORT")
    given = words.parse_args()
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    door = listen(given.folder, given.smtp)
    pages = serve(given.folder, given.web)
    try:
        ended.wait()
    finally:
        pages.shutdown()
        door.stop()


if __name__ == "__main__":
    main()
