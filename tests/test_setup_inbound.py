"""`atesaki check-setup` on what comes back: our own door, and where mail to our domain leads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from atesaki.cli.setup import Finding, returning

OURS = "post.example.jp"
OFFER = returning._offer


@contextmanager
def server(takes: Callable[[str], bool], greeting: bytes = b"220 mx.example.jp\r\n") -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes what `takes` says; its port, and every line that it was told."""
    told: list[str] = []

    def converse(peer: socket.socket) -> None:
        with peer, peer.makefile("rwb") as wire:
            wire.write(greeting)
            wire.flush()
            for line in wire:
                said = line.decode().strip()
                told.append(said)
                refused = said.upper().startswith("RCPT") and not takes(said.partition("<")[2].partition(">")[0])
                wire.write(b"550 5.1.1 no such address here\r\n" if refused else b"250 ok\r\n")
                wire.flush()

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=converse, args=(peer,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1], told


def ours(address: str) -> bool:
    return address == f"postmaster@{OURS}"


@pytest.fixture
def there(settings: object, monkeypatch: pytest.MonkeyPatch) -> object:
    settings.ATESAKI_MAIL_DOMAIN = OURS  # type: ignore[attr-defined]
    settings.ATESAKI_READS_REPLIES = True  # type: ignore[attr-defined]
    monkeypatch.delenv("ATESAKI_ENV", raising=False)
    return settings


def door(settings: object, port: int) -> Finding:
    settings.ATESAKI_INBOUND = f"127.0.0.1:{port}"  # type: ignore[attr-defined]
    (finding,) = returning.inbound()
    return finding


def mx(monkeypatch: pytest.MonkeyPatch, hosts: dict[str, int | None], why: str = "") -> Finding:
    """What is found where DNS names these hosts, each at a port of this machine, or at none."""
    monkeypatch.setattr(returning, "_mail_hosts", lambda domain: (list(hosts), why))
    monkeypatch.setattr(returning, "_offer", lambda host, port, domain: OFFER("127.0.0.1", hosts[host] or 1, domain))
    (finding,) = returning.mx()
    return finding


# -- our own door ---------------------------------------------------------------------------------------------------


def test_a_door_that_takes_ours_and_nothing_else_is_well(there: object) -> None:
    with server(ours) as (port, told):
        assert door(there, port).state == "ok"
    assert not [line for line in told if line.upper().startswith("DATA")], "nothing is mailed to find out"
    assert any(line.startswith("rcpt TO:<r+") for line in told)


def test_our_mail_offers_a_reply_and_nobody_reads_it(there: object, monkeypatch: pytest.MonkeyPatch) -> None:
    found = door(there, 1)
    assert found.state == "warn" and "does not answer" in found.says and "atesaki inbound" in found.mend
    monkeypatch.setenv("ATESAKI_ENV", "production")
    assert door(there, 1).state == "wrong"
    there.ATESAKI_READS_REPLIES = False  # type: ignore[attr-defined]
    assert door(there, 1).state == "ok", "nothing is offered, so nothing is lost"


def test_a_door_that_runs_while_our_mail_is_silent_about_it(there: object) -> None:
    there.ATESAKI_READS_REPLIES = False  # type: ignore[attr-defined]
    with server(ours) as (port, _):
        found = door(there, port)
    assert found.state == "warn" and "ATESAKI_READS_REPLIES=1" in found.mend


@pytest.mark.parametrize("takes", [lambda address: True, lambda address: False], ids=["everything", "nothing"])
def test_another_server_at_that_place_is_told_from_ours(there: object, takes: Callable[[str], bool]) -> None:
    with server(takes) as (port, _):
        found = door(there, port)
    assert found.state == "wrong" and "not our door" in found.says


def test_what_speaks_no_smtp_is_no_door(there: object) -> None:
    with server(ours, b"HTTP/1.1 400 Bad Request\r\n\r\n") as (port, _):
        assert door(there, port).state == "warn"
    there.ATESAKI_INBOUND = "nonsense"  # type: ignore[attr-defined]
    assert next(returning.inbound()).state == "warn"


# -- where mail to our domain leads ---------------------------------------------------------------------------------


def test_a_domain_of_this_machine_needs_no_mx(there: object) -> None:
    there.ATESAKI_MAIL_DOMAIN = "atesaki.localhost"  # type: ignore[attr-defined]
    assert [each.state for each in returning.mx()] == ["ok"]


def test_the_mx_takes_ours_and_refuses_strangers(there: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(ours) as (port, _):
        found = mx(monkeypatch, {"mx1.example.jp": None, "mx2.example.jp": port})
    assert (found.state, found.mend) == ("ok", "") and "mx2.example.jp" in found.says, "the second, the first is away"


@pytest.mark.parametrize("reads", [True, False])
def test_an_mx_that_leads_nowhere_says_what_to_do(there: object, monkeypatch: pytest.MonkeyPatch, reads: bool) -> None:
    there.ATESAKI_READS_REPLIES = reads  # type: ignore[attr-defined]
    found = mx(monkeypatch, {}, "The domain name post.example.jp does not exist.")
    assert found.state == "wrong" and "does not exist" in found.says and "MX record" in found.mend
    assert ("ATESAKI_READS_REPLIES=0" in found.mend) == reads
    found = mx(monkeypatch, {"mx.example.jp": None})
    assert found.state == "warn" and "mx.example.jp" in found.says and "port 25" in found.mend


def test_an_mx_that_does_not_know_us_or_takes_everything(there: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(lambda address: False) as (port, _):
        found = mx(monkeypatch, {"mx.example.jp": port})
        assert found.state == "wrong" and "550" in found.says and "ATESAKI_INBOUND" in found.mend
    with server(lambda address: True) as (port, _):
        found = mx(monkeypatch, {"mx.example.jp": port})
        assert found.state == "warn" and "reject_unverified_recipient" in found.mend


def test_dns_is_asked_for_the_mx_and_its_order_is_kept(there: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import email_validator

    class Told:
        mx = ((20, "second.example.jp"), (10, "first.example.jp"))

    monkeypatch.setattr(email_validator, "validate_email", lambda *_, **__: Told())
    assert returning._mail_hosts(OURS) == (["first.example.jp", "second.example.jp"], "")

    def refuses(*_: object, **__: object) -> None:
        raise email_validator.EmailUndeliverableError("The domain name post.example.jp does not accept email.")

    monkeypatch.setattr(email_validator, "validate_email", refuses)
    hosts, why = returning._mail_hosts(OURS)
    assert hosts == [] and "does not accept email" in why
