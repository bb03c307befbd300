"""Which words of a subject may be told to whoever looks after the templates: everybody's, and the sender's own.

Only what is listed, as no program can tell a name from a word: 大島 may be a town, Grace a word, さくら a shop.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_KANJI = re.compile("[一-龠々〆]+")
_ENDING = re.compile("[ぁ-ゖ]{1,3}")  # of a listed word in kanji: 届け, 知らせ


@cache
def _lists() -> tuple[frozenset[str], re.Pattern[str]]:
    """Words that are known as they are, and what a run of kanji may be made of."""
    data = {name: text.split() for name, text in tomllib.loads(_file()).items()}
    many, before, after = ("|".join(data[name]) for name in ("kanji", "before", "after"))
    whole = frozenset([*data["kana"], *data["english"], *data["alone"]])
    return whole, re.compile(f"(?:{before})?(?:{many})+(?:{after})?")


def _file() -> str:
    return files(__package__).joinpath("subject_words.toml").read_text("utf-8")


def tellable(words: Iterable[str], own: frozenset[str]) -> tuple[str, ...]:
    """A subject's words, `…` for each that may be somebody's. `own`: words of the sender, in small letters."""
    whole, made_of = _lists()
    told: list[str] = []
    after_kanji = False
    for word in words:
        kanji = _KANJI.fullmatch(word) is not None
        small = word.casefold()
        if not re.search(r"\w", word):
            known = word.isprintable()
        elif kanji:
            known = small in own or small in whole or made_of.fullmatch(word) is not None
        else:
            # のご, とお: what follows a word, and begins the next.
            known = bool({small, small.removesuffix("ご"), small.removesuffix("お")} & (whole | {""})) or small in own
            known = known or (after_kanji and _ENDING.fullmatch(word) is not None)
        told.append(word if known else "…")
        after_kanji = kanji and known
    return tuple(told)
