"""One SMTP conversation: aiosmtpd's, put right where aiosmtpd would guess, wait, or tell too much."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NoReturn

import structlog
from aiosmtpd import smtp
from prometheus_client import Counter, Gauge

from .handover import SORRY, Mail, Trace, describe, hand_over
from .hooks import Draft
from .wire import RUNAWAY_LIMIT, TooMuch, Wire, on_loopback

if TYPE_CHECKING:
    from .smtp import Door

# aiosmtpd logs every command, so every address, and every line of a mail. We log ourselves.
logging.getLogger("mail.log").disabled = True

CONNECTIONS = Gauge("atesaki_smtp_connections", "Open connections of the SMTP door")
ANSWERS = Counter("atesaki_smtp_answers", "Answers of the SMTP door", ["code"])

COMMAND_LIMIT: Final = 2048  # octets; RFC 5321 4.5.3.1.4 wants 512 and room for what extensions add
AUTH_LIMIT: Final = 12288  # octets, RFC 4954 4
ERRORS_LIMIT: Final = 20  # answers of ERRORS without a mail in between
ANSWERS_LIMIT: Final = 1000  # answers of any kind without a mail in between

ERRORS: Final = frozenset({"500", "501", "502", "503", "504", "530", "538", "555"})
TOO_LONG: Final = "552 5.3.4 The mail is longer than {} octets."
CLOSING: Final = "421 4.3.2 This door is closing; nothing more was taken, please come back."

# RFC 2034 and RFC 3463 for the answers that aiosmtpd gives without a code.
_ENHANCED: Final = {
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "504": "5.5.4",
    "552": "5.3.4",
    "554": "5.5.0",
    "555": "5.5.4",
}
_HAS_CODE: Final = re.compile(r"\d{3}[ -][245]\.\d{1,3}\.\d{1,3} ")

# A path, with its source route passed over (RFC 5321 4.1.2, appendix C), and what follows it. The address itself
# is left to `addresses`: aiosmtpd's parser refuses a..b@docomo.ne.jp, which people have.
_PATH: Final = re.compile(
    r'(?:<(?:@[^:<>"]*:)?(?P<path>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)>|(?P<bare>[^\s<>]+))(?: +(?P<rest>.*))?'
)

_COMMANDS: Final = [name for name in dir(smtp.SMTP) if name.startswith(("smtp_", "auth_"))]

log = structlog.get_logger()


class Conversation(smtp.SMTP):
    """One client at the door, from its connection to its leaving. Made by `Door`."""

    # aiosmtpd calls these optional, but sets them at the connection and never takes them back.
    session: smtp.Session
    envelope: Draft
    _handler_coroutine: asyncio.Task[None]
    # What is counted of a door's conversations.
    connections, answers = CONNECTIONS, ANSWERS

    def __init__(self, door: Door) -> None:
        super().__init__(
            door.hooks,
            data_size_limit=door.terms.octets,
            enable_SMTPUTF8=True,
            hostname=door.terms.domain,
            ident="ESMTP",  # not the software's name and version, which help only an attacker
            tls_context=door.terms.tls,
            timeout=door.terms.seconds,
            auth_required=True,
            auth_require_tls=True,
            loop=door.loop,
        )
        # A second time, for a reader of our own: aiosmtpd's takes a bare LF for the end of a command.
        self._wire = Wire(limit=RUNAWAY_LIMIT, loop=door.loop)
        asyncio.StreamReaderProtocol.__init__(self, self._wire, self._cb_client_connected, door.loop)
        # aiosmtpd keeps these on the class and lets every EHLO of anybody add to them.
        self.command_size_limits = defaultdict(lambda: COMMAND_LIMIT, AUTH=AUTH_LIMIT)
        self.command_size_limit = COMMAND_LIMIT
        self.door = door
        self.name = secrets.token_hex(4)
        self.peer = ""
        self.busy = False  # a mail is in the gate's hands
        self.wrong = 0
        self._mails = 0
        self._errors = 0
        self._answers = 0
        self._runaway = 0
        self._lines = b""  # of an answer that has more
        self._receiving = False
        self._octets = 0  # of the mail that is coming in
        self._deadline: asyncio.TimerHandle | None = None

    def __dir__(self) -> list[str]:
        """What aiosmtpd looks for among its names at every connection: seeing no others saves half of its cost."""
        return _COMMANDS

    # --- the connection ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called at the connection, and by aiosmtpd again after STARTTLS, which must forget what was said before."""
        again = self.transport is not None
        super().connection_made(transport)
        if again:
            return
        found = transport.get_extra_info("peername")
        self.peer = found[0] if isinstance(found, tuple) else ""
        self._auth_require_tls = not on_loopback(self.peer)
        self._deadline = self.loop.call_later(
            self.door.terms.auth_seconds, self.dismiss, "421 4.7.0 Nobody has logged in; closing."
        )
        self.door.conversations.add(self)
        self.connections.inc()
        self._handler_coroutine.add_done_callback(self._ended)

    def connection_lost(self, error: Exception | None) -> None:
        """May be called twice: aiosmtpd does so itself when a TLS handshake fails."""
        super().connection_lost(error)
        if self._deadline is not None:
            self._deadline.cancel()
        if self in self.door.conversations:
            self.door.conversations.discard(self)
            self.connections.dec()

    def data_received(self, data: bytes) -> None:
        """Counts what comes without the end of a line, which is no SMTP, and would be read for ever."""
        if not self._receiving:
            self._runaway = 0 if b"\r\n" in data else self._runaway + len(data)
            if self._runaway > RUNAWAY_LIMIT:
                self.dismiss("421 4.7.0 This is no SMTP; closing.")
                return
        super().data_received(data)

    def eof_received(self) -> bool:
        """A client that has said all it had to say may still listen; aiosmtpd would end it before its answer."""
        self._wire.feed_eof()
        return self.session.ssl is None

    async def _handle_client(self) -> None:
        if len(self.door.conversations) > self.door.terms.connections:
            await self.hang_up("421 4.7.0 Too many connections; please come back.")
        if self.door.stopping:
            await self.hang_up(CLOSING)
        await super()._handle_client()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionError):
            log.error("smtp.broken", conversation=self.name, **describe(error))
        if self.transport is not None:
            self.transport.close()

    def _timeout_cb(self) -> None:
        # The gate has time-outs of its own, and a client that waits for it is not idle (RFC 5321 4.5.3.2.6).
        if self.busy:
            self._reset_timeout()
        else:
            self.dismiss("421 4.4.2 Nothing was said for too long; closing.")

    # --- answers -----------------------------------------------------------------------------------------

    async def push(self, status: str | bytes) -> None:
        """Every answer goes through here: one line, with an enhanced code, counted."""
        self._write(status if isinstance(status, str) else status.decode("utf-8", "replace"))
        if self._errors > ERRORS_LIMIT or self._answers > ANSWERS_LIMIT:
            await self.hang_up("421 4.7.0 Too many commands without a mail; closing.")
        await self._writer.drain()

    async def hang_up(self, reply: str) -> NoReturn:
        """Says the last word and ends the conversation's task, so that nothing that was sent with it is read."""
        self._write(reply)
        self._writer.close()
        raise ConnectionResetError("we hung up")

    @property
    def task(self) -> asyncio.Task[None]:
        """Ends when the conversation does."""
        return self._handler_coroutine

    def dismiss(self, reply: str) -> None:
        """Ends the conversation from outside its task."""
        if self.transport is None or self.transport.is_closing():
            return
        self._write(reply)
        self._writer.close()
        self._handler_coroutine.cancel()

    def _write(self, reply: str) -> None:
        code = reply[:3]
        if code in _ENHANCED and not _HAS_CODE.match(reply):
            reply = f"{code} {_ENHANCED[code]} {reply[4:]}"
        if reply.startswith("220 Ready"):
            reply = f"220 2.0.0 {reply[4:]}"
        if not reply.isprintable():  # a line break would make a second answer of it
            reply = "".join(char if char.isprintable() else " " for char in reply)
        # RFC 6531 3.7.4.2: UTF-8 only for a client that asked for it.
        encoding = "utf-8" if self.envelope.smtp_utf8 else "ascii"
        self._lines += reply.encode(encoding, "replace") + b"\r\n"
        if reply[3:4] == "-":
            return  # it goes out with the last line of the answer
        self._writer.write(self._lines)
        self._lines = b""
        self.answers.labels(code).inc()
        self._answers += 1
        self._errors += code in ERRORS

    # --- commands ----------------------------------------------------------------------------------------

    def _create_envelope(self) -> Draft:
        return Draft()

    def admit(self, service: Any) -> None:
        """From here on `service` is speaking."""
        self.session.authenticated = True
        self.session.auth_data = service
        if self._deadline is not None:
            self._deadline.cancel()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The path between < and >, and its parameters; (None, None) if there is no path."""
        if not arg:
            return "", ""  # aiosmtpd then tells the syntax
        found = _PATH.fullmatch(arg) if arg.isprintable() else None
        if found is None:
            return None, None
        path = found["path"] if found["bare"] is None else found["bare"]
        # AUTH= must be taken by whoever offers AUTH, and may be ignored (RFC 4954 5).
        rest = [word for word in (found["rest"] or "").split() if not word.upper().startswith("AUTH=")]
        return f"<{path}>", " ".join(rest)

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        """aiosmtpd forgets what came unencrypted with the command (RFC 3207 4.2), but would wrap TLS in TLS."""
        if self._tls_protocol:
            await self.push("503 5.5.1 This is TLS already.")
        else:
            await super().smtp_STARTTLS(arg or "")

    async def smtp_AUTH(self, arg: str | None) -> None:
        """aiosmtpd knows the mechanisms in capital letters only."""
        mechanism, blank, rest = (arg or "").partition(" ")
        await super().smtp_AUTH(mechanism.upper() + blank + rest)

    async def smtp_HELP(self, arg: str | None) -> None:
        await self.push(f"214 2.0.0 {' '.join(sorted(self._smtp_methods))}")

    async def smtp_VRFY(self, arg: str | None) -> None:
        """Tells nothing about anybody (RFC 5321 7.3)."""
        await self.push("252 2.5.0 Not told; send the mail, and its answer tells what became of it.")

    async def smtp_EXPN(self, arg: str | None) -> None:
        await self.push("502 5.5.1 There are no lists here.")

    async def smtp_DATA(self, arg: str | None) -> None:
        """One mail.

        1. Refuse what is out of order. What was sent with it may be a mail, and must not be read as commands.
        2. Read the mail to its end, even where it is too long.
        3. Hand it over, and give the answer.
        """
        refusal = self._out_of_order(arg)
        if self._wire.waiting:
            await self.push(refusal or "554 5.5.0 Wait for 354 after DATA (RFC 2920 3.1).")
            await self.hang_up("421 4.7.0 More was sent after DATA than may be read; closing.")
        if refusal:
            await self.push(refusal)
            return
        await self.push("354 End with CRLF . CRLF")
        try:
            raw = await self._receive()
            answers = await self._answers_to(raw)
            self._mails, self._answers, self._errors = self._mails + 1, 0, 0
            self._reset_timeout()
            for answer in answers:
                await self.push(answer)
            self.envelope = self._create_envelope()
        finally:
            self.busy = False
            self.door.octets -= self._octets
            self._octets = 0
        if self.door.stopping:
            await self.hang_up(CLOSING)

    def _out_of_order(self, arg: str | None) -> str | None:
        if not self.session.host_name:
            return "503 5.5.1 Send EHLO first."
        if not self.session.authenticated:
            return "530 5.7.0 Authentication required"
        if arg:
            return "501 5.5.4 DATA takes no words."
        if not self.envelope.mail_from:
            return "503 5.5.1 Send MAIL first."
        if not self.envelope.recipients:
            return "554 5.5.1 There is no valid recipient."
        return None

    async def _receive(self) -> bytes | None:
        """The mail, or None if it is too long. Hangs up if it cannot be read: its rest would be read as commands."""
        self._receiving = True
        try:
            return await self._wire.mail(self.door.terms.octets, self._arrived)
        except ConnectionError:
            raise
        except TooMuch as error:
            await self.push(str(error))
            await self.hang_up("421 4.7.0 Closing before the end of the mail; nothing was taken.")
        except Exception as error:  # noqa: BLE001 - see above
            log.error("smtp.failed", conversation=self.name, **describe(error))
            await self.hang_up("421 4.3.0 Something went wrong here; nothing was taken, please send again.")
        finally:
            self._receiving = False

    def _arrived(self, octets: int) -> None:
        self._reset_timeout()  # RFC 5321 4.5.3.2.5 counts from one block of a mail to the next
        self._octets += octets
        self.door.octets += octets
        if self._octets > 4 * self.door.terms.octets:
            raise TooMuch(TOO_LONG.format(self.door.terms.octets))
        if self.door.octets > self.door.terms.octets_in_all:
            raise TooMuch("452 4.3.1 Too much mail at once; nothing was taken, please send again.")

    async def _answers_to(self, raw: bytes | None) -> list[str]:
        """What to say to a mail; None is one that is too long."""
        return [TOO_LONG.format(self.door.terms.octets) if raw is None else await self._hand_over(raw)]

    async def _hand_over(self, raw: bytes) -> str:
        draft = self.envelope
        mail = Mail(
            service=self.session.auth_data,
            sender=draft.sender,
            recipients=tuple(draft.recipients),
            smtputf8=draft.smtp_utf8,
            body8bit="BODY=8BITMIME" in draft.mail_options,
            raw=raw,
            trace=Trace(
                said=self.session.host_name or "",
                peer=self.peer,
                by=self.door.terms.domain,
                protocol=f"{'UTF8SMTP' if draft.smtp_utf8 else 'ESMTP'}{'S' if self._tls_protocol else ''}A",
                id=f"{self.name}-{self._mails + 1}",
            ),
        )
        self.busy = True
        try:
            return await self.door.call(hand_over, self.door.core, mail)
        except Exception as error:  # noqa: BLE001 - no thread to be had: nothing was taken
            log.error("smtp.failed", conversation=self.name, **describe(error))
            return SORRY
