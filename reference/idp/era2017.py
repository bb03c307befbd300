"""The ID service as it was in 2017, for the first half of the story: nobody asked the mailbox anything.

Promise: all that was different is here; `accounts.road` chooses between this and `addresses`.
Never: part of what a service should do today.
On failure: mail that cannot leave is lost, and sign-up goes on.
Read first: `addresses.py`, which this stands in for.
"""

from __future__ import annotations

import logging
import smtplib
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from reference.idp.models import Address, Member

logger = logging.getLogger(__name__)


def take(member: Member, text: str) -> None:
    """The address is registered as typed, and written to at once."""
    with transaction.atomic():
        member.addresses.filter(state=Address.State.PROVED).update(state=Address.State.ENDED, ended=timezone.now())
        # "Proved" by nobody: in 2017 there was no other state.
        Address.objects.create(member=member, text=text, state=Address.State.PROVED, proved=timezone.now())
    for which in ("thanks", "complete"):
        subject, _, body = render_to_string(f"era2017/{which}.txt", {"member": member}).partition("\n")
        try:
            EmailMessage(subject, body.lstrip("\n"), to=[text]).send()
        except (OSError, smtplib.SMTPException) as error:
            logger.warning("a mail was lost: %s", type(error).__name__)


def claims(member: Member) -> dict[str, Any]:
    """What the shop was told: the address, which nobody had looked at."""
    found = member.addresses.filter(state=Address.State.PROVED).first()
    return {"email": found.text, "email_verified": False} if found else {}


def mailable(member: Member) -> str:
    """Mail went to whatever had been typed."""
    found = member.addresses.filter(state=Address.State.PROVED).first()
    return found.text if found else ""


# A reset, too.
resettable = mailable
