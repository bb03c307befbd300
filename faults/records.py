"""What the next hop wrote down, read as it grows."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LINK = re.compile(r"/([cn])/([\w-]{20,})")


@dataclass(slots=True)
class Arrival:
    """One mail that the next hop took: when it had the last octet, for whom, and whether it said so."""

    n: str
    t: float
    to: tuple[str, ...]
    id: str
    sha: str
    raw: bytes
    told: bool = False


class Records:
    """The record so far."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, b""
        self.arrivals: list[Arrival] = []
        self.refusals: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []  # what it cut or was silent about
        self._by_n: dict[str, Arrival] = {}

    def read(self) -> list[Arrival]:
        """Reads on; the arrivals that are new."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._at)
            read = file.read()
        self._at += len(read)
        *lines, self._rest = (self._rest + read).split(b"\n")
        new = []
        for line in lines:
            said = _said(line)
            match said.get("what"):
                case "taken":
                    raw = said.get("raw", "").encode("latin-1")
                    arrival = Arrival(said["n"], said["t"], tuple(said["to"]), said["id"], said["sha"], raw)
                    self.arrivals.append(arrival)
                    self._by_n[arrival.n] = arrival
                    new.append(arrival)
                case "told":
                    if said["n"] in self._by_n:
                        self._by_n[said["n"]].told = True
                case "refused":
                    self.refusals.append(said)
                case None:
                    pass
                case _:
                    self.others.append(said)
        return new

    def of_mails(self) -> dict[tuple[str, str], list[Arrival]]:
        """The arrivals of the shop's mails, by mail and recipient, in their order."""
        found: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
        for arrival in self.arrivals:
            if arrival.id:
                for address in arrival.to:
                    found[arrival.id, address].append(arrival)
        return found

    def refused(self) -> tuple[set[tuple[str, str]], set[str]]:
        """What was refused for good: (mail, recipient) after its content, and recipients before any."""
        whole, early = set(), set()
        for one in self.refusals:
            if one["mode"] == "permanent":
                for address in one["to"]:
                    whole.add((one["id"], address)) if one["id"] else early.add(address)
        return whole, early


def _said(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line) if line else {}
    except ValueError:  # torn by a death; what it would have told was not told to anybody
        return {}
    return said if isinstance(said, dict) else {}


def links(raw: bytes) -> dict[str, str]:
    """The tokens of a mail of ours: `c` to confirm with, `n` to say "not me"."""
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    return {letter: token for letter, token in _LINK.findall(text)}


def shown(raw: bytes) -> str:
    """A mail as its reader sees it, and as it lies on the disk."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    seen = [str(mail.get("Subject", "")), raw.decode("utf-8", "replace")]
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            seen.append(str(part.get_content()))
    return "\n".join(seen)
