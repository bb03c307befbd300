"""What is attached is read as far as its limits allow, and what is not read is told, whatever the file."""

from __future__ import annotations

import csv
import gzip
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from email.message import EmailMessage
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki.content import Limits, Part, askable, read, sandbox
from atesaki.content.charsets import windows_japanese
from tests import files

patient = settings(deadline=None, max_examples=60)

ANY = "application/octet-stream"
LONG = "The text of the files is longer than is read."
CUSTOMERS = "お名前,電話番号,住所\r\n大島 健太郎,047-999-0001,千葉県船橋市本町1-2-3\r\n"
ROWS = "お名前\t電話番号\t住所\n大島 健太郎\t047-999-0001\t千葉県船橋市本町1-2-3\n"


def mail(*attached: tuple[bytes, str, str]) -> bytes:
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content("hello")
    for data, content_type, name in attached:
        main, sub = content_type.split("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def parts(data: bytes, content_type: str = ANY, name: str = "a", limits: Limits | None = None) -> tuple[Part, ...]:
    raw = mail((data, content_type, name))
    return (read(raw, limits=limits) if limits else read(raw)).parts[1:]


def only(data: bytes, content_type: str = ANY, name: str = "a", limits: Limits | None = None) -> tuple[str, str]:
    (part,) = parts(data, content_type, name, limits)
    assert (part.kind, part.path, part.filename) == ("attachment", "2", name)
    return part.text, part.why


# --- tables of text --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "content_type", "name"),
    [
        (CUSTOMERS.encode(), "text/csv", "a.csv"),
        (b"\xef\xbb\xbf" + CUSTOMERS.encode(), "text/csv", "a.csv"),
        (CUSTOMERS.encode("cp932"), "text/csv", "a.csv"),
        (CUSTOMERS.encode("cp932"), "text/plain", "a.csv"),
        (CUSTOMERS.encode("utf-16"), ANY, "a.csv"),
        (CUSTOMERS.encode("cp932"), ANY, "export"),
        (CUSTOMERS.encode(), "application/vnd.ms-excel", "a.csv"),
        (CUSTOMERS.replace(",", "\t").encode(), "text/tab-separated-values", "a.tsv"),
        (CUSTOMERS.replace(",", "\t").encode("cp932"), ANY, "a.txt"),
        (CUSTOMERS.replace(",", ";").encode(), "text/csv", "a.csv"),
    ],
)
def test_a_table_is_rows_of_cells(octets: bytes, content_type: str, name: str) -> None:
    text, why = only(octets, content_type, name)
    assert (text.replace(",", "\t"), why) == (ROWS, "")


def test_lines_of_several_charsets_are_each_read() -> None:
    mixed = CUSTOMERS.encode("cp932") + "山田 花,090-9999-0001,東京都\r\n".encode()
    assert only(mixed, "text/csv", "a.csv") == (ROWS + "山田 花\t090-9999-0001\t東京都\n", "")


def test_a_charset_that_may_be_another_is_told() -> None:
    text, why = only("name,city\r\nRené Müller,Köln\r\n".encode("latin-1"), "text/csv", "a.csv")
    assert text == "name\tcity\nRené Müller\tKöln\n"
    assert why == "It has 8-bit characters without their true charset; its text is a guess."


@pytest.mark.parametrize(
    ("octets", "sure"),
    [
        ("大島 健太郎".encode("cp932"), True),
        ("ｵｵｼﾏ ｹﾝﾀﾛｳ 様".encode("cp932"), True),
        ("価格 1,280円 髙橋 ①".encode("cp932"), True),
        ("大島 健太郎".encode("euc_jp"), False),
        ("大島".encode(), False),
        ("René Müller Köln".encode("latin-1"), False),
        ("Mary’s “book” – £5".encode("cp1252"), False),
        (b"\x81", False),
    ],
)
def test_what_is_surely_cp932(octets: bytes, sure: bool) -> None:
    assert (windows_japanese(octets) is not None) is sure


def test_quotes_hold_their_signs_and_line_ends() -> None:
    octets = b'a,"b, ""c""\r\nd\te",f\r\n\r\n"x'
    assert only(octets, "text/csv", "a.csv") == ('a\tb, "c" d e\tf\n\nx', "")


