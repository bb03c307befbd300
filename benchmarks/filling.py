"""Much data, made inside of an installation: one real row of each kind, made by the code itself, many times over.

`know SERVICE MANY REAL`: so many proved addresses, each with its claim, its events, a line and its entries. Of these,
`REAL` are spread evenly among the others and can be written to: `0known@example.jp` and so on. The digests of the
others are random, as keyed digests look.
`wait SERVICE CLAIMS EACH`: so many claims for each of which so many mails wait; says `ready`, and after a line on its
standard input has each claim proved, one after the other, and says as JSON what came of it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from atesaki.cli.installation import installation
from benchmarks import mails

if TYPE_CHECKING:
    from atesaki.models import Claim, Line
    from atesaki.tenants import Service

_TOGETHER = 100  # recipients of one waiting mail: the most that the door takes


def main() -> None:
    what, service, *numbers = sys.argv[1:]
    with installation():
        {"know": _know, "wait": _wait}[what](service, *map(int, numbers))


def _know(name: str, many: int, real: int) -> None:
    from django.db import connection

    from atesaki import addresses, ownership, tenants
    from atesaki.models import Claim, Line

    service = tenants.find(name)
    one = _sent(service, "template@example.jp", proved=True)
    line = Line.objects.get(pk=one)
    claim = Claim.objects.get(digest=line.digest)
    step = max(1, many // real)
    now, month = time.time(), _month()

    def rows() -> Iterable[tuple[Any, ...]]:
        left = iter(range(real))
        for number in range(max(many, real)):
            which = next(left, None) if number % step == 0 else None
            address = f"{number}filler@example.jp" if which is None else f"{which}known@example.jp"
            digest = os.urandom(32) if which is None else ownership.digest(addresses.parse(address))
            at = month + (now - month) * number / many
            yield digest, address, _uuid(at), _uuid(at)

    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("CREATE TEMPORARY TABLE filler (digest bytea, address text, claim uuid, line uuid)")
        with cursor.copy("COPY filler FROM STDIN (FORMAT binary)") as into:
            into.set_types(["bytea", "text", "uuid", "uuid"])
            for row in rows():
                into.write_row(row)
        key, of = {"digest": bytes(line.digest)}, {"pk": claim.pk}
        _multiply(cursor, "atesaki_mailbox", "t.digest = %(digest)s", key, digest="f.digest", address="f.address")
        _multiply(cursor, "atesaki_claim", "t.digest = %(digest)s", key, id="f.claim", digest="f.digest")
        _multiply(cursor, "atesaki_event", "t.claim_id = %(pk)s", of, digest="f.digest", claim_id="f.claim")
        _multiply(cursor, "atesaki_line", "t.id = %(pk)s", {"pk": one}, id="f.line", mail="f.line", digest="f.digest")
        _multiply(cursor, "atesaki_entry", "t.line = %(pk)s", {"pk": one}, line="f.line")
        cursor.execute("VACUUM (ANALYZE) atesaki_mailbox, atesaki_claim, atesaki_event, atesaki_line, atesaki_entry")
        cursor.execute("CHECKPOINT")


def _wait(name: str, claims: int, each: int) -> None:
    from atesaki import gate, tenants

    service = tenants.find(name)
    made = _waiting(service, claims, each)
    print("ready", flush=True)
    sys.stdin.readline()
    began, released = time.perf_counter(), 0
    for claim in made:
        released += gate.attest(claim, "the benchmark made this mailbox").released
    print(json.dumps({"released": released, "seconds": time.perf_counter() - began}), flush=True)


def _waiting(service: Service, claims: int, each: int) -> list[Claim]:
    """Claims, and mails that wait for them: the lines and holds of a real one again, the seals each its own."""
    from django.db import connection, transaction

    from atesaki import addresses, outbox, ownership
    from atesaki.models import Claim, Line

    line = Line.objects.get(pk=_sent(service, "template@example.jp", proved=False))
    spelt = [addresses.parse(f"waiting-{number}@example.jp") for number in range(claims)]
    given = [ownership.Given(ownership.digest(one), one.text, "") for one in spelt]
    with transaction.atomic():
        taken = ownership.take_in(service, given)
    content = mails.orders(["waiting@example.jp"])[0][1].removesuffix(b".\r\n")
    now = time.time()
    for number in range(each):
        rows: list[tuple[Any, ...]] = []
        with transaction.atomic(), connection.cursor() as cursor:
            for first in range(0, claims, _TOGETHER):
                some = slice(first, first + _TOGETHER)
                keys = outbox.seal_mail(outbox.Envelope(mails.SENDER, tuple(spelt[some])), content)
                for one, claim, key in zip(given[some], taken[some], keys, strict=True):
                    rows.append((len(rows), one.digest, claim.claim, key, _uuid(now - each + number)))
            _hold(cursor, line, rows)
    by_pk = {one.pk: one for one in Claim.objects.select_related("service__organisation")}
    return [by_pk[one.claim] for one in taken]


def _hold(cursor: Any, line: Line, rows: Sequence[tuple[Any, ...]]) -> None:
    """A line and a hold for each of `rows`, as the real one's."""
    cursor.execute(
        "CREATE TEMPORARY TABLE filler (number int, digest bytea, claim uuid, key uuid, line uuid) ON COMMIT DROP"
    )
    with cursor.copy("COPY filler FROM STDIN") as into:
        for row in rows:
            into.write_row(row)
    key = {"pk": line.pk}
    _multiply(cursor, "atesaki_line", "t.id = %(pk)s", key, id="f.line", mail="f.line", digest="f.digest")
    _multiply(cursor, "atesaki_entry", "t.line = %(pk)s", key, line="f.line")
    _multiply(
        cursor, "atesaki_hold", "t.line = %(pk)s", key,
        line="f.line", claim_id="f.claim", digest="f.digest", key_id="f.key",
    )  # fmt: skip


