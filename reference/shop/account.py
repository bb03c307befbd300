"""Orders looked up, the member's page, the address and its proof, corrections, leaving; coming in by Aozora ID."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import unicodedata
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST
from oscar.core.loading import get_model

from . import contacts, era2017, identity, mailroom, placing, shelf, withdrawal
from .checkout import remember
from .models import Contact, Member, Miss
from .tags import say

Order = get_model("order", "Order")
log = logging.getLogger("reference.shop.account")
_TRIES, _TRIES_FROM, _WHILE = 5, 20, timedelta(minutes=15)


def _plain(text: str) -> str:
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text), flags=re.ASCII)


# --- an order, found by its number and a second fact ---


def orders(request: Any) -> HttpResponse:
    """A member's orders; everybody's form to find one."""
    member = contacts.member_of(request)
    mine = _orders().filter(delivery__ref=member.ref)[:50] if member else []
    known = [] if member else _orders().filter(number__in=request.session.get("orders", []))
    context = {"mine": [_row(each) for each in [*mine, *known]], "typed": {}, "error": ""}
    if request.method == "POST":
        typed = {"number": request.POST.get("number", "")[:40], "fact": request.POST.get("fact", "")[:20]}
        found, error = _look_up(request, _plain(typed["number"]), _plain(typed["fact"]))
        if found:
            remember(request.session, found)
            return redirect(f"/orders/{found.number}/")
        return render(request, "orders.html", {**context, "typed": typed, "error": error}, status=422)
    return render(request, "orders.html", context)


def _look_up(request: Any, number: str, fact: str) -> tuple[Any, str]:
    """The order, or a sentence that does not say which of the two is wrong."""
    keys = [_key("order", number), _key("from", request.META.get("REMOTE_ADDR", ""))]
    # Counted before it is compared: many at once would otherwise all be compared before the first is counted.
    Miss.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
    counted = Miss.objects.filter(pk__in=[Miss.objects.create(key=key).pk for key in keys])
    if _spent(keys):
        counted.delete()  # it was not compared, and the wait is not to grow
        return None, say(
            "何度か合わなかったため、15分ほどお待ちいただいています。お急ぎの場合はお電話ください(0120-000-831)。",
            "There were several misses: please wait 15 minutes, or phone us (0120-000-831).",
        )
    order = _orders().filter(number=number).first()
    facts = [order.delivery.postal_code, order.delivery.phone_last4] if order else []
    if any(each and hmac.compare_digest(each, fact) for each in facts):
        counted.delete()
        return order, ""
    return None, say(
        "ご注文番号と、郵便番号(7桁)または電話番号の下4桁の組が見つかりません。両方をもう一度お確かめください。",
        "There is no order with that number and that postal code or last four digits. Please check both.",
    )


def _key(kind: str, what: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{kind}:{what}".encode(), hashlib.sha256).hexdigest()


def _spent(keys: list[str]) -> bool:
    """Whether the try that has just been counted is one too many."""
    recent = Miss.objects.filter(at__gt=timezone.now() - _WHILE)
    return any(recent.filter(key=key).count() > most for key, most in zip(keys, (_TRIES, _TRIES_FROM), strict=True))


def _orders() -> Any:
    return Order.objects.select_related("delivery__slot", "shipping_address").order_by("-date_placed")


def _row(order: Any) -> dict[str, Any]:
    return {"order": order, "state": say(*placing.WORDS[order.status])}


def _mine(request: Any, number: str) -> Any:
    """The order, if this browser may see it. Raises Http404, whether it is there or not."""
    order = _orders().filter(number=number).first()
    member = contacts.member_of(request)
    if not order or not ((member and order.delivery.ref == member.ref) or number in request.session.get("orders", [])):
        raise Http404
    return order


@require_GET
def order(request: Any, number: str) -> HttpResponse:
    found = _mine(request, number)
    lines = list(found.lines.all())
    goods = shelf.of_products(line.product_id for line in lines)
    at = placing.STEPS.index(found.status) if found.status in placing.STEPS else -1
    steps = [(say(*placing.WORDS[each]), place < at, place == at) for place, each in enumerate(placing.STEPS)]
    return render(
        request,
        "order.html",
        {
            "order": found,
            "to": found.shipping_address,
            "rows": [(line, goods.get(line.product_id)) for line in lines],
            "bill": placing.bill_of_order(found),
            "steps": steps,
            "state": say(*placing.WORDS[found.status]),
            "may_cancel": placing.may_cancel(found),
            "placed": "placed" in request.GET,
            # Number and second fact stand on a parcel: they show an order, and no member's address or match number.
            **(_address(request, found.delivery.ref) if found.delivery.ref in contacts.visitor_refs(request) else {}),
        },
    )


def cancel(request: Any, number: str) -> HttpResponse:
    found = _mine(request, number)
    if request.method != "POST":
        return render(request, "cancel.html", {"order": found, "may_cancel": placing.may_cancel(found)})
    if placing.cancel(found):
        messages.success(request, say("ご注文を取り消しました。", "The order is cancelled."))
    else:
        messages.error(
            request,
            say(
                "準備が始まったため、取り消せませんでした。お電話でご相談ください。",
                "It is being packed already and could not be cancelled. Please phone us.",
            ),
        )
    return redirect(f"/orders/{number}/")


# --- the address of a customer, and its proof ---


def _address(request: Any, ref: str) -> dict[str, Any]:
    """What the part `_address.html` shows."""
    contact = Contact.objects.filter(ref=ref).first() or Contact(ref=ref)
    return {"contact": contact, "suggestion": contacts.suggestion(contact.address), "here": request.path}


def _spoken_for(request: Any, ref: str) -> Contact:
    """The customer's contact, if this browser speaks for the customer. Raises Http404."""
    if ref not in contacts.visitor_refs(request):
        raise Http404
    return contacts.of(ref)


