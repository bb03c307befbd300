"""Whose postal code and phone number stand in a message, and what a person types as an answer.

What is asked for on a confirmation page decides who gets a customer's mail, so `askable` fails closed: a value
counts only where its label and its block say that it is the customer's, and nothing else in the message says
that it is the shop's. Position never decides. The words are data, in `contact_labels.toml`.
"""

# ruff: noqa: SIM905 - a table of words is read as words.

import re
import tomllib
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple
from urllib.parse import unquote

import phonenumbers

from atesaki.content.reading import Part, Reading, normalise
from atesaki.content.words import decode_words

FactKind = Literal["postal_code", "phone_last4", "birth_year"]
PersonalKind = Literal["name", "kana", "postal", "address", "phone"]
Verdict = Literal["yes", "no", "unsure"]


class Fact(NamedTuple):
    """Something that a customer knows. Values are digits only: 7 (Japan) or 5 (US), 4, or a year."""

    kind: FactKind
    value: str


@dataclass(frozen=True, slots=True)
class Carries:
    """Whether a message names a person or says where they are; `unsure` is to be taken for `yes`."""

    verdict: Verdict
    kinds: frozenset[PersonalKind]


@dataclass(frozen=True, slots=True)
class Knows:
    """What a service says may be asked for, and a sentence for each thing it said that cannot be."""

    facts: tuple[Fact, ...]
    problems: tuple[str, ...]


# -- values -------------------------------------------------------------------------------------------

_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]"
    "|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
)
_EDGE = r"(?<![0-9+])(?<![0-9][-.])"
_END = r"(?![0-9]|[-.][0-9])"
_MARKED_POSTAL = re.compile(r"(?:〒|郵便番号)[ :]{0,3}([0-9]{3}) ?-? ?([0-9]{4})(?![0-9])")
_POSTAL = re.compile(_EDGE + r"([0-9]{3})-([0-9]{4})" + _END)
_ZIP = re.compile(
    rf"(?:\b(?:{_STATES})\.?,? {{1,2}}|\bzip(?: code)?[ :]{{1,3}})([0-9]{{5}})(?:-[0-9]{{4}})?{_END}", re.I
)
_PHONE = re.compile(
    _EDGE
    + r"(?:\+[1-9][0-9]{0,2}(?:[ .()-]{0,3}[0-9]{1,4}){2,6}"
    + r"|0[0-9]{9,10}|0[0-9]{4}[ -][0-9]{6}|0[0-9]{3}[ -][0-9]{7}"
    + r"|\(?0[0-9]{1,4}\)? ?[-(. ]? ?[0-9]{1,4} ?[-). ] ?[0-9]{3,4}"
    + r"|(?:1[ .-]?)?\(?[2-9][0-9]{2}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}|\([2-9][0-9]{2}\)[0-9]{3}[ .-][0-9]{4})"
    + _END
)
# Numbers that a customer cannot have: toll-free, shared cost, premium (ITU-T national numbering plans).
_PUBLIC = re.compile(r"\+81(?:120|800|570|180|990)|\+1(?:8(?:00|22|33|44|55|66|77|88)|900)|\+44(?:3|8[0478]|9)")
_ADDRESS_OF_WEB = re.compile(r"<?\b(?:https?|ftp)://[^\s<>\"']+>?|\bwww\.[^\s<>\"']+", re.I)


class _Value(NamedTuple):
    fact: Fact
    number: str
    start: int
    end: int


def _phone(found: str) -> str:
    """A number as E.164 writes it, or "" where the digits make none."""
    digits = re.sub(r"[^0-9]", "", found)
    if found.startswith("+"):
        digits = re.sub(r"^(81|44)0", r"\1", digits)
        return "+" + digits if 9 <= len(digits) <= 15 else ""
    if digits.startswith("0"):
        if len(digits) == 11 and not re.match(r"0[5-9]0|0800", digits):
            return "+44" + digits[1:]
        return "+81" + digits[1:] if len(digits) in (10, 11) else ""
    national = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    return "+1" + national if len(national) == 10 else ""


def _values(text: str) -> list[_Value]:
    """Every postal code and phone number in one normalised text; what is marked 〒 is no phone number."""
    if not _DIGIT.search(text):
        return []
    out: list[_Value] = []
    kind: FactKind = "postal_code"

    def take(found: re.Match[str]) -> str:
        number = _phone(found[0]) if kind == "phone_last4" else "".join(found.groups())
        if not number:
            return found[0]
        fact = Fact(kind, number[-4:] if kind == "phone_last4" else number)
        out.append(_Value(fact, number, found.start(), found.end()))
        return "\x00" * len(found[0])

    for pattern in (_MARKED_POSTAL, _PHONE, _ZIP, _POSTAL):
        kind = "phone_last4" if pattern is _PHONE else "postal_code"
        text = pattern.sub(take, text)
    return sorted(out, key=lambda value: value.start)


def _values_of(text: str) -> Iterator[_Value]:
    for line in text.splitlines():
        yield from _values(_ADDRESS_OF_WEB.sub(" ", normalise(line)))


def phones(text: str) -> tuple[str, ...]:
    """Phone numbers in a text in E.164 form, each once, in their order; Japan, North America, UK, and any "+"."""
    found = (value.number for value in _values_of(text) if value.fact.kind == "phone_last4")
    return tuple(dict.fromkeys(found))


