"""The fault harness: no promise is broken by the product as it is, and a product that is wrong is found."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from faults.judge import Judge
from faults.mischief import Felt
from faults.mutants import _APPLIED, MUTATIONS
from faults.plan import KINDS, Fault, Plan
from faults.records import Arrival, Records

from faults import town

ROOT = Path(__file__).parent.parent


def play(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "faults", "--quick", "--boxes", "24", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=560, check=False)


@pytest.mark.slow
@pytest.mark.timeout(600)  # on a busy machine each of its programs takes long to begin
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="stops processes, and looks at them in /proc")
def test_every_promise_is_kept_under_faults() -> None:
    done = play("--seconds", "6", "--faults", "10")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "every promise was kept" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)  # on a busy machine each of its programs takes long to begin
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="stops processes, and looks at them in /proc")
def test_a_product_that_delivers_without_a_proof_is_found() -> None:
    done = play("--seconds", "4", "--faults", "1", "--mutation", "ajar")
    assert done.returncode == 1, done.stdout[-6000:] + done.stderr[-2000:]
    assert "I2: " in done.stdout and "atesaki explain" in done.stdout, "the story is told"


# -- the judge alone: each promise broken once, in records made by hand ------------------------------------------------


class World:
    """Three mails to one mailbox that was proved at second 10, and records in which all is well."""

    def __init__(self, folder: Path) -> None:
        self.boxes = town.boxes(1, 20)
        self.box = next(box for box in self.boxes if box.kind == "disavowing")
        self.box.said = [("proof", 10.0, 11.0)]
        self.records = Records(folder / "none")
        self.felt: list[Felt] = []
        post = town.Post(1, self.boxes)
        self.mails = [post.next((self.box,)) for _ in range(3)]
        for number, mail in enumerate(self.mails):
            post.content(mail)
            self.send(mail, 20.0 + number)
            self.arrive(mail, 20.1 + number)

    def send(self, mail: town.Mail, at: float, code: str = "250") -> None:
        mail.tries.append((at, at + 0.05, at + 0.2, code, "", "gate-1"))

    def arrive(self, mail: town.Mail, at: float, *, told: bool = True) -> None:
        one = Arrival(str(len(self.records.arrivals)), at, (self.box.address,), mail.id, mail.sha, b"", told)
        self.records.arrivals.append(one)

    def judged(self, *steps: str) -> list[str]:
        judge = Judge(self.mails, self.boxes, self.records, self.felt)
        for step in steps or ("_every_arrival", "_every_double", "_every_order"):
            getattr(judge, step)()
        return sorted({one.promise for one in judge.violations})


@pytest.fixture
def judged(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_judge_finds_nothing_where_nothing_is(judged: World) -> None:
    assert judged.judged() == []


def test_the_judge_finds_mail_without_a_proof(judged: World) -> None:
    judged.box.said = [("proof", 20.5, 20.6)]
    assert judged.judged() == ["I2"]


def test_the_judge_finds_mail_after_not_me_and_none_after_a_fresh_proof(judged: World) -> None:
    judged.box.said.append(("not_me", 21.0, 22.05))
    assert judged.judged() == ["I3"]
    judged.box.said.append(("proof", 22.06, 22.2))
    assert judged.judged() == []
    judged.box.said[1:] = [("not_me", 21.5, 0.0)]
    assert judged.judged() == ["I3"], "the page must say that it is done"
    judged.box.said[1:] = [("not_me", 21.5, 23.0)]
    assert judged.judged() == [], "and what came before it said so came in time"


def test_the_judge_knows_a_paused_next_hop(judged: World) -> None:
    judged.box.said.append(("not_me", 21.0, 22.05))
    judged.felt.append(Felt(Fault(0, 0, "pause", "upstream", 1, 1), 21.2, 22.08))
    assert judged.judged() == []


def test_the_judge_wants_a_reason_for_what_came_twice(judged: World) -> None:
    first = judged.mails[0]
    judged.arrive(first, 30.0)
    assert judged.judged() == ["I4"]
    judged.records.arrivals[0].told = False
    assert judged.judged() == []
    judged.records.arrivals[0].told = True
    judged.send(first, 29.9)
    first.tries[0] = (20.0, 20.05, 20.2, "lost", "", "gate-1")
    assert judged.judged() == ["I4"], "a lost answer needs a fault that lost it"
    judged.felt.append(Felt(Fault(0, 0, "kill", "gate-2", 0, 1), 20.1, 20.15))
    assert judged.judged() == ["I4"], "and at that gate"
    judged.felt.append(Felt(Fault(1, 0, "kill", "gate-1", 0, 1), 20.1, 20.15))
    assert judged.judged() == []


def test_the_judge_finds_another_order(judged: World) -> None:
    for mail in judged.mails:
        mail.outcomes = ("hold",)
    assert judged.judged("_every_order") == []
    judged.records.arrivals[0].t, judged.records.arrivals[2].t = 40.0, 39.0
    assert judged.judged("_every_order") == ["I5"]


def test_the_judge_reads_logs(judged: World, tmp_path: Path) -> None:
    log = tmp_path / "gate.log"
    for line, wrong in (
        ("p***@faults.example.jp /n/***", False),
        (judged.box.address, True),
        (judged.box.address.replace("@", "%40"), True),
        (town.CANARIES[1], True),
        (town.CANARIES[1].encode("unicode_escape").decode(), True),
        ("GET /c/" + "a" * 32, True),
    ):
        log.write_text(line + "\n")
        judge = Judge([], judged.boxes, judged.records, [])
        judge._log(log)
        assert [one.promise for one in judge.violations] == (["I7"] if wrong else []), line


# -- the plan ----------------------------------------------------------------------------------------------------------


def test_a_seed_replays_a_plan() -> None:
    plan = Plan(5, 1000, 60)
    assert plan.schedule() == Plan(5, 1000, 60).schedule() != replace(plan, seed=6).schedule()
    assert {fault.kind for fault in plan.schedule()} == set(KINDS), "some of each kind"
    one, other = (town.Post(5, town.boxes(5, 40)) for _ in range(2))
    mails = [(post.next(), post) for post in (one, other)]
    assert len({post.content(mail) for mail, post in mails}) == 1


def test_a_mail_is_recognised_octet_for_octet() -> None:
    post = town.Post(5, town.boxes(5, 40))
    mail = post.next()
    raw = post.content(mail)
    left = re.sub(rb"^X-Atesaki-[^\r]*\r\n", b"", raw, flags=re.M)
    trace = b"Received: from a ([127.0.0.1])\r\n\tby b with ESMTPA id 1;\r\n\tMon, 6 Jan 2025 09:00:00 +0000\r\n"
    assert town.digest(town.without_trace(trace + left)) == mail.sha
    assert town.digest(town.without_trace(trace + left + b" ")) != mail.sha


def test_each_mutation_is_told_and_made() -> None:
    told = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    assert set(MUTATIONS) == set(_APPLIED)
    assert [name for name in MUTATIONS if f"| `{name}` |" not in told] == []
    assert [kind for kind in KINDS if f"`{kind}`" not in told] == []
