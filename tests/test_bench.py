"""The benchmark: its figures are right by hand, what is left out stays out, and the page says what the files say."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from benchmarks import BenchError, document, figures, freedom, memory, results, road, size, source
from benchmarks.load import Sent, Target, in_loop, send_paced, send_while
from benchmarks.servers import Unavailable, sink
from benchmarks.targets import targets


def row(name: str, rate: float, number: int = 1, kind: str = "new", **more: Any) -> dict[str, Any]:
    costs = {"cpu_ms_per_mail": 1.5, "cpu_ms_of": {"gate": 1.0, "postgresql": 0.5}, "memory_mb": 80.0}
    return {"road": name, "connections": kind, "round": number, "per_second": rate, **costs, **more}


# -- figures ------------------------------------------------------------------------------------------


def test_a_percentile_is_a_measured_value() -> None:
    values = sorted([5.0, 1.0, 4.0, 2.0, 3.0])
    assert [figures.percentile(values, percent) for percent in (1, 20, 21, 50, 99, 100)] == [1, 1, 2, 3, 5, 5]
    assert figures.percentile(list(range(1, 1001)), 99.9) == 999
    assert figures.percentile([7.0], 50) == 7.0


def test_latency_counts_each_once() -> None:
    found = figures.latency([0.5, 0.6, 1.0, 7.5, 7.6, 5000.0])
    columns = dict(zip((*figures.HISTOGRAM, "open"), found["histogram"], strict=True))
    assert sum(found["histogram"]) == found["count"] == 6
    assert (columns[0.5], columns[1], columns[7.5], columns[10], columns["open"]) == (1, 2, 1, 1, 1)
    assert (found["p50"], found["p99"], found["most"]) == (1.0, 5000.0, 5000.0)


def test_ratios_are_of_one_round() -> None:
    rows = [row("a", 100, 1), row("b", 10, 1), row("a", 50, 2), row("b", 25, 2), row("a", 90, 3), row("b", 30, 3)]
    assert figures.ratios(rows, [("x", "a", "b")]) == {"x_new": {"median": 3.0, "min": 2.0, "max": 10.0}}


def test_there_is_no_ratio_of_what_was_left_out() -> None:
    rows = [row("a", 100, 1), row("a", 100, 1, "reused"), row("b", 10, 1, "reused"), row("a", 9, 2, "reused")]
    assert figures.ratios(rows, [("x", "a", "b"), ("y", "b", "gone")]) == {
        "x_reused": {"median": 10.0, "min": 10.0, "max": 10.0}
    }


def test_slopes_leave_out_the_filling_of_pools() -> None:
    seen = [(0, {"gate": 10.0}), (100_000, {"gate": 60.0}), (200_000, {"gate": 62.0}), (300_000, {"gate": 64.0})]
    assert memory.slopes_of(seen) == {"gate": 2.0}
    with pytest.raises(BenchError, match="fewer than three"):
        memory.slopes_of(seen[:1])


def test_mail_that_went_another_way_ends_the_run() -> None:
    wanted = frozenset({"deliver"})
    assert road.check("proved", Counter(deliver=100, hold=1), wanted, 100) == {"deliver": 100, "hold": 1}
    for outcomes in (Counter(deliver=99), Counter(hold=100), Counter(deliver=100, hold=50), Counter()):
        with pytest.raises(BenchError, match="proved did not work"):
            road.check("proved", outcomes, wanted, 100)
    cut = Counter({"deliver": 98, "": 2})
    assert road.check("proved", cut, wanted, 100, cut=2)
    for outcomes in (cut - Counter(deliver=1), cut + Counter({"": 1}), Counter({"": 2})):
        with pytest.raises(BenchError, match="proved did not work"):
            road.check("proved", outcomes, wanted, 100, cut=2)


def test_a_delivery_after_the_answer_is_seen() -> None:
    sent = [Sent(0.0, 0.2, "deliver"), Sent(0.9, 1.1, "deliver"), Sent(1.3, 1.4, "550"), Sent(1.5, 1.6, "deliver")]
    found = freedom.judge(sent, pressed=1.0, freed=1.2)
    assert (found["tried_afterwards"], found["delivered_afterwards"]) == (2, 1)
    assert found["last_delivery_ms"] == pytest.approx(600)


def test_plans_take_what_is_asked_for() -> None:
    assert size.with_largest(size.WHOLE, 10_000_000).sizes[-1] == 10_000_000
    assert memory.with_most(memory.WHOLE, 1_000_000).mails == 1_000_000
    assert size.with_largest(size.WHOLE, None) == size.WHOLE


# -- load ---------------------------------------------------------------------------------------------


@pytest.mark.postfix
def test_both_loads_count_what_a_sink_took(tmp_path: Path, require: Any) -> None:
    require("smtp-sink")
    require("smtp-source")
    tmp_path.chmod(0o711)
    orders = [(f"{number}@example.jp", b"Subject: x\r\n\r\n.x\r\n.\r\n") for number in range(3)]
    with sink(tmp_path) as server:
        files = source.write(tmp_path / "mails", orders)
        assert files[0][1].read_bytes() == b"Subject: x\n\n.x\n"
        flood = source.flood(server.port, files, reuse=True, clients=3, seconds=0.2, look=lambda: {"a": 1.0})
        assert flood.mails >= flood.counted >= 3
        assert flood.seconds >= 0.2
        assert flood.seen == {"a": 1.0}
        source.send(server.port, files[0], 7, clients=2)
        paced = in_loop(send_paced(Target(server.port, orders), reuse=True, per_second=50, seconds=0.4, clients=4))
        assert [one.outcome for one in paced] == ["accepted"] * 20
        left = iter(range(5))
        kept = in_loop(send_while(Target(server.port, orders), lambda: next(left, None) is not None, reuse=False))
        assert len(kept) == 5
    with pytest.raises(BenchError, match="smtp-source ended"):
        source.send(server.port, files[0], 1)  # nobody listens there any more


def test_a_road_that_cannot_be_had_is_left_out_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import ExitStack, contextmanager

    from benchmarks.servers import Server

    @contextmanager
    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable(f"it is not in {tmp_path}")
        yield

    @contextmanager
    def ours(*_: Any, **__: Any) -> Any:
        from types import SimpleNamespace

        yield SimpleNamespace(gates=[Server(2, {})])

    for where, name in ((road.servers, "postfix"), (road.rivals, "haraka"), (road.rivals, "forwarder")):
        monkeypatch.setattr(where, name, away)
    monkeypatch.setattr(road, "running", ours)
    store: Any = type("Store", (), {"folder": tmp_path, "command": lambda *_: ""})()
    with ExitStack() as stack:
        roads, left_out = road._roads(store, Server(1, {}), 3, stack)
    assert [each.name for each in roads] == ["sink", "proved", "held"]
    assert left_out.keys() == {"postfix_queue", "before_queue", "haraka", "aiosmtpd", "before_postfix"}
    assert set(left_out.values()) == {"it is not in …"}


# -- the page -----------------------------------------------------------------------------------------


def measured() -> dict[str, Any]:
    """Invented results of all benchmarks, as the files hold them."""
    kinds = ("new", "reused")
    names = (("sink", 900.0), ("postfix_queue", 100.0), ("before_queue", 300.0), ("proved", 290.0), ("held", 151.0))
    rows = [row(name, rate, number, kind) for number in (1, 2) for kind in kinds for name, rate in names]
    took = figures.latency([1.0, 2.0, 30.0])
    paced = {
        "per_second": 145.0,
        "sink": took,
        "proved": took,
        "added_p99_ms": {"median": 9.0, "min": 8.0, "max": 15.5},
    }
    costs = [row(name, 100, 1, "reused", cpu_ms_per_mail=cost) for name, cost in (("1000", 2.0), ("9000", 2.3))]
    head = {
        "date": "2001-02-03T00:00:00+00:00",
        "quick": False,
        "gate_processes": 2,
        "machine": {"processor": "P", "cores": 2, "memory_mb": 2048, "system": "S", "file_system": "ext4"}
        | {"fsync_ms": 0.5, "load_average": 0.1},
        "versions": {"atesaki": "0"},
    }
    found = {
        "road": {
            "rounds": 2,
            "seconds": 4,
            "mail_octets": 10240,
            "clients": {"new": 20, "reused": 100},
            "ratios": figures.ratios(rows, road.RATIOS),
            "latency": {kind: paced for kind in kinds},
            "left_out": {"haraka": "It is away."},
            "rows": rows,
        },
        "freedom": {
            "gates": 2,
            "presses": 3,
            "freedom_ms": took,
            "last_delivery_ms": took,
            "tried_afterwards": 50,
            "delivered_afterwards": 0,
        },
        "size": {
            "rounds": 1,
            "mails": 10,
            "sizes": [1000, 9000],
            "database_mb": {"1000": 1, "9000": 9},
            "cpu_ratios": figures.ratios(costs, [("9000_vs_1000", "9000", "1000")], "cpu_ms_per_mail"),
            "rows": costs,
        },
        "release": {"mails": 10, "claims": 2, "seconds": 2.0, "per_second": 5.0, "proof_seconds": 1.0}
        | {"cpu_ms_per_mail": 1.0, "peak_mb": {"work": 70.0}, "seen": [[0, 0, {}], [2, 10, {}]]},
        "pages": {"readers": 8, "rows": [{"page": "confirm", "per_second": 50.0, "cpu_ms_per_page": 9.0, **took}]},
        "memory": {"mails": 10, "mb_per_100000": {"gate": 0.5}, "seen": [[5, {"gate": 60.0}], [10, {"gate": 61.0}]]},
    }
    whole: dict[str, Any] = json.loads(json.dumps({name: head | each for name, each in found.items()}))
    return whole


def test_targets_are_judged_as_they_came_out() -> None:
    found = measured()
    met = {each.what: each.met for each in targets(found)}
    assert met["proved recipients, to Postfix that queues, new connections"] is True
    assert met["proved recipients, to Postfix before the queue, reused connections"] is False, "290 to 300"
    assert met["everything held, to Postfix that queues, new connections"] is True
    assert met["in front of a Postfix that queues, to that Postfix alone, new connections"] is None
    assert met["processor time of a mail with 9,000 addresses and lines, to that with 1,000"] is False
    assert met["from the press of “not me” to its answer, being in force on every gate: p99"] is True
    found["freedom"]["delivered_afterwards"] = 1
    found["road"]["latency"]["new"]["added_p99_ms"]["median"] = 15.0
    met = {each.what: each.met for each in targets(found)}
    assert met["mails delivered after that answer"] is False
    assert met["added to the p99 of the bare sink at half of the load, new connections"] is False
    found["freedom"] |= {"delivered_afterwards": 0, "tried_afterwards": 0}
    assert {each.met for each in targets(found) if "after that answer" in each.what} == {None}, "nothing was tried"
    assert {each.met for each in targets({})} == {None}


def test_the_page_shows_what_was_measured_and_what_was_not() -> None:
    found = measured()
    files = {name: f"{name}-2001-02-03.json" for name in found}
    text = document.page(found, files)
    assert "≥ 1.2 × | 0.97 (0.97–0.97) | **missed** |" in text
    assert "| atesaki, proved | 290 (290–290) | 290 (290–290) | 1.5 | 1.5 | gate 1, postgresql 0.5 | 80.0 |" in text
    assert "Left out: Haraka, smtp_forward. It is away." in text
    assert "not to be quoted" not in text
    found["release"]["quick"] = True
    del found["memory"]
    text = document.page(found, files)
    assert "not to be quoted: release." in text
    assert "missed" not in text, "and not to be judged"
    assert "- memory: not measured yet" in text
    assert "## Memory" not in text


def test_the_plots_are_drawn_and_named_on_the_page() -> None:
    found = measured()
    drawn = document.drawn(found)
    text = document.page(found, {name: f"{name}.json" for name in found})
    assert set(re.findall(r"\(performance/([\w-]+\.svg)\)", text)) == drawn.keys()
    for name, svg in drawn.items():
        root = ElementTree.fromstring(svg)
        assert root.find("{http://www.w3.org/2000/svg}title") is not None, name
        assert "nan" not in svg, name
    assert drawn["road-new.svg"].count("<rect") == 5


def test_a_quick_run_never_takes_the_place_of_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    assert results.newest("road") is None
    quick = results.write("road", {"date": "2001-02-04T00:00:00", "quick": True})
    assert results.newest("road") == quick
    whole = results.write("road", {"date": "2001-02-03T00:00:00", "quick": False})
    assert quick != whole
    assert results.newest("road") == whole


def test_the_page_says_what_the_results_say() -> None:
    """Written anew from the files that it names, it comes out the same, and its plots too."""
    if not document.PAGE.exists():
        pytest.skip("`make bench` was not run yet, so there is no page")
    text = document.PAGE.read_text("utf-8")
    names = dict(re.findall(r"- (\w+): `benchmarks/results/([\w-]+\.json)`", text))
    assert names
    files = {name: results.FOLDER / file for name, file in names.items()}
    if any(name.endswith("-quick.json") for name in names.values()):
        assert "not to be quoted" in text
        pytest.skip("the page was made from a quick run, whose files are not kept")
    assert all(file.exists() for file in files.values()), "the results of a whole run belong to the page"
    found = document.load(files)
    assert text == document.page(found, names)
    for name, svg in document.drawn(found).items():
        assert (document.PLOTS / name).read_text("utf-8") == svg
