"""What is sent: orders of a shop, each receiver's with an own phone number and postal code."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

SENDER = "shop@example.com"
OCTETS = 10_240

_ORDER = """\
山田 健 様

このたびはご利用いただき、ありがとうございます。以下の内容でご注文を承りました。

■お届け先
  お名前: 山田 健(ヤマダ ケン)様
  郵便番号: 〒154-{number:04}
  ご住所: 東京都世田谷区見本町1丁目2番3号 例示ハイツ405
  お電話番号: 090-1234-{number:04}

■ご注文内容
"""
_GOODS = "  りんご(サンふじ) 1袋   498円\n"


def recipients(kind: str, many: int) -> list[str]:
    """Invented receivers of one kind."""
    return [f"{kind}-{number:04}@example.jp" for number in range(many)]


def orders(receivers: list[str]) -> list[tuple[str, bytes]]:
    """A mail of about `OCTETS` for each receiver, as it goes over the wire after DATA."""
    return [(receiver, _order(receiver, number)) for number, receiver in enumerate(receivers)]


def _order(receiver: str, number: int) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"見本商店 <{SENDER}>"
    mail["To"] = receiver
    mail["Subject"] = "【見本商店】ご注文ありがとうございます"
    mail["Date"] = "Mon, 06 Jan 2025 09:00:00 +0900"
    mail["Message-ID"] = f"<order-{number}@example.com>"
    text = _ORDER.format(number=number % 10_000)
    # base64 makes four octets of three, and a line's end for each 57.
    lines = (OCTETS * 57 // 78 - 500 - len(text.encode())) // len(_GOODS.encode())
    mail.set_content(text + _GOODS * lines, cte="base64")  # no line of base64 begins with a dot
    return mail.as_bytes() + b".\r\n"
