"""The shop as it was in 2017, for comparison: the address is mandatory, no mailbox is asked, mail goes straight out.

All that differs from today stands here; it is reached only with REFERENCE_ERA=2017.
"""

from __future__ import annotations

import logging
from typing import Any

from django import forms
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from . import contacts, mails
from .models import Member

log = logging.getLogger("reference.shop.era2017")


def on() -> bool:
    return bool(settings.ERA == "2017")


def joined(member: Member, email: str) -> bool:
    """A member's first visit with the ID service's address: registered, and welcomed at once. False: there is none."""
    if not email:
        return False
    contacts.set_address(member.ref, email)
    _send(
        EmailMessage(
            "【あおぞらマルシェ】会員登録ありがとうございます",
            render_to_string("mail/2017-welcome.txt", {"member": member, "url": settings.SHOP_URL}),
            settings.DEFAULT_FROM_EMAIL,
            [email],
        )
    )
    return True


def order_confirmation(order: Any, email: str) -> None:
    """Full name, postal address, phone, every item: to whatever was typed."""
    _send(mails.order_placed(order, email))


def register(request: HttpRequest) -> HttpResponse:
    """/member/register: a member without an address must give one."""
    member = contacts.member_of(request)
    if not on() or not member:
        return redirect("/")
    typed, error = request.POST.get("email", ""), ""
    if request.method == "POST":
        try:
            email = contacts.read(typed)
            error = "" if email else "メールアドレスを入力してください。"
        except ValueError as wrong:
            email, error = "", str(wrong)
        if email:
            joined(member, email)
            return redirect("/member/")
    return render(request, "2017-register.html", {"typed": typed, "error": error}, status=422 if error else 200)


class ContactForm(forms.Form):
    """The form of 2017: no subject for mail that one does not recognise, name and furigana mandatory."""

    subject = forms.ChoiceField(
        label="お問い合わせの種類",
        choices=[
            (each, each) for each in ("ご注文について", "お届けについて", "商品について", "会員登録について", "その他")
        ],
    )
    name = forms.CharField(label="お名前", max_length=60)
    kana = forms.CharField(label="フリガナ", max_length=60)
    email = forms.EmailField(label="メールアドレス")
    text = forms.CharField(label="お問い合わせの内容", max_length=2000, widget=forms.Textarea(attrs={"rows": 6}))


def contact(request: HttpRequest) -> HttpResponse:
    """Input, confirm, sent."""
    form = ContactForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "2017-contact.html", {"form": form, "step": "input"}, status=422 if form.errors else 200)
    if "send" not in request.POST:
        return render(request, "2017-contact.html", {"form": form, "step": "confirm"})
    said = form.cleaned_data
    text = "\n".join(f"{form.fields[name].label}: {said[name]}" for name in form.fields)
    _send(EmailMessage(f"お問い合わせ: {said['subject']}", text, settings.DEFAULT_FROM_EMAIL, [_support()]))
    return render(request, "2017-contact.html", {"form": form, "step": "sent"})


def _support() -> str:
    return "support@market.aozora.example"


def _send(message: EmailMessage) -> None:
    """An order is no mail: a server that is away spoils nothing."""
    try:
        message.send()
    except OSError as error:
        log.error("a mail was not sent: %s", type(error).__name__)
