"""What a process has learnt, and the rows in which all processes bring it together.

A process counts in memory and brings its counts to the rows every few seconds or mails, under the rows' locks: a row
locked for each mail would make all mails of a template wait for each other. What a crash takes is learnt again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from django.db import DatabaseError, connection, transaction

from atesaki import clock, content, keys
from atesaki.content import Reading, Skeleton, Sketch, Templates
from atesaki.tenants import Organisation, Service

from .models import Template

log = structlog.get_logger(__name__)

_MAILS, _SECONDS = 64, 5.0  # so much is counted before it is brought to the rows
_STALE = 60.0  # seconds after which a process looks what the others have learnt
_TEMPLATES = 128  # rows of one service
_SKETCHES = 1_500  # in one process's memory, of all services: 200 MB if each is as large as it may be
_WAIT = 0.5  # seconds for a lock: a mail may stand behind it
_KEPT, _KEPT_ALONE = timedelta(days=90), timedelta(days=7)


@dataclass(slots=True)
class _Known:
    """One service's templates as this process knows them: the rows, and `fresh`, what is not brought to them yet."""

    service: int
    templates: Templates
    rows: dict[bytes, Template] = field(default_factory=dict)  # by key; only pk and mails are looked at
    fresh: dict[bytes, Sketch] = field(default_factory=dict)
    counted: int = 0
    looked: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)


class Busy(DatabaseError):
    """Somebody else has held a lock for too long: this mail is not learnt from."""


_known: OrderedDict[int, _Known] = OrderedDict()
_guard = threading.Lock()


def see(service: Service, mail: Reading | Skeleton, recipient: bytes) -> Template | None:
    """Counts a mail; the row of its template, None if it has none yet. `recipient`: the address's digest.

    A mail to many is counted once, for one of them: they all see the same values in it. Not inside a transaction that
    must last: a new template is written at once, and rows are locked now and then. Raises `DatabaseError`.
    """
    known = _of(service)
    with _held(known):
        seen = mail if isinstance(mail, Skeleton) else known.templates.skeleton(mail)
        who = _who(recipient)
        sketch = known.templates.find(seen)
        if sketch is None:
            sketch, begun = _begin(known, seen, who)
            if sketch is None or begun is not None:
                return begun
        fresh = known.fresh.setdefault(sketch.key, Sketch(sketch.key, sketch.place, sketch.domain))
        for each in (sketch, fresh):
            each.add(seen, who)
        fresh.name = sketch.name  # what is fresh is too little to know a fixed word by
        known.counted += 1
        row = known.rows.get(sketch.key)
        if known.counted >= _MAILS or time.monotonic() - known.looked > _SECONDS:
            _try_to_bring(known)
        return row


def fixed(service: Service, mail: Reading | Skeleton) -> Callable[[str], bool]:
    """Says of one line of this mail, as it stands, whether it is the same for every recipient of the template."""
    known = _of(service)
    with _held(known):
        return known.templates.fixed(mail)


def skeleton(service: Service, reading: Reading) -> Skeleton:
    """What `see` and `fixed` need of a mail, for whoever calls both. Asks no database."""
    return content.skeleton(reading, _secret(service))


def _secret(service: Service) -> bytes:
    return keys.ring().fingerprint("learnt line", str(service.pk))


@contextmanager
def _held(known: _Known) -> Iterator[None]:
    if not known.lock.acquire(timeout=_WAIT):
        raise Busy("Another mail holds the lock.")
    try:
        yield
    finally:
        known.lock.release()


@contextmanager
def _transaction() -> Iterator[None]:
    """One that gives up (`DatabaseError`) rather than wait long for another's lock."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_WAIT:.3f}s"])
        yield


def templates(organisation: Organisation) -> list[Template]:
    """What is known of the templates of an organisation's services, the last seen first."""
    flush()
    rows = Template.objects.filter(service__organisation=organisation).select_related("service")
    return list(rows.order_by("-seen", "pk"))


def flush() -> int:
    """Brings what this process has counted to the rows; how many templates were written. Never raises."""
    with _guard:
        every = list(_known.values())
    written = 0
    for known in every:
        try:
            with _held(known):
                written += _try_to_bring(known) if known.fresh else 0
        except Busy:
            continue  # whoever has it brings it
    return written


def forget_old() -> int:
    """Removes templates 90 days after their last mail, and those of a single mail after a week; how many."""
    now = clock.now()
    gone, _ = Template.objects.filter(seen__lt=now - _KEPT).delete()
    alone, _ = Template.objects.filter(seen__lt=now - _KEPT_ALONE, mails__lte=1).delete()
    return gone + alone


