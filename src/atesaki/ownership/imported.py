"""Claims of many customers at once, from a service's own records: what each may become, and the rows of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from django.db import connection

from atesaki import clock, keys
from atesaki.tenants import Service

from .claims import ACCEPTED, said_about
from .models import Claim, Event
from .standing import Said, Stand, Standing, derive

ATTESTED = "attested"
IMPORTED = "imported: "  # the evidence of what an import attested begins so: a later import may contradict it
_DOUBTING = (Event.Kind.DOUBTED, Event.Kind.PAUSED)  # a pause puts a proved one in doubt
_Row = tuple[int, bytes, str, UUID | None, str, bool]


class Shows(IntEnum):
    """What a service's evidence shows; a greater one is worth more."""

    NOTHING = 0
    MAILBOX = 1  # somebody reads the mailbox
    BOTH = 2  # and it is this customer


class Fate(StrEnum):
    """What became of one given claim."""

    PROVED = "proved"
    ANSWERED = "answered"
    CLAIMED = "claimed"
    KNOWN = "known"  # nothing was new
    WITHDRAWN = "withdrawn"  # the customer took it back: left as it is
    DISAVOWED = "disavowed"
    PAUSED = "paused"
    DOUBTED = "doubted"


@dataclass(frozen=True, slots=True)
class Given:
    """A customer's address as the service has it.

    `alone`: no other customer's row at the same time names it, not even one that cannot be used.  `contested`: a row
    of another customer that can be used does.
    """

    digest: bytes
    address: str
    customer: str
    shows: Shows = Shows.NOTHING
    evidence: str = ""
    at: datetime | None = None
    alone: bool = True
    contested: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a `Given`.

    `shared`: its evidence counts for the mailbox alone, as other customers gave it too.  `unsettled`: the claims that
    only an import had proved, and that are in doubt because of this one.
    """

    fate: Fate
    claim: UUID
    shared: bool
    unsettled: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stood:
    """What stood about one of them before."""

    claim: UUID | None
    stand: Stand
    given: bool
    doubted: bool
    shared: bool
    rivals: tuple[UUID, ...]  # other customers' claims on the address that only an import has proved
    imported: bool  # it is itself proved by an import alone


def take_in(service: Service, given: Sequence[Given], *, write: bool = True) -> list[Taken]:
    """Makes these claims, each (digest, customer) at most once among them, and says what became of each, in order.

    1 Lock the addresses, in the order of their digests, so that nobody says anything of them meanwhile.
    2 Read what stands. What the mailbox said itself stays, however good the evidence is (L4).
    3 Write, in a few statements, what is new. Inside a transaction; with `write=False` nothing is locked or written.

    An erased address comes back by a new claim alone, and never where its mailbox said "not me" (L8). Records that
    give an address to another customer contradict what an import proved before: that falls into doubt, for else
    whoever came first would get the mail of both (L1).
    """
    if write:
        lock_all(one.digest for one in given)
    claims: list[tuple[object, ...]] = []
    mailboxes: dict[bytes, str] = {}
    events: list[tuple[object, ...]] = []
    taken, unsettled, now = [], set[UUID](), clock.now()
    for one, stood in zip(given, _look(service, given), strict=True):
        doubted = stood.doubted or bool(stood.rivals)
        fate, kinds = judge(one, stood.stand, given=stood.given, doubted=doubted, shared=stood.shared)
        pk = stood.claim or keys.uuid7()
        contradicted = _contradicted(one, stood, fate)
        taken.append(Taken(fate, pk, stood.shared and one.shows is Shows.BOTH, contradicted))
        events += [_doubt(service, one.digest, each, now) for each in contradicted if each not in unsettled]
        unsettled.update(contradicted)
        if stood.claim is None:
            claims.append((pk, service.pk, one.digest, one.customer, "", "", now))
        if kinds:
            mailboxes.setdefault(one.digest, one.address)
        events += [_event(service, one, pk, kind, now) for kind in kinds]
    if write:
        _write(mailboxes, claims, events, now)
    return [replace(each, fate=Fate.DOUBTED) if each.claim in unsettled else each for each in taken]


def judge(one: Given, stand: Stand, *, given: bool, doubted: bool, shared: bool) -> tuple[Fate, tuple[str, ...]]:
    """What a given claim becomes, and the events that make it so: pure.

    `given`: not withdrawn.  `doubted`: somebody's claim on the address is in doubt, and the evidence may be older
    (R20).  `shared`: other customers gave it too, and evidence of the mailbox cannot tell which of them it is (L1).
    """
    if stand.standing is Standing.PROVED:
        return Fate.KNOWN, ()
    if not given:
        return Fate.WITHDRAWN, ()
    if stand.standing is Standing.DISAVOWED:
        return Fate.DISAVOWED, ()
    claimed = (Event.Kind.CLAIMED.value,) if stand.standing is Standing.UNKNOWN else ()
    if stand.paused:
        return Fate.PAUSED, claimed
    if doubted or stand.standing is Standing.DOUBTED:
        return Fate.DOUBTED, claimed
    if one.shows is Shows.BOTH and not shared:
        return Fate.PROVED, (*claimed, Event.Kind.PROVED.value)
    if one.shows is not Shows.NOTHING and stand.standing is not Standing.ANSWERED:
        return Fate.ANSWERED, (*claimed, Event.Kind.ANSWERED.value)
    return (Fate.CLAIMED if claimed else Fate.KNOWN), claimed


def _contradicted(one: Given, stood: _Stood, fate: Fate) -> tuple[UUID, ...]:
    """The claims that this one puts in doubt. One that was taken back, or refused by the mailbox, says nothing."""
    if fate in (Fate.WITHDRAWN, Fate.DISAVOWED):
        return ()
    # Without customers' names all of them are one claim, and only the file itself can show that there are several.
    if stood.claim is not None and stood.imported and one.contested and not one.customer:
        return (stood.claim,)
    return stood.rivals


def in_doubt(organisation: int, digests: Sequence[bytes]) -> set[bytes]:
    """The addresses on which somebody's claim is in doubt in this organisation."""
    rows = Event.objects.filter(organisation_id=organisation, digest__in=digests, kind__in=_DOUBTING)
    doubtful = [bytes(each) for each in rows.values_list("digest", flat=True).distinct()]
    if not doubtful:
        return set()
    said = said_about(organisation, doubtful)
    claims = Claim.objects.filter(service__organisation_id=organisation, digest__in=doubtful)
    return {
        bytes(address)
        for pk, address in claims.values_list("pk", "digest")
        if derive(pk, said[bytes(address)]).standing is Standing.DOUBTED
    }


