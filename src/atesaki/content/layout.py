"""How a line is laid out: cells, and labels with what follows them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from atesaki.content.labels import UNKNOWN, Label, label, may_begin
from atesaki.content.memo import Memo
from atesaki.content.names import likeness

_CELLS = re.compile(r"[\t│┃|｜]+| {3,}|(?<=[^\x00-\x7f])  +|  +(?=[^\x00-\x7f])")
_TABLE, _BORDER = re.compile(r"[\t│┃|｜]"), re.compile(r"(\t|[│┃|｜])")
# A label of few letters is drawn out to the width of the others.
_LETTERS = re.compile("[一-龠ぁ-んァ-ヴ](?: +[一-龠ぁ-んァ-ヴ])*")
_LAST_LETTER = re.compile("[一-龠ぁ-んァ-ヴ](?=$|[:】 ])")
_BOXED = re.compile("[│┃|｜]")
_BULLET = r"[\s■□◆◇●○◎・★☆▼▽▲△▶►▸▷◯◼◾♦▪•‣*#>+※✓✔☑❖➤\-–—]*"
_BULLET += r"(?:\(?[0-9]{1,2}[.)] ?|[①-⑳] ?|[0-9]{1,2} (?=[一-龠ァ-ヴぁ-ん]))?"
_BRACKETED = re.compile(
    _BULLET
    + r"[【\[<《〔「〈(] ?([^【\[<《〔「〈】\]>》〕」〉()]{1,30}?(?:\([^()]{1,12}\))?) ?[】\]>》〕」〉)] ?[:\-]? ?"
)
_LEADERS = (
    r"(?:(?:(?<![0-9]):|:(?![0-9]))(?!//)| ?=(?!=)>? ?| ?[⇒→➡»] ?"
    r"| ?(?:…|‥|\.{3,}|・{3,}|_{3,}|-{3,}| ?[─━]+| \.(?: \.)+)[.…‥・_ ]*:? ?)"
)
_KEYED = re.compile(_BULLET + rf"([^:=⇒→…。、!?]{{1,36}}?) ?{_LEADERS}\s*")
_BULLETS = re.compile(_BULLET)
_WORDS_BEFORE = re.compile(r"(?:[^\s:、,;/|。]{1,16} ){0,2}[^\s:、,;/|。]{1,16} ?$")
_WORD_STARTS = re.compile(r"(?<![^\s、,;/|)\]】。])\S")
_JSON = re.compile(r"^[\s{\[,]*\"([\w .-]{1,30})\" ?: ?\"?")
_MARKED = re.compile(r"[:=⇒→➡»…‥─━【\[<《〔「〈(]|\.{3}|・{3}|_{3}|-{3}| \. \.")
_NO_LABEL, _ONLY_DIGITS = re.compile("[0-9。、]"), re.compile(r"[0-9 .:/-]*")
_THREE_DIGITS = re.compile("[0-9]{3}")
_CARD_LINE = re.compile(r"(?:item[0-9]+\.)?([A-Z][A-Z-]{0,15})(?:;[A-Za-z-]+(?:=[^:;]*)?)+:(?:mailto:|tel:)?")
_VALUE_START = re.compile(r"[〒+(0-9]|[^\x00-\x7f]|[A-Z]")


class Cell(NamedTuple):
    start: int
    end: int


class Pair(NamedTuple):
    """A label and the span of its value in the same line; the span is empty where the label stands alone."""

    label: Label
    name: str
    start: int
    end: int


class Part(NamedTuple):
    """A cell with its labels."""

    cell: Cell
    pairs: list[Pair]

    @property
    def is_label(self) -> bool:
        return len(self.pairs) == 1 and self.pairs[0].start == self.pairs[0].end


class _Places(NamedTuple):
    """Of a cell's labels: what each says, where it stands, where its value does."""

    cell: Cell
    labels: tuple[tuple[Label, int, int, int, int], ...]


_LAID: Memo[tuple[Part | _Places, ...]] = Memo()


