"""The operator's pages of templates, of observing and of campaigns: their figures, who sees them, and what to do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from atesaki import campaigns, clock, content, gate, learning, observe, ownership
from atesaki.addresses import parse
from atesaki.desk.agents import Role
from atesaki.language import LANGUAGES
from atesaki.learning import store
from atesaki.models import Asked, Campaign, Line, Template
from atesaki.pages import operator_templates, plots, wording
from atesaki.tenants import Service, add_service, change_service
from tests.mori import at_desk, mori
from tests.test_desk import text_of
from tests.world import World

PAGES = ("/operator/templates", "/operator/observed", "/operator/campaigns")
ORDER = """\
From: Net Supermarket <shop@shop.example>
Subject: ご注文の確認
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

{family} {given} 様

ご注文ありがとうございます。

お届け先
〒273-{number:04}
千葉県船橋市本町{number}丁目{number}番9号
お電話番号 090-0000-{number:04}
"""
PEOPLE = [
    (family, given) for given in ("健太郎", "次郎", "花子", "一", "葵") for family in ("大島", "森", "佐藤", "鈴木")
]
SECRETS = ("大島", "健太郎", "花子", "273-0", "船橋市", "090-0000", "hana0", "hana1", "example.jp", "卵")
NEWS = """\
From: news@shop.example
Subject: {subject}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

今週のおすすめは卵です。
これは送信専用のメールです。
"""


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Each test begins as a process does, and leaves no counts behind."""
    store._known.clear()
    yield
    store._known.clear()


def news(subject: str = "今週のお知らせ") -> bytes:
    return NEWS.format(subject=subject).replace("\n", "\r\n").encode()


def ordered(number: int) -> bytes:
    """An order confirmation of one of many customers."""
    family, given = PEOPLE[number % len(PEOPLE)]
    return ORDER.format(family=family, given=given, number=number + 1).replace("\n", "\r\n").encode()


def observing(world: World, many: int = 6) -> None:
    """Orders to `many` customers, and news to half of them: nobody is proved, and all is only observed."""
    world.policy(mode="observe")
    for number in range(many):
        world.send(ordered(number), f"hana{number}@example.jp")
        if number % 2:
            world.send(news(), f"hana{number}@example.jp")
    learning.flush()
    orders = Line.objects.filter(personal__has_key="name").values("template")
    Template.objects.filter(pk__in=orders).update(name="ご注文の確認")  # as sixteen recipients and more would name it


def looking(world: World, role: str = Role.SUPERVISOR, language: str = "en") -> Client:
    agent = mori(world, role, role)
    agent.language = language
    agent.save()
    return at_desk(agent)


def other_house(mode: str = "observe") -> Service:
    return add_service("よその店", organisation="よその会社", locale="ja", mode=mode, sender="a@other.example").service


def rows_of(page: HttpResponse) -> list[str]:
    """The rows of the page's list, in words."""
    table = re.search(r'<table class="cards">.*?</table>', page.content.decode(), re.S)
    assert table
    found = re.findall(r"<tr>(.*?)</tr>", table[0].partition("<tbody>")[2], re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in found]


def table_of(page: HttpResponse, section: str) -> list[tuple[str, ...]]:
    """The rows of a section's first table."""
    html = page.content.decode()
    part = html[html.index(f'id="{section}"') :]
    body = part[part.index("<tbody>") : part.index("</tbody>")]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)]
    return [tuple(unescape(cell) for cell in row) for row in cells]


def commands_of(page: HttpResponse) -> list[str]:
    """What the page would have typed."""
    found = re.findall(r'<code class="long command">(.*?)</code>', page.content.decode(), re.S)
    return [unescape(re.sub(r"<[^>]+>", "", each)) for each in found]


# -- templates ------------------------------------------------------------------------------------------------------


def test_a_template_is_shown_with_what_it_carries_and_lacks(world: World) -> None:
    observing(world)
    page = looking(world).get(PAGES[0])
    first, second = observe.templates(world.service.organisation, 30)
    assert (first.mails, first.reached, first.personal) == (6, 6, 6)
    orders, others = rows_of(page)
    assert orders.startswith("ご注文の確認 ネットスーパー / shop.example")
    assert "A contact / Words for who never registered" in orders
    assert re.search(r"Reached, unproved 6 .* name 6 .* Mails 6 ", orders), orders
    for kind, many in first.kinds.items():
        assert f"{operator_templates.desk.leaks.kind_name(kind, 'en')} {many}" in orders
    assert "A sender with a name" in others and f"Mails {second.mails} " in others
    for secret in SECRETS:
        assert secret not in page.content.decode(), secret


