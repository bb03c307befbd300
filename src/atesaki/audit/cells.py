"""Rows of cells out of a CSV file, in whatever encoding, and however its rows are broken."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from atesaki.audit import streams
from atesaki.audit.inputs import Unit
from atesaki.audit.partials import Rows

ENCODINGS: Final = ("utf-8", "cp932", "euc_jp")
SEPARATOR: Final = re.compile(r"sep=([,;|\t])", re.I)  # Excel's own first line


def decoded(line: bytes, encoding: str) -> str | None:
    """None for a line in another encoding."""
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def read(unit: Unit, rows: Rows) -> Iterator[tuple[int, list[str]]]:
    """Rows of cells. A number is the row's in the file where the unit is its beginning, else 0."""
    width = len(unit.more["headings"])
    heading = unit.start == 0
    number = 0
    for cells in _cut_rows(unit, rows):
        number += 1
        if heading and any(cells):
            heading = bool(SEPARATOR.match(unit.more["delimiter"].join(cells)))
            continue
        if not any(cells):
            continue
        if len(cells) != width:
            rows.skips.add("broken_row", f"{unit.path}, row {number}" if not unit.start else unit.path)
            if len(cells) <= unit.more["columns"]["address"]:
                continue
        yield (number if not unit.start else 0), [*cells, *[""] * (width - len(cells))]


def _cut_rows(unit: Unit, rows: Rows) -> Iterator[list[str]]:
    """Cells of each row. A quote that is never closed would take the rows after it in: they are read by themselves."""
    taken: list[str] = []

    def noted() -> Iterator[str]:
        for line in _text_lines(unit, rows):
            taken.append(line)
            yield line

    reader = csv.reader(noted(), delimiter=unit.more["delimiter"])
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = None
        if cells is not None and not _swallowed(unit, taken, cells):
            yield cells
            continue
        for line in taken:
            alone = _alone(unit, line)
            if alone is None:
                rows.skips.add("broken_row", unit.path)
            else:
                if line.count('"') % 2:
                    rows.skips.add("open_quote", unit.path)
                yield alone


def _swallowed(unit: Unit, taken: list[str], cells: list[str]) -> bool:
    """Whether lines that are rows by themselves were taken into one row."""
    if len(taken) < 2:
        return False
    width, address = len(unit.more["headings"]), unit.more["columns"]["address"]
    if sum(line.count('"') for line in taken) % 2:
        return True  # still open at the end of the file
    within = taken[1:-1] if len(cells) == width else taken[1:]
    found = (_alone(unit, line) or [] for line in within)
    return any(len(each) == width and "@" in each[address] for each in found)


def _alone(unit: Unit, line: str) -> list[str] | None:
    """Cells of one line, where its quotes are odd they quote nothing; None for one that cannot be cut."""
    odd = line.count('"') % 2
    quoting: Literal[0, 3] = csv.QUOTE_NONE if odd else csv.QUOTE_MINIMAL
    try:
        cells = next(csv.reader([line], delimiter=unit.more["delimiter"], quoting=quoting), [])
    except csv.Error:
        return None
    return [cell.removeprefix('"').removesuffix('"') for cell in cells] if odd else cells


def _text_lines(unit: Unit, rows: Rows) -> Iterator[str]:
    """Lines as text; a block that is not in the table's encoding is read line by line."""
    encoding = unit.more["encoding"]
    packed = unit.more.get("packed", "")
    if encoding == "utf-16":
        yield from _wide_lines(unit, packed)
        return
    end = 0
    try:
        with streams.opened(unit.path, packed) as file:
            for at, block in _plain_blocks(file, unit):
                whole = block[3:] if at == 0 and block.startswith(b"\xef\xbb\xbf") else block
                end = at + len(block)
                text = decoded(whole, encoding)
                if text is not None:
                    yield from io.StringIO(text, newline="")  # str.splitlines would cut at U+2028 and form feeds too
                    continue
                for line in whole.splitlines(keepends=True):
                    yield _by_itself(line, encoding, unit, rows)
    except streams.BROKEN:
        rows.skips.add("broken_archive", f"{unit.path} after octet {end} of its content")


def _wide_lines(unit: Unit, packed: str) -> Iterator[str]:
    """Lines of a file in UTF-16, which has no line end that could be looked for as an octet."""
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    rest = ""
    with streams.opened(unit.path, packed) as file:
        while block := file.read(streams.BLOCK):
            *whole, rest = (rest + decoder.decode(block)).split("\n")
            yield from (f"{line}\n" for line in whole)
    if rest:
        yield rest


def _plain_blocks(file: Any, unit: Unit) -> Iterator[tuple[int, bytes]]:
    """The unit's octets: its ends are rows' ends already, found when it was cut."""
    if not unit.end:
        yield from streams.lines(file, 0, 0)
        return
    file.seek(unit.start)
    at, rest = unit.start, b""
    while at < unit.end:
        block = file.read(min(streams.BLOCK, unit.end - at))
        if not block:
            break
        at += len(block)
        whole = rest + block
        cut_at = whole.rfind(b"\n") + 1
        if cut_at:
            yield at - len(whole), whole[:cut_at]
        rest = whole[cut_at:]
    if rest:
        yield at - len(rest), rest


def _by_itself(line: bytes, encoding: str, unit: Unit, rows: Rows) -> str:
    text = decoded(line, encoding)
    if text is not None:
        return text
    for other in ENCODINGS:
        text = decoded(line, other)
        if text is not None:
            rows.skips.add("mixed_encoding", unit.path)
            return text
    rows.skips.add("broken_encoding", unit.path)
    return line.decode(encoding, "replace")
