"""The tables: members, the addresses they gave, atesaki's cases about them, and grants that were used up."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac


def new_sub() -> str:
    """128 bits that say nothing about anybody."""
    return f"az_{secrets.token_hex(16)}"


class Members(BaseUserManager["Member"]):
    """Found by 会員ID."""


class Member(AbstractBaseUser):
    """One account. Kept as long as its owner wants it; after that without name, password or address, so that
    neither its `sub` nor its 会員ID is ever given to somebody else.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sub = models.CharField(max_length=64, unique=True, default=new_sub, editable=False)
    username = models.CharField(max_length=30, unique=True)  # 会員ID
    name = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=2, default="ja")
    is_active = models.BooleanField(default=True)
    # Raised by every proof, change, reset and end: sessions and reset links of an older epoch are void at once.
    epoch = models.PositiveIntegerField(default=0)
    joined = models.DateTimeField(default=timezone.now)
    ended = models.DateTimeField(null=True, blank=True)

    objects = Members()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def get_full_name(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """Django's, and the epoch: a session ends without being looked for."""
        return salted_hmac(
            "reference.idp.session", f"{self.password}:{self.epoch}", secret=secret, algorithm="sha256"
        ).hexdigest()


class Address(models.Model):
    """An address that a member gave. The text is erased when the row ends; the row stays for the member's history."""

    class State(models.TextChoices):
        WAITING = "waiting"  # atesaki has not been told yet
        ASKED = "asked"  # atesaki knows it; it is not proved
        PROVED = "proved"
        ENDED = "ended"

    class Reason(models.TextChoices):
        DISOWNED = "disowned"  # its mailbox said "this is not me"
        CHANGED = "changed"  # the member gave another, or none
        ELSEWHERE = "elsewhere"  # another account proved it first
        SECURITY = "security"  # a password was changed or an address proved while this one waited
        LEFT = "left"

    LIVE = (State.WAITING, State.ASKED, State.PROVED)
    OPEN = (State.WAITING, State.ASKED)

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="addresses")
    text = models.CharField(max_length=254, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=9, choices=Reason, blank=True)
    claim = models.CharField(max_length=64, blank=True, db_index=True)
    match = models.CharField(max_length=4, blank=True)
    asked_again = models.BooleanField(default=False)
    session = models.CharField(max_length=40, blank=True)  # the one that is kept when the mailbox proves it
    withdraw = models.BooleanField(default=False)  # atesaki is still to be told that it ended
    given = models.DateTimeField(default=timezone.now)
    proved = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["member"], condition=Q(state="proved"), name="one_proved_each"),
            models.UniqueConstraint(
                fields=["member"], condition=Q(state__in=["waiting", "asked"]), name="one_open_each"
            ),
        )


class Case(models.Model):
    """A case of atesaki's about a member. Kept as long as the member, or support could not say what was done."""

    id = models.CharField(primary_key=True, max_length=64)
    number = models.CharField(max_length=40, blank=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="cases")
    shown = models.BooleanField(default=False)  # the member is asked to correct the address
    end = models.CharField(max_length=10, blank=True)  # corrected | withdrawn, as far as we did it
    told = models.BooleanField(default=False)  # atesaki knows that end
    closed = models.BooleanField(default=False)  # atesaki closed it
    opened = models.DateTimeField(default=timezone.now)


class Spent(models.Model):
    """A code or refresh token that was used: the second use is refused, and ends what the first one gave.

    Kept for thirty days, the life of a refresh token.
    """

    hash = models.CharField(primary_key=True, max_length=64)
    client = models.CharField(max_length=100)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    at = models.DateTimeField(default=timezone.now, db_index=True)
