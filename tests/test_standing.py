"""`derive` is pure: any history gives a standing, and the laws hold for all of them."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from atesaki.ownership import Said, Standing, derive

KEN, OTHER = UUID(int=1), UUID(int=2)
KINDS = ["claimed", "answered", "proved", "paused", "doubted", "disavowed", "withdrawn"]

histories = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from([KEN, OTHER, None])), max_size=12).map(
    lambda rows: [Said(order, kind, claim) for order, (kind, claim) in enumerate(rows)]
)


def said(*rows: tuple[str, UUID | None]) -> list[Said]:
    return [Said(order, kind, claim) for order, (kind, claim) in enumerate(rows)]


def standing(*rows: tuple[str, UUID | None], of: UUID = KEN) -> Standing:
    return derive(of, said(*rows)).standing


@given(histories)
def test_l1_proved_needs_a_bound_proof_of_this_very_claim(history: list[Said]) -> None:
    if derive(KEN, history).standing is Standing.PROVED:
        assert any(event.kind == "proved" and event.claim == KEN for event in history)


@given(histories)
def test_l5_after_ones_own_disavowal_only_a_later_bound_proof_counts(history: list[Said]) -> None:
    mine = [event for event in history if event.claim == KEN]
    last = max((event.order for event in mine if event.kind == "disavowed"), default=None)
    if last is not None and not any(event.kind == "proved" and event.order > last for event in mine):
        assert derive(KEN, history).standing is Standing.DISAVOWED


@given(histories)
def test_the_order_of_rows_in_the_answer_of_a_database_does_not_matter(history: list[Said]) -> None:
    assert derive(KEN, history) == derive(KEN, list(reversed(history)))


@given(histories, st.sampled_from(KINDS))
def test_what_is_said_of_another_customer_never_proves(history: list[Said], kind: str) -> None:
    before = derive(KEN, history).standing
    after = derive(KEN, [*history, Said(len(history), kind, OTHER)]).standing
    assert after is not Standing.PROVED or before is Standing.PROVED


@given(histories)
def test_a_customer_who_has_proved_the_address_keeps_it_when_another_is_disavowed(history: list[Said]) -> None:
    proved = [*history, Said(len(history), "proved", KEN), Said(len(history) + 1, "disavowed", OTHER)]
    assert derive(KEN, proved).standing is Standing.PROVED


def test_the_ways_of_the_story() -> None:
    assert standing() is Standing.UNKNOWN
    assert standing(("claimed", KEN)) is Standing.CLAIMED
    assert standing(("claimed", KEN), ("answered", KEN)) is Standing.ANSWERED
    assert standing(("claimed", KEN), ("answered", KEN), ("proved", KEN)) is Standing.PROVED
    assert standing(("claimed", KEN), ("disavowed", KEN)) is Standing.DISAVOWED
    assert standing(("claimed", KEN), ("proved", KEN), ("disavowed", KEN)) is Standing.DISAVOWED
    assert standing(("claimed", KEN), ("disavowed", KEN), ("claimed", KEN)) is Standing.DISAVOWED
    assert standing(("claimed", KEN), ("disavowed", KEN), ("proved", KEN)) is Standing.PROVED
    assert standing(("claimed", KEN), ("withdrawn", KEN)) is Standing.UNKNOWN
    assert standing(("claimed", KEN), ("proved", KEN), ("withdrawn", KEN)) is Standing.UNKNOWN


def test_the_next_customer_who_types_a_disavowed_address_is_stopped_too() -> None:
    assert standing(("claimed", OTHER), ("disavowed", OTHER), ("claimed", KEN)) is Standing.DISAVOWED


def test_a_pause_by_a_robot_is_undone_by_any_proof() -> None:
    paused = derive(KEN, said(("claimed", KEN), ("proved", KEN), ("paused", KEN)))
    assert (paused.standing, paused.paused) == (Standing.DOUBTED, True)
    again = derive(KEN, said(("claimed", KEN), ("proved", KEN), ("paused", KEN), ("proved", KEN)))
    assert (again.standing, again.paused) == (Standing.PROVED, False)
    waiting = derive(KEN, said(("claimed", KEN), ("paused", KEN)))
    assert (waiting.standing, waiting.paused) == (Standing.CLAIMED, True)
