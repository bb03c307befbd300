"""The shop's own rows, beside Oscar's."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Article(models.Model):
    """What the shop says of a product beyond Oscar's own. Kept as long as the product."""

    product = models.OneToOneField("catalogue.Product", models.CASCADE, related_name="article")
    slug = models.SlugField(unique=True)
    category = models.SlugField(db_index=True)
    unit = models.CharField(max_length=60)
    origin = models.CharField(max_length=60, blank=True)
    rate = models.PositiveSmallIntegerField()
    in_season = models.BooleanField(default=False)
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("place",)


class Slot(models.Model):
    """Two hours in which the van comes. Kept: a slot holds no person."""

    starts = models.DateTimeField(unique=True)
    closes = models.DateTimeField()
    capacity = models.PositiveSmallIntegerField()
    taken = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("starts",)
        constraints = (
            models.CheckConstraint(condition=models.Q(taken__lte=models.F("capacity")), name="slot_not_overbooked"),
        )


class Member(models.Model):
    """Somebody who came in through Aozora ID. Who leaves, leaves `ref`, for atesaki to be answered; the rest goes."""

    ref = models.CharField(max_length=40, unique=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    sub = models.CharField(max_length=255, unique=True, null=True)
    name = models.CharField(max_length=100, blank=True)
    joined = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True)


class Delivery(models.Model):
    """How an order is paid, when it goes out, and the second fact that finds it. Kept as long as the order."""

    order = models.OneToOneField("order.Order", models.CASCADE, related_name="delivery")
    ref = models.CharField(max_length=40, db_index=True)
    slot = models.ForeignKey(Slot, models.PROTECT)
    pay = models.CharField(max_length=10)
    card_last4 = models.CharField(max_length=4, blank=True)
    authorisation = models.CharField(max_length=64, blank=True)
    postal_code = models.CharField(max_length=7, blank=True)
    phone_last4 = models.CharField(max_length=4, blank=True)
    # A member has left: once the goods are there, so go name, address and phone.
    forget = models.BooleanField(default=False)


class Contact(models.Model):
    """Where a customer's copies go: one row a customer, the address empty where none is wanted or left.

    Kept without the address, for the case's number in a letter to lead back to the customer.
    """

    class State(models.TextChoices):
        NONE = "none"
        WAITING = "waiting"  # atesaki has not been asked yet
        ASKED = "asked"
        PROVED = "proved"
        DISOWNED = "disowned"

    ref = models.CharField(max_length=40, unique=True)
    address = models.CharField(max_length=254, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NONE)
    claim = models.CharField(max_length=64, blank=True)
    match = models.CharField(max_length=2, blank=True)
    needed = models.BooleanField(default=False)
    case = models.CharField(max_length=64, blank=True)
    case_number = models.CharField(max_length=40, blank=True, db_index=True)


class Asking(models.Model):
    """What atesaki is still to be asked or told; no address stands in it. Gone once it has been."""

    kind = models.CharField(max_length=20)
    ref = models.CharField(max_length=40, blank=True)
    what = models.CharField(max_length=64, blank=True)  # a claim's or a case's id; of a claim, what vouches for it
    tries = models.PositiveIntegerField(default=0)
    begun = models.DateTimeField(auto_now_add=True)


class Card(models.Model):
    """The sandbox acquirer's vault: what a token does, and no number. Gone after an hour."""

    token = models.CharField(max_length=64, unique=True)
    last4 = models.CharField(max_length=4)
    answer = models.CharField(max_length=10)
    made = models.DateTimeField(auto_now_add=True)


class Authorisation(models.Model):
    """The sandbox acquirer's book: one row a payment."""

    reference = models.CharField(max_length=64, unique=True)
    amount = models.DecimalField(max_digits=12, decimal_places=0)
    state = models.CharField(max_length=10)
    made = models.DateTimeField(auto_now_add=True)


class Miss(models.Model):
    """A wrong second fact, by a keyed digest of what was tried and from where. Gone after a day."""

    key = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(auto_now_add=True)
