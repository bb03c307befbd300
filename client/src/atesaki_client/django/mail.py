"""Django's SMTP backend, grown by who a mail is for, by what the door answers, and by a spool for when it is shut."""

from __future__ import annotations

import logging
import re
import smtplib
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import BadHeaderError, EmailMessage
from django.core.mail.backends.smtp import EmailBackend as SMTPBackend
from django.core.mail.message import sanitize_address

from atesaki_client.spool import Fate, Run, Spool, Waiting

CUSTOMER, KNOWS = "X-Atesaki-Customer", "X-Atesaki-Knows"
_LONGEST_VALUE = 200  # characters
_ANSWERS = {
    "postal_code": r"[0-9]{7}|[0-9]{5}|[0-9]{9}",
    "phone_last4": r"[0-9]{4}|\+[0-9]{9,15}|0[0-9]{9,10}",
    "birth_year": r"(19|20)[0-9]{2}",
}

_CONNECT_SECONDS = 5.0
# The door asks the next hop before it answers; who leaves too early has the mail sent twice (RFC 5321 4.5.3.2.6).
_ANSWER_SECONDS = 120.0
_IN_PASSING_SECONDS = 2.0  # that one mail may spend on those that have waited before it

log = logging.getLogger("atesaki_client")


@dataclass(frozen=True, slots=True)
class _For:
    ref: str = ""
    knows: Mapping[str, str] | None = None


_nobody = _For()
_current: ContextVar[_For] = ContextVar("atesaki_customer", default=_nobody)


@contextmanager
def customer(ref: str, knows: Mapping[str, str] | None = None) -> Iterator[None]:
    """Whatever is mailed in here is for that customer of yours, unless the mail itself names another.

    knows: what only they know and the confirmation page may ask for: `postal_code`, `phone_last4`, `birth_year`.
    """
    before = _current.set(_For(ref, knows))
    try:
        yield
    finally:
        _current.reset(before)


def current() -> str:
    """The customer of the `with customer(…)` that we are in; "" outside of one."""
    return _current.get().ref


@dataclass(frozen=True, slots=True)
class _Offered:
    """What the door said to one mail. `left`: the recipients it wants to be asked for later."""

    fate: Fate
    left: tuple[str, ...]
    said: str
    error: smtplib.SMTPException | OSError | None = None
    ledger: str = ""
    outcomes: tuple[str, ...] = ()
    at_once: bool = False  # those left may be asked for in another turn: there were only too many (RFC 5321 4.5.3.1.10)


