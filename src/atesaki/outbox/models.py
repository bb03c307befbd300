"""Rows of `outbox`: sealed mail, the keys to it, and what must leave."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from atesaki.tenants import Service


class Sealed(models.Model):
    """A mail, sealed with a key of its own (AES-256-GCM). Removed with the last `Key` to it."""

    id = models.UUIDField(primary_key=True)
    body = models.BinaryField()
    created = models.DateTimeField()


class Key(models.Model):
    """What opens a sealed mail for one recipient, and that recipient, wrapped. Deleting it destroys the mail.

    Kept until the mail has left, or is destroyed.
    """

    id = models.UUIDField(primary_key=True)
    sealed = models.ForeignKey(Sealed, on_delete=models.CASCADE)
    wrapped = models.BinaryField()


class Departure(models.Model):
    """Something that must leave, until it has left. Those of one `lane` leave in the order of `id`.

    Kept while it waits; the ledger keeps what became of it.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        LEAVING = "leaving"

    lane = models.CharField(max_length=80)
    line = models.UUIDField(unique=True)
    digest = models.BinaryField(max_length=32, null=True)
    key = models.OneToOneField(Key, on_delete=models.PROTECT)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField()
    gives_up = models.DateTimeField()
    leaving_since = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["lane", "id"], name="departure_in_order"),
            models.Index(fields=["due"], name="departure_due", condition=Q(state="waiting")),
            models.Index(fields=["digest"], name="departure_by_address"),
        ]


class Webhook(models.Model):
    """An event that a service is to be told, until it has said that it heard. `id` is the event's for ever.

    The body names claims and customers by the service's own references, never an address (L8). Kept 30 days
    after it was heard or given up, so that an operator can see and repeat it.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        LEAVING = "leaving"
        HEARD = "heard"
        GIVEN_UP = "given_up"

    id = models.UUIDField(primary_key=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="webhooks")
    type = models.CharField(max_length=40)
    body = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    created = models.DateTimeField()
    due = models.DateTimeField()
    gives_up = models.DateTimeField()
    leaving_since = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    ended = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)  # the last one: a code, or why there was none

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due"], name="webhook_due", condition=Q(state="waiting")),
            models.Index(fields=["service", "-created"], name="webhook_by_service"),
            models.Index(fields=["service"], name="webhook_leaving", condition=Q(state="leaving")),
            models.Index(fields=["ended"], name="webhook_ended", condition=Q(ended__isnull=False)),
        ]
