"""Templates that are learnt, what enforcing would have done with an observed mail, and enforcing for a share."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("atesaki", "0004_desk")]
    operations: ClassVar = [
        migrations.CreateModel(
            "Template",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.BinaryField(max_length=16)),
                ("sketch", models.BinaryField()),
                ("sender", models.CharField(blank=True, max_length=254)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("missing", models.JSONField(default=list)),
                ("mails", models.PositiveBigIntegerField(default=0)),
                ("since", models.DateTimeField()),
                ("seen", models.DateTimeField()),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="atesaki.service"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("service", "key"), name="template_once")],
            },
        ),
        migrations.AddField("line", "template", models.BigIntegerField(null=True)),
        migrations.AddField("line", "would", models.CharField(blank=True, default="", max_length=10), False),
        migrations.AddField("line", "would_reason", models.CharField(blank=True, default="", max_length=40), False),
        migrations.AddIndex(
            "line",
            models.Index(
                condition=models.Q(("would", "substitute")), fields=["service", "digest"], name="line_would_ask"
            ),
        ),
        migrations.AddField("service", "enforce_share", models.PositiveSmallIntegerField(default=100)),
        migrations.AddConstraint(
            "service",
            models.CheckConstraint(
                condition=models.Q(("enforce_share__range", (0, 100))), name="service_enforce_share"
            ),
        ),
    ]
