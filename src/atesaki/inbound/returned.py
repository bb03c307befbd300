"""Returned mail without a form: qmail's, Exim's, the Japanese carriers', and what nobody has a name for."""

from __future__ import annotations

import email
import logging
import re

from flufl.bounce import all_failures

from .came import Came, Role, one_of
from .kinds import Kind
from .reports import in_words, meaning

# It tells of every detector that it tries, and of failures with the mail in the traceback.
logging.getLogger("flufl.bounce").disabled = True

_DAEMON = one_of(
    r"mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|mail[-_.]?delivery|post[-_.]?master|bounces?\b",
)
_SUBJECT = one_of(
    r"undeliver|delivery (?:status|failure|failed|has failed|report|incomplete|problem)|mail delivery|delayed mail",
    r"failure notice|returned mail|could not (?:be|send)|not delivered|warning: |message delayed|system error",
    r"(?:配信|配送|送信)(?:不能|できません|エラー|失敗)|エラーメール|未配信|お届けできません|届きませんでした",
)
# Where our own mail begins that is sent back with it: what we wrote says nothing of its fate. No blank of it is a line
# end, or a mail of empty lines would be looked through from each of them.
_ORIGINAL = re.compile(
    r"^(?:[^\S\n]|>)*[-=_*]{2,}[^\n]{0,20}(?:original|returned|copy of|your message|元の|送信メール|以下)[^\n]{0,60}$"
    r"|^(?:[^\S\n]|-)*(?:below this line|this) is a copy"
    r"|^(?:the )?original message (?:follows|headers)|^(?:[^\S\n]|-)*(?:message )?headers? follow"
    r"|^return-path:|^received: (?:from|by)|^list-unsubscribe:",
    re.IGNORECASE | re.MULTILINE,
)
_LOOKED_AT = 20_000


def returned_in_words(came: Came) -> tuple[Kind, str] | None:
    """What a return says, and its status; None if the mail is no return.

    1 A mail program's own name in From or X-Failed-Recipients makes a return, or no sender and such a subject.
    2 What stands above our own mail says why.
    3 What that does not tell, flufl.bounce may know; else nobody can.
    """
    daemon = bool(_DAEMON.match(came.author.partition("@")[0])) or bool(came.values("x-failed-recipients"))
    if not daemon and not (not came.sender and _SUBJECT.search(came.subject)):
        return None
    if came.at.role not in (Role.BOUNCE, Role.REPLY):
        return None  # a person who is the postmaster elsewhere may write to ours
    if came.values("auto-submitted") and not came.sender and not daemon:
        return None
    said = _said(came)
    return in_words(said) or _by_flufl(came.raw, said) or (Kind.UNREADABLE, "")


def _said(came: Came) -> str:
    """Subject and texts in front of the original; a page only where there is no text."""
    own = [part for part in came.reading.parts if not part.content_type.startswith("message/")]
    texts = [part.text for part in own if part.content_type == "text/plain"] or [part.text for part in own]
    text = texts[0][:_LOOKED_AT] if texts else ""
    original = _ORIGINAL.search(text)
    return f"{came.subject[:1_000]}\n{text[: original.start()] if original else text}"


def _by_flufl(raw: bytes, said: str) -> tuple[Kind, str] | None:
    try:
        temporary, permanent = all_failures(email.message_from_bytes(raw[:_LOOKED_AT]))
    except Exception:  # noqa: BLE001 - its detectors raise whatever a strange mail makes them
        return None
    if permanent:
        return meaning("", said), ""
    return (Kind.DELAYED, "") if temporary else None
