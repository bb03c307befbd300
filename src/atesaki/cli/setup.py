"""`atesaki check-setup`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import os
import secrets
import shutil
import smtplib
import ssl
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from atesaki.cli.installation import as_json, installation, sentence

_ROOM_WRONG, _ROOM_WARN = 200 * 2**20, 2 * 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: `state` is ok, warn or wrong; `mend` says what to do, empty when ok."""

    check: str
    state: str
    says: str
    mend: str = ""


@click.command("check-setup")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object per line.")
def check_setup(json_: bool) -> None:
    """Say what is wrong with this installation, and how to mend it; exit code 1 if something is."""
    worst = 0
    for finding in _examine():
        worst = max(worst, finding.state == "wrong")
        if json_:
            as_json(asdict(finding))
        else:
            click.echo(f"{finding.state:5}  {finding.check}: {finding.says}")
            if finding.mend:
                click.echo(f"       -> {finding.mend}")
    sys.exit(worst)


def _examine() -> Iterator[Finding]:
    """Each look stands alone: what one finds wrong does not hide the next."""
    for look in (_keys, _clock, _room, _tls):
        yield from _guarded(look)
    try:
        with installation():
            for look in (_database, _worker, _jobs, _upstream, _links, _domain, _inbound, _mx, _letters, _texts):
                yield from _guarded(look)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was asked for
        said = sentence(error) or f"{type(error).__name__}: {error}"
        yield Finding("installation", "wrong", said, "mend this first: the looks that need it were left out")


def _guarded(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    name = look.__name__.removeprefix("_")
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001
        said = sentence(error) or f"{type(error).__name__}: {error}"
        yield Finding(name, "wrong", said, "as it says")


def _production() -> bool:
    return os.environ.get("ATESAKI_ENV") == "production"


def _keys() -> Iterator[Finding]:
    from atesaki import keys

    file = keys.path()
    if not file.exists():
        state = "wrong" if _production() else "warn"
        yield Finding("keys", state, f"{file} is missing", "restore it from the backup; a new one: `atesaki keys new`")
        return
    keys.ring()  # raises what is wrong with it
    if file.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding("keys", "wrong", f"others may replace {file}", f"chmod go-w {file.parent}")
        return
    yield Finding("keys", "ok", f"{file} is private and whole")


def _clock() -> Iterator[Finding]:
    from atesaki import clock

    shift = clock.offset()
    if shift:
        yield Finding("clock", "warn", f"shifted by {shift}", "unset ATESAKI_NOW_OFFSET unless this is a test")
    else:
        yield Finding("clock", "ok", "not shifted")


def _room() -> Iterator[Finding]:
    from atesaki import keys

    home = keys.home()
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(there, os.W_OK):
        yield Finding("disk", "wrong", f"{there} cannot be written", "give it to the user that runs this")
        return
    free = shutil.disk_usage(there).free
    state = "wrong" if free < _ROOM_WRONG else "warn" if free < _ROOM_WARN else "ok"
    mend = "" if state == "ok" else "make room: mail is refused for a while (451) when nothing can be kept"
    yield Finding("disk", state, f"{free / 2**30:.1f} GiB free at {there}", mend)


def _tls() -> Iterator[Finding]:
    from atesaki.doors import smtp

    cert, key = (os.environ.get(f"ATESAKI_TLS_{each}") or "" for each in ("CERT", "KEY"))
    if smtp.certificate(cert, key) is not None:
        yield Finding("tls", "ok", "certificate and key can be read")
        return
    state = "warn" if _production() else "ok"
    mend = "set ATESAKI_TLS_CERT and ATESAKI_TLS_KEY" if state == "warn" else ""
    yield Finding("tls", state, "no certificate: only clients on this machine can log in at the SMTP door", mend)


def _database() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), clock_timestamp()")
        version, at = cursor.fetchone()
    yield Finding("database", "ok", f"PostgreSQL {version} answers")
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        yield Finding("migrations", "wrong", f"{missing} are missing", "run `atesaki migrate`")
    else:
        yield Finding("migrations", "ok", "none is missing")
    apart = abs((datetime.now(UTC) - at).total_seconds())
    if apart > 2:
        says = f"this machine and the database are {apart:.0f} s apart"
        yield Finding("clocks", "wrong", says, "keep both by NTP: deadlines and the ledger's order rest on them")


def _worker() -> Iterator[Finding]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
        (age,) = cursor.fetchone()
    if age is not None and age < 60:
        yield Finding("worker", "ok", f"was heard {age:.0f} s ago")
        return
    says = "none has ever run" if age is None else f"none was heard for {timedelta(seconds=int(age))}"
    state = "wrong" if _production() else "warn"
    yield Finding("worker", state, says, "run `atesaki serve`, or `atesaki work` beside the others")


