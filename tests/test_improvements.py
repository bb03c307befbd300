"""The register of improvements: who asked is told once, and their address is kept no longer than that needs."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.db import connection
from django.test import Client

from atesaki import clock, desk, gate, keys, tasks
from atesaki.desk import Case, agents, improvements
from atesaki.desk.agents import Role
from atesaki.desk.improvements import ImprovementError
from atesaki.models import Departure, Improvement, Mailbox, Step, Wish
from atesaki.tenants import add_service
from tests.mori import freed, later
from tests.test_desk import at_work, hired, text_of
from tests.world import HANA, SECRETS, World

WISH = "会員登録のときに確認のメールを送ってほしい"
PUBLIC = "会員登録の際に、メールアドレスの確認を必ずお願いする仕組みにいたしました。"


@pytest.fixture
def case(world: World) -> Case:
    return freed(world)


@pytest.fixture
def sakura(world: World) -> agents.Agent:
    return hired("sakura", Role.SUPERVISOR).agent


def wished(case: Case, sakura: agents.Agent, *, tell: bool = True, lang: str = "ja") -> tuple[Wish, Improvement]:
    wish = desk.wish_for(case, WISH, lang, tell=tell)  # type: ignore[arg-type]
    made = improvements.open_improvement(case.organisation, "確認メール", PUBLIC, sakura)
    improvements.gather(wish, made, sakura)
    return wish, made


def told(world: World) -> list[EmailMessage]:
    """The mails about an improvement that reached Hana."""
    gate.drive()
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in world.delivered()]
    return [mail for mail in mails if "改善番号" in mail["Subject"] or "improvement" in mail["Subject"]]


def dump() -> str:
    """Every row of every table of ours, as text and as hexadecimal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename ~ '^(atesaki|procrastinate)'")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("state", ["shipped", "declined"])
def test_who_asked_is_told_after_the_erasure_and_the_address_goes_with_it(
    world: World, case: Case, sakura: agents.Agent, state: str, lang: str
) -> None:
    wish, made = wished(case, sakura, lang=lang)
    desk.withdrawn(case, "service")
    desk.due()
    assert not Mailbox.objects.exists(), "the story's end: the address is erased"
    assert improvements.change(made, state, sakura) == 1
    wish.refresh_from_db()
    assert wish.told is not None and wish.sealed_address is None
    mails = told(world)
    assert [mail["To"] for mail in mails] == [HANA]
    text = mails[0].get_body(("plain",)).get_content()
    assert PUBLIC in text and str(made.pk) in mails[0]["Subject"]
    assert ("実施いたしました" in text or "now in place" in text) == (state == "shipped")
    assert ("見送る" in text or "not to go ahead" in text) == (state == "declined")
    assert PUBLIC in mails[0].get_body(("html",)).get_content()
    assert not any(secret in mails[0].as_string() + text for secret in SECRETS)
    assert case.number not in text and WISH not in text
    assert not Departure.objects.exists() and HANA not in dump() and HANA.encode().hex() not in dump()
    assert Step.objects.filter(case=case, what="wish_told", number=made.pk).count() == 1


def test_nobody_is_told_twice(world: World, case: Case, sakura: agents.Agent) -> None:
    _, made = wished(case, sakura)
    assert improvements.change(made, "shipped", sakura) == 1
    assert improvements.tell_wishers(made) == 0
    assert improvements.due() == 0
    with pytest.raises(ImprovementError, match="ended"):
        improvements.change(made, "shipped", sakura)
    with pytest.raises(ImprovementError, match="ended"):
        improvements.change(made, "considered", sakura)
    assert len(told(world)) == 1


def test_only_who_wants_to_be_told_is(world: World, case: Case, sakura: agents.Agent) -> None:
    wish, made = wished(case, sakura, tell=False)
    assert improvements.change(made, "shipped", sakura) == 0
    wish.refresh_from_db()
    assert wish.told is None and told(world) == []


def test_an_improvement_that_has_not_ended_tells_nobody(world: World, case: Case, sakura: agents.Agent) -> None:
    wish, made = wished(case, sakura)
    assert improvements.change(made, "planned", sakura) == 0
    assert improvements.tell_wishers(made) == 0 and improvements.due() == 0
    wish.refresh_from_db()
    assert wish.sealed_address is not None