def postal_codes(text: str) -> tuple[str, ...]:
    """Postal codes in a text, digits only, each once: Japanese, and US ones after their state or "ZIP"."""
    found = (value.number for value in _values_of(text) if value.fact.kind == "postal_code")
    return tuple(dict.fromkeys(found))


def contact_values(reading: Reading, asked: Iterable[Fact] | None = None) -> frozenset[Fact]:
    """All postal codes and phone endings in a message, whoever's: what many customers share is the shop's own.

    `asked`: what `askable` found in it, where that is known already.
    """
    # Digits that only their label makes a value are asked for too, and must be seen to be shared.
    found = askable(reading) if asked is None else asked
    return frozenset(value.fact for value in _values_of(reading.text)) | frozenset(found)


# -- labels -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Words:
    """The data file, ready to be matched."""

    tokens: dict[str, str]
    token: re.Pattern[str]
    shop: re.Pattern[str]
    sentence: re.Pattern[str]
    nobody: tuple[str, ...]
    nobody_en: frozenset[str]


def _spelt(words: Iterable[str]) -> str:
    return "|".join(r"\s?".join(map(re.escape, word.split(" "))) for word in sorted(words, key=len, reverse=True))


def _label_data() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(files(__package__).joinpath("contact_labels.toml").read_text("utf-8"))


def shop_cues() -> tuple[list[str], list[str]]:
    """What marks a line as somebody's business: parts of words, and English words."""
    shop = _label_data()["shop"]
    return shop["cues"], shop["words"]


@cache
def _words() -> _Words:
    data = _label_data()
    tokens = {
        normalise(word).casefold().replace(" ", ""): group for group, words in data["label"].items() for word in words
    }
    spelt = [normalise(word).casefold() for words in data["label"].values() for word in words]
    shop = data["shop"]

    def either(parts: list[str], words: list[str]) -> re.Pattern[str]:
        plain = _spelt(normalise(part).casefold() for part in parts)
        return re.compile(rf"{plain}|(?<![a-z])(?:{_spelt(words)})(?![a-z])")

    return _Words(
        tokens,
        re.compile(_spelt(spelt)),
        either(shop["cues"], shop["words"]),
        either(shop["sentences"], shop["sentence_words"]),
        tuple(data["greeting"]["nobody"]),
        frozenset(data["greeting"]["nobody_en"]),
    )


@dataclass(frozen=True, slots=True)
class _Label:
    """`owner`: customer, owned, plain, harmless or unknown. `holds`: the kind of value it names, if it does."""

    owner: str
    holds: str = ""


_UNKNOWN = _Label("unknown")
_BULLET = r"[\s■□◆◇●○◎・★☆▼▽▲△▶►◯◼◾♦*#=_─━~+.\-―]*(?:[0-9]{1,2}[.)] ?)?"
_BRACKETED = re.compile(
    _BULLET + r"[【\[<《〔「『〈]\s?([^【\[<《〔「『〈】\]>》〕」』〉]{1,30}?)\s?[】\]>》〕」』〉]\s?:?\s?(.*)"
)
_COLON = re.compile(_BULLET + r"([^:]{1,30}?)\s?:(?!//)\s?(.*)")
_PLAIN_START = re.compile(_BULLET)
_TRAILING = " ─━=_*#~-―:"
_BESIDE = re.compile(r"\([^)]{0,12}\)$")
_LONGEST_LABEL = 40
_DIGIT = re.compile(" ?[0-9]")


def _run(text: str, start: int = 0) -> Iterator[tuple[int, list[str]]]:
    """The ends of the label that begins at `start`, each with the groups of its tokens so far."""
    words = _words()
    groups: list[str] = []
    at = start
    while at - start < _LONGEST_LABEL:
        found = words.token.match(text, at)
        if found is None:
            return
        groups.append(words.tokens[found[0].replace(" ", "")])
        at = found.end()
        yield at, groups
        if text[at : at + 1] == " ":
            at += 1


def _labelled(groups: list[str]) -> _Label | None:
    holds = next((group for group in groups if group in ("phone", "postal", "address")), "")
    if "owned" in groups:
        holds = "phone"
    if "harmless" in groups:
        return _Label("harmless")
    if "customer" in groups:
        return _Label("customer", holds)
    if "owned" in groups:
        return _Label("owned", "phone")
    return _Label("plain", holds) if holds else None


def _whole_label(text: str) -> _Label | None:
    text = _BESIDE.sub("", text).strip()
    for end, groups in _run(text):
        if end == len(text):
            return _labelled(groups)
    return None


def _split_label(segment: str) -> tuple[_Label | None, str]:
    """The label that a segment begins with, and what follows it. A colon makes a label of any short word."""
    low = segment.casefold()
    if len(low) != len(segment):
        low = segment
    for pattern in (_BRACKETED, _COLON):
        found = pattern.fullmatch(low)
        if found:
            rest = segment[found.start(2) :]
            known = _whole_label(found[1].strip())
            if known or not re.search("[0-9]", found[1]):
                return known or _UNKNOWN, rest
    start = _PLAIN_START.match(low)
    at = start.end() if start else 0
    best: tuple[_Label | None, str] = (None, segment)
    for end, groups in _run(low.rstrip(_TRAILING), at):
        after = low[end:]
        if low[end - 1] == "〒" and _DIGIT.match(after):
            break  # it marks the value: were it a label, the heading above would be forgotten
        known = _labelled(groups)
        if known and (not after.rstrip(_TRAILING) or after[0] in " 〒+(0123456789"):
            best = (known, segment[end:].rstrip(_TRAILING) and segment[end:].strip())
    return best


