"""The overview: each figure from rows made by hand, whose answer is known; and 0 of 0 is no rate."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from atesaki import clock, desk, gate, keys, ownership
from atesaki.addresses import parse
from atesaki.desk import Case, figures, improvements
from atesaki.desk.agents import Role
from atesaki.desk.figures import Figure
from atesaki.models import (
    Assessment,
    Claim,
    Contact,
    Entry,
    Event,
    Improvement,
    Line,
    Reporter,
    Service,
    Step,
    Wish,
)
from atesaki.tenants import add_service
from tests.mori import freed
from tests.test_desk import at_work, hired, text_of
from tests.world import HANA, World, order

HOUR, DAY = 3_600.0, 86_400.0


def ago(**much: float) -> datetime:
    return clock.now() - timedelta(**much)


def of(world: World, slug: str, days: int = 30) -> Figure:
    found = next(each for each in figures.FIGURES if each.__name__ == slug)
    return found(world.service.organisation, days)


def line(world: World, *, at: datetime | None = None, to: str = HANA, **given: object) -> Line:
    """A settled line, as the gate would have left it."""
    made = at or ago(hours=1)
    pk = keys.uuid7(made.timestamp())
    facts = {"outcome": "deliver", "reason": "proved", "standing": "proved", "state": "settled"} | given
    service = facts.pop("service", world.service)
    return Line.objects.create(id=pk, mail=pk, service=service, digest=ownership.digest(parse(to)), at=made, **facts)


def claim(world: World, number: int, *, at: datetime | None = None, customer: str = "") -> Claim:
    """A claim of one of many customers, each with a mailbox of their own."""
    made = Claim.objects.create(
        id=keys.uuid7(),
        service=world.service,
        digest=ownership.digest(parse(f"hana{number}@example.jp")),
        customer=customer,
        created=at or ago(hours=1),
    )
    return made


def said(made: Claim, kind: str, at: datetime) -> Event:
    return Event.objects.create(
        organisation_id=made.service.organisation_id, digest=made.digest, claim=made, kind=kind, at=at
    )


_made = iter(range(1, 1_000_000))


def case(world: World, *, claim_of: Claim | None = None, **given: object) -> Case:
    """A case as the desk would have left it."""
    number = next(_made)
    whose = claim_of or claim(world, 1_000_000 + number)
    facts = {"state": "reaching", "via": "page", "opened": ago(hours=2)} | given
    made = Case.objects.create(
        id=keys.uuid7(),
        number=f"T{number:07}",
        organisation=world.service.organisation,
        service=world.service,
        claim=whose,
        digest=whose.digest,
        **facts,
    )
    Reporter.objects.create(case=made, language="ja")
    return made


def step(made: Case, what: str, at: datetime) -> None:
    Step.objects.create(case=made, what=what, at=at)


# -- nothing ------------------------------------------------------------------------------------------------------


def test_nothing_of_nothing_is_no_rate(world: World) -> None:
    found = {each.slug: each for each in figures.overview(world.service.organisation, 30)}
    assert next(iter(found)) == "personal_to_unproved"
    assert [each.slug for each in figures.overview(world.service.organisation, 30)] == [
        each.__name__ for each in figures.FIGURES
    ]
    for each in found.values():
        assert each.count == 0, each.slug
        if each.unit == "count":
            assert each.value == 0
        else:
            assert each.value is None and each.met is None, each.slug


def test_another_organisation_is_not_counted(world: World) -> None:
    add_service("本屋", organisation="うみ書店", locale="ja", mode="enforce", sender="shop@books.example")
    theirs = Service.objects.get(name="本屋")
    line(world, standing="claimed", reason="observed")
    other = case(world, confirmed=ago(hours=1), erased=ago(minutes=1))
    step(other, "stopped", ago(minutes=59))
    assert of(world, "personal_to_unproved").value == 1
    for each in figures.overview(theirs.organisation, 30):
        assert each.count == 0 and not each.value, each.slug


# -- mail ---------------------------------------------------------------------------------------------------------


def test_personal_to_unproved_says_precisely_what_it_counts(world: World) -> None:
    line(world, standing="claimed", reason="observed")  # nobody looked
    line(world, standing="unknown", reason="observed", personal={"name": 1})
    line(world, standing="answered", reason="answered_accepted")
    line(world, standing="proved", personal={"name": 1})
    line(world, standing="claimed", reason="observed", personal={})  # looked into, nothing there
    line(world, standing="claimed", reason="verification_permitted")
    line(world, standing="claimed", reason="observed", fate="destroyed")  # the next server refused it later
    line(world, standing="claimed", reason="unproved", outcome="substitute", personal={"name": 1})
    line(world, standing="claimed", reason="our_own", kind="notice")
    line(world, standing="claimed", reason="observed", at=ago(days=31))
    found = of(world, "personal_to_unproved")
    assert (found.value, found.met) == (3, False)
    assert {part.slug: part.value for part in found.parts} == {"observed": 2, "answered_accepted": 1}
    assert found.count == 8
    assert of(world, "personal_to_unproved", 90).value == 4
    assert figures.personal_to_unproved_ever() == 4


def test_the_gate_itself_makes_the_first_figure_rise_only_where_it_watches(world: World) -> None:
    world.send(order())
    gate.drive()
    assert of(world, "personal_to_unproved").value == 0 and of(world, "personal_to_unproved").met is True
    blocked = of(world, "blocked")
    assert (blocked.value, blocked.count) == (1, 1)
    world.policy(mode="observe")
    world.send(order(2, to="other@example.jp"), "other@example.jp")
    assert of(world, "personal_to_unproved").value == 1
    assert "atesaki_personal_to_unproved_total 1.0" in Client().get("/metrics").content.decode()


def test_the_watched_number_comes_from_its_index(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + _sql())
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "atesaki_line_rest_id_idx" in plan or "line_unproved" in plan, plan


def _sql() -> str:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        figures.personal_to_unproved_ever()
    return asked.captured_queries[0]["sql"]


def test_blocked_is_what_waited_with_personal_data_and_what_was_refused(world: World) -> None:
    line(world, outcome="substitute", standing="claimed", reason="unproved", personal={"name": 1})
    line(world, outcome="hold", standing="claimed", reason="notice_spent", personal={"phone": 2})
    line(world, outcome="hold", standing="claimed", reason="notice_spent", personal={})
    line(world, outcome="refuse", standing="disavowed", reason="disavowed")
    line(world, outcome="refuse", standing="proved", reason="upstream_refused")
    found = of(world, "blocked")
    assert (found.value, found.count) == (3, 5)
    assert {part.slug: part.value for part in found.parts} == {"waited": 2, "refused": 1}


def test_a_straggler_left_after_its_mailbox_was_detached(world: World) -> None:
    mine = claim(world, 900, customer="KEN")
    freed_ = case(world, claim_of=mine, confirmed=ago(hours=1))
    step(freed_, "stopped", ago(minutes=59))

    def mail(at: datetime, handed: datetime, **given: object) -> None:
        one = line(world, at=at, to="hana900@example.jp", **given)
        Entry.objects.create(line=one.pk, at=handed, what="handed")

    mail(ago(hours=2), ago(minutes=61), customer="KEN")  # before
    mail(ago(hours=2), ago(minutes=58), customer="KEN")  # the straggler
    mail(ago(hours=2), ago(minutes=30), customer="KEN", kind="case")  # what its reporter wished
    mail(ago(hours=2), ago(minutes=30), customer="SHE-HERSELF")  # proved by another customer
    mail(ago(minutes=10), ago(minutes=9), customer="KEN")  # taken after: proved anew
    found = of(world, "stragglers")
    assert (found.value, found.count, found.met) == (1, 1, False)
    assert [each.number for each in found.worst] == [freed_.number]
    assert found.worst[0].value == pytest.approx(60, abs=5)


# -- the reporter -------------------------------------------------------------------------------------------------


def test_time_to_detach_shows_the_one_bad_case(world: World) -> None:
    for seconds in [1] * 19 + [300]:
        made = case(world, confirmed=ago(hours=1))
        step(made, "stopped", made.confirmed + timedelta(seconds=seconds))
    found = of(world, "detach")
    assert (found.value, found.count, found.middle, found.longest) == (1, 20, 1, 300)
    assert found.met is True and found.worst[0].value == 300
    assert found.worst[0].number == made.number


def test_time_to_detach_of_a_real_case_is_seconds(world: World) -> None:
    freed(world)
    found = of(world, "detach")
    assert found.count == 1 and found.value is not None and 0 <= found.value < 10


def test_first_acknowledgement(world: World) -> None:
    made = case(world, via="reply", confirmed=ago(hours=1))
    step(made, "acknowledged", made.confirmed + timedelta(seconds=90))
    found = of(world, "acknowledgement")
    assert (found.value, found.count, found.met) == (90, 1, False)


def test_time_to_erase(world: World) -> None:
    for days in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12):
        case(world, state="closed", end="corrected", opened=ago(days=days + 1), closed=ago(days=1), erased=ago(days=1))
    case(world, state="closed", end="corrected", opened=ago(days=90), closed=ago(days=40), erased=ago(days=40))
    found = of(world, "erase")
    assert found.count == 10 and found.met is False
    assert found.value == pytest.approx(9 * DAY, abs=60) and found.longest == pytest.approx(12 * DAY, abs=60)


def test_a_promise_is_kept_until_the_end_of_its_day(world: World) -> None:
    """Confirmed on Monday the 9th; three business days later is Thursday the 12th (Tokyo)."""

    def tokyo(text: str) -> datetime:
        return datetime.fromisoformat(f"{text}+09:00")

    monday = tokyo("2026-11-09T10:00:00")
    made = case(world, opened=monday, confirmed=monday, state="closed", closed=tokyo("2026-11-20T10:00:00"))
    step(made, "stopped", monday)
    step(made, "reported", tokyo("2026-11-12T23:59:00"))  # kept; the next is for Tuesday the 17th
    step(made, "reported", tokyo("2026-11-18T00:01:00"))  # a minute late
    late = case(world, opened=monday, confirmed=monday, report_due=tokyo("2026-11-12T18:00:00"))
    step(late, "stopped", monday)
    days = (clock.now() - monday).days + 2
    found = of(world, "promise", days)
    assert found.count == 3 and found.value == pytest.approx(1 / 3) and found.met is False
    assert {each.number for each in found.worst} == {made.number, late.number}


# -- addresses and cases ------------------------------------------------------------------------------------------


def test_proved_by_week_of_entry(world: World) -> None:
    for number in range(4):
        made = claim(world, number, at=ago(days=8))
        if number < 3:
            said(made, "proved", ago(days=1))
    said(claim(world, 9), "answered", ago(minutes=1))
    claim(world, 10, at=ago(days=200))
    found = of(world, "proved")
    assert (found.value, found.count) == (3 / 5, 5)
    assert [(part.value, part.count) for part in found.parts] == [(0.75, 4), (0.0, 1)]
    assert found.parts[0].on is not None and found.parts[0].on.weekday() == 0


def test_open_cases_by_state_and_age(world: World) -> None:
    mori = hired().agent
    case(world, opened=ago(hours=1), due=clock.now(), agent=mori.user)
    case(world, opened=ago(days=2), due=clock.now())
    case(world, opened=ago(days=9), due=None, agent=mori.user)
    case(world, state="awaiting", opened=ago(days=4), due=clock.now())
    case(world, state="closed", closed=ago(days=1))
    found = of(world, "states")
    assert (found.value, found.count, found.met) == (2, 4, False)
    assert {part.slug: (part.value, part.split) for part in found.parts} == {
        "reaching": (3, (1, 1, 0, 1)),
        "awaiting": (1, (0, 0, 1, 0)),
    }
    assert found.longest == pytest.approx(9 * DAY, abs=60)
    assert found.worst[0].value == pytest.approx(9 * DAY, abs=60)


def test_deadlines_passed(world: World) -> None:
    today = clock.today(world.service.zone)
    over = case(world, state="awaiting", deadline=today - timedelta(days=1), opened=ago(days=9))
    case(world, state="awaiting", deadline=today)
    unsaid = case(world, opened=ago(days=5), confirmed=ago(days=5))
    Assessment.objects.create(case=unsaid, learnt=ago(days=5))
    answered = case(world, opened=ago(days=5), confirmed=ago(days=5))
    Assessment.objects.create(case=answered, learnt=ago(days=5), answer="no")
    fresh = case(world)
    Assessment.objects.create(case=fresh, learnt=ago(hours=1))
    silent = case(world, confirmed=ago(days=9), report_due=ago(days=2))
    found = of(world, "breaches")
    assert {part.slug: part.value for part in found.parts} == {"customer": 1, "authority": 1, "progress": 1}
    assert (found.value, found.count, found.met) == (3, 6, False)
    assert {each.number for each in found.worst} == {over.number, unsaid.number, silent.number}


def test_which_rung_reached_the_customer(world: World) -> None:
    def tried(made: Case, *rungs: tuple[str, str]) -> None:
        for hours, (rung, outcome) in enumerate(rungs):
            Contact.objects.create(case=made, rung=rung, outcome=outcome, at=ago(hours=20 - hours))

    tried(case(world, state="closed", end="corrected", closed=ago(hours=1)), ("in_site", "told"), ("letter", "posted"))
    tried(case(world), ("in_site", "told"), ("phone", "reached"))
    tried(case(world), ("in_site", "told"), ("phone", "no_answer"))
    tried(case(world, state="closed", end="withdrawn", closed=ago(hours=1)), ("in_site", "told"), ("letter", "posted"))
    found = of(world, "rungs")
    assert {part.slug: (part.value, part.count) for part in found.parts} == {
        "in_site": (0, 4),
        "phone": (0.5, 2),
        "letter": (0.5, 2),
    }
    assert (found.value, found.count) == (0.5, 4)


def test_forced_withdrawals_and_who_came_back(world: World) -> None:
    ken = claim(world, 501, customer="KEN")
    past = {"state": "closed", "confirmed": ago(days=12), "opened": ago(days=12), "closed": ago(days=5)}
    case(world, claim_of=ken, end="withdrawn", **past)
    case(world, end="withdrawn", **past)
    case(world, end="corrected", **past)
    case(world, end="lapsed", **{**past, "confirmed": None})
    claim(world, 502, customer="KEN", at=ago(days=1))  # another address, the same customer
    found = of(world, "forced")
    assert (found.value, found.count) == (2 / 3, 3)
    assert (found.parts[0].value, found.parts[0].count) == (0.5, 2)


def test_who_had_to_come_again(world: World) -> None:
    again = claim(world, 601)
    first = case(world, claim_of=again, state="closed", end="withdrawn", opened=ago(days=20), closed=ago(days=10))
    case(world, claim_of=again, opened=ago(days=3), confirmed=ago(days=3))
    case(world, state="closed", end="withdrawn", opened=ago(days=20), closed=ago(days=10))
    case(world, state="closed", end="lapsed", opened=ago(days=20), closed=ago(days=10))
    found = of(world, "again")
    assert (found.value, found.count, found.met) == (1 / 3, 3, False)
    assert [each.number for each in found.worst] == [first.number]
    assert (found.parts[0].value, found.parts[0].count) == (1, 2)


def test_pranks_are_of_the_reports_whose_mailbox_was_asked(world: World) -> None:
    case(world, via="form", state="closed", end="lapsed", closed=ago(hours=1))
    case(world, via="phone", state="closed", end="kept", closed=ago(hours=1))
    case(world, via="form", confirmed=ago(hours=1))
    case(world, via="form", state="unconfirmed")  # nobody knows yet
    case(world, via="page", confirmed=ago(hours=1))  # nobody had to be asked
    found = of(world, "pranks")
    assert (found.value, found.count) == (2 / 3, 3)
    assert {part.slug: part.value for part in found.parts} == {"silent": 1, "kept": 1}


def test_false_detach_and_the_time_to_restore(world: World) -> None:
    wrong = case(world, state="closed", end="proved", confirmed=ago(hours=6), closed=ago(hours=2))
    case(world, confirmed=ago(hours=6))
    found = of(world, "false_detach")
    assert (found.value, found.count) == (0.5, 2)
    assert found.worst[0].number == wrong.number
    assert found.worst[0].value == pytest.approx(4 * HOUR, abs=1)


def test_the_voice_of_the_customer(world: World) -> None:
    house = world.service.organisation

    def improvement(state: str, ended: datetime | None = None) -> Improvement:
        return Improvement.objects.create(
            organisation=house, title="x", state=state, created=ago(days=100), ended=ended
        )

    def wish(to: Improvement | None, at: datetime, **given: object) -> None:
        Wish.objects.create(improvement=to, organisation=house, at=at, language="ja", text=b"", **given)

    done, open_ = improvement("shipped", ago(days=1)), improvement("planned")
    improvement("shipped", ago(days=60))
    wish(done, ago(days=9), told=ago(days=1))
    wish(done, ago(days=9), sealed_address=b"x")
    wish(done, ago(days=9))  # did not ask to be told
    wish(open_, ago(days=95), sealed_address=b"x")
    wish(open_, ago(days=2))
    wish(None, ago(hours=1))
    wish(None, ago(hours=49))
    found = of(world, "voice")
    assert (found.value, found.count, found.met) == (0.5, 2, False)
    assert {part.slug: part.value for part in found.parts} == {
        **{"loose_young": 1, "loose_old": 1, "open_young": 1, "open_old": 1},
        "shipped": 1,
    }
    assert improvements.forget() == 0


# -- the page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"), [("agent", 403), ("supervisor", 200), ("privacy", 200), ("administrator", 200)]
)
def test_who_sees_the_overview(world: World, role: str, status: int) -> None:
    assert at_work(hired(role=role)).get("/operator/").status_code == status


def test_nobody_sees_it_without_signing_in_and_comes_back_to_it(world: World) -> None:
    answer = Client().get("/operator/?days=7")
    assert answer["Location"] == "/desk/sign-in?next=%2Foperator%2F%3Fdays%3D7"
    issued = hired(role=Role.SUPERVISOR)
    from tests.test_desk import code

    given = {"name": "mori", "password": issued.password, "code": code(issued), "next": "/operator/?days=7"}
    assert Client().post("/desk/sign-in", given)["Location"] == "/operator/?days=7"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_has_every_figure_the_first_first(world: World, language: str) -> None:
    freed(world)
    line(world, standing="claimed", reason="observed")
    answer = at_work(hired(role=Role.ADMINISTRATOR, language=language)).get("/operator/")
    html = answer.content.decode()
    assert re.findall(r'<section class="sheet measure[^"]*" id="(\w+)"', html) == [
        each.__name__ for each in figures.FIGURES
    ]
    shown = text_of(answer)
    assert ("警報" if language == "ja" else "Alarm") in shown
    assert HANA not in html and "健太郎" not in html
    assert 'style="' not in html and "<style" not in html, "the policy forbids it"
    assert "style-src 'self'" in answer["Content-Security-Policy"]
    for plot in re.findall(r"<svg class=\"plot\".*?</svg>", html, re.S):
        assert re.search(r"<title id=\"[\w-]+\">[^<]+</title>\s*<desc id=\"[\w-]+\">[^<]+</desc>", plot)
    assert "/desk/case/" not in html, "an administrator sees no case"
    for wrong in ("x", "-1", "100000", ""):
        assert at_work(hired(f"n{wrong or 'none'}", Role.PRIVACY)).get(f"/operator/?days={wrong}").status_code == 200


def test_an_empty_overview_says_what_to_do(world: World) -> None:
    shown = text_of(at_work(hired(role=Role.SUPERVISOR, language="en")).get("/operator/"))
    assert "Have a service send its mail through here" in shown
    assert "0 of 0" not in shown


def test_a_rate_of_nothing_is_a_dash(world: World) -> None:
    line(world)
    html = at_work(hired(role=Role.SUPERVISOR)).get("/operator/").content.decode()
    section = html[html.index('id="promise"') :]
    section = section[: section.index("</section>")]
    assert '<p class="value">–</p>' in section and "対象がないため" in section and "0回" not in section


def test_get_changes_nothing(world: World) -> None:
    client = at_work(hired(role=Role.SUPERVISOR))
    desk.wish_for(freed(world), "要望", "ja", tell=True)
    before = (Step.objects.count(), Wish.objects.values_list("told", "improvement").get())
    assert client.get("/operator/").status_code == 200
    assert client.post("/operator/").status_code == 405
    assert (Step.objects.count(), Wish.objects.values_list("told", "improvement").get()) == before


# -- in the hours of the service ------------------------------------------------------------------------------------


def test_hours_are_read_as_they_are_written() -> None:
    from datetime import time

    from atesaki.tenants import week

    nine, six = time(9), time(18)
    assert week("mon-fri 09:00-18:00") == [[(nine, six)]] * 5 + [[], []]
    assert week(" Sat-Mon  9:00 - 12:00 , mon 12:00-18:00")[0] == [(nine, six)], "what touches is one span"
    assert week("sun 00:00-24:00")[6] == [(time(0), time.max)]
    for wrong in ("", "mo 9:00-18:00", "mon 18:00-9:00", "mon 9-18", "mon 09:00-24:01", "fun-day 09:00-18:00"):
        with pytest.raises(ValueError, match="hours"):
            week(wrong)


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2026-11-16T10:00", "2026-11-16T10:27", 0.45),
        ("2026-11-16T17:50", "2026-11-17T09:10", 20 / 60),
        ("2026-11-20T17:00", "2026-11-24T10:00", 2.0),  # Friday evening to Tuesday: 23 November is a holiday
        ("2026-11-21T10:00", "2026-11-21T12:00", 0.0),
        ("2026-12-28T17:00", "2027-01-04T10:00", 2.0),  # the year's end
    ],
)
def test_only_the_hours_of_the_service_are_counted(world: World, begin: str, end: str, hours: float) -> None:
    from atesaki.desk import calendar

    first, last = (datetime.fromisoformat(f"{each}+09:00") for each in (begin, end))
    assert calendar.seconds_open(first, last, world.service) == pytest.approx(hours * HOUR)


def test_the_first_human_reply_is_measured_in_the_hours_of_the_service(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import mori

    mori.at(monkeypatch, "2026-11-20T18:30")  # a Friday, after hours
    person = mori.mori(world)
    quick, slow, silent, machine = (case(world, confirmed=clock.now()) for _ in range(4))
    for each, wish in ((quick, "result"), (slow, "steps"), (silent, "nothing"), (machine, "result")):
        Reporter.objects.filter(case=each).update(wish=wish)
        desk.write(each, "in", "page", "なぜ届いたのですか。")
    desk.inquire("ABCD-EFGH", desk.Question("order", world.service, "ja", "?", email="umi@example.jp"), "192.0.2.1")
    desk.inquire("2222-2222", desk.Question("order", world.service, "ja", "?"), "192.0.2.1")
    assert of(world, "human_reply").value is None and [part.value for part in of(world, "human_reply").parts] == [4]
    mori.at(monkeypatch, "2026-11-24T09:20")  # the next day of business
    desk.write(quick, "out", "answer", "お調べしました。", agent=person.user_id)
    desk.write(machine, "out", "progress", "経過のご報告")
    figure = of(world, "human_reply")
    assert figure.value == pytest.approx(20 * 60, abs=30) and (figure.count, figure.met) == (1, True)
    mori.at(monkeypatch, "2026-11-24T10:00")
    desk.write(slow, "out", "answer", "お待たせしました。", agent=person.user_id)
    figure = of(world, "human_reply")
    found = {part.slug: part.value for part in figure.parts}
    assert found.pop("waiting") == 2 and set(found) == {"middle", "p90", "longest"}
    assert found["p90"] == pytest.approx(HOUR, abs=60) and figure.met is False
    assert figure.count == 4, "what waits for longer than the target counts as it stands"
    mori.at(monkeypatch, "2026-11-24T10:30")
    assert {each.number for each in of(world, "human_reply").worst[:2]} == {machine.number, "ABCD-EFGH"}
    desk.figures.Inquiry.objects.filter(pk="ABCD-EFGH").update(state="closed")
    assert of(world, "human_reply").count == 3, "closed without an answer it waits no more"


def test_what_a_reporter_was_promised_is_held_against_the_erasure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import mori

    mori.at(monkeypatch, "2026-11-18T14:00")
    world.policy(own=mori.OWN)
    told = mori.freed(world)
    agent = mori.mori(world)
    desk.ladder.give_deadline(told, agent, 5)
    told = desk.by_pk(told.pk)
    assert told.deadline is not None and told.erase_by is not None
    assert told.erase_by.isoformat() == "2026-11-30", "two days of business after the 26th"
    facts = desk.facts_of(told)
    assert desk.says(facts)["promised"] and "11月30日" in desk.reporters.compose(told, facts, "progress", "ja", "x")
    assert "30 November 2026" in {each.key: each.text for each in desk.answers.offered(told, "en")}["erase_by"]
    assert of(world, "erased_by_promise").value is None, "the day is not over"
    late = case(world, state="withdrawing", confirmed=ago(days=9), erase_by=told.erase_by)
    own = case(world, state="closed", end="proved", closed=clock.now(), erase_by=told.erase_by)
    mori.at(monkeypatch, "2026-11-30T23:00")
    desk.withdrawn(told, "service")
    figure = of(world, "erased_by_promise")
    assert (figure.value, figure.count) == (1.0, 1), "kept, and counted as soon as it is erased"
    mori.at(monkeypatch, "2026-12-01T01:00")
    figure = of(world, "erased_by_promise")
    assert (figure.value, figure.count, figure.met) == (0.5, 2, False)
    assert [each.number for each in figure.worst] == [late.number] and own.number not in figure.worst
    assert not desk.says(desk.facts_of(desk.by_pk(told.pk)))["promised"]


def test_a_promise_is_never_put_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import mori

    mori.at(monkeypatch, "2026-11-18T14:00")
    found = mori.freed(world)
    agent = mori.mori(world)
    desk.ladder.give_deadline(found, agent, 5)
    first = desk.by_pk(found.pk).erase_by
    Case.objects.filter(pk=found.pk).update(state="reaching", deadline=None)  # as a letter that came back leaves it
    again = desk.by_pk(found.pk)
    assert not desk.says(desk.facts_of(again))["promised"], "while the customer is sought anew it is not said"
    desk.ladder.give_deadline(again, agent, 10)
    again = desk.by_pk(found.pk)
    assert again.erase_by == first and again.deadline is not None and first is not None and again.deadline > first
    assert not desk.says(desk.facts_of(again))["promised"], "nor once it cannot be kept"
