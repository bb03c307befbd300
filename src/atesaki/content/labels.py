"""What a label says: which kind of value follows it, and whose that is. The words are in `finding_labels.toml`."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal
from unicodedata import normalize

Owner = Literal["customer", "shop", ""]

_LONGEST = 36
_JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠々〒]")
_EDGES = " \t*■□◆◇●○◎・★☆▼▽▲△▶►▸▷◯◼◾♦▪•‣>＞#_=~+-|:.;⇒→✓✔☑✉✆➤❖※§"
_TAIL = re.compile(r" ?[(\[][^()\[\]]{1,14}[)\]]$")
_NUMBER_STARTS = frozenset("(0123456789①②③④⑤⑥⑦⑧⑨")
_DIGITS = re.compile("[0-9]{3}|[0-9]-[0-9]")
_OF_NUMBER = re.compile(r"\S(?:番号|(?<!クーポン)コード)$|^[a-z][a-z' -]{1,24} (?:number|no\.?|ref\.?|reference|id)$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\s/,&()・_]+|[/&]")
_NUMBERED = re.compile(r"(?:\(?[0-9]{1,2}[.)]|[①-⑳]|[0-9]{1,2} (?=[一-龠ァ-ヴぁ-ん])) ?")


@dataclass(frozen=True, slots=True)
class Label:
    """`kind` is a group of `[kind]`, "person" for a party that may be named beside it, or "" where nobody knows."""

    kind: str
    owner: Owner = ""
    also: frozenset[str] = frozenset()
    listed: bool = True

    @property
    def whole(self) -> bool:
        """Whether its value is one line and nothing below it."""
        return self.kind not in ("party", "address", "order_item")


UNKNOWN = Label("", listed=False)
_OFFERED = frozenset(("電話", "連絡先", "電話連絡先", "連絡先電話番号", "連絡先番号"))
_OWNED = frozenset(("kana", "dob", "account_id", "card_tail", "secret", "party"))


def folded(text: str) -> str:
    """The form in which words are compared."""
    low = text.casefold() if text.isascii() else normalize("NFKC", text).casefold()
    return low.replace("さま", "様") if "さま" in low else low


def tight(text: str) -> str:
    """Japanese without blanks."""
    return text.replace(" ", "") if _JAPANESE.search(text) else text


_SHOP, _CUSTOMER, _FILLER = 1, 2, 4


@dataclass(frozen=True, slots=True)
class _Words:
    """`marks` has every word. `lengths`: by their first letter, how long the words are, the longest first."""

    kinds: dict[str, str]
    marks: dict[str, int]
    lengths: dict[str, tuple[int, ...]]
    starts: frozenset[str]
    people: tuple[str, ...]
    people_en: frozenset[str]
    roles_en: tuple[str, ...]
    heads: tuple[str, ...]
    numbered: tuple[str, ...]


def _spelt(word: str) -> Iterator[str]:
    word = tight(folded(word))
    yield word
    if _JAPANESE.search(word):
        yield from (f"{polite}{word}" for polite in "ごお御")
    elif " " in word:
        yield word.replace(" ", "-")
        yield word.replace(" ", "")
    if word.endswith("."):
        yield word[:-1]


def _all(words: Iterable[str]) -> frozenset[str]:
    return frozenset(spelt for word in words for spelt in _spelt(word))


def label_data() -> dict[str, dict[str, list[str]]]:
    """The data file."""
    return tomllib.loads(files(__package__).joinpath("finding_labels.toml").read_text("utf-8"))


@cache
def _words() -> _Words:
    data = label_data()
    kinds: dict[str, str] = {}
    for kind, words in data["kind"].items():
        for word in words:
            for spelt in _spelt(word):
                kinds.setdefault(spelt, kind)
    marks = dict.fromkeys(kinds, 0)
    fillers = (folded(word) for language in data["filler"].values() for word in language)
    for mark, group in (
        (_SHOP, _all(data["owner"]["shop"])),
        (_CUSTOMER, _all(data["owner"]["customer"])),
        (_FILLER, fillers),
    ):
        for word in group:
            marks[word] = marks.get(word, 0) | mark
    lengths: dict[str, set[int]] = {}
    for word in marks:
        lengths.setdefault(word[0], set()).add(len(word))
    return _Words(
        kinds,
        marks,
        {first: tuple(sorted(each, reverse=True)) for first, each in lengths.items()},
        frozenset(word[:2] for word in marks),
        tuple(data["person"]["ja"]),
        frozenset(data["person"]["en"]),
        tuple(data["roles"]["en"]),
        tuple(data["numbered"]["heads"]),
        tuple(data["numbered"]["persons"]),
    )


def is_word(text: str) -> bool:
    """Whether the data file lists these words, as they are."""
    mark = _words().marks.get(tight(folded(text.strip(_EDGES))))
    return mark is not None and mark != _FILLER


def may_begin(text: str) -> bool:
    """Whether a text begins like a listed word. Quick, and right when it says no."""
    return text[:2].casefold() in _words().starts


# Texts that are made of listed words alone, so nothing of a mail's own is kept.
_FOUND: dict[str, Label] = {}
_MOST_FOUND = 20_000


def label(text: str) -> Label | None:
    """What a text says as a label; None where nothing in it is known. At most 36 characters are one."""
    text = text.strip(_EDGES)
    known = _FOUND.get(text)
    if known is not None:
        return known
    text = text.strip("\"'【】〔〕[]<>《》")
    text = _NUMBERED.sub("", text, count=1) if text[:1] in _NUMBER_STARTS else text
    if not text or len(text) > _LONGEST or _DIGITS.search(text):
        return None
    if text.isascii() and text.isidentifier() and not text.islower():
        text = _CAMEL.sub(" ", text)
    low = folded(text)
    found = _looked_up(low) or _composed(low)
    if found is not None and found.listed and len(_FOUND) < _MOST_FOUND:
        _FOUND[text] = found
    return found


def _looked_up(low: str) -> Label | None:
    words = _words()
    known = _once(tight(low))
    if known:
        return known
    bare = _TAIL.sub("", low)
    if bare != low and bare:
        inner = low[len(bare) :].strip(" ()[]")
        beside = words.kinds.get(tight(inner))
        known = _once(tight(bare))
        if known and beside and beside != known.kind:
            known = Label(known.kind, known.owner, known.also | {beside})
        if known and not known.owner and words.marks.get(tight(inner), 0) & _CUSTOMER:
            known = Label(known.kind, "customer", known.also)
        return known
    return None


def _once(word: str) -> Label | None:
    words = _words()
    kind = words.kinds.get(word)
    mark = words.marks.get(word, 0)
    if mark & _SHOP and (kind is None or kind == "party"):
        return Label(kind or "", "shop")
    if kind is not None:
        # No shop writes お名前 or ご住所 over its own; お電話 it does.
        polite = word[:1] in "おご御" and kind in ("name", "address", "postal", "phone") and word[1:] not in _OFFERED
        return Label(kind, "customer" if polite or kind in _OWNED or mark & _CUSTOMER else "")
    return None


def _composed(low: str) -> Label | None:
    if _JAPANESE.search(low):
        low = low.replace(" ", "")
        tokens = _japanese(low)
    else:
        tokens = list(_english(low))
    return (_joined(tokens) if tokens and tokens != [""] else None) or _numbered(low)


def _numbered(low: str) -> Label | None:
    """A person's number by the end of its label: 塾生番号, "reader no."."""
    words = _words()
    head = next((head for head in words.heads if low.endswith(head) and low != head), None)
    if head and low[: -len(head)].rstrip().endswith(words.numbered):
        return Label("account_id", "customer", listed=False)
    return Label("number", listed=False) if _OF_NUMBER.search(low) else None