# -- whose value --------------------------------------------------------------------------------------

_RULING = re.compile(r"[^\w\s〒☎]*(?:[─━=_*#~\-―ー・.]\s?){3,}[^\w\s〒☎]*")
_CELLS = re.compile(r"[\t│┃|｜]+| {3,}|\u3000{2,}")
_TABLE = re.compile(r"[\t│┃|｜]|\S(?: {3,}|\u3000{2,})\S")
_JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠々]")
_NAMED = re.compile(r"[^0-9〒]{0,30}(?:様|さま|殿)[\s,、]*")
_ROMAN_JAPAN = re.compile(r"-(?:ku|shi|cho|machi|ken|gun)\b|\b(?:tokyo|osaka|kyoto|hokkaido|japan)\b", re.I)
_COUNTRY = re.compile(r"[,. ]*(?:usa?|u\.s\.a?\.?|united states(?: of america)?|japan)?[,. ]*", re.I)
_MAIL = re.compile(r"[\w.+-]{1,64}@([\w-]+(?:\.[\w-]+)+)")
# How far below its heading a value without a label of its own may stand.
_REACH = {"postal_code": 4, "phone_last4": 8}
_MOST = 200


@dataclass
class _Hit:
    value: _Value
    block: int
    range: int
    sure: bool


