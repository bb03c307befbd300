"""One bucket of addresses added up: pure, and small enough to be held in memory whole.

Every row about an address is in its bucket, so what one bucket says of an address is all there is to say.
"""

from __future__ import annotations

import heapq
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import pyarrow as pa

from atesaki.audit import partials
from atesaki.audit.partials import (
    ARCHIVED,
    BOUNCED,
    CLICKED,
    COMPLAINED,
    CONFIRMED,
    CUSTOMER,
    DEAD,
    DEFERRED,
    JUDGED,
    KINDS,
    LOGIN,
    MAIL,
    MAIL_LOGIN,
    OPENED,
    PERSONAL,
    REPLIED,
    REPLY,
    SENT,
    SIGN,
    UNSURE,
    mail_key,
)
from atesaki.audit.stamps import told
from atesaki.audit.suspicion import suspicions

_T = TypeVar("_T")
METHODS: Final = {
    CONFIRMED: "confirmed_opt_in",
    REPLIED: "replied",
    CLICKED: "clicked",
    MAIL_LOGIN: "logged_in_by_mail",
}
_EVIDENCE: Final = {
    CONFIRMED: "the customer table says when the address was confirmed",
    REPLIED: "a reply to a mail that was sent to the address stands in the archive",
    CLICKED: "the event export tells of a click in a mail to the address",
    MAIL_LOGIN: "the customer table says when the customer logged in by a link from a mail",
}
# Reasons that say an address is nobody's; the others say that it is shared, or not a person's.
MADE_UP: Final = frozenset(
    {"unparsable", "placeholder", "keyboard_run", "repeated", "lookalike_domain", "dead_domain", "disposable"}
)
WORST: Final = 200
_KIND_BITS: Final = tuple((kind, 1 << number) for number, kind in enumerate(KINDS))
ADDRESSES: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("address", "domain", "customer")),
        *((name, pa.int32()) for name in ("customers", "mails", "delivered", "bounced", "deferred")),
        *((name, pa.int32()) for name in ("personal", "unsure", "before_proof", "kinds")),
        *((name, pa.int64()) for name in ("first", "last", "proof_at")),
        *((name, pa.bool_()) for name in ("reacted", "proved")),
        *((name, pa.string()) for name in ("method", "suspicions")),
    ]
)


@dataclass(frozen=True, slots=True)
class Matters:
    """What is the same for every bucket. `since`: mails before it do not count, what they prove does. `own`:
    addresses, `own_domains`: domains that are the service's. `queues`: what units have left open, by queue.
    `everybody`: addresses that no customer holds are claims too, there being no customer table."""

    zone: str
    since: int = 0
    own: frozenset[str] = frozenset()
    own_domains: frozenset[str] = frozenset()
    dead_domains: frozenset[str] = frozenset()
    queues: dict[int, list[tuple[int, int, bool]]] = field(default_factory=dict)
    everybody: bool = False


@dataclass(slots=True)
class _Mail:
    at: int
    last: int
    code: int
    kinds: int
    template: int


@dataclass(slots=True)
class _Person:
    """All that is known of one address."""

    customers: list[str] = field(default_factory=list)
    further: int = 0  # of the customers, those who are counted at another address already
    mails: list[_Mail] = field(default_factory=list)
    signs: list[tuple[int, int, str]] = field(default_factory=list)  # code, at, customer
    keys: dict[int, _Mail] = field(default_factory=dict)
    replies: list[tuple[int, int]] = field(default_factory=list)
    deferred: int = 0
    dead: bool = False


class Tally:
    """The sums of one bucket, or of several."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()
        self.months: dict[str, Counter[str]] = {}
        self.kinds: dict[str, list[Any]] = {}  # mails, to unproved, addresses, first, last
        self.suspicions: dict[str, Counter[str]] = {}
        self.templates: dict[int, Counter[str]] = {}
        self.worst: list[tuple[Any, ...]] = []
        self.first = self.last = 0

    def merge(self, other: Tally) -> None:
        """Adds what another bucket comes to."""
        self.totals.update(other.totals)
        self.skips.update(other.skips)
        _into(self.months, other.months)
        _into(self.suspicions, other.suspicions)
        _into(self.templates, other.templates)
        for kind, told_of in other.kinds.items():
            mine = self.kinds.setdefault(kind, [0, 0, 0, 0, 0])
            mine[:3] = [a + b for a, b in zip(mine[:3], told_of[:3], strict=True)]
            mine[3], mine[4] = _earlier(mine[3], told_of[3]), max(mine[4], told_of[4])
        self.worst = heapq.nsmallest(WORST, self.worst + other.worst)
        self.first, self.last = _earlier(self.first, other.first), max(self.last, other.last)


def _into(mine: dict[_T, Counter[str]], theirs: dict[_T, Counter[str]]) -> None:
    for name, counts in theirs.items():
        mine.setdefault(name, Counter()).update(counts)


def _earlier(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


@dataclass(frozen=True, slots=True)
class Added:
    """One bucket's sums, its addresses, and its lines of claims.csv."""

    tally: Tally
    addresses: pa.Table
    claims: list[tuple[str, str, str, str, str]]


