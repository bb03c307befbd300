"""The next hop: whether it takes us, over TLS, and mail as large as ours."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .finding import Finding, here, production

_SECONDS = 10.0


def upstream() -> Iterator[Finding]:
    from django.conf import settings

    from atesaki import outbox

    outbox.courier()  # raises what is wrong with the setting
    url = settings.ATESAKI_UPSTREAM
    if url.startswith("maildir:"):
        yield from _maildir(Path(url.removeprefix("maildir:")))
        return
    parts = urlsplit(url)
    shown = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    try:
        heard = _greet(url)
    except (OSError, smtplib.SMTPException) as error:
        mend = "see that it runs and lets this machine in; mail waits in the outbox until then"
        yield Finding("upstream", "wrong", f"{shown} does not take us: {error}", mend)
        return
    tls = " and speaks TLS" if heard.secure else ", without TLS"
    yield Finding("upstream", "ok", f"{shown} answers{tls}" + (", and lets us in" if parts.username else ""))
    yield from _secrecy(shown, parts.hostname or "", heard)
    yield from _size(shown, heard.octets)


def _secrecy(shown: str, host: str, heard: Heard) -> Iterator[Finding]:
    """Whether what we hand over can be read on the way."""
    if heard.distrusted:
        says = f"{shown} shows a certificate that cannot be trusted: {heard.distrusted}"
        yield Finding("upstream tls", "warn", says, "give it one for its name; until then anybody between may read")
    elif heard.secure:
        yield Finding("upstream tls", "ok", f"the certificate of {shown} is valid")
    elif not here(host):
        mend = "have it offer STARTTLS, or reach it by a private way"
        yield Finding("upstream tls", "warn", f"{shown} offers no STARTTLS: mail travels in the clear", mend)


def _size(shown: str, octets: int) -> Iterator[Finding]:
    """Whether what we take is taken there: what was held would come to nothing."""
    from atesaki.doors import smtp

    ours = smtp.Terms.from_environment().octets
    if not octets:
        yield Finding("upstream size", "ok", f"{shown} names no limit (ours is {ours} octets)")
    elif octets < ours:
        mend = f"raise its limit, or set ATESAKI_MAX_OCTETS={octets}: larger mail that waited is refused in the end"
        yield Finding("upstream size", "warn", f"{shown} takes {octets} octets, and we take {ours}", mend)
    else:
        yield Finding("upstream size", "ok", f"{shown} takes mail as large as ours")


@dataclass(frozen=True, slots=True)
class Heard:
    """What the next hop offers. `distrusted`: why its certificate is not; `octets`: its SIZE, 0 for no limit."""

    secure: bool
    distrusted: str
    octets: int


def _greet(url: str) -> Heard:
    """Greets as the courier does. Raises `OSError`, `smtplib.SMTPException`.

    Without a login TLS is opportunistic (RFC 7435), and any certificate is better than none: it is asked a second
    time if the first did not please.
    """
    try:
        return _converse(url, ssl.create_default_context(), "")
    except ssl.SSLCertVerificationError as error:
        parts = urlsplit(url)
        if parts.scheme == "smtps" or parts.username:
            raise
        return _converse(url, ssl._create_unverified_context(), error.verify_message)  # noqa: S323


def _converse(url: str, context: ssl.SSLContext, distrusted: str) -> Heard:
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "smtps"
    peer: smtplib.SMTP = (
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=_SECONDS, context=context)
        if secure
        else smtplib.SMTP(host, parts.port or 25, timeout=_SECONDS)
    )
    with closing(peer):  # not `with peer`: what it says to QUIT is of no matter
        peer.ehlo_or_helo_if_needed()
        if not secure and peer.has_extn("starttls"):
            peer.starttls(context=context)
            peer.ehlo()
            secure = True
        if parts.username:
            if not secure:
                raise smtplib.SMTPException("it offers no STARTTLS, and the login is not sent without")
            peer.login(unquote(parts.username), unquote(parts.password or ""))
        size = peer.esmtp_features.get("size", "")
        peer.docmd("QUIT")
    return Heard(secure, distrusted, int(size) if size.isascii() and size.isdigit() else 0)


def _maildir(folder: Path) -> Iterator[Finding]:
    trial = folder / "tmp" / f"check-setup.{os.getpid()}"
    try:
        for each in ("tmp", "new", "cur"):
            (folder / each).mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        yield Finding("upstream", "wrong", f"{folder} cannot be written: {error.strerror}", "give it to our user")
        return
    if production():
        yield Finding("upstream", "wrong", f"mail ends in {folder}", "set ATESAKI_UPSTREAM to a mail server")
    else:
        yield Finding("upstream", "ok", f"mail ends in {folder}, to be looked at")
