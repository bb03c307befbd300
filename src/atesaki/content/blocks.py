"""Reads one text by its layout: what its labels and forms show, and, by the words around them, whose that is.

A value is the sender's where its label, its line, its heading or its block says so in words. Where nothing says
anything it counts as the recipient's. Its place in the text says nothing.
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from atesaki.content.labels import UNKNOWN, Label, Owner, label
from atesaki.content.layout import Cell, Pair, Part, held, parts, row
from atesaki.content.lines import Line, lines_of
from atesaki.content.names import likeness
from atesaki.content.notes import SHOP_VALUE
from atesaki.content.notices import without_listed
from atesaki.content.scan import Hint, look
from atesaki.content.seen import Seen, look_for_values, without_links
from atesaki.content.taking import Taking, holds
from atesaki.content.whose import Event, Hit, settled

_RULING_START = frozenset("─━=_*#~-―ー・.+┌├└┏┣┗╋┼☆★◆◇■□◎○●…‥＊<>/|│┃ ")
_RULING = re.compile(r"[^\w\s〒☎]*(?:[─━=_*#~\-―ー・.☆★◆◇■□◎○●…‥+/<>☆*] ?){3,}[^\w\s〒☎]*")
_BOX = re.compile(r"[┌├└┏┣┗┬┴┼┤┘┐─━╋╂┿│┃|+\- ]*[┌├└┏┣┗┤┘┐┼┬┴|+][┌├└┏┣┗┬┴┼┤┘┐─━╋╂┿│┃|+\- =:]*")
_VALUES = Hint.DIGITS | Hint.MAIL | Hint.HONORIFIC | Hint.HELD | Hint.GREETING | Hint.PLACE | Hint.READING
_WORTH = _VALUES | Hint.PAIR | Hint.LABEL | Hint.BARE
# What a sentence without any value may still hold.
_IN_PROSE = Hint.HELD | Hint.READING | Hint.PAIR
# Labels of a business's own list; beside 会場 or 担当 the next field is the customer's again.
_OF_A_BUSINESS = re.compile(
    "問.{0,2}合|運営|販売|発行|会社|店舗|所在地|窓口|サポート|センター|事務局|本社|本店|主催|医療機関|振込|発信"
    "|support|sold|seller|merchant|office|branch|store|venue|publisher|manufact|employer|landlord"
)
_VENUE = re.compile("場所|会場|ホール|開催|venue|location|pick-?up|collect|meeting point|ホテル|宿泊|施設|clinic|hotel")
# Who writes so in a quotation is who wrote to the sender.
_OF_ONESELF = re.compile(
    r"と申します|(?:です|ます)が、|(?:たい|ほしい)の?です|でしょうか|ませんか|\bI(?:'m|'d|'ve)?\b|\b[Mm]y\b"
)
# Below a heading of the sender's these name one of its people.
_ATTENTION = frozenset(("attn", "attention", "fao", "contact", "contact name", "c/o"))
_HEADING = 26  # letters
_SHORT = 60  # letters
# How many lines below it a heading's value may take, by its kind.
_REACH = {"party": 9, "address": 4, "order_item": 30}


@dataclass
class Walk:
    """State of reading one text. `cue` and `domains` are the sender's own names."""

    cue: Callable[[str], bool]
    domains: frozenset[str]
    taking: Taking = field(init=False)
    events: list[Event] = field(default_factory=list)
    section: Owner = ""
    heading: Label | None = None
    heading_line: int = -1
    heading_used: int = 0
    columns: list[Label] | None = None
    stacked: list[Pair] = field(default_factory=list)  # heads of columns whose cells come one below the other
    stacked_line: int = -1
    block: int = 0
    in_block: int = 0
    only_heading: bool = True
    texts: int = 0
    signature: bool = False
    orders: bool = False
    everybody: bool = False
    announces: int = 0  # lines
    deals: bool = False
    sample_line: int = -1
    readers: bool = False  # the quotation is of who wrote to the sender
    quoted: bool = False
    recent: deque[Line] = field(default_factory=lambda: deque(maxlen=4))

    def __post_init__(self) -> None:
        self.taking = Taking(self.cue, self.domains)

    def read(self, text: str) -> list[Hit]:
        """Every hit in the text whose owner is not the sender."""
        for line in lines_of(text):
            shown = line.text.strip()
            if not shown:
                self.end_block(ruled=False)
            elif line.raw.rstrip("\r") == "-- ":  # a signature follows (RFC 3676 section 4.3)
                self.end_block(ruled=True)
                self.section, self.signature = "shop", True
            elif shown[0] in _RULING_START and _RULING.fullmatch(shown):
                if not (
                    len(set(shown)) > 1
                    and _BOX.fullmatch(shown)
                    and (self.columns or self.in_block)
                    and shown[0] in "├┣┼|+┌┏└┗"
                ):
                    self.end_block(ruled=True)
            else:
                quoted = line.raw.startswith((">", " >"))
                if quoted != self.quoted:  # somebody else's words: what was said of the sender ends here
                    self.end_block(ruled=True)
                    self.quoted, self.readers = quoted, False
                line.hints = look(line.text)
                self.line(line, shown)
        kept = settled(self.taking.hits, self.events, self.domains)
        return without_listed(kept, self.taking.hits, self.to_all)

    @property
    def to_all(self) -> bool:
        """Whether its words speak to everybody, by a greeting or by what they announce, and of nobody's order."""
        return self.everybody or (self.announces > 0 and not self.orders)

    # -- blocks ---------------------------------------------------------------------------------------

    def end_block(self, ruled: bool) -> None:
        """A heading alone goes on into the next block."""
        if ruled:
            self.columns, self.stacked = None, []
        if not self.in_block:
            self.block += ruled  # nothing carries over a ruling
            return
        if not self.only_heading:
            self.heading = None
            self.columns = None
            if self.section == "customer" or (ruled and not self.signature):
                self.section = ""
        self.block += 2 if ruled else 1
        if ruled or self.recent[-1].number != self.sample_line:
            self.sample_line, self.taking.sample = -1, False
        self.in_block = 0
        self.only_heading = True
        self.recent.clear()

    def event(
        self, line: Line, owner: Owner, *, carries: bool = False, venue: bool = False, labelled: bool = False
    ) -> None:
        self.events.append(Event(line.number, self.block, owner, carries, venue, labelled))

    def open(self, heading: Label, line: Line, used: int = 0) -> None:
        self.heading, self.heading_line, self.heading_used = heading, line.number, used

    # -- lines ----------------------------------------------------------------------------------------

    def line(self, line: Line, shown: str) -> None:
        hints = line.hints
        self.in_block += 1
        self.texts += 1
        self.recent.append(line)
        self.orders = self.orders or bool(hints & Hint.ORDER)
        self.everybody = self.everybody or bool(hints & Hint.EVERYBODY)
        prose = bool(hints & Hint.PROSE)
        self.announces += bool(hints & Hint.ANNOUNCES)
        self.deals = self.deals or bool(hints & (Hint.DEALS | Hint.ORDER))
        if hints & Hint.SHOWS or (hints & Hint.SAMPLE and not prose):
            self.sample_line = line.number
        self.taking.sample = self.sample_line >= 0 or bool(hints & Hint.SAMPLE)
        customer = bool(hints & Hint.CUSTOMER)
        ours = not prose and self.cue(line.text)
        if self.quoted and _OF_ONESELF.search(line.text):
            self.section, self.readers = "customer", True
        shop = ours or (not prose and not self.readers and bool(hints & Hint.SHOP))
        if shop and not customer:
            self.event(line, "shop", carries=len(shown) <= _SHORT)
        if self.stacked and (self.in_block == 1 or self.stacked_line == line.number - 1):
            self.next_column(line)
        taking = self.taking
        waiting = self.heading is not None or self.columns is not None or taking.last_address == line.number - 1
        if not waiting and (not hints & _WORTH or (prose and not hints & (_VALUES | Hint.PAIR))):
            self.only_heading = False
            return
        first = self.texts <= 3
        seen = Seen(line, without_links(line), self.block, self.section, shop, customer, first)
        look_for_values(seen, birth=self.heading is not None and self.heading.kind == "dob")
        if prose and not (waiting or seen.values or seen.named or hints & _IN_PROSE):
            self.only_heading = False
            return
        signed = bool(self.events) and self.events[-1].block == self.block and self.events[-1].owner == "shop"
        to = ("honorific", "greeting") if signed else ("honorific", "greeting", "addressed")
        spoken_to = bool(seen.named) and any(each.sure and each.why in to for each in seen.named)
        if spoken_to or (customer and seen.values and not ours and not prose):
            self.event(line, "customer")
        taking.seen = seen
        self.layout(seen, shown)
        if seen.values:
            taking.around(self.recent)

    def layout(self, seen: Seen, shown: str) -> None:
        """By cells: a row of a table under its headings, a row of headings, labels and values."""
        if self.columns:
            values = row(seen.text)
            if len(values) > 1 and abs(len(values) - len(self.columns)) <= 1:
                self.only_heading = False
                for number, (said, cell) in enumerate(zip(self.columns, values, strict=False), 1):
                    self.taking.pair(Pair(said, "", *cell), number)
                self.taking.rest()
                return
        laid = parts(seen.text)
        if len(laid) == 1:
            self.single(seen, shown, laid[0])
        elif self.headings(seen, laid):
            return
        else:
            self.paired(seen, laid)
        self.taking.rest()

    def headings(self, seen: Seen, parts: list[Part]) -> bool:
        """Whether a row is the headings of columns."""
        if seen.values or sum(part.is_label for part in parts) < max(2, len(parts) - 1):
            return False
        heads = [part.pairs[0].label if part.pairs else UNKNOWN for part in parts]
        names = [part.pairs[0].name.casefold() if part.pairs else "" for part in parts]
        if "from" in names and "to" in names:  # of a journey
            heads = [UNKNOWN if name in ("from", "to") else head for name, head in zip(names, heads, strict=True)]
        if "unit" in names:  # its price; no flat has a column of its own among others
            heads = [UNKNOWN if name == "unit" else head for name, head in zip(names, heads, strict=True)]
        value = heads[-1].kind in ("none", "") and not heads[-1].owner
        if len(heads) == 2 and value and heads[0].kind not in ("order_item", "none"):
            return False
        self.columns = heads
        owners = {head.owner for head in heads}
        if owners and "" not in owners and all(head.kind in ("", "party", "address") for head in heads):
            self.stacked = [Pair(head, name, 0, 0) for head, name in zip(heads, names, strict=True)]
            self.stacked_line = seen.line.number
        if "shop" in owners and "customer" not in owners:
            self.event(seen.line, "shop")
        return True

    def next_column(self, line: Line) -> None:
        """Cells of several lines stand one below the other, each a block: the next one's head is its heading."""
        if len(row(line.text)) > 1:
            self.stacked = []
            return
        self.columns, self.section = None, ""
        first, *self.stacked = self.stacked
        self.only_heading = False
        self.head(first, line, first.name)

    def paired(self, seen: Seen, parts: list[Part]) -> None:
        """Cells beside each other: a label's cell, then its value's."""
        self.only_heading = False
        at = 0
        while at < len(parts):
            part = parts[at]
            after = parts[at + 1] if at + 1 < len(parts) else None
            if part.is_label and after is not None:
                value = after.cell if "\t" in seen.text or after.pairs else _joined(parts, at + 1)
                self.pair(seen, part.pairs[0]._replace(start=value.start, end=value.end), at + 2)
                at += 2
            elif part.pairs:
                for pair in part.pairs:
                    self.pair(seen, pair, at + 1)
                at += 1
            elif after is not None and not after.pairs and at % 2 == len(parts) % 2 == 0 and seen.free(part.cell):
                name = seen.text[part.cell.start : part.cell.end]
                if likeness(name) and not seen.free(after.cell):
                    self.taking.bare(part.cell, at + 1)
                self.pair(seen, Pair(label(name) or UNKNOWN, name, *after.cell), at + 2)
                at += 2
            else:
                self.loose(seen, part.cell, at + 1)
                at += 1

    def single(self, seen: Seen, shown: str, part: Part) -> None:
        """A line of one cell: a heading, a label with its value, or a value that may belong to the heading above."""
        if part.is_label and not seen.named:
            self.head(part.pairs[0], seen.line, shown)
            return
        self.only_heading = False
        if not part.pairs:
            self.loose(seen, part.cell, 0)
            return
        if part.pairs[0].label.kind != "none" and self.heading and self.heading.kind not in ("party", "order_item"):
            self.heading = None
        for pair in part.pairs:
            self.pair(seen, pair, 0)

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
        elif said.owner == "customer":
            self.event(line, "customer", carries=True)
            self.section = "customer"
            self.open(said, line)
        elif not (said.kind == "none" and self.section == "customer" and self.heading is not None):
            self.open(said, line)

    def pair(self, seen: Seen, pair: Pair, cell: int) -> None:
        """A label with its value in the same line."""
        if self.section == "shop" and pair.name.casefold().strip(" .:") in _ATTENTION:
            pair = pair._replace(label=Label(pair.label.kind, "shop"))
        said = pair.label
        line = seen.line
        if seen.shop and said.listed and said.owner != "shop" and said.kind:
            self.unless_in_value(seen, pair)
        elif seen.shop and not said.kind and not said.owner and self.events and self.events[-1].line == line.number:
            # What some other field holds says nothing of this one's neighbours.
            self.events[-1].carries, self.events[-1].venue = False, True
        if said.owner == "shop":
            name = pair.name.casefold()
            if self.events and self.events[-1].line == line.number:
                self.events.pop()
            carries = _OF_A_BUSINESS.search(name) is not None
            self.event(line, "shop", carries=carries, venue=_VENUE.search(name) is not None, labelled=True)
        elif said.owner == "customer" and holds(pair, seen.text):
            self.event(line, "customer")
            if said.kind == "party":
                self.section = "customer"
                self.open(said, line)
        seen.section = self.section
        took = self.taking.pair(pair, cell)
        if said.kind == "address" and said.owner != "shop" and took:
            self.open(said, line, used=1)

    def unless_in_value(self, seen: Seen, pair: Pair) -> None:
        """A label is no sign of a shop though it holds one of its words (証券番号), nor is a town in an address."""
        value = seen.text[pair.start : pair.end]
        if pair.label.kind in ("address", "name", "party", "postal"):
            seen.shop = SHOP_VALUE.search(value) is not None
        else:
            seen.shop = bool(look(value) & Hint.SHOP) or self.cue(value)
        last = self.events[-1] if self.events else None
        if last is not None and last.line == seen.line.number and last.owner == "shop" and not last.labelled:
            # A company in one field of a list says nothing of the next field.
            last.carries = False
            if not seen.shop:
                self.events.pop()

    def loose(self, seen: Seen, cell: Cell, number: int) -> None:
        """A cell without a label: the value of the heading above, or free."""
        heading = self.heading
        if heading is not None:
            reach = _REACH.get(heading.kind, 1)
            if self.heading_used < reach and seen.line.number - self.heading_line <= reach + 3:
                self.under(seen, heading, cell, number)
                return
            self.heading = None
        near = self.taking.last_address == seen.line.number - 1
        if (number or near or seen.has(Hint.BARE)) and seen.free(cell) and self.taking.bare(cell, number):
            return
        if seen.has(Hint.HELD):
            for pair in held(seen.text[: cell.end]):
                if pair.start >= cell.start:
                    self.taking.pair(pair, number)

    def under(self, seen: Seen, heading: Label, cell: Cell, number: int) -> None:
        before = len(self.taking.hits)
        self.taking.below(heading, self.heading_used + 1, cell, number)
        if len(self.taking.hits) > before or heading.kind == "party" or seen.prose:
            self.heading_used += 1
        elif self.heading_line == seen.line.number - 1 and cell.end - cell.start <= _HEADING and not seen.values:
            self.only_heading = True  # the label again, in another language


def _joined(parts: list[Part], at: int) -> Cell:
    """The value's cell; of a value cut by wide gaps the pieces that no label begins."""
    end = parts[at].cell.end
    for part in parts[at + 1 :]:
        if part.pairs:
            break
        end = part.cell.end
    return Cell(parts[at].cell.start, end)
