"""The checkout: where to, when, how it is paid, the last look, and the order."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from . import acquirer, contacts, era2017, placing, shelf, slots
from .placing import PREFECTURES, Checkout
from .tags import phone, say


def _digits(text: str) -> str:
    return re.sub(r"[\s\-‐‑–—―−ー()]", "", unicodedata.normalize("NFKC", text))


class AddressForm(forms.Form):
    """お届け先. The e-mail address is optional: what is ordered arrives without one."""

    family = forms.CharField(max_length=30)
    given = forms.CharField(max_length=30)
    phone = forms.CharField(max_length=20)
    postal_code = forms.CharField(max_length=12)
    prefecture = forms.ChoiceField(choices=[(each, each) for each in PREFECTURES])
    city = forms.CharField(max_length=60)
    street = forms.CharField(max_length=100)
    building = forms.CharField(max_length=100, required=False)
    email = forms.CharField(max_length=300, required=False)

    _MISSING: ClassVar = {
        "family": ("姓を入力してください。", "Enter your family name."),
        "given": ("名を入力してください。", "Enter your given name."),
        "phone": ("電話番号を入力してください。", "Enter your phone number."),
        "postal_code": ("郵便番号を入力してください。", "Enter your postal code."),
        "prefecture": ("お届けできる都県から選んでください。", "Choose the prefecture."),
        "city": ("市区町村を入力してください。", "Enter the city."),
        "street": ("番地を入力してください。", "Enter the street and number."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in self._MISSING.items():
            said = say(*words)
            self.fields[name].error_messages |= {"required": said, "invalid_choice": said}

    def clean_phone(self) -> str:
        digits = _digits(self.cleaned_data["phone"])
        digits = re.sub(r"^\+?81", "0", digits)
        if not re.fullmatch(r"0\d{9,10}", digits, re.ASCII):
            raise forms.ValidationError(
                say(
                    "電話番号は0から始まる10桁か11桁の数字で入力してください。",
                    "A phone number has 10 or 11 digits and begins with 0.",
                )
            )
        return digits

    def clean_postal_code(self) -> str:
        digits = _digits(self.cleaned_data["postal_code"])
        if not re.fullmatch(r"\d{7}", digits, re.ASCII):
            raise forms.ValidationError(
                say("郵便番号は7桁の数字で入力してください。", "A postal code has seven digits.")
            )
        return digits

    def clean_email(self) -> str:
        try:
            email = contacts.read(self.cleaned_data["email"])
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None
        if not email and era2017.on():
            raise forms.ValidationError("メールアドレスを入力してください。")
        return email


def _empty(request: Any) -> HttpResponse | None:
    if request.basket.pk and request.basket.num_lines:
        return None
    messages.info(
        request,
        say("かごが空です。お買いものを続けてください。", "Your basket is empty. Please choose something first."),
    )
    return redirect("/basket/")


def begin(request: Any) -> HttpResponse:
    """Guest or member; who is logged in goes on at once."""
    if empty := _empty(request):
        return empty
    if contacts.member_of(request):
        return redirect("/checkout/address/")
    return render(request, "checkout/begin.html", {"step": 0})


def address(request: Any) -> HttpResponse:
    if empty := _empty(request):
        return empty
    checkout = placing.load(request.session)
    if request.method == "POST":
        form = AddressForm(request.POST)
        if form.is_valid():
            for name, value in form.cleaned_data.items():
                setattr(checkout, name, value)
            checkout.lost = False
            placing.save(request.session, checkout)
            return redirect(_next(request, checkout))
        return render(request, "checkout/address.html", {"form": form, "step": 1}, status=422)
    if checkout.lost:
        messages.info(
            request,
            say(
                "メールアドレスは長くは控えておかないため、もう残っていません。"
                "控えをメールで受け取る場合は、もう一度入力してください。",
                "We do not keep your e-mail address for long, and it is gone. Type it again if you wish for a copy.",
            ),
        )
    return render(request, "checkout/address.html", {"form": AddressForm(initial=_known(request, checkout)), "step": 1})


def _known(request: Any, checkout: Checkout) -> dict[str, Any]:
    """What was typed before, at this checkout or at the member's last order."""
    typed = {name: getattr(checkout, name) for name in AddressForm.base_fields}
    member = contacts.member_of(request)
    if checkout.street or not member:
        return typed
    typed["email"] = contacts.to_suggest(request, member.ref)
    last = request.user.addresses.order_by("-id").first()
    if not last:
        return typed
    return typed | {
        "family": last.last_name,
        "given": last.first_name,
        "phone": phone(last.phone_number),
        "postal_code": last.postcode,
        "prefecture": last.state,
        "city": last.line4,
        "street": last.line1,
        "building": last.line2,
    }


