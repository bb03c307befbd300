"""The register of improvements: what strangers and agents wished for, until it is in place and they were told (L7).

An address that somebody left to be told is sealed in their wish. It goes in the transaction that queues the telling
mail, and after 400 days in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.template.loader import render_to_string

from atesaki import addresses, clock, gate, keys
from atesaki.language import Language, day, language
from atesaki.tenants import Organisation

from .cases import by_pk, step
from .models import Agent, Case, Improvement, Wish

log = structlog.get_logger(__name__)

State = Improvement.State
OPEN = (State.CONSIDERED, State.PLANNED)
ENDED = (State.SHIPPED, State.DECLINED)
KEPT_DAYS = 400  # of an address that waits to be told
LONGEST_TITLE, LONGEST_PUBLIC = 200, 500


class ImprovementError(ValueError):
    """What was asked of the register cannot be done. `slug` names the reason, for whoever says it to the agent."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"the register cannot be changed so: {slug}")
        self.slug = slug


@dataclass(frozen=True, slots=True)
class Told:
    """The mail that those who asked get: its subject, and its text."""

    subject: str
    text: str


# -- what is in it --------------------------------------------------------------------------------------------


def listed(organisation: Organisation, *, ended: bool) -> QuerySet[Improvement]:
    """The organisation's improvements, with `wishes`, `waiting` (to be told) and `told`: how many of each."""
    rows = Improvement.objects.filter(organisation=organisation, state__in=ENDED if ended else OPEN)
    rows = rows.annotate(
        wishes=Count("wish"),
        waiting=Count("wish", filter=Q(wish__sealed_address__isnull=False)),
        told=Count("wish", filter=Q(wish__told__isnull=False)),
    )
    return rows.order_by("-ended" if ended else "created", "pk")


def loose(organisation: Organisation) -> QuerySet[Wish]:
    """The organisation's wishes that belong to no improvement yet, oldest first."""
    rows = Wish.objects.filter(organisation=organisation, improvement=None)
    return rows.select_related("case__service").order_by("at", "pk")


def words_of(wish: Wish) -> str | None:
    """What was wished; None if its seal does not open."""
    try:
        return keys.ring().unwrap(bytes(wish.text), _place(wish)).decode()
    except keys.SealBroken:
        log.error("seal.broken", wish=wish.pk)
        return None


# -- what is done to it ---------------------------------------------------------------------------------------


def open_improvement(organisation: Organisation, title: str, public: str, agent: Agent) -> Improvement:
    """Enters an improvement. Raises `ImprovementError`."""
    if agent.organisation_id != organisation.pk:
        raise ImprovementError("stranger")
    name = " ".join(title.split())
    if not 0 < len(name) <= LONGEST_TITLE or not name.isprintable():
        raise ImprovementError("title")
    return Improvement.objects.create(
        organisation=organisation, title=name, public=_public(public), created=clock.now()
    )


def gather(wish: Wish, improvement: Improvement, by: Agent | None = None) -> bool:
    """Puts a wish to an improvement; False if its owner was told already. Raises `ImprovementError`.

    Put to one that has ended, `due` tells its owner so.
    """
    if wish.organisation_id != improvement.organisation_id:
        raise ImprovementError("stranger")
    with transaction.atomic():
        if not Wish.objects.filter(pk=wish.pk, told=None).update(improvement=improvement):
            return False
        if wish.case_id is not None:
            step(by_pk(wish.case_id), "wish_gathered", by=_by(by), number=improvement.pk)
    return True


def change(improvement: Improvement, state: str, agent: Agent, public: str | None = None) -> int:
    """Moves an improvement on; how many were told of its end. Raises `ImprovementError`.

    1 What is said to those who asked is there, before it ends.
    2 One guarded update: what has ended stays so, for its mails are out.
    3 Those who asked are told.
    """
    if agent.organisation_id != improvement.organisation_id:
        raise ImprovementError("stranger")
    if state not in State.values:
        raise ImprovementError("state")
    said = improvement.public if public is None else _public(public)
    if state in ENDED and not said:
        raise ImprovementError("public")
    ended = clock.now() if state in ENDED else None
    rows = Improvement.objects.filter(pk=improvement.pk, state__in=OPEN)
    if not rows.update(state=state, public=said, ended=ended):
        raise ImprovementError("ended")
    improvement.refresh_from_db()
    log.info("improvement.changed", improvement=improvement.pk, state=state, agent=agent.user_id)
    return tell_wishers(improvement)


def tell_wishers(improvement: Improvement) -> int:
    """Tells those who asked that an improvement is in place, or will not be made: each once; how many."""
    if improvement.state not in ENDED:
        return 0
    waiting = Wish.objects.filter(improvement=improvement, told=None, sealed_address__isnull=False)
    return _each(waiting.values_list("pk", flat=True))


def due() -> int:
    """Tells whoever a crash, or a wish that was put to an ended improvement, has left untold; how many."""
    waiting = Wish.objects.filter(improvement__state__in=ENDED, told=None, sealed_address__isnull=False)
    return _each(waiting.values_list("pk", flat=True))


