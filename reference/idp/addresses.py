"""A member's e-mail address, and the one road to atesaki.

Promise: an address counts for sign-in mail, reset and claims only while it is proved; it stops at once when disowned.
Never: waits for atesaki inside a transaction, nor gives an address to a log.
On failure: what atesaki could not be told is kept in the row and told later (`drive`).
Read first: `models.Address`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from atesaki_client import AtesakiError, Client, CodeClosed, CodeGone, Problem, Unreachable, WrongCode
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils import timezone

from reference.idp import sessions
from reference.idp.models import Address, Case, Member

logger = logging.getLogger(__name__)
State, Reason = Address.State, Address.Reason
NEVER_ENTERED = timedelta(days=1)
# Proofs that carry a reset. Two digits are guessed by the mailbox's owner once in some thirty times, and facts of a
# mail ("knowledge") stand in the mailbox; the code was typed on the member's own page.
STRONG = ("code", "attested")


def _client() -> Client:
    return Client(settings.ATESAKI_URL, settings.ATESAKI_API_KEY, timeout=5.0)


# Tests put another in its place.
connect: Callable[[], Any] = _client


@dataclass(frozen=True)
class Answer:
    """What became of a question: `ok`, `unreachable`, `disowned`, `refused`, `asked_enough`,
    `wrong`, `closed` or `gone`; for `wrong` the tries that are left."""

    what: str
    tries_left: int | None = None


OK, UNREACHABLE = Answer("ok"), Answer("unreachable")


def proved(member: Member) -> Address | None:
    return member.addresses.filter(state=State.PROVED).first()


def waiting(member: Member) -> Address | None:
    """The address that is not proved yet."""
    return member.addresses.filter(state__in=Address.OPEN).first()


def claims(member: Member) -> dict[str, Any]:
    """The OpenID claims about the address: none before it is proved."""
    found = proved(member)
    return {"email": found.text, "email_verified": True} if found else {}


def mailable(member: Member) -> str:
    """The address that mail may go to, or "": atesaki is asked now, for a doubt comes without a webhook."""
    return _vouched(member)[0]


def resettable(member: Member) -> str:
    """The address that a reset may go to, or "": its newest proof is a strong one, or whoever has the mailbox after
    a doubt could lean on the old one."""
    text, method = _vouched(member)
    return text if method in STRONG else ""


def _vouched(member: Member) -> tuple[str, str]:
    """The address that atesaki says is proved, and the method of its newest proof; or nothing."""
    found = proved(member)
    if not found:
        return "", ""
    try:
        claim = connect().get_claim(found.claim)
    except AtesakiError as error:
        logger.warning("no mail: atesaki does not vouch for claim %s (%s)", found.claim, type(error).__name__)
        return "", ""
    if claim.standing != "proved" or claim.paused:
        return "", ""
    newest = max(claim.proofs, key=lambda proof: proof.at, default=None)
    return found.text, newest.method if newest else ""


def give(member: Member, text: str, keep: Any = None) -> Address:
    """A member gives an address: it waits to be asked about. One that waited before ends; one that is proved
    stays until the new one is (`disown` has ended it if its own mailbox complained). `keep` is the session that
    goes on.
    """
    with transaction.atomic():
        Member.objects.select_for_update().get(pk=member.pk)
        if member.addresses.filter(state__in=Address.LIVE).exists():
            sessions.end_others(member, keep)
        _end(member, Reason.CHANGED, Address.OPEN)
        return Address.objects.create(member=member, text=text)


def ask(row: Address, session: SessionBase | str = "") -> Answer:
    """Tells atesaki of the address, unless it knows; it mails the confirmation.

    session: kept when the mailbox proves the address; the request's own, or the key of one
    """
    if key := session if isinstance(session, str) else session.session_key:
        Address.objects.filter(pk=row.pk, state__in=Address.OPEN).update(session=key)
    if row.state != State.WAITING:
        return OK
    try:
        claim = _claim(row.text, row.member.sub)
    except Unreachable:
        return UNREACHABLE
    except Problem as problem:
        if problem.status != 422:
            logger.error("atesaki refused to be asked: %s %s", problem.status, problem.slug)
            return UNREACHABLE
        _end_row(row, Reason.CHANGED)
        return Answer("refused")
    known = Address.objects.filter(pk=row.pk, state=State.WAITING).update(
        state=State.ASKED, claim=claim.id, match=claim.match or ""
    )
    row.refresh_from_db()
    if not known and row.claim != claim.id:  # changed or ended while atesaki was being told
        Address.objects.filter(pk=row.pk, state=State.ENDED).update(claim=claim.id, withdraw=True)
        return Answer("refused")
    if claim.standing == "disavowed":
        _end_row(row, Reason.DISOWNED, withdraw=False)
        return Answer("disowned")
    _corrected(row.member)
    if claim.standing == "proved":
        # The request's own session itself: its middleware would save over what is changed by its key.
        mark_proved(claim.id, row.member.sub, session or None)
    _withdraw(row.member)
    return OK


def _claim(text: str, sub: str) -> Any:
    try:
        return connect().claim(text, sub, return_url=f"{settings.NETID_URL}/address/")
    except Problem as problem:
        if problem.status != 422:
            raise
        # The way back may not be registered there (`atesaki service set --return-to`): do without it.
        logger.warning("atesaki did not take the address with a way back; asking without")
        return connect().claim(text, sub)


def ask_again(row: Address) -> Answer:
    """One more mail, once."""
    if not Address.objects.filter(pk=row.pk, state=State.ASKED, asked_again=False).update(asked_again=True):
        return Answer("asked_enough")
    try:
        claim = connect().ask_again(row.claim)
    except Problem as problem:
        return Answer("asked_enough") if problem.status in (409, 410, 422, 429) else _not_asked(row)
    except AtesakiError:
        return _not_asked(row)
    Address.objects.filter(pk=row.pk, state=State.ASKED).update(match=claim.match or "")
    return OK if claim.asked else Answer("asked_enough")


def _not_asked(row: Address) -> Answer:
    Address.objects.filter(pk=row.pk).update(asked_again=False)
    return UNREACHABLE


def prove_by_code(row: Address, code: str, keep: Any) -> Answer:
    """The mailed code, typed by the member; `keep` is the session that goes on."""
    try:
        claim = connect().code(row.claim, code)
    except WrongCode as wrong:
        return Answer("wrong", wrong.tries_left)
    except (CodeClosed, CodeGone) as error:
        # A new code may be asked for, however often one was before: atesaki bounds it.
        Address.objects.filter(pk=row.pk).update(asked_again=False)
        return Answer("closed" if isinstance(error, CodeClosed) else "gone")
    except Problem as problem:
        return Answer("wrong") if problem.status == 422 else UNREACHABLE
    except AtesakiError:
        return UNREACHABLE
    if claim.standing != "proved":
        return Answer("wrong")
    mark_proved(row.claim, row.member.sub, keep)
    _withdraw()
    return OK


def mark_proved(claim: str, sub: str, keep: Any = None) -> bool:
    """An address is proved: it alone counts; whatever waited, every other session and every open reset ends.

    1. guarded: only a row that was asked about, and of this member
    2. the member's other addresses end, and what other accounts only said about this one
    3. sessions: all but the one that gave the address
    """
    with transaction.atomic():
        member = Member.objects.select_for_update().filter(sub=sub, is_active=True).first()
        if not member:
            return False
        row = member.addresses.filter(claim=claim, state=State.ASKED).first()
        if not row:
            return False
        _end(member, Reason.CHANGED, (State.PROVED,))
        Address.objects.filter(pk=row.pk).update(state=State.PROVED, proved=timezone.now(), match="")
        _end(member, Reason.SECURITY, Address.OPEN)
        for other in Address.objects.filter(text__iexact=row.text, state__in=Address.OPEN).exclude(member=member):
            _end_row(other, Reason.ELSEWHERE)
        sessions.end_others(member, keep if keep is not None else row.session)
    return True


def disown(claim: str, sub: str, case: str, number: str) -> None:
    """The mailbox said "this is not me": the address is gone from sign-in, reset and claims when this returns."""
    with transaction.atomic():
        member = Member.objects.select_for_update().filter(sub=sub).first()
        if not member:
            return
        # An address given, changed and given again has the same claim: several rows.
        rows = list(Address.objects.filter(claim=claim, member=member))
        if not rows and waiting(member):
            # atesaki's answer to `ask` is on its way to us still: the webhook comes again.
            raise LookupError("this claim is not known yet")
        if any(row.state == State.PROVED for row in rows):
            sessions.end_grants(member)
        for row in rows:
            _end_row(row, Reason.DISOWNED, withdraw=False)
        if member.is_active:
            ask_to_correct(member, case, number, claim)


def note_case(member: Member, case: str, number: str) -> None:
    Case.objects.get_or_create(pk=case, defaults={"member": member, "number": number})


def ask_to_correct(member: Member, case: str, number: str, claim: str) -> None:
    """On every page from now on, unless the member has changed that address by themselves: then atesaki is told."""
    note_case(member, case, number)
    last = member.addresses.filter(claim=claim).order_by("-pk").first()
    changed = last is not None and (last.state, last.reason) == (State.ENDED, Reason.CHANGED)
    told = {"end": "corrected"} if changed else {"shown": True}
    Case.objects.filter(pk=case, member=member, end="").update(**told)


def open_case(member: Member) -> Case | None:
    """The one that the member is to answer by a correction."""
    return member.cases.filter(shown=True, end="", closed=False).order_by("opened").first()


def _corrected(member: Member) -> None:
    """The member gave another address, or took the wrong one away: atesaki's cases about it are answered."""
    member.cases.filter(shown=True, end="").update(end="corrected")
    _tell_ends(member)


