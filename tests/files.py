"""Files that mails carry, made by hand so that a test can make them crooked too."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from xml.sax.saxutils import escape


def archive(files: Mapping[str, bytes | str] | Sequence[tuple[str, bytes | str]], *, packed: bool = True) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as made:
        for name, data in files.items() if isinstance(files, Mapping) else files:
            made.writestr(name, data)
    return out.getvalue()


def named(name: bytes, data: bytes) -> bytes:
    """An archive whose one file has a name of any octets, as Explorer in Japan makes it (cp932, bit 11 unset)."""
    made = archive({"n" * len(name): data})
    return made.replace(b"n" * len(name), name)


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx(sheets: Mapping[str, Iterable[Sequence[object]]], more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A workbook. Strings, numbers, and ("date", serial) as cells."""
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" Target="xl/workbook.xml" '
        f'Type="{_OFFICE}/officeDocument"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>",
    }
    listed = relations = ""
    for number, (name, rows) in enumerate(sheets.items(), 1):
        listed += f'<sheet name="{escape(name)}" sheetId="{number}" r:id="s{number}"/>'
        relations += f'<Relationship Id="s{number}" Target="worksheets/sheet{number}.xml" Type="{_OFFICE}/worksheet"/>'
        body = "".join(
            f'<row r="{row}">' + "".join(_cell(column, row, value) for column, value in enumerate(cells)) + "</row>"
            for row, cells in enumerate(rows, 1)
        )
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
        )
    parts["xl/workbook.xml"] = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
    parts["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        f'<Relationship Id="y" Target="styles.xml" Type="{_OFFICE}/styles"/></Relationships>'
    )
    return archive({**parts, **(more or {})})


def _cell(column: int, row: int, value: object) -> str:
    at = f"{chr(65 + column)}{row}"
    if isinstance(value, tuple):
        return f'<c r="{at}" s="1"><v>{value[1]}</v></c>'
    if isinstance(value, str):
        return f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>' if value else ""
    return f'<c r="{at}"><v>{value}</v></c>'


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(body: str, more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A document of Word; `body` is its XML."""
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": "<Relationships/>",
            "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
            "word/styles.xml": "<x>Heading 1</x>",
            "docProps/core.xml": "<x>Mori wrote it</x>",
            **(more or {}),
        }
    )


def paragraph(*runs: str) -> str:
    return "<w:p>" + "".join(f"<w:r><w:t>{escape(run)}</w:t></w:r>" for run in runs) + "</w:p>"


def pptx(*slides: str) -> bytes:
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            "ppt/presentation.xml": "<p/>",
            **{
                f"ppt/slides/slide{number}.xml": '<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>'
                f"{escape(text)}</a:t></a:r></a:p></p:sld>"
                for number, text in enumerate(slides, 1)
            },
        }
    )


def opendocument(kind: str, body: str, more: Mapping[str, bytes | str] | None = None) -> bytes:
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (("office", "office"), ("text", "text"), ("table", "table"))
    )
    return archive(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document-content {spaces}><office:body>{body}</office:body>"
            "</office:document-content>",
            "styles.xml": f"<office:document-styles {spaces}/>",
            "meta.xml": "<x>Mori wrote it</x>",
            "META-INF/manifest.xml": "<x/>",
            **(more or {}),
        }
    )


def xls(rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of Excel 97: one sheet of labels (BIFF8) in a compound file ([MS-XLS], [MS-CFB])."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def begin(kind: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 0x07CC, 0, 6))

    cells = b"".join(
        record(0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    )
    sheet = begin(0x10) + cells + record(0x0A, b"")
    name = b"\x06\x00Sheet1"
    head = len(begin(5)) + 4 + 6 + len(name) + 4
    book = begin(5) + record(0x85, struct.pack("<IH", head, 0) + name) + record(0x0A, b"") + sheet
    book += b"\0" * (max(4096, -(-len(book) // 512) * 512) - len(book))
    sectors = len(book) // 512
    free, end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    chain = [fat, end, *range(3, 2 + sectors), end]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        spelt = (name + "\0").encode("utf-16-le") if name else b""
        return (
            spelt.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(spelt), kind, 1, free, free, child)
            + b"\0" * 36
            + struct.pack("<IQ", start, size)
        )

    folder = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(book)) + entry("", 0, free, 0, 0) * 2
    table = struct.pack(f"<{len(chain)}I", *chain) + struct.pack("<I", free) * (128 - len(chain))
    return header + table + folder + book
