"""Suspicious addresses: each reason by example, real people left alone, and how often it is right (labelled list)."""

from __future__ import annotations

import itertools
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki import addresses
from atesaki.audit import suspicion
from atesaki.audit.suspicion import REASONS, SHARED_FROM, meant

QUIET: dict[str, Any] = {"customers": 1, "mails": 3, "bounced": 0, "reacted": 0}
RETURNED = QUIET | {"bounced": 3}


def told(address: str, **facts: Any) -> tuple[str, ...]:
    return suspicion.suspicions(address, **(QUIET | facts))


LABELLED = tomllib.loads((Path(__file__).parent / "corpus" / "suspicion.toml").read_text(encoding="utf-8"))
MADE_UP, HONEST = LABELLED["made_up"], LABELLED["honest"]
HONEST_DOMAINS = ("gmail.com", "docomo.ne.jp", "mori.example", "post.example.org")


def whole(part: str, number: int) -> str:
    """A list's `asdf@` at an ordinary domain, its `@gmial.com` with an ordinary name."""
    if part.endswith("@") and len(part) > 1 and part != "hana@":
        return part + HONEST_DOMAINS[number % len(HONEST_DOMAINS)]
    return f"hana.m{part}" if part.startswith("@") and not part.endswith("mail.example") else part


HONEST_LIST = [
    part + HONEST_DOMAINS[number % 4] if part.endswith("@") else part
    for number, part in enumerate(HONEST["all"].split())
]
MADE_UP_LIST = [
    (whole(part, number), reason) for reason, parts in MADE_UP.items() for number, part in enumerate(parts.split())
]


@pytest.mark.parametrize(("address", "reason"), MADE_UP_LIST)
def test_each_reason_is_given_for_what_looks_so(address: str, reason: str) -> None:
    assert reason in told(address)


@pytest.mark.parametrize("address", HONEST_LIST)
def test_people_with_odd_names_are_left_alone(address: str) -> None:
    assert told(address) == ()


def test_how_often_it_is_right_on_the_labelled_list() -> None:
    """Precision and recall of each reason; a list that is right in every line says nothing new, so it is counted."""
    right, given_, owed = Counter[str](), Counter[str](), Counter[str]()
    for address, reason in [*MADE_UP_LIST, *((address, "") for address in HONEST_LIST)]:
        reasons = told(address)
        owed[reason] += 1
        right[reason] += reason in reasons
        # Two reasons for one made-up address are both right: aaa@ is a keyboard run to some.
        given_.update(reasons if not reason else {reason} & set(reasons))
    for reason in MADE_UP:
        assert right[reason] / given_[reason] >= 0.98, reason
        assert right[reason] / owed[reason] >= 0.95, reason
    assert len(HONEST_LIST) >= 150
    assert len(MADE_UP_LIST) >= 150


def test_ordinary_names_in_every_common_form_are_left_alone() -> None:
    """Precision where it counts: among very many ordinary ones a rare fault would bury what is right."""
    families, givens = HONEST["families"].split(), HONEST["givens"].split()
    wrong = []
    shapes = (
        "{0}.{1}",
        "{1}{0}",
        "{0}_{1}",
        "{2}.{0}",
        "{1}-{3}",
        "{1}{3}",
        "{0}{4}",
        "{1}.{3}{4}",
        "{2}{3}{4}",
        "{3}{2}",
    )
    for family, first in itertools.product(families, givens):
        number = 1940 + (len(wrong) + len(family) * 7 + len(first) * 11) % 80
        for shape in shapes:
            local = shape.format(family, first, first[0], family[0], number)
            if found := told(f"{local}@gmail.com"):
                wrong.append((local, found))
    assert len(families) * len(givens) * len(shapes) > 15_000
    assert not wrong


def test_real_mail_hosts_are_no_slips() -> None:
    """The big ones of Japan and the world."""
    for domain in HONEST["hosts"].split():
        assert told(f"hana.m@{domain}") == (), domain


@pytest.mark.parametrize(
    ("address", "right"),
    [
        ("hana@gmial.com", "hana@gmail.com"),
        ("Hana+shop@gmail.co", "Hana+shop@gmail.com"),
        ("hana@gmail,com", "hana@gmail.com"),
        ("hana@yahoo.cojp", "hana@yahoo.co.jp"),
        ("hana@icloud.co.jp", "hana@icloud.com"),
        ('"ken..m"@docmo.ne.jp', '"ken..m"@docomo.ne.jp'),
        ("hana@mori.con", "hana@mori.com"),
        ("hana@gmail.com", None),
        ("hana@mori.example", None),
        ("hana @ gmail.com", None),  # unparsable, but the domain is right
        ("hana@yopmail.com", None),  # two letters from hotmail.com, and yet itself
        ("なし", None),
        ("", None),
    ],
)
def test_what_was_meant(address: str, right: str | None) -> None:
    assert meant(address) == right
    assert ("lookalike_domain" in told(address)) == (right is not None)


