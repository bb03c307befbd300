"""The published client against the real API, over a live server."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from atesaki_client import Client, CodeClosed, CodeGone, Problem, WrongCode
from atesaki_client.django import EmailBackend, customer
from atesaki_client.webhooks import Event, verify
from django.core.mail import EmailMessage

from atesaki import gate, notme, outbox
from atesaki.models import Case
from atesaki.tenants import add_service, change_service
from tests.door import opened
from tests.world import HANA, KEN_LIVES_AT, World, make_world, order

pytestmark = pytest.mark.django_db(transaction=True)
CITIZEN = "M-1"


class Shop(World):
    """The world, and the client of its service."""

    client: Client
    secret: str

    def code(self) -> str:
        """The code in the newest notice."""
        gate.drive()
        found = re.search(r"^(\d{6})\r?$", self.notices()[-1].get_body(("plain",)).get_content(), re.M)
        assert found
        return found[1]


@pytest.fixture
def shop(transactional_db: None, live_server: Any, tmp_path: Path, settings: Any) -> Shop:
    make_world(tmp_path, settings)
    issued = add_service("Client's", organisation="はな商事", locale="ja", mode="enforce", sender="shop@shop.example")
    made = Shop(issued.service, tmp_path / "delivered", (issued.smtp_username, issued.smtp_password))
    made.client = Client(live_server.url, issued.api_key, timeout=20)
    made.secret = issued.webhook_secret
    return made


def test_a_claim_is_proved_by_its_code(shop: Shop) -> None:
    claim = shop.client.claim(HANA, CITIZEN)
    assert (claim.standing, claim.asked, claim.address, claim.proved) == ("claimed", True, "h***@e***.jp", False)
    assert claim.match and len(claim.match) == 2 and claim.code_expires and claim.created.tzinfo
    again = shop.client.claim(HANA, CITIZEN)
    assert again.id == claim.id and not again.asked
    assert not shop.client.ask_again(claim.id).asked
    code = shop.code()
    with pytest.raises(WrongCode) as wrong:
        shop.client.code(claim.id, "000000" if code != "000000" else "000001")
    assert wrong.value.tries_left == 2
    with pytest.raises(Problem) as slip:
        shop.client.code(claim.id, "abc")
    assert slip.value.slug == "invalid" and slip.value.extensions["errors"][0]["loc"] == ["body", "code"]
    proved = shop.client.code(claim.id, code)
    assert proved.proved and [each.method for each in proved.proofs] == ["code"]
    with pytest.raises(CodeGone):
        shop.client.code(claim.id, code)
    assert shop.client.get_claim(claim.id) == proved
    assert shop.client.standing(CITIZEN).state == "ok"


def test_three_wrong_codes_close_it(shop: Shop) -> None:
    claim = shop.client.claim(HANA, CITIZEN)
    code = shop.code()
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(2):
        with pytest.raises(WrongCode):
            shop.client.code(claim.id, wrong)
    for typed in (wrong, code):
        with pytest.raises(CodeClosed):
            shop.client.code(claim.id, typed)


def test_a_return_url_must_be_registered(shop: Shop) -> None:
    with pytest.raises(Problem) as refused:
        shop.client.claim(HANA, CITIZEN, "https://shop.example/me")
    assert refused.value.slug == "invalid"
    change_service(shop.service.name, return_to=["https://shop.example/"])
    assert shop.client.claim(HANA, CITIZEN, "https://shop.example/me").return_url == "https://shop.example/me"


@pytest.mark.parametrize("ref", ["会員/1", "a b?c#d", "..", "M-1%2F2"])
def test_any_reference_finds_its_way(shop: Shop, ref: str) -> None:
    claim = shop.client.claim(HANA, ref)
    assert [each.id for each in shop.client.standing(ref).claims] == [claim.id]
    assert [each.id for each in shop.client.claims(ref)] == [claim.id]


def test_the_header_of_the_mail_backend_names_the_same_customer(shop: Shop, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "atesaki_client.django.EmailBackend"
    settings.EMAIL_HOST, (settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD) = "127.0.0.1", shop.smtp
    for ref in (CITIZEN, "会員-7"):
        shop.client.attest(shop.client.claim(HANA, ref).id, "seen at the counter")
    with opened(tmp_path / "gate.log") as settings.EMAIL_PORT:
        for ref, outcome in ((CITIZEN, "deliver"), ("会員-7", "deliver"), ("nobody", "substitute")):
            mail = EmailMessage("ご注文", "本文", "shop@shop.example", [HANA])
            with customer(ref, knows={"postal_code": KEN_LIVES_AT}):
                assert EmailBackend().send_messages([mail]) == 1
            assert mail.atesaki_outcomes == (outcome,), ref  # type: ignore[attr-defined]
    assert len(shop.orders()) == 2 and not any(b"X-Atesaki" in raw for raw in shop.orders())
    assert shop.client.message(mail.atesaki_ledger).reason == "unproved"  # type: ignore[attr-defined]


def test_a_mail_waits_is_released_and_refused(shop: Shop) -> None:
    receipt = shop.client.send(
        to=HANA, subject="ご注文", text=KEN_LIVES_AT, customer=CITIZEN, knows={"postal_code": KEN_LIVES_AT}
    )
    (one,) = receipt.recipients
    assert (one.outcome, one.reason, one.position) == ("substitute", "unproved", 0)
    message = shop.client.message(receipt.id)
    assert message.standing == "unknown" and message.fate is None and message.timeline[0].at.tzinfo
    (claim,) = shop.client.claims(CITIZEN)
    gate.drive()  # the notice
    assert shop.client.attest(claim.id, "seen at the counter").proofs[0].method == "attested"
    gate.drive()
    assert shop.client.message(receipt.id).fate == "released" and len(shop.orders()) == 1
    raw = order(headers="")
    assert (
        shop.client.send_raw(raw, to=[HANA], customer=CITIZEN, sender="shop@shop.example").recipients[0].outcome
        == "deliver"
    )

    assert notme.report(shop.tokens()[1])
    with pytest.raises(Problem) as refused:
        shop.client.send(to=[HANA], subject="a", text="b", customer="M-2")
    assert refused.value.slug == "refused" and refused.value.extensions["reason"] == "disavowed"


def test_the_same_key_is_the_same_call(shop: Shop) -> None:
    first, second = (
        shop.client.send(to=HANA, subject="a", text="b", customer=CITIZEN, idempotency_key="order-7") for _ in range(2)
    )
    assert first == second
    with pytest.raises(Problem) as other:
        shop.client.send(to=HANA, subject="another", text="b", customer=CITIZEN, idempotency_key="order-7")
    assert other.value.slug == "conflict"


def test_not_me_is_told_and_the_case_ends(shop: Shop, settings: Any) -> None:
    heard: list[Event] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(verify(shop.secret, dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    claim = shop.client.claim(HANA, CITIZEN)
    gate.drive()
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        change_service(shop.service.name, webhook=f"http://127.0.0.1:{server.server_port}/hook")
        assert notme.report(shop.tokens()[1])
        gate.drive()
        outbox.drive_webhooks()
        server.shutdown()
    disowned = next(each for each in heard if each.type == "claim.disowned")
    assert (disowned.data["claim"], disowned.data["customer"]) == (claim.id, CITIZEN)
    assert "example.jp" not in repr(heard)
    delivered = next(each for each in shop.client.deliveries() if each.id == disowned.id)
    assert (delivered.type, delivered.state) == ("claim.disowned", "heard") and delivered.ended
    assert list(shop.client.deliveries("given_up")) == []
    assert shop.client.repeat(delivered.id).state == "waiting"

    standing = shop.client.standing(CITIZEN)
    assert standing.state in ("address_needed", "contact_support") and standing.claims[0].standing == "disavowed"
    assert shop.client.claim(HANA, CITIZEN).standing == "disavowed"
    case = Case.objects.get()
    assert disowned.data["case"] == str(case.pk)
    with pytest.raises(WrongCode):
        shop.client.correct(case.number, "AAAA-AAAA", CITIZEN)
    ended = shop.client.corrected(str(case.pk))
    assert (ended.number, ended.case) == (case.number, str(case.pk))
    assert shop.client.corrected(str(case.pk)) == ended
    with pytest.raises(Problem) as unknown:
        shop.client.withdrawn("018f0000-0000-7000-8000-000000000000")
    assert unknown.value.slug == "not-found"


def test_what_is_given_up_is_given_up_twice(shop: Shop) -> None:
    claim = shop.client.claim(HANA, CITIZEN)
    for _ in range(2):
        shop.client.withdraw_claim(claim.id)
    assert not shop.client.standing(CITIZEN).claims
    with pytest.raises(Problem) as unknown:
        shop.client.get_claim("no-id")
    assert unknown.value.status == 404
    with pytest.raises(Problem) as stranger:
        Client(shop.client._url, "key0000000000.wrong", timeout=20).standing(CITIZEN)
    assert stranger.value.slug == "unauthorized"


def test_a_list_longer_than_a_page_comes_whole(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atesaki_client.client._PAGE", "2")
    made = {shop.client.claim(f"k{n}@example.jp", CITIZEN).id for n in range(5)}
    assert {each.id for each in shop.client.claims(CITIZEN)} == made
