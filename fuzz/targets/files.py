"""What mails carry: archives, documents, tables, calendars; PDF and sheets by way of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

from atesaki.content.attachments import Allowance, File, Opened, read_file
from atesaki.content.sandbox import read_apart
from fuzz import check

_TEXT = 5_000
_FILES = 40


def attachments(data: bytes) -> None:
    """`read_file` opens anything in bounds, and no text of it cannot be kept. First line: type; name.

    No seconds for the sandbox: PDF and sheets have a target of their own.
    """
    said, _, octets = data.partition(b"\n")
    content_type, _, name = said.decode("utf-8", "replace").replace("\0", "").partition(";")
    allowance = Allowance(text=_TEXT, octets=1 << 20, files=_FILES, pieces=5_000, seconds=0.0)
    found = list(read_file(File(octets, content_type.strip().lower(), name.strip()), allowance))
    _hold(found)
    for each in found[1:]:
        assert each.path, "only the attachment itself has no path"
    assert len(found) <= 3 * (_FILES + 2)


def _hold(found: list[Opened]) -> None:
    assert found, "nothing was said of it"
    assert sum(len(each.text) for each in found) <= _TEXT
    for each in found:
        assert each.why != "Reading this file failed."
        for text in (each.text, each.filename, each.why):
            check.legible(text)


def sandbox(data: bytes) -> None:
    """Whatever a PDF or a sheet is, its reader ends in time and says something. First octet: which of them."""
    kind = "pdf" if data[:1] < b"\x80" else "sheet"
    found = read_apart("pdf" if kind == "pdf" else "sheet", data[1:], text=_TEXT, pages=3, seconds=0.5)
    assert len(found.text) <= _TEXT
    assert 0 <= found.seconds < 2
    assert found.why != "The program that reads it could not be started."
    assert found.text or found.why or kind == "sheet", "it had nothing, and nobody says why"


# -- seeds ------------------------------------------------------------------------------------------------------------

_ICS = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:Delivery
ATTENDEE;CN="Oshima Hana":mailto:hana@example.jp
DESCRIPTION;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=E5=A4=A7=
=E5=B3=B6
 folded
END:VEVENT
END:VCALENDAR
"""
_RTF = rb"{\rtf1\ansi\ansicpg932{\fonttbl\f0 x;}\uc2 \u22823 ??\'91\'e5\par {\*\x y}\cell Ken\row}"


def _attachments() -> Iterator[bytes]:
    from tests import files

    yield b"text/calendar; a.ics\n" + _ICS.encode()
    yield b"text/vcard; a.vcf\nBEGIN:VCARD\nN:Oshima;Hana\nTEL:090-1234-5678\nPHOTO;ENCODING=b:AAAA\nEND:VCARD\n"
    yield 'text/csv; a.csv\n名前,電話\n大島 花,"03-1234\n-5678"\n'.encode("cp932")
    yield b"text/tab-separated-values;\na\tb\nc\td\n"
    yield b'application/json; a.json\n{"name": "\\u5927\\u5cf6", "rows": [[1, "a"], [null]], "name": 2}'
    yield b"application/xml; a.xml\n<?xml version='1.0'?><a x='1'><b>Hana</b>&amp;</a>"
    yield b"application/octet-stream; a.htm\n<html><meta charset=euc-jp><p>\xa4\xb3\xa4\xec</p><img src=data:x>"
    yield b"application/rtf; a.rtf\n" + _RTF
    yield b"application/zip; a.zip\n" + files.archive(
        {"a.txt": "Hana", "b/c.csv": "a,b\n1,2\n", "d.zip": b"PK\x05\x06"}
    )
    yield b"application/zip; a.zip\n" + files.named("氏名.txt".encode("cp932"), b"Hana")
    yield b"application/vnd.openxmlformats; a.docx\n" + files.docx(files.paragraph("Hana", "090-1234-5678"))
    yield b"application/vnd; a.pptx\n" + files.pptx("Hana")
    yield b"application/vnd; a.odt\n" + files.opendocument("text", "<text:p>Hana<text:tab/>x</text:p>")
    yield b"application/gzip; a.csv.gz\n" + _gzip(b"a,b\n1,2\n")
    yield b"application/octet-stream; a.eml\nFrom: a@example.jp\nMIME-Version: 1.0\n\nHana"
    yield b"text/plain; a.txt\n\xff\xfea\0b\0"


def _gzip(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data, mtime=0)


_PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[<</T(x)>>]>>endobj
4 0 obj<</Length 34>>stream
BT /F 9 Tf 9 9 Td (Ken 047) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R/Size 6>>
%%EOF"""


def _sandbox() -> Iterator[bytes]:
    from tests import files

    yield b"P" + _PDF
    yield b"\xff" + files.xlsx({"客": [["名前", 1.5, ("date", 45000)], ["大島 花"]], "Sheet2": [["x"]]})
    yield b"\xff" + files.opendocument(
        "spreadsheet",
        "<office:spreadsheet><table:table table:name='a'><table:table-row><table:table-cell office:value-type='string'>"
        "<text:p>Hana</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>",
    )


SEEDS = {"attachments": _attachments, "sandbox": _sandbox}
