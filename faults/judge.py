"""Sets the three records against each other: what the clients were told, what the ledger says, what the next hop took.

I1  what was answered with 250 was delivered as it was sent, waits and opens, was refused, or was destroyed, each of
    these by a recorded cause that did happen
I2  nothing of the shop's reached an address that nobody had proved, and no mail of ours carries anything personal
I3  nothing reached an address after the page of "not me" had said that it is done
I4  whatever came twice is explained by a lost answer, and that by a recorded fault
I5  what waited came in the order in which it had come to wait
I6  every line is settled or says where its mail waits; nothing leaves for ever, no seal is left over
I7  no log holds an address, a word of a mail or a token
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from faults.installation import WORKERS
from faults.mischief import Felt
from faults.records import Arrival, Records, shown
from faults.town import CANARIES, DOMAIN, Box, Mail, digest, without_trace

PROMISES = ("I1", "I2", "I3", "I4", "I5", "I6", "I7")
_DATABASE = ("kill_database", "kill_backend", "disk_full")
_AFTER = 8.0  # a part that was killed, or its database, needs so long until all of it is as before
_ADDRESS = re.compile(rb"[a-z]+-[0-9a-f]{6}-[0-9]+(?:@|%40|\\u0040)" + re.escape(DOMAIN.encode()))
_TOKEN = re.compile(rb"/[cnmq]/[A-Za-z0-9_-]{20,}")


@dataclass(slots=True)
class Violation:
    """A promise that was not kept: which, how, and of which mail or mailbox."""

    promise: str
    what: str
    mail: Mail | None = None
    box: Box | None = None
    at: float = 0.0


@dataclass(slots=True)
class Ledger:
    """What the database says at the end. A line: (id, state, outcome, reason, fate)."""

    lines: dict[tuple[UUID, int], tuple[UUID, str, str, str, str]] = field(default_factory=dict)
    held: dict[UUID, UUID] = field(default_factory=dict)
    queued: dict[UUID, UUID] = field(default_factory=dict)
    ends: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)
    odd: list[str] = field(default_factory=list)

    @classmethod
    def read(cls) -> Ledger:
        """Django must be set up."""
        from atesaki.models import Departure, Entry, Hold, Line

        found = cls()
        rows = Line.objects.filter(kind=Line.Kind.MAIL)
        fields = ("mail", "position", "pk", "state", "outcome", "reason", "fate")
        for mail, position, *line in rows.values_list(*fields).iterator(20_000):
            found.lines[mail, position] = tuple(line)
        found.held = dict(Hold.objects.values_list("line", "key_id"))
        found.queued = dict(Departure.objects.values_list("line", "key_id"))
        ends = Entry.objects.filter(what__in=("destroyed", "rejected", "given_up", "unanswered"))
        for line, what, detail in ends.order_by("pk").values_list("line", "what", "detail").iterator(20_000):
            found.ends[line] = (what, detail)
        reports = Line.objects.filter(kind=Line.Kind.REPORT).values("pk")
        found.reported = set(Entry.objects.filter(line__in=reports, what="queued").values_list("detail", flat=True))
        found.odd = list(found._odd())
        return found

    def _odd(self) -> Iterator[str]:
        from atesaki.models import Key, Line, Sealed

        for row in Line.objects.filter(state="leaving"):
            yield f"line {row.pk} ({row.kind}) is leaving for ever"
        states = dict(Line.objects.exclude(state="settled").values_list("pk", "state"))
        for line in [line for line, state in states.items() if state == "held" and line not in self.held]:
            yield f"line {line} says that its mail waits, and it does not"
        for line in [line for line, state in states.items() if state == "queued" and line not in self.queued]:
            yield f"line {line} says that its mail is in the outbox, and it is not"
        for where, kept in (("held", self.held), ("queued", self.queued)):
            for line in [line for line in kept if states.get(line) != where]:
                yield f"line {line}: its mail is {where}, and the line says {states.get(line, 'settled')}"
        for line in Line.objects.filter(state="settled", outcome="").values_list("pk", flat=True):
            if self.ends.get(line, ("", ""))[0] != "unanswered":
                yield f"line {line} is settled and nothing says how"
        opened = set(self.held.values()) | set(self.queued.values())
        for key in set(Key.objects.values_list("pk", flat=True)) - opened:
            yield f"key {key} opens a mail that nothing waits for"
        lost = Sealed.objects.exclude(pk__in=Key.objects.values("sealed_id")).count()
        if lost:
            yield f"{lost} sealed mails have no key"


class Judge:
    """One run's judgement. `violations` is what it comes to; the rest is counted for the report."""

    def __init__(self, mails: list[Mail], boxes: list[Box], records: Records, felt: list[Felt]) -> None:
        self.mails, self.boxes, self.records, self.felt = mails, boxes, records, felt
        self.by_address = {box.address: box for box in boxes}
        self.by_id = {mail.id: mail for mail in mails}
        self.arrivals = records.of_mails()
        self.refused_whole, self.refused_early = records.refused()
        self.violations: list[Violation] = []
        self.fates: Counter[str] = Counter()
        self.doubles: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self.ours: Counter[str] = Counter()
        self.ledger = Ledger()

    def run(self, logs: Iterable[Path]) -> list[Violation]:
        """Everything; Django must be set up, and nothing may be running but the database."""
        self.ledger = Ledger.read()
        self._every_answer()
        self._every_arrival()
        self._every_double()
        self._every_order()
        for odd in self.ledger.odd:
            self._say("I6", odd)
        for log in logs:
            self._log(log)
        return self.violations

    def _say(self, promise: str, what: str, mail: Mail | None = None, box: Box | None = None, at: float = 0.0) -> None:
        self.violations.append(Violation(promise, what, mail, box, at))

    # -- I1 ----------------------------------------------------------------------------------------------------

    def _every_answer(self) -> None:
        wait: list[tuple[UUID, Mail, Box]] = []
        for mail in self.mails:
            if not mail.answered:
                self._say("I1", "its client was never told what became of it", mail)
            if not mail.taken:
                continue
            for position, box in enumerate(mail.to):
                line = self.ledger.lines.get((UUID(mail.ledger), position))
                if line is None:
                    self._say("I1", "was answered with 250, and the ledger has no line of it", mail, box)
                    continue
                fate, why = self._fate(mail, box, line)
                self.fates[fate] += 1
                if why:
                    self._say("I1", why, mail, box)
                if fate in ("held", "queued"):
                    key = self.ledger.held.get(line[0]) or self.ledger.queued[line[0]]
                    wait.append((key, mail, box))
        self._every_seal(wait)

    def _fate(self, mail: Mail, box: Box, line: tuple[UUID, str, str, str, str]) -> tuple[str, str]:
        """What became of a mail for one recipient, and what is wrong with it."""
        pk, state, outcome, reason, fate = line
        came = self.arrivals.get((mail.id, box.address), [])
        if any(one.sha == mail.sha for one in came):
            return "delivered", ""
        if came:
            return "garbled", "arrived with other octets than were sent"
        if pk in self.ledger.held or pk in self.ledger.queued:
            return ("held" if pk in self.ledger.held else "queued"), ""
        if outcome == "refuse":
            return "refused", self._cause(mail, box, pk, "disavowed" if reason == "disavowed" else "rejected")
        if fate == "destroyed":
            what, detail = self.ledger.ends.get(pk, ("", ""))
            return "destroyed", self._cause(mail, box, pk, detail if what == "destroyed" else what)
        return "nowhere", f"was answered with 250 and is nowhere (state {state}, outcome {outcome}, fate {fate!r})"

    def _cause(self, mail: Mail, box: Box, line: UUID, cause: str) -> str:
        """What is wrong with a recorded cause: it did not happen, or the shop was not told."""
        if cause == "disavowed":
            happened = box.disavowed_by(float("inf"))
        elif cause == "rejected":
            happened = (mail.id, box.address) in self.refused_whole or box.address in self.refused_early
        else:
            return f"was destroyed for no cause that there was ({cause or 'none is recorded'})"
        if not happened:
            return f"was refused or destroyed as {cause}, and nobody did that"
        refused = mail.outcomes[mail.to.index(box)] == "refuse"
        if (cause == "rejected" or refused) and str(line) not in self.ledger.reported:
            return f"was {cause} after its 250, and the shop was not told"
        return ""

    def _every_seal(self, wait: list[tuple[UUID, Mail, Box]]) -> None:
        from atesaki import keys, outbox
        from atesaki.models import Key

        for first in range(0, len(wait), 500):
            some = wait[first : first + 500]
            rows = Key.objects.select_related("sealed").in_bulk([key for key, _, _ in some])
            for key, mail, box in some:
                try:
                    sealed = outbox.open_mail(rows[key])
                except (KeyError, keys.SealBroken) as error:
                    self._say("I1", f"waits, and its seal does not open ({type(error).__name__})", mail, box)
                    continue
                right = digest(without_trace(sealed.content)) == mail.sha
                if not right or [one.text for one in sealed.envelope.recipients] != [box.address]:
                    self._say("I1", "waits, and is not what was sent", mail, box)

    # -- I2, I3 ------------------------------------------------------------------------------------------------

    def _every_arrival(self) -> None:
        for owned in self.boxes:
            if any(what == "not_me" and not ended for what, _, ended in owned.said):
                self._say("I3", '"not me" was pressed, and the page never said that it is done', box=owned)
        for arrival in self.records.arrivals:
            if not arrival.id:
                self.ours["to the shop" if arrival.to[0] not in self.by_address else "to mailboxes"] += 1
                found = [canary for canary in CANARIES if canary in shown(arrival.raw)]
                if found:
                    self._say("I2", f"a mail of ours to {arrival.to[0]} has {len(found)} canaries in it", at=arrival.t)
            for address in arrival.to:
                box = self.by_address.get(address)
                if box is not None:
                    self._one_arrival(arrival, box)

    def _one_arrival(self, arrival: Arrival, box: Box) -> None:
        mail = self.by_id.get(arrival.id)
        done = box.closed_since(arrival.t)
        if done and not self._was_there_already(arrival, done):
            what = "the shop's mail" if arrival.id else "a mail of ours"
            self._say("I3", f'{what} came {arrival.t - done:.3f} s after "not me" was done', mail, box, arrival.t)
        elif done:
            self.late["the next hop had it before, and was paused"] += 1
        elif arrival.id and not box.open_at(arrival.t):
            self._say("I2", "the shop's mail came to an address that nobody had proved", mail, box, arrival.t)

    def _was_there_already(self, arrival: Arrival, done: float) -> bool:
        """Whether the next hop was paused meanwhile: its system took the octets, and it looked at them later."""
        return any(
            one.fault.target == "upstream"
            and one.fault.kind in ("pause", "long_pause")
            and one.began <= done
            and done - 0.5 <= one.ended
            and arrival.t <= one.ended + 1.5
            for one in self.felt
        )

    # -- I4 ----------------------------------------------------------------------------------------------------

    def _every_double(self) -> None:
        for (mail_id, address), came in self.arrivals.items():
            mail = self.by_id[mail_id]
            for one in came:
                if one.sha != mail.sha:
                    self._say("I1", "arrived with other octets than were sent", mail, self.by_address[address], one.t)
            if len(came) == 1:
                continue
            unheard = [one for one in mail.tries if one[1] and one[3] != "250"]
            unheard = [one for one in unheard if self._why_unheard(one)]
            for one in sorted(came, key=lambda one: one.t)[:-1]:
                why = self._why_again(one, mail, unheard)
                self.doubles[why or "not explained"] += 1
                if not why:
                    self._say("I4", "came twice, and no answer was lost", mail, self.by_address[address], one.t)

    def _why_again(self, one: Arrival, mail: Mail, unheard: list[tuple[float, float, float, str, str, str]]) -> str:
        """Why a mail that the next hop had taken was handed over again; each lost 250 explains one of them."""
        if not one.told:
            return "the next hop's answer was lost"
        same = [each for each in unheard if each[0] <= one.t <= each[2] + 1]
        if same:
            unheard.remove(same[0])
            return f"the 250 was lost ({self._why_unheard(same[0])})"
        near = self._near(one.t - 0.5, one.t + 3, WORKERS)
        if near:
            return f"the process could not write down that it had left ({near})"
        if unheard:
            return f"the 250 was lost ({self._why_unheard(unheard.pop(0))})"
        return ""

    def _why_unheard(self, one: tuple[float, float, float, str, str, str]) -> str:
        """Which fault kept a client from its 250; empty if none did."""
        _, sent, ended, code, _, gate = one
        return "cut by the client" if code == "cut_dot" else self._near(sent, ended, (gate,))

    def _near(self, first: float, last: float, targets: tuple[str, ...]) -> str:
        for one in self.felt:
            kind, target = one.fault.kind, one.fault.target
            after = 0.5 if kind in ("pause", "long_pause") else _AFTER
            if (target in (*targets, "all") or kind in _DATABASE) and one.near(first - after, last):
                return kind
        return ""

    # -- I5 ----------------------------------------------------------------------------------------------------

    def _every_order(self) -> None:
        waited: dict[int, list[tuple[float, float, float, Mail]]] = defaultdict(list)
        for mail in self.mails:
            for box, outcome in zip(mail.to, mail.outcomes, strict=False):
                came = self.arrivals.get((mail.id, box.address))
                if came and outcome in ("hold", "substitute"):
                    first = min(one.t for one in came)
                    waited[box.number].append((mail.tries[0][0], mail.tries[-1][2], first, mail))
        for number, some in waited.items():
            answered = sorted(some, key=lambda one: one[1])
            place, latest = 0, 0.0
            for began, _, came_at, mail in sorted(some, key=lambda one: one[0]):
                while place < len(answered) and answered[place][1] < began:
                    latest = max(latest, answered[place][2])
                    place += 1
                if came_at < latest:
                    what = "came before a mail that had come to wait before it"
                    self._say("I5", what, mail, self.boxes[number], came_at)

    # -- I7 ----------------------------------------------------------------------------------------------------

    def _log(self, log: Path) -> None:
        raw = log.read_bytes()
        forms = [canary.encode() for canary in CANARIES]
        forms += [canary.encode("unicode_escape") for canary in CANARIES if not canary.isascii()]
        found = {form.decode("utf-8", "replace") for form in forms if form in raw}
        found |= {"an address" for _ in _ADDRESS.finditer(raw)} | {"a token" for _ in _TOKEN.finditer(raw)}
        for what in sorted(found):
            at = raw.find(what.encode()) if what not in ("an address", "a token") else _first(raw, what)
            line = raw[raw.rfind(b"\n", 0, at) + 1 : raw.find(b"\n", at)][:300].decode("utf-8", "replace")
            self._say("I7", f"{log.name} holds {what}: {line}")


def _first(raw: bytes, what: str) -> int:
    found = (_ADDRESS if what == "an address" else _TOKEN).search(raw)
    return found.start() if found else 0
