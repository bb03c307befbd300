"""The access log as a chain: what agents unmasked until now is its beginning, and from here on it only grows."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PROTECT = django.db.models.deletion.PROTECT

ONLY_GROWS = """
CREATE FUNCTION atesaki_access_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('atesaki.forgetting', true) = 'on' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        IF NEW.number_of = '' AND NEW.reason = '' AND (NEW.number, NEW.organisation_id, NEW.at, NEW.agent_id,
            NEW.what, NEW.content, NEW.previous, NEW.hash) IS NOT DISTINCT FROM (OLD.number, OLD.organisation_id,
            OLD.at, OLD.agent_id, OLD.what, OLD.content, OLD.previous, OLD.hash) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the access log only grows';
END $$;
CREATE TRIGGER access_only_grows BEFORE UPDATE OR DELETE ON atesaki_access
    FOR EACH ROW EXECUTE FUNCTION atesaki_access_only_grows();
"""
MAY_CHANGE = "DROP TRIGGER access_only_grows ON atesaki_access; DROP FUNCTION atesaki_access_only_grows();"


def begin(apps: Any, _: Any) -> None:
    """Chains the reveals that are there, in their order; the same hash as `desk.access` makes."""
    from atesaki import keys

    rows = apps.get_model("atesaki", "Reveal").objects.select_related("case").order_by("pk")
    access = apps.get_model("atesaki", "Access")
    previous = b"\0" * 32
    for number, row in enumerate(rows.iterator(), 1):
        content = keys.ring().fingerprint("access content", row.case.number, row.reason)
        told = (number, row.case.organisation_id, row.at.isoformat(), row.agent_id, row.field)
        digest = keys.ring().fingerprint("access", previous, content, *(str(each) for each in told))
        access.objects.create(
            number=number,
            organisation_id=row.case.organisation_id,
            at=row.at,
            agent_id=row.agent_id,
            what=row.field,
            number_of=row.case.number,
            reason=row.reason,
            content=content,
            previous=previous,
            hash=digest,
        )
        previous = digest


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("atesaki", "0006_campaigns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: ClassVar = [
        migrations.CreateModel(
            "Access",
            [
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("what", models.CharField(max_length=12)),
                ("number_of", models.CharField(max_length=20)),
                ("reason", models.CharField(max_length=200)),
                ("content", models.BinaryField(max_length=32)),
                ("previous", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
                (
                    "agent",
                    models.ForeignKey(null=True, on_delete=PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                ("organisation", models.ForeignKey(null=True, on_delete=PROTECT, to="atesaki.organisation")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "-number"], name="access_by_house"),
                    models.Index(fields=["number_of", "number"], name="access_by_case"),
                ],
            },
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
        # PostgreSQL makes no trigger while checks of the rows that were just added are still to come.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(ONLY_GROWS, MAY_CHANGE),
        migrations.DeleteModel("Reveal"),
    ]
