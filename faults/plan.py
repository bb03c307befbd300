"""What is going to happen: how many mails, whose mailboxes, and which faults when. All of it follows from the seed.

A seed replays the plan: the same mails to the same mailboxes, the same faults at the same points of the run. How the
processes interleave in between is the machine's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

# How often each kind comes up among a hundred, whom it may befall, and for how many seconds.
KINDS: dict[str, tuple[int, tuple[str, ...], tuple[float, float]]] = {
    "kill": (22, ("gate-1", "gate-2", "work-1", "work-2", "web", "upstream"), (0, 0)),
    "pause": (10, ("gate-1", "gate-2", "work-1", "work-2", "web", "upstream"), (0.5, 4)),
    "long_pause": (1, ("gate-1", "work-1", "upstream"), (24, 30)),  # longer than a courier may take (20 s)
    "kill_database": (4, ("database",), (0, 0)),
    "kill_backend": (4, ("database",), (0, 0)),
    "disk_full": (3, ("database",), (1, 4)),
    "split_stall": (6, ("gate-1", "gate-2", "work-1", "work-2", "web"), (1, 14)),
    "split_cut": (6, ("gate-1", "gate-2", "work-1", "work-2", "web"), (0, 0)),
    "refuse": (5, ("gate-1", "gate-2", "work-1", "work-2", "web", "all"), (1, 4)),
    "clock": (4, ("gate-1", "gate-2", "work-1", "work-2", "web"), (0, 0)),
    "temporary": (6, ("upstream",), (1, 5)),
    "permanent": (3, ("upstream",), (0.5, 2)),
    "silent": (4, ("upstream",), (1, 4)),
    "cut_before_dot": (5, ("upstream",), (1, 4)),
    "cut_after_dot": (5, ("upstream",), (1, 4)),  # it has taken the mail, and its answer is lost
    "slow": (5, ("upstream",), (1, 6)),
    "client_command": (2, ("client",), (0, 0)),
    "client_data": (2, ("client",), (0, 0)),
    "client_dot": (3, ("client",), (0, 0)),
}
LONG = ("long_pause",)
SKEWS = ("-25h", "-40m", "-45s", "30s", "35m", "26h")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `at`: the share of the run that is over by then. `share`: of the mails that it befalls."""

    number: int
    at: float
    kind: str
    target: str
    seconds: float
    share: float
    skew: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. It ends when `mails` are answered and `faults` are over; with `seconds`, when these are."""

    seed: int
    mails: int
    faults: int
    seconds: float = 0
    clients: int = 16
    boxes: int = 600
    mutation: str = ""
    patient: bool = True  # waits until lost lines are swept in their own time, rather than have them look older
    long: bool = True

    def schedule(self) -> list[Fault]:
        """Its faults, in order. Of each kind some come, if there are enough of them."""
        dice = Random(f"{self.seed} faults")
        kinds = [kind for kind in KINDS if self.long or kind not in LONG]
        dealt: list[str] = []
        while len(dealt) < self.faults:
            deck = [kind for kind in kinds for _ in range(KINDS[kind][0])]
            dice.shuffle(deck)
            first = list(dict.fromkeys(deck)) if not dealt else []
            dealt += first + deck
        dealt = dealt[: self.faults]
        dice.shuffle(dealt)
        made = []
        for number, kind in enumerate(dealt):
            _, targets, (least, most) = KINDS[kind]
            at = 0.03 + 0.92 * (number + dice.random()) / self.faults
            seconds = dice.uniform(least, most if self.long else min(most, 2.5))
            skew = dice.choice(SKEWS) if kind == "clock" else ""
            made.append(Fault(number, at, kind, dice.choice(targets), seconds, dice.choice((0.3, 0.7, 1.0)), skew))
        return made
