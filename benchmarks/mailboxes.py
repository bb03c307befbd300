"""The receivers' side, run inside of an installation: proves mailboxes, and presses "this is not me".

`prove SERVICE ADDRESS…` gives each a claim that the service vouches for.
`free SERVICE ADDRESS…` does the same, says `ready`, and then, for each number on its standard input, presses for that
address; it answers with a JSON object: how long `notme.report` took, and whether mail was still leaving after it.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from atesaki.cli.installation import installation

if TYPE_CHECKING:
    from atesaki.ownership import Claim


def main() -> None:
    what, service, *receivers = sys.argv[1:]
    with installation():
        claims = _prove(service, receivers)
        if what == "free":
            _free(claims)


def _prove(name: str, receivers: list[str]) -> list[Claim]:
    from django.db import transaction

    from atesaki import addresses, ownership, tenants

    service = tenants.find(name)
    claims = []
    for receiver in receivers:
        with transaction.atomic():
            claim = ownership.claim(service, addresses.parse(receiver))
            ownership.attest(claim, "the benchmark made this mailbox")
        claims.append(claim)
    return claims


def _free(claims: list[Claim]) -> None:
    from atesaki import clock, notme, ownership
    from atesaki.ownership import Purpose

    expires = clock.now() + timedelta(days=1)
    tokens = [ownership.issue(claim, Purpose.NOT_ME, expires) for claim in claims]
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        freed = notme.report(tokens[int(line)])
        took = time.perf_counter() - began
        if freed is None:
            sys.exit("a token that was just issued is none")
        print(json.dumps({"ms": took * 1000, "still_leaving": freed.still_leaving}), flush=True)


if __name__ == "__main__":
    main()
