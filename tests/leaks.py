"""Whether a mail carries a string, in whatever form: as it lies on the disk, and as its reader sees it.

Reads with the standard library and not with `atesaki.content`, which must not be its own judge.
"""

from __future__ import annotations

import email
import email.policy
import html
import quopri
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from urllib.parse import quote_from_bytes

_CHARSETS = ("utf-8", "iso-2022-jp", "shift_jis", "euc-jp")
_LEAST = 6  # octets: a shorter form stands in a token or an id by chance; its reader's view is searched all the same


def found(raw: bytes, secrets: Iterable[str]) -> set[str]:
    """Those of `secrets` that are in the mail."""
    disk, seen = _on_disk(raw), _as_seen(raw)
    close = _close(seen)
    return {
        secret
        for secret in secrets
        if secret in seen
        or (len(_close(secret)) >= _LEAST and _close(secret) in close)
        or any(form in view for form in _forms(secret) for view in disk)
    }


def _forms(secret: str) -> set[bytes]:
    """The octets that a mail may have for it."""
    forms: set[bytes] = set()
    for charset in _CHARSETS:
        try:
            octets = secret.encode(charset)
        except UnicodeEncodeError:
            continue
        octets = re.sub(rb"\A\x1b[$(].|\x1b[$(].\Z", b"", octets)  # inside a longer run there is no escape
        forms |= {octets, *_in_base64(octets), quopri.encodestring(octets).replace(b"=\n", b"")}
        forms |= {quote_from_bytes(octets).encode()}
    return {form for form in forms if len(form) >= _LEAST}


def _in_base64(octets: bytes) -> Iterator[bytes]:
    """What it is wherever it begins in a group of three; without the characters that it shares with its neighbours."""
    for before in range(3):
        encoded = b64encode(b"\0" * before + octets)
        yield encoded[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]


def _on_disk(raw: bytes) -> list[bytes]:
    unfolded = re.sub(rb"\r?\n[ \t]?", b"", raw)
    return [raw, unfolded, quopri.decodestring(raw)]


def _as_seen(raw: bytes) -> str:
    """Subject, correspondents and every text; without links and addresses, which carry our tokens."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    seen = [str(value) for name in ("Subject", "From", "To", "Cc") for value in mail.get_all(name, [])]
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            seen += _readings(part)
    return re.sub(r"\S*(?:://|@)\S*", " ", "\n".join(seen))


def _readings(part: EmailMessage) -> list[str]:
    text = str(part.get_content())
    if part.get_content_subtype() != "html":
        return [text]
    return [html.unescape(re.sub(r"<[^>]*>", mark, text)) for mark in ("", " ")]


def _close(text: str) -> str:
    """Letters and digits alone, of one width: 〒２７３ー０００５ is 2730005."""
    return re.sub(r"[\W_ー]", "", unicodedata.normalize("NFKC", text)).casefold()
