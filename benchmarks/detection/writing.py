"""A drawn message as octets on the wire: charset, encoding and MIME structure as the layout's sender has them."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import quopri
import random
from collections.abc import Callable
from email.header import Header
from email.utils import format_datetime
from functools import cache

from benchmarks import BenchError
from benchmarks.detection.drawing import Draw, Message
from benchmarks.detection.labels import visible

_LINE = 76
Encode = Callable[[str], bytes]


# -- charsets as mailers have them --------------------------------------------------------------------


@cache
def _cells() -> dict[str, bytes]:
    """Every character that Windows' Shift_JIS puts into the 94 × 94 table, with its two octets in ISO-2022-JP."""
    table: dict[str, bytes] = {}
    for row in range(0x21, 0x7F):
        for cell in range(0x21, 0x7F):
            high = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
            low = cell + (0x7E if row % 2 == 0 else 0x1F + (cell >= 0x60))
            try:
                table.setdefault(bytes((high, low)).decode("cp932"), bytes((row, cell)))
            except UnicodeDecodeError:
                continue
    # What other systems call the same cells.
    for other, own in (("\u2212", "－"), ("\u301c", "～"), ("\u2014", "―"), ("\u2016", "∥")):
        table.setdefault(other, table[own])
    return table


def _half(character: str) -> int | None:
    return ord(character) - 0xFF61 + 0xA1 if 0xFF61 <= ord(character) <= 0xFF9F else None


def _iso_2022_jp(text: str) -> bytes:
    """RFC 1468, with the characters of Windows and half-width kana, as Japanese mailers write it (cp50221)."""
    out, mode = bytearray(), b"\x1b(B"
    for character in text:
        half = _half(character)
        if ord(character) < 0x80:
            wanted, octets = b"\x1b(B", bytes((ord(character),))
        elif half is not None:
            wanted, octets = b"\x1b(I", bytes((half - 0x80,))
        else:
            wanted, octets = b"\x1b$B", _cell(character)
        if wanted != mode:
            out += wanted
            mode = wanted
        out += octets
    return bytes(out) + (b"" if mode == b"\x1b(B" else b"\x1b(B")


def _euc_jp(text: str) -> bytes:
    """With the characters of Windows (cp51932)."""
    out = bytearray()
    for character in text:
        half = _half(character)
        if ord(character) < 0x80:
            out.append(ord(character))
        elif half is not None:
            out += bytes((0x8E, half))
        else:
            out += bytes(octet | 0x80 for octet in _cell(character))
    return bytes(out)


def _shift_jis(text: str) -> bytes:
    return "".join({"\u2212": "－", "\u301c": "～", "\u2014": "―", "\u2016": "∥"}.get(c, c) for c in text).encode(
        "cp932"
    )


def _cell(character: str) -> bytes:
    found = _cells().get(character)
    if found is None:
        raise UnicodeError(f"the charset has no {character!r} (U+{ord(character):04X})")
    return found


_ENCODERS: dict[str, Encode] = {
    "utf-8": lambda text: text.encode(),
    "us-ascii": lambda text: text.encode("ascii"),
    "iso-8859-1": lambda text: text.encode("latin-1"),
    "windows-1252": lambda text: text.encode("cp1252"),
    "iso-2022-jp": _iso_2022_jp,
    "shift_jis": _shift_jis,
    "euc-jp": _euc_jp,
}


def encode(text: str, charset: str) -> bytes:
    """The text's octets; raises UnicodeError naming the character that the charset lacks."""
    return _ENCODERS[charset.lower()](text)


# -- MIME ---------------------------------------------------------------------------------------------


def _transfer(body: bytes, how: str) -> bytes:
    """Encoded lines; `body` ends its lines with CRLF."""
    if how == "base64":
        return base64.encodebytes(body).replace(b"\n", b"\r\n")
    if how == "quoted-printable":
        return quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return body