@dataclass
class _Layout:
    """Reads one part line by line and keeps whose block it is in."""

    cue: re.Pattern[str] | None
    domains: frozenset[str]
    hits: list[_Hit] = field(default_factory=list)
    doubted: list[_Hit] = field(default_factory=list)
    shops: set[Fact] = field(default_factory=set)
    nobodys: set[Fact] = field(default_factory=set)
    owner: str = ""
    label: _Label = _UNKNOWN
    label_line: int = 0
    opened: int = 0
    line: int = 0
    block: int = 0
    range: int = 0
    lines_in_block: int = 0
    only_labels: bool = True
    sticky: bool = False
    shop_section: bool = False

    def read(self, text: str) -> None:
        for number, raw in enumerate(text.split("\n")):
            if self.crowded:
                return
            self.line = number
            if raw.rstrip() == "--" and raw != "--":  # "-- ": a signature follows (RFC 3676 section 4.3)
                self.shop_section, self.owner, self.sticky = True, "shop", False
            elif not raw.strip():
                self.end_block(ruled=False)
            elif _RULING.fullmatch(normalise(raw)):
                self.end_block(ruled=True)
            else:
                self.row(raw)

    @property
    def crowded(self) -> bool:
        """So many values are not one customer's, and each is compared with every other."""
        return len(self.hits) + len(self.doubted) > _MOST

    def end_block(self, ruled: bool) -> None:
        """A heading alone goes on into the next block; a list goes on only for labels that are the customer's."""
        if not self.lines_in_block:
            self.sticky = self.sticky and not ruled
            return
        if not (self.only_labels and self.owner == "customer"):
            self.sticky = self.owner == "customer" and not ruled
            self.owner = "shop" if self.shop_section else ""
            self.label = _UNKNOWN
        self.block += 1
        self.lines_in_block = 0
        self.only_labels = True

    def row(self, raw: str) -> None:
        if self.lines_in_block == 0:
            # Reach is counted in lines of text, so blank lines under a heading cost nothing.
            shift = self.line - self.opened - 1 if self.owner == "customer" else 0
            self.opened += shift
        self.lines_in_block += 1
        table = bool(_TABLE.search(raw.strip()))
        indented = raw[:1] == "\t"
        segments: list[str] = []
        for cell in _CELLS.split(raw):
            segments.extend(_inline(normalise(cell)))
        segments = [segment for segment in segments if segment]
        headings = 0
        for number, segment in enumerate(segments):
            first = table and number == 0 and len(segments) > 1 and not indented
            headings += self.segment(segment, first)
        if headings > 1 and self.owner == "shop":
            self.shop_section = True

    def segment(self, segment: str, first_cell: bool) -> bool:
        """One cell. Returns whether it is a heading."""
        label, rest = _split_label(segment)
        values = _values(_ADDRESS_OF_WEB.sub(" ", segment))
        heading = not rest.strip() and label is not None
        self.only_labels = self.only_labels and heading
        if self.is_shops(segment):
            # Any label with a value in the same line keeps it: what comes after cannot take it away.
            self.poison()
            self.owner, self.sticky, self.label = "shop", False, _UNKNOWN
            self.shop_section = self.shop_section or (not values and self.lines_in_block == 1)
            self.shops.update(value.fact for value in values)
            return heading
        if _words().sentence.search(segment.casefold()):
            self.nobodys.update(value.fact for value in values)
            if label is None or label.owner == "unknown":
                self.owner, self.sticky = ("shop" if self.shop_section else ""), False
            return False
        if label is None and first_cell and not values:
            label = _UNKNOWN
        self.enter(label)
        counted = self.counted(values, segment, rest if label else segment)
        for value in values:
            if value not in counted:
                (self.shops if self.owner == "shop" else self.nobodys).add(value.fact)
                if self.owner == "customer":
                    self.doubted.append(_Hit(value, self.block, self.range, False))
        sure = self.label.owner == "customer" and self.label_line == self.line
        self.hits.extend(_Hit(value, self.block, self.range, sure) for value in counted)
        return heading

    def enter(self, label: _Label | None) -> None:
        """What a label, or its absence, says of the block."""
        if label is None:
            self.sticky = self.sticky and self.owner == "customer"
            return
        if label.owner == "customer":
            self.owner, self.shop_section, self.sticky = "customer", False, False
            self.range += 1
            self.opened = self.line
        elif label.owner == "owned" and self.sticky and not self.owner:
            self.owner = "customer"
        elif label.owner == "unknown":
            self.sticky = False
            self.owner = "shop" if self.shop_section else ""
        self.label, self.label_line = label, self.line

    def is_shops(self, segment: str) -> bool:
        low = segment.casefold()
        if _words().shop.search(low) or (self.cue and self.cue.search(low)):
            return True
        if any(found[1] in self.domains for found in _MAIL.finditer(low)):
            return True
        return bool(_ADDRESS_OF_WEB.fullmatch(segment.strip()))

    def poison(self) -> None:
        """A shop's name under values of this block takes back those that no customer's label stood beside."""
        for hit in self.hits:
            if hit.block == self.block and hit.range == self.range and not hit.sure:
                self.shops.add(hit.value.fact)
        self.hits = [hit for hit in self.hits if hit.value.fact not in self.shops or hit.sure]

    def counted(self, values: list[_Value], segment: str, rest: str) -> list[_Value]:
        """The customer's values in a segment: at most one of each kind, in the place where a field has it."""
        if self.owner != "customer":
            return []
        beside = self.label_line == self.line
        found = list(values)
        bare = re.fullmatch(r"[0-9]{10,11}|[0-9]{7}|[0-9]{5}(?:-[0-9]{4})?", rest.strip())
        if bare and not values and (beside or self.label_line >= self.line - 2):
            found = _bare(bare[0], self.label.holds)
        counted = []
        for value in found:
            kind = value.fact.kind
            marked = segment[value.start] in "〒郵"
            if sum(other.fact.kind == kind for other in found) > 1 or not self.holds(kind, marked):
                continue
            if not beside and self.line - self.opened > _REACH[kind]:
                continue
            before, after = segment[: value.start], segment[value.end :]
            if beside and rest != segment:
                before = before[max(len(segment) - len(rest), 0) :]
            if bare or (
                _is_phone(value, before, after)
                if kind == "phone_last4"
                else self.is_postal(value, marked, before, after)
            ):
                counted.append(value)
        return counted

    def holds(self, kind: str, marked: bool) -> bool:
        holds = self.label.holds
        if self.label.owner == "unknown" or (self.label.owner == "harmless" and not marked):
            return False
        if kind == "phone_last4":
            return holds == "phone" or (self.label.owner == "customer" and holds != "postal")
        return holds != "phone"

    def is_postal(self, value: _Value, marked: bool, before: str, after: str) -> bool:
        if _PUBLIC_POSTAL.fullmatch(value.number):
            return False
        if len(value.number) == 5:
            return _COUNTRY.fullmatch(after) is not None
        if not before.strip(" (:,") or _NAMED.fullmatch(before):
            named = self.label.holds in ("postal", "address")
            return marked or named or bool(_JAPANESE.match(after.strip()))
        return bool(_ROMAN_JAPAN.search(before) and _COUNTRY.fullmatch(after))


_PUBLIC_POSTAL = re.compile(r"0{7}|0{5}")


def _is_phone(value: _Value, before: str, after: str) -> bool:
    if _PUBLIC.match(value.number) or value.number.endswith("00000000"):
        return False
    return (
        not before.strip(" :.(")
        and re.fullmatch(r"\s?(?:\((?:携帯|自宅|会社|mobile|home|work|cell)\))?\s?", after) is not None
    )


def _bare(digits: str, holds: str) -> list[_Value]:
    """Digits without a mark, which only their label makes a value."""
    if holds == "phone" and len(digits) >= 10:
        number = _phone(digits)
        return [_Value(Fact("phone_last4", number[-4:]), number, 0, 0)] if number and not _PUBLIC.match(number) else []
    if holds == "postal" and len(digits) != 10:
        code = digits if len(digits) == 7 else digits[:5]
        return [_Value(Fact("postal_code", code), code, 0, 0)] if code.strip("0") else []
    return []


_CUTTABLE = re.compile("[:0-9]")  # a label within a line stands before one of these


def _inline(cell: str) -> list[str]:
    """A cell cut before each further label of its own: "お名前: … お電話番号: …"."""
    low = cell.casefold()
    if len(low) != len(cell) or not _CUTTABLE.search(low):
        return [cell]
    cuts = [0]
    last = 0
    for space in re.finditer(r"(?<=[\s)])(?=\S)", low):
        cut = space.start()
        for end, groups in _run(low, cut):
            known = _labelled(groups)
            after = low[end : end + 5].lstrip()
            if known and (after[:1] == ":" or (known.holds == "phone" and re.match(r"[.:]?\s?[+(0-9]", after))):
                # A label cut in two ("お届け先 電話番号:", "delivery address:") is one label.
                if not any(_whole_label(low[last:at].strip(" ・*■●")) for at in (cut, end)):
                    cuts.append(cut)
                last = cut
                break
    return [cell[start:end].strip() for start, end in zip(cuts, [*cuts[1:], len(cell)], strict=True)]


