"""Octets of a file, compressed or not, in blocks of whole lines; never more than a few MiB at once."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

import pyarrow as pa

BLOCK = 4 << 20
LONGEST = 1 << 20
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, pa.ArrowInvalid)

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd"))


def packing(head: bytes) -> str:
    """How a file is compressed, by its first octets; empty if it is not."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def opened(path: str, packed: str) -> BinaryIO:
    """The file's content. Damage is told by one of BROKEN, or an OSError, once all before it was read."""
    file = open(path, "rb")  # noqa: SIM115, PTH123 - its caller closes it
    if not packed:
        return file
    if packed == "zstd":
        file.close()
        return cast(BinaryIO, pa.CompressedInputStream(pa.OSFile(path), "zstd"))
    return cast(BinaryIO, _Unpacking(file, packed))


class _Unpacking:
    """Reads what is whole of a file that breaks off; the standard library's readers lose their last buffer.

    Fed by 16 KiB, so that what was packed to swell cannot take more than some MiB at once.
    """

    def __init__(self, file: BinaryIO, packed: str) -> None:
        self._file, self._packed = file, packed
        self._decompressor = _decompressor(packed)
        self._ready = bytearray()
        self._fed = False  # whether the member that is open has begun
        self._rest = b""
        self._broken: Exception | None = None

    def __enter__(self) -> _Unpacking:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """At most `size` octets; none at the end."""
        while len(self._ready) < size and self._broken is None and self._more():
            pass
        if not self._ready and self._broken is not None:
            raise self._broken
        found = bytes(self._ready[:size])
        del self._ready[:size]
        return found

    def _more(self) -> bool:
        octets = self._rest or self._file.read(16_384)
        self._rest = b""
        if not octets:
            if self._fed:
                self._broken = EOFError("It breaks off.")
            return False
        if not self._fed and not octets.strip(b"\0"):
            return True  # padding after the last member
        try:
            self._ready += self._decompressor.decompress(octets)
        except (OSError, *BROKEN) as error:
            self._broken = EOFError(str(error))
            return False
        self._fed = not self._decompressor.eof
        if self._decompressor.eof:
            self._rest = self._decompressor.unused_data
            self._decompressor = _decompressor(self._packed)
        return True


def _decompressor(packed: str) -> Any:
    match packed:
        case "gzip":
            return zlib.decompressobj(31)
        case "xz":
            return lzma.LZMADecompressor()
    return bz2.BZ2Decompressor()


def lines(
    file: BinaryIO, start: int, end: int, *, too_long: Callable[[int], None] = lambda at: None
) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines that begin in [start, end), with the place of each; `end` 0 is the file's.

    A line longer than LONGEST is left out, and `too_long` told its place.
    """
    at, rest, skipping = 0, b"", False
    if start:
        at = start - 1
        file.seek(at)
        skipping = True  # the line that `start` stands in is the unit's before, unless it begins right there
    while block := file.read(BLOCK):
        if skipping:
            cut = block.find(b"\n") + 1
            at += cut or len(block)
            if not cut:
                continue
            block, skipping = block[cut:], False
        whole = rest + block
        if end and at >= end:
            return
        stop = whole.find(b"\n", max(end - 1 - at, 0)) + 1 if end and at + len(whole) >= end else 0
        if stop:
            yield at, whole[:stop]
            return
        cut = whole.rfind(b"\n") + 1
        rest = whole[cut:]
        if cut:
            yield at, whole[:cut]
            at += cut
        if len(rest) > LONGEST:
            too_long(at)
            at, rest, skipping = at + len(rest), b"", True
    if rest:
        yield at, rest
