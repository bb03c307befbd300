"""`atesaki agent`: the accounts of the support desk, from their first password to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from atesaki.cli.installation import as_json, installation, table

if TYPE_CHECKING:
    from atesaki import desk
    from atesaki.models import Agent

_ROLES = click.Choice(["agent", "supervisor", "privacy", "administrator"])
_DOES = (
    "agent: works on cases, reveals with a reason, answers. supervisor: also assigns to others and ends by hand. "
    "privacy: assesses leaks and reads the access log. administrator: accounts only."
)
_JSON = click.option("--json", "json_", is_flag=True, help="Print one JSON object (`list`: one per line).")


@click.group()
def agent() -> None:
    """The people at the support desk: their accounts made, listed, given new secrets, retired."""


@agent.command()
@click.argument("name")
@click.option("--organisation", required=True, help="Whose cases they see; `service add` makes organisations.")
@click.option("--role", type=_ROLES, required=True, help=_DOES)
@click.option("--language", type=click.Choice(["ja", "en"]), required=True, help="The language of their screen.")
@_JSON
def add(name: str, json_: bool, **given: str) -> None:
    """Make an account; its password and its authenticator key are printed once and kept nowhere in the clear."""
    with installation():
        from atesaki import desk

        _print_issued(desk.agents.add(name, **given), json_)


@agent.command("list")
@_JSON
def list_(json_: bool) -> None:
    """The accounts there are."""
    with installation():
        from atesaki import desk

        agents = desk.agents.listed()
        if json_:
            for each in agents:
                as_json(_words(each))
        elif agents:
            table([("NAME", "ORGANISATION", "ROLE", "LANGUAGE"), *(tuple(_words(each).values()) for each in agents)])
        else:
            click.echo("There is no agent yet: `atesaki agent add --help` tells how to make one.")


@agent.command()
@click.argument("name")
@_JSON
def reset(name: str, json_: bool) -> None:
    """Give an agent a new password and a new authenticator key; the old ones and every session end."""
    with installation():
        from atesaki import desk

        _print_issued(desk.agents.reset(desk.agents.find(name)), json_)


@agent.command()
@click.argument("name")
@click.confirmation_option("--yes", prompt="Their sessions end now, and their open cases are given back. Retire them?")
@_JSON
def retire(name: str, json_: bool) -> None:
    """End an account: its sessions end, its open cases are given back, what it did stays on record."""
    with installation():
        from atesaki import desk

        found = desk.agents.find(name)
        desk.agents.retire(found)
        if json_:
            as_json({"agent": found.user.get_username(), "retired": True})
        else:
            click.echo(f"{found.user.get_username()} is retired, and has no open case any more.")


def _print_issued(issued: desk.agents.Issued, json_: bool) -> None:
    words = {**_words(issued.agent), "password": issued.password, "totp_uri": issued.totp_uri}
    if json_:
        as_json(words)
        return
    import segno

    table(list(words.items()))
    click.echo("\nScan this with an authenticator:\n")
    click.echo(_drawn(segno.make(issued.totp_uri, micro=False, error="l")))
    click.echo("Keep these now: they are shown this once. The desk is at /desk/ of ATESAKI_PUBLIC_URL.")


def _drawn(code: Any) -> str:
    """The code in half blocks, light on dark as on dark terminals, with its quiet zone."""
    lines = [bytes(row) for row in code.matrix_iter(border=2)]
    if len(lines) % 2:
        lines.append(bytes(len(lines[0])))
    halves = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return "\n".join("".join(halves[up, down] for up, down in zip(*pair, strict=True)) for pair in pairs) + "\n"


def _words(each: Agent) -> dict[str, str]:
    return {
        "agent": each.user.get_username(),
        "organisation": each.organisation.name,
        "role": each.role,
        "language": each.language,
    }
