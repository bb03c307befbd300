"""`atesaki_client.webhooks` against the specification's own vector, against OpenSSL, and against atesaki's courier."""

from __future__ import annotations

import logging
import threading
import time
from base64 import b64decode, b64encode
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from atesaki_client.django import webhook_view
from atesaki_client.webhooks import Event, WebhookError, verify
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from atesaki.outbox.webhook_courier import hand_event, sign

# Standard Webhooks 1.0: the example that its reference libraries are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPEC = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
# By `printf %s 'evt_1.1764000000.BODY' | openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY -binary | base64`.
NOW = 1764000000
BODY = (
    '{"type":"claim.proved","timestamp":"2026-11-24T18:00:00+09:00","data":'
    '{"claim":"c-1","customer":"会員-1","method":"code","at":"2026-11-24T18:00:00+09:00"}}'
).encode()
RIGHT = "v1,cKp3pavDlzTD+Q9+ymD3dBULFLTGnu+sx9k8RcX/OP4="
OTHER_SECRET = "whsec_dGhlIHNlY29uZCBzZWNyZXQgb2YgMjggYnl0ZXM="
OTHER = "v1,iwruuUdd/7AXEMP7suXrNYybDTJrt4onQQxjhruC0QU="


def headers(signature: str = RIGHT, at: object = NOW, event: str = "evt_1") -> dict[str, str]:
    return {"webhook-id": event, "webhook-timestamp": str(at), "webhook-signature": signature}


def test_the_specifications_own_vector_is_right_and_is_no_event_of_ours() -> None:
    with pytest.raises(WebhookError) as raised:  # the signature is right: only then is the body looked at
        verify(SECRET, SPEC, b'{"test": 2432232314}', now=1614265330)
    assert raised.value.slug == "not-an-event"
    with pytest.raises(WebhookError) as raised:
        verify(SECRET, SPEC, b'{"test": 2432232315}', now=1614265330)
    assert raised.value.slug == "wrong-signature"


def test_an_event() -> None:
    event = verify(SECRET, headers(), BODY, now=NOW)
    assert (event.id, event.type, event.data["customer"]) == ("evt_1", "claim.proved", "会員-1")
    assert event.at == datetime.fromisoformat("2026-11-24T09:00:00+00:00")


@pytest.mark.parametrize(
    ("secrets", "signature"),
    [
        (SECRET, f"{OTHER} {RIGHT}"),
        (SECRET, f"v1a,aGVsbG8= v2,xx {RIGHT} v1,"),
        ([OTHER_SECRET, SECRET], RIGHT),
        ([SECRET, OTHER_SECRET], OTHER),
        (SECRET.removeprefix("whsec_"), RIGHT),
        (f" {SECRET}\n", RIGHT),
    ],
)
def test_several_signatures_several_secrets_and_their_forms(secrets: str | list[str], signature: str) -> None:
    assert verify(secrets, headers(signature), BODY, now=NOW).id == "evt_1"


def test_headers_are_found_however_they_are_written() -> None:
    shouted = {name.upper(): value for name, value in headers().items()}
    assert verify(SECRET, shouted, BODY, now=NOW).id == "evt_1"


@pytest.mark.parametrize(
    ("given", "slug"),
    [
        ({**headers(), "webhook-id": ""}, "missing-header"),
        ({k: v for k, v in headers().items() if k != "webhook-timestamp"}, "missing-header"),
        ({k: v for k, v in headers().items() if k != "webhook-signature"}, "missing-header"),
        (headers(at="1764000000.0"), "bad-timestamp"),
        (headers(at="１７６４０００００"), "bad-timestamp"),
        (headers(at="-1"), "bad-timestamp"),
        (headers(at="9" * 5000), "bad-timestamp"),
        (headers(at=NOW - 301), "too-old"),
        (headers(at=NOW + 301), "too-new"),
        (headers("v2,abc v1a,def"), "no-signature"),
        (headers(RIGHT[3:]), "no-signature"),
        (headers(OTHER), "wrong-signature"),
        (headers("v1,鍵 v1,"), "wrong-signature"),
        (headers(RIGHT.rstrip("=")), "wrong-signature"),
        (headers(event="evt_2"), "wrong-signature"),
        (headers(event="evt_\udcff"), "wrong-signature"),
        (headers("v1,\ud800"), "wrong-signature"),
        (headers(at=NOW + 1), "wrong-signature"),
    ],
)
def test_each_fault_is_told(given: dict[str, str], slug: str) -> None:
    with pytest.raises(WebhookError) as raised:
        verify(SECRET, given, BODY, now=NOW)
    assert raised.value.slug == slug and len(str(raised.value)) > 20


