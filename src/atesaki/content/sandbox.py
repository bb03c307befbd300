"""PDF and sheets, read by a program of their own (`sandboxed`) that may be ended at any time.

Their libraries can be made to run for ever or to ask for all the memory there is, and a thread cannot be ended.
One program is kept for the next file, and ends by itself when none comes.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

_PROGRAM = Path(__file__).with_name("sandboxed.py")
_WALL = 4.0
"""Seconds on the clock for each second of the processor, which others may have."""
_MOST_IDLE = 2


class Apart(NamedTuple):
    """Text as far as it was read, a sentence about what was not, and the processor seconds it took."""

    text: str
    why: str
    seconds: float


def read_apart(kind: Literal["pdf", "sheet"], data: bytes, *, text: int, pages: int, seconds: float) -> Apart:
    """Read a file in at most `seconds` of the processor; never raises over the file.

    `text` in characters; of a PDF at most `pages` are read.
    """
    job = {"kind": kind, "octets": len(data), "text": text, "pages": pages, "seconds": max(seconds, 0.01)}
    for _ in range(2):
        try:
            program = _idle_program()
        except OSError:
            return Apart("", "The program that reads it could not be started.", 0.0)
        found = program.work(job, data)
        if found is not None:
            return found
    return Apart("", "The program that reads it could not be started.", 0.0)


class _Program:
    def __init__(self) -> None:
        self.owner = os.getpid()
        self.used = False
        # No setting and no key goes along: -I keeps the environment out of Python, and `env` out of the process.
        self.process = subprocess.Popen(  # noqa: S603 - our own file, by our own interpreter
            [sys.executable, "-I", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
            cwd="/",
        )

    def work(self, job: dict[str, Any], data: bytes) -> Apart | None:
        """One file; None where the program had ended by itself before it began."""
        seconds = float(job["seconds"])
        stop = threading.Timer(seconds * _WALL + 5, self.process.kill)
        stop.daemon = True
        stop.start()
        texts: list[str] = []
        whys: list[str] = []
        ended: float | None = None
        used, self.used = self.used, True
        try:
            assert self.process.stdin is not None  # noqa: S101 - it is a pipe
            assert self.process.stdout is not None  # noqa: S101
            with suppress(BrokenPipeError):
                self.process.stdin.write(json.dumps(job).encode() + b"\n")
                self.process.stdin.write(data)
                self.process.stdin.flush()
            room = int(job["text"]) * 12 + 10_000_000
            while ended is None and room > 0:
                line = self.process.stdout.readline(room)
                if not line.endswith(b"\n"):
                    break
                room -= len(line)
                answer = json.loads(line)
                ended = answer.get("end")
                texts.append(answer.get("text", ""))
                whys.append(answer.get("why", ""))
        except (OSError, ValueError):
            ended = None
        finally:
            stop.cancel()
        why = next(filter(None, whys), "")
        if ended is not None:
            _keep(self)
            return Apart("".join(texts), why, ended)
        code = self.end()
        if used and code == 0 and not texts:
            return None
        over = f"Reading it takes longer than {seconds:.1g} s." if code in (-signal.SIGPROF, -signal.SIGKILL) else ""
        return Apart("".join(texts), over or "Reading it needs more memory than it may have, or fails.", seconds)

    def end(self) -> int:
        """End it; its exit code as it was before."""
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            return self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


_lock = threading.Lock()
_idle: list[_Program] = []


def _idle_program() -> _Program:
    with _lock:
        # After a fork the pipes belong to two; each makes its own.
        _idle[:] = [each for each in _idle if each.owner == os.getpid()]
        while _idle:
            program = _idle.pop()
            if program.process.poll() is None:
                return program
            program.end()
    return _Program()


def _keep(program: _Program) -> None:
    with _lock:
        if len(_idle) < _MOST_IDLE:
            _idle.append(program)
            return
    program.end()
