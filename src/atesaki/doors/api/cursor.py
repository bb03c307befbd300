"""Where a page of a list begins: the last id of the page before, so that what is added meanwhile moves nothing."""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from atesaki import keys

from .problems import invalid
from .shapes import Page

_T = TypeVar("_T")
_SEAL = 8  # octets: enough to tell a slip from a cursor; it opens nothing


def read(page: Page, *of: str) -> UUID | None:
    """The id that the page begins after; `of` says which list. Raises `Problem`."""
    if page.cursor is None:
        return None
    try:
        raw = urlsafe_b64decode(page.cursor.encode() + b"=" * (-len(page.cursor) % 4))
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != 16 + _SEAL or not hmac.compare_digest(raw[16:], _seal(raw[:16], of)):
        raise invalid((("query", "cursor"), "This cursor is not of this list: begin without one."))
    return UUID(bytes=raw[:16])


def cut(rows: Sequence[_T], page: Page, id_of: Callable[[_T], UUID], *of: str) -> tuple[Sequence[_T], str | None]:
    """The rows of the page, of which one more than its limit was looked up, and the next page's cursor."""
    if len(rows) <= page.limit:
        return rows, None
    shown = rows[: page.limit]
    pk = id_of(shown[-1]).bytes
    return shown, urlsafe_b64encode(pk + _seal(pk, of)).decode().rstrip("=")


def _seal(pk: bytes, of: Sequence[Any]) -> bytes:
    return keys.ring().fingerprint("cursor", pk, *of)[:_SEAL]
