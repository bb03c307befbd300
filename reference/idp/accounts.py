"""Where allauth is told to do it our way: issuer, `sub`, claims, passkeys' host, mail."""

from __future__ import annotations

import logging
import smtplib
from types import ModuleType
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.http import urlencode
from django.utils.translation import get_language

from reference.idp import addresses, era2017, sessions
from reference.idp.models import Member
from reference.idp.templatetags.say import said

_say = lazy(said, str)
logger = logging.getLogger(__name__)


def road() -> ModuleType:
    """`claims`, `mailable` and `resettable` of this era."""
    return era2017 if settings.ERA == "2017" else addresses


class AccountAdapter(DefaultAccountAdapter):
    """Accounts by 会員ID; mail only to what `road` gives."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "username_taken": _say(
            "この会員IDは使われています。別のIDをお選びください。", "This member ID is taken. Please choose another."
        ),
        "username_blacklisted": _say(
            "この会員IDは使えません。別のIDをお選びください。", "This member ID cannot be used. Please choose another."
        ),
    }

    def get_login_stages(self) -> list[str]:
        # allauth offers a passkey at sign-up only where an address is mandatory; its stage needs none.
        return [*super().get_login_stages(), "allauth.mfa.webauthn.stages.PasskeySignupStage"]

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user.name = form.cleaned_data.get("name") or ""
        user.language = "en" if get_language() == "en" else "ja"
        return super().save_user(request, user, form, commit)

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        """After a sign-in or sign-up: recovery codes are there, and an address that waits is asked about."""
        RecoveryCodes.activate(user)
        sessions.entered(request.session)
        response = super().post_login(request, user, **more)
        if settings.ERA == "2017":
            return response
        row = addresses.waiting(user)
        # A session that only comes back is not the one that gave the address.
        if row and (more.get("signup") or row.state == row.State.WAITING):
            addresses.ask(row, request.session)
            if more.get("signup"):
                query = urlencode({"next": response["Location"]})
                response["Location"] = f"{reverse('address')}?{query}"
        return response

    def add_message(self, *args: Any, **more: Any) -> None:
        """allauth's remarks in passing are left out: the pages say what happened."""

    def set_password(self, user: Any, password: str) -> None:
        """A new password ends sessions (its hash is in theirs), grants, and a change of address that waits."""
        super().set_password(user, password)
        if settings.ERA != "2017":
            addresses.end_pending(user)
            sessions.end_grants(user)
            addresses.tell(user)

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.NETID_URL + path.replace("UID-KEY", key)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """What happened to the account, for the proved address only; that it cannot leave stops nothing."""
        what = template_prefix.rpartition("/")[2]
        to = road().mailable(user)
        if to and what in NEWS:
            send(user, to, "mail/news.txt", {"what": NEWS[what]})


NEWS = {
    "password_changed": ("パスワードが変更されました", "Your password was changed"),
    "password_set": ("パスワードが設定されました", "A password was set"),
    "password_reset": ("パスワードが再設定されました", "Your password was reset"),
    "webauthn_added": ("パスキーが追加されました", "A passkey was added"),
    "webauthn_removed": ("パスキーが削除されました", "A passkey was removed"),
    "recovery_codes_generated": ("予備コードが作り直されました", "New recovery codes were made"),
}


def send(member: Member, to: str, template: str, words: dict[str, Any]) -> bool:
    """One mail in the member's language, with the customer's ref for atesaki; whether it left."""
    from django.core.mail import EmailMessage
    from django.utils import translation

    with translation.override(member.language):
        text = render_to_string(template, {**words, "member": member, "netid": settings.NETID_URL})
    subject, _, body = text.partition("\n")
    mail = EmailMessage(subject.strip(), body.lstrip("\n"), to=[to])
    mail.atesaki_customer = member.sub  # type: ignore[attr-defined]
    try:
        return bool(mail.send())
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("a mail did not leave: %s", type(error).__name__)
        return False


class OIDCAdapter(DefaultOIDCAdapter):
    """allauth's issuer follows the Host header, and its `sub` is the table's key: neither here."""

    def get_issuer(self) -> str:
        return settings.NETID_URL

    def get_user_sub(self, client: Any, user: Any) -> str:
        return user.sub

    def get_user_by_sub(self, client: Any, sub: str) -> Any:
        return Member.objects.filter(sub=sub, is_active=True).first()

    def get_claims(
        self, purpose: Any, user: Any, client: Any, scopes: Any, email: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """`email` is whatever the grant once named; what counts is what is proved now."""
        claims = {"sub": user.sub}
        if "profile" in scopes:
            claims["name"] = user.name or user.username
        if "email" in scopes:
            claims |= road().claims(user)
        return claims


class MFAAdapter(DefaultMFAAdapter):
    """Passkeys are for NETID_URL's host and named by 会員ID."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": settings.NETID_HOST, "name": "あおぞらID"}

    def _get_user_identifier(self, user: Any) -> str:
        return user.username

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        return {**super().get_public_key_credential_user_entity(user), "display_name": user.name or user.username}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return f"Passkey {number}" if get_language() == "en" else f"パスキー {number}"
