"""`docs/api.md` as its reader runs it: each line with curl, against the program that serves it in earnest."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from atesaki import clock, desk, gate, keys, notme
from atesaki.models import Case, Letter, Webhook
from atesaki.site.asgi import application
from tests import mori
from tests.api import Api
from tests.programs import free_ports
from tests.world import World

GUIDE = Path(__file__).parent.parent / "docs" / "api.md"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served() -> Iterator[str]:
    """The site under uvicorn, as `atesaki web` runs it, on the test's database."""
    (port,) = free_ports(1)
    settings = uvicorn.Config(
        application, port=port, loop="uvloop", http="httptools", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield f"http://localhost:{port}"
    server.should_exit = True
    thread.join(20)


def lines() -> list[tuple[str, int, str]]:
    """Each command of the guide, the status that it promises, and a word about what comes."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.S):
        for command, status, about in re.findall(r"^((?:curl|printf) .*)\n# (\d{3}) ?(\w*)$", block, re.M):
            found.append((command, int(status), about))
    return found


def test_every_line_has_its_promise_and_every_call_its_line() -> None:
    from atesaki.doors.api.calls import CALLS

    guide = GUIDE.read_text()
    assert len(lines()) == len(re.findall(r"\bcurl -sS", guide)) >= len(CALLS)
    for call in CALLS.values():
        pieces = [re.escape(piece) for piece in re.split(r"\{[^}]*\}", call.path)]
        wanted = r"/api/v1" + r"[^/\"?]+".join(pieces) + r"[\"?]"
        assert any(re.search(wanted, command) for command, _, _ in lines()), call.path


def test_the_guide_is_true(world: World, served: str, require: Callable[..., Path]) -> None:
    curl, bash = require("curl"), require("bash")
    world.policy(own=mori.OWN, webhook="http://127.0.0.1:9/hook")
    api = Api(world.service)
    names: dict[str, str] = {"ATESAKI": served, "KEY": api.key, "PATH": f"{curl.parent}:/usr/bin:/bin"}
    for command, status, about in lines():
        prepare(world, command, names)
        written = command.replace("curl -sS", "curl -sS -w '\\n%{http_code}'")
        run = subprocess.run([bash, "-c", written], env=names, capture_output=True, text=True, timeout=60, check=False)
        body, _, got = run.stdout.rpartition("\n")
        assert (run.returncode, got) == (0, str(status)), f"{command}\n{run.stdout}\n{run.stderr}"
        said = json.loads(body) if body else {}
        assert holds(said, about), (command, said)
        remember(said, command, names)


def holds(said: dict[str, Any], about: str) -> bool:
    match about:
        case "":
            return said == {}
        case "claim":
            return "standing" in said or "claim" in said
        case "proved":
            return said["standing"] == "proved"
        case "ended":
            return said["ended"] is True
    return bool(said[about])


def prepare(world: World, command: str, names: dict[str, str]) -> None:
    """What happens outside before the reader can run the next line."""
    if "$CODE" in command:
        gate.drive()
        text = world.notices()[-1].get_body(("plain",)).get_content()
        names["CODE"] = re.search(r"^(\d{6})\r?$", text, re.M)[1]  # type: ignore[index]
    if "$CASE/withdrawn" in command:
        gate.drive()
        assert notme.report(world.tokens([each for each in world.notices() if each["To"] == "ken@example.jp"][-1])[1])
        names["CASE"] = str(Case.objects.get().pk)
    if "$LETTER_CODE" in command:
        case = mori.freed(world, customer="M-30001")
        mori.known(case)
        desk.ladder.posted(desk.ladder.make_letter(case, mori.mori(world)), clock.today("Asia/Tokyo"), mori.mori(world))
        sealed = bytes(Letter.objects.get(case=case).sealed_code)
        names |= {"NUMBER": case.number, "LETTER_CODE": keys.ring().unwrap(sealed, case.pk.bytes).decode()}
    if "$DELIVERY" in command:
        names["DELIVERY"] = str(Webhook.objects.filter(state="waiting").latest("pk").pk)


def remember(said: dict[str, Any], command: str, names: dict[str, str]) -> None:
    if 'api/v1/claims"' in command and "id" in said:
        names["CLAIM"] = said["id"]
    if "api/v1/messages" in command and "recipients" in said:
        names["MESSAGE"] = said["id"]


def test_what_comes_in_pieces_is_cut_off_too(world: World, served: str, require: Callable[..., Path]) -> None:
    """No length was announced, so only reading shows that it is too much; and a HEAD has no content."""
    curl = str(require("curl"))
    bearer = f"Authorization: Bearer {Api(world.service).key}"
    words = [
        "-sS",
        "-X",
        "POST",
        "-H",
        bearer,
        "-H",
        "Transfer-Encoding: chunked",
        "-H",
        "Content-Type: application/json",
    ]
    run = subprocess.run(
        [curl, *words, "--data-binary", "@-", "-w", "\n%{http_code}", f"{served}/api/v1/claims"],
        input=b'{"x": "' + b"y" * 300_000 + b'"}',
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.endswith(b"\n413") and b"too-large" in run.stdout
    head = subprocess.run(
        [curl, "-sS", "-I", "-H", bearer, f"{served}/api/v1/messages"], capture_output=True, text=True, check=True
    )
    assert head.stdout.startswith("HTTP/1.1 200") and "ratelimit: " in head.stdout.lower()
    assert head.stdout.strip().count("\n\n") == 0 and "{" not in head.stdout
