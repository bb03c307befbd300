"""What a layout is written with: invented people whose values are labelled wherever they are put.

A labelled value is a `str` between two invisible private-use characters that name its kind, so a plain
f-string keeps the label. `spans` takes them out again and says where they were.

    @layout("grocer-order", language="ja", personal=True, charset="iso-2022-jp", sender="order@grocer.example")
    def mail(d: Draw) -> Message:
        p, shop = d.person(), d.shop()
        return Message(subject=f"ご注文の確認 {d.order_number()}", text=f"{p.name} 様\n電話 {wide(p.phone)}")
"""

from __future__ import annotations

import datetime as dt
import random
import string
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

import jaconv

from benchmarks.detection.goods import TRADES, goods
from benchmarks.detection.labels import KINDS, Span, label, spans, visible
from benchmarks.detection.people import Person, draw_person
from benchmarks.detection.shops import Shop, draw_shop

__all__ = [
    "KINDS",
    "TRADES",
    "Draw",
    "Item",
    "Layout",
    "Message",
    "Person",
    "Shop",
    "Span",
    "half_kana",
    "label",
    "layout",
    "pad",
    "spans",
    "visible",
    "wide",
]

Language = Literal["ja", "en"]
T = TypeVar("T")


# -- spellings ----------------------------------------------------------------------------------------

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


def wide(text: str) -> str:
    """ASCII as full-width characters: 090-1234 → ０９０－１２３４, a space → an ideographic one."""
    return text.translate(_WIDE)


def half_kana(text: str) -> str:
    """Katakana as half-width ones (ガ → ｶﾞ); hiragana first become katakana."""
    return jaconv.z2h(jaconv.hira2kata(text), kana=True, ascii=False, digit=False).replace("　", " ")


def pad(text: str, columns: int) -> str:
    """`text` and spaces up to so many columns of a fixed-width font; marks take no room, kanji take two."""
    width = sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in visible(text))
    return text + " " * max(columns - width, 0)


# -- layouts ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """A mail as a layout gives it. `to` is a display name for the To field (usually none).

    With `text` and `html` it is multipart/alternative, with attachments multipart/mixed. An attachment is
    (file name, content type, text).
    """

    subject: str
    text: str | None = None
    html: str | None = None
    attachments: Sequence[tuple[str, str, str]] = ()
    to: str = ""


@dataclass(frozen=True)
class Layout:
    """One sender's way to write one kind of mail."""

    slug: str
    language: Language
    personal: bool
    sender: str
    make: Callable[[Draw], Message]
    charset: str = "utf-8"
    transfer: str = ""
    region: str = ""
    sender_name: str | None = None


def layout(
    slug: str,
    *,
    language: Language,
    personal: bool,
    sender: str,
    charset: str = "utf-8",
    transfer: str = "",
    region: str = "",
    sender_name: str | None = None,
) -> Callable[[Callable[[Draw], Message]], Layout]:
    """Make a function into a layout; a module may hold several.

    `charset` utf-8, iso-2022-jp, shift_jis or euc-jp; `transfer` 7bit, 8bit, base64 or quoted-printable, by
    default what fits the charset; `region` GB or US for the people of an English layout, by default one of them for
    the whole layout; `sender_name` the From field's display name, by default the shop's.
    """

    def made(make: Callable[[Draw], Message]) -> Layout:
        return Layout(slug, language, personal, sender, make, charset, transfer, region, sender_name)

    return made


class Item(NamedTuple):
    """What was ordered: `name` is labelled order_item, `price` of one is plain ("1,280円", "£12.80", "$12.80")."""

    name: str
    quantity: int
    price: str


# -- drawing ------------------------------------------------------------------------------------------


