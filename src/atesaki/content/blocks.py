"""Reads one text by its layout: what its labels and forms show, and, by the words around them, whose that is.

A value is the sender's where its label, its line, its heading or its block says so in words. Where nothing says
anything it counts as the recipient's. Its place in the text says nothing.
"""

import re
from dataclasses import dataclass, field

from atesaki.content.labels import UNKNOWN, Label, Owner, label
from atesaki.content.layout import Cell, Pair, cells, held, pairs, raw_cells
from atesaki.content.lines import Line, lines_of
from atesaki.content.names import Named, greeted, honoured, likeness, spoken_of
from atesaki.content.scan import Hint, scanner
from atesaki.content.taking import Event, Hit, Taking, settled
from atesaki.content.values import UNIT, Value, addresses, before_code, cards, dates, emails, phones, postals

_RULING_START = frozenset("─━=_*#~-―ー・.+┌├└┏┣┗╋┼☆★◆◇■□◎○●…‥＊<>/|│┃ ")
_RULING = re.compile(r"[^\w\s〒☎]*(?:[─━=_*#~\-―ー・.☆★◆◇■□◎○●…‥+/<>☆*] ?){3,}[^\w\s〒☎]*")
_BOX = re.compile(r"[┌├└┏┣┗┬┴┼┤┘┐─━╋╂┿│┃|+\- ]*[┌├└┏┣┗┤┘┐┼┬┴|+][┌├└┏┣┗┬┴┼┤┘┐─━╋╂┿│┃|+\- =:]*")
_LINK = re.compile(r"<?\b(?:https?|ftp)://[^\s<>\"'、。）」]+>?|\bwww\.[^\s<>\"']+", re.I)
_WORTH = frozenset((Hint.DIGITS, Hint.MAIL, Hint.HONORIFIC, Hint.PAIR, Hint.LABEL, Hint.HELD, Hint.GREETING, Hint.PLACE, Hint.BARE, Hint.READING))
_HEADING = 26  # letters


