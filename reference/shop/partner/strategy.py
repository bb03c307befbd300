"""What an article costs and whether it is there.

A stock record's price has the tax in it: that is what the label says (総額表示). A line's share of tax is taken out of
it; the tax that is owed is taken out of the sum of each rate once (`reference.shop.bill`), as an invoice wants it.
"""

from __future__ import annotations

from typing import Any

from oscar.apps.partner.availability import StockRequired, Unavailable
from oscar.apps.partner.prices import TaxInclusiveFixedPrice
from oscar.apps.partner.prices import Unavailable as Unpriced
from oscar.apps.partner.strategy import Structured, UseFirstStockRecord

from reference.shop.bill import tax_in
from reference.shop.shelf import rate_of


class Selector:
    """Oscar's hook: one strategy for everybody."""

    def strategy(self, request: Any = None, user: Any = None, **_: Any) -> Shelf:
        return Shelf(request)


class Shelf(UseFirstStockRecord, Structured):
    """The first stock record; 8 % or 10 % by the article; no more than there is."""

    def fetch_for_line(self, line: Any, stockrecord: Any = None) -> Any:
        """By the stock record that the basket has read with its lines: no question more for each of them."""
        return self.fetch_for_product(line.product, stockrecord or line.stockrecord)

    def pricing_policy(self, product: Any, stockrecord: Any) -> Any:
        if not stockrecord or stockrecord.price is None:
            return Unpriced()
        rate = rate_of(product.pk)
        tax = tax_in(stockrecord.price, rate)
        return TaxInclusiveFixedPrice(
            stockrecord.price_currency, excl_tax=stockrecord.price - tax, tax=tax, tax_code=str(rate)
        )

    def availability_policy(self, product: Any, stockrecord: Any) -> Any:
        return StockRequired(stockrecord.net_stock_level) if stockrecord else Unavailable()

    def parent_pricing_policy(self, product: Any, children_stock: Any) -> Any:
        return Unpriced()

    def parent_availability_policy(self, product: Any, children_stock: Any) -> Any:
        return Unavailable()
