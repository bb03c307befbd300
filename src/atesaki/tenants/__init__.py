"""Who is speaking: organisations, services, what lets them in, and what they want done.

Promise:    A service is known by its key alone, and its policy can be read off its row.
Never:      Keeps a password or a key; only a keyed fingerprint of it.
On failure: `TenantError` says what is wrong and what to do; a wrong key is `None`, without a reason.
Read first: `models.Service`, then `registry`.
"""

from .hours import week
from .models import Credential, Organisation, Service
from .presence import present_all
from .registry import (
    SCOPES,
    Issued,
    TenantError,
    add_key,
    add_service,
    change_service,
    check_ring,
    enforces,
    find,
    forget_old,
    identify,
    keys_of,
    may_return_to,
    note_ring,
    present,
    retire,
    revoke_key,
    rotate,
    services,
    webhook_secret,
)

__all__ = [
    "SCOPES",
    "Credential",
    "Issued",
    "Organisation",
    "Service",
    "TenantError",
    "add_key",
    "add_service",
    "change_service",
    "check_ring",
    "enforces",
    "find",
    "forget_old",
    "identify",
    "keys_of",
    "may_return_to",
    "note_ring",
    "present",
    "present_all",
    "retire",
    "revoke_key",
    "rotate",
    "services",
    "webhook_secret",
    "week",
]