_SENDERS = ("from", "sender", "reply-to", "return-path", "errors-to", "organization", "x-sender")


def sender_words(reading: Reading) -> tuple[set[str], frozenset[str], str]:
    """Names and domains of whoever sends, and the digits in their header fields."""
    names: set[str] = set()
    domains: set[str] = set()
    digits = ""
    for name, value in reading.headers:
        low = name.lower()
        if low not in _SENDERS and not low.startswith("list-"):
            continue
        text = normalise(value).casefold()
        digits += " " + re.sub(r"(?<=[0-9])[ .()-]{1,2}(?=[0-9])", "", text)
        domains.update(found[1] for found in _MAIL.finditer(text))
        if low in ("from", "sender", "reply-to", "organization"):
            shown = re.sub(r"<[^>]*>|[\w.+-]{1,64}@\S+", " ", text)
            names.update(re.findall(r"[^\W_]{2,}", shown.replace("様", " ")))
    names.update(label for domain in domains for label in domain.split(".")[:-1] if len(label) > 3)
    names = {name for name in names if len(name) > 2 or _JAPANESE.search(name)} - {"example", "mail", "noreply"}
    return names, frozenset(domains), digits


def _sender(reading: Reading) -> tuple[re.Pattern[str] | None, frozenset[str], str]:
    names, domains, digits = sender_words(reading)
    return re.compile("|".join(map(re.escape, sorted(names)))) if names else None, domains, digits


def _own_texts(parts: tuple[Part, ...]) -> list[Part]:
    """Text and pages of this message itself: what it forwards speaks of somebody else's customers."""
    forwarded = tuple(f"{part.path}." for part in parts if part.content_type in ("message/rfc822", "message/global"))
    return [
        part
        for part in parts
        if part.kind in ("text", "html")
        and not part.content_type.startswith("message/")
        and not part.path.startswith(forwarded or ("\0",))
    ]


def askable(reading: Reading) -> tuple[Fact, ...]:
    """What the confirmation page may ask for: postal code and phone ending of the customer, found in the mail.

    1. Read each text by its layout: a value counts under a customer's label, in a customer's block.
    2. Of several values under one label, none counts: one of them may be the shop's.
       Of more than a few hundred none does: so many are not one customer's.
    3. A value that stands anywhere else in that text too, or beside a shop's words in any, does not count.
    4. Nor one that the sender's own header fields hold.
    """
    cue, domains, digits = _sender(reading)
    facts: dict[Fact, None] = {}
    shops: set[Fact] = set()
    for part in _own_texts(reading.parts):
        layout = _Layout(cue, domains)
        layout.read(part.text)
        if layout.crowded:
            return ()
        shops |= layout.shops
        text = normalise(part.text)
        for hit in _alone(layout.hits, layout.hits + layout.doubted):
            if hit.value.fact not in layout.nobodys and _times(text, hit.value) <= _hits_of(layout.hits, hit.value):
                facts.setdefault(hit.value.fact)
            else:
                shops.add(hit.value.fact)
        shops |= {hit.value.fact for hit in layout.hits if _national(hit.value.number) in digits}
    own = {fact for fact in facts if fact not in shops and not _in_digits(fact, digits)}
    return tuple(sorted(own))


def _national(number: str) -> str:
    """Without the country's code or a trunk 0: so it stands in a number however that is written."""
    return re.sub(r"^\+(?:81|44|1)", "", number).removeprefix("+")


def _alone(hits: list[_Hit], every: list[_Hit]) -> Iterator[_Hit]:
    for hit in hits:
        rivals = [
            other
            for other in every
            if other.range == hit.range
            and other.value.fact.kind == hit.value.fact.kind
            and other.value.number != hit.value.number
        ]
        if not rivals or (hit.sure and not any(rival.sure for rival in rivals)):
            yield hit


def _hits_of(hits: list[_Hit], value: _Value) -> int:
    return sum(hit.value.number == value.number for hit in hits)


def _times(text: str, value: _Value) -> int:
    """How often the digits stand in a text, however they are parted."""
    national = re.sub(r"^\+(?:81|44)", "0", value.number) if value.number.startswith("+") else value.number
    digits = national.removeprefix("+1").removeprefix("+")
    spelt = "[ .()-]{0,2}".join(digits)
    return len(re.findall(rf"(?<![0-9]){spelt}(?![0-9])", text))


def _in_digits(fact: Fact, digits: str) -> bool:
    return fact.kind == "postal_code" and re.search(rf"(?<![0-9]){fact.value}(?![0-9])", digits) is not None


# -- does it carry a person ---------------------------------------------------------------------------