@dataclass
class Walk:
    """State of reading one text. `cue` and `domains` are the sender's own names."""

    cue: re.Pattern[str] | None
    domains: frozenset[str]
    taking: Taking = field(default_factory=Taking)
    events: list[Event] = field(default_factory=list)
    blocks: list[tuple[int, bool]] = field(default_factory=list)  # first line; whether a ruling stands before it
    section: Owner = ""
    heading: Label | None = None
    heading_line: int = -1
    heading_used: int = 0
    columns: list[Label] | None = None
    block: int = 0
    in_block: int = 0
    only_heading: bool = True
    texts: int = 0
    signature: bool = False
    orders: bool = False
    recent: list[Line] = field(default_factory=list)

    def read(self, text: str) -> list[Hit]:
        """Every hit in the text whose owner is not the sender."""
        match = scanner().Match
        for line in lines_of(text):
            shown = line.text.strip()
            if not shown:
                self.end_block(ruled=False)
            elif line.raw.rstrip("\r") == "-- ":  # a signature follows (RFC 3676 section 4.3)
                self.end_block(ruled=True)
                self.section, self.signature = "shop", True
            elif shown[0] in _RULING_START and _RULING.fullmatch(shown):
                if not (_BOX.fullmatch(shown) and (self.columns or self.in_block) and shown[0] in "├┣┼|+┌┏└┗"):
                    self.end_block(ruled=True)
            else:
                line.hints = frozenset(match(line.text) or ())
                self.line(line, shown)
        return settled(self.taking.hits, self.events, self.domains)

    # -- blocks ---------------------------------------------------------------------------------------

    def end_block(self, ruled: bool) -> None:
        """A heading alone goes on into the next block."""
        self.columns = None if ruled else self.columns
        if not self.in_block:
            return
        if not self.only_heading:
            self.heading = None
            self.columns = None
            if self.section == "customer" or (ruled and not self.signature):
                self.section = ""
        self.block += 1
        self.in_block = 0
        self.only_heading = True
        self.blocks.append((0, ruled))

    def event(self, line: Line, owner: Owner, carries: bool = False) -> None:
        self.events.append(Event(line.number, self.block, owner, carries))

    # -- lines ----------------------------------------------------------------------------------------

    def line(self, line: Line, shown: str) -> None:
        hints = line.hints
        self.in_block += 1
        self.texts += 1
        self.recent = [*self.recent[-3:], line] if self.in_block > 1 else [line]
        text = line.text
        link = Hint.LINK in hints
        prose = Hint.PROSE in hints
        self.orders = self.orders or Hint.ORDER in hints
        ours = not prose and self.cue is not None and self.cue.search(text.casefold()) is not None
        shop = not prose and (ours or Hint.SHOP in hints)
        customer = Hint.CUSTOMER in hints
        if link:
            text = _LINK.sub(lambda found: " " * len(found[0]), text)
        if shop and not customer:
            self.event(line, "shop", carries=len(shown) <= 60)
        waiting = self.heading is not None or self.columns is not None or self.taking.last_address == line.number - 1
        if not waiting and _WORTH.isdisjoint(hints):
            self.only_heading = False
            return
        values, named = self.values(text, line)
        if customer and values and not ours and not prose:
            self.event(line, "customer")
        self.taking.begin(line, self.block, self.section, shop, customer, prose)
        self.layout(text, line, shown, values, named)
        if any(value.kind == "postal" for value in values) and len(self.recent) > 1:
            self.taking.between(self.recent, line)
        if len(self.recent) > 1 and self.taking.last_address == line.number:
            self.taking.above(self.recent[-2])

    def values(self, text: str, line: Line) -> tuple[list[Value], list[Named]]:
        """What has a form of its own in a line."""
        hints = line.hints
        values: list[Value] = []
        named: list[Named] = []
        if Hint.DIGITS in hints:
            values.extend(phones(text))
        if Hint.DIGITS in hints or Hint.PLACE in hints:
            marked = list(postals(text))
            if marked and values:
                marked = [code for code in marked if not (code.weak and _overlaps(code, [each for each in values if not each.weak]))]
                values = [value for value in values if not _overlaps(value, marked)]
            values.extend(marked)
        if Hint.PLACE in hints:
            values.extend(addresses(text))
            for code in [each for each in values if each.kind == "postal" and not each.weak and not each.plain.isdigit() or len(each.plain) == 5]:
                more = before_code(text, code)
                if more is not None and not _overlaps(more, [each for each in values if each.kind != "phone"]):
                    values.append(more)
        if Hint.MAIL in hints:
            values.extend(emails(text))
        if Hint.HELD in hints:
            values.extend(cards(text))
        if Hint.DIGITS in hints or Hint.HELD in hints:
            values.extend(dates(text))
        if Hint.HONORIFIC in hints:
            named.extend(honoured(text))
        if Hint.GREETING in hints or Hint.MAIL in hints:
            named.extend(greeted(text, self.texts <= 3))
            named.extend(spoken_of(text))
        return values, named

    # -- layout ---------------------------------------------------------------------------------------

    def layout(self, text: str, line: Line, shown: str, values: list[Value], named: list[Named]) -> None:
        table = "\t" in text or "│" in text or "┃" in text or "|" in text or "｜" in text
        row = raw_cells(text) if table else cells(text)
        took = self.taking
        if not row:
            return
        if self.columns and len(row) > 1 and abs(len(row) - len(self.columns)) <= 1:
            self.only_heading = False
            for number, cell in enumerate(row[: len(self.columns)]):
                took.pair(Pair(self.columns[number], "", cell.start, cell.end), text, values, named, number + 1)
            took.rest(values, named)
            return
        found = [(number, cell, pairs(text, cell)) for number, cell in enumerate(row)]
        alone = [number for number, cell, each in found if len(each) == 1 and each[0].start == each[0].end]
        if len(row) > 1 and len(alone) >= max(2, len(row) - 1) and not values:
            heads = [each[0].label if each else UNKNOWN for _, _, each in found]
            if not (len(row) == 2 and heads[1].kind in ("none", "") and heads[0].kind not in ("order_item", "none")):
                self.columns = heads
                if any(head.owner == "shop" for head in heads) and not any(head.owner == "customer" for head in heads):
                    self.event(line, "shop")
                return
        if len(row) == 1:
            self.single(text, line, shown, found[0][1], found[0][2], values, named)
        else:
            self.paired(text, line, found, values, named)
        took.rest(values, named)

    def paired(
        self, text: str, line: Line, found: list[tuple[int, Cell, list[Pair]]], values: list[Value], named: list[Named]
    ) -> None:
        """Cells beside each other: a label's cell, then its value's."""
        self.only_heading = False
        number = 0
        while number < len(found):
            _, cell, each = found[number]
            label_alone = len(each) == 1 and each[0].start == each[0].end
            after = found[number + 1] if number + 1 < len(found) else None
            if label_alone and after is not None:
                value = after[1]
                if number + 2 == len(found) or not found[number + 2][2]:
                    value = self.joined(found, number + 1)
                self.pair(each[0]._replace(start=value.start, end=value.end), text, line, values, named, number + 2)
                number += 2
            elif each:
                for pair in each:
                    self.pair(pair, text, line, values, named, number + 1)
                number += 1
            elif number % 2 == 0 and after is not None and not after[2] and len(found) % 2 == 0 and self.free(cell, values, named):
                name = text[cell.start : cell.end]
                value = after[1]
                if likeness(name) and not self.free(value, values, named):
                    self.taking.bare(text, cell, number + 1)
                self.pair(Pair(label(name) or UNKNOWN, name, value.start, value.end), text, line, values, named, number + 2)
                number += 2
            else:
                self.loose(text, line, cell, values, named, number + 1)
                number += 1

    def joined(self, found: list[tuple[int, Cell, list[Pair]]], at: int) -> Cell:
        """The value's cell; of a value cut by wide gaps the pieces that no label begins."""
        end = found[at][1].end
        for _, cell, each in found[at + 1 :]:
            if each:
                break
            end = cell.end
        return Cell(found[at][1].start, end) if len(found) <= at + 2 else found[at][1]

    def free(self, cell: Cell, values: list[Value], named: list[Named]) -> bool:
        return not any(value.start < cell.end and cell.start < value.end for value in (*values, *named))

    def single(
        self, text: str, line: Line, shown: str, cell: Cell, each: list[Pair], values: list[Value], named: list[Named]
    ) -> None:
        """A line of one cell: a heading, a label with its value, or a value that may belong to the heading above."""
        alone = len(each) == 1 and each[0].start == each[0].end
        if alone and not any(name.start >= cell.start for name in named):
            self.head(each[0], line, shown)
            return
        self.only_heading = False
        if each and (each[0].label.listed or each[0].label.kind or not self.heading or each[0].label is UNKNOWN):
            if each[0].label.kind != "none" and self.heading is not None and self.heading.kind not in ("party", "order_item"):
                self.heading = None
            for pair in each:
                self.pair(pair, text, line, values, named, 0)
            return
        self.loose(text, line, cell, values, named, 0)

    def head(self, pair: Pair, line: Line, shown: str) -> None:
        """A label that stands alone: what comes below is its value."""
        said = pair.label
        if said.owner == "shop":
            self.event(line, "shop", carries=True)
            if len(shown) <= _HEADING:
                self.section = "shop"
            self.heading = None
        elif said is UNKNOWN:
            self.heading = None
            if self.section == "customer":
                self.section = ""
            self.only_heading = False
        else:
            if said.owner == "customer":
                self.event(line, "customer", carries=True)
                self.section = "customer"
            elif said.kind == "none" and self.section == "customer" and self.heading is not None:
                return
            self.heading, self.heading_line, self.heading_used = said, line.number, 0

    def pair(self, pair: Pair, text: str, line: Line, values: list[Value], named: list[Named], cell: int) -> None:
        """A label with its value in the same line."""
        said = pair.label
        if self.taking.shop and said.listed and said.owner != "shop" and said.kind:
            self.unless_in_value(text[pair.start : pair.end], line)
        if said.owner == "shop":
            self.event(line, "shop", carries=True)
        elif said.owner == "customer" and self.taking.holds(pair, text):
            self.event(line, "customer")
            if said.kind == "party":
                self.section = "customer"
                self.heading, self.heading_line, self.heading_used = said, line.number, 0
        self.taking.section = self.section
        took = self.taking.pair(pair, text, values, named, cell)
        if said.kind == "address" and said.owner != "shop" and took:
            self.heading, self.heading_line, self.heading_used = said, line.number, 1

    def unless_in_value(self, value: str, line: Line) -> None:
        """A label is no sign of a shop though it holds one of its words (証券番号)."""
        self.taking.shop = Hint.SHOP in (scanner().Match(value) or ()) or bool(self.cue and self.cue.search(value.casefold()))
        last = self.events[-1] if self.events else None
        if last is not None and last.line == line.number and last.owner == "shop":
            # A company in one field of a list says nothing of the next field.
            last.carries = False
            if not self.taking.shop:
                self.events.pop()

    def loose(
        self, text: str, line: Line, cell: Cell, values: list[Value], named: list[Named], number: int
    ) -> None:
        """A cell without a label: the value of the heading above, or free."""
        heading = self.heading
        if heading is not None and heading.owner != "shop":
            limit = {"party": 9, "address": 4, "order_item": 30}.get(heading.kind, 1)
            if self.heading_used < limit and line.number - self.heading_line <= limit + 3:
                before, only = len(self.taking.hits), self.heading_line == line.number - 1
                self.taking.below(heading, self.heading_used + 1, text, cell, values, named, number)
                if len(self.taking.hits) > before or heading.kind == "party" or Hint.PROSE in line.hints:
                    self.heading_used += 1
                elif only and cell.end - cell.start <= _HEADING and not values:
                    self.only_heading = True  # the label again, in another language
                return
            self.heading = None
        free = self.free(cell, values, named)
        near = self.taking.last_address == line.number - 1
        if free and (Hint.BARE in line.hints or number or near) and self.taking.bare(text, cell, number):
            return
        if Hint.HELD in line.hints:
            for pair in held(text[: cell.end]):
                if pair.start >= cell.start:
                    self.taking.pair(pair, text, values, named, number)


def _overlaps(value: Value, others: list[Value]) -> bool:
    return any(value.start < other.end and other.start < value.end for other in others)