# --- records ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "name", "text"),
    [
        (
            b'{"name": "\\u5927\\u5cf6", "tel": null, "a": [1, "b"], "name": "x", "in": {"k": true}}',
            "a.json",
            "name\t大島\ntel\na\t1\tb\nname\tx\nin\nk\tTrue",
        ),
        ('{"n": "大島"}\n{"n": "山田"}\n'.encode(), "a.ndjson", "n\t大島\nn\t山田"),
        (b'[{"a": 1}, [[2]]]', "a.json", "a\t1\n2"),
        (b'{"a": "\\u5927"', "a.json", '{"a": "大"'),
        (b'"\\ud800"', "a.json", "\ufffd"),
        (
            '<?xml version="1.0"?><o:order xmlns:o="x" id="7"><name>大島</name> <b/></o:order>'.encode(),
            "a.xml",
            "id\t7\nname\t大島",
        ),
        ('<?xml version="1.0" encoding="shift_jis"?><a>大島</a>'.encode("cp932"), "a.xml", None),
        (
            'BEGIN:VCALENDAR\r\nSUMMARY:配達 大島様\r\nATTENDEE;ROLE=X;CN="大島; 健":mailto:hana@example.jp\r\n'
            "DESCRIPTION:電話\\n047-99\r\n 9-0001\\, x\r\nEND:VCALENDAR\r\n".encode(),
            "a.ics",
            "Summary\t配達 大島様\nAttendee\t大島; 健\tmailto:hana@example.jp\nDescription\t電話 047-999-0001, x\n",
        ),
        (
            b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=91=E5=93=87;=\r\n=8C=92\r\n"
            b"item1.TEL;CELL:09099990001\r\nADR;HOME:;;1-2-3;Funabashi;;273-0005;\r\nEND:VCARD\r\n",
            "a.vcf",
            "Name\t大島 健\nPhone\t09099990001\nAddress\t1-2-3 Funabashi 273-0005\n",
        ),
        (b"<!DOCTYPE html><table><tr><td>a<td>b</table>", "a.dat", "a\tb"),
        ("大島\r\n様".encode("cp932"), "memo.txt", "大島\n様"),
        (
            rb"{\rtf1\ansi\ansicpg932{\fonttbl{\f0 MS;}}\'91\'e5\'93\'87 \u20581?{\*\x y}\par a\cell b\cell\row}",
            "a.rtf",
            "大島 健\na\tb\n",
        ),
    ],
)
def test_records_are_lines_after_their_names(octets: bytes, name: str, text: str | None) -> None:
    found, why = only(octets, ANY, name)
    if text is None:
        assert (found, why) != ("", "")
    else:
        assert (found, why) == (text, "")


@pytest.mark.parametrize(
    ("octets", "name", "text", "why"),
    [
        (b"<a>x<b></a>", "a.xml", "<a>x<b></a>", "Its XML is broken."),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            "a.xml",
            '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            "Its XML makes entities of its own, which are not read.",
        ),
        (
            b"BEGIN:VCARD\r\nFN:Ken\r\nPHOTO;ENCODING=b:AAAA\r\nEND:VCARD",
            "a.vcf",
            "Name\tKen",
            "It holds an image or a file, which is not read.",
        ),
        (rb"{\rtf1 a{\pict 00}b}", "a.rtf", "ab", "It holds an image or a file, which is not read."),
        (b"{\\rtf1 a\\", "a.rtf", "a", "Its RTF is broken."),
        (b"-----BEGIN PGP MESSAGE-----\n", "a.asc", "-----BEGIN PGP MESSAGE-----\n", "It is encrypted."),
        (b"\x00\x01\x02", "a.dat", "", f"It is a file ({ANY}), which is not opened."),
        (b"\x78\x9f\x3e\x22\0", "winmail.dat", "", f"It is a file ({ANY}), which is not opened."),
        (b"\x89PNG\r\n\x1a\n", "a.dat", "", "It is image, which is not read."),
        (b"Rar!\x1a\x07", "a.rar", "", f"It is a file ({ANY}), which is not opened."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "a.msg",
            "",
            "It is broken, or of a kind that is not known.",
        ),
        (b"%PDF-1.7 nothing", "a.pdf", "", "It is broken, or of a kind that is not known."),
        (b"PK\x03\x04\0\0\0\0", "a.zip", "", "The archive is broken."),
        (b"\x1f\x8b\x08 nothing", "a.gz", None, "It is broken."),
    ],
)
def test_what_is_not_read_is_told(octets: bytes, name: str, text: str | None, why: str) -> None:
    found = parts(octets, ANY, name)
    assert found[0].why == why
    assert text is None or found[0].text == text
    assert read(mail((octets, ANY, name))).unreadable


