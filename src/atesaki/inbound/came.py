"""One mail that came back, and the address of ours that it came to: what the rules look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from atesaki import content
from atesaki.content import Reading

# Nothing that answers us needs more; what is beyond is not looked at.
_LIMITS = content.Limits(depth=10, parts=60, octets=3 * 1024 * 1024, text=200_000)
_OURS = re.compile(r"(?P<role>[RBrb])\+(?P<token>[A-Za-z0-9_-]{1,62})")


def one_of(*phrases: str) -> re.Pattern[str]:
    """A pattern for any of these, in capital or small letters."""
    return re.compile("|".join(phrases), re.IGNORECASE)


class Role(StrEnum):
    """What an address of ours is for."""

    REPLY = "r"  # Reply-To of our mail
    BOUNCE = "b"  # its envelope sender
    ABUSE = "abuse"  # RFC 2142
    POSTMASTER = "postmaster"  # RFC 5321 4.5.1
    NONE = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An address, taken apart: `token` is in small letters, empty where there is none."""

    role: Role
    token: str
    domain: str


def place(recipient: str) -> Place:
    """What `recipient` is for, if it is one of ours; the case of no part counts."""
    local, _, domain = recipient.strip().strip("<>").rpartition("@")
    if not local:
        local, domain = domain, ""  # RFC 5321 2.3.5: `Postmaster` may stand alone
    local, domain = local.strip('"'), domain.lower()
    found = _OURS.fullmatch(local)
    if found:
        return Place(Role(found["role"].lower()), found["token"].lower(), domain)
    if local.lower() in (Role.ABUSE, Role.POSTMASTER):
        return Place(Role(local.lower()), "", domain)
    return Place(Role.NONE, "", domain)


@dataclass(frozen=True)
class Came:
    """One mail: its envelope, and what a reader would see of it."""

    raw: bytes
    sender: str  # of the envelope; empty for `<>`
    at: Place
    reading: Reading

    @classmethod
    def of(cls, raw: bytes, envelope_sender: str, recipient: str) -> Came:
        """Any bytes; never raises."""
        reading = content.read(raw, limits=_LIMITS)
        return cls(raw, envelope_sender.strip().removeprefix("<").removesuffix(">"), place(recipient), reading)

    def values(self, *names: str) -> list[str]:
        """Every value of the header fields of these names, in small letters, in their order."""
        return [value.strip() for name, value in self.reading.headers if name.lower() in names]

    def word(self, name: str) -> str:
        """The first value without its parameters and remarks, in small letters; empty if there is none."""
        value = next(iter(self.values(name)), "")
        return re.split(r"[;(\s]", value.strip().lower(), maxsplit=1)[0]

    @property
    def author(self) -> str:
        """The address in From, in small letters. Not by `parseaddr`, which remarks in remarks bring down."""
        value = next(iter(self.values("from")), "")[:1_000]
        found = re.findall(r"<([^<>\s]+)>", value)[-1:] or re.findall(r"[^\s<>(),;:\"]+@[^\s<>(),;:\"]+", value)
        return (found[0] if found else value.split(" ", 1)[0]).lower()

    @property
    def subject(self) -> str:
        return self.reading.subject.strip()

    @property
    def content_type(self) -> str:
        return next(iter(self.values("content-type")), "").lower()
