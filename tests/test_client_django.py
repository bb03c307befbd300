"""`atesaki_client.django`'s mail backend and its spool, against the real SMTP door with a gate of the tests' own."""

from __future__ import annotations

import logging
import os
import smtplib
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from atesaki_client.django import EmailBackend, client, customer
from atesaki_client.django.management.commands.atesaki_send_waiting import Command
from atesaki_client.spool import Fate, Spool, Waiting
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection, send_mail
from django.core.management import CommandError, call_command

from tests.programs import free_ports
from tests.test_smtp_door import USUAL, Gate, House

HANA, KEN = "hana@example.jp", "ken@example.jp"


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def house(gate: Gate, settings: Any) -> Iterator[House]:
    with House(gate) as opened:
        _settings(settings, opened.port)
        yield opened


def _settings(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "atesaki_client.django.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "supermarket", "right"


@pytest.fixture
def spool(settings: Any, tmp_path: Path) -> Spool:
    settings.ATESAKI_SPOOL = tmp_path / "waiting"
    return Spool(tmp_path / "waiting")


@pytest.fixture
def away(settings: Any) -> int:
    """A door that nobody has opened; its port."""
    (port,) = free_ports(1)
    _settings(settings, port)
    return port


def mail(subject: str = "ご注文", *to: str, **more: Any) -> EmailMessage:
    return EmailMessage(subject, "〒273-0005 大島 健太郎 様", "shop@shop.example", list(to) or [HANA], **more)


def got(gate: Gate) -> list[str]:
    """The subjects of what the gate got, in order."""
    import email
    import email.policy

    return [str(email.message_from_bytes(raw, policy=email.policy.default)["Subject"]) for _, _, raw in gate.mails]


# --- whom it is for --------------------------------------------------------------------------------------


def test_each_way_to_name_the_customer_and_which_goes_first(house: House, gate: Gate) -> None:
    with customer("from-context", knows={"postal_code": "〒２７３－０００５", "phone_last4": ""}):
        mail().send()
        named = mail()
        named.atesaki_customer = "from-mail"  # type: ignore[attr-defined]
        named.atesaki_knows = {"birth_year": "1980"}  # type: ignore[attr-defined]
        named.send()
        mail(headers={"X-Atesaki-Customer": "from-header"}).send()
        with customer("inner"):
            send_mail("a", "b", "shop@shop.example", [HANA])
    mail().send()
    heads = [raw.split(b"\r\n\r\n")[0] for _, _, raw in gate.mails]
    refs = [[line[20:] for line in head.split(b"\r\n") if line.startswith(b"X-Atesaki-Customer:")] for head in heads]
    assert refs == [[b"from-context"], [b"from-mail"], [b"from-header"], [b"inner"], []]
    assert b"X-Atesaki-Knows: postal_code=2730005\r\n" in heads[0] + b"\r\n"
    assert b"X-Atesaki-Knows: birth_year=1980\r\n" in heads[1] + b"\r\n" and b"Knows" not in heads[3] + heads[4]


def test_what_cannot_be_an_answer_is_left_out_and_the_mail_goes(
    house: House, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    with customer("M-1", knows={"postal_code": "SW1A 1AA", "phone_last4": "+81 90-1234-5678", "name": "大島"}):
        assert mail().send() == 1
    assert b"X-Atesaki-Knows: phone_last4=+819012345678\r\n" in gate.mails[0][2]
    assert caplog.text.count("knows_left_out") == 2 and "SW1A" not in caplog.text and "大島" not in caplog.text


def test_a_reference_cannot_add_a_header(house: House, gate: Gate) -> None:
    with customer("M-1\r\nBcc: hana@example.jp"), pytest.raises(ValueError, match="in one line"):
        mail().send()
    assert not gate.mails


def test_one_thread_does_not_name_anothers_customer(house: House, gate: Gate) -> None:
    with customer("mine"):
        other = threading.Thread(target=lambda: mail("theirs").send())
        other.start()
        other.join(10)
    assert b"X-Atesaki-Customer" not in gate.mails[0][2]


def test_the_mail_arrives_as_djangos_own_backend_sends_it(house: House, gate: Gate) -> None:
    message = EmailMultiAlternatives("ご注文", "本文\n.点\n", "店 <shop@shop.example>", [f"花 <{HANA}>"], bcc=[KEN])
    message.attach_alternative("<p>本文</p>", "text/html")
    message.extra_headers["Message-ID"] = "<1@shop.example>"
    message.extra_headers["Date"] = "Tue, 24 Nov 2026 09:00:00 +0000"
    for backend in ("atesaki_client.django.EmailBackend", "django.core.mail.backends.smtp.EmailBackend"):
        assert get_connection(backend).send_messages([message]) == 1
    ours, theirs = gate.mails
    assert ours[1].sender == theirs[1].sender == "shop@shop.example"
    assert [each.text for each in ours[1].recipients] == [each.text for each in theirs[1].recipients] == [HANA, KEN]
    body = [_without_boundaries(raw.split(b"Content-Type", 1)[1]) for _, _, raw in gate.mails]
    assert body[0] == body[1] and KEN.encode() not in gate.mails[0][2]


def _without_boundaries(raw: bytes) -> bytes:
    import re

    return re.sub(rb"={5,}\d+==", b"BOUNDARY", raw)


# --- what the door answers -------------------------------------------------------------------------------


def test_what_became_of_it_is_on_the_message(house: House, gate: Gate) -> None:
    gate.script = ["hold,deliver"]
    message = mail("a", HANA, KEN)
    assert message.send() == 1
    assert message.atesaki_outcomes == ("hold", "deliver")  # type: ignore[attr-defined]
    assert message.atesaki_ledger == str(gate.returned[0])  # type: ignore[attr-defined]


def test_a_refused_recipient_is_no_exception_and_is_logged_without_the_address(
    house: House, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    gate.script = ["refuse", "refuse,deliver"]
    assert mail().send() == 0, "not counted among the sent"
    assert mail("b", HANA, KEN).send() == 1
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said[0].startswith(f"atesaki.refused: ledger {gate.returned[0]}: The owner of this mailbox"), said
    assert said[1] == f"atesaki.refused: ledger {gate.returned[1]}: 1 of 2"
    assert "example.jp" not in caplog.text


def test_what_is_no_address_holds_up_no_order(house: House, gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    assert mail("a", "hana@-", KEN).send() == 1
    assert [each.text for each in gate.mails[0][1].recipients] == [KEN]
    assert mail("b", "hana@-").send() == 0 and len(gate.mails) == 1
    assert "recipient 1: 553" in caplog.text and "hana" not in caplog.text


def test_more_recipients_than_the_door_takes_go_in_turns(gate: Gate, settings: Any) -> None:
    from dataclasses import replace

    with House(gate, replace(USUAL, recipients=2)) as opened:
        _settings(settings, opened.port)
        assert mail("a", *(f"k{n}@example.jp" for n in range(5))).send() == 1
    assert [[each.text[:2] for each in one.recipients] for _, one, _ in gate.mails] == [
        ["k0", "k1"],
        ["k2", "k3"],
        ["k4"],
    ]


def test_without_a_spool_it_raises_as_djangos_does(house: House, gate: Gate, settings: Any) -> None:
    gate.script = ["later", "unacceptable It is no mail.", "later"]
    with pytest.raises(smtplib.SMTPDataError) as raised:
        mail().send()
    assert raised.value.smtp_code == 451
    with pytest.raises(smtplib.SMTPDataError) as raised:
        mail().send()
    assert raised.value.smtp_code == 554
    assert mail().send(fail_silently=True) == 0
    settings.EMAIL_HOST_PASSWORD = "wrong"
    with pytest.raises(smtplib.SMTPAuthenticationError):
        mail().send()
    settings.EMAIL_PORT = free_ports(1)[0]
    with pytest.raises(ConnectionRefusedError):
        mail().send()
    assert mail().send(fail_silently=True) == 0
    with pytest.raises(ImproperlyConfigured, match="ATESAKI_SPOOL"):
        EmailBackend.send_waiting()


# --- the spool -------------------------------------------------------------------------------------------


def test_while_atesaki_is_away_mail_is_kept_and_goes_in_its_order(
    away: int, spool: Spool, settings: Any, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    with customer("M-1"):
        assert [mail(f"m{n}").send() for n in range(3)] == [1, 1, 1]
    files = [spool.folder / name for name in spool.names()]
    assert len(files) == 3 and {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert caplog.text.count("atesaki.kept: Connection refused") == 1 and "3 in all" in caplog.text
    assert "example.jp" not in caplog.text and "健太郎" not in caplog.text
    with pytest.raises(CommandError, match="could not be reached"):
        call_command(Command())
    with House(gate) as opened:
        settings.EMAIL_PORT = opened.port
        call_command(Command())
        call_command(Command())
    assert got(gate) == ["m0", "m1", "m2"] and not spool.names()
    assert all(b"X-Atesaki-Customer: M-1\r\n" in raw for _, _, raw in gate.mails)


def test_the_next_mail_goes_behind_what_waits_and_takes_it_along(
    away: int, spool: Spool, settings: Any, gate: Gate
) -> None:
    mail("first").send()
    with House(gate) as opened:
        settings.EMAIL_PORT = opened.port
        assert mail("second").send() == 1
        assert got(gate) == ["first", "second"] and not spool.names()


@pytest.mark.parametrize("trouble", ["later", "raises The database is away"])
def test_what_is_not_taken_is_kept(house: House, gate: Gate, spool: Spool, trouble: str) -> None:
    gate.script = [trouble]
    assert mail("a").send() == 1 and len(spool.names()) == 1
    assert EmailBackend.send_waiting().sent == 1
    assert got(gate) == ["a", "a"]


def test_a_wrong_password_loses_no_mail(house: House, gate: Gate, spool: Spool, settings: Any) -> None:
    settings.EMAIL_HOST_PASSWORD = "wrong"
    assert mail("a").send() == 1
    assert EmailBackend.send_waiting().away
    settings.EMAIL_HOST_PASSWORD = "right"
    assert EmailBackend.send_waiting().sent == 1 and got(gate) == ["a"]


def test_one_mail_that_is_put_off_or_poisoned_holds_up_no_other(
    away: int, spool: Spool, settings: Any, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(4):
        mail(f"m{n}").send()
    (spool.folder / "00000000000000000001-x.mail").write_bytes(b"what somebody else has put here")
    gate.script = ["later", "unacceptable It is no mail.", "refuse", "deliver"]
    with House(gate) as opened:
        settings.EMAIL_PORT = opened.port
        run = EmailBackend.send_waiting()
        assert (run.sent, run.refused, run.waiting) == (2, 2, 1) and got(gate) == ["m0", "m1", "m2", "m3"]
        assert len(list((spool.folder / "refused").iterdir())) == 2
        assert "554" in caplog.text and "refused/" in caplog.text
        assert EmailBackend.send_waiting().waiting == 1 and len(gate.mails) == 4, "its time has not come"
        (left,) = spool.names()
        os.utime(spool.folder / left, (time.time() - 1, time.time() - 1))
        assert EmailBackend.send_waiting().sent == 1 and got(gate)[-1] == "m0"


def test_a_door_that_puts_off_everything_is_left_alone_and_all_can_be_asked_for(
    away: int, spool: Spool, settings: Any, gate: Gate
) -> None:
    for n in range(25):
        spool.keep(Waiting("shop@shop.example", (HANA,), f"Subject: m{n}\r\n\r\nx\r\n".encode()))
    gate.script = ["later"] * 20
    with House(gate) as opened:
        settings.EMAIL_PORT = opened.port
        assert EmailBackend.send_waiting().waiting == 25 and len(gate.mails) == 20
        call_command(Command(), all=True)
    assert not spool.names() and got(gate)[20:] == [f"m{n}" for n in range(25)]


def test_recipients_that_were_put_off_are_asked_for_alone(gate: Gate, settings: Any, spool: Spool) -> None:
    """One that the door takes, one that it puts off at RCPT: a door of the test's own says so."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        _settings(settings, server.getsockname()[1])
        settings.EMAIL_HOST_USER = ""
        thread = threading.Thread(target=_play, args=(server, heard, [{KEN: "450 4.2.0 later"}, {}]), daemon=True)
        thread.start()
        assert mail("a", HANA, KEN).send() == 1
        (name,) = spool.names()
        assert spool.read(name).recipients == (KEN,)
        assert EmailBackend.send_waiting().sent == 1
        thread.join(10)
    assert [line for line in heard if line.startswith("rcpt")] == [f"rcpt TO:<{each}>" for each in (HANA, KEN, KEN)]


def _play(server: socket.socket, heard: list[str], conversations: list[dict[str, str]]) -> None:
    for answers in conversations:
        peer, _ = server.accept()
        with peer, peer.makefile("rwb") as talk:
            _say(talk, "220 here")
            for line in iter(talk.readline, b""):
                heard.append(line.decode().strip())
                word = heard[-1].split(" ")[0].upper()
                address = heard[-1].partition("<")[2].partition(">")[0]
                if word == "DATA":
                    _say(talk, "354 go on")
                    while talk.readline() != b".\r\n":
                        pass
                _say(talk, answers.get(address, "221 bye" if word == "QUIT" else "250 ok"))


def _say(talk: Any, line: str) -> None:
    talk.write(line.encode() + b"\r\n")
    talk.flush()


def test_a_door_that_goes_in_the_middle_leaves_the_mail_with_us(settings: Any, spool: Spool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _settings(settings, server.getsockname()[1])

        def hang_up() -> None:
            peer, _ = server.accept()
            peer.sendall(b"220 here\r\n")
            peer.recv(100)
            peer.close()

        threading.Thread(target=hang_up, daemon=True).start()
        assert mail("a").send() == 1 and len(spool.names()) == 1


def test_senders_at_once_send_each_mail_once(away: int, spool: Spool, settings: Any, gate: Gate) -> None:
    for n in range(40):
        spool.keep(Waiting("shop@shop.example", (HANA,), f"Subject: m{n:02}\r\n\r\nx\r\n".encode()))
    with House(gate) as opened:
        settings.EMAIL_PORT = opened.port
        threads = [threading.Thread(target=EmailBackend.send_waiting) for _ in range(4)]
        threads += [threading.Thread(target=mail(f"new{n}").send) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert got(gate)[:40] == [f"m{n:02}" for n in range(40)]
    assert sorted(got(gate)[40:]) == [f"new{n}" for n in range(4)] and not spool.names(), "none was left behind"


def test_two_processes_do_not_send_at_once(tmp_path: Path) -> None:
    """The lock holds between processes, and ends with whoever holds it, however that ends."""
    spool = Spool(tmp_path)
    spool.keep(Waiting("a@shop.example", (HANA,), b"x"))
    script = (
        "import sys, time; from pathlib import Path; from atesaki_client.spool import Spool\n"
        "def offer(mail, name): print('offered', flush=True); time.sleep(60)\n"
        "Spool(Path(sys.argv[1])).send(offer)\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "offered\n"
        assert spool.send(lambda *_: (Fate.DONE, ())).busy
        other.kill()
        other.wait(10)
    assert spool.send(lambda *_: (Fate.DONE, ())).sent == 1


def test_what_was_half_written_is_no_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        spool.keep(Waiting("a@shop.example", (HANA,), b"x"))
    assert not spool.names() and not list(tmp_path.iterdir())
    # A process that was killed there could not clean up.
    left = tmp_path / ".00000000000000000001-x.mail.abcd"
    left.write_bytes(b'{"from": "a@sh')
    assert not spool.names() and spool.send(lambda *_: (Fate.DONE, ())).sent == 0 and left.exists()
    os.utime(left, (1, 1))
    spool.send(lambda *_: (Fate.DONE, ()))
    assert not left.exists()


def test_a_spool_that_cannot_be_written_is_told(
    away: int, spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Spool, "keep", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ConnectionRefusedError):
        mail().send()
    assert "atesaki.not_kept" in caplog.text and "No space left" in caplog.text
    assert mail().send(fail_silently=True) == 0


def test_a_spool_that_a_web_server_shows_is_refused(away: int, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.ATESAKI_SPOOL = tmp_path / "x" / ".." / "waiting"
    with pytest.raises(ImproperlyConfigured, match="MEDIA_ROOT"):
        mail().send()
    assert not (tmp_path / "waiting").exists()


def test_a_client_of_the_settings(settings: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="ATESAKI_URL"):
        client()
    settings.ATESAKI_URL, settings.ATESAKI_API_KEY = "https://gate.example.jp", "key.secret"
    assert client() is client()
    settings.ATESAKI_URL = "gate.example.jp"
    with pytest.raises(ImproperlyConfigured, match="public URL"):
        client()