def add_up(batches: Iterable[pa.RecordBatch], matters: Matters) -> Added:
    """1. Rows to persons.  2. Of a mail that is met twice, one.  3. Each person's sums, reasons and claims."""
    people: dict[str, _Person] = {}
    tally = Tally()
    for batch in batches:
        for row in _rows(batch):
            _take(row, people, tally, matters)
    summing = _Summing(tally, matters)
    for address in sorted(people):
        summing.person(address, people.pop(address))
    return Added(tally, pa.Table.from_pydict(summing.columns, schema=ADDRESSES), summing.claims)


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    names = ("address", "what", "code", "at", "key", "kinds", "template", "queue", "ref")
    return zip(*(batch.column(name).to_pylist() for name in names), strict=True)


def _take(row: tuple[Any, ...], people: dict[str, _Person], tally: Tally, matters: Matters) -> None:
    address, what, code, at, key, kinds, template, queue, ref = row
    person = people.get(address)
    if person is None:
        person = people[address] = _Person()
    if what == CUSTOMER:
        person.customers.append(ref)
        person.further += code
    elif what == SIGN:
        person.signs.append((code, at, ref))
    elif what == REPLY:
        person.replies.append((key, at))
    elif what == MAIL:
        if not key and queue:
            known = _of_queue(matters.queues.get(queue), at)
            if known is not None:
                if known[2]:
                    tally.skips["returns"] += 1
                    return
                key = mail_key(known[1], address)
        _mail(person, tally, _Mail(at, at, code, kinds, template), key)


def _of_queue(known: list[tuple[int, int, bool]] | None, at: int) -> tuple[int, int, bool] | None:
    """The latest message that had this queue id before; ids are used again (Postfix's short ones)."""
    if not known:
        return None
    before = [each for each in known if each[0] <= at]
    return max(before) if before else None


def _mail(person: _Person, tally: Tally, mail: _Mail, key: int) -> None:
    """One message to the address, which may have been met before in another place."""
    if mail.kinds & DEAD:
        person.dead = True
    if mail.code == DEFERRED:
        person.deferred += 1
        return
    seen = person.keys.get(key) if key else None
    if seen is None:
        person.mails.append(mail)
        if key:
            person.keys[key] = mail
        return
    tally.skips["duplicate_mail"] += 1
    final = (mail.code != ARCHIVED, mail.last, -mail.code) > (seen.code != ARCHIVED, seen.last, -seen.code)
    if final:
        seen.code, seen.last = mail.code, mail.last
    seen.at = _earlier(seen.at, mail.at)
    seen.kinds |= mail.kinds
    seen.template = seen.template or mail.template


