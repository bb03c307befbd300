"""What the SMTP door answers to the single commands: who is speaking, from whom, to whom.

A command is given what stands behind its name and returns its answer, or None if the answer is said already or will
be when a look-up has ended. It may raise `Refused`; whatever else it raises is 451.
"""

from __future__ import annotations

import asyncio
import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import structlog

from atesaki.addresses import AddressError, parse

from .handover import describe, known

if TYPE_CHECKING:
    from .conversation import Conversation

Command = Callable[["Conversation", str], str | None]

WRONG_LIMIT: Final = 3  # wrong passwords

# A path, with its source route passed over (RFC 5321 4.1.2, appendix C), and what follows it. The address itself
# is left to `addresses`: a strict parser would refuse a..b@docomo.ne.jp, which people have.
_PATH: Final = re.compile(
    r'(?:<(?:@[^:<>"]*:)?(?P<path>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)>|(?P<bare>[^\s<>]+))(?: +(?P<rest>.*))?'
)

log = structlog.get_logger()


class Refused(Exception):
    """A command is not done; the text is the answer."""


class Draft:
    """What is known of a mail before its DATA."""

    __slots__ = ("begun", "body8bit", "recipients", "sender", "service", "smtputf8")

    def __init__(self) -> None:
        self.begun = False  # MAIL was said
        self.service: Any = None
        self.sender = ""
        self.recipients: list[Any] = []  # `Address`; at the inbound door what the client said
        self.smtputf8 = False
        self.body8bit = False


# --- greeting --------------------------------------------------------------------------------------------


def helo(talk: Conversation, arg: str) -> str:
    if not arg:
        return "501 5.5.4 HELO needs the name of your host."
    talk.said, talk.extended, talk.lmtp, talk.draft = arg, False, False, Draft()
    return f"250 {talk.door.terms.domain}"


def ehlo(talk: Conversation, arg: str) -> None:
    """What we offer. Not CHUNKING: a mail comes by DATA alone."""
    if not arg:
        raise Refused("501 5.5.4 EHLO needs the name of your host.")
    talk.said, talk.extended, talk.lmtp, talk.draft = arg, True, False, Draft()
    terms = talk.door.terms
    offers = [f"250-{terms.domain}", f"250-SIZE {terms.octets}", "250-8BITMIME", "250-SMTPUTF8"]
    if terms.tls and not talk.tls:
        offers.append("250-STARTTLS")
    if talk.must_log_in and (talk.near or talk.tls):
        offers.append("250-AUTH PLAIN LOGIN")
    talk.say(*offers, "250-PIPELINING", "250 ENHANCEDSTATUSCODES")


def starttls(talk: Conversation, arg: str) -> str | None:
    if talk.tls:
        return "503 5.5.1 This is TLS already."
    if arg:
        return "501 5.5.4 STARTTLS takes no words."
    if talk.door.terms.tls is None:
        return "454 4.7.0 TLS not available"
    talk.start_tls()
    return None


# --- who is speaking (RFC 4954, RFC 4616) ----------------------------------------------------------------


def auth(talk: Conversation, arg: str) -> str | None:
    if not talk.said:
        return "503 5.5.1 Error: send EHLO first"
    if not talk.extended:
        return "500 5.5.2 AUTH comes after EHLO, not after HELO."
    if not (talk.near or talk.tls):
        return "538 5.7.11 Encryption required for requested authentication mechanism"
    if talk.service is not None:
        return "503 5.5.1 Already authenticated"
    words = arg.split()
    if not 1 <= len(words) <= 2:
        return "501 5.5.4 AUTH is: the mechanism, and perhaps its first response."
    begin = _MECHANISMS.get(words[0].upper())
    if begin is None:
        return "504 5.5.4 Unrecognized authentication type"
    challenge, read = begin
    if len(words) == 1:
        return talk.challenge(challenge, read)
    return read(talk, "" if words[1] == "=" else words[1])


def _plain(talk: Conversation, said: str) -> str | None:
    parts = _decoded(said).split("\0")
    # The first part is whom to act as; acting as another is not offered (RFC 4616 2).
    if len(parts) != 3 or parts[0] not in ("", parts[1]):
        return "501 5.5.2 PLAIN is: NUL name NUL password, in base64 (RFC 4616 2)."
    talk.wait(_identify, parts[1], parts[2])
    return None


def _login(talk: Conversation, said: str) -> str:
    username = _decoded(said)

    def password(talk: Conversation, said: str) -> None:
        talk.wait(_identify, username, _decoded(said))

    return talk.challenge("Password:", password)


_MECHANISMS: Final[dict[str, tuple[str, Command]]] = {"PLAIN": ("", _plain), "LOGIN": ("Username:", _login)}


def challenged(challenge: str) -> str:
    """The line that asks for a response. Its blank stays, also before nothing (RFC 4954 4)."""
    return f"334 {b64encode(challenge.encode()).decode()}"


