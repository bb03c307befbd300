"""The product with one sentence taken away, to show that the harness sees the harm.

`python -m faults.mutants NAME PART` runs a part of atesaki so. Nothing of it is in the product: names of it are
wrapped from here, once Django is set up. One that is not there any more ends the part, and so the run.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

# What each takes away, and which invariants must see it.
MUTATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "stale": ("a standing is remembered for half a minute: it is looked up before the line is written", ("I2", "I3")),
    "hasty": ('"not me" does not wait for what is leaving', ("I3",)),
    "forgetful": ("250 is answered before the commit is on the disk (synchronous_commit off)", ("I1", "I6")),
    "twice": ("what has left stays in the outbox", ("I4",)),
    "talkative": ("an address is not masked in the log", ("I7",)),
    "ajar": ("what waits leaves although nobody proved its address", ("I2",)),
}

_STALE = 30.0


def _stale() -> None:
    from atesaki import ownership

    _there(ownership, "standings_all")
    inner = ownership.standings_all
    known: dict[Any, tuple[float, Any]] = {}

    @wraps(inner)
    def standings_all(wanted: Any) -> list[Any]:
        now = time.monotonic()
        names = [(service.pk, address, customer) for service, address, customer in wanted]
        missing = [number for number, name in enumerate(names) if now - known.get(name, (-99.0, None))[0] > _STALE]
        for number, found in zip(missing, inner([wanted[each] for each in missing]) if missing else [], strict=True):
            known[names[number]] = (now, found)
        return [known[name][1] for name in names]

    ownership.standings_all = standings_all
    ownership.standings = lambda service, wanted: standings_all([(service, *one) for one in wanted])


def _hasty() -> None:
    from atesaki import gate

    _there(gate, "wait_until_gone")
    gate.wait_until_gone = lambda *args, **named: True


def _twice() -> None:
    from atesaki import outbox
    from atesaki.outbox import Departure

    _there(outbox, "gone")

    def gone(leaving: Any) -> None:
        Departure.objects.filter(pk=leaving.pk).update(state="waiting", leaving_since=None)

    inner, left = outbox.gone, threading.Lock()
    seen: set[int] = set()

    def once_more(leaving: Any) -> None:
        with left:
            again = leaving.pk in seen
            seen.add(leaving.pk)
        inner(leaving) if again else gone(leaving)

    outbox.gone = once_more


def _talkative() -> None:
    from atesaki.addresses import Address
    from atesaki.site import logging

    _there(Address, "masked")
    Address.masked = lambda self: self.text  # type: ignore[method-assign]
    logging.mask = lambda text: text


def _ajar() -> None:
    from dataclasses import replace

    from atesaki.gate import holds, verdict
    from atesaki.gate.verdict import Facts, Outcome, Verdict

    inner: Callable[[Facts], Verdict] = verdict.decide

    def decide(facts: Facts) -> Verdict:
        found = inner(facts)
        return replace(found, outcome=Outcome.DELIVER) if found.reason == "notice_spent" else found

    for module in (verdict, holds, sys.modules["atesaki.gate.submit"]):
        _there(module, "decide")
        module.decide = decide  # type: ignore[attr-defined]


def _there(where: object, name: str) -> None:
    if not hasattr(where, name):
        sys.exit(f"faults: {where} has no {name} any more; the mutation must be made anew.")


_APPLIED: dict[str, Callable[[], None]] = {
    "stale": _stale,
    "hasty": _hasty,
    "forgetful": lambda: None,  # is the database's own: see `run`
    "twice": _twice,
    "talkative": _talkative,
    "ajar": _ajar,
}


def main() -> None:
    name, part = sys.argv[1:]
    import django

    inner = django.setup

    def setup(*args: Any, **named: Any) -> None:
        inner(*args, **named)
        _APPLIED[name]()

    django.setup = setup
    from atesaki.cli import main as cli

    sys.argv = ["atesaki", part]
    cli()


if __name__ == "__main__":
    main()
