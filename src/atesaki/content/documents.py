"""What a file of Word, PowerPoint, OpenDocument or RTF shows: paragraphs a line each, cells of a row parted by tabs."""

import html
import re
from dataclasses import dataclass, field

from atesaki.content.charsets import decode
from atesaki.content.records import TooMuch, parse_xml

_SHOWS = frozenset(["t", "delText", "instrText", "v", "text"])
_LINES = frozenset(["br", "cr", "line-break"])
_CELLS = frozenset(["tc", "table-cell", "covered-table-cell"])
_ROWS = frozenset(["tr", "table-row"])
_ENDS = frozenset(["p", "h", "comment", "threadedComment", "pt"])


@dataclass
class _Shown:
    """The text of one XML part while it is put together."""

    opendocument: bool
    most: int
    out: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    cells: int = 0
    paragraphs: int = 0
    events: int = 0
    images: bool = False

    def start(self, name: str, attributes: list[str]) -> None:
        self.events += 1
        if self.events > self.most:
            raise TooMuch
        name = name.rpartition(":")[2]
        self.open.append(name)
        if name in _CELLS:
            self.cells += 1
        elif name in ("p", "h"):
            self.paragraphs += 1
        elif name == "tab":
            self.out.append("\t")
        elif name in _LINES:
            self.out.append(" " if self.cells else "\n")
        elif name == "s":
            self.out.append(" ")
        elif name in ("docPr", "cNvPr", "a", "Relationship"):
            self.told(dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def told(self, attributes: dict[str, str]) -> None:
        """What stands in an attribute: an image's words, a link's target."""
        target = attributes.get("xlink:href") or (
            attributes.get("Target") if attributes.get("TargetMode") == "External" else ""
        )
        for value in (attributes.get("descr"), f"<{target}>" if target else ""):
            if value:
                self.out.append(f" {value} " if self.paragraphs else value + "\n")

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        self.open.pop()
        if name in _CELLS:
            self.cells -= 1
            self.out.append("\t")
        elif name in _ROWS:
            self.out.append("\r" if self.cells else "\n")
        elif name in _ENDS:
            self.paragraphs -= name in ("p", "h")
            self.out.append(" " if self.cells else "\n")

    def said(self, text: str) -> None:
        shows = self.paragraphs > 0 if self.opendocument else self.open[-1] in _SHOWS
        if shows:
            self.out.append(text)

    @property
    def text(self) -> str:
        text = "".join(self.out).replace("\r", " ")
        return re.sub(r"[ \t]+(?=\n|\Z)", "", re.sub(r" *\t *", "\t", text))


def xml_shown(data: bytes, opendocument: bool, most: int) -> tuple[str, str, int]:
    """Text that an XML part shows; why not all of it; how many elements of `most` it took."""
    shown = _Shown(opendocument, most)
    why = parse_xml(data, shown.start, shown.end, shown.said)
    return shown.text, why, shown.events


_MARGIN = re.compile(rb"<(?:\\w{1,20}:)?(?:odd|even|first)(?:Header|Footer)>([^<]+)<")


def sheet_margins(data: bytes) -> str:
    """Head and foot lines of a sheet of Excel, which its cells do not hold. &L, &C and &R begin their three places."""
    lines = [html.unescape(found.decode("utf-8", "replace")) for found in _MARGIN.findall(data)[:1000]]
    return "\n".join(re.sub(r'&(?:[LCRPNDTFAGBIUSEXYZ]|"[^"]*"|[0-9]{1,3}|K[0-9A-F]{6})', " ", line) for line in lines)


# -- RTF ----------------------------------------------------------------------------------------------

_TOKEN = re.compile(rb"\\'([0-9a-fA-F]{2})|\\([a-z]{1,32})(-?[0-9]{1,10})? ?|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)")
_SKIPPED = frozenset(
    b"""
    fonttbl colortbl stylesheet info themedata colorschememapping latentstyles datastore listtable
    listoverridetable rsidtbl generator xmlnstbl filetbl revtbl
    """.split()
)
_BREAKS = {b"par": "\n", b"line": "\n", b"row": "\n", b"sect": "\n", b"page": "\n", b"cell": "\t", b"tab": "\t"}
_SIGNS = {b"~": "\u00a0", b"_": "-", b"{": "{", b"}": "}", b"\\": "\\", b"\n": "\n", b"\r": "\n"}
_PAGES = {932: "cp932", 936: "gb18030", 949: "cp949", 950: "big5", 65001: "utf-8"}


@dataclass
class _Rtf:
    """RTF while it is read: octets are gathered, for a letter may be cut in two escapes."""

    charset: str = "windows-1252"
    out: list[str] = field(default_factory=list)
    octets: bytearray = field(default_factory=bytearray)
    groups: list[tuple[bool, int]] = field(default_factory=list)
    skipped: bool = False
    instead: int = 1
    left: int = 0
    why: str = ""

    def flush(self) -> None:
        if self.octets:
            text, why = decode(bytes(self.octets), self.charset)
            self.out.append(text)
            self.why = self.why or why
            self.octets.clear()

    def octet(self, octets: bytes) -> None:
        """Octets after a \\u stand for the same letter, for those who do not know \\u."""
        gone = min(self.left, len(octets))
        self.left -= gone
        if not self.skipped:
            self.octets += octets[gone:]

    def say(self, text: str) -> None:
        self.flush()
        if not self.skipped:
            self.out.append(text)

    def word(self, word: bytes, number: int) -> None:
        if word == b"ansicpg":
            self.charset = _PAGES.get(number, f"windows-{number}")
        elif word == b"uc":
            self.instead = max(number, 0)
        elif word == b"u":
            self.say(chr(number % 65536))
            self.left = self.instead
        elif word in _BREAKS:
            self.say(_BREAKS[word])
        elif word in (b"pict", b"objdata"):
            self.skipped = True
            self.why = self.why or "It holds an image or a file, which is not read."
        elif word in _SKIPPED:
            self.skipped = True


def rtf_shown(data: bytes, most: int) -> tuple[str, str, int]:
    """Text of an RTF file; why not all of it; how many tokens of `most` it took."""
    it = _Rtf()
    tokens = 0
    at = 0
    while found := _TOKEN.match(data, at):
        at = found.end()
        tokens += 1
        if tokens > most:
            it.why = "It has more elements than are read."
            break
        octet, word, number, sign, group, plain = found.groups()
        if plain is not None:
            it.octet(plain)
        elif octet is not None:
            it.octet(bytes([int(octet, 16)]))
        elif word is not None:
            it.word(word, int(number or (b"1" if word == b"uc" else b"0")))
        elif sign == b"*":
            it.flush()
            it.skipped = True  # a destination that readers may not know
        elif sign is not None:
            it.say(_SIGNS.get(sign, ""))
        elif group == b"{":
            it.flush()
            it.groups.append((it.skipped, it.instead))
        elif group == b"}":
            it.flush()
            it.skipped, it.instead = it.groups.pop() if it.groups else (False, 1)
    it.flush()
    text = "".join(it.out).encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    return re.sub(r"\t(?=\n)", "", text), it.why if at >= len(data) or it.why else "Its RTF is broken.", tokens
