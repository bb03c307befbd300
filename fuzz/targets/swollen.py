"""A small piece, repeated until there are 64 KiB of it: what one input may cost must not grow with its square."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from fuzz import check

check.django()

from atesaki import addresses, content, inbound
from atesaki.content.attachments import Allowance, File, read_file

_OCTETS, _TRACED = 65_536, 2_048


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "")


def _reading(data: bytes) -> content.Reading:
    headers = (("From", "Shop <order@shop.example>"), ("To", "Hana <hana@example.jp>"))
    return content.Reading("", headers, (content.Part("text", "1", "text/plain", text=_text(data)),))


def _file(kind: str, name: str) -> Callable[[bytes], Any]:
    return lambda data: list(read_file(File(data, kind, name), Allowance(seconds=0.0)))


def _address(data: bytes) -> None:
    with suppress(addresses.AddressError):
        addresses.parse(data)


_READERS: tuple[tuple[str, Callable[[bytes], Any]], ...] = (
    ("mail", content.read),
    ("page", lambda data: content.read(b"Content-Type: text/html; charset=utf-8\n\n" + data)),
    ("findings", lambda data: content.findings(_reading(data))),
    ("askable", lambda data: content.askable(_reading(data))),
    ("carries", lambda data: content.carries(_reading(data))),
    ("skeleton", lambda data: content.skeleton(_reading(data), b"k")),
    ("headers", lambda data: content.without_headers(b"A: b\n" + data, "X-Atesaki-")),
    ("words", lambda data: content.decode_words(_text(data))),
    ("knows", lambda data: content.knows(_text(data))),
    ("returned", lambda data: inbound.read(b"From: mailer-daemon@x.example\n\n" + data, "", "b+a@mail.example")),
    ("reply", lambda data: inbound.read(b"From: hana@example.jp\n\n" + data, "hana@example.jp", "r+a@mail.example")),
    ("authentication", lambda data: inbound.failed_authentication(b"Authentication-Results: mx; " + data, "mx")),
    ("calendar", _file("text/calendar", "a.ics")),
    ("csv", _file("text/csv", "a.csv")),
    ("json", _file("application/json", "a.json")),
    ("xml", _file("application/xml", "a.xml")),
    ("rtf", lambda data: list(read_file(File(b"{\\rtf" + data, "application/rtf", "a.rtf"), Allowance(seconds=0.0)))),
    ("address", _address),
)


def swollen(data: bytes) -> None:
    """First octet: which reader. Then what stands before, 0xFE, what is repeated, 0xFE, what stands behind."""
    name, reader = _READERS[data[0] % len(_READERS)] if data else _READERS[0]
    before, _, rest = data[1:].partition(b"\xfe")
    piece, _, behind = rest.partition(b"\xfe")
    # Which lines are run needs no more, and would take minutes.
    room = (_TRACED if sys.gettrace() else _OCTETS) - len(before) - len(behind)
    whole = before + (piece or b"x") * (room // max(1, len(piece))) + behind
    began = time.process_time()
    reader(whole)
    took = time.process_time() - began
    if took > check.SECONDS * _slack():
        raise check.Costly(f"{name}: {len(whole)} octets took {took:.1f} s")


def _slack() -> float:
    """Where atheris is loaded, our code is slower."""
    return 3.0 if "atheris" in sys.modules else 1.0


def _seeds() -> Iterator[bytes]:
    pieces = (
        *(
            b"a ",
            b"\n",
            b"<",
            b"=?utf-8?b?",
            b'"',
            b",",
            b"[",
            b"-",
            b"1",
            "山田 花子 様\n".encode(),
            b"090-1234-5678 ",
            b"> ",
        ),
        *(b"a@b.example ", b"http://x.example/ ", b"A: b\n", b"<table>"),
    )
    for number in range(len(_READERS)):
        for piece in pieces:
            yield bytes([number]) + b"\xfe" + piece + b"\xfe"


SEEDS = {"swollen": _seeds}
