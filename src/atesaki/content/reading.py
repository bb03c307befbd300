"""A message as its recipient would see it, and its header lines as bytes.

`read` never raises and never does unbounded work. What it cannot read it keeps as an unreadable part with
a sentence, because "found nothing" would otherwise be said of mail that nobody looked into.

The message is cut up here and not by `email.parser`: that one recurses without end, costs lines × depth,
and chooses silently where readers differ; the places where they differ are exactly what must be told.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_to_bytes

from atesaki.content.attachments import LOCKED, Allowance, File, declared_kind, kind_of, marked_kind, read_file
from atesaki.content.charsets import decode
from atesaki.content.fields import FIELD
from atesaki.content.page import named_charset, read_page
from atesaki.content.transfer import untransfer
from atesaki.content.words import decode_header, decode_words

Kind = Literal["text", "html", "attachment", "unreadable"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a message is looked at; what lies beyond becomes an unreadable part.

    `depth` of nested entities (never more than 100, whatever is asked), `parts` of all levels together,
    `octets` of the whole message, `text` in characters of all parts together, `fields` in one header
    block, `field_octets` in one header field. What is attached shares `file_text` in characters, `unpacked`
    octets, `files` within archives and documents, `pieces` (elements of XML) and `seconds` of the processor
    for PDF (of which `pages` are read) and sheets; archives are opened `nested` deep in others.
    """

    depth: int = 20
    parts: int = 200
    octets: int = 25 * 1024 * 1024
    text: int = 1_000_000
    fields: int = 1000
    field_octets: int = 65_536
    file_text: int = 400_000
    unpacked: int = 16 * 1024 * 1024
    files: int = 500
    pieces: int = 200_000
    seconds: float = 1.0
    pages: int = 100
    nested: int = 2


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message.

    `path` counts as IMAP does ("1", "2.1"; RFC 9051 section 6.4.5.1), "0" is the message itself. `text`
    holds what could be read, even of an unreadable part. `why` says in a sentence what could not be read;
    it is empty for `text` and `html`, and for an `attachment` that was read to its end. Rows of a table, in a page
    or a sheet, are lines of cells parted by tabs. Files within an archive "2" are "2.1", "2.2".
    """

    kind: Kind
    path: str
    content_type: str = ""
    filename: str = ""
    text: str = ""
    why: str = ""


@dataclass(frozen=True)
class Reading:
    """What the recipient sees: decoded subject, header fields in their order, and the parts."""

    subject: str
    headers: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Subject and every readable text, parted by blank lines; of alternatives, each."""
        return "\n\n".join(text for text in (self.subject, *(part.text for part in self.parts)) if text)

    @property
    def unreadable(self) -> bool:
        """Whether anything at all could not be read."""
        return any(part.why for part in self.parts)


_STANDARD = Limits()


def read(raw: bytes, *, limits: Limits = _STANDARD) -> Reading:
    """Read any bytes as the message they are (RFC 5322, 2045–2047, 2231), tolerantly; never raises."""
    try:
        return _Reader(limits).message(raw)
    except Exception:  # noqa: BLE001 - a mail must not bring down its reader; the tests fuzz for this sentence
        return Reading("", (), (Part("unreadable", "0", why="Reading this message failed."),))


# -- the header block ---------------------------------------------------------------------------------

_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\n|\r|\Z)")
_BLANK = re.compile(rb"(?:\r\n|\n|\r)(?:\r\n|\n|\r)")


def _head(raw: bytes, limits: Limits) -> tuple[list[tuple[str, bytes]], bytes, list[str]]:
    """Fields, body, and sentences about what is wrong with the block."""
    fields: list[tuple[str, list[bytes]]] = []
    problems: list[str] = []
    room = limits.field_octets
    at = 0
    while at < len(raw):
        line = _LINE.match(raw, at)
        assert line is not None  # noqa: S101 - the pattern matches the empty string
        text = line[0].rstrip(b"\r\n")
        if not text:
            return _joined(fields), raw[line.end() :], problems
        named = FIELD.match(text)
        if text[:1] in b" \t" and fields:
            fields[-1][1].append(text[: max(room, 0)])
        elif named:
            if len(fields) >= limits.fields:
                problems.append(f"The header has more than {limits.fields} fields.")
                end = _BLANK.search(raw, at)
                return _joined(fields), raw[end.end() :] if end else b"", problems
            room = limits.field_octets
            fields.append((named[1].decode("ascii"), [text[named.end() :][:room]]))
        elif at or not text.startswith((b"From ", b">From ")):  # the envelope line of an mbox
            # Postfix and email.parser begin the body here, other readers go on: so the text counts, and
            # what may have been meant as a field is told as unread.
            if fields:
                problems.append("The header block is broken by a line that is no field.")
            return _joined(fields), raw[at:], problems
        if room >= 0:
            room -= len(text)
            if room < 0:
                problems.append(f"A header field is longer than {limits.field_octets} octets.")
        at = line.end()
    return _joined(fields), b"", problems


