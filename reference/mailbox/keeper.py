"""The SMTP server: one Maildir for everybody, read by receiver."""

from __future__ import annotations

import email
import email.policy
import mailbox
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Mail:
    """A mail as it was taken: its file's name, when, for whom, and what it says."""

    name: str
    at: datetime
    to: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    def text(self) -> str:
        """All that a receiver can read of it: its headers, and every text of it, decoded."""
        message = self.message
        read = [f"{name}: {value}" for name, value in message.items()]
        read += [str(part.get_content()) for part in message.walk() if part.get_content_maintype() == "text"]
        return "\n".join(read)


class Keeper:
    """What aiosmtpd asks."""

    def __init__(self, folder: Path) -> None:
        self._box = mailbox.Maildir(folder)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        receivers = "".join(f"Delivered-To: {one}\r\n" for one in envelope.rcpt_tos)
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        self._box.add(receivers.encode() + raw)
        return "250 2.0.0 kept"

    async def handle_exception(self, error: Exception) -> str:  # without it the error's text is the answer, with 500
        return f"451 4.3.0 not kept ({type(error).__name__})"


def listen(folder: Path, place: str) -> Controller:
    """Takes mail at `place` (HOST:PORT) until `stop` is called."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    host, _, port = place.rpartition(":")
    door = Controller(Keeper(folder), hostname=host, port=int(port), enable_SMTPUTF8=True, data_size_limit=50_000_000)
    door.start()
    return door


def mails(folder: Path, to: str = "") -> list[Mail]:
    """What was taken for `to` (or for anybody), oldest first."""
    found = []
    for place in ("new", "cur"):
        for file in (folder / place).glob("*") if (folder / place).exists() else ():
            raw = file.read_bytes()
            receivers = tuple(
                str(value).strip() for value in email.message_from_bytes(raw).get_all("Delivered-To") or ()
            )
            if not to or to in receivers:
                at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                found.append(Mail(file.name, at, receivers, raw))
    return sorted(found, key=lambda mail: (mail.at, mail.name))
