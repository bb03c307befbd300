"""The rule table over every fact there can be: 2 x 6 x 2 x 5 x 3 of them."""

from __future__ import annotations

from itertools import product

import pytest

from atesaki.gate.verdict import (
    REASONS,
    RULES,
    Facts,
    Mode,
    Notice,
    Outcome,
    Verification,
    decide,
)
from atesaki.ownership import Standing

EVERY = [Facts(*each) for each in product(Mode, Standing, (False, True), Verification, Notice)]


def test_every_fact_is_decided_by_a_rule_with_a_sentence() -> None:
    assert len(EVERY) == 2 * 6 * 2 * 5 * 3
    for facts in EVERY:
        verdict = decide(facts)
        assert verdict.reason in {rule.slug for rule in RULES}, f"nobody thought of {facts}"
        assert REASONS[verdict.reason].endswith(".")


def test_l1_nothing_is_delivered_without_a_proof_but_by_the_services_own_wish() -> None:
    for facts in EVERY:
        if decide(facts).outcome is not Outcome.DELIVER:
            continue
        bound = facts.standing is Standing.PROVED
        policy = facts.standing is Standing.ANSWERED and facts.accept_answered
        verification = facts.verification is Verification.PERMITTED and facts.standing is not Standing.DOUBTED
        assert bound or policy or verification or facts.mode is Mode.OBSERVE, facts


def test_l5_a_disavowed_address_gets_nothing_whatever_else_is_true() -> None:
    for facts in EVERY:
        disavowed = facts.standing is Standing.DISAVOWED
        assert (decide(facts).outcome is Outcome.REFUSE) == disavowed, facts


def test_a_mailbox_that_asked_for_silence_gets_no_notice() -> None:
    for facts in EVERY:
        if facts.notice is not Notice.DUE:
            assert decide(facts).outcome is not Outcome.SUBSTITUTE, facts


def test_a_proved_address_is_served_whatever_the_class_of_mail() -> None:
    for facts in EVERY:
        if facts.standing is Standing.PROVED:
            assert decide(facts).outcome is Outcome.DELIVER, facts


def test_running_out_of_rules_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atesaki.gate.verdict.RULES", ())
    for facts in EVERY:
        assert decide(facts).outcome is Outcome.HOLD
        assert decide(facts).reason == "no_rule"


def test_hits_and_misses_are_the_table_in_its_order() -> None:
    slugs = [rule.slug for rule in RULES]
    for facts in EVERY:
        verdict = decide(facts)
        assert [*verdict.misses, verdict.reason] == slugs[: len(verdict.misses) + 1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_every_rule_decides_something(rule) -> None:
    assert any(decide(facts).reason == rule.slug for facts in EVERY)
