"""Who gets the mails: mailboxes whose owners do different things, and the mails themselves. All from the seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

SENDER = "shop@shop.example"
DOMAIN = "faults.example.jp"
# Whatever else a mail says, these stand in it. None may ever be seen by whom it is not for, nor in a log.
CANARIES = ("大嶋 かなりあ健太郎", "船橋市かなりあ町", "090-0000-")
_SHARES = (("proved", 50), ("never", 15), ("proving", 15), ("disavowing", 10), ("stranger", 5), ("returning", 5))

_MAIL = """\
From: Kanaria Supermarket <{sender}>
To: {to}
Subject: =?utf-8?b?44GU5rOo5paH44Gu56K66KqN?=
Message-ID: <{id}@shop.example>
X-Fault-Id: {id}
{wishes}MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

大嶋 かなりあ健太郎 様

ご注文ありがとうございます。注文番号 {id}

お届け先
〒{postal}
千葉県船橋市かなりあ町9丁目{number}番9号
お電話番号 090-0000-{number:04}

.一行目が点で始まる行
{filler}
"""


@dataclass(slots=True)
class Box:
    """A mailbox. `said`: what its owner or the service did, as (what, begun, ended or 0), in monotonic seconds."""

    number: int
    kind: str
    address: str
    postal: str
    customer: str
    presses: tuple[float, ...] = ()
    said: list[tuple[str, float, float]] = field(default_factory=list)
    confirm: str = ""
    not_me: str = ""
    match: str = ""
    claim: str = ""

    def open_at(self, moment: float) -> bool:
        """Whether a proof may have been in force then: one was begun, and no "not me" was answered since."""
        done = max((ended for what, _, ended in self.said if what == "not_me" and 0 < ended <= moment), default=0.0)
        return any(what == "proof" and done <= began <= moment for what, began, _ in self.said)

    def closed_since(self, moment: float) -> float:
        """When the last "not me" before then was answered, if no proof was begun since; else 0."""
        done = max((ended for what, _, ended in self.said if what == "not_me" and 0 < ended <= moment), default=0.0)
        return 0.0 if any(what == "proof" and done <= began <= moment for what, began, _ in self.said) else done

    def disavowed_by(self, moment: float) -> bool:
        """Whether a "not me" was begun by then."""
        return any(what == "not_me" and began <= moment for what, began, _ in self.said)


def boxes(seed: int, many: int) -> list[Box]:
    """The mailboxes of a run; at which share of the run their owners press is drawn for each.

    Four belong to a customer of the shop, who gave them all, whatever their owners say to it; all lead to one house.
    """
    dice = Random(f"{seed} boxes")
    kinds = [kind for kind, share in _SHARES for _ in range(max(2, many * share // 100))]
    dice.shuffle(kinds)
    made = []
    for number, kind in enumerate(kinds):
        presses: tuple[float, ...] = ()
        if kind in ("proving", "disavowing", "stranger"):
            presses = (dice.uniform(0.05, 0.95),)
        elif kind == "returning":
            first = dice.uniform(0.05, 0.7)
            presses = (first, dice.uniform(first + 0.05, 0.95))
        address = f"{kind}-{dice.getrandbits(24):06x}-{number}@{DOMAIN}"
        house = number // 4
        made.append(Box(number, kind, address, f"{house // 1000 + 100:03}-{house % 1000:04}", f"M-{house}", presses))
    return made


@dataclass(slots=True)
class Mail:
    """One mail of the shop: for whom, and what became of each attempt to send it.

    `tries`: (begun, the final dot sent or 0, ended, code or what else, words, gate).
    """

    number: int
    id: str
    to: tuple[Box, ...]
    sha: str = ""
    tries: list[tuple[float, float, float, str, str, str]] = field(default_factory=list)
    ledger: str = ""
    outcomes: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether its client was told for good what became of it."""
        return bool(self.tries) and self.tries[-1][3][:1] in ("2", "5")

    @property
    def taken(self) -> bool:
        return bool(self.tries) and self.tries[-1][3] == "250"


class Post:
    """Makes the mails, one after the other."""

    def __init__(self, seed: int, everybody: Sequence[Box]) -> None:
        self._seed, self._boxes = seed, everybody
        self.made = 0

    def next(self, to: tuple[Box, ...] = ()) -> Mail:
        """The next mail; to whom is drawn, if it is not said."""
        number, self.made = self.made, self.made + 1
        dice = Random(f"{self._seed} mail {number}")
        if not to:
            to = (dice.choice(self._boxes),)
            if dice.random() < 0.1:
                house = [box for box in self._boxes if box.customer == to[0].customer]
                to = tuple(dice.sample(house, min(len(house), dice.choice((2, 2, 3, 4)))))
        return Mail(number, f"m{self._seed}-{number}", to)

    def content(self, mail: Mail) -> bytes:
        """Its octets; the same each time."""
        dice = Random(f"{self._seed} content {mail.number}")
        wishes = f"X-Atesaki-Customer: {mail.to[0].customer}\n"
        wishes += f"X-Atesaki-Knows: postal_code={mail.to[0].postal}\n" if len(mail.to) == 1 else ""
        words = {
            "sender": SENDER,
            "to": mail.to[0].address,
            "id": mail.id,
            "postal": mail.to[0].postal,
            "number": mail.number % 10_000,
            "filler": "\n".join(f"  りんご {dice.getrandbits(32):08x}" for _ in range(dice.randint(2, 30))),
        }
        raw = _MAIL.format(**words, wishes="{wishes}").replace("\n", "\r\n")
        whole = raw.replace("{wishes}", wishes.replace("\n", "\r\n")).encode()
        mail.sha = digest(raw.replace("{wishes}", "").encode())
        return whole


def digest(raw: bytes) -> str:
    """What a mail is recognised by, octet for octet."""
    return hashlib.sha256(raw).hexdigest()[:24]


def without_trace(raw: bytes) -> bytes:
    """A mail without the Received field that the gate puts in front (RFC 5321 4.4)."""
    if not raw.lower().startswith(b"received:"):
        return raw
    at = raw.index(b"\r\n") + 2
    while raw[at : at + 1] in (b" ", b"\t"):
        at = raw.index(b"\r\n", at) + 2
    return raw[at:]
