"""The end of an account: by its owner, or because atesaki's desk could not reach them."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from reference.idp import addresses, sessions
from reference.idp.models import Member


@transaction.atomic
def end(member: Member) -> None:
    """Sign-in, sessions, grants, passkeys, addresses and name; the 会員ID and `sub` are never given again."""
    member = Member.objects.select_for_update().get(pk=member.pk)
    addresses.end_all(member)
    Authenticator.objects.filter(user=member).delete()
    if member.is_active:
        member.set_unusable_password()
        Member.objects.filter(pk=member.pk).update(
            is_active=False, name="", ended=timezone.now(), password=member.password
        )
    member.cases.filter(end="").update(end="withdrawn")
    sessions.end_others(member, None)