def remove(member: Member, keep: Any) -> None:
    """The member wants no address here: that is an answer, too."""
    with transaction.atomic():
        Member.objects.select_for_update().get(pk=member.pk)
        had_proved = proved(member) is not None
        _end(member, Reason.CHANGED, Address.LIVE)
        if had_proved:
            sessions.end_others(member, keep)
    _corrected(member)
    _withdraw(member)


def end_pending(member: Member) -> None:
    """A change of address that waits ends: a password was changed or reset, perhaps because of it."""
    _end(member, Reason.SECURITY, Address.OPEN)


def end_all(member: Member) -> None:
    """The account ends."""
    _end(member, Reason.LEFT, Address.LIVE)


def _end(member: Member, reason: str, states: Any) -> None:
    for row in member.addresses.filter(state__in=states):
        _end_row(row, reason)


def _end_row(row: Address, reason: str, *, withdraw: bool = True) -> None:
    Address.objects.filter(pk=row.pk, state__in=Address.LIVE).update(
        state=State.ENDED,
        reason=reason,
        ended=timezone.now(),
        text="",
        match="",
        session="",
        withdraw=withdraw and bool(row.claim),
    )


def _withdraw(member: Member | None = None) -> None:
    """Tells atesaki which claims ended here, but for one that lives on in a later row: given again, or proved
    already when it was."""
    rows = Address.objects.filter(state=State.ENDED, withdraw=True)
    for row in rows.filter(member=member) if member else rows:
        try:
            if not Address.objects.filter(claim=row.claim, state__in=Address.LIVE).exists():
                connect().withdraw_claim(row.claim)
        except Problem as problem:
            if problem.status != 404:  # unknown there is as good as withdrawn
                logger.warning("claim %s is still to be withdrawn: %s", row.claim, problem.slug)
                continue
        except AtesakiError:
            continue
        Address.objects.filter(pk=row.pk).update(withdraw=False)


