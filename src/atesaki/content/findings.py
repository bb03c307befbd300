"""Personal data in a message: what, where it stands, and why it is taken for somebody's.

Three passes: what is known of the customer, what the service's other mails have in common, and what labels,
honorifics and forms say. Nothing is ever suppressed by its position.
"""

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import unquote

from atesaki.content.blocks import Walk
from atesaki.content.contact import Own, PersonalKind, Verdict, sender_words
from atesaki.content.known import Customer, Searcher
from atesaki.content.lines import Line
from atesaki.content.names import could_be_name, is_given, is_nobody, is_plain, likeness, untitled
from atesaki.content.notices import without_nobodys
from atesaki.content.reading import Reading
from atesaki.content.templates import SharedLines
from atesaki.content.whose import Hit, without_doubtful

Kind = Literal[
    "name",
    "kana",
    "postal",
    "address",
    "phone",
    "email",
    "dob",
    "account_id",
    "card_tail",
    "secret",
    "order_item",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands.

    `part` is "subject", "header:To", "filename:2", or the part's path as in `Part`. `start` and `end` count
    characters of that text as `Reading` holds it. `cell` is "row 3, cell 2" in a line of cells.
    """

    part: str
    start: int
    end: int
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` exactly as it stands at `where`; `why` is a slug; one that is not `sure` makes the verdict `unsure`."""

    kind: Kind
    text: str
    where: Place
    why: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """`personal` is to be taken for `yes` where it is `unsure`; `doubts` are sentences that say why it is."""

    personal: Verdict
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...]

    @property
    def kinds(self) -> dict[str, int]:
        """How many of each kind, "unreadable" where something was; never a value."""
        counts = Counter(str(finding.kind) for finding in self.findings)
        return dict(counts) | ({"unreadable": len(self.doubts)} if self.doubts else {})


_Source = tuple[str, str]  # part, text
_TO = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc", "reply-to")
_SHOWN = re.compile(r"\s*\"?([^<>\",]*?)\"?\s*<[^>]*>")
# Written by programs for programs.
_OF_THE_WAY = re.compile(
    r"received|return-path|message-id|date|resent-.+|in-reply-to|references|mime-version|content-.+|dkim-signature"
    r"|domainkey-signature|arc-.+|authentication-results|received-spf|x-mailer|user-agent|precedence|auto-submitted"
    r"|from|sender|to|cc|bcc|subject|reply-to|list-.+|errors-to|x-priority|importance|feedback-id|x-atesaki-.+"
    r"|x-originating-ip|x-spam-.+|x-ms-.+|x-google-.+|x-received|delivered-to|thread-.+|x-campaign.*|x-report-abuse.*",
    re.I,
)
_LINK = re.compile(r"\b(?:https?|mailto):[^\s<>\"']+", re.I)
_TELLING = re.compile(r"[?&](?:[a-z_]*name|tel|phone|zip|postal\w*|address|birth\w*|dob)=[^&\s]", re.I)
_LONGEST = 400_000  # characters
_MOST = 2_000  # findings kept of a message
_LONG_LINE = re.compile(r"([^\n]{3000,3999})[\s、。,;]", re.ASCII)  # of as many letters afterwards as before
_WHOLE_NAMES = 200  # looked for again


def _sources(reading: Reading) -> Iterator[_Source]:
    yield "subject", reading.subject
    for name, value in reading.headers:
        if not _OF_THE_WAY.fullmatch(name) and value:
            yield f"header:{name}", value
    for part in reading.parts:
        if part.filename:
            yield f"filename:{part.path}", part.filename
        if part.text:
            yield part.path, part.text


