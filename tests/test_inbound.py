"""What comes back: told apart by rules, over corpora; and what follows from it, on the database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import DatabaseError
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki import addresses, desk, gate, inbound, notme, ownership
from atesaki.inbound import Kind, Taken
from atesaki.models import Case, Claim, Event, Inquiry, Message, Step, Token
from atesaki.ownership import Purpose, Standing
from tests.world import HANA, KEN_LIVES_AT, World, order

CORPUS = Path(__file__).parent / "corpus"
REPLIES = sorted((CORPUS / "replies").glob("*.eml"))
BOUNCES = sorted((CORPUS / "bounces").glob("*.eml"))


@dataclass(frozen=True)
class Expected:
    kind: str
    sender: str
    recipient: str
    status: str
    text: str


def expected(path: Path) -> Expected:
    head, _, text = path.with_suffix(".expected").read_text().partition("\n\n")
    facts = {name: value.strip() for name, _, value in (line.partition(":") for line in head.splitlines())}
    text = text.removesuffix("\n") if facts["kind"] == "reply" else ""
    return Expected(facts["kind"], facts["sender"], facts["recipient"], facts.get("status", ""), text)


@pytest.mark.parametrize("path", [*REPLIES, *BOUNCES], ids=lambda path: path.stem)
def test_corpus(path: Path) -> None:
    wanted = expected(path)
    heard = inbound.read(path.read_bytes(), wanted.sender, wanted.recipient)
    assert (heard.kind.value, heard.text, heard.status) == (wanted.kind, wanted.text, wanted.status)
    assert inbound.classify(path.read_bytes(), wanted.sender, wanted.recipient) is heard.kind


def test_the_corpora_are_as_large_as_promised() -> None:
    replies = [path for path in REPLIES if expected(path).kind == "reply"]
    assert len(replies) >= 60
    assert len(BOUNCES) >= 30
    assert {expected(path).kind for path in [*REPLIES, *BOUNCES]} == {kind.value for kind in Kind}
    assert all(path.read_bytes().replace(b"\r\n", b"").count(b"\n") == 0 for path in [*REPLIES, *BOUNCES])


def test_no_reply_of_a_corpus_keeps_what_our_own_mail_said() -> None:
    for path in REPLIES:
        heard = inbound.read(path.read_bytes(), expected(path).sender, expected(path).recipient)
        for ours in ("/n/qWx7", "個人情報の保護のため", "its content is not given", "hanahanahana"):
            assert ours not in heard.text, path.stem


_HEADER = st.sampled_from(
    [
        *(b"From: MAILER-DAEMON@x.example", b"Auto-Submitted: \xff", b"Delivered-To: <", b"Message-ID: <>"),
        *(b"Content-Type: multipart/report; boundary=x", b"Content-Type: text/html; charset=\x80", b"X-Loop: @"),
        *(b"Content-Type: message/delivery-status", b"Content-Type: message/feedback-report", b"Subject: =?x?q?"),
        *(b"Content-Transfer-Encoding: base64", b"Return-Path: <>", b"X-Failed-Recipients:", b"Received: a"),
    ]
)


@given(st.lists(_HEADER, max_size=6), st.binary(max_size=400), st.text(max_size=30), st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_bytes_have_a_kind(head: list[bytes], body: bytes, sender: str, recipient: str) -> None:
    raw = b"\r\n".join(head) + b"\r\n\r\n" + body
    for each in (raw, body, raw.replace(b"\r\n\r\n", b"\r\n\r\n--x\r\n")):
        for to in (recipient, "r+abc@gate.example.jp", "b+abc@gate.example.jp", "postmaster"):
            heard = inbound.read(each, sender, to)
            assert heard.kind in Kind
            assert len(heard.text) <= 10_000
            heard.text.encode()
        inbound.failed_authentication(each, "mx.example.jp")


@pytest.mark.timeout(60)
def test_a_hostile_mail_costs_no_time() -> None:
    """Each of these would keep a pattern with two ways to match busy for hours."""
    for line in (b"On " + b"a " * 200_000, b"user " + b"x " * 300_000, b"> " * 300_000, b"2026/1/1 " + b"<@" * 200_000):
        for head in (b"From: a@b.example\r\n\r\n", b"From: MAILER-DAEMON@b.example\r\nSubject: failure notice\r\n\r\n"):
            inbound.classify(head + line, "", "b+abc@gate.example.jp")
            inbound.classify(head + line, "a@b.example", "r+abc@gate.example.jp")
            inbound.classify(head + b"\r\n".join([line[:200]] * 3_000), "a@b.example", "r+abc@gate.example.jp")
    for line in (b"\r\n", b"> \r\n", b"-\r\n"):
        inbound.classify(b"From: MAILER-DAEMON@b.example\r\n\r\n" + line * 30_000, "", "b+abc@gate.example.jp")
    for field in (b"From: " + b"(" * 60_000, b"Subject: undeliverable " + b"user" * 15_000, b"From: " + b"<" * 60_000):
        raw = b"%s\r\nAuthentication-Results: a; %s\r\n\r\n%s" % (field, b"(" * 9_000, b"user" * 60_000)
        inbound.classify(raw, "", "b+abc@gate.example.jp")
        inbound.failed_authentication(raw, "a")


# --- authentication (RFC 8601) -------------------------------------------------------------------------------

FAILS = "Authentication-Results: mx.example.jp; dmarc=fail (p=reject) header.from=example.jp\r\n"


@pytest.mark.parametrize(
    ("fields", "fails"),
    [
        (FAILS, True),
        (FAILS.replace("mx.example.jp", "MX.Example.JP"), True),
        (FAILS.replace("fail", "pass"), False),
        (FAILS.replace("mx.example.jp", "mx.elsewhere.example"), False),
        (FAILS.replace("header.from=example.jp", "header.from=other.example"), False),
        (FAILS.replace("fail", "pass") + FAILS, True),
        ("Authentication-Results: mx.example.jp; dkim=fail header.d=example.jp; spf=fail\r\n", False),
        ("Authentication-Results: mx.example.jp; none\r\n", False),
        ("Authentication-Results: ;;;((\r\n", False),
        ("", False),
    ],
)
def test_only_what_our_own_mx_found_counts(fields: str, fails: bool) -> None:
    raw = f"{fields}From: Hana <hana@example.jp>\r\n\r\nno".encode()
    assert inbound.failed_authentication(raw, "mx.example.jp") is fails
    assert not inbound.failed_authentication(raw, "")


# --- what follows --------------------------------------------------------------------------------------------


@dataclass
class Reader:
    """Hana, who got a notice, and what she can answer to it."""

    world: World

    def __post_init__(self) -> None:
        self.world.send(order())
        gate.drive()
        notice = self.world.notices()[-1]
        self.reply_to = str(notice["Reply-To"])
        [raw] = [raw for raw in self.world.delivered() if b"Auto-Submitted: auto-generated" in raw]
        bounces = re.search(rb"b\+[a-z2-7]{39}@[a-z.]+", raw)
        assert bounces, "the courier writes the envelope sender into Return-Path"
        self.bounces_to = bounces[0].decode()
        self.notice = raw

    @property
    def standing(self) -> Standing:
        [known] = ownership.standings(self.world.service, [(ownership.digest(addresses.parse(HANA)), "")])
        return known.stand.standing

    @property
    def paused(self) -> bool:
        [known] = ownership.standings(self.world.service, [(ownership.digest(addresses.parse(HANA)), "")])
        return known.stand.paused

    def prove(self) -> None:
        confirm, _ = self.world.tokens()
        assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).result == "proved"
        assert self.standing is Standing.PROVED


@pytest.fixture
def hana(world: World) -> Reader:
    return Reader(world)


def written(text: str = "登録していません", number: int = 1, headers: str = "") -> bytes:
    head = f"From: hana@example.jp\r\nSubject: Re: x\r\nMessage-ID: <{number}@mail.example.jp>\r\n{headers}"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()


def failure(status: str = "5.1.1", named: str = HANA) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example.jp\r\nSubject: Undelivered\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.jp\r\n\r\n"
        f"Final-Recipient: rfc822; {named}\r\nAction: failed\r\nStatus: {status}\r\n\r\n--x--\r\n"
    ).encode()


def complaint(kind: str, original: bytes) -> bytes:
    return (
        b"From: feedback@isp.example\r\nSubject: complaint\r\n"
        b'Content-Type: multipart/report; report-type=feedback-report; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/plain\r\n\r\nA reader complained.\r\n"
        b"--x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: %s\r\nVersion: 1\r\n\r\n"
        b"--x\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--x--\r\n"
    ) % (kind.encode(), original)


def test_a_reply_is_a_report_whatever_its_words(hana: Reader) -> None:
    assert inbound.receive(written("ありがとうございます"), "hana@home.example", hana.reply_to) is Taken.TAKEN
    assert hana.standing is Standing.DISAVOWED
    case = Case.objects.get()
    assert (case.state, case.via) == (Case.State.REACHING, Case.Via.REPLY)
    message = Message.objects.get(direction="in")
    assert (message.case_id, message.kind, desk.read(message)) == (case.pk, "reply", "ありがとうございます")
    assert hana.world.send(order(2)).outcomes == (gate.Outcome.REFUSE,)


def test_the_answer_goes_to_the_claims_address_and_not_to_who_wrote(hana: Reader) -> None:
    before = len(hana.world.delivered())
    inbound.receive(written(), "hana@home.example", hana.reply_to)
    gate.drive()
    new = [raw for raw in hana.world.delivered()[before:]]
    assert [b"hana@home.example" in raw for raw in new] == [False], "one acknowledgement, and not to the other mailbox"
    assert b"Auto-Submitted: auto-replied" in new[0] and b"In-Reply-To: <1@mail.example.jp>" in new[0]
    assert f"To: {HANA}".encode() in new[0]


def test_the_same_reply_twice_is_one_message_and_another_is_another(hana: Reader) -> None:
    for number in (1, 1, 2):
        assert inbound.receive(written(number=number), "hana@example.jp", hana.reply_to) is Taken.TAKEN
    assert Message.objects.filter(direction="in").count() == 2
    assert Case.objects.count() == 1
    assert Event.objects.filter(kind="disavowed").count() == 1


def test_a_reply_that_comes_again_does_not_undo_a_proof(hana: Reader) -> None:
    confirm, _ = hana.world.tokens()
    inbound.receive(written(), "hana@example.jp", hana.reply_to)
    claim = Claim.objects.get()
    ownership.attest(claim, "shown at the counter")
    assert hana.standing is Standing.PROVED
    inbound.receive(written(), "hana@example.jp", hana.reply_to)
    assert hana.standing is Standing.PROVED
    inbound.receive(written(number=2), "hana@example.jp", hana.reply_to)
    assert hana.standing is Standing.DISAVOWED, "a new reply is a new word of the mailbox"
    assert confirm


def test_the_case_of_the_letters_does_not_matter(hana: Reader) -> None:
    local, domain = hana.reply_to.split("@")
    assert len(local) <= 64
    assert inbound.takes(f"{local.upper()}@{domain.upper()}")
    assert inbound.receive(written(), "hana@example.jp", f"{local.upper()}@{domain}") is Taken.TAKEN
    assert hana.standing is Standing.DISAVOWED


def test_unknown_ended_and_revoked_tokens_are_alike(hana: Reader, settings: object) -> None:
    domain = hana.reply_to.split("@")[1]
    for address in (
        *(
            f"r+{'a' * 39}@{domain}",
            f"nobody@{domain}",
            hana.reply_to.replace(domain, "other.example"),
            "",
            "@",
            "hana",
        ),
        f"b+{hana.reply_to[2:]}x",
    ):
        assert not inbound.takes(address), address
        assert inbound.receive(written(), "hana@example.jp", address) is Taken.NOBODY
    assert inbound.takes(hana.reply_to) and inbound.takes(hana.bounces_to)
    Token.objects.filter(purpose=Purpose.REPLY).update(revoked=Event.objects.earliest("pk").at)
    assert not inbound.takes(hana.reply_to)
    assert inbound.receive(written(), "hana@example.jp", hana.reply_to) is Taken.NOBODY
    assert hana.standing is Standing.CLAIMED
    assert inbound.takes("Postmaster") and inbound.takes(f"ABUSE@{domain}")


def test_what_a_machine_answers_changes_nothing(hana: Reader) -> None:
    for raw, sender, to in (
        (written(headers="Auto-Submitted: auto-replied\r\n"), "hana@example.jp", hana.reply_to),
        (written(), "", hana.reply_to),
        (written(), "hana@example.jp", hana.bounces_to),
        (hana.notice, hana.bounces_to, hana.reply_to),
        (failure("4.4.1"), "", hana.bounces_to),
    ):
        assert inbound.receive(raw, sender, to) is Taken.TAKEN
    assert hana.standing is Standing.CLAIMED
    assert not Case.objects.exists() and not Message.objects.exists()


def test_a_return_casts_doubt_on_what_was_proved_and_on_nothing_else(hana: Reader) -> None:
    inbound.receive(failure(), "", hana.bounces_to)
    assert hana.standing is Standing.CLAIMED
    hana.prove()
    for status in ("4.2.2", "5.2.2", "5.7.1"):
        inbound.receive(failure(status), "", hana.bounces_to)
        assert hana.standing is Standing.PROVED, status
    inbound.receive(failure(named="ken@example.com"), "", hana.bounces_to)
    assert hana.standing is Standing.DOUBTED
    assert Event.objects.get(kind="doubted").evidence == "5.1.1"
    assert not Case.objects.exists()


def test_a_return_names_nobody_but_the_mailbox_of_its_token(hana: Reader) -> None:
    hana.world.send(order(2, to="ken@example.com"), "ken@example.com")
    claim = Claim.objects.exclude(digest=ownership.digest(addresses.parse(HANA))).get()
    ownership.attest(claim, "at the counter")
    inbound.receive(failure(named="ken@example.com"), "", hana.bounces_to)
    assert ownership.known(claim).standing is Standing.PROVED


@pytest.mark.parametrize("to", ["abuse", "bounces"])
def test_a_complaint_pauses_and_opens_a_case_that_is_not_confirmed(hana: Reader, to: str) -> None:
    hana.prove()
    address = f"abuse@{hana.reply_to.split('@')[1]}" if to == "abuse" else hana.bounces_to
    assert inbound.receive(complaint("abuse", hana.notice), "feedback@isp.example", address) is Taken.TAKEN
    assert hana.paused and hana.standing is Standing.DOUBTED
    case = Case.objects.get()
    assert (case.state, case.via) == (Case.State.UNCONFIRMED, Case.Via.COMPLAINT)
    assert Event.objects.get(kind="paused").method == "complaint"
    inbound.receive(complaint("abuse", hana.notice), "feedback@isp.example", address)
    assert Case.objects.count() == 1 and Event.objects.filter(kind="paused").count() == 1


def test_a_complaint_finds_its_token_where_the_provider_left_it(hana: Reader) -> None:
    hidden = re.sub(rb"\b[rb]\+[a-z2-7]{39}", b"redacted", hana.notice)
    assert b"/one-click" in hidden
    inbound.receive(complaint("abuse", hidden), "feedback@isp.example", f"abuse@{hana.reply_to.split('@')[1]}")
    assert hana.paused


def test_no_complaint_and_one_without_a_token_change_nothing(hana: Reader) -> None:
    abuse = f"abuse@{hana.reply_to.split('@')[1]}"
    for raw in (complaint("not-spam", hana.notice), complaint("abuse", b"From: notice@shop.example\r\n\r\nx")):
        assert inbound.receive(raw, "feedback@isp.example", abuse) is Taken.TAKEN
    assert not hana.paused and not Case.objects.exists()


def test_a_complaint_at_a_token_speaks_for_no_other(hana: Reader) -> None:
    hana.world.send(order(2, to="ken@example.com"), "ken@example.com")
    gate.drive()
    kens = next(raw for raw in hana.world.delivered() if b"To: ken@example.com" in raw)
    inbound.receive(complaint("abuse", kens), "feedback@isp.example", hana.bounces_to)
    assert hana.paused
    other = Claim.objects.exclude(digest=ownership.digest(addresses.parse(HANA))).get()
    assert not ownership.known(other).paused


def test_a_mail_that_its_domain_disowns_is_only_a_claim(hana: Reader, settings: object) -> None:
    settings.ATESAKI_AUTHSERV_ID = "mx.example.jp"  # type: ignore[attr-defined]
    forged = written("not me", headers=FAILS)
    assert inbound.receive(forged, "evil@example.com", hana.reply_to) is Taken.TAKEN
    assert hana.standing is Standing.CLAIMED
    case = Case.objects.get()
    assert (case.state, case.via) == (Case.State.UNCONFIRMED, Case.Via.REPLY)
    assert desk.read(Message.objects.get()) == "not me"
    for number in (1, 2):
        inbound.receive(written(number=number, headers=FAILS), "evil@example.com", hana.reply_to)
    gate.drive()
    challenges = [mail for mail in hana.world.notices() if str(mail["Message-ID"]) not in hana.notice.decode()]
    assert len(challenges) == 1, "one challenge a day, whoever writes how often"
    assert Message.objects.count() == 2
    inbound.receive(written(number=3), "hana@example.jp", hana.reply_to)
    assert hana.standing is Standing.DISAVOWED
    assert Case.objects.get().state == Case.State.REACHING, "the mailbox itself confirmed the same case"


def test_without_our_own_mx_s_word_the_token_alone_decides(hana: Reader) -> None:
    inbound.receive(written(headers=FAILS), "hana@example.jp", hana.reply_to)
    assert hana.standing is Standing.DISAVOWED


def test_what_could_not_be_kept_is_not_taken(hana: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(notme.desk, "confirmed", away)
    with pytest.raises(RuntimeError):
        inbound.receive(written(), "hana@example.jp", hana.reply_to)
    assert hana.standing is Standing.DISAVOWED, "the word of the mailbox is in force all the same"
    monkeypatch.undo()
    assert inbound.receive(written(), "hana@example.jp", hana.reply_to) is Taken.TAKEN
    assert Message.objects.filter(direction="in").count() == 1


def test_a_letter_to_the_postmaster_is_a_question_for_the_desk_once(hana: Reader) -> None:
    domain = hana.reply_to.split("@")[1]
    for _ in range(2):
        taken = inbound.receive(written("誰が送っていますか"), "mori@other.example", f"postmaster@{domain}")
        assert taken is Taken.TAKEN
    asked = desk.asked(Inquiry.objects.get())
    assert "誰が送っていますか" in asked["text"] and asked["email"] == "hana@example.jp"
    assert inbound.receive(b"", "mori@other.example", f"postmaster@{domain}") is Taken.UNREADABLE
    assert not Case.objects.exists()


def test_nothing_that_is_kept_in_the_clear_holds_a_word_or_a_token(hana: Reader) -> None:
    inbound.receive(written("SECRETWORD"), "hana@example.jp", hana.reply_to)
    rows = [str(list(model.objects.values())) for model in (Case, Step, Event, Message)]
    for secret in ("SECRETWORD", hana.reply_to.split("@")[0][2:], "mail.example.jp", HANA):
        assert not any(secret in row for row in rows), secret
