"""The program in which PDF and sheets are read: whoever made the file must not get at more than this process.

Run as a file by `sandbox`, which says what it sends and gets. It holds no key, no setting and no database.
Bounds: the kernel ends it when a job's processor seconds are over (ITIMER_PROF), and gives it no more memory
than `_MEMORY`, no new file and no core. After a minute without a job it ends by itself.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib
import io
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

_MEMORY = 768 * 1024 * 1024
_IDLE_SECONDS = 60
_LONGEST_GAP = 100
"""Empty rows, or cells before a sheet's first, that are kept, so that rows and cells have their numbers."""

Piece = tuple[str, str]
"""Text, and a sentence about what of it could not be read."""


def main() -> None:
    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; our parent closes our input
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no answer
    source = sys.stdin.buffer
    while select.select([source], [], [], _IDLE_SECONDS)[0]:
        line = source.readline()
        if not line:
            return
        job = json.loads(line)
        data = source.read(job["octets"])
        _work(job, data, out)


def _work(job: dict[str, Any], data: bytes, out: BinaryIO) -> None:
    def say(**answer: Any) -> None:
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()

    pieces, library = {"pdf": (_pdf, "pypdf"), "sheet": (_sheet, "python_calamine")}[job["kind"]]
    room = int(job["text"])
    begun = time.process_time()
    try:
        importlib.import_module(library)  # the time it takes to load is not the file's
        begun = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, job["seconds"])
        for text, why in pieces(data, job):
            say(text=text[:room], why=why)
            if len(text) > room:
                say(text="", why="Its text is longer than is read.")
                break
            room -= len(text)
    except MemoryError:
        say(text="", why="It needs more memory than it may have.")
    except RecursionError:
        say(text="", why="It is nested too deep.")
    except Exception as error:  # noqa: BLE001 - a file must not bring its reader down
        say(text="", why=_failure(error))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    say(end=time.process_time() - begun)


def _failure(error: Exception) -> str:
    name = type(error).__name__
    if "Password" in name or "Decrypt" in name or "crypted" in str(error):
        return "It is locked with a password."
    return "It is broken, or of a kind that is not known."


# -- PDF ----------------------------------------------------------------------------------------------


def _pdf(data: bytes, job: dict[str, Any]) -> Iterator[Piece]:
    """Text page by page, what is noted on it, and the values of a form."""
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
        yield "", "It is locked with a password."
        return
    pages = len(reader.pages)
    for number, page in enumerate(reader.pages):
        if number >= job["pages"]:
            yield "", f"It has {pages} pages, of which {number} were read."
            return
        text = page.extract_text()
        resources = _dictionary(page.get("/Resources"))
        yield text + "\n", _unseen(text, page, resources)
        yield from _annotations(page)
    yield from _extras(_dictionary(reader.trailer.get("/Root")))


def _dictionary(thing: Any) -> dict[str, Any]:
    thing = thing.get_object() if thing is not None else None
    return thing if isinstance(thing, dict) else {}


def _unseen(text: str, page: Any, resources: dict[str, Any]) -> str:
    """What of a page its text does not tell."""
    for each in list(_dictionary(resources.get("/XObject")).values())[:1000]:
        if _dictionary(each).get("/Subtype") == "/Image":
            return "The PDF holds an image, which is not read."
    for each in list(_dictionary(resources.get("/Font")).values())[:1000]:
        font = _dictionary(each)
        named = "/ToUnicode" in font or str(font.get("/Encoding", "")) not in ("/Identity-H", "/Identity-V")
        if font.get("/Subtype") in ("/Type0", "/Type3") and not named:
            return "The PDF does not say which letters its signs are."
    if any(not letter.isprintable() and letter not in "\n\t\r\u3000\xa0" for letter in text) or "\ufffd" in text:
        return "Some letters of the PDF cannot be read."
    if not text.strip() and page.get("/Contents") is not None:
        return "A page of the PDF shows something that is no text."
    return ""


def _annotations(page: Any) -> Iterator[Piece]:
    annotations = page.get("/Annots")
    annotations = annotations.get_object() if annotations is not None else []
    for each in list(annotations or [])[:1000]:
        note = _dictionary(each)
        action = _dictionary(note.get("/A"))
        for value in (note.get("/Contents"), note.get("/T"), note.get("/V"), action.get("/URI")):
            if isinstance(value, str | bytes):
                text = value if isinstance(value, str) else value.decode("utf-8", "replace")
                yield text + "\n", ""
        if note.get("/Subtype") in ("/FileAttachment", "/Stamp", "/RichMedia", "/Screen"):
            yield "", "The PDF holds a file or an image, which is not read."


def _extras(root: dict[str, Any]) -> Iterator[Piece]:
    names = _dictionary(root.get("/Names"))
    if "/EmbeddedFiles" in names or "/Collection" in root:
        yield "", "The PDF holds another file, which is not opened."
    if "/XFA" in _dictionary(root.get("/AcroForm")):
        yield "", "The PDF holds a form that is not read."


# -- sheets -------------------------------------------------------------------------------------------


def _sheet(data: bytes, job: dict[str, Any]) -> Iterator[Piece]:
    """Rows of cells parted by tabs, sheet after sheet; their names at the end, so that rows are lines of the first."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = book.sheets_metadata
    for number, each in enumerate(sheets):
        if each.typ != SheetTypeEnum.WorkSheet:
            yield "", "It holds a chart or a program, which is not read."
            continue
        yield "\n" if number else "", ""
        sheet = book.get_sheet_by_name(each.name)
        before = "\t" * min((sheet.start or (0, 0))[1], _LONGEST_GAP)
        rows: list[str] = []
        empty = 0
        for cells in sheet.iter_rows():
            row = (before + "\t".join(map(_cell, cells))).rstrip("\t")
            empty = 0 if row else empty + 1
            if empty <= _LONGEST_GAP:
                rows.append(row + "\n")
            if len(rows) >= 500:
                yield "".join(rows), ""
                rows.clear()
        yield "".join(rows), ""
    if len(sheets) > 1 or not all(_default(each.name) for each in sheets):
        yield "\n" + "\t".join(each.name for each in sheets), ""


def _default(name: str) -> bool:
    return name.rstrip("0123456789 ").casefold() in ("", "sheet", "シート", "table", "表")


def _cell(value: Any) -> str:
    """A cell as it is shown, as far as its format is known: dates are, the zeros in front of a number are not."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return " ".join(str(value).split())


if __name__ == "__main__":
    main()