class _Judge:
    """One message: what was found, and what takes it back."""

    def __init__(self, reading: Reading, own: Iterable[str], fixed: Callable[[str], bool] | None) -> None:
        lines = [line for line in own if line.strip()]
        self.own = Own(lines) if lines else None
        self.fixed = fixed
        names, self.domains, _ = sender_words(reading)
        shown = [
            value.partition("<")[0].strip('" ').casefold()
            for name, value in reading.headers
            if name.lower() in ("from", "sender")
        ]
        first: set[str] = set()
        if any(" " in each for each in shown):  # one word of a name may be a town, except at the beginning of a line
            whole = {name for name in names if not name.isascii() or name in domain_words(self.domains)}
            first, names = names - whole, whole
        self.cue = _Cue(
            first,
            {*names, *(each for each in shown if 3 < len(each) < 40 and "@" not in each)},
            reading.text[:3000],
            domain_words(self.domains),
        )
        self.found: list[Finding] = []
        self.taken: dict[tuple[str, str], list[tuple[int, int]]] = {}  # by kind and part; none overlaps another
        self.more = False
        self.sure = False
        self._fixed: dict[str, bool] = {}

    def is_own(self, kind: str, text: str, raw: str) -> bool:
        if self.own is None:
            return False
        name = "name" if kind == "kana" else kind
        covered = name in ("name", "phone", "postal", "address") and self.own.covers(cast("PersonalKind", name), text)
        return covered or self.own.lists(raw)

    def is_fixed(self, line: str) -> bool:
        if self.fixed is None:
            return False
        known = self._fixed.get(line)
        if known is None:
            known = self._fixed[line] = self.fixed(line)
        return known

    def is_common(self, line: str) -> bool:
        return self.fixed.common(line) if isinstance(self.fixed, SharedLines) else False

    def add(self, part: str, hit: Hit) -> None:
        line = hit.line
        # A shop that sends one order to everybody makes no line of it its own: who is addressed stays a person.
        if self.is_fixed(line.raw) and not _is_addressed(hit):
            return
        start, end = line.at(hit.start, hit.end)
        text = line.raw[start - line.start : end - line.start]
        if self.is_own(hit.kind, hit.plain if hit.kind in ("phone", "postal") and hit.plain else text, line.raw):
            return
        cell = f"row {line.number + 1}, cell {hit.cell}" if hit.cell else ""
        self.put(Finding(cast("Kind", hit.kind), text, Place(part, start, end, cell), hit.why, hit.sure))

    def put(self, finding: Finding) -> None:
        """Keeps a finding, unless one of its kind is there already or too many are."""
        where = finding.where
        taken = self.taken.setdefault((finding.kind, where.part), [])
        at = bisect_left(taken, (where.start, where.end))
        if (at and where.start < taken[at - 1][1]) or (at < len(taken) and taken[at][0] < where.end):
            return
        self.sure = self.sure or finding.sure
        if len(self.found) >= _MOST:
            self.more = True
            return
        insort(taken, (where.start, where.end))
        self.found.append(finding)


def _is_addressed(hit: Hit) -> bool:
    """Whether words beside it say that it is the recipient's, so that being the same for many is no excuse (L1)."""
    if hit.kind == "order_item" or not hit.sure:
        return False
    return hit.owner == "customer" or hit.section == "customer" or hit.why in ("honorific", "greeting", "addressed")


_USED_JA = re.compile(r"([^\s、。「」『』【】()のはがを]{2,20})(?:を|に)(?:いつも)?$")
_USED_EN = re.compile(
    r"(?:(?:shopping|ordering|staying|registering|signing up|joining|order|booking) (?:at|with|from)"
    r"|\bThe) ((?:[A-Z][\w&'’.-]+ ?){1,3}?)(?: [Tt]eam| crew|[,.!\n])"
)
_NO_NAME = re.compile("[都道府県市区町村]$|^(?:当|弊|本)|サービス$|^お客|^会員")


def _said(text: str) -> Iterator[str]:
    """Names by which the sender speaks of itself."""
    for words in ("ご利用", "ご愛顧"):
        at = text.find(words)
        found = _USED_JA.search(text, max(at - 26, 0), at) if at > 0 else None
        if found:
            yield found[1]
    if " team" in text or "Team" in text or "ing at " in text or "ing with " in text or "order from" in text:
        for english in _USED_EN.finditer(text):
            yield english[1].strip(" .,").casefold()


def domain_words(domains: Iterable[str]) -> set[str]:
    """Words of a domain, but its last."""
    return {word for domain in domains for word in domain.split(".")[:-1]}


_JOINED = 7  # letters of a domain's word that may be several of a text
_APART = {ord(sign): "" for sign in " '’.,-"} | {ord("&"): "and"}


