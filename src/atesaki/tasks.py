"""Jobs that the worker runs: each only calls the module that knows how."""

from __future__ import annotations

from procrastinate.contrib.django import app

from atesaki import gate


@app.task(name="atesaki.drive")
def drive(lane: str) -> None:
    """Lets leave what waits in one lane."""
    gate.drive(lane)


@app.periodic(cron="* * * * *")
@app.task(name="atesaki.due", queueing_lock="due")
def due(timestamp: int) -> None:
    """Drives everything whose time has come: whatever a crash left behind goes on from here."""
    gate.due()
