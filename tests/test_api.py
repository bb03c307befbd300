"""`/api/v1`: claims, customers, cases and deliveries; each call, each refusal, and nothing of another's."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.test import Client

from atesaki import clock, desk, gate, keys, notme, outbox, ownership, tenants
from atesaki.models import Case, Event, Letter, Mailbox, Webhook
from tests import mori
from tests.api import PREFIX, Api, problem
from tests.world import HANA, World, order


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.service)


@pytest.fixture
def stranger(world: World) -> Api:
    """A service of another organisation."""
    made = tenants.add_service("Other", organisation="Other Inc", locale="en", mode="enforce", sender="x@other.example")
    return Api(made.service)


@pytest.fixture
def sister(world: World) -> Api:
    """Another service of the same organisation."""
    made = tenants.add_service("ID", organisation="はな商事", locale="ja", mode="enforce", sender="id@id.example")
    return Api(made.service)


def mailed_code(world: World) -> str:
    gate.drive()
    text = world.notices()[-1].get_body(("plain",)).get_content()
    return re.search(r"^(\d{6})\r?$", text, re.M)[1]  # type: ignore[index]


def later(monkeypatch: pytest.MonkeyPatch, **much: float) -> None:
    mori.later(monkeypatch, **much)


# -- claims -----------------------------------------------------------------------------------------------------


class TestAClaim:
    def test_a_new_one_is_asked_and_its_code_proves_it(self, world: World, api: Api) -> None:
        first = api.post("/claims", {"address": "Hana@Example.JP", "customer": " M-1 "})
        assert first.status_code == 201
        claim = first.json()
        assert claim["customer"] == "M-1" and claim["address"] == "H***@e***.jp" and claim["standing"] == "claimed"
        assert claim["asked"] is True and re.fullmatch(r"\d\d", claim["match"]) and claim["proofs"] == []
        assert datetime.fromisoformat(claim["code_expires"]) > clock.now() + timedelta(hours=23)
        assert datetime.fromisoformat(claim["created"]).tzinfo is not None
        code = mailed_code(world)
        proved = api.post(f"/claims/{claim['id']}/code", {"code": f"{code[:3]} {code[3:]}"})
        assert proved.status_code == 200
        said = proved.json()
        assert said["standing"] == "proved" and said["match"] is None and said["code_expires"] is None
        assert [each["method"] for each in said["proofs"]] == ["code"]
        assert api.get(f"/claims/{claim['id']}").json() == said

    def test_a_known_one_is_200_and_not_asked_for_ever(self, world: World, api: Api) -> None:
        claim = api.claim()
        again = api.post("/claims", {"address": HANA, "customer": "M-1"})
        assert again.status_code == 200 and again.json() == {**claim, "asked": False}
        gate.drive()
        assert len(world.notices()) == 1

    def test_what_waited_leaves_with_the_proof(self, world: World, api: Api) -> None:
        claim = api.claim()
        world.send(order(headers="X-Atesaki-Customer: M-1\r\n"))
        gate.drive()
        assert not world.orders()
        code = re.findall(r"^(\d{6})\r?$", world.notices()[0].get_body(("plain",)).get_content(), re.M)[0]
        assert api.post(f"/claims/{claim['id']}/code", {"code": code}).status_code == 200
        gate.drive()
        assert len(world.orders()) == 1

    def test_the_number_on_the_screen_is_what_the_page_asks_for(self, world: World, api: Api) -> None:
        claim = api.claim()
        gate.drive()
        assert gate.confirm(world.tokens()[0], "match", claim["match"]).result == "proved"
        said = api.get(f"/claims/{claim['id']}").json()
        assert said["standing"] == "proved" and said["match"] is None

    def test_wrong_codes_close_it(self, world: World, api: Api) -> None:
        claim = api.claim()
        wrong = "000000" if mailed_code(world) != "000000" else "000001"
        for left in (2, 1):
            answer = api.post(f"/claims/{claim['id']}/code", {"code": wrong})
            assert answer.status_code == 422 and problem(answer) == "code-wrong"
            assert answer.json()["tries_left"] == left
        closed = api.post(f"/claims/{claim['id']}/code", {"code": wrong})
        assert closed.status_code == 409 and problem(closed) == "code-closed"
        right = api.post(f"/claims/{claim['id']}/code", {"code": mailed_code(world)})
        assert problem(right) == "code-closed"
        assert api.get(f"/claims/{claim['id']}").json()["code_expires"] is None

    @pytest.mark.parametrize("code", ["12345", "abcdef", "1234567", "!", "１２３４５"])
    def test_a_slip_of_the_keyboard_costs_no_try(self, world: World, api: Api, code: str) -> None:
        claim = api.claim()
        answer = api.post(f"/claims/{claim['id']}/code", {"code": code})
        assert problem(answer) == "invalid" and answer.json()["errors"][0]["loc"] == ["body", "code"]
        assert api.post(f"/claims/{claim['id']}/code", {"code": mailed_code(world)}).status_code == 200

    def test_a_code_that_was_used_or_has_ended_is_gone(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim, other = api.claim(), api.claim(customer="M-2")
        answer = api.post(f"/claims/{claim['id']}/code", {"code": mailed_code(world)})
        assert answer.status_code == 200, "its mailbox was asked once, for the first of the two"
        assert problem(api.post(f"/claims/{claim['id']}/code", {"code": "000000"})) == "gone"
        later(monkeypatch, hours=25)
        gone = api.post(f"/claims/{other['id']}/code", {"code": "000000"})
        assert gone.status_code == 410 and problem(gone) == "gone"

    def test_it_may_be_asked_again_as_often_as_the_policy_lets(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim = api.claim()
        path = f"/claims/{claim['id']}/confirmations"
        assert api.post(path).json()["asked"] is False
        later(monkeypatch, days=1)
        again = api.post(path)
        assert again.status_code == 200 and again.json()["asked"] is True and again.json()["match"] == claim["match"]
        assert api.call("POST", path).json()["asked"] is False, "a body is not needed"
        gate.drive()
        assert len(world.notices()) == 2

    def test_two_digits_that_were_guessed_at_are_drawn_again(self, world: World, api: Api) -> None:
        claim = api.claim()
        gate.drive()
        wrong = f"{(int(claim['match']) + 1) % 100:02}"
        for _ in range(3):
            gate.confirm(world.tokens()[0], "match", wrong)
        assert api.get(f"/claims/{claim['id']}").json()["match"] is None

    def test_the_service_may_vouch_with_evidence(self, world: World, api: Api) -> None:
        claim = api.claim()
        said = {"method": "attested", "evidence": "showed the card"}
        answer = api.post(f"/claims/{claim['id']}/proofs", said)
        assert answer.status_code == 201 and answer.json()["standing"] == "proved"
        assert [each["method"] for each in answer.json()["proofs"]] == ["attested"]
        for wrong in ({"method": "attested"}, {"method": "code", "evidence": "x"}, {**said, "evidence": " "}):
            assert problem(api.post(f"/claims/{claim['id']}/proofs", wrong)) == "invalid"

    def test_or_vouch_as_it_claims_and_nobody_is_asked(self, world: World, api: Api) -> None:
        said = {"address": HANA, "customer": "M-1", "evidence": "email_verified by the ID service"}
        made = api.post("/claims", said)
        assert made.status_code == 201, made.content
        told = made.json()
        assert (told["standing"], told["asked"]) == ("proved", False)
        assert [proof["method"] for proof in told["proofs"]] == ["attested"]
        gate.drive()
        assert not world.delivered()
        assert len(api.post("/claims", said).json()["proofs"]) == 1, "said again, it is the same fact"
        empty = api.post("/claims", {**said, "customer": "M-2", "evidence": "  "})
        assert empty.status_code == 422, "no evidence is none"

    def test_but_a_vouched_claim_does_not_lift_what_the_mailbox_said(self, world: World, api: Api) -> None:
        api.post("/claims", {"address": HANA, "customer": "M-1"})
        gate.drive()
        notme.report(world.tokens()[1])
        said = {"address": HANA, "customer": "M-2", "evidence": "email_verified by the ID service"}
        told = api.post("/claims", said).json()
        assert (told["standing"], told["proofs"]) == ("disavowed", [])

    def test_but_one_in_doubt_at_a_sister_is_asked_after_all(self, world: World, api: Api, sister: Api) -> None:
        """R20: what the ID service proved once may be somebody else's mailbox by now."""
        said = {"address": HANA, "customer": "M-1", "evidence": "email_verified by the ID service"}
        proved = ownership.claim_of(tenants.find("ID"), UUID(sister.post("/claims", said).json()["id"]))
        assert proved is not None and ownership.doubt(proved, "returned", "5.1.1")
        told = api.post("/claims", said).json()
        assert (told["standing"], told["asked"], told["proofs"]) == ("claimed", True, [])

    def test_a_code_that_was_mailed_before_not_me_is_gone(self, world: World, api: Api) -> None:
        """L4: only the mailbox takes back what it said; the code left it before."""
        claim, code = api.claim(), mailed_code(world)
        notme.report(world.tokens()[1])
        answer = api.post(f"/claims/{claim['id']}/code", {"code": code})
        assert answer.status_code == 410 and problem(answer) == "gone"
        assert api.get(f"/claims/{claim['id']}").json()["standing"] == "disavowed"

    def test_but_not_against_what_the_mailbox_said(self, world: World, api: Api) -> None:
        paused, disavowed = api.claim("ken@example.jp"), api.claim()
        gate.drive()
        notice = {mail["To"]: world.tokens(mail)[1] for mail in world.notices()}
        assert notme.pause(notice["ken@example.jp"])
        notme.report(notice[HANA])
        for claim in (paused, disavowed):
            answer = api.post(f"/claims/{claim['id']}/proofs", {"method": "attested", "evidence": "I say so"})
            assert answer.status_code == 409 and problem(answer) == "conflict"
        assert api.get(f"/claims/{disavowed['id']}").json()["standing"] == "disavowed"
        assert api.get(f"/claims/{paused['id']}").json()["paused"] is True
        assert not Event.objects.filter(kind="proved").exists()

    def test_a_disavowed_address_is_told_and_nothing_is_mailed(self, world: World, api: Api) -> None:
        api.claim()
        gate.drive()
        notme.report(world.tokens()[1])
        before = len(world.delivered())
        answer = api.post("/claims", {"address": HANA, "customer": "M-2"})
        said = answer.json()
        assert answer.status_code == 201 and said["standing"] == "disavowed"
        assert said["match"] is None and said["asked"] is False and said["code_expires"] is None
        gate.drive()
        assert len(world.delivered()) == before

    def test_it_may_be_withdrawn_again_and_again(self, world: World, api: Api) -> None:
        claim = api.claim()
        world.send(order(headers="X-Atesaki-Customer: M-1\r\n"))
        for _ in range(2):
            answer = api.delete(f"/claims/{claim['id']}")
            assert answer.status_code == 204 and not answer.content and "Content-Type" not in answer
        said = api.get(f"/claims/{claim['id']}").json()
        assert said["standing"] == "unknown" and said["address"] is None and said["match"] is None
        assert Event.objects.filter(kind="withdrawn").count() == 1 and not Mailbox.objects.exists()
        assert api.post(f"/claims/{claim['id']}/confirmations").json()["asked"] is False
        refused = api.post(f"/claims/{claim['id']}/proofs", {"method": "attested", "evidence": "x"})
        assert problem(refused) == "conflict"
        again = api.post("/claims", {"address": HANA, "customer": "M-1"})
        assert again.status_code == 200 and again.json()["id"] == claim["id"] and again.json()["standing"] == "claimed"

    def test_a_disavowed_one_goes_on_refusing(self, world: World, api: Api) -> None:
        claim = api.claim()
        gate.drive()
        notme.report(world.tokens()[1])
        for _ in range(2):
            assert api.delete(f"/claims/{claim['id']}").status_code == 204
        assert api.get(f"/claims/{claim['id']}").json()["standing"] == "disavowed"

    def test_the_list_is_cut_into_pages_that_stay(self, world: World, api: Api) -> None:
        made = [api.claim(f"m{number}@example.jp")["id"] for number in range(5)]
        api.claim("other@example.jp", "M-2")
        first = api.get("/claims?customer=M-1&limit=2").json()
        assert [each["id"] for each in first["items"]] == made[:2:-1]
        api.claim("new@example.jp")
        second = api.get(f"/claims?customer=M-1&limit=2&cursor={first['next']}").json()
        third = api.get(f"/claims?customer=M-1&limit=2&cursor={second['next']}").json()
        assert [each["id"] for each in second["items"] + third["items"]] == made[2::-1]
        assert third["next"] is None
        assert len(api.get("/claims?customer=M-1").json()["items"]) == 6
        assert api.get("/claims?customer=nobody").json() == {"items": [], "next": None}

    def test_a_cursor_that_is_none_is_said_so(self, world: World, api: Api) -> None:
        for number in range(3):
            api.claim(f"m{number}@example.jp")
        good = api.get("/claims?customer=M-1&limit=1").json()["next"]
        assert api.get(f"/claims?customer=M-1&cursor={good}").status_code == 200
        for path in (
            "/claims?customer=M-1&cursor=nonsense",
            "/claims?customer=M-1&cursor=",
            "/claims?customer=M-1&cursor=%E3%81%82",
            f"/claims?customer=M-2&cursor={good}",
            f"/messages?cursor={good}",
            f"/claims?customer=M-1&cursor={good[:-2]}AA",
        ):
            answer = api.get(path)
            assert problem(answer) == "invalid" and answer.json()["errors"][0]["loc"] == ["query", "cursor"], path

    @pytest.mark.parametrize(
        ("body", "loc"),
        [
            ({"customer": "M-1"}, ["body", "address"]),
            ({"address": HANA}, ["body", "customer"]),
            ({"address": "hana", "customer": "M-1"}, ["body", "address"]),
            ({"address": HANA, "customer": "  "}, ["body", "customer"]),
            ({"address": HANA, "customer": "M" * 201}, ["body", "customer"]),
            ({"address": HANA, "customer": "a\nb"}, ["body", "customer"]),
            ({"address": HANA, "customer": 7}, ["body", "customer"]),
            ({"address": [HANA], "customer": "M-1"}, ["body", "address"]),
            ({"address": HANA, "customer": "M-1", "hana@example.jp": 1}, ["body"]),
            ({"address": HANA, "customer": "M-1", "return_url": "https://evil.example/"}, ["body", "return_url"]),
            ([], ["body"]),
            ("x", ["body"]),
        ],
    )
    def test_what_is_wrong_is_said_and_never_repeated(self, api: Api, body: object, loc: list[str]) -> None:
        answer = api.post("/claims", body) if body else api.call("POST", "/claims", b"[]")
        assert answer.status_code == 422 and problem(answer) == "invalid"
        assert answer.json()["errors"][0]["loc"] == loc
        assert b"hana" not in answer.content.replace(b"such as hana@example.jp", b"") and b"evil" not in answer.content
        assert not Mailbox.objects.exists()