_PREFECTURE = (
    "(?:北海道|東京都|(?:京都|大阪)府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜"
    "|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県)"
)
_NUMBER = (
    r"(?:[0-9]{1,5}(?:-[0-9]{1,5}){1,4}"
    r"|[0-9一二三四五六七八九十]{1,6} ?(?:丁目|番地|番|号)"
    r"|[0-9]{2,5}(?![0-9年月日時分円%]))"
)
_ADDRESS = re.compile(
    rf"(?:{_PREFECTURE} ?)?[一-龠々ヶケァ-ンぁ-ん]{{1,10}}[市区町村郡][^0-9\n、。,:]{{0,15}}?{_NUMBER}"
    rf"|{_PREFECTURE} ?[一-龠々ヶケぁ-ん]{{1,8}}[市区町村郡][一-龠々ヶケァ-ンぁ-ん]{{0,12}}"
    r"|(?:[0-9]{1,4}-){1,3}[0-9]{1,4},? [A-Z][\w-]+(?:,? [A-Z]?[\w-]+){0,4}"
    r"[- ](?:ku|shi|cho|machi|ken|gun|tokyo|osaka|kyoto)\b"
    r"|\b[0-9]{1,5}[A-Za-z]? (?:[A-Z][\w'.-]+ ){1,4}"
    r"(?:St|Street|Ave|Avenue|Rd|Road|Lane|Ln|Drive|Dr|Blvd|Boulevard|Way|Court|Ct|Place|Pl|Terrace|Close|Bank|Yard"
    r"|Square|Sq|Gardens|Crescent|Hill|Park|Row|Mews|Parkway|Highway|Circle)\b"
    r"|\b(?:P\.? ?O\.? Box) [0-9]+",
)
_UK_POSTCODE = re.compile(r"\b[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][ABD-HJLNP-UW-Z]{2}\b")
_HONORIFIC = re.compile(
    r"([^\W\d_]{1,16}(?:[ ・.'’-][^\W\d_]{1,16}){0,2})"
    r" ?(?:様(?![々子式態相])|さま(?!ざま)|殿(?![堂下]))"
)
# Where a name stands alone. A Japanese one counts only with the blank between its parts: kanji alone are a heading.
_BARE_NAME = re.compile(
    r"([一-龠々]{1,4} [一-龠々ぁ-んァ-ヶー]{1,5}|[ァ-ヶー]{2,8} [ァ-ヶー]{2,8}"
    r"|[A-Z][a-z]+(?: [A-Z]\.)?(?: [A-Z][\w'’-]+){1,2})"
)
_CALLED = re.compile(r"([A-Z][a-z]{1,15}), \S")
_SHORTEST_PHONE = 7  # digits
_READ_AT_MOST = 200_000  # letters
# Written by programs for programs; and the sender's own, who speaks for itself.
_OF_THE_WAY = re.compile(
    r"received|return-path|message-id|date|resent-date|resent-message-id|in-reply-to|references|mime-version|content-.+"
    r"|dkim-signature|domainkey-signature|arc-.+|authentication-results|received-spf|x-mailer|user-agent|precedence"
    r"|auto-submitted|from|sender|to|cc|bcc|subject|reply-to|resent-(?:to|cc|bcc|from|sender)|list-.+|errors-to"
    r"|x-priority|importance|feedback-id|x-atesaki-.+",
    re.I,
)
_SAN = re.compile(r"([一-龠々]{1,4} ?[一-龠々ァ-ヶー]{0,6}|[ァ-ヶー]{2,8})(?:さん|くん|ちゃん)")
_GREETED = re.compile(
    r"(?:^|[.!] )(?:dear|hi|hello|hey|welcome back|welcome|thanks|thank you|good (?:morning|afternoon|evening)),?"
    r" ((?:[^\W\d_][\w'’.-]*)(?: [^\W\d_][\w'’.-]*){0,3}) ?(?:[,!.:;—–-]|$)",
    re.I,
)
_BY_MAIL = re.compile(r"\b((?:[A-Z]\w+[ ]){1,3}[A-Z]\w+) ?[(<][\w.+-]+@")
_TITLED = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr)\.? ([A-Z]\w+)")
_NAME_FIELD = re.compile(
    r"(?:お名前|ご?氏名|ご芳名|ご?契約者|(?:ご|お)?(?:注文|申込|申込み|登録|利用|予約)者|受取人"
    r"|\b(?:full |first |last |your )?name)(?:様)? ?[:\t] ?(\S.{0,40})",
    re.I,
)
_KANA_FIELD = re.compile(
    r"(?:フリガナ|ふりがな|カナ|かな|kana|furigana) ?[\]】)]? ?[:\t] ?([ァ-ヶーぁ-ん][ァ-ヶーぁ-ん ・]+)", re.I
)
_KANA = re.compile(r"[一-龠々] ?[ (]([ァ-ヶー]{2,8} [ァ-ヶー]{2,8})(?![ァ-ヶー])")
_TELLING = re.compile(
    r"[?&](?:[a-z_]*name|tel|phone|zip|postal\w*|address)=[^&\s]"
    r"|[?&](?!utm_)[\w.-]+=[a-z]{2,}(?:[._+]|%20)[a-z]{2,}(?=[&#]|$)",
    re.I,
)


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\-・,.、。()〒:]", "", normalise(text)).casefold()


