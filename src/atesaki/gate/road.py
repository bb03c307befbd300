"""The way of many messages at once: the steps of `submit`, each done for all that are at it, in one transaction.

A conversation waits while others share its commits; what becomes of its mail depends on nobody else's. Where a step
fails for several together, it is done again for each alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

import structlog
from django.db import DatabaseError, close_old_connections, transaction

from atesaki.outbox import CourierError, Envelope, Hand, Upstream, courier
from atesaki.ownership import Standing
from atesaki.tenants import Service
from atesaki.tracing import say, span

from . import ledger, waits
from .ledger import Settled
from .submit import (
    Case,
    Mail,
    Receipt,
    TryLater,
    keep_waiting,
    learn_later,
    left,
    read,
    receipt,
    settle_handed,
    submit,
    taken,
    together,
    write_down,
    write_read,
)
from .verdict import Mode, Outcome
from .waits import Waiting

log = structlog.get_logger(__name__)

_TOGETHER: Final = 100  # mails in one transaction
_OCTETS: Final = 8 << 20  # of them: what is sealed stands in memory more than once
_T = TypeVar("_T")


class Road:
    """The gate, for the many conversations of one event loop. Made in that loop."""

    def __init__(self, threads: int) -> None:
        """threads: mails that may be read and kept at one time."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="gate")
        self._writing = Together(write_down)
        self._settling = Together(_settle)
        self._aside = Together(_set_aside)
        self._keeping = Together(_keep)
        self._upstream: Upstream | None = None

    async def submit(self, service: Service, envelope: Envelope, raw: bytes) -> Receipt:
        """As `gate.submit`, with the same promises and errors.

        1 Write down, look and decide, together with others.
        2 Hand over what may go.
        3 Write what became of it, together with others. What waits is read in a thread, and kept together with others.
          What needs more than that (a notice, a report, an observed mail's reading) is done in a thread, alone.
        """
        with span("mail", octets=len(raw), recipients=len(envelope.recipients)):
            made = await self._submit(service, envelope, raw)
            outcomes = {outcome.value for outcome in made.outcomes}
            say(outcome="mixed" if len(outcomes) > 1 else outcomes.pop())
            return made

    async def _submit(self, service: Service, envelope: Envelope, raw: bytes) -> Receipt:
        mail = taken(service, envelope, raw)
        if mail.request.verification:  # it is read before it is decided about, which would hold up the others
            with span("mail.alone"):
                return await self._alone(submit, service, envelope, raw)
        try:
            with span("mail.write_down"):
                await self._writing.do(mail)
            if _only_waits(mail):
                await self._wait(mail)
            else:
                await self._pass(mail)
        except DatabaseError as error:
            raise TryLater("The database cannot be written; nothing was taken.") from error
        except CourierError as error:
            raise TryLater("The next hop is set up wrongly; nothing was taken.") from error
        return receipt(mail)

    async def _pass(self, mail: Mail) -> None:
        with span("mail.hand_over"):
            await self._hand_over(mail)
        with span("mail.settle"):
            if _is_plain(mail):
                await self._settling.do(mail)
                learn_later(mail)
            else:
                await self._alone(_settle_alone, mail)

    async def _wait(self, mail: Mail) -> None:
        """Nobody is sent it: what it says is read, and it is kept."""
        with span("mail.set_aside"):
            await self._aside.do(mail)
        with span("mail.read"):
            await self._alone(read, mail)
        with span("mail.keep"):
            await self._keeping.do(mail)
            if mail.left:
                await self._alone(_keep_alone, mail)

    def close(self) -> None:
        """Ends what waits for work; what is being done goes on to its end."""
        shared = (self._writing, self._settling, self._aside, self._keeping)
        for pool in (self._threads, *(each.pool for each in shared)):
            pool.shutdown(wait=False, cancel_futures=True)
        if self._upstream is not None:
            self._upstream.close()

    async def _hand_over(self, mail: Mail) -> None:
        going = mail.going
        if not going:
            return
        if self._upstream is None:
            self._upstream = Upstream(courier())
        answers = await self._upstream.hand(together(going), mail.request.mail, left(mail))
        for case, answer in zip(going, answers, strict=True):
            case.handed = answer

    async def _alone(self, function: Callable[..., _T], *args: Any) -> _T:
        return await asyncio.wrap_future(self._threads.submit(_resting, function, *args))