def slot(request: Any) -> HttpResponse:
    if empty := _empty(request):
        return empty
    checkout = placing.load(request.session)
    if not checkout.has_address:
        return redirect("/checkout/address/")
    error = ""
    if request.method == "POST":
        chosen = request.POST.get("slot", "")
        found = slots.bookable(int(chosen)) if chosen.isdecimal() and len(chosen) < 10 else None
        if found:
            checkout.slot = found.pk
            placing.save(request.session, checkout)
            return redirect(_next(request, checkout))
        error = say(
            "お届けの時間帯を選んでください。満員の便と受付を終えた便は選べません。",
            "Choose a time. Those that are full or closed cannot be chosen.",
        )
    return render(
        request,
        "checkout/slot.html",
        {"days": slots.days(), "chosen": checkout.slot, "error": error, "step": 2},
        status=422 if error else 200,
    )


@sensitive_post_parameters("number", "cvc", "expiry")
def payment(request: Any) -> HttpResponse:
    if empty := _empty(request):
        return empty
    checkout = placing.load(request.session)
    if not checkout.has_address:
        return redirect("/checkout/address/")
    if not slots.bookable(checkout.slot):
        return redirect("/checkout/slot/")
    errors: dict[str, str] = {}
    if request.method == "POST":
        errors = _pay_by(checkout, request.POST)
        if not errors:
            placing.save(request.session, checkout)
            return redirect("/checkout/confirm/")
    pay = request.POST.get("pay") or checkout.pay or "cash"
    return render(
        request,
        "checkout/payment.html",
        {
            "errors": errors,
            "pay": pay,
            "checkout": checkout,
            "step": 3,
            "cash": placing.bill_of(request.basket, "cash"),
        },
        status=422 if errors else 200,
    )


@sensitive_variables("typed", "number")
def _pay_by(checkout: Checkout, typed: Any) -> dict[str, str]:
    """Sets how it is paid; what is wrong, by field. The number goes to the acquirer and nowhere else."""
    if typed.get("pay") == "cash":
        checkout.pay, checkout.token, checkout.card_last4 = "cash", "", ""
        return {}
    if typed.get("pay") != "card":
        return {"pay": say("お支払い方法を選んでください。", "Choose how to pay.")}
    if checkout.token and not typed.get("number", "").strip():
        checkout.pay = "card"
        return {}
    try:
        token, last4 = acquirer.tokenise(typed.get("number", ""), typed.get("expiry", ""), typed.get("cvc", ""))
    except acquirer.BadCard as bad:
        return {bad.field: _BAD_CARD[bad.field]()}
    checkout.pay, checkout.token, checkout.card_last4 = "card", token, last4
    return {}


_BAD_CARD = {
    "number": lambda: say(
        "このカード番号は使えません。ここは練習用の決済です。下にあるテスト用の番号を入力してください。",
        "This number cannot be used. Payment here is a sandbox: use one of the test numbers below.",
    ),
    "expiry": lambda: say(
        "有効期限を「月/年」で、今月か先の月で入力してください(例:12/30)。カード番号ももう一度ご入力ください。",
        "Enter the expiry as month/year, this month or later (12/30), and the number once more.",
    ),
    "cvc": lambda: say(
        "セキュリティコードは3桁か4桁の数字です。カード番号ももう一度ご入力ください。",
        "The security code has three or four digits. Enter the number once more as well.",
    ),
}


def _next(request: HttpRequest, checkout: Checkout) -> str:
    """The first step that is still open; from the last look one goes back to the last look."""
    if not checkout.has_address:
        return "/checkout/address/"
    if not slots.bookable(checkout.slot):
        return "/checkout/slot/"
    return "/checkout/confirm/" if checkout.has_payment else "/checkout/payment/"


