"""What one unit of work has found: rows about addresses, in buckets by address, and counts; as one Arrow file.

A row is a mail to an address, a sign of life, a reply, or a customer. It holds no content of a mail; an address is in
it in plain, so the files are their owner's alone and go when the audit is done.
"""

from __future__ import annotations

import json
import re
from array import array
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, cast
from zlib import crc32

import pyarrow as pa
from pyarrow import ipc

from atesaki import addresses
from atesaki.audit.skips import Skips

# What a row is.
MAIL, SIGN, REPLY, CUSTOMER = range(4)
# What became of a mail; a later one of the last two overrules an earlier.
ARCHIVED, DEFERRED, BOUNCED, SENT = range(4)
# Signs. The first four are evidence, in this order.
CONFIRMED, REPLIED, CLICKED, MAIL_LOGIN, OPENED, LOGIN, COMPLAINED, UNSUBSCRIBED = range(8)

KINDS: Final = (
    *("name", "kana", "postal", "address", "phone", "email", "dob", "account_id", "card_tail", "secret", "order_item"),
    "unreadable",
)
JUDGED, PERSONAL, UNSURE, DEAD = 1 << 12, 1 << 13, 1 << 14, 1 << 15  # beside the bits of KINDS

SCHEMA: Final = pa.schema(
    [
        ("address", pa.string()),
        ("what", pa.int8()),
        ("code", pa.int8()),
        ("at", pa.int64()),
        ("key", pa.uint64()),
        ("kinds", pa.int32()),
        ("template", pa.uint64()),
        ("queue", pa.uint64()),
        ("ref", pa.string()),
        ("known", pa.string()),
    ]
)
_FLUSH = 200_000
_SENDERS = 2_000


def mark(*parts: bytes) -> int:
    """A number of 8 octets for something that is only compared; never 0."""
    return int.from_bytes(blake2b(b"\0".join(parts), digest_size=8).digest(), "big") or 1


def message_mark(message_id: bytes) -> int:
    """Of a Message-ID as a mail or a log has it; 0 for none. Amazon SES tells only what stands before its @."""
    plain = message_id.strip().strip(b"<>").strip()
    if plain.endswith(b"amazonses.com"):
        plain = plain.partition(b"@")[0]
    return mark(plain) if plain else 0


def mail_key(message: int, address: str) -> int:
    """One message to one address, wherever it is met. 0 for a message that has no mark."""
    return mark(message.to_bytes(8, "big"), address.encode("utf-8", "surrogatepass")) if message else 0


