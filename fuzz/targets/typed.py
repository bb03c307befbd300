"""What people type: addresses, and what an operator sets on a service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from itertools import pairwise
from types import SimpleNamespace

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from fuzz import check

check.django()

from atesaki import addresses
from atesaki.addresses import Address, AddressError, parse, suggest
from atesaki.tenants import TenantError, hours, may_return_to, registry
from fuzz.targets import seeds

_KEY = b"k" * 32


def address(data: bytes) -> None:
    """A parsed address is its own parse and has one digest, whichever way it is spelt; else an `AddressError`."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        found = parse(text)
    except AddressError as error:
        assert error.slug in addresses.SENTENCES
        assert error.sentence("ja")
        assert suggest(text) == error.suggestion
        if error.suggestion is not None:
            assert parse(error.suggestion).text == error.suggestion
        return
    assert parse(data) == found, "octets are another address than their text"
    _is_one(found)
    meant = suggest(found)
    if meant is not None:
        assert parse(meant).text == meant
        assert not addresses.same(meant, found)


def _is_one(found: Address) -> None:
    assert parse(found.text) == found
    assert parse(f" <{found.text}>\r\n") == found
    plain = parse(found.comparable)
    assert plain.comparable == found.comparable
    digests = {addresses.digest(_KEY, each) for each in (found, found.text, found.comparable, plain)}
    assert len(digests) == 1, "one mailbox has two digests"
    assert addresses.same(found, plain)
    assert addresses.kin(found, plain)
    assert len(found.text.encode()) <= addresses.ADDRESS_LIMIT
    assert found.text == f"{found.local}@{found.domain}"
    assert found.domain.isascii()
    assert found.domain == found.domain.lower()
    assert found.smtputf8 == (not found.local.isascii())
    assert not re.search(r"[\r\n\0]", found.text)
    if len(found.local.strip('"')) > 2:
        assert found.text not in repr(found), "its repr tells it"
    check.legible(found.text)


def tenant(data: bytes) -> None:
    """Hours, places to return to, webhooks: taken as they are meant, or refused with the documented error.

    The first octet says which; lines are several values.
    """
    which, text = data[:1], data[1:].decode("utf-8", "replace")
    if which < b"\x55":
        _hours(text)
    elif which < b"\xaa":
        _return(*text.partition("\n")[::2])
    else:
        _webhook(text)


def _hours(text: str) -> None:
    try:
        kept = hours.tidy(text)
    except ValueError as error:
        assert str(error)
        return
    assert hours.tidy(kept) == kept
    days = hours.week(text)
    assert hours.week(kept) == days
    assert len(days) == 7
    for spans in days:
        assert all(opens < shuts for opens, shuts in spans)
        assert all(before[1] < after[0] for before, after in pairwise(spans)), "two spans overlap"
        assert all(shuts == time.max or shuts.second == 0 for _, shuts in spans)


def _return(prefix: str, url: str) -> None:
    """Where a page may lead is below the prefix, also as another reader of URLs takes it apart."""
    try:
        service = SimpleNamespace(return_to=[registry._return_to(prefix)])
    except TenantError:
        assert not may_return_to(SimpleNamespace(return_to=[prefix]), url) or "?" in prefix or "#" in prefix  # type: ignore[arg-type]
        return
    if not may_return_to(service, url):  # type: ignore[arg-type]
        return
    assert not re.search(r"[\\@\s]", url)
    try:
        known, led = parse_url(prefix), parse_url(url)
    except LocationParseError:
        raise AssertionError("another reader takes it for no URL") from None
    assert (led.scheme, led.host) == (known.scheme, known.host)
    assert (led.port or _usual(led.scheme)) == (known.port or _usual(known.scheme))
    below = (known.path or "/").rstrip("/")
    assert (led.path or "/") + "/" == below + "/" or ((led.path or "/") + "/").startswith(below + "/")


def _usual(scheme: str | None) -> int:
    return 443 if scheme == "https" else 80


def _webhook(text: str) -> None:
    try:
        kept = registry._webhook(text)
    except TenantError:
        return
    assert kept == text
    if not kept:
        return
    assert re.match("https?://", kept, re.I)
    try:
        assert parse_url(kept).host, "the courier finds no host in it"
    except LocationParseError:
        raise AssertionError("the courier cannot read it") from None
    assert not re.search(r"\s", kept)


def _addresses() -> Iterator[bytes]:
    yield from (
        *(
            b"hana@example.jp",
            b"Hana.Oshima+shop@Example.JP",
            b'"a..b"@docomo.ne.jp',
            b"a..b@docomo.ne.jp",
            b"<ken@gmial.com>",
        ),
        *(
            "ｈａｎａ＠ｅｘａｍｐｌｅ．ｊｐ".encode(),
            "花@例え.jp".encode(),
            b"hana@xn--r8jz45g.jp",
            b"a@localhost",
            b"a@b.test",
        ),
        *(
            b'"very \\" unusual"@example.com',
            b"Hana <hana@example.jp>",
            b"hana@[192.0.2.1]",
            b"a@b@c",
            b"a b@example.jp",
        ),
        *(
            "straße@example.de".encode(),
            "ΣΑΣ@example.gr".encode(),
            "hana@yahoo。co。jp".encode(),
            b"x@yahoo.co.jo",
            b"@",
        ),
    )
    yield from seeds.files("corpus/addresses/*", 5)


def _tenants() -> Iterator[bytes]:
    for text in ("mon-fri 09:00-18:00, sat 10:00-15:00", "sun-mon 0:00-24:00", "fri-tue 9:30 - 12:00,fri 12:00-13:00"):
        yield b"\0" + text.encode()
    yield b"\x60https://shop.example/account/\nhttps://shop.example/account/a?b#c"
    yield b"\x60http://shop.example:8080\nhttp://SHOP.example:8080/x/%2e%2E/y"
    yield b"\x60https://[2001:db8::1]/a\nhttps://[2001:db8::1]:443/a/"
    yield b"\xb0https://hooks.shop.example:8443/a?b=c"
    yield b"\xb0http://user:pw@shop.example/"


SEEDS = {"address": _addresses, "tenant": _tenants}
