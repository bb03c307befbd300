"""`python -m reference.story [--out FOLDER]`: plays both worlds and writes what was seen."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from . import programs
from .play import Play
from .report import table, write

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m reference.story", description=__doc__)
    words.add_argument("--out", type=Path, default=programs.TOP / "docs" / "story")
    words.add_argument("--keep", type=Path, help="keep the worlds' homes and logs in this folder")
    given = words.parse_args()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return _cannot("the story is played in a browser: call `make story`, which installs what it needs.")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        return _cannot("the story needs Chromium: install it (Debian: apt install chromium fonts-noto-cjk).")
    home = given.keep or Path(tempfile.mkdtemp(prefix="atesaki-story-"))
    pictures = home / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
            told = []
            for name, world in (("before", programs.before), ("after", programs.after)):
                print(f"story: {name}", flush=True)
                with world(home / name) as running:
                    told.append(Play(running, browser, pictures).run())
            browser.close()
    except programs.StoryError as error:
        return _cannot(f"{error}\n(its homes and logs are in {home})")
    write(given.out, pictures, *told)
    if not given.keep:
        shutil.rmtree(home, ignore_errors=True)
    for label, one, two in table(*told):
        print(f"{label}\n    before: {one}\n    after:  {two}")
    print(f"story: written to {given.out}")
    return 0


def _cannot(why: str) -> int:
    print(f"story: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
