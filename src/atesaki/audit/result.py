"""What an audit leaves: report.json, report.html, claims.csv, and a list of addresses if it was asked for."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from atesaki import clock, content
from atesaki.audit.inputs import Source
from atesaki.audit.partials import KINDS
from atesaki.audit.skips import Skips
from atesaki.audit.stamps import told
from atesaki.audit.tally import ADDRESSES, Tally

CLAIMS: Final = ("address", "customer", "method", "evidence", "at")
_DOMAINS, _TEMPLATES = 100, 200
_TOTALS: Final = (
    *("customers", "customers_with_address", "addresses", "mails", "deliveries", "bounced", "deferrals", "complaints"),
    *("proved", "answered", "unproved", "written_unproved", "mails_to_unproved", "mails_before_proof", "judged_mails"),
    *("personal_mails", "unsure_mails", "personal_to_unproved", "never_reacted", "made_up", "shared"),
    "mails_without_date",
)


@contextmanager
def written(path: Path) -> Iterator[IO[str]]:
    """A file of its owner's alone, that is there when it is whole."""
    trial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(
            os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as out:
            yield out
        trial.replace(path)
    finally:
        trial.unlink(missing_ok=True)


class Addresses:
    """All addresses, bucket by bucket, as DIR/work/addresses.parquet; sums over their domains."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = pq.ParquetWriter(path, ADDRESSES, compression="zstd")
        self._domains: list[pa.Table] = []

    def add(self, table: pa.Table) -> None:
        self._writer.write_table(table)
        self._domains.append(_by_domain(table, "mails", "bounced"))

    def close(self) -> None:
        self._writer.close()

    def domains(self) -> list[dict[str, Any]]:
        """Those with the most addresses."""
        if not self._domains:
            return []
        whole = pa.concat_tables(self._domains).group_by("domain")
        sums = [(name, "sum") for name in ("addresses", "mails", "bounced", "reacted")]
        order = [("addresses_sum", "descending"), ("domain", "ascending")]
        rows = whole.aggregate(sums).sort_by(order).slice(0, _DOMAINS).to_pylist()
        return [{"domain": row["domain"]} | {name: row[f"{name}_sum"] for name, _ in sums} for row in rows]


def _by_domain(table: pa.Table, *names: str) -> pa.Table:
    counted = table.append_column("one", pa.array([1] * len(table), pa.int32()))
    counted = counted.append_column("did", pc.cast(table.column("reacted"), pa.int32()))
    sums = counted.group_by("domain").aggregate([(name, "sum") for name in ("one", "did", *names)])
    return pa.table(
        {
            "domain": sums.column("domain"),
            "addresses": sums.column("one_sum"),
            "reacted": sums.column("did_sum"),
            **{name: sums.column(f"{name}_sum") for name in names},
        }
    )


def listed(source: Path, out: Path) -> int:
    """addresses.csv: who was written to without proof, and why it stands there. Plain addresses."""
    many = 0
    names = ("address", "customer", "mails", "personal", "kinds", "first", "last", "reacted", "suspicions")
    with written(out) as file, pq.ParquetFile(source) as table:
        rows = csv.writer(file)
        rows.writerow([*names, "reason"])
        for batch in table.iter_batches(batch_size=10_000):
            for row in batch.to_pylist():
                if row["proved"] or not row["mails"]:
                    continue
                many += 1
                reason = "personal data was sent without proof" if row["personal"] else "written to without proof"
                told_of = row | {
                    "kinds": " ".join(kinds_of(row["kinds"])),
                    "first": told(row["first"]),
                    "last": told(row["last"]),
                }
                rows.writerow([*(told_of[name] for name in names), reason])
    return many


def kinds_of(bits: int) -> list[str]:
    """Names of the kinds whose bits are set."""
    return [kind for number, kind in enumerate(KINDS) if bits & 1 << number]


def masked(address: str) -> str:
    """`h***@example.jp`: recognisable to who knows it."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}***{at}{domain}" if at else f"{address[:1]}***"


# -- the report -------------------------------------------------------------------------------------------------------


def report(
    tally: Tally, sources: list[Source], read: list[dict[str, int]], skips: Skips, templates: content.Templates
) -> dict[str, Any]:
    """report.json, but for what only the run knows (domains, claims, seconds)."""
    return {
        "version": 1,
        "made": clock.now().replace(microsecond=0).isoformat(),
        "period": {"first": told(tally.first), "last": told(tally.last)},
        "inputs": [
            {"path": source.path, "kind": source.kind, "files": max(1, len(source.files)), **counts}
            for source, counts in zip(sources, read, strict=True)
        ],
        "totals": {name: int(tally.totals.get(name, 0)) for name in _TOTALS},
        "by_month": [
            {"month": month, **{name: int(counts[name]) for name in ("mails", "to_unproved", "personal_to_unproved")}}
            for month, counts in sorted(tally.months.items())
        ],
        "kinds": _kinds(tally),
        "suspicions": [
            {"reason": reason, "addresses": counts["addresses"], "mails": counts["mails"]}
            for reason, counts in sorted(tally.suspicions.items(), key=lambda each: (-each[1]["addresses"], each[0]))
        ],
        "templates": _templates(tally, templates),
        "worst": [_worst(row) for row in tally.worst],
        "skipped": skips.told(),
    }


def _kinds(tally: Tally) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "mails": tally.kinds[kind][0],
            "to_unproved": tally.kinds[kind][1],
            "addresses": tally.kinds[kind][2],
            "first": told(tally.kinds[kind][3]),
            "last": told(tally.kinds[kind][4]),
        }
        for kind in KINDS
        if kind in tally.kinds
    ]


