"""What a person wrote in a reply: without our own words quoted back, and without what their program adds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from atesaki.content import Part, Reading

from .came import one_of

_MOST = 10_000  # characters
_LINES = 5_000

_DATE = r"(?:\d{4}年\s?\d{1,2}月\s?\d{1,2}日|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|\d{1,2}/\d{1,2}/\d{4})"
# The line that a mail program puts above what it quotes; two lines where it was folded.
_INTRODUCES = re.compile(
    r"On\b.{4,300}\bwrote:"
    rf"|\(?{_DATE}.{{0,300}}(?:[<>@].{{0,100}}[::]|のメール[::]|wrote:|[がは]?書きました[::]|より[::])"
    r"|.{1,200}さん[がは](?:[^。]{0,60}に)?書きました[::]"
    r"|.{1,100}<[^<>\s]+@[^<>\s]+>\s?(?:wrote|のメール|\[[\d :.,/+-]+\])[::]?"
)
_DIVIDES = re.compile(
    r"(?i)[-_=—―\s*]{2,}\s*(?:original message|original appointment|forwarded (?:message|by)[^\n]{0,80}|reply message"
    r"|元のメッセージ|元のメール|オリジナルメッセージ|返信元メッセージ|転送(?:された)?メッセージ|転送メール|引用ここから)\s*[-_=—―\s*]*"
    r"|begin forwarded message:|転送されたメッセージ[::]|_{20,}|以下、?(?:元の|受信した)?メール(?:本文)?"
)
_FROM = re.compile(r"(?i)\*?(?:from|差出人|送信者|送信元)\*?\s?[::]")
_AND = re.compile(r"(?i)\*?(?:sent|date|to|subject|送信日時|送信済み|日時|日付|宛先|件名)\*?\s?[::]")
_DEVICE = (
    r"iphone|ipad|android|galaxy|xperia|aquos|arrows|docomo|ドコモ|スマートフォン|スマホ|ケータイ"
    r"|yahoo!メール|outlook|gmail"
)
_SENT_FROM = one_of(
    r"sent (?:from|via|with) .{1,60}|get outlook for .{1,40}|outlook for \w+ を(?:入手|ダウンロード).{0,40}",
    rf"(?:my ?|au)?(?:{_DEVICE})[^。、]{{0,30}}から(?:の)?送信(?:されました|しました)?。?",
)
# A right that our own mail carried: it is no agent's.
_OUR_LINK = re.compile(r"/([cnmq])/[A-Za-z0-9_-]{16,}")
_OUR_ADDRESS = re.compile(r"(?i)\b([rb])\+[a-z2-7]{39}(?=@)")


def written(reading: Reading) -> str:
    """The words of the one who replied; empty if there are none.

    1 The first text, or the page where there is no text.
    2 Up to where the mail program begins to quote; between quoted lines everything stays, for people answer there.
    3 Without the signature, the device's name, and rights that stood in our mail. 10,000 characters at most.
    """
    lines = _text(reading.parts).replace("\u200b", "").replace("\xa0", " ").split("\n")[:_LINES]
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        height = _begins_quote(lines, at)
        if height:
            if not _quoted_next(lines, at + height):
                break
            at += height
            continue
        if line == "--" and not _quoted(lines[at]):
            break
        if not _quoted(lines[at]) and not _SENT_FROM.fullmatch(line):
            kept.append(lines[at].rstrip())
        at += 1
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip().rstrip("-_=—―").rstrip()
    text = _OUR_ADDRESS.sub(r"\1+…", _OUR_LINK.sub(r"/\1/…", text))[:_MOST]
    return text.encode("utf-8", "replace").decode()


def _text(parts: Sequence[Part]) -> str:
    """The reader's own part: nothing that is enclosed or attached."""
    enclosed = tuple(f"{part.path}." for part in parts if part.content_type.startswith("message/"))
    own = [
        part
        for part in parts
        if part.text and part.kind != "attachment" and not part.content_type.startswith("message/")
        if not enclosed or not part.path.startswith(enclosed)
    ]
    for wanted in ("text/plain", "text/html", ""):
        for part in own:
            if part.content_type.startswith(wanted) and part.text.strip():
                return part.text
    return ""


def _begins_quote(lines: Sequence[str], at: int) -> int:
    """How many lines announce that what follows was written by somebody else; 0 if none does."""
    line = lines[at].strip()
    if not line or len(line) > 400:
        return 0
    if _INTRODUCES.fullmatch(line) or _DIVIDES.fullmatch(line):
        return 1
    if _FROM.match(line) and sum(bool(_AND.match(near.strip())) for near in lines[at + 1 : at + 6]) > 1:
        return 1
    if at + 1 < len(lines) and not _quoted(lines[at + 1]):
        both = f"{line} {lines[at + 1].strip()}"
        if re.match(rf"On\b|{_DATE}", line) and len(both) < 400 and _INTRODUCES.fullmatch(both):
            return 2
    return 0


def _quoted(line: str) -> bool:
    return line.lstrip().startswith((">", ">", "|>"))


def _quoted_next(lines: Sequence[str], at: int) -> bool:
    """Whether the next line that is not empty is marked as quoted, so that one can tell where it ends."""
    return next((_quoted(line) for line in lines[at : at + 10] if line.strip()), False)
