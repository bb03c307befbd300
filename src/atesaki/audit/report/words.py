"""The report's sentences, from `ja.toml` and `en.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from atesaki.language import Language


@cache
def catalogue(lang: Language) -> dict[str, dict[str, str]]:
    """Section, key, sentence."""
    return tomllib.loads((Path(__file__).parent / f"{lang}.toml").read_text(encoding="utf-8"))


def say(lang: Language, key: str, **arguments: object) -> str:
    """The sentence of `section.key` with its `{arguments}`, as plain text."""
    section, _, name = key.partition(".")
    return catalogue(lang)[section][name].format(**arguments)


def word(lang: Language, section: str, slug: object) -> str:
    """The word for a slug of a list of ours; the slug itself if a newer engine has one more."""
    return catalogue(lang)[section].get(str(slug), str(slug))
