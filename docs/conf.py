"""How Sphinx makes the site of this folder (`make site`): without the network, a warning being an error (0023)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
TREE = DOCS.parent

project = "atesaki"
author = "the authors of atesaki"
html_title = "atesaki"
extensions = ["myst_parser"]
exclude_patterns = ["make/**", "_static/**"]
source_suffix = {".md": "markdown"}
language = "en"

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
suppress_warnings = [
    "myst.header",  # a page may leave a level out
    "misc.highlighting_failure",  # a block may be a part of a file, or have places to fill in
]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "../src/atesaki/pages/static/atesaki/icon.svg"
html_logo = html_favicon
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_search_language = "ja"  # its splitter knows both languages; the English one would take a sentence for a word
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6b57", "color-brand-content": "#0b6b57"},
    "dark_css_variables": {"color-brand-primary": "#7fd6bd", "color-brand-content": "#7fd6bd"},
    "navigation_with_keys": False,
}
templates_path: list[str] = []

_LINK = re.compile(r"\[([^\]]+)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
_JAPANESE = {
    "Next": "次のページ",
    "Previous": "前のページ",
    "Home": "最初のページ",
    "On this page": "このページの内容",
    "Search": "検索",
    "Contents": "目次",
    "Back to top": "先頭へ戻る",
    "Skip to content": "本文へ移動",
}


def outside(page: Path, text: str) -> str:
    """A page's links, those out of this folder as the names of files: the tree is not part of the site."""

    def written(link: re.Match[str]) -> str:
        words, target = link[1].strip("`"), (page.parent / link[2]).resolve()
        if (target.is_relative_to(DOCS) and target.is_file()) or not target.exists():
            return link[0]
        name = target.relative_to(TREE).as_posix() + ("/" if target.is_dir() else "")
        return f"`{name}`" if words.rstrip("/") == name.rstrip("/") else f"{words} (`{name}`)"

    return _LINK.sub(written, text)


def _read(app: Any, docname: str, source: list[str]) -> None:
    source[0] = outside(Path(app.env.doc2path(docname)), source[0])


def _in_its_language(app: Any, name: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """A Japanese page says so, and has the few words around it in Japanese."""
    if name.startswith("ja/"):
        context["language"] = "ja"
        context["_"] = context["gettext"] = lambda text: _JAPANESE.get(text, text)


def setup(app: Any) -> dict[str, bool]:
    """Sphinx' own hook."""
    app.connect("source-read", _read)
    app.connect("html-page-context", _in_its_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
