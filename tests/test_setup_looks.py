"""`atesaki check-setup` on the next hop, the services' URLs, the clocks and the backups."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from atesaki import outbox, tenants
from atesaki.cli.setup import Finding, machine, store, upstream, web
from tests.test_webhooks import certificate, receiving, verify

# -- the next hop ---------------------------------------------------------------------------------------------------


@contextmanager
def hop(size: str = "", tls: Path | None = None) -> Iterator[str]:
    """A next hop as a URL: SIZE as given (`SIZE 1000`), STARTTLS with the certificate of `tls`."""
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
    offered = [b"hop.example", *([b"STARTTLS"] if tls else []), *([size.encode()] if size else [])]
    ehlo = b"".join(b"250-" + each + b"\r\n" for each in offered[:-1]) + b"250 " + offered[-1] + b"\r\n"

    def converse(peer: socket.socket) -> None:
        peer.sendall(b"220 hop.example\r\n")
        while line := peer.recv(1000):
            if line.upper().startswith(b"STARTTLS"):
                peer.sendall(b"220 go on\r\n")
                try:
                    peer = context.wrap_socket(peer, server_side=True)  # type: ignore[union-attr]
                except OSError:
                    return
            else:
                peer.sendall(ehlo if line.upper().startswith(b"EHLO") else b"250 ok\r\n")
        peer.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=converse, args=(peer,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"smtp://localhost:{listening.getsockname()[1]}"


def greeted(settings: object, url: str) -> dict[str, Finding]:
    settings.ATESAKI_UPSTREAM = url  # type: ignore[attr-defined]
    return {finding.check: finding for finding in upstream.upstream()}


def test_a_hop_with_a_certificate_for_its_name_is_well(
    tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with hop(tls=file, size="SIZE 30000000") as url:
        found = greeted(settings, url)
    assert {check: finding.state for check, finding in found.items()} == {
        "upstream": "ok",
        "upstream tls": "ok",
        "upstream size": "ok",
    }
    assert "speaks TLS" in found["upstream"].says


def test_a_hop_whose_certificate_nobody_vouches_for_is_warned_of_and_still_greeted(
    tmp_path: Path, settings: object
) -> None:
    with hop(tls=certificate(tmp_path, "localhost")) as url:
        found = greeted(settings, url)
    assert found["upstream"].state == "ok" and "speaks TLS" in found["upstream"].says
    assert found["upstream tls"].state == "warn" and "self-signed" in found["upstream tls"].says
    assert found["upstream tls"].mend


def test_with_a_login_such_a_hop_is_wrong(tmp_path: Path, settings: object) -> None:
    """The courier gives its password to nobody whom it cannot trust."""
    with hop(tls=certificate(tmp_path, "localhost")) as url:
        found = greeted(settings, url.replace("://", "://atesaki:s3cret@"))
    assert found["upstream"].state == "wrong" and "certificate" in found["upstream"].says
    assert "s3cret" not in found["upstream"].says


def test_a_hop_elsewhere_without_tls_is_warned_of(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with hop() as url:
        assert "upstream tls" not in greeted(settings, url), "on this machine nobody listens in"
        monkeypatch.setattr(upstream, "here", lambda host: False)
        found = greeted(settings, url)["upstream tls"]
    assert found.state == "warn" and "in the clear" in found.says


@pytest.mark.parametrize(
    ("size", "state"), [("SIZE 1000000", "warn"), ("SIZE 26214400", "ok"), ("SIZE", "ok"), ("", "ok")]
)
def test_a_hop_takes_mail_as_large_as_ours(size: str, state: str, settings: object) -> None:
    with hop(size=size) as url:
        found = greeted(settings, url)["upstream size"]
    assert found.state == state
    assert ("ATESAKI_MAX_OCTETS=1000000" in found.mend) == (state == "warn")


# -- services -------------------------------------------------------------------------------------------------------


def told(trial: bool = False) -> list[Finding]:
    return list(web.webhooks(trial))


def shop(url: str) -> tenants.Issued:
    return tenants.add_service(
        "Shop", organisation="Shop", locale="en", mode="enforce", sender="shop@shop.example", webhook=url
    )


def test_a_service_that_answers_is_well_and_nothing_is_sent_unasked(db: None) -> None:
    with receiving() as receiver:
        shop(f"http://127.0.0.1:{receiver.port}/hook?key=s3cret")
        (found,) = told()
        assert found.state == "ok" and "without TLS" in found.says and "s3cret" not in found.says
        assert receiver.got == []


def test_a_trial_is_signed_and_counts_only_if_it_was_heard(db: None) -> None:
    with receiving() as receiver:
        issued = shop(f"http://127.0.0.1:{receiver.port}/hook")
        (found,) = told(trial=True)
        assert found.state == "ok"
        [(_, headers, body)] = receiver.got
        verify(issued.webhook_secret, headers, body)
        assert b'"type":"test.sent"' in body and b'"data":{}' in body
        assert outbox.webhooks_of(issued.service) == [], "it is no event, and is not repeated"


def test_a_service_that_is_away_says_so_and_hides_nobody_else(db: None) -> None:
    shop("http://127.0.0.1:1/hook?key=s3cret")
    with receiving() as receiver:
        tenants.add_service(
            "Well",
            organisation="Shop",
            locale="en",
            mode="enforce",
            sender="shop@shop.example",
            webhook=f"http://127.0.0.1:{receiver.port}/",
        )
        for trial in (False, True):
            away, well = told(trial)
            assert (away.state, well.state) == ("wrong", "ok")
            assert "no connection" in away.says and away.mend and "s3cret" not in away.says + away.mend


def test_a_certificate_of_another_name_is_wrong(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certificate(tmp_path, "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with receiving(context) as receiver:
        shop(f"https://localhost:{receiver.port}/hook")
        (found,) = told()
    assert found.state == "wrong" and "another name" in found.says


# -- clocks, disk, backups ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("apart", "state"), [(0, "ok"), (1.9, "ok"), (2.1, "warn"), (59, "warn"), (61, "wrong")])
def test_clocks_that_differ_are_warned_of(apart: float, state: str) -> None:
    found = store._clocks(timedelta(seconds=apart))
    assert found.state == state and bool(found.mend) == (state != "ok")


def test_the_databases_clock_is_asked(db: None) -> None:
    found = {finding.check: finding.state for finding in store.database()}
    assert found["clocks"] == found["database"] == "ok"


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATESAKI_HOME", str(tmp_path))
    for free, state in ((100 * 2**20, "wrong"), (2**30, "warn"), (5 * 2**30, "ok")):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        (found,) = machine.room()
        assert (found.check, found.state) == ("disk", state)


def test_the_embedded_databases_own_disk_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.exists() or other.stat().st_dev == tmp_path.stat().st_dev:
        other = Path("/proc")
    (tmp_path / "database").symlink_to(other)
    monkeypatch.setenv("ATESAKI_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert [found.check for found in machine.room()] == ["disk", "database disk"]
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example.jp/atesaki")
    assert [found.check for found in machine.room()] == ["disk"]


@pytest.fixture
def backups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finding]:
    def look(**files: tuple[float, bytes]) -> Finding:
        for name, (hours, content) in files.items():
            (tmp_path / name).write_bytes(content)
            at = time.time() - hours * 3600
            os.utime(tmp_path / name, (at, at))
        (found,) = machine.backups()
        return found

    monkeypatch.setenv("ATESAKI_BACKUPS", str(tmp_path))
    return look


def test_the_newest_backup_is_not_old(backups: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    assert backups().state == "wrong", "none"
    assert backups(monday=(50, b"dump")).state == "warn"
    found = backups(tuesday=(20, b"dump"))
    assert found.state == "ok" and "tuesday" in found.says
    assert backups(wednesday=(1, b"")).state == "wrong", "empty"
    monkeypatch.setenv("ATESAKI_BACKUPS", "/none/such")
    assert backups().state == "wrong"
    monkeypatch.delenv("ATESAKI_BACKUPS")
    assert backups().state == "ok", "not asked for"
