"""What holds a key back or keeps it safe: idempotency keys, quotas, scopes; also with many at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings as django_settings
from django.db import connection, connections

from atesaki import clock, desk, gate, notme, tasks, tenants
from atesaki.cli.service import service
from atesaki.doors.api import idempotency, limits
from atesaki.models import Bucket, Claim, Event, KeptAnswer, Line, Token
from atesaki.tenants import SCOPES
from tests import mori
from tests.api import Api, problem
from tests.programs import atesaki
from tests.world import HANA, World, database_url


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.service)


def at_once(many: int, do: Callable[[int], Any]) -> list[Any]:
    """The same thing so often at one moment, each on a connection of its own."""
    gate_ = threading.Barrier(many)

    def alone(number: int) -> Any:
        try:
            gate_.wait(10)
            return do(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(alone, range(many)))


CLAIM = {"address": HANA, "customer": "M-1"}
MAIL = {"to": HANA, "customer": "M-1", "subject": "x", "text": "y"}


class TestARepeat:
    def test_is_answered_alike_and_done_once(self, world: World, api: Api) -> None:
        first = api.post("/claims", CLAIM, Idempotency_Key="a")
        second = api.post("/claims", CLAIM, Idempotency_Key="a")
        assert first.status_code == second.status_code == 201 and first.content == second.content
        assert second["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
        assert second["Content-Type"] == first["Content-Type"] and "RateLimit" in second
        assert api.post("/claims", CLAIM, Idempotency_Key="b").status_code == 200
        assert api.post("/claims", CLAIM).status_code == 200

    def test_a_mail_leaves_once(self, world: World, api: Api) -> None:
        answers = [api.post("/messages", MAIL, Idempotency_Key="m").content for _ in range(3)]
        assert len(set(answers)) == 1 and Line.objects.filter(kind="mail").count() == 1
        raw = b"Subject: x\r\n\r\ny\r\n"
        kept = [
            api.call("POST", f"/messages?to={HANA}", raw, Content_Type="message/rfc822", Idempotency_Key="r").content
            for _ in range(2)
        ]
        assert kept[0] == kept[1] and Line.objects.filter(kind="mail").count() == 2

    def test_a_wrong_code_costs_one_try(self, world: World, api: Api) -> None:
        claim = api.claim()
        token = Token.objects.get(purpose="code")
        said = [api.post(f"/claims/{claim['id']}/code", {"code": "000000"}, Idempotency_Key="c") for _ in range(4)]
        assert {problem(each) for each in said} == {"code-wrong"} and {each.json()["tries_left"] for each in said} == {
            2
        }
        token.refresh_from_db()
        assert token.tries == 1

    def test_a_correction_is_told_again(self, world: World, api: Api) -> None:
        case = mori.freed(world)
        said = [api.post(f"/cases/{case.pk}/corrected", {}, Idempotency_Key="k").content for _ in range(2)]
        assert said[0] == said[1] and desk.by_pk(case.pk).end == "corrected"

    def test_with_another_request_is_a_conflict(self, world: World, api: Api) -> None:
        claim = api.post("/claims", CLAIM, Idempotency_Key="a").json()
        for path, body in (
            ("/claims", {**CLAIM, "customer": "M-2"}),
            (f"/claims/{claim['id']}/confirmations", CLAIM),
            ("/claims", {"customer": "M-1", "address": HANA}),
        ):
            answer = api.post(path, body, Idempotency_Key="a")
            assert answer.status_code in (409, 422) and problem(answer) in ("conflict", "invalid")
        assert Claim.objects.count() == 1

    def test_is_the_keys_own(self, world: World, api: Api) -> None:
        other = Api(world.service)
        api.post("/claims", CLAIM, Idempotency_Key="a")
        answer = other.post("/claims", {**CLAIM, "customer": "M-2"}, Idempotency_Key="a")
        assert answer.status_code == 201 and "Idempotent-Replayed" not in answer

    @pytest.mark.parametrize("key", ["", " ", "x" * 256, "ключ", "a\tb"])
    def test_needs_a_key_that_can_be_one(self, api: Api, key: str) -> None:
        answer = api.post("/claims", CLAIM, Idempotency_Key=key)
        assert problem(answer) == "invalid" and answer.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]

    def test_of_what_failed_by_our_fault_is_a_new_try(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from atesaki.gate import TryLater

        for error in (TryLater("x"), ZeroDivisionError()):
            with monkeypatch.context() as patched:

                def fail(*_: object, error: Exception = error) -> None:
                    raise error

                patched.setattr(gate, "submit", fail)
                patched.setattr(gate, "ask", fail)
                assert api.post("/messages", MAIL, Idempotency_Key="m").status_code >= 500
                assert api.post("/claims", CLAIM, Idempotency_Key="a").status_code >= 500
            assert not KeptAnswer.objects.exists() and not Claim.objects.exists()
        assert api.post("/messages", MAIL, Idempotency_Key="m").status_code == 202
        assert api.post("/claims", CLAIM, Idempotency_Key="a").status_code == 200

    def test_what_is_kept_is_sealed_and_goes_after_a_day(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim = api.post("/claims", CLAIM, Idempotency_Key="a").json()
        row = KeptAnswer.objects.get()
        for secret in (HANA, claim["id"], claim["match"] + '"', "M-1", "a***"):
            assert secret.encode() not in bytes(row.answer or b"")
        mori.later(monkeypatch, hours=23)
        tasks.everything_due()
        assert KeptAnswer.objects.count() == 1
        mori.later(monkeypatch, hours=2)
        again = api.post("/claims", {**CLAIM, "customer": "M-5"}, Idempotency_Key="a")
        assert again.status_code == 201, "a day later the key is free, before anybody has tidied"
        mori.later(monkeypatch, hours=25)
        tasks.everything_due()
        assert not KeptAnswer.objects.exists()

    def test_of_one_whose_process_died_is_done_after_a_minute(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(idempotency, "_PATIENCE", 0.1)
        api.post("/claims", CLAIM, Idempotency_Key="a")
        KeptAnswer.objects.update(status=None, answer=None)
        waiting = api.post("/claims", CLAIM, Idempotency_Key="a")
        assert problem(waiting) == "conflict" and waiting["Retry-After"] == "1"
        KeptAnswer.objects.update(since=clock.now() - timedelta(seconds=61))
        other = api.post("/claims", {**CLAIM, "customer": "M-2"}, Idempotency_Key="a")
        assert problem(other) == "conflict", "the key is still another request's"
        assert api.post("/claims", CLAIM, Idempotency_Key="a").status_code == 200
        assert api.post("/claims", CLAIM, Idempotency_Key="a")["Idempotent-Replayed"] == "true"

    def test_what_a_refused_request_was_told_is_not_the_next_ones(self, world: World, api: Api) -> None:
        assert problem(api.post("/claims", {"address": HANA}, Idempotency_Key="a")) == "invalid"
        assert api.post("/claims", CLAIM, Idempotency_Key="a").status_code == 201


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_with_one_key_one_does_it_and_all_are_told(self, world: World, api: Api) -> None:
        answers = at_once(6, lambda _: api.post("/messages", MAIL, Idempotency_Key="m"))
        assert {each.status_code for each in answers} == {202} and len({each.content for each in answers}) == 1
        assert sum("Idempotent-Replayed" in each for each in answers) == 5
        assert Line.objects.filter(kind="mail").count() == 1

    def test_who_waits_too_long_is_told_to_come_back(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(idempotency, "_PATIENCE", 0.2)
        slow, go = gate.submit, threading.Event()

        def submit(*args: Any) -> Any:
            go.wait(10)
            return slow(*args)

        monkeypatch.setattr(gate, "submit", submit)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(lambda: (api.post("/messages", MAIL, Idempotency_Key="m"), connections.close_all())[0])
            while not KeptAnswer.objects.exists():
                time.sleep(0.01)
            second = api.post("/messages", MAIL, Idempotency_Key="m")
            go.set()
            assert first.result(20).status_code == 202
        assert second.status_code == 409 and problem(second) == "conflict" and second["Retry-After"] == "1"
        assert api.post("/messages", MAIL, Idempotency_Key="m")["Idempotent-Replayed"] == "true"

    def test_the_same_claim_is_one_and_is_asked_once(self, world: World, api: Api) -> None:
        answers = at_once(6, lambda _: api.post("/claims", CLAIM))
        assert sorted(each.status_code for each in answers) == [200] * 5 + [201]
        assert sum(each.json()["asked"] for each in answers) == 1
        assert Claim.objects.count() == 1 and len({each.json()["match"] for each in answers}) == 1

    def test_a_code_gets_three_tries_however_many_come(self, world: World, api: Api) -> None:
        claim = api.claim()
        answers = at_once(8, lambda _: api.post(f"/claims/{claim['id']}/code", {"code": "000000"}))
        said = [problem(each) for each in answers]
        assert said.count("code-wrong") == 2 and said.count("code-closed") == 6

    def test_two_connections_share_one_bucket(self, world: World, api: Api) -> None:
        world.policy(api_per_minute=50)  # ten claims
        began = time.monotonic()
        answers = at_once(4, lambda _: [api.post("/claims", CLAIM) for _ in range(4)])
        filled = (time.monotonic() - began) / 6
        statuses = [each.status_code for four in answers for each in four]
        assert 10 <= sum(status < 400 for status in statuses) <= 11 + filled
        assert set(statuses) <= {200, 201, 429}
        assert Bucket.objects.count() == 1

    def test_a_service_command_makes_lists_and_ends_keys(self, world: World) -> None:
        def run(*words: str) -> Any:
            return atesaki(Path(django_settings.HOME), "service", *words, DATABASE_URL=database_url())

        name = world.service.name
        made = json.loads(run("key", name, "--scope", "claims:read", "--scope", "messages:read", "--json").stdout)
        assert made["scopes"] == ["claims:read", "messages:read"]
        narrow = Api(world.service)
        narrow.key = made["api_key"]
        assert narrow.get("/messages").status_code == 200
        assert problem(narrow.post("/claims", CLAIM)) == "scope"
        listed = [json.loads(line) for line in run("key", name, "--list", "--json").stdout.splitlines()]
        assert [each["scopes"] for each in listed] == ["all", made["scopes"], sorted(SCOPES)]
        assert made["api_key"].partition(".")[2] not in json.dumps(listed)
        assert run("key", name, "--revoke", made["api_key"]).returncode == 0
        assert problem(narrow.get("/messages")) == "unauthorized"
        set_ = run("set", name, "--return-to", "https://shop.example/a/", "--api-per-minute", "1200", "--json")
        said = json.loads(set_.stdout)
        assert said["return_to"] == ["https://shop.example/a/"] and said["api_per_minute"] == 1200


@pytest.mark.parametrize("words", [(), ("--list", "--scope", "claims:read"), ("--list", "--revoke", "key1")])
def test_the_key_command_does_one_thing_at_a_time(words: tuple[str, ...]) -> None:
    said = CliRunner().invoke(service, ["key", "shop", *words])
    assert said.exit_code == 2 and "one of the three" in said.output


@pytest.mark.parametrize("scopes", [[], ["everything"], ["claims:read", "claims"]])
def test_a_key_is_for_what_there_is(world: World, scopes: list[str]) -> None:
    with pytest.raises(tenants.TenantError, match="claims:read"):
        tenants.add_key(world.service.name, scopes)
    with pytest.raises(tenants.TenantError, match="--list"):
        tenants.revoke_key(world.service.name, "keyffffffffff")
    assert [each.scopes for each in tenants.keys_of(world.service.name)] == [None]


class TestAQuota:
    def test_each_answer_says_what_is_left(self, world: World, api: Api) -> None:
        first, second = api.get("/messages"), api.get("/claims?customer=x")
        assert first["RateLimit-Policy"] == '"read";q=600;w=60' and first["RateLimit"] == '"read";r=599;t=1'
        assert second["RateLimit"] in ('"read";r=598;t=1', '"read";r=599;t=1'), "one comes back every tenth of a second"
        assert api.post("/claims", {})["RateLimit-Policy"] == '"claims";q=120;w=60', "a refused one counts too"
        assert api.post("/messages", {})["RateLimit-Policy"] == '"messages";q=600;w=60'

    def test_an_empty_bucket_fills_again(self, world: World, api: Api) -> None:
        world.policy(api_per_minute=10)  # two claims
        assert [api.post("/claims", CLAIM).status_code for _ in range(3)] == [201, 200, 429]
        refused = api.post("/claims", CLAIM)
        assert problem(refused) == "rate" and 1 <= int(refused["Retry-After"]) <= 30
        assert refused["RateLimit"].startswith('"claims";r=0;t=')
        assert api.get("/messages").status_code == 200, "another quota is another bucket"
        with connection.cursor() as cursor:
            cursor.execute("UPDATE atesaki_bucket SET at = at - interval '31 seconds' WHERE quota = 'claims'")
        assert [api.post("/claims", CLAIM).status_code for _ in range(2)] == [200, 429]

    def test_a_key_has_its_own(self, world: World, api: Api) -> None:
        world.policy(api_per_minute=10)
        for _ in range(3):
            api.post("/claims", CLAIM)
        assert Api(world.service).post("/claims", CLAIM).status_code == 200

    def test_a_bucket_never_holds_more_than_a_minute(self, world: World, api: Api) -> None:
        world.policy(api_per_minute=10)
        api.get("/messages")
        Bucket.objects.update(at=clock.now() - timedelta(days=3))
        assert api.get("/messages")["RateLimit"] == '"read";r=9;t=6'
        assert set(limits.SHARES) == {"read", "messages", "write", "claims"}

    def test_old_buckets_are_tidied(self, world: World, api: Api) -> None:
        api.get("/messages")
        Bucket.objects.update(at=clock.now() - timedelta(days=2))
        assert tenants.forget_old() == 1 and not Bucket.objects.exists()

    def test_a_stranger_who_is_refused_costs_no_row(self, world: World, api: Api) -> None:
        for _ in range(3):
            api.get("/messages", Authorization="Bearer key.no")
        assert not Bucket.objects.exists() and not Event.objects.exists()


def test_a_reported_claims_key_tells_its_kept_answer_still(world: World, api: Api) -> None:
    """A repeat tells what was true when it was asked; a new question tells what is."""
    first = api.post("/claims", CLAIM, Idempotency_Key="a").json()
    gate.drive()
    notme.report(world.tokens()[1])
    assert api.post("/claims", CLAIM, Idempotency_Key="a").json() == first
    assert api.post("/claims", CLAIM).json()["standing"] == "disavowed"
