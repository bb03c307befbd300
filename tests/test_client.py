"""The published client, against a small server that speaks the wire."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from atesaki_client import (
    AtesakiError,
    Client,
    CodeClosed,
    CodeGone,
    Problem,
    Unreachable,
    WrongCode,
)
from atesaki_client.webhooks import WebhookError

from tests.client_wire import KEY, NOW, Atesaki, answer, claim, problem, speaking
from tests.programs import free_ports

CLIENT = Path(__file__).parent.parent / "client"
SOURCE = CLIENT / "src" / "atesaki_client"


@pytest.fixture
def atesaki() -> Iterator[Atesaki]:
    with speaking() as server:
        yield server


@pytest.fixture
def client(atesaki: Atesaki) -> Client:
    return Client(f"{atesaki.url}/", KEY, timeout=20)


def test_a_claim_is_asked_read_and_given_up(client: Client, atesaki: Atesaki) -> None:
    made = client.claim("hana@example.jp", "M-1", "https://shop.example/me")
    assert (made.id, made.customer, made.standing, made.match, made.asked) == ("claim-1", "M-1", "claimed", "47", True)
    assert made.code_expires == made.created == datetime.fromisoformat(NOW) and not made.proved
    asked = atesaki.asked[-1]
    assert asked.json == {"address": "hana@example.jp", "customer": "M-1", "return_url": "https://shop.example/me"}
    assert asked.headers["authorization"] == f"Bearer {KEY}" and asked.headers["idempotency-key"]

    with pytest.raises(WrongCode) as wrong:
        client.code(made.id, "000000")
    assert (wrong.value.tries_left, wrong.value.slug, wrong.value.status) == (2, "code-wrong", 422)
    assert client.code(made.id, "123456").proved
    assert [each.id for each in client.claims("M-1")] == [made.id]
    assert client.get_claim(made.id).standing == "proved"

    atesaki.say(answer(None, 204))
    client.withdraw_claim(made.id)
    assert (atesaki.asked[-1].method, atesaki.asked[-1].path) == ("DELETE", "/api/v1/claims/claim-1")
    atesaki.say(answer(claim(asked=False)), answer(claim(proofs=[{"method": "attested", "at": NOW}]), 201))
    assert client.ask_again("claim-1").asked is False
    assert client.attest("claim-1", "seen at the counter").proofs[0].method == "attested"
    assert atesaki.asked[-1].json == {"method": "attested", "evidence": "seen at the counter"}


def test_each_post_has_a_key_of_its_own_or_the_callers(client: Client, atesaki: Atesaki) -> None:
    for _ in range(2):
        client.claim("hana@example.jp", "M-1")
    client.claim("hana@example.jp", "M-1", idempotency_key="order-7")
    keys = [asked.headers["idempotency-key"] for asked in atesaki.asked]
    assert len(set(keys)) == 3 and keys[-1] == "order-7"


@pytest.mark.parametrize("ref", ["M/1", "M 1", "会員1", "..", "a?b#c", "%2e"])
def test_a_reference_stays_one_part_of_the_path(client: Client, atesaki: Atesaki, ref: str) -> None:
    atesaki.say(answer({"customer": ref, "state": "ok", "claims": [], "case": None}))
    assert client.standing(ref).state == "ok"
    assert atesaki.asked[-1].path == f"/api/v1/customers/{ref}/standing"


def test_no_reference_is_no_path(client: Client, atesaki: Atesaki) -> None:
    with pytest.raises(ValueError, match="empty"):
        client.standing("")
    assert not atesaki.asked


def test_a_standing_with_its_case(client: Client, atesaki: Atesaki) -> None:
    case = {"id": "case-1", "number": "N-1", "deadline": "2026-12-01T23:59:59+09:00"}
    atesaki.say(answer({"customer": "M-1", "state": "contact_support", "claims": [claim()], "case": case}))
    found = client.standing("M-1")
    assert (found.state, found.claims[0].id) == ("contact_support", "claim-1")
    assert found.case and found.case.deadline and found.case.deadline.isoformat() == "2026-12-01T23:59:59+09:00"


def test_a_mail_as_json_and_whole(client: Client, atesaki: Atesaki) -> None:
    one = {"position": 0, "id": "l-1", "outcome": "substitute", "reason": "unproved", "sentence": "It waits."}
    atesaki.say(*[answer({"id": "l-1", "recipients": [one]}, 202)] * 2)
    receipt = client.send(
        to="hana@example.jp",
        subject="ご注文",
        text="ありがとうございます",
        customer="M-1",
        knows={"phone_last4": "4711"},
    )
    assert (receipt.id, receipt.recipients[0].outcome, receipt.recipients[0].reason) == (
        "l-1",
        "substitute",
        "unproved",
    )
    assert atesaki.asked[-1].json == {
        "to": "hana@example.jp",
        "subject": "ご注文",
        "text": "ありがとうございます",
        "customer": "M-1",
        "knows": {"phone_last4": "4711"},
    }
    raw = b"From: shop@shop.example\r\n\r\n\xe3\x81\x82"
    client.send_raw(raw, to=["hana@example.jp", "k+1@example.jp"], customer="M 1", sender="shop@shop.example")
    asked = atesaki.asked[-1]
    assert asked.body == raw and asked.headers["content-type"] == "message/rfc822"
    assert asked.query == {
        "to": ["hana@example.jp", "k+1@example.jp"],
        "customer": ["M 1"],
        "from": ["shop@shop.example"],
    }
    atesaki.say(problem(422, "refused", detail="Not to this mailbox.", reason="disavowed"))
    with pytest.raises(Problem) as refused:
        client.send(to=["hana@example.jp"], subject="a", text="b", sender="a@shop.example", verification=True)
    assert refused.value.slug == "refused" and refused.value.extensions["reason"] == "disavowed"
    assert atesaki.asked[-1].json["class"] == "verification" and atesaki.asked[-1].json["from"] == "a@shop.example"


def test_what_else_can_be_called(client: Client, atesaki: Atesaki) -> None:
    line = {"id": "l", "outcome": "hold", "reason": "r", "sentence": "s", "standing": "claimed", "fate": ""}
    atesaki.say(answer({**line, "timeline": [{"at": NOW, "what": "held"}], "personal_data": {"phone": 1}}))
    message = client.message("l")
    assert message.fate is None and message.timeline[0].what == "held" and message.personal_data == {"phone": 1}

    end = {"case": "c", "number": "N", "ended": True, "end": "withdrawn"}
    atesaki.say(
        answer(end), answer({**end, "ended": False, "end": None}), answer({"case": "c", "number": "N", "claim": "x"})
    )
    assert client.withdrawn("c").end == "withdrawn"
    assert client.corrected("c").ended is False
    assert client.correct("N", "K7", "M-1").claim == "x"
    assert atesaki.asked[-1].json == {"number": "N", "code": "K7", "customer": "M-1"}

    told = {
        "id": "d",
        "type": "claim.proved",
        "state": "waiting",
        "tries": 1,
        "created": NOW,
        "due": NOW,
        "ended": None,
    }
    page = [{**told, "answer": ""}]
    atesaki.say(answer({"items": page, "next": "two"}), answer({"items": page, "next": None}), answer(page[0]))
    assert len(list(client.deliveries("waiting"))) == 2
    first, second = atesaki.asked[-2:]
    assert (first.query["state"], second.query["cursor"], second.query["limit"]) == (["waiting"], ["two"], ["200"])
    assert client.repeat("d").state == "waiting"
    atesaki.say(*[answer({"items": [], "next": "round"})] * 2)
    with pytest.raises(Unreachable, match="circle"):
        list(client.deliveries())


@pytest.mark.parametrize(
    ("status", "slug", "kind"),
    [(409, "code-closed", CodeClosed), (410, "gone", CodeGone), (403, "scope", Problem), (404, "not-found", Problem)],
)
def test_each_problem_is_told(client: Client, atesaki: Atesaki, status: int, slug: str, kind: type[Problem]) -> None:
    atesaki.say(problem(status, slug, detail="What is wrong, and what to do."))
    with pytest.raises(AtesakiError) as raised:
        client.code("claim-1", "1")
    assert type(raised.value) is kind and raised.value.slug == slug
    assert "What is wrong, and what to do." in str(raised.value)


def test_a_rate_is_told_with_its_wait_and_not_slept_through(client: Client, atesaki: Atesaki) -> None:
    status, headers, body = problem(429, "rate")
    atesaki.say((status, {**headers, "Retry-After": "30"}, body))
    with pytest.raises(Problem) as raised:
        client.standing("M-1")
    assert raised.value.retry_after == 30 and len(atesaki.asked) == 1


# --- nobody there ----------------------------------------------------------------------------------------


def test_nobody_listens() -> None:
    (port,) = free_ports(1)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="nothing listens") as raised:
        Client(f"http://127.0.0.1:{port}", KEY, timeout=20).claim("hana@example.jp", "M-1")
    assert not raised.value.taken and raised.value.idempotency_key and time.monotonic() - began < 15


def test_a_lost_answer_is_asked_for_again_under_the_same_key(client: Client, atesaki: Atesaki) -> None:
    atesaki.hang_up()
    assert client.claim("hana@example.jp", "M-1").id == "claim-1"
    first, second = atesaki.asked
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] and first.body == second.body


def test_a_first_call_that_still_runs_is_waited_for(client: Client, atesaki: Atesaki) -> None:
    atesaki.hang_up()
    atesaki.say(problem(409, "conflict", detail="It still runs."))
    assert client.claim("hana@example.jp", "M-1").id == "claim-1"
    atesaki.say(problem(409, "conflict", detail="Another body."))
    with pytest.raises(Problem, match="Another body"):  # of a first try it is no such thing
        client.claim("hana@example.jp", "M-1", idempotency_key="used")


def test_a_busy_atesaki_is_asked_again_and_then_left(client: Client, atesaki: Atesaki) -> None:
    status, headers, body = problem(503, "unavailable")
    atesaki.say((status, {**headers, "Retry-After": "0"}, body))
    assert client.claim("hana@example.jp", "M-1").id == "claim-1"
    atesaki.say((status, {**headers, "Retry-After": "60"}, body))
    with pytest.raises(Unreachable) as raised:
        client.claim("hana@example.jp", "M-1")
    assert raised.value.retry_after == 60 and not raised.value.taken and len(atesaki.asked) == 3


def test_when_it_never_answers_it_is_said_that_it_may_be_taken(client: Client, atesaki: Atesaki) -> None:
    for _ in range(3):
        atesaki.hang_up()
    with pytest.raises(Unreachable) as raised:
        client.claim("hana@example.jp", "M-1", idempotency_key="order-7")
    assert raised.value.taken and raised.value.idempotency_key == "order-7" and len(atesaki.asked) == 3


def test_an_answer_in_drops_ends_in_its_time(atesaki: Atesaki) -> None:
    atesaki.drip()
    began = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        Client(atesaki.url, KEY, timeout=0.5).standing("M-1")
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "reply",
    [
        (302, {"Location": "https://elsewhere.example/"}, b""),
        (200, {"Content-Type": "text/html"}, b"<h1>It works!</h1>"),
        (404, {"Content-Type": "text/html"}, b"<h1>Not Found</h1>"),
        (200, {}, b'{"id": "claim-1"}'),
        (200, {}, b"[]"),
        (200, {}, b""),
        (502, {}, b"<h1>Bad Gateway</h1>"),
    ],
)
def test_what_is_not_atesaki_is_not_believed(
    client: Client, atesaki: Atesaki, reply: tuple[int, dict[str, str], bytes]
) -> None:
    atesaki.say(reply, reply, reply)
    with pytest.raises(Unreachable) as raised:
        client.get_claim("claim-1")
    assert KEY not in str(raised.value)
    assert {asked.path for asked in atesaki.asked} == {"/api/v1/claims/claim-1"}, "nobody was followed anywhere"


@pytest.mark.parametrize(
    "url", ["", "gate.example.jp", "ftp://gate.example.jp", "https://", "https://a:b@gate.example.jp"]
)
def test_a_url_that_is_none_is_told_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Client(url, KEY)


@pytest.mark.parametrize("key", ["", "key\r\nX: y", "鍵", "a b"])
def test_a_key_that_is_none_is_told_at_once_and_never_shown(key: str) -> None:
    with pytest.raises(ValueError, match="API key"):
        Client("https://gate.example.jp", key)
    assert KEY not in repr(Client("https://gate.example.jp", KEY))


# --- the package -----------------------------------------------------------------------------------------


def test_the_core_needs_no_django() -> None:
    """Imported where Django and all else that is not its own cannot be."""
    script = """
