"""A small past of a shop, invented, for the audit: customers, an archive, logs and events that tell of one another."""

from __future__ import annotations

import base64
import csv
import gzip
import json
import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zlib import crc32

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Sent:
    """One message to one address, as it truly was."""

    message: str
    to: str
    at: datetime
    became: str  # sent, bounced
    archived: bool
    personal: bool


@dataclass
class Past:
    """What was written to `folder`, and what an audit of it must find."""

    folder: Path
    customers: Path
    sent: list[Sent] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    clicked: set[str] = field(default_factory=set)
    replied: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    held: list[str] = field(default_factory=list)

    @property
    def proved(self) -> set[str]:
        """A click or a reply proves a mailbox, and not whose it is."""
        return self.confirmed

    @property
    def answered(self) -> set[str]:
        return (self.clicked | self.replied) - self.confirmed


def order(number: int, to: str, at: datetime, *, name: str = "大島 健太郎", personal: bool = True) -> EmailMessage:
    """A mail of the shop's."""
    mail = EmailMessage()
    mail["From"] = "あおぞらマーケット <order@shop.example>"
    mail["To"] = to
    mail["Subject"] = f"ご注文の確認 {number}" if personal else "今週のおすすめ"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{number}.past@shop.example>"
    own = crc32(to.encode()) % 9000 + 1000  # each recipient's own, or it would rightly be learnt as the shop's
    told = f"{name} 様\n\nお届け先\n〒273-{own} 千葉県船橋市本町1-2-{own}\n電話番号:090-1234-{own}\n"
    mail.set_content(told if personal else "旬の野菜が全品10%引きです。\n")
    return mail


def stamp(at: datetime) -> str:
    return f"{at:%b} {at.day:2} {at:%H:%M:%S}"


def postfix(number: int, to: str, at: datetime, became: str, message: str) -> list[str]:
    """The five lines of a delivery, or more for one that was put off first."""
    queue = f"{0x4A1000 + number:X}"
    head = f"{stamp(at)} mx1 postfix"
    why = {"sent": "250 2.0.0 Ok", "bounced": "host mx.example.jp said: 550 5.1.1 User unknown"}[became]
    way = "relay=mx.example.jp[192.0.2.25]:25, delay=0.6, delays=0.1/0/0.3/0.2"
    put_off = f"{head}/smtp[9]: {queue}: to=<{to}>, {way}, dsn=4.2.0, status=deferred (host said: 450 try later)"
    return [
        f"{head}/smtpd[7]: {queue}: client=app.shop.example[192.0.2.10]",
        f"{head}/cleanup[8]: {queue}: message-id={message}",
        f"{head}/qmgr[6]: {queue}: from=<order@shop.example>, size=4312, nrcpt=1 (queue active)",
        *([put_off] if number % 10 == 3 else []),
        f"{head}/smtp[9]: {queue}: to=<{to}>, {way}, dsn=2.0.0, status={became} ({why})",
        f"{head}/qmgr[6]: {queue}: removed",
    ]


def make(folder: Path, customers: int = 60, mails: int = 240) -> Past:
    """Everything but the events goes through the log; every other mail is in the archive too."""
    draw = random.Random(7)
    past = Past(folder / "mail", folder / "customers.csv")
    past.folder.mkdir()
    past.held = [
        f"Hana{n}@example{n % 7}.jp" if n % 9 else f"hana{n - 1}@example{(n - 1) % 7}.jp" for n in range(customers)
    ]
    _customers(past)
    mbox, log = [], []
    for number in range(mails):
        to = past.held[draw.randrange(customers)].lower() if number % 12 else f"nobody{number}@example9.jp"
        at = BEGIN + timedelta(hours=7 * number)
        mail = order(number, to, at, personal=number % 3 != 0)
        became = "bounced" if number % 15 == 4 else "sent"
        archived = number % 2 == 0
        past.sent.append(Sent(mail["Message-ID"], to, at, became, archived, archived and number % 3 != 0))
        if archived:
            mbox.append(f"From order@shop.example {at:%a %b %d %H:%M:%S %Y}\n" + mail.as_string() + "\n")
        log += postfix(number, to, at, became, mail["Message-ID"])
    (past.folder / "archive.mbox").write_text("".join(mbox), encoding="utf-8")
    third = len(log) // 3  # wherever that is: deliveries are cut in two by the rotation
    with gzip.open(past.folder / "mail.log.2.gz", "wt") as out:
        out.write("\n".join(log[:third]) + "\n")
    (past.folder / "mail.log.1").write_text("\n".join(log[third : 2 * third]) + "\n")
    (past.folder / "mail.log").write_text("\n".join(log[2 * third :]) + "\n")
    _events(past)
    _replies(past)
    return past