class EmailBackend(SMTPBackend):
    """`EMAIL_BACKEND = "atesaki_client.django.EmailBackend"`.

    A mail is for `message.atesaki_customer`, its header `X-Atesaki-Customer`, or the customer of `with customer(…)`;
    `message.atesaki_knows`, likewise, is what the confirmation page may ask for. After it was taken,
    `message.atesaki_ledger` and `message.atesaki_outcomes` tell what became of it.

    A recipient whom the door refuses raises nothing: the order behind the mail stands. It is logged, and not
    counted among the sent. When the door is away or takes nothing, the mail goes into the folder `ATESAKI_SPOOL`
    and counts as sent; without that setting it raises what Django's own raises.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._answer_seconds = self.timeout or _ANSWER_SECONDS
        if self.timeout is None:
            self.timeout = _CONNECT_SECONDS
        self._spool = _spool()
        self._lock = threading.RLock()

    def open(self) -> bool | None:
        """As Django's; once connected, it has the patience that an answer needs."""
        opened = super().open()
        if opened and self.connection is not None and self.connection.sock is not None:
            self.connection.sock.settimeout(self._answer_seconds)
        return opened

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were taken by the door or are kept.

        1 While older mail waits, the new waits behind it, and all of it is offered in passing.
        2 Else each is offered; what is put off is kept, or raised where there is no spool.
        """
        with self._lock:
            if self._spool is not None and self._spool.names():
                return self._send_behind(email_messages)
            return self._send_now(email_messages)

    @classmethod
    def send_waiting(cls, *, seconds: float = 60, every: bool = False) -> Run:
        """Offers what waits in `ATESAKI_SPOOL`; `every`: also what was put off to later."""
        return cls(fail_silently=False)._empty(seconds, every)

    # --- two ways ----------------------------------------------------------------------------------------

    def _send_behind(self, messages: Sequence[EmailMessage]) -> int:
        kept = sum(self._keep(_waiting(each), "older mail waits") for each in messages if each.recipients())
        with suppress(smtplib.SMTPException, OSError):  # it is on disk, and `_empty` has logged what there is to say
            self._empty(_IN_PASSING_SECONDS, every=False)
        return kept

    def _send_now(self, messages: Sequence[EmailMessage]) -> int:
        messages = [each for each in messages if each.recipients()]
        if not messages:
            return 0
        try:
            opened = self._open_loudly()
        except (smtplib.SMTPException, OSError) as error:
            if self._spool is not None:
                return sum(self._keep(_waiting(each), _why(error), error) for each in messages)
            if self.fail_silently:
                return 0
            raise
        try:
            return sum(self._send_one(each) for each in messages)
        finally:
            if opened:
                self._close_quietly()

    def _send_one(self, message: EmailMessage) -> bool:
        mail = _waiting(message)
        offered = self._offer(mail)
        message.atesaki_ledger, message.atesaki_outcomes = offered.ledger, offered.outcomes  # type: ignore[attr-defined]
        if not offered.left:
            taken = any(each != "refuse" for each in offered.outcomes)
            if offered.error is not None and not self.fail_silently:
                raise offered.error
            return taken
        if self._spool is not None:
            return self._keep(Waiting(mail.sender, offered.left, mail.raw), offered.said, offered.error)
        if self.fail_silently:
            return False
        raise offered.error or smtplib.SMTPException("nothing was taken")

    # --- the spool ---------------------------------------------------------------------------------------

    def _keep(self, mail: Waiting, why: str, error: BaseException | None = None) -> bool:
        if self._spool is None:
            raise ImproperlyConfigured("ATESAKI_SPOOL is not set.")
        try:
            name = self._spool.keep(mail)
        except OSError as trouble:
            log.error("atesaki.not_kept: %s; and the spool cannot be written: %s", why, trouble.strerror)
            if self.fail_silently:
                return False
            raise error or trouble from trouble
        waiting = len(self._spool.names())
        log.warning("atesaki.kept: %s; it waits as %s, %d in all", why, name, waiting)
        return True

    def _empty(self, seconds: float, every: bool) -> Run:
        if self._spool is None:
            raise ImproperlyConfigured("ATESAKI_SPOOL is not set, so nothing waits: name a folder in it.")
        if not self._spool.names():
            return Run()
        try:
            run = self._spool.send(self._offer_waiting, seconds=seconds, every=every)
        finally:
            self._close_quietly()
        if run.sent or run.refused:
            log.info("atesaki.sent_waiting: %d sent, %d set aside, %d wait", run.sent, run.refused, run.waiting)
        return run

    def _offer_waiting(self, mail: Waiting, name: str) -> tuple[Fate, Sequence[str]]:
        try:
            self._open_loudly()
        except (smtplib.SMTPException, OSError) as error:
            log.warning("atesaki.away: %s", _why(error))
            return Fate.AWAY, mail.recipients
        offered = self._offer(mail)
        if offered.fate is Fate.REFUSED:
            log.error("atesaki.set_aside: %s; %s is in refused/ now", offered.said, name)
        elif offered.fate is not Fate.DONE:
            log.warning("atesaki.put_off: %s; %s waits on", offered.said, name)
        return offered.fate, offered.left

    # --- the conversation --------------------------------------------------------------------------------

    def _open_loudly(self) -> bool:
        """Whether a new connection was made; raises also where Django's would be silent."""
        silently, self.fail_silently = self.fail_silently, False
        try:
            return bool(self.open())
        finally:
            self.fail_silently = silently

    def _close_quietly(self) -> None:
        with suppress(smtplib.SMTPException, OSError):  # whatever it says now, the answers are given
            self.close()
        self.connection = None

    def _offer(self, mail: Waiting) -> _Offered:
        """One mail to the open door, in as many turns as its number of recipients takes."""
        left, ledger, said = mail.recipients, "", ""
        outcomes: tuple[str, ...] = ()
        while left:
            turn = self._turn(Waiting(mail.sender, left, mail.raw))
            ledger, outcomes, said = turn.ledger or ledger, (*outcomes, *turn.outcomes), turn.said
            if turn.fate is not Fate.DONE or (turn.left and not turn.at_once):
                fate = turn.fate if turn.fate is not Fate.DONE else Fate.PUT_OFF
                return _Offered(fate, turn.left, said, turn.error, ledger, outcomes)
            left = turn.left
        return _Offered(Fate.DONE, (), said, None, ledger, outcomes)

    def _turn(self, mail: Waiting) -> _Offered:
        connection = self.connection
        if connection is None:
            return _Offered(Fate.AWAY, mail.recipients, "there is no connection", smtplib.SMTPServerDisconnected())
        try:
            return _converse(connection, mail)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if isinstance(error, ValueError) and not isinstance(error, OSError):
                trouble = smtplib.SMTPException(f"an address that no mail server takes ({type(error).__name__})")
                self._close_quietly()
                return _Offered(Fate.REFUSED, (), str(trouble), trouble)
            self._close_quietly()  # in the middle of a mail: what it would hear next is not for sure
            return _Offered(Fate.AWAY, mail.recipients, _why(error), error)


