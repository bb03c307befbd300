"""Claims, what was said about them, and what only the customer knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import randbelow
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max

from atesaki import addresses, clock, keys
from atesaki.addresses import Address
from atesaki.content import Fact
from atesaki.tenants import Service

from .models import Claim, Event, Knowledge, Mailbox, Seen, Token
from .standing import Said, Stand, Standing, derive

# A value in mail to this many mailboxes, and to this share of them, is the service's own: a footer, not a secret.
_COMMON_MAILBOXES = 3
_COMMON_SHARE = 0.3
_SEEN_DAYS = 365
ACCEPTED = "accepted"  # the method of a click that the service's policy took for a proof


@dataclass(frozen=True, slots=True)
class Known:
    """What `standings` tells of one (address, customer): the claim if there is one, and where it stands."""

    claim: UUID | None
    stand: Stand


def digest(address: Address) -> bytes:
    """The keyed digest that stands for `address` in every table (RFC 2104 HMAC-SHA-256)."""
    return addresses.digest(keys.ring().digest, address)


def lock(address: bytes) -> None:
    """Until the transaction ends, nobody else writes about this address: the order of events is their truth."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(address[:8], "big", signed=True)])


def standings(service: Service, wanted: Sequence[tuple[bytes, str]]) -> list[Known]:
    """For each (digest, customer) of `wanted`, in order."""
    return standings_all([(service, address, customer) for address, customer in wanted])


def standings_all(wanted: Sequence[tuple[Service, bytes, str]]) -> list[Known]:
    """For each (service, digest, customer) of `wanted`, in order: one query, however many there are.

    It reads committed rows, so a disavowal committed before the call is seen.
    """
    digests = list({address for _, address, _ in wanted})
    claims: dict[tuple[int, bytes, str], UUID] = {}
    said: dict[tuple[int, bytes], list[Said]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, [digests, list({service.organisation_id for service, _, _ in wanted}), digests])
        for owner, address, order, words, claim, method in cursor.fetchall():
            if order is None:
                claims[owner, bytes(address), words] = claim
            else:
                said[owner, bytes(address)].append(Said(order, words, claim, method == ACCEPTED))
    found = []
    for service, address, customer in wanted:
        pk = claims.get((service.pk, address, customer))
        found.append(Known(pk, derive(pk, said[service.organisation_id, address])))
    return found


# Claims by service, events by organisation, and both as of one moment: a claim is never seen without its events.
_STANDINGS = """
SELECT service_id, digest, NULL::bigint, customer, id, '' FROM atesaki_claim WHERE digest = ANY(%s::bytea[])
UNION ALL
SELECT organisation_id, digest, id, kind, claim_id, method FROM atesaki_event
 WHERE organisation_id = ANY(%s::bigint[]) AND digest = ANY(%s::bytea[])
"""


def known(claim: Claim) -> Stand:
    """Where one claim stands now."""
    address = bytes(claim.digest)
    return derive(claim.pk, said_about(claim.service.organisation_id, [address])[address])


def said_about(organisation: int, digests: Sequence[bytes]) -> dict[bytes, list[Said]]:
    """Everything said about these addresses in one organisation."""
    said: dict[bytes, list[Said]] = defaultdict(list)
    rows = Event.objects.filter(organisation_id=organisation, digest__in=digests)
    for pk, address, kind, of, method in rows.values_list("pk", "digest", "kind", "claim_id", "method"):
        said[bytes(address)].append(Said(pk, kind, of, method == ACCEPTED))
    return said


def claim(service: Service, address: Address, customer: str = "", *, match: bool = False) -> Claim:
    """The claim of `customer` on `address`, made if it is new or was withdrawn. Inside a transaction.

    `match` gives it the two-digit number that the service shows on its screen.
    """
    key = digest(address)
    lock(key)
    Mailbox.objects.get_or_create(digest=key, defaults={"address": address.text, "since": clock.now()})
    found, _ = Claim.objects.get_or_create(
        service=service,
        digest=key,
        customer=customer,
        defaults={"id": keys.uuid7(), "created": clock.now()},
    )
    if match and not found.match:
        found.match = f"{randbelow(100):02}"
        found.save(update_fields=["match"])
    standing = known(found).standing
    if standing is Standing.UNKNOWN or (standing is Standing.DISAVOWED and not is_given(found)):
        say(found, Event.Kind.CLAIMED)
    return found


def is_given(claim: Claim) -> bool:
    """Whether the customer gives this address now: they have not withdrawn it since they last did."""
    rows = Event.objects.filter(claim=claim, kind__in=(Event.Kind.CLAIMED, Event.Kind.WITHDRAWN))
    return rows.order_by("-pk").values_list("kind", flat=True).first() != Event.Kind.WITHDRAWN