def test_a_slip_on_a_list_of_disposable_domains_is_a_slip() -> None:
    assert told("hana@gmial.com") == ("lookalike_domain",)


def test_many_customers_share_and_a_couple_does_not() -> None:
    assert told("hana@mori.example", customers=SHARED_FROM - 1) == ()
    assert told("hana@mori.example", customers=SHARED_FROM) == ("shared",)


def test_a_dead_domain_is_alive_if_somebody_reacted() -> None:
    assert told("hana@mori.example", dead=True) == ("dead_domain",)
    assert told("hana@mori.example", dead=True, reacted=1) == ()
    assert told("hana@excite.co.jp", reacted=1) == ()
    # ... but somebody who reads at a look-alike is the worst that can be.
    assert told("hana@gmial.com", reacted=5) == ("lookalike_domain",)


@pytest.mark.parametrize("address", ["piyo@mori.example", "nashi@docomo.ne.jp", "asdf.hana@mori.example"])
def test_where_nothing_ever_arrived_less_is_enough(address: str) -> None:
    assert told(address) == ()
    assert told(address, bounced=3)
    assert told(address, bounced=3, reacted=1) == told(address, bounced=2) == ()
    assert told(address, mails=0) == ()


def test_several_reasons_come_in_one_order() -> None:
    assert told("test@gmail,com", customers=9, dead=True) == (
        *("unparsable", "placeholder", "lookalike_domain", "dead_domain", "shared"),
    )


def test_what_is_known_by_heart_does_not_contradict_itself() -> None:
    ours = {*addresses.WELL_KNOWN, *addresses.CARRIERS}
    known = suspicion._KNOWN
    assert not ours & suspicion._CLOSED
    assert not ours & suspicion.blocklist
    assert all(entry["ended"] and entry["source"] for entry in known["closed"])
    for line in known["closed"]:
        for domain in line["domains"].split():
            assert addresses.parse(f"x@{domain}").domain == domain
            assert "dead_domain" in told(f"hana.m@{domain}")
    assert not suspicion._WORDS & suspicion._FILLERS


# --- properties ------------------------------------------------------------------------------------------

counts = st.integers(0, 9)
locals_ = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789._+-\"' @あー", max_size=70)
domains_ = st.one_of(
    st.sampled_from(
        ["gmail.com", "gmial.com", "excite.co.jp", "例え.jp", "GMAIL.COM", "a" * 70 + ".jp", "x." * 120 + "jp"]
    ),
    st.text("abcmil.-jp", max_size=20),
)


@settings(deadline=None)
@given(
    st.one_of(st.text(max_size=300), st.builds("{}@{}".format, locals_, domains_)),
    counts,
    counts,
    counts,
    counts,
    st.booleans(),
)
def test_anything_gets_known_reasons_in_order(
    text: str, customers: int, mails: int, bounced: int, reacted: int, dead: bool
) -> None:
    found = suspicion.suspicions(text, customers=customers, mails=mails, bounced=bounced, reacted=reacted, dead=dead)
    assert list(found) == [reason for reason in REASONS if reason in found]
    assert found == suspicion.suspicions(
        text, customers=customers, mails=mails, bounced=bounced, reacted=reacted, dead=dead
    )
    right = meant(text)
    assert ("lookalike_domain" in found) == (right is not None)
    if right is not None:
        assert addresses.parse(right)
        assert "lookalike_domain" not in told(right)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=300), st.builds("{}@{}".format, locals_, domains_)))
def test_unparsable_is_what_parse_refuses(text: str) -> None:
    """The short way for plain addresses must not differ from the grammar."""
    try:
        addresses.parse(text)
    except addresses.AddressError:
        assert "unparsable" in told(text)
    else:
        assert "unparsable" not in told(text)


@settings(deadline=None)
@given(st.text("hankermoisu", min_size=4, max_size=12), st.sampled_from(HONEST_DOMAINS))
def test_case_and_tag_change_nothing(local: str, domain: str) -> None:
    assert told(f"{local}@{domain}") == told(f"{local.upper()}@{domain}") == told(f"{local}+shop@{domain}")
