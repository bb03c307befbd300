"""The local mailbox: what was delivered to the Maildir, as its recipients see it. For development only.

Nothing that a visitor sends becomes part of a path: a mail is found by its name among those that are there.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from atesaki import content, ownership
from atesaki.models import Hold

from .page import page

_SHOWN = 200  # mails in the list
_HEAD = 65_536  # octets of a mail that the list looks at
_WHOLE = 2_000_000  # octets of a mail that its own page looks at
_WAITING = 100  # mailboxes named as waiting


@dataclass(frozen=True, slots=True)
class Mail:
    """One delivered file, as the list shows it."""

    name: str
    at: datetime
    recipient: str
    subject: str


def folder() -> Path | None:
    """The Maildir to show; None in production, or where the next hop is no Maildir."""
    kind, _, path = str(settings.ATESAKI_UPSTREAM).partition(":")
    return Path(path) if kind == "maildir" and path and not settings.PRODUCTION else None


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What was delivered, newest first, and what waits in the gate."""
    found = sorted(_files(_folder()), key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
    mails = [_mail(entry) for entry in found[:_SHOWN]]
    recipients = Counter(mail.recipient for mail in mails)
    wanted = request.GET.get("to", "")
    return page(
        request,
        "mailbox",
        mails=[mail for mail in mails if not wanted or mail.recipient == wanted],
        recipients=sorted(recipients.items()),
        wanted=wanted,
        more=len(found) > _SHOWN,
        shown=_SHOWN,
        waiting=_waiting(),
    )


@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: its headers, its text, and its links to our own pages."""
    entry = _entry(name)
    raw = _start(entry, _WHOLE)
    reading = content.read(raw)
    return page(
        request,
        "mailbox_mail",
        mail=_mail(entry),
        reading=reading,
        links=_own_links(part.text for part in reading.parts),
    )


@require_safe
def source(request: HttpRequest, name: str) -> HttpResponse:
    """The mail as it lies on the disk."""
    return HttpResponse(_start(_entry(name), _WHOLE), content_type="text/plain; charset=utf-8")


def _folder() -> Path:
    found = folder()
    if found is None:
        raise Http404
    return found


def _files(maildir: Path) -> Iterator[os.DirEntry[str]]:
    """The mails of a Maildir (maildir(5)); a link is none, for it could lead anywhere."""
    for part in ("new", "cur"):
        try:
            with os.scandir(maildir / part) as entries:
                yield from (entry for entry in entries if entry.is_file(follow_symlinks=False))
        except FileNotFoundError:  # nothing was delivered yet
            continue


def _entry(name: str) -> os.DirEntry[str]:
    found = next((entry for entry in _files(_folder()) if entry.name == name), None)
    if found is None:
        raise Http404
    return found


def _start(entry: os.DirEntry[str], octets: int) -> bytes:
    try:
        with Path(entry.path).open("rb") as file:
            return file.read(octets)
    except FileNotFoundError as error:  # another program took it away
        raise Http404 from error


def _mail(entry: os.DirEntry[str]) -> Mail:
    head = re.split(rb"\r?\n\r?\n", _start(entry, _HEAD), maxsplit=1)[0]
    reading = content.read(head + b"\r\n\r\n")
    fields = {name.lower(): value for name, value in reversed(reading.headers)}
    return Mail(
        name=entry.name,
        at=datetime.fromtimestamp(entry.stat().st_mtime, UTC),
        recipient=fields.get("delivered-to", ""),
        subject=reading.subject,
    )


def _own_links(texts: Iterator[str]) -> list[str]:
    """The paths on our own site that a mail names, each once."""
    begin = re.escape(settings.ATESAKI_PUBLIC_URL)
    found = (path for text in texts for path in re.findall(rf"{begin}(/[\w/.~-]+)", text, re.ASCII))
    return list(dict.fromkeys(found))


def _waiting() -> list[tuple[str, int]]:
    """How many mails wait for each mailbox, masked; nothing of what they say."""
    rows = Hold.objects.values_list("digest").annotate(mails=Count("pk")).order_by("-mails")[:_WAITING]
    named = ((ownership.plain(bytes(digest)), count) for digest, count in rows)
    return [(address.masked() if address else "", count) for address, count in named]
