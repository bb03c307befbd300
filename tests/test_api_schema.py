"""`openapi.json` says what the API does: its examples fit, and no generated request is answered otherwise.

Half of the requests are sound and name what really exists, so that the calls get to their ends; half are not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation

from atesaki import clock, desk, gate, keys, outbox
from atesaki.desk import Case
from atesaki.doors.api.calls import CALLS
from atesaki.doors.api.problems import KINDS
from atesaki.models import Letter, Webhook
from atesaki.site import urls
from tests import mori
from tests.api import Api
from tests.world import World

assert urls.urlpatterns, "the calls are mounted by now"
NAMES = sorted(CALLS)
MAILBOXES = [f"m{number}@example.jp" for number in range(5)]
# What the schema cannot say is said as 422: an address that nobody has, a cursor of another list. And a code may be
# gone (410) although it looks as one should.
WELL_FORMED = ["2xx", "401", "403", "404", "409", "410", "422", "429"]
schemathesis.openapi.format("email", st.sampled_from(MAILBOXES))


def described() -> dict[str, Any]:
    answer = Client(SERVER_NAME="localhost").get("/api/v1/openapi.json")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"
    return answer.json()


def operations(said: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        operation["operationId"]: (path, method, operation)
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_openapi_3_1_and_every_call_is_in_it() -> None:
    said = described()
    assert said["openapi"] == "3.1.0"
    found = operations(said)
    assert sorted(found) == NAMES and len(NAMES) == 16
    for name, (path, method, operation) in found.items():
        call = CALLS[name]
        assert (method.upper(), path) == (call.method, "/api/v1" + call.path.replace("{ref:ref}", "{ref}"))
        assert operation["summary"] and operation["description"] and operation["security"] == [{"key": [call.scope]}]
        assert {int(status) for status in operation["responses"]} == {*call.answers} | {
            KINDS[slug].status for slug in call.slugs
        }
        named = {each["name"] for each in operation["parameters"]}
        assert ("Idempotency-Key" in named) == (method == "post")


def test_every_answer_and_every_error_has_an_example_that_fits() -> None:
    said = described()

    def fits(schema: dict[str, Any], value: Any) -> None:
        whole = {**schema, "components": said["components"], "$schema": "https://json-schema.org/draft/2020-12/schema"}
        jsonschema_rs.validator_for(whole, validate_formats=True).validate(value)

    count = 0
    for name, (_, _, operation) in operations(said).items():
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
            assert status == "204" or response["content"], (name, status)
            for kind, content in response.get("content", {}).items():
                assert content["examples"], (name, status)
                assert (kind == "application/problem+json") == (int(status) >= 400)
                for example in content["examples"].values():
                    fits(content["schema"], example["value"])
                    count += 1
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["examples"], name
            for example in content["examples"].values():
                fits(content["schema"], example["value"])
        for parameter in operation["parameters"]:
            if "example" in parameter:
                fits(parameter["schema"], parameter["example"])
    assert count > 130
    assert set(KINDS) - {slug for call in CALLS.values() for slug in call.slugs} == {"method", "broken"}


def test_the_page_to_read_has_it_all_and_nothing_from_elsewhere() -> None:
    answer = Client(SERVER_NAME="localhost").get("/api/v1/docs")
    page = answer.content.decode()
    assert answer.status_code == 200 and "<script" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    for name, call in CALLS.items():
        assert f'id="{name}"' in page and call.scope in page
    for slug in KINDS:
        assert f'id="problem-{slug}"' in page
        led = Client(SERVER_NAME="localhost").get(f"/api/v1/problems/{slug}")
        assert led.status_code == 302 and led["Location"] == f"/api/v1/docs#problem-{slug}"


# -- generated --------------------------------------------------------------------------------------------------


@contextmanager
def connection_kept() -> Iterator[None]:
    """As Django's own test client does: the test's transaction lives on the connection that a request would close."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class Ground:
    """A service with something of everything, and the requests that name it."""

    def __init__(self, world: World) -> None:
        world.policy(
            api_per_minute=60_000, own=mori.OWN, webhook="http://127.0.0.1:9/", return_to=["https://s.example/"]
        )
        self.world, self.api = world, Api(world.service)
        self.reached: dict[int, int] = defaultdict(int)

    def ids(self, name: str) -> list[str]:
        match name:
            case "claim_id":
                return [self.api.claim(address)["id"] for address in MAILBOXES[:2]]
            case "ledger_id":
                said = {"to": MAILBOXES[:2], "customer": "M-1", "subject": "x", "text": "y"}
                return [each["id"] for each in self.api.post("/messages", said).json()["recipients"]]
            case "case_id":
                return [str(mori.freed(self.world).pk)]
            case "delivery_id":
                outbox.tell(self.world.service, "claim.proved", {})
                return [str(Webhook.objects.latest("pk").pk)]
        return ["M-1", "nobody"]

    def check(self, case: Any, live: dict[str, list[str]], number: int) -> None:
        path = case.meta and case.meta.components.get(ParameterLocation.PATH)
        for name, values in live.items():
            if path is not None and path.mode is GenerationMode.POSITIVE and number % 4:
                case.path_parameters[name] = values[number % len(values)]
        headers = {"Authorization": f"Bearer {self.api.key}"}
        with connection_kept():
            response = case.call_and_validate(headers=headers)
        self.reached[response.status_code] += 1


@pytest.fixture
def ground(world: World) -> Ground:
    return Ground(world)


@pytest.fixture
def schema(ground: Ground) -> Any:
    config = schemathesis.Config.from_dict(
        {
            "generation": {"deterministic": True, "database": "none", "with-security-parameters": False},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": WELL_FORMED},
                # A withdrawn claim stays, at `unknown`: its id lives on when the customer gives the address again.
                "use_after_free": {"enabled": False},
            },
        }
    )
    with connection_kept():
        return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler(), config=config)


ONE_BY_ONE = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["sound", "unsound"])
def test_no_request_is_answered_otherwise(ground: Ground, schema: Any, name: str, mode: GenerationMode) -> None:
    operation = schema.find_operation_by_id(name)
    live = {each.name: ground.ids(each.name) for each in operation.path_parameters}
    numbers = iter(range(1, 100_000))

    @ONE_BY_ONE
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        ground.check(case, live, next(numbers))

    each()
    if mode is GenerationMode.POSITIVE and name not in ("type_code", "correct"):
        assert any(status < 300 for status in ground.reached), dict(ground.reached)


def test_the_right_codes_are_answered_as_described(ground: Ground, schema: Any, world: World) -> None:
    claim = ground.api.claim("taro@example.jp")
    gate.drive()
    code = re.search(r"^(\d{6})\r?$", world.notices()[-1].get_body(("plain",)).get_content(), re.M)
    assert code
    typed = schema.find_operation_by_id("type_code").Case(
        path_parameters={"claim_id": claim["id"]}, body={"code": code[1]}, media_type="application/json"
    )
    ground.check(typed, {}, 0)
    case = mori.freed(world)
    mori.known(case)
    desk.ladder.posted(desk.ladder.make_letter(case, mori.mori(world)), clock.today("Asia/Tokyo"), mori.mori(world))
    letter = Letter.objects.get(case=case)
    right = keys.ring().unwrap(bytes(letter.sealed_code), case.pk.bytes).decode()
    correction = schema.find_operation_by_id("correct").Case(
        body={"number": case.number, "code": right, "customer": mori.KEN}, media_type="application/json"
    )
    ground.check(correction, {}, 0)
    assert ground.reached == {200: 1, 201: 1} and Case.objects.get(pk=case.pk).end == "corrected"
