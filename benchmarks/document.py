"""`python -m benchmarks.document`: docs/performance.md and its plots, from the newest results of each benchmark."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import figures, plots, results
from benchmarks.plots import number
from benchmarks.targets import Found, targets

NAMES = ("road", "freedom", "size", "release", "pages", "memory")
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
PLOTS = PAGE.parent / "performance"
_KINDS = {"new": "a connection for each mail", "reused": "connections kept"}
_WAYS = {
    "sink": "straight into the sink",
    "postfix_queue": "Postfix, queueing",
    "before_queue": "Postfix, before the queue",
    "haraka": "Haraka, smtp_forward",
    "aiosmtpd": "aiosmtpd, forwarding",
    "proved": "atesaki, proved",
    "held": "atesaki, everything held",
    "before_postfix": "atesaki, then Postfix",
}
_HEAD = """\
# How fast it is

This page is written by `python -m benchmarks.document` from the files in the list; to measure anew, call `make bench`
(a quarter of an hour on a quiet machine), or `make bench ARGS="road"` for one of them. `make bench QUICK=1` only sees
that it works.

{files}
{warning}
Measured with {machine}. {versions}. One gate with {processes} processes.

## Targets

{targets}

A ratio is the median of the rounds' own ratios, with the least and the most: in a round both sides were measured
within seconds of each other, so what slowed the machine slowed both.
"""
_ROAD = """\
## The road

{octets:,} octets a mail, {rounds} rounds of {seconds:g} s each, the roads in turns and another first in each round.
The load is Postfix's own `smtp-source`, one process for each client, which sends no mail before its last was answered
with 250; counted is while all of them were sending. Every mail goes on into the same `smtp-sink`. Load, server,
database and sink share the cores. After each run the ledger was asked: every mail that atesaki accepted is on it, with
the outcome of its road.

- **Postfix, queueing** answers once its queue file is on disk. **Postfix, before the queue** is its
  `smtpd_proxy_filter`: each mail is handed through while its sender waits, and never queued. Both with the
  configuration that Postfix comes with, but 250 processes at most, for a hundred clients.
- **Haraka** with `queue/smtp_forward`, two nodes; **aiosmtpd** with aiosmtplib on uvloop and kept connections, two
  processes. They write nothing down and look nothing up.
- **atesaki, proved** delivers at once: a ledger line for each recipient before and after, the standing looked up in
  PostgreSQL. **everything held** seals each mail into the database. **then Postfix** hands on to the Postfix of the
  first line, which queues.

Mails in a second, median (least–most); processor time of the server's processes for each mail, until nothing of it
was queued any more; memory at the end of a run, the most of all runs, what processes share counted once.

{table}

![Mails in a second, connections kept.](performance/road-reused.svg)

![Mails in a second, a connection for each mail.](performance/road-new.svg)

{left_out}### How long a mail takes

At half of the rate that proved recipients came to, paced by the clock: a mail counts from when it was due. In
milliseconds.

{latency}

![How long a mail took.](performance/latency.svg)
"""
_FREEDOM = """\
## From “not me” to freedom

{presses} presses, each while two clients were sending to that address at each of {gates} gates. What is timed is
`notme.report`, which answers when nothing is on its way any more. The last mail that was still delivered was answered
{last_p50} ms (p50), {last_p99} ms (p99) after the press; the answer came after {p50} ms (p50), {p99} ms (p99),
{most} ms at most. Of {tried:,} mails that were begun after it, {delivered} were delivered.
"""
_SIZE = """\
## Cost against size

Each size is a database of its own, beside the others, its rows copies of what the code itself wrote once; one gate on
each, measured in turns, {rounds} rounds. In each run {mails:,} mails go to as many addresses, spread over all.

{table}

![Processor time of a mail.](performance/size.svg)
"""
_RELEASE = """\
## Mail that waited, released

{mails:,} mails behind {claims:,} claims, proved one after the other. From the first proof until the last mail had left
it took {seconds:,} s: **{rate} mails/s**, {cpu} ms of processor time each. The proofs were all in after {proofs:,} s.
Peak memory: {peaks}.

![How many had left.](performance/release.svg)
"""
_PAGES = """\
## Pages

One web process, {readers} readers at once who each wait for one page before they ask for the next. Milliseconds.

{table}
"""
_MEMORY = """\
## Memory

