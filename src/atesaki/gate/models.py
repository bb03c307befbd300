"""Rows of `gate`: the ledger, what waits, and how often a mailbox was asked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from atesaki.outbox import Key
from atesaki.ownership import Claim
from atesaki.tenants import Service


class Line(models.Model):
    """The ledger: one line for each recipient of each mail, never its content, never a plain address.

    Partitioned by month on `id` (a UUIDv7, so the id is the time). Kept 400 days, the time in which a leak
    may have to be reported and counted, and then until the last of its month has been.
    """

    class State(models.TextChoices):
        LEAVING = "leaving"  # may be on the wire at this moment
        HELD = "held"
        QUEUED = "queued"  # in the outbox
        SETTLED = "settled"

    class Kind(models.TextChoices):
        MAIL = "mail"
        NOTICE = "notice"
        CONFIRMATION = "confirmation"
        CHALLENGE = "challenge"  # somebody said that this mailbox is not the customer's; is it so?
        CASE = "case"  # to a reporter who wished to be told
        INQUIRY = "inquiry"  # an answer waits for whoever gave this address in an inquiry
        REPORT = "report"  # a delivery report to the service

    id = models.UUIDField(primary_key=True)
    mail = models.UUIDField()  # the id of the first line of the same mail
    position = models.PositiveSmallIntegerField(default=0)
    service = models.ForeignKey(Service, on_delete=models.DO_NOTHING, db_constraint=False)
    digest = models.BinaryField(max_length=32)
    customer = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.MAIL)
    verification = models.BooleanField(default=False)
    octets = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=7, choices=State.choices, default=State.LEAVING)
    leaving_since = models.DateTimeField(null=True)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    standing = models.CharField(max_length=9, blank=True)
    misses = models.JSONField(default=list)
    fate = models.CharField(max_length=9, blank=True)
    personal = models.JSONField(null=True)  # kinds and counts, never values; null: not looked at
    template = models.BigIntegerField(null=True)  # the learnt template's row, which may have been forgotten since
    would = models.CharField(max_length=10, blank=True)  # of an observed mail: the outcome that enforcing had given
    would_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["mail"], name="line_by_mail"),
            models.Index(fields=["digest"], name="line_leaving", condition=Q(state="leaving")),
            models.Index(fields=["digest", "service"], name="line_by_address"),
            # A service's own list: without it, how long it takes would tell how much others send.
            models.Index(fields=["service", "id"], name="line_by_service", condition=Q(kind="mail")),
            # How often an observed mailbox would have been asked: few rows for each, whatever it was sent.
            models.Index(fields=["service", "digest"], name="line_would_ask", condition=Q(would="substitute")),
            # Few rows, and the first number that an operator watches (L1): it must cost nothing to ask often.
            models.Index(
                fields=["id"], name="line_unproved", condition=Q(kind="mail", outcome="deliver") & ~Q(standing="proved")
            ),
        ]


class Entry(models.Model):
    """What happened to a line, and when, in the order of `id`. Kept as long as the line.

    Partitioned by month on `line`, so that both lie in the same month. The database's key is (line, id), which
    Django cannot say of a number that it counts itself: whatever is looked for here is looked for by its line.
    """

    line = models.UUIDField()
    at = models.DateTimeField()
    what = models.CharField(max_length=24)
    detail = models.CharField(max_length=200, blank=True)


class Hold(models.Model):
    """A sealed mail that waits for proof, in the order of `id`. Kept until released, destroyed or expired."""

    line = models.UUIDField(unique=True)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    digest = models.BinaryField(max_length=32)
    key = models.OneToOneField(Key, on_delete=models.PROTECT)
    expires = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["claim", "id"], name="hold_in_order"),
            models.Index(fields=["digest"], name="hold_by_address"),
            models.Index(fields=["expires"], name="hold_expiring"),
        ]


class Slot(models.Model):
    """One of the few mails that an unproved mailbox may get in a day: whoever inserts the row may send it.

    Kept for as long as the claim waits; `day` is the service's own calendar day.
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    digest = models.BinaryField(max_length=32)
    what = models.CharField(max_length=12)  # notice, confirmation, verification
    day = models.DateField()
    number = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "digest", "what", "day", "number"], name="slot_once"),
        ]
