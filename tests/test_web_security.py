"""What holds for every answer of the web, whoever asks and whatever fails: nothing inline, no cache, no way out."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver

from atesaki import desk
from atesaki.desk import agents
from atesaki.models import Case, Message
from atesaki.pages import views
from tests import mori
from tests.test_inquiries import answered, asked, link
from tests.world import World

ROLES = [None, *agents.Role.values]


class Inline(HTMLParser):
    """What a page would run or style without asking its policy."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.found.append(tag)
        for name, value in attributes:
            if name == "style" or name.startswith("on") or re.match(r"\s*(javascript|data):", value or "", re.I):
                self.found.append(f"{tag} {name}")


def holds(answer: HttpResponse, path: str) -> None:
    """The headers of every answer; no page with anything inline."""
    policy = answer.headers.get("Content-Security-Policy", "")
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives.get("default-src") == "'none'", (path, policy)
    assert directives.get("frame-ancestors") == "'none'", (path, policy)
    assert set(policy.replace(";", " ").split()) & {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} == set()
    assert directives.get("script-src", "'self'") in ("'self'", "'none'"), (path, policy)
    assert answer.headers.get("X-Content-Type-Options") == "nosniff", path
    assert "no-store" in answer.headers.get("Cache-Control", ""), path
    assert answer.headers.get("X-Robots-Tag", "noindex").startswith("noindex"), path
    assert answer.headers.get("Referrer-Policy") in ("no-referrer", "same-origin"), path
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert "base-uri" in directives and "form-action" in directives, (path, policy)
        page = Inline()
        page.feed(answer.content.decode())
        assert page.found == [], path
    if location := answer.headers.get("Location"):
        assert re.match(r"/(?![/\\])", location), (path, location)


def every_path(fitting: dict[str, str]) -> Iterator[str]:
    """Every pattern of the site, each place filled in by its name or its kind."""

    def fill(route: str) -> str:
        def one(found: re.Match[str]) -> str:
            kind, _, name = found[1].rpartition(":")
            return fitting.get(name) or {"int": "1", "uuid": "00000000-0000-7000-8000-000000000000"}.get(kind, "none")

        return re.sub(r"<([^>]+)>", one, route)

    def walk(patterns: list[object], before: str) -> Iterator[str]:
        for pattern in patterns:
            route = before + str(pattern.pattern)  # type: ignore[attr-defined]
            if isinstance(pattern, URLPattern):
                yield "/" + fill(route)
            else:
                yield from walk(pattern.url_patterns, route)  # type: ignore[attr-defined]

    yield from walk(get_resolver().url_patterns, "")


@pytest.fixture
def case(world: World, monkeypatch: pytest.MonkeyPatch) -> Case:
    mori.at(monkeypatch, "2026-11-18T14:00")
    found = mori.freed(world)
    mori.known(found)
    return desk.by_pk(found.pk)


def test_every_address_of_the_site_answers_so_whoever_asks_and_however(world: World, case: Case) -> None:
    confirm, not_me = world.tokens()
    looked, statuses = 0, set()
    for role in ROLES:
        client = Client() if role is None else mori.at_desk(mori.mori(world, f"mori-{role}", role))
        for token in (confirm, not_me) if role is None else (desk.token(case),):
            for path in every_path({"token": token, "number": case.number, "case": str(case.pk)}):
                for method in ("get", "put"):
                    answer = getattr(client, method)(path)
                    holds(answer, f"{role} {method} {path}")
                    looked, statuses = looked + 1, statuses | {answer.status_code}
    assert looked > 500
    assert {200, 302, 404, 405} <= statuses and not [status for status in statuses if status >= 500 and status != 503]


