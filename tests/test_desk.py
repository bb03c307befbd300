"""The support desk without a browser: who comes in, who sees what, and what an agent may do to a case."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from uuid import UUID

import pyotp
import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse

from atesaki import clock, desk, gate, keys, notme, ownership
from atesaki.desk import agents, answers, drafts, work
from atesaki.desk.agents import MAY, AgentError, Issued, Right, Role
from atesaki.language import LANGUAGES
from atesaki.models import (
    Access,
    Agent,
    Case,
    Draft,
    Improvement,
    Inquiry,
    Letter,
    Line,
    Message,
    Note,
    Presence,
    Report,
    Reporter,
    SignIn,
    Wish,
)
from atesaki.pages.desk import door
from atesaki.pages.desk.urls import urlpatterns
from atesaki.tenants import add_service
from tests.canary import ADDRESS, NAME, PHONE
from tests.world import World, order

OFFICE = "はな商事"
CUSTOMER = (NAME, "大島", "健太郎", PHONE, PHONE.replace("-", ""), ADDRESS, "船橋", "273-0005", "2730005")
WHY = "届け先を電話で確認するため"


def revealed() -> list[Access]:
    """What agents unmasked, oldest first; that they opened a page is in the log too."""
    return list(Access.objects.exclude(what__in=desk.access.OPENED).order_by("number"))


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Moves the clock forward, the world's included."""
    real, gone = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + gone[0])

    def move(**by: float) -> None:
        gone[0] += timedelta(**by)

    yield move


def hired(name: str = "mori", role: str = Role.AGENT, language: str = "ja", organisation: str = OFFICE) -> Issued:
    return agents.add(name, organisation=organisation, role=role, language=language)


