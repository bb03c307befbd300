"""`atesaki import-claims`: what a service knows of the addresses it has already."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atesaki.cli.installation import as_json, installation, table

if TYPE_CHECKING:
    from atesaki.campaigns import Imported, Progress

_WEAKER = (
    "a click or a sign-in by mail is taken for a proof. It is weaker: it shows that somebody reads the mailbox, "
    "not that it is the customer, and mail goes there from now on."
)
_UNSETTLED = (
    "in doubt, as this file gives their address to another customer as well. Their mail waits, and the next one asks "
    "the mailbox. Were the customers' references of one file wrong? Then vouch for the right ones one by one "
    "(`POST /claims/{id}/proofs`), and withdraw the others."
)
_SAID = {  # what became of a claim: how it is told
    "proved": "proved: mail goes to them",
    "answered": "answered: the mailbox is read, the customer is to be proved yet",
    "claimed": "claimed: nothing is known yet",
    "known": "known before, nothing new",
    "disavowed": 'left: their mailbox said "not me"',
    "paused": "left: their mailbox wished for silence",
    "doubted": "left: the address is in doubt since",
    "withdrawn": "left: the customer took the address back",
}


@click.command("import-claims")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--service", "service_name", required=True, metavar="NAME", help="Whose customers they are.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen; bad rows are written out all the same.")
@click.option("--accept-clicks", is_flag=True, help=f"Weaker: {_WEAKER}")
@click.option(
    "--without-customers",
    is_flag=True,
    help="The service's mails carry no X-Atesaki-Customer, so its claims must name none either.",
)
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def import_claims(
    file: Path,
    service_name: str,
    *,
    dry_run: bool,
    accept_clicks: bool,
    without_customers: bool,
    json_: bool,
    quiet: bool,
) -> None:
    """Take in customers' addresses, with what evidence there is that they are theirs.

    FILE is CSV or Parquet with the columns address, customer, method, evidence, at; such a one is `claims.csv` of
    `atesaki audit`. `method` is confirmed_opt_in (proves), clicked, replied, logged_in_by_mail (only show that the
    mailbox is read) or none; `at` is the evidence's date. The same file again changes nothing, so after an
    interruption just run it again. Rows that cannot be used are written to FILE.rejected.csv.
    """
    with installation():
        from atesaki import campaigns, tenants

        service = tenants.find(service_name)
        if accept_clicks:
            click.echo(f"Mind: {_WEAKER}", err=True)
        if warning := _names(service, without_customers):
            click.echo(warning, err=True)
        done = campaigns.import_claims(
            service,
            file,
            dry_run=dry_run,
            accept_clicks=accept_clicks,
            unnamed=without_customers,
            tell=_quiet if quiet else Bar(),
        )
    if json_:
        as_json(_words(done, service_name))
    else:
        _tell(done)


def _names(service: Any, without_customers: bool) -> str:
    """A warning if the service's last mails name customers otherwise than these claims will."""
    from atesaki import gate

    lines = gate.newest(service, most=50)
    named = sum(bool(line.customer) for line in lines)
    if lines and not named and not without_customers:
        return (
            f"Mind: none of the last {len(lines)} mails of this service named a customer (X-Atesaki-Customer). A claim "
            "with a customer's name is not found for them: name the customer in mails, or use --without-customers."
        )
    if lines and named and without_customers:
        return (
            f"Mind: {named} of the last {len(lines)} mails of this service named a customer. Claims without a "
            "customer's name are not found for them: leave out --without-customers."
        )
    return ""


class Bar:
    """How far it is, how fast, and how long it will take; one line on a terminal, else a line now and then."""

    def __init__(self, every: float = 10.0) -> None:
        self.terminal = sys.stderr.isatty()
        self.every = 0.2 if self.terminal else every
        self.phase, self.began, self.told = "", 0.0, time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.phase != self.phase:
            self.phase, self.began = progress.phase, now
        if now - self.told < self.every and not (self.terminal and progress.part >= 1):
            return
        self.told = now
        said = self.words(progress, now - self.began)
        click.echo(
            f"\r{said:<78}" + ("\n" if progress.part >= 1 else "") if self.terminal else said,
            err=True,
            nl=not self.terminal,
        )

    @staticmethod
    def words(progress: Progress, seconds: float) -> str:
        """`Importing 41 %, 410,000 rows, 5,200 a second, 2 min left`."""
        rate = progress.rows / seconds if seconds > 0 else 0.0
        left = seconds * (1 - progress.part) / progress.part if progress.part > 0 else 0.0
        ends = f"{left / 60:.0f} min left" if left >= 90 else f"{left:.0f} s left"
        head = f"{progress.phase.capitalize()} {progress.part:.0%}, {progress.rows:,} rows"
        return head if progress.part >= 1 else f"{head}, {rate:,.0f} a second, {ends}"


def _quiet(_: Progress) -> None:
    """Shows nothing."""


def _words(done: Imported, service: str) -> dict[str, Any]:
    return {
        "service": service,
        "dry_run": done.dry_run,
        "rows": done.rows,
        "rejected": done.rejected,
        "duplicates": done.duplicates,
        **{fate: done.fates[fate] for fate in _SAID},
        "shared": done.shared,
        "unsettled": done.unsettled,
        "undated": done.undated,
        "accepted_clicks": done.clicks,
        "released": done.released,
        "rejected_file": str(done.rejected_file) if done.rejected_file else None,
        "seconds": round(done.seconds, 1),
    }


def _tell(done: Imported) -> None:
    rows = [("rows", f"{done.rows:,}", "")]
    if done.duplicates:
        rows.append(("", f"{done.duplicates:,}", "twice or more in the file: the best evidence counts"))
    rows += [("", f"{done.fates[fate]:,}", said) for fate, said in _SAID.items() if done.fates[fate]]
    if done.rejected:
        rows.append(("", f"{done.rejected:,}", f"could not be used: see {done.rejected_file}"))
    table(rows)
    for many, said in (
        (done.shared, "have a confirmed opt-in and are not proved, as several customers gave that address."),
        (done.unsettled, f"that an earlier import had proved {'would be' if done.dry_run else 'are'} {_UNSETTLED}"),
        (done.undated, "named evidence without its date, which shows nothing."),
        (done.clicks, "are proved by a click alone, because of --accept-clicks."),
        (done.released, "waiting mails were released."),
        (done.in_cp932, "lines were read as cp932 (Excel in Japanese)."),
    ):
        if many:
            click.echo(f"{many:,} {said}")
    for bad in done.first_rejected:
        click.echo(f"  line {bad.line}: {bad.sentence}", err=True)
    if done.dry_run:
        click.echo("Nothing was changed: leave out --dry-run to import.")