@require_POST
def code(request: Any, ref: str) -> HttpResponse:
    contact = _spoken_for(request, ref)
    typed = _plain(request.POST.get("code", ""))
    came, _, left = (mailroom.type_code(contact, typed) if typed and contact.claim else "empty").partition(" ")
    said = {
        "proved": (
            "メールアドレスを確かめました。お控えをお送りします。",
            "Your address is proved. Your copy will be sent.",
        ),
        "empty": ("メールに書かれた数字を入力してください。", "Type the digits that are in the mail."),
        "wrong": (
            f"数字が合いません。あと{left}回お試しいただけます。",
            f"That is not the code. {left} tries are left.",
        ),
        "closed": (
            "何度か合わなかったため、この番号は使えなくなりました。「確認メールをもう一度送る」を押してください。",
            "There were too many misses. Press “Send the mail again” for a new code.",
        ),
        "gone": (
            "この番号の期限が過ぎました。「確認メールをもう一度送る」を押してください。",
            "This code is over. Press “Send the mail again” for a new one.",
        ),
        "later": (
            "ただいま確認できません。少し待ってもう一度お試しください。ご注文には影響ありません。",
            "It cannot be checked just now. Please try again later. Your order is not affected.",
        ),
    }[came]
    (messages.success if came == "proved" else messages.error)(request, say(*said))
    return redirect(_then(request))


@require_POST
def again(request: Any, ref: str) -> HttpResponse:
    contact = _spoken_for(request, ref)
    came = mailroom.send_again(contact) if contact.claim else "later"
    said = {
        "sent": ("確認メールをもう一度お送りしました。", "The mail was sent once more."),
        "enough": (
            "確認メールはすでにお送りしています。届かないときは迷惑メールの中か、アドレスの誤りをお確かめください。",
            "The mail was sent already. Look among junk mail, or check the address.",
        ),
        "later": (
            "ただいま送れません。少し待ってもう一度お試しください。",
            "It cannot be sent just now. Please try later.",
        ),
    }[came]
    (messages.success if came == "sent" else messages.info)(request, say(*said))
    return redirect(_then(request))