# --- documents -------------------------------------------------------------------------------------------


BOOK = {
    "顧客": [["お名前", "電話番号", "生年月日"], ["大島 健太郎", "047-999-0001", ("date", 29222)], ["", 12345, 1.5]],
    "Sheet2": [["a"]],
}
BOOK_TEXT = "お名前\t電話番号\t生年月日\n大島 健太郎\t047-999-0001\t1980-01-02\n\t12345\t1.5\n\na\n\n顧客\tSheet2"
TABLE = (
    "<text:p>大島<text:tab/>様<text:s/>x</text:p><table:table><table:table-row><table:table-cell><text:p>電話</text:p>"
    "</table:table-cell><table:table-cell><text:p>047</text:p><text:p>999</text:p></table:table-cell>"
    "</table:table-row></table:table><text:p>end</text:p>"
)


@pytest.mark.parametrize(
    ("octets", "name", "text"),
    [
        (files.xlsx(BOOK), "a.xlsx", BOOK_TEXT),
        (files.xlsx({"Sheet1": [["a", "b"]]}), "a.xlsx", "a\tb"),
        (files.xls([["お名前", "電話"], ["大島", "047-999-0001"]]), "a.xls", "お名前\t電話\n大島\t047-999-0001\n"),
        (
            files.docx(
                files.paragraph("大島", " 健太郎 様")
                + f"<w:tbl><w:tr><w:tc>{files.paragraph('電話')}</w:tc>"
                + f"<w:tc>{files.paragraph('047')}</w:tc></w:tr></w:tbl>"
                + "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:delText>gone</w:delText></w:r></w:p>",
                {
                    "word/header2.xml": f"<w:hdr xmlns:w='w'>{files.paragraph('head')}</w:hdr>",
                    "word/_rels/document.xml.rels": "<r><Relationship Target='styles.xml'/>"
                    "<Relationship TargetMode='External' Target='mailto:hana@example.jp'/></r>",
                },
            ),
            "a.docx",
            "大島 健太郎 様\n電話\t047\na\tb\ngone\n\n<mailto:hana@example.jp>\n\nhead",
        ),
        (files.pptx(*[f"slide {number} 大島" for number in range(1, 12)]), "a.pptx", None),
        (files.opendocument("text", TABLE), "a.odt", "大島\t様 x\n電話\t047 999\nend"),
        (files.opendocument("spreadsheet", TABLE), "a.ods", "大島\t様 x\n電話\t047 999\nend"),
    ],
)
@pytest.mark.parametrize("content_type", [ANY, "application/pdf", "application/msword"])
def test_a_document_is_read_whatever_it_is_called(
    octets: bytes, name: str, text: str | None, content_type: str
) -> None:
    found = only(octets, content_type, name)
    expected = text if text is not None else "\n\n".join(f"slide {number} 大島" for number in range(1, 12))
    assert found == (expected, "")


def test_rows_and_cells_keep_their_numbers() -> None:
    rows = [["", ""], ["", ""], ["", "b"], *[["", ""]] * 3, ["", "c"]]
    assert only(files.xlsx({"Sheet1": rows}), ANY, "a.xlsx") == ("\n\n\tb\n\n\n\n\tc", "")


def test_what_a_workbook_holds_beside_its_cells_is_read() -> None:
    margins = (
        "<worksheet><sheetData/><headerFooter><oddHeader>&amp;L大島様 &amp;P</oddHeader></headerFooter></worksheet>"
    )
    more = {
        "xl/comments1.xml": "<comments><comment><text><r><t>電話 047</t></r></text></comment></comments>",
        "xl/drawings/drawing1.xml": "<d xmlns:a='a'><a:p><a:t>box</a:t></a:p></d>",
        "xl/worksheets/sheet9.xml": margins,
        "xl/sharedStrings.xml": f'<sst xmlns="{files._MAIN}"/>',
        "docProps/app.xml": "<x>Excel</x>",
    }
    text, why = only(files.xlsx({"Sheet1": [["a"]]}, more), ANY, "a.xlsx")
    assert [line.strip() for line in text.split("\n") if line.strip()] == ["a", "電話 047", "box", "大島様"]
    assert why == ""