def _decoded(said: str) -> str:
    if said == "*":
        raise Refused("501 5.7.0 Auth aborted")
    try:
        return b64decode(said, validate=True).decode()
    except UnicodeDecodeError:
        raise Refused("501 5.5.2 This is no UTF-8.") from None
    except (binascii.Error, ValueError):
        raise Refused("501 5.5.2 This is no base64.") from None


async def _identify(talk: Conversation, username: str, secret: str) -> str | None:
    """Whose key it is.

    1. Ask `tenants`. Whatever goes wrong there is temporary.
    2. A wrong one costs time; the third ends the conversation.
    """
    try:
        shown = "\0" not in username + secret
        service = await talk.door.ask(known, talk.door.core, username, secret) if shown else None
    except Exception as error:  # noqa: BLE001 - the password may be right, so the client must come back
        log.error("smtp.identify_failed", conversation=talk.name, **describe(error))
        return "454 4.7.0 Cannot look this up at present; please come back."
    if service is not None:
        talk.admit(service)
        return "235 2.7.0 Welcome"
    talk.wrong += 1
    log.warning("smtp.wrong_password", conversation=talk.name, peer=talk.peer, tries=talk.wrong)
    await asyncio.sleep(talk.door.terms.wrong_seconds)
    talk.say("535 5.7.8 Name or password is wrong; `atesaki service rotate` makes new ones.")
    if talk.wrong >= WRONG_LIMIT:
        talk.hang_up("421 4.7.0 Wrong too many times; closing.")
    return None


# --- one mail --------------------------------------------------------------------------------------------


def mail(talk: Conversation, arg: str) -> str | None:
    """The sender; `<>` is nobody (RFC 5321 4.5.5)."""
    path = read_sender(talk, arg)
    _announced(path, talk.draft)
    try:
        talk.draft.sender = _sender(path) if path else ""
    except AddressError as error:
        return f"553 5.1.7 {error.sentence('en')}"
    if talk.service is None:
        # Whoever speaks from here without a password is looked up for each mail: it may have been retired.
        service = talk.door.residents.known(talk.resident)
        if service is None:
            talk.wait(_resident)
            return None
        talk.draft.service = service
    else:
        talk.draft.service = talk.service
    talk.draft.begun = True
    return "250 2.1.0 OK"


async def _resident(talk: Conversation) -> str:
    try:
        service = await talk.door.residents.find(talk.resident)
    except Exception as error:  # noqa: BLE001 - it may be a good one, so the mail must come again
        log.error("smtp.identify_failed", conversation=talk.name, **describe(error))
        return "454 4.7.0 Cannot look this up at present; please come back."
    if service is None:
        return "454 4.7.0 No service speaks from here; log in, or correct ATESAKI_SMTP_NETWORKS."
    talk.draft.service, talk.draft.begun = service, True
    return "250 2.1.0 OK"


def rcpt(talk: Conversation, arg: str) -> str:
    """One recipient more, up to the limit (RFC 5321 4.5.3.1.8, 4.5.3.1.10)."""
    path = read_recipient(talk, arg)
    draft, most = talk.draft, talk.door.terms.recipients
    _announced(path, draft)
    try:
        recipient = parse(path)
    except AddressError as error:
        return f"553 5.1.3 {error.sentence('en')}"
    if len(draft.recipients) >= most:
        return f"452 4.5.3 {most} recipients are the most; send the rest as another mail."
    draft.recipients.append(recipient)
    return "250 2.1.5 OK"


def data(talk: Conversation, arg: str) -> str | None:
    """Begins a mail, or not. What was sent with a refused DATA may be a mail, and must not be read as commands."""
    refusal = _no_data(talk, arg)
    if talk.ahead:
        talk.say(refusal or "554 5.5.0 Wait for 354 after DATA (RFC 2920 3.1).")
        talk.hang_up("421 4.7.0 More was sent after DATA than may be read; closing.")
        return None
    if refusal:
        return refusal
    talk.receive()
    return "354 End with CRLF . CRLF"


def _no_data(talk: Conversation, arg: str) -> str | None:
    if not talk.said:
        return "503 5.5.1 Send EHLO first."
    if not talk.admitted:
        return "530 5.7.0 Authentication required"
    if arg:
        return "501 5.5.4 DATA takes no words."
    if not talk.draft.begun:
        return "503 5.5.1 Send MAIL first."
    if not talk.draft.recipients:
        return "554 5.5.1 There is no valid recipient."
    return None


def rset(talk: Conversation, arg: str) -> str:
    if arg:
        return "501 5.5.4 RSET takes no words."
    talk.draft = Draft()
    return "250 2.0.0 Forgotten"


# --- reading MAIL and RCPT; the inbound door reads them alike ------------------------------------------------


