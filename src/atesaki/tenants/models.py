"""Rows of `tenants`: organisations, their services, and what a service shows to be let in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Organisation(models.Model):
    """One or more services that a receiver would call the same company. Kept while a service of it is."""

    name = models.CharField(max_length=200, unique=True)
    created = models.DateTimeField()


class Service(models.Model):
    """A shop, an ID provider: who hands us mail. Kept for ever, as the ledger names it; `retired` ends it."""

    class Mode(models.TextChoices):
        ENFORCE = "enforce"
        OBSERVE = "observe"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=200, unique=True)
    locale = models.CharField(max_length=2, choices=[("ja", "日本語"), ("en", "English")])
    zone = models.CharField(max_length=64, default="Asia/Tokyo")
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.ENFORCE)
    sender = models.CharField(max_length=254)
    webhook = models.URLField(max_length=500, blank=True, default="")
    webhook_secret = models.BinaryField(null=True)  # wrapped with the seal key: it must be read to sign
    own = models.JSONField(default=list)  # contact lines of the service itself, never a customer's

    # Policy. A new rule is a new column, so that what is in force can be read off the row.
    wait_days = models.PositiveSmallIntegerField(default=14)
    notices_per_day = models.PositiveSmallIntegerField(default=1)
    notices_in_all = models.PositiveSmallIntegerField(default=2)
    verification_per_day = models.PositiveSmallIntegerField(default=0)
    accept_answered = models.BooleanField(default=False)

    created = models.DateTimeField()
    retired = models.DateTimeField(null=True)

    came_by: int | None = None  # the credential that this conversation showed; no column

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(mode__in=["enforce", "observe"]), name="service_mode_known"),
        ]


class Installation(models.Model):
    """One row: which key ring this database was written with. Kept for as long as the database."""

    ring = models.BinaryField(max_length=32)


class Credential(models.Model):
    """What a service shows at a door, as a keyed fingerprint. Kept after `revoked`, to explain a refusal."""

    class Door(models.TextChoices):
        SMTP = "smtp"
        API = "api"

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="credentials")
    door = models.CharField(max_length=4, choices=Door.choices)
    username = models.CharField(max_length=64, unique=True)
    fingerprint = models.BinaryField(max_length=32)
    created = models.DateTimeField()
    revoked = models.DateTimeField(null=True)