def _jobs() -> Iterator[Finding]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, born) < late),
                   count(*) FILTER (WHERE status = 'doing' AND begun < late),
                   count(*) FILTER (WHERE status = 'failed')
              FROM procrastinate_jobs j
             CROSS JOIN (SELECT now() - interval '10 minutes' AS late) l
              LEFT JOIN LATERAL (SELECT min(at) AS born, max(at) FILTER (WHERE type = 'started') AS begun
                                   FROM procrastinate_events e WHERE e.job_id = j.id) e ON true
            """
        )
        late, long, failed = cursor.fetchone()
    if late or long:
        says = f"{late} wait and {long} run for more than ten minutes"
        yield Finding("jobs", "wrong", says, "see that a worker runs; its log says what it is at")
    elif failed:
        yield Finding(
            "jobs", "warn", f"{failed} have failed", "the worker's log says why; `atesaki due` repeats what is due"
        )
    else:
        yield Finding("jobs", "ok", "none is stuck")


def _upstream() -> Iterator[Finding]:
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
        says = _greet(url)
    except (OSError, smtplib.SMTPException) as error:
        mend = "see that it runs and lets this machine in; mail waits in the outbox until then"
        yield Finding("upstream", "wrong", f"{shown} does not take us: {error}", mend)
        return
    yield Finding("upstream", "ok", f"{shown} {says}")


def _greet(url: str) -> str:
    parts = urlsplit(url)
    trusted = ssl.create_default_context()
    host, secure = parts.hostname or "", parts.scheme == "smtps"
    peer: smtplib.SMTP = (
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=10, context=trusted)
        if secure
        else smtplib.SMTP(host, parts.port or 25, timeout=10)
    )
    with closing(peer):  # not `with peer`: what it says to QUIT is of no matter
        peer.ehlo_or_helo_if_needed()
        if not secure and peer.has_extn("starttls"):
            # Without a login TLS is opportunistic (RFC 7435), and any certificate is better than none.
            peer.starttls(context=trusted if parts.username else ssl._create_unverified_context())  # noqa: S323
            peer.ehlo()
            secure = True
        if parts.username:
            if not secure:
                raise smtplib.SMTPException("it offers no STARTTLS, and the login is not sent without")
            peer.login(unquote(parts.username), unquote(parts.password or ""))
        peer.docmd("QUIT")
    return (
        "answers" + (" and speaks TLS" if secure else ", without TLS") + (", and lets us in" if parts.username else "")
    )


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
    if _production():
        yield Finding("upstream", "wrong", f"mail ends in {folder}", "set ATESAKI_UPSTREAM to a mail server")
    else:
        yield Finding("upstream", "ok", f"mail ends in {folder}, to be looked at")


def _links() -> Iterator[Finding]:
    from django.conf import settings

    url = settings.ATESAKI_PUBLIC_URL
    parts = urlsplit(url)
    mend = "set ATESAKI_PUBLIC_URL to what the mailboxes' owners can open, such as https://mail.example.jp"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield Finding("links", "wrong", f"ATESAKI_PUBLIC_URL={url} is no http(s) URL", mend)
    elif _here(parts.hostname):
        state = "wrong" if _production() else "ok"
        yield Finding("links", state, f"only this machine can open {url}", mend if state == "wrong" else "")
    elif parts.scheme == "http":
        yield Finding("links", "wrong" if _production() else "warn", f"{url} is not https: a link is a secret", mend)
    else:
        yield Finding("links", "ok", f"begin with {url}")


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _domain() -> Iterator[Finding]:
    from django.conf import settings

    from atesaki import addresses

    domain = settings.ATESAKI_MAIL_DOMAIN
    mend = "set ATESAKI_MAIL_DOMAIN to a domain whose mail comes to us"
    if _here(domain):
        state = "wrong" if _production() else "ok"
        yield Finding("domain", state, f"{domain} is of this machine only", mend if state == "wrong" else "")
        return
    try:
        addresses.parse(f"postmaster@{domain}")
    except addresses.AddressError as error:
        yield Finding("domain", "wrong", f"{domain} is no mail domain: {error.sentence('en')}", mend)
        return
    yield Finding("domain", "ok", f"ours is {domain}")


def _inbound() -> Iterator[Finding]:
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
        yield Finding("inbound", "wrong" if _production() else "warn", says, mend)
        return
    if said.postmaster or not said.stranger:
        mend = "see that ATESAKI_INBOUND names the door of this installation, and not another mail server"
        yield Finding("inbound", "wrong", f"{place} is not our door: {said.postmaster or 'it takes any address'}", mend)
    elif not reads:
        mend = "set ATESAKI_READS_REPLIES=1 once the MX hands mail to it"
        yield Finding("inbound", "warn", f"{place} reads replies, but our mail does not offer any", mend)
    else:
        yield Finding("inbound", "ok", f"{place} takes what comes back")


def _mx() -> Iterator[Finding]:
    """Where mail to our own domain goes: somewhere that answers, takes it for us, and refuses what is not ours."""
    from django.conf import settings

    domain = settings.ATESAKI_MAIL_DOMAIN
    if _here(domain):
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


def _letters() -> Iterator[Finding]:
    from atesaki import desk

    try:
        desk.letter.ready()
    except desk.DeskError as error:
        says, _, mend = error.sentence("en").rstrip(".").partition(": ")
        yield Finding("letters", "warn", says, f"{mend}; until then the desk makes no letters")
        return
    yield Finding("letters", "ok", "can be made, and a Japanese font is here")


def _texts() -> Iterator[Finding]:
    from atesaki import desk

    try:
        provider = desk.sms.sms_provider()
    except desk.sms.SmsError as error:
        yield Finding("texts", "wrong", str(error), "set ATESAKI_SMS, or unset it")
        return
    if isinstance(provider, desk.sms.Console):
        mend = "set ATESAKI_SMS=twilio://SID:TOKEN@FROM" if _production() else ""
        yield Finding("texts", "warn" if mend else "ok", "text messages end in the log", mend)
    else:
        yield Finding("texts", "ok", "text messages go to a provider")