def _word(text: str, charset: str, quoted: bool) -> bytes:
    """A header value in encoded words (RFC 2047), folded; ASCII stays as it is."""
    if text.isascii():
        return text.encode()
    if charset == "utf-8" and quoted:
        return Header(text, "iso-8859-1" if _latin(text) else "utf-8", maxlinelen=70).encode(linesep="\r\n").encode()
    words: list[bytes] = []
    piece = ""
    for character in text:
        if len(encode(piece + character, charset)) > 36:
            words.append(encode(piece, charset))
            piece = ""
        piece += character
    words.append(encode(piece, charset))
    name = charset.encode()
    return b"\r\n ".join(b"=?" + name + b"?B?" + base64.b64encode(word) + b"?=" for word in words)


def _latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _leaf(content_type: str, text: str, charset: str, transfer: str, filename: str = "") -> bytes:
    head = [
        f"Content-Type: {content_type}; charset={charset}".encode(),
        b"Content-Transfer-Encoding: " + transfer.encode(),
    ]
    if filename:
        name = f'filename="{filename}"' if filename.isascii() else "filename*=utf-8''" + _percent(filename)
        head.append(f"Content-Disposition: attachment; {name}".encode())
    body = encode("\r\n".join(text.splitlines()) + "\r\n", charset)
    if transfer == "7bit" and any(octet > 0x7E for octet in body):
        raise UnicodeError("7bit cannot carry this charset")
    return b"\r\n".join(head) + b"\r\n\r\n" + _transfer(body, transfer)


def _percent(text: str) -> str:
    return "".join(f"%{octet:02X}" for octet in text.encode())


def _multipart(kind: str, parts: list[bytes], boundary: str) -> bytes:
    edge = f"--{boundary}".encode()
    inner = b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + inner + edge + b"--\r\n"


def write(draw: Draw, message: Message, *, marked: bool = False) -> bytes:
    """The message as SMTP would carry it; `marked` keeps the labels' marks, all in UTF-8, to find their places."""
    try:
        return _write(draw, message, marked)
    except (UnicodeError, binascii.Error) as error:
        raise BenchError(f"layout {draw.layout.slug}, mail {draw.number}: {error}") from None


def _write(draw: Draw, message: Message, marked: bool) -> bytes:
    layout = draw.layout
    own = random.Random(f"{layout.slug}/mime")  # noqa: S311 - reproducible
    charset = "utf-8" if marked else layout.charset
    usual = "7bit" if layout.charset == "iso-2022-jp" else own.choice(("base64", "quoted-printable", "8bit", "base64"))
    transfer = "base64" if marked else layout.transfer or usual
    quoted = own.random() < 0.5
    shown = (lambda text: text) if marked else visible
    boundary = f"=_{own.getrandbits(64):016x}_{draw.number}"
    leaves = []
    if message.text is not None:
        leaves.append(_leaf("text/plain", shown(message.text), charset, transfer))
    if message.html is not None:
        leaves.append(_leaf("text/html", shown(message.html), charset, transfer))
    body = leaves[0] if len(leaves) == 1 else _multipart("alternative", leaves, boundary + "a")
    if message.attachments:
        # A sheet that a Japanese office attaches is Shift_JIS where its mail is.
        sheet = "utf-8" if charset == "utf-8" else "shift_jis"
        more = [_leaf(kind, shown(text), sheet, "base64", name) for name, kind, text in message.attachments]
        body = _multipart("mixed", [body, *more], boundary + "m")
    name = draw.shop().name if layout.sender_name is None else layout.sender_name
    to = visible(draw.people[0].email) if draw.people else f"reader{draw.number}@example.com"
    moment = dt.datetime.combine(draw.day, dt.time(9, draw.number % 60), dt.timezone(dt.timedelta(hours=9)))
    head = [
        b"From: "
        + (_word(name, charset, quoted) + b" <" + layout.sender.encode() + b">" if name else layout.sender.encode()),
        b"To: "
        + (_word(shown(message.to), charset, quoted) + b" <" + to.encode() + b">" if message.to else to.encode()),
        b"Subject: " + _word(shown(message.subject), charset, quoted),
        b"Date: " + format_datetime(moment).encode(),
        f"Message-ID: <{own.getrandbits(32):08x}.{draw.number}@{layout.sender.partition('@')[2]}>".encode(),
        b"MIME-Version: 1.0",
    ]
    return b"\r\n".join(head) + b"\r\n" + body
