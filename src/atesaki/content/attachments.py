"""The text of what is attached: documents, sheets, tables, PDF, and archives of such.

Nothing here raises over a file or works without end. All files of one message share one `Allowance`; what lies
beyond it, and what is of no kind that is known, is told in a sentence, for it was not looked into.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Literal, NamedTuple

from atesaki.content import containers, documents, records
from atesaki.content.charsets import decode
from atesaki.content.page import named_charset, read_page
from atesaki.content.sandbox import read_apart


@dataclass
class Allowance:
    """What all files of one message may cost together; it is used up as they are read.

    `text` in characters, `octets` unpacked, `files` within archives and documents, `pieces` (elements of XML),
    `seconds` of the processor for PDF and sheets, `pages` of each PDF, `nested` archives in archives.
    A ratio needs no limit of its own: what is unpacked is counted as it comes.
    """

    text: int = 400_000
    octets: int = 16 * 1024 * 1024
    files: int = 500
    pieces: int = 200_000
    seconds: float = 1.0
    pages: int = 100
    nested: int = 2


class Opened(NamedTuple):
    """One file. `path` is "" for the attachment itself, "1", "2.1" for files within it."""

    path: str
    content_type: str
    filename: str
    text: str
    why: str


# -- kinds --------------------------------------------------------------------------------------------

_MAGIC = (
    (re.compile(rb"%PDF-"), "pdf"),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"), "zip"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "ole"),
    (re.compile(rb"\x1f\x8b\x08"), "gzip"),
    (re.compile(rb"\{\\rtf"), "rtf"),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|BM.{4}\0\0\0\0|II\*\0|MM\0\*", re.DOTALL), "image"),
    (re.compile(rb"\x78\x9f\x3e\x22"), "closed"),
    (re.compile(rb"Rar!|7z\xbc\xaf|BZh|\xfd7zXZ|\x7fELF|MZ|\x28\xb5\x2f\xfd"), "closed"),
)
_TEXTS = (
    (re.compile(rb"\s*BEGIN:(?:VCALENDAR|VCARD)", re.I), "properties"),
    (re.compile(rb"\s*<\?xml", re.I), "xml"),
    (re.compile(rb"\s*<(?:!doctype html|html)", re.I), "page"),
    (re.compile(rb"\s*[\[{]"), "json"),
)
_BY_TYPE = {
    **dict.fromkeys(["text/csv", "application/csv", "text/comma-separated-values", "text/x-csv"], "csv"),
    **dict.fromkeys(["text/tab-separated-values", "text/tsv"], "csv"),
    **dict.fromkeys(["text/calendar", "application/ics", "text/vcard", "text/x-vcard", "text/directory"], "properties"),
    **dict.fromkeys(["application/json", "text/json", "application/x-ndjson"], "json"),
    **dict.fromkeys(["application/xml", "text/xml"], "xml"),
    **dict.fromkeys(["text/html", "application/xhtml+xml"], "page"),
}
_BY_ENDING = {
    **dict.fromkeys(["csv", "tsv", "tab"], "csv"),
    **dict.fromkeys(["ics", "vcf", "vcs", "vcard"], "properties"),
    **dict.fromkeys(["json", "ndjson", "jsonl"], "json"),
    **dict.fromkeys(["xml"], "xml"),
    **dict.fromkeys(["htm", "html", "xhtml"], "page"),
    **dict.fromkeys(["txt", "text", "log", "md", "ini", "yaml", "yml"], "plain"),
}
# Types of files that have a mark of their own: one without it is not what it says, and is no text for that.
_MARKED = re.compile(
    r"application/(?:pdf|zip|msword|vnd\.(?:ms-|openxmlformats|oasis|rar).*|x-zip.*|gzip|ms-tnef|x-7z.*)"
    r"|(?:image|audio|video|font)/.*"
)
_NO_TEXT = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_MAIL_NAME = re.compile(r"\.(?:eml|mht|mhtml)\Z", re.I)
_MESSAGE = re.compile(rb"(?:From|To|Date|Subject|Received|Return-Path|Delivered-To|MIME-Version|Message-ID):", re.I)


def marked_kind(data: bytes) -> str:
    """The kind whose mark a file begins with, or ""."""
    return next((kind for mark, kind in _MAGIC if mark.match(data)), "")


def declared_kind(content_type: str, name: str) -> str:
    """The kind of text that a type or a name says, or "". What is called text/plain may be any, so it says nothing."""
    said = _BY_TYPE.get(content_type, "") or _BY_ENDING.get(name.rpartition(".")[2].lower(), "")
    if not said and content_type.endswith(("+json", "+xml")) and not content_type.startswith("image/"):
        return content_type.rpartition("+")[2]
    return said


def kind_of(data: bytes, content_type: str, name: str) -> str:
    """What a file is: by its first octets, then by its declared type and its name, then by its look.

    pdf, zip, ole, gzip, rtf, image, message, csv, properties, json, xml, page, plain; guess (some text), or closed.
    """
    kind = marked_kind(data) or declared_kind(content_type, name)
    if kind:
        return kind
    if content_type == "application/pdf" and b"%PDF-" in data[:1024]:
        return "pdf"
    words = content_type.startswith("text/")
    if _MESSAGE.match(data) and (_MAIL_NAME.search(name) or (not words and b"\nMIME-Version:" in data[:65_536])):
        return "message"
    if words and content_type != "text/plain":
        return "plain"
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    look = next((kind for look, kind in _TEXTS if look.match(data[:1000])), "")
    if (_MARKED.fullmatch(content_type) and look not in ("page", "xml")) or (
        not wide and _NO_TEXT.search(data[:65_536])
    ):
        return "closed"
    return look or ("plain" if words else "guess")


# -- reading ------------------------------------------------------------------------------------------

LOCKED = "It is an archive locked with a password."
_LONG = "The text of the files is longer than is read."
_MANY = "The archive holds more files than are read."
_ANY = "application/octet-stream"
_LONGEST_INDEX = 20_000


class File(NamedTuple):
    """A file's octets, and what is said of it."""

    data: bytes
    content_type: str
    name: str
    charset: str = ""


