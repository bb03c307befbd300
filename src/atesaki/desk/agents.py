"""Who works at the desk, what each may do, and how they come in.

A sign-in asks for three things in one form and has one answer for whatever was wrong with them.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, ip_address

import pyotp
import structlog
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    UserAttributeSimilarityValidator,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from atesaki import clock, keys, ownership
from atesaki.language import LANGUAGES
from atesaki.tenants import Organisation

from .models import Agent, Case, SignIn

log = structlog.get_logger(__name__)

Role = Agent.Role

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none is taken for another when it is copied by hand
_GROUPS = 5
_LONGEST_NAME = 40  # what a step of a case holds
_LONGEST_PASSWORD = 1_000
UNDO_SECONDS = (0, 5, 10, 30)
_WINDOW = timedelta(minutes=15)
_TRIES = {"name": 5, "network": 20}  # a whole office often comes from one network


class Right(StrEnum):
    """Something that may be done at the desk."""

    SEE = "see"  # lists, cases, inquiries
    WORK = "work"  # take a case, set its date, write down a report that came by phone or letter
    NOTE = "note"
    ANSWER = "answer"  # write to a reporter
    REACH = "reach"  # the ladder: phone, SMS, letter, and how the customer may be reached
    REVEAL = "reveal"  # read a masked field, with a reason
    ASSIGN = "assign"  # give a case to somebody else
    CLOSE = "close"  # end a case by hand
    ASSESS = "assess"  # answer whether a leak must be reported
    LOG = "log"  # who revealed what, and why
    ACCOUNTS = "accounts"
    IMPROVE = "improve"  # the register of improvements, and telling those who asked
    OVERSEE = "oversee"  # the figures of `/operator/`: counts and receipt numbers, nobody's data


_AGENT = frozenset({Right.SEE, Right.WORK, Right.NOTE, Right.ANSWER, Right.REACH, Right.REVEAL})
MAY: dict[str, frozenset[Right]] = {
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _AGENT | {Right.ASSIGN, Right.CLOSE, Right.IMPROVE, Right.OVERSEE},
    # Who reads the log of reveals must not stand in it: no REVEAL.
    Role.PRIVACY: frozenset({Right.SEE, Right.NOTE, Right.ASSESS, Right.LOG, Right.IMPROVE, Right.OVERSEE}),
    # Who makes accounts could make one that may see; the log has each account that is made.
    Role.ADMINISTRATOR: frozenset({Right.ACCOUNTS, Right.OVERSEE}),
}


class AgentError(ValueError):
    """What was asked of an account cannot be done; the text says why and what to do.

    `slug` names the reason, for whoever says it in another language.
    """

    def __init__(self, slug: str, text: str) -> None:
        super().__init__(text)
        self.slug = slug


@dataclass(frozen=True, slots=True)
class Issued:
    """What an agent needs to come in. The secrets are here once and nowhere else in the clear."""

    agent: Agent
    password: str
    totp_uri: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a sign-in: the agent, or nobody, and until when no further try is looked at."""

    agent: Agent | None = None
    wait_until: datetime | None = None


def may(agent: Agent, right: Right) -> bool:
    """Whether the agent's role has this right."""
    return right in MAY.get(agent.role, frozenset())


# -- accounts -----------------------------------------------------------------------------------------------


def add(name: str, *, organisation: str | Organisation, role: str, language: str) -> Issued:
    """Makes an account with a password and a second factor. Raises `AgentError`."""
    user_name = _named(name)
    if role not in Role.values or language not in LANGUAGES:
        raise AgentError("choice", f"The role must be one of {', '.join(Role.values)}, the language ja or en.")
    house = organisation if isinstance(organisation, Organisation) else _organisation(organisation)
    with transaction.atomic():
        try:
            with transaction.atomic():
                user = get_user_model().objects.create(username=user_name)
        except IntegrityError as error:
            raise AgentError("taken", f"There is an agent named {user_name!r} already: choose another name.") from error
        agent = Agent.objects.create(user=user, organisation=house, role=role, language=language)
        log.info("agent.added", agent=agent.pk, role=role, organisation=house.pk)
        return _issue(agent)


