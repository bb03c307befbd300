"""An invented past: customers, a mail server's rotated logs, and an archive of mails; the same for each seed."""

from __future__ import annotations

import base64
import gzip
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import IO

_FAMILIES = "大島 中村 石井 藤本 森田 西野 東海林 小笠原 五十嵐 高木 渡部 久保田".split()  # noqa: SIM905
_GIVEN = "健太郎 花子 陽菜 蓮 美咲 拓也 千尋 直樹 さくら 悠真".split()  # noqa: SIM905
_TOWNS = (
    "千葉県船橋市本町",
    "東京都杉並区西荻北",
    "大阪府豊中市本町",
    "北海道札幌市中央区北一条西",
    "福岡県福岡市中央区天神",
)
_GOODS = ("有機トマト", "国産牛乳 1L", "食パン 6枚切", "冷凍うどん 5食", "卵 10個", "Roasted coffee 200g", "Olive oil")
_BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def address(number: int) -> str:
    """Of the customer with that number; one in a hundred looks made up."""
    if number % 100 == 7:
        return f"aaaaaaa{number}@example.com" if number % 200 == 7 else f"qwerty{number}@gmial.com"
    return f"hana.{number:x}@{'mail.example' if number % 3 else f'home{number % 1000}.example'}"


def customers(path: Path, many: int) -> None:
    """CSV with a heading in Japanese, in UTF-8 with a BOM, as Excel writes it; four in ten are confirmed."""
    draw = random.Random(1)  # noqa: S311
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        out.write("会員番号,メールアドレス,氏名,電話番号,郵便番号,住所,メール確認日時,最終ログイン\r\n")
        for number in range(many):
            person = _person(number)
            confirmed = f"2026/{draw.randrange(1, 6)}/{draw.randrange(1, 28)} 10:20:00" if number % 10 < 4 else ""
            seen = f"2026/6/{draw.randrange(1, 28)} 8:05" if number % 7 == 0 else ""
            cells = (f"C{number:08}", address(number), *person, confirmed, seen)
            out.write(",".join(cells) + "\r\n")


def _person(number: int) -> tuple[str, str, str, str]:
    name = f"{_FAMILIES[number % 12]} {_GIVEN[number // 12 % 10]}"
    phone = f"090-{number % 9000 + 1000}-{number // 7 % 9000 + 1000}"
    return (
        name,
        phone,
        f"{number % 900 + 100}-{number % 9000 + 1000}",
        f"{_TOWNS[number % 5]}{number % 30 + 1}-{number % 20 + 1}",
    )


def logs(folder: Path, lines: int, many: int) -> None:
    """Postfix's mail.log, .1 and older ones gzipped, ten parts in all; five lines for a delivery, some deferred."""
    parts = 10
    source = _log_lines(lines, many)
    for part in range(parts - 1, -1, -1):
        name = "mail.log" + (f".{part}" if part else "") + (".gz" if part > 6 else "")
        path = folder / name
        wanted = lines // parts
        with _written(path, packed=part > 6) as out:
            written = 0
            while written < wanted:
                block = next(source, None)
                if block is None:
                    break
                out.write(block.encode())
                written += block.count("\n")


def _written(path: Path, *, packed: bool) -> IO[bytes]:
    return gzip.open(path, "wb", compresslevel=1) if packed else path.open("wb")  # type: ignore[return-value]