@dataclass
class Draw:
    """Chance for one mail: the same layout and number give the same mail, on every machine.

    `rng` differs from mail to mail; `own` is the same for all mails of a layout (its shop, its number formats).
    """

    layout: Layout
    number: int
    rng: random.Random = field(init=False)
    own: random.Random = field(init=False)
    people: list[Person] = field(init=False, default_factory=list)
    region: str = field(init=False, default="JP")
    day: dt.date = field(init=False)
    _order: str = field(init=False, default="")

    def __post_init__(self) -> None:
        slug = self.layout.slug
        self.rng = random.Random(f"{slug}/{self.number}")  # noqa: S311 - reproducible is what it must be
        self.own = random.Random(slug)  # noqa: S311
        if self.layout.language == "en":
            self.region = self.layout.region or self.own.choice(("GB", "US"))
        self.day = dt.date(2026, 1, 5) + dt.timedelta(days=self.rng.randrange(500))

    # people and shops

    def person(self) -> Person:
        """Somebody new; the first one drawn is the customer whom the mail goes to."""
        made = draw_person(self.rng, random.Random(self.layout.slug), self.region)  # noqa: S311
        self.people.append(made)
        return made

    def shop(self, name: str = "", company: str = "") -> Shop:
        """The sender's own data, not labelled, the same in all mails of the layout."""
        own = random.Random(f"{self.layout.slug}/shop")  # noqa: S311
        return draw_shop(own, self.region, self.layout.sender, name, company)

    def items(self, most: int, trade: str = "") -> list[Item]:
        """Between one and `most` different goods; `trade` one of `TRADES`, else any."""
        chosen = self.rng.sample(goods(self.layout.language, trade), self.rng.randint(1, most))
        return [
            Item(label("order_item", name), self.rng.choices((1, 2, 3, 6), (70, 18, 8, 4))[0], self.price())
            for name in chosen
        ]

    # what is nobody's

    def order_number(self) -> str:
        """A plain number of the order in the layout's own format; the same one whenever it is asked for in a mail."""
        if self._order:
            return self._order
        shape = random.Random(f"{self.layout.slug}/order").choice(  # noqa: S311
            ("########", "##########", "A#######", "######-####", "W-######", "%Y%m%d-####", "###-#######-#######")
        )
        self._order = self.digits(self.day.strftime(shape))
        return self._order

    def digits(self, shape: str) -> str:
        """`shape` with each # as a digit, each @ as a capital letter."""
        letters = string.ascii_uppercase
        return "".join(
            str(self.rng.randrange(10)) if each == "#" else self.rng.choice(letters) if each == "@" else each
            for each in shape
        )

    def date(self, days: int = 0, style: str = "") -> str:
        """The mail's day and so many after it, plain. `style` kanji, slash, iso, short or weekday."""
        day = self.day + dt.timedelta(days=days)
        if self.layout.language == "ja":
            weekday = "月火水木金土日"[day.weekday()]
            return {
                "": f"{day.year}年{day.month}月{day.day}日",
                "kanji": f"{day.year}年{day.month}月{day.day}日",
                "slash": f"{day:%Y/%m/%d}",
                "iso": day.isoformat(),
                "short": f"{day.month}月{day.day}日",
                "weekday": f"{day.month}月{day.day}日({weekday})",
            }[style]
        month_first = self.region == "US"
        return {
            "": f"{day:%B} {day.day}, {day.year}" if month_first else f"{day.day} {day:%B} {day.year}",
            "kanji": f"{day.day} {day:%B} {day.year}",
            "slash": f"{day:%m/%d/%Y}" if month_first else f"{day:%d/%m/%Y}",
            "iso": day.isoformat(),
            "short": f"{day:%b} {day.day}" if month_first else f"{day.day} {day:%b}",
            "weekday": f"{day:%A}, {day:%B} {day.day}" if month_first else f"{day:%A} {day.day} {day:%B}",
        }[style]

    def time(self) -> str:
        """A time of day, plain: 14:05."""
        return f"{self.rng.randint(8, 21)}:{self.rng.choice((0, 5, 10, 15, 20, 30, 40, 45, 50, 55)):02}"

    def money(self, amount: float) -> str:
        """So much in the layout's currency."""
        if self.layout.language == "ja":
            return f"{int(amount):,}円"
        return f"{'£' if self.region == 'GB' else '$'}{amount:,.2f}"

    def price(self, low: int = 300, high: int = 9800) -> str:
        """A plain price between so many yen, or a hundredth of that in pounds or dollars."""
        yen = self.rng.randrange(low, high + 1, 10)
        return self.money(yen if self.layout.language == "ja" else yen / 100 - 0.01)

    def choice(self, options: Sequence[T]) -> T:
        """One of them."""
        return self.rng.choice(options)

    def maybe(self, probability: float) -> bool:
        """True so often."""
        return self.rng.random() < probability

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.rng.randint(low, high)
