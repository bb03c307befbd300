"""Whose a value is: by its label, else by what the words of its block, its heading and the block before say.

Nothing is the sender's by its place, and what no word speaks of is taken for the recipient's.
"""

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
    for each in by_block.values():
        each.sort(key=lambda event: event.line)
    for hit in hits:
        if hit.owner == "" and hit.kind != "order_item":
            hit.owner = _owner(hit, by_block, named)
            if hit.owner == "shop" and not by_block[hit.block]:
                by_block[hit.block].append(
                    Event(hit.line.number, hit.block, "shop", True)
                )  # the next paragraph may go on
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


def _owner(hit: Hit, by_block: dict[int, list[Event]], named: set[int]) -> Owner:
    near = by_block.get(hit.block, [])
    before = [event for event in near if event.line <= hit.line.number]
    if before:
        # The sender's name in a sentence above does not take a value that stands alone.
        latest = next(
            (
                event
                for event in reversed(before)
                if event.carries or event.owner == "customer" or event.line == hit.line.number
            ),
            None,
        )
        if latest is not None:
            return latest.owner
    if hit.section:
        return hit.section
    if any(event.owner == "shop" and event.carries for event in near):
        return "shop"
    if (
        hit.block not in named
        and any(not event.venue for event in near)
        and not any(event.owner == "customer" for event in near)
    ):
        return "shop"
    earlier = [event for event in by_block.get(hit.block - 1, []) if event.carries]
    if earlier:
        return earlier[-1].owner
    return ""


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
        elif hit.kind == "account_id" and hit.weak:
            keep = spoken_to
        elif hit.kind == "address" and hit.weak:
            near = any((hit.block, hit.line.number + step) in located for step in (-2, -1, 0, 1, 2))
            keep = near or hit.owner == "customer" or hit.why != "pattern"
        elif hit.kind == "order_item":
            keep = orders and (hit.sure or strong)
        elif hit.weak and hit.kind == "postal":
            keep = hit.owner == "customer" or any(
                (hit.block, hit.line.number + step) in addressed for step in (0, 1, -1)
            )
        elif hit.weak and hit.kind in ("phone", "email"):
            keep = hit.owner == "customer" or (hit.why == "contact" and hit.block in personal)
        elif hit.kind == "postal" and hit.why == "pattern" and hit.owner == "" and not hit.plain.isdigit():
            keep = any((hit.block, hit.line.number + step) in addressed for step in (0, 1, -1))
        elif hit.weak and hit.why == "bare":
            keep = hit.sure
        else:
            keep = True
        if keep:
            kept.append(hit)
    return kept
