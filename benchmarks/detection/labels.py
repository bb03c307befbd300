"""A label that a plain `str` carries through f-strings: two invisible private-use characters around the value."""

from __future__ import annotations

from typing import NamedTuple

KINDS = (
    *("name", "kana", "postal", "address", "phone", "email"),
    *("dob", "account_id", "card_tail", "secret", "order_item"),
)

_OPEN = {kind: chr(0xE000 + number) for number, kind in enumerate(KINDS)}
_KIND = {mark: kind for kind, mark in _OPEN.items()}
_CLOSE = "\ue0ff"
_UNMARK = dict.fromkeys([*map(ord, _KIND), ord(_CLOSE)])
# 大島 / 健太郎 and city / street are one value when only these part them.
_JOINED = {"name": " 　", "kana": " 　", "address": " 　,"}


class Span(NamedTuple):
    """A labelled value: `start` and `end` in characters of the text without marks."""

    kind: str
    text: str
    start: int
    end: int


def label(kind: str, text: str) -> str:
    """`text` labelled as a customer's value of that kind; an empty text stays empty."""
    return f"{_OPEN[kind]}{text}{_CLOSE}" if text else ""


def visible(text: str) -> str:
    """`text` without its marks."""
    return text.translate(_UNMARK)


def spans(marked: str, *, join: bool = True) -> tuple[str, list[Span]]:
    """The text without marks, and what was labelled in it; of labels inside each other, the outer one.

    With `join`, neighbours of one kind that only blanks part (a family and a given name) are one value.

    Raises ValueError if a mark has lost its other half, as by slicing a labelled value.
    """
    out: list[str] = []
    at = 0
    opened: list[tuple[str, int]] = []
    found: list[Span] = []
    for character in marked:
        if character in _KIND:
            opened.append((_KIND[character], at))
        elif character == _CLOSE:
            if not opened:
                raise ValueError("a label ends that never began: do not slice labelled values")
            kind, start = opened.pop()
            if not opened:
                found.append(Span(kind, "".join(out)[start:at], start, at))
        else:
            out.append(character)
            at += 1
    if opened:
        raise ValueError("a label begins and does not end: do not slice labelled values")
    text = "".join(out)
    joined: list[Span] = []
    for span in found:
        last = joined[-1] if joined else None
        if (
            join
            and last
            and last.kind == span.kind in _JOINED
            and not text[last.end : span.start].strip(_JOINED[span.kind])
        ):
            joined[-1] = Span(span.kind, text[last.start : span.end], last.start, span.end)
        else:
            joined.append(span)
    return text, joined
