"""One SMTP conversation: what comes is read where it comes in, and nothing waits but for a look-up or the gate."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import structlog
from prometheus_client import Counter, Gauge

from .commands import COMMANDS, Command, Draft, Refused, challenged
from .handover import SORRY, Mail, Trace, describe
from .wire import RUNAWAY_LIMIT, Wire, on_loopback

if TYPE_CHECKING:
    from .smtp import Door

CONNECTIONS = Gauge("atesaki_smtp_connections", "Open connections of the SMTP door", multiprocess_mode="livesum")
ANSWERS = Counter("atesaki_smtp_answers", "Answers of the SMTP door", ["code"])

COMMAND_LIMIT: Final = 2048  # octets; RFC 5321 4.5.3.1.4 wants 512 and room for what extensions add
AUTH_LIMIT: Final = 12288  # octets, RFC 4954 4
AHEAD_LIMIT: Final = 65536  # octets that may have come while nothing can be read
UNHEARD_LIMIT: Final = 65536  # octets of answers that the client has not taken
FAREWELL_SECONDS: Final = 20.0  # for the client to take our last words
STRANGE_LIMIT: Final = 5  # commands that nobody knows
ERRORS_LIMIT: Final = 20  # answers of ERRORS without a mail in between
ANSWERS_LIMIT: Final = 1000  # answers of any kind without a mail in between

ERRORS: Final = frozenset({"500", "501", "502", "503", "504", "530", "538", "555"})
TOO_LONG: Final = "552 5.3.4 The mail is longer than {} octets."
CLOSING: Final = "421 4.3.2 This door is closing; nothing more was taken, please come back."
BROKEN: Final = "421 4.3.0 Something went wrong here; nothing was taken, please send again."

log = structlog.get_logger()


class Answers(dict[str, Any]):
    """A counter of answers by code: its `labels` costs more than the counting, so what it returns is kept."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def __missing__(self, code: str) -> Any:
        child = self[code] = self._counter.labels(code)
        return child


