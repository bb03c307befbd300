"""Customer tables: CSV in whatever encoding, Parquet, or a database's answer."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from atesaki.audit import cells, columns, streams
from atesaki.audit.inputs import TABLE_OCTETS, Source, Unit
from atesaki.audit.options import AuditError, Options
from atesaki.audit.partials import CONFIRMED, CUSTOMER, LOGIN, MAIL_LOGIN, SIGN, Rows, comparable
from atesaki.audit.stamps import iso, seconds

_SIGNS: Final = {"confirmed_at": CONFIRMED, "mail_login_at": MAIL_LOGIN, "last_login": LOGIN}
_ROWS: Final = 250_000  # of a Parquet file or a database, in one unit or one fetch
_FETCH: Final = 10_000
_TABLE: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)?")
_BETWEEN: Final = re.compile(r"[\s;,、,;/|]+")
_NOTHING: Final = frozenset({"", "0", "null", "none", "nan", "-", "\\n", "0000-00-00", "0000-00-00 00:00:00"})


# -- finding out what it is -------------------------------------------------------------------------------------------


def is_database(text: str) -> bool:
    """Whether it is a database's URL and not a file."""
    return "://" in text


def shown(text: str) -> str:
    """A database's URL without its password, for the report."""
    if not is_database(text):
        return text
    parts = _parts(text)
    user = parts.username + "@" if parts.username else ""
    query = [(key, value) for key, value in parse_qsl(parts.query) if "pass" not in key.lower()]
    return _url(parts.scheme, user + parts.netloc.rpartition("@")[2], parts.path, query)


