"""What happens when somebody says "this is not me", top to bottom.

Promise:    When `report` returns with `still_leaving` false, no mail to that address is on its way (L5).
Never:      Asks who the reporter is, or lets a later step's failure undo the first.
On failure: The first step is one committed row; the others are repeated by `due` until they are done.
Read first: `report`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import DatabaseError

from atesaki import gate, ownership
from atesaki.tenants import Service

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Freed:
    """Since when the mailbox is left alone, by which service's mail it was told, and what was destroyed."""

    at: datetime
    service: Service
    destroyed: int
    still_leaving: bool


def report(raw_token: str, *, via: str = "page") -> Freed | None:
    """The mailbox that this token was mailed to says that it is not the customer's; None for a token that is none.

    1 Disavow: one row, committed. From here every look finds it.
    2 Destroy what waits.
    3 Wait until nothing that looked before is still leaving (bounded by the courier's time).
    4 Destroy what those put aside meanwhile.

    May be repeated at any time: it says the same, and does what is left to do.
    """
    disavowal = ownership.disavow(raw_token, via)
    if disavowal is None:
        return None
    service, address = disavowal.claim.service, bytes(disavowal.claim.digest)
    destroyed, gone = 0, False
    try:
        destroyed = gate.destroy_disavowed(service, address)
        gone = gate.wait_until_gone(address)
        destroyed += gate.destroy_disavowed(service, address)
    except DatabaseError:
        # In force already; what waits cannot leave, for `drive` looks first, and `due` or a repeat destroys it.
        log.exception("notme.interrupted")
    return Freed(disavowal.at, service, destroyed, still_leaving=not gone)


def pause(raw_token: str) -> bool:
    """RFC 8058 one-click, which robots press too: mail waits, nobody is asked again, and any proof undoes it."""
    return ownership.pause(raw_token) is not None
