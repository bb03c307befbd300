"""Rows of `ownership`: who claims an address, and what was said about it. Nothing is overwritten."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from atesaki.tenants import Organisation, Service


class Mailbox(models.Model):
    """The one table that holds an address in plain text.

    Kept for as long as somebody must be written to: until the last claim on it is withdrawn or erased.
    """

    digest = models.BinaryField(primary_key=True, max_length=32)
    address = models.CharField(max_length=320)
    since = models.DateTimeField()


class Claim(models.Model):
    """A customer of a service gave this address; `customer` is the service's own reference, empty if it told none.

    Kept with its digest after erasure, because a disavowal is recognised by it (L8).
    """

    id = models.UUIDField(primary_key=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    digest = models.BinaryField(max_length=32)
    customer = models.CharField(max_length=200, blank=True)
    match = models.CharField(max_length=2, blank=True)
    return_url = models.CharField(max_length=500, blank=True, default="")  # the confirm page leads back there
    created = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["service", "customer", "id"], name="claim_by_customer"),
            models.Index(fields=["digest"], name="claim_by_address"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "digest", "customer"], name="claim_once"),
        ]


class Event(models.Model):
    """Something said about an address, in the order of `id`; a standing is derived from these and nothing else.

    With a claim it speaks of that customer; without one (a disavowal by an unnamed report), of the whole
    organisation. Kept for as long as the claim, because it is the proof.
    """

    class Kind(models.TextChoices):
        CLAIMED = "claimed"
        ANSWERED = "answered"
        PROVED = "proved"
        PAUSED = "paused"
        DOUBTED = "doubted"
        DISAVOWED = "disavowed"
        WITHDRAWN = "withdrawn"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    digest = models.BinaryField(max_length=32)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, null=True)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    method = models.CharField(max_length=20, blank=True)
    evidence = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["digest", "organisation"], name="event_by_address"),
            models.Index(fields=["at"], name="event_disavowed", condition=Q(kind="disavowed")),
        ]


class Token(models.Model):
    """A right that a mail carried to its mailbox, stored as a hash. Kept until a month after it has ended."""

    class Purpose(models.TextChoices):
        CONFIRM = "confirm"
        NOT_ME = "not_me"
        REPLY = "reply"
        CODE = "code"
        CASE = "case"

    hash = models.BinaryField(primary_key=True, max_length=32)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    revoked = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)


class Knowledge(models.Model):
    """A keyed digest of something only the customer knows; its value is nowhere.

    Kept while a confirm token of the claim lives, so that a disavowal pressed by mistake can be undone.
    """

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE)
    kind = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32)
    passed = models.BooleanField()  # the service passed it, rather than that it was found in a mail

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["claim", "kind", "digest"], name="knowledge_once")]


class Seen(models.Model):
    """A contact value that stood in mail to an address, as digests: what many receive is the service's own.

    Kept for a year; without it a shop's printed phone number could pass for a customer's secret.
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    value = models.BinaryField(max_length=32)
    address = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["service", "value", "address"], name="seen_once")]