def _parts(url: str) -> SplitResult:
    """Raises `AuditError` where a password that is not encoded would be taken for something that may be shown."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        astray = parts.netloc.rpartition("@")[0]
        if parts.scheme != "sqlite":
            astray += parts.path + parts.query.partition("=")[0] + parts.fragment
    except ValueError:
        astray = "@"
    if "@" in astray:
        raise AuditError(
            "The database's URL cannot be read: write each of : / ? # [ ] @ % in a user or password as %3A %2F %3F %23"
            " %5B %5D %40 %25, or leave the password out and give it by PGPASSWORD or ~/.pgpass."
        )
    return parts


def _url(scheme: str, netloc: str, path: str, query: list[tuple[str, str]]) -> str:
    """Put together again; urlunsplit would lose the slashes before a host that is not named."""
    return f"{scheme}://{netloc}{path}" + (f"?{urlencode(query)}" if query else "")


def source(options: Options) -> Source:
    """The customer table as an input. Raises `AuditError` if it is not there, or empty."""
    if is_database(options.customers):
        if options.customers.startswith("file://"):
            raise AuditError("Name the customers' file by its path, not by a file:// URL.")
        return Source(shown(options.customers), "database")
    try:
        with open(options.customers, "rb") as file:  # noqa: PTH123
            first = file.read(16)
            size = file.seek(0, io.SEEK_END)
    except OSError as error:
        raise AuditError(f"The customer table {options.customers} cannot be read: {error.strerror}.") from error
    if not size:
        raise AuditError(f"The customer table {options.customers} is empty.")
    kind = "parquet" if first.startswith(b"PAR1") else "csv"
    if first.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise AuditError(f"{options.customers} is a workbook: save the sheet as CSV and name that.")
    if first.startswith(b"SQLite format 3\0"):
        raise AuditError(f"{options.customers} is a database: name its table, sqlite:///{options.customers}?table=….")
    return Source(options.customers, kind, size, packed=streams.packing(first))


def cut(number: int, table: Source, options: Options, want_known: bool) -> list[Unit]:
    """The units of the customer table. Raises `AuditError` where its columns cannot be told."""
    more: dict[str, Any] = {"packed": table.packed, "known": want_known}
    if table.kind == "database":
        more |= {"url": options.customers, "sql": _query(options), "said": options.columns}
        return [Unit("read", "database", table.path, number, size=1, more=more)]
    if table.kind == "parquet":
        try:
            with pq.ParquetFile(table.path) as file:
                headings, rows = list(file.schema_arrow.names), file.metadata.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise AuditError(f"The customer table {table.path} is a damaged Parquet file: {error}") from error
        more["columns"] = columns.guess(headings, options.columns)
        starts = range(0, max(rows, 1), _ROWS)
        share = table.size // max(1, len(starts))
        return [
            Unit("read", "parquet", table.path, number, at, min(at + _ROWS, rows), size=share, more=more)
            for at in starts
        ]
    more |= _look(table, options)
    wide = more["encoding"].startswith("utf-16")
    ranges = [(0, 0)] if table.packed or wide else _ranges(table)
    return [
        Unit("read", "csv", table.path, number, *r, size=(r[1] - r[0]) if r[1] else table.size, more=more)
        for r in ranges
    ]


def _look(table: Source, options: Options) -> dict[str, Any]:
    """Encoding, delimiter and columns of a CSV file."""
    try:
        with streams.opened(table.path, table.packed) as file:
            head = file.read(262_144)
    except (OSError, *streams.BROKEN) as error:
        raise AuditError(f"The customer table {table.path} cannot be unpacked; give it whole.") from error
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = next((name for name in cells.ENCODINGS if _decodes(head, name)), "utf-8")
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    if "\0" in text[:4096]:
        raise AuditError(f"The customer table {table.path} is neither CSV nor Parquet.")
    written = (line for line in text.splitlines() if line.strip())
    first = next(written, "")
    delimiter = max(",\t;|", key=first.count)
    if said := cells.SEPARATOR.fullmatch(first.strip()):
        delimiter, first = said[1], next(written, "")
    headings = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
    return {
        "encoding": encoding,
        "delimiter": delimiter,
        "headings": headings,
        "columns": columns.guess(headings, options.columns),
    }


def _decodes(head: bytes, encoding: str) -> bool:
    """Whether the first 200 lines are in it, but for a few."""
    whole = head[: head.rfind(b"\n") + 1 or len(head)].split(b"\n")[:200]
    return sum(cells.decoded(line, encoding) is None for line in whole) * 10 < len(whole)


def _ranges(table: Source) -> list[tuple[int, int]]:
    """Pieces that end with a row: a line end inside quotes does not end one, so quotes are counted."""
    if table.size <= TABLE_OCTETS * 3 // 2:
        return [(0, 0)]
    ends: list[int] = []
    quotes = at = 0
    with open(table.path, "rb") as file:  # noqa: PTH123
        while block := file.read(TABLE_OCTETS):
            quotes += block.count(b'"')
            at += len(block)
            while line := file.readline(streams.LONGEST):
                quotes += line.count(b'"')
                at += len(line)
                if quotes % 2 == 0 and line.endswith(b"\n"):
                    break
            ends.append(at)
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _query(options: Options) -> str:
    if options.sql:
        return options.sql
    table = dict(parse_qsl(urlsplit(options.customers).query)).get("table", "")
    if not _TABLE.fullmatch(table):
        raise AuditError(
            "The database's URL names no table: add ?table=NAME, or say what to ask with --customers-sql 'SELECT …'."
        )
    return "SELECT * FROM " + ".".join(f'"{part}"' for part in table.split("."))  # noqa: S608 - a name, as checked above


# -- reading ----------------------------------------------------------------------------------------------------------


def read(unit: Unit, rows: Rows, zone: str) -> None:
    """A row for each customer that has an address, and one for each sign of life."""
    taking = _Taking(unit, rows, zone)
    if unit.kind == "csv":
        taking.places = unit.more["columns"]
        for number, row in cells.read(unit, rows):
            taking.take(row, number)
    elif unit.kind == "parquet":
        for number, row in _parquet(unit, taking):
            taking.take(row, number)
    else:
        _database(unit, taking)


class _Taking:
    """One customer after the other."""

    def __init__(self, unit: Unit, rows: Rows, zone: str) -> None:
        self.unit, self.rows, self.zone = unit, rows, zone
        self.places: dict[str, int] = {}

    def take(self, row: list[Any], number: int) -> None:
        """1. The address.  2. The customer's own number, and data.  3. Signs of life."""
        rows, places = self.rows, self.places
        rows.read += 1
        rows.customers += 1
        written = _text(row[places["address"]])
        place = f"{self.unit.path}, row {number}" if number else self.unit.path
        if not written or written.lower() in _NOTHING:
            rows.skips.add("no_address", place)
            return
        addresses = self._addresses(written, place)
        ref = _text(row[places["customer"]]) if "customer" in places else ""
        known = self._known(row, written) if self.unit.more.get("known") else ""
        for further, address in enumerate(addresses):
            rows.add(address, CUSTOMER, int(further > 0), 0, ref=ref, known=known)
        for key, code in _SIGNS.items():
            if key not in places or (len(addresses) > 1 and code != LOGIN):
                continue  # which of several was confirmed, nobody knows: none is proved by it
            value = row[places[key]]
            at = _moment(value, self.zone)
            if at:
                for address in addresses:
                    rows.add(address, SIGN, code, at, ref=ref)
            elif _text(value).lower() not in _NOTHING:
                rows.skips.add("bad_date", place)

    def _addresses(self, written: str, place: str) -> list[str]:
        """One, or all of a cell that holds several."""
        parts = [part for part in _BETWEEN.split(written) if part] if written.count("@") > 1 else []
        if len(parts) < 2 or any(part.count("@") != 1 for part in parts):
            return [comparable(written)]
        self.rows.skips.add("several_addresses", place)
        return list(dict.fromkeys(map(comparable, parts)))

    def _known(self, row: list[Any], address: str) -> str:
        found = {key: _text(row[self.places[key]]) for key in columns.KNOWN if key in self.places}
        found = {key: value for key, value in found.items() if value}
        return json.dumps(found | {"email": address}, ensure_ascii=False) if found else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = str(value).strip()
    return text[2:-1] if text.startswith('="') and text.endswith('"') else text  # how Excel is made to keep zeros


