"""What is taken for a finding in a line: under its label, below a heading, or by its form alone."""

import re
from collections import deque

from atesaki.content.labelled import TAKERS, Field
from atesaki.content.labels import Label, Owner, is_word, names_a_role
from atesaki.content.layout import Cell, Pair
from atesaki.content.lines import Line
from atesaki.content.names import Named, could_be_name, is_kana, is_plain, likeness
from atesaki.content.notes import SHOP_VALUE, TITLE, Notes
from atesaki.content.scan import Hint
from atesaki.content.values import BUILDING, CITY_LINE, UNIT, Value, dates

_FROM = re.compile("^(?:from|sender|差出人|送信者|発信者|送信元)", re.I)
_SHOWN_NAME = re.compile(r"\s*\"?([^<>\"@]{2,40}?)\"?\s*[<\[(]")
_DATED = re.compile(r"\b(?:19|20)[0-9]{2}\b|[0-9] ?[月日時]|[0-9]:[0-9]{2}|[0-9] ?円|[¥£$€]")
_PRICE = r"(?:[¥£$€\\] ?[0-9][0-9,]*(?:\.[0-9]{2})?|[0-9][0-9,]* ?円|[0-9]{1,4}\.[0-9]{2}|[0-9]{1,3},[0-9]{3})"
_COUNTED = "点|個|本|袋|枚|冊|箱|セット|パック|缶|台|束|玉|名様?|泊"
_PRICED = re.compile(
    rf"^(?P<item>[^\n]{{2,60}}?)(?:[ \t　×xX✕*@(]+|  )(?:[×xX✕*] ?)?[0-9]{{1,3}} ?(?:{_COUNTED})?"
    rf"[ \t　)@=]+{_PRICE}"
    r"|^(?P<later>[0-9]{1,3} ?[xX×] [^\n]{2,60}?)(?:$|[ \t]{2,}|[ \t]*[@(]? ?[¥£$€])"
    rf"|^(?P<dotted>[^\n:]{{2,60}}?) ?(?:\.{{3,}}|[…‥]+|・{{3,}}|_{{3,}}|-{{3,}}) ?{_PRICE}\s*$",
)
_BULLET_MARKS = tuple("-・*•●■□◆◇○")
_MAY_BE_PRICED = re.compile(r"[¥£$€\\円]|[0-9][.,][0-9]|[0-9] ?[xX×] ")
_LATE = 4  # lines after which something is still noted of a line above
_MARKS = " \t　-*・•●■□◆◇+>"
_ITEM_LINE = re.compile(
    rf"[×xX✕][ ]?[0-9]{{1,3}}\b|\b[0-9]{{1,3}} ?[xX×] |[0-9] ?(?:{_COUNTED})|[0-9] ?円|[¥£$€][0-9]|数量|qty", re.I
)
_INSTEAD = re.compile(r"([A-Za-z][\w %'-]{2,30}?) instead of ([A-Za-z][\w %'-]{2,30}?)(?=[.,;]|$)")
_CODE = re.compile(
    r"\b([0-9]{4,8}|[A-Z]-?[0-9]{4,8}|[0-9]{3} [0-9]{3}) is your .{0,40}?(?:code|pin|password|passcode|otp)\b", re.I
)
_NAMED_ITEM = re.compile(
    "(?:商品|出品中の|出品された|ご?注文の|ご?購入の|お?買い上げの|ご?予約の|お?取り置きの|落札した)「([^」]{2,40})」"
)
_READY = re.compile(
    r"\b[Yy]our ([a-z][\w %'-]{3,40}?) (?:is|are|has|have) (?:now )?"
    r"(?:ready|shipped|been (?:dispatched|shipped|posted|sent)|arrived|on (?:its|their) way)\b"
)
_CODE_JA = re.compile(
    "(?<![0-9])([0-9]{4,8}) ?(?:は|が)[^。]{0,30}(?:コード|番号|パスワード)(?:です|でございます|になります)"
)
_USE = re.compile(
    r"\b(?:use|enter|type(?: in)?|code|pin|passcode|password|otp)(?: the| this| your)?(?: (?:code|pin"
    r"|passcode|number|password))?"
    r"(?: is| below)?[: ]{1,2}([0-9]{3}[ -][0-9]{3}|[0-9]{4,8})\b(?!.{0,30}(?:checkout|discount|% off))",
    re.I,
)
# A person's record in one line: 0338-085689 / ﾋﾗﾀ ｹｲﾀ / 1982-01-11 / F
_RECORD = re.compile(" [/|] ")
_SEX = re.compile(r"[MFmf]|[男女]性?|(?:fe)?male")
_READ_ALONE = re.compile(
    r"\s*[(（] ?([ァ-ヴー]{2,10}[ ・]?[ァ-ヴー]{0,10}|[ぁ-んー]{2,8} ?[ぁ-んー]{0,8}) ?[)）]\s*(?:様|さま)?\s*"
)
_REVERED = re.compile(r" ?(?:[(][^()]{1,14}[)])? ?(?:様|さま|サマ)")
_TOWN = re.compile(r"[A-Z][\w'’. -]{1,30},?")
_MAY_BE_SHOPS = frozenset(("name", "phone", "address", "postal", "email"))
_STILL = Hint.READING | Hint.DIGITS
_NOTHING_ELSE = frozenset(("none", "account_id", "order_item", "secret"))