class Conversation(asyncio.Protocol):
    """One client at the door, from its connection to its leaving. Made by `Door`."""

    # What is counted of a door's conversations.
    connections, answers = CONNECTIONS, Answers(ANSWERS)
    commands: ClassVar[Mapping[bytes, Command]] = COMMANDS
    must_log_in = True

    _transport: asyncio.Transport

    def __init__(self, door: Door) -> None:
        self.door = door
        self.name = secrets.token_hex(4)
        self.peer = ""
        self.near = False  # on this machine: a password may come in the clear
        self.tls = False
        self.said = ""  # what the client calls itself; "" before it has
        self.extended = False  # it said EHLO
        self.lmtp = False  # it said LHLO, which only the inbound door knows
        self.service: Any = None  # who has logged in
        self.resident: str | None = None  # the service that speaks from here without logging in
        self.wrong = 0  # passwords
        self.draft = Draft()
        self.busy = False  # a mail is in the gate's hands
        self._wire = Wire()
        self._then: Command | None = None  # reads the answer to a challenge
        self._work: asyncio.Task[None] | None = None  # what the client waits for; nothing is read meanwhile
        self._shaking = False  # hands, of TLS
        self._receiving = False
        self._octets = 0  # of the mail that is coming in
        self._mails = 0
        self._strange = 0
        self._errors = 0
        self._answered = 0
        self._unsaid = b""
        self._ended = False  # by us or by the client: nothing is read or said any more
        self._left = False  # the connection is gone
        self._deaf = False  # the client does not take our answers
        self._paused = False
        self._last = False  # nothing more will come
        self._heard = self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # --- the connection ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Not called again after STARTTLS."""
        door, terms = self.door, self.door.terms
        self._transport = cast(asyncio.Transport, transport)
        found = transport.get_extra_info("peername")
        self.peer = found[0] if isinstance(found, tuple) else ""
        self.near = on_loopback(self.peer)
        self.resident = terms.networks.service_at(self.peer) if self.must_log_in else None
        door.conversations.add(self)
        self.connections.inc()
        self._transport.set_write_buffer_limits(UNHEARD_LIMIT)
        self._set_deadline()
        if len(door.conversations) > terms.connections:
            self.hang_up("421 4.7.0 Too many connections; please come back.")
        elif door.stopping:
            self.hang_up(CLOSING)
        else:
            self.say(f"220 {terms.domain} ESMTP")  # not the software's name and version, which help only an attacker
            self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        """May be called twice: we do so ourselves when a TLS handshake fails. A mail in the gate's hands goes on."""
        if self._left:
            return
        self._left = self._ended = True
        self.door.conversations.discard(self)
        self.connections.dec()
        if self._timer is not None:
            self._timer.cancel()
        if not self.busy:
            self._abandon()

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._wire.feed(data)
        if self._receiving:
            self._arrived(len(data))
        self._go_on()

    def eof_received(self) -> bool:
        """A client that has said all it had to say may still listen, but not by TLS."""
        self._last = True
        if not self._ended:
            self._go_on()
        return not self.tls

    def pause_writing(self) -> None:
        self._deaf = True

    def resume_writing(self) -> None:
        self._deaf = False
        if not self._ended:
            self._go_on()

    def _set_deadline(self) -> None:
        """By when somebody must have logged in, where that is needed."""
        loop, terms = self.door.loop, self.door.terms
        self._heard = loop.time()
        self._deadline = float("inf") if self.admitted else self._heard + terms.auth_seconds
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(min(self._heard + terms.seconds, self._deadline), self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        """The one timer of a conversation: nothing is set anew for each command."""
        now = self.door.loop.time()
        silent = self._heard + self.door.terms.seconds
        if self._ended:
            self._transport.abort()  # it does not take our last words
        # The gate has time-outs of its own, and a client that waits for it is not idle (RFC 5321 4.5.3.2.6).
        elif now >= silent and not self.busy:
            self.dismiss("421 4.4.2 Nothing was said for too long; closing.")
        elif now >= self._deadline:
            self.dismiss("421 4.7.0 Nobody has logged in; closing.")
        else:
            again = now + self.door.terms.seconds if self.busy else silent
            self._timer = self.door.loop.call_at(min(again, self._deadline), self._look_at_the_clock)

    # --- answers -----------------------------------------------------------------------------------------

    def say(self, *lines: str) -> None:
        """One answer. Goes out with the others when nothing is left to be read (RFC 2920 3.2)."""
        if self._ended:
            return
        self._put(lines)
        if self._errors > ERRORS_LIMIT or self._answered > ANSWERS_LIMIT:
            self.hang_up("421 4.7.0 Too many commands without a mail; closing.")

    def hang_up(self, reply: str) -> None:
        """Says the last word; nothing that has come or will come is read."""
        if self._ended:
            return
        self._put((reply,))
        self._close()

    def dismiss(self, reply: str) -> None:
        """`hang_up`, by somebody else than the client's own command."""
        if self._ended:
            return
        if self._shaking:
            self._ended = True
            self._transport.abort()  # a word in the clear would only disturb it
        else:
            self.hang_up(reply)
        if not self.busy:
            self._abandon()

    def _put(self, lines: tuple[str, ...]) -> None:
        # RFC 6531 3.7.4.2: UTF-8 only for a client that asked for it.
        encoding = "utf-8" if self.draft.smtputf8 else "ascii"
        for line in lines:
            if not line.isprintable():  # a line break would make a second answer of it
                line = "".join(char if char.isprintable() else " " for char in line)  # noqa: PLW2901
            self._unsaid += line.encode(encoding, "replace") + b"\r\n"
        code = lines[-1][:3]
        self.answers[code].inc()
        self._answered += 1
        if code in ERRORS:
            self._errors += 1

    def _flush(self) -> None:
        said, self._unsaid = self._unsaid, b""
        if not self._transport.is_closing():  # it was cut, and `connection_lost` is on its way
            self._transport.write(said)

    def _close(self) -> None:
        self._ended = True
        self._flush()
        self._wire.clear()
        if not self.busy:
            self._forget_octets()
        self._transport.close()
        if self._timer is not None:
            self._timer.cancel()
        if not self._left:
            self._timer = self.door.loop.call_later(FAREWELL_SECONDS, self._look_at_the_clock)

    # --- reading -----------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Reads what has come, as far as it can be read now, and says all the answers in one go.

        While it cannot be read, no more than AHEAD_LIMIT and one read's worth is taken from the client.
        """
        wire = self._wire
        while not (self._ended or self._work or self._deaf):
            if self._receiving:
                if not self._read_mail():
                    break
            elif (line := wire.line()) is not None:
                self._read_command(line)
            elif len(wire) > RUNAWAY_LIMIT:
                self.hang_up("421 4.7.0 This is no SMTP; closing.")
            else:
                break
        if self._unsaid:
            self._flush()
        if not (self._ended or self._transport.is_closing()):
            self._let_come()

    def _let_come(self) -> None:
        """Takes more from the client, or not now, or nothing more."""
        if self._work or self._deaf:
            if not self._paused and not self._shaking and len(self._wire) > AHEAD_LIMIT:
                self._paused = True
                self._transport.pause_reading()
        elif self._last:
            self._close()
        elif self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _read_command(self, line: bytes) -> None:
        try:
            answer = self._answer_to(line)
        except Refused as refusal:
            answer = str(refusal)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was not done and the client must hear so
            log.error("smtp.failed", conversation=self.name, **describe(error))
            answer = SORRY
        if answer is not None:
            self.say(answer)

    def _answer_to(self, line: bytes) -> str | None:
        then, self._then = self._then, None
        verb, _, said = (b"", b"", line) if then is not None else line.partition(b" ")
        verb = verb.upper()
        limit = AUTH_LIMIT if then is not None or (verb == b"AUTH" and self.extended) else COMMAND_LIMIT
        if len(line) > limit:
            return "500 5.5.2 Command line too long"
        command = then or self.commands.get(verb)
        if command is None:
            return self._unknown(verb)
        self._heard = self.door.loop.time()
        # What is no UTF-8 is left to be seen by who reads it.
        return command(self, said.strip(b" \t").decode("utf-8", "surrogateescape"))

    def _unknown(self, verb: bytes) -> str | None:
        if verb and verb.isascii():
            self._strange += 1
            if self._strange >= STRANGE_LIMIT:
                self.hang_up("502 5.5.1 Too many unrecognized commands, goodbye.")
                return None
        return "500 5.5.2 This is no command that is known here."

    @property
    def ahead(self) -> bool:
        """Whether more has come than the command that is being read."""
        return len(self._wire) > 0

    # --- what commands bring about -----------------------------------------------------------------------

    @property
    def admitted(self) -> bool:
        """Whether this client may send a mail."""
        return self.service is not None or self.resident is not None or not self.must_log_in

    def admit(self, service: Any) -> None:
        """From here on `service` is speaking."""
        self.service = service
        self._deadline = float("inf")

    def challenge(self, words: str, then: Command) -> str:
        """The line that asks for a response, which goes to `then`."""
        self._then = then
        return challenged(words)

    def wait(self, work: Callable[..., Awaitable[str | None]], *args: Any) -> None:
        """Reads nothing more until `work`, given this conversation, has said its answer."""
        self._work = self.door.keep(self._awaited(work, *args))

    async def _awaited(self, work: Callable[..., Awaitable[str | None]], *args: Any) -> None:
        try:
            answer = await work(self, *args)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was not done and the client must hear so
            log.error("smtp.failed", conversation=self.name, **describe(error))
            answer = SORRY
        finally:
            self._work = None
        if answer is not None:
            self.say(answer)
        self._go_on()

    def _abandon(self) -> None:
        """Ends a look-up that nobody waits for any more."""
        self._forget_octets()
        if self._work is not None:
            self._work.cancel()

    # --- TLS ---------------------------------------------------------------------------------------------

    def start_tls(self) -> None:
        """What came unencrypted with the command is forgotten (RFC 3207 4.2), what comes now is a handshake."""
        self._transport.pause_reading()
        self.say("220 2.0.0 Ready to start TLS")
        self._flush()
        self._wire.clear()
        self._shaking = True
        self.wait(Conversation._shake_hands)

    async def _shake_hands(self) -> None:
        terms = self.door.terms
        try:
            transport = await self.door.loop.start_tls(
                self._transport,
                self,
                cast(ssl.SSLContext, terms.tls),
                server_side=True,
                ssl_handshake_timeout=min(terms.seconds, 60.0),
                ssl_shutdown_timeout=FAREWELL_SECONDS,
            )
            if transport is None:
                raise ConnectionResetError("the client left")
        except BaseException as error:
            self._work = None
            self._transport.abort()
            self.connection_lost(None)  # nobody else calls it now
            if not isinstance(error, Exception):
                raise
            log.info("smtp.no_handshake", conversation=self.name)  # the client's fault
            return
        self._transport, self._shaking, self.tls = transport, False, True
        transport.set_write_buffer_limits(UNHEARD_LIMIT)
        # Who it was, it has said in the clear.
        self.said, self.extended, self.service, self.draft = "", False, None, Draft()
        self._set_deadline()

    # --- one mail ----------------------------------------------------------------------------------------

    def receive(self) -> None:
        """From here on a mail comes."""
        self._wire.begin_mail()
        self._receiving = True

    def _arrived(self, octets: int) -> None:
        self._heard = self.door.loop.time()  # RFC 5321 4.5.3.2.5 counts from one block of a mail to the next
        self._octets += octets
        self.door.octets += octets
        terms = self.door.terms
        if self._octets > 4 * terms.octets:
            self._too_much(TOO_LONG.format(terms.octets))
        elif self.door.octets > terms.octets_in_all:
            self._too_much("452 4.3.1 Too much mail at once; nothing was taken, please send again.")

    def _too_much(self, reply: str) -> None:
        """The mail is not even read to its end; what would come of it would be read as commands."""
        self.say(reply)
        self.hang_up("421 4.7.0 Closing before the end of the mail; nothing was taken.")

    def _forget_octets(self) -> None:
        self.door.octets -= self._octets
        self._octets = 0

    def _read_mail(self) -> bool:
        """Whether it has come. Hangs up if it cannot be read: its rest would be read as commands."""
        limit = self.door.terms.octets
        try:
            if not self._wire.has_mail(limit):
                return False
            raw = self._wire.mail(limit)
        except Exception as error:  # noqa: BLE001 - see above
            log.error("smtp.failed", conversation=self.name, **describe(error))
            self.hang_up(BROKEN)
            return False
        self._receiving, self.busy = False, True
        self.wait(Conversation._hand_in, raw)
        return True

    async def _hand_in(self, raw: bytes | None) -> None:
        """Goes on to its end when the client leaves: what the gate has begun, it ends."""
        try:
            answers = await self.answers_to(raw)
        except Exception as error:  # noqa: BLE001 - no thread to be had: nothing was taken
            log.error("smtp.failed", conversation=self.name, **describe(error))
            answers = [SORRY]
        finally:
            self.busy = False
            self._forget_octets()
        self._mails, self._answered, self._errors = self._mails + 1, 0, 0
        self._heard = self.door.loop.time()
        try:
            for answer in answers:
                self.say(answer)
        finally:
            self.draft = Draft()
        if self.door.stopping:
            self.hang_up(CLOSING)

    async def answers_to(self, raw: bytes | None) -> list[str]:
        """What to say to a mail; None is one that is too long."""
        if raw is None:
            return [TOO_LONG.format(self.door.terms.octets)]
        draft = self.draft
        extended = "UTF8SMTP" if draft.smtputf8 else "ESMTP" if self.extended else "SMTP"
        trace = Trace(
            said=self.said,
            peer=self.peer,
            by=self.door.terms.domain,
            protocol=f"{extended}{'S' if self.tls else ''}{'A' if self.service is not None else ''}",
            id=f"{self.name}-{self._mails + 1}",
        )
        recipients = tuple(draft.recipients)
        return [
            await self.door.answer(
                Mail(draft.service, draft.sender, recipients, draft.smtputf8, draft.body8bit, raw, trace)
            )
        ]