def _templates(tally: Tally, templates: content.Templates) -> list[dict[str, Any]]:
    sketches = {int.from_bytes(key[:8], "big"): sketch for key, sketch in templates.sketches.items()}
    found = []
    for number, counts in sorted(tally.templates.items(), key=lambda each: (-each[1]["mails"], each[0]))[:_TEMPLATES]:
        sketch = sketches.get(number)
        found.append(
            {
                "key": f"{number:016x}"[:8],
                "name": sketch.name if sketch else "",
                "sender_domain": sketch.domain if sketch else "",
                "mails": counts["mails"],
                "kinds": {kind: counts[f"kind:{kind}"] for kind in KINDS if counts[f"kind:{kind}"]},
                "to_unproved": counts["to_unproved"],
                "missing": list(sketch.missing) if sketch else [],
            }
        )
    return found


def _worst(row: tuple[Any, ...]) -> dict[str, Any]:
    address, customer, mails, personal, kinds, first, last, reasons, reacted = row[3:]
    return {
        "row": masked(address),
        "customer": customer,
        "mails": mails,
        "personal": personal,
        "kinds": kinds_of(kinds),
        "first": told(first),
        "last": told(last),
        "suspicions": list(reasons),
        "reacted": reacted,
    }


def write(out: Path, told_of: dict[str, Any], language: str) -> None:
    """report.json and report.html."""
    from atesaki.audit.report import render

    with written(out / "report.json") as file:
        json.dump(told_of, file, ensure_ascii=False, indent=1)
    page = render(told_of, "ja" if language == "ja" else "en")
    with written(out / "report.html") as file:
        file.write(page)


@contextmanager
def claims_file(out: Path) -> Iterator[Any]:
    """claims.csv with its heading; its rows are the caller's."""
    with written(out / "claims.csv") as file:
        rows = csv.writer(file)
        rows.writerow(CLAIMS)
        yield rows


def tables(folder: Path, told_of: dict[str, Any]) -> None:
    """What the report says of kinds and of what was passed over, as Parquet beside addresses.parquet."""
    for name in ("kinds", "skipped"):
        pq.write_table(pa.Table.from_pylist(told_of[name]), folder / f"{name}.parquet")
