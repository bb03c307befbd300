"""What comes back: replies, returned mail, complaints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fuzz import check

check.django()

from atesaki import inbound
from atesaki.inbound import came
from fuzz.targets import seeds

_STATUS = re.compile(r"(?:[245]\.\d{1,3}\.\d{1,3})?")
_RIGHT = re.compile(r"/[cnmq]/[A-Za-z0-9_-]{16,}|\b[rb]\+[a-z2-7]{39}@", re.I)
_TOKEN = "k5j7" * 9 + "abc"


def came_back(data: bytes) -> None:
    """Any mail is one of the kinds, always the same, and what a person wrote has no right of ours in it.

    The first line is the envelope: sender, blank, recipient.
    """
    said, _, raw = data.partition(b"\n")
    sender, _, recipient = said.decode("utf-8", "replace").partition(" ")
    heard = inbound.read(raw, sender, recipient)
    assert heard.kind in inbound.Kind
    assert heard == inbound.read(raw, sender, recipient), "the same mail is two things"
    assert _STATUS.fullmatch(heard.status), heard.status
    assert not heard.text or heard.kind is inbound.Kind.REPLY
    assert len(heard.text) <= 10_000
    assert not _RIGHT.search(heard.text), "a right of ours is shown"
    check.legible(heard.text)
    assert inbound.failed_authentication(raw, "mx.example.jp") in (True, False)
    assert not inbound.failed_authentication(raw, "")
    at = came.place(recipient)
    assert at.token == at.token.lower()
    assert at.domain == at.domain.lower()
    assert bool(at.token) == (at.role in (came.Role.REPLY, came.Role.BOUNCE))


def _seeds() -> Iterator[bytes]:
    for pattern in ("corpus/bounces/*.eml", "corpus/replies/*.eml"):
        for raw in seeds.files(pattern, 90):
            yield f"<> b+{_TOKEN}@mail.example.jp\n".encode() + raw
    for raw in seeds.files("corpus/replies/*.eml", 60):
        yield f"hana@example.jp r+{_TOKEN}@mail.example.jp\n".encode() + raw
    yield b"a@example.jp abuse@mail.example.jp\nContent-Type: multipart/report; report-type=feedback-report\n\n"
    yield (
        b"a@b.example postmaster\nAuthentication-Results: mx.example.jp; dmarc=fail (p=none) header.from=example.jp;\n"
        b" spf=pass smtp.mailfrom=example.jp\nFrom: Hana <hana@example.jp>\n\nNot me. /n/" + b"A" * 32 + b"\n"
    )


SEEDS = {"came_back": _seeds}