import sys
class Barred:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("django", "allauth", "atesaki", "requests", "httpx"):
            raise ImportError(f"{name} is barred")
sys.meta_path.insert(0, Barred())
import atesaki_client
from atesaki_client import webhooks
try:
    import atesaki_client.django
except ImportError as error:
    assert "barred" in str(error), error
else:
    raise AssertionError("the bar does not hold")
print(atesaki_client.Client("https://gate.example.jp", "k"))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.strip() == "<Client of https://gate.example.jp>", ran.stderr


def test_it_imports_nothing_of_atesakis_and_says_what_it_promises() -> None:
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "atesaki"], path
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path}: {node.name}"
    said = ast.get_docstring(ast.parse((SOURCE / "__init__.py").read_text())) or ""
    begun = [line.split(":")[0] for line in said.splitlines() if ":" in line]
    assert begun[:4] == ["Promise", "Never", "On failure", "Read first"]


def test_its_front_page_runs(atesaki: Atesaki) -> None:
    """The first Python block of client/README.md, with the URL and the key of here."""
    block = (CLIENT / "README.md").read_text().split("```python\n")[1].split("```")[0]
    block = block.replace("https://atesaki.example.jp", atesaki.url).replace("API_KEY", KEY)
    atesaki.say(
        answer(claim(), 201),
        answer(claim(standing="proved", match=None)),
        answer({"customer": "M-1", "state": "ok", "claims": [], "case": None}),
        answer({"id": "l-1", "recipients": []}, 202),
    )
    exec(compile(block, "README.md", "exec"), {})
    assert [asked.path.split("/")[3] for asked in atesaki.asked] == ["claims", "claims", "customers", "messages"]


