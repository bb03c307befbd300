"""Mails as they were sent: cut out of an mbox, or files; to whom each went, and what personal data it holds.

No content leaves this module: of a mail there remain a row for each recipient, with bits for the kinds of data, and
the hashes of lines that templates are made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import utils
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from atesaki import content
from atesaki.audit import sniffing
from atesaki.audit.inputs import Unit
from atesaki.audit.partials import (
    ARCHIVED,
    JUDGED,
    KINDS,
    MAIL,
    PERSONAL,
    REPLY,
    UNSURE,
    Rows,
    comparable,
    mail_key,
    mark,
    message_mark,
)
from atesaki.audit.stamps import iso, seconds
from atesaki.audit.streams import BROKEN, opened

LARGEST: Final = content.Limits().octets
_BLOCK: Final = 1 << 20
_BIT: Final = {kind: 1 << number for number, kind in enumerate(KINDS)}
# An empty line, and a date as RFC 4155 has it: "From " at a line's beginning alone is ordinary prose.
# Some writers leave the empty line out: a header has to follow then.
_FROM_LINE: Final = re.compile(
    rb"\n(?:\r?\n|(?=From [^\n]*\n[!-9;-~]+[ \t]*:))"
    rb"(From [^\n]{0,200}\d\d:\d\d(?::\d\d)?[^\n]{0,40}(?:19|20)\d\d[^\n]{0,20})(?=\n)"  # another may follow
)
_FROM_ROOM: Final = 600  # octets, more than such a line has
_QUOTED: Final = re.compile(rb"^>(>*From )", re.M)
_BOUNDARY: Final = re.compile(rb'boundary="?([^"\r\n;]+)', re.I)
_MONTH_DAY: Final = re.compile(rb"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d(?::\d\d)?)[^\n]*?((?:19|20)\d\d)")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail's octets, at most LARGEST of them; where it stood; how many octets were left out."""

    raw: bytes
    place: str
    beyond: int = 0


class Judge:
    """What is known before a mail is read: the templates of the others, and the customers' own data."""

    def __init__(self, templates: content.Templates, known: dict[str, content.Customer]) -> None:
        self.templates, self.known = templates, known


# -- cutting mails out ------------------------------------------------------------------------------------------------


def mails(unit: Unit, rows: Rows) -> Iterator[Mail]:
    """Every mail of a unit, one at a time."""
    if unit.kind == "mbox":
        packed = unit.more.get("packed", "")
        with opened(unit.path, packed) as file:
            yield from _of_mbox(file, unit, rows)
        return
    for path in unit.files or (unit.path,):
        try:
            with opened(path, unit.more.get("packed", "")) as file:
                raw = file.read(LARGEST)
            beyond = max(0, Path(path).stat().st_size - LARGEST)
        except FileNotFoundError:
            rows.skips.add("vanished", path)
        except BROKEN:
            rows.skips.add("broken_archive", path)
        except OSError:
            rows.skips.add("unreadable", path)
        else:
            if not raw:
                rows.skips.add("empty", path)
            elif sniffing.is_mail(_without_envelope(raw)[:65_536]):
                yield Mail(raw, path, beyond)
            else:
                rows.skips.add("not_a_mail", path)


