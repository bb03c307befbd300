"""What happens to a mail, for one recipient: pure, from a handful of facts.

The rules are walked in their order and the first that fits decides. Running out of rules holds: nothing that
nobody thought of can ever be delivered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from atesaki.ownership import Standing


class Outcome(StrEnum):
    """What becomes of a mail (architecture, closed vocabularies)."""

    DELIVER = "deliver"
    SUBSTITUTE = "substitute"  # it waits, and a neutral notice goes in its place
    HOLD = "hold"  # it waits
    REFUSE = "refuse"


class Mode(StrEnum):
    """Whether the service has us enforce, or only watch."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


class Verification(StrEnum):
    """Whether this is the service's own verification mail, and may pass as one."""

    NONE = "none"
    NOT_PERMITTED = "not_permitted"
    PERSONAL = "personal"
    SPENT = "spent"
    PERMITTED = "permitted"


class Notice(StrEnum):
    """Whether the mailbox may be asked (again)."""

    DUE = "due"
    SPENT = "spent"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a verdict may depend on; small enumerations, so that a test can go through every one of them."""

    mode: Mode
    standing: Standing
    accept_answered: bool  # the policy took a click for a proof when it was made, and does so now
    verification: Verification
    notice: Notice


@dataclass(frozen=True, slots=True)
class Rule:
    """A named line of the table: it fits, or it does not."""

    slug: str
    sentence: str
    outcome: Outcome
    fits: Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, the slug of the rule that decided, and the rules before it that did not fit."""

    outcome: Outcome
    reason: str
    misses: tuple[str, ...]


_UNPROVED = (Standing.UNKNOWN, Standing.CLAIMED, Standing.ANSWERED)

RULES = (
    Rule(
        "disavowed",
        "The mailbox said that this is not its mail; no mail is sent to it.",
        Outcome.REFUSE,
        lambda facts: facts.standing is Standing.DISAVOWED,
    ),
    Rule(
        "proved",
        "Mailbox and customer have proved that they belong together.",
        Outcome.DELIVER,
        lambda facts: facts.standing is Standing.PROVED,
    ),
    Rule(
        "silenced",
        "The mailbox asked for silence; the mail waits, and no notice is sent.",
        Outcome.HOLD,
        lambda facts: facts.notice is Notice.SILENCED,
    ),
    Rule(
        "observed",
        "The service only has its mail observed, so everything is delivered.",
        Outcome.DELIVER,
        lambda facts: facts.mode is Mode.OBSERVE,
    ),
    Rule(
        "doubted_asked",
        "The address was proved once and is in doubt now; the mail waits, and a neutral notice asks its mailbox.",
        Outcome.SUBSTITUTE,
        lambda facts: facts.standing is Standing.DOUBTED and facts.notice is Notice.DUE,
    ),
    Rule(
        "doubted",
        "The address was proved once and is in doubt now; its mail waits for a fresh proof.",
        Outcome.HOLD,
        lambda facts: facts.standing is Standing.DOUBTED,
    ),
    Rule(
        "answered_accepted",
        "The mailbox answered, and the service's policy takes that for a proof.",
        Outcome.DELIVER,
        lambda facts: facts.standing is Standing.ANSWERED and facts.accept_answered,
    ),
    Rule(
        "verification_permitted",
        "It is the service's own verification mail, and carries nothing personal.",
        Outcome.DELIVER,
        lambda facts: facts.standing in _UNPROVED and facts.verification is Verification.PERMITTED,
    ),
    Rule(
        "verification_spent",
        "The verification mails of today for this address are used up; it waits.",
        Outcome.HOLD,
        lambda facts: facts.standing in _UNPROVED and facts.verification is Verification.SPENT,
    ),
    Rule(
        "unproved",
        "Nobody has proved this address yet; the mail waits, and a neutral notice asks its mailbox.",
        Outcome.SUBSTITUTE,
        lambda facts: facts.standing in _UNPROVED and facts.notice is Notice.DUE,
    ),
    Rule(
        "notice_spent",
        "Nobody has proved this address yet, and its mailbox was asked often enough; the mail waits.",
        Outcome.HOLD,
        lambda facts: facts.standing in _UNPROVED and facts.notice is Notice.SPENT,
    ),
)

REASONS = {rule.slug: rule.sentence for rule in RULES} | {
    "no_rule": "No rule fits, so the mail waits.",
    "upstream_refused": "The next mail server refused it for good.",
    "our_own": "It is our own mail to this mailbox, and carries nothing personal.",
}


def decide(facts: Facts) -> Verdict:
    """Walks `RULES` in order; what fits first decides, and *hold* stands at the end."""
    misses: list[str] = []
    for rule in RULES:
        if rule.fits(facts):
            return Verdict(rule.outcome, rule.slug, tuple(misses))
        misses.append(rule.slug)
    return Verdict(Outcome.HOLD, "no_rule", tuple(misses))