def read_sender(talk: Conversation, arg: str) -> str:
    """The path of MAIL without its brackets; its parameters go to the draft. Raises `Refused`."""
    _greeted(talk)
    path, words = _path(talk, arg, "FROM:")
    draft = talk.draft
    if draft.begun:
        raise Refused("503 5.5.1 A mail has begun already; end it, or send RSET.")
    told = _told(words, "MAIL FROM:")
    utf8 = "SMTPUTF8" in told
    body, size, valued = told.pop("BODY", "7BIT"), told.pop("SIZE", "0") or "", told.pop("SMTPUTF8", None)
    if body not in ("7BIT", "8BITMIME"):
        raise Refused("501 5.5.4 BODY is 7BIT or 8BITMIME.")
    if valued:
        raise Refused("501 5.5.4 SMTPUTF8 takes no value.")
    if not size.isdecimal() or not size.isascii():
        raise Refused("501 5.5.4 SIZE is a number of octets.")
    if told:
        raise Refused("555 5.5.4 MAIL takes SIZE, BODY and SMTPUTF8; another parameter is not known here.")
    if int(size) > talk.door.terms.octets:
        raise Refused(f"552 5.3.4 A mail may have {talk.door.terms.octets} octets.")
    draft.smtputf8, draft.body8bit = utf8, body == "8BITMIME"
    return path


def read_recipient(talk: Conversation, arg: str) -> str:
    """The path of RCPT without its brackets. Raises `Refused`."""
    _greeted(talk)
    if not talk.draft.begun:
        raise Refused("503 5.5.1 Send MAIL first.")
    path, words = _path(talk, arg, "TO:")
    if _told(words, "RCPT TO:"):
        raise Refused("555 5.5.4 RCPT takes no parameters here.")
    return path


def _greeted(talk: Conversation) -> None:
    if not talk.said:
        raise Refused("503 5.5.1 Error: send HELO first")
    if not talk.admitted:
        raise Refused("530 5.7.0 Authentication required")


def _path(talk: Conversation, arg: str, keyword: str) -> tuple[str, list[str]]:
    """A path and what follows it."""
    syntax = f"501 5.5.4 It is: {'MAIL' if keyword == 'FROM:' else 'RCPT'} {keyword}<address>"
    if arg[: len(keyword)].upper() != keyword:
        raise Refused(syntax)
    text = arg[len(keyword) :].strip()
    if not text:
        raise Refused(syntax)
    found = _PATH.fullmatch(text) if text.isprintable() else None
    if found is None:
        raise Refused("553 5.1.3 Error: malformed address")
    path, bare, rest = found.groups()
    words = rest.split() if rest else []
    if words and not talk.extended:
        raise Refused(f"{syntax}, and after HELO nothing more.")
    return (path if bare is None else bare), words


def _told(words: list[str], command: str) -> dict[str, str | None]:
    """The parameters, their names and values in capital letters; None is the value of one that has none."""
    told: dict[str, str | None] = {}
    for word in words:
        name, equals, value = word.upper().partition("=")
        # AUTH= must be taken by whoever offers AUTH, and may be ignored (RFC 4954 5).
        if equals and name == "AUTH":
            continue
        if not name.isalnum() or (equals and not value):
            raise Refused(f"501 5.5.4 The parameters of {command} cannot be read.")
        told[name] = value if equals else None
    return told


@lru_cache(maxsize=1024)
def _sender(path: str) -> str:
    # Remembered, unlike recipients: a service has few senders, and its customers' addresses are not ours to collect.
    return parse(path).text


def _announced(path: str, draft: Draft) -> None:
    if not path.isascii() and not draft.smtputf8:
        raise Refused("553 5.6.7 This address needs SMTPUTF8 in the MAIL command (RFC 6531 3.4).")


# --- small talk ------------------------------------------------------------------------------------------


def noop(talk: Conversation, arg: str) -> str:
    return "250 2.0.0 OK"


def help_(talk: Conversation, arg: str) -> str:
    return f"214 2.0.0 {' '.join(sorted(name.decode() for name in talk.commands))}"


def vrfy(talk: Conversation, arg: str) -> str:
    """Tells nothing about anybody (RFC 5321 7.3)."""
    return "252 2.5.0 Not told; send the mail, and its answer tells what became of it."


def expn(talk: Conversation, arg: str) -> str:
    return "502 5.5.1 There are no lists here."


def quit_(talk: Conversation, arg: str) -> str | None:
    if arg:
        return "501 5.5.4 QUIT takes no words."
    talk.hang_up("221 2.0.0 Goodbye")
    return None


COMMANDS: Final[dict[bytes, Command]] = {
    b"EHLO": ehlo,
    b"HELO": helo,
    b"STARTTLS": starttls,
    b"AUTH": auth,
    b"MAIL": mail,
    b"RCPT": rcpt,
    b"DATA": data,
    b"RSET": rset,
    b"NOOP": noop,
    b"HELP": help_,
    b"VRFY": vrfy,
    b"EXPN": expn,
    b"QUIT": quit_,
}
