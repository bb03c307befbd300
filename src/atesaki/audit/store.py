"""The folder that a run works in: a partial for each finished unit, so that a run that was killed goes on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from atesaki.audit.inputs import Unit
from atesaki.audit.options import AuditError
from atesaki.audit.partials import Partial


class Store:
    """DIR/work. Its files are readable by their owner only."""

    def __init__(self, out: Path, marks: dict[str, Any]) -> None:
        """Begins anew, or goes on where a run with the same `marks` ended. Raises `AuditError` for one with others."""
        self.folder = out / "work"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check(marks, out)
        except OSError as error:
            raise AuditError(f"Nothing can be written to {out}: {error.strerror}.") from error
        self.resumed = 0

    def _check(self, marks: dict[str, Any], out: Path) -> None:
        told = self.folder / "run.json"
        if not told.exists():
            if any(self.folder.iterdir()):
                raise AuditError(
                    f"{self.folder} holds files that no audit has written; name another folder with --out."
                )
            self.write("run.json", json.dumps(marks).encode())
            return
        try:
            before = json.loads(told.read_text())
        except ValueError:
            before = {}
        if before != marks:
            raise AuditError(
                f"{self.folder} belongs to an audit of other inputs, or of the same ones before they were changed or"
                f" with other options; remove it (rm -r {self.folder}) to begin anew, or name another with --out."
            )

    def write(self, name: str, octets: bytes) -> Path:
        """Whole or not at all."""
        path = self.folder / name
        trial = path.with_name(f".{name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(octets)
            trial.replace(path)
        except OSError:
            trial.unlink(missing_ok=True)
            raise
        return path

    def path(self, unit: Unit) -> Path:
        return self.folder / f"{unit.id}.arrow"

    def keep(self, unit: Unit, partial: bytes) -> None:
        """By the unit's name: one that was done twice is there once."""
        self.write(f"{unit.id}.arrow", partial)

    def undone(self, units: list[Unit]) -> list[Unit]:
        """Those without a whole partial."""
        left = [unit for unit in units if Partial.open(self.path(unit)) is None]
        self.resumed += len(units) - len(left)
        return left

    def partials(self, units: list[Unit]) -> Iterator[tuple[Unit, Partial]]:
        """What was found, in the order of the units."""
        for unit in units:
            partial = Partial.open(self.path(unit))
            if partial is not None:
                yield unit, partial

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
