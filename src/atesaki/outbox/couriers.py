"""Hands mail to the next hop: a real MTA over SMTP, or a Maildir to look at."""

from __future__ import annotations

import os
import re
import secrets
import smtplib
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings

from atesaki.addresses import Address

COURIER_SECONDS = 20.0
"""The longest that anything is `leaving`. Whoever presses "not me" may have to wait for so long (L5)."""

IDLE_SECONDS = 30.0  # Postfix drops an idle client after 100 s by default, others sooner
_POOLED = 8
AWAY_SECONDS = 5.0  # after a failure to connect nobody waits for the same again, or a dead hop takes every thread


class CourierError(ValueError):
    """The next hop is set up wrongly; the text says how."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """RFC 5321 2.3.1: whom a mail is from and for, apart from what is written in it."""

    sender: str
    recipients: tuple[Address, ...]
    smtputf8: bool = False
    body8bit: bool = False
    client: str = ""


class Hand(StrEnum):
    """What became of a handing over."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"  # all of it was sent, and no answer came: it may have arrived


@dataclass(frozen=True, slots=True)
class Handed:
    """The next hop's answer for one recipient: its code (0 if it gave none) and its words on one line."""

    hand: Hand
    code: int = 0
    text: str = ""


class Courier(Protocol):
    """Hands one mail over, within `seconds`; an answer for each recipient, in order. Never raises."""

    def hand(self, envelope: Envelope, content: bytes, seconds: float) -> list[Handed]: ...


def courier() -> Courier:
    """The courier that `ATESAKI_UPSTREAM` asks for. Raises `CourierError`."""
    return _courier(settings.ATESAKI_UPSTREAM)


@cache
def _courier(url: str) -> Courier:
    if url.startswith("maildir:"):
        return Maildir(Path(url.removeprefix("maildir:")))
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise CourierError(
            f"ATESAKI_UPSTREAM has a port that is no number: {parts.netloc.rpartition('@')[2]}"
        ) from error
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise CourierError("ATESAKI_UPSTREAM must be smtp://host:port, smtps://user:password@host or maildir:PATH.")
    secure = parts.scheme == "smtps"
    return Smtp(
        host=parts.hostname,
        port=port or (465 if secure else 25),
        secure=secure,
        login=(unquote(parts.username), unquote(parts.password or "")) if parts.username else None,
    )


