"""Header values as they are shown (RFC 2047)."""

import binascii
import re

from atesaki.content.charsets import decode
from atesaki.content.transfer import base64_runs

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?([^?]*)\?=")


def decode_header(value: bytes) -> tuple[str, str]:
    """A field's value as shown: raw 8-bit characters guessed, encoded words decoded (RFC 2047)."""
    value = value.replace(b"\r", b" ").replace(b"\n", b" ")
    if value.isascii() and b"\x1b" not in value and b"\0" not in value:
        text, why = value.decode("ascii"), ""
    else:
        text, why = decode(value, "")
    decoded, broken = _words(text)
    return decoded.strip(), why or broken


def decode_words(value: str) -> str:
    """The same text with its encoded words decoded (RFC 2047); what is broken is decoded as far as it goes."""
    return _words(value)[0]


def _words(text: str) -> tuple[str, str]:
    """Neighbouring words of one charset are joined before they are decoded: mailers split characters."""
    if "=?" not in text:
        return text, ""
    out: list[str] = []
    why = ""
    charset, octets, at = "", b"", 0
    for word in _WORD.finditer(text):
        between = text[at : word.start()]
        name = word[1].partition("*")[0].lower()
        if octets and (between.strip() or name != charset):
            shown, broken = decode(octets, charset)
            out.append(shown)
            why = why or broken
            octets = b""
        if between.strip() or not at:
            out.append(between)
        raw = word[3].encode("utf-8", "replace")
        if word[2] in "Bb":
            more, broken = base64_runs(raw)
            why = why or broken
        else:
            more = binascii.a2b_qp(raw.replace(b"\r", b"").replace(b"\n", b""), header=True)
        charset, octets, at = name, octets + more, word.end()
    shown, broken = decode(octets, charset)
    return "".join(out) + shown + text[at:], why or broken