@pytest.mark.parametrize(
    "inside", ["word/media/image1.png", "word/vbaProject.bin", "word/embeddings/oleObject1.bin", "odd.bin"]
)
def test_images_and_programs_in_a_document_are_told(inside: str) -> None:
    text, why = only(files.docx(files.paragraph("a"), {inside: b"\0"}), ANY, "a.docx")
    assert (text, why) == ("a", "It holds an image, a program or a file, which is not read.")


def test_a_workbook_within_a_document_is_a_part_of_its_own() -> None:
    outer = files.docx(files.paragraph("a"), {"word/embeddings/b.xlsx": files.xlsx(BOOK)})
    found = parts(outer, ANY, "a.docx")
    assert [(part.path, part.text, part.why) for part in found] == [("2", "a", ""), ("2.1", BOOK_TEXT, "")]


# --- PDF -------------------------------------------------------------------------------------------------


def pdf(stream: bytes, resources: bytes = b"", more: bytes = b"", objects: tuple[bytes, ...] = ()) -> bytes:
    packed = zlib.compress(stream)
    made = [
        b"<</Type/Catalog/Pages 2 0 R" + more + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>"
        + resources
        + b">>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n" % len(packed) + packed + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *objects,
    ]
    out = b"%PDF-1.4\n"
    places = []
    for number, each in enumerate(made, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n" % (len(made) + 1)
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(made) + 1, len(out))
    )


SAYS = b"BT /F 12 Tf (Ken 047-999-0001) Tj ET"
ENDLESS = b"BT /F 12 Tf " + b"(a) Tj " * 500_000 + b"ET"


def test_a_pdf_is_read() -> None:
    assert only(pdf(SAYS), ANY, "a.dat") == ("Ken 047-999-0001\n", "")
    assert only(b"junk\n" + pdf(SAYS), "application/pdf", "a.pdf")[0] == "Ken 047-999-0001\n"


def test_a_japanese_pdf_is_read_page_by_page() -> None:
    weasyprint = pytest.importorskip("weasyprint", exc_type=ImportError)
    page = "<p>大島 健太郎 様</p><table><tr><td>電話</td><td>047-999-0001</td></tr></table>"
    made = weasyprint.HTML(string=page + '<p style="page-break-before:always">二').write_pdf()
    text, why = only(made, "application/pdf", "a.pdf")
    assert [line.replace("\t", " ") for line in text.split("\n") if line] == [
        "大島 健太郎 様",
        "電話 047-999-0001",
        "二",
    ]
    assert why == ""
    text, why = only(made, "application/pdf", "a.pdf", Limits(pages=1))
    assert ("大島" in text, "二" in text, why) == (True, False, "It has 2 pages, of which 1 were read.")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (
            pdf(SAYS, b"/XObject<</I 6 0 R>>", objects=(b"<</Subtype/Image/Length 0>>stream\n\nendstream",)),
            "The PDF holds an image, which is not read.",
        ),
        (pdf(b"0 0 9 9 re f"), "A page of the PDF shows something that is no text."),
        (pdf(SAYS, more=b"/Names<</EmbeddedFiles<<>>>>"), "The PDF holds another file, which is not opened."),
        (pdf(SAYS, more=b"/AcroForm<</XFA[]>>"), "The PDF holds a form that is not read."),
        (
            pdf(
                b"BT /G 9 Tf <0001> Tj ET",
                b"/Font<</G 6 0 R>>",
                objects=(b"<</Type/Font/Subtype/Type0/Encoding/Identity-H>>",),
            ),
            None,
        ),
    ],
)
def test_what_a_pdf_shows_otherwise_is_told(made: bytes, why: str | None) -> None:
    found = only(made, "application/pdf", "a.pdf")[1]
    assert found == why if why else found


