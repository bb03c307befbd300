"""What an audit is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

THREAD: Final = "audit"  # the name of the thread that waits for Daft


class AuditError(ValueError):
    """The audit cannot be made; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """`customers`: a file, or a database's URL; `sql`: what to ask that. `columns`: key -> heading, where it is
    not to be guessed. `kind`: overrides what the content says. `zone`: of dates that name none. `year`: of the
    first line of logs that name none, 0 to go by the file's date. `own`: addresses and domains of the service's
    own. `cluster`: a Ray head's address, empty for this machine. `cores`: processes on this machine, 0 for one per
    processor.
    """

    out: Path
    customers: str = ""
    sql: str = ""
    mail: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    since: date | None = None
    zone: str = "Asia/Tokyo"
    year: int = 0
    own: tuple[str, ...] = ()
    cluster: str = ""
    cores: int = 0
    addresses: bool = False
    keep_work: bool = False
