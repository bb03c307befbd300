"""`atesaki check-setup`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial

import click

from atesaki.cli.installation import as_json, installation, sentence

from . import desk, machine, returning, sender, store, upstream, web
from .finding import Finding

__all__ = ["Finding", "check_setup"]

Look = Callable[[], Iterator[Finding]]


@click.command("check-setup")
@click.option("--webhooks", "trial", is_flag=True, help="Also send each service a signed event, `test.sent`.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object per line.")
def check_setup(trial: bool, json_: bool) -> None:
    """Say what is wrong with this installation, and how to mend it; exit code 1 if something is."""
    worst = 0
    for finding in _examine(trial):
        worst = max(worst, finding.state == "wrong")
        if json_:
            as_json(asdict(finding))
        else:
            click.echo(f"{finding.state:5}  {finding.check}: {finding.says}")
            if finding.mend:
                click.echo(f"       -> {finding.mend}")
    sys.exit(worst)


def _examine(trial: bool) -> Iterator[Finding]:
    """Each look stands alone: what one finds wrong does not hide the next."""
    alone: dict[str, Look] = {
        "keys": machine.keys,
        "secrets": machine.secret_settings,
        "clock": machine.clock,
        "disk": machine.room,
        "tls": machine.tls,
        "backups": machine.backups,
    }
    within: dict[str, Look] = {
        "database": store.database,
        "worker": store.worker,
        "jobs": store.jobs,
        "upstream": upstream.upstream,
        "links": web.links,
        "domain": sender.domain,
        "sender": sender.records,
        "inbound": returning.inbound,
        "mx": returning.mx,
        "webhooks": partial(web.webhooks, trial),
        "letters": desk.letters,
        "texts": desk.texts,
    }
    for name, look in alone.items():
        yield from _guarded(name, look)
    try:
        with installation():
            for name, look in within.items():
                yield from _guarded(name, look)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was asked for
        said = sentence(error) or f"{type(error).__name__}: {error}"
        yield Finding("installation", "wrong", said, "mend this first: the looks that need it were left out")


def _guarded(name: str, look: Look) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001
        said = sentence(error) or f"{type(error).__name__}: {error}"
        yield Finding(name, "wrong", said, "as it says")
