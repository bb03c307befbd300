"""A member's sessions and grants, and their ends."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

from allauth.account import app_settings
from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import F

from reference.idp.models import Member

_ENTERED = "entered"


def entered(session: SessionBase) -> None:
    """Somebody has just shown here who they are."""
    session[_ENTERED] = time.time()


def just_entered(session: SessionBase) -> bool:
    """Whether that was within allauth's window: its own counts only what was confirmed once more, no sign-in."""
    return time.time() - float(session.get(_ENTERED, 0)) < app_settings.REAUTHENTICATION_TIMEOUT


def end_others(member: Member, keep: SessionBase | str | None) -> None:
    """All sessions but one, every grant to a shop, every reset link.

    keep: the request's own session, or the key of one, or nothing
    """
    Member.objects.filter(pk=member.pk).update(epoch=F("epoch") + 1)
    member.refresh_from_db()
    store = _store(keep) if isinstance(keep, str) else keep
    kept = store.session_key if store is not None else None
    # The epoch has ended them already; their rows go, or the member would see sessions that are none.
    for session in UserSession.objects.filter(user_id=member.pk).exclude(session_key=kept or ""):
        session.end()
    if store is not None and HASH_SESSION_KEY in store:
        store[HASH_SESSION_KEY] = member.get_session_auth_hash()
        store.save()
    end_grants(member)


def _store(key: str) -> SessionBase | None:
    if not key:
        return None
    return import_module(settings.SESSION_ENGINE).SessionStore(key)  # type: ignore[no-any-return]


def end_grants(member: Member) -> None:
    """Access and refresh tokens: a shop must send the member here once more."""
    Token.objects.filter(user_id=member.pk).delete()


def listed(member: Member) -> list[Any]:
    """Where the member is signed in, the newest first."""
    found = UserSession.objects.purge_and_list(member)
    return sorted(found, key=lambda session: session.created_at, reverse=True)
