"""Signs that what a message shows is nobody's in particular: it speaks to everybody, it lists many, or it is made up.

Each of them rests on words or on lines that are alike, and none takes a value that words call the recipient's.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

from atesaki.content.names import is_surname
from atesaki.content.whose import Hit

_WITH_PLACE = ("phone", "address", "postal", "email")
_GAP = 4  # lines between two entries of a list
_LETTER = re.compile(r"[^\W\d]{2}")
_OWNED_NAMES = ("label", "heading", "recipient", "greeting", "header", "addressed")
_REVERED = re.compile(r" ?(?:[(][^()]{1,14}[)])? ?(?:様|さま|サマ|殿)")
_HONORIFIC = re.compile(r"[ \u3000]?(?:様|さま|さん|殿|くん|ちゃん)")
_MADE_UP = re.compile(
    r"[〇○◯△□×]{2}|[Xx]{3}|(?:見本|山田|例示|サンプル)[ ・]?(?:太郎|花子|一郎)$"
    r"|^j(?:ohn|ane) (?:q\.? )?(?:doe|sample|public)$"
    r"|\bany ?(?:street|town|road)\b|[0-9]*(?:0000-?0000|123-?456-?789|1234-?5678)$|^(?:0[0 -]+|[1-9]?0+)$",
    re.I,
)


_ZEROS = re.compile("0[0 -]*0")
_EVERYMAN = re.compile(r"(\S+?)[ ・](?:太郎|花子|一郎|タロウ|ハナコ|たろう|はなこ)")


def is_made_up(text: str) -> bool:
    """Whether a value is one that stands in forms to show how they are filled in: 税務 太郎 is nobody."""
    everyman = _EVERYMAN.fullmatch(text)
    return _MADE_UP.search(text) is not None or (everyman is not None and not is_surname(everyman[1]))


def _is_persons(hit: Hit, everybody: bool, announced: bool) -> bool:
    """Whether words, and not its form alone, say that it is a person's own. Where something is `announced`, a date of
    birth is not the reader's (who stands for election), nor is who has 様 in the midst of a sentence; where
    `everybody` is greeted as well, a sentence that speaks to "you" says it of nobody."""
    if hit.kind == "name":  # Mr and Mrs stand before anybody's name
        honoured = hit.why == "honorific" and (not hit.text.isascii() or _honoured_behind(hit))
        if announced and hit.why == "honorific" and hit.prose and _LETTER.search(hit.line.text, 0, hit.start):
            return False  # somebody of whom a sentence speaks
        return hit.sure and not hit.weak and (honoured or hit.why in _OWNED_NAMES)
    if hit.weak:
        return False
    if announced and hit.why == "pattern" and (hit.kind == "dob" or (everybody and hit.prose and _is_contact(hit))):
        return False
    told = hit.why in ("label", "heading") and hit.kind != "order_item" and not _is_contact(hit)
    return hit.owner == "customer" or told


def _is_contact(hit: Hit) -> bool:
    """Whether a shop has such a thing too, under the same label."""
    return hit.kind in _WITH_PLACE


def _honoured_behind(hit: Hit) -> bool:
    return _HONORIFIC.match(hit.line.text, hit.end) is not None


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


def without_nobodys(
    hits: list[Hit], *, everybody: bool, announces: int, deals: bool, common: Callable[[str], bool]
) -> list[Hit]:
    """Nothing, where no word of the message says that any of it is a person's, and nothing in it is a person's record.

    `everybody`: it greets all its readers. `announces`: so many lines tell what is on, what changes, what to beware
    of. `deals`: it speaks of something between two, an order, an appointment, an account. `common`: says of a line
    that others had it as well, so that it shows nobody, unless it names somebody with all respect.
    """
    announced = announces > 0
    to_all = everybody or announced
    own = [hit for hit in hits if not common(hit.line.raw) or _is_revered(hit)]
    persons = [hit for hit in own if _is_persons(hit, everybody, announced) and not _ZEROS.fullmatch(hit.text)]
    if to_all:
        persons = [hit for hit in persons if not is_made_up(hit.text)]
    if announces > 1 and not deals and all(_is_contact(hit) for hit in persons):
        # One address to which readers send something looks like one to which something is sent: two things do not.
        return hits if len({_OF_A_RECORD[hit.kind] for hit in persons}) > 1 else []
    return hits if persons or (own and not to_all and (deals or _is_record(own))) else []


def _is_revered(hit: Hit) -> bool:
    return hit.kind == "name" and (
        hit.why in ("greeting", "recipient", "addressed")
        or (hit.why == "honorific" and _REVERED.match(hit.line.text, hit.end) is not None)
    )


def _is_record(hits: list[Hit]) -> bool:
    """Whether things of several kinds stand together that tell a person: a name above an address, a phone beside it."""
    kinds: dict[int, set[str]] = defaultdict(set)
    for hit in hits:
        if hit.kind in _OF_A_RECORD and not hit.prose:
            kinds[hit.block].add(_OF_A_RECORD[hit.kind])
    return any(len(each) > 1 for each in kinds.values())


_OF_A_RECORD = {
    "name": "name",
    "kana": "name",
    "address": "place",
    "postal": "place",
    "phone": "phone",
    "email": "email",
}