def lock_all(digests: Iterable[bytes]) -> None:
    """`lock`, for many: in the order of their digests, as everybody who needs several takes them."""
    numbers = [int.from_bytes(digest[:8], "big", signed=True) for digest in sorted(set(digests))]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(pg_advisory_xact_lock(n)) FROM unnest(%s::bigint[]) n", [numbers])


def _look(service: Service, given: Sequence[Given]) -> list[_Stood]:
    """What stands about each: a few queries, however many there are.

    Of an address that thousands share only what may matter is read: its own claim's events, and what silences all.
    """
    organisation = service.organisation_id
    digests = list({one.digest for one in given})
    customers = list({one.customer for one in given})
    rows = Claim.objects.filter(service=service, digest__in=digests, customer__in=customers)
    claims = {(bytes(address), name): pk for pk, address, name in rows.values_list("pk", "digest", "customer")}
    loud: dict[bytes, list[Said]] = defaultdict(list)
    own: dict[UUID, list[Said]] = defaultdict(list)
    doubtful, imported = set[bytes](), set[UUID]()
    for pk, address, kind, of, method, by_import in _events(organisation, digests, list(claims.values())):
        said = Said(pk, kind, of, method == ACCEPTED)
        if by_import and of is not None:
            imported.add(of)
        if kind in _DOUBTING:
            doubtful.add(bytes(address))
        if kind in (Event.Kind.DISAVOWED, Event.Kind.PAUSED):
            loud[bytes(address)].append(said)
        elif of is not None:
            own[of].append(said)
    doubted = in_doubt(organisation, list(doubtful)) if doubtful else set()
    shared, rivals = _shared(service, given), _proved_by_import(service, imported, loud)
    found = []
    for place, one in enumerate(given):
        claim = claims.get((one.digest, one.customer))
        mine = own[claim] if claim else []
        turns = [said for said in mine if said.kind in (Event.Kind.CLAIMED, Event.Kind.WITHDRAWN)]
        still = not turns or max(turns, key=lambda said: said.order).kind == Event.Kind.CLAIMED
        stand = derive(claim, [*mine, *loud[one.digest]])
        others = tuple(pk for pk, name in rivals[one.digest].items() if one.customer and name and name != one.customer)
        sole = claim is not None and claim in rivals[one.digest]
        also = not one.alone or place in shared
        found.append(_Stood(claim, stand, still, one.digest in doubted, also, others, sole))
    return found


