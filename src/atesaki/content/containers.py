"""Files that are ZIP archives inside: which of a document's parts show text, and how they are unpacked in bounds."""

import re
import zipfile
import zlib
from collections.abc import Set
from fnmatch import translate
from typing import Literal, NamedTuple

from atesaki.content import records

Reading = Literal["text", "margins", "file", "nothing", "closed"]


def _any(globs: str) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, globs.split())))


class Rules(NamedTuple):
    """What to do with a part, by its name: the first that fits. What fits none is `closed`, and told.

    `cells`: the cells are read by `sandbox`.
    """

    nothing: re.Pattern[str]
    text: re.Pattern[str]
    cells: bool = False
    opendocument: bool = False

    def of(self, info: zipfile.ZipInfo) -> Reading:
        name = info.filename
        if info.is_dir() or self.nothing.match(name):
            return "nothing"
        if self.text.match(name):
            return "text"
        if self.cells and _SHEET.match(name):
            return "margins"
        return "file" if _FILES.match(name) else "closed"


# How things look, who wrote the file and when, and what is shown elsewhere in it as well.
_LOOKS = """
    [[]Content_Types].xml _rels/.rels docProps/* customXml/_rels/* customXml/itemProps*.xml */theme/* */themes/*
    */styles.xml */settings.xml */webSettings.xml */fontTable.xml */numbering.xml */stylesWithEffects.xml
    */presProps.xml */viewProps.xml */tableStyles.xml */people.xml */persons/* */commentsIds.xml
    */commentsExtended.xml */commentsExtensible.xml */commentAuthors.xml */revisionInfo.xml */printerSettings/*
    */fonts/* */charts/style*.xml */charts/colors*.xml */diagrams/colors*.xml */diagrams/layout*.xml
    */diagrams/quickStyle*.xml */slideLayouts/* */handoutMasters/* */notesMasters/* */tags/*
"""
_OFFICE = Rules(_any(_LOOKS), _any("word/*.xml ppt/*.xml word/*.rels ppt/*.rels customXml/item*.xml"))
_EXCEL = Rules(
    _any(
        _LOOKS
        + """
        xl/workbook.xml xl/workbook.bin xl/sharedStrings.* xl/styles.bin xl/calcChain.* xl/metadata.xml
        xl/connections.xml xl/_rels/* xl/charts/_rels/* xl/drawings/_rels/* xl/pivot* xl/queryTables/* xl/richData/*
        xl/volatileDependencies.xml xl/worksheets/*.bin xl/featurePropertyBag/* xl/tables/* xl/slicer* xl/ctrlProps/*
        """
    ),
    _any(
        "xl/comments*.xml xl/threadedComments/*.xml xl/drawings/*.xml xl/drawings/*.vml xl/charts/*.xml "
        "xl/worksheets/_rels/*.rels xl/externalLinks/*.xml xl/diagrams/*.xml customXml/item*.xml"
    ),
    cells=True,
)
_SHEET = _any("xl/worksheets/*.xml xl/chartsheets/*.xml")
_FILES = _any("*/embeddings/*.xlsx */embeddings/*.docx */embeddings/*.pptx */embeddings/*.xls */embeddings/*.pdf")
_OPENDOCUMENT = Rules(
    _any(
        "mimetype META-INF/* meta.xml */meta.xml settings.xml */settings.xml Configurations2/* Thumbnails/* "
        "ObjectReplacements/* manifest.rdf layout-cache Fonts/*"
    ),
    _any("content.xml styles.xml */content.xml */styles.xml"),
    opendocument=True,
)


def rules_for(names: Set[str]) -> Rules | None:
    """The rules of the document (ECMA-376, ISO 26300) that has such parts; None for an archive."""
    if "[Content_Types].xml" in names:
        return _EXCEL if any(name.startswith("xl/") for name in names) else _OFFICE
    return _OPENDOCUMENT if {"content.xml", "mimetype"} <= names else None


def order(info: zipfile.ZipInfo) -> tuple[bool, list[tuple[int, str]]]:
    """Main text first, and slide 2 before slide 10."""
    pieces = re.findall(r"([0-9]{1,9})|([^0-9]+|[0-9]+)", info.filename)
    return info.filename not in ("word/document.xml", "content.xml"), [(int(one or 0), two) for one, two in pieces]


def unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> tuple[bytes, str]:
    """The first `most` octets of one file, and why not all."""
    if info.flag_bits & 1:
        return b"", "It is locked with a password."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return b"", "It is packed in a way that is not read."  # LZMA may ask for gigabytes to unpack a line
    out = bytearray()
    try:
        with archive.open(info) as file:
            while len(out) <= most:
                piece = file.read(min(65_536, most + 1 - len(out)))
                if not piece:
                    return bytes(out), ""
                out += piece
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return bytes(out[:most]), "It is broken."
    return bytes(out[:most]), "The archives of the message unpack to more than is read."


def name_of(info: zipfile.ZipInfo) -> str:
    """A file's name, which is of any charset where its flag does not say UTF-8 (APPNOTE 4.4.4, bit 11)."""
    if info.flag_bits & 0x800:
        return info.filename
    octets = info.filename.encode("cp437", "replace")
    return records.text_of(octets, "")[0].replace("\n", " ")
