"""A mail made of what a service said in JSON, or taken as it is, ready for `gate.submit`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html.parser import HTMLParser

from django.conf import settings

from atesaki import addresses, clock, keys
from atesaki.addresses import Address
from atesaki.gate import Envelope
from atesaki.tenants import Service

from ..handover import flaw
from .problems import invalid
from .shapes import Knows, MessageIn


def composed(service: Service, said: MessageIn) -> tuple[Envelope, bytes]:
    """The envelope and the mail (RFC 5322, MIME). Raises `Problem`.

    Whoever gets it learns of no other recipient: several are undisclosed.
    """
    if not (said.text or said.html):
        raise invalid((("body", "text"), "Give text, html or both."))
    to = [addresses.parse(one) for one in said.to]
    sender = addresses.parse(said.sender or service.sender)
    wide = sender.smtputf8 or any(one.smtputf8 for one in to)
    head = [
        f"From: {_phrase(service.name)} <{sender.text}>",
        f"To: {to[0].text if len(to) == 1 else 'undisclosed-recipients:;'}",
        f"Subject: {_words(said.subject)}",
        f"Date: {format_datetime(clock.now())}",
        f"Message-ID: <{keys.uuid7()}@{sender.domain}>",
    ]
    body = EmailMessage(policy=SMTP)
    _write(body, said.text or _readable(said.html or ""), "plain")
    if said.html:
        _write(body, said.html, "html")
    raw = "".join(f"{line}\r\n" for line in head).encode() + body.as_bytes()
    return Envelope(sender.text, tuple(to), wide), _trace() + _wishes(said.customer, said.knows, said.class_) + raw


def taken(
    service: Service, raw: bytes, to: Sequence[Address], customer: str, sender: str | None
) -> tuple[Envelope, bytes]:
    """The envelope for a mail that came whole, which is not changed but for our line in front. Raises `Problem`."""
    wrong = flaw(raw) if raw else "The body is empty; send a whole mail (RFC 5322)."
    if wrong:
        raise invalid((("body",), wrong))
    from_ = sender if sender is not None else service.sender
    wide = any(one.smtputf8 for one in to) or not from_.isascii()
    envelope = Envelope(from_, tuple(to), wide, not raw.isascii())
    return envelope, _trace() + _wishes(customer, None, None) + raw


def _trace() -> bytes:
    """RFC 5321 4.4, of a mail that came by no SMTP."""
    domain = settings.ATESAKI_MAIL_DOMAIN
    return f"Received: by {domain} with HTTP id {keys.uuid7()};\r\n\t{format_datetime(clock.now())}\r\n".encode()


def _wishes(customer: str | None, knows: Knows | None, class_: str | None) -> bytes:
    """The headers that the gate reads and takes off again. Each value was found to be one line."""
    lines = [f"X-Atesaki-Customer: {customer}"] if customer else []
    lines += [f"X-Atesaki-Class: {class_}"] if class_ else []
    facts = {} if knows is None else knows.model_dump(exclude_none=True)
    lines += ["X-Atesaki-Knows: " + "; ".join(f"{kind}={value}" for kind, value in facts.items())] if facts else []
    return "".join(f"{line}\r\n" for line in lines).encode()


def _words(text: str) -> str:
    """Text in a header: as it is, or as encoded words (RFC 2047), folded.

    By hand, as are the addresses: the library's own headers take no address that is not ASCII, and lose the quotes
    of some that are.
    """
    if text.isascii() and len(text) <= 60 and "=?" not in text:
        return text
    return Header(text, "utf-8", maxlinelen=75, header_name="Message-Subject").encode(linesep="\r\n")


def _phrase(name: str) -> str:
    """A display name (RFC 5322 3.2.5)."""
    if name.isascii():
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return _words(name)


def _write(mail: EmailMessage, text: str, subtype: str) -> None:
    # Encoded in any case: no line can be too long then, and no octet can be mistaken on the way.
    cte = "quoted-printable" if text.isascii() else "base64"
    if subtype == "plain":
        mail.set_content(text, cte=cte)
    else:
        mail.add_alternative(text, subtype=subtype, cte=cte)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in ("script", "style", "title")
        if tag in ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "table"):
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "title") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(" ".join(data.split()) + " " if data.strip() else "")


def _readable(html: str) -> str:
    """The text of an HTML mail, for those who read none."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).split("\n")]
    return "\n".join(line for line in lines if line) + "\n"