def test_the_clock_may_be_five_minutes_off_and_not_more() -> None:
    for off in (-300, 300):
        assert verify(SECRET, headers(), BODY, now=NOW + off)
    assert verify(SECRET, headers(), BODY, tolerance=1000, now=NOW + 900)
    with pytest.raises(WebhookError, match="clock"):
        verify(SECRET, headers(), BODY)  # by the system's clock these are years old, or to come


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"type":1,"timestamp":"2026-11-24T00:00:00Z","data":{}}', b"[" * 200_000],
    ids=lambda body: body[:20].decode(),
)
def test_a_signed_body_that_is_no_event(body: bytes) -> None:
    signature = sign(b64decode(SECRET[6:]), "evt_1", NOW, body)
    with pytest.raises(WebhookError) as raised:
        verify(SECRET, headers(signature), body, now=NOW)
    assert raised.value.slug == "not-an-event"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64!", []])
def test_a_secret_that_cannot_be_one_is_the_receivers_own_fault(secret: str | list[str]) -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        verify(secret, headers(), BODY, now=NOW)
    assert not isinstance(raised.value, WebhookError), "the view would answer 400, and atesaki be blamed for it"


def test_a_parsed_body_is_refused() -> None:
    with pytest.raises(TypeError, match="octets"):
        verify(SECRET, headers(), BODY.decode(), now=NOW)  # type: ignore[arg-type]


def test_what_atesakis_courier_sends_verifies() -> None:
    heard: list[Event] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(verify([OTHER_SECRET, SECRET], dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        key = b64decode(SECRET.removeprefix("whsec_"))
        reply = hand_event(f"http://127.0.0.1:{server.server_port}/hook", key, "evt_9", BODY)
        thread.join(10)
    assert reply.status == 204 and [each.id for each in heard] == ["evt_9"]


# --- Django's view ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _forget(settings: object) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # type: ignore[attr-defined]
    settings.ATESAKI_WEBHOOK_SECRET = [OTHER_SECRET, SECRET]  # type: ignore[attr-defined]
    cache.clear()


def post(event: str = "evt_1", body: bytes = BODY, secret: str = SECRET) -> object:
    at = int(time.time())
    signature = sign(b64decode(secret.removeprefix("whsec_")), event, at, body)
    return RequestFactory(enforce_csrf_checks=True).post(
        "/atesaki", body, content_type="application/json", headers=headers(signature, at, event)
    )


def test_the_view_handles_each_event_once(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    view = webhook_view({"claim.proved": lambda event: heard.append(event.id)})
    assert [view(post(each)).status_code for each in ("evt_1", "evt_1", "evt_2")] == [204, 204, 204]
    assert heard == ["evt_1", "evt_2"]
    assert view(post(secret=f"whsec_{b64encode(b'x' * 32).decode()}")).status_code == 400
    assert view(RequestFactory().post("/atesaki", BODY, content_type="application/json")).status_code == 400
    assert view(RequestFactory().get("/atesaki")).status_code == 405
    assert webhook_view({})(post("evt_3")).status_code == 204, "of an unknown type"
    assert getattr(view, "csrf_exempt", False) and len(heard) == 2
    assert "wrong-signature" in caplog.text and "missing-header" in caplog.text


def test_a_handler_that_raised_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def handler(_: Event) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("the database is away")

    view = webhook_view({"claim.proved": handler})
    with caplog.at_level(logging.ERROR):
        assert [view(post()).status_code for _ in range(3)] == [500, 204, 204]
    assert len(tries) == 2 and "claim.proved evt_1" in caplog.text


def test_two_at_once_do_not_both_handle_it() -> None:
    answers: list[int] = []

    def handler(_: Event) -> None:
        answers.append(view(post()).status_code)  # the same event, while this one is at it

    view = webhook_view({"claim.proved": handler})
    assert view(post()).status_code == 204 and answers == [503]
    assert view(post()).status_code == 204 and answers == [503]


def test_without_a_secret_the_view_says_whose_fault_it_is(settings: object) -> None:
    settings.ATESAKI_WEBHOOK_SECRET = ""  # type: ignore[attr-defined]
    with pytest.raises(ImproperlyConfigured, match="ATESAKI_WEBHOOK_SECRET"):
        webhook_view({})(post())