def test_the_worst_come_first_and_the_list_is_narrowed(world: World) -> None:
    other = add_service(
        "ネットID", organisation="はな商事", locale="en", mode="observe", sender="id@id.example"
    ).service
    observing(world)
    quiet = World(other, world.maildir, world.smtp)
    quiet.send(news("Weekly").replace(b"news@shop", b"News <news@id").replace("送信専用".encode(), b""), "x@example.jp")
    client = looking(world)

    def names(query: str) -> list[str]:
        return [row.split(" / ")[0] for row in rows_of(client.get(f"{PAGES[0]}?{query}"))]

    unnamed = "(the subject's common words are not known yet) "
    every = ["ご注文の確認 ネットスーパー", f"{unnamed}ネットスーパー", f"{unnamed}ネットID"]
    assert names("") == every, "personal data to unproved addresses first, then what lacks most"
    assert names("show=leaking") == every[:1]
    assert names("show=missing") == every
    assert names(f"service={other.pk}") == every[2:]
    for nonsense in ("show=x", "service=0", "service=x", "days=-1", "days=%00", "page=9"):
        assert names(nonsense) == every, nonsense
    page = client.get(f"{PAGES[0]}?service={other.pk}&show=leaking")
    assert "No template fits" in text_of(page)
    assert re.findall(r'<span class="count[^"]*">(\d+)</span>', page.content.decode()) == ["1", "1", "0"]


def test_a_page_of_one_template_says_what_to_write(world: World, settings: object) -> None:
    settings.ATESAKI_PUBLIC_URL = "https://post.example"  # type: ignore[attr-defined]
    observing(world)
    orders, others = observe.templates(world.service.organisation, 30)
    client = looking(world)
    page = client.get(f"{PAGES[0]}/{orders.template}")
    html, text = page.content.decode(), text_of(page)
    assert "Points to mend: 3" in text and "Reached, unproved 6 addresses (of 6" in text
    open_ = [
        slug
        for slug, state in re.findall(r'<li class="sheet" id="(\w+)">\s*<h3><span class="state (\w+)"', html)
        if state == "overdue"
    ]
    assert open_ == ["personal", "contact", "not_me"]
    assert "https://post.example/ask/not-mine" in text and "お心当たりのない方は" in text, (
        "in the language of its mails"
    )
    assert '<pre lang="ja">' in html
    page = client.get(f"{PAGES[0]}/{others.template}?days=7")
    assert "Points to mend: 4" in text_of(page) and "Last 7 days: 3" in text_of(page)
    assert "From: ネットスーパー <support@shop.example>" in text_of(page)
    for wrong in (0, orders.template + 1_000, 10**30):
        assert client.get(f"{PAGES[0]}/{wrong}").status_code == 404
    for secret in SECRETS:
        assert secret not in html


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("slug", operator_templates.ITEMS)
def test_what_the_model_says_is_what_was_missing(world: World, slug: str, lang: str) -> None:
    """A developer who writes it as it stands must see the point go."""
    world.policy(locale=lang)
    said = operator_templates.model(slug, world.service, "shop.example")
    lines = said.split("\n")
    head = [line for line in lines if re.match(r"(From|Reply-To): ", line)]
    body = "\n".join(line for line in lines if line not in head)
    if not any(line.startswith("From") for line in head):
        head.append("From: no-reply@shop.example")

    def lacks(head: list[str], body: str) -> tuple[str, ...]:
        mail = "\n".join([*head, "Subject: x", "Content-Type: text/plain; charset=utf-8", "", body])
        return content.lacking(content.read(mail.encode()))

    assert slug in lacks(["From: no-reply@shop.example"], "卵 1点")
    assert slug not in lacks(head, body)


def test_every_item_has_its_words_in_both_languages() -> None:
    for lang in LANGUAGES:
        known = wording.catalogue(lang)
        for slug in ("personal", *operator_templates.ITEMS):
            for section in ("item", "do", "done", "model"):
                assert f"templates_{section}.{slug}" in known
        for slug in gate.REASONS:
            assert f"observed_reason.{slug}" in known
        for slug in ownership.Standing:
            assert f"observed_standing.{slug}" in known
        for outcome in gate.Outcome:
            assert f"observed_outcome.{outcome}" in known
        for state in Campaign.State:
            assert f"campaigns_state.{state}" in known and f"campaigns_do.{state}" in known


