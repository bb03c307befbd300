"""What is to be paid, and the tax in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

DELIVERY = Decimal(330)
FREE_FROM = Decimal(4000)  # goods, tax included
CASH_FEE = Decimal(220)
REDUCED, STANDARD = 8, 10  # per cent; carriage and the fee are no food


def tax_in(gross: Decimal, rate: int) -> Decimal:
    """The tax in `gross` yen at `rate` per cent, without the fraction."""
    return (gross * rate / (100 + rate)).quantize(Decimal(1), ROUND_DOWN)


@dataclass(frozen=True)
class Share:
    """All that one rate is owed on."""

    rate: int
    gross: Decimal

    @property
    def tax(self) -> Decimal:
        return tax_in(self.gross, self.rate)


@dataclass(frozen=True)
class Bill:
    """Sums in yen, tax included."""

    goods: Decimal
    delivery: Decimal
    fee: Decimal
    shares: tuple[Share, ...]

    @property
    def total(self) -> Decimal:
        return self.goods + self.delivery + self.fee

    @property
    def tax(self) -> Decimal:
        return sum((share.tax for share in self.shares), Decimal(0))

    @property
    def short_of_free(self) -> Decimal:
        """How many yen of goods are missing for free delivery; 0 when it is free."""
        return max(FREE_FROM - self.goods, Decimal(0))


def make(lines: Iterable[tuple[int, Decimal]], pay: str = "") -> Bill:
    """The bill of `lines` (rate, gross) when it is paid by `pay` ("cash" costs a fee)."""
    sums: Counter[int] = Counter()
    for rate, gross in lines:
        sums[rate] += gross  # type: ignore[assignment]
    goods = Decimal(sum(sums.values()))
    delivery = Decimal(0) if goods >= FREE_FROM else DELIVERY
    return _bill(goods, delivery, CASH_FEE if pay == "cash" else Decimal(0), sums)


def of_order(lines: Iterable[tuple[int, Decimal]], delivery: Decimal, fee: Decimal) -> Bill:
    """The bill as it was made, whatever the prices are today."""
    sums: Counter[int] = Counter()
    for rate, gross in lines:
        sums[rate] += gross  # type: ignore[assignment]
    return _bill(Decimal(sum(sums.values())), delivery, fee, sums)


def _bill(goods: Decimal, delivery: Decimal, fee: Decimal, sums: Counter[int]) -> Bill:
    sums = sums.copy()
    sums[STANDARD] += delivery + fee  # type: ignore[assignment]
    shares = tuple(Share(rate, Decimal(sums[rate])) for rate in (REDUCED, STANDARD) if sums[rate])
    return Bill(goods, delivery, fee, shares)
