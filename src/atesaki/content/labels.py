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
_DIGITS = re.compile("[0-9]{3}|[0-9]-[0-9]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\s/,&()・_]+|[/&]")
_NUMBERED = re.compile(r"(?:\(?[0-9]{1,2}[.)]|[①-⑳]) ?")


@dataclass(frozen=True, slots=True)
class Label:
    """`kind` is a group of `[kind]`, "person" for a party that may be named beside it, or "" where nobody knows."""

    kind: str
    owner: Owner = ""
    also: frozenset[str] = frozenset()
    listed: bool = True


UNKNOWN = Label("", listed=False)
_OFFERED = frozenset(("電話", "連絡先", "電話連絡先", "連絡先電話番号", "連絡先番号"))
_OWNED = frozenset(("kana", "dob", "account_id", "card_tail", "secret", "party"))


def folded(text: str) -> str:
    """The form in which words are compared."""
    return normalize("NFKC", text).casefold()


def tight(text: str) -> str:
    """Japanese without blanks."""
    return text.replace(" ", "") if _JAPANESE.search(text) else text


@dataclass(frozen=True, slots=True)
class _Words:
    kinds: dict[str, str]
    customer: frozenset[str]
    shop: frozenset[str]
    filler: frozenset[str]
    people: tuple[str, ...]
    people_en: frozenset[str]
    heads: tuple[str, ...]
    numbered: tuple[str, ...]
    longest: int

    def knows(self, word: str) -> bool:
        return word in self.kinds or word in self.shop or word in self.customer or word in self.filler


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
    return _Words(
        kinds,
        _all(data["owner"]["customer"]),
        _all(data["owner"]["shop"]),
        frozenset(folded(word) for language in data["filler"].values() for word in language),
        tuple(data["person"]["ja"]),
        frozenset(data["person"]["en"]),
        tuple(data["numbered"]["heads"]),
        tuple(data["numbered"]["persons"]),
        max(map(len, kinds)),
    )


def is_word(text: str) -> bool:
    """Whether the data file lists these words, as they are."""
    words = _words()
    word = tight(folded(text.strip(_EDGES)))
    return word in words.kinds or word in words.shop or word in words.customer


def label(text: str) -> Label | None:
    """What a text says as a label; None where nothing in it is known. At most 36 characters are one."""
    text = text.strip(_EDGES).strip("\"'【】〔〕[]<>《》")
    text = _NUMBERED.sub("", text, count=1) if text[:1] in "(0123456789①②③④⑤⑥⑦⑧⑨" else text
    if not text or len(text) > _LONGEST or _DIGITS.search(text):
        return None
    if text.isascii() and text.isidentifier() and not text.islower():
        text = _CAMEL.sub(" ", text)
    low = folded(text)
    return _looked_up(low) or _composed(low)


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
            return Label(known.kind, known.owner, known.also | {beside})
        return known
    return None


def _once(word: str) -> Label | None:
    words = _words()
    kind = words.kinds.get(word)
    if word in words.shop and (kind is None or kind == "party"):
        return Label(kind or "", "shop")
    if kind is not None:
        # No shop writes お名前 or ご住所 over its own; お電話 it does.
        polite = word[:1] in "おご御" and kind in ("name", "address", "postal", "phone") and word[1:] not in _OFFERED
        return Label(kind, "customer" if polite or kind in _OWNED or word in words.customer else "")
    return None


def _composed(low: str) -> Label | None:
    tokens = list(_japanese(low.replace(" ", "")) if _JAPANESE.search(low) else _english(low))
    return (_joined(tokens) if tokens else None) or _numbered(low.replace(" ", "") if _JAPANESE.search(low) else low)


def _numbered(low: str) -> Label | None:
    """A person's number by the end of its label: 塾生番号, "reader no."."""
    words = _words()
    head = next((head for head in words.heads if low.endswith(head) and low != head), None)
    if head and low[: -len(head)].rstrip().endswith(words.numbered):
        return Label("account_id", "customer", listed=False)
    return None


def _joined(tokens: list[str]) -> Label | None:
    """The label that tokens make; the empty one stands for what nobody listed."""
    words = _words()
    kinds = [words.kinds[token] for token in tokens if token in words.kinds]
    values = [kind for kind in kinds if kind != "party"]
    listed = "" not in tokens
    if any(token in words.shop for token in tokens):
        return Label(values[-1] if values else "", "shop", listed=listed)
    if not kinds:
        return None
    also = frozenset(values)
    kind = values[-1] if values else "party"
    if len(also - {"none", "kana", "postal"}) > 1 and "none" not in also and "secret" not in also:
        kind = "party"
    if kind == "kana" and "name" in also and values[0] == "name" and len(tokens) > 1 and tokens[-1] in words.kinds:
        kind = "kana" if tokens[0] in words.kinds and values[-1] == "kana" else "name"
    owned = kind in _OWNED or any(token in words.customer or words.kinds.get(token) == "party" for token in tokens)
    return Label(kind, "customer" if owned else "", also, listed)


def _japanese(low: str) -> Iterator[str]:
    """Greedy: the longest listed word at each place; letters of no word are passed and told once as ""."""
    words = _words()
    at = 0
    strange = False
    while at < len(low):
        for length in range(min(len(low) - at, words.longest), 0, -1):
            token = low[at : at + length]
            # A single letter is a word of its own only beside others (姓, 名, 人).
            if words.knows(token) and (length > 1 or token in words.filler):
                yield token
                at += length
                break
        else:
            if not strange:
                yield ""
            strange = True
            at += 1


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
            if words.knows(token):
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
    yield from told


def names_a_person(text: str) -> bool:
    """Whether the end of an unlisted label names a person: 者, holder."""
    words = _words()
    low = folded(text.strip(_EDGES))
    if _JAPANESE.search(low):
        return low.replace(" ", "").endswith(words.people)
    return bool(low) and low.split()[-1] in words.people_en
