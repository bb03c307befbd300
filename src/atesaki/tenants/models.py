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
    enforce_share = models.PositiveSmallIntegerField(default=100)  # in a hundred addresses; the others are observed
    sender = models.CharField(max_length=254)
    webhook = models.URLField(max_length=500, blank=True, default="")
    webhook_secret = models.BinaryField(null=True)  # wrapped with the seal key: it must be read to sign
    own = models.JSONField(default=list)  # contact lines of the service itself, never a customer's
    hours = models.CharField(max_length=200, default="mon-fri 09:00-18:00")  # when people answer, in `zone`

    # Policy. A new rule is a new column, so that what is in force can be read off the row.
    wait_days = models.PositiveSmallIntegerField(default=14)
    notices_per_day = models.PositiveSmallIntegerField(default=1)
    notices_in_all = models.PositiveSmallIntegerField(default=2)
    verification_per_day = models.PositiveSmallIntegerField(default=0)
    accept_answered = models.BooleanField(default=False)
    api_per_minute = models.PositiveIntegerField(default=600)  # reads of a key; the other quotas are shares of it
    return_to = models.JSONField(default=list)  # where a confirm page may lead back to: URLs that begin so

    created = models.DateTimeField()
    retired = models.DateTimeField(null=True)

    came_by: int | None = None  # the credential that this conversation showed; no column
    scopes: frozenset[str] | None = None  # what that credential may ask for, None for everything; no column

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(mode__in=["enforce", "observe"]), name="service_mode_known"),
            models.CheckConstraint(condition=models.Q(enforce_share__range=(0, 100)), name="service_enforce_share"),
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
    scopes = models.JSONField(null=True)  # of an API key; null: every one, also those that are yet to come
    created = models.DateTimeField()
    revoked = models.DateTimeField(null=True)


class Bucket(models.Model):
    """What is left of one of a key's quotas, by the database's clock. Kept while it is used; a full one tells nothing.

    Unlogged in PostgreSQL: after a crash every bucket is full, and no request waits for a disk.
    """

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="+")
    quota = models.CharField(max_length=10)
    left = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["credential", "quota"], name="bucket_once")]


class KeptAnswer(models.Model):
    """What a call of the API was answered, for whoever repeats it with the same `Idempotency-Key`. Kept 24 hours.

    Key and request are fingerprints, the answer is sealed for its row; `status` is null while the call runs.
    """

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="+")
    key = models.BinaryField(max_length=32)
    request = models.BinaryField(max_length=32)
    since = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.BinaryField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["credential", "key"], name="kept_answer_once")]
        indexes: ClassVar = [models.Index(fields=["since"], name="kept_answer_since")]