class TestTheWayBack:
    @pytest.fixture(autouse=True)
    def registered(self, world: World) -> None:
        world.policy(
            return_to=["https://shop.example/account/", "https://shop.example:8443/", "https://[2001:db8::7]/account/"]
        )

    @pytest.mark.parametrize(
        "url",
        [
            "https://shop.example/account/",
            "https://shop.example/account",
            "https://shop.example/account/address?from=mail#there",
            "https://SHOP.example:443/account/x",
            "https://shop.example:8443/anything",
        ],
    )
    def test_it_leads_where_the_service_said(self, api: Api, url: str) -> None:
        assert api.claim(return_url=url)["return_url"] == url

    @pytest.mark.parametrize(
        "url",
        [
            "https://shop.example/accounts",
            "https://shop.example/",
            "http://shop.example/account/",
            "https://shop.example.evil.example/account/",
            "https://shop.example@evil.example/account/",
            "https://evil.example/https://shop.example/account/",
            "https://shop.example/account/../evil",
            "https://shop.example/account/%2e%2E/evil",
            "https://shop.example/account/?m=hana@example.jp",
            "https://shop.example/account/?m=hana%40example.jp",
            "https://shop.example\\@evil.example/account/",
            "//shop.example/account/",
            "javascript:alert(1)",
            "https://shop.example/account/ x",
            "https://[::1/account/",
            "https://[2001:db8::7].evil.example/account/",
            "https://[2001:db8::7]%2e%2e/account/",
            "https://shop.example:x/account/",
            "https://shop.example/account/\x7f",
            "",
        ],
    )
    def test_and_nowhere_else(self, api: Api, url: str) -> None:
        answer = api.post("/claims", {"address": HANA, "customer": "M-1", "return_url": url})
        assert problem(answer) == "invalid" and answer.json()["errors"][0]["loc"] == ["body", "return_url"]

    @pytest.mark.parametrize("method", ["match", "click"])
    def test_the_page_offers_it_after_the_answer_and_not_before(self, world: World, api: Api, method: str) -> None:
        claim = api.claim(return_url="https://shop.example/account/?x=1&y=2")
        gate.drive()
        page, token = Client(SERVER_NAME="localhost", headers={"Accept-Language": "ja"}), world.tokens()[0]
        link = 'href="https://shop.example/account/?x=1&amp;y=2"'
        assert link not in page.get(f"/c/{token}").content.decode()
        typed = {"kind": "match", "answer": claim["match"]} if method == "match" else {}
        answer = page.post(f"/c/{token}", typed).content.decode()
        assert link in answer and "ネットスーパーに戻る" in answer

    @pytest.mark.parametrize(
        "prefix",
        [
            *("shop.example", "ftp://x.example/", "https://x.example/?a=", "https://u@x.example/"),
            *("https://x%2eexample/", "https://[2001:db8::7]x/"),
        ],
    )
    def test_what_is_registered_must_be_the_beginning_of_one(self, world: World, prefix: str) -> None:
        with pytest.raises(tenants.TenantError):
            world.policy(return_to=[prefix])

    def test_in_production_only_over_tls(self, world: World, settings: object) -> None:
        world.policy(return_to=["http://x.example/"])
        settings.PRODUCTION = True  # type: ignore[attr-defined]
        with pytest.raises(tenants.TenantError, match="https"):
            world.policy(return_to=["http://x.example/"])
        world.policy(return_to=[""])
        assert world.service.return_to == []

    def test_it_goes_with_the_address(self, world: World, api: Api) -> None:
        claim = api.claim(return_url="https://shop.example/account/")
        api.delete(f"/claims/{claim['id']}")
        assert api.get(f"/claims/{claim['id']}").json()["return_url"] is None


