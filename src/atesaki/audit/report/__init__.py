"""`report.html`, from `report.json` alone: one file, both languages, no script, nothing fetched; printable.

No figure is computed here but shares; what is chosen (the first month with a leak, the first rows of a table) is
said where it is shown.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.template import Context, Engine
from django.utils.safestring import mark_safe

from atesaki.language import LANGUAGES, Language

from . import figures
from .sections import View

_HERE = Path(__file__).parent


def render(report: dict[str, Any], language: Language = "ja") -> str:
    """The whole page.

    report: as in `report.json`; `zone` in it names the time zone of its days, UTC by default.
    language: which of both is shown at first; the reader switches.
    """
    zone = figures.plain(report.get("zone") or "UTC")
    views = [View(report, lang, zone, version("atesaki")) for lang in LANGUAGES]
    context = {
        # Our own file: it has no tags in it, and nothing from data.
        "css": mark_safe((_HERE / "report.css").read_text(encoding="utf-8")),  # noqa: S308
        "language": language,
        "views": views,
    }
    return _engine().get_template("report.html").render(Context(context, autoescape=True))


@cache
def _engine() -> Engine:
    """Django's templates by themselves: they need no settings, and no other app's tags are in reach."""
    return Engine(dirs=[str(_HERE)])


__all__ = ["render"]