def test_a_locked_pdf_is_told() -> None:
    pypdf = pytest.importorskip("pypdf")
    writer = pypdf.PdfWriter(clone_from=BytesIO(pdf(SAYS)))
    writer.encrypt("secret", algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    assert only(out.getvalue(), "application/pdf", "a.pdf") == ("", "It is locked with a password.")


def test_a_pdf_that_takes_for_ever_ends_and_the_next_is_read() -> None:
    limits = Limits(seconds=0.3)
    found = read(mail(*[(pdf(ENDLESS), "application/pdf", f"{number}.pdf") for number in range(20)]), limits=limits)
    assert [part.why for part in found.parts[1:3]] == [
        "Reading it takes longer than 0.3 s.",
        "The files of the message take longer to read than they may.",
    ]
    assert only(pdf(SAYS), ANY, "a.pdf") == ("Ken 047-999-0001\n", "")


def test_the_program_that_reads_ends_with_its_input_and_is_started_again() -> None:
    assert only(pdf(SAYS)) == ("Ken 047-999-0001\n", "")
    for program in sandbox._idle:
        program.process.kill()
        program.process.wait()
    assert only(pdf(SAYS)) == ("Ken 047-999-0001\n", "")
    program = sandbox._idle[-1]
    assert program.process.stdin is not None
    program.process.stdin.close()
    assert program.process.wait(10) == 0
    assert only(pdf(SAYS)) == ("Ken 047-999-0001\n", "")


def test_the_program_that_reads_knows_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://hana:secret@db.example/x")
    sandbox._idle.clear()
    assert only(pdf(SAYS))[1] == ""
    assert b"secret" not in Path(f"/proc/{sandbox._idle[-1].process.pid}/environ").read_bytes()


# --- archives --------------------------------------------------------------------------------------------


def test_files_in_an_archive_are_parts_with_their_names() -> None:
    made = files.archive({"顧客.csv": CUSTOMERS.encode("cp932"), "folder/": b"", "folder/b.xlsx": files.xlsx(BOOK)})
    found = parts(made, "application/zip", "a.zip")
    assert [(part.path, part.filename, part.text, part.why) for part in found] == [
        ("2", "a.zip", "", ""),
        ("2.1", "顧客.csv", ROWS, ""),
        ("2.3", "folder/b.xlsx", BOOK_TEXT, ""),
    ]
    assert not read(mail((made, ANY, "x.bin"))).unreadable


def test_a_name_from_windows_is_read() -> None:
    found = parts(files.named("顧客一覧.csv".encode("cp932"), CUSTOMERS.encode("cp932")))
    assert (found[1].filename, found[1].text) == ("顧客一覧.csv", ROWS)


def test_archives_in_archives_are_read_a_little_deep() -> None:
    made = files.archive({"a.csv": CUSTOMERS.encode()})
    for _ in range(2):
        made = files.archive({"in.zip": made})
    assert [(part.path, part.text, part.why) for part in parts(made)] == [
        ("2", "", ""),
        ("2.1", "", ""),
        ("2.1.1", "", ""),
        ("2.1.1.1", ROWS, ""),
    ]
    assert parts(files.archive({"in.zip": made}))[-1].why == "It is an archive too deep in others."


def test_a_packed_file_is_read() -> None:
    assert parts(gzip.compress(CUSTOMERS.encode()), "application/gzip", "a.csv.gz")[1].text == ROWS


def test_a_locked_or_strangely_packed_file_is_told() -> None:
    locked = bytearray(files.archive({"a.txt": b"x", "b.txt": b"y"}))
    index = locked.find(b"PK\x01\x02")
    locked[index + 8] |= 1
    assert [part.why for part in parts(bytes(locked))] == ["", "It is locked with a password.", ""]
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("a.txt", "x")
    assert parts(out.getvalue())[1].why == "It is packed in a way that is not read."
    broken = bytearray(files.archive({"a.txt": b"hello, you"}, packed=False))
    broken[broken.find(b"hello")] ^= 1
    assert [part.why for part in parts(bytes(broken))][1] == "It is broken."


# --- what it must not change -----------------------------------------------------------------------------


def test_what_stands_only_in_an_attachment_is_not_asked_for() -> None:
    said = "お届け先\nお名前: 大島 健太郎\n郵便番号: 273-0005\n電話番号: 090-9999-0001\n"
    assert askable(read(f"Content-Type: text/plain; charset=utf-8\r\n\r\n{said}".encode()))
    inner = mail() + said.encode()
    made = files.docx("".join(map(files.paragraph, said.split("\n"))))
    for octets, name in [
        (said.encode(), "a.txt"),
        (made, "a.docx"),
        (inner, "a.eml"),
        (files.archive({"a.txt": said}), "a.zip"),
    ]:
        found = read(mail((octets, ANY, name)))
        assert "090-9999-0001" in found.text
        assert askable(found) == ()


@pytest.mark.parametrize(
    "body", ["[shop] 大島様", "{a}", "From: x\nMIME-Version: 1\n\ny", "BEGIN:VCARD", "a,b\nc,d", "%PDF-"]
)
def test_the_words_of_the_message_stay_as_they_are(body: str) -> None:
    for named in ("", "; name=a.txt"):
        raw = f"Content-Type: text/plain; charset=utf-8{named}\r\n\r\n{body}".encode()
        if not (named and body == "%PDF-"):
            assert read(raw).parts == (Part("text", "1", "text/plain", "a.txt" if named else "", body, ""),)


def test_an_attached_message_is_read_as_one() -> None:
    inner = mail((CUSTOMERS.encode("cp932"), "text/csv", "a.csv"))
    found = read(mail((inner, ANY, "a.eml"))).parts[1:]
    assert [(part.path, part.kind, part.text) for part in found] == [
        ("2", "text", "Subject: x"),
        ("2.1.1", "text", "hello\n"),
        ("2.1.2", "attachment", ROWS),
    ]
    assert parts(files.archive({"a.eml": inner}))[1].why == "It is a message within a file, which is not opened."


# --- bombs -----------------------------------------------------------------------------------------------

MUCH = 100 * 1024 * 1024


def laughs() -> str:
    entities = "".join(f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 10}">' for at in range(10))
    return f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">{entities}]><l>&k;</l>'


def matryoshka() -> bytes:
    """As 42.zip is made: archives of ten archives each, six deep, 10 MB in each of the innermost."""
    made = files.archive({"a.txt": bytes(10_000_000)})
    for _ in range(6):
        made = files.archive({f"{number}.zip": made for number in range(10)})
    return made


def itself() -> bytes:
    """An archive whose index names the archive itself as a file of it, as a quine's does: stored, from octet 0."""
    name = b"a.zip"
    head = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    size = len(head) * 2 + 46 + len(name) + 22
    index = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, size, size, 5, 0, 0, 0, 0, 0, 0)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, 51, len(head) * 2, 0)
    return head * 2 + index + name + end


