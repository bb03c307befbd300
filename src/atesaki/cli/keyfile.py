"""`atesaki keys`: the file without which nothing that waits can be read, and the change of what seals."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from atesaki.cli.installation import Failure, as_json, installation

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@click.group()
def keys() -> None:
    """The installation's keys."""


@keys.command()
def new() -> None:
    """Make the key file; never over one that is there."""
    from atesaki import keys as ours

    file = ours.path()
    if file.exists():
        raise Failure(f"{file} is there already: with other keys, what waits could not be read any more.")
    try:
        ours.make(file)
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"{file} is made. Put it into the backup, apart from the database's.")


def _duration(_: click.Context, __: click.Parameter, text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smhd]?)", text)
    if found is None:
        raise click.BadParameter("give a number with s, m, h or d, such as 90m.")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2] or "s"])


@keys.command()
@click.option("--in", "after", default="1h", show_default=True, callback=_duration, help="When it begins to seal.")
@click.option("--pages", is_flag=True, help="Also a new key for the pages: everybody signs in at the desk again.")
def rotate(after: timedelta, pages: bool) -> None:
    """Add a new sealing key; until it begins, give the file to every node and restart every part.

    What the old key has sealed is sealed anew by the worker from then on; `atesaki keys status` tells how far it is.
    """
    from atesaki import keys as ours

    file = _file()
    try:
        begins = ours.rotate(file, after)
        if pages:
            ours.renew_pages(file)
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}.") from error
    moment = begins.astimezone().isoformat(timespec="seconds")
    click.echo(f"{file} has a new sealing key, which seals from {moment} on.")
    click.echo("Until then: put the file on every node and into the backup, and restart every part.")
    click.echo("Later: `atesaki keys status`, then `atesaki keys retire`.")


@keys.command()
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def status(json_: bool) -> None:
    """Whether a rotation is under way, and how much only the old key opens."""
    with installation():
        from atesaki import keys as ours
        from atesaki import resealing

        ring, found = ours.ring(), resealing.left()
    begins = datetime.fromtimestamp(ring.next_from, UTC) if ring.next_seal is not None else None
    if json_:
        as_json({"rotating": begins is not None, "seals_from": begins, "old": found.old, "closed": found.closed})
        return
    if begins is None:
        click.echo("There is one sealing key, and no rotation.")
    else:
        verb = "seals since" if ring.sealing() == ring.next_seal else "will seal from"
        click.echo(
            f"There are two sealing keys; the new one {verb} {begins.astimezone().isoformat(timespec='seconds')}."
        )
        click.echo(f"Only the old key opens {_listed(found.old)}.")
    if found.closed:
        click.echo(f"No key opens {_listed(found.closed)}.")


@keys.command()
@click.option("--restarted", is_flag=True, help="Say that every part was restarted with the new key before it began.")
@click.option("--leave-closed", is_flag=True, help="Go on although some values open with no key.")
def retire(restarted: bool, leave_closed: bool) -> None:
    """Seal anew what is left, and take the old sealing key out of the file; refused while it opens anything."""
    from atesaki import keys as ours

    file, ring = _file(), ours.ring()
    if ring.next_seal is None:
        raise Failure("there is no older sealing key: `atesaki keys rotate` begins a rotation.")
    if ring.sealing() != ring.next_seal:
        begins = datetime.fromtimestamp(ring.next_from, UTC).astimezone().isoformat(timespec="seconds")
        raise Failure(f"the new key does not seal before {begins}: come back after that.")
    if not restarted:
        raise Failure(
            "a part that was not restarted since `atesaki keys rotate` still seals with the old key, and what it "
            "seals would be lost: restart every part, then say so with --restarted."
        )
    with installation():
        from atesaki import resealing, tenants

        resealing.all_anew()
        found = resealing.left()
        if found.old:
            raise Failure(f"only the old key opens {_listed(found.old)}: see that no part is older, and try again.")
        if found.closed and not leave_closed:
            raise Failure(f"no key opens {_listed(found.closed)}: see why first; --leave-closed goes on regardless.")
        tenants.note_ring()  # before the file: at no point is there a database that its own file does not open
    ours.retire(file)
    click.echo(f"The old sealing key is out of {file}: put the file on every node, and restart every part.")
    click.echo("Keep the old file with the backups of the database that were made before: they open with it alone.")


def _listed(found: dict[str, int]) -> str:
    if not found:
        return "nothing"
    return ", ".join(f"{many} of {name.removeprefix('atesaki_')}" for name, many in sorted(found.items()))


def _file() -> Path:
    from atesaki import keys as ours

    file = ours.path()
    if not file.exists():
        raise Failure(f"{file} is missing: restore it from the backup, or make it with `atesaki keys new`.")
    return file
