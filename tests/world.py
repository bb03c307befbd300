"""The cast and what they can do: the Supermarket sends, Ken typed Hana's address, Hana owns hana@example.jp."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from django.db import connection

from atesaki import addresses, gate
from atesaki.gate import Envelope, Receipt
from atesaki.tenants import Service, add_service, change_service

HANA = "hana@example.jp"
KEN_LIVES_AT = "273-0005"
ORDER = """\
From: Net Supermarket <shop@shop.example>
To: {to}
Subject: =?utf-8?b?44GU5rOo5paH44Gu56K66KqN?=
Message-ID: <{number}@shop.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

健太郎 様

ご注文ありがとうございます。注文番号 {number}

お届け先
〒{postal}
千葉県船橋市本町9丁目99番9号
大島 健太郎 様
お電話番号 090-0000-{number:04}

.一行目が点で始まる行
""".replace("\n", "\r\n")
SECRETS = ("健太郎", "大島", KEN_LIVES_AT, "船橋市", "090-0000")


def order(number: int = 1, *, to: str = HANA, postal: str = KEN_LIVES_AT, headers: str = "") -> bytes:
    """An order confirmation of Ken's, as the shop would send it."""
    return (headers + ORDER.format(to=to, number=number, postal=postal)).encode()


@dataclass
class World:
    """One service, one Maildir as the next hop."""

    service: Service
    maildir: Path
    smtp: tuple[str, str]

    def send(self, raw: bytes, *to: str, sender: str = "shop@shop.example") -> Receipt:
        recipients = tuple(addresses.parse(one) for one in to or (HANA,))
        return gate.submit(self.service, Envelope(sender, recipients, body8bit=True), raw)

    def policy(self, **changes: object) -> None:
        self.service = change_service(self.service.name, **changes)

    def delivered(self) -> list[bytes]:
        """Everything that reached a mailbox, in the order of arrival."""
        files = sorted((self.maildir / "new").glob("*"), key=lambda file: file.name)
        return [file.read_bytes() for file in files]

    def notices(self) -> list[EmailMessage]:
        """Our own mails among it."""
        mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.delivered()]
        return [mail for mail in mails if mail["Auto-Submitted"] == "auto-generated"]

    def orders(self) -> list[bytes]:
        """The service's mails among it."""
        return [raw for raw in self.delivered() if b"Auto-Submitted" not in raw]

    def tokens(self, mail: EmailMessage | None = None) -> tuple[str, str]:
        """The confirm and the not-me token of the newest notice, as its reader finds them."""
        text = (mail or self.notices()[-1]).get_body(("plain",)).get_content()
        confirm, not_me = (re.search(rf"/{letter}/([\w-]+)", text) for letter in "cn")
        assert confirm and not_me, text
        return confirm[1], not_me[1]

    def content(self, raw: bytes) -> bytes:
        """A delivered mail without the trace that the Maildir courier puts in front."""
        return raw.split(b"\r\n", 2)[2]


def age(seconds: int = 3_600) -> None:
    """Lets everything that is leaving look as old as this: what a dead process left behind, an hour later."""
    with connection.cursor() as cursor:
        for table in ("atesaki_line", "atesaki_departure"):
            cursor.execute(f"UPDATE {table} SET leaving_since = leaving_since - %s * interval '1 second'", [seconds])
        cursor.execute("UPDATE atesaki_departure SET due = due - %s * interval '1 second'", [seconds])


def database_url() -> str:
    """The test database, for another process."""
    parts = connection.settings_dict
    options = f"?host={parts['HOST']}" + (f"&port={parts['PORT']}" if parts["PORT"] else "")
    password = f":{parts['PASSWORD']}" if parts["PASSWORD"] else ""
    return f"postgresql://{parts['USER']}{password}@/{parts['NAME']}{options}"


def make_world(folder: Path, settings: object) -> World:
    issued = add_service(
        "ネットスーパー", organisation="はな商事", locale="ja", mode="enforce", sender="shop@shop.example"
    )
    settings.ATESAKI_UPSTREAM = f"maildir:{folder / 'delivered'}"  # type: ignore[attr-defined]
    return World(issued.service, folder / "delivered", (issued.smtp_username, issued.smtp_password))
