"""A file of claims, as shops and spreadsheets write it: CSV in whatever encoding, or Parquet. Reads a row at a time."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

COLUMNS = ("address", "customer", "method", "evidence", "at")
METHODS = ("confirmed_opt_in", "clicked", "replied", "logged_in_by_mail", "none")
_LINE = 100_000  # octets; no row of claims is longer
_LINES = 20  # that one record may run over, in quotes
_QUOTES = "The double quotes in this line do not match: close them, or double those within a cell."
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FileError(ValueError):
    """The file as a whole cannot be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what stands below each column that we know. `line` counts from 1; `raw` is how it stands there."""

    line: int
    cells: dict[str, str]
    raw: list[str]


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be used, and a sentence that says why.

    `cells`: what seems to stand below each column that we know, none where that cannot be told. It still tells who
    else gave an address, and nothing more.
    """

    line: int
    raw: list[str]
    sentence: str
    cells: dict[str, str] = field(default_factory=dict)


class ClaimsFile:
    """A file that can be read once. Raises `FileError` when it is opened, if it is none.

    `columns`: what its first line names.  `done`: the part of it that is read, 0 to 1.  `in_cp932`: lines that
    were no UTF-8, and were read as Excel writes them in Japanese (cp932).
    """

    def __init__(self, path: Path) -> None:
        self.path, self.columns = path, list[str]()
        self.done, self.in_cp932 = 0.0, 0
        try:
            self.octets = path.stat().st_size
            with path.open("rb") as file:
                start = file.read(4)
        except OSError as error:
            raise FileError(f"{path} cannot be read ({error.strerror}): check its name and its rights.") from error
        self._rows = self._parquet() if start == b"PAR1" else self._csv(start)
        self._first = next(self._rows, None)  # reads the first line, and so says at once what is wrong with it

    def rows(self) -> Iterator[Row | Bad]:
        """Every row below the first line."""
        if self._first is not None:
            yield self._first
        yield from self._rows
        self.done = 1.0

    def _csv(self, start: bytes) -> Iterator[Row | Bad]:
        with self.path.open("rb") as file:
            lines = self._utf16_lines(file) if start[:2] in _UTF16 else self._lines(file)
            numbered = deque[tuple[int, str]]()
            head = next((line for line in lines if line[1].strip()), None)
            if head is None:
                raise FileError(f"{self.path} is empty: its first line must name the columns, {','.join(COLUMNS)}.")
            delimiter = _delimiter(head[1])
            if re.fullmatch(r"sep=.", head[1].strip()):  # Excel's own first line
                head = next(lines, (0, ""))
            self.columns = _split(head[1], delimiter) or []
            places = self._places(self.columns)
            for line, cells, raw in _records(numbered, lines, delimiter):
                if cells is None and raw != ["\0"]:
                    seems = _below(places, [cell.strip(' "') for cell in raw[0].split(delimiter)])
                    yield Bad(line, raw, _QUOTES, seems)
                else:
                    yield _row(line, cells or [], raw, places, len(self.columns))

    def _lines(self, file: IO[bytes]) -> Iterator[tuple[int, str]]:
        number = 0
        while raw := file.readline(_LINE + 1):
            number += 1
            self.done = file.tell() / max(1, self.octets)
            if len(raw) > _LINE and not raw.endswith(b"\n"):
                while (rest := file.readline(_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield number, "\0"
                continue
            yield number, self._decoded(raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw)

    def _decoded(self, raw: bytes) -> str:
        """UTF-8, else cp932: line by line, for files are glued together. What is neither is told by U+FFFD."""
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.in_cp932 += 1
            return raw.decode("cp932", "replace")

    def _utf16_lines(self, file: IO[bytes]) -> Iterator[tuple[int, str]]:
        """What Excel calls Unicode text."""
        with io.TextIOWrapper(file, encoding="utf-16", errors="replace", newline="") as text:
            number = 0
            while line := text.readline(_LINE):
                number += 1
                self.done = file.tell() / max(1, self.octets)
                yield number, line

    def _parquet(self) -> Iterator[Row | Bad]:
        try:
            from pyarrow import ArrowException, parquet
        except ImportError as error:
            raise FileError(
                f"{self.path} is Parquet, and pyarrow, which reads it, is not installed: "
                "`pip install pyarrow`, or export the table as CSV."
            ) from error
        try:
            with parquet.ParquetFile(self.path) as table:
                self.columns = [str(name) for name in table.schema_arrow.names]
                places = self._places(self.columns)
                read, every = 0, max(1, table.metadata.num_rows)
                for batch in table.iter_batches(batch_size=2_000, columns=[self.columns[at] for at in places.values()]):
                    for each in batch.to_pylist():
                        read += 1
                        self.done = read / every
                        raw = [_word(value) for value in each.values()]
                        yield Row(read, dict(zip(places, raw, strict=True)), raw)
        except (ArrowException, OSError) as error:
            raise FileError(f"{self.path} is no Parquet that can be read: export it again, or as CSV.") from error

    def _places(self, columns: list[str]) -> dict[str, int]:
        """Where each column that we know stands. Raises `FileError`."""
        names = [name.strip().lower() for name in columns]
        if "address" not in names:
            raise FileError(
                f"The first line of {self.path} must name the columns, in any order: {', '.join(COLUMNS)}; "
                "address at least, and it does not."
            )
        if twice := [name for name in COLUMNS if names.count(name) > 1]:
            raise FileError(f"The column {twice[0]} is there twice in {self.path}: leave one of them out.")
        return {name: names.index(name) for name in COLUMNS if name in names}


class Rejects:
    """The rows that were not taken, beside the file, each with its line and a sentence; made with the first one."""

    def __init__(self, file: Path, columns: list[str]) -> None:
        self.path = file.with_name(f"{file.name}.rejected.csv")
        self.columns, self.many, self.first = columns, 0, list[Bad]()
        self._out: IO[str] | None = None

    def add(self, bad: Bad) -> None:
        """Writes it down. Raises `FileError`."""
        self.many += 1
        if len(self.first) < 5:
            self.first.append(bad)
        try:
            if self._out is None:
                # For nobody else to read: it holds addresses. With a mark in front, or Excel would not see UTF-8.
                handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                self._out = os.fdopen(handle, "w", encoding="utf-8-sig", errors="replace", newline="")
                csv.writer(self._out).writerow(["line", "why", *self.columns])
            csv.writer(self._out).writerow([bad.line, bad.sentence, *(cell.replace("\0", "") for cell in bad.raw)])
        except OSError as error:
            raise FileError(f"{self.path} cannot be written ({error.strerror}): see to its folder.") from error

    def close(self) -> None:
        """Nothing more will come."""
        if self._out is not None:
            self._out.close()


def _records(
    ahead: deque[tuple[int, str]], lines: Iterable[tuple[int, str]], delimiter: str
) -> Iterator[tuple[int, list[str] | None, list[str]]]:
    """Each record's first line and cells; None for cells that cannot be told apart, and then how the line stands.

    A quote that is never closed would swallow the rest of the file: then that one line is bad, and the lines
    behind it are read for themselves.
    """
    source = iter(lines)

    def following() -> tuple[int, str] | None:
        return ahead.popleft() if ahead else next(source, None)

    while (first := following()) is not None:
        line, text = first
        if not text.strip():
            continue
        cells, more = _split(text, delimiter), list[tuple[int, str]]()
        while cells is None and len(more) < _LINES and (extra := following()) is not None:
            more.append(extra)
            cells = _split(text + "".join(each for _, each in more), delimiter)
        if cells is None:
            ahead.extendleft(reversed(more))
        yield line, cells, [text.rstrip("\r\n")]


def _split(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None if its quotes are not closed, or stand where none may (RFC 4180 2)."""
    if '"' not in text:
        return text.rstrip("\r\n").split(delimiter)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def _row(line: int, cells: list[str], raw: list[str], places: dict[str, int], many: int) -> Row | Bad:
    if raw == ["\0"]:
        return Bad(line, [], f"The line is longer than {_LINE} octets: it is no row of claims.")
    kept = _below(places, cells)
    if "�" in "".join(cells):
        why = "Characters in this line can be read neither as UTF-8 nor as cp932: export it again."
        return Bad(line, cells, why, kept)
    if any(cell.strip() for cell in cells[many:]):
        why = "The line has more cells than the first line names: put double quotes around commas."
        return Bad(line, cells, why, kept)
    return Row(line, kept, cells)


def _below(places: dict[str, int], cells: list[str]) -> dict[str, str]:
    """What stands below each column that we know."""
    return {name: cells[at] if at < len(cells) else "" for name, at in places.items()}


def _delimiter(head: str) -> str:
    if match := re.fullmatch(r"sep=(.)", head.strip()):
        return match[1]
    return max(",\t;", key=head.count)


def _word(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
