"""The parts that each run alone in a real deployment; `serve` runs them all."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time

import click

from atesaki.cli.installation import installation, place

_GRACE_SECONDS = 10
SUPERVISOR = "ATESAKI_SUPERVISOR"
"""Tells a part whose child it is."""


@click.command()
def web() -> None:
    """Pages, API and numbers, on ATESAKI_WEB."""
    _end_with_supervisor(_GRACE_SECONDS + 2)
    with installation("web"):
        import uvicorn
        from django.conf import settings

        host, port = place(settings.ATESAKI_WEB, "ATESAKI_WEB")
        uvicorn.run(
            "atesaki.site.asgi:application",
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,  # a path may carry a token
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )


@click.command()
def gate() -> None:
    """The SMTP door for services, on ATESAKI_SMTP."""
    _end_with_supervisor()
    with installation("gate"):
        from django.conf import settings

        from atesaki import outbox
        from atesaki.doors import smtp

        outbox.courier()  # an ATESAKI_UPSTREAM that cannot be used is said now, and not to each mail
        smtp.run(settings.ATESAKI_SMTP)


@click.command()
def inbound() -> None:
    """The door for replies, returned mail and complaints, on ATESAKI_INBOUND."""
    _end_with_supervisor()
    with installation("inbound"):
        from django.conf import settings

        from atesaki.doors import returns

        returns.run(settings.ATESAKI_INBOUND)


@click.command()
def work() -> None:
    """Jobs and deadlines; any number may run."""
    _end_with_supervisor(_GRACE_SECONDS + 2)
    with installation("work"):
        asyncio.run(_work())


async def _work() -> None:
    from procrastinate.contrib.django import app

    from atesaki.cli.pooler import worker_connector

    connector, terms = worker_connector()
    async with app.with_connector(connector).open_async() as worker:
        await worker.run_worker_async(
            name="atesaki",
            concurrency=4,
            delete_jobs="successful",  # a job's arguments are of no use once it is done
            shutdown_graceful_timeout=0,  # its jobs are told at once, and waited for: threads cannot be broken off
            **terms,
        )


def _end_with_supervisor(seconds: float = 30) -> None:
    """Ends this part when its supervisor is gone, however that went; does nothing for a part that runs alone.

    Linux' death signal asks for the same sooner, and is not enough: a worker whose database has ended
    at the same moment waits half a minute for it.
    """
    supervisor = os.environ.get(SUPERVISOR)
    if supervisor is None:
        return

    def watch() -> None:
        while str(os.getppid()) == supervisor:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(seconds)
        os._exit(os.EX_SOFTWARE)

    threading.Thread(target=watch, name="supervisor", daemon=True).start()