def code(issued: Issued, steps: int = 0) -> str:
    totp = pyotp.parse_uri(issued.totp_uri)
    return totp.generate_otp(int((clock.now() - clock.offset()).timestamp()) // totp.interval + steps)


def at_work(issued: Issued, **headers: str) -> Client:
    """A browser that is signed in."""
    client = Client(enforce_csrf_checks=False, headers=headers)
    answer = client.post(
        "/desk/sign-in",
        {"name": issued.agent.user.get_username(), "password": issued.password, "code": code(issued)},
    )
    assert answer.status_code == 302, text_of(answer)
    return client


def text_of(response: HttpResponse) -> str:
    page = re.sub(r"<head\b.*?</head>", "", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def said_not_me(world: World, number: int = 1, to: str = "hana@example.jp") -> Case:
    """Ken's order went to Hana, who said that she is not him."""
    world.send(order(number, to=to), to)
    gate.drive()
    mine = [mail for mail in world.notices() if mail["To"] == to][-1]
    freed = notme.report(world.tokens(mine)[1], lang="ja")
    assert freed is not None and freed.case is not None
    return desk.by_pk(freed.case.pk)


def unconfirmed(world: World, to: str = "sora@example.jp") -> Case:
    """One-click by a robot: a case that no mailbox has confirmed."""
    world.send(order(7, to=to), to)
    gate.drive()
    mine = [mail for mail in world.notices() if mail["To"] == to][-1]
    notme.pause(world.tokens(mine)[1])
    return Case.objects.select_related("organisation", "service__organisation", "claim__service").get(
        digest=ownership.digest(desk_address(to))
    )


def desk_address(text: str):
    from atesaki import addresses

    return addresses.parse(text)


def with_customer(case: Case) -> Case:
    desk.ladder.keep_customer(case, NAME, PHONE, "273-0005", ADDRESS, "mori")
    return case


def url(name: str, case: Case, *more: object) -> str:
    return reverse(f"desk_{name}", args=[case.number, *more])


# -- rights ---------------------------------------------------------------------------------------------------

NEEDED = {
    "desk_board": Right.SEE,
    **dict.fromkeys(("desk_search", "desk_assign", "desk_inquiries", "desk_inquiry", "desk_case"), Right.SEE),
    **dict.fromkeys(("desk_presence", "desk_leak", "desk_mention_seen"), Right.SEE),
    **dict.fromkeys(("desk_view_save", "desk_view_drop"), Right.SEE),
    **dict.fromkeys(("desk_report", "desk_inquiry_take", "desk_inquiry_done"), Right.WORK),
    **dict.fromkeys(("desk_take", "desk_give_back", "desk_pending"), Right.WORK),
    **dict.fromkeys(("desk_note", "desk_draft"), Right.NOTE),
    **dict.fromkeys(("desk_answer", "desk_answer_send", "desk_undo"), Right.ANSWER),
    **dict.fromkeys(("desk_inquiry_answer", "desk_inquiry_send"), Right.ANSWER),
    **dict.fromkeys(("desk_customer", "desk_phone", "desk_sms", "desk_letter", "desk_deadline"), Right.REACH),
    **dict.fromkeys(("desk_letter_posted", "desk_letter_returned"), Right.REACH),
    **dict.fromkeys(("desk_reveal", "desk_letter_print"), Right.REVEAL),
    **{"desk_case_assign": Right.ASSIGN, "desk_close": Right.CLOSE, "desk_reveals": Right.LOG},
    **dict.fromkeys(("desk_accounts", "desk_account_reset", "desk_account_retire"), Right.ACCOUNTS),
    **dict.fromkeys(("desk_improvements", "desk_improvement", "desk_wish_gather"), Right.IMPROVE),
    **dict.fromkeys(("desk", "desk_account", "desk_keys"), None),
}
OPEN = {"desk_sign_in", "desk_sign_out"}


def path_of(pattern: URLPattern, number: str) -> str:
    names = re.findall(r"<(\w+):(\w+)>", str(pattern.pattern))
    other = {"uuid": str(UUID(int=1))}
    return reverse(
        pattern.name, kwargs={name: number if name == "number" else other.get(kind, "1") for kind, name in names}
    )


def test_the_table_of_rights_is_the_least_each_needs() -> None:
    assert set(MAY) == set(Role)
    assert not MAY[Role.ADMINISTRATOR] & {Right.SEE, Right.REVEAL, Right.WORK, Right.ANSWER}
    assert not MAY[Role.PRIVACY] & {Right.ANSWER, Right.REACH, Right.REVEAL, Right.WORK}
    assert MAY[Role.SUPERVISOR] - MAY[Role.AGENT] == {Right.ASSIGN, Right.CLOSE, Right.IMPROVE, Right.OVERSEE}
    assert set().union(*MAY.values()) == set(Right), "a right that nobody has"


def test_every_page_of_the_desk_names_its_right() -> None:
    named = {pattern.name: pattern for pattern in urlpatterns}
    assert set(named) == (set(NEEDED) - {"desk_board"}) | OPEN
    for name, pattern in named.items():
        if name not in OPEN:
            assert pattern.callback.right == NEEDED[name], name
    assert door.within and inspect.getdoc(door.within)


@pytest.mark.parametrize("role", list(Role))
def test_each_page_lets_in_who_has_its_right_and_nobody_else(world: World, role: str) -> None:
    case = said_not_me(world)
    client = at_work(hired(role=role))
    for pattern in urlpatterns:
        if pattern.name in OPEN:
            continue
        right = NEEDED[pattern.name]
        for method in ("get", "post"):
            answer = getattr(client, method)(path_of(pattern, case.number))
            if answer.status_code == 405:
                continue
            refused = answer.status_code == 403
            assert refused == (right is not None and right not in MAY[role]) or (
                pattern.name in ("desk_leak", "desk_assign") and method == "post"
            ), (pattern.name, method, role, answer.status_code)
            assert answer.status_code < 500, pattern.name


def test_what_a_page_asks_for_besides_its_right_is_held_too(world: World) -> None:
    case = said_not_me(world)
    mori, privacy = at_work(hired()), at_work(hired("hayashi", Role.PRIVACY))
    hired("kida")
    assert mori.post("/desk/assign", {"case": case.number, "to": "kida"}).status_code == 403
    assert privacy.post("/desk/assign", {"case": case.number, "to": "hayashi"}).status_code == 403
    assert mori.post(url("leak", case), {"answer": "no", "reason": WHY}).status_code == 403
    case.refresh_from_db()
    assert case.agent_id is None


# -- coming in --------------------------------------------------------------------------------------------------


def test_nobody_sees_anything_without_signing_in(world: World, client: Client) -> None:
    case = said_not_me(world)
    for pattern in urlpatterns:
        if pattern.name in OPEN:
            continue
        path = path_of(pattern, case.number)
        answer = client.get(path)
        assert answer.status_code == 302 and answer["Location"].startswith("/desk/sign-in?next="), path
        posted = client.post(path, {"text": "書きかけの文"})
        assert posted.status_code == 401 and case.number not in text_of(posted).replace(path, "")
        assert "書きかけの文" in text_of(posted), "what was typed must not be lost"
    assert not Note.objects.exists()


def test_the_three_things_together_let_in_and_the_session_is_a_new_one(world: World) -> None:
    issued = hired()
    client = Client()
    client.get("/desk/sign-in")
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key
    answer = client.post(
        "/desk/sign-in",
        {"name": " ｍｏｒｉ ", "password": issued.password, "code": code(issued), "next": "/desk/keys"},
    )
    assert answer["Location"] == "/desk/keys"
    cookie = answer.cookies[django_settings.SESSION_COOKIE_NAME]
    assert cookie.value != session.session_key, "session fixation"
    assert cookie["httponly"] and cookie["samesite"] == "Strict"
    assert not Session.objects.filter(session_key=session.session_key).exists()


def test_the_cookie_is_secure_where_the_site_is() -> None:
    source = inspect.getsource(__import__("atesaki.site.settings", fromlist=["x"]))
    assert re.search(r'CSRF_COOKIE_SECURE = _public\.scheme == "https"', source)
    assert "SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE" in source


@pytest.mark.parametrize(
    ("name", "password", "digits"),
    [("mori", "wrong", None), ("mori", None, "000000"), ("nobody", None, None), ("mori", None, "")],
)
def test_whatever_is_wrong_has_the_same_answer(world: World, name: str, password: str, digits: str) -> None:
    issued = hired()
    given = {"name": name, "password": password or issued.password, "code": code(issued) if digits is None else digits}
    answer = Client(headers={"Accept-Language": "ja"}).post("/desk/sign-in", given)
    assert answer.status_code == 422
    expected = "すべて入力してください" if digits == "" else "どれかが合っていません"
    assert expected in text_of(answer)
    assert f'value="{name}"' in answer.content.decode() and issued.password not in answer.content.decode()


def test_a_retired_account_answers_like_one_that_never_was(world: World) -> None:
    issued = hired()
    client = at_work(issued)
    agents.retire(issued.agent)
    assert client.get("/desk/").status_code == 302, "an open session ends with the account"
    again = Client().post("/desk/sign-in", {"name": "mori", "password": issued.password, "code": code(issued, 1)})
    assert again.status_code == 422


def test_a_code_is_good_once_also_for_two_at_once(world: World) -> None:
    issued = hired()
    first = code(issued)
    assert agents.sign_in("mori", issued.password, first, "192.0.2.1").agent is not None
    assert agents.sign_in("mori", issued.password, first, "192.0.2.1").agent is None
    assert agents.sign_in("mori", issued.password, code(issued, -1), "192.0.2.1").agent is None, "nor an older one"
    assert agents.sign_in("mori", issued.password, code(issued, 1), "192.0.2.1").agent is not None
    step = Agent.objects.get().totp_last
    assert [agents._use(issued.agent, step + 1), agents._use(issued.agent, step + 1)] == [True, False]


def test_a_code_of_two_minutes_ago_is_none(world: World) -> None:
    issued = hired()
    assert agents.sign_in("mori", issued.password, code(issued, -4), "192.0.2.1").agent is None


@pytest.mark.parametrize("name", ["mori", "nobody-of-that-name"])
def test_five_failures_stop_a_name_that_exists_or_not_for_a_quarter_of_an_hour(world: World, moved, name: str) -> None:
    issued = hired()
    client = Client(headers={"Accept-Language": "en"})
    wrong = {"name": name, "password": "wrong", "code": "123456"}
    assert [client.post("/desk/sign-in", wrong).status_code for _ in range(5)] == [422] * 5
    stopped = client.post("/desk/sign-in", wrong)
    assert stopped.status_code == 429 and "try again after" in text_of(stopped) and stopped["Retry-After"]
    right = {"name": name, "password": issued.password, "code": code(issued)}
    assert client.post("/desk/sign-in", right).status_code == 429, "the right words are not looked at either"
    moved(minutes=16)
    right["code"] = code(issued)
    with_offset = agents.sign_in(name, issued.password, right["code"], "192.0.2.9")
    assert with_offset.wait_until is None
    assert (with_offset.agent is not None) == (name == "mori")


def test_a_network_that_tries_many_names_is_stopped(world: World) -> None:
    hired()
    for number in range(20):
        assert agents.sign_in(f"name{number}", "x", "123456", "2001:db8::1").wait_until is None
    assert agents.sign_in("fresh", "x", "123456", "2001:db8::ffff").wait_until is not None, "the same /64"
    assert agents.sign_in("fresh", "x", "123456", "2001:db8:0:1::1").wait_until is None


def test_failures_are_kept_as_fingerprints_for_a_day(world: World, moved) -> None:
    agents.sign_in("hana@example.jp", "x", "123456", "192.0.2.7")
    rows = list(SignIn.objects.all())
    assert len(rows) == 2 and all(len(bytes(row.who)) == 32 for row in rows)
    moved(hours=25)
    assert agents.forget_old() == 2


def test_a_success_forgives_the_name(world: World) -> None:
    issued = hired()
    for _ in range(4):
        agents.sign_in("mori", "wrong", "123456", "192.0.2.1")
    assert agents.sign_in("mori", issued.password, code(issued), "192.0.2.1").agent is not None
    assert agents.sign_in("mori", "wrong", "123456", "192.0.2.1").wait_until is None


def test_an_unknown_name_costs_as_much_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    worked: list[str] = []
    real = PBKDF2PasswordHasher.encode
    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", lambda self, *args: worked.append("once") or real(self, *args))
    issued = hired()
    worked.clear()
    for name in ("mori", "nobody"):
        agents.sign_in(name, "wrong", "123456", "192.0.2.1")
        assert worked == ["once"], name
        worked.clear()
    agents.sign_in("mori", issued.password, "123456", "192.0.2.1")
    assert worked == ["once"]


def test_an_idle_session_ends_and_a_page_that_calls_by_itself_keeps_none_awake(world: World, moved) -> None:
    case = said_not_me(world)
    client = at_work(hired())
    for _ in range(4):
        moved(minutes=20)
        answer = client.post(url("presence", case), headers={"X-Atesaki-Script": "1"})
    assert answer.status_code == 401
    assert client.get("/desk/").status_code == 302


def test_whoever_works_stays_in_until_the_day_is_over(world: World, moved) -> None:
    client = at_work(hired())
    for _ in range(23):
        moved(minutes=30)
        assert client.get("/desk/").status_code == 200
    moved(minutes=31)
    assert client.get("/desk/").status_code == 302


def test_going_out_is_a_press(world: World) -> None:
    client = at_work(hired())
    client.get("/desk/sign-out")
    assert client.get("/desk/").status_code == 200
    client.post("/desk/sign-out")
    assert client.get("/desk/").status_code == 302


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/desk/", "/m/x", "/desk/../ask", ""])
def test_the_way_back_stays_in_the_desk(world: World, wanted: str) -> None:
    issued = hired()
    given = {"name": "mori", "password": issued.password, "code": code(issued), "next": wanted}
    target = Client().post("/desk/sign-in", given)["Location"]
    assert target == "/desk/" or (target.startswith("/desk/") and "evil" not in target)


def test_every_press_is_checked_for_forgery(world: World) -> None:
    case = said_not_me(world)
    issued = hired(role=Role.SUPERVISOR)
    strict = Client(enforce_csrf_checks=True)
    token = strict.get("/desk/sign-in").cookies["atesaki_csrf"].value
    given = {"name": "mori", "password": issued.password, "code": code(issued)}
    assert strict.post("/desk/sign-in", given).status_code == 403
    assert strict.post("/desk/sign-in", {**given, "csrfmiddlewaretoken": token}).status_code == 302
    for pattern in urlpatterns:
        assert strict.post(path_of(pattern, case.number)).status_code == 403, pattern.name
    assert not Note.objects.exists() and case.agent_id is None


def test_pages_of_the_desk_run_our_script_and_no_other(world: World) -> None:
    case = said_not_me(world)
    client = at_work(hired())
    for path in ("/desk/", url("case", case), "/desk/keys", "/desk/nothing" if False else "/desk/account"):
        answer = client.get(path)
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "connect-src 'self'" in policy and "unsafe" not in policy
        page = answer.content.decode()
        assert not re.search(r"<script(?! src=)|\son\w+=|\sstyle=|javascript:", page)
        assert answer["Cache-Control"] == "no-store"
    assert "script-src" not in Client().get("/ask")["Content-Security-Policy"]


# -- accounts --------------------------------------------------------------------------------------------------


def test_secrets_are_kept_wrapped_and_a_new_issue_ends_the_old(world: World) -> None:
    issued = hired()
    secret = pyotp.parse_uri(issued.totp_uri).secret
    row = Agent.objects.get()
    assert secret.encode() not in bytes(row.totp) and issued.password not in row.user.password
    client = at_work(issued)
    fresh = agents.reset(issued.agent)
    assert client.get("/desk/").status_code == 302
    assert agents.sign_in("mori", issued.password, code(issued, 1), "192.0.2.1").agent is None
    assert agents.sign_in("mori", fresh.password, code(fresh), "192.0.2.1").agent is not None


def test_an_administrator_makes_accounts_of_their_own_organisation_only(world: World) -> None:
    add_service("よそ", organisation="よそ社", locale="ja", mode="enforce", sender="a@yoso.example")
    hired("yoso", organisation="よそ社")
    client = at_work(hired("kanri", Role.ADMINISTRATOR))
    assert client.get("/desk/")["Location"] == "/desk/accounts"
    assert "yoso" not in text_of(client.get("/desk/accounts"))
    assert client.post("/desk/accounts/yoso/reset").status_code == 404
    assert client.post("/desk/accounts/yoso/retire").status_code == 404
    made = client.post("/desk/accounts", {"name": "mori", "role": "agent", "language": "ja"})
    assert "otpauth://" in text_of(made) and Agent.objects.get(user__username="mori").organisation.name == OFFICE
    assert made["Cache-Control"] == "no-store"
    twice = client.post("/desk/accounts", {"name": "mori", "role": "privacy", "language": "en"})
    assert twice.status_code == 422 and "同じ名前" in text_of(twice)
    assert 'value="privacy" required checked' in twice.content.decode(), "what was chosen is kept"
    assert client.post("/desk/accounts/kanri/retire").status_code == 422
    assert client.post("/desk/accounts/mori/retire").status_code == 302
    assert not Agent.objects.get(user__username="mori").user.is_active


def test_retiring_gives_open_cases_back(world: World) -> None:
    case = said_not_me(world)
    issued = hired()
    assert work.take(case, issued.agent)
    agents.retire(issued.agent)
    case.refresh_from_db()
    assert case.agent_id is None


@pytest.mark.parametrize(
    ("name", "role", "language", "slug"),
    [
        ("", "agent", "ja", "name"),
        ("x" * 41, "agent", "ja", "name"),
        ("a\x00b", "agent", "ja", "name"),
        ("mori", "owner", "ja", "choice"),
        ("mori", "agent", "fr", "choice"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_a_sentence(
    world: World, name: str, role: str, language: str, slug: str
) -> None:
    with pytest.raises(AgentError) as error:
        hired(name, role, language)
    assert error.value.slug == slug and str(error.value)


def test_a_password_of_ones_own(world: World) -> None:
    issued = hired()
    client, other = at_work(issued), None
    for old, new, again, status in (
        ("wrong", "correct horse battery", "correct horse battery", 422),
        (issued.password, "short", "short", 422),
        (issued.password, "password1234", "password1234", 422),
        (issued.password, "correct horse battery", "correct horse", 422),
        (issued.password, "correct horse battery", "correct horse battery", 200),
    ):
        answer = client.post("/desk/account", {"old": old, "new": new, "again": again})
        assert answer.status_code == status, text_of(answer)
    assert client.get("/desk/").status_code == 200 and other is None
    assert agents.sign_in("mori", "correct horse battery", code(issued, 1), "192.0.2.1").agent is not None


def test_the_desk_speaks_the_agents_language(world: World) -> None:
    client = at_work(hired(language="en"), **{"Accept-Language": "ja"})
    assert "Unassigned" in text_of(client.get("/desk/"))
    client.post("/desk/account", {"language": "ja"})
    assert "未割り当て" in text_of(client.get("/desk/"))
    assert "Unassigned" in text_of(client.get("/desk/?lang=en"))


# -- organisations ------------------------------------------------------------------------------------------------


def test_another_organisations_case_is_nowhere(world: World) -> None:
    add_service("よそ", organisation="よそ社", locale="ja", mode="enforce", sender="a@yoso.example")
    case = with_customer(said_not_me(world))
    Inquiry.objects.create(
        number="AAAA-BBBB", at=clock.now(), language="ja", subject="order", service=world.service, sealed=b"x"
    )
    stranger = at_work(hired("yoso", Role.SUPERVISOR, organisation="よそ社"))
    own = case.number
    before = Case.objects.filter(pk=case.pk).values().get()
    for pattern in urlpatterns:
        if "<str:number>" not in str(pattern.pattern):
            continue
        number = "AAAA-BBBB" if "inquiries" in str(pattern.pattern) else own
        for method in ("get", "post"):
            answer = getattr(stranger, method)(path_of(pattern, number), {"text": "x", "to": "yoso", "kind": "note"})
            assert answer.status_code in (404, 405), (pattern.name, method)
            assert world.service.name not in text_of(answer)
    for view in work.VIEWS:
        page = stranger.get(f"/desk/?view={view}")
        assert own not in page.content.decode() and not re.search(r'count alarm">[1-9]', page.content.decode())
    assert stranger.post("/desk/search", {"q": own}).status_code == 404
    assert stranger.post("/desk/search", {"q": "hana@example.jp"}).status_code == 404
    stranger.post("/desk/assign", {"case": own, "to": "yoso"})
    assert Case.objects.filter(pk=case.pk).values().get() == before
    assert set(work.counts(agents.find("yoso")).values()) == {0}
    assert not revealed() and not Note.objects.exists() and not Presence.objects.exists()


def test_the_access_log_is_of_ones_own_organisation(world: World) -> None:
    add_service("よそ", organisation="よそ社", locale="ja", mode="enforce", sender="a@yoso.example")
    case = with_customer(said_not_me(world))
    desk.ladder.reveal(case, "phone", hired().agent, WHY)
    assert WHY in text_of(at_work(hired("p", Role.PRIVACY)).get("/desk/reveals"))
    assert WHY not in text_of(at_work(hired("q", Role.PRIVACY, organisation="よそ社")).get("/desk/reveals"))


# -- the lists --------------------------------------------------------------------------------------------------


def test_the_counters_count_what_the_views_show(world: World, moved) -> None:
    mori = hired().agent
    reaching, waiting, gone = (said_not_me(world, number, f"h{number}@example.jp") for number in (1, 2, 3))
    asked = unconfirmed(world)
    work.take(reaching, mori)
    Case.objects.filter(pk=waiting.pk).update(state=Case.State.AWAITING, due=clock.now() + timedelta(days=9))
    today = clock.today(world.service.zone)
    Letter.objects.create(
        case=waiting, made=clock.now(), deadline=today, code=b"x" * 32, sealed_code=b"x", posted=today
    )
    Case.objects.filter(pk=gone.pk).update(state=Case.State.WITHDRAWING, due=clock.now() - timedelta(hours=1))
    found = {view: {case.number for case in work.within(mori, view)} for view in work.VIEWS}
    assert {view: len(numbers) for view, numbers in found.items()} == work.counts(mori)
    assert found["mine"] == {reaching.number} and found["mailbox"] == {asked.number}
    assert found["customer"] == found["letter"] == {waiting.number}
    assert found["closing"] == found["overdue"] == {gone.number}
    assert found["open"] == {case.number for case in (reaching, waiting, gone, asked)}
    assert found["unassigned"] == found["open"] - {reaching.number}
    Case.objects.filter(pk=reaching.pk).update(due=desk.end_of(today, world.service.zone) - timedelta(seconds=1))
    assert reaching.number in {case.number for case in work.within(mori, "today")}
    work.close_unconfirmed(asked, mori)
    assert {case.number for case in work.within(mori, "closed")} == {asked.number}
    moved(days=15)
    assert not work.within(mori, "closed")


def test_the_order_is_by_date_and_stays(world: World) -> None:
    mori = hired().agent
    made = [said_not_me(world, number, f"h{number}@example.jp") for number in (1, 2, 3)]
    now = clock.now()
    for case, days in zip(made, (3, 1, 1), strict=True):
        Case.objects.filter(pk=case.pk).update(due=now + timedelta(days=days))
    expected = [*sorted(case.number for case in made[1:]), made[0].number]
    assert [case.number for case in work.within(mori, "open")] == expected


def test_a_row_says_its_state_in_a_word_a_mark_and_whose_turn_it_is(world: World) -> None:
    case = said_not_me(world)
    Case.objects.filter(pk=case.pk).update(due=clock.now() - timedelta(minutes=5))
    page = at_work(hired()).get("/desk/?view=open")
    shown = text_of(page)
    for said in (case.number, world.service.name, "会員へ連絡中", "期日超過", "デスクの番", "未割り当て"):
        assert said in shown, said
    assert 'class="state overdue"' in page.content.decode() and "<svg" in page.content.decode()


def test_an_empty_view_says_what_to_do(world: World) -> None:
    client = at_work(hired(language="en"))
    for view in work.VIEWS:
        shown = client.get(f"/desk/?view={view}")
        assert 'class="empty"' in shown.content.decode()
    assert "press “Take it”" in text_of(client.get("/desk/?view=mine"))


@pytest.mark.parametrize("typed", ["number", "bare", "lower", "full", "address", "ADDRESS"])
def test_the_search_finds_by_number_however_typed_and_by_address(world: World, typed: str) -> None:
    case = said_not_me(world)
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter != "-" else "－" for letter in case.number)
    words = {
        "number": f" {case.number} ",
        "bare": case.number.replace("-", ""),
        "lower": case.number.lower(),
        "full": wide,
        "address": "hana@example.jp",
        "ADDRESS": "hana@EXAMPLE.JP",
    }
    answer = at_work(hired()).post("/desk/search", {"q": words[typed]})
    assert answer.status_code == 302 and answer["Location"] == url("case", case)


def test_a_search_that_finds_nothing_keeps_what_was_typed(world: World) -> None:
    client = at_work(hired())
    for typed, status, sentence in (
        ("kore", 422, "メールアドレス全体"),
        ("n@example.jp", 404, "該当する件はありません"),
    ):
        answer = client.post("/desk/search", {"q": typed})
        assert answer.status_code == status and sentence in text_of(answer)
        assert f'value="{typed}"' in answer.content.decode()


def test_only_assigning_is_done_to_many_at_once(world: World) -> None:
    made = [said_not_me(world, number, f"h{number}@example.jp") for number in (1, 2)]
    numbers = [case.number for case in made]
    mori, kida = hired(), hired("kida")
    boss = at_work(hired("boss", Role.SUPERVISOR))
    lines = Line.objects.count()
    assert boss.post("/desk/assign", {"case": numbers, "to": "kida", "view": "open"}).status_code == 302
    assert set(Case.objects.values_list("agent__username", flat=True)) == {"kida"}
    assert Line.objects.count() == lines, "nothing is mailed"
    took = at_work(mori).post("/desk/assign", {"case": numbers, "to": "mori", "view": "open"})
    assert took.status_code == 409 and numbers[0] in text_of(took), "an agent takes only what nobody has"
    assert boss.post("/desk/assign", {"to": "kida"}).status_code == 422
    assert boss.post("/desk/assign", {"case": numbers, "to": ""}).status_code == 302
    assert at_work(kida).post("/desk/assign", {"case": numbers, "to": "kida"}).status_code == 302
    assert set(Case.objects.values_list("agent__username", flat=True)) == {"kida"}


# -- the case ---------------------------------------------------------------------------------------------------


def test_nothing_of_the_customer_is_in_the_page_before_a_reveal(world: World) -> None:
    case = with_customer(said_not_me(world))
    client = at_work(hired(role=Role.SUPERVISOR))
    for path in ("/desk/?view=open", url("case", case), url("answer", case), url("leak", case)):
        page = unescape(client.get(path).content.decode())
        assert not [value for value in CUSTOMER if value in page], path
    shown = text_of(client.get(url("case", case)))
    assert "大***" in shown and "090-****-4711" in shown and "千葉県***" in shown
    assert "hana@" not in shown and "h***@e***.jp" in shown


def test_a_reveal_shows_one_field_once_and_is_written_down(world: World) -> None:
    case = with_customer(said_not_me(world))
    client = at_work(hired())
    answer = client.post(url("reveal", case), {"field": "phone", "reason": WHY})
    page = unescape(answer.content.decode())
    assert answer.status_code == 200 and PHONE in page and NAME not in page and ADDRESS not in page
    (row,) = revealed()
    assert (row.what, row.reason, row.agent.get_username()) == ("phone", WHY, "mori")
    assert PHONE not in client.get(url("case", case)).content.decode()
    assert WHY in text_of(client.get(url("case", case)))


@pytest.mark.parametrize(("field", "reason"), [("phone", ""), ("phone", "  あ  "), ("claim", WHY), ("", WHY)])
def test_a_reveal_without_a_reason_shows_nothing(world: World, field: str, reason: str) -> None:
    case = with_customer(said_not_me(world))
    answer = at_work(hired()).post(url("reveal", case), {"field": field, "reason": reason})
    assert answer.status_code == 422
    assert not [value for value in CUSTOMER if value in unescape(answer.content.decode())]
    assert not revealed()


@pytest.mark.parametrize("role", [Role.PRIVACY, Role.ADMINISTRATOR])
def test_who_reads_the_log_or_makes_accounts_reveals_nothing(world: World, role: str) -> None:
    case = with_customer(said_not_me(world))
    answer = at_work(hired(role=role)).post(url("reveal", case), {"field": "phone", "reason": WHY})
    assert answer.status_code == 403 and not revealed()


def test_a_note_is_sealed_internal_and_in_the_timeline(world: World) -> None:
    case = said_not_me(world)
    client = at_work(hired())
    assert client.post(url("note", case), {"text": "折り返しの電話は月曜"}).status_code == 302
    row = Note.objects.get()
    assert "月曜".encode() not in bytes(row.text) and drafts.read_note(row) == "折り返しの電話は月曜"
    page = client.get(url("case", case))
    assert "折り返しの電話は月曜" in text_of(page) and "内部メモを残す" in text_of(page)
    assert re.search(r'<li class="note">.*?<span class="label">内部</span>', page.content.decode(), re.S)
    empty = client.post(url("note", case), {"text": "  "})
    assert empty.status_code == 422 and "メモが空欄" in text_of(empty)


def test_a_draft_is_kept_sealed_per_agent_and_goes_with_the_note(world: World) -> None:
    case = said_not_me(world)
    mori, kida = at_work(hired()), at_work(hired("kida"))
    said = mori.post(url("draft", case), {"kind": "note", "text": "書きかけ"}).json()["said"]
    assert "下書きを保存しました" in said
    assert "書きかけ".encode() not in bytes(Draft.objects.get().text)
    assert "書きかけ" in mori.get(url("case", case)).content.decode()
    assert "書きかけ" not in kida.get(url("case", case)).content.decode()
    mori.post(url("draft", case), {"kind": "note", "text": "書きかけ、続き"})
    assert Draft.objects.count() == 1
    mori.post(url("note", case), {"text": "書きかけ、続き"})
    assert not Draft.objects.exists()
    mori.post(url("draft", case), {"kind": "note", "text": "また"})
    mori.post(url("draft", case), {"kind": "note", "text": " "})
    assert not Draft.objects.exists()
    assert mori.post(url("draft", case), {"kind": "else", "text": "x"}).status_code == 404


def test_a_note_that_is_refused_is_not_lost(world: World) -> None:
    case = said_not_me(world)
    client = at_work(hired())
    long = "長" * (drafts.LONGEST + 1)
    answer = client.post(url("note", case), {"text": long})
    assert answer.status_code == 422 and long in answer.content.decode() and Draft.objects.count() == 1


def test_old_drafts_and_presences_are_forgotten(world: World, moved) -> None:
    case, mori = said_not_me(world), hired().agent
    drafts.keep(case, mori, "note", "x")
    drafts.here(case, mori)
    assert drafts.forget_old() == 0
    moved(days=31)
    assert drafts.forget_old() == 2


def test_two_who_have_a_case_open_are_told_of_each_other(world: World, moved) -> None:
    case = said_not_me(world)
    mori, kida = at_work(hired()), at_work(hired("kida"))
    assert "開いています" not in text_of(mori.get(url("case", case)))
    since = Presence.objects.get().since
    assert "moriさんが" in text_of(kida.get(url("case", case)))
    assert "kida" in mori.post(url("presence", case)).json()["others"][0]
    moved(seconds=40)
    mori.post(url("presence", case))
    assert Presence.objects.get(agent__username="mori").since == since, "since they came, not since the last beat"
    moved(seconds=40)
    assert mori.post(url("presence", case)).json()["others"] == [], "who gives no sign for a minute is gone"
    kida.post(url("presence", case))
    mori.post(url("presence", case), {"leave": "1"})
    assert kida.post(url("presence", case)).json()["others"] == []
    mori.get(url("case", case))
    assert Presence.objects.get(agent__username="mori").since > since


def test_what_the_reporter_wrote_is_unread_until_it_was_on_a_screen(world: World) -> None:
    case = said_not_me(world)
    desk.write(case, "in", "page", "メールは三通でした")
    client = at_work(hired())
    assert "未読" in text_of(client.get("/desk/?view=open"))
    page = client.get(url("case", case))
    assert "メールは三通でした" in text_of(page) and Message.objects.get().seen is None, "a GET changes nothing"
    client.post(url("presence", case))
    assert Message.objects.get().seen is not None
    assert "未読" not in text_of(client.get("/desk/?view=open"))


def test_two_who_take_a_case_at_once(world: World) -> None:
    case = said_not_me(world)
    mori, kida = at_work(hired()), at_work(hired("kida"))
    assert mori.post(url("take", case)).status_code == 302
    late = kida.post(url("take", case))
    assert late.status_code == 422 and "ほかの人が先に" in text_of(late)
    case.refresh_from_db()
    assert case.agent.get_username() == "mori"
    kida.post(url("give_back", case))
    case.refresh_from_db()
    assert case.agent is not None
    mori.post(url("give_back", case))
    case.refresh_from_db()
    assert case.agent is None


def test_only_an_agent_of_the_organisation_is_assigned(world: World) -> None:
    add_service("よそ", organisation="よそ社", locale="ja", mode="enforce", sender="a@yoso.example")
    case = said_not_me(world)
    stranger = hired("yoso", organisation="よそ社").agent
    hired("hayashi", Role.PRIVACY)
    boss = at_work(hired("boss", Role.SUPERVISOR))
    for name in ("yoso", "hayashi", "nobody"):
        assert boss.post(url("case_assign", case), {"to": name}).status_code == 422
    with pytest.raises(work.WorkError):
        work.assign(case, stranger)
    assert boss.post(url("case_assign", case), {"to": "boss"}).status_code == 302


def test_pending_moves_the_desks_own_date_only(world: World) -> None:
    case, client = said_not_me(world), at_work(hired())
    zone = world.service.zone
    wanted = clock.today(zone) + timedelta(days=5)
    assert client.post(url("pending", case), {"until": wanted.isoformat()}).status_code == 302
    case.refresh_from_db()
    assert case.due == desk.closing(wanted, zone)
    for until in ("", "yesterday", clock.today(zone).isoformat(), (clock.today(zone) + timedelta(days=61)).isoformat()):
        answer = client.post(url("pending", case), {"until": until})
        assert answer.status_code == 422 and "60日以内" in text_of(answer)
    Case.objects.filter(pk=case.pk).update(state=Case.State.AWAITING)
    assert client.post(url("pending", case), {"until": wanted.isoformat()}).status_code == 422


def test_the_ladder_is_climbed_from_the_page(world: World, require) -> None:
    case = said_not_me(world)
    world.policy(own=["ネットスーパー お客さま窓口 0120-000-000"])
    client = at_work(hired())
    assert "連絡先を確認し" in text_of(client.get(url("case", case)))
    assert client.post(url("phone", case), {"outcome": "no_answer"}).status_code == 422
    empty = client.post(url("customer", case), {"name": " "})
    assert empty.status_code == 422
    kept = {"name": NAME, "phone": PHONE, "postal_code": "273-0005", "address": ADDRESS}
    assert client.post(url("customer", case), kept).status_code == 302
    assert client.post(url("phone", case), {"outcome": "no_answer"}).status_code == 302
    assert client.post(url("phone", case), {"outcome": "asleep"}).status_code == 422
    shown = text_of(client.get(url("case", case)))
    assert "電話: 応答なし" in shown
    assert client.post(url("letter", case), {"days": "2"}).status_code == 422
    made = client.post(url("letter", case), {"days": "10"})
    if made.status_code == 422:
        pytest.skip(text_of(made)[:200])
    letter = Letter.objects.get()
    printed = client.post(url("letter_print", case, letter.pk))
    assert printed["Content-Type"] == "application/pdf" and printed.content.startswith(b"%PDF")
    assert [row.what for row in revealed()] == ["letter"], "printing shows name and address: it is in the log"
    today = clock.today(world.service.zone).isoformat()
    assert client.post(url("letter_posted", case, letter.pk), {"on": "nonsense"}).status_code == 422
    assert client.post(url("letter_posted", case, letter.pk), {"on": today}).status_code == 302
    case.refresh_from_db()
    assert case.state == Case.State.AWAITING
    assert client.post(url("letter_returned", case, letter.pk), {"on": today}).status_code == 302
    case.refresh_from_db()
    assert case.state == Case.State.REACHING
    assert client.post(url("deadline", case), {"days": "10"}).status_code == 302


def test_a_letter_of_another_case_is_none(world: World) -> None:
    case, other = (said_not_me(world, number, f"h{number}@example.jp") for number in (1, 2))
    today = clock.today(world.service.zone)
    theirs = Letter.objects.create(case=other, made=clock.now(), deadline=today, code=b"x" * 32, sealed_code=b"x")
    client = at_work(hired())
    for name in ("letter_print", "letter_posted", "letter_returned"):
        assert client.post(url(name, case, theirs.pk), {"on": today.isoformat()}).status_code == 422
        assert client.post(url(name, case, "x" * 5), {"on": today.isoformat()}).status_code == 422


def test_ending_by_hand_is_the_supervisors(world: World) -> None:
    asked, case = unconfirmed(world), said_not_me(world)
    mori, boss = at_work(hired()), at_work(hired("boss", Role.SUPERVISOR))
    assert mori.post(url("close", case), {"end": "withdrawn"}).status_code == 403
    assert boss.post(url("close", case), {"end": "lapsed"}).status_code == 422
    assert boss.post(url("close", case), {"end": "proved"}).status_code == 422
    assert boss.post(url("close", asked), {"end": "corrected"}).status_code == 422
    assert boss.post(url("close", asked), {"end": "lapsed"}).status_code == 302
    assert boss.post(url("close", case), {"end": "withdrawn"}).status_code == 302
    for each, end in ((asked, "lapsed"), (case, "withdrawn")):
        each.refresh_from_db()
        assert (each.state, each.end) == ("closed", end)
    page = boss.get(url("case", case))
    assert page.status_code == 200 and "消去済み" in text_of(page)


def test_what_does_not_open_does_not_hide_the_rest(world: World) -> None:
    case, mori = said_not_me(world), hired()
    pk = keys.uuid7()
    Note.objects.create(id=pk, case=case, agent=mori.agent.user, at=clock.now(), text=b"sealed by another key")
    Draft.objects.create(case=case, agent=mori.agent.user, kind="note", at=clock.now(), text=b"and this")
    shown = at_work(mori).get(url("case", case))
    assert shown.status_code == 200 and "今の鍵では開けません" in text_of(shown)


# -- answers ----------------------------------------------------------------------------------------------------


def wishing(case: Case, wish: str) -> Case:
    Reporter.objects.filter(case=case).update(wish=wish)
    return case


@pytest.mark.parametrize(
    ("wish", "wrote", "obstacle"),
    [("nothing", True, "wish"), ("result", False, "wish"), ("result", True, ""), ("steps", False, "")],
)
def test_the_wish_decides_whether_an_answer_may_go(world: World, wish: str, wrote: bool, obstacle: str) -> None:
    case = wishing(said_not_me(world), wish)
    if wrote:
        desk.write(case, "in", "page", "どうなりましたか")
    assert answers.obstacle(case) == obstacle
    answer = at_work(hired()).post(url("answer", case), {"text": "お問い合わせありがとうございます。"})
    assert answer.status_code == (422 if obstacle else 200)


def test_before_the_mailbox_has_answered_nothing_is_answered(world: World) -> None:
    case = wishing(unconfirmed(world), "steps")
    assert answers.obstacle(case) == "unconfirmed"
    with pytest.raises(answers.AnswerError):
        answers.send(case, hired().agent, "こんにちは", "ja", keys.uuid7())


def test_the_preview_is_the_very_mail_but_for_the_readers_own_link(world: World, moved) -> None:
    case = wishing(said_not_me(world), "steps")
    client = at_work(hired())
    text = "お問い合わせいただき、ありがとうございます。\n\n<b>太字</b> にはなりません。"
    page = client.post(url("answer", case), {"text": text})
    preview = answers.preview(case, text, "ja")
    assert unescape(page.content.decode()).count(preview.text.strip()[:40])
    assert not re.search(r"/m/[\w-]{20}", page.content.decode()), "the link opens the reporter's page"
    pk = re.search(r'name="key" value="([\w-]+)"', page.content.decode())
    before = len(world.notices())
    for _ in range(2):
        sent = client.post(url("answer_send", case), {"text": text, "in": "ja", "key": pk[1]})
        assert sent.status_code == 302
    moved(seconds=10)
    assert desk.unsent.due() == 1 and gate.drive() == 1
    mails = world.notices()[before:]
    assert len(mails) == 1, "pressed twice, it is one mail"
    mail = mails[0]
    assert mail["To"] == "hana@example.jp" and mail["Subject"] == preview.subject
    arrived = "\n".join(mail.get_body(("plain",)).get_content().splitlines())
    own = re.search(r"/m/([\w-]{20,})", arrived)
    assert own and desk.behind(own[1]) == case
    assert re.sub(r"/m/[\w-]+", "/m/" + "•" * 12, arrived).strip() == preview.text.strip()
    assert "&lt;b&gt;" in mail.get_body(("html",)).get_content()
    row = Message.objects.get(direction="out", kind="answer")
    assert row.pk == UUID(pk[1]) and desk.read(row) == text and row.agent.get_username() == "mori"
    assert Line.objects.filter(kind="case").count() == 1
    assert text.split(maxsplit=1)[0] in text_of(client.get(url("case", case)))


@pytest.mark.parametrize(
    "said", ["大島さまは", "健太郎さん", "０９０ー００００ー４７１１", "09000004711", "273 0005", ADDRESS]
)
def test_an_answer_that_names_the_customer_is_not_sent(world: World, said: str) -> None:
    case = wishing(with_customer(said_not_me(world)), "steps")
    client = at_work(hired())
    for path, more in ((url("answer", case), {}), (url("answer_send", case), {"key": str(keys.uuid7()), "in": "ja"})):
        answer = client.post(path, {"text": f"登録された{said}のものです", **more})
        assert answer.status_code == 422 and "会員の氏名や連絡先" in text_of(answer)
        assert said in unescape(answer.content.decode()), "what was typed is kept"
    assert not Message.objects.filter(direction="out").exists()


def test_an_english_name_is_found_as_a_word_only(world: World) -> None:
    case = wishing(said_not_me(world), "steps")
    desk.ladder.keep_customer(case, "Will Grant", "", "", "12 High Street, Bath", "mori")
    assert not answers.names_customer(case, "We will grant that.")
    assert answers.names_customer(case, "Mr Grant has registered.")


def test_a_sentence_is_offered_only_while_it_is_true(world: World) -> None:
    asked = wishing(unconfirmed(world), "steps")
    told = {each.key for each in answers.offered(asked, "ja")}
    assert not told & {"stopped", "still_stopped", "told", "destroyed", "working", "next_report", "wish_shipped"}
    case = wishing(said_not_me(world), "steps")
    true = {each.key: each.text for each in answers.offered(case, "ja")}
    assert {"stopped", "still_stopped", "told", "destroyed", "working", "next_report", "delete_mails"} <= set(true)
    assert not [key for key in true if key.startswith("wish")]
    Reporter.objects.filter(case=case).update(wish="result", disposal="deleted")
    assert not {"next_report", "delete_mails"} & {each.key for each in answers.offered(case, "ja")}
    improvement = Improvement.objects.create(organisation=case.organisation, title="x", created=clock.now())
    Wish.objects.create(
        case=case, improvement=improvement, organisation=case.organisation, at=clock.now(), language="ja", text=b"x"
    )
    for state, ended in (("considered", None), ("planned", None), ("shipped", clock.now()), ("declined", clock.now())):
        Improvement.objects.update(state=state, ended=ended)
        keys_now = {each.key for each in answers.offered(case, "en")}
        assert {key for key in keys_now if key.startswith("wish")} == {f"wish_{state}"}
    Improvement.objects.update(state="shipped", ended=None)
    assert not {each.key for each in answers.offered(case, "en") if each.key.startswith("wish")}


def test_the_dates_of_the_sentences_are_the_records(world: World) -> None:
    from atesaki.language import moment

    case = wishing(said_not_me(world), "steps")
    for lang in LANGUAGES:
        said = {each.key: each.text for each in answers.offered(case, lang)}
        assert moment(case.confirmed, world.service.zone, lang) in said["stopped"]
        assert moment(case.report_due, world.service.zone, lang) in said["next_report"]
        assert not [text for text in said.values() if "{" in text]


def test_the_sentences_are_in_both_languages_in_the_tone_of_the_house() -> None:
    from tests.test_wording import UNWANTED, places

    ja, en = (answers.catalogue(lang) for lang in LANGUAGES)
    assert list(ja) == list(en) == list(answers._TRUE)
    for key in ja:
        assert places(ja[key]) == places(en[key])
        for text in (ja[key], en[key]):
            assert not UNWANTED.search(text) and not re.search(r"[<>&]|\d{4}年|\d+月\d+日", text), text


def test_ticked_sentences_come_into_the_text_once(world: World) -> None:
    case = wishing(said_not_me(world), "steps")
    client = at_work(hired())
    page = client.post(
        url("answer", case), {"text": "はじめに。", "insert": "1", "sentence": ["thanks", "wish_shipped"]}
    )
    area = re.search(r"<textarea[^>]*>(.*?)</textarea>", page.content.decode(), re.S)[1]
    assert unescape(area) == "はじめに。\n\nお問い合わせいただき、ありがとうございます。", (
        "one that is not true is not put in"
    )
    again = client.post(url("answer", case), {"text": unescape(area), "insert": "1", "sentence": ["thanks"]})
    assert again.content.decode().count("お問い合わせいただき") == 2, "once in the text, once in the list"


# -- reports and inquiries ----------------------------------------------------------------------------------------


def test_a_report_by_phone_is_a_claim_and_says_nothing_of_whether_it_is_known(world: World) -> None:
    world.send(order(), "hana@example.jp")
    client = at_work(hired())
    pages = []
    for address in ("hana@example.jp", "made-up@example.jp"):
        given = {"address": address, "via": "phone", "language": "ja", "text": "電話にて"}
        pages.append(client.post("/desk/report", given).content)
    masked = [re.sub(rb'csrfmiddlewaretoken" value="\w+"', b"", page) for page in pages]
    assert masked[0] == masked[1]
    assert set(Report.objects.values_list("via", flat=True)) == {"phone"}
    assert not Case.objects.exists(), "the worker looks, not the page"
    assert sum(desk.look_into(report.pk) for report in Report.objects.all()) == 1
    assert Case.objects.get().via == "phone" and Case.objects.get().state == "unconfirmed"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"address": "hana", "via": "phone"}, "読み取れません"),
        ({"address": "hana@example.jp", "via": "page"}, "電話か手紙か"),
        ({"address": "hana@example.jp", "via": "letter", "text": "長" * 2001}, "2,000文字"),
    ],
)
def test_a_report_that_cannot_be_read_is_kept_as_typed(world: World, given: dict[str, str], sentence: str) -> None:
    answer = at_work(hired()).post("/desk/report", {"language": "ja", **given})
    assert answer.status_code == 422 and sentence in text_of(answer)
    assert given["address"] in answer.content.decode() and given.get("text", "") in answer.content.decode()
    assert not Report.objects.exists()


