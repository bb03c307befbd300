"""What an operator asks the ledger and the standings, and `atesaki due`."""

from __future__ import annotations

import re
from typing import Any

import click

from atesaki.cli.installation import Failure, as_json, installation, table

_JSON = click.option("--json", "json_", is_flag=True, help="Print one JSON object.")


@click.command()
@click.argument("ledger_id", type=click.UUID)
@_JSON
def explain(ledger_id: str, json_: bool) -> None:
    """What became of a mail, and why; LEDGER_ID is what the SMTP door answered."""
    with installation():
        from atesaki import gate

        try:
            story = gate.explain(ledger_id)
        except LookupError as error:
            raise Failure(str(error.args[0]) if error.args else "the ledger has no such line.") from error
    if json_:
        as_json(story)
        return
    for number, line in enumerate(story.get("recipients", [story])):
        if number:
            click.echo()
        _tell(line)


def _tell(line: dict[str, Any]) -> None:
    said = [("outcome", line["outcome"]), ("because", f"{line['reason']}: {line.get('sentence', '')}".strip(": "))]
    for key in ("standing", "state", "fate", "service", "customer", "kind"):
        if line.get(key):
            said.append((key, str(line[key])))
    said.append(("rules hit", ", ".join(line["hits"]) or "none"))
    said.append(("rules missed", ", ".join(line["misses"]) or "none"))
    said.append(("personal data", _counts(line["personal_data"])))
    if line["would"]:
        sentence = f"{line['would_reason']}: {line['would_sentence']}".strip(": ")
        said.append(("if it were enforced", f"{line['would']} ({sentence})"))
    if line["template"]:
        said.append(("template", str(line["template"])))
    table(said)
    table([("", entry["at"], entry["what"], entry.get("detail", "")) for entry in line["timeline"]])


def _counts(personal: dict[str, Any] | None) -> str:
    if personal is None:
        return "not looked at"
    return ", ".join(f"{kind} {count}" for kind, count in personal.items()) or "none"


@click.command()
@click.argument("address")
@click.option("--service", "service_name", required=True, metavar="NAME")
@_JSON
def standing(address: str, service_name: str, json_: bool) -> None:
    """How an address stands with a service: its claims and proofs."""
    from atesaki import addresses

    try:
        parsed = addresses.parse(address)
    except addresses.AddressError as error:
        raise click.BadParameter(error.sentence("en"), param_hint="'ADDRESS'") from error
    with installation():
        from atesaki import ownership, tenants

        found = ownership.describe(parsed, tenants.find(service_name))
    if json_:
        as_json(found)
        return
    click.echo(f"{found['standing']}" + ("" if found["claims"] else " (nobody has claimed it)"))
    for claim in found["claims"]:
        click.echo(f"  claim {claim['id']} of customer {claim['customer'] or '(not named)'}: {claim['standing']}")
        table([("   ", event["at"], event["kind"], event["method"]) for event in claim.get("events", [])])


@click.command()
@_JSON
def due(json_: bool) -> None:
    """Drive everything whose time has come, once; the worker does it all the time."""
    with installation():
        from atesaki import tasks

        done = tasks.everything_due()
    if json_:
        as_json(done)
    else:
        table([(what, str(many)) for what, many in done.items()])


@click.command("verify-ledger")
@click.option(
    "--head", default="", metavar="NUMBER:HASH", help="A head that was noted earlier: it must stand in the log."
)
@_JSON
def verify_ledger(head: str, json_: bool) -> None:
    """Go through the access log: who unmasked or opened what, each row bound to the one before it.

    Exit code 1 if a row was changed, is missing, or follows another. Keep the head that it prints outside of the
    database: what was cut off at the end is missed only by whoever noted a later one.
    """
    if head and not re.fullmatch(r"[0-9]+:[0-9a-f]{32}", head):
        raise click.BadParameter("a head looks like 12:0f3a…, as this command prints it.", param_hint="'--head'")
    with installation(session=True):
        from atesaki import desk

        found = desk.access.check(head)
    if json_:
        as_json({"rows": found.rows, "first": found.first, "head": found.head, "wrong": found.wrong})
    elif not found.wrong:
        table([("rows", str(found.rows)), ("head", found.head or "none yet")])
    if found.wrong:
        raise Failure(f"the access log is not whole: {found.wrong}")
