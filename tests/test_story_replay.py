"""The story once more, as it goes with atesaki in between: the clock is turned, and every page and mail is kept.

`STORY_OUT=FOLDER pytest tests/test_story_replay.py` leaves them there, to be read through.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from atesaki import clock, desk, gate, keys, notme, outbox
from atesaki.desk import Case
from atesaki.language import LANGUAGES, Language
from atesaki.models import Mailbox, Reporter
from tests import mori
from tests.leaks import found
from tests.programs import atesaki
from tests.test_ends import left_over
from tests.world import HANA, SECRETS, World, database_url, order

TOKYO = ZoneInfo("Asia/Tokyo")
CUSTOMER = [*SECRETS, mori.KEN, mori.NAME, "大島", mori.PHONE, mori.ADDRESS, "mori"]


@dataclass
class Telling:
    """What the reporter sees, step by step, on disk."""

    world: World
    folder: Path
    lang: Language
    token: str = ""
    number: int = 0
    mails: int = 0
    path: list[str] = field(default_factory=list)

    def step(self, name: str) -> str:
        """Keeps the reporter's page in both languages, and the mails that came since; the page's text."""
        self.number += 1
        here = self.folder / f"{self.number:02} {name}"
        here.mkdir(parents=True)
        shown = {}
        if self.token:
            for lang in LANGUAGES:
                answer = Client().get(f"/m/{self.token}?lang={lang}")
                assert answer.status_code == 200
                (here / f"page.{lang}.html").write_bytes(answer.content)
                shown[lang] = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))
                (here / f"page.{lang}.txt").write_text(shown[lang])
                assert not [secret for secret in CUSTOMER if secret in answer.content.decode()], name
        for raw in self.new_mails():
            (here / f"mail {self.mails:02}.eml").write_bytes(raw)
            mail = message_from_bytes(raw, policy=default)
            (here / f"mail {self.mails:02}.txt").write_text(
                f"{mail['Subject']}\n\n{mail.get_body(('plain',)).get_content()}"
            )
            assert not found(raw, CUSTOMER), name
        self.path.append(name)
        return shown.get(self.lang, "")

    def new_mails(self) -> Iterator[bytes]:
        for raw in self.world.delivered()[self.mails :]:
            self.mails += 1
            yield raw


@contextmanager
def service(answers: list[int]) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """The supermarket's ear: it answers with the codes in turn, the last one again and again."""
    heard: list[dict[str, object]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code = answers[0] if len(answers) == 1 else answers.pop(0)
            if code < 300:
                heard.append(said)
            self.send_response(code)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", heard
    finally:
        server.shutdown()
        server.server_close()


def everything() -> None:
    """What the worker does in a minute."""
    notme.due()
    desk.due()
    desk.report_progress()
    gate.due()
    outbox.drive_webhooks()


def days(monkeypatch: pytest.MonkeyPatch, first: str, last: date) -> None:
    """Lets the days pass, each to just after closing time, and the worker with them."""
    on = date.fromisoformat(first)
    while on <= last:
        mori.at(monkeypatch, f"{on}T18:05")
        everything()
        on += timedelta(days=1)


def due_on(case: Case) -> str:
    fresh = Case.objects.get(pk=case.pk)
    return fresh.due.astimezone(TOKYO).strftime("%Y-%m-%dT%H:%M") if fresh.due else ""


def out(tmp_path: Path, name: str) -> Path:
    wanted = os.environ.get("STORY_OUT")
    folder = Path(wanted) / name if wanted else tmp_path / name
    if wanted and folder.exists():
        import shutil

        shutil.rmtree(folder)
    return folder


@dataclass(frozen=True)
class Days:
    """The days of one telling: when it begins, when the rungs and the deadline fall, when a report is promised."""

    first: str
    calls: tuple[str, str]
    posted: str
    deadline: str
    asked: str
    confirmed: str
    reports: int


# Over 勤労感謝の日 (Monday, 23 November 2026); and over the end of the year with 成人の日 (Monday, 11 January 2027).
AUTUMN = Days("2026-11-18", ("2026-11-19", "2026-11-20"), "2026-11-20", "2026-12-07", "2026-12-08", "2026-12-09", 4)
WINTER = Days("2026-12-24", ("2026-12-25", "2026-12-28"), "2026-12-28", "2027-01-18", "2027-01-19", "2027-01-20", 4)


@pytest.mark.parametrize(("lang", "on"), [("ja", AUTUMN), ("en", WINTER)], ids=["autumn, ja", "winter, en"])
def test_the_story(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: Language, on: Days) -> None:
    with service([500, 204]) as (url, heard):
        world.policy(own=mori.OWN, webhook=url)
        agent = mori.mori(world)
        telling = Telling(world, out(tmp_path, f"story.{lang}"), lang)

        mori.at(monkeypatch, f"{on.first}T10:27")
        world.send(order(4711, headers=f"X-Atesaki-Customer: {mori.KEN}\r\n"), HANA)
        gate.drive()
        telling.step("the order waits, a neutral notice went")
        assert len(world.delivered()) == 1 and not world.orders()

        mori.at(monkeypatch, f"{on.first}T13:39")
        began = time.monotonic()
        answer = Client().post(f"/n/{world.tokens()[1]}?lang={lang}")
        took = time.monotonic() - began
        assert answer.status_code == 200 and took < 5, "in force in under a second; generously bounded here"
        assert world.send(order(4712, headers=f"X-Atesaki-Customer: {mori.KEN}\r\n"), HANA).reasons == ("disavowed",)
        case = Case.objects.get()
        telling.token = desk.token(case)
        Client().post(f"/m/{telling.token}/wish?lang={lang}", {"wish": "steps"})
        assert Reporter.objects.get(case=case).wish == "steps"
        everything()
        shown = telling.step("13:39 reported, in force at once")
        assert case.number in shown

        # In the minute after: the service is told, and shows its notice on Ken's next visit (the first rung).
        mori.at(monkeypatch, f"{on.first}T13:41")
        everything()
        assert {event["type"] for event in heard} >= {"claim.disowned", "customer.contact_needed"}
        mori.known(case)

        mori.at(monkeypatch, f"{on.first}T14:06")
        desk.ladder.phoned(desk.by_pk(case.pk), "no_answer", agent)
        mori.at(monkeypatch, f"{on.first}T21:57")
        desk.ladder.phoned(desk.by_pk(case.pk), "no_answer", agent)
        assert due_on(case) == f"{on.calls[0]}T18:00"  # the second day of calls
        for day in on.calls:
            mori.at(monkeypatch, f"{day}T11:00")
            desk.ladder.phoned(desk.by_pk(case.pk), "left_word", agent)
            everything()
        assert desk.next_rung(desk.by_pk(case.pk)).rung == "sms"
        desk.ladder.send_sms(desk.by_pk(case.pk), agent)
        telling.step("phone and text, nobody reached")

        mori.at(monkeypatch, f"{on.posted}T15:00")
        made = desk.ladder.make_letter(desk.by_pk(case.pk), agent)
        (telling.folder / "letter.pdf").write_bytes(desk.letter.pdf(made))
        assert made.deadline.isoformat() == on.deadline
        mori.at(monkeypatch, f"{on.posted}T18:16")
        desk.ladder.posted(made, clock.today("Asia/Tokyo"), agent)
        telling.step("a letter with a deadline was posted")

        days(monkeypatch, on.posted, date.fromisoformat(on.deadline))
        telling.step("until the deadline")
        progress = [mail for mail in telling.folder.glob("*/mail*.eml") if case.number in subject(mail)]
        assert len(progress) == on.reports, [subject(mail) for mail in progress]
        assert Case.objects.get().state == Case.State.AWAITING

        mori.at(monkeypatch, f"{on.asked}T00:01")
        everything()
        assert Case.objects.get().state == Case.State.WITHDRAWING
        telling.step("the deadline is over, the service is asked")
        days(monkeypatch, on.asked, date.fromisoformat(on.asked))
        asked = [event["data"] for event in heard if event["type"] == "customer.withdraw"]
        assert asked and asked[0]["customer"] == mori.KEN and asked[0]["orders_in_flight"] == "ship"
        assert HANA not in json.dumps(heard)

        mori.at(monkeypatch, f"{on.confirmed}T11:33")
        assert desk.withdrawn(desk.by_pk(case.pk), "service", world.service)
        assert left_over() == set() and not Mailbox.objects.exists()
        everything()
        shown = telling.step("withdrawn and erased")
        case.refresh_from_db()
        assert case.end == Case.End.WITHDRAWN and case.erased is not None
        closing = telling.folder / f"{telling.number:02} withdrawn and erased" / f"mail {telling.mails:02}.eml"
        assert case.number in subject(closing)
        assert left_over() == set(), "the closing mail has left, and nothing stays"
        assert "case.closed" in [event["type"] for event in heard]
        assert world.send(order(4713), HANA).reasons == ("disavowed",)

        days(monkeypatch, on.confirmed, date.fromisoformat(on.confirmed) + timedelta(days=7))
        assert list(telling.new_mails()) == [], "silence"
        withdraws = [event for event in heard if event["type"] == "customer.withdraw"]
        assert len(withdraws) == len(asked), "once it has answered it is asked no more"
        assert not world.orders()


def subject(file: Path) -> str:
    return str(message_from_bytes(file.read_bytes(), policy=default)["Subject"])


@pytest.mark.django_db(transaction=True)
def test_the_deadline_passes_under_atesaki_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an operator sees it pass: the program, with `ATESAKI_NOW_OFFSET`."""
    from django.conf import settings

    with service([204]) as (url, heard):
        world.policy(own=mori.OWN, webhook=url)
        case = mori.freed(world)
        mori.known(case)
        agent = mori.mori(world)
        made = desk.ladder.make_letter(case, agent)
        desk.ladder.posted(made, clock.today("Asia/Tokyo"), agent)
        left = (made.deadline - clock.today("Asia/Tokyo")).days

        def due(offset: str) -> dict[str, int]:
            more = {"DATABASE_URL": database_url(), "ATESAKI_UPSTREAM": settings.ATESAKI_UPSTREAM}
            ran = atesaki(settings.HOME, "due", "--json", ATESAKI_NOW_OFFSET=offset, **more)
            assert ran.returncode == 0, ran.stderr
            return json.loads(ran.stdout)

        assert due(f"{left - 1}d")["cases"] == 0
        assert Case.objects.get().state == Case.State.AWAITING
        assert due(f"{left + 1}d")["cases"] == 1
        assert Case.objects.get().state == Case.State.WITHDRAWING
        assert "customer.withdraw" in [event["type"] for event in heard]
        assert desk.withdrawn(case, "service", world.service)
        due(f"{left + 2}d")
        assert left_over() == set() and keys.path().exists()
        assert datetime.now(TOKYO).date() < made.deadline, "the machine's own clock was left alone"
