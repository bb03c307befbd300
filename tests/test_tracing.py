"""Traces name the steps and how they ended, and nobody; off, they cost nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from django.test import Client

from atesaki import desk, gate, tasks, tracing
from atesaki.inbound.receive import receive
from tests import canary
from tests.world import HANA, SECRETS, World, order


@pytest.fixture
def spans() -> Iterator[Any]:
    """Everything is traced; what was, in the order of its end."""
    if find_spec("opentelemetry.sdk") is None:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail("opentelemetry-sdk is not installed, and REQUIRE_ALL=1 forbids to skip")
        pytest.skip("opentelemetry-sdk is not installed; REQUIRE_ALL=1 would fail here")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    assert tracing.begin("test", kept)
    yield lambda: {(span.name, *sorted((span.attributes or {}).items())): span for span in kept.get_finished_spans()}
    tracing.end()


def test_off_is_a_no_op_and_imports_nothing() -> None:
    look = "import sys; from atesaki import tracing; tracing.begin('web'); tracing.span('x').__enter__(); "
    look += "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    shell = {name: value for name, value in os.environ.items() if name != "ATESAKI_TRACES"}
    ran = subprocess.run([sys.executable, "-c", look], env=shell, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
    began = time.perf_counter()
    for _ in range(10_000):
        with tracing.span("mail", octets=1):
            pass
    assert time.perf_counter() - began < 1, "a hundred microseconds each would be felt on the road"


def test_nobody_and_nothing_of_theirs_is_in_a_span(world: World, spans: Any) -> None:
    case, customer, reporter = canary.stuffed(world)
    world.send(order(2, to="aki@example.jp"), "aki@example.jp")
    gate.drive()
    confirm, not_me = world.tokens()
    page, client = desk.token(case), Client(raise_request_exception=False)
    for path in (f"/c/{confirm}", f"/n/{not_me}", f"/m/{page}", "/none?address=hana@example.jp"):
        client.get(path)
    client.post(f"/m/{page}/message", {"text": "便りのカナリア99"})
    client.post(f"/c/{confirm}", {"kind": "postal_code", "answer": "273-0005"})
    reply = world.notices()[-1]["Reply-To"]
    receive(
        f"From: hana@example.jp\r\nTo: {reply}\r\nSubject: 件名のカナリア\r\n\r\n知りません\r\n".encode(), HANA, reply
    )
    tasks.tell_many()
    told = spans()
    names = {name for name, *_ in told}
    assert names >= {"page", "job", "inbound", "inbound.read", "inbound.follow"}
    assert {"case", "confirm", "not_me", "case_message"} <= {dict(rest).get("atesaki.view") for _, *rest in told}
    everything = "\n".join(span.to_json() for span in told.values())
    secret = {
        *customer,
        *reporter,
        *SECRETS,
        HANA,
        "aki@",
        confirm,
        not_me,
        page,
        reply,
        "カナリア",
        "example.jp",
        "273-0005",
    }
    assert [word for word in secret if word in everything] == []
    for span in told.values():
        assert {name.removeprefix("atesaki.") for name in span.attributes or {}} <= tracing.ATTRIBUTES
        assert not span.events, "an exception's text is about somebody"
        assert set(span.resource.attributes) == {"service.name", "atesaki.part"}


def test_what_is_no_slug_or_not_listed_is_left_out(spans: Any) -> None:
    with tracing.span("mail", outcome="deliver", kind="hana@example.jp", subject="order", octets=7):
        tracing.say(status="two words", rows=3)
    assert list(spans()) == [("mail", ("atesaki.octets", 7), ("atesaki.outcome", "deliver"), ("atesaki.rows", 3))]


def test_an_exception_goes_on_and_is_told_by_its_kind_alone(spans: Any) -> None:
    with pytest.raises(ValueError, match="hana"), tracing.span("mail"):
        raise ValueError("hana@example.jp")
    (span,) = spans().values()
    assert (span.status.is_ok, span.status.description) == (False, "ValueError")
    assert "hana" not in span.to_json()


@pytest.mark.parametrize("url", ["collector:4318", "grpc://collector", "http://"])
def test_a_collector_that_is_none_is_said_at_the_start(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATESAKI_TRACES", url)
    with pytest.raises(tracing.TracingError, match="ATESAKI_TRACES must be"):
        tracing.begin("web")


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATESAKI_TRACES", "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(tracing.TracingError, match=r"atesaki\[otel\]"):
        tracing.begin("web")


def test_a_collector_that_is_away_holds_up_nobody(monkeypatch: pytest.MonkeyPatch, spans: Any) -> None:
    monkeypatch.setenv("ATESAKI_TRACES", "http://127.0.0.1:1")
    tracing.end()
    assert tracing.begin("web")
    began = time.monotonic()
    with tracing.span("page"):
        pass
    assert time.monotonic() - began < 1
    monkeypatch.setattr(tracing._Tracing.provider, "shutdown", lambda: None)
