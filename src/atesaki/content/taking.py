"""What is taken for a finding: the value that a label names, by its kind, and the forms that need no label.

Hits whose owner nobody named are settled at the end of a text, when all its words have been seen.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from atesaki.content.labels import Label, Owner, names_a_person
from atesaki.content.layout import Cell, Pair, label_before
from atesaki.content.lines import Line
from atesaki.content.names import BARE_READING, READING, Named, could_be_name, is_kana, is_nobody, likeness
from atesaki.content.scan import Hint, scanner
from atesaki.content.values import BUILDING, CITY_LINE, UNIT, Value, is_past, is_public

_HONOUR = re.compile(r"\s?(?:様|さま|殿|さん|御中)?(?:\s?[(（][^()]{0,12}[)）])?(?:\s?(?:様|さま|殿|さん))?[\s、,。.;\"'\]}]*$")
_ACCOUNT = re.compile(
    r"[(「『\"'*: ]{0,3}((?:[^\W\d_]{1,5}[ ・]?){0,2}[A-Za-z0-9][A-Za-z0-9_\-./*]*(?:[ ・](?=[0-9A-Zぁ-ん])[A-Za-z0-9\-ぁ-ん]{1,14}){0,5})"
)
_USERNAME = re.compile(r"[(「『\"'* ]{0,3}([A-Za-z0-9][\w.@+-]{2,63})")
_SECRET = re.compile(r"[(「『\"'*: ]{0,3}([A-Za-z0-9!#$%&+?@^_~][\w\-!#$%&*+?@^~./]{2,63}(?: [0-9]{3,4}\b)?)")
_WORDLESS = re.compile(r"[0-9]|[a-z][A-Z]|[A-Z]{2}|[!#$%&+?@^_~-]")
_MASKED = re.compile(r"[*•●xX・＊…-]+")
_DATE_LIKE = re.compile(r"[0-9]{1,4}[^\n]{0,14}[0-9]")
_NUMBERS = re.compile(r"[0-9]{3,5}(?![0-9])")
_PHONE_LIKE = re.compile(r"[+(]?[0-9][0-9 ().\-/]{5,18}[0-9]")
_POSTAL_LIKE = re.compile(r"〒? ?([0-9]{3}-?[0-9]{4}|[0-9]{5}(?:-[0-9]{4})?|[A-Za-z]{1,2}[0-9][0-9A-Za-z]? ?[0-9][A-Za-z]{2})(?![0-9])")
_KANA_RUN = re.compile(r"[ァ-ヴーｦ-ﾟ゛゜][ァ-ヴー・ ゛゜]*[ァ-ヴー゛゜]|[ぁ-んー][ぁ-んー・ ]*[ぁ-んー]")
_USERS = re.compile(r"user|ユーザ|ログイン|login|アカウント|account name|id", re.I)
_QUANTITY = re.compile(
    r"[ 　]*(?:[×xX✕*][ ]?[0-9]|[0-9]+ ?(?:点|個|本|袋|枚|冊|箱|セット|パック|缶|台|名|泊|ケース|束|玉|丁|切|食|人前)(?![入り0-9])|[¥$£€\\][ ]?[0-9]|[0-9][0-9,]* ?円|\(?(?:qty|数量|個数|quantity)\b).*$",
    re.I,
)
_PRICED = re.compile(
    r"^(?P<item>[^\n]{2,60}?)(?:[ \t　×xX✕*@(]+|  )(?:[×xX✕*] ?)?[0-9]{1,3} ?(?:点|個|本|袋|枚|冊|箱|セット|パック|缶|台|束|玉|名様?|泊)?[ \t　)@=]+[¥£$€\\]? ?[0-9][0-9,.]* ?円?"
    r"|^(?P<later>[0-9]{1,3} ?[xX×] [^\n]{2,60}?)(?:$|[ \t]{2,}|[ \t]*[@(]? ?[¥£$€])",
)
_ITEM_LINE = re.compile(
    r"(?:[×xX✕][ ]?[0-9]{1,3}\b|\b[0-9]{1,3} ?[xX×] |[0-9] ?(?:点|個|本|袋|枚|冊|箱|セット|パック|名様?|泊)|[0-9] ?円|[¥£$€][0-9]|数量|qty)", re.I
)
_TITLE = re.compile(r"『([^』]{2,40})』")
_SUM = re.compile(r"合計|小計|送料|手数料|税|割引|値引|ポイント|支払|請求|total|subtotal|shipping|delivery|tax|vat|discount|postage|fee|paid|balance|refund", re.I)
_INSTEAD = re.compile(r"([A-Za-z][\w %'-]{2,30}?) (?:instead of|replaced (?:with|by)) ([A-Za-z][\w %'-]{2,30}?)(?=[.,;]|$)")
_SHOP_VALUE = re.compile(r"株式会社|有限会社|合同会社|センター|営業所|支店|店$|\b(?:ltd|inc|llc|plc|gmbh)\b", re.I)
_PERSONAL = frozenset(("dob", "account_id", "card_tail", "secret", "order_item", "kana"))
_CODE = re.compile(r"\b([0-9]{4,8}|[A-Z]-?[0-9]{4,8}|[0-9]{3} [0-9]{3}) is your .{0,40}?(?:code|pin|password|passcode|otp)\b", re.I)
_STOPS = re.compile(r"[。!?;；]|\.(?= |$)")
_ENDS = " \t\"',;。、.)]}"


@dataclass(slots=True)
class Event:
    """Somewhere in a block words say whose it is; `carries` over a blank line."""

    line: int
    block: int
    owner: Owner
    carries: bool


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
    order: bool = False

    @property
    def text(self) -> str:
        return self.line.text[self.start : self.end]


@dataclass
class Taking:
    """Collects the hits of one text."""

    hits: list[Hit] = field(default_factory=list)
    section: Owner = ""
    line: Line = field(default_factory=lambda: Line("", 0, 0))
    block: int = 0
    shop: bool = False
    customer: bool = False
    prose: bool = False
    done: set[int] = field(default_factory=set)
    last_address: int = -9

    def begin(self, line: Line, block: int, section: Owner, shop: bool, customer: bool, prose: bool) -> None:
        self.line, self.block, self.section = line, block, section
        self.shop, self.customer, self.prose = shop, customer, prose
        self.done = set()

    def add(
        self, kind: str, start: int, end: int, why: str, owner: Owner = "", *, sure: bool = True, cell: int = 0, plain: str = "", weak: bool = False
    ) -> bool:
        """A hit without the blanks and stops around it. Returns whether there is anything."""
        text = self.line.text
        while start < end and text[start] in " \t\"'「『":
            start += 1
        while end > start and text[end - 1] in _ENDS and not (text[end - 1] == ")" and "(" in text[start:end]):
            end -= 1
        if end <= start:
            return False
        if kind == "address":
            self.last_address = self.line.number
        if kind in _PERSONAL and owner == "":
            owner = "customer" if kind in ("secret", "account_id", "dob", "card_tail") else ""
        shop = self.shop and not self.customer and owner != "customer" and kind not in _PERSONAL
        self.hits.append(
            Hit(kind, self.line, start, end, why, sure, "shop" if shop and not owner else owner, self.block, self.section, cell, plain, weak)
        )
        return True

    # -- under a label --------------------------------------------------------------------------------

    def holds(self, pair: Pair, text: str) -> bool:
        return pair.end > pair.start and bool(text[pair.start : pair.end].strip())

    def pair(self, pair: Pair, text: str, values: list[Value], named: list[Named], cell: int) -> bool:
        """The value of a label; what has a form of its own in it goes by the label's owner."""
        said = pair.label
        if not self.holds(pair, text):
            return False
        value = text[pair.start : pair.end]
        owner: Owner = said.owner
        if owner == "" and said.kind in ("name", "phone", "address", "postal", "email") and _SHOP_VALUE.search(value):
            owner = "shop"
        inside = [each for each in values if each.start < pair.end and pair.start < each.end and id(each) not in self.done]
        people = [each for each in named if each.start < pair.end and pair.start < each.end]
        before = len(self.hits)
        if owner == "shop":
            self.shops(inside, people, cell)
            return False
        for each in people:
            self.done.add(id(each))
            self.add("name", each.start, each.end, each.why, "customer" if each.sure else owner, sure=each.sure, cell=cell)
        taker = getattr(self, f"_take_{said.kind or 'unknown'}", None)
        if taker is not None:
            taker(pair, value, inside, people, owner, cell)
        for each in inside:
            if id(each) not in self.done and each.kind != "date":
                self.done.add(id(each))
                loose = each.weak or (said.kind == "none" and each.kind in ("phone", "postal", "card_tail"))
                kept = owner if said.kind not in ("none", "order_item") else ""
                if said.kind in ("none", "order_item", "") and self.prose:
                    self.loosely(each, cell)
                elif not (loose and said.kind in ("none", "account_id", "order_item", "secret")):
                    self.form(each, kept, "label" if said.kind == each.kind else "pattern", cell)
        self.read_beside(pair.start, pair.end, owner, cell)
        return len(self.hits) > before

    def shops(self, inside: Iterable[Value], people: Iterable[Named], cell: int) -> None:
        for each in inside:
            self.done.add(id(each))
            self.form(each, "shop", "label", cell)
        for person in people:
            # 「担当より大島様へ」: an honorific names the reader even there.
            self.done.add(id(person))
            if person.why == "honorific":
                self.add("name", person.start, person.end, person.why, "customer", cell=cell)

    def form(self, value: Value, owner: Owner, why: str, cell: int) -> None:
        kind = value.kind
        if kind == "date":
            if not value.weak and is_past(value.plain):
                self.add("dob", value.start, value.end, "pattern", owner or "customer", cell=cell)
            return
        self.add(kind, value.start, value.end, why, owner, cell=cell, plain=value.plain, weak=value.weak and why != "label")

    def _own(self, inside: list[Value], kind: str, owner: Owner, cell: int) -> bool:
        found = [each for each in inside if each.kind == kind]
        for each in found:
            self.done.add(id(each))
            self.form(each, owner, "label", cell)
        return bool(found)

    def _take_name(
        self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int
    ) -> None:
        if people:
            return
        name = self._name_in(pair, value, inside)
        if name is None:
            return
        start, end = name
        shown = self.line.text[start:end]
        kind = "kana" if "kana" in pair.label.also and is_kana(shown) else "name"
        self.add(kind, start, end, "label", owner, cell=cell)

    def _name_in(self, pair: Pair, value: str, inside: list[Value]) -> tuple[int, int] | None:
        """The name at the start of a value, without what follows it: a reading, an honorific, another value."""
        end = min([pair.end, *(each.start for each in inside if each.start > pair.start)])
        text = self.line.text[pair.start : end]
        reading = READING.search(text) or re.search(r" ?[(\[][^()\[\]]*[)\]]", text)
        if reading and reading.start() > 0:
            text = text[: reading.start()]
        text = re.split(r"[/／、,] ?(?=[^\sa-zA-Z])|  |\t| - ", text)[0]
        text = _HONOUR.sub("", text).rstrip(_ENDS)
        text = text.rstrip("( 〒")
        if not could_be_name(text.strip(" \"'")) or is_nobody(text.strip()):
            return None
        return pair.start, pair.start + len(text)

    def _take_kana(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        found = _KANA_RUN.search(value)
        if found and len(found[0]) <= 30:
            self.add("kana", pair.start + found.start(), pair.start + found.end(), "label", owner, cell=cell)
        elif could_be_name(value.strip()) and re.search("[A-Za-z]", value):
            self.add("kana", pair.start, pair.end, "label", owner, cell=cell)

    def _take_postal(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        if not self._own(inside, "postal", owner, cell):
            found = _POSTAL_LIKE.match(value.lstrip())
            shift = pair.start + len(value) - len(value.lstrip())
            if found:
                for each in inside:
                    if each.kind == "phone" and each.start < shift + found.end():
                        self.done.add(id(each))
                self.add("postal", shift + found.start(), shift + found.end(), "label", owner, cell=cell, plain=re.sub("[^0-9A-Za-z]", "", found[1]))
        rest = max([each.end for each in inside if each.kind == "postal"], default=0)
        if rest and rest < pair.end and not any(each.kind == "address" for each in inside):
            more = self.line.text[rest : pair.end].strip()
            if len(more) > 3:
                self.add("address", rest, pair.end, "label", owner, cell=cell)

    def _take_address(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        self._own(inside, "postal", owner, cell)
        start = max([pair.start, *(each.end for each in inside if each.kind == "postal" and each.end < pair.end and each.start <= pair.start + 2)])
        stops = [each.start for each in inside if each.kind in ("phone", "email", "postal") and not each.weak and each.start > start]
        stops += [each.start for each in people if each.start > start]
        end = min([pair.end, *stops])
        for each in inside:
            if each.kind == "address" or (each.kind == "phone" and each.weak):
                self.done.add(id(each))
        shown = self.line.text[start:end]
        found = [each for each in inside if each.kind == "address"]
        if re.search(r"です|ます|ません|なし$|未登録|同じ|同上|same as|http|@", shown) and not found:
            return
        if found and len(shown) > 80:
            start, end = found[0].start, found[0].end
        if re.search(r"[^\W_]", shown):
            self.add("address", start, end, "label", owner, cell=cell)

    def _take_phone(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        if self._own(inside, "phone", owner, cell):
            return
        found = _PHONE_LIKE.search(value)
        if found and 7 <= sum(letter.isdigit() for letter in found[0]) <= 13:
            start = pair.start + found.start()
            for each in inside:
                if each.kind in ("postal", "card_tail"):
                    self.done.add(id(each))
            self.add("phone", start, pair.start + found.end(), "label", owner, cell=cell, plain=re.sub("[^0-9]", "", found[0]))

    def _take_email(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        self._own(inside, "email", owner, cell)

    def _take_dob(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        found = [each for each in inside if each.kind == "date"]
        for each in found[:1]:
            self.add("dob", each.start, each.end, "label", owner or "customer", cell=cell)
        if not found and len(value.strip()) <= 24 and _DATE_LIKE.search(value):
            self.add("dob", pair.start, pair.end, "label", owner or "customer", cell=cell)
        for each in inside:
            if each.kind in ("phone", "postal"):
                self.done.add(id(each))

    def _take_account_id(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        tails = [each for each in inside if each.kind == "card_tail"]
        if tails:
            self._own(inside, "card_tail", owner, cell)
            return
        found = _ACCOUNT.match(value)
        shown = found[1] if found else ""
        if found and sum(letter.isdigit() for letter in shown) >= 3 and len(shown) >= 4:
            for each in inside:
                if each.kind in ("phone", "postal"):
                    self.done.add(id(each))
            self.add("account_id", pair.start + found.start(1), pair.start + found.end(1), "label", owner, cell=cell)
        elif _USERS.search(pair.name):
            user = _USERNAME.match(value)
            if user and "@" not in user[1] and (len(value.split()) == 1 or not value.isascii()):
                self.add("account_id", pair.start + user.start(1), pair.start + user.end(1), "label", owner, cell=cell)

    def _take_card_tail(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        if re.match(r" ?[0-9]{3,6}(?:[ -][0-9]{2,6}){1,4}(?![0-9])", value) and not any(each.kind == "card_tail" for each in inside):
            self._take_account_id(pair, value, inside, people, owner, cell)
            return
        if self._own(inside, "card_tail", owner, cell):
            return
        found = _NUMBERS.search(value)
        if found and len(value) <= 40 and not re.search("円|[¥$£€]|[0-9][/年.][0-9]", value):
            self.add("card_tail", pair.start + found.start(), pair.start + found.end(), "label", owner, cell=cell)
        elif re.match(r"[A-Z0-9-]*[0-9][0-9-]{5,}", value):
            self._take_account_id(pair, value, inside, people, owner, cell)

    def _take_secret(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        found = _SECRET.match(value)
        if found is None or _MASKED.fullmatch(found[1]) or "://" in value[: found.end() + 3]:
            return
        shown = found[1]
        if pair.name.casefold() in ("code", "token", "secret", "コード") and not re.fullmatch("[0-9]{4,8}", shown):
            return
        whole = value.strip(" \"'「」『』。*") == shown
        if _WORDLESS.search(shown) or (whole and len(shown) >= 6 and not value.isascii()):
            for each in inside:
                if each.kind in ("phone", "postal"):
                    self.done.add(id(each))
            self.add("secret", pair.start + found.start(1), pair.start + found.end(1), "label", owner, cell=cell)

    def _take_order_item(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        if self.prose:
            return
        self.item(pair.start, pair.end, cell, "label")

    def item(self, start: int, end: int, cell: int, why: str) -> None:
        shown = self.line.text[start:end]
        quoted = _TITLE.search(shown)
        if quoted:
            self.add("order_item", start + quoted.start(), start + quoted.end(), why, cell=cell, weak=True)
            return
        name = _QUANTITY.sub("", re.sub(r"^[ \-・*●■•]+|^[0-9]{1,3} ?[xX×] ", lambda found: " " * len(found[0]), shown))
        if len(name.strip()) < 2 or _SUM.search(name) or re.fullmatch(r"[\W\d]+", name) or len(name) > 60:
            return
        self.add("order_item", start, start + len(name.rstrip()), why, cell=cell, weak=True)

    def _take_party(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        if not people and not _SHOP_VALUE.search(value):
            self._person(pair, value, inside, owner, cell, first=True)

    def _person(self, pair: Pair, value: str, inside: list[Value], owner: Owner, cell: int, *, first: bool) -> bool:
        """A name, a reading or a piece of an address in a block that is a person's."""
        text = self.line.text
        if not any(each.start <= pair.start + 1 for each in inside):
            name = self._name_in(pair, value, inside)
            if name is not None:
                shown = text[name[0] : name[1]].strip()
                whole = name[1] >= pair.end - 6 or bool(inside) or "," in value
                if is_kana(shown) and not first:
                    return self.add("kana", *name, "label", owner, cell=cell)
                strong = likeness(shown)
                if whole and (strong or (first and len(shown) <= 12 and not shown.isascii() and not BUILDING.search(shown))):
                    return self.add("name", *name, "label", owner, cell=cell)
                if first and shown.isascii() and strong == 0 and re.fullmatch("[A-Z][a-z]+", shown) and whole:
                    return self.add("name", *name, "label", owner, cell=cell, sure=False)
        if any(each.kind in ("address", "postal") for each in inside):
            self._rest_of_address(pair, inside, owner, cell)
        return False

    def _rest_of_address(self, pair: Pair, inside: list[Value], owner: Owner, cell: int) -> None:
        """An address that its form did not show: what stands after its postal code."""
        if any(each.kind == "address" for each in inside):
            return
        code = next(each for each in inside if each.kind == "postal")
        after = self.line.text[code.end : pair.end].strip(" ,")
        before = self.line.text[pair.start : code.start].strip(" ,〒")
        if len(after) > 3 and not after.isascii():
            self.add("address", code.end, pair.end, "heading", owner, cell=cell)
        elif len(before) > 3 and re.search("[A-Za-z]{3}", before):
            self.add("address", pair.start, code.start, "heading", owner, cell=cell)

    def _take_unknown(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        if people:
            return
        name = self._name_in(pair, value, inside)
        if name is None:
            return
        strong = likeness(self.line.text[name[0] : name[1]])
        person = names_a_person(pair.name)
        if name[1] >= pair.end - 4 and (strong == 2 or (person and strong)):
            self.add("name", *name, "label", owner, cell=cell, sure=person or strong == 2)

    def _take_none(self, pair: Pair, value: str, inside: list[Value], people: list[Named], owner: Owner, cell: int) -> None:
        self._own([each for each in inside if each.kind == "card_tail"], "card_tail", owner, cell)

    # -- below a heading ------------------------------------------------------------------------------

    def below(
        self, heading: Label, many: int, text: str, cell: Cell, values: list[Value], named: list[Named], number: int
    ) -> None:
        """A cell without a label under a heading."""
        pair = Pair(heading, "", cell.start, cell.end)
        inside = [each for each in values if each.start < cell.end and cell.start < each.end]
        people = [each for each in named if each.start < cell.end and cell.start < each.end]
        value = text[cell.start : cell.end]
        if heading.kind == "order_item":
            if _ITEM_LINE.search(value) or (many <= 3 and len(value) <= 40 and not self.prose):
                self.item(cell.start, cell.end, number, "heading")
            return
        if heading.kind == "none":
            return
        continues = self.last_address >= self.line.number - 2
        if heading.kind in ("party", "address") and not inside and not people and continues:
            if BUILDING.search(value) or UNIT.match(value) or (heading.kind == "address" and not self.prose and len(value) <= 40 and many > 1):
                self.add("address", cell.start, cell.end, "heading", heading.owner, cell=number)
                return
        if heading.kind == "party":
            owner: Owner = heading.owner or "customer"
            if (self.shop and not self.customer and not people) or (self.prose and not inside and not people):
                return
            for each in people:
                self.done.add(id(each))
                self.add("name", each.start, each.end, each.why, "customer", sure=each.sure, cell=number)
            if not people:
                self._person(pair, value, inside, owner, number, first=many == 1)
            elif inside:
                self._rest_of_address(pair, [each for each in inside if each.kind != "phone"], owner, number) if any(
                    each.kind == "postal" for each in inside
                ) else None
            if CITY_LINE.match(value.strip()) and not any(each.kind == "address" for each in inside):
                self._rest_of_address(pair, inside, owner, number) if inside else None
            for each in inside:
                if id(each) not in self.done:
                    self.done.add(id(each))
                    self.form(each._replace(weak=False) if each.kind != "date" else each, owner, "heading", number)
            self.read_beside(cell.start, cell.end, owner, number)
            return
        if self.prose and not inside:
            return
        self.pair(pair, text, values, named, number)

    # -- without a label ------------------------------------------------------------------------------

    def bare(self, text: str, cell: Cell, number: int) -> bool:
        """A cell that holds nothing but what looks like a name, or like the second line of an address."""
        value = text[cell.start : cell.end].rstrip(" ,")
        strong = likeness(value)
        if strong:
            kind = "kana" if is_kana(value) else "name"
            return self.add(kind, cell.start, cell.start + len(value), "bare", sure=False, cell=number, weak=strong == 1)
        if (BUILDING.search(value) or UNIT.match(value)) and self.last_address == self.line.number - 1:
            return self.add("address", cell.start, cell.end, "next_line", cell=number)
        return False

    def rest(self, values: list[Value], named: list[Named]) -> None:
        """What stands under no label in the line."""
        text = self.line.text
        for person in named:
            if id(person) not in self.done:
                owner: Owner = "customer" if person.why in ("honorific", "greeting") else self.clause(person.start, person.end)
                self.add("name", person.start, person.end, person.why, owner, sure=person.sure)
        for each in values:
            if id(each) not in self.done:
                self.loosely(each, 0)
        self.town(values)
        self.read_beside(0, len(text), "customer" if named else "", 0)
        code = _CODE.search(text)
        if code:
            self.add("secret", code.start(1), code.end(1), "pattern")
        for found in _INSTEAD.finditer(self.line.text):
            for group in (1, 2):
                self.add("order_item", found.start(group), found.end(group), "prose", weak=True)
        priced = _PRICED.match(text.strip()) if not self.prose else None
        if priced and not any(hit.line is self.line for hit in self.hits[-4:]):
            shift = len(text) - len(text.lstrip())
            group = "item" if priced["item"] else "later"
            self.item(shift + priced.start(group), shift + priced.end(group), 0, "priced")
        quoted = _TITLE.search(self.line.text)
        if quoted and not any(hit.line is self.line and hit.kind == "order_item" for hit in self.hits[-4:]):
            self.add("order_item", quoted.start(), quoted.end(), "title", weak=True, sure=False)

    def loosely(self, value: Value, cell: int) -> None:
        """A value that no layout gives a label: by the word before it, and the sentence around it."""
        self.done.add(id(value))
        said = label_before(self.line.text, value.start) if value.kind in ("phone", "address", "postal", "email") else None
        if said is not None and said.kind in ("none", "account_id", "secret", "order_item") and said.owner != "shop" and value.weak:
            return
        fits = said is not None and said.kind in (value.kind, "party")
        owner = said.owner if said is not None and (fits or said.owner == "shop") else ""
        owner = owner or self.clause(value.start, value.end)
        self.form(value._replace(weak=value.weak and not fits), owner, "label" if fits else "pattern", cell)

    def town(self, values: list[Value]) -> None:
        """A line of town and code, or a code with what its form does not show as an address."""
        codes = [each for each in values if each.kind == "postal" and not each.weak]
        if len(codes) != 1 or self.prose or any(hit.line is self.line and hit.kind == "address" for hit in self.hits[-6:]):
            return
        whole = Pair(Label("party"), "", 0, len(self.line.text))
        before = self.line.text[: codes[0].start].strip(" ,〒")
        if not before.isascii() or CITY_LINE.match(self.line.text.strip()) or not before:
            self._rest_of_address(whole, codes, "", 0)

    def between(self, recent: list[Line], line: Line) -> None:
        """Lines of an address that stand between its street and its code."""
        street = next((hit for hit in reversed(self.hits) if hit.kind == "address" and hit.line in recent[:-1]), None)
        if street is None or street.line is line:
            return
        for each in recent[recent.index(street.line) + 1 : -1]:
            shown = each.text.strip()
            if re.fullmatch(r"[A-Z][\w'’. -]{1,30},?", shown) and not any(hit.line is each for hit in self.hits):
                start = each.text.index(shown)
                self.hits.append(Hit("address", each, start, start + len(shown.rstrip(",")), "between", True, street.owner, street.block, street.section))

    def above(self, line: Line) -> None:
        """A line over an address that names the flat or the house."""
        shown = line.text.strip()
        if UNIT.match(shown) and not any(hit.line is line and hit.why != "bare" for hit in self.hits):
            self.hits = [hit for hit in self.hits if hit.line is not line]
            street = self.hits[-1] if self.hits else None
            start = line.text.index(shown)
            owner: Owner = street.owner if street else ""
            self.hits.append(Hit("address", line, start, start + len(shown.rstrip(",")), "above", True, owner, self.block, self.section))

    def clause(self, start: int, end: int) -> Owner:
        """Whose a value in a sentence is, by the words of that sentence."""
        if not self.prose:
            return ""
        text = self.line.text
        before = max((found.end() for found in _STOPS.finditer(text, 0, start)), default=0)
        after = _STOPS.search(text, end)
        hints = scanner().Match(text[before : after.start() if after else len(text)]) or ()
        return "customer" if Hint.CUSTOMER in hints else "shop" if Hint.SHOP in hints else ""

    def read_beside(self, start: int, end: int, owner: Owner, cell: int) -> None:
        """Readings in brackets or beside a name."""
        text = self.line.text
        if text.isascii() or (self.hits and self.hits[-1].kind == "kana" and self.hits[-1].line is self.line):
            return
        for pattern in (READING, BARE_READING):
            for found in pattern.finditer(text, start, end):
                if likeness(found[1]) or is_kana(found[1]):
                    self.add("kana", found.start(1), found.end(1), "reading", owner, sure=pattern is READING or bool(owner), cell=cell, weak=not owner)
                return


# -- whose it is ---------------------------------------------------------------------------------------


def settled(hits: list[Hit], events: list[Event], domains: frozenset[str]) -> list[Hit]:
    """The hits that are not the sender's."""
    by_block: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        by_block[event.block].append(event)
    for hit in hits:
        if hit.owner == "":
            hit.owner = _owner(hit, by_block)
        if (hit.kind == "phone" and (is_public(hit.plain) or hit.plain.endswith("00000000"))) or (
            hit.kind == "email" and (hit.plain.partition("@")[2] in domains or (hit.weak and hit.owner != "customer"))
        ):
            hit.owner = "shop"
    shops = {(hit.kind, hit.plain) for hit in hits if hit.owner == "shop" and hit.plain}
    kept = [
        hit for hit in hits if hit.owner != "shop" and not (hit.owner == "" and hit.plain and (hit.kind, hit.plain) in shops)
    ]
    return _neighbours(kept)


def _owner(hit: Hit, by_block: dict[int, list[Event]]) -> Owner:
    near = by_block.get(hit.block, [])
    before = [event for event in near if event.line <= hit.line.number]
    if before:
        # The sender's name in a sentence above does not take a value that stands alone.
        latest = next((event for event in reversed(before) if event.carries or event.owner == "customer" or event.line == hit.line.number), None)
        if latest is not None:
            return latest.owner
    if hit.section:
        return hit.section
    if any(event.owner == "shop" and event.carries for event in near):
        return "shop"
    earlier = [event for event in by_block.get(hit.block - 1, []) if event.carries]
    if earlier:
        return earlier[-1].owner
    return ""


def _neighbours(hits: list[Hit]) -> list[Hit]:
    """A bare name beside somebody's address, phone or reading is that person's."""
    places = {(hit.block, hit.line.number) for hit in hits if hit.kind in ("postal", "address", "phone", "kana", "email", "dob") and hit.why != "bare"}
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
    addressed = {(hit.block, hit.line.number) for hit in hits if hit.kind == "address"}
    kept = []
    for hit in hits:
        if hit.kind == "order_item":
            keep = orders and (hit.sure or strong)
        elif hit.weak and hit.kind == "postal":
            keep = hit.owner == "customer" or any((hit.block, hit.line.number + step) in addressed for step in (0, 1, -1))
        elif hit.weak and hit.kind in ("phone", "email"):
            keep = hit.owner == "customer"
        elif hit.weak and hit.why == "bare":
            keep = hit.sure
        else:
            keep = True
        if keep:
            kept.append(hit)
    return kept
