"""The shop window and the basket; and what stands around every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST
from oscar.core.loading import get_model

from . import assets, contacts, era2017, mailroom, placing, shelf, slots
from .tags import say

Product = get_model("catalogue", "Product")
MOST = 30  # of one article
FIRST = 4  # of a department, on the front

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


class Guard:
    """No script, no style and no picture from anywhere else; pages of a customer are kept by no cache."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.answer(request)
        answer["Content-Security-Policy"] = _POLICY
        answer.setdefault("Cache-Control", "no-store, private")
        return answer


def around(request: Any) -> dict[str, Any]:
    """What the frame of every page needs. Asks atesaki only for a customer who has given an address."""
    if request.path.startswith(("/static/", "/health")):
        return {}
    basket, member = request.basket, contacts.member_of(request)
    lines = list(basket.all_lines())
    refs = contacts.visitor_refs(request)
    return {
        "en": (get_language() or "ja").startswith("en"),
        "member": member,
        "categories": [(slug, *names) for slug, names in shelf.CATEGORIES.items()],
        "basket_count": sum(line.quantity for line in lines),
        "basket_sum": placing.bill_of(basket).goods if lines else 0,
        "in_basket": {line.product_id: line.quantity for line in lines},
        "era": settings.ERA,
        "atesaki": settings.ATESAKI_URL,
        "notice": _notice(refs),
    }


def _notice(refs: list[str]) -> str:
    """What is to be put right about this customer's address, if anything."""
    states = {mailroom.standing(ref) for ref in refs}
    return next((state for state in ("contact_support", "address_needed") if state in states), "")


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    goods = shelf.goods()
    shelves = [
        (slug, *names, [each for each in goods if each.category == slug][:FIRST])
        for slug, names in shelf.CATEGORIES.items()
    ]
    return render(
        request,
        "front.html",
        {"season": [each for each in goods if each.in_season], "shelves": shelves, "soonest": slots.soonest()},
    )


@require_GET
def category(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in shelf.CATEGORIES:
        raise Http404
    names = shelf.CATEGORIES[slug]
    return render(request, "category.html", {"slug": slug, "title": say(*names), "goods": shelf.goods(category=slug)})


@require_GET
def article(request: HttpRequest, slug: str) -> HttpResponse:
    good = shelf.good(slug)
    if not good:
        raise Http404
    others = [each for each in shelf.goods(category=good.category) if each.slug != slug][:4]
    return render(
        request,
        "article.html",
        {"good": good, "others": others, "category": shelf.CATEGORIES[good.category], "numbers": range(1, 11)},
    )


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:60]
    return render(request, "search.html", {"words": words, "goods": shelf.search(words) if words else []})


# --- basket ---


@require_GET
def basket(request: Any) -> HttpResponse:
    lines = list(request.basket.all_lines())
    goods = shelf.of_products(line.product_id for line in lines)
    rows = [
        (goods[line.product_id], line.quantity, line.line_price_incl_tax) for line in lines if line.product_id in goods
    ]
    short = [good for good, quantity, _ in rows if quantity > good.stock]
    return render(request, "basket.html", {"rows": rows, "bill": placing.bill_of(request.basket), "short": short})


@require_POST
def add(request: Any, product: int) -> HttpResponse:
    """One more, or as many as asked, into the basket."""
    good = shelf.of_products([product]).get(product)
    if not good:
        raise Http404
    many = _number(request.POST.get("quantity", "1"))
    have = _quantity(request.basket, product)
    if not many:
        messages.error(request, say("個数は1から30までの数で入力してください。", "Enter a quantity from 1 to 30."))
    elif have + many > min(MOST, good.stock):
        messages.error(request, _too_many(good))
    else:
        request.basket.add_product(Product.objects.get(pk=product), many)
        messages.success(request, say(f"「{good.name}」をかごに入れました。", f"{good.name} is in your basket."))
    return redirect(_back(request))


@require_POST
def change(request: Any, product: int) -> HttpResponse:
    """The quantity of a line; 0 takes it out."""
    line = request.basket.lines.filter(product=product).first() if request.basket.pk else None
    if not line:
        return redirect("/basket/")
    text = request.POST.get("quantity", "")
    many = 0 if text == "0" else _number(text)
    good = shelf.of_products([product])[product]
    if text != "0" and not many:
        messages.error(request, say("個数は0から30までの数で入力してください。", "Enter a quantity from 0 to 30."))
    elif many > min(MOST, good.stock):
        messages.error(request, _too_many(good))
    elif many == 0:
        line.delete()
        messages.success(request, say(f"「{good.name}」をかごから出しました。", f"{good.name} was taken out."))
    else:
        line.quantity = many
        line.save()
    return redirect("/basket/")


def _quantity(basket: Any, product: int) -> int:
    return sum(line.quantity for line in basket.all_lines() if line.product_id == product)


def _number(text: str) -> int:
    """1 to MOST; 0 for anything else."""
    return int(text) if text.isdecimal() and len(text) < 4 and 0 < int(text) <= MOST else 0


def _too_many(good: shelf.Good) -> str:
    most = min(MOST, good.stock)
    if most <= 0:
        return say(f"「{good.name}」は売り切れました。", f"{good.name} is sold out.")
    return say(
        f"「{good.name}」は一度に{most}点までご注文いただけます。",
        f"You can order up to {most} of {good.name} at once.",
    )


def _back(request: HttpRequest) -> str:
    """The page that the button stood on, if it is one of ours."""
    then = request.POST.get("then", "")
    ours = url_has_allowed_host_and_scheme(then, allowed_hosts=None) and then.startswith("/")
    return then if ours else "/basket/"


# --- what the law and good manners ask for ---


def text(name: str) -> Callable[[HttpRequest], HttpResponse]:
    @require_GET
    def page(request: HttpRequest) -> HttpResponse:
        return render(request, f"{name}.html")

    return page


def contact(request: HttpRequest) -> HttpResponse:
    return era2017.contact(request) if era2017.on() else render(request, "contact.html")


def health(request: HttpRequest) -> HttpResponse:
    """Up: pages can be made and the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Needs nothing that may be what broke."""
    page = (
        "<!doctype html><html lang=ja><meta charset=utf-8><title>あおぞらマルシェ</title>"
        "<h1>ただいまページを表示できません</h1><p>少し待って、もう一度お試しください。"
        "ご注文の途中だった場合、「ご注文の確認」に表示されなければ注文は成立していません。</p>"
    )
    return HttpResponse(page, status=500)


urls = [
    path("", front, name="front"),
    path("shelf/<slug:slug>/", category, name="category"),
    path("goods/<slug:slug>/", article, name="article"),
    path("search/", search, name="search"),
    path("basket/", basket, name="basket"),
    path("basket/add/<int:product>/", add, name="add"),
    path("basket/change/<int:product>/", change, name="change"),
    path("contact/", contact, name="contact"),
    *(path(f"{name}/", text(name), name=name) for name in ("legal", "terms", "privacy", "guide")),
    path("health", health),
    path("static/<path:name>", assets.serve),
]
