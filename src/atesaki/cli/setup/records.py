"""The grammar of the DNS records that say who may send in a domain's name: SPF, DKIM, DMARC.

Pure but for `spf`, which asks for the records that a record includes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_interface

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

Ask = Callable[[str], list[str]]
"""The TXT records of a name; none if there are none. Raises `Unheard`."""

_LOOKUPS = 10  # RFC 7208 4.6.4
_SPEC = r"(?:[!-$&-~]|%[%_-]|%\{[slodiphcrtvSLODIPHCRTV]\d{0,3}[rR]?[-.+,/_=]*\})+"  # RFC 7208 7.1
_CIDR = r"(?:/\d{1,2})?(?://\d{1,3})?"
_MECHANISMS = {
    "all": r"",
    "include": rf":({_SPEC})",
    "a": rf"(?::{_SPEC}?)?{_CIDR}",
    "mx": rf"(?::{_SPEC}?)?{_CIDR}",
    "ptr": rf"(?::{_SPEC})?",
    "ip4": r":[0-9./]+",
    "ip6": r":[0-9a-fA-F.:/]+",
    "exists": rf":{_SPEC}",
}
_ASKS = ("include", "a", "mx", "ptr", "exists")


class Unheard(Exception):
    """DNS gave no answer; the text says why."""


@dataclass
class Read:
    """What is wrong with a record, and what its owner may want to know."""

    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


def spf(ask: Ask, domain: str) -> Read | None:
    """The domain's SPF record with all that it includes (RFC 7208); None if there is none."""
    read, asked = Read(), [0]
    found = _spf_of(ask, domain)
    if not found:
        return None
    _walk(ask, domain, read, asked, depth=0)
    if asked[0] > _LOOKUPS and not read.wrong:
        read.wrong.append(f"it needs {asked[0]} look-ups, and {_LOOKUPS} are allowed (RFC 7208 4.6.4)")
    return read


def _spf_of(ask: Ask, domain: str) -> list[str]:
    return [text for text in ask(domain) if re.match(r"v=spf1(?: |$)", text, re.I)]


def _walk(ask: Ask, domain: str, read: Read, asked: list[int], depth: int) -> None:
    found = _spf_of(ask, domain)
    at = f"{domain}: " if depth else ""
    if len(found) != 1:
        read.wrong.append(f"{domain} has {'no SPF record' if not found else f'{len(found)} SPF records'}")
        return
    ends = False
    for term in found[0].split(" ")[1:]:
        if not term:
            continue
        modifier = re.fullmatch(rf"([A-Za-z][\w.-]*)=({_SPEC})?", term)
        if modifier:
            ends |= modifier[1].lower() == "redirect"
            follow = modifier[2] if modifier[1].lower() == "redirect" else None
            faulty = modifier[1].lower() in ("redirect", "exp") and not modifier[2]
        else:
            name, follow, faulty = _mechanism(term)
            ends |= name == "all"
            asked[0] += name in _ASKS
            if name == "all" and not depth and term[0] not in "-~":
                read.notes.append(f"{term!r} lets anybody send in your name" if term[0] != "?" else "?all says nothing")
        if faulty:
            read.wrong.append(f"{at}{term!r} is not understood")
        elif follow and modifier:
            asked[0] += 1
        if follow and not faulty and "%" not in follow and asked[0] <= _LOOKUPS:
            _walk(ask, follow.lower().rstrip("."), read, asked, depth + 1)
    if not ends and not depth:
        read.notes.append("it has no `all` at its end, and so forbids nobody")


def _mechanism(term: str) -> tuple[str, str | None, bool]:
    """Its name, the domain that it includes, and whether it is faulty."""
    split = re.fullmatch(r"[+?~-]?([A-Za-z0-9]+)(.*)", term)
    name = split[1].lower() if split else ""
    if split is None or name not in _MECHANISMS:
        return name, None, True
    rest = re.fullmatch(_MECHANISMS[name], split[2])
    if rest is None:
        return name, None, True
    if name in ("ip4", "ip6"):
        try:
            version = ip_interface(split[2][1:]).version
        except ValueError:
            return name, None, True
        return name, None, version != int(name[2])
    return name, rest[1] if name == "include" else None, False


