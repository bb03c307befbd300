"""Campaigns that ask the mailboxes of unproved claims, and whom they asked."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models


def _id() -> Any:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


PROTECT, CASCADE = django.db.models.deletion.PROTECT, django.db.models.deletion.CASCADE
STATES = ["running", "paused", "stopped", "done", "ended"]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("atesaki", "0005_learning")]
    operations: ClassVar = [
        migrations.CreateModel(
            "Campaign",
            [
                ("id", _id()),
                (
                    "state",
                    models.CharField(
                        choices=[(state, state.title()) for state in STATES], default="running", max_length=7
                    ),
                ),
                ("why", models.CharField(blank=True, max_length=8)),
                ("started", models.DateTimeField()),
                ("ended", models.DateTimeField(null=True)),
                ("per_hour", models.PositiveIntegerField()),
                ("hours", models.CharField(blank=True, max_length=200)),
                ("stop_at", models.FloatField()),
                ("stop_at_returned", models.FloatField()),
                ("remind_after", models.PositiveSmallIntegerField(null=True)),
                ("show_code", models.BooleanField(default=False)),
                ("cursor", models.UUIDField(default=uuid.UUID(int=0))),
                ("last", models.UUIDField()),
                ("next", models.DateTimeField()),
                ("watched", models.DateTimeField()),
                ("passed_over", models.JSONField(default=dict)),
                ("failing", models.UUIDField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("counted", models.DateTimeField(null=True)),
                ("figures", models.JSONField(null=True)),
                ("final", models.JSONField(null=True)),
                ("service", models.ForeignKey(on_delete=PROTECT, related_name="+", to="atesaki.service")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["running", "paused", "stopped"])),
                        fields=("service",),
                        name="campaign_one_at_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "Asked",
            [
                ("id", _id()),
                ("digest", models.BinaryField(max_length=32)),
                ("line", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("reminded", models.DateTimeField(null=True)),
                ("reminder", models.UUIDField(null=True)),
                ("returned", models.DateTimeField(null=True)),
                ("campaign", models.ForeignKey(on_delete=CASCADE, related_name="+", to="atesaki.campaign")),
                ("claim", models.ForeignKey(on_delete=PROTECT, related_name="+", to="atesaki.claim")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("campaign", "digest"), name="asked_once")],
                "indexes": [
                    models.Index(fields=["campaign", "at"], name="asked_in_order"),
                    models.Index(
                        condition=models.Q(("reminded", None)), fields=["campaign", "at"], name="asked_not_reminded"
                    ),
                ],
            },
        ),
    ]