def _joined(fields: list[tuple[str, list[bytes]]]) -> list[tuple[str, bytes]]:
    return [(name, b"".join(lines).strip(b" \t")) for name, lines in fields]


# -- entities -----------------------------------------------------------------------------------------

_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^;]*))', re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")


def _parameters(value: str) -> tuple[str, dict[str, str], bool]:
    """Main value, lower case; parameters, RFC 2231 continuations joined and decoded; whether one is given twice."""
    twice = False
    main = value.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for found in _PARAMETER.finditer(value):
        name = found[1].lower()
        text = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3].strip()
        cut = _SECTION.fullmatch(name)
        if cut and (cut[2] is not None or cut[3]):
            sections.setdefault(cut[1], []).append((int(cut[2] or 0), bool(cut[3]), text))
        else:
            twice = twice or plain.setdefault(name, text) != text
    for name, pieces in sections.items():
        charset = ""
        octets = b""
        for number, (_, encoded, text) in enumerate(sorted(pieces, key=lambda piece: piece[0])):
            rest = text
            if encoded and number == 0 and text.count("'") >= 2:
                charset, _, rest = text.split("'", 2)
            octets += unquote_to_bytes(rest) if encoded else rest.encode("utf-8", "replace")
        shown = decode(octets, charset)[0]
        twice = twice or plain.get(name, shown) != shown
        plain[name] = shown
    return main, plain, twice


@dataclass
class _Entity:
    """One header block and its body, with what the walk needs to know of them."""

    fields: list[tuple[str, bytes]]
    body: bytes
    path: str
    depth: int
    content_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    transfer: str = ""
    attached: bool = False
    filename: str = ""

    def values(self, name: str) -> list[str]:
        return [decode_header(value)[0] for key, value in self.fields if key.lower() == name]


_SHOWN = ("from", "to", "cc", "reply-to", "subject", "date")