def dkim(text: str) -> Read:
    """A DKIM key record (RFC 6376 3.6.1, RFC 8463)."""
    read = _tags(text)
    tags = read.tags
    if tags.get("v", "DKIM1") != "DKIM1":
        read.wrong.append(f"v={tags['v']} is not DKIM1")
    if "p" not in tags:
        read.wrong.append("it has no key (p=)")
    if read.wrong:
        return read
    key = re.sub(r"\s", "", tags["p"])
    if not key:
        read.wrong.append("its key is withdrawn (p= is empty)")
        return read
    _key(read, tags.get("k", "rsa").lower(), key)
    if "y" in tags.get("t", "").lower().split(":"):
        read.notes.append("t=y says that it is only tried out")
    return read


def _key(read: Read, kind: str, text: str) -> None:
    try:
        raw = base64.b64decode(text, validate=True)
        key = load_der_public_key(raw) if kind == "rsa" else None
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        read.wrong.append("its key (p=) cannot be read")
        return
    if kind == "ed25519":
        if len(raw) != 32:
            read.wrong.append("its key is no Ed25519 key")
    elif not isinstance(key, RSAPublicKey):
        read.wrong.append(f"its key is not of the kind that it names (k={kind})")
    elif key.key_size < 1024:
        read.wrong.append(f"its key has {key.key_size} bits, and receivers refuse less than 1024 (RFC 8301)")
    elif key.key_size < 2048:
        read.notes.append(f"its key has {key.key_size} bits; 2048 are advised (RFC 8301)")


def dmarc(text: str, *, inherited: bool) -> Read:
    """A DMARC record (RFC 7489 6.3); `inherited`: of a domain above, whose `sp` then counts. `policy` is in `tags`."""
    read = _tags(text)
    tags = {name: value.lower() for name, value in read.tags.items()}
    for name, values in (("p", ("none", "quarantine", "reject")), ("sp", ("none", "quarantine", "reject"))):
        if name in tags and tags[name] not in values:
            read.wrong.append(f"{name}={tags[name]} is none of {', '.join(values)}")
    if "p" not in tags:
        read.wrong.append("it has no policy (p=)")
    for name in ("adkim", "aspf"):
        if tags.get(name, "r") not in ("r", "s"):
            read.wrong.append(f"{name}={tags[name]} is neither r nor s")
    if not re.fullmatch(r"\d{1,2}|100", tags.get("pct", "100")):
        read.wrong.append(f"pct={tags['pct']} is no number up to 100")
    for each in filter(None, (part.strip() for part in tags.get("rua", "").split(","))):
        if not re.fullmatch(r"mailto:[^@\s!,]+@[^@\s!,]+(?:![0-9]+[kmgt]?)?", each):
            read.wrong.append(f"rua={each} is no mailto: address")
    read.tags["policy"] = tags.get("sp", tags.get("p", "")) if inherited else tags.get("p", "")
    if read.tags["policy"] == "none":
        read.notes.append("p=none only watches: receivers are not asked to refuse what is forged")
    return read


def is_dmarc(text: str) -> bool:
    """Whether a TXT record says that it is one of DMARC's."""
    return re.match(r"v\s*=\s*DMARC1\s*(?:;|$)", text) is not None


def _tags(text: str) -> Read:
    """`name=value; …` (RFC 6376 3.2)."""
    read = Read()
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            read.wrong.append(f"{part[:40]!r} is not name=value")
        elif name in read.tags:
            read.wrong.append(f"{name}= stands there twice")
        else:
            read.tags[name] = value.strip()
    return read
