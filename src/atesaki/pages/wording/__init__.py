"""The words of the pages: one TOML catalogue for each language, and which language a browser wants.

Promise:    Every sentence that a page shows stands in `*ja.toml` and `*en.toml` under the same key.
Never:      Holds markup, so that what is said can always be escaped as a whole.
On failure: An unknown key or a missing argument raises; the tests find both before a reader does.
Read first: `say`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

from atesaki.language import LANGUAGES, Language, language


@cache
def catalogue(lang: Language) -> dict[str, str]:
    """Every key of a language, as `section.name`."""
    found: dict[str, str] = {}
    suffix = f"{lang}.toml"  # without it, the files come in one order in both languages
    for file in sorted(Path(__file__).parent.glob(f"*{suffix}"), key=lambda file: file.name.removesuffix(suffix)):
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
        found |= {f"{section}.{name}": text for section, entries in sections.items() for name, text in entries.items()}
    return found


def say(lang: Language, key: str, **arguments: object) -> str:
    """The sentence of `key` with its `{arguments}`, as plain text."""
    return catalogue(lang)[key].format(**arguments)


def asked(request: HttpRequest) -> Language | None:
    """The language that the reader chose with the switch (`?lang=`), if any."""
    wanted = request.GET.get("lang")
    return next((lang for lang in LANGUAGES if lang == wanted), None)


def chosen(request: HttpRequest) -> Language:
    """The switch's language, else the best one that the browser accepts (RFC 9110 12.5.4), else English."""
    if switched := asked(request):
        return switched
    if spoken := getattr(request, "speaks", None):  # who is signed in has said so once
        return language(spoken)
    for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        found = next((lang for lang in LANGUAGES if code == lang or code.startswith(f"{lang}-")), None)
        if found:
            return found
    return "en"