class Spot(NamedTuple):
    """Where a file is: `path` as of `Opened`, and in how many others."""

    path: str = ""
    level: int = 0

    def inner(self, number: int) -> "Spot":
        return Spot(f"{self.path}.{number}" if self.path else str(number), self.level + 1)


def read_file(file: File, allowance: Allowance) -> Iterator[Opened]:
    """The text of one attached file, and of the files within it; at least one."""
    try:
        yield from _Files(allowance).file(file, Spot())
    except Exception:  # noqa: BLE001 - a file must not bring its reader down; the tests fuzz for this sentence
        yield Opened("", file.content_type, file.name, "", "Reading this file failed.")


class _Files:
    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance

    def file(self, file: File, at: Spot) -> Iterator[Opened]:
        kind = kind_of(file.data, file.content_type, file.name)
        if kind == "zip":
            yield from self.zip(file, at)
        elif kind == "gzip":
            yield from self.gzip(file, at)
        else:
            yield self.opened(file, at, *self.text(kind, file))

    def opened(self, file: File, at: Spot, text: str, why: str) -> Opened:
        """As much of a text as there is room for."""
        if len(text) > self.allowance.text:
            text, why = text[: self.allowance.text], why or _LONG
        self.allowance.text -= len(text)
        return Opened(at.path, file.content_type, file.name, text, why)

    def inner(self, file: File, at: Spot) -> Iterator[Opened]:
        """A file within another."""
        if at.level > self.allowance.nested and kind_of(file.data, file.content_type, file.name) in ("zip", "gzip"):
            yield self.opened(file, at, "", "It is an archive too deep in others.")
        else:
            yield from self.file(file, at)

    # -- files of one text

    def text(self, kind: str, file: File) -> tuple[str, str]:
        main = file.content_type.partition("/")[0]
        if kind in ("pdf", "ole"):
            return self.apart("pdf" if kind == "pdf" else "sheet", file.data)
        if kind == "image" or (kind == "closed" and main in ("image", "audio", "video")):
            return "", f"It is {main if kind == 'closed' else 'image'}, which is not read."
        if kind == "message":
            return "", "It is a message within a file, which is not opened."
        if kind == "closed":
            return "", f"It is a file ({file.content_type}), which is not opened."
        if kind == "rtf":
            text, why, pieces = documents.rtf_shown(file.data, self.allowance.pieces)
            self.allowance.pieces -= pieces
            return text, why
        return self.plain(kind, file)

    def apart(self, kind: Literal["pdf", "sheet"], data: bytes) -> tuple[str, str]:
        """PDF, and what calamine reads: Excel old and new, and OpenDocument's sheets."""
        if self.allowance.seconds < 0.02:
            return "", "The files of the message take longer to read than they may."
        left = self.allowance
        found = read_apart(kind, data, text=left.text, pages=left.pages, seconds=left.seconds)
        left.seconds -= found.seconds
        return found.text.replace("\0", "").encode("utf-8", "replace").decode(), found.why

    def plain(self, kind: str, file: File) -> tuple[str, str]:
        """A file of text, cut to what there is room for before anything is done with it."""
        data, cut = file.data, ""
        most = self.allowance.text * 4
        if len(data) > most:
            # At a line's end, where no letter is cut in two.
            data, cut = data[: max(data.rfind(b"\n", most - 10_000, most), 0) or most], _LONG
        if kind == "xml":
            text, why, pieces = records.xml_lines(data, self.allowance.pieces)
            self.allowance.pieces -= pieces
            # What is broken is kept as it stands, which is more than was read of it.
            return records.text_of(data, file.charset)[0] if why else text, cut or why
        if kind == "page":
            text, why = decode(data, file.charset or named_charset(data))
            page = read_page(text)
            images = "The page holds an image, which is not read." if page.images else ""
            return page.text, cut or why or page.why or images
        text, why = records.text_of(data, file.charset)
        if len(text) > self.allowance.text:
            text, cut = text[: self.allowance.text], _LONG
        if "-----BEGIN PGP MESSAGE-----" in text:
            return text, "It is encrypted."
        more = ""
        if kind == "properties":
            text, more = records.properties(text)
        elif kind == "json":
            text = records.json_lines(text)
        elif kind in ("csv", "guess"):
            delimiter = records.delimiter_of(text) or ("," if kind == "csv" else "")
            text = records.table(text, delimiter) if delimiter else text
        return text, cut or why or more

    # -- files of files

    def gzip(self, file: File, at: Spot) -> Iterator[Opened]:
        """One file, packed (RFC 1952)."""
        unpacker = zlib.decompressobj(31)
        out, why = b"", ""
        try:
            out = unpacker.decompress(file.data, max(self.allowance.octets, 1))
            if not unpacker.eof:
                why = "It unpacks to more than is read, or breaks off."
            elif unpacker.unused_data:
                why = "It goes on after its end."
        except zlib.error:
            why = "It is broken."
        self.allowance.octets -= len(out)
        yield self.opened(file, at, "", why)
        yield from self.inner(File(out, _ANY, re.sub(r"(?i)\.gz$", "", file.name)), at.inner(1))

    def zip(self, file: File, at: Spot) -> Iterator[Opened]:
        """An archive, or a document made as one."""
        if file.data[:4] == b"PK\x03\x04" and len(file.data) > 6 and file.data[6] & 1:
            yield self.opened(file, at, "", LOCKED)
            return
        # Each entry of the index begins so: counted before the index is read, which has room for millions.
        if file.data.count(b"PK\x01\x02") > _LONGEST_INDEX:
            yield self.opened(file, at, "", _MANY)
            return
        try:
            archive = zipfile.ZipFile(BytesIO(file.data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            yield self.opened(file, at, "", "The archive is broken.")
            return
        rules = containers.rules_for({info.filename for info in archive.infolist()})
        if rules is not None:
            yield from self.document(file, archive, rules, at)
            return
        yield self.opened(file, at, *records.text_of(archive.comment, ""))
        for number, info in enumerate(archive.infolist(), 1):
            if self.allowance.files <= 0:
                yield self.opened(File(b"", _ANY, ""), at.inner(number), "", _MANY)
                return
            self.allowance.files -= 1
            data, why = containers.unpack(archive, info, self.allowance.octets)
            self.allowance.octets -= len(data)
            member = File(data, _ANY, containers.name_of(info))
            if why:
                yield self.opened(member, at.inner(number), "", why)
            if data or (not why and not info.is_dir()):
                yield from self.inner(member, at.inner(number))

    def document(self, file: File, archive: zipfile.ZipFile, rules: containers.Rules, at: Spot) -> Iterator[Opened]:
        """Text of every part that shows some; then the files that are embedded in it."""
        texts, whys, within = [], [], []
        if rules.cells:
            text, why = self.apart("sheet", file.data)
            texts.append(text)
            whys.append(why)
        for info in sorted(archive.infolist(), key=containers.order):
            reading = rules.of(info)
            if reading == "nothing":
                continue
            if self.allowance.files <= 0:
                whys.append("The document has more parts than are read.")
                break
            self.allowance.files -= 1
            data, why = containers.unpack(archive, info, self.allowance.octets)
            self.allowance.octets -= len(data)
            whys.append(why)
            if reading == "text":
                text, why, pieces = documents.xml_shown(data, rules.opendocument, self.allowance.pieces)
                self.allowance.pieces -= pieces
                texts.append(text)
                whys.append(why)
            elif reading == "margins":
                texts.append(documents.sheet_margins(data))
            elif reading == "file":
                within.append(File(data, _ANY, info.filename))
            else:
                whys.append("It holds an image, a program or a file, which is not read.")
        text = "\n\n".join(text.rstrip("\n") for text in texts if text.strip())
        yield self.opened(file, at, text, next(filter(None, whys), ""))
        for number, each in enumerate(within, 1):
            yield from self.inner(each, at.inner(number))
