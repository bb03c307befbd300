"""The pages of our own; what allauth has (sign-in, passkeys, passwords) is in `urls.py` with our templates.

Promise: GET changes nothing; every form says what is wrong and keeps what was typed.
Never: shows one member anything of another's.
On failure: atesaki away is said in a sentence, and one goes on.
Read first: `addresses.py`.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import flows as recovery_flows
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from atesaki_client.django import webhook_view
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from reference.idp import addresses, ending, forms, hooks, recovery, sessions
from reference.idp.models import Address, Member
from reference.idp.templatetags.say import said

webhook = webhook_view(hooks.HANDLERS)


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 once the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Who somebody is here; for a stranger, what this is."""
    if not request.user.is_authenticated:
        return render(request, "welcome.html")
    member: Any = request.user
    codes = Authenticator.objects.filter(user=member, type=Authenticator.Type.RECOVERY_CODES).first()
    return render(
        request,
        "member.html",
        {
            "proved": member.addresses.filter(state=Address.State.PROVED).first(),
            "waiting": addresses.waiting(member),
            "last": _last_ended(member),
            "name_form": forms.NameForm(initial={"name": member.name}),
            "passkeys": [key.wrap() for key in Authenticator.objects.filter(user=member, type="webauthn")],
            "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
            "codes_seen": bool(codes and codes.wrap().did_view),
            "sessions": sessions.listed(member),
        },
    )


def _last_ended(member: Member) -> Address | None:
    """The newest address, if it is one that was taken away from the member."""
    row = member.addresses.order_by("-given", "-pk").first()
    return (
        row
        if row and row.state == Address.State.ENDED and row.reason in ("disowned", "elsewhere", "security")
        else None
    )


@require_POST
@login_required
def name(request: HttpRequest) -> HttpResponse:
    member: Any = request.user
    form = forms.NameForm(request.POST)
    if form.is_valid():
        Member.objects.filter(pk=member.pk).update(name=form.cleaned_data["name"].strip())
        messages.success(request, said("お名前を変更しました。", "Your name was changed."))
    return redirect("home")


def _onward(request: HttpRequest) -> str:
    """Where the member was going when asked for an address; only a place of ours."""
    to = request.POST.get("next") or request.GET.get("next") or ""
    return to if to and get_adapter().is_safe_url(to) else ""


def _address_page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    member: Any = request.user
    return render(
        request,
        "address.html",
        {
            "waiting": addresses.waiting(member),
            "proved": addresses.proved(member),
            "last": _last_ended(member),
            "form": forms.AddressForm(),
            "code_form": forms.CodeForm(),
            "onward": _onward(request),
            **more,
        },
        status=status,
    )


def _to_address(request: HttpRequest) -> HttpResponse:
    onward = _onward(request)
    return redirect(reverse("address") + (f"?{urlencode({'next': onward})}" if onward else ""))


def _not_in_2017(request: HttpRequest) -> None:
    if settings.ERA == "2017":
        raise Http404


@require_safe
@login_required
def address(request: HttpRequest) -> HttpResponse:
    """The address, large; its match number and the field for the code."""
    _not_in_2017(request)
    return _address_page(request)


_UNREACHABLE = (
    "ただいま確認のメールをお送りできません。自動でもう一度お送りしますので、このままお進みください。",
    "We cannot send the confirmation mail just now. It will be sent by itself; please go on.",
)
_DISOWNED = (
    "そのメールアドレスは、お使いの方から「自分ではない」と申し出があったため、登録できません。"
    "つづりをご確認のうえ、ご自分のアドレスを入力してください。アドレスなしでもご利用いただけます。",
    "The owner of this mailbox has told us that it is not yours, so it cannot be registered. "
    "Please look at the spelling and type your own. You can also go on without one.",
)
_REFUSED = (
    "そのメールアドレスにはお送りできません。別のアドレスを入力してください。",
    "Mail cannot be sent to this address. Please type another.",
)