{mails:,} mails, nine in ten delivered and one in ten held. Growth for each 100,000 mails once the first fifth had gone
through: {slopes}.

![Memory while mail comes in.](performance/memory.svg)
"""


def page(found: Found, files: Mapping[str, str]) -> str:
    """The whole page. `files`: each benchmark's file."""
    first = next(iter(found.values()))
    machine, versions = first["machine"], {k: v for each in found.values() for k, v in each["versions"].items()}
    quick = [name for name, each in found.items() if each["quick"]]
    listed = [
        f"- {name}: `benchmarks/results/{files[name]}`, {found[name]['date'][:10]}, load average of the machine before"
        f" it {found[name]['machine']['load_average']}"
        if name in found
        else f"- {name}: not measured yet"
        for name in NAMES
    ]
    warning = f"\n**Made in a hurry, not to be quoted: {', '.join(quick)}.**\n" if quick else ""
    # Of figures that are not to be quoted none is met or missed.
    judged = [[t.what, t.wanted, t.measured, "not judged" if quick else t.word] for t in targets(found)]
    head = _HEAD.format(
        files="\n".join(listed),
        warning=warning,
        machine=f"{machine['processor']}, {machine['cores']} cores, {machine['memory_mb'] // 1024} GiB,"
        f" {machine['system']}, {machine['file_system']}, an fsync of {machine['fsync_ms']} ms",
        versions=", ".join(f"{name} {version}" for name, version in versions.items()),
        processes=first["gate_processes"],
        targets=_table(["what", "target", "measured", ""], judged),
    )
    sections: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "road": _road, "freedom": _freedom, "size": _size, "release": _release, "pages": _pages, "memory": _memory,
    }  # fmt: skip
    return "\n".join([head, *(sections[name](found[name]) for name in NAMES if name in found)])


def drawn(found: Found) -> dict[str, str]:
    """The plots, by the names of their files."""
    made = {}
    if road := found.get("road"):
        for kind, words in _KINDS.items():
            rates = _by_road(road["rows"], kind, "per_second")
            rows = [(_WAYS[name], each["median"], each["min"], each["max"]) for name, each in rates.items()]
            made[f"road-{kind}.svg"] = plots.bars(f"Mails in a second, {words}", rows, "/s")
        paced = road["latency"]["reused"]
        shown = {"proved": paced["proved"]["histogram"], "bare sink": paced["sink"]["histogram"]}
        title = "How long a mail took, connections kept, at half of the load"
        made["latency.svg"] = plots.columns(title, figures.HISTOGRAM, shown, "milliseconds, up to")
    if size := found.get("size"):
        costs = _by_road(size["rows"], "reused", "cpu_ms_per_mail")
        rows = [(f"{int(name):,}", each["median"], each["min"], each["max"]) for name, each in costs.items()]
        made["size.svg"] = plots.bars("Processor time of a mail, by known addresses", rows, "ms")
    if release := found.get("release"):
        points = {"mails": [(at, left) for at, left, _ in release["seen"]]}
        made["release.svg"] = plots.lines("Waiting mails that had left", points, "seconds", "mails")
    if memory := found.get("memory"):
        series = {name: [(mails, each[name]) for mails, each in memory["seen"]] for name in memory["mb_per_100000"]}
        made["memory.svg"] = plots.lines("Memory while mail comes in", series, "mails", "MB")
    return made


def _road(found: Mapping[str, Any]) -> str:
    kinds = {kind: f"{words}, {found['clients'][kind]} clients" for kind, words in _KINDS.items()}
    rates = {kind: _by_road(found["rows"], kind, "per_second") for kind in kinds}
    costs = {kind: _by_road(found["rows"], kind, "cpu_ms_per_mail") for kind in _KINDS}
    memory = {kind: _by_road(found["rows"], kind, "memory_mb") for kind in _KINDS}
    rows = []
    for name in rates["reused"]:
        peak = max(memory[kind][name]["max"] for kind in _KINDS)
        rows.append(
            [_WAYS[name], *(_spread(rates[kind][name]) for kind in _KINDS)]
            + [number(costs[kind][name]["median"]) for kind in _KINDS]
            + [_parts(found["rows"], name), number(peak)]
        )
    heads = ["road", *(f"mails/s, {words}" for words in kinds.values())]
    heads += ["ms CPU, new", "ms CPU, kept", "of that, kept", "MB"]
    latency = []
    for kind, words in kinds.items():
        each = found["latency"][kind]
        for key, name in (("sink", "the bare sink"), ("proved", "atesaki, proved")):
            took = [number(each[key][rank]) for rank in ("p50", "p90", "p99", "most")]
            latency.append([f"{words}, {number(each['per_second'])}/s", name, *took])
    left = "".join(f"- Left out: {_WAYS[name]}. {why}\n" for name, why in found["left_out"].items())
    return _ROAD.format(
        octets=found["mail_octets"],
        rounds=found["rounds"],
        seconds=found["seconds"],
        table=_table(heads, rows),
        left_out=left + "\n" if left else "",
        latency=_table(["load", "road", "p50", "p90", "p99", "most"], latency),
    )


