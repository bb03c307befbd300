"""The servers of the roads: each a real process of its own, with its state in a folder that is removed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import IO

import psutil

from atesaki.site import postgres
from benchmarks import BenchError

_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix"
_READY_SECONDS = 60.0
_BACKLOG_SECONDS = 120.0
_COMMAND_SECONDS = 120.0
_FOREIGN = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR")

# As it comes, but for what a private instance needs: places of its own, loopback alone, and where to send.
_MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = postfix.example.com
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_process_limit = 250
relayhost = [127.0.0.1]:{sink}
"""
# The services that such a mail meets, with the limits of Postfix's own file.
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Unavailable(BenchError):
    """A server cannot be had on this machine; its rows are left out, and the text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens, the processes whose time is its own, and how many mails it still has to work on."""

    port: int
    processes: dict[str, int]
    backlog: Callable[[], int] = lambda: 0
    login: tuple[str, str] | None = None

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time so far, of each of its processes with all that these began."""
        return {name: _cpu(pid) for name, pid in self.processes.items()}

    def memory(self) -> dict[str, float]:
        """MB of memory now, of each of its processes with all that these began; what they share counts once."""
        return {name: _memory(pid) for name, pid in self.processes.items()}

    def wait_until_idle(self) -> None:
        """Waits until it has done what it took on. Raises `BenchError`."""
        ends = time.monotonic() + _BACKLOG_SECONDS
        while left := self.backlog():
            if time.monotonic() > ends:
                raise BenchError(f"{left} mails were still queued after {_BACKLOG_SECONDS:.0f} s.")
            time.sleep(0.02)


def program(name: str) -> str:
    """Where a program of Postfix's is. Raises `Unavailable`."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise Unavailable(f"{name} is not installed: it is in the package postfix, which need not be running.")
    return found


@contextmanager
def sink(folder: Path) -> Iterator[Server]:
    """Postfix's `smtp-sink`, which takes every mail and keeps none."""
    port = free_port()
    words = [program("smtp-sink"), f"127.0.0.1:{port}", "1000"]
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to be root
    with started(words, folder / "sink.log", user=user) as process:
        wait_for(port, process, folder / "sink.log")
        yield Server(port, {"smtp-sink": process.pid})


@contextmanager
def postfix(folder: Path, next_hop: int, *, before_queue: bool = False) -> Iterator[Server]:
    """A Postfix of our own. Raises `Unavailable`.

    It takes a mail once its queue file is on disk, and relays it; or, `before_queue`, hands each mail through to the
    next hop while its sender waits, and queues nothing (its SMTPD_PROXY_README).
    """
    check, master, port = program("postfix"), program("master"), free_port()
    if os.geteuid() != 0:
        raise Unavailable("Postfix starts only as root.")
    home = folder / ("postfix-before" if before_queue else "postfix")
    for name in ("etc", "queue", "data"):
        (home / name).mkdir(parents=True)
    try:
        os.chown(home / "data", pwd.getpwnam("postfix").pw_uid, -1)
    except KeyError:
        raise Unavailable("There is no user postfix: its package is not set up.") from None
    (home / "etc" / "main.cf").write_text(_MAIN.format(home=home, sink=next_hop))
    door, *others = MASTER.format(port=port).splitlines()
    if before_queue:
        door += f" -o smtpd_proxy_filter=127.0.0.1:{next_hop}"
    (home / "etc" / "master.cf").write_text("\n".join([door, *others, ""]))
    queues = [home / "queue" / name for name in ("maildrop", "incoming", "active", "deferred")]
    etc = str(home / "etc")
    with (folder / f"{home.name}.log").open("wb") as log:  # it also makes what is missing in the queue's folder
        checked = _to_end([check, "-c", etc, "check"], clean_environment(), stdout=log, stderr=log)
    if checked.returncode:
        said = (folder / f"{home.name}.log").read_text(errors="replace").strip()[-1000:]
        raise Unavailable(f"Postfix does not like its configuration: {said}")
    # Not `postfix start-fg`, whose master is a grandchild and would outlive it.
    with started([master, "-c", etc, "-s"], folder / f"{home.name}.log") as process, _ends_with_us(process):
        try:
            wait_for(port, process, folder / f"{home.name}.log")
        except BenchError as error:
            raise Unavailable(f"Postfix does not run here: {error}") from error
        yield Server(port, {"postfix": process.pid}, lambda: sum(_files(queue) for queue in queues))


def command(environment: dict[str, str], module: str, *words: str) -> str:
    """Runs one of our programs to its end; what it printed. Raises `BenchError`."""
    done = _to_end([sys.executable, "-m", module, *words], environment, stdout=PIPE, stderr=PIPE)
    if done.returncode:
        raise BenchError(f"`{module} {words[0]}` failed: {done.stderr.decode(errors='replace').strip()[-2000:]}")
    return done.stdout.decode()


def _to_end(
    words: list[str], environment: dict[str, str], *, stdout: int | IO[bytes], stderr: int | IO[bytes]
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - fixed words
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{Path(words[0]).name} was not done after {_COMMAND_SECONDS:.0f} s.") from error


def clean_environment() -> dict[str, str]:
    """Our environment without what would lead to another installation."""
    return {k: v for k, v in os.environ.items() if k not in _FOREIGN and not k.startswith("ATESAKI_")}


@contextmanager
def started(
    words: list[str], log: Path, *, user: str | None = None, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with this block, and with us."""
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - fixed words
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd="/" if user else None,
            env=clean_environment() if environment is None else environment,
            user=user,
            extra_groups=[] if user else None,
            start_new_session=True,  # Ctrl-C is for us: they end in order
            preexec_fn=postgres.end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - we have no threads
        )
    try:
        yield process
    finally:
        _end(process)


@contextmanager
def _ends_with_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """For a process that changes its user now and then, which unsets what Linux would tell it at our death."""
    words = ["/bin/sh", "-c", "read -r _; kill $0", str(process.pid)]
    with subprocess.Popen(words, stdin=PIPE, start_new_session=True) as watcher:  # noqa: S603 - fixed words
        try:
            yield
        finally:
            watcher.kill()  # before its end of the pipe closes


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks it to end, then ends it and what it started by force."""
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        for each in (*family, process):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(family, timeout=5)
    process.wait(5)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until it listens. Raises `BenchError` with the end of its log."""
    ends = time.monotonic() + _READY_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > ends:
            said = log.read_text(errors="replace").strip()[-1000:] or "it said nothing"
            raise BenchError(f"{Path(process.args[0]).name} did not start: {said}")  # type: ignore[index, arg-type]
        time.sleep(0.05)


def free_port() -> int:
    """A port of loopback that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


def _files(folder: Path) -> int:
    """How many files are anywhere in a folder that others are working on."""
    return sum(len(names) for _, _, names in os.walk(folder))


def _cpu(pid: int) -> float:
    """Of a process, of all that it began, and of those of them that it has buried already."""
    total = 0.0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _memory(pid: int) -> float:
    """Proportional set size: each server's back ends share most of what they have."""
    total = 0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += process.memory_full_info().pss
    return total / 2**20
