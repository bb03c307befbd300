"""`atesaki campaign`: asks the mailboxes of a service's unproved claims, slowly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from atesaki.cli.installation import as_json, installation, table

if TYPE_CHECKING:
    from atesaki.campaigns import Campaign, Figures

_JSON = click.option("--json", "json_", is_flag=True, help="Print one JSON object (`list`: one per line).")
_WORD = click.argument("campaign_word", metavar="NUMBER|SERVICE")
_HOURS = click.option(
    "--hours", metavar="TEXT", help='Only then, such as "mon-fri 10:00-18:00"; in the service\'s zone.'
)
_REASONS = {
    "not_me": 'It stopped by itself: too many mailboxes said "not me". The list holds addresses of strangers.',
    "returned": "It stopped by itself: too much mail came back. The list holds addresses that are no more.",
}
_WHAT_TO_DO = (
    "Look where these addresses came from (`atesaki audit` names those that look made up), and withdraw what is wrong. "
    "Then `atesaki campaign resume {pk}` goes on; the count begins anew, `--stop-at` changes the limit."
)


@click.group()
def campaign() -> None:
    """Ask the mailboxes of a service's unproved claims to confirm: paced, once each, stopped when "not me" rises."""


@campaign.command()
@click.argument("service_name", metavar="SERVICE")
@click.option("--per-hour", type=int, default=200, show_default=True, help="How many mailboxes are asked in an hour.")
@_HOURS
@click.option(
    "--stop-at", default="2%", show_default=True, metavar="SHARE", help='Stops once surely more say "not me".'
)
@click.option(
    "--stop-at-returned", default="10%", show_default=True, metavar="SHARE", help="Likewise, of returned mail."
)
@click.option("--remind-after", metavar="DAYS", help="Ask who said nothing once more, such as 7d; never, if left out.")
@click.option("--code", "show_code", is_flag=True, help="The mail shows a code: your pages have a place to type it.")
@_JSON
def start(
    service_name: str, *, json_: bool, stop_at: str, stop_at_returned: str, hours: str | None, **given: Any
) -> None:
    """Begin a campaign. The worker drives it, and it ends when every claim made until now has been looked at.

    Each mailbox gets one neutral mail that names no customer. Nobody is asked who said "not me" or wished for silence
    in any service of the organisation, or was asked anything in the last 14 days.
    """
    remind_after = _days(given.pop("remind_after"))
    with installation():
        from atesaki import campaigns, tenants

        begun = campaigns.start(
            tenants.find(service_name),
            hours=hours or "",
            stop_at=campaigns.percent(stop_at),
            stop_at_returned=campaigns.percent(stop_at_returned),
            remind_after=remind_after,
            **given,
        )
        _show(begun, json_)


@campaign.command("list")
@click.option("--service", "service_name", default="", metavar="NAME")
@_JSON
def list_(service_name: str, json_: bool) -> None:
    """The campaigns there are, newest first."""
    with installation():
        from atesaki import campaigns

        every = campaigns.all_of(service_name)
        if json_:
            for each in every:
                as_json(_words(each, campaigns.figures(each)))
        elif every:
            rows = [(str(each.pk), each.service.name, each.state, f"{each.started:%Y-%m-%d %H:%M}") for each in every]
            table([("NUMBER", "SERVICE", "STATE", "STARTED"), *rows])
        else:
            click.echo("There is no campaign yet: `atesaki campaign start --help` tells how to begin one.")


@campaign.command()
@_WORD
@click.option("--exact", is_flag=True, help="Count now: seconds, where some 100,000 mailboxes were asked.")
@_JSON
def status(campaign_word: str, json_: bool, exact: bool) -> None:
    """How far a campaign is, and what the mailboxes said, as the worker counted them last."""
    with installation():
        from atesaki import campaigns

        found = campaigns.find(campaign_word)
        _show(found, json_, campaigns.counted(found) if exact else None)


@campaign.command()
@_WORD
@_JSON
def pause(campaign_word: str, json_: bool) -> None:
    """Ask nobody more until it is resumed. What was queued in the last minute may still leave."""
    with installation():
        from atesaki import campaigns

        _show(campaigns.pause(campaigns.find(campaign_word)), json_)


@campaign.command()
@_WORD
@click.option("--per-hour", type=int)
@_HOURS
@click.option("--stop-at", metavar="SHARE")
@_JSON
def resume(campaign_word: str, json_: bool, per_hour: int | None, hours: str | None, stop_at: str | None) -> None:
    """Go on where it stood, paused or stopped by itself."""
    with installation():
        from atesaki import campaigns

        share = None if stop_at is None else campaigns.percent(stop_at)
        found = campaigns.find(campaign_word)
        _show(campaigns.resume(found, per_hour=per_hour, hours=hours, stop_at=share), json_)


@campaign.command()
@_WORD
@_JSON
def stop(campaign_word: str, json_: bool) -> None:
    """End a campaign for good."""
    with installation():
        from atesaki import campaigns

        _show(campaigns.stop(campaigns.find(campaign_word)), json_)


def _show(found: Campaign, json_: bool, counted: Figures | None = None) -> None:
    from atesaki import campaigns

    counted = counted or campaigns.figures(found)
    if json_:
        as_json(_words(found, counted))
        return
    said = [
        ("campaign", f"{found.pk} of {found.service.name}: {found.state}"),
        ("pace", f"{found.per_hour} an hour" + (f", {found.hours} ({found.service.zone})" if found.hours else "")),
        ("asked", f"{counted.asked:,} mailboxes, about {counted.waiting:,} to go"),
        ("proved", f"{counted.proved:,}"),
        ("answered", f"{counted.answered:,} by a click alone: their next mail asks for the rest"),
        ("not me", f"{counted.not_me:,} {_share(counted.rate, counted.bound, found.stop_at)}"),
        (
            "returned",
            f"{counted.returned:,} {_share(counted.returned_rate, counted.returned_bound, found.stop_at_returned)}",
        ),
        ("silenced", f"{counted.silenced:,} wished for no more mail"),
        ("silent", f"{counted.silent:,}, {counted.reminded:,} reminded"),
        ("not asked", ", ".join(f"{why} {many:,}" for why, many in sorted(counted.passed_over.items())) or "none"),
        ("counted", f"{counted.counted:%Y-%m-%d %H:%M} UTC"),
        ("next", f"{counted.next:%Y-%m-%d %H:%M} UTC" if counted.next else "none"),
    ]
    table(said)
    if found.state == "stopped":
        click.echo(f"\n{_REASONS[found.why]} {_WHAT_TO_DO.format(pk=found.pk)}")


def _share(rate: float, bound: float, limit: float) -> str:
    return f"({rate:.1%}, surely more than {bound:.1%}; it stops above {limit:.1%})"


def _words(found: Campaign, counted: Figures) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "campaign": found.pk,
        "service": found.service.name,
        "state": found.state,
        "why": found.why,
        "started": found.started,
        "ended": found.ended,
        "per_hour": found.per_hour,
        "hours": found.hours,
        "stop_at": found.stop_at,
        "stop_at_returned": found.stop_at_returned,
        "remind_after_days": found.remind_after,
        **asdict(counted),
    }


def _days(text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,2})\s*d?\s*", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no number of days: give such as 7d.", param_hint="'--remind-after'")
    return int(match[1])