def _of_mbox(file: BinaryIO, unit: Unit, rows: Rows) -> Iterator[Mail]:
    """The mails whose From_ line begins in the unit's range (RFC 4155); the last of the file may be cut short.

    Of the file there is only a window in memory; `base` is its place, and up to `done` it is cut up.
    """
    window, base, done = b"\n\n", -2, 2
    if unit.start:
        base, done = max(0, unit.start - 3), min(3, unit.start)
        window = b""
        file.seek(base)
    held, begun, beyond = bytearray(), -1, 0
    ended = False
    try:
        while not ended:
            block = file.read(_BLOCK)
            ended = not block
            window += block
            limit = len(window) if ended else max(done, len(window) - _FROM_ROOM)
            for found in _FROM_LINE.finditer(window, max(0, done - 3)):
                line = found.start(1)
                if line < done or line >= limit:
                    continue
                if begun >= 0:
                    beyond += _take(held, window[done:line])
                    yield Mail(_unquoted(held), f"{unit.path} at octet {begun}", beyond)
                if unit.end and base + line >= unit.end:
                    return
                held, begun, beyond, done = bytearray(), base + line, 0, line
            if begun >= 0:
                beyond += _take(held, window[done:limit])
            elif unit.end and base + limit >= unit.end:
                return
            kept = max(0, limit - 3)
            window, base, done = window[kept:], base + kept, limit - kept
    except BROKEN:
        rows.skips.add("broken_archive", f"{unit.path} after octet {base + len(window)} of its content")
    if begun >= 0:
        if not held.endswith(b"\n") or _breaks_off(bytes(held)):
            rows.skips.add("truncated_mbox", f"{unit.path}, the mail at octet {begun}")
        yield Mail(_unquoted(held), f"{unit.path} at octet {begun}", beyond)


def _take(held: bytearray, more: bytes) -> int:
    """Keeps what there is room for; how many octets there is none for."""
    room = max(0, LARGEST - len(held))
    held += more[:room]
    return max(0, len(more) - room)


def _unquoted(held: bytearray) -> bytes:
    raw = bytes(held)
    return _QUOTED.sub(rb"\1", raw) if b"\n>" in raw else raw


def _breaks_off(raw: bytes) -> bool:
    """Whether a multipart never ends (RFC 2046 section 5.1.1)."""
    named = _BOUNDARY.search(raw[:65_536])
    return named is not None and b"--" + named[1].strip() + b"--" not in raw


def _without_envelope(raw: bytes) -> bytes:
    return raw.partition(b"\n")[2] if raw.startswith((b"From ", b">From ")) else raw


# -- what a mail says -------------------------------------------------------------------------------------------------


def learn(unit: Unit, rows: Rows, templates: content.Templates, every: int, listing: bool) -> None:
    """Adds every nth mail to the templates; with `listing`, notes who the mails are to."""
    named: set[str] = set()
    for number, mail in enumerate(mails(unit, Rows(1))):
        rows.read += 1
        wanted = number % every == 0
        if not (wanted or listing):
            continue
        to = Header(mail.raw).recipients()
        if listing:
            named.update(to)
        if wanted:
            templates.add(content.read(mail.raw), (to[0] if to else "").encode("utf-8", "replace"))
    rows.notes["to"] = sorted(named)
    rows.blob = templates.to_bytes()


def judge(unit: Unit, rows: Rows, knowing: Judge, zone: str) -> None:
    """A row for each recipient of each mail, and one for each reply."""
    for mail in mails(unit, rows):
        rows.read += 1
        if mail.beyond:
            rows.skips.add("huge_mail", mail.place)
        _judge(mail, rows, knowing, zone)


def _judge(mail: Mail, rows: Rows, knowing: Judge, zone: str) -> None:
    """1. To whom, from whom, when.  2. Which template it is.  3. What it holds, as each recipient sees it."""
    header = Header(mail.raw)
    to = header.recipients()
    at = header.sent_at(zone)
    sender = next(iter(header.addresses(b"from")), "")
    if sender:
        for before in header.answers():
            rows.add(sender, REPLY, 0, at, key=mail_key(message_mark(before), sender))
    if not to:
        rows.skips.add("no_recipient", mail.place)
        return
    if not at:
        rows.skips.add("no_date", mail.place)
    reading = content.read(mail.raw)
    seen = knowing.templates.skeleton(reading)
    sketch = knowing.templates.find(seen)
    fixed = knowing.templates.fixed(seen)
    if reading.unreadable or mail.beyond:
        rows.skips.add("unreadable_mail", mail.place)
    message = message_mark(header.first(b"message-id")) or mark(b"raw", mail.raw)
    template = int.from_bytes(sketch.key[:8], "big") if sketch else 0
    told: dict[str, int] = {}
    for address in to:
        known = knowing.known.get(address)
        own = address if known else ""
        if own not in told:
            told[own] = _bits(content.findings(reading, customer=known, fixed=fixed), beyond=bool(mail.beyond))
        rows.mails += 1
        rows.add(address, MAIL, ARCHIVED, at, key=mail_key(message, address), kinds=told[own], template=template)
        if sender:
            rows.sender(sender, mark(address.encode("utf-8", "replace")) >> 32)


