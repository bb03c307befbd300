"""Reports that a machine wrote in a form: about a delivery (RFC 3464), or that a reader complained (RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .came import Came, one_of
from .kinds import Kind

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]\d)")
_CODE = re.compile(r"(?<![\d.:/-])([245])[0-5]\d(?=[ \-#])")

# What servers say in words, since many give a code that says less. Runs of words are bounded: a mail is anybody's.
_FEW = r"(?:\S{1,80} ){0,6}?"
_ACCOUNT = r"(?:user|mailbox|mail box|inbox|account|address|recipient|domain|e-?mail|storage|folder)\S{0,80} "
_NOBODY = one_of(
    r"unknown (?:user|recipient|local|mailbox|address)",
    r"user unknown|not known here|unknown or illegal",
    r"no such (?:user|mailbox|recipient|address|person|account|domain)",
    r"invalid (?:recipient|mailbox|user|address)",
    rf"{_ACCOUNT}{_FEW}(?:doesn['’]t exist|does not exist|not exist|not found|(?:could not|couldn['’]t) be found)",
    rf"{_ACCOUNT}{_FEW}(?:disabled|inactive|closed|terminated|suspended|discontinued|unavailable)",
    r"\b(?:no|not an?|have an?) (?:valid )?(?:mailbox|customer|\S{1,80} account)\b",
    r"unrouteable|host or domain name not found|host not found",
    r"リストにありません|存在しません|存在しない|見つかりません|宛先不明|あて先不明|宛先が不明|解約|使われておりません",
)
_FULL = one_of(
    rf"{_ACCOUNT}{_FEW}(?:full|over ?quota|exceeded)",
    rf"over ?quota|quota {_FEW}exceeded|exceed\w* {_FEW}quota",
    r"out of storage|insufficient (?:system )?storage",
    r"容量|いっぱい|一杯|満杯",
)
_POLICY = one_of(
    r"spam|unsolicited|virus|malware|reputation|blacklist|block ?list|blocked|polic(?:y|ies)|prohibited",
    r"dmarc|\bspf\b|dkim|not authori[sz]ed|relay(?:ing)? (?:access )?denied|content reject",
    r"too (?:large|big)|size (?:limit|exceeds)|was rejected by a remote",
    r"迷惑メール|拒否|なりすまし|ポリシー|サイズ",
)
_LATER = one_of(
    r"(?:has been|was|is|been) delayed|deferred|temporar(?:y|ily)|try again",
    r"will (?:be )?(?:retr|keep trying|continue to (?:try|be))|still being (?:re)?tried",
    r"do not need to resend|warning message only|not yet been delivered|delivered for \S{1,9} \S{1,9} yet",
    r"遅延|遅れて|再送を|再送信を|再試行|配送を続け|一時的",
)
_JMRP = re.compile(rb"^X-HmXmrOriginalRecipient:", re.MULTILINE | re.IGNORECASE)


def about_delivery(came: Came) -> tuple[Kind, str] | None:
    """What a delivery status notification says and its status; None if there is none that can be read.

    Whom it names does not matter: the token in our address says which mailbox (L4). Of several recipients, as a
    forwarder has them, the one that speaks most strongly counts.
    """
    seen: list[tuple[Kind, str]] = []
    words = " ".join(part.text[:4_000] for part in came.reading.parts[:1] if part.content_type == "text/plain")
    for part in came.reading.parts:
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            seen += [found for found in map(lambda group: _one(group, words), _groups(part.text)) if found]
    order = (Kind.RETURNED, Kind.REFUSED, Kind.DELAYED, Kind.DELIVERED)
    return min(seen, key=lambda found: order.index(found[0])) if seen else None


def _one(fields: dict[str, str], words: str) -> tuple[Kind, str] | None:
    """One recipient's group of fields; None for the group about the message, or one that says nothing."""
    action = re.split(r"[\s;(]", fields.get("action", "").lower(), maxsplit=1)[0]
    said = fields.get("diagnostic-code", "")
    status = status_in(fields.get("status", "")) or status_in(said)
    if not action and not status:
        return None
    if action in ("delivered", "relayed", "expanded") or (not action and status.startswith("2")):
        return Kind.DELIVERED, status
    if action == "delayed":
        return Kind.DELAYED, status
    return meaning(status, said or words), status or "5.0.0"


def meaning(status: str, said: str) -> Kind:
    """What a refusal says of the mailbox; only what says that it is gone may cast doubt on whose it is (R20).

    1 Temporary is temporary.
    2 Words that say that nobody is there; many servers say so under 5.0.0 or 5.7.1.
    3 A full mailbox has an owner (RFC 3463 3.3: a persistent transient failure), and time that ran out says nothing.
    4 A refusal of the mail, not of the mailbox: its looks, its size, its sender.
    5 Everything else is a mailbox that takes no mail.
    """
    if status.startswith("4"):
        return Kind.DELAYED
    if _NOBODY.search(said):
        return Kind.RETURNED
    family = status.partition(".")[2]
    if family in ("2.2", "4.7") or _FULL.search(said):
        return Kind.DELAYED
    if family in ("1.7", "1.8", "2.3") or family.startswith(("3.", "6.", "7.")):
        return Kind.REFUSED
    if not family.startswith(("1.", "2.", "4.")) and _POLICY.search(said):
        return Kind.REFUSED
    return Kind.RETURNED


def status_in(text: str) -> str:
    """The first status of RFC 3463 in a text, made of the three digits of RFC 5321 if need be; empty if none."""
    found = _STATUS.search(text)
    if found:
        return ".".join(found.groups())
    code = _CODE.search(text)
    return f"{code[1]}.0.0" if code else ""


def in_words(said: str) -> tuple[Kind, str] | None:
    """What a refusal without form says; None if it cannot be told."""
    status = status_in(said)
    if status.startswith("2"):
        status = ""
    if _LATER.search(said) and not status.startswith("5"):
        return Kind.DELAYED, status
    if status or _NOBODY.search(said) or _FULL.search(said) or _POLICY.search(said):
        return meaning(status, said), status
    return None


def complaint(came: Came) -> Kind | None:
    """What a feedback report says; None if the mail is none."""
    if came.subject.lower().startswith("complaint about message from") and _JMRP.search(came.raw):
        return Kind.COMPLAINT  # Microsoft's junk mail reports have a form of their own
    texts = [part.text for part in came.reading.parts if part.content_type == "message/feedback-report"]
    if not texts and "feedback-report" in came.content_type:
        texts = [part.text for part in came.reading.parts]  # some forget to label the part
    for text in texts:
        for fields in _groups(text):
            kind = re.split(r"[\s;(]", fields.get("feedback-type", "").lower(), maxsplit=1)[0]
            if kind == "not-spam":
                return Kind.NO_COMPLAINT
            if kind == "auth-failure":  # RFC 6591: about signatures, and no reader was asked
                return Kind.AUTO
            if kind:
                return Kind.COMPLAINT  # RFC 5965 3.5: a type that is not known counts as `other`
    return None


def _groups(text: str) -> Iterator[dict[str, str]]:
    """Groups of header fields, parted by empty lines, unfolded; the first of each name counts."""
    for group in re.split(r"\n[ \t]*\n", text[:50_000]):
        fields: dict[str, str] = {}
        for line in re.sub(r"\n[ \t]+", " ", group).split("\n"):
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.strip().lower(), value.strip())
        if fields:
            yield fields
