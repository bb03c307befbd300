"""What a watcher asks: is it alive, can it work, how much went which way."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator
from ipaddress import ip_address

import structlog
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from atesaki import desk, environment, gate

log = structlog.get_logger(__name__)

# The ledger's words for an outcome, and the names under which the gate counts them.
_OUTCOMES = {"deliver": "delivered", "substitute": "substituted", "hold": "held", "refuse": "refused"}


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all. Without the database: restarting us would not mend that."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 once the database answers and has every migration; else 503 and what is wrong, without its details."""
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        missing = [str(step) for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    except Exception as error:  # whatever it is, we are not ready, and its text may name the server
        log.warning("not_ready", exc_info=error)
        return JsonResponse({"ready": False, "wrong": ["the database does not answer"]}, status=503)
    if missing:
        return JsonResponse({"ready": False, "wrong": [f"not migrated: {step}" for step in missing]}, status=503)
    return JsonResponse({"ready": True, "wrong": []})


class Ledger:
    """The gate's own numbers, read when they are asked for: they are true across processes and restarts."""

    def collect(self) -> Iterator[Metric]:
        """`atesaki_mails_total` by outcome, what waits and how old it is, and `atesaki_personal_to_unproved_total`,
        which is 0 where L1 is kept.
        """
        numbers = gate.numbers()
        mails = CounterMetricFamily("atesaki_mails", "Mails by what the gate decided.", labels=["outcome"])
        for outcome, name in _OUTCOMES.items():
            mails.add_metric([outcome], numbers[name])
        yield mails
        yield GaugeMetricFamily("atesaki_waiting", "Mails that wait for proof now.", value=numbers["waiting"])
        yield GaugeMetricFamily("atesaki_queued", "Mails that may leave and have not left.", value=numbers["queued"])
        for name, says, value in _ages():
            yield GaugeMetricFamily(name, says, value=value)
        yield CounterMetricFamily(
            "atesaki_personal_to_unproved",
            "Mails with personal data, or looked into by nobody, that left for an address not proved.",
            value=desk.figures.personal_to_unproved_ever(),
        )


def _ages() -> Iterator[tuple[str, str, float]]:
    """How long something has been late, in seconds; 0 where nothing is. A worker that was never heard is not there."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT extract(epoch FROM now() - min(due)) FROM atesaki_departure WHERE state = 'waiting'),
                   (SELECT extract(epoch FROM now() - min(due)) FROM atesaki_webhook WHERE state = 'waiting'),
                   (SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers)
            """
        )
        outbox, webhooks, heard = cursor.fetchone()
    yield "atesaki_outbox_late_seconds", "How long the most overdue mail of the outbox is late.", max(outbox or 0, 0)
    yield "atesaki_webhooks_late_seconds", "How long the most overdue webhook is late.", max(webhooks or 0, 0)
    if heard is not None:
        yield "atesaki_worker_heard_seconds", "Since a worker was last heard.", max(heard, 0)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for this machine or whoever has `ATESAKI_METRICS_TOKEN`."""
    if not _may_watch(request):
        return HttpResponse("ATESAKI_METRICS_TOKEN is needed.\n", content_type="text/plain", status=403)
    measured = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        measured = CollectorRegistry()
        multiprocess.MultiProcessCollector(measured)  # type: ignore[no-untyped-call]
    counted = CollectorRegistry(auto_describe=False)  # describing would ask the database once more
    counted.register(Ledger())
    return HttpResponse(generate_latest(measured) + generate_latest(counted), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_watch(request: HttpRequest) -> bool:
    """A bearer of the token, or a client on this machine that no proxy has spoken for."""
    wanted = environment.secret("ATESAKI_METRICS_TOKEN")
    shown = request.headers.get("Authorization", "")
    if wanted and hmac.compare_digest(shown.encode(), f"Bearer {wanted}".encode()):
        return True
    if {"Forwarded", "X-Forwarded-For"} & set(request.headers):
        return False  # behind a proxy everybody comes from this machine
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
