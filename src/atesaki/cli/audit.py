"""`atesaki audit`: whom a service has been writing to without proof."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from atesaki.cli.installation import Failure, as_json, table

if TYPE_CHECKING:
    from atesaki.audit import Options

_KINDS = ("postfix", "exim", "sendmail", "ses", "sendgrid", "mbox", "mails")
_TOLD = 0.005  # of the whole: what is left is no guess from less
_LINE_EVERY = 10  # seconds, where there is no terminal


@click.command()
@click.option(
    "--customers", metavar="FILE|URL", help="CSV or Parquet, or postgresql://…?table=NAME, sqlite:///…?table=NAME."
)
@click.option("--customers-sql", metavar="SELECT", help="What to ask the database, instead of a whole table.")
@click.option(
    "--mail",
    multiple=True,
    metavar="PATH…",
    help="mbox, Maildir, folders of mails, logs of Postfix, Exim and Sendmail, event exports of SES and SendGrid;"
    " may be given several times.",
)
@click.argument("more_mail", nargs=-1, metavar="[PATH…]")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the report goes.",
)
@click.option(
    "--columns", metavar="KEY=HEADING,…", default="", help="customer, address, name, confirmed_at, last_login, …"
)
@click.option("--kind", type=click.Choice(_KINDS), help="What every PATH is, whatever it looks like.")
@click.option("--own", multiple=True, metavar="ADDRESS|DOMAIN", help="The service's own, which are nobody's customers.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Count mails from this day on.")
@click.option("--zone", default="", metavar="ZONE", help="Time zone of dates that name none; this machine's otherwise.")
@click.option(
    "--year", type=int, default=0, help="Year of the first line of logs that name none; otherwise by the file's date."
)
@click.option(
    "--locale",
    type=click.Choice(("ja", "en")),
    default="ja",
    show_default=True,
    help="Language that the report opens in.",
)
@click.option("--list", "list_", is_flag=True, help="Also addresses.csv: plain addresses written to without proof.")
@click.option(
    "--cluster", default="", metavar="ray://HOST:PORT", help="Work on a Ray cluster whose nodes see the same paths."
)
@click.option(
    "--processes", type=click.IntRange(0), default=0, help="On this machine; one for each processor otherwise."
)
@click.option("--keep-work", is_flag=True, help="Keep DIR/work, which holds addresses in plain.")
@click.option("--json", "json_", is_flag=True, help="Print the report's totals as one JSON object.")
@click.option("--quiet", is_flag=True, help="Say nothing while it runs.")
def audit(more_mail: tuple[str, ...], json_: bool, quiet: bool, **asked: Any) -> None:
    """Whom a service has been writing to without proof, and what personal data went there.

    Reads customers and past mail; sends nothing, and needs no installation. What was read is kept in DIR/work until
    the report is made, so the same command goes on where a killed one ended.
    """
    from atesaki import audit as auditing

    if not asked["customers"] and not asked["mail"] and not more_mail:
        raise click.UsageError("Give --customers, --mail, or both.")
    if said := auditing.missing():
        raise Failure(said)
    options = _options(asked, more_mail)
    bar = _Bar(quiet or json_)
    try:
        report = auditing.run(options, bar, asked["locale"])
    except auditing.AuditError as error:
        bar.end()
        if any(thread.name == auditing.THREAD for thread in threading.enumerate()):
            click.echo(f"atesaki: {error}", err=True)
            _leave(1)
        raise Failure(str(error)) from error
    except (KeyboardInterrupt, SystemExit) as end:
        bar.end()
        click.echo(f"atesaki: stopped; the same command goes on from what is in {options.out / 'work'}.", err=True)
        _leave(130 if isinstance(end, KeyboardInterrupt) else 143)
    bar.end()
    if json_:
        as_json(
            {
                "out": str(options.out),
                "totals": report["totals"],
                "skipped": report["skipped"],
                "seconds": report["seconds"],
            }
        )
    else:
        _tell(options, report)


def _leave(code: int) -> NoReturn:
    """At once: Daft's own threads would finish what they are at, and crash where nobody waits for it any more."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _options(asked: dict[str, Any], more_mail: tuple[str, ...]) -> Options:
    from atesaki.audit import Options

    zone = asked["zone"] or _here()
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.BadParameter(
            f"{zone!r} is no time zone; give one such as Asia/Tokyo.", param_hint="'--zone'"
        ) from error
    return Options(
        out=asked["out"],
        customers=asked["customers"] or "",
        sql=asked["customers_sql"] or "",
        mail=(*asked["mail"], *more_mail),
        columns=_columns(asked["columns"]),
        kind=asked["kind"] or "",
        since=asked["since"].date() if asked["since"] else None,
        zone=zone,
        year=asked["year"],
        own=asked["own"],
        cluster=asked["cluster"],
        cores=asked["processes"],
        addresses=asked["list_"],
        keep_work=asked["keep_work"],
    )


