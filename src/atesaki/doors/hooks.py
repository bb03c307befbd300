"""What the SMTP door answers to the single commands: who is speaking, from whom, to whom."""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiosmtpd import smtp

from atesaki.addresses import AddressError, parse

from .handover import SORRY, describe, known

if TYPE_CHECKING:
    from .conversation import Conversation

WRONG_LIMIT: Final = 3  # wrong passwords

log = structlog.get_logger()


class Draft(smtp.Envelope):
    """What is known of a mail before its DATA."""

    def __init__(self) -> None:
        super().__init__()
        self.sender = ""
        self.recipients: list[Any] = []  # `Address`; at the inbound door what the client said


class Hooks:
    """What we answer where aiosmtpd asks. A name that it does not know would never be called, and 250 answered."""

    async def handle_EHLO(
        self, talk: Conversation, session: smtp.Session, draft: Draft, said: str, lines: list[str]
    ) -> list[str]:
        """aiosmtpd's offers without HELP, and ours. Not CHUNKING: a mail comes by DATA alone."""
        session.host_name = said
        offers = [line.replace("LOGIN PLAIN", "PLAIN LOGIN") for line in lines[:-1]]
        return [*offers, "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]

    async def handle_NOOP(self, talk: Conversation, session: smtp.Session, draft: Draft, said: str) -> str:
        return "250 2.0.0 OK"

    async def handle_RSET(self, talk: Conversation, session: smtp.Session, draft: Draft) -> str:
        return "250 2.0.0 Forgotten"

    async def handle_QUIT(self, talk: Conversation, session: smtp.Session, draft: Draft) -> str:
        return "221 2.0.0 Goodbye"

    async def handle_AUTH(self, talk: Conversation, session: smtp.Session, draft: Draft, args: list[str]) -> str | None:
        """Who is speaking (RFC 4954, RFC 4616).

        1. Get name and password out of the client; None if it was told already why not.
        2. Ask `tenants`. Whatever goes wrong there is temporary.
        3. A wrong one costs time; the third ends the conversation.
        """
        shown = await _credentials(talk, args)
        if shown is None:
            return None
        try:
            service = None if "\0" in "".join(shown) else await talk.door.ask(known, talk.door.core, *shown)
        except Exception as error:  # noqa: BLE001 - the password may be right, so the client must come back
            log.error("smtp.identify_failed", conversation=talk.name, **describe(error))
            return "454 4.7.0 Cannot look this up at present; please come back."
        if service is not None:
            talk.admit(service)
            return "235 2.7.0 Welcome"
        talk.wrong += 1
        log.warning("smtp.wrong_password", conversation=talk.name, peer=talk.peer, tries=talk.wrong)
        await asyncio.sleep(talk.door.terms.wrong_seconds)
        refusal = "535 5.7.8 Name or password is wrong; `atesaki service rotate` makes new ones."
        if talk.wrong >= WRONG_LIMIT:
            await talk.push(refusal)
            await talk.hang_up("421 4.7.0 Wrong too many times; closing.")
        return refusal

    async def handle_MAIL(
        self, talk: Conversation, session: smtp.Session, draft: Draft, path: str, options: list[str]
    ) -> str:
        """The sender; `<>` is nobody (RFC 5321 4.5.5)."""
        refusal = _unannounced(path, draft)
        if refusal:
            return refusal
        if path != "<>":
            try:
                draft.sender = _sender(path)
            except AddressError as error:
                return f"553 5.1.7 {error.sentence('en')}"
        draft.mail_from = path
        draft.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, talk: Conversation, session: smtp.Session, draft: Draft, path: str, options: list[str]
    ) -> str:
        """One recipient more, up to the limit (RFC 5321 4.5.3.1.8, 4.5.3.1.10)."""
        refusal = _unannounced(path, draft)
        if refusal:
            return refusal
        try:
            recipient = parse(path)
        except AddressError as error:
            return f"553 5.1.3 {error.sentence('en')}"
        if len(draft.recipients) >= talk.door.terms.recipients:
            return f"452 4.5.3 {talk.door.terms.recipients} recipients are the most; send the rest as another mail."
        draft.recipients.append(recipient)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Instead of aiosmtpd's own, which shows the client the exception's text."""
        if isinstance(error, smtp.TLSSetupException):  # the client's fault, and not heard by it: aiosmtpd hangs up
            log.info("smtp.no_handshake")
        else:
            log.error("smtp.failed", **describe(error))
        return SORRY


async def _credentials(talk: Conversation, args: list[str]) -> tuple[str, str] | None:
    """Name and password out of AUTH PLAIN or LOGIN; None if the client was told why not."""
    first = args[1] if len(args) > 1 else None
    if args[0] == "PLAIN":
        shown = await _response(talk, "", first)
        if shown is None:
            return None
        parts = shown.split("\0")
        # The first part is whom to act as; acting as another is not offered (RFC 4616 2).
        if len(parts) == 3 and parts[0] in ("", parts[1]):
            return parts[1], parts[2]
        await talk.push("501 5.5.2 PLAIN is: NUL name NUL password, in base64 (RFC 4616 2).")
        return None
    username = await _response(talk, "Username:", first)
    if username is None:
        return None
    secret = await _response(talk, "Password:", None)
    return None if secret is None else (username, secret)


async def _response(talk: Conversation, challenge: str, given: str | None) -> str | None:
    """What the client says to a challenge, or has said with the command; None if it was told why not."""
    blob: Any
    if given is None:
        blob = await talk.challenge_auth(challenge)
        if blob is smtp.MISSING:
            return None
    else:
        try:
            blob = b64decode("" if given == "=" else given, validate=True)
        except (binascii.Error, ValueError):
            await talk.push("501 5.5.2 This is no base64.")
            return None
    try:
        return bytes(blob).decode()
    except UnicodeDecodeError:
        await talk.push("501 5.5.2 This is no UTF-8.")
        return None


@lru_cache(maxsize=1024)
def _sender(path: str) -> str:
    # Remembered, unlike recipients: a service has few senders, and its customers' addresses are not ours to collect.
    return parse(path).text


def _unannounced(path: str, draft: Draft) -> str | None:
    if path.isascii() or draft.smtp_utf8:
        return None
    return "553 5.6.7 This address needs SMTPUTF8 in the MAIL command (RFC 6531 3.4)."
