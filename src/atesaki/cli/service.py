"""`atesaki service`: a service's life, from its first keys to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from atesaki.cli.installation import as_json, installation, table

if TYPE_CHECKING:
    from atesaki.tenants import Credential, Issued, Service

_LOCALE = click.Choice(["ja", "en"])
_MODE = click.Choice(["enforce", "observe"])
_JSON = click.option("--json", "json_", is_flag=True, help="Print one JSON object (`list`: one per line).")
_WEAKER = (
    "`answered` takes a click in the mail for a proof. It is weaker: a stranger who confirms out of politeness "
    "is then sent the customer's mail."
)


@click.group()
def service() -> None:
    """The services that send through here: made, changed, given new keys, retired."""


@service.command()
@click.argument("name")
@click.option("--organisation", required=True, help="The company that a receiver takes it for.")
@click.option("--locale", type=_LOCALE, required=True, help="The language its customers read.")
@click.option("--mode", type=_MODE, required=True, help="`observe` lets everything through and only writes it down.")
@click.option("--from", "sender", required=True, metavar="ADDRESS", help="The sender its receivers know.")
@click.option("--webhook", default="", metavar="URL", help="Where to tell it what happened.")
@_JSON
def add(name: str, json_: bool, **given: str) -> None:
    """Make a service; its keys are printed once and kept nowhere."""
    with installation():
        from atesaki import tenants

        _print_issued(tenants.add_service(name, **given), json_)


@service.command("list")
@_JSON
def list_(json_: bool) -> None:
    """The services there are."""
    with installation():
        from atesaki import tenants

        services = tenants.services()
        if json_:
            for each in services:
                as_json(_words(each))
        elif services:
            rows = [(each.name, each.organisation.name, each.locale, _mode(each), each.sender) for each in services]
            table([("NAME", "ORGANISATION", "LOCALE", "MODE", "SENDER"), *rows])
        else:
            click.echo("There is no service yet: `atesaki service add --help` tells how to make one.")


@service.command("set")
@click.argument("name")
@click.option("--locale", type=_LOCALE)
@click.option("--zone", metavar="ZONE", help="Whose calendar day counts, such as Asia/Tokyo.")
@click.option("--hours", metavar="TEXT", help='When people answer, such as "mon-fri 09:00-18:00, sat 10:00-15:00".')
@click.option("--mode", type=_MODE)
@click.option(
    "--enforce-share",
    type=int,
    metavar="N",
    help="In `--mode enforce`: enforce for N in a hundred addresses, and observe the others; always the same ones.",
)
@click.option("--from", "sender", metavar="ADDRESS")
@click.option("--webhook", metavar="URL", help="An empty one ends it.")
@click.option("--accept", type=click.Choice(["proved", "answered"]), help=_WEAKER)
@click.option("--wait-days", type=int, help="How long a mail waits for proof.")
@click.option("--notices-per-day", type=int, help="How many neutral notices an unproved mailbox gets in a day.")
@click.option("--notices-in-all", type=int, help="And until it answers.")
@click.option("--verification-per-day", type=int, help="How many verification mails of the service's own pass.")
@click.option("--own", multiple=True, metavar="TEXT", help="A contact line of the service itself, never asked for.")
@click.option(
    "--return-to",
    multiple=True,
    metavar="URL_PREFIX",
    help="Where a confirm page may lead back to, such as https://shop.example/account/; an empty one ends it.",
)
@click.option("--api-per-minute", type=int, help="How many reads an API key may make; the other quotas follow it.")
@_JSON
def set_(name: str, json_: bool, **given: Any) -> None:
    """Change a service; only what is given changes.

    --own and --return-to may be repeated, and replace what was there.
    """
    changes = {key: value for key, value in given.items() if value is not None and value != ()}
    if not changes:
        raise click.UsageError("nothing is to be changed: give at least one option.")
    if "own" in changes:
        changes["own"] = list(changes["own"])
    if "return_to" in changes:
        changes["return_to"] = list(changes["return_to"])
    with installation():
        from atesaki import tenants

        changed = tenants.change_service(name, **changes)
        if changes.get("accept") == "answered":
            click.echo(f"Mind: {_WEAKER}", err=True)
        if json_:
            as_json(_words(changed))
        else:
            table([(key, _cell(value)) for key, value in _words(changed).items()])


@service.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What the new key is for; may be repeated.")
@click.option("--list", "list_keys", is_flag=True, help="Show the API keys, the ended ones too.")
@click.option("--revoke", metavar="KEY", help="End one key at once; the part before the dot names it.")
@_JSON
def key(name: str, scopes: tuple[str, ...], list_keys: bool, revoke: str | None, json_: bool) -> None:
    """Make one more API key, for some scopes alone; it is printed once.

    Scopes: claims:read, claims:write, messages:read, messages:write, cases:write, webhooks:read, webhooks:write.
    The key of `service add` has them all; `rotate` ends every key.
    """
    if bool(scopes) + list_keys + (revoke is not None) != 1:
        raise click.UsageError("give --scope for a new key, or --list, or --revoke KEY: one of the three.")
    with installation():
        from atesaki import tenants

        if list_keys:
            _print_keys(tenants.keys_of(name), json_)
        elif revoke is not None:
            ended = tenants.revoke_key(name, revoke)
            as_json(_key_words(ended)) if json_ else click.echo(f"{ended.username} has ended.")
        else:
            made, api_key = tenants.add_key(name, scopes)
            if json_:
                as_json({"service": name, "api_key": api_key, "scopes": made.scopes})
                return
            table([("api_key", api_key), ("scopes", " ".join(made.scopes or ()))])
            click.echo("Keep it now: it is shown this once.")


@service.command()
@click.argument("name")
@_JSON
def rotate(name: str, json_: bool) -> None:
    """Give a service new keys; the old ones end at once."""
    with installation():
        from atesaki import tenants

        _print_issued(tenants.rotate(name), json_)


@service.command()
@click.argument("name")
@click.confirmation_option("--yes", prompt="Its keys end now, and its ledger stays. Retire it?")
@_JSON
def retire(name: str, json_: bool) -> None:
    """End a service: its keys end, its ledger stays."""
    with installation():
        from atesaki import tenants

        retired = tenants.retire(name)
        if json_:
            as_json({"service": retired.name, "retired": retired.retired})
        else:
            click.echo(f"{retired.name} is retired; its keys have ended.")


def _print_keys(keys: list[Credential], json_: bool) -> None:
    if json_:
        for each in keys:
            as_json(_key_words(each))
        return
    rows = [
        (each.username, " ".join(each.scopes or ["all"]), f"{each.created:%Y-%m-%d}", "ended" if each.revoked else "")
        for each in keys
    ]
    table([("KEY", "SCOPES", "MADE", ""), *rows])


def _key_words(key: Credential) -> dict[str, Any]:
    return {"key": key.username, "scopes": key.scopes or "all", "created": key.created, "revoked": key.revoked}


def _print_issued(issued: Issued, json_: bool) -> None:
    words = {
        "service": issued.service.name,
        "smtp_username": issued.smtp_username,
        "smtp_password": issued.smtp_password,
        "api_key": issued.api_key,
        "webhook_secret": issued.webhook_secret,
    }
    if json_:
        as_json(words)
        return
    table(list(words.items()))
    click.echo("Keep these now: they are shown this once.")


def _words(service: Service) -> dict[str, Any]:
    return {
        "service": service.name,
        "organisation": service.organisation.name,
        "locale": service.locale,
        "zone": service.zone,
        "hours": service.hours,
        "mode": service.mode,
        "enforce_share": service.enforce_share,
        "from": service.sender,
        "webhook": service.webhook,
        "accept": "answered" if service.accept_answered else "proved",
        "wait_days": service.wait_days,
        "notices_per_day": service.notices_per_day,
        "notices_in_all": service.notices_in_all,
        "verification_per_day": service.verification_per_day,
        "own": service.own,
        "return_to": service.return_to,
        "api_per_minute": service.api_per_minute,
    }


def _mode(service: Service) -> str:
    partly = service.mode == "enforce" and service.enforce_share < 100
    return f"{service.mode} {service.enforce_share}%" if partly else service.mode


def _cell(value: Any) -> str:
    return " / ".join(value) if isinstance(value, list) else str(value)