# -- customers --------------------------------------------------------------------------------------------------


class TestACustomer:
    def state(self, api: Api, customer: str = "M-1") -> str:
        answer = api.get(f"/customers/{customer}/standing")
        assert answer.status_code == 200 and answer.json()["customer"] == customer
        return answer.json()["state"]

    def test_who_has_no_address_is_ok(self, api: Api) -> None:
        answer = api.get("/customers/M-404/standing")
        assert answer.json() == {"customer": "M-404", "state": "ok", "claims": [], "case": None}

    def test_an_address_has_its_time_to_be_proved(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim = api.claim()
        assert self.state(api) == "ok"
        later(monkeypatch, days=15)
        assert self.state(api) == "address_needed"
        api.post(f"/claims/{claim['id']}/proofs", {"method": "attested", "evidence": "x"})
        assert self.state(api) == "ok"

    def test_a_reported_address_needs_another_and_a_proved_one_is_enough(self, world: World, api: Api) -> None:
        claim = api.claim()
        gate.drive()
        freed = notme.report(world.tokens()[1])
        assert freed is not None and freed.case is not None
        said = api.get("/customers/M-1/standing").json()
        assert said["state"] == "address_needed" and said["claims"][0]["standing"] == "disavowed"
        assert said["case"] == {"id": str(freed.case.pk), "number": freed.case.number, "deadline": None}
        other = api.claim("ken@example.jp")
        assert self.state(api) == "address_needed"
        api.post(f"/claims/{other['id']}/proofs", {"method": "attested", "evidence": "x"})
        assert self.state(api) == "ok"
        api.delete(f"/claims/{other['id']}")
        assert self.state(api) == "address_needed"
        api.delete(f"/claims/{claim['id']}")
        assert self.state(api) == "ok", "no address at all: nothing is asked of anybody (L2)"
        assert api.claim()["standing"] == "disavowed"
        assert self.state(api) == "address_needed", "typed in again, it is asked for again"

    @pytest.mark.parametrize("said", ["paused", "doubted"])
    def test_so_does_one_in_doubt(self, world: World, api: Api, said: str) -> None:
        claim = api.claim()
        gate.drive()
        token = world.tokens()[1]
        api.post(f"/claims/{claim['id']}/proofs", {"method": "attested", "evidence": "x"})
        if said == "paused":
            notme.pause(token)
        else:
            row = ownership.claim_of(world.service, ownership.Claim.objects.get().pk)
            assert row is not None and ownership.doubt(row, "returned", "5.1.1")
        assert self.state(api) == "address_needed"
        assert api.get("/customers/M-1/standing").json()["case"] is None, "nobody has confirmed that one yet (L4)"

    def test_a_letter_with_a_deadline(self, world: World, api: Api) -> None:
        case = letter_made(world)
        said = api.get(f"/customers/{mori.KEN}/standing").json()
        assert said["state"] == "contact_support"
        assert said["case"]["number"] == case.number
        deadline = datetime.fromisoformat(said["case"]["deadline"])
        assert deadline == desk.end_of(case.deadline, "Asia/Tokyo") and deadline.tzinfo is not None

    def test_a_click_that_the_policy_takes_is_enough(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.policy(accept="answered")
        api.claim()
        gate.drive()
        gate.confirm(world.tokens()[0])
        later(monkeypatch, days=30)
        assert self.state(api) == "ok"
        world.policy(accept="proved")
        assert self.state(api) == "address_needed"

    @pytest.mark.parametrize("ref", ["a/b", "会員7", "x y", "50%"])
    def test_any_reference_may_stand_in_the_path(self, api: Api, ref: str) -> None:
        from urllib.parse import quote

        api.claim(customer=ref)
        said = api.get(f"/customers/{quote(ref, safe='')}/standing").json()
        assert said["customer"] == ref and len(said["claims"]) == 1

    def test_one_that_cannot_be_printed_is_none(self, api: Api) -> None:
        for path in (
            "/customers/%00/standing",
            "/customers/a%0Ab/standing",
            "/customers/%20/standing",
            f"/customers/{'x' * 201}/standing",
        ):
            assert problem(api.get(path)) == "invalid"


# -- cases ------------------------------------------------------------------------------------------------------


def letter_made(world: World) -> Case:
    """Ken was sent a letter about Hana's address."""
    world.policy(own=mori.OWN)
    case = mori.freed(world)
    mori.known(case)
    row = desk.ladder.make_letter(case, mori.mori(world), 10)
    desk.ladder.posted(row, clock.today("Asia/Tokyo"), mori.mori(world))
    return desk.by_pk(case.pk)


def code_of(case: Case) -> str:
    row = Letter.objects.get(case=case)
    return keys.ring().unwrap(bytes(row.sealed_code), case.pk.bytes).decode()


class TestACase:
    @pytest.mark.parametrize("what", ["withdrawn", "corrected"])
    def test_the_service_did_what_was_asked(self, world: World, api: Api, what: str) -> None:
        case = mori.freed(world)
        for _ in range(2):
            answer = api.post(f"/cases/{case.pk}/{what}")
            assert answer.status_code == 200
            assert answer.json() == {"case": str(case.pk), "number": case.number, "ended": True, "end": what}
        assert Case.objects.get(pk=case.pk).state == "closed"
        other = "corrected" if what == "withdrawn" else "withdrawn"
        assert api.post(f"/cases/{case.pk}/{other}").json()["end"] == what, "it has ended as it has"

    def test_it_goes_on_while_a_sister_has_the_address(self, world: World, api: Api, sister: Api) -> None:
        sister.claim(customer="sub-9")
        case = mori.freed(world)
        first = api.post(f"/cases/{case.pk}/corrected").json()
        assert first["ended"] is False and first["end"] is None
        assert api.get(f"/customers/{mori.KEN}/standing").json()["state"] == "ok"
        assert sister.get("/customers/sub-9/standing").json()["state"] == "address_needed"
        assert sister.post(f"/cases/{case.pk}/withdrawn").json()["ended"] is True

    def test_who_took_the_address_back_before_anybody_complained_is_not_sought(self, world: World, api: Api) -> None:
        """R10: the customer saw the slip; ten minutes later the stranger presses "not me" in the first mail."""
        world.policy(webhook="https://shop.example/hook")
        claim = api.claim()
        gate.drive()
        assert api.delete(f"/claims/{claim['id']}").status_code == 204
        said = notme.report(world.tokens()[1])
        assert said is not None and said.case is not None
        assert not Webhook.objects.filter(type__in=("customer.contact_needed", "customer.withdraw")).exists()
        desk.due()
        case = Case.objects.get(pk=said.case.pk)
        assert (case.state, case.end) == ("closed", "corrected")
        assert not Mailbox.objects.exists(), "and the address is erased (L8)"
        assert world.send(order(1, headers="X-Atesaki-Customer: M-1\r\n")).outcomes == (gate.Outcome.REFUSE,)

    def test_a_case_that_nobody_has_confirmed_is_not_there(self, world: World, api: Api) -> None:
        api.claim()
        gate.drive()
        notme.pause(world.tokens()[1])
        case = Case.objects.get()
        assert case.state == "unconfirmed"
        assert problem(api.post(f"/cases/{case.pk}/withdrawn")) == "not-found"

    def test_three_wrong_codes_close_the_letters(self, world: World, api: Api) -> None:
        case = letter_made(world)
        pair = {"number": case.number, "customer": mori.KEN}
        codes = ["0000-0000", "1111-1111", "2222-2222", code_of(case)]
        assert {problem(api.post("/corrections", {**pair, "code": code})) for code in codes} == {"code-wrong"}
        assert Case.objects.get(pk=case.pk).state == "awaiting"

    def test_the_letters_code_on_the_services_own_page(self, world: World, api: Api, stranger: Api) -> None:
        case = letter_made(world)
        code = code_of(case)
        wrong = {"number": case.number, "code": "0000-0000", "customer": mori.KEN}
        answers = [
            api.post("/corrections", wrong),
            api.post("/corrections", {**wrong, "code": code, "customer": "M-9"}),
        ]
        answers.append(api.post("/corrections", {**wrong, "code": code, "number": "0000-0000"}))
        for answer in answers:
            assert answer.status_code == 422 and problem(answer) == "code-wrong"
        assert len({answer.content for answer in answers}) == 1, "which of them was wrong is not said"
        for _ in range(4):
            assert problem(stranger.post("/corrections", wrong)) == "code-wrong"
        assert Letter.objects.get(case=case).tries == 1, "only who is concerned uses up a try"
        right = api.post("/corrections", {"number": case.number.lower(), "code": f" {code} ", "customer": mori.KEN})
        assert right.status_code == 201
        assert right.json() == {"case": str(case.pk), "number": case.number, "claim": str(case.claim_id)}
        ended = Case.objects.get(pk=case.pk)
        assert ended.state == "closed" and ended.end == "corrected"
        assert problem(api.post("/corrections", {**wrong, "code": code})) == "code-wrong"


# -- deliveries -------------------------------------------------------------------------------------------------


class TestADelivery:
    @pytest.fixture(autouse=True)
    def told(self, world: World) -> None:
        world.policy(webhook="http://127.0.0.1:9/hook")

    def test_events_are_listed_and_told_again(self, world: World, api: Api) -> None:
        claim = api.claim()
        api.post(f"/claims/{claim['id']}/proofs", {"method": "attested", "evidence": "x"})
        listed = api.get("/webhooks/deliveries").json()
        assert [each["type"] for each in listed["items"]] == ["claim.proved"] and listed["next"] is None
        event = listed["items"][0]
        assert event["state"] == "waiting" and event["tries"] == 0 and event["due"] and event["ended"] is None
        row = Webhook.objects.get()
        assert row.body == {"claim": claim["id"], "customer": "M-1", "method": "attested", "at": row.body["at"]}
        Webhook.objects.update(state="heard", ended=clock.now(), answer="204 No Content", tries=3)
        assert api.get("/webhooks/deliveries?state=heard").json()["items"][0]["due"] is None
        assert api.get("/webhooks/deliveries?state=waiting").json()["items"] == []
        again = api.post(f"/webhooks/deliveries/{event['id']}/repeat")
        assert again.status_code == 200 and again.json()["id"] == event["id"]
        assert again.json()["state"] == "waiting" and again.json()["tries"] == 0 and again.json()["answer"] == ""

    def test_one_that_is_on_its_way_is_not(self, world: World, api: Api) -> None:
        outbox.tell(world.service, "claim.proved", {})
        Webhook.objects.update(state="leaving")
        answer = api.post(f"/webhooks/deliveries/{Webhook.objects.get().pk}/repeat")
        assert answer.status_code == 409 and problem(answer) == "conflict"

    def test_pages(self, world: World, api: Api) -> None:
        for number in range(3):
            outbox.tell(world.service, f"test.{number}", {})
        first = api.get("/webhooks/deliveries?limit=2").json()
        last = api.get(f"/webhooks/deliveries?limit=2&cursor={first['next']}").json()
        assert [each["type"] for each in first["items"] + last["items"]] == ["test.2", "test.1", "test.0"]
        assert problem(api.get("/webhooks/deliveries?state=lost")) == "invalid"


# -- nothing of another's ---------------------------------------------------------------------------------------


class TestAnother:
    def test_no_key_reads_or_changes_what_is_anothers(self, world: World, api: Api, stranger: Api, sister: Api) -> None:
        world.policy(webhook="http://127.0.0.1:9/hook")
        claim = api.claim(customer=mori.KEN)
        mail = api.post("/messages", {"to": HANA, "customer": mori.KEN, "subject": "x", "text": "y"}).json()["id"]
        case = letter_made(world)
        event = Webhook.objects.latest("pk").pk
        calls = [
            ("GET", f"/claims/{claim['id']}", None),
            ("DELETE", f"/claims/{claim['id']}", None),
            ("POST", f"/claims/{claim['id']}/confirmations", {}),
            ("POST", f"/claims/{claim['id']}/code", {"code": "123456"}),
            ("POST", f"/claims/{claim['id']}/proofs", {"method": "attested", "evidence": "x"}),
            ("GET", f"/messages/{mail}", None),
            ("POST", f"/cases/{case.pk}/withdrawn", {}),
            ("POST", f"/cases/{case.pk}/corrected", {}),
            ("POST", f"/webhooks/deliveries/{event}/repeat", {}),
        ]
        before = list(Event.objects.values_list("pk", flat=True))
        for other in (stranger, sister):
            for method, path, body in calls:
                answer = other.call(method, path, body)
                nobodys = other.call(method, re.sub(r"[0-9a-f-]{36}", str(uuid4()), path), body)
                assert answer.status_code == 404 and problem(answer) == "not-found", path
                assert answer.content == nobodys.content, "another's and nobody's are told alike"
            pair = {"number": case.number, "code": code_of(case), "customer": mori.KEN}
            assert problem(other.post("/corrections", pair)) == "code-wrong"
            assert other.get(f"/claims?customer={mori.KEN}").json()["items"] == []
            assert other.get(f"/customers/{mori.KEN}/standing").json()["state"] == "ok"
            assert other.get("/messages").json()["items"] == []
            assert other.get("/webhooks/deliveries").json()["items"] == []
        assert list(Event.objects.values_list("pk", flat=True)) == before
        assert Case.objects.get(pk=case.pk).state == "awaiting"

    def test_what_another_organisation_knows_of_an_address_does_not_show(
        self, world: World, api: Api, stranger: Api
    ) -> None:
        fresh = stranger.post("/claims", {"address": "nobody@example.jp", "customer": "S-1"})
        api.claim()
        gate.drive()
        notme.report(world.tokens(next(each for each in world.notices() if each["To"] == HANA))[1])
        known = stranger.post("/claims", {"address": HANA, "customer": "S-2"})
        assert known.status_code == fresh.status_code == 201
        differing = {"id", "customer", "address", "match", "code_expires", "created"}
        for name in fresh.json().keys() - differing:
            assert known.json()[name] == fresh.json()[name], name

    def test_a_proved_customer_is_told_nothing_of_a_case_that_is_anothers(
        self, world: World, api: Api, sister: Api
    ) -> None:
        proved = sister.claim(customer="sub-hana")
        sister.post(f"/claims/{proved['id']}/proofs", {"method": "attested", "evidence": "x"})
        case = mori.freed(world)
        assert sister.get("/customers/sub-hana/standing").json()["case"] is None
        assert problem(sister.post(f"/cases/{case.pk}/withdrawn")) == "not-found"


# -- what holds for every call ----------------------------------------------------------------------------------


class TestEveryCall:
    @pytest.mark.parametrize(
        "shown",
        [
            "",
            "Bearer",
            "Bearer x",
            "Bearer key0000000000.wrong",
            "Basic a2V5OnNlY3JldA==",
            "Bearer " + "x" * 5000,
            "Bearer \x00.\x00",
        ],
    )
    def test_without_a_key_nothing(self, api: Api, shown: str) -> None:
        for method, path in (("GET", "/claims?customer=x"), ("POST", "/claims"), ("DELETE", f"/claims/{uuid4()}")):
            answer = api.call(method, path, {} if method == "POST" else None, Authorization=shown)
            assert answer.status_code == 401 and problem(answer) == "unauthorized"
            assert answer["WWW-Authenticate"].startswith('Bearer realm="atesaki"')
            assert "RateLimit" not in answer

    def test_an_ended_key_and_that_of_the_other_door_are_none(self, world: World, api: Api) -> None:
        username, secret = world.smtp
        assert problem(api.get("/messages", Authorization=f"Bearer {username}.{secret}")) == "unauthorized"
        assert api.get("/messages").status_code == 200
        tenants.revoke_key(world.service.name, api.credential.username)
        assert problem(api.get("/messages")) == "unauthorized"

    def test_a_narrow_key_does_what_it_is_for(self, world: World) -> None:
        narrow = Api(world.service, "claims:read", "webhooks:read")
        assert narrow.get("/claims?customer=x").status_code == 200
        assert narrow.get("/webhooks/deliveries").status_code == 200
        for method, path, scope in (
            ("POST", "/claims", "claims:write"),
            ("GET", "/messages", "messages:read"),
            ("POST", "/messages", "messages:write"),
            ("POST", f"/cases/{uuid4()}/withdrawn", "cases:write"),
            ("POST", f"/webhooks/deliveries/{uuid4()}/repeat", "webhooks:write"),
        ):
            answer = narrow.call(method, path, {} if method == "POST" else None)
            assert answer.status_code == 403 and problem(answer) == "scope"
            assert f'scope="{scope}"' in answer["WWW-Authenticate"]

    @pytest.mark.parametrize(
        "path", ["/", "/nothing", "/claims/", "/claims/x/y", "/problems/nothing", "/a%0Ab", "/%00", "/docs/x"]
    )
    def test_what_is_nothing_is_a_problem_too(self, api: Api, path: str) -> None:
        for method in ("GET", "POST"):
            answer = api.call(method, path, {} if method == "POST" else None)
            assert problem(answer) in (("not-found", "method") if path.startswith("/problems") else ("not-found",))

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
    def test_a_method_that_does_not_fit(self, api: Api, method: str) -> None:
        answer = api.call(method, "/claims")
        assert answer.status_code == 405 and problem(answer) == "method"
        assert answer["Allow"] == "GET, HEAD, POST"
        assert "Access-Control-Allow-Origin" not in answer

    def test_head_is_get_without_its_content(self, api: Api) -> None:
        assert api.call("HEAD", "/messages").status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"nonsense",
            b'{"address": NaN}',
            b'{"a": 1e999}',
            b"\xff\xfe",
            b'{"address": "a", "address": "b"}',
            b'{"address": "\\u0000", "customer": "x"}',
            b'{"address": "\\ud800", "customer": "x"}',
            b'{"\\u0000": 1}',
            b'{"a": [["\\u0000"]]}',
            b"[" * 50_000,
            b"",
            b"null",
        ],
    )
    def test_a_body_that_is_no_json(self, api: Api, body: bytes) -> None:
        answer = api.call("POST", "/claims", body, Content_Type="application/json")
        assert answer.status_code == 422 and problem(answer) == "invalid"

    @pytest.mark.parametrize(
        "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=shift_jis"]
    )
    def test_a_body_of_another_kind(self, api: Api, kind: str) -> None:
        answer = api.call("POST", "/claims", b'{"address": "hana@example.jp", "customer": "x"}', Content_Type=kind)
        assert answer.status_code == 415 and problem(answer) == "media-type"

    def test_a_body_that_is_too_large(self, api: Api) -> None:
        answer = api.post("/claims", {"address": HANA, "customer": "x", "y": "z" * 70_000})
        assert answer.status_code == 413 and problem(answer) == "too-large"

    def test_a_filter_that_is_mistyped_or_there_twice(self, api: Api) -> None:
        for query in ("costumer=M-1&customer=M-1", "customer=M-1&customer=M-2", "customer=M-1&limit=0", "limit=5"):
            assert problem(api.get(f"/claims?{query}")) == "invalid", query

    def test_a_wrong_host_is_told_in_json(self, api: Api) -> None:
        answer = Client(SERVER_NAME="evil.example").get(f"{PREFIX}/claims")
        assert answer.status_code == 422 and problem(answer) == "invalid"
        page = Client(SERVER_NAME="evil.example").get("/ask")
        assert page.status_code == 400 and page["Content-Type"].startswith("text/html")

    def test_the_database_is_away(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*_: object) -> None:
            raise OperationalError("connection to hana@example.jp refused")

        for where, name, call in (
            ("atesaki.tenants.identify", "identify", ("GET", "/messages", None)),
            ("atesaki.gate.ask", "ask", ("POST", "/claims", {"address": HANA, "customer": "x"})),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(where, away)
                answer = api.call(*call)
            assert answer.status_code == 503 and problem(answer) == "unavailable", name
            assert int(answer["Retry-After"]) > 0 and b"hana" not in answer.content

    def test_a_fault_of_ours_tells_nothing_of_itself(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("atesaki.gate.newest", lambda *_, **__: 1 / 0)
        answer = api.get("/messages")
        assert answer.status_code == 500 and problem(answer) == "broken" and b"division" not in answer.content

    def test_the_headers(self, api: Api) -> None:
        for answer in (api.get("/messages"), api.get("/nothing"), api.client.get(f"{PREFIX}/openapi.json")):
            assert answer["Cache-Control"] == "no-store" and answer["Content-Security-Policy"].startswith("default-src")
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert not answer.cookies and "Access-Control-Allow-Origin" not in answer
