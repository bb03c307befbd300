"""Seals mail with a key of its own, one wrapped copy of that key for each recipient."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.db import connection

from atesaki import addresses, clock, keys

from .couriers import Envelope
from .models import Key


@dataclass(frozen=True, slots=True)
class SealedMail:
    """An opened mail: the envelope for its one recipient, and the content."""

    envelope: Envelope
    content: bytes


def seal_mail(envelope: Envelope, content: bytes) -> list[UUID]:
    """Seals `content` once and makes a `Key` for each recipient, in their order. Inside a transaction.

    The recipient is wrapped into its key: a plain address stands in `ownership.Mailbox` and nowhere else (L8).
    """
    return seal_mails([(envelope, content)])


def seal_mails(mails: Sequence[tuple[Envelope, bytes]]) -> list[UUID]:
    """`seal_mail`, for many in two statements; the keys in the order of mails and recipients."""
    bodies: list[tuple[UUID, bytes]] = []
    made: list[tuple[UUID, UUID, bytes]] = []
    ring = keys.ring()
    for envelope, content in mails:
        body, secret = keys.uuid7(), secrets.token_bytes(32)
        bodies.append((body, keys.seal(secret, content, body.bytes)))
        for recipient in envelope.recipients:
            pk = keys.uuid7()
            inside = {
                "key": b64encode(secret).decode(),
                "from": envelope.sender,
                "to": recipient.text,
                "smtputf8": envelope.smtputf8,
                "body8bit": envelope.body8bit,
            }
            made.append((pk, body, ring.wrap(json.dumps(inside).encode(), pk.bytes)))
    connection.ensure_connection()
    # In binary, by psycopg's own cursor: Django's would send each octet of a mail as two letters and more.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "INSERT INTO atesaki_sealed (id, body, created) SELECT u.*, %s FROM unnest(%b::uuid[], %b::bytea[]) u",
            [clock.now(), [pk for pk, _ in bodies], [sealed for _, sealed in bodies]],
        )
        cursor.execute(
            "INSERT INTO atesaki_key (id, sealed_id, wrapped)"
            " SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::bytea[])",
            [[pk for pk, _, _ in made], [body for _, body, _ in made], [wrapped for _, _, wrapped in made]],
        )
    return [pk for pk, _, _ in made]


def open_mail(key: Key) -> SealedMail:
    """Opens what `seal_mail` sealed. Raises `keys.SealBroken` if it does not open."""
    inside = json.loads(keys.ring().unwrap(bytes(key.wrapped), key.pk.bytes))
    content = keys.unseal(b64decode(inside["key"]), bytes(key.sealed.body), key.sealed.pk.bytes)
    envelope = Envelope(
        sender=inside["from"],
        recipients=(addresses.parse(inside["to"]),),
        smtputf8=inside["smtputf8"],
        body8bit=inside["body8bit"],
    )
    return SealedMail(envelope, content)


def destroy(pks: Iterable[UUID]) -> int:
    """Deletes keys, and every sealed mail that no key opens any more. How many keys went. Inside a transaction.

    Plain statements: thousands may have to go while a page waits, and nothing else hangs on these rows.
    """
    keys_ = "{" + ",".join(str(pk) for pk in pks) + "}"
    with connection.cursor() as cursor:
        # Lock the bodies first: two recipients of one mail destroyed at once would each see the other's key.
        cursor.execute(
            "SELECT id FROM atesaki_sealed WHERE id IN (SELECT sealed_id FROM atesaki_key WHERE id = ANY(%s::uuid[]))"
            " ORDER BY id FOR UPDATE",
            [keys_],
        )
        bodies = "{" + ",".join(str(row[0]) for row in cursor.fetchall()) + "}"
        cursor.execute("DELETE FROM atesaki_key WHERE id = ANY(%s::uuid[])", [keys_])
        removed = int(cursor.rowcount)
        cursor.execute(
            "DELETE FROM atesaki_sealed s WHERE s.id = ANY(%s::uuid[])"
            " AND NOT EXISTS (SELECT 1 FROM atesaki_key k WHERE k.sealed_id = s.id)",
            [bodies],
        )
    return removed
