"""Which addresses look made up, mistyped or not a person's, and why: a hint to look, never a verdict.

A reason is given where real people's addresses seldom look so; odd names, nicknames (momomo@, piyo@) and numbers
(ken1234@) are left alone. What is known by heart stands in `suspicion.toml`.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from disposable_email_domains import blocklist

from atesaki import addresses

# In the order in which they are told.
REASONS: Final = (
    *("unparsable", "placeholder", "keyboard_run", "repeated", "lookalike_domain", "dead_domain"),
    *("disposable", "shared", "role"),
)
# Customers of one address from which it is `shared`: couples do share theirs.
SHARED_FROM: Final = 3

_KNOWN: Final[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "suspicion.toml").read_text(encoding="utf-8"))
_LINES: Final[tuple[str, ...]] = tuple(
    way for line in _KNOWN["keyboard"]["lines"].split() for way in (line, line[::-1])
)
_SHORT: Final = frozenset(_KNOWN["keyboard"]["short"].split())
_BEGINNINGS: Final = frozenset(line[at : at + 3] for line in _LINES for at in range(len(line) - 2)) | _SHORT
_WORDS, _FILLERS, _DOMAINS, _FILLER_DOMAINS = (
    frozenset(_KNOWN["placeholder"][name].split()) for name in ("words", "fillers", "domains", "filler_domains")
)
_ROLE_FIRST, _ROLE_WHOLE = (frozenset(_KNOWN["role"][name].split()) for name in ("first", "whole"))
_CLOSED: Final = frozenset(domain for entry in _KNOWN["closed"] for domain in entry["domains"].split())

# Parsable for certain, and most addresses are so: spares them the whole grammar, which takes a hundred times as long.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_+-]{1,40}(?:\.[A-Za-z0-9_+-]{1,11}){0,2}")
_SECOND_LEVEL: Final = frozenset({"co", "ne", "or", "ac", "go", "gr", "ed", "lg", "ad", "com", "net", "org"})
_TELEPHONE: Final = re.compile(r"0\d{9,10}")  # docomo's first addresses were one's number: no run of the fingers
# How much of a local part a run must be: as a rule, before a number, and where nothing ever arrived.
_MOST, _NUMBERED, _SILENT = 0.8, 0.6, 0.5


def suspicions(
    address: str, *, customers: int, mails: int, bounced: int, reacted: int, dead: bool = False
) -> tuple[str, ...]:
    """Why an address should be looked at: some of REASONS, in that order; empty for most.

    address: as it stands in the customer table or the log, parsable or not.
    customers: how many hold it.  mails, bounced: sent to it, and returned.
    reacted: clicks, replies and the like. They show that somebody reads there, not that it is the customer: they
        lift `dead_domain` only.
    dead: the caller found no mail server, or saw nothing but returned mail, for the whole domain.
    """
    local, domain, readable = _parted(address)
    told, right = _of_domain(domain), _meant_domain(address, domain, readable)
    silent = 0 < mails <= bounced and not reacted
    found = {
        "unparsable": not readable,
        "placeholder": "placeholder" in told or _is_placeholder(local, domain, silent),
        "lookalike_domain": right is not None,
        "dead_domain": not reacted and (dead or "dead_domain" in told),
        # The lists of disposable domains hold slips such as gmial.com too: the slip says more.
        "disposable": "disposable" in told and right is None,
        "shared": customers >= SHARED_FROM,
        "role": _is_role(local),
        **_made_of(local, silent),
    }
    return tuple(reason for reason in REASONS if found.get(reason))


def meant(address: str) -> str | None:
    """The whole address that was probably meant by one whose domain is a slip for a well-known one, else None.

    Personal data; never to be written to unasked: the similar domain may be real after all.
    """
    local, domain, readable = _parted(address)
    right = _meant_domain(address, domain, readable)
    if right is None:
        return None
    return f"{local}@{right}" if readable else addresses.suggest(address)


# --- parts -----------------------------------------------------------------------------------------------


def _parted(address: str) -> tuple[str, str, bool]:
    """Local part and domain, and whether mail can be sent there; what cannot be parsed is parted as it stands."""
    local, _, domain = address.rpartition("@")
    if _PLAIN.fullmatch(local) and (sendable := _sendable(domain)):
        return local, sendable, True
    try:
        read = addresses.parse(address)
    except addresses.AddressError:
        local, at, domain = address.strip().rpartition("@")
        return (local, domain.strip().lower(), False) if at else (domain, "", False)
    return read.local, read.domain, True


@lru_cache(maxsize=65_536)
def _sendable(domain: str) -> str:
    """The domain as it is sent to; blank if none, or so long that the whole address has to be looked at."""
    try:
        return addresses.parse(f"x@{domain}").domain if len(domain) <= 180 else ""
    except addresses.AddressError:
        return ""


def _meant_domain(address: str, domain: str, readable: bool) -> str | None:
    """The domain that was meant; of what cannot be parsed only if another than the typed one comes out."""
    if readable:
        return _near(domain)
    suggestion = addresses.suggest(address)
    right = suggestion.rpartition("@")[2] if suggestion else domain
    return right if right != domain and right in addresses.WELL_KNOWN else None


@lru_cache(maxsize=65_536)
def _near(domain: str) -> str | None:
    if domain in _CLOSED:
        return None  # known as what it is
    right = (addresses.suggest(f"x@{domain}") or "").rpartition("@")[2]
    # Who misses the first letter is rare, and yopmail.com is no slip for hotmail.com.
    return right if right and (domain not in blocklist or right[0] == domain[0]) else None


@lru_cache(maxsize=65_536)
def _of_domain(domain: str) -> frozenset[str]:
    """What a domain alone tells. Lists name hosts' own domains; people are under subdomains of them as well."""
    found = set()
    if any(each in blocklist for each in _ancestors(domain)):
        found.add("disposable")
    if any(each in _CLOSED for each in _ancestors(domain)):
        found.add("dead_domain")
    if _name(domain) in _DOMAINS:
        found.add("placeholder")
    return frozenset(found)