def _sent(service: Service, receiver: str, *, proved: bool) -> UUID:
    """The ledger's line of one real mail that the gate took for this receiver."""
    from django.db import transaction

    from atesaki import addresses, gate, ownership

    address = addresses.parse(receiver)
    if proved:
        with transaction.atomic():
            ownership.attest(ownership.claim(service, address), "the benchmark made this mailbox")
    mail = mails.orders([receiver])[0][1].removesuffix(b".\r\n")
    receipt = gate.submit(service, gate.Envelope(mails.SENDER, (address,)), mail)
    wanted = gate.Outcome.DELIVER if proved else gate.Outcome.HOLD
    if receipt.outcomes != (wanted,):
        sys.exit(f"the one real mail came to {receipt.outcomes}, not {wanted}")
    return receipt.id


def _multiply(cursor: Any, table: str, which: str, values: Mapping[str, Any], **other: str) -> None:
    """Writes the rows `which` of a table once more for each row of `filler`, all columns the same but the `other`s.

    A column that counts by itself goes on counting.
    """
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s"
        " AND is_identity = 'NO' AND is_generated = 'NEVER' AND column_default IS NULL ORDER BY ordinal_position",
        [table],
    )
    columns = [name for (name,) in cursor.fetchall()]
    shown = ", ".join(f'"{name}"' for name in columns)
    taken = ", ".join(other.get(name, f't."{name}"') for name in columns)
    order = "ORDER BY f.number" if "key_id" in other else ""
    cursor.execute(
        f"INSERT INTO {table} ({shown}) SELECT {taken} FROM {table} t, filler f WHERE {which} {order}",  # noqa: S608 - ours
        dict(values),
    )


def _month() -> float:
    """When this month's partition of the ledger begins, or a little earlier than now where that has just been."""
    from atesaki import clock

    first = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.timestamp()


def _uuid(at: float) -> UUID:
    """RFC 9562 5.7, with a time of one's own."""
    random = int.from_bytes(os.urandom(10), "big") & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=int(at * 1000) << 80 | 0x7 << 76 | 0x2 << 62 | random)


if __name__ == "__main__":
    main()
