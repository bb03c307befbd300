"""`atesaki keys`: the file without which nothing that waits can be read."""

from __future__ import annotations

import click

from atesaki.cli.installation import Failure


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
