"""Octets of a file, compressed or not, in blocks of whole lines; never more than a few MiB at once."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import pyarrow as pa

BLOCK = 4 << 20
LONGEST = 1 << 20
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, pa.ArrowInvalid)

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd"))


def packing(head: bytes) -> str:
    """How a file is compressed, by its first octets; empty if it is not."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def opened(path: str, packed: str) -> BinaryIO:
    """The file's content. Damage is told by one of BROKEN, or an OSError, while reading."""
    if packed == "gzip":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if packed == "xz":
        return cast(BinaryIO, lzma.open(path, "rb"))
    if packed == "bzip2":
        return cast(BinaryIO, bz2.open(path, "rb"))
    if packed == "zstd":
        return cast(BinaryIO, pa.CompressedInputStream(pa.OSFile(path), "zstd"))
    return open(path, "rb")  # noqa: SIM115, PTH123 - its caller closes it


def lines(
    file: BinaryIO, start: int, end: int, *, too_long: Callable[[int], None] = lambda at: None
) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines that begin in [start, end), with the place of each; `end` 0 is the file's.

    A line longer than LONGEST is left out, and `too_long` told its place.
    """
    at = start
    rest = b""
    if start:
        file.seek(start - 1)
        at -= 1
        skipping = True  # the line that `start` stands in is the unit's before, unless it begins right there
    else:
        skipping = False
    while True:
        block = file.read(BLOCK)
        if not block:
            if rest and not skipping:
                yield at, rest
            return
        if skipping:
            cut = block.find(b"\n") + 1
            if not cut:
                at += len(block)
                continue
            block, at, skipping = block[cut:], at + cut, False
        whole = rest + block
        if end and at >= end:
            return
        if end and at + len(whole) >= end:
            stop = whole.find(b"\n", max(end - 1 - at, 0)) + 1
            if stop:
                yield at, whole[:stop]
                return
        cut = whole.rfind(b"\n") + 1
        if cut:
            yield at, whole[:cut]
            at, rest = at + cut, whole[cut:]
        elif len(whole) > LONGEST:
            too_long(at)
            at, rest, skipping = at + len(whole), b"", True
        else:
            rest = whole
