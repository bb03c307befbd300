"""What the desk keeps besides: answered inquiries, what may be called back, mentions, views of one's own."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _id() -> Any:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _agent(on_delete: Any, *, null: bool = False) -> Any:
    return models.ForeignKey(null=null, on_delete=on_delete, related_name="+", to=settings.AUTH_USER_MODEL)


CASCADE, PROTECT = django.db.models.deletion.CASCADE, django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("atesaki", "0003_api"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: ClassVar = [
        # -- inquiries that are answered ---------------------------------------------------------------------------
        migrations.AddField("inquiry", "digest", models.BinaryField(max_length=32, null=True)),
        migrations.AddField("inquiry", "by_mail", models.BooleanField(default=False)),
        migrations.AddField("inquiry", "due", models.DateTimeField(null=True)),
        migrations.AddField(
            "inquiry",
            "state",
            models.CharField(
                choices=[("open", "Open"), ("answered", "Answered"), ("closed", "Closed")],
                default="open",
                max_length=8,
            ),
        ),
        migrations.AddField(
            "inquiry",
            "end",
            models.CharField(
                blank=True,
                choices=[("done", "Done"), ("silent", "Silent"), ("disowned", "Disowned")],
                default="",
                max_length=8,
            ),
            preserve_default=False,
        ),
        migrations.AddField("inquiry", "page", models.BinaryField(max_length=32, null=True, unique=True)),
        migrations.AddField("inquiry", "reply", models.BinaryField(max_length=32, null=True, unique=True)),
        migrations.AddField("inquiry", "tries", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("inquiry", "quiet", models.DateTimeField(null=True)),
        migrations.RunSQL(
            "UPDATE atesaki_inquiry SET state = 'closed', \"end\" = 'done' WHERE done IS NOT NULL",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "UPDATE atesaki_inquiry SET due = at + interval '2 days' WHERE done IS NULL", migrations.RunSQL.noop
        ),
        # PostgreSQL makes no index while checks of the rows that were just changed are still to come.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddIndex(
            "inquiry",
            models.Index(condition=models.Q(("state", "closed"), _negated=True), fields=["due"], name="inquiry_due"),
        ),
        migrations.AddIndex("inquiry", models.Index(fields=["digest"], name="inquiry_by_address")),
        migrations.CreateModel(
            "InquiryMessage",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("direction", models.CharField(choices=[("in", "In"), ("out", "Out")], max_length=3)),
                ("kind", models.CharField(max_length=8)),
                ("text", models.BinaryField()),
                ("origin", models.BinaryField(max_length=32, null=True, unique=True)),
                ("agent", _agent(PROTECT, null=True)),
                (
                    "inquiry",
                    models.ForeignKey(on_delete=CASCADE, related_name="messages", to="atesaki.inquiry"),
                ),
            ],
        ),
        migrations.AlterField(
            "line",
            "kind",
            models.CharField(
                choices=[
                    ("mail", "Mail"),
                    ("notice", "Notice"),
                    ("confirmation", "Confirmation"),
                    ("challenge", "Challenge"),
                    ("case", "Case"),
                    ("inquiry", "Inquiry"),
                    ("report", "Report"),
                ],
                default="mail",
                max_length=12,
            ),
        ),
        # -- what may be called back -------------------------------------------------------------------------------
        migrations.AddField("agent", "undo_seconds", models.PositiveSmallIntegerField(default=10)),
        migrations.CreateModel(
            "Unsent",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("answer", "Answer"), ("inquiry", "Inquiry"), ("sms", "Sms")], max_length=7
                    ),
                ),
                ("language", models.CharField(max_length=2)),
                ("text", models.BinaryField()),
                ("at", models.DateTimeField()),
                ("leaves", models.DateTimeField()),
                ("failed", models.CharField(blank=True, max_length=20)),
                ("agent", _agent(PROTECT)),
                ("case", models.ForeignKey(null=True, on_delete=CASCADE, to="atesaki.case")),
                ("inquiry", models.ForeignKey(null=True, on_delete=CASCADE, to="atesaki.inquiry")),
                ("service", models.ForeignKey(on_delete=PROTECT, to="atesaki.service")),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("failed", "")), fields=["leaves"], name="unsent_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "sms")), fields=("case",), name="unsent_one_text_a_case"
                    ),
                ],
            },
        ),
        # -- mentions, views of one's own --------------------------------------------------------------------------
        migrations.CreateModel(
            "Mention",
            [
                ("id", _id()),
                ("seen", models.DateTimeField(null=True)),
                ("agent", _agent(CASCADE)),
                ("note", models.ForeignKey(on_delete=CASCADE, to="atesaki.note")),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("seen", None)), fields=["agent"], name="mention_unseen"),
                ],
                "constraints": [models.UniqueConstraint(fields=("note", "agent"), name="mention_once")],
            },
        ),
        migrations.CreateModel(
            "SavedView",
            [
                ("id", _id()),
                ("name", models.CharField(max_length=40)),
                ("states", models.JSONField(default=list)),
                ("older", models.PositiveSmallIntegerField(default=0)),
                ("who", models.CharField(blank=True, max_length=40)),
                ("number", models.CharField(blank=True, max_length=9)),
                ("agent", _agent(CASCADE)),
                ("service", models.ForeignKey(null=True, on_delete=CASCADE, to="atesaki.service")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("agent", "name"), name="saved_view_once")],
            },
        ),
        migrations.AddIndex("claim", models.Index(fields=["digest"], name="claim_by_address")),
        # -- figures -----------------------------------------------------------------------------------------------
        migrations.AddField("case", "erase_by", models.DateField(null=True)),
        migrations.AddField("service", "hours", models.CharField(default="mon-fri 09:00-18:00", max_length=200)),
    ]
