"""What a service may know of its claims, of many in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from atesaki import addresses, clock

from .claims import said_about
from .models import Claim, Event, Mailbox, Token
from .standing import Stand, Standing, derive
from .tokens import TRIES, TRIES_IN_ALL

_PROVABLE = (Standing.CLAIMED, Standing.ANSWERED, Standing.DOUBTED)


@dataclass(frozen=True, slots=True)
class Told:
    """A claim as its service sees it.

    masked: None once the address is erased.  given: not withdrawn since it was last given, at `since`.
    match: the number to show on the service's screen, None unless it can prove something now.
    asked_at: when a confirmation was last mailed.  asked_until: when the last link or code that was mailed ends.
    proofs: each method and its moment.
    """

    claim: Claim
    masked: str | None
    stand: Stand
    given: bool
    since: datetime
    match: str | None
    code_expires: datetime | None
    asked_at: datetime | None
    asked_until: datetime | None
    proofs: tuple[tuple[str, datetime], ...]


def told(claims: Sequence[Claim]) -> list[Told]:
    """What the service of these claims, one for all, may know of each, in their order."""
    if not claims:
        return []
    digests = list({bytes(claim.digest) for claim in claims})
    said = said_about(claims[0].service.organisation_id, digests)
    plain = dict(Mailbox.objects.filter(digest__in=digests).values_list("digest", "address"))
    known = {bytes(digest): address for digest, address in plain.items()}
    events: dict[UUID | None, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(claim__in=claims).order_by("pk"):
        events[event.claim_id].append(event)
    tokens: dict[UUID, list[Token]] = defaultdict(list)
    for token in Token.objects.filter(claim__in=claims, purpose__in=("confirm", "code")):
        tokens[token.claim_id].append(token)
    return [
        _told(
            claim,
            derive(claim.pk, said[bytes(claim.digest)]),
            known.get(bytes(claim.digest)),
            events[claim.pk],
            tokens[claim.pk],
        )
        for claim in claims
    ]


def _told(claim: Claim, stand: Stand, address: str | None, events: list[Event], tokens: list[Token]) -> Told:
    now = clock.now()
    spent = sum(token.tries for token in tokens if token.created > now - timedelta(days=30))
    provable = stand.standing in _PROVABLE and spent < TRIES_IN_ALL
    live = [token for token in tokens if token.revoked is None and token.expires > now]
    open_ = [token for token in live if token.tries < TRIES] if provable else []
    links = [token.expires for token in open_ if token.purpose == "confirm"]
    codes = [token.expires for token in open_ if token.purpose == "code"]
    turns = [event for event in events if event.kind in (Event.Kind.CLAIMED, Event.Kind.WITHDRAWN)]
    given = [event for event in turns if event.kind == Event.Kind.CLAIMED]
    return Told(
        claim=claim,
        masked=addresses.parse(address).masked() if address else None,
        stand=stand,
        given=not turns or turns[-1].kind == Event.Kind.CLAIMED,
        since=given[-1].at if given else claim.created,
        match=claim.match if claim.match and links else None,
        code_expires=max(codes, default=None),
        asked_at=max((token.created for token in tokens if token.purpose == "code"), default=None),
        asked_until=max((token.expires for token in live), default=None),
        proofs=tuple((event.method, event.at) for event in events if event.kind == Event.Kind.PROVED),
    )
