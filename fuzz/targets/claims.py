"""A file of claims, as campaigns import it."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path

from fuzz import check

check.django()

from atesaki.campaigns import reading

_HEAD = "address,customer,method,evidence,at\n"


def claims(data: bytes) -> None:
    """Each row once, in its order, with its line; or a sentence; or a `FileError` for the whole.

    Parquet is left out: Arrow reads it, and is not ours.
    """
    if data.startswith(b"PAR1"):
        return
    path = Path(check.file(data, "claims.csv"))
    try:
        file = reading.ClaimsFile(path)
        rows = list(file.rows())
    except reading.FileError as error:
        assert str(error)
        return
    assert file.done == 1.0
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines)), "a line is there twice"
    wide = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = data.decode("utf-16" if wide else "latin-1", "replace")
    assert not lines or lines[-1] <= len(re.findall(r"\r\n|\n|\r", text) if wide else text.split("\n")) + 1
    rejects = reading.Rejects(path, file.columns)
    for row in rows:
        if isinstance(row, reading.Row):
            assert set(row.cells) <= set(reading.COLUMNS)
            assert "address" in row.cells
            assert not any("\ufffd" in cell for cell in row.cells.values())
        else:
            assert row.sentence
            rejects.add(row)
    rejects.close()
    _again(rejects)


def _again(rejects: reading.Rejects) -> None:
    """What was rejected can be read again, row for row."""
    if not rejects.many:
        return
    with rejects.path.open(encoding="utf-8-sig", newline="") as file:
        told = list(csv.reader(file))
    assert len(told) == rejects.many + 1
    rejects.path.unlink()


def _seeds() -> Iterator[bytes]:
    rows = 'hana@example.jp,M-1,clicked,mail 7,2026-05-01T10:20:00+09:00\n\n,,,,\nken@example.jp,大島,none,"a\nb",\n'
    for encoding in ("utf-8", "cp932", "utf-16", "utf-8-sig"):
        yield (_HEAD + rows).encode(encoding)
    yield b"sep=;\naddress;customer\na@b.example;1\n"
    yield b'address\tmethod\na@b.example\t"never closed\nc@d.example\tnone\n'
    yield b"address,address\n"
    yield b"Address , at\r\na@b.example,2026,more\r\n"


SEEDS = {"claims": _seeds}
