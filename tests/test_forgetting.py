"""400 days after its end a case is gone with everything kept with it; what refuses its address stays (L8)."""

from __future__ import annotations

import pytest
from django.db import connection

from atesaki import addresses, clock, desk, gate, keys, notme, ownership, tasks
from atesaki.desk import ends, improvements
from atesaki.models import (
    Assessment,
    Case,
    Contact,
    Improvement,
    Letter,
    Mailbox,
    Mention,
    Message,
    Note,
    Reporter,
    Step,
    Wish,
)
from tests import canary, mori
from tests.test_inquiries import dump
from tests.world import HANA, World, order

KEPT_WITH_IT = (Assessment, Contact, Letter, Mention, Message, Note, Reporter, Step)


def worker_is_done() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def case(world: World, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Stuffed with everything that may hang on a case, and closed."""
    mori.at(monkeypatch, "2026-11-18T14:00")
    found, _, _ = canary.stuffed(world)
    desk.mentions.mention(Note.objects.get(), found, mori.mori(world), f"@{canary.AGENT}")
    Wish.objects.all().delete()
    desk.withdrawn(found, "service")
    found = desk.by_pk(found.pk)
    desk.write(found, "in", "page", "終わったあとの便り44")
    pk = keys.uuid7()
    Note.objects.create(id=pk, case=found, agent=mori.mori(world).user, at=clock.now(), text=b"x")
    return found


def test_a_closed_case_goes_as_a_whole_after_400_days(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_is_done()
    mori.later(monkeypatch, days=399)
    tasks.everything_due()
    assert Case.objects.filter(pk=case.pk).exists() and case.number in dump(), "the search would find it"
    mori.later(monkeypatch, days=2)
    assert tasks.everything_due()["tidied"] > 0
    worker_is_done()
    assert not Case.objects.filter(pk=case.pk).exists()
    for rows in KEPT_WITH_IT:
        assert not rows.objects.exists(), rows.__name__
    left = dump()
    for trace in (case.number, str(case.pk), HANA, "終わったあとの便り44"):
        assert trace not in left
    assert tasks.everything_due()["tidied"] == 0


def test_what_is_forgotten_is_refused_all_the_same_and_typed_again_leaves_no_trace(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    mori.later(monkeypatch, days=401)
    tasks.everything_due()
    assert not Case.objects.exists()
    before = len(world.delivered())
    assert world.send(order(9), HANA).outcomes == (gate.Outcome.REFUSE,)
    ownership.claim(world.service, addresses.parse(HANA), "ANOTHER")
    gate.drive()
    assert len(world.delivered()) == before and Mailbox.objects.exists()
    tasks.everything_due()
    assert not Mailbox.objects.exists() and HANA not in dump()


def test_an_open_case_however_old_and_one_that_somebody_waits_on_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mori.at(monkeypatch, "2026-11-18T14:00")
    waits = mori.freed(world)
    desk.wish_for(waits, "確認のメールを送ってほしい", "ja", tell=True)
    desk.withdrawn(waits, "service")
    mori.later(monkeypatch, days=200)
    open_ = case_of(world)
    mori.later(monkeypatch, days=199)
    assert ends.forget_old() == 0
    mori.later(monkeypatch, days=500)
    assert ends.forget_old() == 0
    assert Case.objects.filter(pk=waits.pk).exists() and Case.objects.filter(pk=open_.pk).exists()
    improvement = Improvement.objects.create(organisation=waits.organisation, title="x", created=clock.now())
    wish = Wish.objects.get()
    improvements.gather(wish, improvement)
    improvements.change(improvement, "shipped", mori.mori(world), "入力のときに確認のメールを送るようにしました。")
    assert Wish.objects.get().told is not None, "who asked is told, long after"
    assert ends.forget_old() > 0
    assert not Case.objects.filter(pk=waits.pk).exists() and Case.objects.filter(pk=open_.pk).exists()
    assert Wish.objects.get().case is None, "the wish stays to be counted"


def case_of(world: World) -> Case:
    world.send(order(8, to="sora@example.jp"), "sora@example.jp")
    gate.drive()
    mail = [mail for mail in world.notices() if mail["To"] == "sora@example.jp"][-1]
    freed = notme.report(world.tokens(mail)[1])
    assert freed is not None and freed.case is not None
    return freed.case


def test_one_whose_address_is_still_to_be_erased_is_not_forgotten(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    Case.objects.filter(pk=case.pk).update(erased=None)
    mori.later(monkeypatch, days=401)
    assert ends.forget_old() == 0
    tasks.everything_due()
    assert not Case.objects.exists(), "erased in the same turn, and then forgotten"
