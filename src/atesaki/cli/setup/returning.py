"""What comes back: our own door for it, and where DNS leads mail to our domain."""

from __future__ import annotations

import secrets
import smtplib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from .finding import Finding, here, production


def inbound() -> Iterator[Finding]:
    """The door that reads what comes back, against what our mail says of it."""
    from django.conf import settings

    place, reads = settings.ATESAKI_INBOUND, settings.ATESAKI_READS_REPLIES
    host, _, port = place.rpartition(":")
    try:
        said = _offer(host.strip("[]"), int(port), settings.ATESAKI_MAIL_DOMAIN)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        if not reads:
            yield Finding("inbound", "ok", "not running, and our mail offers no reply (ATESAKI_READS_REPLIES=0)")
            return
        mend = "run `atesaki inbound` (`atesaki serve` does), or set ATESAKI_READS_REPLIES=0 until it runs"
        says = f"our mail offers to be replied to, but {place} does not answer: {error}"
        yield Finding("inbound", "wrong" if production() else "warn", says, mend)
        return
    if said.postmaster or not said.stranger:
        mend = "see that ATESAKI_INBOUND names the door of this installation, and not another mail server"
        yield Finding("inbound", "wrong", f"{place} is not our door: {said.postmaster or 'it takes any address'}", mend)
    elif not reads:
        mend = "set ATESAKI_READS_REPLIES=1 once the MX hands mail to it"
        yield Finding("inbound", "warn", f"{place} reads replies, but our mail does not offer any", mend)
    else:
        yield Finding("inbound", "ok", f"{place} takes what comes back")


def mx() -> Iterator[Finding]:
    """Where mail to our own domain goes: somewhere that answers, takes it for us, and refuses what is not ours."""
    from django.conf import settings

    domain = settings.ATESAKI_MAIL_DOMAIN
    if here(domain):
        yield Finding("mx", "ok", f"none is needed: {domain} is of this machine only")
        return
    until = ", or set ATESAKI_READS_REPLIES=0 until then" if settings.ATESAKI_READS_REPLIES else ""
    hosts, why = _mail_hosts(domain)
    if not hosts:
        mend = f"set its MX record to the server that hands mail to ATESAKI_INBOUND{until}"
        yield Finding("mx", "wrong", f"no mail can be sent to {domain}: {why}", mend)
        return
    unheard = []
    for host in hosts:
        try:
            said = _offer(host, 25, domain)
        except (OSError, smtplib.SMTPException) as error:
            unheard.append(f"{host} ({error})")
            continue
        yield _heard(host, domain, said, until)
        return
    says = f"no mail server of {domain} answers at port 25 from here: {', '.join(unheard)}"
    mend = f"see that it runs and is reached from outside; some networks let nothing out at port 25{until}"
    yield Finding("mx", "warn", says, mend)


def _heard(host: str, domain: str, said: Offered, until: str) -> Finding:
    if said.postmaster:
        mend = f"have it take mail for {domain} and hand it to ATESAKI_INBOUND{until}"
        return Finding("mx", "wrong", f"{host} takes no mail for {domain}: {said.postmaster}", mend)
    if not said.stranger:
        mend = "have it ask `atesaki inbound` before it takes a mail (Postfix: reject_unverified_recipient)"
        return Finding("mx", "warn", f"{host} takes any address of {domain}, and would have to return it", mend)
    return Finding("mx", "ok", f"{host} takes mail for {domain}, and refuses what is not ours")


@dataclass(frozen=True, slots=True)
class Offered:
    """What a server said to two addresses of ours, empty where it took one: postmaster@, and one nobody was given."""

    postmaster: str
    stranger: str


def _offer(host: str, port: int, domain: str) -> Offered:
    """Asks a server whether it would take mail for us, and sends none. Raises `OSError`, `smtplib.SMTPException`."""
    with closing(smtplib.SMTP(host, port, timeout=10)) as peer:
        peer.ehlo_or_helo_if_needed()
        code, text = peer.mail("")
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
        answers = [peer.rcpt(f"{local}@{domain}") for local in ("postmaster", f"r+{secrets.token_hex(15)}")]
        peer.docmd("QUIT")
    postmaster, stranger = (
        "" if code in (250, 251) else f"{code} {text.decode('ascii', 'replace')[:120]}" for code, text in answers
    )
    return Offered(postmaster, stranger)


def _mail_hosts(domain: str) -> tuple[list[str], str]:
    """The servers that DNS names for a domain, the preferred first; or none, and why."""
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(f"postmaster@{domain}", check_deliverability=True, timeout=5)
    except EmailNotValidError as error:
        return [], str(error)
    named = [host for _, host in sorted(getattr(found, "mx", None) or [])]
    return named, "" if named else "DNS did not answer in time"
