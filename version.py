"""The version that both packages are built with (docs/release.md); hatchling asks for it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

FALLBACK = "0.1.0.dev0"  # of a tree without a tag


def of(described: str) -> str:
    """From what `git describe --tags --long` says: `v1.2.0-7-gabcdef0` is seven commits after 1.2.0."""
    found = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)((?:a|b|rc)\d+)?-(\d+)-g[0-9a-f]+", described)
    if found is None:
        return FALLBACK
    major, minor, patch, early, since = found.groups()
    if since == "0":
        return f"{major}.{minor}.{patch}{early or ''}"
    if early:
        return f"{major}.{minor}.{patch}{early}.post{since}.dev0"
    return f"{major}.{minor}.{int(patch) + 1}.dev{since}"


def version() -> str:
    """This tree's: `ATESAKI_VERSION` where no Git is (an image's build), else the last tag's."""
    if given := os.environ.get("ATESAKI_VERSION"):
        return given
    tree = Path(__file__).resolve().parent
    if not (tree / ".git").exists():
        return FALLBACK
    git = ["git", "-C", str(tree), "describe", "--tags", "--long", "--match", "v[0-9]*"]
    try:
        ran = subprocess.run(git, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - words of ours alone
    except OSError:
        return FALLBACK
    return of(ran.stdout.strip())
