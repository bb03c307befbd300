"""Between the two readings of an archive: the templates of all its pieces made one, and the customers' data found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from atesaki import content
from atesaki.audit.partials import CUSTOMER, Partial

MOST = 512  # templates


def templates(learnt: Iterable[Partial], secret: bytes) -> content.Templates:
    """In the order of the units, so that every run of the same inputs comes to the same."""
    whole = content.Templates(secret, MOST)
    for partial in learnt:
        if partial.blob:
            whole.merge(content.Templates.from_bytes(partial.blob, secret, MOST))
    return whole


class Known:
    """What the customer table says of those who were written to, on disk: it may be large."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; CREATE TABLE known (address TEXT, told TEXT)"
        )
        self.many = 0

    def fill(self, customers: Iterable[Partial], wanted: set[str], buckets: int) -> None:
        """From the customers' partials, those wanted."""
        for partial in customers:
            for number in range(buckets):
                batch = partial.bucket(number)
                names = ("what", "address", "known")
                rows = zip(*(batch.column(name).to_pylist() for name in names), strict=True)
                found = [
                    (address, known)
                    for what, address, known in rows
                    if what == CUSTOMER and address in wanted and known
                ]
                self._database.executemany("INSERT INTO known VALUES (?, ?)", found)
                self.many += len(found)
        self._database.execute("CREATE INDEX by_address ON known (address)")
        self._database.commit()

    def of(self, who: list[str]) -> bytes:
        """As JSON by address; empty if nothing is known of any."""
        if not self.many:
            return b""
        found: dict[str, list[object]] = {}
        for at in range(0, len(who), 500):
            some = who[at : at + 500]
            marks = ",".join("?" * len(some))
            with closing(
                self._database.execute(f"SELECT address, told FROM known WHERE address IN ({marks})", some)  # noqa: S608
            ) as rows:
                for address, told in rows:
                    found.setdefault(address, []).append(json.loads(told))
        return json.dumps(found, ensure_ascii=False).encode() if found else b""

    def close(self) -> None:
        self._database.close()
