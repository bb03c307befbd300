"""Many nodes on one PostgreSQL: behind a pooler, restarted one after another under load."""

from __future__ import annotations

import json
import smtplib
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings

from atesaki import addresses, gate
from atesaki.cli.pooler import leads_through_a_pooler
from atesaki.cli.setup import store
from atesaki.models import Departure, Hold
from tests.nodes import Part, Sink, pooled
from tests.programs import atesaki, free_ports
from tests.world import HANA, KEN_LIVES_AT, World, database_url, make_world, order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def world(tmp_path: Path, settings: object) -> World:
    return make_world(tmp_path, settings)


@contextmanager
def parts(folder: Path, *names: str, **more: str) -> Iterator[list[Part]]:
    """Parts that are ready, each on its own port (`more["port"]` after it has been started)."""
    started: list[Part] = []
    try:
        for name in names:
            (port,) = free_ports(1)
            setting = {"gate": "ATESAKI_SMTP", "web": "ATESAKI_WEB", "inbound": "ATESAKI_INBOUND"}.get(name, "UNUSED")
            part = Part(name, folder, **{setting: f"127.0.0.1:{port}"}, **more)
            part.port = port  # type: ignore[attr-defined]
            started.append(part)
        for part in started:
            part.becomes_ready()
        yield started
    finally:
        for part in started:
            part.kill()


