"""django-allauth's side: addresses are proved through atesaki, and no way into an account leads over an unproved one.

Settings: `ACCOUNT_ADAPTER = "atesaki_client.allauth.AccountAdapter"`, and those of `atesaki_client.django`.
Urls: `webhook_view(atesaki_client.allauth.HANDLERS)`, so that a proof and a "not me" reach allauth's own tables.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from allauth.account import app_settings, signals
from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.forms import ConfirmEmailVerificationCodeForm
from allauth.core import context as allauth_context
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import EmailMessage
from django.utils.translation import get_language

from .answers import Claim
from .django import client, customer
from .django.mail import CUSTOMER, current
from .errors import AtesakiError, Problem
from .webhooks import Event

SESSION = "atesaki_claim"
"""Where the session keeps what was asked last: `id` of the claim, `match` to show on the page, `email`."""

# Each leads into an account, or tells that there is one.
_WAYS_IN = {
    "account/email/password_reset_key",
    "account/email/password_reset_code",
    "account/email/login_code",
    "account/email/account_already_exists",
}
_TO_NOBODY = {"account/email/unknown_account"}  # no customer gave this address, so there is nobody to prove it
_FORM = "confirm_email_verification_code"

log = logging.getLogger("atesaki_client")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's adapter, whose mail goes only where mailbox and customer have proved to belong together.

    Override `atesaki_customer` and `atesaki_user` together where your references are not the users' keys.
    """

    def atesaki_customer(self, user: Any) -> str:
        """Your reference of a user."""
        return str(user.pk)

    def atesaki_user(self, ref: str) -> Any:
        """The user of a reference; None if there is none any more."""
        users = get_user_model()
        try:
            return users._default_manager.filter(pk=ref).first()
        except (ValueError, TypeError, ValidationError):
            return None

    def atesaki_return_url(self, request: Any, email_address: Any) -> str | None:
        """The page that the confirmation leads back to; only what `atesaki service set --return-to` registered."""
        return None

    def atesaki_proved(self, user: Any, email: str) -> bool:
        """Whether this address is proved for this user, here and at atesaki. No answer is a no."""
        if not _addresses(user=user, email__iexact=email, verified=True).exists():
            return False
        try:
            claims = client().claims(self.atesaki_customer(user))
            return any(each.proved and _fits(each.address, email) for each in claims)
        except AtesakiError as error:
            log.warning("atesaki.not_asked: %s", error)
            return False

    # --- what allauth calls ------------------------------------------------------------------------------

    def send_confirmation_mail(self, request: Any, emailconfirmation: Any, signup: bool) -> None:
        """Has atesaki ask the mailbox, instead of mailing a link of allauth's.

        A link alone proves the mailbox and not the customer; atesaki asks for both. When atesaki is away the page
        goes on, the address stays unproved, and the next request for a confirmation asks again.
        """
        if app_settings.EMAIL_VERIFICATION_BY_CODE_ENABLED and _FORM not in app_settings.FORMS:
            raise ImproperlyConfigured(
                f'ACCOUNT_FORMS must have {{"{_FORM}": "atesaki_client.allauth.CodeForm"}}: the code is atesaki\'s.'
            )
        address = emailconfirmation.email_address
        ref = self.atesaki_customer(address.user)
        try:
            claim = client().claim(address.email, ref, self.atesaki_return_url(request, address))
        except AtesakiError as error:
            log.warning("atesaki.not_asked: %s", error)
            return
        if claim.proved and address.pk:
            _verify(request, address)
        if request is not None:
            request.session[SESSION] = {"id": claim.id, "match": claim.match, "email": address.email}

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """As allauth's, with the customer's reference; ways into an account go to proved addresses only.

        What is not sent is not told either: allauth's page says the same as always.
        """
        if template_prefix in _TO_NOBODY:
            return
        named = context.get("user")
        users = [named] if getattr(named, "pk", None) else self._owners(email)
        if template_prefix in _WAYS_IN and not (users and all(self.atesaki_proved(each, email) for each in users)):
            log.info("atesaki.not_sent: %s: the address is not proved", template_prefix)
            return
        ref = current() or (self.atesaki_customer(users[0]) if users else "")
        with customer(ref):
            super().send_mail(template_prefix, email, context)

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **more: Any) -> None:
        """As allauth's, with the customer's reference."""
        with customer(self.atesaki_customer(user)):
            super().send_notification_mail(template_prefix, user, *args, **more)

    def render_mail(
        self, template_prefix: str, email: Any, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMessage:
        """As allauth's, with the header: also where another mail backend hands it to atesaki."""
        ref = current()
        headers = {**(headers or {}), CUSTOMER: ref} if ref else headers
        message: EmailMessage = super().render_mail(template_prefix, email, context, headers)
        return message

    def _owners(self, email: str) -> list[Any]:
        """Whose address this is, as far as allauth knows it to be proved."""
        return [each.user for each in _addresses(email__iexact=email, verified=True).select_related("user")]


class CodeForm(ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    """For `ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED`: allauth's page takes the code that atesaki mailed."""

    def clean_code(self) -> str:
        typed: str = self.cleaned_data["code"]
        request = allauth_context.request
        kept = request.session.get(SESSION) or {} if request is not None else {}
        if not kept or str(kept["email"]).lower() != str(self.email or "").lower():
            raise get_adapter().validation_error("incorrect_code")
        try:
            client().code(kept["id"], typed)
        except AtesakiError as error:
            # `invalid`: what was typed cannot be a code.
            if isinstance(error, Problem) and error.slug in ("code-wrong", "code-closed", "gone", "invalid"):
                raise get_adapter().validation_error("incorrect_code") from error
            log.warning("atesaki.not_asked: %s", error)
            raise ValidationError(_later()) from error
        self.expected_code = typed  # what is left for allauth to look at is whether the address is still free
        found: str = super().clean_code()
        return found


def proved(event: Event) -> None:
    """`claim.proved`: allauth's row is verified, if it is this very claim's."""
    _for_each(event, {"verified": False}, lambda claim: claim.proved, lambda row: _verify(None, row))


def disowned(event: Event) -> None:
    """`claim.disowned`: the address leaves the account. The account stays: its customer is reached by other ways."""
    _for_each(event, {}, lambda claim: claim.standing == "disavowed", lambda row: row.remove())


HANDLERS: Mapping[str, Callable[[Event], None]] = {"claim.proved": proved, "claim.disowned": disowned}
"""For `webhook_view`; add your own with `{**HANDLERS, …}`."""


def _for_each(
    event: Event, among: Mapping[str, Any], is_so: Callable[[Claim], bool], act: Callable[[Any], object]
) -> None:
    """Acts on the rows of the event's customer that are of the event's claim, if it stands so now.

    An event names no address, and a claim's is masked: which row is meant is asked of atesaki, never guessed.
    Otherwise somebody with two addresses of one mask could have the one verified by proving the other.
    """
    adapter = get_adapter()
    ref, claim_id = str(event.data["customer"]), str(event.data["claim"])
    user = adapter.atesaki_user(ref)
    if user is None:
        return
    meant = client().get_claim(claim_id)
    if not is_so(meant):
        return  # something else has happened since
    for row in _addresses(user=user, **among):
        if meant.address is None or _fits(meant.address, row.email):
            found = client().claim(row.email, ref)
            if found.id == claim_id and is_so(found):
                act(row)


def _addresses(**which: Any) -> Any:
    from allauth.account.models import EmailAddress  # only once Django's models are there

    return EmailAddress.objects.filter(**which)


def _verify(request: Any, address: Any) -> None:
    """Marks it as verified, and tells those who listen to allauth for that."""
    if address.verified or not address.set_verified():
        return
    address.set_as_primary(conditional=not app_settings.CHANGE_EMAIL)
    if app_settings.CHANGE_EMAIL:  # as allauth does: the new one takes the old one's place
        for other in _addresses(user=address.user).exclude(pk=address.pk):
            other.remove()
    signals.email_confirmed.send(sender=type(address), request=request, email_address=address)


def _fits(masked: str | None, email: str) -> bool:
    """Whether an address may be the masked one, `h***@e***.jp`; a letter that is not shown fits any."""
    found = re.fullmatch(r"(.?)\*\*\*@(.?)\*\*\*(\.[^*]+)?", masked or "")
    local, at, domain = email.lower().rpartition("@")
    if not found or not at:
        return False
    domains = {domain}
    try:
        domains.add(domain.encode("idna").decode())
        domains.add(domain.encode().decode("idna"))
    except UnicodeError:
        pass
    first, second, ending = (each.lower() for each in found.groups(""))
    return local.strip('"').startswith(first) and any(
        each.startswith(second) and each.endswith(ending) for each in domains
    )


def _later() -> str:
    if (get_language() or "").startswith("ja"):
        return "いまはコードを確認できません。しばらくしてから、もう一度お試しください。"
    return "The code cannot be checked at present. Please try again in a moment."
