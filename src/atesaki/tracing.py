"""Tells how long each step took, to a collector of traces (OpenTelemetry), where the operator named one.

Promise:    Without `ATESAKI_TRACES` a span is a no-op and nothing of OpenTelemetry is imported.
Never:      Lets an address, a token, a subject or content become an attribute: names are listed, values are slugs.
On failure: Traces that cannot be sent are lost; nothing waits for them and nothing fails by them.
Read first: `span`, then `begin`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

ATTRIBUTES = frozenset({"outcome", "kind", "recipients", "octets", "rows", "job", "view", "method", "status", "part"})
"""What a span may say of itself: slugs of ours and counts."""

_SLUG = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_OFF: AbstractContextManager[None] = nullcontext()


class TracingError(ValueError):
    """`ATESAKI_TRACES` cannot be used; the sentence says why."""


class _Tracing:
    """What `begin` made: the tracer, and what sends the spans."""

    tracer: Any = None
    provider: Any = None


def span(name: str, **attributes: str | int) -> AbstractContextManager[None]:
    """One step, from entering to leaving; named by us (`smtp.mail`, `page`). An attribute that is not listed, or no
    slug, is left out.
    """
    return _OFF if _Tracing.tracer is None else _span(name, attributes)


def say(**attributes: str | int) -> None:
    """Adds what is known only at the end, such as an outcome, to the span that is open; nothing where there is none."""
    if _Tracing.tracer is None:
        return
    from opentelemetry import trace

    trace.get_current_span().set_attributes(checked(attributes))


def checked(attributes: dict[str, str | int]) -> dict[str, str | int]:
    """The attributes as they are sent: one that is not listed, or whose text is no slug, is left out."""
    return {
        f"atesaki.{name}": value
        for name, value in attributes.items()
        if name in ATTRIBUTES and (isinstance(value, int) or _SLUG.fullmatch(value))
    }


def begin(part: str, exporter: Any = None) -> bool:
    """Starts to trace this process, if `ATESAKI_TRACES` names a collector (`http://host:4318`); whether it did.

    `exporter` is a test's own. Raises `TracingError` for a URL that is none, or without the extra `atesaki[otel]`.
    """
    url = os.environ.get("ATESAKI_TRACES", "").strip().rstrip("/")
    if not url and exporter is None:
        return False
    if exporter is None and not re.match(r"https?://[^/\s]", url):
        raise TracingError(
            "ATESAKI_TRACES must be the http(s) URL of an OTLP collector, such as http://127.0.0.1:4318."
        )
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise TracingError("ATESAKI_TRACES needs the extra: pip install 'atesaki[otel]', or unset it.") from error
    # Not the process's own resource: it would tell the command line and the host's name.
    named = Resource({"service.name": "atesaki", "atesaki.part": part})
    provider = TracerProvider(resource=named, shutdown_on_exit=False)  # whoever begins ends it
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces", timeout=5))
        if exporter is None
        else SimpleSpanProcessor(exporter)
    )
    _Tracing.provider, _Tracing.tracer = provider, provider.get_tracer("atesaki")
    return True


def end() -> None:
    """Sends what is left, and traces no more."""
    provider, _Tracing.tracer, _Tracing.provider = _Tracing.provider, None, None
    if provider is not None:
        provider.shutdown()


@contextmanager
def _span(name: str, attributes: dict[str, str | int]) -> Iterator[None]:
    # Not with the exception: its text, and a traceback's lines, may hold what they are about.
    with _Tracing.tracer.start_as_current_span(
        name, attributes=checked(attributes), record_exception=False, set_status_on_exception=False
    ) as one:
        try:
            yield
        except BaseException as error:
            from opentelemetry.trace import Status, StatusCode

            one.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
