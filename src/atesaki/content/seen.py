"""One line with everything in it that has a form of its own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from atesaki.content.greetings import greeted, spoken_of
from atesaki.content.labels import Owner
from atesaki.content.lines import Line
from atesaki.content.memo import Memo
from atesaki.content.names import Named, honoured, in_letters
from atesaki.content.scan import Hint
from atesaki.content.values import Value, addresses, before_code, cards, dates, emails, phones, postals

_LINK = re.compile(r"<?\b(?:https?|ftp)://[^\s<>\"'、。）」]+>?|\bwww\.[^\s<>\"']+", re.I)


class Span(Protocol):
    """Anything with a beginning and an end in a line."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    start, end = span.start, span.end
    for other in others:  # noqa: SIM110 - `any` costs twice as much here
        if start < other.end and other.start < end:
            return True
    return False


@dataclass(slots=True)
class Seen:
    """`text` is the line's without its links. `shop`, `customer`: its words speak of either. `first`: nothing, or
    hardly anything, stands above it. What is `done` was taken or set aside."""

    line: Line
    text: str
    block: int
    section: Owner
    shop: bool
    customer: bool
    first: bool
    values: list[Value] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    done: set[int] = field(default_factory=set)

    @property
    def prose(self) -> bool:
        return bool(self.line.hints & Hint.PROSE)

    def has(self, hint: int) -> bool:
        return bool(self.line.hints & hint)

    def free(self, span: Span) -> bool:
        """Whether nothing in a span has a form of its own."""
        return not overlaps(span, self.values) and not overlaps(span, self.named)

    def within(self, span: Span) -> list[Value]:
        """Values in a span that nothing has taken yet."""
        if not self.values:
            return []
        start, end = span.start, span.end
        return [each for each in self.values if each.start < end and start < each.end and id(each) not in self.done]

    def people(self, span: Span) -> list[Named]:
        return [each for each in self.named if overlaps(each, (span,))] if self.named else []

    def take(self, *taken: Value | Named) -> None:
        self.done.update(map(id, taken))

    def left(self, value: Value | Named) -> bool:
        return id(value) not in self.done


def without_links(line: Line) -> str:
    """A line's text with blanks for its links, so that places stay."""
    if not line.hints & Hint.LINK:
        return line.text
    return _LINK.sub(lambda found: " " * len(found[0]), line.text)


_EMPTY: Memo[bool] = Memo()


def look_for_values(seen: Seen, birth: bool) -> None:
    """Fill in what the line holds; dates only where somebody may be `birth`."""
    key = hash(seen.line.text) * 4 + 2 * birth + seen.first
    if _EMPTY.get(key):
        return
    _look_for_values(seen, birth)
    if not (seen.values or seen.named):
        _EMPTY.put(key, True)


def _look_for_values(seen: Seen, birth: bool) -> None:
    text, hints = seen.text, seen.line.hints
    values = seen.values
    if hints & Hint.DIGITS:
        values.extend(phones(text))
    if hints & (Hint.DIGITS | Hint.PLACE):
        _add_postals(values, list(postals(text)))
    if hints & Hint.PLACE:
        values.extend(addresses(text))
        for code in [each for each in values if each.kind == "postal" and not each.weak]:
            if len(code.plain) != 7 or not code.plain.isdigit():
                more = before_code(text, code)
                if more is not None and not overlaps(more, (each for each in values if each.kind != "phone")):
                    values.append(more)
    if hints & Hint.MAIL:
        values.extend(emails(text))
    if hints & Hint.HELD:
        values.extend(cards(text))
    if birth or hints & Hint.BIRTH:
        values.extend(dates(text))
    if hints & Hint.HONORIFIC:
        seen.named.extend(honoured(text))
        seen.named.extend(in_letters(text) if seen.named and "(" in text else ())
    _look_for_greetings(seen)


def _look_for_greetings(seen: Seen) -> None:
    if seen.line.hints & (Hint.GREETING | Hint.MAIL):
        seen.named.extend(greeted(seen.text, seen.first))
        seen.named.extend(spoken_of(seen.text))


def _add_postals(values: list[Value], codes: list[Value]) -> None:
    """A code and a phone number exclude each other: 〒 decides, else the phone's form."""
    if values and codes:
        strong = [each for each in values if not each.weak]
        codes = [code for code in codes if not (code.weak and overlaps(code, strong))]
        values[:] = [each for each in values if not overlaps(each, codes)]
    values.extend(codes)