def test_an_inquiry_is_opened_taken_and_done(world: World) -> None:
    from atesaki.desk import Question

    desk.inquire("ABCD-EFGH", Question("order", world.service, "ja", "届きません", email="umi@example.jp"), "192.0.2.1")
    client, kida = at_work(hired()), at_work(hired("kida"))
    assert "ABCD-EFGH" in text_of(client.get("/desk/inquiries"))
    shown = text_of(client.get("/desk/inquiries/ABCD-EFGH"))
    assert "届きません" in shown and "umi@example.jp" in shown
    client.post("/desk/inquiries/ABCD-EFGH/take")
    kida.post("/desk/inquiries/ABCD-EFGH/take")
    assert Inquiry.objects.get().agent.get_username() == "mori"
    assert client.post("/desk/inquiries/ABCD-EFGH/done").status_code == 302
    assert "ABCD-EFGH" not in text_of(client.get("/desk/inquiries"))
    assert "ABCD-EFGH" in text_of(client.get("/desk/inquiries?done=1"))
    Inquiry.objects.update(sealed=b"another key", done=None)
    assert "今の鍵では開けません" in text_of(client.get("/desk/inquiries/ABCD-EFGH"))


# -- leaks ------------------------------------------------------------------------------------------------------


def test_the_inventory_counts_what_reached_the_mailbox(world: World) -> None:
    world.policy(mode="observe")
    for number in range(7, 10):
        world.send(order(number))
    world.policy(mode="enforce")
    case = said_not_me(world)
    assert desk.leaks.inventory(case)[0].many == 3
    shown = text_of(at_work(hired(role=Role.PRIVACY)).get(url("leak", case)))
    assert "built-in method" not in shown and re.search(r"\b3\b", shown)