def row(text: str) -> list[Cell]:
    """The cells of a line."""
    return raw_cells(text) if _TABLE.search(text) else cells(text)


def parts(text: str) -> list[Part]:
    """The cells of a line with their labels."""
    key = hash(text)
    known = _LAID.get(key)
    if known is not None:
        return [
            Part(each[0], [Pair(said, text[first:last], at, end) for said, first, last, at, end in each.labels])
            if isinstance(each, _Places)
            else each
            for each in known
        ]
    found = [Part(cell, pairs(text, cell)) for cell in row(text)]
    places: list[Part | _Places] = []
    for part in found:
        if not part.pairs:
            places.append(part)
            continue
        labels = []
        at = part.cell.start
        for pair in part.pairs:
            at = text.find(pair.name, at)
            if at < 0:
                return found
            labels.append((pair.label, at, at + len(pair.name), pair.start, pair.end))
        places.append(_Places(part.cell, tuple(labels)))
    _LAID.put(key, tuple(places))
    return found


def cells(text: str) -> list[Cell]:
    """The cells of a line: parted by tabs, boxes or wide gaps; one for a line without any."""
    shown = text.strip()
    if not shown:
        return []
    start = text.index(shown[0])
    if "  " not in shown and "\t" not in shown and _BOXED.search(shown) is None:
        return [Cell(start, start + len(shown))]
    found: list[Cell] = []
    at = 0
    for gap in _CELLS.finditer(text):
        _add(found, text, at, gap.start())
        at = gap.end()
    _add(found, text, at, len(text))
    while len(found) > 1 and _LETTERS.fullmatch(text, *found[0]) and _LAST_LETTER.match(text, *found[1]):
        found[:2] = [Cell(found[0].start, found[1].end)]  # 氏    名
    return found


def raw_cells(text: str) -> list[Cell]:
    """Cells of a row of a table, empty ones kept, since columns are counted."""
    found = []
    at = 0
    if _TABLE.search(text) is None:
        return cells(text)
    parts = _BORDER.split(text.rstrip("\r"))
    if text.lstrip()[:1] in "│┃|｜":
        skip = len(text) - len(text.lstrip()) + 1
        at, parts = skip, _BORDER.split(text[skip:])
    for number, part in enumerate(parts):
        if number % 2 == 0:
            left = len(part) - len(part.lstrip())
            found.append(Cell(at + left, max(at + len(part.rstrip()), at + left)))
        at += len(part)
    while found and found[-1].start == found[-1].end:
        found.pop()
    return found