def claim_of(service: Service, pk: UUID) -> Claim | None:
    """A claim of this service by its id; None for another's, as for none."""
    return Claim.objects.filter(service=service, pk=pk).select_related("service__organisation").first()


def claims_of(service: Service, customer: str, *, before: UUID | None = None, most: int = 200) -> list[Claim]:
    """A customer's claims, newest first; those older than the claim `before`, if it is given."""
    rows = Claim.objects.filter(service=service, customer=customer).select_related("service__organisation")
    return list((rows if before is None else rows.filter(pk__lt=before)).order_by("-pk")[:most])


def lead_back(claim: Claim, url: str) -> None:
    """Has the confirm page lead back to `url`, which the service has a right to (`tenants.may_return_to`)."""
    Claim.objects.filter(pk=claim.pk).exclude(return_url=url).update(return_url=url)
    claim.return_url = url


def claims_on(address: bytes, organisation: int | None = None) -> list[Claim]:
    """Every claim on a digest, of one organisation or of all, oldest first."""
    rows = Claim.objects.filter(digest=address).select_related("service__organisation").order_by("created")
    return list(rows if organisation is None else rows.filter(service__organisation=organisation))


def erase(address: bytes) -> bool:
    """Erases the plain address unless somebody has proved it; whether it is gone. Inside a transaction (L8).

    The digest stays with its claims and events, and goes on refusing; what could still write to the mailbox or
    be asked of it goes: answers, codes and the tokens to confirm with. Those of "not me" and of its case stay.
    """
    lock(address)
    if any(known(row).standing in (Standing.PROVED, Standing.DOUBTED) for row in claims_on(address)):
        return False
    Knowledge.objects.filter(claim__digest=address).delete()
    Token.objects.filter(claim__digest=address, purpose__in=("confirm", "code"), revoked=None).update(
        revoked=clock.now()
    )
    Claim.objects.filter(digest=address).exclude(return_url="").update(return_url="")  # it may name the customer
    Mailbox.objects.filter(digest=address).delete()
    return True


def withdraw(claim: Claim) -> None:
    """The customer no longer gives this address. Inside a transaction."""
    lock(bytes(claim.digest))
    say(claim, Event.Kind.WITHDRAWN)
    # What a reporter holds stays: the way to say "not me", to answer our mail, and to read of their case.
    Token.objects.filter(claim=claim, purpose__in=("confirm", "code"), revoked=None).update(revoked=clock.now())


def say(claim: Claim, kind: str, method: str = "", evidence: str = "") -> Event:
    """Adds an event; the caller holds the address's lock."""
    return Event.objects.create(
        organisation_id=claim.service.organisation_id,
        digest=claim.digest,
        claim=claim,
        kind=kind,
        method=method,
        evidence=evidence[:500],
        at=clock.now(),
    )


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a mail for a claim holds. `asked`: what the page may ask for; `passed` if the service said so itself.
    `seen`: every contact value. `until`: how long the mail waits.
    """

    service: Service
    claim: UUID
    address: bytes
    asked: frozenset[Fact]
    passed: bool
    seen: frozenset[Fact]
    until: datetime


def learn(lessons: Sequence[Lesson]) -> None:
    """Keeps digests of what only the customer knows, and of which values stand in whose mail; keeps the links of
    earlier notices alive for as long as mail waits for them. Inside a transaction.

    A value that many receive is never asked for (L1: a shop's printed postal code would otherwise open the customer's
    mail to any reader of it).
    """
    now = clock.now()
    seen = {
        (each.service.pk, _seen(each.service, fact), each.address): each.service
        for each in lessons
        for fact in each.seen
    }
    Seen.objects.bulk_create(
        [Seen(service=service, value=value, address=address, at=now) for (_, value, address), service in seen.items()],
        ignore_conflicts=True,
    )
    for passed in (False, True):
        taught = [each for each in lessons if each.passed is passed]
        common = set() if passed else _common(taught)
        rows = {
            (each.claim, fact.kind, knowledge(each.claim, fact)): passed
            for each in taught
            for fact in each.asked
            if (each.service.pk, fact) not in common
        }
        made = [Knowledge(claim_id=claim, kind=kind, digest=value, passed=passed) for claim, kind, value in rows]
        if passed:  # what was only found before is now the service's own word
            keys_of_it = ["claim", "kind", "digest"]
            Knowledge.objects.bulk_create(
                made, update_conflicts=True, update_fields=["passed"], unique_fields=keys_of_it
            )
        else:
            Knowledge.objects.bulk_create(made, ignore_conflicts=True)
    _prolong({each.claim: each.until for each in lessons}, now)


def _prolong(until: dict[UUID, datetime], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE atesaki_token t SET expires = u.until
              FROM unnest(%s::uuid[], %s::timestamptz[]) u (claim, until)
             WHERE t.claim_id = u.claim AND t.purpose = 'confirm' AND t.revoked IS NULL
               AND t.expires > %s AND t.expires < u.until
            """,
            [list(until), list(until.values()), now],
        )