def holds(pair: Pair, text: str) -> bool:
    """Whether there is a value at all."""
    return pair.end > pair.start and not text[pair.start : pair.end].isspace()


def _mentioned(person: Named) -> Named:
    return person._replace(why="mentioned") if person.why == "honorific" else person


class Taking(Notes):
    """Reads line by line into the notes of one text."""

    # -- under a label --------------------------------------------------------------------------------

    def pair(self, pair: Pair, cell: int) -> bool:
        """The value of a label; what has a form of its own in it goes by the label's owner."""
        seen = self.seen
        if not holds(pair, seen.text):
            return False
        value = seen.text[pair.start : pair.end]
        said = pair.label
        owner = said.owner
        inside, people = seen.within(pair), seen.people(pair)
        if not owner and said.kind in _MAY_BE_SHOPS and SHOP_VALUE.search(value):
            owner = "shop"
        if not (owner or said.listed or said.kind) and names_a_role(pair.name):
            owner = "shop"
        before = len(self.hits)
        if owner == "shop":
            if not self._wrote(pair, value, inside):
                self._shops(inside, people, cell)
                return False
            said, owner = Label("none", "customer"), "customer"
        if not said.listed and not said.kind:  # Registrar: Mrs Hill
            people = [_mentioned(each) if value.isascii() else each for each in people]
        self._people(people, owner, cell)
        TAKERS[said.kind](self, Field(pair, value, inside, people, owner, cell))
        for each in inside:
            if not seen.left(each) or each.kind == "date":
                continue
            if (seen.prose and said.kind in ("none", "order_item", "")) or not (said.kind or said.listed or owner):
                self.loosely(each, cell)
            elif not (each.weak and said.kind in _NOTHING_ELSE):
                kept: Owner = "" if said.kind == "order_item" or (said.kind == "none" and pair.label is said) else owner
                kept = "customer" if self._writers(each) else kept
                self.form(each, kept, "label" if said.kind == each.kind else "pattern", cell)
        self.read_beside(pair.start, pair.end, owner, cell)
        return len(self.hits) > before

    def _wrote(self, pair: Pair, value: str, inside: list[Value]) -> bool:
        """Whether this is a forwarded header that says who wrote, and that was not the sender."""
        if _FROM.search(pair.name) is None:
            return False
        mails = [each for each in inside if each.kind == "email" and not each.weak]
        if not mails or any(each.plain.partition("@")[2] in self.domains for each in mails):
            return False
        named = _SHOWN_NAME.match(value)
        if named and could_be_name(named[1]):
            self.add("name", pair.start + named.start(1), pair.start + named.end(1), "header", "customer")
        return True

    def _writers(self, value: Value) -> bool:
        """Whether a mail address stands beside a name and is none of the sender's."""
        beside = any(person.why == "beside_mail" for person in self.seen.named)
        return beside and value.kind == "email" and value.plain.partition("@")[2] not in self.domains

    def _people(self, people: list[Named], owner: Owner, cell: int) -> None:
        for each in people:
            self.seen.take(each)
            told = each.why == "mentioned"  # somebody of whom the line speaks, not to whom
            whose: Owner = "customer" if each.sure and not told else owner
            if each.why == "introduced":
                whose = self.seen.section or "shop"
            self.add("name", each.start, each.end, each.why, whose, sure=each.sure, cell=cell, weak=told)

    def _shops(self, inside: list[Value], people: list[Named], cell: int) -> None:
        for each in inside:
            self.form(each, "shop", "label", cell)
        # 「担当より大島様へ」: an honorific names the reader even there; さん and Mr stand before anybody's name.
        text = self.seen.text
        spoken = [each for each in people if each.why == "honorific" and _REVERED.match(text, each.end)]
        self._people(spoken, "customer", cell)
        self.seen.take(*people)

    # -- below a heading ------------------------------------------------------------------------------

    def below(self, heading: Label, many: int, cell: Cell, number: int) -> None:
        """A cell without a label under a heading; `many`: it is the how manyeth."""
        seen = self.seen
        value = seen.text[cell.start : cell.end]
        pair = Pair(heading, "", cell.start, cell.end)
        if heading.kind == "order_item":
            listed = many == 1 or seen.text[: cell.start + 1].strip()[:1] in _BULLET_MARKS
            if _ITEM_LINE.search(value) or (listed and len(value) <= 40 and not seen.prose):
                self.item(cell.start, cell.end, number, "heading")
        elif (
            heading.kind == "none"
            or self._goes_on(heading, many, cell, number)
            or (heading.kind == "address" and many > 1 and _DATED.search(value))
        ):
            return
        elif heading.kind == "party":
            self._in_block(pair, many, number)
        elif not seen.prose or seen.within(cell):
            self.pair(pair, number)

    def _goes_on(self, heading: Label, many: int, cell: Cell, number: int) -> bool:
        """A further line of an address: a building, a flat."""
        seen = self.seen
        if self.last_address < seen.line.number - 2 or not seen.free(cell) or heading.kind not in ("party", "address"):
            return False
        value = seen.text[cell.start : cell.end]
        plain = heading.kind == "address" and many > 1 and not seen.prose and len(value) <= 40
        plain = plain and not _DATED.search(value)
        if plain or BUILDING.search(value) or UNIT.match(value):
            return self.add("address", cell.start, cell.end, "heading", heading.owner, cell=number)
        return False

    def _in_block(self, pair: Pair, many: int, number: int) -> None:
        """A line of a person's block."""
        seen = self.seen
        inside, people = seen.within(pair), seen.people(pair)
        owner: Owner = pair.label.owner or "customer"
        if not people and not inside and _ITEM_LINE.search(seen.text, pair.start):
            return
        if not people and ((seen.shop and not seen.customer) or (seen.prose and not inside)):
            return
        self._people(people, "customer", number)
        if people:
            self.rest_of_address(pair, inside, owner, number)
        elif not self.person(pair, inside, owner, number, first=many == 1) and not inside and many > 1:
            self.abroad(pair, owner, number)
        for each in inside:
            if not seen.left(each):
                continue
            if seen.prose:
                self.loosely(each, number)
            else:
                seen.take(each)
                self.form(each if each.kind == "date" else each._replace(weak=False), owner, "heading", number)
        self.read_beside(pair.start, pair.end, owner, number)

    # -- without a label ------------------------------------------------------------------------------

    def bare(self, cell: Cell, number: int) -> bool:
        """A cell that holds nothing but what looks like a name, or like the second line of an address."""
        value = self.seen.text[cell.start : cell.end].rstrip(" ,")
        strong = likeness(value)
        if strong:
            kind = "kana" if is_kana(value) else "name"
            end = cell.start + len(value)
            return self.add(kind, cell.start, end, "bare", sure=False, cell=number, weak=strong == 1)
        alone = number < 2 and cell.end - cell.start <= 40
        if alone and self.last_address == self.seen.line.number - 1 and (BUILDING.search(value) or UNIT.match(value)):
            return self.add("address", cell.start, cell.end, "next_line", cell=number)
        return False

    def rest(self) -> None:
        """What stands under no label in the line."""
        seen = self.seen
        if not (seen.values or seen.named or seen.has(_STILL) or "『" in seen.text or "instead" in seen.text):
            return
        loose = [each for each in seen.values if seen.left(each)]
        for person in seen.named:
            if seen.left(person):
                spoken = person.why in ("honorific", "greeting", "slashed")
                spoken = spoken or (person.why == "beside_mail" and any(map(self._writers, seen.values)))
                owner: Owner = "customer" if spoken else self.clause(person.start, person.end)
                told = person.why == "mentioned"
                owner = (seen.section or "shop") if person.why == "introduced" else owner
                self.add("name", person.start, person.end, person.why, owner, sure=person.sure, weak=told)
        for each in loose:
            if self._writers(each):
                self.form(each, "customer", "pattern", 0)
            else:
                self.loosely(each, 0)
        if loose:
            self._town(loose)
        self.read_beside(0, len(seen.text), "customer" if seen.named else "", 0)
        read = _READ_ALONE.fullmatch(seen.text) if seen.has(Hint.READING) else None
        if read and self.hits and self.hits[-1].kind == "name" and seen.line.number - self.hits[-1].line.number <= 2:
            self.add("kana", *read.span(1), "reading", self.hits[-1].owner)
        self._items()
        if " / " in seen.text or " | " in seen.text:
            self._record()
        code = _CODE.search(seen.text) if "is your" in seen.text else None
        code = code or (_CODE_JA.search(seen.text) if seen.has(Hint.HELD) else None)
        code = code or (_USE.search(seen.text) if seen.has(Hint.DIGITS) else None)
        if code and not any(hit.line is seen.line and hit.kind == "secret" for hit in self.hits[-3:]):
            self.add("secret", code.start(1), code.end(1), "pattern")

    def _record(self) -> None:
        """Pieces of a line of which one says the sex: beside it a date is that of birth, and a name the person's."""
        seen = self.seen
        text, at = seen.text, 0
        cells: list[Cell] = []
        for mark in _RECORD.finditer(text):
            cells.append(Cell(at, mark.start()))
            at = mark.end()
        cells.append(Cell(at, len(text.rstrip())))
        if not 3 <= len(cells) <= 8 or not any(_SEX.fullmatch(text, *cell) for cell in cells):
            return
        for cell in cells:
            date = next(dates(text[cell.start : cell.end]), None)
            if date is not None:
                self.add("dob", cell.start + date.start, cell.start + date.end, "record", "customer")
            elif likeness(text[cell.start : cell.end].strip()) or is_kana(text[cell.start : cell.end]):
                kind = "kana" if is_kana(text[cell.start : cell.end]) else "name"
                self.add(kind, cell.start, cell.end, "record", "customer")

    def _items(self) -> None:
        """Things that were ordered: with quantity and price, in 『』, or one instead of another."""
        seen = self.seen
        text = seen.line.text
        if "「" in text:
            for found in _NAMED_ITEM.finditer(text):
                self.add("order_item", *found.span(1), "prose", weak=True)
        if "our " in text:
            for found in _READY.finditer(text):
                if not is_plain(found[1].split()[-1]) and not is_word(found[1]):
                    self.add("order_item", *found.span(1), "prose", weak=True)
        if "instead of" in text:
            for found in _INSTEAD.finditer(text):
                self.add("order_item", *found.span(1), "prose", weak=True)
                self.add("order_item", *found.span(2), "prose", weak=True)
        if seen.has(Hint.DIGITS) and not seen.prose and not any(hit.line is seen.line for hit in self.hits[-4:]):
            bare = text.lstrip(_MARKS)
            priced = _PRICED.match(bare) if _MAY_BE_PRICED.search(bare) else None
            if priced:
                shift = len(text) - len(bare)
                start, end = priced.span(priced.lastgroup or 0)
                self.item(shift + start, shift + end, 0, "priced")
        quoted = TITLE.search(text) if "『" in text else None
        if quoted and not any(hit.line is seen.line and hit.kind == "order_item" for hit in self.hits[-4:]):
            self.add("order_item", *quoted.span(), "title", weak=True, sure=False)

    # -- addresses over several lines -----------------------------------------------------------------

    def _town(self, values: list[Value]) -> None:
        """A line of town and code, or a code with what its form does not show as an address."""
        seen = self.seen
        codes = [each for each in values if each.kind == "postal" and not each.weak]
        if len(codes) != 1 or seen.prose:
            return
        if any(hit.line is seen.line and hit.kind == "address" for hit in self.hits[-6:]):
            return
        text = seen.line.text
        before = text[: codes[0].start].strip(" ,〒")
        if not before or not before.isascii() or CITY_LINE.match(text.strip()):
            self.rest_of_address(Pair(Label("party"), "", 0, len(text)), codes, "", 0)

    def around(self, recent: deque[Line]) -> None:
        """What stands over or between the lines of an address: the house, the town."""
        seen = self.seen
        if len(recent) < 2:
            return
        if any(value.kind == "postal" for value in seen.values):
            self._between(list(recent))
        if self.last_address == seen.line.number:
            self._above(recent[-2])

    def _since(self, line: Line) -> int:
        """Where in the hits those of a line, and of all below it, are."""
        at = len(self.hits)
        while at and self.hits[at - 1].line.number >= line.number - _LATE:
            at -= 1
        return at

    def _between(self, recent: list[Line]) -> None:
        hits = self.hits[self._since(recent[0]) :]
        street = next((hit for hit in reversed(hits) if hit.kind == "address" and hit.line in recent[:-1]), None)
        if street is None:
            return
        for line in recent[recent.index(street.line) + 1 : -1]:
            shown = line.text.strip()
            if _TOWN.fullmatch(shown) and not any(hit.line is line for hit in hits):
                self.note_line(line, shown, "between", street)

    def _above(self, line: Line) -> None:
        shown = line.text.strip()
        since = self._since(line)
        if UNIT.match(shown) and not any(hit.line is line and hit.why != "bare" for hit in self.hits[since:]):
            self.hits[since:] = [hit for hit in self.hits[since:] if hit.line is not line]
            self.note_line(line, shown, "above", self.hits[-1])
