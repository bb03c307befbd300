"""The SMTP door with the real gate, the real tenants and their database behind it."""

from __future__ import annotations

import asyncio
import smtplib

import pytest

from atesaki import gate, tenants
from atesaki.doors.handover import Core
from atesaki.doors.smtp import Door, Terms


@pytest.mark.django_db(transaction=True)
def test_a_mail_to_somebody_unknown_is_on_the_ledger_as_the_answer_says() -> None:
    issued = tenants.add_service(
        "supermarket", organisation="Supermarket", locale="ja", mode="enforce", sender="shop@shop.example"
    )

    def client(port: int) -> bytes:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as talk:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                talk.login(issued.smtp_username, "wrong")
            talk.login(issued.smtp_username, issued.smtp_password)
            talk.mail("shop@shop.example")
            talk.rcpt("hana@example.jp")
            code, answer = talk.data(b"From: shop@shop.example\r\nTo: hana@example.jp\r\nSubject: a\r\n\r\nb\r\n")
            assert code == 250, answer
            return answer

    async def play() -> bytes:
        door = Door(Terms(wrong_seconds=0, threads=2), Core.real())
        try:
            return await asyncio.to_thread(client, await door.start())
        finally:
            assert await door.stop()

    status, ledger, outcome = asyncio.run(play()).decode().split(" ")
    assert (status, outcome) == ("2.0.0", "substitute")
    assert gate.explain(ledger)["outcome"] == outcome
