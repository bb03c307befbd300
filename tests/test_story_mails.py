"""The three mails of 13 April 2017, and sixteen of other services, over SMTP: what arrives, and what is answered."""

from __future__ import annotations

import json
import re
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import cycle
from pathlib import Path

import pytest
from django.test import Client

from atesaki import gate, ownership
from atesaki.models import Hold, Key, Line, Sealed
from atesaki.tenants import Issued, add_service
from tests import leaks
from tests.door import opened
from tests.world import HANA, KEN_LIVES_AT, World

CORPUS = Path(__file__).parent / "corpus"
STORY = sorted((CORPUS / "story").glob("*.eml"))  # registered, completed, order
OTHERS = sorted((CORPUS / "mails").glob("*.eml"))
LABELS = json.loads((CORPUS / "mails" / "labels.json").read_text("utf-8"))
JIRO = "jiro@example.com"
SHOP_LIVES_AT, SHOP_RINGS_AT, KEN_RINGS_AT = "105-9999", "0120-000-777", "0123"
FOR_US = b"X-Atesaki-Customer: MNT-4471\r\nX-Atesaki-Knows: phone_last4=0123;\r\n postal_code=273-0005\r\n"


def secrets_of(mail: Path) -> list[str]:
    """What in a mail is the customer's."""
    if mail in OTHERS:
        return [span["text"] for span in LABELS[mail.name]]
    return mail.with_suffix(".secrets").read_text("utf-8").splitlines()


SECRETS = sorted({secret for mail in [*STORY, *OTHERS] for secret in secrets_of(mail)})


@dataclass
class Group:
    """Two services of one organisation, the door that both use, and what was delivered."""

    supermarket: Issued
    identity: Issued
    port: int
    delivery: World

    def story(self) -> list[tuple[Issued, bytes]]:
        """The three mails, and who sends each."""
        senders = (self.supermarket, self.identity, self.supermarket)
        return [(sender, mail.read_bytes()) for sender, mail in zip(senders, STORY, strict=True)]

    def notices(self, sender: Issued, to: str = HANA) -> list[EmailMessage]:
        """Our own mails to a mailbox that a service's mails have caused."""
        mails = [mail for mail in self.delivery.notices() if mail["To"] == to]
        return [mail for mail in mails if sender.service.name in str(mail["From"])]

    def tokens(self, sender: Issued, to: str = HANA) -> tuple[str, str]:
        """The confirm and the not-me token of the only notice."""
        (notice,) = self.notices(sender, to)
        return self.delivery.tokens(notice)


@pytest.fixture
def group(transactional_db: None, tmp_path: Path, settings: object) -> Iterator[Group]:
    settings.ATESAKI_UPSTREAM = f"maildir:{tmp_path / 'delivered'}"  # type: ignore[attr-defined]
    supermarket, identity = (
        add_service(name, organisation="みなとグループ", locale="ja", mode="enforce", sender=sender)
        for name, sender in (("みなとネットスーパー", "order@super.example"), ("みなとID", "no-reply@id.example"))
    )
    with opened(tmp_path / "gate.log") as port:
        yield Group(supermarket, identity, port, World(supermarket.service, tmp_path / "delivered", ("", "")))


HandIn = Callable[[Issued, bytes, str], str]
"""Hands a service's mail to a recipient in, with its credentials; the answer to it."""


@pytest.fixture(params=["smtplib", "swaks"])
def hand_in(request: pytest.FixtureRequest, group: Group, require: Callable[..., Path], tmp_path: Path) -> HandIn:
    if request.param == "smtplib":
        return lambda sender, mail, to: _by_smtplib(group.port, sender, mail, to)
    swaks = require("swaks")
    return lambda sender, mail, to: _by_swaks(swaks, group.port, sender, mail, to, tmp_path / "handed-in.eml")


def _by_smtplib(port: int, sender: Issued, mail: bytes, to: str) -> str:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as talk:
        talk.login(sender.smtp_username, sender.smtp_password)
        talk.mail(sender.service.sender)
        talk.rcpt(to)
        code, words = talk.data(mail)
        return f"{code} {words.decode()}"