def _proved_by_import(
    service: Service, among: Iterable[UUID], loud: dict[bytes, list[Said]]
) -> dict[bytes, dict[UUID, str]]:
    """Of these claims, for each address: those of the service that are proved now, by an import alone; whose they are.

    By its last proof: a code or a question that the mailbox has answered since is worth more than any record.
    """
    found: dict[bytes, dict[UUID, str]] = defaultdict(dict)
    rows = Claim.objects.filter(pk__in=list(among), service=service).values_list("pk", "digest", "customer")
    claims = {pk: (bytes(address), customer) for pk, address, customer in rows}
    said: dict[UUID | None, list[Said]] = defaultdict(list)
    last: dict[UUID | None, bool] = {}
    events = Event.objects.filter(claim__in=list(claims)).order_by("pk")
    for pk, kind, of, method, evidence in events.values_list("pk", "kind", "claim_id", "method", "evidence"):
        if kind not in (Event.Kind.DISAVOWED, Event.Kind.PAUSED):  # those are among the loud
            said[of].append(Said(pk, kind, of, method == ACCEPTED))
        if kind == Event.Kind.PROVED:
            last[of] = method == ATTESTED and evidence.startswith(IMPORTED)
    for claim, (address, customer) in claims.items():
        if last.get(claim) and derive(claim, [*said[claim], *loud[address]]).standing is Standing.PROVED:
            found[address][claim] = customer
    return found


def _events(organisation: int, digests: list[bytes], claims: list[UUID]) -> Iterable[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, digest, kind, claim_id, method, by_import
              FROM atesaki_event,
                   LATERAL (SELECT kind = 'proved' AND method = %s AND starts_with(evidence, %s) AS by_import) how
             WHERE digest = ANY(%s) AND organisation_id = %s
               AND (kind IN ('disavowed', 'paused', 'doubted') OR by_import OR claim_id = ANY(%s::uuid[]))
            """,
            [ATTESTED, IMPORTED, digests, organisation, claims],
        )
        return list(cursor.fetchall())


def _shared(service: Service, given: Sequence[Given]) -> set[int]:
    """The places of those whose address other customers of the service gave before, and have not withdrawn.

    A claim that names no customer stands for whoever typed it: it is shared once two others have names.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT g.place FROM unnest(%s::bytea[], %s::text[]) WITH ORDINALITY g (digest, customer, place)
             WHERE (SELECT count(*) FROM (SELECT 1 FROM atesaki_claim c
                     WHERE c.service_id = %s AND c.digest = g.digest AND c.customer NOT IN ('', g.customer)
                       AND (SELECT e.kind FROM atesaki_event e
                             WHERE e.claim_id = c.id AND e.kind IN ('claimed', 'withdrawn')
                             ORDER BY e.id DESC LIMIT 1) IS DISTINCT FROM 'withdrawn'
                     LIMIT 2) others)
                   > CASE g.customer WHEN '' THEN 1 ELSE 0 END
            """,
            [[one.digest for one in given], [one.customer for one in given], service.pk],
        )
        return {int(place) - 1 for (place,) in cursor.fetchall()}


def _write(
    mailboxes: dict[bytes, str],
    claims: Sequence[tuple[object, ...]],
    events: Sequence[tuple[object, ...]],
    now: datetime,
) -> None:
    """Three statements, however many rows. Not by the models: their inserts take longer than the rest together."""
    with connection.cursor() as cursor:
        if mailboxes:
            cursor.execute(
                "INSERT INTO atesaki_mailbox (digest, address, since)"
                " SELECT digest, address, %s FROM unnest(%s::bytea[], %s::text[]) m (digest, address)"
                " ON CONFLICT DO NOTHING",
                [now, list(mailboxes), list(mailboxes.values())],
            )
        for table, columns, rows in (
            ("atesaki_claim", "id, service_id, digest, customer, match, return_url, created", claims),
            ("atesaki_event", "organisation_id, digest, claim_id, kind, method, evidence, at", events),
        ):
            if rows:
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as into:
                    for row in rows:
                        into.write_row(row)


def _event(service: Service, one: Given, claim: UUID, kind: str, now: datetime) -> tuple[object, ...]:
    """A proof is said now, and its evidence tells its date; a mailbox answered when it did.

    How often it may be asked counts from its last answer: an old one must not win it new mail (R1).
    """
    proves = kind != Event.Kind.CLAIMED
    return (
        service.organisation_id,
        one.digest,
        claim,
        kind,
        ATTESTED if proves else "",
        f"{IMPORTED}{one.evidence}"[:500] if proves else "",
        one.at if kind == Event.Kind.ANSWERED and one.at else now,
    )


def _doubt(service: Service, digest: bytes, claim: UUID, now: datetime) -> tuple[object, ...]:
    words = "an import gave the address to another customer as well"
    return (service.organisation_id, digest, claim, Event.Kind.DOUBTED.value, "shared", words, now)
