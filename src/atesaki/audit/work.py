"""One unit of work, from its description to its partial: pure but for reading the unit's input."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from atesaki import content
from atesaki.audit import archive, customers, events, logs, sniffing
from atesaki.audit.inputs import Unit
from atesaki.audit.options import AuditError
from atesaki.audit.partials import Rows


@dataclass(frozen=True, slots=True)
class Terms:
    """What all units of a run share. `secret`: of the templates' hashes. `every`: one mail in so many is learnt from.
    `listing`: whether to note who the mails are to. `templates`: as learnt, for `judge`."""

    buckets: int
    zone: str
    secret: bytes
    every: int = 1
    listing: bool = False
    templates: bytes = b""


class Worker:
    """Does units; made once in each process."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._templates: content.Templates | None = None

    def do(self, unit: Unit, known: bytes = b"") -> bytes:
        """The unit's partial. `known`: of its recipients, what the customer table says, as JSON by address."""
        rows = Rows(self._terms.buckets)
        try:
            self._read(unit, rows, known)
        except FileNotFoundError:
            rows.skips.add("vanished", unit.path)
        except AuditError as error:
            rows.notes["failed"] = str(error)
        except OSError:
            rows.skips.add("unreadable" if not rows.read else "source_failed", unit.path)
        return rows.to_bytes()

    def _read(self, unit: Unit, rows: Rows, known: bytes) -> None:
        terms = self._terms
        if unit.task == "learn":
            archive.learn(unit, rows, content.Templates(terms.secret), terms.every, terms.listing)
        elif unit.task == "judge":
            if self._templates is None:
                self._templates = (
                    content.Templates.from_bytes(terms.templates, terms.secret)
                    if terms.templates
                    else content.Templates(terms.secret)
                )
            archive.judge(unit, rows, archive.Judge(self._templates, _customers(known)), terms.zone)
        elif unit.kind in sniffing.LOGS:
            logs.read(unit, rows, terms.zone)
        elif unit.kind in sniffing.EVENTS:
            events.read(unit, rows, terms.zone)
        elif unit.kind in ("csv", "parquet", "database"):
            customers.read(unit, rows, terms.zone)
        else:
            rows.skips.add("broken_archive", unit.path)


def _customers(known: bytes) -> dict[str, content.Customer]:
    found: dict[str, list[dict[str, str]]] = json.loads(known) if known else {}
    return {address: _customer(told) for address, told in found.items()}


def _customer(told: list[dict[str, str]]) -> content.Customer:
    """Everybody who gave one address, as one: whose data it is does not matter to whoever reads the mail."""

    def of(*keys: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each[key] for each in told for key in keys if each.get(key)))

    whole = tuple(f"{each['family']} {each['given']}" for each in told if each.get("family") and each.get("given"))
    fields: dict[str, Any] = {
        "names": (*of("name"), *whole),
        "kanas": of("kana"),
        "postals": of("postal"),
        "addresses": of("street"),
        "phones": of("phone"),
        "emails": of("email"),
        "dobs": of("dob"),
        "account_ids": of("account"),
    }
    return content.Customer(**fields)