class _Reader:
    """Walks one message; `parts` grows in the order of the message."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.depth = min(limits.depth, 100)
        self.room = limits.text
        self.parts: list[Part] = []
        self.full = False
        self.allowance = Allowance(
            limits.file_text, limits.unpacked, limits.files, limits.pieces, limits.seconds, limits.pages, limits.nested
        )

    def message(self, raw: bytes) -> Reading:
        if len(raw) > self.limits.octets:
            raw = raw[: self.limits.octets]
            self.unread("0", f"The message is longer than {self.limits.octets} octets.")
        fields, body, problems = _head(raw, self.limits)
        headers: list[tuple[str, str]] = []
        for name, value in fields:
            text, why = decode_header(value)
            headers.append((name, text))
            if why:
                problems.append(f"Header {name}: {why}")
        for why in problems:
            self.unread("0", why)
        subject = next((value for name, value in headers if name.lower() == "subject"), "")
        if sum(name.lower() == "subject" for name, _ in headers) > 1:
            self.unread("0", "There is more than one Subject, and readers differ in which they show.")
        self.entity(fields, body, "", 0, "text/plain")
        return Reading(subject, tuple(headers), tuple(self.parts))

    def unread(self, path: str, why: str, content_type: str = "", filename: str = "", text: str = "") -> None:
        self.add(Part("unreadable", path or "1", content_type, filename, text, why))

    def add(self, part: Part) -> None:
        """Keep a part as far as the limits allow."""
        if self.full:
            return
        if len(self.parts) >= self.limits.parts:
            self.full = True
            why = f"The message has more than {self.limits.parts} parts."
            self.parts.append(Part("unreadable", part.path, why=why))
            return
        if len(part.text) > self.room:
            why = part.why or f"The text is longer than {self.limits.text} characters."
            kept = part.text[: self.room]
            part = Part("unreadable", part.path, part.content_type, part.filename, kept, why)
        self.room -= len(part.text)
        self.parts.append(part)

    def entity(self, fields: list[tuple[str, bytes]], body: bytes, path: str, depth: int, default: str) -> None:
        """Say what an entity is, and read it as that (RFC 2045 section 5, RFC 2183)."""
        it = _Entity(fields, body, path, depth)
        types = it.values("content-type")
        main, it.parameters, twice = _parameters(types[0]) if types else (default, {}, False)
        main = main.partition("(")[0].strip()
        # What is not type/subtype is read as plain text (RFC 2045 section 5.2).
        it.content_type = main if re.fullmatch(r"[^\s/]+/[^\s/]+", main) else "text/plain"
        transfers = it.values("content-transfer-encoding")
        it.transfer = transfers[0].partition(";")[0].partition("(")[0].strip().lower() if transfers else ""
        disposition, more, _ = _parameters((it.values("content-disposition") or [""])[0])
        it.attached = disposition == "attachment"
        it.filename = decode_words(more.get("filename") or it.parameters.get("name", ""))
        if len(types) > 1 or len(transfers) > 1 or twice:
            self.unread(path, "Content-Type, a parameter of it or the encoding is given twice, and readers differ.")
        if it.content_type.startswith("multipart/"):
            self.multipart(it)
        elif it.content_type in ("message/rfc822", "message/global"):
            self.enclosed(it)
        else:
            self.leaf(it)

    def multipart(self, it: _Entity) -> None:
        """Each part between the delimiters (RFC 2046 section 5.1)."""
        if it.content_type == "multipart/encrypted":
            return self.unread(it.path, "It is encrypted.", it.content_type)
        if it.depth >= self.depth:
            return self.unread(it.path, f"It is nested more than {self.depth} deep.", it.content_type)
        if it.transfer not in ("", "7bit", "8bit", "binary"):
            self.unread(it.path, "A multipart has a transfer encoding, which RFC 2045 section 6.4 forbids.")
        boundary = it.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        default = "message/rfc822" if it.content_type == "multipart/digest" else "text/plain"
        start = -1
        number = 0
        closed = False
        for begin, end, last in _delimiters(it.body, b"--" + boundary) if boundary else ():
            if closed:
                self.unread(it.path, "The multipart goes on after its end.", it.content_type)
                break
            if start >= 0:
                number += 1
                self.part(it, start, begin, number, default)
            if self.full:
                return None
            start, closed = end, last
        if start < 0:
            text = _LINE_END.sub("\n", decode(it.body[: self.room * 4], "")[0])
            return self.unread(it.path, "The multipart's boundary is nowhere found.", it.content_type, "", text)
        if not closed:
            self.part(it, start, len(it.body), number + 1, default)
            self.unread(it.path, "The multipart never ends: it may be cut short.", it.content_type)
        elif not number:  # told, or a hundred thousand of these would cost work and count as nothing
            self.unread(it.path, "The multipart has no part.", it.content_type)
        return None

    def part(self, it: _Entity, start: int, end: int, number: int, default: str) -> None:
        # The line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
        raw = it.body[start:end]
        raw = raw[:-2] if raw.endswith(b"\r\n") else raw[:-1] if raw.endswith((b"\r", b"\n")) else raw
        path = f"{it.path}.{number}" if it.path else str(number)
        fields, body, problems = _head(raw, self.limits)
        for why in problems:
            self.unread(path, why)
        self.entity(fields, body, path, it.depth + 1, default)

    def enclosed(self, it: _Entity) -> None:
        """A forwarded message: its visible header lines are a text of their own, then its parts."""
        if it.depth >= self.depth:
            return self.unread(it.path, f"It is nested more than {self.depth} deep.", it.content_type)
        data, why = untransfer(it.body, it.transfer)
        if why:
            self.unread(it.path, why, it.content_type)
        fields, body, problems = _head(data, self.limits)
        for problem in problems:
            self.unread(it.path, problem)
        lines = []
        for name, value in fields:
            text, broken = decode_header(value)
            if broken:
                self.unread(it.path, f"Header {name}: {broken}")
            if name.lower() in _SHOWN:
                lines.append(f"{name}: {text}")
        self.add(Part("text", it.path or "1", it.content_type, it.filename, "\n".join(lines)))
        self.entity(fields, body, f"{it.path or '1'}.1", it.depth + 1, "text/plain")
        return None

    def leaf(self, it: _Entity) -> None:
        """Text, a page, or something to open."""
        data, why = untransfer(it.body, it.transfer)
        if it.content_type in ("message/partial", "message/external-body"):
            return self.unread(it.path, "The message itself is elsewhere.", it.content_type, it.filename)
        page = it.content_type in ("text/html", "application/xhtml+xml")
        if page or it.content_type.startswith("message/") or not self.is_file(it, data):
            return self.text(it, data, why, page)
        return self.file(it, data, why)

    def is_file(self, it: _Entity, data: bytes) -> bool:
        """Whether a part is opened like a file: all but the words of the message itself."""
        if it.attached or not it.content_type.startswith("text/"):
            return True
        if declared_kind(it.content_type, it.filename) in ("csv", "properties", "json", "xml"):
            return True
        return bool(it.filename) and marked_kind(data) not in ("", "closed", "image")

    def text(self, it: _Entity, data: bytes, why: str, page: bool) -> None:
        path = it.path or "1"
        most = self.room * 4
        if len(data) > most:
            data, why = data[:most], why or f"The text is longer than {self.limits.text} characters."
        charset = it.parameters.get("charset", "")
        text, reason = decode(data, charset or (named_charset(data) if page else ""))
        why = why or reason
        if page:
            shown = read_page(text[: self.limits.text])
            why = why or ("" if len(text) <= self.limits.text else "The page is too long.") or shown.why
            text = _LINE_END.sub("\n", shown.text)  # what is verbatim in a page has its own
        else:
            text = _LINE_END.sub("\n", text)
            if it.parameters.get("format", "").lower() == "flowed":
                text = _flowed(text, it.parameters.get("delsp", "").lower() == "yes")
            if "-----BEGIN PGP MESSAGE-----" in text:
                why = why or "It is encrypted."
        kind: Kind = "unreadable" if why else "attachment" if it.attached else "html" if page else "text"
        self.add(Part(kind, path, it.content_type, it.filename, text, why))
        if page and shown.images:
            self.add(Part("attachment", path, "image/*", why="The page holds an image, which is not read."))

    def file(self, it: _Entity, data: bytes, broken: str) -> None:
        """What is attached, and the files within it; a forwarded message is read like one."""
        path = it.path or "1"
        if it.content_type in _SIGNATURES:  # nothing in it is shown to the recipient
            return self.add(Part("attachment", path, it.content_type, it.filename))
        if it.content_type in _ENCRYPTED:
            return self.unread(path, "It is encrypted.", it.content_type, it.filename)
        if kind_of(data, it.content_type, it.filename) == "message":
            if broken:
                self.unread(it.path, broken, it.content_type)
            it.body, it.transfer, it.content_type = data, "", "message/rfc822"
            return self.enclosed(it)
        self.allowance.text = min(self.allowance.text, self.room)
        self.allowance.nested = min(self.limits.nested, 2 * (self.depth - it.depth))
        for each in read_file(
            File(data, it.content_type, it.filename, it.parameters.get("charset", "")), self.allowance
        ):
            where = f"{path}.{each.path}" if each.path else path
            why = broken if broken and not each.path else each.why
            kind: Kind = "unreadable" if why == LOCKED else "attachment"
            self.add(Part(kind, where, each.content_type, each.filename, each.text, why))
            if self.full:
                return None
        return None


_DELIMITER_ENDS = re.compile(rb"(--)?[ \t]*+(?:\r\n|\n|\r|\Z)")


def _delimiters(body: bytes, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each line that begins with the mark and holds nothing else: start, end, whether it is the last."""
    at = body.find(mark)
    while at >= 0:
        found = _DELIMITER_ENDS.match(body, at + len(mark)) if not at or body[at - 1] in b"\r\n" else None
        if found:
            yield at, found.end(), found[1] is not None
        at = body.find(mark, found.end() if found else at + 1)


