"""Jobs that the worker runs: each only calls the module that knows how."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app

from atesaki import campaigns, desk, gate, learning, notme, outbox, resealing, tenants, tracing

# A worker that is told to end tells its jobs so (`should_abort`): those that may take long look now and then.


@app.task(name="atesaki.drive", pass_context=True)
def drive(context: JobContext, lane: str) -> None:
    """Lets leave what waits in one lane."""
    with tracing.span("job", job="drive"):
        gate.drive(lane, until=context.should_abort)


@app.task(name="atesaki.tell")
def tell(webhook: str) -> None:
    """Tells a service one event."""
    with tracing.span("job", job="tell"):
        outbox.deliver(webhook)


@app.task(name="atesaki.tell_many")
def tell_many() -> None:
    """Tells services whatever is due: one thing has made many events."""
    with tracing.span("job", job="tell_many"):
        outbox.drive_webhooks(most=10_000)


@app.task(name="atesaki.look_into")
def look_into(report: str) -> None:
    """Asks the mailbox of a report whether it is so."""
    with tracing.span("job", job="look_into"):
        desk.look_into(report)


@app.task(name="atesaki.send")
def send(unsent: str) -> None:
    """Lets leave what an agent has not called back."""
    with tracing.span("job", job="send"):
        desk.unsent.leave(unsent)


@app.periodic(cron="* * * * *")
@app.task(name="atesaki.due", queueing_lock="due", pass_context=True)
def due(context: JobContext, timestamp: int) -> None:
    """Drives everything whose time has come: whatever a crash left behind goes on from here."""
    with tracing.span("job", job="due"):
        everything_due(context.should_abort)


def everything_due(until: Callable[[], bool] = lambda: False) -> dict[str, int]:
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
        },
        until,
    )
    mails = gate.due(until)
    told = gate.orderly({"told": outbox.drive_webhooks, "tidied": _tidy, "sealed_anew": resealing.drive}, until)
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