@login_required
def change(request: HttpRequest) -> HttpResponse:
    """Another address; asked about at once. The member shows first that it is they, unless they have just entered:
    an address opens the account one day, so an open case or the want of a proved one excuses nobody."""
    _not_in_2017(request)
    if sessions.just_entered(request.session):
        return _change(request)
    if request.method != "POST":
        # allauth keeps a form until the password is given: not one that another left here before.
        request.session.pop(STATE_SESSION_KEY, None)
    return reauthentication_required(_change)(request)


def _change(request: HttpRequest) -> HttpResponse:
    member: Any = request.user
    row = addresses.waiting(member)
    if request.method != "POST":
        initial = {"address": row.text} if row else {}
        return render(
            request, "address_change.html", {"form": forms.AddressForm(initial=initial), "onward": _onward(request)}
        )
    form = forms.AddressForm(request.POST)
    if not form.is_valid():
        return render(request, "address_change.html", {"form": form, "onward": _onward(request)}, status=422)
    text = form.cleaned_data["address"]
    if row and row.text == text:
        return _to_address(request)
    row = addresses.give(member, text, request.session)
    answer = addresses.ask(row, request.session)
    if answer.what in ("disowned", "refused"):
        form.add_error("address", said(*(_DISOWNED if answer.what == "disowned" else _REFUSED)))
        return render(request, "address_change.html", {"form": form, "onward": _onward(request)}, status=422)
    return _to_address(request)


@require_POST
@login_required
def code(request: HttpRequest) -> HttpResponse:
    """The code from the mail. Whose code it is depends on whose page this is, not on what is typed."""
    row = addresses.waiting(request.user)  # type: ignore[arg-type]
    form = forms.CodeForm(request.POST)
    if not row or row.state != Address.State.ASKED:
        return _to_address(request)
    if not form.is_valid():
        return _address_page(request, 422, code_form=form)
    answer = addresses.prove_by_code(row, form.cleaned_data["code"].strip(), request.session)
    if answer is addresses.OK and (onward := _onward(request)):
        return redirect(onward)  # they were on their way: one press less
    if answer is addresses.OK:
        messages.success(request, said("メールアドレスを確認しました。", "Your e-mail address is confirmed."))
        return _to_address(request)
    form.add_error("code", _why_not(answer))
    return _address_page(request, 422, code_form=form)


def _why_not(answer: addresses.Answer) -> str:
    match answer.what:
        case "wrong" if answer.tries_left:
            return said(
                f"コードが違います。メールのコードをもう一度ご確認ください。あと{answer.tries_left}回入力できます。",
                f"This is not the code. Please look at the mail again; you have {answer.tries_left} more tries.",
            )
        case "wrong":
            return said(
                "コードが違います。メールのコードをもう一度ご確認ください。", "This is not the code. Please look again."
            )
        case "closed" | "gone":
            return said(
                "このコードはもう使えません。下の「もう一度送る」で、新しいコードをお送りします。",
                "This code can no longer be used. “Send again” below sends a new one.",
            )
    return said(
        "ただいま確認できません。しばらくしてから、もう一度お試しください。",
        "We cannot check it just now. Please try again in a while.",
    )


@require_POST
@login_required
def again(request: HttpRequest) -> HttpResponse:
    """The mail once more, or the first time if atesaki was away."""
    row = addresses.waiting(request.user)  # type: ignore[arg-type]
    if not row:
        return _to_address(request)
    if row.state == Address.State.WAITING:
        answer = addresses.ask(row, request.session)
    else:
        answer = addresses.ask_again(row)
    match answer.what:
        case "ok":
            messages.success(request, said("確認のメールをお送りしました。", "The confirmation mail was sent."))
        case "unreachable":
            messages.warning(request, said(*_UNREACHABLE))
        case "asked_enough":
            messages.warning(
                request,
                said(
                    "これ以上はお送りできません。迷惑メールの中もご確認ください。アドレスが違うときは訂正してください。",
                    "No more mails can be sent. Please look in the spam folder; if the address is wrong, correct it.",
                ),
            )
    return _to_address(request)


