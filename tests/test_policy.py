"""What a service's policy, keys and words change, and what they must not: nothing acts backwards, nothing leaks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from atesaki import addresses, clock, gate, keys, notme, ownership, tenants
from atesaki.gate import Outcome
from atesaki.models import Claim, Hold, Key, Line, Sealed, Slot, Token
from atesaki.ownership import Purpose
from tests.world import HANA, KEN_LIVES_AT, World, order

DELIVER, SUBSTITUTE, HOLD, REFUSE = Outcome.DELIVER, Outcome.SUBSTITUTE, Outcome.HOLD, Outcome.REFUSE


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch):
    """Moves the clock on by so many days, as often as it is called."""
    moved = timedelta()

    def move(days: int) -> None:
        nonlocal moved
        moved += timedelta(days=days)
        monkeypatch.setattr(clock, "offset", lambda: moved)

    return move


def confirm_tokens() -> int:
    return Token.objects.filter(purpose="confirm", revoked=None, expires__gt=clock.now()).count()


# -- a conversation that began earlier ------------------------------------------------------------------------


def test_a_conversation_follows_the_policy_of_now(world: World) -> None:
    world.policy(mode="observe")
    before = world.service
    tenants.change_service(before.name, mode="enforce")
    assert gate.submit(before, gate.Envelope("s@shop.example", (addresses.parse(HANA),)), order()).outcomes == (
        SUBSTITUTE,
    )


def test_a_conversation_ends_with_its_key(world: World) -> None:
    service = tenants.identify(*world.smtp)
    assert service is not None
    one = gate.Envelope("s@shop.example", (addresses.parse(HANA),))
    assert gate.submit(service, one, order()).outcomes == (SUBSTITUTE,)
    tenants.rotate(service.name)
    with pytest.raises(gate.TryLater, match="key"):
        gate.submit(service, one, order(2))
    assert Line.objects.filter(kind="mail").count() == 1


def test_a_retired_service_hands_in_nothing_more(world: World) -> None:
    service = world.service
    tenants.retire(service.name)
    with pytest.raises(gate.TryLater):
        world.send(order())


# -- nothing acts backwards -----------------------------------------------------------------------------------


def test_observing_does_not_release_what_waited(world: World) -> None:
    world.send(order())
    gate.drive()
    world.policy(mode="observe")
    gate.due()
    assert world.orders() == [] and Hold.objects.count() == 1
    assert world.send(order(2)).outcomes == (DELIVER,)


def test_what_was_put_off_while_observing_waits_once_it_is_enforced(world: World, settings: object) -> None:
    there, settings.ATESAKI_UPSTREAM = settings.ATESAKI_UPSTREAM, "smtp://127.0.0.1:9"
    world.policy(mode="observe")
    assert world.send(order()).outcomes == (DELIVER,)
    settings.ATESAKI_UPSTREAM = there
    world.policy(mode="enforce")
    gate.drive()
    assert world.orders() == [] and Hold.objects.count() == 1


def test_a_mailbox_that_asked_for_silence_has_it_while_observing_too(world: World) -> None:
    world.send(order())
    gate.drive()
    notme.pause(world.tokens()[1])
    world.policy(mode="observe")
    assert world.send(order(2)).outcomes == (HOLD,)


# -- an address stays provable --------------------------------------------------------------------------------


def test_a_link_lives_as_long_as_what_waits_for_it(world: World, later) -> None:
    world.send(order())
    gate.drive()
    confirm, _ = world.tokens()
    later(13)
    assert world.send(order(2)).outcomes[0] in (HOLD, SUBSTITUTE)
    later(10)
    gate.due()
    assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).result == "proved"
    gate.drive()
    assert len(world.orders()) == 1, "the first one's time was over, the second one's was not"


def test_who_overlooked_every_notice_is_asked_again_once_no_link_works(world: World, later) -> None:
    world.policy(notices_per_day=1, notices_in_all=2)
    assert world.send(order(1)).outcomes == (SUBSTITUTE,)
    later(1)
    assert world.send(order(2)).outcomes == (SUBSTITUTE,)
    later(1)
    assert world.send(order(3)).outcomes == (HOLD,), "asked often enough, and the links work"
    later(20)
    gate.due()
    assert confirm_tokens() == 0
    assert world.send(order(4)).outcomes == (SUBSTITUTE,)
    assert world.send(order(5)).outcomes == (HOLD,)


def test_the_number_in_all_begins_anew_when_the_mailbox_answers(world: World, later) -> None:
    world.policy(notices_per_day=1, notices_in_all=2)
    for number, customer in enumerate(("a", "b"), 1):
        assert world.send(b"X-Atesaki-Customer: %s\r\n" % customer.encode() + order(number)).outcomes == (SUBSTITUTE,)
        gate.drive()
        assert gate.confirm(world.tokens()[0], "postal_code", KEN_LIVES_AT).result == "proved"
        later(1)
    assert world.send(b"X-Atesaki-Customer: c\r\n" + order(3)).outcomes == (SUBSTITUTE,)


def test_a_mailbox_that_has_just_been_asked_gets_no_notice_besides(world: World, later) -> None:
    with transaction.atomic():
        gate.ask(world.service, addresses.parse(HANA), "ken")
    assert world.send(order(1, headers="X-Atesaki-Customer: ken\r\n")).outcomes == (HOLD,)
    assert world.send(order(2, headers="X-Atesaki-Customer: aoi\r\n")).outcomes == (SUBSTITUTE,), "another's claim"
    gate.drive()
    assert len(world.notices()) == 2
    later(2)
    assert world.send(order(3, headers="X-Atesaki-Customer: ken\r\n")).outcomes == (SUBSTITUTE,), "the code has ended"
    confirm = world.tokens(world.notices()[0])[0]
    assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).result == "proved"
    gate.drive()
    assert len(world.orders()) == 2, "the link in the first mail opens what waited since"


@pytest.mark.parametrize("spelt", ["=?utf-8?b?5YGl5aSq6YOO?=", "健太郎", "=?iso-2022-jp?b?GyRCN3JCQE86GyhC?="])
def test_a_customers_reference_is_the_same_however_it_is_encoded(world: World, spelt: str) -> None:
    world.send(order(1, headers=f"X-Atesaki-Customer: {spelt}\r\n"))
    assert [claim.customer for claim in Claim.objects.all()] == ["健太郎"]


def test_a_doubted_address_is_asked_and_can_be_proved_again(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, _ = world.tokens()
    gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
    gate.drive()
    assert ownership.doubt(Claim.objects.get(), "returned", "5.1.1")
    Slot.objects.all().delete()  # another day
    assert world.send(order(2)).outcomes == (SUBSTITUTE,)
    gate.drive()
    assert len(world.notices()) == 2
    assert gate.confirm(world.tokens()[0], "postal_code", KEN_LIVES_AT).result == "proved"
    gate.drive()
    assert len(world.orders()) == 2


def test_who_paused_by_mistake_finds_back_without_a_mail(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, not_me = world.tokens()
    gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
    notme.pause(not_me)
    Token.objects.filter(purpose="confirm").update(revoked=clock.now())
    assert world.send(order(2)).outcomes == (HOLD,)
    link = ownership.confirm_link(not_me)
    assert link is not None and ownership.visit(link, Purpose.CONFIRM) is not None
    assert ownership.confirm_link("nothing") is None
    assert gate.confirm(link, "postal_code", KEN_LIVES_AT).result == "proved"
    gate.drive()
    assert len(world.orders()) == 2


# -- guessing -------------------------------------------------------------------------------------------------


def test_new_links_give_no_new_tries_without_end(world: World) -> None:
    world.send(order())
    gate.drive()
    _, not_me = world.tokens()
    results = []
    for number in range(5):
        link = ownership.confirm_link(not_me)
        assert link is not None
        results += [gate.confirm(link, "postal_code", f"10{number}-000{tried}").result for tried in range(3)]
    assert results.count("wrong") == 4 and results.count("closed") == len(results) - 4, "six tries in all"
    link = ownership.confirm_link(not_me)
    assert link is not None and gate.confirm(link, "postal_code", KEN_LIVES_AT).result == "closed"


def test_the_weakest_question_is_asked_only_where_there_is_no_other(world: World) -> None:
    knows = b"X-Atesaki-Knows: postal_code=273-0005; birth_year=1980\r\n"
    world.send(knows + order())
    gate.drive()
    link, _ = world.tokens()
    visit = ownership.visit(link, Purpose.CONFIRM)
    assert visit is not None and "birth_year" not in visit.questions
    assert gate.confirm(link, "birth_year", "1980").result == "wrong"
    world.send(b"X-Atesaki-Knows: birth_year=1980\r\n" + order(2, to="mori@example.jp"), "mori@example.jp")
    gate.drive()
    visit = ownership.visit(world.tokens()[0], Purpose.CONFIRM)
    assert visit is not None and visit.questions == ("birth_year",)


def test_the_number_on_the_screen_is_another_once_it_was_guessed_at(world: World) -> None:
    with transaction.atomic():
        claim = gate.ask(world.service, addresses.parse(HANA), "ken")
    gate.drive()
    link, _ = world.tokens()
    wrong = [f"{number:02}" for number in range(100) if f"{number:02}" != claim.match][:3]
    assert [gate.confirm(link, "match", each).result for each in wrong] == ["wrong", "wrong", "closed"]
    claim.refresh_from_db()
    assert claim.match == ""


def test_a_right_answer_that_many_could_give_costs_no_try_and_opens_nothing(world: World) -> None:
    for number, to in enumerate(("a@example.jp", "b@example.jp", HANA), 1):
        world.send(order(number, to=to), to)
    gate.drive()
    link = next(world.tokens(notice)[0] for notice in world.notices() if notice["To"] == "a@example.jp")
    first = gate.confirm(link, "postal_code", KEN_LIVES_AT)
    assert (first.result, first.tries_left) == ("unusable", 3)
    visit = ownership.visit(link, Purpose.CONFIRM)
    assert visit is not None and "postal_code" not in visit.questions and visit.tries_left == 3
    gate.drive()
    assert world.orders() == []
    assert gate.confirm(link, "phone_last4", "0001").result == "proved"


def test_what_the_service_says_itself_is_its_word_whatever_was_found_before(world: World) -> None:
    world.send(order())
    world.send(b"X-Atesaki-Knows: postal_code=273-0005\r\n" + order(2))
    for number, to in enumerate(("a@example.jp", "b@example.jp"), 3):
        world.send(order(number, to=to), to)
    gate.drive()
    link = next(world.tokens(notice)[0] for notice in world.notices() if notice["To"] == HANA)
    assert gate.confirm(link, "postal_code", KEN_LIVES_AT).result == "proved"


@pytest.mark.parametrize("knows", [b"postal_code=27", b"postal=273-0005", b"birth_year=80", b"nothing"])
def test_a_header_that_cannot_be_read_is_refused_and_not_guessed_at(world: World, knows: bytes) -> None:
    with pytest.raises(gate.Unacceptable, match="X-Atesaki-Knows"):
        world.send(b"X-Atesaki-Knows: " + knows + b"\r\n" + order())
    assert not Line.objects.exists()


# -- several recipients, the key file, what is told ---------------------------------------------------------------


def test_a_mail_for_many_is_sealed_once(world: World) -> None:
    everybody = [f"hana{number}@example.jp" for number in range(20)]
    assert world.send(order(), *everybody).outcomes == (SUBSTITUTE,) * 20
    assert Hold.objects.count() == 20
    mails = {key.sealed_id for key in Key.objects.filter(hold__isnull=False)}
    assert len(mails) == 1 and Sealed.objects.count() == 1 + 20, "and a notice for each"


def test_who_is_refused_among_others_is_told_of_by_mail(world: World) -> None:
    world.send(order())
    gate.drive()
    notme.report(world.tokens()[1])
    assert world.send(order(2), HANA, "mori@example.jp").outcomes == (REFUSE, SUBSTITUTE)
    gate.drive()
    (told,) = [raw for raw in world.delivered() if b"report-type" in raw]
    assert b"Delivered-To: shop@shop.example" in told and b"\xe8\x88\xb9" not in told


def test_another_key_file_is_refused_and_destroys_nothing(
    world: World, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants.check_ring()
    world.send(order())
    assert Key.objects.exists()
    with monkeypatch.context() as other:
        keys.make(tmp_path / "other.json")
        other.setenv("ATESAKI_KEYS", str(tmp_path / "other.json"))
        keys.ring.cache_clear()
        try:
            with pytest.raises(keys.KeyFileError, match="not the key file"):
                tenants.check_ring()
            kept = Key.objects.count()
            gate.due()
            assert Key.objects.count() == kept, "nothing is thrown away for want of the right key"
        finally:
            other.undo()
            keys.ring.cache_clear()
    tenants.check_ring()


def test_a_mailbox_that_cannot_be_asked_and_a_time_that_is_over_are_told(
    world: World, later, monkeypatch: pytest.MonkeyPatch
) -> None:
    from atesaki.outbox import Hand, Handed
    from atesaki.outbox.couriers import Maildir

    world.send(order())
    real = Maildir.hand

    def nobody(self, envelope, content, seconds):
        if envelope.recipients[0].text == HANA:
            return [Handed(Hand.PERMANENT, 550, "5.1.1 no such user")]
        return real(self, envelope, content, seconds)

    monkeypatch.setattr(Maildir, "hand", nobody)
    gate.drive()
    gate.drive()
    (told,) = world.delivered()
    assert b"Delivered-To: shop@shop.example" in told and b"550 5.1.1 no such user" in told
    assert Hold.objects.count() == 1
    later(15)
    gate.due()
    assert not Hold.objects.exists() and len(world.delivered()) == 2


def test_a_password_can_be_given_to_any_program_as_a_word(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["-begins with a dash", "fine", "also fine"])
    monkeypatch.setattr("atesaki.tenants.registry.secrets.token_urlsafe", lambda octets: next(drawn))
    issued = tenants.rotate(world.service.name)
    assert issued.smtp_password == "fine" and issued.api_key.endswith(".also fine")
