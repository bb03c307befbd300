"""`atesaki webhooks`: what services are told, whether they have heard it, and telling it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from atesaki.cli.installation import Failure, as_json, installation, table

if TYPE_CHECKING:
    from atesaki.outbox import Webhook


@click.group()
def webhooks() -> None:
    """The events that services are told: listed, told again."""


@webhooks.command("list")
@click.option("--service", "service_name", required=True, metavar="NAME")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="The newest so many.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object per line.")
def list_(service_name: str, limit: int, json_: bool) -> None:
    """The newest events of a service, and what became of each."""
    with installation():
        from atesaki import outbox, tenants

        service = tenants.find(service_name)
        found = [_words(each) for each in outbox.webhooks_of(service, limit)]
    if json_:
        for each in found:
            as_json(each)
    elif found:
        columns = ("id", "type", "state", "created", "tries", "answer")
        table([tuple(map(str.upper, columns)), *[tuple(str(each[name]) for name in columns) for each in found]])
    elif service.webhook:
        click.echo("Nothing has been told in the last 30 days, and nothing waits to be.")
    else:
        click.echo(f"{service.name} is told nothing: `atesaki service set NAME --webhook URL` says where to.")


@webhooks.command()
@click.argument("id_", metavar="ID", type=click.UUID)
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def repeat(id_: UUID, json_: bool) -> None:
    """Tell an event again, now and for three days more; ID is what `list` shows, and stays the same."""
    with installation():
        from atesaki import outbox

        if not outbox.repeat_webhook(id_):
            raise Failure(f"there is no event {id_}, or it is on its way at this moment: see `atesaki webhooks list`.")
    if json_:
        as_json({"id": id_, "state": "waiting"})
    else:
        click.echo(f"{id_} waits to be told again: the worker does it in a moment, and `atesaki due` at once.")


def _words(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.pk,
        "type": webhook.type,
        "state": webhook.state,
        "created": _moment(webhook.created),
        "due": _moment(webhook.due) if webhook.state == "waiting" else None,
        "ended": _moment(webhook.ended) if webhook.ended else None,
        "tries": webhook.tries,
        "answer": webhook.answer,
        "data": webhook.body,
    }


def _moment(at: Any) -> str:
    return str(at.isoformat(timespec="seconds"))
