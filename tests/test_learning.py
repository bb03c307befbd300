"""What is learnt while mails pass: no content of them, and no mail is lost or late because of it."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from atesaki import addresses, clock, content, gate, learning, ownership
from atesaki.gate import Outcome
from atesaki.learning import looking, store
from atesaki.models import Hold, Line, Template
from tests import leaks
from tests.test_templates import LETTER, ORDER, PHONE, SHIPPED, mail, message
from tests.world import HANA, SECRETS, World, order


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins as a process does, and leaves no counts and no thread behind."""
    monkeypatch.setattr(looking, "_IDLE", 0.05)
    store._known.clear()
    yield
    if (thread := looking._thread) is not None:
        thread.join(10)
        assert not thread.is_alive(), "it ends when there is nothing to do"
    store._known.clear()


def who(number: object) -> bytes:
    return ownership.digest(addresses.parse(f"someone{number}@example.jp"))


def see(world: World, *numbers: int, kind: str = ORDER) -> None:
    for number in numbers:
        learning.see(world.service, mail(kind, number), who(number))


# -- rows -------------------------------------------------------------------------------------------------------------


def test_a_template_is_a_row_from_its_first_mail_on(world: World) -> None:
    row = learning.see(world.service, mail(ORDER, 1), who(1))
    assert row is not None and row == Template.objects.get()
    assert learning.see(world.service, mail(ORDER, 2), who(2)) == row
    assert learning.see(world.service, mail(SHIPPED, 3), who(3)) != row
    rows = learning.templates(world.service.organisation)
    assert sorted((each.sender, each.mails) for each in rows) == [("shop.example", 1), ("shop.example", 2)]


def test_five_recipients_make_the_shops_lines_and_the_templates_name_known(world: World) -> None:
    see(world, 1, 2, 3, 4)
    assert not learning.fixed(world.service, mail(ORDER, 9))(PHONE)
    see(world, 5)
    assert learning.fixed(world.service, mail(ORDER, 9))(PHONE)
    (row,) = learning.templates(world.service.organisation)
    assert row.name == f"【はなスーパー】{ORDER} …" and row.missing == []


def test_processes_bring_together_what_each_has_seen(world: World) -> None:
    see(world, 1, 2, 3)
    learning.flush()
    first = dict(store._known)
    store._known.clear()  # another process
    see(world, 4, 5, 6)
    assert Template.objects.count() == 1, "it found the row that the first had begun"
    assert learning.fixed(world.service, mail(ORDER, 9))(PHONE), "and what the first had brought to it"
    learning.flush()
    store._known.clear()
    store._known.update(first)
    store._known[world.service.pk].looked = -1_000.0  # a minute later
    assert learning.fixed(world.service, mail(ORDER, 9))(PHONE)
    assert Template.objects.get().mails == 6


def test_a_crash_takes_what_was_not_brought_yet_and_nothing_else(world: World) -> None:
    see(world, *range(1, 10))
    learning.flush()
    see(world, 10, 11)
    store._known.clear()  # killed
    see(world, 12)
    assert learning.templates(world.service.organisation)[0].mails == 10
    assert learning.fixed(world.service, mail(ORDER, 9))(PHONE)


def test_another_service_learns_for_itself(world: World) -> None:
    from atesaki.tenants import add_service

    other = add_service("別の店", organisation="別の会社", locale="ja", mode="observe", sender="b@shop.example").service
    see(world, *range(1, 10))
    assert not learning.fixed(other, mail(ORDER, 9))(PHONE)
    assert learning.templates(other.organisation) == []


def test_rows_that_cannot_be_read_are_learnt_anew(world: World) -> None:
    see(world, 1, 2)
    Template.objects.update(sketch=b"\x63of a later version")
    store._known.clear()
    see(world, 1, 2, 3, 4, 5, 6)  # it begins with the same mail, so it has the same key
    learning.flush()
    assert learning.fixed(world.service, mail(ORDER, 9))(PHONE)
    assert Template.objects.count() == 1 and Template.objects.get().mails == 6


def test_a_service_has_a_bounded_number_of_rows_and_an_idle_one_makes_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_TEMPLATES", 2)
    see(world, 1)
    see(world, 2, kind=SHIPPED)
    assert learning.see(world.service, mail(LETTER, 3), who(3)) is None, "nothing is forgotten for a newcomer"
    Template.objects.filter(pk=Template.objects.earliest("pk").pk).update(seen=clock.now() - timedelta(days=2))
    assert learning.see(world.service, mail(LETTER, 4), who(4)) is not None
    assert Template.objects.count() == 2
    assert learning.see(world.service, mail(ORDER, 5), who(5)) is None


