"""`python -m reference.shop prepare | serve | manage …`."""

from __future__ import annotations

import os
import sys


def main(words: list[str]) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "reference.shop.settings"
    match words:
        case ["prepare"]:
            prepare()
        case ["serve"]:
            serve()
        case ["manage", *rest]:
            from django.core.management import execute_from_command_line

            execute_from_command_line(["manage", *rest])
        case _:
            print("python -m reference.shop prepare | serve | manage …", file=sys.stderr)
            return 2
    return 0


def prepare() -> None:
    """Tables, catalogue, slots: as often as one likes."""
    import django
    from django.core.management import call_command

    django.setup()
    from reference.shop import catalogue, slots

    call_command("migrate", run_syncdb=True, verbosity=0)
    catalogue.load()
    slots.lay_out()
    print("あおぞらマルシェ: ready")


def serve() -> None:
    """Until SIGTERM or Ctrl-C."""
    import threading

    import django
    import uvicorn
    from django.conf import settings

    django.setup()
    from reference.shop import mailroom

    host, _, port = settings.SHOP_WEB.rpartition(":")
    print(f"あおぞらマルシェ: {settings.SHOP_URL}", flush=True)
    stop = threading.Event()
    asking = threading.Thread(target=mailroom.keep_asking, args=(stop,), name="asking", daemon=True)
    asking.start()
    uvicorn.run(
        "reference.shop.asgi:application",
        host=host,
        port=int(port),
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
    mailroom.stop_asking(stop)
    asking.join(10)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