_LINE_END = re.compile(r"\r\n?")
_SIGNATURES = frozenset(["application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"])
_ENCRYPTED = frozenset(["application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"])


def _flowed(text: str, delsp: bool) -> str:
    """Join soft line breaks (RFC 3676 section 4.1); the signature line "-- " stays."""
    out: list[str] = []
    soft = False
    for line in text.split("\n"):
        plain = line[1:] if line.startswith(" ") else line
        if not soft or plain.startswith(">") or plain == "-- ":
            out.append("\n")
        elif delsp:
            out[-1] = out[-1][:-1]
        out.append(plain)
        soft = plain.endswith(" ") and plain != "-- "
    return "".join(out[1:])


# -- comparing ----------------------------------------------------------------------------------------

_DASHES = "\u002d\u00ad\u02d7\u2010-\u2015\u2043\u2212\u2500\u2501\u2796\u30fc\ufe58\ufe63\uff0d\uff70"
_DASH_BETWEEN = re.compile(f"(?<=[0-9])([ ]?)[{_DASHES}]([ ]?)(?=[0-9])")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)
# ① and ² are digits to NFKC; glued to a number they would change it.
_DECORATED = re.compile("[①-⓿❶-➓²³¹⁰-₉㉈-㉏㉑-㉟㊱-㊿]")


def normalise(text: str) -> str:
    """The form in which texts are compared: NFKC, one dash, one wave, single spaces, nothing invisible.

    A dash, minus, ruling or long-vowel mark between digits becomes "-", since ISO-2022-JP makes － a U+2212
    and people type ー; elsewhere ー is a letter and stays.
    """
    text = _DECORATED.sub(r" \g<0> ", _UNSEEN.sub("", text))
    text = unicodedata.normalize("NFKC", text)
    text = " ".join(text.replace("\u301c", "~").split())
    return _DASH_BETWEEN.sub(r"\1-\2", text)