def change(request: Any, ref: str) -> HttpResponse:
    """訂正する: another address, or none."""
    contact = _spoken_for(request, ref)
    typed, error = request.POST.get("email", contact.address)[:300], ""
    if request.method == "POST":
        wish = request.POST.get("wish", "")
        if wish == "suggestion":
            typed = contacts.suggestion(contact.address) or contact.address
        email, error = _wished(wish, typed)
        if not error:
            _give(request, ref, email)
            return redirect(_then(request))
    context = {"contact": contact, "typed": typed, "error": error, "here": _then(request), "suggestion": ""}
    return render(request, "change.html", context, status=422 if error else 200)


def _wished(wish: str, typed: str) -> tuple[str, str]:
    """The address that was wished ("" for none), or what is wrong."""
    if wish == "none" and not era2017.on():
        return "", ""
    try:
        email = contacts.read(typed)
    except ValueError as wrong:
        return "", str(wrong)
    if email:
        return email, ""
    return "", say(
        "新しいメールアドレスを入力するか、「メールは受け取らない」を押してください。",
        "Type the new address, or press “No e-mail”.",
    )


def _give(request: Any, ref: str, email: str) -> None:
    proved = contacts.is_proved_elsewhere(request, ref, email)
    contact = mailroom.give(ref, email, proved=proved) if mailroom.active() else contacts.set_address(ref, email)[0]
    if contact.state == Contact.State.DISOWNED:
        messages.error(
            request,
            say(
                "このメールアドレスは持ち主の申し出により使えません。別のアドレスを入力するか、メールなしでお使いください。",
                "This address cannot be used: its owner asked us not to. Use another one, or none.",
            ),
        )
    elif email:
        messages.success(request, say("メールアドレスを承りました。", "Your new address was taken."))
    else:
        messages.success(request, say("メールはお送りしません。", "We will send no e-mail."))


def _then(request: Any) -> str:
    then = request.POST.get("then") or request.GET.get("then") or ""
    ours = url_has_allowed_host_and_scheme(then, allowed_hosts=None) and then.startswith("/")
    return then if ours else ("/member/" if contacts.member_of(request) else "/orders/")


def correct(request: Any) -> HttpResponse:
    """The page that a letter or the notice leads to: number and code of the letter, then another address or none."""
    refs = contacts.visitor_refs(request)
    needed = [ref for ref in refs if mailroom.standing(ref) != "ok"]
    granted = request.session.get("correcting", "")
    typed = {name: request.POST.get(name, "")[:300] for name in ("number", "code", "email")}
    context = {"typed": typed, "error": "", "ref": granted or (needed[0] if needed else ""), "letter": not needed}
    if request.method != "POST":
        return render(request, "correct.html", context)
    if request.POST.get("step") == "letter":
        ref, error = _by_letter(refs, typed["number"], typed["code"])
        if ref:
            request.session["correcting"] = ref
            return redirect("/correct/")
        return render(request, "correct.html", {**context, "error": error, "letter": True}, status=422)
    if not context["ref"]:
        return redirect("/correct/")
    email, error = _wished(request.POST.get("wish", ""), typed["email"])
    if error:
        return render(request, "correct.html", {**context, "error": error}, status=422)
    request.session.pop("correcting", None)
    _give(request, str(context["ref"]), email)
    return redirect("/member/" if contacts.member_of(request) else "/correct/done/")


def _by_letter(refs: list[str], number: str, code: str) -> tuple[str, str]:
    """The customer whose letter this is, or a sentence. A guest is known by the case's number."""
    number, code = (unicodedata.normalize("NFKC", each).strip() for each in (number, code))
    case = Contact.objects.filter(case_number=number).first() if number else None
    ref = case.ref if case and (not refs or case.ref in refs or case.ref.startswith("G-")) else (refs or [""])[0]
    came = mailroom.correct(number, code, ref) if number and code and ref else "wrong"
    if came == "corrected":
        return ref, ""
    if came == "later":
        return "", say(
            "ただいま確認できません。少し待ってもう一度お試しください。",
            "It cannot be checked just now. Please try later.",
        )
    return "", say(
        "受付番号とコードの組が確認できません。お手紙の数字をもう一度お確かめください。",
        "The number and the code do not belong together. Please look at the letter again.",
    )