def _columns(text: str) -> dict[str, str]:
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        key, sign, heading = part.partition("=")
        if not sign or not heading.strip():
            raise click.BadParameter(f"{part!r} is not KEY=HEADING, such as address=メール.", param_hint="'--columns'")
        found[key.strip()] = heading.strip()
    return found


def _here() -> str:
    """This machine's time zone."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        link = os.path.realpath("/etc/localtime")
        name = link.partition("/zoneinfo/")[2]
    try:
        ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
    return name or "UTC"


class _Bar:
    """How far it has come, at which rate, and how long it will still take: a bar on a terminal, else a line now and
    then."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._what = ""
        self._total = self._done = self._before = 0.0
        self._began = self._shown = time.monotonic()
        self._octets = 0
        self._drawn = False

    def begin(self, what: str, total: float, done: float) -> None:
        """A new stage; `done` was there from a run before."""
        self.end()
        self._what, self._total, self._done, self._before = what, max(total, 1.0), done, done
        self._octets = 0
        self._began = time.monotonic()
        self._shown = 0.0 if self._live else self._began
        if done and not self._quiet:
            click.echo(f"{what}: goes on, {done / self._total:.0%} was done before", err=True)
        self.beat()

    def step(self, much: float, octets: int) -> None:
        self._done += much
        self._octets += octets
        self.beat()

    def beat(self) -> None:
        """Shows it, but not too often."""
        now = time.monotonic()
        if self._quiet or now - self._shown < (0.2 if self._live else _LINE_EVERY):
            return
        self._shown = now
        self._show(now)

    def _show(self, now: float) -> None:
        share = min(1.0, self._done / self._total)
        passed = now - self._began
        fresh = self._done - self._before
        text = f"{self._what} {share:4.0%}"
        if fresh > 0 and passed > 0 and fresh / self._total >= _TOLD:
            left = (self._total - self._done) * passed / fresh
            rate = f"  {self._octets / passed / 2**20:,.1f} MB/s" if self._octets else ""
            text += f"{rate}  {_clock(left)} left"
        if self._live:
            width = 24
            bar = "█" * round(share * width)
            click.echo(f"\r\x1b[K{bar:<{width}} {text}", nl=False, err=True)
            self._drawn = True
        else:
            click.echo(text, err=True)

    def end(self) -> None:
        """Leaves the terminal's line."""
        if self._drawn:
            self._show(time.monotonic())
            click.echo(err=True)
        self._drawn = False


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _tell(options: Options, report: dict[str, Any]) -> None:
    totals = report["totals"]
    table(
        [
            ("customers", f"{totals['customers']:,}"),
            ("addresses", f"{totals['addresses']:,}"),
            ("  proved", f"{totals['proved']:,}"),
            ("  written to without proof", f"{totals['written_unproved']:,}"),
            ("mails", f"{totals['mails']:,}"),
            ("  with personal data", f"{totals['personal_mails']:,}"),
            ("  of these, without proof", f"{totals['personal_to_unproved']:,}"),
        ]
    )
    for skipped in report["skipped"]:
        click.echo(f"passed over: {skipped['many']:,}: {skipped['sentence']} ({skipped['example']})")
    click.echo(f"{options.out / 'report.html'}  report.json  claims.csv ({report['claims_file']['rows']:,} claims)")
    click.echo(f"{report['seconds']} seconds")