def _add(found: list[Cell], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    if found and piece.lstrip(" ")[:1] == ":":  # 氏名   : 大島
        piece = piece.replace(":", " ", 1)
    shown = piece.strip()
    if shown:
        left = start + len(piece) - len(piece.lstrip())
        found.append(Cell(left, left + len(shown)))


def pairs(text: str, cell: Cell) -> list[Pair]:
    """Labels in a cell with their values; empty where the cell has none."""
    piece = text[cell.start : cell.end]
    first = _first(piece)
    if first is None:
        return []
    said, name, at = first
    found = [Pair(said, name, cell.start + at, cell.end)]
    if ":" in piece[at:]:
        found = list(_further(piece, at, cell, found[0]))
    return found


def _further(piece: str, at: int, cell: Cell, first: Pair) -> Iterator[Pair]:
    """A cell cut before each further label of its own: お名前: … お電話番号: …"""
    last = first
    colon = piece.find(":", at)
    while colon >= 0:
        words = _WORDS_BEFORE.search(piece, max(colon - 36, at), colon)
        if words is not None and piece[colon + 1 : colon + 3] != "//":
            for skip in _WORD_STARTS.finditer(piece, words.start(), colon):
                said = label(piece[skip.start() : colon])
                if said and said.listed:
                    start = skip.start()
                    yield last._replace(end=cell.start + len(piece[:start].rstrip(" 、,;/|。(")))
                    last = Pair(said, piece[start:colon].strip(), cell.start + colon + 1, cell.end)
                    break
        colon = piece.find(":", colon + 1)
    yield last


def _first(piece: str) -> tuple[Label, str, int] | None:
    if _MARKED.search(piece) is None:
        return _unmarked(piece)
    bracketed = _BRACKETED.match(piece)
    if bracketed:
        said = label(bracketed[1])
        rest = piece[bracketed.end() :]
        if said or (not rest and not _THREE_DIGITS.search(bracketed[1])):
            return said or UNKNOWN, bracketed[1], bracketed.end()
        if not _NO_LABEL.search(bracketed[1]) and len(bracketed[1]) <= 14 and piece.lstrip()[:1] in "【〔[":
            return UNKNOWN, bracketed[1], bracketed.end()
    property_ = _CARD_LINE.match(piece) if ";" in piece else None  # vCard, iCalendar: TEL;TYPE=HOME:…
    if property_:
        return label(property_[1]) or UNKNOWN, property_[1], property_.end()
    json = _JSON.match(piece) if '"' in piece else None
    if json:
        return label(json[1].replace("_", " ").replace(".", " ")) or UNKNOWN, json[1], json.end()
    keyed = _KEYED.match(piece)
    if keyed:
        name = keyed[1].strip()
        said = label(name.replace("_", " "))
        if said or (len(name) <= 24 and not _ONLY_DIGITS.fullmatch(name) and len(name.split()) <= 4):
            return said or UNKNOWN, name, keyed.end()
    return _unmarked(piece)


def _unmarked(piece: str) -> tuple[Label, str, int] | None:
    """A label that only its words and its place show: alone, or with a blank or a number after it."""
    bullets = _BULLETS.match(piece)
    at = bullets.end() if bullets else 0
    shown = piece[at:].rstrip(" :-─━=*_]】")
    if not shown or not (may_begin(shown) or (at and len(shown) <= 30)):
        return None
    if len(shown) <= 30 and not _STOP.search(shown):
        said = label(shown)
        if said and (said.listed or bool(at)):
            return said, shown, len(piece)
    words = shown.split(" ")
    for many in range(min(3, len(words) - 1), 0, -1):
        name = " ".join(words[:many])
        if len(name) > 20:
            continue
        said = label(name)
        end = at + len(name)
        rest = piece[end:].lstrip()
        known = said is not None and (said.listed or _shows(said, name, rest))
        if said and known and (said.kind == "secret" or _VALUE_START.match(rest)) and _follows(said, name, rest):
            return said, name, end + len(piece[end:]) - len(rest)
    return None


def _shows(said: Label, name: str, rest: str) -> bool:
    """Whether a value shows that an unlisted label is one."""
    if said.owner == "shop":
        return not name.isascii() and len(rest) <= 30
    forms = {
        "phone": r"[+(0][0-9() +-]{8,}",
        "postal": "〒?[0-9]{3}-?[0-9]{4}",
        "dob": r"[12][0-9]{3}|昭和|平成",
        "account_id": r"[A-Z0-9-]*[0-9]{3}",
        "number": r"[A-Z0-9/-]*[0-9]{3}",
    }
    return said.kind in forms and re.match(forms[said.kind], rest) is not None


def _follows(said: Label, name: str, rest: str) -> bool:
    """Whether what stands after a blank is the label's value, and not the sentence that the label's word begins."""
    if not name.isascii():
        return len(rest) <= 60 and not _SENTENCE.search(rest)
    if said.kind == "account_id" and name.casefold() in _PERSONS and likeness(rest):
        return True
    if said.kind in ("phone", "dob", "card_tail", "account_id", "postal", "number"):
        return _NUMERIC.match(rest) is not None
    if said.kind == "secret":
        return re.fullmatch(r"(?=\S*[0-9])\S{4,40}", rest) is not None
    if said.kind == "email":
        return "@" in rest.split(" ", maxsplit=1)[0]
    return said.kind in ("name", "party") and said.owner != "shop" and likeness(rest) > (name.casefold() in _VERBS)


_STOP, _SENTENCE = re.compile("[。!?]"), re.compile("です|ます|ました|ください|。")
_NUMERIC = re.compile(r"[+(0-9*]|[A-Z0-9/-]*[0-9]")
_VERBS = frozenset(("to", "first", "last", "contact", "driver", "child", "owner", "student", "guest", "cc"))
_PERSONS = frozenset(("member", "subscriber", "reader", "borrower"))
# Words of every sentence; they are labels only with a mark behind them, or before letters and digits mixed.
_COMMON = frozenset(("id", "no", "no.", "m", "t", "card", "カード", "account", "member", "plate", "code"))
_BEFORE = re.compile(r"[^\s、。,;:!?/|「」『』【】<>*]{1,24}(?: [A-Za-z.]{1,14}){0,2} ?(?:は|が|:|=|\(|「| is|-|→)? ?$")
_PARTED = re.compile(r" ?(?:は|が|:|=|\(|「| is|-|→)? ?$")


def label_before(text: str, start: int) -> Label | None:
    """The label that ends just before a value in a sentence: ご登録のご住所(…, 電話番号は…"""
    found = _BEFORE.search(text, max(start - 44, 0), start)
    if found is None:
        return None
    name = _PARTED.sub("", found[0]).strip()
    if not name:
        return None
    if not name.isascii():
        name = re.split(r"[にをへ](?=[^るりれっき])", name)[-1] if "番号" not in name else name
        return label(name.split(" ")[-1])
    words = name.split(" ")
    for skip in range(max(len(words) - 3, 0), len(words)):
        name = " ".join(words[skip:])
        said = label(name) if len(name) > 3 or name.casefold() in ("tel", "zip") else None
        if said and said.listed:
            return said
    return None


def held(text: str) -> Iterator[Pair]:
    """Labels in the midst of a sentence whose kind shows in the value: 会員番号は…です, (customer code …)."""
    key = hash(text)
    if _HOLDS_NOTHING.get(key):
        return
    may_be = _MAY_HOLD.search(text)
    if may_be is None:
        return
    nothing = True
    for found in _HELD.finditer(text, max(may_be.start() - _BEFORE_HELD, 0)):
        if text[found.end() : found.end() + 1] == "@" or "@" in found[2]:
            continue
        words = found[1].removesuffix(" is").removesuffix(" was").split(" ")
        for skip in range(len(words)):
            name = " ".join(words[skip:])
            said = label(name) if " for " not in name else None
            common = name.casefold() in _COMMON and not re.search("[:#]|[a-z.][0-9]", found[0])
            if common:
                continue
            if said and said.kind in ("account_id", "number", "secret", "dob", "card_tail") and said.owner != "shop":
                nothing = False
                yield Pair(said, name, found.start(2), found.end(2))
                break
    if nothing:
        _HOLDS_NOTHING.put(key, True)


_HOLDS_NOTHING: Memo[bool] = Memo()
# A value has one of these, and so much at most stands between it and the beginning of what is looked for.
_MAY_HOLD = re.compile("[0-9]|[a-z][A-Z]|明治|大正|昭和|平成|令和")
_BEFORE_HELD = 140
_HELD = re.compile(
    r"((?:[^\s:、,;/|。()「」『』【】<>*0-9=]{1,22})(?: [A-Za-z.]{1,14}){0,3}) ?(?:は|が|:|=|を|\(|「|『| is| -"
    r"|#|)[: 「『\"'*]{0,4}"
    r"((?=(?:[A-Z]{1,4}[/ ])?\S{0,24}[0-9]"
    r"|[A-Za-z]{0,20}[a-z][A-Z])(?:[A-Z]{1,4}[/ ])?[A-Za-z0-9][A-Za-z0-9_\-+@.!#$%&*]{1,40}"
    r"(?: [0-9A-Z][0-9A-Z\-]{1,10}){0,5}|(?:明治"
    r"|大正|昭和|平成|令和)[^\s、。]{3,16})"
)
