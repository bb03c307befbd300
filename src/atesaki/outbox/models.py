"""Rows of `outbox`: sealed mail, the keys to it, and what must leave."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


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