def _ancestors(domain: str) -> list[str]:
    """The domain and those above it, down to two labels."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


def _name(domain: str) -> str:
    """`abc` of abc.com and abc.co.jp; blank if something stands before it, for then it is somebody's."""
    labels = domain.split(".")
    if len(labels) == 3 and len(labels[2]) == 2 and labels[1] in _SECOND_LEVEL:
        return labels[0]
    return labels[0] if len(labels) in (1, 2) else ""


# --- local parts -----------------------------------------------------------------------------------------


def _bare(local: str) -> str:
    """Without a +tag, quotes and what parts words, in lower case."""
    return re.sub(r"[\W_]", "", local.lower().partition("+")[0])


def _is_role(local: str) -> bool:
    whole = local.lower().partition("+")[0]
    first = re.split(r"[._-]", whole, maxsplit=1)[0]
    return whole in _ROLE_WHOLE or first.rstrip("0123456789") in _ROLE_FIRST


def _is_placeholder(local: str, domain: str, silent: bool) -> bool:
    bare = _bare(local)
    word = bare.rstrip("0123456789") if len(bare) > 4 else bare
    if len(bare) - len(word) > 4:  # that is a number with a word before it
        word = bare
    if word in _WORDS:
        return True
    name = _name(domain)
    twin = bare == name and (len(bare) < 3 or len(set(bare)) == 1)
    return twin or (bare in _FILLERS and (silent or name in _FILLER_DOMAINS))


def _made_of(local: str, silent: bool) -> dict[str, bool]:
    """Whether runs along the keyboard, or one sign over and over, make up the local part, but for a number or so.

    Half of it is enough where nothing ever arrived.
    """
    bare = _bare(local)
    if len(bare) < 3 or _TELEPHONE.fullmatch(bare):
        return {}
    run, same, rest = _covered(bare)
    most = _SILENT if silent else _NUMBERED if rest.isdigit() else _MOST
    named = bool(rest) and not any(sign.isalpha() for sign in run + same)  # k1111@, hana.12345@
    if named or len(run + same) < len(bare) * most:
        return {"repeated": _beats(bare)}
    return {"keyboard_run": len(run) >= len(same), "repeated": len(same) > len(run)}


def _covered(bare: str) -> tuple[str, str, str]:
    """What belongs to runs along the keyboard, what to one sign three times or more, and the rest."""
    run = same = rest = ""
    at = 0
    while at < len(bare):
        alike = len(bare) - at - len(bare[at:].lstrip(bare[at]))
        along = _run(bare, at) if alike < 3 else 0
        many = alike if alike >= 3 else along or 1
        part = bare[at : at + many]
        if alike >= 3:
            same += part
        elif along:
            run += part
        else:
            rest += part
        at += many
    return run, same, rest


def _run(bare: str, at: int) -> int:
    """How far a run reaches from here: five signs of a line, four from its end, or one of the short ones; else 0."""
    longest = 0
    for line in _LINES if bare[at : at + 3] in _BEGINNINGS else ():
        start = line.find(bare[at])
        if start < 0:
            continue
        reach = 0
        while at + reach < len(bare) and line[start + reach : start + reach + 1] == bare[at + reach]:
            reach += 1
        ends = start == 0 or start + reach == len(line)
        if reach >= 5 or (reach == 4 and ends):
            longest = max(longest, reach)
    return longest or (3 if bare[at : at + 3] in _SHORT else 0)


def _beats(bare: str) -> bool:
    """The same two to four signs over and over, with no vowel: with one they are somebody's nickname (miumiu)."""
    for length in (2, 3, 4):
        times, rest = divmod(len(bare), length)
        if times >= (3 if length == 2 else 2) and not rest and bare == bare[:length] * times:
            return not set(bare) & set("aeiou") or bare.isdigit()
    return False