def _parts(rows: Sequence[Mapping[str, Any]], road: str) -> str:
    """Which group of processes the time went to, with kept connections."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if (row["road"], row["connections"]) == (road, "reused"):
            for name, each in row["cpu_ms_of"].items():
                found[name].append(each)
    return ", ".join(f"{name} {number(figures.three(each)['median'])}" for name, each in found.items())


def _freedom(found: Mapping[str, Any]) -> str:
    took, last = found["freedom_ms"], found["last_delivery_ms"]
    return _FREEDOM.format(
        presses=found["presses"],
        gates=found["gates"],
        last_p50=number(last["p50"]),
        last_p99=number(last["p99"]),
        p50=number(took["p50"]),
        p99=number(took["p99"]),
        most=number(took["most"]),
        tried=found["tried_afterwards"],
        delivered=found["delivered_afterwards"],
    )


def _size(found: Mapping[str, Any]) -> str:
    costs, rates = (_by_road(found["rows"], "reused", name) for name in ("cpu_ms_per_mail", "per_second"))
    rows = [
        [f"{int(name):,}", _spread(costs[name]), _spread(rates[name]), f"{found['database_mb'][name]:,}"]
        for name in costs
    ]
    heads = ["addresses and lines", "ms CPU a mail", "mails/s", "MB of database"]
    return _SIZE.format(rounds=found["rounds"], mails=found["mails"], table=_table(heads, rows))


def _release(found: Mapping[str, Any]) -> str:
    return _RELEASE.format(
        mails=found["mails"],
        claims=found["claims"],
        seconds=found["seconds"],
        rate=number(found["per_second"]),
        cpu=number(found["cpu_ms_per_mail"]),
        proofs=found["proof_seconds"],
        peaks=", ".join(f"{name} {number(each)} MB" for name, each in found["peak_mb"].items()),
    )


def _pages(found: Mapping[str, Any]) -> str:
    heads = ["page", "pages/s", "p50", "p99", "ms CPU"]
    return _PAGES.format(
        readers=found["readers"],
        table=_table(
            heads,
            [
                [f"`{row['page']}`", *(number(row[name]) for name in ("per_second", "p50", "p99", "cpu_ms_per_page"))]
                for row in found["rows"]
            ],
        ),
    )


def _memory(found: Mapping[str, Any]) -> str:
    slopes = ", ".join(f"{name} {each:+.2f} MB" for name, each in found["mb_per_100000"].items())
    return _MEMORY.format(mails=found["mails"], slopes=slopes)


def _by_road(rows: Sequence[Mapping[str, Any]], kind: str, value: str) -> dict[str, dict[str, float]]:
    """Median, least and most of one value, for each road in the order of `rows`' first round."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row["connections"] == kind:
            found[row["road"]].append(row[value])
    return {name: figures.three(each) for name, each in found.items()}


def _spread(three: Mapping[str, float]) -> str:
    return f"{number(three['median'])} ({number(three['min'])}–{number(three['max'])})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def load(files: Mapping[str, Path]) -> Found:
    return {name: json.loads(file.read_text("utf-8")) for name, file in files.items()}


def main() -> int:
    """Writes page and plots."""
    files = {name: file for name in NAMES if (file := results.newest(name)) is not None}
    if not files:
        raise SystemExit("no results yet: call `make bench`")
    found = load(files)
    PLOTS.mkdir(exist_ok=True)
    for name, text in drawn(found).items():
        (PLOTS / name).write_text(text, "utf-8")
    PAGE.write_text(page(found, {name: file.name for name, file in files.items()}), "utf-8")
    print(f"{PAGE} from {', '.join(file.name for file in files.values())}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
