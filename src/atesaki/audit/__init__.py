"""A service's past: whom it has been writing to without proof, and what went there.

Promise: Reads customers and past mail, on this machine or a cluster, and says who was written to without proof.
Never: Sends anything, keeps a mail's content, counts a thing twice, or needs an installation.
On failure: What cannot be read is passed over and told with its number and place; a run that was killed goes on.
Read first: `program.run`, then `tally.add_up`.
"""

from __future__ import annotations

from typing import Any

from atesaki.audit.options import THREAD, AuditError, Options
from atesaki.audit.suspicion import suspicions

__all__ = ["THREAD", "AuditError", "Options", "missing", "render", "run", "suspicions"]


def missing() -> str:
    """What is to be installed before `run` can be called; empty if nothing."""
    try:
        import daft
        import pyarrow
    except ImportError:
        return "the audit needs Daft and Arrow; install them with: pip install 'atesaki[audit]'"
    del daft, pyarrow
    return ""


def run(options: Options, watcher: Any, language: str = "ja") -> dict[str, Any]:
    """The whole audit (`program.run`); imported late, for Daft and Arrow are an extra."""
    from atesaki.audit.program import run as whole

    return whole(options, watcher, language)


def render(report: dict[str, Any], language: str = "ja") -> str:
    """report.html, of report.json; `language` is the one it opens in."""
    from atesaki.audit.report import render as page

    return page(report, "ja" if language == "ja" else "en")
