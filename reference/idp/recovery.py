"""Ways back in: a mail to a proved address, or a recovery code. Whoever comes back finds nobody else inside.

Promise: no reset mail to an address that is unproved, doubted, disputed, or proved by two digits only.
Never: tells whether an account or an address is known.
On failure: atesaki does not answer, so no mail leaves; the recovery codes work without it.
Read first: `addresses.resettable`.
"""

from __future__ import annotations

from typing import Any

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction

from reference.idp import accounts, addresses, sessions
from reference.idp.models import Address, Member


class ResetTokens(PasswordResetTokenGenerator):
    """A link is void after a new password, a proof, or a change of address."""

    key_salt = "reference.idp.recovery"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        row = Address.objects.filter(member=user, state=Address.State.PROVED).first()
        return f"{user.pk}:{user.password}:{user.epoch}:{row.pk if row else ''}:{user.is_active}:{timestamp}"


def mail_reset(who: str) -> None:
    """To the proved address of the member, or of every member who proved this address."""
    if "@" in who:
        found = Member.objects.filter(addresses__text__iexact=who, addresses__state=Address.State.PROVED)
    else:
        found = Member.objects.filter(username=who.lower())
    for member in found.filter(is_active=True).distinct()[:5]:
        if to := accounts.road().resettable(member):
            key = f"{user_pk_to_url_str(member)}-{ResetTokens().make_token(member)}"
            url = accounts.AccountAdapter().get_reset_password_from_key_url(key)
            accounts.send(member, to, "mail/reset.txt", {"url": url})


def by_code(username: str, code: str, password: str) -> Member | None:
    """One recovery code for a new password; the code is spent."""
    member = Member.objects.filter(username=username.lower(), is_active=True).first()
    codes = Authenticator.objects.filter(user=member, type=Authenticator.Type.RECOVERY_CODES).first()
    if not member or not codes or not codes.wrap().validate_code(code):
        return None
    accounts.AccountAdapter().set_password(member, password)
    clear(member)
    return member


@transaction.atomic
def clear(member: Member) -> None:
    """Passkeys, recovery codes, sessions, grants, a pending change of address: all of it may be another's."""
    Authenticator.objects.filter(user=member).delete()
    RecoveryCodes.activate(member)
    addresses.end_pending(member)
    sessions.end_others(member, None)