def _tell_ends(member: Member | None = None) -> None:
    """Tells atesaki what was done about its cases."""
    cases = Case.objects.filter(told=False, closed=False).exclude(end="")
    for case in cases.filter(member=member) if member else cases:
        try:
            connect().withdrawn(case.pk) if case.end == "withdrawn" else connect().corrected(case.pk)
        except Problem as problem:
            if problem.status != 404:
                logger.warning("case %s is still to be told %s: %s", case.pk, case.end, problem.slug)
                continue
        except AtesakiError:
            continue
        Case.objects.filter(pk=case.pk).update(told=True)


def tell(member: Member) -> None:
    """What atesaki is still to be told about this member, once."""
    _withdraw(member)
    _tell_ends(member)


def drive(older: timedelta = timedelta()) -> int:
    """What atesaki could not be told, once more; how many addresses were asked about.

    older: addresses given since then are left to who is just giving them
    """
    asked = 0
    # A passkey that was not made in the end: nobody can enter, and the 会員ID is free again.
    Member.objects.filter(last_login=None, joined__lt=timezone.now() - NEVER_ENTERED).delete()
    rows = Address.objects.filter(state=State.WAITING, given__lte=timezone.now() - older)
    for row in rows.filter(member__is_active=True, member__last_login__isnull=False).select_related("member"):
        answer = ask(row, row.session)
        if answer is UNREACHABLE:
            return asked
        asked += answer is OK
    _withdraw()
    _tell_ends()
    return asked
