"""What happens when somebody says "this is not me", top to bottom.

Promise:    When `report` returns with `still_leaving` false, no mail to that address is on its way (L5).
Never:      Asks who the reporter is, or lets a later step's failure undo the first.
On failure: The first step is one committed row; the others are repeated by `due` until they are done.
Read first: `report`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError
from django.db.models import Exists, OuterRef

from atesaki import clock, desk, gate, ownership
from atesaki.desk import Case, Reporter
from atesaki.language import Language, language
from atesaki.models import Event
from atesaki.ownership import Disavowal, Standing
from atesaki.tenants import Service

log = structlog.get_logger(__name__)

_CARRIED_ON = timedelta(days=7)  # a crash is mended within a minute; this is for a worker that was away


@dataclass(frozen=True, slots=True)
class Freed:
    """Since when the mailbox is left alone, by which service's mail it was told, what was destroyed, its case.

    `case` is None while it could not be opened; `due` opens it.
    """

    at: datetime
    service: Service
    destroyed: int
    still_leaving: bool
    case: Case | None


def report(raw_token: str, *, via: str = "page", lang: Language | None = None) -> Freed | None:
    """The mailbox that this token was mailed to says that it is not the customer's; None for a token that is none.

    1 Disavow: one row, committed. From here every look finds it.
    2 Destroy what waits.
    3 Wait until nothing that looked before is still leaving (bounded by the courier's time).
    4 Destroy what those put aside meanwhile.
    5 Open the case, or confirm the one that waited for this; tell every service of the organisation.

    May be repeated at any time: it says the same, and does what is left to do. `via` is one of `Case.Via`.
    """
    disavowal = ownership.disavow(raw_token, via)
    if disavowal is None:
        return None
    service, address = disavowal.claim.service, bytes(disavowal.claim.digest)
    destroyed, gone, case = 0, False, None
    try:
        destroyed = gate.destroy_disavowed(service, address)
        gone = gate.wait_until_gone(address)
        destroyed += gate.destroy_disavowed(service, address)
        case = carry_on(disavowal, via, lang)
    except DatabaseError:
        # In force already; what waits cannot leave, for `drive` looks first, and `due` or a repeat does the rest.
        log.exception("notme.interrupted")
    return Freed(disavowal.at, service, destroyed, not gone, case)


def carry_on(disavowal: Disavowal, via: str, lang: Language | None = None) -> Case:
    """The steps that follow a disavowal in force: the case, and the services told of it."""
    case = desk.confirmed(disavowal, via, lang or language(disavowal.claim.service.locale))
    desk.tell_services(case)
    return case


def pause(raw_token: str, *, via: str = Case.Via.ONE_CLICK) -> bool:
    """RFC 8058 one-click, which robots press too: mail waits, nobody is asked again, and any proof undoes it.

    Likewise a complaint of the mailbox's provider (`via`), which nobody can ask whether its reader meant it.
    Opens a case that is not confirmed, so that an agent sees it; no service is told, and nothing is deleted. Where
    the mailbox has said "not me" already, only our own mail about the case is left to stop.
    """
    claim = ownership.pause(raw_token, "one-click" if via == Case.Via.ONE_CLICK else via)
    if claim is None:
        return False
    stand, running = ownership.known(claim), desk.running(claim)
    if stand.standing is Standing.DISAVOWED:
        if running is not None:  # pressed in a mail about the case itself: its reporter wants no more of them
            desk.choose(running, Reporter.Wish.NOTHING)
    elif stand.paused:
        desk.unconfirmed_at_once(claim, via, language(claim.service.locale))
    return True


def due() -> int:
    """Carries on with every disavowal that a crash has left without a case, or its services untold; how many."""
    with_case = Case.objects.filter(disavowal__isnull=False)
    said = Event.objects.filter(kind=Event.Kind.DISAVOWED, at__gte=clock.now() - _CARRIED_ON)
    later = Event.objects.filter(
        kind=Event.Kind.DISAVOWED,
        digest=OuterRef("digest"),
        organisation=OuterRef("organisation"),
        pk__gt=OuterRef("pk"),
    )
    forgotten = said.exclude(pk__in=with_case.values("disavowal")).exclude(Exists(later))
    done = 0
    for disavowal in ownership.disavowals(forgotten.values_list("pk", flat=True)):
        via = Event.objects.values_list("method", flat=True).get(pk=disavowal.event)
        carry_on(disavowal, via if via in Case.Via.values else Case.Via.PAGE)
        done += 1
    for case in with_case.filter(told__isnull=True).exclude(state=Case.State.CLOSED):
        desk.tell_services(case)
        done += 1
    return done