_PLAIN = re.compile(r"[A-Za-z0-9_+-]{1,64}(?:\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


def comparable(text: str) -> str:
    """An address as `addresses.parse` compares it; as it stands, in lower case, if it is none."""
    found = _PLAIN.fullmatch(text)
    if found and len(text) <= addresses.ADDRESS_LIMIT and found.start(1) <= addresses.LOCAL_LIMIT + 1:
        known = _is_domain(found[1].lower())
        if known:
            return text.lower()
    return _compared(text)


@lru_cache(maxsize=200_000)
def _is_domain(domain: str) -> bool:
    try:
        return addresses.parse(f"a@{domain}").comparable == f"a@{domain}"
    except addresses.AddressError:
        return False


def _compared(text: str) -> str:
    try:
        return addresses.parse(text).comparable
    except addresses.AddressError:
        return " ".join(text.split()).strip("<>").lower()[:320]


class Rows:
    """Gathers the rows of one unit, and bounds what it holds: every 200,000 rows become Arrow columns."""

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets
        self._tables: list[tuple[pa.Table, list[int]]] = []
        self.skips = Skips()
        self.read = self.mails = self.customers = 0
        self.notes: dict[str, Any] = {}
        self.queues: dict[int, tuple[int, int, bool]] = {}  # queue: time, message's mark, null sender
        self.senders: dict[str, tuple[int, set[int]]] = {}
        self.blob = b""
        self._begin()

    def _begin(self) -> None:
        self._bucket, self._what, self._code = array("H"), array("b"), array("b")
        self._at, self._key, self._kinds = array("q"), array("Q"), array("i")
        self._template, self._queue = array("Q"), array("Q")
        self._address: list[str] = []
        self._ref: list[str] = []
        self._known: list[str] = []

    def add(
        self,
        address: str,
        what: int,
        code: int = 0,
        at: int = 0,
        *,
        key: int = 0,
        kinds: int = 0,
        template: int = 0,
        queue: int = 0,
        ref: str = "",
        known: str = "",
    ) -> None:
        """One row; `address` is comparable."""
        octets = address.encode("utf-8", "replace")
        self._bucket.append(crc32(octets) % self._buckets)
        self._address.append(address)
        self._what.append(what)
        self._code.append(code)
        self._at.append(at)
        self._key.append(key)
        self._kinds.append(kinds)
        self._template.append(template)
        self._queue.append(queue)
        self._ref.append(ref)
        self._known.append(known)
        if len(self._address) >= _FLUSH:
            self._flush()

    def sender(self, address: str, recipient: int) -> None:
        """Somebody sent to somebody: an address that sends to several is probably the service's own."""
        many, seen = self.senders.get(address) or (0, set())
        if len(seen) < 5:
            seen.add(recipient)
        elif many > 1_000_000_000:
            return
        self.senders[address] = (many + 1, seen)
        if len(self.senders) > 4 * _SENDERS:
            kept = sorted(self.senders.items(), key=lambda each: (-each[1][0], each[0]))[:_SENDERS]
            self.senders = dict(kept)

    def _flush(self) -> None:
        if not self._address:
            return
        table = pa.table(
            [
                pa.array(self._address, pa.string()),
                *(
                    pa.Array.from_buffers(kind, len(self._address), [None, pa.py_buffer(memoryview(values).tobytes())])
                    for values, kind in (
                        (self._what, pa.int8()),
                        (self._code, pa.int8()),
                        (self._at, pa.int64()),
                        (self._key, pa.uint64()),
                        (self._kinds, pa.int32()),
                        (self._template, pa.uint64()),
                        (self._queue, pa.uint64()),
                    )
                ),
                pa.array(self._ref, pa.string()),
                pa.array(self._known, pa.string()),
            ],
            schema=SCHEMA,
        )
        order = sorted(range(len(self._bucket)), key=self._bucket.__getitem__)  # stable: the order of the input stays
        many = [0] * self._buckets
        for bucket in self._bucket:
            many[bucket] += 1
        self._tables.append((table.take(pa.array(order, pa.int64())), many))
        self._begin()

    def to_bytes(self) -> bytes:
        """The whole unit as an Arrow file: batch N holds bucket N, the metadata what was counted."""
        self._flush()
        said = {
            "read": self.read,
            "mails": self.mails,
            "customers": self.customers,
            "skips": self.skips.found,
            "senders": [(who, many, sorted(seen)) for who, (many, seen) in sorted(self.senders.items()) if seen],
            "queues": [(queue, *told) for queue, told in self.queues.items()],
            "notes": self.notes,
        }
        schema = SCHEMA.with_metadata({b"unit": json.dumps(said, ensure_ascii=False), b"blob": self.blob})
        sink = pa.BufferOutputStream()
        with ipc.new_file(sink, schema, options=ipc.IpcWriteOptions(compression="lz4")) as out:
            starts = [0] * len(self._tables)
            for bucket in range(self._buckets):
                pieces = []
                for number, (table, many) in enumerate(self._tables):
                    pieces.append(table.slice(starts[number], many[bucket]))
                    starts[number] += many[bucket]
                out.write_batch(_one_batch(pieces, schema))
        return cast(bytes, sink.getvalue().to_pybytes())


def _one_batch(pieces: list[pa.Table], schema: pa.Schema) -> pa.RecordBatch:
    whole = pa.concat_tables(pieces).combine_chunks() if pieces else SCHEMA.empty_table()
    batches = whole.replace_schema_metadata(schema.metadata).to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=schema)


@dataclass(frozen=True, slots=True)
class Partial:
    """A unit's file, opened: nothing but its metadata is in memory."""

    path: Path
    said: dict[str, Any] = field(default_factory=dict)
    blob: bytes = b""

    @classmethod
    def open(cls, path: Path) -> Partial | None:
        """None for a file that is not there or not whole: its unit is done again."""
        try:
            with pa.OSFile(str(path)) as source:
                metadata = ipc.open_file(source).schema.metadata or {}
                return cls(path, json.loads(metadata[b"unit"]), metadata.get(b"blob", b""))
        except (OSError, pa.ArrowInvalid, KeyError, ValueError):
            return None

    def bucket(self, number: int) -> pa.RecordBatch:
        """The rows of one bucket."""
        with pa.OSFile(str(self.path)) as source:
            return ipc.open_file(source).get_batch(number)
