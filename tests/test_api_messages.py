"""`POST /messages` and what became of mail: what a receiver gets is what the service meant, and nothing else."""

from __future__ import annotations

import email
import email.policy
import json
from email.message import EmailMessage
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atesaki import addresses, gate, notme, ownership
from atesaki.doors.api import mail
from atesaki.doors.api.shapes import MessageIn
from atesaki.doors.handover import flaw
from atesaki.gate import TryLater
from atesaki.models import Hold, Knowledge, Line
from atesaki.ownership import Standing
from tests.api import Api, problem
from tests.world import HANA, KEN_LIVES_AT, SECRETS, World, order

SAID = {"to": HANA, "customer": "M-1", "subject": "ご注文の確認", "text": "大島 健太郎 様\n\nありがとうございます。\n"}


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.service)


@pytest.fixture
def proved(api: Api) -> Api:
    prove(api, HANA)
    return api


def prove(api: Api, *to: str, customer: str = "M-1") -> None:
    for address in to:
        claim = api.claim(address, customer)
        api.post(f"/claims/{claim['id']}/proofs", {"method": "attested", "evidence": "x"})


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


class TestJson:
    def test_a_proved_mailbox_gets_it_as_it_was_meant(self, world: World, proved: Api) -> None:
        answer = proved.post("/messages", {**SAID, "html": "<p>大島 健太郎 様</p>"})
        assert answer.status_code == 202
        said = answer.json()
        assert [each["outcome"] for each in said["recipients"]] == ["deliver"]
        assert said["recipients"][0] == {
            "position": 0,
            "id": said["id"],
            "outcome": "deliver",
            "reason": "proved",
            "sentence": gate.REASONS["proved"],
        }
        raw = world.orders()[-1]
        assert raw.startswith(b"Return-Path: <shop@shop.example>") and b"X-Atesaki" not in raw and flaw(raw) is None
        got = read(raw)
        assert got["Subject"] == SAID["subject"] and got["To"] == HANA
        assert got["From"].addresses[0].display_name == "ネットスーパー"
        assert got["From"].addresses[0].addr_spec == "shop@shop.example"
        assert got["Message-ID"].endswith("@shop.example>") and got["Date"].datetime.tzinfo
        assert got.get_body(("plain",)).get_content().replace("\r\n", "\n") == SAID["text"]
        assert got.get_body(("html",)).get_content().strip() == "<p>大島 健太郎 様</p>"
        assert not got.defects

    def test_an_unproved_one_gets_a_neutral_notice(self, world: World, api: Api) -> None:
        knows = {"postal_code": f"〒{KEN_LIVES_AT}", "phone_last4": "４７１１"}
        said = api.post("/messages", {**SAID, "knows": knows}).json()
        assert said["recipients"][0]["outcome"] == "substitute"
        gate.drive()
        assert not world.orders()
        assert not any(secret in raw.decode() for raw in world.delivered() for secret in SECRETS)
        assert sorted(Knowledge.objects.values_list("kind", "passed")) == [("phone_last4", True), ("postal_code", True)]
        assert gate.confirm(world.tokens()[0], "postal_code", KEN_LIVES_AT).released == 1
        gate.drive()
        assert len(world.orders()) == 1

    def test_a_verification_mail_of_its_own(self, world: World, api: Api) -> None:
        world.policy(verification_per_day=1)
        said = {"to": HANA, "subject": "Code", "text": "Your code is 123456.\n", "class": "verification"}
        assert api.post("/messages", said).json()["recipients"][0]["reason"] == "verification_permitted"

    def test_several_are_decided_alone_and_told_of_nobody(self, world: World, proved: Api) -> None:
        prove(proved, "ken@example.jp")
        to = ["ken@example.jp", "new@example.jp", HANA]
        said = proved.post("/messages", {**SAID, "to": to}).json()
        assert [each["outcome"] for each in said["recipients"]] == ["deliver", "substitute", "deliver"]
        assert [each["position"] for each in said["recipients"]] == [0, 1, 2]
        for raw in world.orders():
            got = read(raw)
            assert got["To"] == "undisclosed-recipients:;"
            assert sum(address.encode() in raw for address in to) <= 1, "but for Delivered-To"

    def test_all_refused_is_a_problem_with_the_reason(self, world: World, api: Api) -> None:
        api.claim()
        gate.drive()
        notme.report(world.tokens()[1])
        answer = api.post("/messages", SAID)
        assert answer.status_code == 422 and problem(answer) == "refused"
        said = answer.json()
        assert said["reason"] == "disavowed" and said["detail"] == gate.REASONS["disavowed"]
        assert api.get(f"/messages/{said['id']}").json()["outcome"] == "refuse"
        mixed = api.post("/messages", {**SAID, "to": [HANA, "ken@example.jp"]})
        assert mixed.status_code == 202
        assert [each["outcome"] for each in mixed.json()["recipients"]] == ["refuse", "substitute"]

    def test_another_sender_of_the_services(self, world: World, proved: Api) -> None:
        proved.post("/messages", {**SAID, "from": "orders@shop.example"})
        assert world.orders()[-1].startswith(b"Return-Path: <orders@shop.example>")
        assert read(world.orders()[-1])["From"].addresses[0].addr_spec == "orders@shop.example"

    def test_html_alone_gets_a_text_beside_it(self, world: World, proved: Api) -> None:
        html = "<style>p{color:red}</style><p>大島様</p><p>合計<br>1,200円</p>"
        proved.post("/messages", {"to": HANA, "customer": "M-1", "subject": "x", "html": html})
        text = read(world.orders()[-1]).get_body(("plain",)).get_content()
        assert text.split() == ["大島様", "合計", "1,200円"]

    @pytest.mark.parametrize(
        "more",
        [
            {"subject": "x\r\nBcc: evil@example.com"},
            {"subject": "x\nBcc: evil@example.com"},
            {"subject": "x\u2028y"},
            {"subject": "x\x85y"},
            {"subject": ""},
            {"subject": "x" * 501},
            {"customer": "M-1\r\nX-Atesaki-Class: verification"},
            {"to": "hana@example.jp\r\nBcc: evil@example.com"},
            {"to": []},
            {"to": [HANA, "HANA@example.jp"]},
            {"to": [f"m{number}@example.jp" for number in range(101)]},
            {"to": [HANA, "x"]},
            {"to": None},
            {"from": "x"},
            {"from": ""},
            {"knows": {"postal_code": "1; phone_last4=1111"}},
            {"knows": {"postal_code": "x"}},
            {"knows": {"shoe_size": "42"}},
            {"class": "newsletter"},
            {"text": None},
            {"text": ""},
            {"text": 7},
            {"headers": {"Bcc": "evil@example.com"}},
        ],
        ids=str,
    )
    def test_what_cannot_be_meant_is_refused_and_nothing_is_taken(self, api: Api, more: dict[str, object]) -> None:
        answer = api.post("/messages", {**SAID, **more})
        assert answer.status_code == 422 and problem(answer) == "invalid"
        assert answer.json()["errors"][0]["loc"][0] == "body"
        assert b"evil" not in answer.content and not Line.objects.exists()

    def test_the_query_is_for_whole_mails(self, api: Api) -> None:
        assert problem(api.post(f"/messages?to={HANA}", SAID)) == "invalid"
        assert problem(api.post("/messages?copy=1", SAID)) == "invalid"

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        subject=st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=200).filter(
            lambda text: text.strip()
        ),
        text=st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t"), min_size=1),
        html=st.none() | st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), min_size=1),
    )
    def test_whatever_is_said_comes_out_as_one_sound_mail(
        self, world: World, subject: str, text: str, html: str | None
    ) -> None:
        said = MessageIn.model_validate({"to": HANA, "subject": subject, "text": text, "html": html})
        envelope, raw = mail.composed(world.service, said)
        assert flaw(raw) is None and raw.isascii()
        got = read(raw)
        assert {name.lower() for name in got} == {
            *("received", "from", "to", "subject", "date", "message-id"),
            *("mime-version", "content-type"),
            *(("content-transfer-encoding",) if html is None else ()),
        }
        assert str(got["Subject"]).split() == subject.split()
        written = got.get_body(("plain",)).get_payload(decode=True).decode()
        assert written.replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
        assert [each.text for each in envelope.recipients] == [HANA]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(customer=st.text(min_size=1, max_size=200).filter(lambda text: text.strip() and text.isprintable()))
    def test_a_customer_is_the_same_here_and_in_a_claim(self, world: World, customer: str) -> None:
        said = MessageIn.model_validate({"to": HANA, "subject": "x", "text": "y", "customer": customer})
        from atesaki.gate.submit import read_request

        assert read_request(mail.composed(world.service, said)[1]).customer == customer.strip() == said.customer

    @pytest.mark.parametrize(
        "address", ["花子@example.jp", "a..b@docomo.ne.jp", '"a b"@example.jp', "hana@例え.jp", "o'hana+x@example.jp"]
    )
    def test_any_address_that_there_is(self, world: World, api: Api, address: str) -> None:
        prove(api, address)
        answer = api.post("/messages", {**SAID, "to": address, "from": address})
        assert answer.json()["recipients"][0]["outcome"] == "deliver"
        raw = world.orders()[-1]
        written = addresses.parse(address).text
        assert f"\r\nTo: {written}\r\n".encode() in raw and f"<{written}>\r\n".encode() in raw

    @pytest.mark.parametrize("name", ['A, "B" <x@evil.example>', "back\\slash", "あおぞら, 株式会社 <x@y>"])
    def test_the_services_name_is_only_a_name(self, world: World, name: str) -> None:
        world.service.name = name
        _, raw = mail.composed(world.service, MessageIn.model_validate(SAID))
        sender = read(raw)["From"].addresses
        assert [(each.display_name, each.addr_spec) for each in sender] == [(name, "shop@shop.example")]

    def test_the_database_or_the_next_hop_is_away(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        def later(*_: object) -> None:
            raise TryLater("not now")

        monkeypatch.setattr(gate, "submit", later)
        answer = api.post("/messages", SAID)
        assert answer.status_code == 503 and problem(answer) == "unavailable" and answer["Retry-After"]


class TestWhole:
    def send(self, api: Api, raw: bytes, **query: object) -> object:
        words = urlencode({"to": HANA, **query}, doseq=True)
        return api.call("POST", f"/messages?{words}", raw, Content_Type="message/rfc822")

    def test_it_goes_as_it_is(self, world: World, proved: Api) -> None:
        raw = order(7)
        answer = self.send(proved, raw, customer="M-1")
        assert answer.status_code == 202, answer.content
        delivered = world.content(world.orders()[-1])
        assert delivered.endswith(raw) and delivered.startswith(b"Received: by atesaki.localhost with HTTP")

    def test_its_envelope_is_in_the_query(self, world: World, proved: Api) -> None:
        prove(proved, "ken@example.jp")
        self.send(proved, order(7), to=["ken@example.jp", HANA], customer="M-1", **{"from": "bounce@shop.example"})
        assert len(world.orders()) == 2
        assert all(raw.startswith(b"Return-Path: <bounce@shop.example>") for raw in world.orders())
        self.send(proved, order(8), customer="M-1", **{"from": ""})
        assert world.orders()[-1].startswith(b"Return-Path: <>")

    def test_its_own_headers_count_too(self, world: World, api: Api) -> None:
        self.send(api, b"X-Atesaki-Customer: M-7\r\n" + order(7))
        assert Line.objects.get(kind="mail").customer == "M-7"
        twice = self.send(api, b"X-Atesaki-Customer: M-7\r\n" + order(7), customer="M-8")
        assert problem(twice) == "invalid"

    @pytest.mark.parametrize(
        ("raw", "query"),
        [
            (b"", {}),
            (b"Subject: x\n\nbare\n", {}),
            (b"Subject: x\r\n\r\nN\0L\r\n", {}),
            (b"Subject: x\r\n\r\n" + b"x" * 1200 + b"\r\n", {}),
            (b" folded\r\n\r\nx\r\n", {}),
            (b"Subject: x\r\n\r\ny\r\n", {"to": []}),
            (b"Subject: x\r\n\r\ny\r\n", {"to": ["x"]}),
            (b"Subject: x\r\n\r\ny\r\n", {"to": [HANA, HANA]}),
            (b"Subject: x\r\n\r\ny\r\n", {"from": "x"}),
            (b"Subject: x\r\n\r\ny\r\n", {"customer": "a\r\nb"}),
            (b"Subject: x\r\n\r\ny\r\n", {"customer": "x" * 201}),
            (b"X-Atesaki-Class: x\r\nSubject: x\r\n\r\ny\r\n", {}),
        ],
    )
    def test_what_cannot_be_passed_on_is_refused(self, api: Api, raw: bytes, query: dict[str, object]) -> None:
        answer = self.send(api, raw, **query)
        assert answer.status_code == 422 and problem(answer) == "invalid"
        assert not Line.objects.exists()

    def test_one_that_is_too_large(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        from atesaki.doors.api.app import api as mounted

        for router in mounted._get_bound_routers():
            for view in router.path_operations.values():
                for operation in view.operations:
                    if operation.operation_id == "send_message":
                        monkeypatch.setattr(operation.auth_callbacks[0], "octets", 2_000)
        assert problem(self.send(api, order(7) + b"x" * 3_000)) == "too-large"
        assert problem(api.post("/messages", {**SAID, "text": "x" * 3_000})) == "too-large"
        assert problem(self.send(api, b"", Content_Length="99999999999")) == "invalid"

    @pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", ""])
    def test_neither_json_nor_a_mail(self, api: Api, kind: str) -> None:
        assert problem(api.call("POST", "/messages", b"x", Content_Type=kind)) == "media-type"


class TestWhatBecameOfIt:
    def test_its_story_has_moments_and_no_words_of_others(self, world: World, api: Api) -> None:
        sent = api.post("/messages", {**SAID, "to": [HANA, "ken@example.jp"]}).json()
        gate.drive()
        freed = notme.report(world.tokens(next(m for m in world.notices() if m["To"] == HANA))[1])
        assert freed is not None
        said = api.get(f"/messages/{sent['id']}").json()
        assert said["outcome"] == "substitute" and said["fate"] == "destroyed" and said["state"] == "settled"
        assert said["standing"] == "unknown" and said["personal_data"] == {"name": 1}
        assert [entry["what"] for entry in said["timeline"]] == ["held", "noticed", "destroyed"]
        assert all(entry.keys() == {"at", "what"} for entry in said["timeline"])
        assert [each["id"] for each in said["recipients"]] == [each["id"] for each in sent["recipients"]]
        second = api.get(f"/messages/{sent['recipients'][1]['id']}").json()
        assert second["position"] == 1 and second["state"] == "held" and second["message"] == sent["id"]
        assert "@" not in json.dumps(said)

    def test_our_own_mails_are_not_the_services(self, world: World, api: Api) -> None:
        api.claim()
        own = Line.objects.exclude(kind="mail").first()
        assert own is not None and own.service_id == world.service.pk
        assert problem(api.get(f"/messages/{own.pk}")) == "not-found"
        assert api.get("/messages").json()["items"] == []

    @pytest.mark.parametrize(
        "pk", ["x", "0", "%7B01a20f33-405d-7dcb-a7e5-547f6c5c4762%7D", "01a20f33405d7dcba7e5547f6c5c4762"]
    )
    def test_what_is_no_id_is_nobodys(self, api: Api, pk: str) -> None:
        assert problem(api.get(f"/messages/{quote(pk, safe='%')}")) == "not-found"

    def test_the_list_is_newest_first_and_stays(self, world: World, api: Api) -> None:
        ids = [api.post("/messages", {**SAID, "subject": str(number)}).json()["id"] for number in range(4)]
        first = api.get("/messages?limit=2").json()
        api.post("/messages", SAID)
        second = api.get(f"/messages?limit=2&cursor={first['next']}").json()
        assert [each["id"] for each in first["items"] + second["items"]] == ids[::-1]
        assert second["next"] is None and len(api.get("/messages").json()["items"]) == 5
        assert Hold.objects.count() == 5
        assert ownership.standings(world.service, [(ownership.digest(addresses.parse(HANA)), "M-1")])[
            0
        ].stand.standing is (Standing.CLAIMED)
