"""The installation under test: its folder, its processes by way of the keeper, and the knobs of what is around it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from faults import FaultsError

ROOT = Path(__file__).parent.parent
GATES, WORKERS = ("gate-1", "gate-2"), ("work-1", "work-2")
PARTS = (*GATES, *WORKERS, "web")
_FOREIGN = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR")
_READY_SECONDS = 90.0
_DISK = 3 * 2**30  # octets of the tmpfs, which takes only what is written


class Installation:
    """Everything that runs. `open` it, and `close` it whatever happens."""

    def __init__(self, folder: Path, mutation: str = "") -> None:
        self.folder, self.mutation = folder, mutation
        self.home, self.logs = folder / "home", folder / "logs"
        self.record, self.knob, self.splits = folder / "upstream.jsonl", folder / "knob.json", folder / "splits.json"
        self.pids: dict[str, int] = {}
        self.events: list[dict[str, Any]] = []
        ports = _free_ports(2 * len(PARTS) + 1)
        self.ways = {part: ports.pop() for part in PARTS}
        self.ports = {part: ports.pop() for part in (*PARTS, "upstream")}
        self.issued: dict[str, str] = {}
        self.disk = ""  # why no disk can be filled; empty if one can
        self.skews: dict[str, str] = {}
        self.database_url = ""
        self._splits: dict[str, Any] = {}
        self._keeper: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._mounted = False

    async def open(self) -> None:
        """1 a disk 2 the database 3 its state and the shop 4 what is ours around it 5 the parts."""
        self.logs.mkdir()
        self.home.mkdir(mode=0o700)
        self._mount()
        self._keeper = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "faults.keeper", str(self.home)),
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.logs / "keeper.log").open("ab"),
            start_new_session=True,
            limit=2**20,
        )
        self._listening = asyncio.create_task(self._listen())
        await self.until(lambda: bool(self.database_url), "the database")
        if self.mutation == "forgetful":
            await self._forgetful()
        self.issued = json.loads(await self.command(module="faults.prepare"))
        self._begin_ours()
        for part in PARTS:
            self._begin(part, self._words(part), self.part_environment(part))
        await self.until(lambda: all(_listens(self.ports[part]) for part in (*GATES, "web", "upstream")), "the parts")

    def _mount(self) -> None:
        """A small disk of our own that can be full: a tmpfs, which is shrunk to what lies on it."""
        if os.geteuid() != 0:
            self.disk = "only root can mount a disk that may be full"
            return
        words = ["mount", "-t", "tmpfs", "-o", f"size={_DISK},mode=0700", "tmpfs", str(self.home)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
        self.disk = f"no tmpfs can be mounted here ({done.stderr.strip()})" if done.returncode else ""
        self._mounted = not done.returncode

    def fill(self, *, full: bool) -> None:
        """Takes the disk's last free page away, or gives the room back."""
        used = shutil.disk_usage(self.home).used
        size = max(used - 4096, 4096) if full else _DISK
        for more in (0, 1 << 20, 4 << 20):  # it may grow while we look
            words = ["mount", "-o", f"remount,size={size + more}", str(self.home)]
            if not subprocess.run(words, capture_output=True, check=False).returncode:  # noqa: S603 - fixed words
                return
            size = max(size, shutil.disk_usage(self.home).used)

    async def _forgetful(self) -> None:
        import psycopg

        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            for setting in ("synchronous_commit = off", "wal_writer_delay = '10s'"):
                await connection.execute(f"ALTER SYSTEM SET {setting}")
            await connection.execute("SELECT pg_reload_conf()")

    def environment(self) -> dict[str, str]:
        """Ours, without what would lead to another installation."""
        own = {k: v for k, v in os.environ.items() if k not in _FOREIGN and not k.startswith("ATESAKI_")}
        return own | {"PYTHONPATH": os.pathsep.join([str(self.folder / "source"), str(ROOT)]), "PYTHONUNBUFFERED": "1"}

    def part_environment(self, part: str = "") -> dict[str, str]:
        """A part's: its own way to the database, its own place, its own clock."""
        way = f"postgresql://atesaki@127.0.0.1:{self.ways[part]}/atesaki" if part else self.database_url
        skew = {"ATESAKI_NOW_OFFSET": self.skews[part]} if self.skews.get(part) else {}
        return {
            **self.environment(),
            "ATESAKI_HOME": str(self.home),
            "DATABASE_URL": f"{way}?sslmode=disable&gssencmode=disable" if part else way,
            "ATESAKI_SMTP": f"127.0.0.1:{self.ports.get(part if part in GATES else 'gate-1', 0)}",
            "ATESAKI_WEB": f"127.0.0.1:{self.ports['web']}",
            "ATESAKI_UPSTREAM": f"smtp://127.0.0.1:{self.ports['upstream']}",
            "ATESAKI_LOG": "json",
            "ATESAKI_PROXIES": "1",
            **skew,
        }

    def _words(self, part: str) -> list[str]:
        what = part.partition("-")[0]
        if self.mutation:
            return [sys.executable, "-m", "faults.mutants", self.mutation, what]
        return [sys.executable, "-m", "atesaki.cli", what]

    def _begin_ours(self) -> None:
        python = [sys.executable, "-m"]
        words = [*python, "faults.upstream", str(self.ports["upstream"]), str(self.record), str(self.knob)]
        self._begin("upstream", words, self.environment())
        ways = [f"{name}={port}" for name, port in self.ways.items()]
        place = self.folder / "socket-directory"
        self._begin("proxy", [*python, "faults.proxy", str(place), str(self.splits), *ways], self.environment())

    def _begin(self, part: str, words: list[str], environment: dict[str, str]) -> None:
        log = str(self.logs / f"{part}.log")
        self.tell(do="begin", part=part, words=words, environment=environment, log=log)

    def tell(self, **command: Any) -> None:
        """Has the keeper do something."""
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.write(json.dumps(command).encode() + b"\n")

    async def _listen(self) -> None:
        if self._keeper is None or self._keeper.stdout is None:
            return
        while line := await self._keeper.stdout.readline():
            event = json.loads(line)
            self.events.append(event)
            if event["what"] == "impossible":
                raise FaultsError(event["why"])
            if event["what"] == "began":
                self.pids[event["part"]] = event["pid"]
            elif event["what"] == "ended":
                self.pids.pop(event["part"], None)
            if event.get("url"):
                self.database_url = event["url"]
                (self.folder / "socket-directory").write_text(_socket_directory(self.home))

    async def until(self, true: Any, what: str, seconds: float = _READY_SECONDS) -> None:
        """Waits. Raises `FaultsError`."""
        ends = time.monotonic() + seconds
        while not true():
            if self._listening is not None and self._listening.done():
                self._listening.result()
                raise FaultsError(f"the keeper has ended: {(self.logs / 'keeper.log').read_text()[-1500:]}")
            if time.monotonic() > ends:
                said = "\n".join(f"{log.name}: {log.read_text()[-600:]}" for log in self.logs.iterdir())
                raise FaultsError(f"{what} did not get ready:\n{said}")
            await asyncio.sleep(0.05)

    async def command(self, *words: str, module: str = "atesaki.cli", offset: str = "") -> str:
        """Runs one of the product's commands to its end; what it printed. Raises `FaultsError`."""
        environment = self.part_environment() | ({"ATESAKI_NOW_OFFSET": offset} if offset else {})
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *words),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        except BaseException:
            process.kill()
            raise
        with (self.logs / "commands.log").open("ab") as log:
            log.write(err)
        if process.returncode:
            raise FaultsError(f"`{module} {' '.join(words)}` failed: {err.decode(errors='replace')[-1500:]}")
        return out.decode()

    def signal(self, part: str, sign: signal.Signals) -> bool:
        """Sends a signal to a part, and to whatever it has begun; whether it was there."""
        pid = self.pids.get(part)
        try:
            if pid is not None:
                os.killpg(pid, sign) if part != "database" else os.kill(pid, sign)
        except ProcessLookupError:
            return False
        return pid is not None

    def misbehave(self, mode: str, share: float, seconds: float) -> None:
        """What the next hop does, for so long."""
        _write(self.knob, {"mode": mode, "share": share, "until": time.monotonic() + seconds})

    def split(self, part: str, mode: str, seconds: float) -> None:
        """What happens between a part, or `all`, and the database."""
        for name in PARTS if part == "all" else (part,):
            self._splits[name] = {"mode": mode, "until": time.monotonic() + seconds}
        _write(self.splits, self._splits)

    def skew(self, part: str, offset: str) -> None:
        """The part's clock, as of its next start."""
        self.skews[part] = offset
        self.tell(do="environment", part=part, environment=self.part_environment(part))

    async def close(self) -> None:
        """Ends everything, and unmounts."""
        if self._keeper is not None:
            for part in PARTS:
                self.signal(part, signal.SIGCONT)
            self.signal("upstream", signal.SIGCONT)
            if self._keeper.stdin is not None:
                self._keeper.stdin.close()
            try:
                await asyncio.wait_for(self._keeper.wait(), 60)
            except TimeoutError:
                self._keeper.kill()  # its children end with it
            if self._listening is not None:
                self._listening.cancel()
        if self._mounted:
            for more in ([], [], [], [], ["-l"]):
                words = ["umount", *more, str(self.home)]
                if not subprocess.run(words, capture_output=True, check=False).returncode:  # noqa: S603 - fixed words
                    break
                await asyncio.sleep(0.5)


def _write(path: Path, said: dict[str, Any]) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(said))
    draft.replace(path)


def _socket_directory(home: Path) -> str:
    return (home / "database" / "postmaster.pid").read_text().splitlines()[4]


def _free_ports(many: int) -> list[int]:
    """Below those that the system gives to whoever connects: one of these might be taken while a part is dead."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(18_000, 32_000), 400):
        if len(found) < many:
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                found.append(port)
    return found


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
