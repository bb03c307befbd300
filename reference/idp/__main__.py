"""`python -m reference.idp prepare | serve | manage …`."""

from __future__ import annotations

import logging
import os
import sys
import threading
from datetime import timedelta


def main(words: list[str]) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "reference.idp.settings"
    match words:
        case ["prepare"]:
            prepare()
        case ["serve"]:
            serve()
        case ["manage", *rest]:
            from django.core.management import execute_from_command_line

            execute_from_command_line(["manage", *rest])
        case _:
            print("python -m reference.idp prepare | serve | manage …", file=sys.stderr)
            return 2
    return 0


def prepare() -> None:
    """Tables, keys, the shop as a client: as often as one likes."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("register_client")
    print("あおぞらID: ready")


def serve() -> None:
    """Until SIGTERM or Ctrl-C."""
    import uvicorn
    from django.conf import settings

    host, _, port = settings.NETID_WEB.rpartition(":")
    print(f"あおぞらID: {settings.NETID_URL}", flush=True)
    server = uvicorn.Server(
        uvicorn.Config(
            "reference.idp.asgi:application",
            host=host,
            port=int(port),
            access_log=False,
            server_header=False,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=10,
        )
    )
    end = threading.Event()
    if settings.ERA != "2017":
        threading.Thread(target=_keep_asking, args=(end, settings.NETID_ASK_EVERY), daemon=True).start()
    try:
        server.run()
    finally:
        end.set()


def _keep_asking(end: threading.Event, seconds: int) -> None:
    """What atesaki could not be told while it was away is told once it is back."""
    import django
    from django.db import close_old_connections

    django.setup()
    from reference.idp import addresses

    while not end.wait(seconds):
        try:
            addresses.drive(timedelta(seconds=seconds))
        except Exception as error:  # noqa: BLE001 (the next round tries again; nothing is lost)
            logging.getLogger("reference.idp").warning("asking failed: %s", type(error).__name__)
        finally:
            close_old_connections()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
