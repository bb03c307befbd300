"""Whether a verification mail may pass: whatever could be a person's keeps it back, wherever it stands (L1)."""

from __future__ import annotations

import pytest

from atesaki import content
from atesaki.gate import Outcome
from tests.world import World

MAIL = """\
From: Net Supermarket <shop@shop.example>
To: hana@example.jp
Subject: {subject}
{header}MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

{body}
"""
ASKING = "Please confirm your mailbox:\n\nhttps://shop.example/v?t=ab12cd\n\nNet Supermarket"


def mail(subject: str = "Please confirm", header: str = "", body: str = ASKING) -> bytes:
    return MAIL.format(subject=subject, header=header, body=body).replace("\n", "\r\n").encode()


def verdict(**parts: str) -> str:
    return content.carries(content.read(mail(**parts)), ["Net Supermarket", "ネットスーパー"]).verdict


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"subject": "Verify your address", "body": "Verification Code\n123456\nNet Supermarket"},
        {"body": "ご登録の確認\n下記を開いてください。\nhttps://shop.example/v/abc\nネットスーパー"},
        {"body": "認証番号\n123456\n会員登録\nhttps://shop.example/v?t=1&utm_source=mail.magazine"},
        {"header": "X-Mailer: ShopMail 2.3\nMessage-ID: <20170413.0F3A1@shop.example>\n"},
        {"subject": "Please, confirm your mailbox"},
    ],
)
def test_a_mail_that_only_asks_passes(parts: dict[str, str]) -> None:
    assert verdict(**parts) == "no"


@pytest.mark.parametrize(
    "parts",
    [
        {"header": "X-Customer: 大島 健太郎 様 090-1234-5678\n"},
        {"header": "X-Phone: 090-1234-5678\n"},
        {"header": "Comments: Dear Kentaro Oshima, welcome\n"},
        {"header": "X-Name: Kentaro Oshima\n"},
        {"header": "Reply-To: 大島健太郎 様 <ken@example.jp>\n"},
        {"header": "Resent-To: Kentaro Oshima <ken@example.jp>\n"},
        {"header": "Bcc: 大島 健太郎 <ken@example.jp>\n"},
        {"body": "大島 健太郎\nplease confirm"},
        {"body": "オオシマ ケンタロウ\nplease confirm"},
        {"body": "Kentaro Oshima\nplease confirm"},
        {"body": "Kentaro J. Oshima\nplease confirm"},
        {"subject": "Kentaro, confirm your mailbox"},
        {"body": "https://shop.example/?u=kentaro.oshima"},
        {"body": "https://shop.example/?name=k"},
        {"body": "https://shop.example/大島"},
        {"body": "x" * 250_000},
    ],
    ids=lambda parts: next(iter(parts.values()))[:30],
)
def test_what_could_be_a_persons_keeps_it_back(parts: dict[str, str]) -> None:
    assert verdict(**parts) in ("yes", "unsure")


def test_a_name_that_the_service_lists_as_its_own_does_not_count() -> None:
    parts = {"body": f"{ASKING}\nJunko Moriyama\nCustomer Service"}
    assert verdict(**parts) == "unsure"
    listed = ["Net Supermarket", "Junko Moriyama"]
    assert content.carries(content.read(mail(**parts)), listed).verdict == "no"


def test_the_gate_lets_a_verification_mail_pass_only_if_nothing_could_be_a_persons(world: World) -> None:
    world.policy(verification_per_day=5, own=["Net Supermarket"])
    asking = b"X-Atesaki-Class: verification\r\n"
    assert world.send(asking + mail()).outcomes == (Outcome.DELIVER,)
    for parts in ({"header": "X-Customer: Kentaro Oshima\n"}, {"body": "大島 健太郎\nplease confirm"}):
        assert world.send(asking + mail(**parts)).outcomes[0] is not Outcome.DELIVER
    assert len(world.orders()) == 1
