"""Searches a text for what is known of one customer, however it is spelt there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from atesaki.content.lines import lines_of
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
_BETWEEN = "(?:丁目|番地の?|番町?|号|の)?"


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


def _squeezed(text: str) -> str:
    return "".join(map(_fold, text))


class _Text:
    """A text without what people write or leave out as they like, and the places its letters come from."""

    def __init__(self, text: str) -> None:
        self.raw = text
        letters: list[str] = []
        self.places: list[int] = []
        for place, letter in enumerate(text):
            shown = _fold(letter)
            letters.append(shown)
            self.places.extend([place] * len(shown))
        self.squeezed = "".join(letters)

    def all(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
        for found in pattern.finditer(self.squeezed):
            if found.end() > found.start():
                end = self.places[found.end() - 1] + 1
                while end < len(self.raw) and self.raw[end] in "ﾞﾟ゛゜\u3099\u309a":
                    end += 1
                yield self.places[found.start()], end


# -- what is searched for ------------------------------------------------------------------------------


def _name(value: str) -> Iterator[str]:
    shown = _squeezed(value)
    if shown.isascii() or re.fullmatch(r"[^\u3040-\u30ff\u3400-\u9fff]+", shown):
        parts = [_squeezed(part) for part in re.split(r"[\s,]+", value) if part.strip()]
        # A name of one short word would be found in every sentence.
        if len(parts) > 1 and len(shown) >= 4:
            yield rf"(?<![a-z]){re.escape(''.join(parts))}(?![a-z])"
            yield rf"(?<![a-z]){re.escape(''.join([parts[-1], *parts[:-1]]))}(?![a-z])"
    elif len(shown) == 2:
        yield rf"(?<![一-龠々]){re.escape(shown)}(?![一-龠々](?<![様殿氏]))"
    elif len(shown) > 2:
        yield re.escape(shown)


def _kana(value: str) -> Iterator[str]:
    shown = _squeezed(value)
    if len(shown) >= 5:
        yield re.escape(shown)
    elif len(shown) >= 3:
        yield rf"(?<![ぁ-ん]){re.escape(shown)}(?![ぁ-ん])"


def _digits(value: str) -> str:
    return re.sub("[^0-9]", "", normalize("NFKC", value))


def _postal(value: str) -> Iterator[str]:
    shown = _squeezed(value)
    if len(shown) >= 5:
        yield rf"(?<![0-9a-z]){re.escape(shown)}(?![0-9])"


def _phone(value: str) -> Iterator[str]:
    digits = _digits(value)
    if len(digits) < 7:
        return
    country = re.match("81|44|1", digits) if "+" in normalize("NFKC", value) else None
    own = digits[country.end() :] if country else digits
    codes = country[0] if country else "81|44" if own.startswith("0") else "1"
    yield rf"(?<![0-9])(?:(?:{codes})0?|0)?{own.removeprefix('0')}(?![0-9])"


def _address(value: str) -> Iterator[str]:
    """The whole, and each piece that says where somebody lives by itself."""
    whole = normalize("NFKC", value)
    pieces = {whole, *re.split(r"[\s,、]+(?=[^0-9a-zA-Z]|[0-9]+[a-zA-Z]? [A-Z])|,", whole)}
    no_prefecture = re.sub(r"^[^\s]{2,3}[都道府県]", "", whole)
    no_city = re.sub(r"^[^\s0-9]{1,8}?[市区町村郡](?=[^\s0-9])", "", no_prefecture)
    pieces |= {no_prefecture, *no_prefecture.split(), no_city, *no_city.split()}
    for piece in pieces:
        shown = _squeezed(re.sub("丁目|番地の?|番(?=[0-9])|号(?!室)|の(?=[0-9])", "-", piece))
        telling = re.search("[0-9]", shown) and re.search(r"[^0-9\W]", shown)
        if len(shown) >= (5 if not shown.isascii() else 7) and telling:
            groups = re.findall(r"[0-9]+|[^0-9]+", re.sub("丁目|番地の?|番(?=[0-9])|号(?!室)|の(?=[0-9])", "-", piece))
            spelt = [re.escape(_squeezed(group)) for group in groups]
            numbers = [group for group in spelt if group]
            yield r"(?<![0-9])" + _BETWEEN.join(numbers) + r"(?![0-9])"


def _email(value: str) -> Iterator[str]:
    shown = "".join(_squeezed(part) + ("@" if number == 0 else "") for number, part in enumerate(value.split("@", 1)))
    if "@" in value and len(shown) > 5:
        yield rf"(?<![a-z0-9_]){re.escape(shown)}(?![a-z0-9_])"


def _account(value: str) -> Iterator[str]:
    shown = _squeezed(value)
    if len(shown) >= 4:
        yield rf"(?<![0-9a-z]){re.escape(shown)}(?![0-9a-z])"


_SPELT = {
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
        self.patterns: list[tuple[str, re.Pattern[str]]] = []
        for kind, (attribute, spell) in _SPELT.items():
            spelt = list(dict.fromkeys(each for value in getattr(customer, attribute) for each in spell(value)))
            if spelt:
                self.patterns.append((kind, re.compile("|".join(sorted(spelt, key=len, reverse=True)))))
        self.days = frozenset(day for value in customer.dobs for day in days(value))

    def all(self, text: str) -> Iterator[Known]:
        """Every known value in a text, none within another of its kind."""
        if self.patterns and text:
            squeezed = _Text(text)
            for kind, pattern in self.patterns:
                for start, end in squeezed.all(pattern):
                    yield Known(kind, start, end)
        if self.days and re.search(r"\d{2}|[一二三四五六七八九十]年", text):
            for line in lines_of(text):
                for date in dates(line.text):
                    if days(date.plain) & self.days:
                        yield Known("dob", *line.at(date.start, date.end))
