"""Files of text that are made of records, as lines of cells parted by tabs: CSV, JSON, XML, calendars, cards.

A label stands in the first cell, as in a table of a page. What is no such file after all is returned as it is.
"""

import binascii
import csv
import json
import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from atesaki.content.charsets import decode, guess, strictly, windows_japanese

GUESSED_FILE = "It has 8-bit characters of no certain charset; its text is a guess."


def text_of(data: bytes, charset: str) -> tuple[str, str]:
    """The text of a file, whose charset is rarely named.

    A file that Excel wrote in Japan is cp932, and nothing says so: it is taken for that where every octet fits and
    what comes out is Japanese. Where lines are of several charsets, each is read by itself.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text, why = decode(data, "utf-16")
        return _lines(text), why
    text, why = decode(data, charset)
    if why:
        whole = None if any(map(_utf8_japanese, data.split(b"\n"))) else windows_japanese(data)
        text, why = (whole.replace("\0", ""), "") if whole is not None else _each_line(data, text, why)
    return _lines(text), why


_CJK = re.compile("[\u2e80-\uffee]")


def _utf8_japanese(line: bytes) -> bool:
    """Whether a line is UTF-8, and not two kana of half width that happen to be an è."""
    text = strictly(line, "utf-8")
    return text is not None and _CJK.search(text) is not None


def _lines(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text)


def _each_line(data: bytes, text: str, why: str) -> tuple[str, str]:
    """Line by line, where that tells more than `text`."""
    out: list[str] = []
    unsure = mixed = False
    for line in data.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").split(b"\n"):
        utf8 = _utf8_japanese(line)
        mixed = mixed or utf8
        found = line.decode("utf-8") if utf8 or line.isascii() else windows_japanese(line)
        if found is None:
            found, unsure = guess(line)[0], True
        out.append(found)
    if unsure and not mixed:
        return text, why
    return "\n".join(out), GUESSED_FILE if unsure else ""


# -- CSV ----------------------------------------------------------------------------------------------

_DELIMITERS = ",\t;|"
_LINES_LOOKED_AT = 20


def delimiter_of(text: str) -> str:
    """The sign that parts the cells of most of the first lines, as often in each; "" where none does."""
    plain = re.sub(r'"[^"]*+"', "", text[:20_000])
    lines = [line for line in plain.split("\n")[:_LINES_LOOKED_AT] if line.strip()]
    best, most = "", 0
    for sign in _DELIMITERS:
        counts = [line.count(sign) for line in lines]
        alike = max((counts.count(count) for count in set(counts) if count), default=0)
        if alike > max(most, len(lines) // 2):
            best, most = sign, alike
    return best


def table(text: str, delimiter: str) -> str:
    """Rows of cells, one row a line; a line end within a cell becomes a space."""
    try:
        rows = csv.reader([line + "\n" for line in text.split("\n")], delimiter=delimiter)
        return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)
    except csv.Error:  # a field longer than csv takes: a quote that is never closed
        return text.replace(delimiter, "\t")


# -- JSON ---------------------------------------------------------------------------------------------

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def json_lines(text: str) -> str:
    """Each value with the name it has; names given twice are both kept. One value a line is JSON as well."""
    try:
        values = [_parsed(text)]
    except (ValueError, RecursionError):
        try:
            values = [_parsed(line) for line in text.split("\n") if line.strip()]
        except (ValueError, RecursionError):
            shown = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
            return shown.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    lines = [line for value in values for line in _flat(value)]
    return "\n".join(lines).encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


class _Pairs(list[tuple[str, Any]]):
    """An object with all its names in their order."""


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)


def _flat(value: Any) -> Iterator[str]:
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, _Pairs):
            yield from [_one_line(name)] if name else []
            waiting.extend(reversed(value))
        elif isinstance(value, list) and any(isinstance(each, list) for each in value):
            waiting.extend((name, each) for each in reversed(value))
        else:
            cells = value if isinstance(value, list) else [value]
            shown = [_one_line(str(each)) for each in cells if each is not None and each != []]
            yield "\t".join([_one_line(name), *shown] if name else shown)


def _one_line(text: str) -> str:
    return " ".join(text.split())


# -- XML ----------------------------------------------------------------------------------------------


class TooMuch(Exception):
    """More elements than are looked at; `text` is what was read."""


def xml_lines(data: bytes, most: int) -> tuple[str, str, int]:
    """Each element's and attribute's text after its name; why not all of it; how many events it took."""
    out: list[str] = []
    names: list[str] = []
    events = 0

    def start(name: str, attributes: list[str]) -> None:
        nonlocal events
        events += 1
        if events > most:
            raise TooMuch
        names.append(name.rpartition(":")[2])
        for at in range(0, len(attributes), 2):
            if not attributes[at].startswith("xmlns"):
                out.append(f"{attributes[at].rpartition(':')[2]}\t{_one_line(attributes[at + 1])}")

    def end(_: str) -> None:
        names.pop()

    def said(text: str) -> None:
        if text.strip() and names:
            out.append(f"{names[-1]}\t{_one_line(text)}")

    why = parse_xml(data, start, end, said)
    return "\n".join(out), why, events


def parse_xml(data: bytes, start: Any, end: Any, said: Any) -> str:
    """Run expat over a document; why it was not read to its end.

    Entities that the document makes itself are refused: a few of them unpack to gigabytes.
    """

    def refuse(*_: Any) -> None:
        raise _Entities

    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.buffer_size = 65_536
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = said
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except _Entities:
        return "Its XML makes entities of its own, which are not read."
    except TooMuch:
        return "It has more elements than are read."
    except (expat.ExpatError, ValueError, LookupError):
        return "Its XML is broken."
    return ""


class _Entities(Exception):
    pass


# -- calendars and cards ------------------------------------------------------------------------------

_FOLD = re.compile(r"\n[ \t]")
_PROPERTY = re.compile(r'([\w.-]+)((?:;(?:[^":;]|"[^"]*")*+)*+):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([\w-]+)(?:=("[^"]*"|[^;]*))?')
_ESCAPE = re.compile(r"\\([\\,;:nN])")
# A label that a reader of the file would see in its stead.
_SPELT = {
    **{"FN": "Name", "N": "Name", "NICKNAME": "Name", "TEL": "Phone", "ADR": "Address", "LABEL": "Address"},
    **{"BDAY": "Date of birth", "EMAIL": "Email", "X-PHONETIC-LAST-NAME": "Kana", "X-PHONETIC-FIRST-NAME": "Kana"},
    **{"SOUND": "Kana", "ATTENDEE": "Attendee", "ORGANIZER": "Organizer", "LOCATION": "Location"},
    **{"SUMMARY": "Summary", "DESCRIPTION": "Description", "CONTACT": "Contact", "NOTE": "Note"},
}
_MEANS_NOTHING = frozenset(["BEGIN", "END", "VERSION", "PRODID", "UID", "DTSTAMP", "REV", "CALSCALE", "METHOD"])


def properties(text: str) -> tuple[str, str]:
    """Content lines (RFC 5545 section 3.1, RFC 6350 section 3.2; vCard 2.1), one a line; why not all of it."""
    out: list[str] = []
    why = ""
    lines = _FOLD.sub("", text).split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        found = _PROPERTY.fullmatch(line)
        if found is None:
            out.append(line)
            continue
        name = found[1].rpartition(".")[2].upper()
        parameters = {key.upper(): value.strip('"') for key, value in _PARAMETER.findall(found[2])}
        coding = parameters.get("ENCODING") or next(
            (key for key in ("QUOTED-PRINTABLE", "BASE64") if key in parameters), ""
        )
        value = found[3]
        if coding.upper() == "QUOTED-PRINTABLE":
            while value.endswith("=") and at < len(lines):
                value = value[:-1] + lines[at]
                at += 1
            octets = binascii.a2b_qp(value.encode("utf-8", "replace"))
            value, broken = decode(octets, parameters.get("CHARSET", "")) if octets else ("", "")
            why = why or broken
        if coding.upper() in ("B", "BASE64") or value.startswith("data:"):
            why = why or "It holds an image or a file, which is not read."
            continue
        if name in _MEANS_NOTHING:
            continue
        value = re.sub("[; ]+", " ", value) if name in ("N", "ADR", "SOUND", "ORG") else value
        value = _ESCAPE.sub(lambda escaped: {"n": " ", "N": " "}.get(escaped[1], escaped[1]), value)
        said = [parameters[key] for key in ("CN", "X-ADDRESS", "X-TITLE", "LABEL") if parameters.get(key)]
        out.append("\t".join(_one_line(each) for each in (_SPELT.get(name, name), *said, value)))
    return "\n".join(out), why