@require_POST
@login_required
def remove(request: HttpRequest) -> HttpResponse:
    """No address here."""
    addresses.remove(request.user, request.session)  # type: ignore[arg-type]
    messages.success(
        request, said("メールアドレスの登録をなくしました。", "There is no e-mail address in your account any more.")
    )
    return redirect(_onward(request) or "home")


@require_POST
@login_required
def end_sessions(request: HttpRequest) -> HttpResponse:
    """All other browsers are signed out."""
    sessions.end_others(request.user, request.session)  # type: ignore[arg-type]
    messages.success(request, said("ほかの端末からログアウトしました。", "All other devices are signed out."))
    return redirect("home")


class RemovePasskey(RemoveWebAuthnView):
    """allauth takes the recovery codes away with the last passkey: here they open the account without one, too."""

    success_url = "/"

    def form_valid(self, form: Any) -> HttpResponse:
        member: Any = self.request.user
        left = Authenticator.objects.filter(user=member, type="webauthn").exclude(pk=self.get_object().pk)
        if not left.exists() and not member.has_usable_password():
            messages.warning(
                self.request,
                said(
                    "最後のパスキーです。先にパスワードを設定すると削除できます。",
                    "This is your last passkey. Set a password first, then it can be removed.",
                ),
            )
            return redirect("home")
        self.get_object().delete()
        sessions.end_others(member, self.request.session)
        get_adapter().send_notification_mail("mfa/email/webauthn_removed", member)
        messages.success(self.request, said("パスキーを削除しました。", "The passkey was removed."))
        return redirect("home")


@reauthentication_required(app="allauth.mfa")
def new_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes; the old ones are void."""
    if request.method == "POST":
        recovery_flows.generate_recovery_codes(request)
        return redirect("mfa_view_recovery_codes")
    return render(request, "mfa/recovery_codes/generate.html")


def reset(request: HttpRequest) -> HttpResponse:
    """A mail to the proved address; the answer is the same whoever asks, for whomever."""
    if request.method != "POST":
        return render(request, "reset.html", {"form": forms.ResetForm()})
    form = forms.ResetForm(request.POST)
    if not form.is_valid():
        return render(request, "reset.html", {"form": form}, status=422)
    who = form.cleaned_data["who"].strip()
    if _too_many(request, who):
        return render(request, "429.html", status=429)
    recovery.mail_reset(who)
    return redirect("account_reset_password_done")


@require_safe
def reset_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "reset_sent.html")


def recover(request: HttpRequest) -> HttpResponse:
    """A recovery code and a new password."""
    if request.method != "POST":
        return render(request, "recover.html", {"form": forms.RecoveryForm()})
    form = forms.RecoveryForm(request.POST)
    if not form.is_valid():
        return render(request, "recover.html", {"form": form}, status=422)
    typed = form.cleaned_data
    if _too_many(request, typed["username"].lower()):
        return render(request, "429.html", status=429)
    if recovery.by_code(typed["username"], typed["code"], typed["password"]):
        messages.success(
            request,
            said(
                "パスワードを設定しました。新しいパスワードでログインしてください。"
                "これまでのパスキーと予備コードは使えなくなりました。",
                "Your password is set; please sign in with it. "
                "Earlier passkeys and recovery codes can no longer be used.",
            ),
        )
        return redirect("account_login")
    form.add_error(
        None,
        said(
            "会員IDと予備コードの組み合わせが違います。どちらもご確認ください。",
            "Member ID and recovery code do not belong together. Please look at both.",
        ),
    )
    return render(request, "recover.html", {"form": form}, status=422)


def _too_many(request: HttpRequest, key: str) -> bool:
    return not ratelimit.consume(request, app="allauth.account", action="recover", key=key)


@reauthentication_required
def leave(request: HttpRequest) -> HttpResponse:
    """退会: what goes, what stays, one button."""
    if request.method != "POST":
        return render(request, "leave.html")
    member: Any = request.user
    ending.end(member)
    if settings.ERA != "2017":
        addresses.tell(member)
    logout(request)
    return redirect("left")


@require_safe
def left(request: HttpRequest) -> HttpResponse:
    return render(request, "left.html")


def stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or came from elsewhere."""
    return render(request, "stale.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)