def test_old_templates_are_forgotten(world: World) -> None:
    see(world, 1, 2)
    see(world, 3, kind=SHIPPED)
    learning.flush()
    assert learning.forget_old() == 0
    Template.objects.update(seen=clock.now() - timedelta(days=8))
    assert learning.forget_old() == 1, "that of a single mail"
    Template.objects.update(seen=clock.now() - timedelta(days=91))
    assert learning.forget_old() == 1
    store._known[world.service.pk].looked = -1_000.0
    see(world, 4)  # a process that knew them begins anew
    assert Template.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_that_see_a_template_first_make_one_row(world: World) -> None:
    known = [store._Known(world.service.pk, content.Templates(b"k" * 32)) for _ in range(4)]
    gone: list[object] = []

    def first(each: store._Known, number: int) -> None:
        try:
            gone.append(store._begin(each, each.templates.skeleton(mail(ORDER, number)), b"w")[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=first, args=(each, at)) for at, each in enumerate(known)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(gone) == 4 and Template.objects.count() == 1


# -- no content -------------------------------------------------------------------------------------------------------


def test_the_rows_hold_nothing_of_any_mail(world: World) -> None:
    """A dump of the table, its sketches unpacked, searched as a reader with a program would."""
    world.policy(mode="observe")
    for number in range(1, 40):
        world.send(order(number, to=f"someone{number % 7}@example.jp"), f"someone{number % 7}@example.jp")
    learning.flush()
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text, sketch FROM atesaki_template t")
        rows = cursor.fetchall()
    assert rows
    dump = b"\n".join(text.encode() + b"\n" + zlib.decompress(bytes(sketch)[1:]) for text, sketch in rows)
    assert (
        leaks.found(b"\n" + dump, [*SECRETS, "someone1@example.jp", "someone1", "ご注文ありがとうございます"]) == set()
    )
    assert Template.objects.get().name == "ご注文の確認", "the subject is the shop's: seven have had it"
    digests = [ownership.digest(addresses.parse(f"someone{number}@example.jp")) for number in range(7)]
    assert not any(digest[:8] in dump for digest in digests), "nor what the ledger knows an address by"


def test_the_name_of_a_recipient_is_never_a_templates_name(world: World) -> None:
    for number in range(30):
        reading = message(f"{number}\nご注文ありがとうございます。\n明日お届けします。", "大島 健太郎様 ご注文の確認")
        learning.see(world.service, reading, who(number % 4))
        row = learning.templates(world.service.organisation)[0]
        assert row.name == ""


# -- a mail is answered, whatever learning does -----------------------------------------------------------------------


def test_a_mail_to_many_counts_once(world: World) -> None:
    world.policy(mode="observe")
    everybody = [f"hana{number}@example.jp" for number in range(8)]
    assert world.send(order(), *everybody).outcomes == (Outcome.DELIVER,) * 8
    assert learning.templates(world.service.organisation)[0].mails == 1
    assert not learning.fixed(world.service, content.read(order()))("千葉県船橋市本町9丁目99番9号")


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("a bug")


def _hang(*_: object, **__: object) -> None:
    time.sleep(5)


@pytest.mark.parametrize("mode", ["observe", "enforce"])
@pytest.mark.parametrize("what", ["read", "findings", "askable"])
@pytest.mark.parametrize("how", [_fail, _hang])
def test_a_mail_that_cannot_be_read_is_answered_in_time_and_counts_as_unreadable(
    world: World, monkeypatch: pytest.MonkeyPatch, mode: str, what: str, how: object
) -> None:
    world.policy(mode=mode)
    monkeypatch.setattr(learning, "LOOK_SECONDS", 0.3)
    monkeypatch.setattr("atesaki.gate.holds._READ_SECONDS", 0.3)
    monkeypatch.setattr(looking.content, what, how)
    began = time.monotonic()
    outcome = world.send(order()).outcomes[0]
    assert time.monotonic() - began < 2
    line = Line.objects.get(kind="mail")
    assert line.personal == {"unreadable": 1} and line.state != "leaving"
    assert outcome is (Outcome.DELIVER if mode == "observe" else Outcome.SUBSTITUTE)
    assert Hold.objects.count() == (mode == "enforce") and len(world.orders()) == (mode == "observe")


def test_so_many_hanging_readers_do_not_become_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = threading.Event()
    monkeypatch.setattr(looking.content, "read", lambda mail: ends.wait(10))
    try:
        for _ in range(looking._AT_ONCE + 3):
            assert learning.look(world.service, order(), who(1), 0.02).kinds == {"unreadable": 1}
        assert sum(thread.name == "look" for thread in threading.enumerate()) <= looking._AT_ONCE
    finally:
        ends.set()
    monkeypatch.undo()
    deadline = time.monotonic() + 5
    while learning.look(world.service, order(), who(1)).kinds == {"unreadable": 1}:
        assert time.monotonic() < deadline, "when they have ended, mails are read again"


def test_a_store_that_fails_costs_no_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("the database is away")

    world.policy(mode="observe")
    monkeypatch.setattr(store, "_begin", away)
    assert world.send(order()).outcomes == (Outcome.DELIVER,)
    line = Line.objects.get()
    assert line.template is None and line.personal and "unreadable" not in line.personal
    monkeypatch.undo()
    world.send(order(2))
    monkeypatch.setattr(store, "_bring", away)
    assert learning.flush() == 0 and world.send(order(3)).outcomes == (Outcome.DELIVER,)


def test_doubt_without_a_finding_is_not_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = content.Findings("unsure", (), ())
    monkeypatch.setattr(looking.content, "findings", lambda *_, **__: nothing)
    assert learning.look(world.service, order(), who(1)).kinds == {"unreadable": 1}


# -- what waits -------------------------------------------------------------------------------------------------------


def test_a_mail_that_waits_is_learnt_from_and_its_line_says_what_it_holds(world: World) -> None:
    world.send(order())
    line = Line.objects.get(kind="mail")
    found = content.findings(content.read(order()), own=[world.service.name])
    assert line.personal == found.kinds and {"name", "postal", "phone"} <= set(found.kinds)
    assert line.template == Template.objects.get().pk and line.would == ""


def test_what_is_known_to_be_the_shops_is_no_finding_any_more(world: World) -> None:
    def letter(number: int) -> bytes:
        head = f"From: shop@shop.example\r\nTo: {HANA}\r\nSubject: =?utf-8?b?44GK55+l44KJ44Gb?=\r\n"
        text = f"本日{number}日の特売のお知らせです。\r\n\r\n電話 047-000-0000\r\n〒273-0005 船橋市本町1-1-1\r\n"
        return (head + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text).encode()

    for number in range(1, 8):
        world.send(letter(number), f"someone{number}@example.jp")
    lines = list(Line.objects.filter(kind="mail").order_by("pk"))
    assert {"phone", "postal"} <= set(lines[0].personal), "of the first mail nobody knows whose they are"
    assert lines[-1].personal == {}, lines[-1].personal


# -- proved mail, afterwards ------------------------------------------------------------------------------------------


def _prove(world: World, to: str = HANA) -> None:
    with transaction.atomic():
        ownership.attest(ownership.claim(world.service, addresses.parse(to), ""), "known")


@pytest.mark.django_db(transaction=True)
def test_a_sample_of_proved_mail_is_read_after_its_answer(world: World, settings: object) -> None:
    _prove(world)
    world.send(order(1))
    assert Line.objects.get().personal is None and not Template.objects.exists(), "0: none"
    settings.ATESAKI_LEARN_EVERY = 1  # type: ignore[attr-defined]
    receipt = world.send(order(2))
    looking._jobs.join()
    line = Line.objects.get(mail=receipt.id)
    assert line.template == Template.objects.get().pk and line.personal["postal"] >= 1
    assert (line.outcome, line.would, line.state) == ("deliver", "", "settled")
    settings.ATESAKI_LEARN_EVERY = 4  # type: ignore[attr-defined]
    taken: list[object] = []
    real, learning.later = learning.later, lambda *job: taken.append(job) or True  # type: ignore[assignment]
    try:
        for number in range(60):
            world.send(order(number))
    finally:
        learning.later = real
    assert 4 <= len(taken) <= 30, "about one in four"


@pytest.mark.django_db(transaction=True)
def test_what_was_counted_is_brought_to_the_rows_when_no_more_mail_comes(world: World, settings: object) -> None:
    settings.ATESAKI_LEARN_EVERY = 16  # type: ignore[attr-defined]
    world.policy(mode="observe")
    for number in range(3):
        world.send(order(number))
    deadline = time.monotonic() + 10
    while Template.objects.get().mails < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_another_holds_costs_half_a_second_and_no_mail(world: World) -> None:
    """A process that was stopped in the middle of its transaction must not stop everybody's mail."""
    world.policy(mode="observe")
    world.send(order())
    store._known[world.service.pk].looked = -1_000.0  # what is counted next is brought to the row at once
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Template.objects.select_for_update())
            held.set()
            over.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(10)
        began = time.monotonic()
        store._known[world.service.pk].counted = store._MAILS
        assert world.send(order(2)).outcomes == (Outcome.DELIVER,)
        assert 0.4 < time.monotonic() - began < 4
        assert Line.objects.latest("pk").state == "settled" and len(world.orders()) == 2
    finally:
        over.set()
        thread.join(10)


@pytest.mark.django_db(transaction=True)
def test_learning_afterwards_fails_nothing_and_drops_what_it_has_no_room_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    done: list[learning.Looked] = []

    def wait(found: learning.Looked) -> None:
        done.append(found)
        assert go.wait(10)
        raise RuntimeError("a bug in who asked")

    taken = [learning.later(world.service, order(number), who(number), wait) for number in range(looking._QUEUE + 5)]
    assert taken.count(True) in (looking._QUEUE, looking._QUEUE + 1) and not taken[-1]
    assert not learning.later(world.service, b"x" * 2_000_000, who(1), wait), "nor for a mail of two million octets"
    go.set()
    looking._jobs.join()
    assert len(done) == taken.count(True), "an error of one ended none of the others"
    gate.drive()
