"""Rows of `campaigns`: a campaign, and each mailbox that it has asked."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from atesaki.ownership import Claim
from atesaki.tenants import Service

NOWHERE = UUID(int=0)


class Campaign(models.Model):
    """A service asks the mailboxes of its unproved claims to confirm, one after the other in the order of their ids.

    Kept as long as its service, for its figures tell what was done; those whom it asked are kept shorter.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"  # by the operator
        STOPPED = "stopped"  # by itself: see `why`
        DONE = "done"
        ENDED = "ended"  # by the operator, for good

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    why = models.CharField(max_length=8, blank=True)  # of `stopped`: not_me, returned
    started = models.DateTimeField()
    ended = models.DateTimeField(null=True)
    per_hour = models.PositiveIntegerField()
    hours = models.CharField(max_length=200, blank=True)  # in the service's zone; empty: at any time
    stop_at = models.FloatField()  # the share of "not me" that stops it
    stop_at_returned = models.FloatField()
    remind_after = models.PositiveSmallIntegerField(null=True)  # days; null: nobody is reminded
    show_code = models.BooleanField(default=False)
    cursor = models.UUIDField(default=NOWHERE)  # the claim that was looked at last
    last = models.UUIDField()  # claims made after its start are not its own
    next = models.DateTimeField()  # when the next mail may go
    watched = models.DateTimeField()  # what was asked before counts no more for stopping: an operator has seen it
    passed_over = models.JSONField(default=dict)  # why and how many claims were not asked
    failing = models.UUIDField(null=True)  # the claim that could not be asked the last time, by an error of ours
    tries = models.PositiveSmallIntegerField(default=0)  # at that claim
    counted = models.DateTimeField(null=True)  # when its figures were last taken up to be counted
    figures = models.JSONField(null=True)  # as the worker counted them last: no page counts for itself
    final = models.JSONField(null=True)  # its figures, once those whom it asked are forgotten

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["service"], condition=Q(state__in=["running", "paused", "stopped"]), name="campaign_one_at_once"
            )
        ]


class Asked(models.Model):
    """A mailbox that a campaign has asked; the row is written with its mail, or neither is.

    Kept until 90 days after the campaign's end: answers come late, and until then nobody may be asked twice.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="+")
    line = models.UUIDField()  # of the mail, on the ledger
    at = models.DateTimeField()
    reminded = models.DateTimeField(null=True)  # when it was looked at whether to remind it: once
    reminder = models.UUIDField(null=True)  # of the second mail, where one went
    returned = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "digest"], name="asked_once")]
        indexes: ClassVar = [
            models.Index(fields=["campaign", "at"], name="asked_in_order"),
            models.Index(fields=["campaign", "at"], name="asked_not_reminded", condition=Q(reminded=None)),
        ]
