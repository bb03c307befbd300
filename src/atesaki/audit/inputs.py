"""The inputs found, and cut into units of work that can be done anywhere, in any order, and again."""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

from atesaki.audit import sniffing, streams
from atesaki.audit.options import AuditError, Options
from atesaki.audit.skips import Skips
from atesaki.audit.stamps import month_of, year_before

LOG_OCTETS = 32 << 20
MBOX_OCTETS = 8 << 20
TABLE_OCTETS = 16 << 20
FILES = 500


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece of work. `task` is `read`, `learn` or `judge`; `end` 0 is the file's end; `source` is the number
    of its input in the report; `more` is what its kind needs besides."""

    task: str
    kind: str
    path: str
    source: int
    start: int = 0
    end: int = 0
    files: tuple[str, ...] = ()
    size: int = 0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The same for the same piece of the same input."""
        own = json.dumps([self.task, self.kind, self.path, self.start, self.end, self.files])
        return f"{self.task}-{blake2b(own.encode('utf-8', 'surrogateescape'), digest_size=12).hexdigest()}"

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Unit:
        told = json.loads(text)
        return cls(**{**told, "files": tuple(told["files"])})


@dataclass(slots=True)
class Source:
    """One input: a file, or all mails of one folder."""

    path: str
    kind: str
    size: int = 0
    mtime: float = 0.0
    packed: str = ""
    files: list[str] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)


def find(options: Options, skips: Skips) -> list[Source]:
    """Every mail input, each once.

    1. Walk the folders, in the order of names.  2. Look into each file.  3. Leave out what was there already.
    Raises `AuditError` for a path that is not there at all.
    """
    seen_paths: set[str] = set()
    seen_contents: dict[tuple[bytes, int], str] = {}
    sources: list[Source] = []
    folders: dict[str, Source] = {}
    for path in _walk(options, skips):
        real = os.path.realpath(path)
        if real in seen_paths:
            continue
        seen_paths.add(real)
        try:
            facts = Path(path).stat()
            kind, packed, likeness = _look(path, facts.st_size, options.kind)
        except FileNotFoundError:
            skips.add("dangling" if os.path.islink(path) else "vanished", path)  # noqa: PTH114 - `path` is a string
            continue
        except OSError:
            skips.add("unreadable", path)
            continue
        if kind in ("", "empty", "syslog"):
            skips.add("empty" if kind == "empty" else "unknown_kind", path)
        elif kind == "mails" and not packed:
            where = str(Path(path).parent)
            folder = folders.get(where)
            if folder is None:
                folder = folders[where] = Source(where, "mails")
                sources.append(folder)
            folder.files.append(path)
            folder.size += facts.st_size
            folder.mtime = max(folder.mtime, facts.st_mtime)
        elif likeness in seen_contents:
            skips.add("duplicate_file", f"{path} and {seen_contents[likeness]}")
        else:
            seen_contents[likeness] = path
            sources.append(Source(path, kind, facts.st_size, facts.st_mtime, packed))
    return sources


def _walk(options: Options, skips: Skips) -> Iterator[str]:
    """Every file. A folder is walked once, by whichever links it is reached: so a loop of them ends."""
    seen: set[str] = set()
    for given in options.mail:
        if not os.path.lexists(given):
            raise AuditError(f"There is no {given}; see how --mail is written.")
        if not Path(given).is_dir():
            yield given
            continue
        refused: Callable[[OSError], None] = lambda error: skips.add("unreadable_folder", str(error.filename))  # noqa: E731
        for folder, names, files in os.walk(given, onerror=refused, followlinks=True):
            real = os.path.realpath(folder)
            if real in seen:
                names.clear()
                continue
            seen.add(real)
            names[:] = sorted(name for name in names if not (name == "tmp" and {"cur", "new"} <= set(names)))
            yield from (f"{folder.rstrip(os.sep)}{os.sep}{name}" for name in sorted(files))


def _look(path: str, size: int, said: str) -> tuple[str, str, tuple[bytes, int]]:
    """Kind, packing, and what two files of one content share."""
    if not Path(path).is_file():
        return "", "", (b"", 0)  # a socket or a pipe would wait for ever
    in_maildir = Path(path).parent.name in ("cur", "new")
    content, packed = sniffing.head(path)
    kind = said or sniffing.kind(content)
    if in_maildir and kind in ("", "mbox") and not said and sniffing.is_mail(content.partition(b"\n")[2]):
        kind = "mails"
    if kind in ("", "syslog") and not packed:
        kind = _further(path, size) or kind
    if packed and not content and size:
        kind = said or "broken"
    return kind, packed, (sniffing.likeness(content), _length(path, size, packed))


