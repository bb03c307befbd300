"""What is noted of one text while it is read: spans that may be findings, with whose they seem to be."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from atesaki.content.labels import Label, Owner, is_word
from atesaki.content.layout import Pair, label_before
from atesaki.content.lines import Line
from atesaki.content.names import (
    BARE_READING,
    READING,
    could_be_name,
    could_be_western,
    is_kana,
    is_nobody,
    likeness,
)
from atesaki.content.scan import Hint, look
from atesaki.content.seen import Seen
from atesaki.content.values import ABROAD, BUILDING, TOWN_ABROAD, Value, is_past
from atesaki.content.whose import Hit

_HONOUR = re.compile(
    r"\s?(?:様|さま|殿|さん|御中)?(?:\s?[(（][^()]{0,12}[)）])?(?:\s?(?:様|さま|殿|さん))?[\s、,。.;\"'\]}]*$"
)
_BRACKETED = re.compile(r" ?[(\[][^()\[\]]*[)\]]")
_NEXT_VALUE = re.compile(r"[/／、,] ?(?=[^\sa-zA-Z])|  |\t| - |\(")
_BULLET = re.compile(r"^[ \-・*●■•]+|^[0-9]{1,3} ?[xX×] ")
_QUANTITY = re.compile(
    r"[ 　]*(?:[×xX✕*][ ]?[0-9]|[0-9]+ ?(?:点|個|本|袋|枚|冊|箱|セット|パック|缶|台|名|泊|ケース|束|玉|丁|切|食|人前)"
    r"(?![入り0-9])|[¥$£€\\][ ]?[0-9]|[0-9][0-9,]* ?円|\(?(?:qty|数量|個数|quantity)\b).*$",
    re.I,
)
SHOP_VALUE = re.compile(r"株式会社|有限会社|合同会社|センター|営業所|支店|店$|\b(?:ltd|inc|llc|plc|gmbh)\b", re.I)
_MUNICIPAL = re.compile("^[一-龠々ヶケノぁ-んァ-ヴー]{1,8}[都道府県市区町村郡]$")
_OF_A_FIRM = re.compile(
    "[ 　](?:[^ 　]{0,4}(?:部|課|係|店|室|局))$"
    "|(?:電機|書店|商店|商会|図書館|市役所|役場|病院|医院|銀行|工業|製作所|ショップ|ストア|オンライン|サービス"
    "|事務局)(?:$|[ 　])"
)
# Who has such a post is the sender's: 取締役 栗栖 淳子.
_POSTED = re.compile(
    "(?:代表|専務|常務|執行)?(?:取締役|理事|役員)(?:会?[長])?[ 　]"
    "|[^ 　]{0,6}(?:部長|課長|係長|室長|局長|所長|店長|館長|主任|支配人)[ 　]"
)
TITLE = re.compile(r"『([^』]{2,40})』")
_SUM = re.compile(
    r"合計|小計|送料|手数料|税|割引|値引|ポイント|支払|請求|total|subtotal|shipping|delivery|\btax|\bvat\b|discount|postage"
    r"|\bfee|\bpaid\b|balance|refund",
    re.I,
)
_PERSONAL = frozenset(("dob", "account_id", "card_tail", "secret", "order_item", "kana"))
_PERSONS_OWN = frozenset(("dob", "account_id", "card_tail", "secret"))
_CONTACT = frozenset(("phone", "address", "postal", "email"))
_STOPS = re.compile(r"[。!?;；]|\.(?= |$)")
# What a shop asks its readers to do; what it does to them is "call you".
_CALL = re.compile(
    r"\b(?:call|ring|phone|dial|telephone|contact|visit|write to|ask for|book|reserve|apply|speak to"
    r"|talk to|enquire)\b(?! you)",
    re.I,
)
_ASK_FOR = re.compile(
    r"(?:^|[.:;,!?] |\b(?:or|and|please|then|to) )(?i:text|call|ring|phone|ask|contact|e-?mail"
    r"|speak to|talk to|write to|tell)"
    r" (?:[A-Z][a-z]+|us\b|the [a-z]+|our [a-z]+)[^.;]{0,24}$"
    r"|(?:^|[.:;!?] )[^\w]{0,3}(?i:(?:please |just )?(?:call|text|ring|phone|dial|e-?mail|fax|write to)"
    r"(?:(?: or |/|, | and )(?:text|call|e-?mail|whatsapp|message))?(?: us)?(?: on| at|:)?) ?$"
)
_WE_CALL = re.compile(
    r"\b(?:we|I)(?:['’](?:ll|ve|d)| will| shall| have| can| may| could| tried(?: to)?| did)?"
    r"(?: then| also| only| just)?"
    r" (?:call|ring|rang|phone|text|write|wrote|e-?mail|reach|contact|post|send|sent|deliver|visit|tried)\w*"
    r"(?: it| them| you| to| the \w+| \w+ \w+)?(?: to| on| at)?(?: you)?(?: on| at)? ?$",
    re.I,
)
# What readers are told to send, and where.
_TOLD = re.compile(
    r"\b(?:may|can|should|must|please) (?:be )?"
    r"(?:sent|send|posted?|returned?|addressed|left|leave|brought|bring|handed|dropped)\b|\bcheques?\b",
    re.I,
)
_ASKED = re.compile(
    "[)） 」]*(?:まで(?!の|に|運|送|お?届)"
    "|へ(?:。|$|お電話|お知らせ|お寄せ|ご連絡|お問|どうぞ|お気軽|お申|メール)|にお気軽|にて)"
)
_ASKED_BEFORE = re.compile("(?:お電話|ご連絡|お問い?合わ?せ|ご予約|ご相談)(?:を|ください)[(（ ]*$")


def _asked(text: str, start: int, end: int) -> bool:
    """Whether readers are asked to call there."""
    return bool(_ASKED.match(text, end) or _ASKED_BEFORE.search(text, max(start - 12, 0), start))


_NEAR = 48  # letters
# Without these bounds a line of addresses costs the square of its length.
_CLAUSE = 2000  # letters on either side of a value that may say whose it is
_ASKING = 200  # letters before it in which one is asked to write to it
_ENDS = " \t\"',;。、.)]}"


@dataclass
class Notes:
    """Collects the hits of one text. `cue` knows the sender's names, `domains` are its domains."""

    cue: Callable[[str], bool]
    domains: frozenset[str]
    hits: list[Hit] = field(default_factory=list)
    seen: Seen = field(default_factory=lambda: Seen(Line("", 0, 0), "", 0, "", False, False, False))
    last_address: int = -9
    sample: bool = False  # what stands here shows how a form is filled in

    def add(
        self,
        kind: str,
        start: int,
        end: int,
        why: str,
        owner: Owner = "",
        *,
        sure: bool = True,
        cell: int = 0,
        plain: str = "",
        weak: bool = False,
    ) -> bool:
        """A hit without the blanks and stops around it. Returns whether there is anything."""
        seen = self.seen
        text = seen.line.text
        while start < end and text[start] in " \t\"'「『":
            start += 1
        while end > start and text[end - 1] in _ENDS and not (text[end - 1] == ")" and "(" in text[start:end]):
            end -= 1
        if end <= start:
            return False
        if kind == "address":
            self.last_address = seen.line.number if owner != "shop" else -9
        if not owner:
            if kind in _PERSONS_OWN:
                owner = "customer"
            elif seen.shop and not seen.customer and kind not in _PERSONAL:
                owner = "shop"
        if self.sample:
            owner = "shop"
        self.hits.append(
            Hit(kind, seen.line, start, end, why, sure, owner, seen.block, seen.section, cell, plain, weak, seen.prose)
        )
        return True

    def note_line(self, line: Line, shown: str, why: str, like: Hit) -> None:
        """A whole other line as a part of an address."""
        start = line.text.index(shown)
        end = start + len(shown.rstrip(","))
        self.hits.append(Hit("address", line, start, end, why, True, like.owner, like.block, like.section))

    # -- values with a form ---------------------------------------------------------------------------

    def form(self, value: Value, owner: Owner, why: str, cell: int) -> None:
        """A value that shows by its form what it is."""
        self.seen.take(value)
        if value.kind == "date":
            if not value.weak and is_past(value.plain):
                self.add("dob", value.start, value.end, "pattern", owner or "customer", cell=cell)
            return
        weak = value.weak and why not in ("label", "heading")
        self.add(value.kind, value.start, value.end, why, owner, cell=cell, plain=value.plain, weak=weak)

    def forms(self, inside: list[Value], kind: str, owner: Owner, cell: int) -> bool:
        """The values of one kind, as their label says. Returns whether there are any."""
        found = [each for each in inside if each.kind == kind]
        for each in found:
            self.form(each, owner, "label", cell)
        return bool(found)

    def loosely(self, value: Value, cell: int) -> None:
        """A value that no layout gives a label: by the word before it, and the sentence around it."""
        self.seen.take(value)
        said = label_before(self.seen.line.text, value.start) if value.kind in _CONTACT else None
        fits = False
        owner: Owner = ""
        if said is not None:
            if value.weak and said.kind in ("none", "account_id", "secret", "order_item") and said.owner != "shop":
                return
            fits = said.kind in (value.kind, "party")
            if said.kind == "party" and _CALL.search(self.seen.text, max(value.start - _NEAR, 0), value.start):
                said, fits = Label("party", "shop"), False  # "write to the Secretary, …"
            owner = said.owner if fits or said.owner == "shop" else ""
        owner = owner or self.clause(value.start, value.end)
        self.form(value._replace(weak=value.weak and not fits), owner, "label" if fits else "pattern", cell)

    def clause(self, start: int, end: int) -> Owner:
        """Whose a value in a sentence is, by the words of that sentence."""
        text = self.seen.text
        first, last = max(start - _CLAUSE, 0), min(end + _CLAUSE, len(text))
        if not self.seen.prose:
            return "shop" if _ASK_FOR.search(text, max(start - _ASKING, 0), start) else ""
        stops = [first, *(found.end() for found in _STOPS.finditer(text, first, start))]
        before = stops[-1]
        if len(stops) > 1 and len(text[stops[-2] : before].split()) <= 3:
            before = stops[-2]  # "Questions?"
        after = _STOPS.search(text, end, last)
        said = text[before : after.start() if after else last]
        hints = look(said)
        if _WE_CALL.search(text, before, start):
            return "customer"
        if _ASK_FOR.search(text, max(before - 1, start - _ASKING, 0), start):  # with the stop, which it looks for
            return "shop"
        if hints & Hint.CUSTOMER and not _TOLD.search(text, before, start):
            return "customer"
        if self.seen.section == "customer" and not self.cue(said):
            return "customer"
        if (
            hints & Hint.SHOP
            or self.cue(said)
            or _CALL.search(text, before, start)
            or _TOLD.search(text, before, start)
            or _asked(text, start, end)
        ):
            return "shop"
        alone = not text[before:start].strip()  # an address that is a sentence goes with the others of its line
        return "shop" if alone and self.seen.has(Hint.SHOP) and not self.seen.customer else ""

    # -- names ----------------------------------------------------------------------------------------

    def name_in(self, pair: Pair, inside: list[Value]) -> tuple[int, int] | None:
        """The name at the start of a value, without what follows it: a reading, an honorific, another value."""
        end = min([pair.end, *(each.start for each in inside if each.start > pair.start)])
        text = self.seen.line.text[pair.start : end]
        for pattern in (READING, _BRACKETED):
            found = pattern.search(text)
            if found and found.start() > 0:
                text = text[: found.start()]
                break
        cut = _NEXT_VALUE.search(text, 1)
        text = text[: cut.start()] if cut else text
        text = _HONOUR.sub("", text).rstrip(_ENDS).rstrip("( 〒")
        if not could_be_name(text.strip(" \"'")) or is_nobody(text.strip()) or _POSTED.match(text.strip()):
            return None
        return pair.start, pair.start + len(text)

    def read_beside(self, start: int, end: int, owner: Owner, cell: int) -> None:
        """Readings in brackets or beside a name."""
        line = self.seen.line
        if not line.hints & Hint.READING or (self.hits and self.hits[-1].kind == "kana" and self.hits[-1].line is line):
            return
        names = [hit for hit in self.hits[-6:] if hit.line is line and hit.kind == "name"]
        for pattern in (READING, BARE_READING):
            for found in pattern.finditer(line.text, start, end):
                group = found.lastgroup or 1
                if is_word(found[group]) or is_nobody(found[group]):
                    continue
                before = line.text[max(found.start() - 12, start) : found.start()]
                before = before.split("  ")[-1].split(":")[-1].strip()
                if any(found.start() - 4 <= hit.end <= found.start() + 2 for hit in names) or likeness(before):
                    self.add("kana", found.start(group), found.end(group), "reading", owner, cell=cell)
                    return

    # -- what stands in a person's block --------------------------------------------------------------

    def person(self, pair: Pair, inside: list[Value], owner: Owner, cell: int, *, first: bool) -> bool:
        """A name, a reading or a piece of an address in a block that is a person's."""
        if not any(each.start <= pair.start + 1 for each in inside):
            name = self.name_in(pair, inside)
            shown = self.seen.line.text[name[0] : name[1]].strip() if name else ""
            town = shown.isascii() and any(each.kind == "postal" for each in inside)  # "Newark, NJ 07183"
            if name is not None and not town and self._named_alone(pair, inside, name):
                if is_kana(shown) and not first:
                    return self.add("kana", *name, "label", owner, cell=cell)
                strong = likeness(shown)
                if _MUNICIPAL.search(shown) and not strong:
                    return self.add("address", *name, "heading", owner, cell=cell)
                if _OF_A_FIRM.search(shown):
                    return False
                western = first and owner == "customer" and could_be_western(shown)
                japanese = not shown.isascii() and len(shown) <= 12 and not BUILDING.search(shown)
                if strong or western or (first and japanese):
                    return self.add("name", *name, "label", owner, cell=cell)
                if first and re.fullmatch("[A-Z][a-z]+", shown):
                    return self.add("name", *name, "label", owner, cell=cell, sure=False)
        if any(each.kind in ("address", "postal") for each in inside):
            self.rest_of_address(pair, inside, owner, cell)
        return False

    def _named_alone(self, pair: Pair, inside: list[Value], name: tuple[int, int]) -> bool:
        value = self.seen.line.text[pair.start : pair.end]
        rest = self.seen.line.text[name[1] : pair.end]
        return (
            name[1] >= pair.end - 6 or bool(inside) or "," in value or _BRACKETED.fullmatch(rest.rstrip()) is not None
        )

    def abroad(self, pair: Pair, owner: Owner, cell: int) -> None:
        """Lines of addresses of other countries: a street with its number, a code with its town."""
        value = self.seen.line.text[pair.start : pair.end]
        shown = value.strip(" ,")
        town = TOWN_ABROAD.fullmatch(shown)
        if town:
            shift = pair.start + value.index(shown)
            self.add("postal", shift + town.start(1), shift + town.end(1), "heading", owner, cell=cell)
            self.add("address", shift + town.start(2), shift + town.end(2), "heading", owner, cell=cell)
        elif ABROAD.fullmatch(shown):
            self.add("address", pair.start, pair.end, "heading", owner, cell=cell)

    def rest_of_address(self, pair: Pair, inside: list[Value], owner: Owner, cell: int) -> None:
        """An address that its form did not show: what stands beside its postal code."""
        code = next((each for each in inside if each.kind == "postal"), None)
        if code is None or any(each.kind == "address" for each in inside):
            return
        text = self.seen.line.text
        after = text[code.end : pair.end].strip(" ,")
        before = text[pair.start : code.start].strip(" ,〒")
        if len(after) > 3 and not after.isascii():
            self.add("address", code.end, pair.end, "heading", owner, cell=cell)
        elif len(before) > 3 and re.search("[A-Za-z]{3}", before):
            self.add("address", pair.start, code.start, "heading", owner, cell=cell)

    def item(self, start: int, end: int, cell: int, why: str) -> None:
        """A thing that was ordered, without its quantity and price."""
        shown = self.seen.line.text[start:end]
        quoted = TITLE.search(shown)
        if quoted:
            self.add("order_item", start + quoted.start(), start + quoted.end(), why, cell=cell, weak=True)
            return
        name = _QUANTITY.sub("", _BULLET.sub(lambda found: " " * len(found[0]), shown))
        if is_word(name):
            return
        if len(name.strip()) > 1 and len(name) <= 60 and not _SUM.search(name) and re.search(r"[^\W\d]", name):
            left = len(name) - len(name.lstrip())
            self.add("order_item", start + left, start + len(name.rstrip()), why, cell=cell, weak=True)
