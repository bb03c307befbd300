"""`atesaki observed`: what enforcing would have done with the mail that a service only has observed."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from atesaki.cli.installation import as_json, installation, table

if TYPE_CHECKING:
    from atesaki.observe import Observed

_MOST = 15  # templates shown


@click.command()
@click.argument("name", metavar="SERVICE")
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, help="How far back to look.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def observed(name: str, days: int, json_: bool) -> None:
    """Before switching to `--mode enforce`: what it would have done with the last mails, and what they carried."""
    with installation():
        from atesaki import observe, tenants

        found = observe.report(tenants.find(name), days)
    if json_:
        as_json(asdict(found))
    elif not found.mails:
        click.echo(f"No mail of {name} was observed in the last {days} days.")
        click.echo("\nNext:\n" + _line("to observe", f"atesaki service set {_quoted(name)} --mode observe"))
    else:
        _tell(found)


def _tell(found: Observed) -> None:
    """Mails, addresses, what they carried, templates, shares, and what to do."""
    click.echo(
        f"{found.service}: {found.mails} mails observed in the last {found.days} days, to {found.addresses} addresses."
    )
    click.echo(
        f"Enforced, {found.waits} of them ({_percent(found.waits, found.mails)}) would have waited for a proof, "
        f"for {found.addresses_waiting} addresses."
    )
    click.echo(
        f"{found.personal_mails} mails with personal data (or with parts that cannot be read) went to "
        f"{found.personal_addresses} addresses that are not proved."
    )
    click.echo("\nWhat would have become of them")
    table([("", outcome, str(many), _percent(many, found.mails)) for outcome, many in _most(found.would)])
    click.echo("\nWhy")
    table([("", reason, str(many), _percent(many, found.mails)) for reason, many in _most(found.reasons)])
    click.echo("\nHow the addresses stand")
    table([("", standing or "unknown", str(many)) for standing, many in _most(found.standings)])
    if found.kinds:
        click.echo("\nWhat went to addresses that are not proved")
        carried = [("", each.kind, str(each.mails), str(each.addresses)) for each in found.kinds]
        table([("", "KIND", "MAILS", "ADDRESSES"), *carried])
    _tell_templates(found)
    click.echo("\nA share of the addresses, enforced")
    rows = [("", f"{each.percent} %", str(each.mails), str(each.addresses)) for each in found.shares]
    table([("", "SHARE", "MAILS WAITING", "ADDRESSES"), *rows])
    _tell_next(found)


def _tell_templates(found: Observed) -> None:
    if not found.templates:
        return
    click.echo("\nBy template")
    rows = [
        (
            "",
            each.name or (each.sender and f"(from {each.sender})") or "(not learnt)",
            str(each.mails),
            f"{each.waits} ({_percent(each.waits, each.mails)})",
        )
        for each in found.templates[:_MOST]
    ]
    table([("", "SUBJECT", "MAILS", "WOULD WAIT"), *rows])
    if (more := len(found.templates) - _MOST) > 0:
        click.echo(f"  and {more} more (--json shows them)")


def _tell_next(found: Observed) -> None:
    """The next step, by how much would wait."""
    name = _quoted(found.service)
    click.echo("\nNext")
    if found.waits:
        click.echo(_line("addresses you have evidence for", f"atesaki import-claims FILE --service {name}"))
        click.echo(_line("ask the others to confirm", f"atesaki campaign start {name}"))
    higher = next((each.percent for each in found.shares if each.percent > _enforced(found)), None)
    if higher is not None:
        set_ = f"atesaki service set {name} --mode enforce"
        click.echo(_line(f"enforce for {higher} in a hundred", f"{set_} --enforce-share {higher}"))
    click.echo(_line("back at any time", f"atesaki service set {name} --mode observe"))
    click.echo(
        "\nA mail counts once for each recipient, by how its address stood when it passed. Supposed is that nobody "
        "answered the notices that enforcing would have sent."
    )


def _enforced(found: Observed) -> int:
    return found.enforce_share if found.mode == "enforce" else 0


def _most(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _percent(part: int, whole: int) -> str:
    """Never "0 %" of something, nor "100 %" of not quite all."""
    if not whole:
        return "-"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1 %"
    if 99.9 < share < 100:
        return ">99.9 %"
    return f"{share:.1f} %".replace(".0 %", " %")


def _line(what: str, command: str) -> str:
    return f"  {what + ':':<34}{command}"


def _quoted(name: str) -> str:
    return shlex.quote(name)
