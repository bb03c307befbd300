"""One run: an installation, its load, its owners, its faults; then peace, and the judgement."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from faults import town
from faults.installation import GATES, PARTS, Installation
from faults.judge import Judge
from faults.mischief import Mischief
from faults.people import People
from faults.plan import Plan
from faults.records import Records
from faults.senders import Senders
from faults.story import tell

_CALM_SECONDS = 600.0
_STORIES = 12
# An operator who waits for so long sees everything tried again that was put off: by a node with the right time, and
# by one that was a day ahead, for which it is due by its own clock.
_LATER = ("6h", "6h", "30h", "30h")


class Run:
    """Everything that one run has."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.boxes = town.boxes(plan.seed, plan.boxes)
        self.installation = Installation(folder, plan.mutation)
        self.records = Records(self.installation.record)
        self.ends, self.last_sent = asyncio.Event(), asyncio.Event()
        self.began = self.loaded = 0.0
        self.times: dict[str, float] = {}
        self.postgresql = ""
        self.senders: Senders
        self.people: People
        self.mischief: Mischief

    def share(self) -> float:
        """How much of the run is over."""
        passed = time.monotonic() - self.began
        if self.plan.seconds:
            return passed / self.plan.seconds
        return self.senders.answered / self.plan.mails

    async def play(self) -> dict[str, Any]:
        """1 open 2 settle in 3 load and faults 4 calm 5 drain 6 judge; the report."""
        start = time.monotonic()
        try:
            await self.installation.open()
            issued = self.installation.issued
            self.people = People(
                self.installation.ports["web"], issued["api_key"], self.boxes, self.records, self.plan.seed
            )
            await self.people.settle_in()
            login = (issued["smtp_username"], issued["smtp_password"])
            ports = {gate: self.installation.ports[gate] for gate in GATES}
            self.senders = Senders(town.Post(self.plan.seed, self.boxes), ports, login, self.plan.seed)
            self.mischief = Mischief(self.plan, self.installation, self.senders)
            self.times["opened"] = time.monotonic() - start
            print(f"faults: all is up, after {self.times['opened']:.0f} s", flush=True)
            await self._load()
            print(f"faults: calm after {self.times['calm']:.0f} s; what waits is driven, then judged", flush=True)
            await self._drain()
            return await asyncio.to_thread(self._judged)
        finally:
            await self.installation.close()

    async def _load(self) -> None:
        self.began = time.monotonic()
        self.senders.until = lambda: not self.ends.is_set()
        clients = [asyncio.create_task(self.senders.client(each, self.last_sent)) for each in range(self.plan.clients)]
        owners = [
            asyncio.create_task(self.people.live(box, self.share, self.senders, self.ends))
            for box in self.boxes
            if box.presses
        ]
        mischief = asyncio.create_task(self.mischief.run(self.share))
        telling = asyncio.create_task(self._tell())
        while self.share() < 1 or not mischief.done():
            if mischief.done():
                mischief.result()
            self.people.read_mail()
            await asyncio.sleep(0.1)
        self.ends.set()
        self.loaded = time.monotonic()
        await mischief
        self._calm()
        await self._within(asyncio.gather(*owners), _CALM_SECONDS)  # whoever has pressed is sent a last mail
        self.last_sent.set()
        await self._within(asyncio.gather(*clients), _CALM_SECONDS)
        telling.cancel()
        self.times["load"] = self.loaded - self.began
        self.times["calm"] = time.monotonic() - self.loaded

    async def _within(self, work: asyncio.Future[Any], seconds: float) -> None:
        """Waits for `work`, so long; what is not done by then is judged as it is."""
        ends = time.monotonic() + seconds
        while not work.done() and time.monotonic() < ends:
            self.people.read_mail()
            await asyncio.sleep(0.1)
        if work.done():
            work.result()
        else:
            work.cancel()

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(15)
            print(self.line(), flush=True)

    def line(self) -> str:
        """How far it is."""
        answered, felt = self.senders.answered, len(self.mischief.felt)
        passed = time.monotonic() - self.began
        return (
            f"{passed:6.0f} s  {answered:7} mails answered ({answered / max(passed, 1):.0f}/s), {felt} faults,"
            f" {len(self.records.arrivals)} accepted by the next hop, {len(self.people.pressed)} presses done,"
            f" {self.senders.unanswered} with their clients"
        )

    def _calm(self) -> None:
        """Nothing goes wrong any more."""
        for part in (*PARTS, "upstream"):
            self.installation.signal(part, signal.SIGCONT)
        self.installation.misbehave("", 0, 0)
        self.installation.split("all", "", 0)

    async def _drain(self) -> None:
        """Lets leave what may: 1 the parts end in order 2 what was lost is swept 3 all that is due is driven."""
        began = time.monotonic()
        for part in PARTS:
            self.installation.tell(do="stop", part=part)
        gone = lambda: not any(part in self.installation.pids for part in PARTS)  # noqa: E731
        await self.installation.until(gone, "the end of the parts")
        if self.plan.patient:
            await asyncio.sleep(42)  # the time after which nobody can be handing over what is still called leaving
        else:
            await asyncio.to_thread(self._age)
        for offset in _LATER:
            await self.installation.command("due", offset=offset)
            self.people.read_mail()
            if not await asyncio.to_thread(self._waiting):
                break
        self.times["drain"] = time.monotonic() - began

    def _age(self) -> None:
        """Has what died while it was leaving look older: every process is gone, so nothing can be on its way."""
        import psycopg

        with psycopg.connect(self.installation.database_url, autocommit=True) as connection:
            for table in ("atesaki_line", "atesaki_departure"):
                connection.execute(
                    f"UPDATE {table} SET leaving_since = leaving_since - interval '10 minutes'"  # noqa: S608 - ours
                    " WHERE leaving_since IS NOT NULL"
                )

    def _waiting(self) -> int:
        import psycopg

        with psycopg.connect(self.installation.database_url) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM atesaki_departure)"
                " + (SELECT count(*) FROM atesaki_line WHERE state = 'leaving')"
            ).fetchone()
        return int(row[0]) if row else 0

    def _judged(self) -> dict[str, Any]:
        began = time.monotonic()
        os.environ |= {
            "DATABASE_URL": self.installation.database_url,
            "ATESAKI_HOME": str(self.installation.home),
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder / "metrics"),  # not on the disk that is to be unmounted
        }
        (self.folder / "metrics").mkdir()
        from atesaki.cli.installation import installation

        with installation():
            from django.db import connection

            with connection.cursor() as cursor:
                cursor.execute("SHOW server_version")
                self.postgresql = str(cursor.fetchone()[0])
            self.records.read()
            judge = Judge(self.senders.mails, self.boxes, self.records, self.mischief.felt)
            judge.run([*self._logs()])
            stories = [tell(one, judge, self.began) for one in _some(judge.violations)]
        self.times["judged"] = time.monotonic() - began
        return self._report(judge, stories)

    def _logs(self) -> list[Path]:
        ours = ("upstream.log", "proxy.log", "keeper.log")
        return [
            *(log for log in self.installation.logs.iterdir() if log.name not in ours),
            *(self.installation.home / "log").glob("*"),
        ]

    def _report(self, judge: Judge, stories: list[str]) -> dict[str, Any]:
        felt = self.mischief.felt
        codes = Counter(one[3] for mail in judge.mails for one in mail.tries)
        return {
            "plan": {
                name: getattr(self.plan, name) for name in ("seed", "mails", "faults", "seconds", "clients", "mutation")
            },
            "machine": {"postgresql": self.postgresql},
            "mails": len(judge.mails),
            "recipients": sum(len(mail.to) for mail in judge.mails),
            "taken": sum(mail.taken for mail in judge.mails),
            "attempts": dict(codes.most_common()),
            "fates": dict(judge.fates.most_common()),
            "accepted_upstream": sum(len(came) for came in judge.arrivals.values()),
            "our_own_mails": dict(judge.ours),
            "doubles": dict(judge.doubles.most_common()),
            "late": dict(judge.late),
            "faults": dict(Counter(one.fault.kind for one in felt if not one.why).most_common()),
            "not_committed": dict(Counter(f"{one.fault.kind}: {one.why}" for one in felt if one.why)),
            "restarts": dict(Counter(one["part"] for one in self.installation.events if one["what"] == "ended")),
            "presses": self._presses(),
            "odd": self.people.odd[:20],
            "seconds": {name: round(took, 1) for name, took in self.times.items()},
            "mails_per_second": round(len(judge.mails) / max(self.times["load"], 0.1), 1),
            "violations": dict(Counter(one.promise for one in judge.violations)),
            "stories": stories,
        }

    def _presses(self) -> dict[str, Any]:
        told = {}
        for what in ("proof", "not_me"):
            took = sorted(seconds for kind, seconds in self.people.pressed if kind == what)
            if took:
                middle, high = took[len(took) // 2], took[min(len(took) - 1, len(took) * 99 // 100)]
                told[what] = {"many": len(took), "p50_s": round(middle, 3), "p99_s": round(high, 3)}
        return told


def _some(violations: list[Any]) -> list[Any]:
    """A few of each promise: a story is long, and the second is mostly like the first."""
    seen: Counter[str] = Counter()
    some = []
    for one in violations:
        seen[one.promise] += 1
        if seen[one.promise] <= _STORIES // 3:
            some.append(one)
    return some


def play(plan: Plan, folder: Path, *, keep: Path | None = None) -> dict[str, Any]:
    """Plays a plan in a folder of its own; the report. With `keep` its records are copied there."""
    try:
        return asyncio.run(_heeding(Run(plan, folder)))
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    finally:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            for each in [*folder.glob("*.jsonl"), *(folder / "logs").glob("*.log")]:
                shutil.copy(each, keep)


async def _heeding(run: Run) -> dict[str, Any]:
    """A signal cancels it, so that it ends in order: what a handler raises would only end the loop."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    came: list[int] = []

    def heed(sign: int) -> None:
        if not came and task is not None:
            task.cancel()
        came.append(sign)  # once is enough: a second one would cancel the tidying up

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, heed, sign)
    return await run.play()


def folder() -> Path:
    """A new one, with a copy of the source: a run judges one state of it, whatever is edited meanwhile."""
    made = Path(tempfile.mkdtemp(prefix="faults-"))
    source = Path(__file__).parent.parent / "src" / "atesaki"
    shutil.copytree(source, made / "source" / "atesaki")
    return made