def _customers(past: Past) -> None:
    with past.customers.open("w", encoding="cp932", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["会員番号", "氏名", "メールアドレス", "メール確認日時"])
        for number, address in enumerate(past.held):
            confirmed = "2026/02/01 10:20" if number % 3 == 0 else ""
            rows.writerow([f"C{number}", "大島 健太郎", address, confirmed])
            if confirmed:
                past.confirmed.add(address.lower())


def _events(past: Past) -> None:
    """SES, of mails that the log knows: clicks and openings; and one delivery of its own."""
    records = []
    for number, sent in enumerate(past.sent):
        kind = "Click" if number % 11 == 5 else "Open" if number % 11 == 6 else ""
        if not kind or sent.became != "sent":
            continue
        (past.clicked if kind == "Click" else past.opened).add(sent.to)
        at = (sent.at + timedelta(hours=1)).isoformat()
        told = {"messageId": f"ses-{number}", "timestamp": sent.at.isoformat(), "destination": [sent.to]}
        event = {"eventType": kind, "mail": told, kind.lower(): {"timestamp": at}}
        wrapped = {"Type": "Notification", "Message": json.dumps(event)}
        records.append(wrapped if number % 2 else event)
    (past.folder / "events.json").write_text("\n".join(json.dumps(each) for each in records) + "\n")


def _replies(past: Past) -> None:
    """A Maildir with answers to archived mails."""
    inbox = past.folder / "answers" / "cur"
    inbox.mkdir(parents=True)
    (past.folder / "answers" / "new").mkdir()
    for number, sent in enumerate(past.sent):
        if sent.archived and number % 40 == 8:
            answer = EmailMessage()
            answer["From"], answer["To"], answer["Subject"] = sent.to, "order@shop.example", "Re: ご注文の確認"
            answer["Date"] = format_datetime(sent.at + timedelta(hours=3))
            answer["Message-ID"], answer["In-Reply-To"] = f"<answer.{number}@example.jp>", sent.message
            answer.set_content("ありがとうございます。\n")
            (inbox / f"{number}.mori:2,S").write_bytes(bytes(answer))
            past.replied.add(sent.to)


def large(folder: Path, boxes: int = 8, mails: int = 40) -> None:
    """Several pieces of work, more than is done in one process: each box has a photograph in it, beside its mails."""
    folder.mkdir()
    photograph = base64.encodebytes(bytes(750_000)).decode()
    log = []
    for box in range(boxes):
        with (folder / f"{box}.mbox").open("w", encoding="utf-8") as out:
            for number in range(box * mails, (box + 1) * mails):
                mail = order(number, f"hana{number % 90}@example{number % 7}.jp", BEGIN + timedelta(hours=number))
                out.write(f"From a@b.example Mon Mar  2 09:00:00 2026\n{mail.as_string()}\n")
                log += postfix(number, mail["To"], BEGIN + timedelta(hours=number), "sent", mail["Message-ID"])
            out.write(
                "From a@b.example Mon Mar  2 09:00:00 2026\nFrom: order@shop.example\n"
                f"To: ken{box}@example.jp\nSubject: photograph\nContent-Type: image/png\n"
                f"Content-Transfer-Encoding: base64\n\n{photograph}\n"
            )
    (folder / "mail.log").write_text("\n".join(log) + "\n")
    os.utime(folder / "mail.log", (BEGIN.timestamp() + 86_400 * 90,) * 2)


def told(out: Path) -> dict[str, Any]:
    """report.json, without when it was made and how long that took."""
    report = json.loads((out / "report.json").read_text())
    return {key: value for key, value in report.items() if key not in ("made", "seconds")}