class Own:
    """The service's own values, to be told from a person's."""

    def __init__(self, own: Iterable[str]) -> None:
        listed = [value for value in own if value.strip()]
        self.whole = {_squeezed(value) for value in listed}
        self.numbers = {value.number for line in listed for value in _values_of(line)}
        self.digits = {re.sub(r"[^0-9]", "", normalise(value)) for value in listed}

    def lists(self, line: str) -> bool:
        """Whether a whole line is listed."""
        return _squeezed(line) in self.whole

    def covers(self, kind: PersonalKind, text: str) -> bool:
        """A name must be listed as it is; a number or address may stand within a listed line."""
        if kind in ("phone", "postal"):
            return text in self.numbers or re.sub(r"^\+(?:81|44)", "0", text) in self.digits
        found = _squeezed(text)
        if kind == "address":
            return len(found) > 4 and any(found in line for line in self.whole)
        return found in self.whole


def _names(line: str) -> Iterator[str]:
    words = _words()
    for pattern in (_HONORIFIC, _SAN):
        for found in pattern.finditer(line):
            name = found[1].strip()
            if not name.endswith(words.nobody):
                yield name
    for found in _GREETED.finditer(line):
        name = found[1].strip(" .'")
        if name.casefold() not in words.nobody_en and name.split()[0].casefold() not in (
            "for",
            "to",
            "and",
            "you",
            "again",
        ):
            yield name
    for pattern in (_BY_MAIL, _TITLED):
        for found in pattern.finditer(line):
            yield found[1]
    for found in _NAME_FIELD.finditer(line):
        if not found[1].startswith(("http", "<")):
            yield re.sub(r"\s?(?:様|さま|殿)$", "", found[1]).strip()


def _personal(line: str, known: Set[PersonalKind]) -> Iterator[tuple[PersonalKind, str]]:
    """What one line says of a person: kind, and the text it was found by.

    Phones are not looked for again once one is `known`: that look costs more than all the others together.
    """
    for value in _values(line):
        yield ("phone" if value.fact.kind == "phone_last4" else "postal"), value.number
    digits = sum(letter.isdigit() for letter in line)
    for region in ("JP", "US", "GB") if digits >= _SHORTEST_PHONE and "phone" not in known else ():
        for match in phonenumbers.PhoneNumberMatcher(line, region):
            if re.search(r"\w[-_]?$", line[max(match.start - 2, 0) : match.start]):
                continue  # the tail of an identifier
            yield "phone", phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    for found in _UK_POSTCODE.finditer(line):
        yield "address", found[0]
    for found in _ADDRESS.finditer(line):
        yield "address", found[0]
    for found in _KANA_FIELD.finditer(line):
        yield "kana", found[1]
    for found in _KANA.finditer(line):
        yield "kana", found[1]
    for name in _names(line):
        yield "name", name


def _recipients(reading: Reading) -> Iterator[str]:
    """Names that a header shows beside an address: the recipient sees them as well."""
    for name, value in reading.headers:
        if name.lower() not in ("to", "cc", "bcc", "reply-to", "resent-to", "resent-cc", "resent-bcc"):
            continue
        for shown in re.findall(r"([^<>,]*)<[^>]*>", value):
            person = re.sub(r"(?:様|さま|殿)$", "", normalise(shown).strip("\"' ")).strip()
            nobody = person.endswith(_words().nobody) or person.casefold() in _words().nobody_en
            if person and "@" not in person and not nobody:
                yield person


def carries(reading: Reading, own: Iterable[str] = ()) -> Carries:
    """Whether a message carries a name, a reading of one, a postal code, an address or a phone number.

    `own` lists the service's own values (shop name, phone, address lines, signing staff), which do not count.
    Staff and shop data that are not listed do: whose they are cannot be seen. What cannot be read, what is too long
    to be read to its end, and a line that may be a bare name, is `unsure`.
    """
    listed = Own(own)
    kinds: set[PersonalKind] = {"name" for person in _recipients(reading) if not listed.covers("name", person)}
    doubtful = bool(reading.unreadable) or len(reading.text) > _READ_AT_MOST
    lines = [value for name, value in reading.headers if not _OF_THE_WAY.fullmatch(name)]
    for raw in [*lines, *reading.text[:_READ_AT_MOST].splitlines()]:
        for address in _ADDRESS_OF_WEB.findall(raw):
            doubtful = doubtful or not unquote(address).isascii() or _TELLING.search(address) is not None
        line = _ADDRESS_OF_WEB.sub(" ", raw)
        line = "\t".join(normalise(cell) for cell in line.split("\t"))
        kinds.update(kind for kind, text in _personal(line, kinds) if not listed.covers(kind, text))
        doubtful = doubtful or any(not listed.covers("name", each) for each in _perhaps_names(line))
    if kinds:
        return Carries("yes", frozenset(kinds))
    return Carries("unsure" if doubtful else "no", frozenset())


def _perhaps_names(line: str) -> Iterator[str]:
    """A name that nothing marks: alone in its line or cell, or in front of a comma at the line's beginning."""
    for cell in line.split("\t"):
        found = _BARE_NAME.fullmatch(cell.strip()) or _CALLED.match(cell.strip())
        if found and _plain_words().isdisjoint(found[1].casefold().replace("-", " ").split()):
            yield found[1]