def _converse(connection: smtplib.SMTP, mail: Waiting) -> _Offered:
    """MAIL, RCPT, DATA. `smtplib.sendmail` would keep the answer to itself, and with it the ledger's id."""
    connection.ehlo_or_helo_if_needed()
    options = ["BODY=8BITMIME"] if connection.has_extn("8bitmime") and not mail.raw.isascii() else []
    if not all(each.isascii() for each in (mail.sender, *mail.recipients)):
        options.append("SMTPUTF8")
        connection.command_encoding = "utf-8"
    code, answer = connection.mail(mail.sender, options)
    if code != 250:
        return _refused(connection, mail, code, answer, smtplib.SMTPSenderRefused(code, answer, mail.sender))
    later, taken = [], []
    wrong: dict[str, tuple[int, bytes]] = {}
    for recipient in mail.recipients:
        code, answer = connection.rcpt(recipient)
        if code in (250, 251):
            taken.append(recipient)
            continue
        wrong[recipient] = (code, answer)
        if code // 100 == 4:
            later.append(recipient)
        else:
            log.warning("atesaki.refused: recipient %d: %s", mail.recipients.index(recipient) + 1, _plain(code, answer))
    if not taken:
        connection.rset()
        if not later:
            return _Offered(Fate.DONE, (), "no recipient is one")
        return _Offered(Fate.PUT_OFF, tuple(later), "every recipient was put off", smtplib.SMTPRecipientsRefused(wrong))
    at_once = bool(later) and {wrong[each][0] for each in later} == {452}
    put_off = "some recipients were put off" if later else ""
    error = smtplib.SMTPRecipientsRefused({each: wrong[each] for each in later}) if later else None
    code, answer = connection.data(mail.raw)
    if code == 250:
        ledger, outcomes = _taken(answer)
        if "refuse" in outcomes:
            log.warning("atesaki.refused: ledger %s: %d of %d", ledger, outcomes.count("refuse"), len(outcomes))
        log.info("atesaki.taken: ledger %s: %s", ledger, ",".join(outcomes))
        return _Offered(Fate.DONE, tuple(later), put_off, error, ledger, outcomes, at_once)
    if code == 550:
        ledger, reason = _told(answer)
        log.warning("atesaki.refused: ledger %s: %s", ledger, reason)
        return _Offered(Fate.DONE, tuple(later), put_off or reason, error, ledger, ("refuse",) * len(taken), at_once)
    return _refused(connection, mail, code, answer, smtplib.SMTPDataError(code, answer))


def _refused(
    connection: smtplib.SMTP, mail: Waiting, code: int, answer: bytes, error: smtplib.SMTPException
) -> _Offered:
    """The mail as a whole: 5xx never, 421 nothing more in this conversation, other 4xx not now."""
    said = _plain(code, answer)
    if code // 100 == 5:
        connection.rset()
        return _Offered(Fate.REFUSED, (), said, error)
    if code == 421:
        connection.close()
        return _Offered(Fate.AWAY, mail.recipients, said, error)
    connection.rset()
    return _Offered(Fate.PUT_OFF, mail.recipients, said, error)