def _bits(found: content.Findings, *, beyond: bool) -> int:
    bits = JUDGED
    for kind in found.kinds:
        bits |= _BIT.get(kind, 0)
    if beyond:
        bits |= _BIT["unreadable"]
    if found.personal != "no" or beyond:
        bits |= PERSONAL
    if found.personal == "unsure" or (beyond and found.personal != "yes"):
        bits |= UNSURE
    return bits


# -- its header -------------------------------------------------------------------------------------------------------

_END: Final = re.compile(rb"\r?\n\r?\n")
_WANTED: Final = re.compile(
    rb"^(to|cc|bcc|from|date|received|message-id|in-reply-to)[ \t]*:((?:[^\n]*\n[ \t])*[^\n]*)", re.M | re.I
)


# Newer Pythons refuse a whole list of addresses for one odd name in it.
_LENIENT: Final[dict[str, Any]] = {"strict": False} if hasattr(utils, "supports_strict_parsing") else {}


def _decoded(value: bytes) -> str:
    """A field as old Japanese mailers write it: the octets of their charsets hold brackets, quotes and @."""
    for charset in ("iso2022_jp_ext",) if b"\x1b" in value else ("utf-8", "cp932"):
        try:
            return value.decode(charset)
        except UnicodeDecodeError:
            continue
    return value.decode("utf-8", "replace")


class Header:
    """The fields of a mail that are needed here, as octets, looked for once."""

    def __init__(self, raw: bytes) -> None:
        end = _END.search(raw, 0, content.Limits().fields * 1000)
        head = raw[: end.start()] if end else raw[:65_536]
        self._envelope = head.partition(b"\n")[0] if head.startswith(b"From ") else b""
        self._fields: dict[bytes, list[bytes]] = {}
        for found in _WANTED.finditer(head):
            self._fields.setdefault(found[1].lower(), []).append(found[2])

    def first(self, name: bytes) -> bytes:
        """The first of that name, empty if there is none."""
        return b" ".join(self._fields.get(name, [b""])[0].split())

    def addresses(self, name: bytes) -> list[str]:
        """Comparable, from every field of that name (RFC 5322 section 3.4)."""
        values = [_decoded(b" ".join(value.split())) for value in self._fields.get(name, ())]
        found = getaddresses(values, **_LENIENT) if values else []
        return [comparable(address) for _, address in found if "@" in address]

    def recipients(self) -> list[str]:
        """Everybody in To, Cc and Bcc, once."""
        return list(dict.fromkeys(each for name in (b"to", b"cc", b"bcc") for each in self.addresses(name)))

    def answers(self) -> list[bytes]:
        """The messages that it answers (RFC 5322 section 3.6.4)."""
        return [each for each in self.first(b"in-reply-to").split()[:5] if each.startswith(b"<")]

    def sent_at(self, zone: str) -> int:
        """By its Date, or else by what brought it here."""
        for octets in (self.first(b"date"), self.first(b"received").rpartition(b";")[2]):
            try:
                return seconds(parsedate_to_datetime(octets.strip().decode("ascii", "replace")), zone)
            except (ValueError, TypeError, IndexError, OverflowError):
                continue
        if found := _MONTH_DAY.search(self._envelope):
            month = b"JanFebMarAprMayJunJulAugSepOctNovDec".find(found[1]) // 3 + 1
            return iso(f"{found[4].decode()}-{month}-{found[2].decode()} {found[3].decode()}", zone)
        return 0
