"""Jobs that the worker runs: each only calls the module that knows how."""

from __future__ import annotations

from django.db import connection
from procrastinate.contrib.django import app

from atesaki import campaigns, desk, gate, learning, notme, outbox, tenants


@app.task(name="atesaki.drive")
def drive(lane: str) -> None:
    """Lets leave what waits in one lane."""
    gate.drive(lane)


@app.task(name="atesaki.tell")
def tell(webhook: str) -> None:
    """Tells a service one event."""
    outbox.deliver(webhook)


@app.task(name="atesaki.tell_many")
def tell_many() -> None:
    """Tells services whatever is due: one thing has made many events."""
    outbox.drive_webhooks(most=10_000)


@app.task(name="atesaki.look_into")
def look_into(report: str) -> None:
    """Asks the mailbox of a report whether it is so."""
    desk.look_into(report)


@app.task(name="atesaki.send")
def send(unsent: str) -> None:
    """Lets leave what an agent has not called back."""
    desk.unsent.leave(unsent)


@app.periodic(cron="* * * * *")
@app.task(name="atesaki.due", queueing_lock="due")
def due(timestamp: int) -> None:
    """Drives everything whose time has come: whatever a crash left behind goes on from here."""
    everything_due()


def everything_due() -> dict[str, int]:
    """Drives all modules, once; how much each step did, -1 for one that failed. The cases first: what they queue
    leaves in the same turn. The webhooks last: services may take their time.
    """
    cases = gate.orderly(
        {
            "carried_on": notme.due,
            "sent": desk.unsent.due,
            "cases": lambda: sum(desk.due().values()),
            "looked_into": desk.look_into_forgotten,
            "reported": desk.report_progress,
            "wishes_told": desk.improvements.due,
            "inquiries": desk.inquiries.due,
            "campaigns": campaigns.due,
            "lost_jobs": _forget_lost_jobs,
        }
    )
    mails = gate.due()
    told = gate.orderly({"told": outbox.drive_webhooks, "tidied": _tidy})
    return cases | mails | told


def _tidy() -> int:
    """Forgets what is kept no longer; how many rows, -1 if one of them failed, which keeps no other from its turn."""
    done = gate.orderly(
        {
            "agents": desk.agents.forget_old,
            "drafts": desk.drafts.forget_old,
            "unsent": desk.unsent.forget_old,
            "inquiries": desk.inquiries.forget_old,
            "cases": desk.ends.forget_old,
            "words": desk.forget_words,
            "access": desk.access.forget_old,
            "wishes": desk.improvements.forget,
            "campaigns": campaigns.forget_old,
            "webhooks": outbox.forget_old,
            "api": tenants.forget_old,
            "templates": learning.forget_old,
        }
    )
    return -1 if min(done.values()) < 0 else sum(done.values())


def _forget_lost_jobs() -> int:
    """Ends jobs whose worker was killed, and forgets those that failed a day ago; how many.

    Nothing is lost with them: a job only hastens what is driven here as well.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT procrastinate_finish_job_v1(id, 'failed', true) FROM procrastinate_jobs"
            " WHERE status = 'doing' AND worker_id IS NULL"
        )
        ended = int(cursor.rowcount)
        cursor.execute(
            "DELETE FROM procrastinate_jobs j WHERE status = 'failed' AND NOT EXISTS (SELECT 1"
            " FROM procrastinate_events e WHERE e.job_id = j.id AND e.at > now() - interval '1 day')"
        )
        return ended + int(cursor.rowcount)
