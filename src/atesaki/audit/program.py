"""An audit from its beginning to its report."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from atesaki import content
from atesaki.audit import customers, inputs, learnt, result, sniffing
from atesaki.audit.adding import all_buckets, batches
from atesaki.audit.engine import Engine
from atesaki.audit.inputs import Source, Unit
from atesaki.audit.options import AuditError, Options
from atesaki.audit.partials import Partial, Rows
from atesaki.audit.skips import Skips
from atesaki.audit.store import Store
from atesaki.audit.tally import Matters, Tally, dead_domains
from atesaki.audit.work import Terms

# Octets for each bucket of addresses, so that one is held in memory with ease; and how many there are at least.
_BUCKET: Final = 48 << 20
_BUCKETS: Final = 32
_LEARNT: Final = 24 << 20  # octets of mail that templates are learnt from
_OWN: Final = 5  # distinct recipients that make a sender one of the service's own
# How much work an octet is, against a log's.
_WEIGHTS: Final = {"csv": 4.0, "parquet": 8.0, "mbox": 20.0, "mails": 20.0}


class Watcher(Protocol):
    """Is told how far the audit has come."""

    def begin(self, what: str, total: float, done: float) -> None:
        """A stage begins: `reading`, `judging` or `adding up`; `done` of `total` is there from a run before."""

    def step(self, much: float, octets: int) -> None:
        """So much more is done, of so many octets of input."""

    def beat(self) -> None:
        """Several times a second."""


@dataclass(slots=True)
class _Audit:
    """One run and what it knows so far."""

    options: Options
    watcher: Watcher
    skips: Skips = field(default_factory=Skips)
    sources: list[Source] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    buckets: int = _BUCKETS


@dataclass(slots=True)
class _Read:
    """What all units have counted, and the places of their partials. `counts`: of each input."""

    counts: list[dict[str, int]]
    tally: Tally = field(default_factory=Tally)
    senders: dict[str, tuple[int, set[int]]] = field(default_factory=dict)
    queues: dict[int, list[tuple[int, int, bool]]] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    rows: int = 0
    evidence: int = 0


def run(options: Options, watcher: Watcher, language: str = "ja") -> dict[str, Any]:
    """The whole audit (`_run`). Raises `AuditError` for what the operator has to mend, a full disk too."""
    try:
        return _run(options, watcher, language)
    except (OSError, sqlite3.OperationalError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise AuditError(
            f"It cannot go on, for a file cannot be written or read ({why}); what is done is kept in"
            f" {options.out / 'work'}. Mend that, and give the same command again."
        ) from error


def _run(options: Options, watcher: Watcher, language: str) -> dict[str, Any]:
    """The whole audit; report.json as it was written. `language`: the one that report.html opens in.

    1. Find the inputs and cut them up.  2. Read them, and learn the mails' templates.  3. Judge the mails.
    4. Add up.  5. Write the reports.  6. Remove what was only for the way.
    """
    began = time.monotonic()
    it = _Audit(options, watcher)
    _find(it)
    store = Store(options.out, inputs.fingerprint(it.sources, options) | {"buckets": it.buckets})
    engine = Engine(options.cluster, options.cores, watcher.beat)
    secret = blake2b(json.dumps(inputs.fingerprint(it.sources, options)).encode(), digest_size=32).digest()
    mails = sum(unit.size for unit in it.units if unit.task == "learn")
    listing = bool(mails) and any(unit.more.get("known") for unit in it.units)
    terms = Terms(it.buckets, options.zone, secret, max(1, round(mails / _LEARNT)), listing)
    _do(it, (store, engine), it.units, terms, lambda unit: b"")
    templates = content.Templates(secret, learnt.MOST)
    judged: list[Unit] = []
    if mails:
        templates, judged = _judge(it, store, engine, terms)
    units = [unit for unit in it.units if unit.task == "read"] + judged
    report = _add_up(it, store, units, templates)
    report["seconds"] = round(time.monotonic() - began, 1)
    result.write(options.out, report, language)
    if not options.keep_work:
        store.remove()
    return report


def _find(it: _Audit) -> None:
    options = it.options
    if options.customers:
        it.sources.append(customers.source(options))
    it.sources += inputs.find(options, it.skips)
    if not it.sources:
        told = "; ".join(f"{each['example']}: {each['sentence']}" for each in it.skips.told())
        raise AuditError(f"There is nothing to audit. {told}".strip())
    has_mails = any(source.kind in sniffing.MAILS for source in it.sources)
    total = 0
    for number, source in enumerate(it.sources):
        if number == 0 and options.customers:
            source.units = customers.cut(number, source, options, has_mails)
        else:
            source.units = inputs.cut(number, source, options)
        it.units += source.units
        total += source.size * (8 if source.packed else 1)
    it.buckets = max(_BUCKETS, min(1024, total // _BUCKET))


def _do(
    it: _Audit,
    doing: tuple[Store, Engine],
    units: list[Unit],
    terms: Terms,
    told: Callable[[Unit], bytes],
) -> None:
    """Does what is not done yet; each unit is kept as soon as it is."""
    store, engine = doing
    left = store.undone(units)
    weights = {unit.id: _weight(unit, terms) for unit in units}
    missing = sum(weights[unit.id] for unit in left)
    total = sum(weights.values())
    it.watcher.begin("judging" if units[0].task == "judge" else "reading", total, total - missing)

    def done(unit: Unit, partial: bytes) -> None:
        store.keep(unit, partial)
        it.watcher.step(weights[unit.id], unit.size)

    def given_up(unit: Unit) -> None:
        rows = Rows(it.buckets)
        place = f"{unit.path} from octet {unit.start}" if unit.start else unit.path
        rows.skips.add("worker_lost", place)
        done(unit, rows.to_bytes())

    if left:
        engine.run(left, terms, told, done, given_up)
    for unit, partial in store.partials(units):
        if failed := partial.said["notes"].get("failed"):
            store.path(unit).unlink()
            raise AuditError(failed)


def _weight(unit: Unit, terms: Terms) -> float:
    weight = unit.size * _WEIGHTS.get(unit.kind, 1.0) * (8 if unit.more.get("packed") else 1)
    return max(1.0, weight / 4 / terms.every if unit.task == "learn" else weight)


def _judge(it: _Audit, store: Store, engine: Engine, terms: Terms) -> tuple[content.Templates, list[Unit]]:
    """The second reading of the mails, with what the first has learnt."""
    learning = [unit for unit in it.units if unit.task == "learn"]
    templates = learnt.templates((partial for _, partial in store.partials(learning)), terms.secret)
    known: learnt.Known | None = None
    if terms.listing:
        wanted = {each for _, partial in store.partials(learning) for each in partial.said["notes"].get("to", ())}
        known = learnt.Known(store.folder / "known.sqlite")
        tables = [unit for unit in it.units if unit.more.get("known")]
        known.fill((partial for _, partial in store.partials(tables)), wanted, it.buckets)

    def told(unit: Unit) -> bytes:
        partial = Partial.open(store.path(replace(unit, task="learn"))) if known else None
        return known.of(partial.said["notes"].get("to", [])) if known and partial else b""

    judged = [replace(unit, task="judge") for unit in learning]
    _do(it, (store, engine), judged, replace(terms, templates=templates.to_bytes()), told)
    if known:
        known.close()
    return templates, judged


def _add_up(it: _Audit, store: Store, units: list[Unit], templates: content.Templates) -> dict[str, Any]:
    """1. What the units have counted.  2. What is the same for all addresses.  3. Their rows, bucket by bucket."""
    options, out = it.options, it.options.out
    read = _Read([dict.fromkeys(("read", "skipped", "mails"), 0) for _ in it.sources])
    for unit, partial in store.partials(units):
        read.paths.append(partial.path)
        _gather(partial.said, read.counts[unit.source], it.skips, read)

    def everything() -> Iterator[pa.RecordBatch]:
        for number in range(it.buckets):
            yield from batches(read.paths, number)

    own = {address for address, (_, seen) in read.senders.items() if len(seen) >= _OWN}
    matters = Matters(
        zone=options.zone,
        since=_since(options),
        own=frozenset(own | {each.lower() for each in options.own if "@" in each.lstrip("@")}),
        own_domains=frozenset(each.lower().lstrip("@") for each in options.own if "@" not in each.lstrip("@")),
        dead_domains=dead_domains(everything),
        queues=read.queues,
        everybody=not options.customers,
    )
    domains = _sum(it, store, matters, read)
    report = result.report(read.tally, it.sources, read.counts, it.skips, templates)
    report["domains"] = domains
    report["claims_file"] = {"path": "claims.csv", "rows": read.rows, "with_evidence": read.evidence}
    report["known_customers_used"] = any(unit.more.get("known") and _holds_known(unit) for unit in it.units)
    report["columns"] = _columns(it)
    report["zone"] = options.zone
    report["own_senders"] = [
        {"sender": result.masked(each), "mails": read.senders[each][0]}
        for each in sorted(own, key=lambda each: (-read.senders[each][0], each))[:20]
    ]
    report["addresses_file"] = None
    if options.addresses:
        rows = result.listed(store.folder / "addresses.parquet", out / "addresses.csv")
        report["addresses_file"] = {"path": "addresses.csv", "rows": rows}
    result.tables(store.folder, report)
    return report


def _sum(it: _Audit, store: Store, matters: Matters, read: _Read) -> list[dict[str, Any]]:
    """Every bucket into the tally; claims and addresses are written as they come. The domains with most addresses."""
    addresses = result.Addresses(store.folder / "addresses.parquet")
    it.watcher.begin("adding up", it.buckets, 0)
    big = sum(path.stat().st_size for path in read.paths) > 2 << 20
    cores = (it.options.cores or len(os.sched_getaffinity(0))) if big else 1
    with result.claims_file(it.options.out) as claims:
        for added in all_buckets(read.paths, it.buckets, matters, cores, it.watcher.beat):
            read.tally.merge(added.tally)
            addresses.add(added.addresses)
            claims.writerows(added.claims)
            read.rows += len(added.claims)
            read.evidence += sum(claim[2] != "none" for claim in added.claims)
            it.watcher.step(1, 0)
    addresses.close()
    for what, many in read.tally.skips.items():
        it.skips.add(what, "across the inputs", many)
    return addresses.domains()


def _gather(said: dict[str, Any], counts: dict[str, int], skips: Skips, read: _Read) -> None:
    """What one unit has counted."""
    counts["read"] += said["read"]
    counts["mails"] += said["mails"]
    counts["skipped"] += sum(many for many, _ in said["skips"].values())
    skips.merge(said["skips"])
    read.tally.totals["customers"] += said["customers"]
    for who, many, seen in said["senders"]:
        before = read.senders.get(who, (0, set()))
        read.senders[who] = (before[0] + many, before[1].union(seen) if len(before[1]) < _OWN else before[1])
    for queue, at, message, null in said["queues"]:
        read.queues.setdefault(queue, []).append((at, message, null))


def _holds_known(unit: Unit) -> bool:
    from atesaki.audit.columns import KNOWN

    return unit.kind == "database" or not set(KNOWN).isdisjoint(unit.more.get("columns", ()))


def _columns(it: _Audit) -> dict[str, str]:
    """What each column was taken for, by heading; of a database, only what was said."""
    for unit in it.units:
        if unit.kind == "csv":
            return {key: unit.more["headings"][number] for key, number in unit.more["columns"].items()}
    return dict(it.options.columns)


def _since(options: Options) -> int:
    if options.since is None:
        return 0
    day = options.since
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(options.zone)).timestamp())
