"""What the HTTP API keeps: scopes, quotas, answers to repeat, and where a confirm page leads back to."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

CASCADE = django.db.models.deletion.CASCADE


def _id() -> models.Field:  # type: ignore[type-arg]
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _credential() -> models.Field:  # type: ignore[type-arg]
    return models.ForeignKey(on_delete=CASCADE, related_name="+", to="atesaki.credential")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("atesaki", "0002_cases")]
    operations: ClassVar = [
        migrations.AddField("service", "api_per_minute", models.PositiveIntegerField(default=600)),
        migrations.AddField("service", "return_to", models.JSONField(default=list)),
        migrations.AddField("credential", "scopes", models.JSONField(null=True)),
        migrations.AddField("claim", "return_url", models.CharField(blank=True, default="", max_length=500)),
        migrations.AddIndex("claim", models.Index(fields=["service", "customer", "id"], name="claim_by_customer")),
        migrations.AddIndex(
            "line",
            models.Index(condition=models.Q(("kind", "mail")), fields=["service", "id"], name="line_by_service"),
        ),
        migrations.CreateModel(
            "Bucket",
            [
                ("id", _id()),
                ("quota", models.CharField(max_length=10)),
                ("left", models.FloatField()),
                ("at", models.DateTimeField()),
                ("credential", _credential()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("credential", "quota"), name="bucket_once"),
                ],
            },
        ),
        migrations.RunSQL("ALTER TABLE atesaki_bucket SET UNLOGGED", "ALTER TABLE atesaki_bucket SET LOGGED"),
        migrations.CreateModel(
            "KeptAnswer",
            [
                ("id", _id()),
                ("key", models.BinaryField(max_length=32)),
                ("request", models.BinaryField(max_length=32)),
                ("since", models.DateTimeField()),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("answer", models.BinaryField(null=True)),
                ("credential", _credential()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("credential", "key"), name="kept_answer_once"),
                ],
                "indexes": [models.Index(fields=["since"], name="kept_answer_since")],
            },
        ),
    ]