def test_the_privacy_officer_answers_whether_a_leak_is_reported(world: World) -> None:
    case = said_not_me(world)
    client = at_work(hired("hayashi", Role.PRIVACY))
    assert "未判断" in text_of(client.get(url("case", case)))
    assert client.post(url("leak", case), {"which": "first"}).status_code == 422
    empty = client.post(url("leak", case), {"answer": "yes", "reason": " "})
    assert empty.status_code == 422 and 'value="yes" required checked' in empty.content.decode()
    saved = client.post(url("leak", case), {"answer": "yes", "reason": "注文内容が届いた", "ill_intent": "1"})
    assert saved.status_code == 200 and "報告が必要" in text_of(saved)
    assert client.post(url("leak", case), {"which": "first"}).status_code == 200
    assert desk.leaks.assessment(case).first_reported is not None
    assert "速報を提出" in text_of(client.get(url("case", case)))


def test_nothing_in_the_steps_that_is_written_has_no_word(world: World) -> None:
    """Each `step(case, "…")` of the code has a sentence in both languages."""
    from pathlib import Path

    from atesaki.pages import wording

    source = "\n".join(path.read_text() for path in Path(desk.__file__).parent.glob("*.py"))
    written = set(re.findall(r'step\([\w.]+, "(\w+)"', source))
    assert len(written) > 12
    hidden = {"phoned", "sms_sent", "sms_failed", "letter_made", "letter_posted", "letter_returned", "revealed"}
    hidden |= {"noted", "answered"}
    for lang in LANGUAGES:
        missing = {step for step in written - hidden if f"desk_step.{step}" not in wording.catalogue(lang)}
        assert not missing


