"""Signs that what a message shows is nobody's in particular: it speaks to everybody, it lists many, or it is made up.

Each of them rests on words or on lines that are alike, and none takes a value that words call the recipient's.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from atesaki.content.whose import Hit

_WITH_PLACE = ("phone", "address", "postal", "email")
_GAP = 4  # lines between two entries of a list
_LETTER = re.compile(r"[^\W\d]{2}")
_OWNED_NAMES = ("label", "heading", "recipient", "greeting", "header")
_MADE_UP = re.compile(
    r"[〇○◯△□×]{2}|[Xx]{3}|(?:見本|山田|例示|サンプル)[ ・]?(?:太郎|花子|一郎)$"
    r"|^j(?:ohn|ane) (?:q\.? )?(?:doe|sample|public)$"
    r"|\bany ?(?:street|town|road)\b|[0-9]*(?:0000-?0000|123-?456-?789|1234-?5678)$|^(?:0[0 -]+|[1-9]?0+)$",
    re.I,
)


def is_made_up(text: str) -> bool:
    """Whether a value is one that stands in forms to show how they are filled in."""
    return _MADE_UP.search(text) is not None


def _is_persons(hit: Hit) -> bool:
    """Whether words, and not its form alone, say that it is a person's own."""
    if hit.kind == "name":  # Mr and Mrs stand before anybody's name
        honoured = hit.why == "honorific" and not hit.text.isascii()
        return hit.sure and not hit.weak and (honoured or hit.why in _OWNED_NAMES)
    if hit.weak:
        return False
    told = hit.why in ("label", "heading") and hit.kind != "order_item"
    return hit.owner == "customer" or (told and not (hit.prose and hit.kind in _WITH_PLACE))


def directory(hits: Iterable[Hit], least: int) -> set[int]:
    """The lines (their id) of lists whose entries, so many at least, differ in one kind of value: branches, doctors."""
    by_kind: dict[str, list[Hit]] = defaultdict(list)
    labelled: set[int] = set()
    for hit in hits:
        if hit.owner != "customer" and hit.kind in _WITH_PLACE and not hit.weak:
            by_kind[hit.kind].append(hit)
        elif hit.kind == "kana" or (hit.kind == "name" and hit.why in _OWNED_NAMES and not hit.weak):
            labelled.add(id(hit.line))
    lines: set[int] = set()
    for found in by_kind.values():
        run: list[Hit] = []
        for hit in found:
            if run and abs(hit.line.number - run[-1].line.number) > _GAP:
                lines |= _listed(run, least, labelled)
                run = []
            run.append(hit)
        lines |= _listed(run, least, labelled)
    return lines


def _listed(run: list[Hit], least: int, labelled: set[int]) -> set[int]:
    if len(run) < least:
        return set()
    lines = {id(hit.line) for hit in run}
    values = {hit.plain or hit.text for hit in run}
    if len(lines) < least or len(values) < least or lines & labelled:
        return set()
    # Each is somebody's or some place's: words stand beside it.
    told = sum(
        bool(_LETTER.search(hit.line.text[: hit.start]) or _LETTER.search(hit.line.text[hit.end :])) for hit in run
    )
    return lines if told >= least else set()


def without_listed(kept: list[Hit], every: list[Hit], everybody: bool) -> list[Hit]:
    """The hits that stand in no list; `every` holds the sender's as well, `everybody`: the text speaks to all."""
    listed = directory(every, 2 if everybody else 3)
    if not listed:
        return kept
    return [hit for hit in kept if id(hit.line) not in listed or _is_recipients(hit)]


def _is_recipients(hit: Hit) -> bool:
    if hit.kind == "name":
        return hit.why in _OWNED_NAMES or (hit.why == "honorific" and not hit.text.isascii())
    return hit.owner == "customer" or hit.why in _OWNED_NAMES


def without_everybodys(hits: list[Hit], everybody: bool) -> list[Hit]:
    """Nothing, where the message speaks to all its readers and what it shows is nobody's by any word."""
    if everybody and not any(_is_persons(hit) and not is_made_up(hit.text) for hit in hits):
        return []
    return hits
