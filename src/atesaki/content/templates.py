"""Which mails of a sender are one template, and which of its lines are the same for every recipient.

Kept is no content: of a line or a word of a subject, a keyed hash of 8 octets, in how many mails it stood, and a sample
of at most 16 recipients as hashes; of a template besides, its sender's domain, counts, and a name. The name is for
recognition alone, so what is in doubt is left out: it holds only words that `subjects` lists or the sender's own name
has, and of these only what sixteen recipients and nearly all mails had.

A template is found by likeness and not by one exact key: values, item rows and optional paragraphs differ from mail to
mail, and a key over all of it would make a template of each mail. Wrong joins are harmless, as what differs between
the joined is then fixed in neither; and nothing else of a customer's can become fixed but what nine in ten mails of
a template, to nine in ten of its recipients, all carry.
"""

from __future__ import annotations

import re
import struct
import zlib
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import nlargest
from typing import NamedTuple

from atesaki.content.memo import Memo
from atesaki.content.names import honoured, likeness
from atesaki.content.reading import Reading
from atesaki.content.subjects import tellable

LEAST_RECIPIENTS = 5
"""Fewer distinct recipients make nothing fixed, however many mails they were sent."""

_SEVERAL, _SOME = 3, 5  # recipients, and one in so many, that make a line common to them
_NEARLY = (9, 10)  # in so many of so many mails, and for so many recipients
_SAMPLE = 16  # recipients kept, the least by their hash: of two sets, the sample tells how much they share
_WINDOW = 1_000  # mails; then every count is halved, so that a changed footer is learnt anew
_LINES, _SHAPES = 400, 200  # kept of a template
_TEMPLATES = 128  # kept of a sender
_OF_A_MAIL = 400  # lines looked at: half from its beginning, half from its end
_WIDE = 500  # characters of a line or a header in which is searched; its hash is of all of it
_WORDS = 40  # of a subject
_NAME = 120  # characters
_VERSION = 1
_OCTETS = 8


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What of one mail tells its template. Holds the subject's words as they are, so it is never kept.

    `key`: the cluster by structure (sender's domain, language, types of the texts), within which likeness is looked
    for. `lines`: of each line. `shapes`: of each line without its digits, rows that are alike once. `words`: the
    subject, cut into words and what stands between them. `lacking`: of sender, contact, not_me and reply.
    """

    key: bytes
    lines: tuple[bytes, ...]
    shapes: frozenset[bytes] = frozenset()
    words: tuple[str, ...] = ()
    hashes: tuple[bytes, ...] = ()  # of `words`, empty for what stands between them
    told: tuple[str, ...] = ()  # of `words`, `…` for those that may be a person's
    domain: str = ""
    lacking: tuple[str, ...] = ()

    @property
    def telling(self) -> frozenset[bytes]:
        """The words of the subject by which two templates are told apart."""
        return frozenset(
            mark for word, mark in zip(self.words, self.hashes, strict=True) if mark and _TELLING.search(word)
        )


# -- one mail ---------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[0-9０-９]+|[ァ-ヺー]+|[ぁ-ゖ]+|[一-龠々〆]+|[^\W\d_]+|[\W_]+|.", re.DOTALL)
_TELLING = re.compile(r"[^\W\dぁ-ゖ_]{2}|[ぁ-ゖ]{3}|[一-龠]")
_NUMBER = re.compile(r"\d+")
_RUN = re.compile(r"[^\W_]+(?:[ \u3000・-]+[^\W_]+)*")
_KANA = re.compile(r"[ぁ-ヺ]")
_DOMAIN = re.compile(r"@([\w.-]+)")


def line_hash(line: str, key: bytes) -> bytes:
    """8 octets of a line as it is read, whatever blanks stand in it. `key`: secret, at most 64 octets."""
    plain = " ".join(line.split())
    known = _MARKS.get(hash((key, plain)))
    return known.line if known else _mark("l", plain, key)


def _mark(kind: str, text: str, key: bytes) -> bytes:
    return blake2b(f"{kind}{text}".encode("utf-8", "surrogatepass"), digest_size=_OCTETS, key=key).digest()


class _Marks(NamedTuple):
    """Of a line: its hash, its shape's as a row of many, its own without digits; whether the shape is a mere word."""

    line: bytes
    row: bytes
    undigited: bytes
    word: bool
    says: int


_MARKS: Memo[_Marks] = Memo()
_SAYS: Memo[int] = Memo()


def _marks(line: str, key: bytes) -> _Marks:
    place = hash((key, line))
    known = _MARKS.get(place)
    if known is None:
        cut = line[:_WIDE]
        shape = _RUN.sub("w", cut)
        known = _Marks(
            _mark("l", line, key),
            _mark("r", shape, key),
            _mark("l", _NUMBER.sub("0", cut), key),
            shape == "w",
            _says(line),
        )
        _MARKS.put(place, known)
    return known


def skeleton(reading: Reading, key: bytes) -> Skeleton:
    """What tells a mail's template. `key`: a secret of at most 64 octets, for hashes of short lines can be guessed."""
    lines = [_marks(line, key) for line in _lines(reading)]
    domain = _sender_domain(reading)
    language = "ja" if any(line.says & _IS_KANA for line in lines) else "en"
    types = sorted({part.content_type for part in reading.parts if part.content_type.startswith("text/")})
    words = tuple(_WORD.findall(reading.subject[:_WIDE]))[:_WORDS]
    return Skeleton(
        key=blake2b("\0".join((domain, language, *types)).encode(), digest_size=16, key=key).digest(),
        lines=tuple(dict.fromkeys(line.line for line in lines)),
        shapes=frozenset(_shapes(lines[1:] if reading.subject.strip() else lines)),
        words=words,
        hashes=tuple(_mark("s", word.casefold(), key) if re.search(r"\w", word) else b"" for word in words),
        told=tellable(words, _own_words(reading, domain)),
        domain=domain,
        lacking=_lacking(reading, [line.says for line in lines]),
    )


def _lines(reading: Reading) -> Iterator[str]:
    """The subject, then the lines of every text that are not empty, blanks made one."""
    texts = [part.text for part in reading.parts if part.text]
    found = [plain for text in texts for line in text.split("\n") if (plain := " ".join(line.split()))]
    if len(found) > _OF_A_MAIL:
        found = found[: _OF_A_MAIL // 2] + found[-_OF_A_MAIL // 2 :]
    if subject := " ".join(reading.subject.split()):
        yield subject
    yield from found


def _shapes(lines: list[_Marks]) -> Iterator[bytes]:
    """Lines without their digits; where three or more are alike but for their words too, they are rows, and one."""
    many = Counter(line.row for line in lines)
    for line in lines:
        yield line.row if many[line.row] >= 3 and not line.word else line.undigited


def _sender_domain(reading: Reading) -> str:
    found = _DOMAIN.findall(_header(reading, "from"))
    return found[-1].strip(".").lower()[:200] if found else ""


def _own_words(reading: Reading, domain: str) -> frozenset[str]:
    """Of the name that the sender shows, and of its domain; not if that is a person's, who may be a customer."""
    shown = _header(reading, "from").partition("<")[0].strip("\"' \u3000")
    if "@" in shown or likeness(shown.replace("\u3000", " ")) or next(honoured(shown), None):
        shown = ""
    return frozenset(word.casefold() for word in [*_WORD.findall(shown), *domain.split(".")])


def _header(reading: Reading, name: str) -> str:
    return next((value for key, value in reading.headers if key.lower() == name), "")[:_WIDE]


# -- what a mail lacks ------------------------------------------------------------------------------------------------

_NOT_ME = re.compile(
    r"心当たり|こころあたり|身に?覚え|覚えのない|覚えがな|第三者が.{0,20}(?:登録|入力)|誤って(?:届|登録|入力|送)"
    r"|if (?:you|this) (?:(?:did|was) ?n[o']t|(?:did|was)n’t|have not|haven.t|received this .{0,30}(?:error|mistake))"
    r"|(?:was|is) (?:this )?not (?:you|meant for you)|wasn.t you|not your account|do not recogni[sz]e|in error",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"問い?合わ?せ|連絡先|ご連絡|サポート|窓口|カスタマー|contact|support|help|customer (?:service|care)"
    r"|inquir|enquir|questions",
    re.IGNORECASE,
)
_WAY = re.compile(
    r"https?://|www\.|[\w.+-]{1,64}@[\w-]{1,63}\."
    r"|[0-9０-９]{2,5}[-‐－ー−() ]{1,2}[0-9０-９]{2,4}[-‐－ー−) ]{1,2}[0-9０-９]{3,4}"
)
_DEAF = re.compile(r"no[-_.]?reply|do[-_.]?not[-_.]?reply|nao-responda|send[-_.]?only|mailer-daemon", re.IGNORECASE)
_DEAF_WORDS = re.compile(
    r"送信専用|返信(?:いただ|頂|され|を?して)?.{0,12}(?:できません|でき兼ね|できかね|お(?:答え|応え)|届きません|ご遠慮)"
    r"|(?:do|please) not reply|cannot (?:be replied|receive repl)|not monitored|unmonitored",
    re.IGNORECASE,
)


_IS_KANA, _IS_CONTACT, _IS_WAY, _IS_NOT_ME, _IS_DEAF = (1 << bit for bit in range(5))
_TOLD_BY = (
    (_IS_KANA, _KANA),
    (_IS_CONTACT, _CONTACT),
    (_IS_WAY, _WAY),
    (_IS_NOT_ME, _NOT_ME),
    (_IS_DEAF, _DEAF_WORDS),
)


def _says(line: str) -> int:
    """Which of the patterns are found in a line, one bit each."""
    key = hash(line)
    known = _SAYS.get(key)
    if known is None:
        cut = line[:_WIDE]
        known = sum(bit for bit, pattern in _TOLD_BY if pattern.search(cut))
        _SAYS.put(key, known)
    return known


def lacking(reading: Reading) -> tuple[str, ...]:
    """What an unproved recipient would miss in it: a named `sender`, a `contact`, words for who is `not_me`, a way to
    `reply`."""
    return _lacking(reading, [_says(line) for line in _lines(reading)])


def _lacking(reading: Reading, lines: list[int]) -> tuple[str, ...]:
    """`lines`: what each of them says."""
    sender, answers = _header(reading, "from"), _header(reading, "reply-to")
    named = re.sub(r"<[^>]*>|\S+@\S+|[\"'\s]", "", sender)
    # A way stands in the line that speaks of contact, or in the three below.
    near = any(
        says & _IS_CONTACT and any(below & _IS_WAY for below in lines[at : at + 4]) for at, says in enumerate(lines)
    )
    deaf_words = any(says & _IS_DEAF for says in lines)
    lacks = {
        "sender": not named,
        "contact": not near,
        "not_me": not any(says & _IS_NOT_ME for says in lines),
        "reply": bool(_DEAF.search(answers or sender)) or (not answers and deaf_words),
    }
    return tuple(what for what, is_lacking in lacks.items() if is_lacking)


# -- one template -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Line:
    """`many`: mails of the window that it stood in. `settled`: it was fixed when the window was last halved."""

    many: int = 0
    settled: bool = False
    recipients: list[bytes] = field(default_factory=list)


def _nearly(part: int, whole: int) -> bool:
    return part * _NEARLY[1] >= whole * _NEARLY[0]


def _sample(one: Iterable[bytes], other: Iterable[bytes]) -> list[bytes]:
    return sorted({*one, *other})[:_SAMPLE]


class Sketch:
    """What is known of one template: hashes and counts, bounded, mergeable in any order.

    `mails` is how many were added, ever. Two sketches may be merged in either order; in which order many are, matters
    only once a bound is reached: then the rarest lines go, and older counts weigh less.
    """

    __slots__ = (
        "_common",
        "_lacking",
        "_lines",
        "_named_by",
        "_recipients",
        "_shapes",
        "_window",
        "_words",
        "domain",
        "key",
        "mails",
        "name",
        "place",
    )

    def __init__(self, key: bytes, place: bytes, domain: str = "") -> None:
        """`key`: its own, 16 octets. `place`: the key by structure that its mails share."""
        self.key, self.place, self.domain, self.name = key, place, domain, ""
        self.mails = self._window = 0
        self._lines: dict[bytes, _Line] = {}
        self._shapes: Counter[bytes] = Counter()
        self._words: Counter[bytes] = Counter()  # of the subject, those that tell
        self._lacking: Counter[str] = Counter()
        self._recipients: list[bytes] = []
        self._named_by: tuple[bytes, ...] = ()  # the words of `name`; unknown in what was read back, and named anew
        self._common: tuple[frozenset[bytes], frozenset[bytes]] | None = None

    def add(self, skeleton: Skeleton, recipient: bytes) -> None:
        """Counts one mail. `recipient`: any octets that are the same for the same one."""
        who = blake2b(recipient, digest_size=_OCTETS).digest()
        self.mails += 1
        self._window += 1
        _into(self._recipients, who)
        for mark in {*skeleton.lines, *skeleton.hashes} - {b""}:
            line = self._lines.get(mark)
            if line is None:
                line = self._lines[mark] = _Line()
            line.many += 1
            _into(line.recipients, who)
        self._shapes.update(skeleton.shapes)
        self._words.update(skeleton.telling)
        self._lacking.update(skeleton.lacking)
        if not self._named_by or self._window < 50 or self.mails % 10 == 0:
            self._rename(skeleton)
        self._bound()

    def merge(self, other: Sketch) -> None:
        """Takes in what another process has seen of the same template; of two names, the one that says less."""
        name = min((each.name for each in (self, other) if each.recipients >= _SAMPLE), key=_frankness, default="")
        self.mails += other.mails
        self._window += other._window
        for mark, theirs in other._lines.items():
            mine = self._lines.setdefault(mark, _Line())
            mine.many += theirs.many
            mine.settled |= theirs.settled
            mine.recipients = _sample(mine.recipients, theirs.recipients)
        for counts, more in ((self._shapes, other._shapes), (self._words, other._words)):
            counts.update(more)
        self._lacking.update(other._lacking)
        self._recipients = _sample(self._recipients, other._recipients)
        self.name, self._named_by = name, ()
        self.key = min(self.key, other.key)
        self._bound()

    def is_fixed(self, line: bytes) -> bool:
        """Whether a line (its `line_hash`) is the same for everybody: for five distinct recipients at least, in nearly
        every mail and for nearly every recipient."""
        found = self._lines.get(line)
        if found is None or not _nearly(found.many, self._window):
            return False
        if found.settled:
            return True
        # Of the sampled recipients, those that had it are in the line's own sample too: it is of a part of them.
        had = len(set(self._recipients).intersection(found.recipients))
        return len(found.recipients) >= LEAST_RECIPIENTS and _nearly(had, len(self._recipients))

    def is_common(self, line: bytes) -> bool:
        """Whether a line was seen for three distinct recipients, in a fifth of the mails and for a fifth of those
        sampled: too little to be everybody's, too much to be one person's."""
        found = self._lines.get(line)
        if found is None or len(self._recipients) < LEAST_RECIPIENTS or found.many * _SOME < self._window:
            return False
        had = len(set(self._recipients).intersection(found.recipients))
        return found.settled or (had >= _SEVERAL and had * _SOME >= len(self._recipients))

    @property
    def recipients(self) -> int:
        """How many distinct ones it was seen for lately, as far as that matters: 16 stands for any more."""
        return len(self._recipients)

    @property
    def missing(self) -> tuple[str, ...]:
        """What at least half of its mails lack, of: sender, contact, not_me, reply."""
        return tuple(
            what for what in ("sender", "contact", "not_me", "reply") if self._lacking[what] * 2 >= max(1, self._window)
        )

    def common(self) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """The shapes of lines, and the telling words of the subject, that half of its mails have."""
        if self._common is None:
            half = self._window / 2
            self._common = (
                frozenset(mark for mark, many in self._shapes.items() if many >= half),
                frozenset(mark for mark, many in self._words.items() if many >= half),
            )
        return self._common

    def _rename(self, skeleton: Skeleton) -> None:
        """Names the template by this mail, also if that says less or nothing."""
        if self._named_by and len(self._recipients) < _SAMPLE:
            return  # the window was halved just now: its words were sure, and nobody can tell yet
        marks = tuple(
            mark
            for word, mark in zip(skeleton.told, skeleton.hashes, strict=True)
            if mark and word != "…" and self._tells(mark)
        )
        if self._named_by and not set(self._named_by) <= set(marks) and all(map(self._tells, self._named_by)):
            return  # one of the few that lack a word which the template still has
        kept = [
            word if not mark or mark in marks else "…"
            for word, mark in zip(skeleton.told, skeleton.hashes, strict=True)
        ]
        self._named_by = marks
        self.name = re.sub(r"…(?:[\s…]*…)+", "…", "".join(kept)).strip()[:_NAME] if marks else ""

    def _tells(self, mark: bytes) -> bool:
        """Whether a word was seen for sixteen recipients, for all but one of those sampled, and in nearly all mails."""
        found = self._lines.get(mark)
        if found is None or len(found.recipients) < _SAMPLE or found.many * 20 < self._window * 19:
            return False
        return len(set(self._recipients).intersection(found.recipients)) >= _SAMPLE - 1

    def _bound(self) -> None:
        """Halves the window, and lets the rarest go."""
        self._common = None
        while self._window > _WINDOW:
            for mark, line in list(self._lines.items()):
                line.settled = self.is_fixed(mark)
            for line in self._lines.values():
                line.many, line.recipients = line.many // 2, []
            self._lines = {mark: line for mark, line in self._lines.items() if line.many}
            for counts in (self._shapes, self._words, self._lacking):
                for each in counts:
                    counts[each] //= 2  # type: ignore[index]
            self._window //= 2
            self._recipients = []
        if len(self._lines) > _LINES:
            kept = nlargest(
                _LINES * 3 // 4, self._lines.items(), key=lambda each: (each[1].settled, each[1].many, each[0])
            )
            self._lines = dict(kept)
        for name in ("_shapes", "_words"):
            counts = getattr(self, name)
            if len(counts) > _SHAPES:
                setattr(
                    self, name, Counter(dict(nlargest(_SHAPES * 3 // 4, counts.items(), key=lambda each: each[::-1])))
                )

    # -- kept -------------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """As it is kept: a version, and the rest compressed."""
        out = [self.key, self.place, struct.pack(">QI", self.mails, self._window)]
        for text in (self.domain, self.name):
            raw = text.encode()
            out += [struct.pack(">H", len(raw)), raw]
        out += [struct.pack(">IIII", *(self._lacking[what] for what in _FLAGS)), _packed(self._recipients)]
        out.append(struct.pack(">H", len(self._lines)))
        for mark, line in sorted(self._lines.items()):
            out += [mark, struct.pack(">I?", line.many, line.settled), _packed(line.recipients)]
        for counts in (self._shapes, self._words):
            out.append(struct.pack(">H", len(counts)))
            out += [mark + struct.pack(">I", many) for mark, many in sorted(counts.items())]
        return bytes([_VERSION]) + zlib.compress(b"".join(out), 1)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Sketch:
        """What `to_bytes` made. Raises `ValueError` for anything else, and for a version that is not known."""
        if not raw or raw[0] != _VERSION:
            raise ValueError("This sketch was written by another version: it is learnt anew.")
        try:
            return cls._read(_Tape(zlib.decompressobj().decompress(raw[1:], _LARGEST)))
        except (zlib.error, struct.error, UnicodeDecodeError) as error:
            raise ValueError("This sketch is damaged: it is learnt anew.") from error

    @classmethod
    def _read(cls, tape: _Tape) -> Sketch:
        sketch = cls(tape.octets(16), tape.octets(16))
        sketch.mails, sketch._window = tape.numbers(">QI")
        sketch.domain, sketch.name = (tape.octets(tape.numbers(">H")[0]).decode() for _ in range(2))
        sketch._lacking = Counter(dict(zip(_FLAGS, tape.numbers(">IIII"), strict=True)))
        sketch._recipients = tape.marks()
        for _ in range(tape.numbers(">H")[0]):
            mark, (many, settled) = tape.octets(_OCTETS), tape.numbers(">I?")
            sketch._lines[mark] = _Line(many, bool(settled), tape.marks())
        for counts in (sketch._shapes, sketch._words):
            for _ in range(tape.numbers(">H")[0]):
                mark = tape.octets(_OCTETS)
                counts[mark] = tape.numbers(">I")[0]
        return sketch


_FLAGS = ("sender", "contact", "not_me", "reply")
_LARGEST = 200_000  # octets of a sketch, unpacked: more than its bounds let it have


def _frankness(name: str) -> tuple[int, int, str]:
    """How much a name says: nothing, then what leaves more out, then what is shorter."""
    return int(name != ""), -name.count("…"), name


def _into(sample: list[bytes], who: bytes) -> None:
    """Adds a recipient, if it is among the least or there is room."""
    if (len(sample) < _SAMPLE or who < sample[-1]) and who not in sample:
        insort(sample, who)
        del sample[_SAMPLE:]


def _packed(marks: list[bytes]) -> bytes:
    return bytes([len(marks)]) + b"".join(marks)


@dataclass(slots=True)
class _Tape:
    """Octets, read from the beginning."""

    raw: bytes
    at: int = 0

    def octets(self, many: int) -> bytes:
        found = self.raw[self.at : self.at + many]
        if len(found) < many:
            raise struct.error("It ends too early.")
        self.at += many
        return found

    def numbers(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self.octets(struct.calcsize(form)))

    def marks(self) -> list[bytes]:
        return [self.octets(_OCTETS) for _ in range(self.octets(1)[0])]


class SharedLines:
    """Says of the lines of one mail what other recipients of such mail had: called, whether each had it.

    `common`: whether several had it. That makes nobody's data the shop's: it is asked only whether a mail in which
    nobody is addressed speaks of anybody at all.
    """

    __slots__ = ("_fixed", "_key", "_mine", "_others")

    def __init__(self, key: bytes, mine: Sketch | None, others: list[Sketch]) -> None:
        """`mine`: the mail's template. `others`: the sender's other templates that many recipients have seen."""
        self._key, self._mine, self._others = key, mine, others
        self._fixed: dict[bytes, bool] = {}

    def __call__(self, line: str) -> bool:
        mark = line_hash(line, self._key)
        known = self._fixed.get(mark)
        if known is None:
            mine = self._mine is not None and self._mine.is_fixed(mark)
            known = self._fixed[mark] = mine or any(each.is_fixed(mark) for each in self._others)
        return known

    def common(self, line: str) -> bool:
        return self(line) or (self._mine is not None and self._mine.is_common(line_hash(line, self._key)))


# -- all templates of a sender ----------------------------------------------------------------------------------------

_LIKE = 1.1  # what the likeness of subject and of lines must come to together,
_LEAST = 0.3  # each of them at least,
_SAME_LINES = 0.85  # or the lines alone


class Templates:
    """The templates of one sender, in memory: at most 128, of which those with the fewest mails go first."""

    def __init__(self, key: bytes, most: int = _TEMPLATES) -> None:
        """`key`: the secret of every hash in here, at most 64 octets."""
        self._key, self._most = key, most
        self.sketches: dict[bytes, Sketch] = {}

    def skeleton(self, reading: Reading) -> Skeleton:
        """What tells a mail's template, with the key of these."""
        return skeleton(reading, self._key)

    def find(self, seen: Skeleton) -> Sketch | None:
        """The template that a mail is most like, if it is like any."""
        return self._best(seen.key, seen.shapes, seen.telling)

    def add(self, mail: Reading | Skeleton, recipient: bytes) -> bytes:
        """Counts a mail to one recipient; its template's key, which stays while the template is kept.

        Of a mail to many it is to be added once, for the first of them: all of them see the same values in it.
        """
        seen = mail if isinstance(mail, Skeleton) else self.skeleton(mail)
        sketch = self.find(seen) or self.begin(seen)
        sketch.add(seen, blake2b(recipient, digest_size=_OCTETS, key=self._key).digest())
        return sketch.key

    def begin(self, seen: Skeleton) -> Sketch:
        """A new template, of which this mail is the first; it is not counted yet."""
        own = b"".join([seen.key, *sorted(seen.shapes), *sorted(seen.telling)])
        key = blake2b(own, digest_size=16, key=self._key).digest()
        # There already: one that began with this very mail, and has come to be unlike it.
        return self.sketches.get(key) or self.take(Sketch(key, seen.key, seen.domain))

    def take(self, sketch: Sketch) -> Sketch:
        """Keeps a template under its key; one of those with the fewest mails makes room for it."""
        self.sketches.pop(sketch.key, None)
        if len(self.sketches) >= self._most:
            del self.sketches[min(self.sketches.values(), key=lambda each: (each.mails, each.key)).key]
        self.sketches[sketch.key] = sketch
        return sketch

    def fixed(self, mail: Reading | Skeleton) -> SharedLines:
        """Says of a line of this mail, as it stands, whether it is the same for every recipient.

        1 It is, where its template says so.
        2 Or where another template of the same sender does that was seen for 16 recipients: a footer that is known
          need not be learnt again for each template.
        """
        seen = mail if isinstance(mail, Skeleton) else self.skeleton(mail)
        mine = self.find(seen)
        others = [
            each
            for each in self.sketches.values()
            if each.domain == seen.domain and each is not mine and each.recipients >= _SAMPLE
        ]
        return SharedLines(self._key, mine, others)

    def merge(self, other: Templates) -> None:
        """Takes in what another process has seen: what has the same key, or is alike, becomes one."""
        for theirs in sorted(other.sketches.values(), key=lambda each: each.key):
            mine = self.sketches.get(theirs.key) or self.like(theirs)
            if mine is None:
                mine = Sketch(theirs.key, theirs.place, theirs.domain)
            else:
                del self.sketches[mine.key]
            mine.merge(theirs)
            self.take(mine)

    def like(self, sketch: Sketch) -> Sketch | None:
        """The template here that another's sketch is of."""
        return self._best(sketch.place, *sketch.common())

    def _best(self, place: bytes, shapes: frozenset[bytes], words: frozenset[bytes]) -> Sketch | None:
        best: tuple[float, bytes] | None = None
        for key, sketch in self.sketches.items():
            if sketch.place != place:
                continue
            lines, subject = sketch.common()
            by_lines, by_subject = _overlap(shapes, lines), _overlap(words, subject)
            like = by_lines + by_subject >= _LIKE and min(by_lines, by_subject) >= _LEAST
            if (like or by_lines >= _SAME_LINES) and (best is None or (by_lines + by_subject, key) > best):
                best = by_lines + by_subject, key
        return self.sketches[best[1]] if best else None

    def to_bytes(self) -> bytes:
        """As it is kept or handed to another process; without the key."""
        kept = [self.sketches[key].to_bytes() for key in sorted(self.sketches)]
        return bytes([_VERSION]) + b"".join(struct.pack(">I", len(raw)) + raw for raw in kept)

    @classmethod
    def from_bytes(cls, raw: bytes, key: bytes, most: int = _TEMPLATES) -> Templates:
        """What `to_bytes` made. Raises `ValueError` for anything else."""
        if not raw or raw[0] != _VERSION:
            raise ValueError("These templates were written by another version: they are learnt anew.")
        templates, tape = cls(key, most), _Tape(raw, 1)
        try:
            while tape.at < len(raw):
                templates.take(Sketch.from_bytes(tape.octets(tape.numbers(">I")[0])))
        except struct.error as error:
            raise ValueError("These templates are damaged: they are learnt anew.") from error
        return templates


def _overlap(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    """How much of the smaller is in the larger: 0 to 1. Two that are empty are alike."""
    least = min(len(one), len(other))
    return len(one & other) / least if least else float(len(one) == len(other))