class _Summing:
    """Adds persons to a tally."""

    def __init__(self, tally: Tally, matters: Matters) -> None:
        self.tally, self.matters = tally, matters
        self.columns: dict[str, list[Any]] = {name: [] for name in ADDRESSES.names}
        self.claims: list[tuple[str, str, str, str, str]] = []
        self._months: dict[int, str] = {}
        self._zone = ZoneInfo(matters.zone)

    def person(self, address: str, person: _Person) -> None:
        """1. What is the service's own, or nothing at all.  2. Proof.  3. Mails.  4. Reasons.  5. Sums, and claims."""
        domain = address.rpartition("@")[2]
        own = address in self.matters.own or domain in self.matters.own_domains
        if own and not person.customers:
            self.tally.skips["returns"] += len(person.mails)
            return
        self.tally.totals["deferrals"] += person.deferred
        evidence = self._evidence(person)
        mails = [mail for mail in person.mails if not self.matters.since or mail.at >= self.matters.since]
        if not person.customers and not mails:
            return  # somebody who only wrote to the service
        if not person.customers and "@" not in address:
            self.tally.skips["returns"] += len(mails)  # the server's own mail to its own users
            return
        # Whoever clicks or replies reads the mailbox: that the customer is theirs is not known by it (L1).
        proved = CONFIRMED in evidence
        sums = self._mails(mails, proved, evidence.get(CONFIRMED, (0, 0))[1])
        reacted = self._reacted(person, sums["first"])
        reasons = suspicions(
            address,
            customers=len(set(person.customers)),
            mails=len(mails),
            bounced=sums["bounced"],
            reacted=reacted,
            dead=domain in self.matters.dead_domains or (person.dead and not sums["delivered"]),
        )
        self._count(
            person=person,
            mails=mails,
            sums=sums,
            proved=proved,
            answered=bool(evidence) and not proved,
            reacted=bool(reacted),
            reasons=reasons,
        )
        self._row(
            address,
            domain=domain,
            person=person,
            mails=mails,
            sums=sums,
            evidence=evidence,
            reacted=bool(reacted),
            reasons=reasons,
        )
        self._claims(address, person, evidence)

    def _evidence(self, person: _Person) -> dict[int, tuple[int, int]]:
        """Sign -> its earliest time twice; of replies, those to a mail that went to this address."""
        found: dict[int, tuple[int, int]] = {}
        replies = [(REPLIED, at, "") for key, at in person.replies if key in person.keys]
        for code, at, _ in [*person.signs, *replies]:
            if code in METHODS:
                found[code] = (code, _earlier(found.get(code, (0, 0))[1], at))
        return found

    def _reacted(self, person: _Person, first: int) -> int:
        """Openings, clicks, replies, confirmations, and logins after the first mail."""
        signs = sum(
            code in (CONFIRMED, CLICKED, MAIL_LOGIN, OPENED) or (code == LOGIN and bool(first) and at >= first)
            for code, at, _ in person.signs
        )
        return signs + sum(key in person.keys for key, _ in person.replies)

    def _mails(self, mails: list[_Mail], proved: bool, proof_at: int) -> dict[str, int]:
        """Sums of one address's mails; months, kinds and templates go into the tally."""
        sums = dict.fromkeys(("delivered", "bounced", "personal", "unsure", "before_proof", "judged"), 0)
        sums |= {"first": 0, "last": 0, "kinds": 0}
        met: dict[str, list[int]] = {}
        for mail in mails:
            personal = bool(mail.kinds & PERSONAL)
            sums["delivered"] += mail.code == SENT
            sums["bounced"] += mail.code == BOUNCED
            sums["personal"] += personal
            sums["unsure"] += bool(mail.kinds & UNSURE)
            sums["judged"] += bool(mail.kinds & JUDGED)
            sums["before_proof"] += proved and bool(mail.at) and mail.at < proof_at
            sums["kinds"] |= mail.kinds
            if mail.at:
                sums["first"], sums["last"] = _earlier(sums["first"], mail.at), max(sums["last"], mail.at)
                month = self.tally.months.setdefault(self._month(mail.at), Counter())
                month.update(mails=1, to_unproved=int(not proved), personal_to_unproved=int(personal and not proved))
            self._kinds(mail, met)
            if mail.template:
                self._template(mail, proved)
        for kind, (many, first, last) in met.items():
            whole = self.tally.kinds.setdefault(kind, [0, 0, 0, 0, 0])
            whole[0] += many
            whole[1] += 0 if proved else many
            whole[2] += 1
            whole[3], whole[4] = _earlier(whole[3], first), max(whole[4], last)
        return sums

    @staticmethod
    def _kinds(mail: _Mail, met: dict[str, list[int]]) -> None:
        if mail.kinds & PERSONAL:
            for kind, bit in _KIND_BITS:
                if mail.kinds & bit:
                    seen = met.setdefault(kind, [0, 0, 0])
                    seen[0] += 1
                    seen[1], seen[2] = _earlier(seen[1], mail.at), max(seen[2], mail.at)

    def _template(self, mail: _Mail, proved: bool) -> None:
        counts = self.tally.templates.setdefault(mail.template, Counter())
        counts.update(mails=1, to_unproved=int(not proved))
        if mail.kinds & PERSONAL:
            counts.update({f"kind:{kind}": 1 for kind, bit in _KIND_BITS if mail.kinds & bit})

    def _month(self, at: int) -> str:
        quarter = at // 900  # of an hour: no zone's offset is finer
        month = self._months.get(quarter)
        if month is None:
            month = self._months[quarter] = datetime.fromtimestamp(at, UTC).astimezone(self._zone).strftime("%Y-%m")
        return month

    def _count(
        self,
        *,
        person: _Person,
        mails: list[_Mail],
        sums: dict[str, int],
        proved: bool,
        answered: bool,
        reacted: bool,
        reasons: tuple[str, ...],
    ) -> None:
        self.tally.totals.update(
            addresses=1,
            customers_with_address=len(person.customers) - person.further,
            mails=len(mails),
            deliveries=sums["delivered"],
            bounced=sums["bounced"],
            complaints=sum(code == COMPLAINED for code, _, _ in person.signs),
            proved=proved,
            answered=answered,
            unproved=not proved,
            written_unproved=bool(mails) and not proved,
            mails_to_unproved=0 if proved else len(mails),
            mails_before_proof=sums["before_proof"],
            judged_mails=sums["judged"],
            personal_mails=sums["personal"],
            unsure_mails=sums["unsure"],
            personal_to_unproved=0 if proved else sums["personal"],
            never_reacted=bool(mails) and not reacted,
            made_up=not MADE_UP.isdisjoint(reasons),
            shared=len(set(person.customers)) > 1,
            mails_without_date=sum(not mail.at for mail in mails),
        )
        for reason in reasons:
            self.tally.suspicions.setdefault(reason, Counter()).update(addresses=1, mails=len(mails))
        self.tally.first = _earlier(self.tally.first, sums["first"])
        self.tally.last = max(self.tally.last, sums["last"])

    def _row(
        self,
        address: str,
        *,
        domain: str,
        person: _Person,
        mails: list[_Mail],
        sums: dict[str, int],
        evidence: dict[int, tuple[int, int]],
        reacted: bool,
        reasons: tuple[str, ...],
    ) -> None:
        customer = min(person.customers, default="")
        best = min(evidence, default=-1)
        values = {
            "address": address,
            "domain": domain,
            "customer": customer,
            "customers": len(person.customers),
            "mails": len(mails),
            "deferred": person.deferred,
            "proof_at": evidence.get(CONFIRMED, (0, 0))[1],
            "reacted": reacted,
            "proved": CONFIRMED in evidence,
            "method": METHODS.get(best, "none"),
            "suspicions": " ".join(reasons),
            **{
                name: sums[name]
                for name in ("delivered", "bounced", "personal", "unsure", "before_proof", "first", "last")
            },
            "kinds": sums["kinds"] & ~DEAD,
        }
        for name, column in self.columns.items():
            column.append(values[name])
        if mails and CONFIRMED not in evidence:
            rank = (-sums["personal"], -len(mails), zlib.crc32(address.encode("utf-8", "replace")), address)
            told_of = (
                customer,
                len(mails),
                sums["personal"],
                sums["kinds"],
                sums["first"],
                sums["last"],
                reasons,
                reacted,
            )
            self.tally.worst.append((*rank, *told_of))
            if len(self.tally.worst) > 4 * WORST:
                self.tally.worst = heapq.nsmallest(WORST, self.tally.worst)

    def _claims(self, address: str, person: _Person, evidence: dict[int, tuple[int, int]]) -> None:
        """A line for each customer. A click or a reply proves a mailbox: of one that several customers hold, it does
        not tell which of them."""
        customers = sorted(set(person.customers)) or ([""] if self.matters.everybody and person.mails else [])
        for customer in customers:
            own = {
                code: _earlier_of(at for each, at, ref in person.signs if each == code and ref == customer)
                for code in (CONFIRMED, MAIL_LOGIN)
            }
            found = {code: at for code, at in own.items() if at}
            if len(customers) == 1:
                found |= {code: at for code, (_, at) in evidence.items() if code in (REPLIED, CLICKED)}
            best = min(found, default=None)
            if best is None:
                self.claims.append((address, customer, "none", "", ""))
            else:
                self.claims.append((address, customer, METHODS[best], _EVIDENCE[best], told(found[best])))