def _common(lessons: Sequence[Lesson]) -> set[tuple[int, Fact]]:
    """Which of the values that may be asked for stand in so many people's mail that they must be a service's own."""
    asked = {(each.service, fact): _seen(each.service, fact) for each in lessons for fact in each.asked}
    if not asked:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT service_id, value, count(*) FROM atesaki_seen"
            " WHERE service_id = ANY(%s::bigint[]) AND value = ANY(%s::bytea[]) GROUP BY 1, 2",
            [list({service.pk for service, _ in asked}), list(set(asked.values()))],
        )
        having = {(service, bytes(value)): many for service, value, many in cursor.fetchall()}
    found = set()
    for (service, fact), value in asked.items():
        many = having.get((service.pk, value), 0)
        if many >= _COMMON_MAILBOXES and many >= _COMMON_SHARE * _mailboxes(service, many):
            found.add((service.pk, fact))
    return found


def _mailboxes(service: Service, many: int) -> int:
    """How many mailboxes a service's mail was read for; no more are counted than tell whether `many` is a share."""
    enough = int(many / _COMMON_SHARE) + 1
    return Seen.objects.filter(service=service).values("address").distinct()[:enough].count()


def may_still_confirm(service: Service, address: bytes) -> bool:
    """Whether a link that was mailed there for this service still works."""
    return Token.objects.filter(
        claim__service=service, claim__digest=address, purpose="confirm", revoked=None, expires__gt=clock.now()
    ).exists()


def being_asked(claim: Claim) -> bool:
    """Whether a mail with a code that still works went to its mailbox: it has been asked today."""
    return Token.objects.filter(claim=claim, purpose="code", revoked=None, expires__gt=clock.now()).exists()


def last_answer(service: Service, address: bytes) -> datetime | None:
    """When the mailbox last did what a notice asks for."""
    rows = Event.objects.filter(claim__service=service, digest=address, kind__in=("answered", "proved", "doubted"))
    last: datetime | None = rows.aggregate(last=Max("at"))["last"]
    return last


def is_common(service: Service, fact: Fact) -> bool:
    """Whether this value stands in so many people's mail that it must be the service's own."""
    lesson = Lesson(service, UUID(int=0), b"", frozenset((fact,)), passed=False, seen=frozenset(), until=clock.now())
    return bool(_common([lesson]))


def knowledge(claim: UUID, fact: Fact) -> bytes:
    """The digest under which an answer is kept: another for each claim, so that dumps cannot be compared."""
    return keys.ring().fingerprint("knowledge", claim.bytes, fact.kind, fact.value)


def _seen(service: Service, fact: Fact) -> bytes:
    return keys.ring().fingerprint("seen", str(service.pk), fact.kind, fact.value)


def plain(address: bytes) -> Address | None:
    """The address behind a digest, or None once it is erased."""
    row = Mailbox.objects.filter(digest=address).first()
    return addresses.parse(row.address) if row else None


def describe(address: Address, service: Service) -> dict[str, Any]:
    """Claims and proofs on `address`, as `atesaki standing --json` prints them."""
    key = digest(address)
    said = said_about(service.organisation_id, [key])[key]
    claims = []
    for row in Claim.objects.filter(service=service, digest=key).order_by("created"):
        events = Event.objects.filter(claim=row).order_by("pk")
        claims.append(
            {
                "id": str(row.pk),
                "customer": row.customer,
                "standing": derive(row.pk, said).standing.value,
                "paused": derive(row.pk, said).paused,
                "events": [
                    {"at": event.at.isoformat(), "kind": event.kind, "method": event.method} for event in events
                ],
                "proofs": [
                    {"at": event.at.isoformat(), "method": event.method} for event in events if event.kind == "proved"
                ],
            }
        )
    single = claims[0]["standing"] if len(claims) == 1 else derive(None, said).standing.value
    return {"address": address.text, "service": service.name, "standing": single, "claims": claims}


def forget_old() -> int:
    """Removes tokens a month after their end, answers that no token can ask for, and old statistics."""
    now = clock.now()
    gone, _ = Token.objects.filter(expires__lt=now - timedelta(days=30)).delete()
    live = Token.objects.filter(purpose="confirm", expires__gte=now, revoked=None)
    answers, _ = (
        Knowledge.objects.exclude(claim__in=live.values("claim"))
        .filter(claim__created__lt=now - timedelta(days=1))
        .delete()
    )
    statistics, _ = Seen.objects.filter(at__lt=now - timedelta(days=_SEEN_DAYS)).delete()
    return gone + answers + statistics
