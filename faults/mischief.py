"""Commits the faults of a plan, each in its time, and writes down from when to when each was felt."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import psutil

from faults.installation import Installation
from faults.plan import Fault, Plan
from faults.senders import Senders

_AT_ONCE = 3
_UPSTREAM = ("temporary", "permanent", "silent", "cut_before_dot", "cut_after_dot", "slow")


@dataclass(slots=True)
class Felt:
    """A fault that was committed: from when to when (monotonic) it could be felt; `why` if it could not be."""

    fault: Fault
    began: float
    ended: float = 0.0
    why: str = ""

    def near(self, first: float, last: float) -> bool:
        """Whether any of it falls between these moments."""
        return not self.why and self.began <= last and (self.ended or time.monotonic()) >= first


class Mischief:
    """Everything that goes wrong in a run."""

    def __init__(self, plan: Plan, installation: Installation, senders: Senders) -> None:
        self.plan, self.installation, self.senders = plan, installation, senders
        self.felt: list[Felt] = []
        self._busy: set[str] = set()
        self._dice = Random(f"{plan.seed} mischief")

    async def run(self, share: Callable[[], float]) -> None:
        """Commits each fault when so much of the run is over, at most three at a time and one on a part."""
        tasks: set[asyncio.Task[None]] = set()
        for fault in self.plan.schedule():
            while share() < fault.at or len(self._busy) >= _AT_ONCE or fault.target in self._busy:
                await asyncio.sleep(0.02)
            self._busy.add(fault.target)
            tasks.add(asyncio.create_task(self._commit(fault)))
        await asyncio.gather(*tasks)

    async def _commit(self, fault: Fault) -> None:
        felt = Felt(fault, time.monotonic())
        self.felt.append(felt)
        try:
            felt.why = await self._do(fault)
        finally:
            felt.ended = time.monotonic()
            self._busy.discard(fault.target)

    async def _do(self, fault: Fault) -> str:
        """Commits one; why it could not be, if it could not."""
        town, target = self.installation, fault.target
        match fault.kind:
            case "kill" | "kill_database":
                return await self._kill(target)
            case "clock":
                town.skew(target, fault.skew)
                return await self._kill(target)
            case "kill_backend":
                return await self._kill_backend()
            case "pause" | "long_pause":
                there = town.signal(target, signal.SIGSTOP)
                await asyncio.sleep(fault.seconds)
                town.signal(target, signal.SIGCONT)
                return "" if there else "it was not running"
            case "disk_full":
                return await self._fill(fault.seconds)
            case "split_stall" | "refuse":
                town.split(target, fault.kind.removeprefix("split_"), fault.seconds)
                await asyncio.sleep(fault.seconds + 0.1)
            case "split_cut":
                town.split(target, "cut", 0.2)
                await asyncio.sleep(0.3)
            case kind if kind in _UPSTREAM:
                town.misbehave(kind, fault.share, fault.seconds)
                await asyncio.sleep(fault.seconds)
            case kind:
                self.senders.cuts.extend([kind.removeprefix("client_")] * self._dice.randint(2, 6))
                await asyncio.sleep(0.5)
        return ""

    async def _kill(self, target: str) -> str:
        town = self.installation
        pid = town.pids.get(target)
        if not town.signal(target, signal.SIGKILL):
            return "it was not running"
        await self._lives_again(target, pid)
        return ""

    async def _lives_again(self, target: str, pid: int | None) -> None:
        ends = time.monotonic() + 60
        while self.installation.pids.get(target) in (None, pid) and time.monotonic() < ends:
            await asyncio.sleep(0.05)

    async def _kill_backend(self) -> str:
        """One that serves a part; PostgreSQL then ends all of them and starts anew from its log."""
        pid = self.installation.pids.get("database")
        if pid is None:
            return "it was not running"
        with suppress(psutil.Error):
            serving = [one for one in psutil.Process(pid).children() if "atesaki atesaki" in " ".join(one.cmdline())]
            if serving:
                self._dice.choice(serving).kill()
                await asyncio.sleep(1.5)
                return ""
        return "nobody was connected"

    async def _fill(self, seconds: float) -> str:
        town = self.installation
        if town.disk:
            return town.disk
        pid = town.pids.get("database")
        town.fill(full=True)
        await asyncio.sleep(seconds)
        town.fill(full=False)
        if "database" not in town.pids:
            await self._lives_again("database", pid)
        return ""