def _earlier_of(times: Iterable[int]) -> int:
    return min((at for at in times if at), default=0)


def dead_domains(batches: Callable[[], Iterator[pa.RecordBatch]]) -> frozenset[str]:
    """Domains that a server has called dead, and that nothing was ever delivered to.

    1. Those called so, which are few.  2. Of them, away with any that took a mail.
    """
    import pyarrow.compute as pc

    def domains(batch: pa.RecordBatch, mask: Any) -> pa.Array:
        plain = pc.filter(batch.column("address"), mask)
        return pc.unique(pc.replace_substring_regex(plain, "^.*@", ""))

    dead: set[str] = set()
    for batch in batches():
        bits = pc.bit_wise_and(batch.column("kinds"), pa.scalar(DEAD, pa.int32()))
        dead.update(domains(batch, pc.not_equal(bits, 0)).to_pylist())
    if not dead:
        return frozenset()
    asked = pa.array(sorted(dead))
    for batch in batches():
        sent = pc.and_(pc.equal(batch.column("what"), MAIL), pc.equal(batch.column("code"), SENT))
        found = domains(batch, sent)
        dead.difference_update(pc.filter(found, pc.is_in(found, value_set=asked)).to_pylist())
    return frozenset(dead)


assert partials.DEAD < 1 << 30  # noqa: S101 - `kinds` is an int32