def _by_swaks(swaks: Path, port: int, sender: Issued, mail: bytes, to: str, file: Path) -> str:
    file.write_bytes(mail.removesuffix(b"\r\n"))  # it ends the last line itself
    words = ["--server", "127.0.0.1", "--port", str(port), "--from", sender.service.sender, "--to", to]
    words += ["--auth", "PLAIN", "--auth-user", sender.smtp_username, "--auth-password", sender.smtp_password]
    ran = subprocess.run(
        [str(swaks), *words, "--data", f"@{file}"],
        stdin=subprocess.DEVNULL,  # it would ask for what it misses, for ever
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = ran.stdout.decode("utf-8", "replace")
    answer = re.match(r"<(?:-|\*\*) +(.*)\n", said.rpartition("\n -> .\n")[2])
    assert answer, said
    return answer[1]


@pytest.mark.parametrize("mail", [mail for mail in [*STORY, *OTHERS] if secrets_of(mail)], ids=lambda mail: mail.stem)
def test_a_leak_would_be_seen(mail: Path) -> None:
    assert leaks.found(mail.read_bytes(), SECRETS) >= set(secrets_of(mail))


def test_the_story_is_told_in_three_encodings() -> None:
    told = re.compile(rb"charset=([\w-]+)\r\nContent-Transfer-Encoding: (\w+)")
    said = [told.findall(mail.read_bytes()) for mail in STORY]
    assert said == [[(b"ISO-2022-JP", b"7bit")], [(b"UTF-8", b"base64")] * 2, [(b"UTF-8", b"8bit")]]


def test_nothing_of_the_customer_s_reaches_the_mailbox(group: Group, hand_in: HandIn) -> None:
    both = (group.supermarket, group.identity)
    sent = group.story() + [(sender, mail.read_bytes()) for sender, mail in zip(cycle(both), OTHERS, strict=False)]
    assert len(sent) == 19
    for sender, mail in sent:
        answer = hand_in(sender, mail, HANA)
        code, _, ledger, outcome = answer.split()
        assert code == "250" and outcome in ("substitute", "hold"), answer
        assert Hold.objects.filter(line=ledger).exists()
    gate.drive()

    assert Hold.objects.count() == len(sent), "all of them still wait"
    assert [len(group.notices(sender)) for sender in both] == [sender.service.notices_per_day for sender in both]
    delivered = group.delivery.delivered()
    assert len(delivered) == sum(len(group.notices(sender)) for sender in both), "nothing left but these"
    for raw in delivered:
        assert not leaks.found(raw, SECRETS), raw


@pytest.mark.parametrize("for_us", [b"", FOR_US], ids=["found in the mail", "told in a header"])
def test_the_customer_s_answer_releases_the_order_as_it_was_sent(group: Group, hand_in: HandIn, for_us: bytes) -> None:
    (_, registered), _, (_, order) = group.story()
    for sender, mail in group.story():
        head, body = mail.split(b"\r\n\r\n", 1)
        asking = head + b"\r\n" + for_us + b"\r\n" + body if sender is group.supermarket else mail
        assert hand_in(sender, asking, HANA).startswith("250 ")
    gate.drive()
    confirm, _ = group.tokens(group.supermarket)
    shown = Client().get(f"/c/{confirm}")
    assert shown.status_code == 200
    assert not [secret for secret in secrets_of(STORY[2]) if secret in shown.content.decode()], "nor does the page tell"
    pressed = Client().post(f"/c/{confirm}", {"kind": "postal_code", "answer": KEN_LIVES_AT})
    assert pressed.status_code == 200, pressed.content.decode()
    gate.drive()

    arrived = [_as_sent(raw) for raw in group.delivery.orders()]
    assert arrived == [registered, order], "byte for byte, in the order of arrival"
    (waits,) = Hold.objects.select_related("claim__service")
    assert waits.claim.service == group.identity.service, "nobody answered for the other service"


def _as_sent(raw: bytes) -> bytes:
    """A delivered mail without the trace of its way: two lines of the Maildir's, and our own three."""
    trace = re.match(
        rb"Return-Path: <order@super\.example>\r\n"
        rb"Delivered-To: hana@example\.jp\r\n"
        rb"Received: from \S+ \(\[127\.0\.0\.1\]\)\r\n"
        rb"\tby atesaki\.localhost with ESMTPA id [\w-]+;\r\n"
        rb"\t[^\r\n]+\r\n",
        raw,
    )
    assert trace, raw[:500]
    return raw[trace.end() :]


def test_what_is_the_shop_s_own_never_opens_its_order(group: Group) -> None:
    order = STORY[2].read_bytes()
    assert all(own.encode() in order for own in (SHOP_LIVES_AT, SHOP_RINGS_AT))
    assert _by_smtplib(group.port, group.supermarket, order, HANA).startswith("250 ")
    gate.drive()
    confirm, _ = group.tokens(group.supermarket)
    for kind, answer in (("postal_code", SHOP_LIVES_AT), ("phone_last4", SHOP_RINGS_AT[-4:].replace("-", "0"))):
        assert Client().post(f"/c/{confirm}", {"kind": kind, "answer": answer}).status_code == 422
        assert gate.drive() == 0 and Hold.objects.exists()
    # The last of three tries: it was the answers that were wrong, and not the page that was closed.
    assert Client().post(f"/c/{confirm}", {"kind": "phone_last4", "answer": KEN_RINGS_AT}).status_code == 200
    assert gate.drive() == 1 and not Hold.objects.exists()


def test_not_me_silences_the_whole_organisation(group: Group, hand_in: HandIn) -> None:
    for to in (HANA, JIRO):
        for sender, mail in group.story():
            assert hand_in(sender, mail, to).startswith("250 ")
    gate.drive()
    _, not_me = group.tokens(group.identity, JIRO)
    assert Client().get(f"/n/{not_me}").status_code == 200
    assert _waiting() == {HANA: 3, JIRO: 3}, "a GET does nothing"
    assert Client().post(f"/n/{not_me}").status_code == 200

    assert _waiting() == {HANA: 3}
    assert Key.objects.count() == Sealed.objects.count() == 3, "the mails went, and what would open them"
    before = group.delivery.delivered()
    for sender, mail in group.story():
        answer = hand_in(sender, mail, JIRO)
        assert answer.startswith("550 5.7.1 "), answer
        assert hand_in(sender, mail, HANA).startswith("250 "), "the other mailbox said nothing"
    gate.drive()
    assert group.delivery.delivered() == before


def _waiting() -> dict[str, int]:
    owners = [ownership.plain(bytes(hold.digest)) for hold in Hold.objects.all()]
    return {owner.text: owners.count(owner) for owner in owners if owner}


def test_who_shows_no_key_hands_in_nothing(group: Group, require: Callable[..., Path], tmp_path: Path) -> None:
    """smtp-source knows no AUTH: it is every program that found the port."""
    source = require("smtp-source")
    mail = tmp_path / "order.eml"
    mail.write_bytes(STORY[2].read_bytes().replace(b"\r\n", b"\n"))  # it ends the lines itself
    words = ["-F", str(mail), "-f", "order@super.example", "-t", HANA, f"inet:127.0.0.1:{group.port}"]
    ran = subprocess.run([str(source), *words], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode != 0 and "530 5.7.0" in ran.stdout + ran.stderr, ran
    assert not Line.objects.exists() and not group.delivery.delivered()
