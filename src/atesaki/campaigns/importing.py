"""Imports what a service knows of its customers' addresses, thousands a second; again is the same (decision 0018)."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from atesaki import addresses, clock, gate, ownership
from atesaki.addresses import AddressError
from atesaki.ownership import Fate, Given, Shows
from atesaki.tenants import Service

from .reading import METHODS, Bad, ClaimsFile, Rejects, Row

BATCH = 1_000  # addresses locked at once; PostgreSQL's own setting has room for some 6,400 locks
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_CLICKS = ("clicked", "logged_in_by_mail")
_WHEN = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)


@dataclass(slots=True)
class Imported:
    """What became of a file: `rows` = rejected + duplicates + all `fates`; the rest counts some of them again.

    shared: evidence that counts for the mailbox alone, as several customers gave it.  unsettled: claims that only an
    earlier import had proved, now in doubt, as this file gives their address to somebody else.  undated: evidence
    without its date, which shows nothing.  clicks: taken for proofs because the operator said so.  released: waiting
    mails.
    """

    dry_run: bool
    rows: int = 0
    rejected: int = 0
    duplicates: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    shared: int = 0
    unsettled: int = 0
    undated: int = 0
    clicks: int = 0
    released: int = 0
    in_cp932: int = 0
    seconds: float = 0.0
    rejected_file: Path | None = None
    first_rejected: list[Bad] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `reading` or `importing`, the part of that which is done (0 to 1), rows of it so far."""

    phase: str
    part: float
    rows: int


def import_claims(
    service: Service,
    path: Path,
    *,
    dry_run: bool = False,
    accept_clicks: bool = False,
    unnamed: bool = False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Imported:
    """Imports a file of claims. Raises `FileError` if it is none; whatever went in before an end stays.

    1 Read every row into a table of this connection's own, which ends with it: nothing is kept of a file twice.
    2 Sort it by address; each (address, customer) once, with the best evidence.
    3 Take in a batch after the other, each a transaction; what is there already is passed over.

    `unnamed`: the service's mails name no customer, so its claims must not either; the column only tells who shares.
    """
    began, done = time.monotonic(), Imported(dry_run)
    file = ClaimsFile(path)
    rejects = Rejects(path, file.columns)
    try:
        _make_tables()
        _stage(service, file, rejects, done, accept_clicks=accept_clicks, tell=tell)
        staged = _sort(unnamed)
        done.duplicates = done.rows - done.rejected - staged
        counted = set[UUID]()  # of the batch before: an address may run over several, and a dry run writes nothing
        for given in _batches():
            taken, released = gate.vouch_all(service, given, dry=dry_run)
            done.fates.update(one.fate.value for one in taken)
            done.shared += sum(one.shared for one in taken)
            unsettled = {claim for one in taken for claim in one.unsettled}
            done.unsettled += len(unsettled - counted)
            counted = unsettled
            done.clicks += sum(_is_click(each) for each, one in zip(given, taken, strict=True) if one.fate is _PROVED)
            done.released += released
            imported = done.fates.total()
            tell(Progress("importing", imported / staged, imported))
    finally:
        rejects.close()
        _drop_tables()
    done.rejected_file = rejects.path if rejects.many else None
    done.first_rejected, done.in_cp932 = rejects.first, file.in_cp932
    done.seconds = time.monotonic() - began
    return done


_PROVED = Fate.PROVED
_STAGED = "digest, address, customer, shows, evidence, at, usable"
_TAKEN_FOR_A_PROOF = "taken for a proof by --accept-clicks"


def _is_click(given: Given) -> bool:
    return _TAKEN_FOR_A_PROOF in given.evidence and given.shows is Shows.BOTH


def _stage(
    service: Service,
    file: ClaimsFile,
    rejects: Rejects,
    done: Imported,
    *,
    accept_clicks: bool,
    tell: Callable[[Progress], None],
) -> None:
    zone, now = ZoneInfo(service.zone), clock.now()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY pg_temp.atesaki_given ({_STAGED}) FROM STDIN") as into,
    ):
        for row in file.rows():
            done.rows += 1
            read = row if isinstance(row, Bad) else _judged(row, zone, now, accept_clicks)
            if isinstance(read, Bad):
                done.rejected += 1
                rejects.add(read)
                if (named := _names(read)) is not None:
                    into.write_row((named.digest, "", named.customer, named.shows.value, "", None, False))
            else:
                done.undated += read.at is None and _names_evidence(row)
                fields = (read.digest, read.address, read.customer, read.shows.value, read.evidence, read.at)
                into.write_row((*fields, True))
            if done.rows % 500 == 0:
                tell(Progress("reading", file.done, done.rows))
    tell(Progress("reading", 1.0, done.rows))


def _names(bad: Bad) -> Given | None:
    """Whose address a row that cannot be used names, so far as that can be read: it still shows who shares one."""
    try:
        address = addresses.parse(bad.cells.get("address", ""))
    except AddressError:
        return None
    return Given(ownership.digest(address), address.text, bad.cells.get("customer", "").replace("\0", "").strip())