def test_a_crash_between_the_end_and_the_telling_is_made_good(
    world: World, case: Case, sakura: agents.Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, made = wished(case, sakura)

    def falls(*_: object, **__: object) -> bool:
        raise RuntimeError("the machine stops")

    with monkeypatch.context() as broken:
        broken.setattr(gate, "correspond", falls)
        with pytest.raises(RuntimeError):
            improvements.change(made, "shipped", sakura)
    wish.refresh_from_db()
    assert (wish.told, wish.sealed_address is None) == (None, False), "nothing was done by halves"
    done = tasks.everything_due()
    assert done["wishes_told"] == 1
    assert len(told(world)) == 1


def test_a_wish_put_to_what_has_ended_is_told_by_the_worker(world: World, case: Case, sakura: agents.Agent) -> None:
    _, made = wished(case, sakura)
    improvements.change(made, "shipped", sakura)
    second = desk.wish_for(case, "同じ要望", "ja", tell=True)
    assert improvements.gather(second, made, sakura)
    tasks.everything_due()
    assert len(told(world)) == 2
    second.refresh_from_db()
    assert not improvements.gather(second, made, sakura), "who was told stays where they were told"


def test_an_address_that_waits_goes_after_400_days(
    world: World, case: Case, sakura: agents.Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, made = wished(case, sakura)
    later(monkeypatch, days=399)
    assert improvements.forget() == 0
    later(monkeypatch, days=2)
    assert improvements.forget() == 1
    wish.refresh_from_db()
    assert wish.sealed_address is None and wish.told is None
    assert improvements.change(made, "shipped", sakura) == 0, "the row stays to be counted, and tells nobody"


def test_a_seal_that_does_not_open_stops_no_other(world: World, case: Case, sakura: agents.Agent) -> None:
    wish, made = wished(case, sakura)
    Wish.objects.filter(pk=wish.pk).update(sealed_address=b"broken" * 10)
    other = desk.wish_for(case, "もう一つの要望", "ja", tell=True)
    improvements.gather(other, made, sakura)
    assert improvements.change(made, "shipped", sakura) == 1
    wish.refresh_from_db()
    assert wish.told is None and wish.sealed_address is not None, "the right key may come back from a backup"


@pytest.mark.parametrize(
    ("title", "public", "slug"),
    [("", "", "title"), (" \n ", "", "title"), ("x" * 201, "", "title"), ("ok", "x" * 501, "long")],
)
def test_what_cannot_be_entered(world: World, sakura: agents.Agent, title: str, public: str, slug: str) -> None:
    with pytest.raises(ImprovementError) as raised:
        improvements.open_improvement(world.service.organisation, title, public, sakura)
    assert raised.value.slug == slug and not Improvement.objects.exists()


def test_an_end_needs_words_for_who_asked(world: World, case: Case, sakura: agents.Agent) -> None:
    made = improvements.open_improvement(case.organisation, "確認メール", "", sakura)
    with pytest.raises(ImprovementError, match="public"):
        improvements.change(made, "shipped", sakura)
    assert improvements.change(made, "shipped", sakura, PUBLIC) == 0
    assert (made.public, made.state, made.ended is not None) == (PUBLIC, "shipped", True)


def test_another_organisation_has_no_hand_in_it(world: World, case: Case, sakura: agents.Agent) -> None:
    wish, made = wished(case, sakura)
    add_service("本屋", organisation="うみ書店", locale="ja", mode="enforce", sender="shop@books.example")
    umi = hired("umi", Role.SUPERVISOR, organisation="うみ書店")
    with pytest.raises(ImprovementError, match="stranger"):
        improvements.change(made, "shipped", umi.agent)
    theirs = improvements.open_improvement(umi.agent.organisation, "別の改善", "", umi.agent)
    with pytest.raises(ImprovementError, match="stranger"):
        improvements.gather(wish, theirs)
    client = at_work(umi)
    shown = text_of(client.get("/desk/improvements"))
    assert WISH not in shown and "確認メール" not in shown and "別の改善" in shown
    assert client.post(f"/desk/improvements/{made.pk}", {"state": "shipped", "public": "x"}).status_code == 404
    assert client.post(f"/desk/improvements/wish/{wish.pk}/gather", {"to": theirs.pk}).status_code == 404


# -- the page -----------------------------------------------------------------------------------------------------


def test_the_whole_way_on_the_page(world: World, case: Case) -> None:
    wish = desk.wish_for(case, WISH, "ja", tell=True)
    client: Client = at_work(hired("sakura", Role.SUPERVISOR))
    shown = text_of(client.get("/desk/improvements"))
    assert WISH in shown and case.number in shown and "お知らせを希望" in shown and HANA not in shown
    assert client.post("/desk/improvements", {"title": "確認メール", "public": ""}).status_code == 302
    made = Improvement.objects.get()
    wrong = client.post(f"/desk/improvements/wish/{wish.pk}/gather", {"to": ""})
    assert wrong.status_code == 422 and "改善を選んでください" in text_of(wrong)
    assert client.post(f"/desk/improvements/wish/{wish.pk}/gather", {"to": made.pk}).status_code == 302
    empty = client.post(f"/desk/improvements/{made.pk}", {"state": "shipped", "public": ""})
    assert empty.status_code == 422 and "お知らせの文を入力してください" in text_of(empty)
    shown = text_of(client.post(f"/desk/improvements/{made.pk}", {"state": "shipped", "public": PUBLIC}))
    assert PUBLIC in shown and "日本語のメール(1通)" in shown and HANA not in shown
    made.refresh_from_db()
    assert made.state == "considered" and told(world) == [], "a preview sends nothing"
    sure = {"state": "shipped", "public": PUBLIC, "sure": "1"}
    assert client.post(f"/desk/improvements/{made.pk}", sure)["Location"] == "/desk/improvements?done=1"
    assert len(told(world)) == 1
    assert client.post(f"/desk/improvements/{made.pk}", sure).status_code == 422, "pressed twice, mailed once"
    assert len(told(world)) == 1
    assert "お知らせ済み1件" in text_of(client.get("/desk/improvements?done=1"))


def test_what_was_typed_stays(world: World) -> None:
    client = at_work(hired("sakura", Role.SUPERVISOR))
    answer = client.post("/desk/improvements", {"title": "", "public": "書きかけの文"})
    assert answer.status_code == 422 and "書きかけの文" in text_of(answer)


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("supervisor", 200), ("privacy", 200)])
def test_who_keeps_the_register(world: World, role: str, status: int) -> None:
    assert at_work(hired(role=role)).get("/desk/improvements").status_code == status


def test_the_wish_is_sealed_for_its_row(world: World, case: Case, sakura: agents.Agent) -> None:
    wish, _ = wished(case, sakura)
    assert improvements.words_of(wish) == WISH
    other = desk.wish_for(case, "x", "ja", tell=False)
    Wish.objects.filter(pk=other.pk).update(text=bytes(wish.text))
    other.refresh_from_db()
    assert improvements.words_of(other) is None
    assert wish.at <= clock.now() + timedelta(seconds=1) and keys.ring()