def _waiting(message: EmailMessage) -> Waiting:
    """The mail and its envelope, as Django's backend would hand them over, with our headers."""
    encoding = message.encoding or settings.DEFAULT_CHARSET
    around = _current.get()
    built = message.message()
    ref = _given(message, CUSTOMER) or getattr(message, "atesaki_customer", "") or around.ref
    knows = _given(message, KNOWS) or getattr(message, "atesaki_knows", None) or around.knows
    wishes = b"".join(_line(*each) for each in ((CUSTOMER, ref), (KNOWS, _facts(knows))))
    for name in (CUSTOMER, KNOWS):
        del built[name]
    sender = sanitize_address(message.from_email, encoding)
    recipients = tuple(sanitize_address(each, encoding) for each in message.recipients())
    return Waiting(sender, recipients, wishes + built.as_bytes(linesep="\r\n"))  # type: ignore[call-arg]


def _given(message: EmailMessage, name: str) -> str:
    headers: Mapping[str, Any] = message.extra_headers
    return next((str(value) for key, value in headers.items() if key.lower() == name.lower()), "")


def _line(name: str, value: str) -> bytes:
    """A header for the door alone, which takes it away again: UTF-8 as it is, for it reads no encoded words there."""
    if not value.isprintable() or len(value) > _LONGEST_VALUE:
        raise BadHeaderError(f"{name} must be at most {_LONGEST_VALUE} printable characters, in one line.")
    return f"{name}: {value}\r\n".encode() if value else b""


def _facts(knows: Mapping[str, str] | str | None) -> str:
    """The header's value. What cannot be an answer is left out: the door would refuse the whole mail for it."""
    if isinstance(knows, str):
        return knows
    usable = {}
    for name, value in (knows or {}).items():
        digits = re.sub(r"[\s().〒ー_-]", "", unicodedata.normalize("NFKC", str(value)))
        if name in _ANSWERS and re.fullmatch(_ANSWERS[name], digits):
            usable[name] = digits
        elif value:
            log.warning("atesaki.knows_left_out: %s", name if name in _ANSWERS else "a key that is not known")
    return "; ".join(f"{name}={value}" for name, value in usable.items())


def _taken(answer: bytes) -> tuple[str, tuple[str, ...]]:
    """The ledger's id and the outcomes in `2.0.0 ID OUTCOME,OUTCOME`; nothing for another server's words."""
    words = answer.decode("ascii", "replace").split()
    if len(words) == 3 and words[0] == "2.0.0" and re.fullmatch(r"[0-9a-f-]{32,36}", words[1]):
        return words[1], tuple(words[2].split(","))
    return "", ("taken",)


def _told(answer: bytes) -> tuple[str, str]:
    """The ledger's id and the reason in `5.7.1 ID REASON`."""
    found = re.fullmatch(r"(?:5\.\d+\.\d+ )?([0-9a-f-]{32,36}) (.*)", answer.decode("utf-8", "replace"), re.S)
    return (found[1], _masked(found[2])) if found else ("unknown", _masked(answer.decode("utf-8", "replace")))


def _plain(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return f"{code} {_masked(text)}"


def _masked(text: str) -> str:
    """Without what may be an address: a log is read by more people than a mail."""
    return re.sub(r"\S*@\S*", "…", " ".join(text.split()))[:300]


def _why(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _plain(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPException):
        return _masked(str(error)) or type(error).__name__
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _spool() -> Spool | None:
    """The folder `ATESAKI_SPOOL`. Raises `ImproperlyConfigured` for one that a web server may show."""
    named = getattr(settings, "ATESAKI_SPOOL", None)
    if not named:
        return None
    folder = Path(named).resolve()
    for name in ("MEDIA_ROOT", "STATIC_ROOT"):
        shown = getattr(settings, name, None)
        if shown and folder.is_relative_to(Path(shown).resolve()):
            raise ImproperlyConfigured(f"ATESAKI_SPOOL lies in {name}, which everybody may see: name another folder.")
    try:
        return Spool(folder)
    except OSError as error:
        raise ImproperlyConfigured(f"ATESAKI_SPOOL cannot be made: {error.strerror}.") from error
