"""Searches a text for what is known of one customer, however it is spelt there."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from atesaki.content.lines import Line
from atesaki.content.values import dates

_DROPPED = frozenset(" \t\u3000\r-‐‑‒–—―−ー・･.,、。()（）〒:：/+'’゙゚゛゜\u00ad\u200b\u200c\u200d\u2060\ufeff")
_ERAS = {
    "明治": 1867,
    "大正": 1911,
    "昭和": 1925,
    "平成": 1988,
    "令和": 2018,
    "m": 1867,
    "t": 1911,
    "s": 1925,
    "h": 1988,
    "r": 2018,
}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_KANJI_NUMBERS = {digit: number for number, digit in enumerate("〇一二三四五六七八九")}
_BETWEEN = ("丁目", "番地の", "番地", "番町", "番", "号", "の", "")
_MAY_BE_DATE = re.compile(r"年|\d[^\n]*?\d")


@dataclass(frozen=True, slots=True)
class Customer:
    """What is known of a customer; each field may have several values."""

    names: tuple[str, ...] = ()
    kanas: tuple[str, ...] = ()
    postals: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    dobs: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()


class Known(NamedTuple):
    """A value of the customer's and its place in the text."""

    kind: str
    start: int
    end: int


@lru_cache(maxsize=8192)
def _fold(letter: str) -> str:
    """A letter as it is compared: width, case, and katakana as hiragana."""
    if letter in _DROPPED:
        return ""
    out = ""
    for each in normalize("NFKD" if letter.isascii() or "\uff61" <= letter <= "\uff9f" else "NFKC", letter).casefold():
        if each in _DROPPED or each in "\u3099\u309a":
            continue
        # Half-width kana carry their marks apart, so marks are left out on both sides.
        bare = normalize("NFD", each)[0] if "\u3041" <= each <= "\u30ff" else each
        out += chr(ord(bare) - 0x60) if "ァ" <= bare <= "ヶ" else bare
    return out


class _Folding(dict[int, str]):
    """What each letter becomes, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        shown = _fold(chr(code))
        if len(self) < _MOST_LETTERS:
            self[code] = shown
        return shown


_MOST_LETTERS = 8_192
_FOLDING = _Folding()


def _squeezed(text: str) -> str:
    return text.translate(_FOLDING)


class _Text:
    """A text without what people write or leave out as they like, and the places its letters come from."""

    def __init__(self, text: str) -> None:
        self.raw = text
        self.squeezed = _squeezed(text)
        self._places: list[int] = []

    def at(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text that stands which stands from `start` to `end` in `squeezed`."""
        if not self._places:
            self._places = [place for place, letter in enumerate(self.raw) for _ in _FOLDING[ord(letter)]]
        last = self._places[end - 1] + 1
        while last < len(self.raw) and self.raw[last] in "ﾞﾟ゛゜\u3099\u309a":
            last += 1
        return self._places[start], last


# -- what is searched for ------------------------------------------------------------------------------


# Not one pattern of `re` for each customer: to compile it costs more than all the rest, and `re` would keep it.
_NEVER = re.compile(r"(?!)")
_LETTER = re.compile("[a-z]")
_KANJI = re.compile("[一-龠々]")
_NOT_HONOURED = re.compile("(?![様殿氏])[一-龠々]")
_HIRAGANA = re.compile("[ぁ-ん]")
_NUMBER = re.compile("[0-9]")
_SIGN = re.compile("[0-9a-z]")
_SIGN_OR_LINE = re.compile("[0-9a-z_]")


