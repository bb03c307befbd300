"""What is learnt while mails pass: no content of them, and no mail is lost or late because of it."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from atesaki import addresses, clock, content, gate, learning, notme, ownership
from atesaki.gate import Outcome
from atesaki.learning import looking, store
from atesaki.models import Hold, Key, Knowledge, Line, Template
from tests import leaks
from tests.test_templates import LETTER, ORDER, PHONE, SHIPPED, mail, message
from tests.world import HANA, KEN_LIVES_AT, SECRETS, World, order


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


def test_five_recipients_make_the_shops_lines_known_and_sixteen_the_templates_name(world: World) -> None:
    see(world, 1, 2, 3, 4)
    assert not learning.fixed(world.service, mail(ORDER, 9))(PHONE)
    see(world, 5)
    assert learning.fixed(world.service, mail(ORDER, 9))(PHONE)
    (row,) = learning.templates(world.service.organisation)
    assert row.name == "" and row.missing == []
    see(world, *range(6, 17))
    (row,) = learning.templates(world.service.organisation)
    assert row.name == f"【はなスーパー】{ORDER} …"
    Template.objects.update(name="大島 健太郎 様 のご注文")  # as an earlier version may have kept it
    see(world, 17)
    assert learning.templates(world.service.organisation)[0].name == f"【はなスーパー】{ORDER} …"


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
        world.send(order(number, to=f"someone{number % 17}@example.jp"), f"someone{number % 17}@example.jp")
    learning.flush()
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text, sketch FROM atesaki_template t")
        rows = cursor.fetchall()
    assert rows
    dump = b"\n".join(text.encode() + b"\n" + zlib.decompress(bytes(sketch)[1:]) for text, sketch in rows)
    assert (
        leaks.found(b"\n" + dump, [*SECRETS, "someone1@example.jp", "someone1", "ご注文ありがとうございます"]) == set()
    )
    assert Template.objects.get().name == "ご注文の確認", "the subject is the shop's: seventeen have had it"
    digests = [ownership.digest(addresses.parse(f"someone{number}@example.jp")) for number in range(17)]
    assert not any(digest[:8] in dump for digest in digests), "nor what the ledger knows an address by"


def test_the_name_of_a_recipient_is_never_a_templates_name(world: World) -> None:
    for number in range(30):
        reading = message(f"{number}\nご注文ありがとうございます。\n明日お届けします。", "大島 健太郎様 ご注文の確認")
        learning.see(world.service, reading, who(number % 4))
        row = learning.templates(world.service.organisation)[0]
        assert row.name == ""


def _dump() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text, sketch FROM atesaki_template t")
        return b"\n".join(text.encode() + b"\n" + zlib.decompress(bytes(sketch)[1:]) for text, sketch in cursor)


@pytest.mark.parametrize("subject", ["大島 健太郎 様 のご注文", "大島 健太郎", "大島健太郎", "Kentaro Oshima"])
def test_one_customers_data_sent_to_thirty_mailboxes_is_in_no_row(world: World, subject: str) -> None:
    for number in range(30):
        text = f"{subject}\n大島 健太郎 様\n〒{KEN_LIVES_AT}\n千葉県船橋市本町9丁目99番9号\n090-0000-0001\n"
        learning.see(world.service, message(text, subject), who(number))
    learning.flush()
    assert Template.objects.get().mails == 30
    assert leaks.found(b"\n" + _dump(), [*SECRETS, "健太郎", "Kentaro", "Oshima", "大島健太郎"]) == set()


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
    assert time.monotonic() - began < 4.5
    line = Line.objects.get(kind="mail")
    assert line.personal == {"unreadable": 1} and line.state != "leaving"
    assert outcome is (Outcome.DELIVER if mode == "observe" else Outcome.SUBSTITUTE)
    assert Hold.objects.count() == (mode == "enforce") and len(world.orders()) == (mode == "observe")


def test_so_many_hanging_readers_do_not_become_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = threading.Event()
    monkeypatch.setattr(looking.content, "read", lambda mail, **_: ends.wait(10))
    others = [thread for thread in threading.enumerate() if thread.name == "look"]  # of earlier tests
    try:
        for _ in range(looking._AT_ONCE + 3):
            assert learning.look(world.service, order(), who(1), 0.02).kinds == {"unreadable": 1}
        mine = [thread for thread in threading.enumerate() if thread.name == "look" and thread not in others]
        assert len(mine) <= looking._AT_ONCE
    finally:
        ends.set()
    monkeypatch.undo()
    deadline = time.monotonic() + 30
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


@pytest.mark.parametrize("mode", ["observe", "enforce"])
@pytest.mark.parametrize("broken", ["fixed", "see", "skeleton"])
def test_any_error_in_learning_changes_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, mode: str, broken: str
) -> None:
    """An exception after the hand-over was a 451, and the sender's second mail a double."""
    world.policy(mode=mode)
    monkeypatch.setattr(store, broken, _fail)
    assert world.send(order()).outcomes == (Outcome.DELIVER if mode == "observe" else Outcome.SUBSTITUTE,)
    assert len(world.orders()) == (mode == "observe") and not Line.objects.filter(state="leaving").exists()