class Maildir:
    """Writes each recipient's copy as a file (maildir(5)): on disk before it is called accepted."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def hand(self, envelope: Envelope, content: bytes, seconds: float) -> list[Handed]:
        ends = time.monotonic() + seconds
        return [self._one(envelope, recipient, content, ends) for recipient in envelope.recipients]

    def _one(self, envelope: Envelope, recipient: Address, content: bytes, ends: float) -> Handed:
        name = f"{time.time():.6f}.{os.getpid()}_{secrets.token_hex(6)}.{socket.gethostname().replace('/', '_')}"
        draft = self.root / "tmp" / name
        trace = f"Return-Path: <{envelope.sender}>\r\nDelivered-To: {recipient.text}\r\n".encode()
        try:
            for folder in ("tmp", "new", "cur"):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            with draft.open("xb") as out:
                out.write(trace + content)
                out.flush()
                os.fsync(out.fileno())
            if time.monotonic() > ends:
                raise TimeoutError(0, "it took too long")
            draft.rename(self.root / "new" / name)
            _sync_folder(self.root / "new")
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            return Handed(Hand.TEMPORARY, 0, f"the Maildir cannot be written: {error.strerror}")
        return Handed(Hand.ACCEPTED, 250, "written")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Peer(smtplib.SMTP):
    """A connection whose making ends in time: the library allows each address of a host the whole of it again."""

    def __init__(self, host: str, port: int, ends: float, secure: ssl.SSLContext | None) -> None:
        self._ends, self._secure = ends, secure
        super().__init__(host, port, timeout=max(0.1, ends - time.monotonic()))

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        failed: OSError = OSError("the name of the next hop has no address")
        for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(_left(self._ends))
                sock.connect(place)
                if self._secure is not None:
                    sock.settimeout(_left(self._ends))
                    sock = self._secure.wrap_socket(sock, server_hostname=host)
                sock.settimeout(_left(self._ends))
            except OSError as error:
                sock.close()
                failed = error
                continue
            return sock
        raise failed


class Smtp:
    """Submits to an SMTP server, over connections that are kept for the next mail.

    STARTTLS is used wherever it is offered; the certificate is checked for `smtps` and with a login, since a
    password must not go to a stranger, and opportunistic otherwise (RFC 7435).
    """

    def __init__(self, host: str, port: int, *, secure: bool, login: tuple[str, str] | None) -> None:
        self.host, self.port, self.secure, self.login = host, port, secure, login
        self._idle: list[tuple[float, smtplib.SMTP]] = []
        self._away_until = 0.0
        self._lock = threading.Lock()

    def hand(self, envelope: Envelope, content: bytes, seconds: float) -> list[Handed]:
        """Hands `content` over in one transaction.

        1 Take an idle connection that still answers, or make one.
        2 MAIL, RCPT for each, DATA; whoever is refused is answered alone.
        3 Keep the connection if it is sound; a lost one is thrown away.
        """
        ends = time.monotonic() + seconds
        try:
            peer = self._connection(ends)
        except (OSError, smtplib.SMTPException) as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            return [temporary(error)] * len(envelope.recipients)
        try:
            handed = _converse(peer, envelope, content, ends)
        except (OSError, smtplib.SMTPException) as error:
            peer.close()
            return [temporary(error)] * len(envelope.recipients)
        if any(one.hand is Hand.UNKNOWN for one in handed):
            peer.close()
        else:
            self._keep(peer)
        return handed

    def _connection(self, ends: float) -> smtplib.SMTP:
        while True:
            with self._lock:
                since, peer = self._idle.pop() if self._idle else (0.0, None)
            if peer is None:
                if time.monotonic() < self._away_until:
                    raise ConnectionRefusedError("the next hop did not answer a moment ago")
                return self._connect(ends)
            try:
                if time.monotonic() - since < IDLE_SECONDS and peer.sock is not None:
                    _allow(peer, ends)
                    if peer.rset()[0] == 250:
                        return peer
            except (OSError, smtplib.SMTPException):
                pass  # the server ended an idle connection, as it may: take the next
            peer.close()

    def _connect(self, ends: float) -> smtplib.SMTP:
        trusted = ssl.create_default_context()
        peer = _Peer(self.host, self.port, ends, trusted if self.secure else None)
        try:
            _allow(peer, ends)
            peer.ehlo_or_helo_if_needed()
            if not self.secure and peer.has_extn("starttls"):
                _allow(peer, ends)
                peer.starttls(context=trusted if self.login else opportunistic())
                _allow(peer, ends)
                peer.ehlo()
            if self.login:
                if not self.secure and not isinstance(peer.sock, ssl.SSLSocket):
                    raise smtplib.SMTPException("the next hop offers no STARTTLS, and the login is not sent without")
                _allow(peer, ends)
                peer.login(*self.login)
        except BaseException:
            peer.close()
            raise
        return peer

    def _keep(self, peer: smtplib.SMTP) -> None:
        with self._lock:
            if len(self._idle) < _POOLED:
                self._idle.append((time.monotonic(), peer))
                return
        peer.close()


def opportunistic() -> ssl.SSLContext:
    """TLS with whoever answers (RFC 7435)."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _converse(peer: smtplib.SMTP, envelope: Envelope, content: bytes, ends: float) -> list[Handed]:
    if envelope.smtputf8 and not peer.has_extn("smtputf8"):
        words = "the next hop takes no internationalised addresses (SMTPUTF8, RFC 6531)"
        return [Handed(Hand.PERMANENT, 553, words)] * len(envelope.recipients)
    options = ["SMTPUTF8"] if envelope.smtputf8 else []
    if envelope.body8bit and peer.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    if peer.has_extn("size"):
        options.append(f"SIZE={len(content)}")
    peer.command_encoding = "utf-8" if envelope.smtputf8 else "ascii"
    _allow(peer, ends)
    # Not peer.mail() and peer.rcpt(): they parse the address again, and spoil a..b@docomo.ne.jp.
    sender = answer(*peer.docmd("MAIL", " ".join([f"FROM:<{envelope.sender}>", *options])))
    if sender.hand is not Hand.ACCEPTED:
        return [sender] * len(envelope.recipients)
    handed = []
    for recipient in envelope.recipients:
        _allow(peer, ends)
        handed.append(answer(*peer.docmd("RCPT", f"TO:<{recipient.text}>")))
    if all(one.hand is not Hand.ACCEPTED for one in handed):
        peer.rset()
        return handed
    final = _data(peer, content, ends)
    return [final if one.hand is Hand.ACCEPTED else one for one in handed]


def _data(peer: smtplib.SMTP, content: bytes, ends: float) -> Handed:
    _allow(peer, ends)
    code, text = peer.docmd("DATA")
    if code != 354:
        return answer(code, text)
    body, end = stuffed(content)
    try:
        _allow(peer, ends)
        peer.send(body)
    except (OSError, smtplib.SMTPException) as error:
        return temporary(error)  # without the final dot nothing was taken (RFC 5321 4.1.1.4)
    try:
        _allow(peer, ends)
        peer.send(end)
        return answer(*peer.getreply())
    except (OSError, smtplib.SMTPException) as error:
        return Handed(Hand.UNKNOWN, 0, f"the next hop's answer was lost: {_words(error)}")


def stuffed(content: bytes) -> tuple[bytes, bytes]:
    """A mail as it stands on the wire, and its end mark (RFC 5321 4.5.2)."""
    body = content.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body, b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"


def _allow(peer: smtplib.SMTP, ends: float) -> None:
    if peer.sock is None:
        raise TimeoutError("the next hop ended the connection")
    peer.sock.settimeout(_left(ends))


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("the next hop took too long")
    return left


def answer(code: int, text: bytes) -> Handed:
    """What a reply means for a mail."""
    words = _plain(text.decode("utf-8", "replace"))
    if 200 <= code < 300:
        return Handed(Hand.ACCEPTED, code, words)
    return Handed(Hand.PERMANENT if 500 <= code < 600 else Hand.TEMPORARY, max(code, 0), words)


def temporary(error: Exception) -> Handed:
    """What an error means for a mail that was not sent whole."""
    return Handed(Hand.TEMPORARY, 0, _words(error))


def _words(error: Exception) -> str:
    return _plain(f"{type(error).__name__}: {error}")


def _plain(text: str) -> str:
    """Fit for the ledger, which holds no address (L8): many a server repeats the recipient in its answer."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return re.sub(r"[^\s<>@]+@[^\s<>@]+", "***@***", " ".join(shown.split()))[:150]
