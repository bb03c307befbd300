"""Lines of a text in the form in which they are compared, each character with its place in the text as it stands."""

import re
from collections.abc import Iterator
from itertools import pairwise
from unicodedata import normalize

# ー is a letter except between digits; rulings are left alone, since they part blocks.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_SPACES = "\u00a0\u2002\u2003\u2004\u2005\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_ONE = (
    {ord(dash): "-" for dash in _DASHES}
    | {ord(space): " " for space in _SPACES}
    | {code: normalize("NFKC", chr(code)) for code in range(0xFF01, 0xFF5F) if code != 0xFF0D}
    | {code: normalize("NFKC", chr(code)) for code in range(0xFF61, 0xFF9E)}
    | {0x301C: "~", 0xFFE5: "¥"}
)
_SPELT = {chr(code): spelt for code, spelt in _ONE.items()}
_UNSEEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
_OTHER = re.compile(f"[{_UNSEEN}{_DASHES}{_SPACES}\uff01-\uff9f\u301c\uffe5]")
_MANY = re.compile(f"[{_UNSEEN}]|[\uff66-\uff9d][\uff9e\uff9f]|[\uff9e\uff9f]")
_LONG_MARK = re.compile("(?<=[0-9])[ー─━](?=[0-9])")
_QUOTED = re.compile(r"(?:[>|] ?)+(?=[^>| ])")


class Line:
    """One line: `text` is compared, `raw` stands in the part from `start` on; `at` leads from one to the other."""

    __slots__ = ("hints", "number", "origin", "raw", "start", "text")

    def __init__(self, raw: str, start: int, number: int, plain: str | None = None) -> None:
        """`plain`: `raw` as it is compared, where that is known and each character has its own place."""
        self.raw = raw
        self.start = start
        self.number = number
        self.origin: list[int] | None = None
        self.hints = 0
        if plain is not None:
            self.text = plain
        else:
            self.text = raw if raw.isascii() else self._plain(raw)
        if self.text[:1] in (">", "|") or self.text[:2] == " >":
            quoted = _QUOTED.match(self.text)
            if quoted:  # as many blanks, so that places stay
                self.text = " " * quoted.end() + self.text[quoted.end() :]

    def _plain(self, raw: str) -> str:
        if _OTHER.search(raw) is None:
            text = raw
        elif _MANY.search(raw) is None:
            text = raw.translate(_ONE)
        else:
            text = self._composed(raw)
        return _LONG_MARK.sub("-", text) if "ー" in text or "─" in text or "━" in text else text

    def _composed(self, raw: str) -> str:
        """Invisible characters go, and half-width kana take their marks in."""
        cuts = [0]
        pieces: list[str] = []
        origin: list[int] = []
        for found in _MANY.finditer(raw):
            cuts += [found.start(), found.end()]
        cuts.append(len(raw))
        special = False
        for start, end in pairwise(cuts):
            piece = raw[start:end]
            if special:
                shown = normalize("NFKC", piece) if "\uff61" <= piece[0] <= "\uff9f" else ""
                shown = shown[:1] if shown != " \u3099" else "゛"
                pieces.append(shown)
                origin.extend([start] * len(shown))
            else:
                pieces.append(piece.translate(_ONE))
                origin.extend(range(start, end))
            special = not special
        origin.append(len(raw))
        self.origin = origin
        return "".join(pieces)

    def at(self, start: int, end: int) -> tuple[int, int]:
        """Where in the part that stands which stands from `start` to `end` in `text`."""
        if self.origin is None:
            return self.start + start, self.start + end
        last = self.origin[end - 1] + 1 if end > start else self.origin[start]
        if end < len(self.origin) and end > start and self.raw[last : last + 1] in ("\uff9e", "\uff9f"):
            last += 1
        return self.start + self.origin[start], self.start + last


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a text, split at LF alone as `Reading` splits them."""
    at = 0
    raws = text.split("\n")
    plains = _all_plain(text, raws)
    if plains is None:
        for number, raw in enumerate(raws):
            yield Line(raw, at, number)
            at += len(raw) + 1
    else:
        for number, (raw, plain) in enumerate(zip(raws, plains, strict=True)):
            yield Line(raw, at, number, plain)
            at += len(raw) + 1


def _all_plain(text: str, raws: list[str]) -> list[str] | None:
    """All lines in one go; None where one of them has a character that does not stand for itself alone."""
    if text.isascii():
        return raws
    plain = text
    for letter in set(_OTHER.findall(text)):
        spelt = _SPELT.get(letter)
        if spelt is None:
            return None
        plain = plain.replace(letter, spelt)
    if "ー" in plain or "─" in plain or "━" in plain:
        plain = _LONG_MARK.sub("-", plain)
    return raws if plain == text else plain.split("\n")
