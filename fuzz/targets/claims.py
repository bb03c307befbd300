"""A file of claims, as campaigns import it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from fuzz import check

check.django()

from atesaki.campaigns import reading  # noqa: E402

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
    assert not lines or lines[-1] <= max(data.count(b"\n"), data.count(b"\r"), data.count(b"\n\0")) + 1
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
    csv.field_size_limit(1 << 20)
    with rejects.path.open(encoding="utf-8-sig", newline="") as file:
        told = list(csv.reader(file))
    assert len(told) == rejects.many + 1
    rejects.path.unlink()


def _seeds() -> Iterator[bytes]:
    rows = "hana@example.jp,M-1,clicked,mail 7,2026-05-01T10:20:00+09:00\n\n,,,,\nken@example.jp,大島,none,\"a\nb\",\n"
    for encoding in ("utf-8", "cp932", "utf-16", "utf-8-sig"):
        yield (_HEAD + rows).encode(encoding)
    yield b"sep=;\naddress;customer\na@b.example;1\n"
    yield b'address\tmethod\na@b.example\t"never closed\nc@d.example\tnone\n'
    yield b"address,address\n"
    yield b"Address , at\r\na@b.example,2026,more\r\n"


SEEDS = {"claims": _seeds}
WORDS = {
    "claims": (
        *(b"address", b"customer", b"method", b"evidence", b"at", b",", b";", b"\t", b'"', b'""', b"\n", b"\r\n", b"\r", b"sep="),
        *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"clicked", b"confirmed_opt_in", b"a@b.example", "大島".encode("cp932"), b"\0"),
    )
}
