"""What kind of thing a file is, by its content and not its name."""

from __future__ import annotations

import re
from hashlib import blake2b

from atesaki.audit import streams

LOGS = ("postfix", "exim", "sendmail")
EVENTS = ("ses", "sendgrid")
MAILS = ("mbox", "mails")
KINDS = (*LOGS, *EVENTS, *MAILS)
_HEAD = 65_536

_STAMP = rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*)"
_POSTFIX = re.compile(rb"^" + _STAMP + rb" \S+ postfix[^\s\[]*\[\d+\]: ", re.M)
_SENDMAIL = re.compile(rb"^" + _STAMP + rb" \S+ (?:sendmail|sm-mta|sm-msp-queue)[^\s\[]*\[\d+\]: ", re.M)
_EXIM = re.compile(
    rb"^(?:\S+ \S+ \S+ exim\S*: )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?(?: \[\d+\])?"
    rb" \w{6}-\w{6,11}-\w{2,4} (?:<=|=>|->|\*\*|==|Completed)",
    re.M,
)
_SYSLOG = re.compile(rb"^" + _STAMP + rb" ", re.M)
_FROM_LINE = re.compile(rb"From \S.*(?:19|20)\d\d[^\r\n]*\r?\n")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_OF_A_MAIL = re.compile(
    rb"^(?:from|to|date|subject|received|return-path|message-id|mime-version|delivered-to)[ \t]*:", re.M | re.I
)


def head(path: str) -> tuple[bytes, str]:
    """The first 64 KiB of content, and how the file is compressed. Raises as reading it does."""
    with open(path, "rb") as file:  # noqa: PTH123
        first = file.read(_HEAD)
    packed = streams.packing(first)
    if not packed:
        return first, ""
    try:
        with streams.opened(path, packed) as content:
            return content.read(_HEAD), packed
    except streams.BROKEN:
        return b"", packed


def kind(content: bytes) -> str:
    """One of KINDS, `empty`, `syslog` (a log, but no mail server's line so far) or nothing."""
    if not content.strip(b"\0 \r\n\t"):
        return "empty" if not content else ""
    # Mails first: one that quotes a log is a mail still, and no log begins as a mail does.
    if _FROM_LINE.match(content):
        return "mbox"
    if is_mail(content):
        return "mails"
    counted = {"postfix": _POSTFIX, "exim": _EXIM, "sendmail": _SENDMAIL}
    many = {name: len(pattern.findall(content)) for name, pattern in counted.items()}
    best = max(many, key=lambda name: many[name])
    if many[best]:
        return best
    if b"\0" in content[:4096]:
        return ""
    if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        return _events(content)
    return "syslog" if len(_SYSLOG.findall(content)) * 2 > content.count(b"\n") > 0 else ""


def is_mail(content: bytes) -> bool:
    """Whether it begins with a header block that has a field of a mail."""
    if not _FIELD.match(content):
        return False
    block = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    return bool(_OF_A_MAIL.search(block)) and b"\0" not in block


def _events(content: bytes) -> str:
    if re.search(rb'\\?"(?:eventType|notificationType)\\?"\s*:', content):
        return "ses"
    if re.search(rb'"(?:sg_event_id|sg_message_id)"\s*:', content) or (
        re.search(rb'"email"\s*:', content) and re.search(rb'"event"\s*:', content)
    ):
        return "sendgrid"
    return ""


def likeness(content: bytes) -> bytes:
    """Tells files of the same content apart from others, compressed or not, together with their length."""
    return blake2b(content[:_HEAD], digest_size=16).digest()