def test_every_refusal_of_the_frame_answers_so_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that Django makes before or without a view: a wrong host, a forged form, a fault of ours."""

    def breaks(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    for answer, status in (
        (client.get("/", SERVER_NAME="evil.example"), 400),
        (client.get("/api/v1/claims", SERVER_NAME="evil.example"), 400),
        (client.post("/desk/sign-in", {"name": "mori"}), 403),
        (client.get("/none"), 404),
        (client.get("/%00"), 404),
        (client.delete("/ask"), 405),
        (client.post("/ask/not-mine", b"x" * 3_000_000, content_type="application/x-www-form-urlencoded"), 413),
    ):
        assert answer.status_code in (status, 400, 403, 422), answer.request["PATH_INFO"]
        holds(answer, f"{status}")
        assert b"evil.example" not in answer.content
    monkeypatch.setattr(views, "_services", breaks, raising=False)
    monkeypatch.setattr("atesaki.tenants.services", breaks)
    broken = client.get("/about-this-mail")
    assert broken.status_code == 500 and b"a fault of ours" not in broken.content
    holds(broken, "500")


def test_a_host_that_is_not_ours_is_in_no_link(world: World) -> None:
    for header in ({"HTTP_X_FORWARDED_HOST": "evil.example"}, {"HTTP_FORWARDED": "host=evil.example"}):
        assert b"evil.example" not in Client().get("/ask", **header).content


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_no_word_in_a_link_leads_elsewhere(world: World, to: str) -> None:
    for name in ("next", "return", "return_url", "url", "to", "back"):
        for path in ("/desk/sign-in", "/ask", "/about-this-mail", "/"):
            answer = Client().get(path, {name: to})
            assert "Location" not in answer or re.match(r"/(?![/\\])", answer["Location"])
            assert f'href="{to}"' not in answer.content.decode() and f'action="{to}"' not in answer.content.decode()


def test_files_are_served_so_that_they_can_run_nothing(db: None) -> None:
    for name in ("icon.svg", "pages.css", "desk.js"):
        answer = Client().get(f"/static/atesaki/{name}")
        assert answer.status_code == 200
        assert answer["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer["X-Content-Type-Options"] == "nosniff"


# -- https ----------------------------------------------------------------------------------------------------------

LOOK = """
import django, json
django.setup()
from django.test import Client
client = Client(headers={"X-Forwarded-Proto": "https"})
answer = client.get("/none", SERVER_NAME="mail.example.jp")
from django.conf import settings as s
print(json.dumps({
    "hsts": answer.headers.get("Strict-Transport-Security", ""),
    "names": [s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME],
    "secure": [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE],
    "httponly": [s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY],
    "same": [s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE],
    "where": [s.SESSION_COOKIE_DOMAIN, s.CSRF_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_PATH],
    "hosts": s.ALLOWED_HOSTS,
}))
"""


def settled(tmp_path: Path, **more: str) -> dict[str, object]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ATESAKI_") and k != "PROMETHEUS_MULTIPROC_DIR"}
    shell = {**clean, "ATESAKI_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "atesaki.site.settings", **more}
    ran = subprocess.run([sys.executable, "-c", LOOK], env=shell, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def test_under_https_cookies_are_bound_to_this_host_and_browsers_stay_with_https(tmp_path: Path) -> None:
    url = "https://mail.example.jp"
    found = settled(tmp_path, ATESAKI_PUBLIC_URL=url, DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert found["names"] == ["__Host-atesaki_desk", "__Host-atesaki_csrf"]
    assert found["secure"] == found["httponly"] == [True, True]
    assert found["same"] == ["Strict", "Lax"]
    assert found["where"] == [None, None, "/", "/"], "what the prefix demands (RFC 6265bis 4.1.3.2)"
    assert found["hsts"].startswith("max-age=31536000")  # type: ignore[attr-defined]


# -- every form that the public can send ----------------------------------------------------------------------------

LIMITED = {  # each has a test of its limit: of tries, of a network, of a mailbox, or of what it may leave behind
    "confirm": "test_gate.py::test_three_wrong_answers_close_a_token_for_good",
    "ask_not_mine": "test_ask.py::test_a_network_may_report_five_times_in_ten_minutes_and_loses_nothing_then",
    "ask_inquiry": "test_ask.py::test_questions_have_their_own_limit_and_nothing_typed_is_lost",
    "case_message": "test_web_security.py::test_whoever_has_a_case_cannot_fill_it",
    "case_improvement": "test_web_security.py::test_whoever_has_a_case_cannot_fill_it",
    "inquiry": "test_inquiries.py::test_hana_whose_address_was_typed_cannot_guess_the_number",
    "inquiry_message": "test_web_security.py::test_nor_an_inquiry",
    "desk_sign_in": "test_desk.py::test_five_failures_stop_a_name_that_exists_or_not_for_a_quarter_of_an_hour",
}
ONCE = {  # sent again they change nothing: one state, whose token is its only key
    *("confirm_not_me", "not_me", "kept", "mine", "one_click", "case_wish", "case_disposal"),
    *("inquiry_not_me", "inquiry_one_click"),
}


def test_every_public_form_has_a_limit_that_a_test_holds(world: World, case: Case) -> None:
    """Whoever adds a form that needs no account must say what keeps it from being sent without end."""
    client, takes = Client(), set()
    for pattern in _patterns():
        path = next(iter(every_of(pattern, {"token": "none", "subject": "other"})))
        answer = client.post(path)
        within = str(pattern.name).startswith(("desk", "operator")) and pattern.name != "desk_sign_in"
        if answer.status_code != 405 and not within:  # what needs an account is test_desk's
            takes.add(pattern.name)
    assert takes - ONCE == set(LIMITED)
    folder = Path(__file__).parent
    for file, _, name in (each.partition("::") for each in LIMITED.values()):
        tree = ast.parse((folder / file).read_text())
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, (file, name)


def _patterns() -> list[URLPattern]:
    """The pages; the API has its own limits, by key (test_api_limits)."""
    pages = next(each for each in get_resolver().url_patterns if str(each.pattern) == "")
    found: list[URLPattern] = []

    def walk(patterns: list[object]) -> None:
        for each in patterns:
            found.append(each) if isinstance(each, URLPattern) else walk(each.url_patterns)  # type: ignore[attr-defined]

    walk(pages.url_patterns)
    return found


def every_of(pattern: URLPattern, fitting: dict[str, str]) -> Iterator[str]:
    from django.urls import reverse

    kinds = {name: type(each).__name__ for name, each in pattern.pattern.converters.items()}
    plain = {"IntConverter": "1", "UUIDConverter": "00000000-0000-7000-8000-000000000000"}
    yield reverse(pattern.name, kwargs={name: fitting.get(name, plain.get(kind, "x")) for name, kind in kinds.items()})


def test_whoever_has_a_case_cannot_fill_it(world: World, case: Case) -> None:
    """Five in ten minutes, messages and wishes together; what was written is not lost."""
    client, before, path = Client(), Message.objects.count(), f"/m/{desk.token(case)}"
    for number in range(5):
        assert client.post(f"{path}/message", {"text": f"便り{number}"}).status_code == 302
    for form in ("message", "improvement"):
        late = client.post(f"{path}/{form}", {"text": "もう一通です"})
        assert late.status_code == 429 and "もう一通です" in late.content.decode()
    assert Message.objects.count() == before + 5


def test_nor_an_inquiry(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mori.at(monkeypatch, "2026-11-16T10:00")
    path = link(answered(world, asked(world)))
    client = Client()
    for number in range(5):
        assert client.post(f"{path}/message", {"text": f"便り{number}"}).status_code in (200, 302, 303)
    late = client.post(f"{path}/message", {"text": "もう一通です"})
    assert late.status_code == 429 and "もう一通です" in late.content.decode()