class _Cue:
    """Whether a text names the sender."""

    def __init__(self, first: Iterable[str], names: Iterable[str], text: str, domains: Iterable[str]) -> None:
        self.first = tuple(name for name in first if len(name) > 3 and not is_plain(name))
        every = {*names, *_said(text)}
        # "Holloway Vets" of hollowayvets.example
        self.joined = tuple(word for word in domains if len(word) >= _JOINED and not is_plain(word))
        self.japanese = [name for name in every if not name.isascii() and len(name) > 2 and not _NO_NAME.search(name)]
        self.others = [
            name for name in every if name.isascii() and len(name) > 2 and (" " in name or not is_plain(name))
        ]

    def __call__(self, text: str) -> bool:
        for name in self.japanese:
            if name in text:
                return True
        if not self.others and not self.first and not self.joined:
            return False
        low = text.casefold()
        for word in self.joined:
            if word[:3] in low and word in low.translate(_APART):
                return True
        if self.first and low.lstrip().startswith(self.first):
            return True
        for name in self.others:
            at = low.find(name)
            if at >= 0 and not (low[at - 1 : at].isalpha() or low[at + len(name) : at + len(name) + 1].isalpha()):
                return True
        return False


def _recipients(reading: Reading) -> Iterator[tuple[str, Line, int, int]]:
    """Names that a header shows beside an address."""
    for name, value in reading.headers:
        if name.lower() not in _TO or "<" not in value:
            continue
        line = Line(value, 0, 0)
        for shown in _SHOWN.finditer(line.text):
            yield name, line, *shown.span(1)


def findings(
    reading: Reading,
    *,
    own: Iterable[str] = (),
    customer: Customer | None = None,
    fixed: Callable[[str], bool] | None = None,
) -> Findings:
    """What a message holds of a person.

    `own`: lines of the service's own, which do not count. `customer`: what is known of the recipient, which always
    does. `fixed`: says of a line that every recipient of such mail gets the same, so what stands on it is nobody's,
    unless words beside it say that it is the recipient's.
    """
    judge = _Judge(reading, own, fixed)
    doubts = list(dict.fromkeys(part.why for part in reading.parts if part.why))
    sources = list(_sources(reading))
    if customer is not None:
        _search(judge, reading, sources, customer)
    hits: list[tuple[str, Hit]] = []
    orders = deals = everybody = False
    announces = 0
    room = _LONGEST
    for part, whole in sources:
        if len(whole) > room:
            doubts.append(f"Only {_LONGEST} characters were searched.")
        text = whole[:room]
        room -= len(text)
        walk = Walk(judge.cue, judge.domains)
        hits.extend((part, hit) for hit in walk.read(_LONG_LINE.sub(_broken, text)))
        orders = orders or walk.orders
        everybody = everybody or walk.everybody
        announces += walk.announces
        deals = deals or walk.deals
        if "://" in text and _tells(text):
            doubts.append("A link in it names somebody.")
    doubted = without_doubtful([hit for _, hit in hits], orders)
    told = without_nobodys(
        doubted, everybody=everybody, announces=0 if orders else announces, deals=deals, common=judge.is_common
    )
    kept = {id(hit) for hit in told}
    for part, hit in hits:
        if id(hit) in kept:
            judge.add(part, hit)
    _names_in_headers(judge, reading)
    _again(judge, sources)
    found = sorted(judge.found, key=lambda each: (each.where.part, each.where.start))
    if found and not judge.sure:
        doubts.append("A line in it may be a name.")
    if judge.more:
        doubts.append(f"It holds more than the {_MOST} findings that are told.")
    return Findings("yes" if judge.sure else "unsure" if found or doubts else "no", tuple(found), tuple(doubts))


def _broken(found: re.Match[str]) -> str:
    """A part of a line without end, with a break for its last gap: what a line costs grows with its square."""
    return found[1] + "\n"


def _search(judge: _Judge, reading: Reading, sources: list[_Source], customer: Customer) -> None:
    searcher = Searcher(customer)
    shown = [(f"header:{name}", value) for name, value in reading.headers if name.lower() in _TO and "<" in value]
    for part, text in [
        *sources,
        *((name, re.sub(r"<[^>]*>", lambda found: " " * len(found[0]), value)) for name, value in shown),
    ]:
        for known in searcher.all(text):
            judge.put(
                Finding(
                    cast("Kind", known.kind),
                    text[known.start : known.end],
                    Place(part, known.start, known.end),
                    "known",
                    True,
                )
            )


