"""Mails, and their header lines."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator

from atesaki import content
from atesaki.content import Limits, Reading
from fuzz import check
from fuzz.targets import seeds

_FAILED = ("Reading this message failed.", "Reading this file failed.")
_PREFIX = "X-Atesaki-"


def read(data: bytes) -> None:
    """`content.read` raises nothing, not even behind its own net, keeps its limits, and its text can be kept."""
    limits = Limits(seconds=0.2)
    reading = content.read(data, limits=limits)
    holds(reading, limits)
    narrow = Limits(depth=3, parts=4, octets=300, text=100, fields=5, field_octets=40, file_text=50, seconds=0.01)
    holds(content.read(data, limits=narrow), narrow)


def holds(reading: Reading, limits: Limits) -> None:
    """What must hold of any reading."""
    assert sum(len(part.text) for part in reading.parts) <= limits.text
    assert len(reading.parts) <= limits.parts + 1
    assert len(reading.headers) <= limits.fields
    for part in reading.parts:
        assert part.why not in _FAILED, f"{part.why} {part.path}"
        assert part.kind != "unreadable" or part.why, "it is unreadable, and nobody says why"
        assert re.fullmatch(r"\d+(\.\d+)*", part.path)
        assert "\r" not in part.text or part.kind == "attachment"
        for text in (part.text, part.filename, part.content_type):
            check.legible(text)
    for name, value in reading.headers:
        assert re.fullmatch(r"[!-9;-~]+", name)
        check.legible(value)
    check.legible(reading.subject)


def headers(data: bytes) -> None:
    """`without_headers` takes away every field of the prefix, as any reader reads it, and leaves every other octet."""
    kept = content.without_headers(data, _PREFIX)
    _is_without(kept)
    assert content.without_headers(kept, _PREFIX) == kept, "a second time takes more away"
    lines, body = _block(data)
    assert kept.endswith(body), "the body is another"
    if not any(b"\r" in line[:-2] for line in lines):  # else a field may hide in the middle of a line
        assert kept == b"".join(_without(lines)) + body
    for name in ("Subject", "X-Atesaki-Customer", "From"):
        values = content.header_values(data, name)
        assert len(values) <= data.lower().count(name.lower().encode())
        for value in values:
            assert value == value.strip()
            assert not set(value) & set("\0\r\n")
            check.legible(content.decode_words(value))
    text = data.decode("utf-8", "replace")
    if "=?" not in text:
        assert content.decode_words(text) == text
    assert len(content.decode_words(text)) <= 3 * len(text)


def _is_without(raw: bytes) -> None:
    """As we read it, and as Python's own package does."""
    ours = [name for name, _ in content.read(raw).headers]
    theirs = list(email.message_from_bytes(raw).keys())
    wrong = [name for name in (*ours, *theirs) if name.lower().startswith(_PREFIX.lower())]
    assert not wrong, f"{wrong[0]} is still there"


def _block(data: bytes) -> tuple[list[bytes], bytes]:
    """The lines of the header, to the first empty one; and the rest."""
    begins = re.match(rb"[!-9;-~]*[ \t]*:|[ \t]|>?From ", data)
    lines: list[bytes] = []
    for line in data.splitlines(keepends=True) if begins and b"\r" not in data else _by_lf(data) if begins else ():
        if line in (b"\n", b"\r\n"):
            break
        lines.append(line)
    return lines, data[sum(map(len, lines)) :]


def _by_lf(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + ([data.split(b"\n")[-1]] if data[-1:] != b"\n" else [])


def _without(lines: list[bytes]) -> Iterator[bytes]:
    gone = False
    for line in lines:
        gone = gone if gone and line[:1] in (b" ", b"\t") else line[: len(_PREFIX)].lower() == _PREFIX.lower().encode()
        if not gone:
            yield line


def _mails() -> Iterator[bytes]:
    for pattern in ("corpus/mails/*.eml", "corpus/reading/*.eml", "corpus/story/*.eml", "corpus/bounces/*.eml"):
        yield from seeds.files(pattern, 40)
    yield from _CROOKED


def _headers() -> Iterator[bytes]:
    yield from (
        b"X-Atesaki-Customer: M-1\r\nFrom: a@example.jp\r\n\r\nbody\r\n",
        b"From: a@example.jp\nx-atesaki-class: verification\n more\n\tof it\nSubject: =?utf-8?b?44GT?=\n\n",
        b"A: b\rX-Atesaki-Knows: postal_code=123-4567\r\n c\r\n\r\n",
        b"From a@example.jp Mon Mar  2 09:00:00 2026\nX-Atesaki-Customer : 1\n\nX-Atesaki-Customer: body\n",
        b" X-Atesaki-Class: verification\r\n\r\n",
        b"X-Atesaki-Customer: =?iso-2022-jp?B?GyRCOzNFRBsoQg==?= =?utf-8?q?_=E5=A4=AA?=\r\n",
        b"Subject: a\r\n\tb\r\nno field at all\r\nX-Atesaki-Class:\r\n\r\n",
    )
    yield from (raw[:1500] for raw in seeds.files("corpus/reading/*.eml", 12))


_CROOKED = (
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n'
    b"<table><tr><th>\xe3\x81\x8a\xe5\x90\x8d\xe5\x89\x8d<td>Hana</table>\r\n--b--\r\n",
    b"Content-Type: message/rfc822\n\nFrom: Ken <ken@example.jp>\nSubject: a\n\nContent-Type: x\n\nb",
    b"Content-Type: text/plain; format=flowed; delsp=yes; charset=shift_jis\n\nsoft \nline \n> quoted\n-- \nKen",
    b"Content-Type: text/plain; name*0*=iso-2022-jp'ja'%1B$B; name*1=x; charset=euc-jp\n\n\xa4\xb3\xa4\xec",
    b"Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\nUEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==\n",
    b"Content-Transfer-Encoding: quoted-printable\nContent-Type: text/html; charset=utf-7\n\n<p>=3D=\n=E3=81=93<br>",
    b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#0V%T\n`\nend\n",
    b"Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: inner\n\nb\n--x\n\n--x--\nafter\n--x\n",
    b"Content-Type: multipart/encrypted; boundary=x\n\n--x\n\n--x--",
)
SEEDS = {"read": _mails, "headers": _headers}