class Together:
    """Does one step for all that wait for it, in a thread; who comes meanwhile waits for the next turn."""

    def __init__(self, step: Callable[[list[Mail]], None]) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix=f"gate-{step.__name__}")
        self._step = step
        self._waiting: deque[tuple[Mail, asyncio.Future[None]]] = deque()
        self._busy = False

    async def do(self, mail: Mail) -> None:
        """Returns when the step is done for `mail`; raises what it raised for it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((mail, done))
        if not self._busy:
            self._turn()
        await done

    def _turn(self) -> None:
        turn: list[tuple[Mail, asyncio.Future[None]]] = []
        octets = 0
        while self._waiting and len(turn) < _TOGETHER and octets < _OCTETS:
            turn.append(self._waiting.popleft())
            octets += turn[-1][0].octets
        self._busy = bool(turn)
        if not turn:
            return
        loop, waiting = asyncio.get_running_loop(), [done for _, done in turn]
        try:
            working = self.pool.submit(_resting, _each, self._step, [mail for mail, _ in turn])
        except RuntimeError as error:  # no thread to be had: whoever comes next tries again
            self._busy = False
            _tell(waiting, [error] * len(waiting))
            return
        working.add_done_callback(lambda over: loop.call_soon_threadsafe(self._over, over, waiting))

    def _over(self, over: Future[list[BaseException | None]], waiting: list[asyncio.Future[None]]) -> None:
        self._turn()  # first, so that the thread is not idle while we tell the others
        error = over.exception()
        _tell(waiting, [error] * len(waiting) if error is not None else over.result())


def _tell(waiting: list[asyncio.Future[None]], errors: list[BaseException | None]) -> None:
    for done, wrong in zip(waiting, errors, strict=True):
        if done.done():
            continue  # its conversation is over
        if wrong is None:
            done.set_result(None)
        else:
            done.set_exception(wrong)


def _each(step: Callable[[list[Mail]], None], mails: list[Mail]) -> list[BaseException | None]:
    """The step for all; if that fails for more than one, for each alone. What it raised for each."""
    try:
        step(mails)
    except Exception as error:  # noqa: BLE001 - it is raised to those whom it concerns
        if len(mails) == 1:
            return [error]
        log.info("road.apart", mails=len(mails), error=type(error).__name__)
        return [_each(step, [mail])[0] for mail in mails]
    return [mail.wrong for mail in mails]


def _resting(function: Callable[..., _T], *args: Any) -> _T:
    """`function`, and the thread's database connection back into the pool."""
    try:
        return function(*args)
    finally:
        close_old_connections()


def _is_plain(mail: Mail) -> bool:
    """Whether nothing is left to do but to write that it is done: it was proved and the next hop has answered, or it
    was refused to everybody. What only some were refused is told to the sender, and what is observed is read.
    """
    outcomes = {case.verdict.outcome for case in mail.cases}
    if outcomes == {Outcome.REFUSE}:
        return True
    return outcomes == {Outcome.DELIVER} and all(
        case.facts.standing is Standing.PROVED
        and case.facts.mode is Mode.ENFORCE
        and case.handed is not None
        and case.handed.hand is Hand.ACCEPTED
        for case in mail.cases
    )


def _only_waits(mail: Mail) -> bool:
    """Whether it waits for everybody, and each was claimed before: probably nobody is to be asked again."""
    waiting = (Outcome.HOLD, Outcome.SUBSTITUTE)
    return all(case.verdict.outcome in waiting and case.known.claim is not None for case in mail.cases)


def _settle(mails: list[Mail]) -> None:
    ledger.settle_all([_settled(case) for mail in mails for case in mail.cases])


def _settled(case: Case) -> Settled:
    handed = case.handed
    entry = ("handed", f"{handed.code} {handed.text}") if handed else ("refused", case.verdict.reason)
    return Settled(case.line, case.verdict, case.facts.standing, entry)


def _settle_alone(mail: Mail) -> None:
    settle_handed(mail)
    read(mail)
    keep_waiting(mail)
    write_read(mail)


def _set_aside(mails: list[Mail]) -> None:
    ledger.set_aside([case.line.id for mail in mails for case in mail.cases])


def _keep(mails: list[Mail]) -> None:
    waiting = [(case, _waiting(mail, case)) for mail in mails for case in mail.cases]
    with transaction.atomic(durable=True):
        left = waits.keep([each for _, each in waiting])
    for case, each in waiting:
        if each.verdict is not None and each.line.mail not in left:
            case.verdict = each.verdict
    for mail in mails:
        mail.left = mail.cases[0].line.mail in left


def _waiting(mail: Mail, case: Case) -> Waiting:
    if mail.learnt is None or case.known.claim is None:
        raise TryLater("What waits was not read.")
    return Waiting(case.line, case.envelope, mail.request.mail, case.facts, case.known.claim, mail.learnt)


def _keep_alone(mail: Mail) -> None:
    keep_waiting(mail)
    write_read(mail)