# -- the operator's command ---------------------------------------------------------------------------------------


def test_an_account_from_its_first_password_to_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import json
    from contextlib import nullcontext
    from importlib import import_module

    from click.testing import CliRunner

    command = import_module("atesaki.cli.agent")  # `atesaki.cli.agent` as a name is the group in it
    monkeypatch.setattr(command, "installation", nullcontext)

    def run(*words: str) -> str:
        told = CliRunner().invoke(command.agent, words, catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return told.output

    given = ("--organisation", OFFICE, "--role", "agent", "--language", "ja")
    made = json.loads(run("add", "mori", *given, "--json").splitlines()[-1])
    assert list(made) == ["agent", "organisation", "role", "language", "password", "totp_uri"]
    digits = pyotp.parse_uri(made["totp_uri"]).at(int(clock.now().timestamp()))
    assert agents.sign_in("mori", made["password"], digits, "192.0.2.1").agent is not None
    shown = run("add", "森", *given)
    assert "otpauth://totp/" in shown and "█" in shown and "shown this once" in shown
    listed = [json.loads(line) for line in run("list", "--json").splitlines()]
    assert [each["agent"] for each in listed] == ["mori", "森"] and "password" not in listed[0]
    assert "森" in run("list")
    again = json.loads(run("reset", "mori", "--json").splitlines()[-1])
    assert again["password"] != made["password"] and again["totp_uri"] != made["totp_uri"]
    assert "is retired" in run("retire", "mori", "--yes")
    with pytest.raises(AgentError, match="no agent named"):
        run("reset", "mori")
    with pytest.raises(AgentError, match=f"Organisations: {OFFICE}"):
        run("add", "kida", "--organisation", "nowhere", "--role", "agent", "--language", "ja")
