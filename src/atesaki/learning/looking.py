"""Looking into a mail, within bounded time: what it carries, and the template that it is of.

The gate asks once a mail has left or is going to wait. A mail's answer does not depend on it, so whatever fails here,
or takes too long, is only said: the mail counts as unreadable.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import connection

from atesaki import content
from atesaki.content import Fact, Limits, Reading, Skeleton, Verdict
from atesaki.tenants import Service

from . import store

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
"""How long a mail that has left may be looked into before its sender is answered."""

_AT_ONCE = 8  # mails of a size in each step at the same time; the others wait within their own time
_LARGE = 256 * 1024  # octets; what is larger can take long, and must not take what others need
_LIMITS = Limits(text=150_000, file_text=50_000)  # characters: what lies beyond is told as unreadable
_QUEUE, _LARGEST = 32, 1_000_000  # mails, and octets of one, that wait to be learnt from afterwards
_IDLE = 5.0  # seconds without such a mail, after which what was counted is brought to the rows
_PAUSE = 19.0  # times what a look cost: learning takes a twentieth of a core

_T = TypeVar("_T")
# A mail that waits must be read, for its question to the customer; that never stands behind the longer search.
_free = {(step, large): threading.BoundedSemaphore(_AT_ONCE) for step in ("read", "search") for large in (False, True)}


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a mail. `kinds`: of personal data, with counts; `unreadable` among them if anything was.

    `asked`: what the confirmation page may ask for. `seen`: every postal code and phone number, whoever's.
    """

    personal: Verdict
    kinds: dict[str, int]
    template: int | None = None
    asked: tuple[Fact, ...] = ()
    seen: tuple[Fact, ...] = ()


_UNREAD = Looked("unsure", {"unreadable": 1})


class _TooSlow(Exception):
    pass


def look(service: Service, mail: bytes, recipient: bytes, seconds: float = LOOK_SECONDS) -> Looked:
    """Looks into a mail, and learns from it. `recipient`: the digest of its first. Never raises, never takes longer.

    1 Read it, in a thread that is left behind when its time is over.
    2 Ask which lines are known to be the service's own, and count this mail.
    3 List the personal data, in what is left of the time, and never longer than `LOOK_SECONDS`: who waits for a slot
      here has its question already.
    """
    ends = time.monotonic() + seconds
    large = len(mail) > _LARGE
    try:
        reading, seen, facts = _within("read", large, ends, lambda: _read(service, mail))
    except Exception as error:  # noqa: BLE001 - the mail must be answered, whatever its content does to us
        log.warning("look.unread", service=service.pk, error=type(error).__name__)
        return _UNREAD
    template, is_fixed = _learn(service, seen, recipient)
    ends = min(ends, time.monotonic() + LOOK_SECONDS)
    try:
        own = [service.name, *service.own]
        found = _within("search", large, ends, lambda: content.findings(reading, own=own, fixed=is_fixed))
    except Exception as error:  # noqa: BLE001 - as above
        log.warning("look.unread", service=service.pk, error=type(error).__name__)
        return Looked("unsure", {"unreadable": 1}, template, *facts)
    kinds = found.kinds
    if found.personal != "no" and not kinds:
        kinds = {"unreadable": 1}  # in doubt, and nothing that names the doubt: it must not count as nothing
    return Looked(found.personal, kinds, template, *facts)


def _read(service: Service, mail: bytes) -> tuple[Reading, Skeleton, tuple[tuple[Fact, ...], tuple[Fact, ...]]]:
    reading = content.read(mail, limits=_LIMITS)
    asked = tuple(content.askable(reading))
    facts = asked, tuple(content.contact_values(reading, asked))
    return reading, store.skeleton(service, reading), facts


def _learn(service: Service, seen: Skeleton, recipient: bytes) -> tuple[int | None, Callable[[str], bool]]:
    """The template's row, and what says which lines are fixed, as it was before this mail."""
    try:
        is_fixed = store.fixed(service, seen)
        row = store.see(service, seen, recipient)
        if settings.ATESAKI_LEARN_EVERY:
            _start()  # it brings what is counted to the rows when no more mail comes
    except Exception as error:  # noqa: BLE001 - the next hop may have the mail: it is learnt from or not
        log.warning("learning.failed", service=service.pk, error=type(error).__name__)
        return None, lambda line: False
    return row.pk if row else None, is_fixed


def _within(step: str, large: bool, ends: float, work: Callable[[], _T]) -> _T:
    """What `work` returns or raises; `_TooSlow` when its time is over. It touches no database.

    A thread and not an alarm, as we are in one of many; it is left to end by itself, and counts as long as it runs.
    """
    free = _free[step, large]
    if not free.acquire(timeout=max(0.0, ends - time.monotonic())):
        raise _TooSlow
    results: list[_T] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised by who waits
            errors.append(error)
        finally:
            free.release()
            done.set()

    try:
        threading.Thread(target=run, name="look", daemon=True).start()
    except BaseException:  # no thread can be had: nobody else would give the slot back
        free.release()
        raise
    if not done.wait(max(0.0, ends - time.monotonic())):
        raise _TooSlow
    if errors:
        raise errors[0]
    return results[0]


# -- afterwards -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Job:
    service: Service
    mail: bytes
    recipient: bytes
    done: Callable[[Looked], object]


_jobs: queue.Queue[_Job] = queue.Queue(_QUEUE)
_thread: threading.Thread | None = None
_starting = threading.Lock()


def later(service: Service, mail: bytes, recipient: bytes, done: Callable[[Looked], object]) -> bool:
    """Has a mail looked into by a thread of this process, and calls `done` there; whether there was room for it.

    Never raises: the mail's sender is about to be answered.
    """
    if len(mail) > _LARGEST:
        return False
    try:
        _jobs.put_nowait(_Job(service, mail, recipient, done))
    except queue.Full:
        return False
    _start()
    return True


def _start() -> None:
    """Never raises: if no thread can be had now, the next mail asks for it again."""
    global _thread  # noqa: PLW0603 - the one thread of this process
    with _starting:
        if _thread is not None and _thread.is_alive():
            return
        thread = threading.Thread(target=_work, name="learning", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log.warning("learning.not_started", error=type(error).__name__)
        else:
            _thread = thread


def _work() -> None:
    """Takes one mail after another; when none has come for a while, brings what was counted to the rows, and ends."""
    global _thread  # noqa: PLW0603 - as above
    while True:
        try:
            job = _jobs.get(timeout=_IDLE)
        except queue.Empty:
            _rest()
            with _starting:
                if _jobs.empty():
                    _thread = None
                    return
            continue
        began = time.monotonic()
        try:
            job.done(look(job.service, job.mail, job.recipient))
        except Exception as error:  # noqa: BLE001 - one mail that cannot be learnt from must not end the learning
            log.warning("learning.failed", error=type(error).__name__)
            connection.close()
        finally:
            _jobs.task_done()
        # Reading holds the interpreter, and every mail on the road would wait for it time and again.
        time.sleep(min(1.0, _PAUSE * (time.monotonic() - began)))


def _rest() -> None:
    try:
        store.flush()
    except Exception as error:  # noqa: BLE001 - as above
        log.warning("learning.failed", error=type(error).__name__)
    finally:
        connection.close()
