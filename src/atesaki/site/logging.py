"""What our programs say while they run, and what they never say.

Every event, of ours and of the libraries, passes `mask` in its last step but one: an address, a token or a
password in a connection's name is hidden wherever it stands, also in an exception's text.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_HIDDEN = (
    (re.compile("\0"), ""),  # ours below; and one inside of an address would hide its beginning from us
    (re.compile(r"(?<=://)[^/\s@]+@"), "***\0"),  # user and password of a server, whose name may stay
    (re.compile(r"/([cnmq])/[^\s/?#\"'<>&,;)]+"), r"/\1/***"),  # our token paths
    (re.compile(r"(?i)\b(bearer|basic|auth plain|auth login)\s+\S+"), r"\1 ***"),
    (re.compile(r"\"(?:[^\"\\\n]|\\.)*\"[@＠][^\s<>\"(),;]+"), "***\0***"),  # a quoted local part, RFC 5321 4.1.2
    (re.compile(r"(?i)[^\s<>\"(),;\0]*(?:[@＠]|%40|%EF%BC%A0)[^\s<>\"(),;]+"), "***\0***"),
    (re.compile("\0"), "@"),
)

_HARMLESS = re.compile(r"[A-Za-z0-9_.:+-]*")  # no pattern finds anything in it: most of what is said is such a word


def mask(text: str) -> str:
    """`text` without addresses, tokens and passwords; what only looks like one goes too."""
    if _HARMLESS.fullmatch(text):
        return text
    for pattern, instead in _HIDDEN:
        text = pattern.sub(instead, text)
    return text


def _masked(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return mask(value)
        case dict():
            return {mask(str(name)): _masked(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(each) for each in value]
        case _:
            return mask(str(value) if not isinstance(value, bytes) else repr(value))


def mask_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """`mask` on every value of an event."""
    return {name: _masked(value) for name, value in event.items()}


def set_up(part: str = "") -> None:
    """Routes everything to standard error: JSON unless a person looks on, or as `ATESAKI_LOG` says."""
    wish = os.environ.get("ATESAKI_LOG", "").strip().lower()
    console = wish == "console" or (wish != "json" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(part),
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,  # before `mask_event`: its text is the likeliest leak
            mask_event,
            renderer,
        ],
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for chatty in ("asyncio", "procrastinate", "django.request", "psycopg.pool"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    warnings.simplefilter("default" if "PYTHONWARNINGS" in os.environ else "ignore", ResourceWarning)
    sys.excepthook = _uncaught


def _named(part: str) -> Processor:
    def name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if part:
            event.setdefault("part", part)
        return event

    return name


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("atesaki").critical("unexpected end", exc_info=(kind, error, trace))


def unexpected(error: BaseException) -> None:
    """Tells of a failure that should not have happened, with its traceback."""
    _uncaught(type(error), error, error.__traceback__)