@cache
def _plain_words() -> frozenset[str]:
    return frozenset(
        """
        a account accounts action activate activation address all an and answer app are at button by card cart
        center centre check click code codes company complete completed confirm confirmation contact continue
        corp customer customers date dear delivery desk details do download e-mail email enter expires for free from
        group hello help here hi home if important in inc info information invoice is it item items just last learn
        link list log login ltd mail member members message more name new news newsletter next no not note notes
        notice now number of official on once one online only open option order orders our page password payment
        pending phone pin please policy premium press price privacy questions quick quantity receipt register
        registration reply request reset review rights save secure security see service services settings ship
        shipping shop sign sincerely so stay step steps store subject subtotal sum summary supermarket support tax
        team terms thank thanks that the then there they this time to today token total unsubscribe update up us use
        user valid verification verify view visit want warm we website welcome what when with world yes you your
        """.split()
    )


# -- what is said and typed ---------------------------------------------------------------------------

_KINDS: tuple[FactKind, ...] = ("postal_code", "phone_last4", "birth_year")
_ERAS = {"明治": (1867, 45), "大正": (1911, 15), "昭和": (1925, 64), "平成": (1988, 31), "令和": (2018, 81)}
_ERA_LETTERS = {"m": "明治", "t": "大正", "s": "昭和", "h": "平成", "r": "令和"}
_ERA_YEAR = re.compile(
    r"(明治|大正|昭和|平成|令和|[mtshr])\.?\s?([0-9]{1,2}|元|[〇一二三四五六七八九十]{1,3})(?![0-9])(.*)"
)
_DATE_REST = re.compile(
    r"\s?(?:年?(?:生まれ|生)?|(?:年|[-/.])\s?[0-9]{1,2}\s?(?:月|[-/.])\s?[0-9]{1,2}\s?日?(?:生まれ|生)?)"
)
_KANJI = {digit: number for number, digit in enumerate("〇一二三四五六七八九")}


def normal_answer(kind: str, typed: str) -> str | None:
    """The form that facts have of what a person typed, or None where it cannot be one (or the kind is unknown).

    postal_code: "〒１２３－４５６７" is 1234567, a ZIP+4 its first five digits. phone_last4: four digits, or a
    whole phone number's last four. birth_year: 1980, 昭和55年, S55, or a whole date; 1868 to 2099.
    """
    if len(typed) > 100:
        return None
    text = normalise(typed).casefold().strip("\"'「」『』“”‘’ ")
    if kind == "postal_code":
        return _typed_postal(text)
    if kind == "phone_last4":
        return _typed_phone(text)
    if kind == "birth_year":
        return _typed_year(text)
    return None


def _typed_digits(text: str) -> str:
    return re.sub(r"[ .()\-ー_]", "", text)


def _typed_postal(text: str) -> str | None:
    digits = _typed_digits(text.removeprefix("〒").removeprefix("郵便番号"))
    if re.fullmatch(r"[0-9]{7}|[0-9]{5}", digits):
        return digits
    return digits[:5] if re.fullmatch(r"[0-9]{9}", digits) else None


def _typed_phone(text: str) -> str | None:
    digits = _typed_digits(text)
    if re.fullmatch(r"[0-9]{4}", digits):
        return digits
    # A whole number has its trunk 0 or its +; eight digits might be anything.
    return digits[-4:] if re.fullmatch(r"\+[0-9]{9,15}|0[0-9]{9,10}|1?[2-9][0-9]{9}", digits) else None


def _typed_year(text: str) -> str | None:
    western = re.fullmatch(r"([0-9]{4})(.*)", text)
    if western:
        year = int(western[1])
        return western[1] if 1868 <= year <= 2099 and _DATE_REST.fullmatch(western[2]) else None
    era = _ERA_YEAR.fullmatch(text)
    if era is None or not _DATE_REST.fullmatch(era[3]):
        return None
    before, longest = _ERAS[_ERA_LETTERS.get(era[1], era[1])]
    number = _era_number(era[2])
    return str(before + number) if 1 <= number <= longest else None


def _era_number(text: str) -> int:
    if text == "元":
        return 1
    if text[0] in "0123456789":
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int("".join(str(_KANJI[digit]) for digit in text))
    if "十" in tens:
        return 0
    return (_KANJI.get(tens, 0) if tens else 1) * 10 + (_KANJI.get(ones, 0) if ones else 0)


def knows(header_value: str) -> Knows:
    """Read "postal_code=123-4567; phone_last4=1234; birth_year=1980" in any order, spacing, width or quoting.

    Problems are sentences that name the key and never the value, so that they may be logged.
    """
    facts: dict[Fact, None] = {}
    problems: list[str] = []
    pieces = re.split(r"[;；,，、\n]", decode_words(header_value[:10_000]))
    for piece in pieces:
        key, equals, value = normalise(piece).partition("=")
        name = re.sub(r"[\s-]+", "_", key.strip("\"'「」“” ").casefold())
        kind = next((kind for kind in _KINDS if kind == name), None)
        if not piece.strip():
            continue
        if not equals:
            problems.append("A piece has no “=”.")
        elif kind is None:
            problems.append(
                f"Nothing is known under the key “{name[:40]}”." if name.isidentifier() else "A key is no word."
            )
        else:
            answer = normal_answer(kind, value)
            if answer is None:
                problems.append(f"The value of {kind} cannot be one.")
            else:
                facts.setdefault(Fact(kind, answer))
    return Knows(tuple(facts), tuple(problems))