def confirm(request: Any) -> HttpResponse:
    """最終確認画面 (特定商取引法 12条の6): everything that is bought and agreed, each with a way to change it."""
    if empty := _empty(request):
        return empty
    checkout = placing.load(request.session)
    ahead = _next(request, checkout)
    if ahead != "/checkout/confirm/":
        return redirect(ahead)
    if request.method == "POST":
        return _order(request, checkout)
    return _last_look(request, checkout)


def _last_look(request: Any, checkout: Checkout, status: int = 200) -> HttpResponse:
    lines = list(request.basket.all_lines())
    goods = shelf.of_products(line.product_id for line in lines)
    sums = placing.bill_of(request.basket, checkout.pay)
    return render(
        request,
        "checkout/confirm.html",
        {
            "rows": [(goods[line.product_id], line.quantity, line.line_price_incl_tax) for line in lines],
            "bill": sums,
            "checkout": checkout,
            "slot": slots.bookable(checkout.slot),
            "suggestion": contacts.suggestion(checkout.email),
            "step": 4,
        },
        status=status,
    )


def _order(request: Any, checkout: Checkout) -> HttpResponse:
    """The button. What stops it is said on the page that mends it."""
    if str(placing.bill_of(request.basket, checkout.pay).total) != request.POST.get("total"):
        messages.error(
            request,
            say(
                "かごの中身か価格が、画面を開いたあとに変わりました。内容をもう一度お確かめください。ご注文はまだ成立していません。",
                "Your basket or a price has changed since. Please look again; nothing has been ordered yet.",
            ),
        )
        return redirect("/checkout/confirm/")
    try:
        order = placing.place(request, checkout)
    except placing.AlreadyPlaced:
        return redirect("/orders/")
    except slots.Full:
        checkout.slot, where = 0, "/checkout/slot/"
        said = say(
            "お選びの時間帯は、たったいま満員になりました。別の時間帯をお選びください。ご注文はまだ成立していません。",
            "That time has just become full. Please choose another; nothing has been ordered yet.",
        )
    except placing.SoldOut as sold:
        where, names = "/basket/", "」「".join(sold.names)
        said = say(f"「{names}」の在庫が足りません。個数を減らしてください。", f"There is not enough of {names}.")
    except (acquirer.Declined, acquirer.BadCard):
        checkout.pay = checkout.token = checkout.card_last4 = ""
        where = "/checkout/payment/"
        said = say(
            "カード会社の承認が得られませんでした。別のカードか、代金引換をお選びください。ご注文はまだ成立していません。",
            "The card was declined. Please use another card, or pay on delivery; nothing has been ordered yet.",
        )
    except acquirer.NoAnswer:
        checkout.pay = checkout.token = checkout.card_last4 = ""
        where = "/checkout/payment/"
        said = say(
            "カード会社からの応答がありませんでした。お支払いの予約は取り消しました。時間をおいてもう一度お試しいただくか、代金引換をお選びください。",
            "The card company did not answer. The reservation was undone; try again later or pay on delivery.",
        )
    else:
        return _placed(request, order)
    placing.save(request.session, checkout)
    messages.error(request, said)
    return redirect(where)


def _placed(request: Any, order: Any) -> HttpResponse:
    placing.drop(request.session)
    if not contacts.member_of(request):
        remember(request.session, order)
    return redirect(f"/orders/{order.number}/?placed=1")


def remember(session: Any, order: Any) -> None:
    """This browser has shown to know the order."""
    session["orders"] = [*dict.fromkeys([*session.get("orders", []), order.number])][-10:]
    ref = order.delivery.ref
    if ref.startswith("G-"):
        session["guest_refs"] = [*dict.fromkeys([*session.get("guest_refs", []), ref])][-10:]


@require_POST
def take_suggestion(request: Any) -> HttpResponse:
    """The customer says that the suggested address was meant."""
    checkout = placing.load(request.session)
    if meant := contacts.suggestion(checkout.email):
        checkout.email = meant
        placing.save(request.session, checkout)
    return redirect("/checkout/confirm/")


urls = [
    path("checkout/", begin, name="checkout"),
    path("checkout/address/", address, name="checkout-address"),
    path("checkout/slot/", slot, name="checkout-slot"),
    path("checkout/payment/", payment, name="checkout-payment"),
    path("checkout/confirm/", confirm, name="checkout-confirm"),
    path("checkout/suggestion/", take_suggestion, name="checkout-suggestion"),
]