# --- members ---


def login(request: Any) -> HttpResponse:
    then = request.GET.get("then", "")
    ours = url_has_allowed_host_and_scheme(then, allowed_hosts=None) and then.startswith("/")
    try:
        return redirect(identity.begin(request.session, then if ours else "/member/"))
    except identity.Refused as refused:
        return _refused(request, refused)


@require_GET
def callback(request: Any) -> HttpResponse:
    try:
        person, then = identity.finish(request.session, request.GET)
    except identity.Refused as refused:
        return _refused(request, refused)
    member, new = _member(person)
    auth.login(request, member.user, "django.contrib.auth.backends.ModelBackend")
    contacts.note_proved(request, member.ref, person.email)
    for ref in ("guest_refs", "orders"):
        request.session.pop(ref, None)
    if era2017.on() and not contacts.of(member.ref).address and not era2017.joined(member, person.email):
        return redirect("/member/register/")
    if new:
        messages.success(request, say("会員登録ができました。", "You are a member now."))
    return redirect(then)


def _refused(request: Any, refused: identity.Refused) -> HttpResponse:
    log.warning("nobody came in through the ID service: %s", refused)
    messages.error(
        request,
        say(
            "あおぞらIDでログインできませんでした。もう一度お試しいただくか、会員登録なしでご注文ください。",
            "You could not be logged in with Aozora ID. Please try again, or order as a guest.",
        ),
    )
    return redirect("/checkout/" if request.basket.pk and request.basket.num_lines else "/")


@transaction.atomic
def _member(person: identity.Person) -> tuple[Member, bool]:
    """The member of this subject, made at the first visit. The name is for the greeting."""
    member = Member.objects.select_for_update().filter(sub=person.sub).first()
    if member:
        if member.name != person.name:
            Member.objects.filter(pk=member.pk).update(name=person.name)
        return member, False
    ref = contacts.new_ref("M")
    user = User(username=ref)
    user.set_unusable_password()
    user.save()
    return Member.objects.create(ref=ref, user=user, sub=person.sub, name=person.name), True


@require_POST
def logout(request: Any) -> HttpResponse:
    auth.logout(request)
    return redirect("/")


def _members_only(request: Any) -> HttpResponse | None:
    return None if contacts.member_of(request) else redirect("/netid/login?then=/member/")


@require_GET
def member(request: Any) -> HttpResponse:
    if out := _members_only(request):
        return out
    ref = contacts.member_of(request).ref  # type: ignore[union-attr]
    mine = [_row(each) for each in _orders().filter(delivery__ref=ref)[:5]]
    return render(request, "member.html", {"mine": mine, **_address(request, ref)})


def leave(request: Any) -> HttpResponse:
    """退会: this page and its button are the two clicks."""
    if out := _members_only(request):
        return out
    ref = contacts.member_of(request).ref  # type: ignore[union-attr]
    flying = _orders().filter(delivery__ref=ref, status__in=withdrawal.IN_FLIGHT)
    if request.method != "POST":
        return render(request, "leave.html", {"flying": flying})
    numbers = [each.number for each in flying]
    withdrawal.end(ref)
    auth.logout(request)
    return render(request, "left.html", {"numbers": numbers, "member": None})


def done(request: HttpRequest) -> HttpResponse:
    return render(request, "corrected.html")


urls = [
    path("orders/", orders, name="orders"),
    path("orders/<str:number>/", order, name="order"),
    path("orders/<str:number>/cancel/", cancel, name="cancel"),
    path("mail/<str:ref>/code/", code, name="mail-code"),
    path("mail/<str:ref>/again/", again, name="mail-again"),
    path("mail/<str:ref>/change/", change, name="mail-change"),
    path("correct/", correct, name="correct"),
    path("correct/done/", done),
    path("member/", member, name="member"),
    path("member/leave/", leave, name="leave"),
    path("member/register/", era2017.register),
    path("netid/login", login, name="login"),
    path("netid/callback", callback),
    path("logout/", logout, name="logout"),
    path("atesaki/webhook", mailroom.webhook),
]
