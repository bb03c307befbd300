"""How a service speaks with atesaki.

Promise:    a call ends in its time, with a value or with one of two errors, and never does a thing twice.
Never:      logs an address or a key, follows a redirect, needs Django.
On failure: `Problem` (atesaki said no, and why) or `Unreachable` (nobody answered: try later); both `AtesakiError`.
Read first: `client.py`, then `webhooks.py`; Django's adapters are in `django/`, allauth's in `allauth.py`.
"""

from .answers import (
    Case,
    CaseEnd,
    Claim,
    Correction,
    CustomerStanding,
    Delivery,
    Message,
    Moment,
    Proof,
    Receipt,
    Recipient,
)
from .client import Client
from .errors import AtesakiError, CodeClosed, CodeGone, Problem, Unreachable, WrongCode

__all__ = [
    "AtesakiError",
    "Case",
    "CaseEnd",
    "Claim",
    "Client",
    "CodeClosed",
    "CodeGone",
    "Correction",
    "CustomerStanding",
    "Delivery",
    "Message",
    "Moment",
    "Problem",
    "Proof",
    "Receipt",
    "Recipient",
    "Unreachable",
    "WrongCode",
]