def until(what: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def send(world: World, port: int, raw: bytes, to: str = HANA) -> str:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as talk:
        talk.login(*world.smtp)
        talk.mail("shop@shop.example", ["BODY=8BITMIME"])
        talk.rcpt(to)
        code, said = talk.data(raw)
        assert code == 250, said
        return said.decode()


def told(settings, url: str, is_pooled: bool, direct: str) -> list[tuple[str, str]]:
    """What `check-setup` says of the pooler: the state, and how its sentence ends."""
    settings.DATABASE_URL, settings.ATESAKI_POOLED, settings.DATABASE_DIRECT_URL = url, is_pooled, direct
    ends = ("nothing says so", "cannot run", "a pooler too", "past it")
    found = [each for each in store.database() if each.check == "pooler"]
    return [(each.state, next(end for end in ends if each.says.endswith(end))) for each in found]


def test_all_parts_behind_a_pooler(world: World, tmp_path: Path, require, settings) -> None:
    """From a held mail to its release: the notice by a worker, the proof on the page, the mail by a worker.

    One worker knows nothing but the pooler and asks for its jobs, the other listens past it.
    """
    home = Path(django_settings.HOME)
    with pooled(require("pgbouncer"), tmp_path) as url:
        assert leads_through_a_pooler(url) and not leads_through_a_pooler(database_url())
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as one:
            sessions = {one.execute("SELECT pg_backend_pid()").fetchone() for _ in range(8)}
        assert len(sessions) > 1, "it must break whoever relies on a session, or it would prove nothing"
        more = {"DATABASE_URL": url, "ATESAKI_POOLED": "1", "ATESAKI_UPSTREAM": django_settings.ATESAKI_UPSTREAM}
        listens = {**more, "DATABASE_DIRECT_URL": database_url()}
        with parts(tmp_path, "gate", "web", "work", **more) as (door, web, work):
            assert "substitute" in send(world, door.port, order(1))
            until(world.notices)
            confirm, _ = world.tokens()
            for path in (f"c/{confirm}", "health/ready"):
                with urllib.request.urlopen(f"http://127.0.0.1:{web.port}/{path}", timeout=20) as answer:
                    assert answer.status == 200
            work.end()
            with parts(tmp_path, "work", **listens) as (listening,):
                gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
                until(lambda: len(world.orders()) == 1)
                assert "deliver" in send(world, door.port, order(2))
                assert len(world.orders()) == 2
                for part in (door, web, work, listening):
                    assert '"level": "error"' not in part.said() and "Traceback" not in part.said(), part.said()
                listening.end()
        done = atesaki(home, "due", "--json", **more)
        assert done.returncode == 0 and -1 not in json.loads(done.stdout).values(), done.stdout + done.stderr
        assert told(settings, url, False, "") == [("warn", "nothing says so")]
        assert told(settings, url, True, "") == [("warn", "cannot run")]
        assert told(settings, url, True, url) == [("wrong", "a pooler too")]
        assert told(settings, url, True, database_url()) == [("ok", "past it")]
        assert told(settings, database_url(), False, "") == []
        refused = atesaki(home, "migrate", **more)
        assert refused.returncode == 1 and "DATABASE_DIRECT_URL" in refused.stderr


class Senders:
    """Clients like a mail server's queue: each mail goes to one of the gates, and again until it is taken."""

    def __init__(self, world: World, ports: list[int], to: list[str], threads: int = 4) -> None:
        self.world, self.ports, self.to = world, ports, to
        self.numbers, self.told, self.unclear, self.refused = count(1000), {}, 0, 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._send, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    def _send(self) -> None:
        talks: dict[int, smtplib.SMTP] = {}
        while not self.stop.wait(0.03):
            number = next(self.numbers)
            for attempt in count():
                port = self.ports[(number + attempt) % len(self.ports)]
                if self._hand_over(talks, port, number):
                    break
                time.sleep(0.05)

    def _hand_over(self, talks: dict[int, smtplib.SMTP], port: int, number: int) -> bool:
        to, sent = self.to[number % len(self.to)], False
        try:
            if port not in talks:
                talk = smtplib.SMTP("127.0.0.1", port, timeout=60)
                talk.login(*self.world.smtp)
                talks[port] = talk
            talk = talks[port]
            if talk.mail("shop@shop.example", ["BODY=8BITMIME"])[0] != 250 or talk.rcpt(to)[0] != 250:
                raise smtplib.SMTPServerDisconnected("it said no")
            sent = True
            code, said = talk.data(order(number, to=to))
        except (OSError, smtplib.SMTPException):
            self.unclear += sent
            talks.pop(port, None)
            return False
        if code != 250:
            self.refused += 1
            return False
        self.told[number] = said.decode()
        return True


def test_restarted_in_turn_under_load_nothing_is_lost_or_doubled(world: World, tmp_path: Path, settings) -> None:
    """Two gates and two workers, one of each after the other, while four clients send to proved and unproved."""
    sink = Sink()
    settings.ATESAKI_UPSTREAM = sink.url
    proved, later = ([f"{word}{n}@example.jp" for n in range(8)] for word in ("proved", "later"))
    for one in proved:
        gate.vouch(world.service, addresses.parse(one), "", "seen at the counter")
    more = {"DATABASE_URL": database_url(), "ATESAKI_UPSTREAM": sink.url}
    with parts(tmp_path, "gate", "gate", "work", "work", **more) as (one, other, first, second):
        senders = Senders(world, [one.port, other.port], [*proved, *proved, *later])
        until(lambda: len(senders.told) > 20)
        for door, worker in ((one, first), (other, second)):
            before = len(senders.told)
            door.restart()
            for each in later[:4] if door is one else later[4:]:
                gate.vouch(world.service, addresses.parse(each), "", "seen at the counter")
            worker.restart()
            door.becomes_ready()
            worker.becomes_ready()
            until(lambda so_far=before: len(senders.told) > so_far + 20)
        senders.end()
        until(lambda: not Departure.objects.exists() and not Hold.objects.exists(), 60)
        for part in (one, other, first, second):
            part.end()
    assert set(senders.told) <= set(sink.got), "a mail that was taken is lost"
    assert {number: many for number, many in sink.got.items() if many > 1} == {}, "a mail came twice"
    assert set(sink.got) <= set(senders.told), "a mail came that nobody was told of"
    assert senders.unclear == 0, "a client that had sent its mail was left without an answer"
    assert {said.split()[-1] for said in senders.told.values()} == {"deliver", "substitute", "hold"}