class _Spelling(NamedTuple):
    """A value as it is searched for: its `groups` in a row, words of `_BETWEEN` perhaps between them, and one of
    `prefixes` before them; at the letter before it must be no `before`, at the letter after no `after`."""

    groups: tuple[str, ...]
    before: re.Pattern[str] = _NEVER
    after: re.Pattern[str] = _NEVER
    prefixes: tuple[str, ...] = ("",)

    def find(self, text: str, at: int) -> tuple[int, int] | None:
        """The first place from `at` on."""
        first = self.groups[0]
        start = text.find(first, at)
        while start >= 0:
            for end in self._ends(text, start + len(first), 1):
                if self.after.match(text, end):
                    continue
                for prefix in self.prefixes:
                    begin = start - len(prefix)
                    whole = begin >= at and text.startswith(prefix, begin)
                    if whole and not (begin and self.before.match(text, begin - 1)):
                        return begin, end
            start = text.find(first, start + 1)
        return None

    def _ends(self, text: str, at: int, many: int) -> Iterator[int]:
        """Where the groups may end of which so `many` stand before `at`."""
        if many == len(self.groups):
            yield at
            return
        for words in _BETWEEN:
            if text.startswith(words, at) and text.startswith(self.groups[many], at + len(words)):
                yield from self._ends(text, at + len(words) + len(self.groups[many]), many + 1)


def _name(value: str) -> Iterator[_Spelling]:
    shown = _squeezed(value)
    if shown.isascii() or re.fullmatch(r"[^\u3040-\u30ff\u3400-\u9fff]+", shown):
        parts = [_squeezed(part) for part in re.split(r"[\s,]+", value) if part.strip()]
        # A name of one short word would be found in every sentence.
        if len(parts) > 1 and len(shown) >= 4:
            yield _Spelling(("".join(parts),), _LETTER, _LETTER)
            yield _Spelling(("".join([parts[-1], *parts[:-1]]),), _LETTER, _LETTER)
    elif len(shown) == 2:
        yield _Spelling((shown,), _KANJI, _NOT_HONOURED)
    elif len(shown) > 2:
        yield _Spelling((shown,))


def _kana(value: str) -> Iterator[_Spelling]:
    shown = _squeezed(value)
    if len(shown) >= 5:
        yield _Spelling((shown,))
    elif len(shown) >= 3:
        yield _Spelling((shown,), _HIRAGANA, _HIRAGANA)


def _digits(value: str) -> str:
    return re.sub("[^0-9]", "", normalize("NFKC", value))


def _postal(value: str) -> Iterator[_Spelling]:
    shown = _squeezed(value)
    if len(shown) >= 5:
        yield _Spelling((shown,), _SIGN, _NUMBER)


def _phone(value: str) -> Iterator[_Spelling]:
    digits = _digits(value)
    if len(digits) < 7:
        return
    country = re.match("81|44|1", digits) if "+" in normalize("NFKC", value) else None
    own = digits[country.end() :] if country else digits
    codes = (country[0],) if country else ("81", "44") if own.startswith("0") else ("1",)
    prefixes = (*(f"{code}0" for code in codes), *codes, "0", "")
    yield _Spelling((own.removeprefix("0"),), _NUMBER, _NUMBER, prefixes)


def _address(value: str) -> Iterator[_Spelling]:
    """The whole, and each piece that says where somebody lives by itself."""
    whole = normalize("NFKC", value)
    pieces = {whole, *re.split(r"[\s,、]+(?=[^0-9a-zA-Z]|[0-9]+[a-zA-Z]? [A-Z])|,", whole)}
    no_prefecture = re.sub(r"^[^\s]{2,3}[都道府県]", "", whole)
    no_city = re.sub(r"^[^\s0-9]{1,8}?[市区町村郡](?=[^\s0-9])", "", no_prefecture)
    pieces |= {no_prefecture, *no_prefecture.split(), no_city, *no_city.split()}
    for piece in pieces:
        numbered = re.sub("丁目|番地の?|番(?=[0-9])|号(?!室)|の(?=[0-9])", "-", piece)
        shown = _squeezed(numbered)
        telling = re.search("[0-9]", shown) and re.search(r"[^0-9\W]", shown)
        if len(shown) >= (5 if not shown.isascii() else 7) and telling:
            groups = [_squeezed(group) for group in re.findall(r"[0-9]+|[^0-9]+", numbered)]
            yield _Spelling(tuple(filter(None, groups)), _NUMBER, _NUMBER)


def _email(value: str) -> Iterator[_Spelling]:
    shown = "".join(_squeezed(part) + ("@" if number == 0 else "") for number, part in enumerate(value.split("@", 1)))
    if "@" in value and len(shown) > 5:
        yield _Spelling((shown,), _SIGN_OR_LINE, _SIGN_OR_LINE)