def listed(organisation: Organisation | None = None) -> list[Agent]:
    """Every agent that has not retired, by name; of one organisation or of all."""
    rows = Agent.objects.filter(user__is_active=True).select_related("user", "organisation").order_by("user__username")
    return list(rows if organisation is None else rows.filter(organisation=organisation))


def find(name: str, organisation: Organisation | None = None) -> Agent:
    """The agent of that name. Raises `AgentError`."""
    wanted = _normal(name)
    found = next((agent for agent in listed(organisation) if agent.user.get_username() == wanted), None)
    if found is None:
        raise AgentError("unknown", f"There is no agent named {wanted!r}: `atesaki agent list` names them.")
    return found


def of(user: object) -> Agent | None:
    """The agent behind a signed-in user, if the account still works."""
    pk = getattr(user, "pk", None)
    return Agent.objects.filter(user=pk, user__is_active=True).select_related("user", "organisation").first()


def reset(agent: Agent) -> Issued:
    """A new password and a new second factor; the old ones, and every open session, end with this call."""
    log.info("agent.reset", agent=agent.pk)
    with transaction.atomic():
        return _issue(Agent.objects.select_for_update(of=("self",)).select_related("user").get(pk=agent.pk))


def retire(agent: Agent) -> None:
    """Ends an account and its sessions, and gives its open cases back. What it did stays under its name."""
    log.info("agent.retired", agent=agent.pk)
    with transaction.atomic():
        user = get_user_model().objects.select_for_update().get(pk=agent.user_id)
        user.is_active = False
        user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
        Agent.objects.filter(pk=agent.pk).update(totp=None)
        Case.objects.filter(agent=user).exclude(state=Case.State.CLOSED).update(agent=None)


def change_password(agent: Agent, old: str, new: str) -> None:
    """The agent chooses their own password; other sessions of theirs end. Raises `AgentError`."""
    with transaction.atomic():
        user = get_user_model().objects.select_for_update().get(pk=agent.user_id)
        if not user.check_password(old[:_LONGEST_PASSWORD]):
            raise AgentError("old_password", "The present password does not match.")
        try:
            validate_password(new, user, [CommonPasswordValidator(), UserAttributeSimilarityValidator()])
        except ValidationError as error:
            raise AgentError("weak_password", " ".join(error.messages)) from error
        if not 12 <= len(new) <= _LONGEST_PASSWORD:
            raise AgentError("weak_password", "A password needs at least 12 characters.")
        user.set_password(new)
        user.save(update_fields=["password"])


def speak(agent: Agent, language: str) -> None:
    """The language that the desk speaks with this agent."""
    if language in LANGUAGES:
        Agent.objects.filter(pk=agent.pk).update(language=language)


def call_back_within(agent: Agent, seconds: str) -> None:
    """How long what the agent sends may be called back; what is not offered changes nothing."""
    if seconds in {str(each) for each in UNDO_SECONDS}:
        Agent.objects.filter(pk=agent.pk).update(undo_seconds=int(seconds))


def _issue(agent: Agent) -> Issued:
    password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))
    secret = pyotp.random_base32()
    agent.user.set_password(password)
    agent.user.save(update_fields=["password"])
    agent.totp, agent.totp_last = keys.ring().wrap(secret.encode(), _place(agent)), 0
    agent.save(update_fields=["totp", "totp_last"])
    uri = pyotp.TOTP(secret).provisioning_uri(name=agent.user.get_username(), issuer_name="atesaki")
    return Issued(agent, password, uri)


def _place(agent: Agent) -> bytes:
    return f"totp {agent.pk}".encode()