def _moment(value: Any, zone: str) -> int:
    if isinstance(value, datetime | date):
        return seconds(value, zone)
    text = _text(value)
    return 0 if text.lower() in _NOTHING else iso(text, zone)


def _parquet(unit: Unit, taking: _Taking) -> Iterator[tuple[int, list[Any]]]:
    """The unit's rows, `start` to `end`."""
    wanted = unit.more["columns"]
    at = 0
    with pq.ParquetFile(unit.path) as file:
        names = file.schema_arrow.names
        used = sorted(set(wanted.values()))
        taking.places = {key: used.index(column) for key, column in wanted.items()}
        for group in range(file.num_row_groups):
            many = file.metadata.row_group(group).num_rows
            if at + many > unit.start and at < unit.end:
                yield from _group(file, group, [names[each] for each in used], at, unit)
            at += many


def _group(file: Any, group: int, names: list[str], at: int, unit: Unit) -> Iterator[tuple[int, list[Any]]]:
    for batch in file.iter_batches(batch_size=_FETCH, row_groups=[group], columns=names):
        first, last = max(unit.start - at, 0), min(unit.end - at, batch.num_rows)
        if first < last:
            part = batch.slice(first, last - first)
            cells = zip(*(part.column(name).to_pylist() for name in names), strict=True)
            for number, row in enumerate(cells, at + first + 1):
                yield number, list(row)
        at += batch.num_rows


# -- databases --------------------------------------------------------------------------------------------------------


def _database(unit: Unit, taking: _Taking) -> None:
    """Whatever the query answers, fetched in pieces."""
    try:
        with closing(_answer(unit.more["url"], unit.more["sql"])) as answer:
            headings = next(answer)
            taking.places = columns.guess([str(each) for each in headings], unit.more["said"])
            for number, row in enumerate(answer, 1):
                taking.take(list(row), number)
    except AuditError:
        raise
    except Exception as error:
        name = type(error).__name__
        if not taking.rows.customers:
            raise AuditError(
                f"The database did not answer the question for customers ({name}): {_said(error, unit.more['url'])}"
            ) from error
        taking.rows.skips.add("source_failed", f"{unit.path} after row {taking.rows.customers}")


def _said(error: Exception, url: str) -> str:
    """A driver's own words, without the password, should it repeat it."""
    text = str(error)
    parts = urlsplit(url)
    secrets = [value for key, value in parse_qsl(parts.query) if "pass" in key.lower()]
    for secret in filter(None, (parts.password, unquote(parts.password or ""), *secrets)):
        text = text.replace(secret, "***")
    return " ".join(text.split())[:300]


def _answer(url: str, sql: str) -> Generator[Any, None, None]:
    """The column names, then the rows."""
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme == "sqlite":
        return _of_sqlite(url, sql)
    if scheme in ("postgresql", "postgres"):
        return _of_postgresql(url, sql)
    return _of_sqlalchemy(url, sql)


def _of_sqlite(url: str, sql: str) -> Generator[Any, None, None]:
    path = urlsplit(url).path.removeprefix("/")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        cursor = connection.execute(sql)
        yield [each[0] for each in cursor.description]
        while rows := cursor.fetchmany(_FETCH):
            yield from rows


def _bare(url: str) -> str:
    """Without `table`, which is ours."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "table"]
    return _url(parts.scheme, parts.netloc, parts.path, query)


def _of_postgresql(url: str, sql: str) -> Generator[Any, None, None]:
    import psycopg

    plain = _bare(url)
    with psycopg.connect(f"postgresql://{plain.partition('://')[2]}", connect_timeout=10) as connection:
        connection.read_only = True
        with connection.cursor("audit") as cursor:
            cursor.itersize = _FETCH
            cursor.execute(sql.encode())
            yield [each.name for each in cursor.description or ()]
            yield from cursor


def _of_sqlalchemy(url: str, sql: str) -> Generator[Any, None, None]:
    try:
        import sqlalchemy
    except ImportError as error:
        raise AuditError(
            "For a database other than PostgreSQL and SQLite, install SQLAlchemy and the database's driver,"
            " or export the table as CSV or Parquet."
        ) from error
    engine = sqlalchemy.create_engine(_bare(url))
    with engine.connect().execution_options(stream_results=True, yield_per=_FETCH) as connection:
        answer = connection.execute(sqlalchemy.text(sql))
        yield list(answer.keys())
        yield from answer