def _who(recipient: bytes) -> bytes:
    """Of a digest, another that only this installation can make, cut short: it tells recipients apart and no more."""
    return keys.ring().fingerprint("learnt recipient", recipient)[:8]


def _of(service: Service) -> _Known:
    with _guard:
        known = _known.get(service.pk)
        if known is None:
            known = _known[service.pk] = _Known(service.pk, Templates(_secret(service), _TEMPLATES))
        _known.move_to_end(service.pk)
        while len(_known) > 1 and sum(len(each.templates.sketches) for each in _known.values()) > _SKETCHES:
            _known.popitem(last=False)  # with what is fresh in it: it is learnt again
    with _held(known):
        if not known.looked or time.monotonic() - known.looked > _STALE:
            _look(known)
    return known


def _begin(known: _Known, seen: Skeleton, who: bytes) -> tuple[Sketch | None, Template | None]:
    """A template that is new here, and its row if this mail began it: then it is counted in it.

    No template while the service has all the rows it may have, and none is idle. Another process may have begun it
    meanwhile: a service's templates are begun one at a time, each with its first mail, or nobody could find it.
    """
    with _transaction():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('atesaki template'), %s::int)", [known.service])
        _look(known)
        if (found := known.templates.find(seen)) is not None:
            return found, None
        rows = Template.objects.filter(service=known.service)
        if rows.count() >= _TEMPLATES:
            idle = rows.filter(seen__lt=clock.now() - timedelta(days=1)).order_by("mails", "seen").first()
            if idle is None:
                return None, None
            idle.delete()
            _drop(known, bytes(idle.key))
        sketch = known.templates.begin(seen)
        sketch.add(seen, who)
        now = clock.now()
        written = {"sketch": sketch.to_bytes(), "sender": sketch.domain, "mails": 1, "seen": now}
        written["missing"], written["name"] = list(sketch.missing), ""
        try:
            # It may be there: written by another version, whose sketch nobody can read.
            row, _ = rows.update_or_create(
                service_id=known.service, key=sketch.key, defaults=written, create_defaults={**written, "since": now}
            )
        except DatabaseError:
            _drop(known, sketch.key)
            raise
    known.rows[sketch.key] = row
    return sketch, row


def _try_to_bring(known: _Known) -> int:
    try:
        return _bring(known)
    except Exception as error:  # noqa: BLE001 - a mail may stand behind it
        log.warning("learning.not_kept", error=type(error).__name__)
        return 0


def _bring(known: _Known) -> int:
    """Merges what is fresh into the rows, and looks what the others brought; how many rows were written.

    What is fresh is given up if this fails: it is little, and trying again would only grow it.
    """
    fresh, known.fresh, known.counted = known.fresh, {}, 0
    known.looked = time.monotonic()
    pks = [known.rows[key].pk for key in fresh if key in known.rows]
    with _transaction():
        rows = list(Template.objects.select_for_update().filter(pk__in=pks).order_by("pk"))
        for row in rows:
            delta = fresh[bytes(row.key)]
            sketch = _opened(row) or Sketch(delta.key, delta.place, delta.domain)
            sketch.merge(delta)
            sketch.key, sketch.name = bytes(row.key), delta.name  # also if that is empty: the row's may be too frank
            row.sketch, row.mails, row.name = sketch.to_bytes(), sketch.mails, sketch.name
            row.missing, row.seen = list(sketch.missing), clock.now()
            row.save(update_fields=["sketch", "mails", "name", "missing", "seen"])
    _look(known)
    return len(rows)


def _look(known: _Known) -> None:
    """Reads the rows that others have written to, and drops those that are gone."""
    known.looked = time.monotonic()
    mails = dict(Template.objects.filter(service=known.service).values_list("pk", "mails"))
    for key, row in list(known.rows.items()):
        if row.pk not in mails:
            _drop(known, key)
    have = {row.pk: row.mails for row in known.rows.values()}
    for row in Template.objects.filter(pk__in=[pk for pk, many in mails.items() if have.get(pk) != many]):
        sketch = _opened(row)
        if sketch is None:
            continue  # the next who brings something to it writes it anew
        key = sketch.key = bytes(row.key)
        if key in known.fresh:
            sketch.merge(known.fresh[key])
            sketch.key = key
        known.templates.take(sketch)
        known.rows[key] = row


def _drop(known: _Known, key: bytes) -> None:
    known.rows.pop(key, None)
    known.fresh.pop(key, None)
    known.templates.sketches.pop(key, None)


def _opened(row: Template) -> Sketch | None:
    try:
        return Sketch.from_bytes(bytes(row.sketch))
    except ValueError:
        return None
