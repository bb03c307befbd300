"""Whose a value is: by its label, else by what the words of its block, its heading and the block before say.

Nothing is the sender's by its place, and what no word speaks of is taken for the recipient's.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

from atesaki.content.labels import Owner
from atesaki.content.lines import Line
from atesaki.content.values import is_public


@dataclass(slots=True)
class Event:
    """Somewhere in a block words say whose it is; `carries` over a blank line."""

    line: int
    block: int
    owner: Owner
    carries: bool
    venue: bool = False  # where something takes place says nothing of the fields beside it
    labelled: bool = False  # a label says it


@dataclass(slots=True)
class Hit:
    """A span of a line that may be a finding. `weak`: its form alone is no proof."""

    kind: str
    line: Line
    start: int
    end: int
    why: str
    sure: bool
    owner: Owner
    block: int
    section: Owner
    cell: int = 0
    plain: str = ""
    weak: bool = False
    prose: bool = False

    @property
    def text(self) -> str:
        return self.line.text[self.start : self.end]


class _Block:
    """The events of a block in order, made ready to be asked for each of its hits."""

    def __init__(self, events: list[Event]) -> None:
        self.events = sorted(events, key=lambda event: event.line)
        self.lines = [event.line for event in self.events]
        self.telling = [event for event in self.events if event.carries or event.owner == "customer"]
        self.telling_lines = [event.line for event in self.telling]
        self.shop = any(event.owner == "shop" and event.carries for event in events)
        self.only_shops = any(not event.venue for event in events) and all(
            event.owner != "customer" for event in events
        )
        self.carried: Owner = next((event.owner for event in reversed(self.telling) if event.carries), "")

    def latest(self, line: int) -> Event | None:
        """What was said last up to a line. The sender's name in a sentence above does not take a value that stands
        alone."""
        at = bisect_right(self.lines, line)
        if at and self.lines[at - 1] == line:
            return self.events[at - 1]
        at = bisect_right(self.telling_lines, line)
        return self.telling[at - 1] if at else None


def settled(hits: list[Hit], events: list[Event], domains: frozenset[str]) -> list[Hit]:
    """The hits that are not the sender's."""
    by_block: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        by_block[event.block].append(event)
    named = {
        hit.block
        for hit in hits
        if hit.kind == "name" and hit.why in ("label", "honorific", "greeting") and hit.owner != "shop"
    }
    for hit in hits:
        if hit.kind == "phone" and is_public(hit.plain) and not hit.prose:
            by_block[hit.block].append(Event(hit.line.number, hit.block, "shop", True))
    blocks = {block: _Block(each) for block, each in by_block.items()}
    for hit in hits:
        if hit.owner == "" and hit.kind != "order_item":
            hit.owner = _owner(hit, blocks, named)
            if hit.owner == "shop" and hit.block not in blocks:  # the next paragraph may go on
                blocks[hit.block] = _Block([Event(hit.line.number, hit.block, "shop", True)])
        if (hit.kind == "phone" and (is_public(hit.plain) or hit.plain.endswith("00000000"))) or (
            hit.kind == "email" and (hit.plain.partition("@")[2] in domains or (hit.weak and hit.owner != "customer"))
        ):
            hit.owner = "shop"
    shops = {(hit.kind, hit.plain) for hit in hits if hit.owner == "shop" and hit.plain}
    kept = [
        hit
        for hit in hits
        if hit.owner != "shop" and not (hit.owner == "" and hit.plain and (hit.kind, hit.plain) in shops)
    ]
    return _neighbours(kept)


def _owner(hit: Hit, blocks: dict[int, _Block], named: set[int]) -> Owner:
    near = blocks.get(hit.block)
    latest = near.latest(hit.line.number) if near else None
    if latest is not None:
        return latest.owner
    if hit.section:
        return hit.section
    if near and (near.shop or (hit.block not in named and near.only_shops)):
        return "shop"
    above = blocks.get(hit.block - 1)
    return above.carried if above else ""


def _neighbours(hits: list[Hit]) -> list[Hit]:
    """A bare name beside somebody's address, phone or reading is that person's."""
    places = {
        (hit.block, hit.line.number)
        for hit in hits
        if hit.kind in ("postal", "address", "phone", "kana", "email", "dob") and hit.why != "bare"
    }
    names = {hit.text.replace(" ", "") for hit in hits if hit.kind == "name" and hit.sure}
    for hit in hits:
        if hit.sure or hit.kind not in ("name", "kana"):
            continue
        near = any((hit.block, hit.line.number + step) in places for step in (-2, -1, 0, 1, 2))
        if near or hit.text.replace(" ", "") in names or hit.owner == "customer" or hit.section == "customer":
            hit.sure = True
    return hits


def without_doubtful(hits: list[Hit], orders: bool) -> list[Hit]:
    """The hits of a message whose weakness other hits make up for; `orders`: its words speak of an order."""
    strong = any(hit.sure and not hit.weak and hit.kind != "order_item" for hit in hits)
    spoken_to = any(
        hit.sure and not hit.weak and (hit.owner == "customer" or hit.why in ("label", "heading")) for hit in hits
    )
    addressed = {(hit.block, hit.line.number) for hit in hits if hit.kind == "address"}
    personal = {
        hit.block
        for hit in hits
        if hit.sure and not hit.weak and hit.kind in ("name", "kana", "address", "dob", "postal")
    }
    located = {(hit.block, hit.line.number) for hit in hits if hit.kind in ("postal", "phone", "name") and not hit.weak}
    kept = []
    for hit in hits:
        if hit.kind == "name" and hit.weak and hit.why == "label":
            keep = strong
        elif hit.kind == "name" and hit.why == "mentioned":
            keep = hit.owner == "customer" or spoken_to
        elif hit.kind in ("account_id", "secret") and hit.weak:
            keep = spoken_to
        elif hit.kind == "address" and hit.weak:
            near = any((hit.block, hit.line.number + step) in located for step in (-2, -1, 0, 1, 2))
            keep = near or hit.owner == "customer" or hit.why != "pattern"
        elif hit.kind == "order_item":
            keep = (orders and (hit.sure or strong)) or (spoken_to and hit.why in ("label", "heading", "priced"))
        elif hit.weak and hit.kind == "postal":
            keep = hit.owner == "customer" or any(
                (hit.block, hit.line.number + step) in addressed for step in (0, 1, -1)
            )
        elif hit.weak and hit.kind in ("phone", "email"):
            keep = hit.owner == "customer" or (hit.why == "contact" and hit.block in personal)
        elif hit.kind == "postal" and hit.why == "pattern" and hit.owner == "" and not hit.plain.isdigit():
            keep = any((hit.block, hit.line.number + step) in addressed for step in (0, 1, -1, -2))
        elif hit.weak and hit.why == "bare":
            keep = hit.sure
        else:
            keep = True
        if keep:
            kept.append(hit)
    return kept