def _names_evidence(row: Row | Bad) -> bool:
    """Whether it names a method, which without a date shows nothing."""
    return isinstance(row, Row) and _method(row) not in ("", "none")


def _judged(row: Row, zone: ZoneInfo, now: datetime, accept_clicks: bool) -> Given | Bad:
    """What one row gives, or a sentence."""
    try:
        address = addresses.parse(row.cells["address"])
    except AddressError as error:
        return Bad(row.line, row.raw, error.sentence("en"))
    customer, method = row.cells.get("customer", "").strip(), _method(row)
    if len(customer) > 200 or not customer.isprintable():
        return Bad(row.line, row.raw, "A customer's reference is at most 200 printable characters.", row.cells)
    if method and method not in METHODS:
        return Bad(row.line, row.raw, f"The method must be one of {', '.join(METHODS)}, or empty.", row.cells)
    try:
        at = _moment(row.cells.get("at", ""), zone, now)
    except ValueError as error:
        return Bad(row.line, row.raw, str(error), row.cells)
    shows, evidence = Shows.NOTHING, ""
    if method in METHODS[:-1] and at is not None:
        shows = _shows(method, accept_clicks)
        taken = f", {_TAKEN_FOR_A_PROOF}" if shows is Shows.BOTH and method in _CLICKS else ""
        said = " ".join(row.cells.get("evidence", "").replace("\0", "").split())
        evidence = f"{method} {at.astimezone(zone).date()}{taken}: {said}".removesuffix(": ")[:500]
    return Given(ownership.digest(address), address.text, customer, shows, evidence, at)


def _shows(method: str, accept_clicks: bool) -> Shows:
    """What a kind of evidence shows. A reply only tells that somebody reads: it may well have said "not me"."""
    if method == "confirmed_opt_in" or (accept_clicks and method in _CLICKS):
        return Shows.BOTH
    return Shows.MAILBOX


def _method(row: Row) -> str:
    return row.cells.get("method", "").strip().lower()


def _moment(text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the evidence is of, None for an empty cell; a bare date is its midnight in `zone`. Raises `ValueError`."""
    if not text.strip():
        return None
    match = _WHEN.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        year, month, day, hour, minute, second = (int(each or 0) for each in match.groups()[:6])
        at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        if match[7]:
            at = datetime.fromisoformat(at.replace(tzinfo=None).isoformat() + match[7].replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(
            "The date in at cannot be read: write it as 2024-03-01 or 2024-03-01T10:00:00+09:00."
        ) from None
    if at > now:
        raise ValueError("The date in at is in the future: evidence is of something that has happened.")
    if at < _OLDEST:
        raise ValueError("The date in at is before 1990: it cannot be of an e-mail to a customer.")
    return at


def _make_tables() -> None:
    _drop_tables()
    with connection.cursor() as cursor:
        # Temporary: it is never in the write-ahead log, and is gone with the connection, however that ends (L8).
        cursor.execute(
            "CREATE TEMP TABLE atesaki_given (digest bytea NOT NULL, address text NOT NULL, customer text NOT NULL,"
            " shows smallint NOT NULL, evidence text NOT NULL, at timestamptz, usable boolean NOT NULL)"
        )


def _sort(unnamed: bool) -> int:
    """Each claim once, numbered in the order of digests, which is the order of locks; how many.

    A row that cannot be used makes none, and counts for who shares the address all the same.
    """
    customer = "''::text AS customer" if unnamed else "customer"
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE pg_temp.atesaki_given")
        cursor.execute(
            f"""
            CREATE TEMP TABLE atesaki_given_once AS
            SELECT row_number() OVER (ORDER BY digest, customer) AS n, digest, address, customer, shows, evidence, at,
                   customers = 1 AS alone, able > 1 AS contested
              FROM (SELECT DISTINCT ON (digest, customer) *
                      FROM (SELECT digest, address, {customer}, shows, evidence, at
                              FROM pg_temp.atesaki_given WHERE usable) every
                     ORDER BY digest, customer, shows DESC, at DESC NULLS LAST, evidence, address) best
              JOIN (SELECT digest, count(DISTINCT customer) AS customers,
                           count(DISTINCT customer) FILTER (WHERE usable) AS able
                      FROM pg_temp.atesaki_given GROUP BY digest) who
             USING (digest)
            """  # noqa: S608 - one of two words of ours
        )
        cursor.execute("CREATE UNIQUE INDEX atesaki_given_n ON pg_temp.atesaki_given_once (n)")
        cursor.execute("SELECT count(*) FROM pg_temp.atesaki_given_once")
        return int(cursor.fetchone()[0])


def _batches() -> Iterator[list[Given]]:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT n, digest, address, customer, shows, evidence, at, alone, contested"
                " FROM pg_temp.atesaki_given_once WHERE n > %s ORDER BY n LIMIT %s",
                [last, BATCH],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        yield [
            Given(bytes(digest), address, customer, Shows(shows), evidence, at, alone, contested)
            for _, digest, address, customer, shows, evidence, at, alone, contested in rows
        ]


def _drop_tables() -> None:
    if connection.connection is None or connection.connection.closed:
        return  # they went with it
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.atesaki_given, pg_temp.atesaki_given_once")
