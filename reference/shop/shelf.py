"""The shelves: what is sold, as the pages show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Q

from .models import Article

CATEGORIES = {
    "produce": ("野菜・くだもの", "Vegetables & fruit"),
    "meat-fish": ("肉・魚", "Meat & fish"),
    "eggs-dairy": ("卵・乳製品", "Eggs & dairy"),
    "bread-rice": ("パン・米", "Bread & rice"),
    "drinks": ("飲みもの", "Drinks"),
    "household": ("日用品", "Household"),
}


@dataclass(frozen=True)
class Good:
    """One article on a page."""

    id: int
    slug: str
    name: str
    text: str
    category: str
    unit: str
    origin: str
    rate: int
    price: Decimal  # yen, tax included
    stock: int
    in_season: bool

    @property
    def picture(self) -> str:
        return f"goods/{self.slug}.svg"

    @property
    def net(self) -> Decimal:
        from .bill import tax_in

        return self.price - tax_in(self.price, self.rate)


def goods(**where: Any) -> list[Good]:
    """The articles in their order; two queries however many they are."""
    return _made(Article.objects.filter(**where))


def search(words: str) -> list[Good]:
    """The articles that have all words in their name, text, unit or origin."""
    found = Article.objects.all()
    for word in words.split()[:5]:
        found = found.filter(
            Q(product__title__icontains=word)
            | Q(product__description__icontains=word)
            | Q(origin__icontains=word)
            | Q(category__in=[slug for slug, names in CATEGORIES.items() if word.lower() in " ".join(names).lower()])
        )
    return _made(found)


def good(slug: str) -> Good | None:
    found = goods(slug=slug)
    return found[0] if found else None


def of_products(ids: Iterable[int]) -> dict[int, Good]:
    """The articles of these products, by the product's id."""
    return {each.id: each for each in goods(product__in=list(ids))}


def rate_of(product: int) -> int:
    """Per cent of tax. Kept for a minute: Oscar asks for it once a line."""
    rates = cache.get("rates")
    if rates is None or product not in rates:
        rates = dict(Article.objects.values_list("product", "rate"))
        cache.set("rates", rates, 60)
    return int(rates[product])


def _made(articles: Any) -> list[Good]:
    made = []
    for each in articles.select_related("product").prefetch_related("product__stockrecords"):
        (stock,) = each.product.stockrecords.all()
        made.append(
            Good(
                id=each.product_id,
                slug=each.slug,
                name=each.product.title,
                text=each.product.description,
                category=each.category,
                unit=each.unit,
                origin=each.origin,
                rate=each.rate,
                price=stock.price.quantize(Decimal(1)),
                stock=stock.net_stock_level or 0,
                in_season=each.in_season,
            )
        )
    return made