def test_a_hostile_name_is_only_text(world: World) -> None:
    observing(world, 1)
    evil = '"><script>alert(1)</script>\u202e{service}{{ 7 }}'
    Template.objects.update(name=evil, sender="<img src=x>.example")
    world.policy(mode="observe")
    client = looking(world)
    pk = Template.objects.get().pk
    for path in (PAGES[0], f"{PAGES[0]}/{pk}", PAGES[1]):
        html = client.get(path).content.decode()
        assert "<script>alert" not in html and "<img src=x" not in html
        assert "<bdi>&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u202e{service}{{ 7 }}</bdi>" in html, path


def test_a_name_of_a_service_is_quoted_in_commands(world: World) -> None:
    name = "Ken's $(shop) <b>"
    Service.objects.filter(pk=world.service.pk).update(name=name)
    world.service.refresh_from_db()
    observing(world, 1)
    page = looking(world).get(PAGES[1])
    assert len(commands_of(page)) == 4
    for command in commands_of(page):
        assert name in shlex.split(command)
    assert "<b>" not in page.content.decode()


# -- observing --------------------------------------------------------------------------------------------------------


def test_the_figures_are_the_reports(world: World) -> None:
    observing(world, 8)
    found = observe.report(world.service, 30)
    page = looking(world).get(PAGES[1])
    text = text_of(page)
    assert found.mails == 12 and found.waits and found.personal_mails == 8
    assert f"{found.waits} of {found.mails} mails" in text
    assert f"For {found.addresses_waiting} of {found.addresses} addresses" in text
    assert f"They reached {found.personal_addresses} unproved addresses" in text
    share = plots.percent(found.waits, found.mails)
    assert re.search(rf'id="waits".*?<p class="value">{share}</p>', page.content.decode(), re.S)
    name = operator_templates.desk.leaks.kind_name
    assert table_of(page, "personal") == [
        (name(each.kind, "en"), str(each.mails), str(each.addresses)) for each in found.kinds
    ]
    assert sum(int(row[1]) for row in table_of(page, "standings")) == found.addresses
    assert sum(int(row[1]) for row in table_of(page, "outcomes")) == found.mails
    assert table_of(page, "shares") == [
        (f"{each.percent}%", str(each.mails), str(each.addresses)) for each in found.shares
    ]
    assert [re.findall(r"Mails (\d+) .*Would wait (\d+) (\S+)", row)[0] for row in rows_of(page)] == [
        (str(each.mails), str(each.waits), plots.percent(each.waits, each.mails)) for each in found.templates
    ]
    assert Line.objects.filter(kind="mail").exclude(would="").count() == found.mails, "the report is of these"
    for secret in SECRETS:
        assert secret not in page.content.decode(), secret


def test_each_plot_draws_what_its_table_says(world: World) -> None:
    observing(world, 5)
    page = looking(world).get(PAGES[1])
    html = page.content.decode()
    for section in ("personal", "standings", "outcomes", "shares"):
        part = html[html.index(f'id="{section}"') :]
        drawn = part[part.index('<svg class="plot"') : part.index("<details>")]
        bars = re.findall(r'<text x="0"[^>]*>(.*?)</text><text x="360"[^>]*>(\d+)', drawn)
        rows = table_of(page, section)
        assert [(unescape(name), value) for name, value in bars] == [(row[0], row[1]) for row in rows], section


def test_the_next_step_is_a_command_with_the_services_name(world: World) -> None:
    observing(world, 2)
    client = looking(world)

    def commands() -> list[str]:
        return commands_of(client.get(PAGES[1]))

    name = shlex.quote("ネットスーパー")
    assert commands() == [
        f"atesaki import-claims claims.csv --service {name}",
        f"atesaki campaign start {name}",
        f"atesaki service set {name} --mode enforce --enforce-share 1",
        f"atesaki service set {name} --mode observe",
    ]
    world.policy(mode="enforce", enforce_share=5)
    assert f"atesaki service set {name} --mode enforce --enforce-share 20" in commands()
    assert "enforced for 5% of the addresses" in text_of(client.get(PAGES[1]))
    world.policy(enforce_share=100)
    assert not any("--enforce-share" in each for each in commands())
    assert commands()[-1] == f"atesaki service set {name} --mode observe", "back at any time"