def _joined(tokens: list[str]) -> Label | None:
    """The label that tokens make; the empty one stands for what nobody listed."""
    words = _words()
    kinds = [words.kinds[token] for token in tokens if token in words.kinds]
    values = [kind for kind in kinds if kind != "party"]
    listed = "" not in tokens
    marks = 0
    for token in tokens:
        marks |= words.marks.get(token, 0)
    if marks & _SHOP:
        return Label(values[-1] if values else "", "shop", listed=listed)
    if not kinds:
        return None
    also = frozenset(values)
    kind = values[-1] if values else "party"
    if kind == "none" and values[0] == "address":  # 建物・部屋
        kind = "address"
    if not values and len(tokens) > 1 and tokens[-1] in ("番号", "コード", "id", "no", "no.", "number"):
        kind = "account_id"
    if len(also - {"none", "kana", "postal"}) > 1 and "none" not in also and "secret" not in also:
        kind = "party"
    if kind == "kana" and "name" in also and values[0] == "name" and len(tokens) > 1 and tokens[-1] in words.kinds:
        kind = "kana" if tokens[0] in words.kinds and values[-1] == "kana" else "name"
    owned = kind in _OWNED or marks & _CUSTOMER or "party" in kinds
    return Label(kind, "customer" if owned else "", also, listed)


def _japanese(low: str) -> list[str]:
    """Greedy: the longest listed word at each place; letters of no word are passed and told once as ""."""
    words = _words()
    marks, lengths = words.marks, words.lengths
    tokens: list[str] = []
    strange = False
    at, end = 0, len(low)
    while at < end:
        for length in lengths.get(low[at], ()):
            token = low[at : at + length]
            # A single letter is a word of its own only beside others (姓, 名, 人).
            if token in marks and (length > 1 or marks[token] & _FILLER):
                tokens.append(token)
                at += len(token)
                break
        else:
            if not strange:
                tokens.append("")
            strange = True
            at += 1
    return tokens


def _english(low: str) -> Iterator[str]:
    words = _words()
    parts = _WORD.findall(low.replace("'s", " ").replace("’s", " "))
    if len(parts) > 6:
        return
    head = next((at for at, part in enumerate(parts) if part in ("of", "for") and at), len(parts))
    at = 0
    told: list[str] = []
    while at < len(parts):
        for length in range(min(4, len(parts) - at), 0, -1):
            token = " ".join(parts[at : at + length])
            if token in words.marks:
                told.append(token)
                at += length
                break
        else:
            told.append("")
            at += 1
    # "Date of birth" is listed; "name of applicant" has its head in front.
    if head < len(parts) and any(words.kinds.get(token) for token in told[:head]):
        first = next(token for token in told[:head] if words.kinds.get(token))
        told = [*told[head:], first]
    elif told and not told[-1]:
        return  # English has the head of a label at its end: "flat white" is no flat
    yield from told


def names_a_person(text: str) -> bool:
    """Whether the end of an unlisted label names a person: 者, holder."""
    words = _words()
    low = folded(text.strip(_EDGES))
    if _JAPANESE.search(low):
        return low.replace(" ", "").endswith(words.people)
    return bool(low) and low.split()[-1] in words.people_en


def names_a_role(text: str) -> bool:
    """Whether an unlisted label in English names somebody of a business: Adjuster, Head chef. The words for customers
    that end like these (holder, passenger) are listed."""
    words = text.strip(_EDGES).split()
    return (
        0 < len(words) <= 3
        and words[-1].isascii()
        and len(words[-1]) > 4
        and words[-1].casefold().endswith(_words().roles_en)
    )