def test_the_rest_of_its_front_page_is_python_and_verifies() -> None:
    blocks = [each.split("```")[0] for each in (CLIENT / "README.md").read_text().split("```python\n")[1:]]
    for each in blocks:
        compile(each, "README.md", "exec")
    (hear,) = [each for each in blocks if "webhooks.verify" in each]
    names: dict[str, Any] = {}
    exec(hear, names)
    with pytest.raises(WebhookError, match="webhook-id"):
        names["hear"]({}, b"", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


@pytest.mark.slow
def test_the_wheel_installs_where_there_is_only_urllib3(tmp_path: Path) -> None:
    """Built without the network, into an environment of its own."""
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    built = subprocess.run(words, cwd=CLIENT, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"atesaki_client/py.typed", "atesaki_client/django/management/commands/atesaki_send_waiting.py"} <= set(
        names
    )
    assert any(name.endswith("/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]
    meta = zipfile.ZipFile(wheel).read(next(name for name in names if name.endswith("METADATA"))).decode()
    needed = [line for line in meta.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert needed == ["Requires-Dist: urllib3~=2.3"]

    import urllib3

    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=120)
    python = home / "bin" / "python"
    (site,) = (home / "lib").glob("python*/site-packages")
    pip = ["install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *pip], check=True, timeout=120)
    (site / "urllib3").symlink_to(Path(urllib3.__file__).parent)
    script = "import atesaki_client, json; print(json.dumps([atesaki_client.__file__, len(atesaki_client.__all__)]))"
    ran = subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    where, many = json.loads(ran.stdout)
    assert Path(where).is_relative_to(site) and many > 10