def test_where_nothing_would_have_waited_nobody_need_be_asked(world: World) -> None:
    world.policy(mode="observe")
    claim = ownership.claim(world.service, parse("hana@example.jp"), "")
    ownership.attest(claim, "seen at the counter")
    world.send(ordered(1), "hana@example.jp")
    page = text_of(looking(world).get(PAGES[1]))
    assert "0 of 1 mails" in page and "Ask the other" not in page and "Enforce for 1%" in page


def test_a_service_that_may_be_switched_is_shown_first_and_any_can_be_chosen(world: World) -> None:
    other = add_service("ほかの店", organisation="はな商事", locale="ja", mode="observe", sender="o@o.example").service
    client = looking(world)

    def chosen(query: str = "") -> str:
        html = client.get(f"{PAGES[1]}?{query}").content.decode()
        return unescape(re.findall(r'<option value="\d+" selected>(.*?)</option>', html)[0])

    assert chosen() == "ほかの店 (only observed)"
    assert chosen(f"service={world.service.pk}") == "ネットスーパー (enforced for all addresses)"
    change_service("ほかの店", mode="enforce", enforce_share=100)
    world.policy(enforce_share=99)
    assert chosen() == "ネットスーパー (enforced for 99% of the addresses)"
    assert chosen(f"service={other_house().pk}") == chosen(), "another organisation's is not there"
    assert chosen(f"service={other.pk}") == "ほかの店 (enforced for all addresses)"


# -- campaigns --------------------------------------------------------------------------------------------------------


def campaign(service: Service, **given: object) -> Campaign:
    made = campaigns.start(service)
    Campaign.objects.filter(pk=made.pk).update(**given)
    return campaigns.find(str(made.pk))


def asked(made: Campaign, many: int) -> None:
    for number in range(many):
        to = parse(f"umi{number}@example.jp")
        claim = ownership.claim(made.service, to, f"U-{number}")
        Asked.objects.create(
            campaign=made,
            digest=claim.digest,
            claim=claim,
            line=claim.pk,
            at=clock.now(),
            returned=clock.now() if number % 3 == 0 else None,
        )


def test_a_campaign_is_shown_with_its_figures(world: World) -> None:
    made = campaign(world.service, passed_over={"asked_lately": 4, "disavowed": 2, "failed": 1}, state="paused")
    asked(made, 7)
    client = looking(world)
    assert "0 mailboxes" in text_of(client.get(PAGES[2])), "a page counts nothing: the worker does"
    Campaign.objects.update(counted=clock.now() - timedelta(minutes=1))
    campaigns.due()
    page = client.get(PAGES[2])
    counted = campaigns.figures(campaigns.find(str(made.pk)))
    assert (counted.asked, counted.returned, counted.silent) == (7, 3, 4)
    section = table_of(page, f"campaign-{made.pk}")
    assert [(row[0], row[1]) for row in section] == [
        ("Proved", "0"),
        ("A click alone, customer not proved", "0"),
        ("Nothing yet", "4"),
        ("Wished for no more mail", "0"),
        ("Mail came back", "3"),
        ('Said "not me"', "0"),
    ]
    text = text_of(page)
    assert f"7 mailboxes, about {counted.waiting} to go" in text
    assert f"{counted.returned_rate:.1%} (surely more than {counted.returned_bound:.1%}" in text
    assert "An error of ours: see the log, and ask them by another campaign: 1" in text
    assert "Asked within the last 14 days: 4" in text and 'Said "not me": 2' in text
    assert "umi0" not in text and "U-0" not in text


@pytest.mark.parametrize(
    ("state", "why", "said", "act"),
    [
        ("stopped", "not_me", "too many mailboxes said", "resume"),
        ("stopped", "returned", "too much mail came back", "resume"),
        ("paused", "", "Nobody is asked", "resume"),
        ("running", "", "Its mails go slowly", "pause"),
        ("done", "", "Every address has been looked at", ""),
        ("ended", "", "are not asked", ""),
    ],
)
def test_a_campaign_says_why_it_stopped_and_what_to_do(world: World, state: str, why: str, said: str, act: str) -> None:
    made = campaign(world.service, state=state, why=why)
    page = looking(world).get(PAGES[2])
    assert said in text_of(page)
    assert (f"atesaki campaign {act} {made.pk}" in commands_of(page)) if act else not commands_of(page)


