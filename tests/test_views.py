"""Who is named in a note finds the case in a view of their own, until they have looked; and views one makes oneself."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from atesaki import desk
from atesaki.desk import mentions, work
from atesaki.desk.agents import Role
from atesaki.models import Case, Mention, SavedView
from atesaki.tenants import add_service
from tests import mori
from tests.test_desk import moved, said_not_me, text_of, url  # noqa: F401 - a fixture
from tests.world import World


def count(client: Client, view: str) -> int:
    page = client.get("/desk/?view=open").content.decode()
    return int(re.search(rf'view={view}".*?class="count[^"]*">(\d+)<', page, re.S)[1])  # type: ignore[index]


# -- mentions -------------------------------------------------------------------------------------------------------


def test_a_name_in_a_note_puts_the_case_into_their_view_until_they_have_looked(world: World) -> None:
    case = said_not_me(world)
    writes, kida = mori.at_desk(mori.mori(world)), mori.at_desk(mori.mori(world, "kida"))
    assert "kida" in text_of(writes.get(url("case", case))), "who may be named is said"
    writes.post(url("note", case), {"text": "@kida 電話をお願いします。@mori は外出します。"})
    assert count(kida, "mentioned") == 1 and count(writes, "mentioned") == 0, "nobody is told of themselves"
    assert case.number in text_of(kida.get("/desk/?view=mentioned"))
    page = kida.get(url("case", case))
    assert "moriさんが、内部メモであなたに知らせています" in text_of(page)
    assert count(kida, "mentioned") == 1, "GET changes nothing"
    assert kida.post(url("mention_seen", case)).status_code == 302, "without a script, by a press"
    assert count(kida, "mentioned") == 0
    assert "知らせた人: kida" in text_of(writes.get(url("case", case)))
    writes.post(url("note", case), {"text": "@kida もう一度お願いします。"})
    assert count(kida, "mentioned") == 1
    kida.post(url("presence", case))
    assert count(kida, "mentioned") == 0, "with one, by the page being open"


NAMED = [
    ("@mori", ["mori"]),
    ("＠ｍｏｒｉさん、どうぞ", ["mori"]),
    ("お願い@MORI。", ["mori"]),
    ("@morita と @mori", ["mori", "morita"]),
    ("@morita", ["morita"]),
    ("@森 花子さん", ["森 花子"]),
    ("@森さん", ["森"]),
    ("umi@mori.example へ", []),
    ("u.m.i+x@mori", []),
    ("@moriko", []),
    ("@nobody @ mori", []),
]


def test_a_name_is_read_whole_and_no_address_is_one(world: World) -> None:
    house = [mori.mori(world, name) for name in ("mori", "morita", "森", "森 花子")]
    for text, names in NAMED:
        assert [agent.user.get_username() for agent in mentions.named(text, house)] == names, text


def test_only_who_may_open_the_case_is_named(world: World) -> None:
    case = said_not_me(world)
    other = add_service("別の店", organisation="別の会社", locale="ja", mode="enforce", sender="x@x.example").service
    mori.mori(world, "kanri", Role.ADMINISTRATOR)
    mori.mori(world, "yoso", house=other.organisation)
    mori.mori(world, "hayashi", Role.PRIVACY)
    mori.at_desk(mori.mori(world)).post(url("note", case), {"text": "@kanri @yoso @hayashi"})
    assert list(Mention.objects.values_list("agent__username", flat=True)) == ["hayashi"]


def test_a_mention_goes_with_its_note(world: World) -> None:
    case = said_not_me(world)
    mori.mori(world, "kida")
    mori.at_desk(mori.mori(world)).post(url("note", case), {"text": "@kida"})
    desk.corrected(case, "service")
    assert not Mention.objects.exists()


# -- views of one's own ---------------------------------------------------------------------------------------------


@pytest.fixture
def cases(world: World, moved) -> list[Case]:  # noqa: F811
    made = [said_not_me(world, number, f"hana{number}@example.jp") for number in (1, 2, 3)]
    for case, number in zip(made, ("K7Q2-0001", "K7Q2-0002", "ZZZZ-0003"), strict=True):
        Case.objects.filter(pk=case.pk).update(number=number)
    moved(days=4)
    made.append(said_not_me(world, 4, "hana4@example.jp"))
    Case.objects.filter(pk=made[3].pk).update(number="K7Q2-0004")
    Case.objects.filter(pk=made[1].pk).update(state="awaiting")
    return made


CUT: list[tuple[dict[str, object], list[str]]] = [
    ({}, ["K7Q2-0001", "K7Q2-0002", "K7Q2-0004", "ZZZZ-0003"]),
    ({"state": ["awaiting"]}, ["K7Q2-0002"]),
    ({"state": ["awaiting", "reaching"], "number": "k7q2"}, ["K7Q2-0001", "K7Q2-0002", "K7Q2-0004"]),
    ({"older": "3"}, ["K7Q2-0001", "K7Q2-0002", "ZZZZ-0003"]),
    ({"older": "３", "number": "ＺＺ"}, ["ZZZZ-0003"]),
    ({"who": "nobody", "number": "0004"}, ["K7Q2-0004"]),
    ({"who": "me"}, []),
    ({"who": "kida"}, ["ZZZZ-0003"]),
    ({"number": "-0001"}, ["K7Q2-0001"]),
]
WRONG = [
    ({"older": "long"}, "0から999まで"),
    ({"older": "1000"}, "0から999まで"),
    ({"number": "海"}, "英数字とハイフン"),
    ({"number": "K7Q2-00010"}, "英数字とハイフン"),
    ({"state": "lost"}, "一覧にない項目"),
    ({"service": "999999"}, "一覧にない項目"),
]


def test_a_filter_cuts_by_what_was_chosen(world: World, cases: list[Case]) -> None:
    client, kida = mori.at_desk(mori.mori(world)), mori.mori(world, "kida")
    desk.work.take(desk.by_pk(cases[2].pk), kida)
    for query, numbers in CUT:
        page = client.get("/desk/", {"filter": "1", **query}).content.decode()
        assert sorted(set(re.findall(r'class="number" href="[^"]*">([\w-]+)<', page))) == numbers, query


def test_a_filter_that_cannot_be_says_why_and_keeps_what_was_typed(world: World) -> None:
    client = mori.at_desk(mori.mori(world))
    for query, sentence in WRONG:
        answer = client.get("/desk/", {"filter": "1", **query})
        assert answer.status_code == 422 and sentence in text_of(answer), query
        if "older" in query or "number" in query:
            assert next(iter(query.values())) in answer.content.decode()


def test_a_view_is_kept_under_a_name_beside_the_shared_ones_for_its_agent_alone(
    world: World, cases: list[Case]
) -> None:
    client, kida = mori.at_desk(mori.mori(world)), mori.at_desk(mori.mori(world, "kida"))
    given = {"state": ["reaching"], "older": "3", "number": "K7", "name": "古い 件"}
    kept = client.post("/desk/views", given)
    view = re.search(r"view=(own-\d+)", kept["Location"])[1]  # type: ignore[index]
    shown = client.get(kept["Location"])
    assert "K7Q2-0001" in text_of(shown) and "K7Q2-0002" not in text_of(shown)
    assert "自分の一覧 古い 件 1" in text_of(shown)
    assert count(client, view) == 1
    assert "古い 件" not in text_of(kida.get(f"/desk/?view={view}")), "another's is none: their own first view"
    assert kida.post(f"/desk/views/{view}/remove").status_code == 404
    row = client.get(f"/desk/case/K7Q2-0001?view={view}")
    assert row.status_code == 200 and f"?view={view}" in row.content.decode()
    client.post("/desk/views", {**given, "older": "0"})
    assert SavedView.objects.get().older == 0, "the same name is the same view"
    assert client.post(f"/desk/views/{view}/remove").status_code == 302 and not SavedView.objects.exists()


def test_a_name_is_asked_for_and_there_is_an_end_to_views(world: World) -> None:
    client = mori.at_desk(mori.mori(world))
    unnamed = client.post("/desk/views", {"name": " ", "number": "K7"})
    assert unnamed.status_code == 422 and "1文字以上40文字まで" in text_of(unnamed)
    assert 'value="K7"' in unnamed.content.decode()
    for number in range(work.MOST_VIEWS):
        assert client.post("/desk/views", {"name": f"一覧{number}"}).status_code == 302
    full = client.post("/desk/views", {"name": "もう一つ"})
    assert full.status_code == 422 and "12件まで" in text_of(full)


def test_the_counter_of_each_view_is_what_it_shows(world: World, cases: list[Case]) -> None:
    agent = mori.mori(world)
    for name, cut in (("a", work.Narrow(states=("awaiting",))), ("b", work.Narrow(number="K7Q2"))):
        work.save_view(agent, name, cut)
    counts = work.counts(agent)
    assert {name: counts[name] for name in counts} == {name: work.within(agent, name).count() for name in counts}
    assert sorted(counts[key] for key in work.saved(agent)) == [1, 3]