def forget() -> int:
    """Erases the addresses that have waited for 400 days; how many. The wishes stay to be counted."""
    past = clock.now() - timedelta(days=KEPT_DAYS)
    return Wish.objects.filter(at__lt=past, sealed_address__isnull=False).update(sealed_address=None)


def _each(pks: Iterable[int]) -> int:
    """One that fails is told in the log, and is tried again by `due`; the others have their turn."""
    done = 0
    for pk in list(pks):
        try:
            done += _tell(pk)
        except (keys.SealBroken, addresses.AddressError) as error:
            log.error("wish.untold", wish=pk, error=type(error).__name__)
    return done


def _tell(pk: int) -> bool:
    """One mail; its address goes in the same transaction, so that it is kept until then and not after."""
    with transaction.atomic():
        rows = Wish.objects.select_for_update(of=("self",)).select_related("improvement")
        wish = rows.filter(pk=pk, told=None, sealed_address__isnull=False).first()
        if wish is None or wish.sealed_address is None:
            return False
        if wish.improvement is None or wish.improvement.state not in ENDED:
            return False
        sealed = bytes(wish.sealed_address)
        taken = Wish.objects.filter(pk=pk, told=None)
        if wish.case_id is None:  # the case is forgotten, and with it whose mail this would be
            taken.update(sealed_address=None)
            return False
        if not taken.update(told=clock.now(), sealed_address=None):
            return False
        case, lang = by_pk(wish.case_id), language(wish.language)
        to = addresses.parse(keys.ring().unwrap(sealed, _place(wish)).decode())
        mail = compose(wish.improvement, case, lang, wish)
        words = gate.Words(lang, mail.subject, mail.text, _as_html(case, lang, mail.text))
        gate.correspond(case.claim, "case", words, to=to)
        step(case, "wish_told", number=wish.improvement.pk)
    return True


# -- what is said ---------------------------------------------------------------------------------------------


def compose(improvement: Improvement, case: Case, lang: Language, wish: Wish) -> Told:
    """The text of `mails/improvement.LANG.txt`: the organisation's own words, and nothing of the case but its day."""
    service = case.service
    words = {
        "shipped": improvement.state == State.SHIPPED,
        "number": improvement.pk,
        "public": improvement.public,
        "wished_on": day(wish.at.astimezone(ZoneInfo(service.zone)).date(), lang),
        "service": service.name,
        "organisation": case.organisation.name,
        "sender": service.sender,
        "own": service.own,
        "about_url": f"{settings.ATESAKI_PUBLIC_URL}/about-this-mail",
        "reply_to": settings.ATESAKI_READS_REPLIES,
    }
    text = render_to_string(f"mails/improvement.{lang}.txt", words)
    lines = "\n".join(line.strip() for line in text.strip().split("\n"))
    subject, _, body = lines.partition("\n")
    tidy = re.sub(r"\n{3,}", "\n\n", body.lstrip("\n")) + "\n"
    return Told(subject.removeprefix("Subject:").strip(), tidy)


def preview(improvement: Improvement, state: str, public: str) -> list[tuple[Language, int, Told]]:
    """What would be mailed if the improvement ended so: for each language, to how many, and what.

    Raises `ImprovementError`.
    """
    said = _public(public)
    if state not in ENDED:
        raise ImprovementError("state")
    if not said:
        raise ImprovementError("public")
    if improvement.state in ENDED:
        raise ImprovementError("ended")
    future = Improvement(pk=improvement.pk, organisation=improvement.organisation, state=state, public=said)
    found: dict[Language, list[Wish]] = {}
    waiting = Wish.objects.filter(improvement=improvement, told=None, sealed_address__isnull=False)
    for wish in waiting.exclude(case=None).order_by("at", "pk"):
        found.setdefault(language(wish.language), []).append(wish)
    return [
        (lang, len(wishes), compose(future, by_pk(wishes[0].case_id), lang, wishes[0]))
        for lang, wishes in sorted(found.items(), reverse=True)
        if wishes[0].case_id is not None
    ]


def _as_html(case: Case, lang: Language, body: str) -> str:
    """The same words as HTML: there is one wording, so the two parts of a mail cannot differ."""
    main, _, signature = body.partition("\n--\n")
    paragraphs = [{"kind": "text", "text": block} for block in re.split(r"\n{2,}", main.strip())]
    words = {"lang": lang, "title": case.service.name, "paragraphs": paragraphs, "signature": signature.strip()}
    return render_to_string("mails/reporter.html", words)


def _public(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.replace("\r", "\n").split("\n")]
    tidy = re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()
    if len(tidy) > LONGEST_PUBLIC or not tidy.replace("\n", "").isprintable():
        raise ImprovementError("long")
    return tidy


def _place(wish: Wish) -> bytes:
    return str(wish.pk).encode()


def _by(agent: Agent | None) -> str:
    return agent.user.get_username()[:40] if agent else ""