def _organisation(name: str) -> Organisation:
    found = Organisation.objects.filter(name=" ".join(name.split())).first()
    if found is None:
        names = ", ".join(Organisation.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise AgentError("organisation", f"There is no organisation named {name!r}. Organisations: {names}.")
    return found


def _normal(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split())


def _named(name: str) -> str:
    found = _normal(name)
    if not found or len(found) > _LONGEST_NAME or not found.isprintable():
        raise AgentError("name", f"An agent needs a name of 1 to {_LONGEST_NAME} printable characters.")
    return found


# -- coming in ----------------------------------------------------------------------------------------------


def sign_in(name: str, password: str, code: str, network: str) -> Attempt:
    """One try at coming in, from the address `network`.

    1 The try is written down as a failure before anything is looked at: a hundred at once are counted as well.
      Too many in a quarter of an hour, by this name or from this network, and nothing is looked at.
    2 Password and code are both worked through, whatever was wrong before, and for a name that nobody has too.
    3 The code's time step is used up by a guarded update (RFC 6238 5.2).
    4 Who came in has not failed: this name's rows go.
    """
    user_name = _normal(name)[:200]
    who = _fingerprint("name", user_name.casefold())
    tries = {"name": who, "network": _fingerprint("network", _network(network))}
    wait = _count(tries)
    if wait is not None:
        return Attempt(wait_until=wait)
    agent = (
        Agent.objects.filter(user__username=user_name, user__is_active=True)
        .select_related("user", "organisation")
        .first()
    )
    right_password = _check_password(agent.user if agent else None, password[:_LONGEST_PASSWORD])
    step = _step(agent, code)
    if agent is None or not right_password or step is None or not _use(agent, step):
        return Attempt()
    with transaction.atomic():
        SignIn.objects.filter(who=who).delete()
        own = SignIn.objects.filter(who=tries["network"]).order_by("-pk").values("pk")[:1]
        SignIn.objects.filter(pk__in=own).delete()
    return Attempt(agent)


def forget_old() -> int:
    """Removes failed sign-ins after a day."""
    gone, _ = SignIn.objects.filter(at__lt=clock.now() - timedelta(days=1)).delete()
    return gone


def _count(tries: dict[str, bytes]) -> datetime | None:
    """Writes a try down, or says until when none is looked at."""
    now = clock.now()
    with transaction.atomic():
        for who in sorted(tries.values()):
            ownership.lock(who)
        for kind, who in tries.items():
            recent = SignIn.objects.filter(who=who, at__gt=now - _WINDOW).order_by("-at").values_list("at", flat=True)
            failed = list(recent[: _TRIES[kind]])
            if len(failed) >= _TRIES[kind]:
                return failed[-1] + _WINDOW
        SignIn.objects.bulk_create([SignIn(who=who, at=now) for who in tries.values()])
    return None


def _check_password(user: User | None, password: str) -> bool:
    if user is None or not user.has_usable_password():
        make_password(password)  # as long as a check takes
        return False
    return bool(user.check_password(password))


def _step(agent: Agent | None, code: str) -> int | None:
    """The time step that a code belongs to, one before and one after the present one included (RFC 6238 5.2).

    By the world's clock and not by `clock`: an authenticator does not know of a test installation's wish.
    """
    wrapped = bytes(agent.totp) if agent and agent.totp else None
    secret = keys.ring().unwrap(wrapped, _place(agent)).decode() if wrapped and agent else pyotp.random_base32()
    totp = pyotp.TOTP(secret)
    typed = "".join(unicodedata.normalize("NFKC", code).split())[:20]
    now = int((clock.now() - clock.offset()).timestamp()) // totp.interval
    found = None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode()):
            found = step
    return found if wrapped else None


def _use(agent: Agent, step: int) -> bool:
    return bool(Agent.objects.filter(pk=agent.pk, totp_last__lt=step).update(totp_last=step))


def _fingerprint(kind: str, value: str) -> bytes:
    return keys.ring().fingerprint("sign-in", kind, value)


def _network(address: str) -> str:
    """What one subscriber of a provider has: an IPv4 address, or an IPv6 /64 (RFC 6177)."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    return str(found) if isinstance(found, IPv4Address) else str(int(found) >> 64)