def _further(path: str, size: int) -> str:
    """A log may begin with another program's lines: four more places are looked at."""
    with open(path, "rb") as file:  # noqa: PTH123
        for part in (1, 2, 3, 4):
            file.seek(max(0, size * part // 4 - (65_536 if part == 4 else 0)))
            kind = sniffing.kind(file.read(65_536).partition(b"\n")[2])
            if kind in sniffing.LOGS:
                return kind
    return ""


def _length(path: str, size: int, packed: str) -> int:
    """Octets of the content, modulo 2^32 (RFC 1952 section 2.3.1); of other packings, of the file."""
    if packed != "gzip" or size < 18:
        return size % 2**32
    with open(path, "rb") as file:  # noqa: PTH123
        file.seek(-4, os.SEEK_END)
        return int(struct.unpack("<I", file.read(4))[0])


# -- cutting ----------------------------------------------------------------------------------------------------------


def cut(number: int, source: Source, options: Options) -> list[Unit]:
    """The units of one mail input; those of mails come twice, first to learn their templates."""
    more: dict[str, Any] = {"packed": source.packed}
    if source.kind == "mails" and source.files:
        groups = [tuple(source.files[at : at + FILES]) for at in range(0, len(source.files), FILES)]
        share = max(1, source.size // max(1, len(groups)))
        return [
            Unit("learn", "mails", source.path, number, files=group, size=share, more=more | {"nth": at * FILES})
            for at, group in enumerate(groups)
        ]
    if source.kind in sniffing.MAILS:
        ranges = _ranges(source, MBOX_OCTETS)
        return [Unit("learn", source.kind, source.path, number, *r, size=_size(source, r), more=more) for r in ranges]
    if source.kind in sniffing.EVENTS:
        whole = source.packed or _begins(source.path, b"[")
        ranges = [(0, 0)] if whole else _ranges(source, LOG_OCTETS)
        return [Unit("read", source.kind, source.path, number, *r, size=_size(source, r), more=more) for r in ranges]
    if source.kind in sniffing.LOGS:
        ranges = _ranges(source, LOG_OCTETS)
        years = _years(source, ranges, options)
        return [
            Unit("read", source.kind, source.path, number, *r, size=_size(source, r), more=more | {"year": year})
            for r, year in zip(ranges, years, strict=True)
        ]
    return [Unit("read", source.kind, source.path, number, size=source.size, more=more)]


def _ranges(source: Source, octets: int) -> list[tuple[int, int]]:
    """Byte ranges of about that size; one for what is compressed, which can only be read from its beginning."""
    if source.packed or source.size <= octets * 3 // 2:
        return [(0, 0)]
    parts = -(-source.size // octets)
    return [(source.size * n // parts, source.size * (n + 1) // parts) for n in range(parts)]


def _size(source: Source, octets: tuple[int, int]) -> int:
    return octets[1] - octets[0] if octets[1] else source.size


def _begins(path: str, with_: bytes) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(with_)


_NAMED = re.compile(r"(20\d\d)-?([01]\d)-?([0-3]\d)")
_FIRST = re.compile(rb"(?:^|\n)([A-Z][a-z]{2} [ \d]\d) \d\d:\d\d:\d\d ")


def _years(source: Source, ranges: list[tuple[int, int]], options: Options) -> list[int]:
    """The year of each range's first line: as said of the first, or from the last, by the day in the file's name or
    the day it was last written; New Years between them are counted."""
    last = source.mtime
    named = _NAMED.findall(Path(source.path).name)
    if named and not options.year:
        try:
            year, month, day = map(int, named[-1])
            last = min(last, datetime(year, month, day, 23, 59, tzinfo=UTC).timestamp())
        except ValueError:
            last = source.mtime
    try:
        with streams.opened(source.path, source.packed) as file:
            firsts = [_first(file, start, bool(source.packed)) for start, _ in ranges]
    except (OSError, *streams.BROKEN):
        firsts = [b""] * len(ranges)
    months = [month_of(stamp) for stamp in firsts]
    for at in range(1, len(months)):
        months[at] = months[at] or months[at - 1]
    turns = [int(after < before) for before, after in pairwise(months)]  # New Years between the ranges' beginnings
    if options.year:
        begun = options.year
    else:
        known = next((at for at in range(len(firsts) - 1, -1, -1) if firsts[at]), None)
        begun = 0 if known is None else year_before(firsts[known], last, options.zone) - sum(turns[:known])
    return [begun + sum(turns[:at]) for at in range(len(ranges))]


def _first(file: Any, start: int, packed: bool) -> bytes:
    """The first stamp without a year at or after a place."""
    if start or not packed:
        file.seek(start)
    found = _FIRST.search(file.read(65_536))
    return found[1] if found else b""


def fingerprint(sources: list[Source], options: Options) -> dict[str, Any]:
    """What the partials of a run belong to: paths, sizes, times, and what was asked."""
    files = []
    for source in sources:
        for path in source.files or [source.path]:
            try:
                facts = Path(path).stat()
                files.append([os.path.realpath(path), facts.st_size, facts.st_mtime_ns])
            except OSError:
                files.append([path, 0, 0])
    asked = [options.customers, options.sql, options.columns, options.kind, options.zone, options.year]
    own = json.dumps([sorted(files), asked]).encode("utf-8", "surrogateescape")
    return {"version": 1, "inputs": len(files), "fingerprint": blake2b(own, digest_size=16).hexdigest()}
