"""A message as its recipient would see it, and its header lines as bytes.

`read` never raises and never does unbounded work. What it cannot read it keeps as an unreadable part with
a sentence, because "found nothing" would otherwise be said of mail that nobody looked into.

The message is cut up here and not by `email.parser`: that one recurses without end, costs lines × depth,
and chooses silently where readers differ; the places where they differ are exactly what must be told.
"""

# ruff: noqa: SIM905 - a table of names is read as words.

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_to_bytes

Kind = Literal["text", "html", "attachment", "unreadable"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a message is looked at; what lies beyond becomes an unreadable part.

    `depth` of nested entities (never more than 100, whatever is asked), `parts` of all levels together,
    `octets` of the whole message, `text` in characters of all parts together, `fields` in one header
    block, `field_octets` in one header field.
    """

    depth: int = 20
    parts: int = 200
    octets: int = 25 * 1024 * 1024
    text: int = 1_000_000
    fields: int = 1000
    field_octets: int = 65_536


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message.

    `path` counts as IMAP does ("1", "2.1"; RFC 9051 section 6.4.5.1), "0" is the message itself. `text`
    holds what could be read, even of an unreadable part. `why` says in a sentence what could not be read;
    it is empty for `text` and `html`, and may be empty for an `attachment` that holds plain text.
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

# A space before the colon is obsolete but legal (RFC 5322 section 4.5.3), and email.parser ends the block there.
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
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
        named = _FIELD.match(text)
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


def _top_block(raw: bytes) -> Iterator[tuple[int, int, bool]]:
    """The lines of the top header block: start, end, whether it continues the line before.

    Lines end at LF alone, and the block at the first empty line, whatever stands between: of the
    readings that mailers differ in, this is the longest, so nothing hides from `without_headers` in it.
    """
    if not (_FIELD.match(raw) or raw[:1] in (b" ", b"\t") or raw.startswith((b"From ", b">From "))):
        return
    at = 0
    while at < len(raw):
        end = raw.find(b"\n", at) + 1 or len(raw)
        if raw[at:end] in (b"\n", b"\r\n"):
            return
        yield at, end, raw[at : at + 1] in (b" ", b"\t")
        at = end


def header_values(raw: bytes, name: str) -> list[str]:
    """Values of every field of that name (any case) in the first header block, unfolded and stripped.

    Encoded words stay as they are (RFC 2047): a value is the sender's own spelling.
    """
    wanted = name.strip().lower().encode("utf-8", "replace")
    values: list[list[bytes]] = []
    inside = False
    for start, end, continues in _top_block(raw):
        line = raw[start:end].rstrip(b"\r\n")
        if continues:
            if inside:
                values[-1].append(line)
            continue
        named = _FIELD.match(line)
        inside = named is not None and named[1].lower() == wanted
        if inside and named:
            values.append([line[named.end() :]])
    return [_raw_value(b"".join(lines)) for lines in values]


def _raw_value(value: bytes) -> str:
    value = value.replace(b"\0", b"").replace(b"\r", b" ")
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def without_headers(raw: bytes, prefix: str) -> bytes:
    """The same message without the fields whose name begins with `prefix`; every other byte is unchanged.

    Only the top header block is touched. A field goes with its folded lines (RFC 5322 section 2.2.3).
    Raises ValueError for an empty prefix.
    """
    start_of = prefix.lower().encode("ascii", "replace")
    if not start_of:
        raise ValueError("An empty prefix would remove every header field.")
    # A field after a bare CR: no line of its own by RFC 5322, but email.parser and others read one.
    hidden = re.compile(rb"\r" + re.escape(start_of) + rb"[^\n]*?(?=\r?\n?\Z)", re.IGNORECASE)
    kept: list[bytes] = []
    removing = False
    done = 0
    for start, end, continues in _top_block(raw):
        done = end
        if not (continues and removing):
            removing = raw[start:end].lower().startswith(start_of)
        if removing:
            continue
        line = raw[start:end]
        bare = hidden.search(line) if b"\r" in line[:-2] else None
        if bare:
            removing = True
            line = line[: bare.start()] + line[bare.end() :]
        kept.append(line)
    return b"".join(kept) + raw[done:]


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
        shown = _decode(octets, charset)[0]
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
        return [_header(value)[0] for key, value in self.fields if key.lower() == name]


_SHOWN = ("from", "to", "cc", "reply-to", "subject", "date")


class _Reader:
    """Walks one message; `parts` grows in the order of the message."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.depth = min(limits.depth, 100)
        self.room = limits.text
        self.parts: list[Part] = []
        self.full = False

    def message(self, raw: bytes) -> Reading:
        if len(raw) > self.limits.octets:
            raw = raw[: self.limits.octets]
            self.unread("0", f"The message is longer than {self.limits.octets} octets.")
        fields, body, problems = _head(raw, self.limits)
        headers: list[tuple[str, str]] = []
        for name, value in fields:
            text, why = _header(value)
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
        it.filename = _words(more.get("filename") or it.parameters.get("name", ""))[0]
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
        delimiter = re.compile(rb"(?:\A|(?<=[\r\n]))--" + re.escape(boundary) + rb"(--)?[ \t]*+(?:\r\n|\n|\r|\Z)")
        start = -1
        number = 0
        closed = False
        for found in delimiter.finditer(it.body) if boundary else ():
            if closed:
                self.unread(it.path, "The multipart goes on after its end.", it.content_type)
                break
            if start >= 0:
                number += 1
                self.part(it, start, found.start(), number, default)
            if self.full:
                return None
            start = found.end()
            closed = found[1] is not None
        if start < 0:
            text = _decode(it.body[: self.room * 4], "")[0]
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
        data, why = _untransfer(it.body, it.transfer)
        if why:
            self.unread(it.path, why, it.content_type)
        fields, body, problems = _head(data, self.limits)
        for problem in problems:
            self.unread(it.path, problem)
        lines = []
        for name, value in fields:
            text, broken = _header(value)
            if broken:
                self.unread(it.path, f"Header {name}: {broken}")
            if name.lower() in _SHOWN:
                lines.append(f"{name}: {text}")
        self.add(Part("text", it.path or "1", it.content_type, it.filename, "\n".join(lines)))
        self.entity(fields, body, f"{it.path or '1'}.1", it.depth + 1, "text/plain")
        return None

    def leaf(self, it: _Entity) -> None:
        """Text, a page, or something to open."""
        path = it.path or "1"
        data, why = _untransfer(it.body, it.transfer)
        page = it.content_type in ("text/html", "application/xhtml+xml")
        if not page and not it.content_type.startswith(("text/", "message/")):
            kind, reason = _closed(it.content_type, data)
            return self.add(Part(kind, path, it.content_type, it.filename, "", why or reason))
        if it.content_type in ("message/partial", "message/external-body"):
            return self.unread(path, "The message itself is elsewhere.", it.content_type, it.filename)
        most = self.room * 4
        if len(data) > most:
            data, why = data[:most], why or f"The text is longer than {self.limits.text} characters."
        charset = it.parameters.get("charset", "")
        text, reason = _decode(data, charset or (_meta_charset(data) if page else ""))
        why = why or reason
        if page:
            shown = _page(text[: self.limits.text])
            why = why or ("" if len(text) <= self.limits.text else "The page is too long.") or shown.why
            text = shown.text
        else:
            text = re.sub(r"\r\n?", "\n", text)
            if it.parameters.get("format", "").lower() == "flowed":
                text = _flowed(text, it.parameters.get("delsp", "").lower() == "yes")
            if "-----BEGIN PGP MESSAGE-----" in text:
                why = why or "It is encrypted."
        kind = "unreadable" if why else "attachment" if it.attached else "html" if page else "text"
        self.add(Part(kind, path, it.content_type, it.filename, text, why))
        if page and shown.images:
            self.add(Part("attachment", path, "image/*", why="The page holds an image, which is not read."))
        return None


def _closed(content_type: str, data: bytes) -> tuple[Kind, str]:
    """Why a part that is not text is not read."""
    main = content_type.partition("/")[0]
    if content_type in ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"):
        return "attachment", ""  # the sender's signature: nothing in it is shown to the recipient
    if content_type in ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"):
        return "unreadable", "It is encrypted."
    if data.startswith(b"PK\x03\x04") and len(data) > 6 and data[6] & 1:
        return "unreadable", "It is an archive locked with a password."
    if main in ("image", "audio", "video"):
        return "attachment", f"It is {main}, which is not read."
    return "attachment", f"It is a file ({content_type}), which is not opened."


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


# -- transfer encodings -------------------------------------------------------------------------------


def _untransfer(body: bytes, transfer: str) -> tuple[bytes, str]:
    """Octets as they were before transfer (RFC 2045 section 6), and what was wrong with it."""
    if transfer in ("", "7bit", "8bit", "binary"):
        return body, ""
    if transfer == "quoted-printable":
        return binascii.a2b_qp(body), ""
    if transfer == "base64":
        return _base64(body)
    if transfer in ("x-uuencode", "uuencode", "x-uue"):
        return _uuencoded(body)
    return body, "Its transfer encoding is not known."


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


def _base64(body: bytes) -> tuple[bytes, str]:
    """Every run between paddings is decoded: binascii stops at the first, other readers do not."""
    clean = _NOT_BASE64.sub(b"", body)
    why = "" if not _NOT_BASE64.search(b"".join(body.split())) else "Its base64 has other characters in it."
    out: list[bytes] = []
    for number, found in enumerate(re.finditer(rb"[^=]+=*|=+", clean)):
        run = found[0]
        digits = run.rstrip(b"=")
        if (len(run) % 4 or len(run) - len(digits) > 2) and not why:
            why = "Its base64 breaks off."
        if number and not why:
            why = "Its base64 goes on after its end."
        if number > 1000:
            break
        digits = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
        out.append(base64.b64decode(digits + b"=" * (-len(digits) % 4)))
    return b"".join(out), why


def _uuencoded(body: bytes) -> tuple[bytes, str]:
    out: list[bytes] = []
    begun = False
    for line in body.splitlines():
        if not begun:
            begun = line.startswith(b"begin ")
        elif line.strip() == b"end":
            return b"".join(out), ""
        elif line.strip():
            try:
                out.append(binascii.a2b_uu(line))
            except binascii.Error:
                return b"".join(out), "Its uuencoding is broken."
    return b"".join(out), "Its uuencoding breaks off."


# -- charsets -----------------------------------------------------------------------------------------

_JIS_NAMES = frozenset(
    {"iso-2022-jp", "iso-2022-jp-ms", "iso-2022-jp-1", "iso-2022-jp-2", "csiso2022jp", "jis"}
    | {"cp50220", "cp50221", "cp50222", "x-cp50220", "x-cp50221", "windows-50220", "windows-50221"}
)
# What the names stand for in the mail of the world, which is wider than what they say.
_ALIASES = {
    **dict.fromkeys(["shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "csshiftjis", "windows-31j"], "cp932"),
    **dict.fromkeys(["ms932", "x-ms-cp932", "cp943c"], "cp932"),
    **dict.fromkeys(["euc-jp", "eucjp", "x-euc-jp", "x-euc", "eucjp-ms", "euc-jp-ms", "cp51932", "ujis"], "euc_jp"),
    **dict.fromkeys(["gb2312", "gbk", "x-gbk", "gb_2312-80", "csgb2312"], "gb18030"),
    **dict.fromkeys(["ks_c_5601-1987", "euc-kr", "ksc5601", "korean"], "cp949"),
    **dict.fromkeys(["iso-8859-1", "latin1", "latin-1", "iso8859-1", "l1"], "cp1252"),
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "utf8": "utf-8",
}
# Python knows "codecs" that are no charset (punycode, unicode_escape, zip): only these may be named by a mail.
_CODECS = re.compile(
    r"utf-?(?:8|16|32)(?:-?[bl]e)?|iso[-_]?8859-(?:[1-9]|1[013-6])|(?:cp|windows-)125[0-8]|cp(?:437|85[0257]|86[0-69]|874|932|949|950)"
    r"|koi8-[ru]|big5(?:-?hkscs)?|gb18030|hz(?:-gb-2312)?|euc_jp|iso-2022-kr|tis-620|mac(?:intosh|-roman)"
)
_ASCII_NAMES = frozenset({"", "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "unknown-8bit", "x-unknown"})
_SINGLE = re.compile(r"cp(?!9)|windows-(?!9)|iso|koi8|tis|mac")
_GUESSED = "It has 8-bit characters without their true charset; its text is a guess."


def _decode(data: bytes, charset: str) -> tuple[str, str]:
    """Text, and a sentence when it is not surely what was meant. NUL is dropped: nobody sees it."""
    text, why = _decoded(data, charset)
    return text.replace("\0", ""), why


def _decoded(data: bytes, charset: str) -> tuple[str, str]:
    name = charset.strip().strip("\"'").split(" ")[0].split("*")[0].lower()
    if data.startswith(b"\xef\xbb\xbf"):
        data, name = data[3:], "utf-8"
    if name in ("utf-7", "utf7", "unicode-1-1-utf-7", "csunicode11utf7"):
        return "", "UTF-7 is refused: readers differ in what it shows."
    escaped = b"\x1b$" in data or b"\x1b(I" in data
    if name in _JIS_NAMES or (escaped and data.isascii()):
        return _jis(data)
    if name in _ASCII_NAMES:
        return _guess(data)
    codec = _ALIASES.get(name, name)
    if not _CODECS.fullmatch(codec):
        return (data.decode("ascii"), "") if data.isascii() else (_guess(data)[0], "Its charset is not known.")
    codec = codecs.lookup({"macintosh": "mac-roman", "hz-gb-2312": "hz"}.get(codec, codec)).name
    utf8 = _strict(data, "utf-8")
    if utf8 is not None and not data.isascii() and _SINGLE.match(codec):
        return utf8, ""  # a single-byte charset can name anything; UTF-8 does not come about by chance
    text = _strict(data, codec)
    if text is None and codec == "euc_jp":
        text = _euc_ms(data)
    if text is None:
        text = utf8
    if text is not None:
        return text, ""
    return (data.decode("latin-1"), "") if codec == "cp1252" else _mended(data, codec)


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeError:
        return None


def _mended(data: bytes, codec: str) -> tuple[str, str]:
    guess, _ = _guess(data)
    text = data.decode(codec, "replace")
    best = text if text.count("\ufffd") * 20 <= len(text) else guess
    return best, "Its bytes are not of the charset that it names."


def _guess(data: bytes) -> tuple[str, str]:
    """Text of unnamed charset. UTF-8 and ISO-2022-JP betray themselves; the others only by likelihood."""
    if data.isascii():
        return _jis(data) if b"\x1b" in data else (data.decode("ascii"), "")
    utf8 = _strict(data, "utf-8")
    if utf8 is not None:
        return utf8, ""
    tries = [_strict(data, "cp932"), _strict(data, "euc_jp") or _euc_ms(data)]
    japanese = [text for text in tries if text]
    if japanese:
        return max(japanese, key=_likeness), _GUESSED
    return data.decode("latin-1"), _GUESSED


def _likeness(text: str) -> int:
    kana = len(re.findall("[ぁ-んァ-ヶー、。]", text))
    return kana * 2 + len(re.findall("[一-龠]", text)) - 3 * len(re.findall("[｡-ﾟ\ue000-\uf8ff]", text))


_JIS_PIECE = re.compile(rb"(\x1b&@\x1b\$B|\x1b\$[@AB]|\x1b\$\([@A-D]|\x1b\([ABHIJ]|\x0e|\x0f|\r?\n)")
_JIS_SETS = {
    b"\x1b$@": "kanji",
    b"\x1b$B": "kanji",
    b"\x1b&@\x1b$B": "kanji",
    b"\x1b$(@": "kanji",
    b"\x1b$(B": "kanji",
    b"\x1b$(D": "more",
    b"\x1b$A": "gb2312",
    b"\x1b$(A": "gb2312",
    b"\x1b$(C": "euc_kr",
    b"\x1b(I": "kana",
    b"\x0e": "kana",
}


def _jis(data: bytes) -> tuple[str, str]:
    """ISO-2022-JP (RFC 1468) and what mailers call so: NEC and IBM characters, half-width kana (cp50221)."""
    exact = _strict(data, "iso2022_jp")
    if exact is not None and "\x1b" not in exact and "\x0e" not in exact:
        return exact, ""
    out: list[str] = []
    charset = "ascii"
    for piece in _JIS_PIECE.split(data):
        if piece in (b"\n", b"\r\n"):
            charset = "ascii"  # RFC 1468: a line ends in ASCII
            out.append("\n")
        elif _JIS_PIECE.fullmatch(piece):
            charset = _JIS_SETS.get(piece, "ascii")
        elif charset == "kanji":
            out.extend(_pairs(piece))
        elif charset == "more":
            out.append(_high(piece, b"\x8f").decode("euc_jp", "replace"))
        elif charset == "kana":
            out.append(bytes(octet | 0x80 if octet > 0x20 else octet for octet in piece).decode("cp932", "replace"))
        elif charset == "ascii":
            out.append(piece.decode("cp932", "replace"))  # 8-bit kana are single bytes there
        else:
            out.append(_high(piece, b"").decode(charset, "replace"))
    text = "".join(out)
    return text, _GUESSED if "\ufffd" in text or "\x1b" in text else ""


def _high(piece: bytes, lead: bytes) -> bytes:
    return b"".join(lead + bytes(octet | 0x80 for octet in piece[at : at + 2]) for at in range(0, len(piece), 2))


def _pairs(piece: bytes) -> Iterator[str]:
    at = 0
    while at < len(piece):
        if piece[at] <= 0x20:
            yield chr(piece[at])
            at += 1
        else:
            yield _jis_character(piece[at : at + 2])
            at += 2


def _jis_character(pair: bytes) -> str:
    """One JIS X 0208 cell as Windows has it, by way of Shift_JIS, since no Python codec knows rows 13 and 89–92."""
    if len(pair) < 2 or not (0x21 <= pair[0] <= 0x7E and 0x21 <= pair[1] <= 0x7E):
        return "\ufffd"
    high = (pair[0] + 1) // 2 + (0x70 if pair[0] < 0x5F else 0xB0)
    low = pair[1] + (0x7E if pair[0] % 2 == 0 else 0x1F + (pair[1] >= 0x60))
    return bytes((high, low)).decode("cp932", "replace")


# eucJP-ms puts the IBM characters that JIS X 0212 lacks into its rows 83 and 84, from 8F F3 F3 on.
_EUC_IBM = (
    "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤﨎咊坙﨏塚增寬峵嵓﨑德悅愠敎昻晥晴朗栁﨓﨔橫櫢淸淲瀨凞猪甁皂皞"
    "益礰礼神祥福竧靖精綠緖羽荢﨟薰蘒﨡蠇諸譿賴赶﨣﨤逸郞都鄕﨧﨨閒隆﨩霻靍靑飯飼館馞髙魲鶴黑"
)
_EUC_PIECE = re.compile(rb"[\x00-\x7f]+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|[\xa1-\xfe]{2}")


def _euc_ms(data: bytes) -> str | None:
    """EUC-JP with the characters of Windows, or None."""
    out: list[str] = []
    at = 0
    while at < len(data):
        piece = _EUC_PIECE.match(data, at)
        if piece is None:
            return None
        at = piece.end()
        text = _strict(piece[0], "euc_jp")
        if text is None and piece[0][0] == 0x8F:
            cell = (piece[0][1] - 0xF3) * 94 + piece[0][2] - 0xA1 - 82
            text = _EUC_IBM[cell] if 0 <= cell < len(_EUC_IBM) else None
        elif text is None:
            text = _jis_character(bytes(octet & 0x7F for octet in piece[0]))
        if text is None or text == "\ufffd":
            return None
        out.append(text)
    return "".join(out)


_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def _meta_charset(data: bytes) -> str:
    found = _META.search(data[:1024])
    return found[1].decode("ascii") if found else ""


# -- header words -------------------------------------------------------------------------------------

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?([^?]*)\?=")


def _header(value: bytes) -> tuple[str, str]:
    """A field's value as shown: raw 8-bit characters guessed, encoded words decoded (RFC 2047)."""
    text, why = _decode(value.replace(b"\r", b" ").replace(b"\n", b" "), "")
    decoded, broken = _words(text)
    return decoded.strip(), why or broken


def decode_words(value: str) -> str:
    """The same text with its encoded words decoded (RFC 2047); what is broken is decoded as far as it goes."""
    return _words(value)[0]


def _words(text: str) -> tuple[str, str]:
    """Neighbouring words of one charset are joined before they are decoded: mailers split characters."""
    if "=?" not in text:
        return text, ""
    out: list[str] = []
    why = ""
    charset, octets, at = "", b"", 0
    for word in _WORD.finditer(text):
        between = text[at : word.start()]
        name = word[1].partition("*")[0].lower()
        if octets and (between.strip() or name != charset):
            shown, broken = _decode(octets, charset)
            out.append(shown)
            why = why or broken
            octets = b""
        if between.strip() or not at:
            out.append(between)
        raw = word[3].encode("utf-8", "replace")
        if word[2] in "Bb":
            more, broken = _base64(raw)
            why = why or broken
        else:
            more = binascii.a2b_qp(raw.replace(b"\r", b"").replace(b"\n", b""), header=True)
        charset, octets, at = name, octets + more, word.end()
    shown, broken = _decode(octets, charset)
    return "".join(out) + shown + text[at:], why or broken


# -- pages --------------------------------------------------------------------------------------------

# Not html.parser: up to Python 3.11.13 and its fellows an unclosed "<!--" or "<a " costs it the square of the
# page's length.  Here every character is passed once; the states are those of the HTML Standard, 13.2.5.
_NAME = re.compile(r"[A-Za-z][^\s/>]*+")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?:(>)|([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+))?)?)"""
)
_COMMENT_END = re.compile(r"--!?>")
_CONDITION = re.compile(r"<!--\[if[^\]>]{0,200}\]>", re.IGNORECASE)
_HIDDEN = {name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE) for name in ("script", "style", "title", "iframe")}
_PARAGRAPHS = frozenset(
    """
    p h1 h2 h3 h4 h5 h6 ul ol dl blockquote pre form fieldset section article header footer
    """.split()
)
_BLOCKS = frozenset(
    """
    div li dt dd center address main nav aside caption figure figcaption option body
    """.split()
)


@dataclass
class _Page:
    """Text of a page while it is put together; gaps are held back until the next text shows how wide they are."""

    out: list[str] = field(default_factory=list)
    lines: int = 0
    tabs: int = 0
    space: bool = False
    verbatim: int = 0
    cells: int = 0
    cell_empty: bool = True
    cell_broke: bool = False
    label_broke: bool = False
    links: list[str] = field(default_factory=list)
    images: bool = False
    why: str = ""

    @property
    def text(self) -> str:
        return "".join(self.out)

    def say(self, data: str) -> None:
        for number, line in enumerate(data.split("\n") if self.verbatim else [data]):
            if number:
                self.break_line(self.lines + 1)
            folded = line if self.verbatim else re.sub(r"[ \t\n\r\f]+", " ", line)
            self.space = self.space or folded.startswith(" ")
            if folded.strip(" "):
                self.out.append(self.gap() + folded.strip(" "))
                self.space = folded.endswith(" ")

    def gap(self) -> str:
        gap = "\t" * self.tabs or "\n" * self.lines or (" " if self.space else "")
        self.cell_broke = self.cell_broke or (self.lines > 0 and not self.cell_empty)
        self.tabs, self.lines, self.space, self.cell_empty = 0, 0, False, False
        return gap if self.out else ""

    def break_line(self, lines: int) -> None:
        """A block at the very start of a cell does not part the cell from its label."""
        if not self.tabs:
            self.lines = max(self.lines, min(lines, 2))

    def row(self) -> None:
        self.tabs = 0
        # Rows of boxes are parted like boxes; rows of a list of labels and values are not.
        self.break_line(2 if self.label_broke else 1)
        self.cells, self.cell_broke, self.label_broke = 0, False, False

    def cell(self) -> None:
        """Cells beside each other are parted by a tab, or a blank line after one of several lines."""
        self.cells += 1
        if self.cells == 1:
            self.lines = max(self.lines, 1)
        elif self.cell_broke:
            self.break_line(2)
        else:
            self.lines = 0
            self.tabs += 1
        self.cell_empty, self.cell_broke = True, False

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name == "a":
            self.links.append(attributes.get("href", "").strip())
        elif name in ("img", "area"):
            self.say(" " + attributes.get("alt", "") + " ")
            self.images = self.images or attributes.get("src", "").strip().lower().startswith("data:")
        elif name == "input" and attributes.get("type", "").lower() not in ("hidden", "checkbox", "radio"):
            self.say(" " + attributes.get("value", "") + " ")
        elif name == "hr":
            self.break_line(2)
            self.say("--------")
            self.break_line(2)
        elif name == "br":
            self.break_line(self.lines + 1)
        elif name in ("td", "th"):
            self.cell()
        elif name == "pre":
            self.verbatim += 1
        self.block(name)

    def close(self, name: str) -> None:
        if name == "a" and self.links:
            target = self.links.pop()
            if target and not target.startswith("#") and not "".join(self.out[-1:]).endswith(target):
                self.say(f" <{target}> ")
        elif name == "pre":
            self.verbatim = max(self.verbatim - 1, 0)
        elif name in ("td", "th") and self.cells == 1:
            self.label_broke = self.cell_broke
        self.block(name)
        if name == "table":  # back in the row of the outer table, if there is one
            self.cells, self.cell_broke = self.cells + 1, True

    def block(self, name: str) -> None:
        if name == "tr":
            self.row()
        elif name == "table":
            self.tabs = 0
            self.break_line(2)
        elif name in _PARAGRAPHS:
            self.break_line(2)
        elif name in _BLOCKS:
            self.break_line(1)


def _page(source: str) -> _Page:
    """What a page shows: no script, style or comment; alt texts and link targets kept."""
    page = _Page()
    at = 0
    while at < len(source):
        start = source.find("<", at)
        if start < 0:
            break
        page.say(_unescaped(source[at:start]))
        after = source[start + 1 : start + 3]
        if after[:1].isascii() and after[:1].isalpha():
            at = _tag(page, source, start + 1, False)
        elif after[:1] == "/" and after[1:].isascii() and after[1:].isalpha():
            at = _tag(page, source, start + 2, True)
        elif after[:1] in ("!", "?", "/"):
            at = _declaration(page, source, start)
        else:
            page.say("<")
            at = start + 1
    page.say(_unescaped(source[at:]))
    for target in page.links[:100]:
        page.say(f" <{target}> ")
    return page


def _declaration(page: _Page, source: str, start: int) -> int:
    """Past a comment; what Outlook shows of a conditional one is read like the rest."""
    if source.startswith("<!--", start):
        condition = _CONDITION.match(source, start)
        if condition:
            return condition.end()
        end = _COMMENT_END.search(source, start + 2)
        at = end.end() if end else 0
    else:
        at = source.find(">", start) + 1
    if not at:
        page.why = "The page breaks off inside a comment."
    return at or len(source)


def _tag(page: _Page, source: str, start: int, closing: bool) -> int:
    """Past a tag that has its name at `start`; past its content too where that is never shown."""
    named = _NAME.match(source, start)
    assert named is not None  # noqa: S101 - the caller saw a letter
    name = named[0].lower()
    attributes: dict[str, str] = {}
    at = named.end()
    while True:
        found = _ATTRIBUTE.match(source, at)
        if found is None:
            page.why = "The page breaks off inside a tag."
            page.say(_unescaped(source[named.end() :]))
            return len(source)
        at = found.end()
        if found[1]:
            break
        if name in ("a", "img", "area", "input"):
            value = found[3] or found[4] or found[5] or ""
            attributes.setdefault(found[2].lower(), _unescaped(value))
    if closing:
        page.close(name)
        return at
    page.open(name, attributes)
    if name not in _HIDDEN:
        return at
    end = _HIDDEN[name].search(source, at)
    if end is None:
        page.why = f"The page breaks off inside <{name}>."
        return len(source)
    return end.start()


_LONG_REFERENCE = re.compile(r"&#(?:[xX]0*+[0-9a-fA-F]{7,}+|0*+[0-9]{8,}+);?")


def _unescaped(text: str) -> str:
    # html.unescape hands int() as many digits as there are, and int() raises beyond 4,300.
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text


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