def _log_lines(lines: int, many: int) -> Iterator[str]:
    draw = random.Random(2)  # noqa: S311
    step = timedelta(days=150) / max(1, lines // 5)
    at = _BEGIN
    block: list[str] = []
    for number in range(lines // 5 + 1):
        at += step
        head = f"{at:%b} {at.day:2} {at:%H:%M:%S} mx1 postfix"
        queue = f"{0x4A0000000 + number:X}"
        to = address(int(draw.random() ** 2 * many))
        way = "relay=mx.example.jp[192.0.2.25]:25, delay=0.61, delays=0.05/0.01/0.3/0.25, "
        became = "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4F2A31B2)"
        if number % 50 == 0:
            became = "dsn=5.1.1, status=bounced (host mx.example.jp[192.0.2.25] said: 550 5.1.1 User unknown)"
        block.append(
            f"{head}/smtpd[2211]: {queue}: client=app1.shop.example[192.0.2.10]\n"
            f"{head}/cleanup[2214]: {queue}: message-id=<{number}.{draw.randrange(1 << 30):x}@shop.example>\n"
            f"{head}/qmgr[811]: {queue}: from=<order@shop.example>, size=4312, nrcpt=1 (queue active)\n"
            f"{head}/smtp[2217]: {queue}: to=<{to}>, {way}{became}\n"
            f"{head}/qmgr[811]: {queue}: removed\n"
        )
        if len(block) == 2000:
            yield "".join(block)
            block = []
    yield "".join(block)


def archive(path: Path, mails: int, many: int) -> None:
    """One mbox of order confirmations, dispatch notices, newsletters and registrations, 2 to 5 KB each."""
    draw = random.Random(3)  # noqa: S311
    with path.open("wb") as out:
        for number in range(mails):
            at = _BEGIN + timedelta(minutes=2 * number % 200_000)
            out.write(f"From order@shop.example {at:%a %b %d %H:%M:%S %Y}\n".encode())
            out.write(_mail(draw, number, at, draw.randrange(many)).replace(b"\nFrom ", b"\n>From ") + b"\n")


def _mail(draw: random.Random, number: int, at: datetime, to: int) -> bytes:
    name, phone, _, _ = _person(to)
    goods = [(draw.choice(_GOODS), draw.randrange(1, 5), draw.randrange(90, 2000)) for _ in range(draw.randrange(3, 9))]
    which = number % 5
    subject, text = (
        _order(_person(to), goods, number),
        _dispatch(name, number),
        _letter(),
        _welcome(name),
        _english(name, phone, goods, number),
    )[which]
    charset = "iso-2022-jp" if which == 1 else "utf-8"
    body = text.encode(charset, "replace")
    head = (
        f"From: =?utf-8?B?{base64.b64encode('あおぞらマーケット'.encode()).decode()}?= <order@shop.example>\n"
        f"To: <{address(to)}>\nSubject: =?utf-8?B?{base64.b64encode(subject.encode()).decode()}?=\n"
        f"Date: {format_datetime(at)}\nMessage-ID: <archive.{number}@shop.example>\nMIME-Version: 1.0\n"
    )
    if which in (0, 2):
        page = "<html><body>" + "".join(f"<p>{line}</p>\n" for line in text.splitlines()) + "</body></html>"
        return (
            (head + 'Content-Type: multipart/alternative; boundary="=b=1"\n\n').encode()
            + b"".join(
                b'--=b=1\nContent-Type: text/%s; charset="utf-8"\nContent-Transfer-Encoding: base64\n\n%s\n'
                % (kind, base64.encodebytes(each.encode()))
                for kind, each in ((b"plain", text), (b"html", page))
            )
            + b"--=b=1--\n"
        )
    return f"{head}Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n".encode() + body


_FOOT = (
    "\n――――――――――――――――\nあおぞらマーケット お客様サポート\n電話 03-5550-0123(平日 9:00〜18:00)\n"
    "〒100-0005 東京都千代田区丸の内1-1-1\nhttps://shop.example/help\n配信専用のため、返信はできません。\n"
)


def _order(person: tuple[str, str, str, str], goods: list[tuple[str, int, int]], number: int) -> tuple[str, str]:
    name, phone, postal, home = person
    rows = "\n".join(f"・{what}  {many}点  {price * many:,}円" for what, many, price in goods)
    return f"ご注文の確認 A-{number:08}", (
        f"{name} 様\n\nご注文ありがとうございます。\n\n■お届け先\n〒{postal}\n{home}\n{name} 様\n電話番号:{phone}\n\n"
        f"■ご注文内容\n{rows}\n合計 {sum(m * p for _, m, p in goods):,}円\n\nお支払い方法:代金引換\n{_FOOT}"
    )


def _dispatch(name: str, number: int) -> tuple[str, str]:
    return "商品を発送しました", (
        f"{name} 様\n\n商品を発送しました。お問い合わせ番号 {4000_0000_0000 + number}\n"
        "到着まで今しばらくお待ちください。\n" * 1 + _FOOT
    )


def _letter() -> tuple[str, str]:
    return "今週のおすすめ", "今週のおすすめ商品をお知らせします。\n" + "旬の野菜が全品10%引き。\n" * 30 + _FOOT


def _welcome(name: str) -> tuple[str, str]:
    return (
        "会員登録完了のお知らせ",
        f"{name} 様\n会員登録が完了しました。\nログインは https://shop.example/login から。\n" + _FOOT,
    )


def _english(name: str, phone: str, goods: list[tuple[str, int, int]], number: int) -> tuple[str, str]:
    rows = "\n".join(f"{many} x {what}   {price} JPY" for what, many, price in goods)
    return f"Your order {number}", (
        f"Dear {name},\n\nThank you for your order.\n\n{rows}\n\nPhone: {phone}\n\n"
        "Aozora Market, support@shop.example\n"
    )
