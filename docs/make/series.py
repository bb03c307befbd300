"""The page of the numbers at `/metrics`, from what is registered and from what the ledger tells."""

from __future__ import annotations

import importlib
import sys
from collections import defaultdict
from collections.abc import Iterator
from unittest.mock import MagicMock, patch

from prometheus_client.metrics import MetricWrapperBase

from . import markdown

_LEAD = """\
`/metrics` is Prometheus text, for this machine or with `Authorization: Bearer ATESAKI_METRICS_TOKEN`. What to watch
first, and the alerts, stand in [Operating atesaki](../operate.md). A histogram has `_bucket`, `_sum`
and `_count` besides."""
_KEEPERS = ("gate", "doors.smtp", "doors.returns", "inbound")


def page() -> str:
    """Every series."""
    rows = sorted({*_registered(), *_ledgers()})
    return markdown.made("Metrics", _LEAD, markdown.table(("series", "kind", "labels", "tells"), rows))


def _registered() -> Iterator[tuple[str, str, str, str]]:
    for name in _KEEPERS:
        importlib.import_module(f"atesaki.{name}")
    for name in [name for name in sys.modules if name.startswith("atesaki.")]:
        for each in vars(sys.modules[name]).values():
            if isinstance(each, MetricWrapperBase):
                (family,) = each.describe()
                yield _row(family.name, family.type, each._labelnames, family.documentation)


def _ledgers() -> Iterator[tuple[str, str, str, str]]:
    """What is counted in the database when it is asked for; here there is none, so every figure is nought."""
    from atesaki.pages import health

    database = MagicMock()
    cursor = database.__getitem__.return_value.cursor.return_value.__enter__.return_value
    cursor.fetchone.return_value = (0.0, 0.0, 0.0)
    with (
        patch.object(health.gate, "numbers", return_value=defaultdict(int)),
        patch.object(health.desk.figures, "personal_to_unproved_ever", return_value=0),
        patch.object(health, "connections", database),
    ):
        for family in health.Ledger().collect():
            labels = {label for sample in family.samples for label in sample.labels}
            yield _row(family.name, family.type, sorted(labels), family.documentation)


def _row(name: str, kind: str, labels: object, tells: str) -> tuple[str, str, str, str]:
    whole = f"{name}_total" if kind == "counter" else name
    return f"`{whole}`", kind, ", ".join(f"`{label}`" for label in labels), tells  # type: ignore[attr-defined]