def _account(value: str) -> Iterator[_Spelling]:
    shown = _squeezed(value)
    if len(shown) >= 4:
        yield _Spelling((shown,), _SIGN, _SIGN)


_SPELT: dict[str, tuple[str, Callable[[str], Iterator[_Spelling]]]] = {
    "name": ("names", _name),
    "kana": ("kanas", _kana),
    "postal": ("postals", _postal),
    "address": ("addresses", _address),
    "phone": ("phones", _phone),
    "email": ("emails", _email),
    "account_id": ("account_ids", _account),
}


# -- dates ---------------------------------------------------------------------------------------------


def _number(text: str) -> int:
    if text == "元":
        return 1
    if text.isascii():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int("".join(str(_KANJI_NUMBERS.get(digit, 0)) for digit in text))
    return (_KANJI_NUMBERS.get(tens, 0) if tens else 1) * 10 + (_KANJI_NUMBERS.get(ones, 0) if ones else 0)


def days(text: str) -> frozenset[tuple[int, int, int]]:
    """The days that a date may mean: 04/03/1985 is one of two."""
    low = normalize("NFKC", text).casefold().strip()
    era = re.match(
        r"(明治|大正|昭和|平成|令和|[mtshr](?![a-z]))\.?\s*([0-9]{1,2}|元|[〇一二三四五六七八九十]{1,4})", low
    )
    if era:
        low = f"{_ERAS[era[1]] + _number(era[2])}{low[era.end() :]}"
    named = re.search("|".join(_MONTHS), low)
    numbers = [_number(part) for part in re.findall("[0-9]+|[〇一二三四五六七八九十]+", re.sub(r"\([^)]*\)", "", low))]
    if named and len(numbers) == 2:
        day, year = sorted(numbers)
        return frozenset({(year, _MONTHS.index(named[0]) + 1, day)})
    if len(numbers) == 1 and numbers[0] > 10_000_000:
        return frozenset({(numbers[0] // 10_000, numbers[0] // 100 % 100, numbers[0] % 100)})
    if len(numbers) != 3:
        return frozenset()
    if numbers[0] > 31:
        return frozenset({(numbers[0], numbers[1], numbers[2])})
    return frozenset({(numbers[2], numbers[0], numbers[1]), (numbers[2], numbers[1], numbers[0])})


# -- the search ----------------------------------------------------------------------------------------


class Searcher:
    """What is known of one customer, ready to be searched for."""

    def __init__(self, customer: Customer) -> None:
        self.spelt: list[tuple[str, list[_Spelling]]] = []
        for kind, (attribute, spell) in _SPELT.items():
            spelt = dict.fromkeys(each for value in getattr(customer, attribute) for each in spell(value))
            if spelt:
                longest = sorted(spelt, key=lambda each: sum(map(len, each.groups)), reverse=True)
                self.spelt.append((kind, longest))
        self.days = frozenset(day for value in customer.dobs for day in days(value))

    def all(self, text: str) -> Iterator[Known]:
        """Every known value in a text, none within another of its kind."""
        if self.spelt and text:
            squeezed = _Text(text)
            for kind, spelt in self.spelt:
                for start, end in _all(spelt, squeezed.squeezed):
                    yield Known(kind, *squeezed.at(start, end))
        if self.days and re.search(r"\d{2}|[一二三四五六七八九十]年", text):
            yield from self._births(text)

    def _births(self, text: str) -> Iterator[Known]:
        at = 0
        for number, raw in enumerate(text.split("\n")):
            if _MAY_BE_DATE.search(raw):
                line = Line(raw, at, number)
                for date in dates(line.text):
                    if days(date.plain) & self.days:
                        yield Known("dob", *line.at(date.start, date.end))
            at += len(raw) + 1


def _all(spelt: list[_Spelling], text: str) -> Iterator[tuple[int, int]]:
    """Every place of any of them, from left to right, none within another; of two at one place the longer."""
    at = 0
    places = [(each, found) for each in spelt if (found := each.find(text, 0))]
    while places:
        start, end = min((found for _, found in places), key=lambda found: (found[0], -found[1]))
        yield start, end
        at = end
        places = [(each, found) for each, last in places if (found := last if last[0] >= at else each.find(text, at))]