def test_an_administrator_pauses_a_campaign(world: World) -> None:
    made = campaign(world.service)
    client = looking(world, Role.ADMINISTRATOR)
    path = reverse("operator_campaign_pause", args=[made.pk])
    assert f'action="{path}"' in client.get(PAGES[2]).content.decode()
    assert client.get(path).status_code == 405, "GET never acts"
    answer = client.post(path)
    assert answer.status_code == 302
    made.refresh_from_db()
    assert made.state == "paused"
    assert f"Campaign {made.pk} is paused" in text_of(client.get(answer["Location"]))
    again = client.post(path)
    assert again.status_code == 409 and "was not running" in text_of(again)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    Campaign.objects.update(state="running")
    assert strict.post(path).status_code == 403
    assert looking(world).post(path).status_code == 403, "a supervisor looks on"
    assert path not in looking(world).get(PAGES[2]).content.decode()
    for wrong in (0, made.pk + 1_000, 10**30):
        assert client.post(reverse("operator_campaign_pause", args=[wrong])).status_code == 404
    made.refresh_from_db()
    assert made.state == "running"


# -- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("role", "status"), [("agent", 403), ("supervisor", 200), ("privacy", 200), ("administrator", 200)]
)
def test_who_sees_them(world: World, path: str, role: str, status: int) -> None:
    assert at_desk(mori(world, role, role)).get(path).status_code == status
    assert Client().get(path)["Location"].startswith("/desk/sign-in?next=")
    if status == 200:
        assert at_desk(mori(world, role, role)).post(path).status_code == 405


def test_another_organisations_are_never_shown(world: World) -> None:
    other = World(other_house(), world.maildir, world.smtp)
    observing(other)
    made = campaign(other.service)
    theirs = Template.objects.filter(service=other.service).first()
    assert theirs is not None
    for role in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        client = looking(world, role)
        for path in PAGES:
            for query in ("", f"?service={other.service.pk}"):
                text = text_of(client.get(path + query))
                assert "よその店" not in text and "ご注文の確認" not in text
        assert client.get(f"{PAGES[0]}/{theirs.pk}").status_code == 404
    assert client.post(reverse("operator_campaign_pause", args=[made.pk])).status_code == 404
    made.refresh_from_db()
    assert made.state == "running"
    assert "よその店" in text_of(
        at_desk(mori(world, "yoso", Role.SUPERVISOR, other.service.organisation)).get(PAGES[2])
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_there_is_nothing_yet_they_say_what_to_do(world: World, language: str) -> None:
    client = looking(world, language=language)
    said = {
        "en": (
            "It is listed from its first mail on",
            "This command has everything delivered",
            "No campaign has been run",
        ),
        "ja": (
            "最初のメールから一覧に表示され",
            "次のコマンドで観察のみに戻す",
            "確認のお願いは、まだ行われていません",
        ),
    }[language]
    for path, words in zip(PAGES, said, strict=True):
        assert words in text_of(client.get(path))
    name = shlex.quote("ネットスーパー")
    assert commands_of(client.get(PAGES[1])) == [f"atesaki service set {name} --mode observe"]
    assert commands_of(client.get(PAGES[2])) == [f"atesaki campaign start {name}"]
    world.policy(mode="observe")
    assert {"en": "begins with the first mail", "ja": "最初のメールから集計"}[language] in text_of(client.get(PAGES[1]))
    Service.objects.update(retired=clock.now())
    for path in PAGES:
        assert "atesaki service add" in text_of(client.get(path))


def test_get_changes_nothing_and_they_lead_to_each_other(world: World) -> None:
    observing(world, 2)
    campaign(world.service)
    client = looking(world)
    before = list(Line.objects.order_by("pk").values()), list(Campaign.objects.values())
    for path in ("/operator/", "/operator/webhooks", *PAGES):
        answer = client.get(path)
        html = answer.content.decode()
        assert answer.status_code == 200 and "style-src 'self'" in answer["Content-Security-Policy"]
        assert 'style="' not in html and "<script>" not in html
        assert html.count('aria-current="page"') >= 2, "in the navigation of the desk and in that of these pages"
        assert {f'href="{each}"' in html for each in PAGES} == {True}
    assert (list(Line.objects.order_by("pk").values()), list(Campaign.objects.values())) == before


def test_a_share_is_never_nothing_of_something() -> None:
    shown = [plots.percent(*each) for each in ((0, 0), (0, 9), (1, 10_000), (1, 150), (1, 3), (9_999, 10_000), (9, 9))]
    assert shown == ["–", "0%", "<0.1%", "0.7%", "33%", ">99.9%", "100%"]