def test_a_mail_is_answered_when_what_was_read_cannot_be_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from atesaki.gate import ledger

    world.policy(mode="observe")
    monkeypatch.setattr(ledger, "read", _fail)
    assert world.send(order()).outcomes == (Outcome.DELIVER,) and len(world.orders()) == 1
    line = Line.objects.get()
    assert (line.state, line.outcome, line.personal) == ("settled", "deliver", None), "not looked at counts as personal"


def _no_threads(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == name:
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)


def test_a_thread_that_cannot_be_had_takes_no_slot_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        _no_threads(full, "look")
        for _ in range(looking._AT_ONCE + 1):
            assert learning.look(world.service, order(), who(1), 0.05).kinds == {"unreadable": 1}
    assert "unreadable" not in learning.look(world.service, order(), who(1)).kinds


@pytest.mark.parametrize("proved", [True, False])
def test_a_learning_thread_that_cannot_be_had_costs_no_mail(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: object, proved: bool
) -> None:
    settings.ATESAKI_LEARN_EVERY = 1  # type: ignore[attr-defined]
    if proved:
        _prove(world)
    else:
        world.policy(mode="observe")
    with monkeypatch.context() as full:
        _no_threads(full, "learning")
        assert world.send(order()).outcomes == (Outcome.DELIVER,) and len(world.orders()) == 1
        assert looking._thread is None
    while not looking._jobs.empty():
        looking._jobs.get()
        looking._jobs.task_done()


def test_of_a_huge_mail_a_part_is_looked_at_and_the_rest_is_told_as_unreadable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[content.Reading] = []
    real = content.findings

    def findings(reading: content.Reading, **_: object) -> content.Findings:
        seen.append(reading)
        return real(content.read(order(), limits=content.Limits(text=100)))

    monkeypatch.setattr(looking.content, "findings", findings)
    head = order(1).split(b"\r\n\r\n")[0]
    found = learning.look(world.service, head + b"\r\n\r\n" + "あいう\r\n".encode() * 100_000, who(1), 10)
    assert 100_000 < len(seen[0].text) < 201_000 and seen[0].unreadable
    assert found.personal != "no" and found.kinds["unreadable"]


def test_eight_monsters_take_no_question_from_a_mail_that_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they hang in the search, whatever their size, or in the reading, when they are large."""
    ends = threading.Event()
    huge = order(1) + b"x" * looking._LARGE
    real_findings, real_read = content.findings, content.read
    monkeypatch.setattr(looking.content, "findings", lambda *_, **__: ends.wait(20))
    monkeypatch.setattr(looking, "LOOK_SECONDS", 1.5)
    try:
        for number in range(looking._AT_ONCE):
            learning.look(world.service, order(number), who(number), 0.5)
        with monkeypatch.context() as reading:
            reading.setattr(looking.content, "read", lambda *_, **__: ends.wait(20))
            for number in range(looking._AT_ONCE):
                learning.look(world.service, huge, who(number), 0.05)
        monkeypatch.setattr(looking.content, "findings", real_findings)
        assert looking.content.read is real_read
        began = time.monotonic()
        assert world.send(order(2)).outcomes == (Outcome.SUBSTITUTE,)
        assert time.monotonic() - began < 9, "it waited for the monsters"
        assert Knowledge.objects.exists()
        assert Line.objects.get(kind="mail").personal == {"unreadable": 1}
    finally:
        ends.set()


# -- and nobody waits for our reading ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_not_me_does_not_wait_while_a_mail_is_read(world: World, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """L5: under a second. What is read meanwhile and may not be kept is destroyed by who kept it."""
    with transaction.atomic():
        claim = ownership.claim(world.service, addresses.parse(HANA), "")
    token = ownership.issue(claim, ownership.Purpose.NOT_ME, clock.now() + timedelta(days=9))
    world.policy(mode=mode)
    reads, over = threading.Event(), threading.Event()
    real, outcomes = looking.content.read, []

    def read(*given: object, **more: object) -> content.Reading:
        reads.set()
        over.wait(10)
        return real(*given, **more)  # type: ignore[arg-type]

    def send() -> None:
        try:
            outcomes.append(world.send(order()).outcomes[0])
        finally:
            connection.close()

    monkeypatch.setattr("atesaki.gate.holds._READ_SECONDS", 9.0)
    monkeypatch.setattr(learning, "LOOK_SECONDS", 9.0)
    monkeypatch.setattr(looking.content, "read", read)
    thread = threading.Thread(target=send)
    thread.start()
    try:
        assert reads.wait(10)
        began = time.monotonic()
        freed = notme.report(token)
        took = time.monotonic() - began
        before = len(world.delivered())
    finally:
        over.set()
        thread.join(20)
    assert freed is not None and not freed.still_leaving and took < 8  # of the ten that reading lasts
    gate.drive()
    assert len(world.delivered()) == before == (mode == "observe")
    assert outcomes == [Outcome.DELIVER if mode == "observe" else Outcome.REFUSE]
    assert not Hold.objects.exists() and not Key.objects.exists()
    assert not Line.objects.filter(state="leaving").exists()
    assert bool(Line.objects.get(kind="mail").personal), "it was read all the same"


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
        text = f"本日{number}日分の控えです。\r\n\r\n電話 047-000-0000\r\n〒273-0005 船橋市本町1-1-1\r\n"
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
    deadline = time.monotonic() + 30
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
        assert 0.4 < time.monotonic() - began < 15
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
