"""The programs that an operator runs.

Promise:    Each says what it did, or in a sentence why not and what to do; 0 done, 1 failed, 2 asked wrongly.
Never:      Prints a secret that was not asked for, or decides anything about a mail.
On failure: What was started is stopped again; nothing but the log holds a traceback.
Read first: `run`, then `serve`.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

import click

from atesaki.cli.agent import agent
from atesaki.cli.audit import audit
from atesaki.cli.campaign import campaign
from atesaki.cli.check import check
from atesaki.cli.claims import import_claims
from atesaki.cli.installation import sentence
from atesaki.cli.keyfile import keys
from atesaki.cli.ledger import due, explain, standing, verify_ledger
from atesaki.cli.migrate import migrate
from atesaki.cli.observed import observed
from atesaki.cli.parts import gate, inbound, web, work
from atesaki.cli.serve import serve
from atesaki.cli.service import service
from atesaki.cli.setup import check_setup
from atesaki.cli.webhooks import webhooks

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="atesaki", prog_name="atesaki")
def atesaki() -> None:
    """Mail that reaches only the person it is for.

    `atesaki serve` starts everything on this machine; docs/reference/settings.md lists the settings it reads.
    """


for command in (
    *(serve, web, gate, inbound, work, migrate),
    *(service, agent, explain, standing, due, check_setup, keys, webhooks, verify_ledger),
    *(import_claims, campaign, observed, check, audit),
):
    atesaki.add_command(command)


def main() -> None:
    """The entry point of the package."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command; the exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    os.umask(0o077)  # whatever we write is our user's alone: keys, mail, the ledger
    try:
        atesaki.main(args=arguments, prog_name="atesaki", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "atesaki"
        click.echo(f"{path}: {error.format_message()} (`{path} --help` tells more.)", err=True)
        return 2
    except click.ClickException as error:
        click.echo(f"atesaki: {error.format_message()}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # Whoever read us has seen enough; without this Python complains once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the outermost edge of the program
        return _failed(error)
    return 0


def _failed(error: Exception) -> int:
    said = sentence(error)
    if said is None:
        from atesaki.site import logging

        logging.set_up()
        logging.unexpected(error)
        said = "something went wrong that should not have; what is above belongs into a report of it."
    click.echo(f"atesaki: {said}", err=True)
    return 1


def _terminated(_: int, __: FrameType | None) -> None:
    sys.exit(143)  # not the default end: what a command started must be stopped
