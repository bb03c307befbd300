"""Webhooks against services that hear, refuse, stall, redirect and lie about where they live."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection, connections, transaction
from django.http import HttpResponse
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from atesaki import addresses, clock, desk, gate, notme, outbox, tasks, tenants
from atesaki.desk.agents import Role
from atesaki.gate import Envelope
from atesaki.models import Agent
from atesaki.outbox import Webhook, webhook_courier, webhooks
from atesaki.tenants import Issued, TenantError
from tests.programs import atesaki
from tests.world import HANA, World, database_url, order

pytestmark = pytest.mark.django_db
PATH = "/hooks/pa55-in-the-path?key=5ecret"
DATA = {"claim": "0190-claim", "customer": "会員 42", "case": "AT-2017-0413"}
State = Webhook.State


class Receiver:
    """A service's end: what it was sent, and what it answers (a status, or something to do with the handler)."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.port = server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}{PATH}"
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int | Callable[[BaseHTTPRequestHandler], None]] = []
        self.always: int | Callable[[BaseHTTPRequestHandler], None] = 204

    def bodies(self) -> list[bytes]:
        return [body for _, _, body in self.got]

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.got]


@contextmanager
def receiving(secure: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            answer = receiver.answers.pop(0) if receiver.answers else receiver.always
            if callable(answer):
                with suppress(OSError):
                    answer(self)
                return
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # who hangs up in the middle is meant to, here

    server = Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(server)
    if secure:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def shop(name: str = "ネットスーパー", url: str = "") -> Issued:
    issued = tenants.add_service(
        name, organisation="はな商事", locale="ja", mode="enforce", sender="shop@shop.example", webhook=url
    )
    return issued


@pytest.fixture
def issued(receiver: Receiver) -> Issued:
    return shop(url=receiver.url)


def told(issued: Issued, kind: str = "claim.disowned", **data: object) -> Webhook:
    with transaction.atomic():
        assert outbox.tell(issued.service, kind, data or DATA)
    return Webhook.objects.latest("id")


def state(webhook: Webhook) -> tuple[str, int, str]:
    webhook.refresh_from_db()
    return webhook.state, webhook.tries, webhook.answer


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def verify(secret: str, headers: dict[str, str], body: bytes) -> dict[str, object]:
    """A receiver's own check, written from the text of Standard Webhooks 1.0 and nothing of ours."""
    assert secret.startswith("whsec_")
    key = base64.b64decode(secret[len("whsec_") :], validate=True)
    assert 24 <= len(key) <= 64
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300
    assert "." not in headers["webhook-id"]
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    mac = hmac.new(key, signed, hashlib.sha256)
    versions = [each.split(",", 1) for each in headers["webhook-signature"].split(" ")]
    assert any(v == "v1" and hmac.compare_digest(base64.b64decode(s), mac.digest()) for v, s in versions)
    return json.loads(body)


# --- what is sent -----------------------------------------------------------------------------------------


def test_the_signature_is_the_schemes() -> None:
    """The example of the reference implementations."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = webhook_courier.sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_printed_secret_is_the_key_in_standard_base64() -> None:
    issued = shop()
    for _ in range(40):  # a urlsafe one would betray itself in nearly each
        issued = tenants.rotate(issued.service.name)
        key = base64.b64decode(issued.webhook_secret.removeprefix("whsec_"), validate=True)
        assert 24 <= len(key) <= 64
        assert tenants.webhook_secret(issued.service) == key


def test_a_secret_that_does_not_open_is_said_and_not_raised_by_the_courier(issued: Issued, receiver: Receiver) -> None:
    issued.service.webhook_secret = b"other octets than ours, and long enough"
    issued.service.save()
    with pytest.raises(TenantError, match="atesaki service rotate"):
        tenants.webhook_secret(issued.service)
    event = told(issued)
    assert not outbox.deliver(str(event.pk))
    assert state(event)[:2] == (State.WAITING, 1) and "rotate" in event.answer
    assert not receiver.got


def test_an_event_is_heard(issued: Issued, receiver: Receiver) -> None:
    event = told(issued)
    assert outbox.deliver(str(event.pk))
    [(path, headers, body)] = receiver.got
    assert verify(issued.webhook_secret, headers, body) == {
        "type": "claim.disowned",
        "timestamp": event.created.strftime("%Y-%m-%dT%H:%M:%S.") + f"{event.created.microsecond // 1000:03}Z",
        "data": DATA,
    }
    assert path == PATH
    assert headers["webhook-id"] == str(event.pk)
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["user-agent"].startswith("atesaki")
    assert state(event) == (State.HEARD, 1, "204 No Content")
    assert event.ended and not event.leaving_since
    assert not outbox.deliver(str(event.pk)) and len(receiver.got) == 1


def test_a_forged_body_would_be_seen(issued: Issued, receiver: Receiver) -> None:
    outbox.deliver(str(told(issued).pk))
    [(_, headers, body)] = receiver.got
    with pytest.raises(AssertionError):
        verify(issued.webhook_secret, headers, body.replace(b"42", b"43"))


def test_a_rotated_secret_signs_what_still_waits(issued: Issued, receiver: Receiver) -> None:
    event = told(issued)
    again = tenants.rotate(issued.service.name)
    assert outbox.deliver(str(event.pk))
    [(_, headers, body)] = receiver.got
    verify(again.webhook_secret, headers, body)


def test_a_service_without_a_url_is_not_told() -> None:
    with transaction.atomic():
        assert not outbox.tell(shop().service, "claim.disowned", DATA)
    assert not Webhook.objects.exists()


def test_what_is_rolled_back_is_never_told(issued: Issued) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        outbox.tell(issued.service, "claim.disowned", DATA)
        raise ZeroDivisionError
    assert not Webhook.objects.exists() and not ProcrastinateJob.objects.exists()


def test_the_workers_job_tells(issued: Issued, receiver: Receiver) -> None:
    event = told(issued)
    job = ProcrastinateJob.objects.get(task_name="atesaki.tell")
    assert job.args == {"webhook": str(event.pk)}
    assert job.scheduled_at is None
    tasks.tell(**job.args)
    assert state(event)[0] == State.HEARD and receiver.ids() == [str(event.pk)]


# --- tried again ------------------------------------------------------------------------------------------


def test_it_is_tried_for_three_days_and_given_up(
    issued: Issued, receiver: Receiver, at: Callable[[datetime], None]
) -> None:
    receiver.always = 500
    event = told(issued)
    began, pauses = event.due, []
    while state(event)[0] == State.WAITING:
        before = event.due
        at(before)
        assert not outbox.deliver(str(event.pk))
        if state(event)[0] == State.WAITING:
            pauses.append((event.due - before).total_seconds())
            at(event.due - timedelta(seconds=1))
            assert not outbox.deliver(str(event.pk)), "its time has not come"
    wished = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, *[28_800] * 20]
    for pause, wish in zip(pauses[:-1], wished, strict=False):
        assert wish <= pause <= wish * 1.2
    assert len(pauses) > 12
    assert (event.state, event.answer) == (State.GIVEN_UP, "500 Internal Server Error")
    assert event.ended == before == began + timedelta(days=3), "the last try is at the very end"
    assert len(set(receiver.bodies())) == 1, "every octet is the same at each try"
    assert set(receiver.ids()) == {str(event.pk)} and len(receiver.got) == len(pauses) + 1


def test_pauses_differ_from_one_to_the_next(issued: Issued) -> None:
    assert len({webhooks._pause(4, 0) for _ in range(20)}) > 10


def test_after_a_long_standstill_it_is_tried_once_before_it_is_given_up(
    issued: Issued, receiver: Receiver, at: Callable[[datetime], None]
) -> None:
    event, lost = told(issued), told(issued)
    receiver.answers = [200, 500]
    at(event.gives_up + timedelta(days=5))
    assert outbox.deliver(str(event.pk))
    assert not outbox.deliver(str(lost.pk))
    assert state(lost)[:2] == (State.GIVEN_UP, 1)


def test_early_retries_have_a_job_at_the_real_time(
    issued: Issued, receiver: Receiver, at: Callable[[datetime], None]
) -> None:
    """A test installation's clock may be days off; the worker's is not."""
    shifted = datetime.now(UTC) + timedelta(days=8)
    at(shifted)
    receiver.always = 500
    event = told(issued)
    outbox.deliver(str(event.pk))
    state(event)
    assert event.due > shifted + timedelta(seconds=4)
    job = ProcrastinateJob.objects.filter(task_name="atesaki.tell").latest("id")
    assert timedelta(seconds=3) < job.scheduled_at - datetime.now(UTC) < timedelta(seconds=8)


def test_late_retries_have_none(issued: Issued, receiver: Receiver) -> None:
    """The minute's tick finds them: no need for thousands of jobs that sleep for hours."""
    receiver.always = 500
    event = told(issued)
    Webhook.objects.update(tries=5)
    jobs = ProcrastinateJob.objects.count()
    outbox.deliver(str(event.pk))
    assert state(event)[:2] == (State.WAITING, 6)
    assert ProcrastinateJob.objects.count() == jobs


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(issued: Issued, receiver: Receiver, status: int) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
        handler.end_headers()

    receiver.always = elsewhere
    event = told(issued)
    assert not outbox.deliver(str(event.pk))
    assert [path for path, _, _ in receiver.got] == [PATH]
    assert state(event)[0] == State.WAITING and event.answer.startswith(str(status))


def test_gone_is_for_ever_and_said(issued: Issued, receiver: Receiver) -> None:
    receiver.always = 410
    event = told(issued)
    with structlog.testing.capture_logs() as said:
        assert not outbox.deliver(str(event.pk))
    assert state(event) == (State.GIVEN_UP, 1, "410 Gone") and event.ended
    [line] = [each for each in said if each["event"] == "webhook.given_up"]
    assert line["log_level"] == "error" and line["webhook"] == str(event.pk)
    assert outbox.drive_webhooks() == 0


@pytest.mark.parametrize("end", ["url", "service"])
def test_nothing_is_sent_to_a_service_that_has_ended_it(issued: Issued, receiver: Receiver, end: str) -> None:
    event = told(issued)
    if end == "url":
        tenants.change_service(issued.service.name, webhook="")
    else:
        tenants.retire(issued.service.name)
    assert not outbox.deliver(str(event.pk))
    assert state(event)[0] == State.GIVEN_UP and not receiver.got


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("120", 120, 121),
        ("1", 5, 6),  # never sooner than we would
        ("999999999999999999999999", 28_800, 28_800),
        ("-5", 5, 6),
        ("soon", 5, 6),
        ("²", 5, 6),
        ("DATE", 595, 600),
        ("Fri, 31 Dec 0000 99:99:99 GMT", 5, 6),
        ("Fri, 31 Dec 1999 2399999999:59:59 GMT", 5, 6),
    ],
)
def test_retry_after(issued: Issued, receiver: Receiver, asked: str, least: int, most: int) -> None:
    def busy(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(503)
        when = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
        handler.wfile.write(
            b"HTTP/1.1 503 Busy\r\nRetry-After: " + asked.replace("DATE", when).encode("latin-1") + b"\r\n\r\n"
        )

    receiver.always = busy
    event = told(issued)
    before = clock.now()
    assert not outbox.deliver(str(event.pk))
    state(event)
    assert event.answer == "503 Service Unavailable"
    assert least <= (event.due - before).total_seconds() <= most + 2


def test_a_service_that_has_heard_has_heard_whatever_it_says_of_coming_back(issued: Issued, receiver: Receiver) -> None:
    def taken(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nRetry-After: Fri, 31 Dec 1999 2399999999:59:59 GMT\r\n\r\n")

    receiver.always = taken
    event = told(issued)
    assert outbox.deliver(str(event.pk))
    assert state(event)[0] == State.HEARD


# --- services that behave badly ---------------------------------------------------------------------------


def stall(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(20)


def drip(handler: BaseHTTPRequestHandler) -> None:
    for octet in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100:
        handler.wfile.write(bytes([octet]))
        time.sleep(0.1)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def babble(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 next.example ESMTP\r\n")


def endless_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000)


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        (stall, "no answer in time"),
        (drip, "no answer in time"),
        (hang_up, "no connection: it was ended early"),
        (babble, "what it answers is not HTTP"),
        (endless_headers, "what it answers is not HTTP"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_no_answer_is_tried_again(
    issued: Issued,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    how: Callable[[BaseHTTPRequestHandler], None],
    answer: str,
) -> None:
    monkeypatch.setattr(webhook_courier, "EVENT_SECONDS", 0.5)
    receiver.answers = [how]
    event = told(issued)
    began = time.monotonic()
    assert not outbox.deliver(str(event.pk))
    assert time.monotonic() - began < 10
    assert state(event) == (State.WAITING, 1, answer)
    Webhook.objects.update(due=clock.now())
    assert outbox.deliver(str(event.pk))


def test_nobody_listens(issued: Issued) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    tenants.change_service(issued.service.name, webhook=f"http://127.0.0.1:{port}/")
    event = told(issued)
    assert not outbox.deliver(str(event.pk))
    assert state(event) == (State.WAITING, 1, "no connection: Connection refused")


def test_a_body_without_end_is_let_go(issued: Issued, receiver: Receiver) -> None:
    sent = []

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1_000):
            handler.wfile.write(b"x" * 100_000)
            sent.append(100_000)

    receiver.always = flood
    event = told(issued)
    began = time.monotonic()
    assert outbox.deliver(str(event.pk))
    assert time.monotonic() - began < 20
    assert sum(sent) < 50_000_000, "it was all taken in"
    assert state(event) == (State.HEARD, 1, "200 OK"), "of what a service says nothing is kept"


def test_a_status_counts_although_its_body_never_comes(
    issued: Issued, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_courier, "EVENT_SECONDS", 0.5)

    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "500")
        handler.end_headers()
        time.sleep(20)

    receiver.always = half
    began = time.monotonic()
    assert outbox.deliver(str(told(issued).pk))
    assert time.monotonic() - began < 10


def test_nothing_is_sent_after_a_look_up_without_end(
    issued: Issued, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then it may have been taken back, and another may have it."""
    assert webhook_courier._LOOK_UP_SECONDS + webhook_courier.EVENT_SECONDS < webhooks._LOST_SECONDS
    look_up = socket.getaddrinfo
    monkeypatch.setattr(webhook_courier, "_LOOK_UP_SECONDS", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: (time.sleep(0.2), look_up(*a, **k))[1])
    event = told(issued)
    assert not outbox.deliver(str(event.pk))
    assert state(event) == (State.WAITING, 1, "no answer in time") and not receiver.got


# --- one that fails hinders no other ----------------------------------------------------------------------


def test_a_dead_service_holds_up_nobody(issued: Issued, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_courier, "EVENT_SECONDS", 0.3)
    with receiving() as dead:
        dead.always = stall
        other = shop("ID サービス", dead.url)
        for _ in range(30):
            told(other)
        good = [told(issued) for _ in range(5)]
        began = time.monotonic()
        assert outbox.drive_webhooks() == 6
        assert time.monotonic() - began < 7
        assert len(dead.got) == 1, "one that does not answer is asked once"
    assert {state(event)[0] for event in good} == {State.HEARD}
    assert Webhook.objects.filter(state=State.WAITING).count() == 30


def test_an_event_that_a_service_cannot_bear_holds_up_no_other(issued: Issued, receiver: Receiver) -> None:
    bad = told(issued)
    receiver.answers = [hang_up]
    assert outbox.drive_webhooks() == 1
    Webhook.objects.update(due=clock.now() - timedelta(hours=1))
    good = told(issued)
    receiver.answers = [200, hang_up]
    assert outbox.drive_webhooks() == 2
    assert state(good)[0] == State.HEARD and state(bad)[:2] == (State.WAITING, 2)


def test_an_event_that_we_cannot_handle_holds_up_no_other(
    issued: Issued, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, other = told(issued), shop("ID サービス", receiver.url)
    good, body = told(other), webhooks._body

    def broken(webhook: Webhook) -> bytes:
        if webhook.pk == bad.pk:
            raise RuntimeError(f"a fault that names {receiver.url}")
        return body(webhook)

    monkeypatch.setattr(webhooks, "_body", broken)
    with structlog.testing.capture_logs() as said:
        assert outbox.drive_webhooks() == 2
    assert state(good)[0] == State.HEARD
    assert state(bad) == (State.WAITING, 1, "unexpected: RuntimeError")
    assert receiver.url not in str(said)


def test_one_service_has_not_all_the_workers_hands(issued: Issued, receiver: Receiver) -> None:
    first, second, third = (told(issued) for _ in range(3))
    other = told(shop("ID サービス", receiver.url))
    assert webhooks._take(first.pk) and webhooks._take(second.pk)
    assert not outbox.deliver(str(third.pk)) and state(third)[0] == State.WAITING
    assert outbox.deliver(str(other.pk))
    Webhook.objects.filter(pk=first.pk).update(state=State.HEARD)
    assert outbox.drive_webhooks() == 1 and state(third)[0] == State.HEARD


# --- crashes and races ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_at_once_deliver_once(issued: Issued, receiver: Receiver) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.05)
        handler.send_response(200)
        handler.end_headers()

    receiver.always = slowly
    events = [told(issued) for _ in range(6)]
    together = threading.Barrier(8)

    def run(number: int) -> None:
        try:
            together.wait(20)
            for event in events:
                outbox.deliver(str(event.pk))
                if number % 2:
                    outbox.drive_webhooks()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    outbox.drive_webhooks()
    assert sorted(receiver.ids()) == sorted(str(event.pk) for event in events)
    assert {state(event)[:2] for event in events} == {(State.HEARD, 1)}


def died(issued: Issued, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    """An event whose process ended just as it had sent it."""
    event = told(issued)

    def sent_and_died(*all_: object) -> None:
        webhook_courier.hand_event(*all_)
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(webhooks, "hand_event", sent_and_died)
        outbox.deliver(str(event.pk))
    assert state(event)[:2] == (State.LEAVING, 1)
    return event


def grow_old(seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE atesaki_webhook SET leaving_since = leaving_since - %s * interval '1 second'", [seconds])


def test_what_a_dead_process_left_is_told_again_under_the_same_id(
    issued: Issued, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = died(issued, monkeypatch)
    grow_old(50)
    assert outbox.drive_webhooks() == 0, "whoever has it may still be at it"
    grow_old(11)
    assert outbox.drive_webhooks() == 1
    assert state(event)[:2] == (State.HEARD, 2)
    assert receiver.ids() == [str(event.pk)] * 2
    assert len(set(receiver.bodies())) == 1


def test_a_late_failure_changes_nothing_for_who_has_it_now(issued: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    event = died(issued, monkeypatch)
    late = Webhook.objects.get(pk=event.pk)
    grow_old(61)
    assert outbox.take_back_webhooks() == 1
    successor = webhooks._take(event.pk)
    assert successor
    webhooks._settle(late, webhook_courier.Reply(0, "no answer in time"))
    assert state(event) == (State.LEAVING, 2, "")
    webhooks._settle(late, webhook_courier.Reply(410, "Gone"))
    assert state(event)[0] == State.LEAVING
    webhooks._settle(late, webhook_courier.Reply(200, "OK"))
    assert state(event) == (State.HEARD, 2, "200 OK"), "that it was heard is true, however late we hear of it"
    webhooks._settle(successor, webhook_courier.Reply(500, ""))
    assert state(event) == (State.HEARD, 2, "200 OK")


# --- where it may go --------------------------------------------------------------------------------------

INWARD = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1"),
    *("172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.2.1", "198.18.0.1", "203.0.113.7", "224.0.0.1", "224.0.1.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1"),
    *("fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1"),
    *("ff02::1", "ff0e::1", "2001:db8::1", "::127.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::808:808"),
    *("2002:7f00:1::", "2002:a00:1::", "2001:0:7f00:1::1"),
]
OUTWARD = [
    *("8.8.8.8", "1.1.1.1", "93.184.216.34", "172.32.0.1", "192.169.0.1"),
    *("100.128.0.1", "2606:4700:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
]


@pytest.mark.parametrize(("address", "inward"), [*((a, True) for a in INWARD), *((a, False) for a in OUTWARD)])
def test_which_addresses_are_inward(address: str, inward: bool) -> None:
    assert webhook_courier.is_inward(address) is inward


class Resolver:
    """Answers for names from a table, each time with the next answer; counts."""

    def __init__(self, **names: list[list[str]]) -> None:
        self.names, self.asked = names, []

    def __call__(self, host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        if host not in self.names:
            socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)  # no name, or a test's slip
            answer = [host]
        else:
            answers = self.names[host]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in answer
        ]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Resolver]:
    def use(**names: list[list[str]]) -> Resolver:
        resolver = Resolver(**{name.replace("_", "."): answers for name, answers in names.items()})
        # One function for both: what the courier asks, and what urllib3 would ask if it were let.
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        return resolver

    return use


@pytest.fixture
def never_connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where a connection was about to be made; it is not."""
    places: list[str] = []

    def connect(peer: webhook_courier.HTTPConnection) -> None:
        places.append(peer.host)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(webhook_courier.HTTPSConnection, "connect", connect)
    monkeypatch.setattr(webhook_courier.HTTPConnection, "connect", connect)
    return places


@pytest.mark.parametrize("address", INWARD)
def test_production_does_not_connect_inward(
    resolve: Callable[..., Resolver], never_connects: list[str], settings: object, address: str
) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    resolve(hook_example=[[address]])
    reply = webhook_courier.hand_event("https://hook.example/x", b"k" * 32, "id", b"{}")
    assert reply == webhook_courier.Reply(0, "the host's name leads to an address that is not public")
    assert not never_connects


def test_one_inward_address_among_others_is_enough(
    resolve: Callable[..., Resolver], never_connects: list[str], settings: object
) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    resolve(hook_example=[["8.8.8.8", "10.0.0.1"]])
    assert "not public" in webhook_courier.hand_event("https://hook.example/x", b"k" * 32, "id", b"{}").text
    assert not never_connects


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://2130706433/"),
        *("https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://localhost/"),
        *("https://[fe80::1%25lo]/", "https://0/", "https://169.254.169.254/latest/meta-data/"),
        *("http://8.8.8.8/", "https://ken:pw@8.8.8.8/", "ftp://8.8.8.8/", "file:///etc/passwd"),
        *("https://8.8.8.8:0/", "https://8.8.8.8:99999/", "https:///x", "gopher://8.8.8.8", "", "https://[/"),
        *("https://127.0.0.1\\@8.8.8.8/", "https://127.0.0.1#@8.8.8.8/", "https://127.0.0.1\\.example/"),
    ],
)
def test_production_refuses(url: str, never_connects: list[str], settings: object) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    reply = webhook_courier.hand_event(url, b"k" * 32, "id", b"{}")
    assert reply.status == 0 and not never_connects
    assert not url or url not in reply.text


def test_what_is_public_is_connected_to(
    resolve: Callable[..., Resolver], never_connects: list[str], settings: object
) -> None:
    """The other half of the table above: a refusal of everything would pass it."""
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    resolve(hook_example=[["8.8.8.8", "2001:4860:4860::8888"]])
    reply = webhook_courier.hand_event("https://hook.example:8443/x", b"k" * 32, "id", b"{}")
    assert reply.text == "no connection: Connection refused"
    assert never_connects == ["8.8.8.8", "2001:4860:4860::8888"], "each of the addresses that were looked at"


def test_a_name_that_leads_elsewhere_a_moment_later_does_not(
    resolve: Callable[..., Resolver], never_connects: list[str], settings: object
) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    resolver = resolve(rebind_example=[["8.8.8.8"], ["127.0.0.1"]])
    webhook_courier.hand_event("https://rebind.example/x", b"k" * 32, "id", b"{}")
    assert never_connects == ["8.8.8.8"]
    assert resolver.asked == ["rebind.example"]


def certificate(folder: Path, name: str) -> Path:
    """A certificate for `name` that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture
def secure_receiver(tmp_path: Path) -> Iterator[tuple[Receiver, Path, list[str]]]:
    """hook.example over TLS, its certificate, and the names that clients asked for."""
    file, names = certificate(tmp_path, "hook.example"), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda _, name, __: names.append(name)
    with receiving(context) as made:
        yield made, file, names


def as_public(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    looked = webhook_courier.is_inward
    monkeypatch.setattr(webhook_courier, "is_inward", lambda each: each != address and looked(each))


def test_production_connects_to_the_very_address_and_checks_the_name(
    secure_receiver: tuple[Receiver, Path, list[str]],
    resolve: Callable[..., Resolver],
    settings: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver, file, names = secure_receiver
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    as_public(monkeypatch, "127.0.0.1")
    resolver = resolve(hook_example=[["127.0.0.1"], ["127.0.0.2"]])
    issued = shop(url=f"https://hook.example:{receiver.port}{PATH}")
    event = told(issued)
    assert outbox.deliver(str(event.pk)), state(event)
    [(path, headers, body)] = receiver.got
    verify(issued.webhook_secret, headers, body)
    assert path == PATH and headers["host"] == f"hook.example:{receiver.port}"
    assert names == ["hook.example"]
    assert resolver.asked.count("hook.example") == 1


@pytest.mark.parametrize(
    ("host", "trusts", "said"),
    [
        ("other.example", True, "the certificate is of another name"),
        ("hook.example", False, "the certificate cannot be trusted: "),
    ],
)
def test_tls_is_checked(
    secure_receiver: tuple[Receiver, Path, list[str]],
    resolve: Callable[..., Resolver],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    trusts: bool,
    said: str,
) -> None:
    receiver, file, _ = secure_receiver
    if trusts:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    resolve(hook_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    reply = webhook_courier.hand_event(f"https://{host}:{receiver.port}/", b"k" * 32, "id", b"{}")
    assert reply.status == 0 and reply.text.startswith(said)
    assert not receiver.got


def test_plain_http_behind_an_https_url(receiver: Receiver) -> None:
    reply = webhook_courier.hand_event(f"https://127.0.0.1:{receiver.port}/", b"k" * 32, "id", b"{}")
    assert reply == webhook_courier.Reply(0, "no TLS connection could be made")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://ken:pw@hook.example/", "a user or a password"),
        ("https://hook.example\\@127.0.0.1/", "a user or a password"),
        ("ftp://hook.example/", "not an http"),
        ("https://hook.example:0/", "not an http"),
        ("https://hook.example:99999/", "not an http"),
        ("https://[hook.example/", "not an http"),
        ("https://[2001:db8::7].hook.example/", "not an http"),
        ("http://\\\\hook.example", "not an http"),
        ("https://hook.example/a b", "not an http"),
        ("https://hook.example/" + "x" * 500, "500"),
    ],
)
def test_a_url_that_cannot_work_is_refused_when_it_is_set(url: str, said: str) -> None:
    with pytest.raises(TenantError, match=said) as refused:
        shop(url=url)
    assert "pw" not in str(refused.value)


def test_production_takes_no_plain_http_when_it_is_set(settings: object) -> None:
    shop("a", url="http://hook.example/")
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    with pytest.raises(TenantError, match="https://"):
        shop("b", url="http://hook.example/")
    shop("b", url="https://hook.example/")


# --- nothing that is nobody's business --------------------------------------------------------------------


def bad_header(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(
        b"HTTP/1.1 500 hana@example.jp\r\nA: b\r\nno header hana@example.jp\r\nC: d\r\n\r\nhana@example.jp"
    )


def test_no_log_and_no_row_holds_an_address_a_secret_or_the_url(
    issued: Issued, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(webhook_courier, "EVENT_SECONDS", 0.3)
    caplog.set_level(logging.DEBUG)
    event = told(issued)
    with structlog.testing.capture_logs() as said:
        for answer in (bad_header, hang_up, stall, drip, babble, 302, 410):
            receiver.answers = [answer]
            Webhook.objects.update(due=clock.now())
            outbox.deliver(str(event.pk))
            state(event)
            for hidden in ("hana@", "pa55", "5ecret"):
                assert hidden not in event.answer
        outbox.repeat_webhook(event.pk)
        tenants.change_service(issued.service.name, webhook="http://no.such.name.invalid/pa55")
        outbox.deliver(str(event.pk))
    everything = str(said) + caplog.text
    assert len(receiver.got) == 7 and len(said) == 8
    for hidden in ("hana@", "pa55", "5ecret", "whsec", issued.webhook_secret[6:], "会員 42"):
        assert hidden not in everything, hidden


# --- an operator ------------------------------------------------------------------------------------------


def test_the_newest_events_of_a_service(issued: Issued, receiver: Receiver) -> None:
    events = [told(issued, number=number) for number in range(5)]
    told(shop("ID サービス", receiver.url))
    assert [each.pk for each in outbox.webhooks_of(issued.service, 3)] == [event.pk for event in events[:1:-1]]


@pytest.mark.parametrize("end", [204, 410, 500])
def test_an_event_is_told_again_under_its_id(
    issued: Issued, receiver: Receiver, at: Callable[[datetime], None], end: int
) -> None:
    event = told(issued)
    receiver.answers = [end]
    outbox.deliver(str(event.pk))
    later = clock.now() + timedelta(days=20)
    at(later)
    assert outbox.repeat_webhook(event.pk)
    assert state(event) == (State.WAITING, 0, "") and event.ended is None
    assert event.gives_up == later + timedelta(days=3), "it has its three days again"
    jobs = ProcrastinateJob.objects.filter(args={"webhook": str(event.pk)}, scheduled_at=None)
    assert jobs.count() == 2, "the worker is told as well"
    assert outbox.deliver(str(event.pk))
    assert receiver.ids() == [str(event.pk)] * 2 and len(set(receiver.bodies())) == 1


def test_what_is_on_its_way_or_unknown_is_not_repeated(issued: Issued) -> None:
    event = told(issued)
    webhooks._take(event.pk)
    assert not outbox.repeat_webhook(event.pk)
    assert not outbox.repeat_webhook(uuid4())
    assert state(event)[:2] == (State.LEAVING, 1)


def test_what_has_ended_is_forgotten_after_a_month(
    issued: Issued, receiver: Receiver, at: Callable[[datetime], None]
) -> None:
    heard, gone, waits = told(issued), told(issued), told(issued)
    receiver.answers = [200, 410]
    outbox.deliver(str(heard.pk))
    outbox.deliver(str(gone.pk))
    began = clock.now()
    at(began + timedelta(days=29))
    assert outbox.forget_old() == 0
    at(began + timedelta(days=31))
    assert outbox.forget_old() == 2
    assert list(Webhook.objects.values_list("pk", flat=True)) == [waits.pk]


def test_the_minutes_tick_tells_and_forgets(issued: Issued, receiver: Receiver, at: Callable[[datetime], None]) -> None:
    event = told(issued)
    tasks.everything_due()
    assert state(event)[0] == State.HEARD
    at(clock.now() + timedelta(days=31))
    tasks.everything_due()
    assert not Webhook.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_an_operator_sees_and_repeats(issued: Issued, receiver: Receiver, settings: object) -> None:
    name, home = issued.service.name, settings.HOME  # type: ignore[attr-defined]

    def run(*words: str) -> str:
        done = atesaki(home, *words, DATABASE_URL=database_url())
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    assert "Nothing has been told" in run("webhooks", "list", "--service", name)
    event = told(issued)
    receiver.answers = [500]
    outbox.deliver(str(event.pk))
    [line] = run("webhooks", "list", "--service", name, "--json").splitlines()
    seen = json.loads(line)
    assert (seen["id"], seen["state"], seen["answer"]) == (str(event.pk), "waiting", "500 Internal Server Error")
    assert seen["data"] == DATA and seen["tries"] == 1
    assert json.loads(run("webhooks", "repeat", str(event.pk), "--json")) == {"id": str(event.pk), "state": "waiting"}
    assert json.loads(run("due", "--json"))["told"] == 1
    assert state(event)[0] == State.HEARD and len(receiver.got) == 2
    told_again = run("webhooks", "repeat", str(event.pk))
    assert str(event.pk) in told_again and told_again.count("\n") == 1
    listed = run("webhooks", "list", "--service", name).splitlines()
    assert listed[0].split() == ["ID", "TYPE", "STATE", "CREATED", "TRIES", "ANSWER"] and len(listed) == 2
    unknown = atesaki(home, "webhooks", "repeat", str(UUID(int=7)), DATABASE_URL=database_url())
    assert unknown.returncode == 1 and unknown.stderr.count("\n") == 1 and "there is no event" in unknown.stderr
    nobody = atesaki(home, "webhooks", "list", "--service", "nobody", DATABASE_URL=database_url())
    assert nobody.returncode == 1 and "There is no service named" in nobody.stderr


# --- the operator's page ----------------------------------------------------------------------------------

PAGE_URL = "/operator/webhooks"


def looking(role: str = "administrator", language: str = "en"):
    """Somebody of the shop's organisation has signed in."""
    from tests.test_desk import at_work, hired

    return at_work(hired("kanri", role, language, "はな商事"))


def shown(response: HttpResponse) -> str:
    from tests.test_desk import text_of

    return text_of(response)


def ended(event: Webhook, state: str, answer: str, tries: int = 1) -> None:
    over = clock.now() if state in (State.HEARD, State.GIVEN_UP) else None
    Webhook.objects.filter(pk=event.pk).update(state=state, answer=answer, tries=tries, ended=over)


def test_the_page_says_what_to_do_before_anything_was_told() -> None:
    name = shop().service.name
    client = looking()
    assert f'atesaki service set "{name}" --webhook' in shown(client.get(PAGE_URL))
    tenants.change_service(name, webhook="https://hook.example/x")
    assert "Nothing has been told in the last 30 days" in shown(client.get(PAGE_URL))


def test_the_page_shows_each_delivery_and_no_secret(issued: Issued) -> None:
    client = looking()
    heard, failing, lost = told(issued), told(issued, "mail.held"), told(issued, "case.closed")
    ended(heard, State.HEARD, "204 No Content")
    ended(failing, State.WAITING, "503 Service Unavailable", 4)
    ended(lost, State.GIVEN_UP, "no answer in time", 17)
    page = client.get(PAGE_URL)
    assert page.status_code == 200
    text = shown(page)
    for word in (str(heard.pk), "204 No Content", "After 4 tries", "Given up", "no answer in time", "127.0.0.1"):
        assert word in text, word
    for hidden in ("pa55", "5ecret", "/hooks/", "会員 42", "AT-2017"):
        assert hidden not in page.content.decode(), hidden


def test_the_page_narrows_by_state_and_service_and_turns_by_cursor(
    issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    from atesaki.pages import operator_webhooks

    client = looking()
    monkeypatch.setattr(operator_webhooks, "_PAGE", 3)
    events = [told(issued, number=number) for number in range(7)]
    other = told(shop("ネットID", "https://id.example/x"), "mail.held")
    ended(events[1], State.GIVEN_UP, "410 Gone")

    def ids(query: str) -> tuple[list[str], str]:
        page = client.get(f"{PAGE_URL}?{query}").content.decode()
        older = re.search(r'rel="next" href="\?([^"#]*)', page)
        found = re.findall(r"<small><code>([0-9a-f-]{36})</code></small>", page)
        return found, unescape(older[1]) if older else ""

    assert ids("state=given_up") == ([str(events[1].pk)], "")
    assert ids(f"service={other.service_id}") == ([str(other.pk)], "")
    query, seen = f"service={issued.service.pk}", []
    told(issued, number=99)
    first, query = ids(query)
    late = told(issued, number=100)  # what is added meanwhile moves nothing
    while query:
        page, query = ids(query)
        seen += page
    assert str(late.pk) not in seen
    assert sorted(first + seen) == sorted(str(row.pk) for row in Webhook.objects.exclude(pk__in=(other.pk, late.pk)))
    for nonsense in ("state=lost", "service=0", "service=x", "before=x", "told=%00"):
        assert len(ids(nonsense)[0]) == 3, nonsense


def test_an_administrator_tells_an_event_again(issued: Issued, receiver: Receiver) -> None:
    client = looking()
    event = told(issued)
    ended(event, State.GIVEN_UP, "500 Internal Server Error", 17)
    with structlog.testing.capture_logs() as said:
        answer = client.post(f"{PAGE_URL}/{event.pk}/again", {"state": "given_up"})
    assert answer.status_code == 302
    assert answer["Location"] == f"{PAGE_URL}?state=given_up&told={event.pk}"
    assert state(event)[:2] == (State.WAITING, 0)
    agent = Agent.objects.get(user__username="kanri")
    [line] = [each for each in said if each["event"] == "webhook.told_again"]
    assert (line["agent"], line["webhook"]) == (agent.pk, str(event.pk))
    assert f"The event {event.pk} will be told again" in shown(client.get(answer["Location"]))
    assert outbox.deliver(str(event.pk)) and receiver.ids() == [str(event.pk)]


def test_what_cannot_be_told_again(issued: Issued) -> None:
    client = looking()
    event = told(issued)
    webhooks._take(event.pk)
    answer = client.post(f"{PAGE_URL}/{event.pk}/again")
    assert answer.status_code == 409 and "on its way at this moment" in shown(answer)
    assert client.post(f"{PAGE_URL}/{uuid4()}/again").status_code == 404
    assert client.get(f"{PAGE_URL}/{event.pk}/again").status_code == 405, "GET never acts"
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    ended(event, State.GIVEN_UP, "410 Gone")
    assert strict.post(f"{PAGE_URL}/{event.pk}/again").status_code == 403
    assert state(event)[0] == State.GIVEN_UP


@pytest.mark.parametrize("role", list(Role))
def test_who_may_look_and_who_may_tell_again(issued: Issued, role: str) -> None:
    client, event = looking(role), told(issued)
    ended(event, State.GIVEN_UP, "410 Gone")
    looks = Role(role) is not Role.AGENT
    tells = Role(role) is Role.ADMINISTRATOR
    page = client.get(PAGE_URL)
    assert page.status_code == (200 if looks else 403)
    assert (f"{event.pk}/again" in page.content.decode()) is tells
    assert client.post(f"{PAGE_URL}/{event.pk}/again").status_code == (302 if tells else 403)
    assert state(event)[0] == (State.WAITING if tells else State.GIVEN_UP)


def test_another_organisation_sees_and_does_nothing(issued: Issued) -> None:
    from tests.test_desk import at_work, hired

    tenants.add_service("別の店", organisation="別の会社", locale="ja", mode="enforce", sender="a@b.example")
    client = at_work(hired("betsu", Role.ADMINISTRATOR, "en", "別の会社"))
    event = told(issued)
    page = client.get(PAGE_URL).content.decode()
    assert str(event.pk) not in page and "ネットスーパー" not in page
    assert str(event.pk) not in client.get(f"{PAGE_URL}?service={issued.service.pk}").content.decode()
    assert client.post(f"{PAGE_URL}/{event.pk}/again").status_code == 404


# --- two services that disagree ---------------------------------------------------------------------------


def test_one_service_says_corrected_while_the_other_still_has_the_address(world: World, receiver: Receiver) -> None:
    """The case goes on until both have let go, and each hears only what is its own."""
    shop_keys = tenants.rotate(world.service.name)
    world.policy(webhook=receiver.url + "&of=shop")
    id_service = shop("ネットID", receiver.url + "&of=id")
    world.send(order(headers="X-Atesaki-Customer: ken\r\n"))
    gate.submit(
        id_service.service,
        Envelope("shop@shop.example", (addresses.parse(HANA),)),
        order(2, headers="X-Atesaki-Customer: K-1\r\n"),
    )
    gate.drive()
    case = notme.report(world.tokens()[1]).case
    secrets = {"shop": shop_keys.webhook_secret, "id": id_service.webhook_secret}

    def heard(of: str) -> list[tuple[str, str]]:
        """What one service has heard, each signed with its own secret."""
        outbox.drive_webhooks()
        bodies = [verify(secrets[of], h, body) for path, h, body in receiver.got if path.endswith(f"of={of}")]
        return [(str(each["type"]), str(each["data"].get("end", ""))) for each in bodies]

    assert ("claim.disowned", "") in heard("shop") and ("claim.disowned", "") in heard("id")
    assert {each["data"]["customer"] for each in map(json.loads, receiver.bodies())} == {"ken", "K-1"}

    assert not desk.corrected(case, "service", world.service), "the other still has it"
    case.refresh_from_db()
    assert case.state == "reaching" and case.erased is None
    assert not desk.corrected(case, "service", world.service), "said again, it changes nothing"
    assert not [each for each in heard("shop") + heard("id") if each[0] == "case.closed"]
    for service in (world.service, id_service.service):  # and neither may write there meanwhile
        sent = gate.submit(service, Envelope("a@b.example", (addresses.parse(HANA),)), order(3))
        assert sent.outcomes == ("refuse",)

    assert desk.withdrawn(case, "service", id_service.service)
    case.refresh_from_db()
    assert (case.state, case.end) == ("closed", "withdrawn") and case.erased is not None
    assert ("case.closed", "withdrawn") in heard("shop") and ("case.closed", "withdrawn") in heard("id")
    assert outbox.drive_webhooks() == 0
    assert len(receiver.ids()) == len(set(receiver.ids())), "each event was told once"
    assert not [body for body in receiver.bodies() if b"@" in body]
