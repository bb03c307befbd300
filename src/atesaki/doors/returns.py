"""The door for what comes back: LMTP (RFC 2033) or SMTP behind an MX. Nobody logs in, and nothing is relayed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import structlog
from prometheus_client import Counter, Gauge

from . import commands, smtp
from .commands import COMMANDS, Command
from .conversation import TOO_LONG, Answers, Conversation
from .handover import SORRY, describe

OCTETS: Final = 2 * 1024 * 1024  # of one mail: a reply, or our own mail sent back
RECIPIENTS: Final = 20  # a reply has one
CONNECTIONS_LIMIT: Final = 100  # an MX reuses its own

CONNECTIONS = Gauge("atesaki_inbound_connections", "Open connections of the inbound door", multiprocess_mode="livesum")
ANSWERS = Counter("atesaki_inbound_answers", "Answers of the inbound door", ["code"])

NOBODY: Final = "550 5.1.1 There is no such mailbox here."
_ANSWERS: Final = {
    "taken": "250 2.0.0 Taken",
    "nobody": NOBODY,
    "unreadable": "554 5.6.0 The mail has no header that can be read; nothing of it was taken.",
    "later": "451 4.7.1 Too much mail at once; nothing was taken, please send again.",
}
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Inbox:
    """What this door asks of `inbound`; tests put their own here.

    takes: `inbound.takes`.  receive: `inbound.receive`.  rest: as in `handover.Core`.
    """

    takes: Callable[[str], bool]
    receive: Callable[[bytes, str, str], Any]
    rest: Callable[[], None]

    @classmethod
    def real(cls) -> Inbox:
        """The installation's own. Django must be set up."""
        from django.db import close_old_connections

        from atesaki import inbound

        return cls(takes=inbound.takes, receive=inbound.receive, rest=close_old_connections)


class Door(smtp.Door):
    """The inbound door: as the other one, with an `Inbox` for its core."""

    setting = "ATESAKI_INBOUND"

    def converse(self) -> Conversation:
        return Return(self)


def lhlo(talk: Conversation, arg: str) -> None:
    """RFC 2033 4.1: as EHLO; from here on each recipient has an answer of its own."""
    commands.ehlo(talk, arg)
    talk.lmtp = True


def mail(talk: Conversation, arg: str) -> str:
    """Any sender: what returns mail calls itself many things, and nobody is written to there."""
    talk.draft.sender = commands.read_sender(talk, arg)
    talk.draft.begun = True
    return "250 2.1.0 OK"


def rcpt(talk: Conversation, arg: str) -> str | None:
    """An address of ours whose token is good, or abuse@ and postmaster@; the same no to all others."""
    recipient, most = commands.read_recipient(talk, arg), talk.door.terms.recipients
    if len(talk.draft.recipients) >= most:
        return f"452 4.5.3 {most} recipients are the most; send the rest as another mail."
    if "\0" in recipient:
        return NOBODY
    talk.wait(_look_up, recipient)
    return None


async def _look_up(talk: Conversation, recipient: str) -> str:
    try:
        known = await talk.door.call(_takes, talk.door.core, recipient)
    except Exception as error:  # noqa: BLE001 - it may be a good one, so the mail must come again
        log.error("inbound.look_up_failed", conversation=talk.name, **describe(error))
        return "451 4.3.0 Cannot look this up at present; please come back."
    if not known:
        return NOBODY
    talk.draft.recipients.append(recipient)
    return "250 2.1.5 OK"


class Return(Conversation):
    """One conversation with an MX, in SMTP or, after LHLO, in LMTP."""

    connections, answers = CONNECTIONS, Answers(ANSWERS)
    commands: ClassVar[Mapping[bytes, Command]] = {
        **{name: command for name, command in COMMANDS.items() if name != b"AUTH"},
        **{b"LHLO": lhlo, b"MAIL": mail, b"RCPT": rcpt},
    }
    must_log_in = False

    async def answers_to(self, raw: bytes | None) -> list[str]:
        """One answer, or in LMTP one for each recipient (RFC 2033 4.2).

        In SMTP one that must come again makes all come again; what was taken is then known, and taken once.
        """
        draft = self.draft
        many = len(draft.recipients)
        if raw is None:
            said = [TOO_LONG.format(self.door.terms.octets)] * many
        else:
            try:
                said = await self.door.call(_receive, self.door.core, raw, draft.sender, tuple(draft.recipients))
            except Exception as error:  # noqa: BLE001 - no thread to be had: nothing was taken
                log.error("inbound.failed", conversation=self.name, **describe(error))
                said = [SORRY] * many
        if self.lmtp:
            return said
        return [min(said, key=lambda answer: "425".index(answer[0]))]


def _takes(inbox: Inbox, recipient: str) -> bool:
    try:
        return inbox.takes(recipient)
    finally:
        _rest(inbox)


def _receive(inbox: Inbox, raw: bytes, sender: str, recipients: tuple[str, ...]) -> list[str]:
    """The answer for each recipient of one mail. Raises nothing; runs in a worker thread.

    A bare CR or LF is refused: another program on the way may have read an end of data there (SMTP smuggling).
    """
    if not raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n"):
        return ["554 5.6.0 The mail contains a CR or an LF alone; end every line with CRLF (RFC 5321 2.3.8)."] * len(
            recipients
        )
    answers = []
    for recipient in recipients:
        try:
            answers.append(_ANSWERS[str(inbox.receive(raw, sender, recipient))])
        except BaseException as error:  # noqa: BLE001 - whatever it is, the mail must come again
            log.error("inbound.failed", **describe(error))
            answers.append(SORRY)
        finally:
            _rest(inbox)
    return answers


def _rest(inbox: Inbox) -> None:
    try:
        inbox.rest()
    except Exception as error:  # noqa: BLE001 - an answer must not be lost because a connection could not be closed
        log.warning("inbound.connection_kept", **describe(error))


def terms() -> smtp.Terms:
    """On what terms it serves; the other door's limits are for services. Raises `smtp.DoorError`."""
    from django.conf import settings

    return smtp.Terms(
        domain=settings.ATESAKI_MAIL_DOMAIN,
        octets=OCTETS,
        recipients=RECIPIENTS,
        connections=CONNECTIONS_LIMIT,
        tls=smtp.certificate(os.environ.get("ATESAKI_TLS_CERT") or "", os.environ.get("ATESAKI_TLS_KEY") or ""),
    )


def run(listen: str) -> None:
    """`atesaki inbound`: serves until SIGTERM or SIGINT. Django must be set up. Raises `smtp.DoorError`."""
    smtp.serve(Door(terms(), Inbox.real()), listen, "inbound")