def sheet(cells: str) -> bytes:
    xml = f'<worksheet xmlns="{files._MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    return files.xlsx({"a": []}, {"xl/worksheets/sheet1.xml": xml})


def entangled() -> bytes:
    """Forms that draw each other twice, thirty deep."""
    forms = tuple(
        b"<</Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</N %d 0 R>>>>/Length 10>>stream\n/N Do /N Do\nendstream"
        % (7 + at)
        for at in range(30)
    )
    return pdf(b"/N Do /N Do", b"/XObject<</N 6 0 R>>", objects=forms)


BOMBS = {
    "zeros": lambda: files.archive({"a.txt": bytes(MUCH // 2)}),
    "lines": lambda: files.archive({"a.csv": b"x,y\n" * (MUCH // 4)}),
    "42": matryoshka,
    "itself": itself,
    "files": lambda: files.archive({str(number): b"x" for number in range(21_000)}),
    "gzip": lambda: gzip.compress(bytes(MUCH // 2)),
    "laughs": lambda: laughs().encode(),
    "laughing document": lambda: files.docx("x", {"word/header1.xml": laughs()}),
    "laughing sheet": lambda: files.xlsx({"a": [["x"]]}, {"xl/styles.xml": laughs(), "xl/sharedStrings.xml": laughs()}),
    "deep xml": lambda: b"<?xml version='1.0'?>" + b"<a>" * 1_000_000,
    "deep json": lambda: b"[" * 1_000_000,
    "wide json": lambda: b"[" + b"[]," * 1_000_000 + b"1]",
    "elements": lambda: files.docx("<a/>" * 1_000_000),
    "far cell": lambda: sheet(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ),
    "cells": lambda: sheet("<row>" + "<c><v>1</v></c>" * 1_500_000 + "</row>"),
    "commas": lambda: b"," * 2_500_000,
    "quote": lambda: b'a,b\n"' + b"a,b\n" * 500_000,
    "rtf": lambda: b"{\\rtf1" + b"{\\b" * 1_000_000,
    "endless pdf": lambda: pdf(ENDLESS),
    "blank pdf": lambda: pdf(b" " * 100_000_000),
    "entangled pdf": entangled,
    "broken pdf": lambda: b"%PDF-1.4\n" + b"1 0 obj <</Type/Catalog>> endobj\n" * 100_000,
    "noise": lambda: b"%PDF-1.4\n" + os.urandom(2_000_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_and_is_told(name: str) -> None:
    raw = mail((BOMBS[name](), ANY, "a.csv" if name in ("commas", "quote") else "a.bin"))
    sandbox._idle.clear()
    before = os.times()
    found = read(raw)
    after = os.times()
    ours = after.user + after.system - before.user - before.system
    theirs = after.children_user + after.children_system - before.children_user - before.children_system
    assert ours < 2, "the time of our own processor"
    assert ours + theirs < 4
    assert len(found.text) <= 1_000_000
    assert "Reading this message failed." not in {part.why for part in found.parts}
    assert "Reading this file failed." not in {part.why for part in found.parts}
    if name not in ("deep json", "itself"):
        assert found.unreadable, "what was not read must not be called clean"


# --- whatever the bytes ----------------------------------------------------------------------------------


def check(raw: bytes) -> None:
    found = read(raw)
    assert not {part.why for part in found.parts} & {"Reading this message failed.", "Reading this file failed."}
    assert "\0" not in found.text
    found.text.encode()  # no lone surrogates
    for part in found.parts:
        assert not part.why or part.why.endswith("."), part.why
        assert "\n" not in part.why


marks = st.sampled_from(
    [b"PK\x03\x04", b"\x1f\x8b\x08", b"{\\rtf1", b"<?xml version='1.0'?>", b"[", b"BEGIN:VCARD\n", b"a,b\n", b""]
)
names = st.sampled_from(["a.csv", "a.json", "a.xml", "a.ics", "a.htm", "a.eml", "a.dat"])


@patient
@given(marks, st.binary(max_size=200), names)
def test_any_bytes_are_read_under_any_mark(mark: bytes, octets: bytes, name: str) -> None:
    check(mail((mark + octets, ANY, name)))


WHOLE = [
    *(files.xlsx(BOOK), files.docx(files.paragraph("a")), files.opendocument("text", TABLE), files.xls([["a"]])),
    *(files.archive({"a.csv": CUSTOMERS, "b.zip": files.archive({"a": "b"})}), pdf(SAYS), gzip.compress(b"a,b")),
]


@patient
@given(st.sampled_from(WHOLE), st.data())
def test_a_damaged_file_is_read_too(whole: bytes, data: st.DataObject) -> None:
    octets = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets)))
        octets[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=4))
    check(mail((bytes(octets), ANY, "a.bin")))


@patient
@given(st.lists(st.tuples(*[st.text("a花,;\"\n\t 1'", max_size=6)] * 3), min_size=1, max_size=5))
def test_no_cell_of_a_table_is_lost(rows: list[tuple[str, ...]]) -> None:
    out = StringIO(newline="")
    csv.writer(out).writerows(rows)
    text, why = only(out.getvalue().encode(), "text/csv", "a.csv")
    assert why == ""
    for word in "".join("\n".join(row) + "\n" for row in rows).replace(",", " ").replace(";", " ").split():
        assert word in text.replace(",", " ").replace(";", " ")


def test_bombs_take_little_memory(tmp_path: Path) -> None:
    for name in (
        "zeros",
        "lines",
        "42",
        "files",
        "elements",
        "deep xml",
        "wide json",
        "commas",
        "far cell",
        "blank pdf",
    ):
        (tmp_path / f"{name}.eml").write_bytes(mail((BOMBS[name](), ANY, "a.csv" if name == "commas" else "a.bin")))
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom atesaki.content import read\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in Path(sys.argv[1]).iterdir(): read(path.read_bytes())\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, timeout=120, check=True)
    assert int(done.stdout) < 250, "MiB"
