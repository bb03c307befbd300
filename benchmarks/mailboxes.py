"""What is done inside of an installation: services and claims made, mailboxes proved, buttons pressed.

`prepare SERVICE ORGANISATION SENDER` brings a database to this version's state and makes a service; its login, as JSON.
`prove SERVICE ADDRESS…` gives each a claim that the service vouches for.
`free SERVICE ADDRESS…` does the same, says `ready`, and then, for each number on its standard input, presses "this is
not me" for that address; it answers with a JSON object: how long `notme.report` took, and whether mail was still
leaving after it.
`open SERVICE MANY AGENT` gives so many addresses a claim; as JSON, two tokens for each and a session of an agent's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from atesaki.cli.installation import installation

if TYPE_CHECKING:
    from atesaki.ownership import Claim


def main() -> None:
    what, *words = sys.argv[1:]
    does: dict[str, Callable[..., object]] = {"prepare": _prepare, "prove": _prove, "free": _free, "open": _open}
    with installation():
        does[what](*words)


def _prepare(name: str, organisation: str, sender: str) -> None:
    from django.core.management import call_command

    from atesaki import gate, tenants

    call_command("migrate", interactive=False, verbosity=0)
    gate.make_partitions()
    issued = tenants.add_service(
        name, organisation=organisation, locale="ja", mode="enforce", sender=sender, webhook=""
    )
    tenants.change_service(name, notices_per_day=0)  # whoever waits has had their notices
    print(json.dumps({"username": issued.smtp_username, "password": issued.smtp_password}))


def _prove(name: str, *receivers: str) -> list[Claim]:
    from django.db import transaction

    from atesaki import addresses, ownership, tenants

    service = tenants.find(name)
    claims = []
    for receiver in receivers:
        with transaction.atomic():
            claim = ownership.claim(service, addresses.parse(receiver))
            ownership.attest(claim, "the benchmark made this mailbox")
        claims.append(claim)
    return claims


def _free(name: str, *receivers: str) -> None:
    from atesaki import clock, notme, ownership
    from atesaki.ownership import Purpose

    expires = clock.now() + timedelta(days=1)
    tokens = [ownership.issue(claim, Purpose.NOT_ME, expires) for claim in _prove(name, *receivers)]
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        freed = notme.report(tokens[int(line)])
        took = time.perf_counter() - began
        if freed is None:
            sys.exit("a token that was just issued is none")
        print(json.dumps({"ms": took * 1000, "still_leaving": freed.still_leaving}), flush=True)


def _open(name: str, many: str, agent: str) -> None:
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.db import transaction

    from atesaki import addresses, clock, desk, ownership, tenants
    from atesaki.ownership import Purpose

    service, expires = tenants.find(name), clock.now() + timedelta(days=1)
    confirm, not_me = [], []
    for number in range(int(many)):
        with transaction.atomic():
            claim = ownership.claim(service, addresses.parse(f"reader-{number}@example.jp"))
        confirm.append(ownership.issue(claim, Purpose.CONFIRM, expires))
        not_me.append(ownership.issue(claim, Purpose.NOT_ME, expires))
    issued = desk.agents.add(agent, organisation=service.organisation.name, role="supervisor", language="ja")
    user, now = issued.agent.user, int(clock.now().timestamp())
    # Signed in without the time that a password takes: what is measured is what an agent does all day.
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session["seen"] = session["since"] = now
    session.create()
    cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    print(json.dumps({"confirm": confirm, "not_me": not_me, "cookie": cookie}))


if __name__ == "__main__":
    main()