def _tells(text: str) -> bool:
    """Whether a link holds a person's data: a name where it says so, or letters beyond ASCII."""
    for found in _LINK.finditer(text):
        if _TELLING.search(found[0]):
            return True
        if "%" in found[0] and not unquote(found[0]).isascii() and re.search(r"[?&][^&]*%[ef]", found[0], re.I):
            return True
    return False


def _names_in_headers(judge: _Judge, reading: Reading) -> None:
    sender = {
        value.partition("<")[0].strip('" ').casefold() for name, value in reading.headers if name.lower() == "from"
    }
    for name, line, start, end in _recipients(reading):
        shown = line.text[start:end].strip()
        bare = re.sub(r"\s?(?:様|さま|殿|御中)$", "", shown)
        if not bare or "@" in bare or bare.casefold() in sender or is_nobody(bare):
            continue
        honoured_so = bare != shown
        if judge.cue(bare) and not honoured_so:
            continue
        if name.lower() == "reply-to" and not (honoured_so or likeness(bare) == 2):
            continue
        if not could_be_name(bare) or (
            re.fullmatch(r"[\w.+-]+", bare)
            and not (likeness(bare) or honoured_so or not bare.isascii() or is_given(bare))
        ):
            continue
        at = start + line.text[start:end].index(bare)
        where = line.at(at, at + len(bare))
        if not judge.is_own("name", bare, bare):
            judge.put(
                Finding("name", line.raw[where[0] : where[1]], Place(f"header:{name}", *where), "recipient", True)
            )


_TWO_NAMES = r"((?:[A-ZÀ-Þ][\w'’-]+ ){1,2}[A-ZÀ-Þ][\w'’-]+)"
_BEFORE_AND = re.compile(_TWO_NAMES + r"(?:,? (?:and|&) )\Z")
_AND = re.compile(r"(?:,? (?:and|&) |と|、|・)" + _TWO_NAMES)
_NEAR = 160  # characters in which the other name stands


def _places(name: str, text: str) -> Iterator[int]:
    at = text.find(name)
    while at >= 0:
        yield at
        at = text.find(name, at + len(name))


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether no letter of a word, nor a mail address, goes on at either end."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() or before == "_" or after.isalnum() or after in ("_", "@"))


def _beside(name: str, text: str) -> Iterator[str]:
    """Names that "and" joins to a name."""
    for at in _places(name, text):
        after = _AND.match(text, at + len(name))
        if after and (likeness(after[1]) or is_given(after[1].split()[0])):
            yield after[1]
        before = _BEFORE_AND.search(text, max(at - _NEAR, 0), at)
        if before and likeness(before[1]):
            yield before[1]


def _again(judge: _Judge, sources: list[_Source]) -> None:
    """A whole name that was found once is one wherever it stands; so are its given name, and who is named with it."""
    sure = dict.fromkeys(untitled(each.text) for each in judge.found if each.kind == "name" and each.sure)
    whole = [name for name in sure if len(name) >= 4 and re.search(r"\s", name)][:_WHOLE_NAMES]
    names = set(whole)
    for name in whole:
        if re.search("[A-Za-z]", name):
            for _, text in sources:
                names.update(_beside(name, text))
    given = {name.split()[0] for name in names if re.fullmatch(r"[A-ZÀ-Þ][\w'’-]{2,} .+", name)}
    names |= {name for name in given if not is_plain(name)}
    asked = judge.fixed is not None or judge.own is not None
    for name in sorted(names, key=lambda name: (-len(name), name)):
        for part, text in sources:
            for at in _places(name, text):
                end = at + len(name)
                if name[0].isascii() and not _is_apart(text, at, end):
                    continue
                if asked:
                    line = text[text.rfind("\n", 0, at) + 1 : (text.find("\n", end) + 1 or len(text) + 1) - 1]
                    if judge.is_fixed(line) or judge.is_own("name", name, line):
                        continue
                judge.put(Finding("name", name, Place(part, at, end), "again", True))
