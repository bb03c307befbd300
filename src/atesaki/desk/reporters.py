"""What a reporter chose, wrote and is told. A sentence that states a fact is said only while the rows make it true.

`TRUE_WHEN` is the whole list: the mails (`mails/*.txt`) and the page `/m/TOKEN` ask it, and nothing else, whether
a sentence stands. The customer stands in none of it: what is read here is the case, its reporter and the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.template.loader import render_to_string

from atesaki import clock, gate, keys, outbox, ownership
from atesaki.language import Language, day, language, moment
from atesaki.ownership import Purpose, Standing

from . import calendar
from .cases import PROMISE_DAYS, by_pk, in_use, read, step, token, write
from .models import Case, Improvement, Message, Reporter, Step, Wish

log = structlog.get_logger(__name__)

KEPT_DAYS = 400  # of a reporter's words, after the case has closed
_NOT_ME_DAYS = 400
_LEFT_AT_ONCE = timedelta(seconds=2 * outbox.COURIER_SECONDS)  # what was on the wire when the mailbox spoke
_MESSAGE_ID = re.compile(r"<[^\s<>]{1,900}>")
_RUNNING = (Case.State.REACHING, Case.State.AWAITING, Case.State.WITHDRAWING)
_IN_USE = (Standing.PROVED, Standing.DOUBTED)
_DETACHED = (Case.End.CORRECTED, Case.End.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rows say of a case at `now`, as far as its reporter may know it.

    `others_proved`: this mailbox has proved another registration with the organisation, which keeps it.
    `erasable`: nobody uses the mailbox (`cases.in_use`), so that its address can go.
    `silent`: since when nothing of the organisation's was sent to the mailbox; None if that is not so.
    `plain`: the address is still in its table. `sealed`: it is in a mail that has not left.
    `tells`: it is sealed in a wish until that is in place.
    `promised`: the day by which it is erased, while the case goes its way and that day is ahead.
    """

    now: datetime
    state: str
    end: str
    opened: datetime
    confirmed: datetime | None
    closed: datetime | None
    due: datetime | None
    report_due: datetime | None
    erased: datetime | None
    disavowed: bool
    others_proved: bool
    erasable: bool
    proved: bool
    silent: datetime | None
    plain: bool
    sealed: bool
    wish: str
    improvements: tuple[int, ...]
    unsorted: bool
    tells: bool
    promised: date | None = None


def _runs(facts: Facts) -> bool:
    return facts.state in _RUNNING and facts.confirmed is not None and facts.disavowed


def _ahead(at: datetime | None, facts: Facts) -> bool:
    return at is not None and at > facts.now and facts.state != Case.State.CLOSED


def _is_erased(facts: Facts) -> bool:
    return facts.erased is not None and not facts.plain


TRUE_WHEN: Mapping[str, Callable[[Facts], bool]] = {
    # since when it is quiet (C2, D2)
    "silent": lambda facts: facts.confirmed is not None and facts.silent is not None,
    "partly": lambda facts: facts.confirmed is not None and facts.disavowed and facts.others_proved,
    # what is done now, and what comes next (C6, D3, D6)
    "asked": lambda facts: facts.state == Case.State.UNCONFIRMED and _ahead(facts.due, facts),
    "correcting": lambda facts: _runs(facts) and facts.state != Case.State.WITHDRAWING,
    "detaching": lambda facts: _runs(facts) and facts.state == Case.State.WITHDRAWING,
    "promised": lambda facts: _runs(facts) and facts.promised is not None and not facts.others_proved,
    "nothing_more": _runs,
    "next_step": lambda facts: _runs(facts) and _ahead(facts.due, facts),
    "next_report": lambda facts: _runs(facts) and _ahead(facts.report_due, facts),
    "mails_result": lambda facts: facts.state != Case.State.CLOSED and facts.wish != Reporter.Wish.NOTHING,
    "mails_steps": lambda facts: _runs(facts) and facts.wish == Reporter.Wish.STEPS,
    # how it ended (E1, E2, E3)
    "closed": lambda facts: facts.state == Case.State.CLOSED and facts.closed is not None,
    "detached": lambda facts: facts.state == Case.State.CLOSED and facts.closed is not None and facts.end in _DETACHED,
    "refused": lambda facts: facts.state == Case.State.CLOSED and facts.confirmed is not None and facts.disavowed,
    "lifted": lambda facts: facts.end == Case.End.PROVED and facts.proved,
    "kept": lambda facts: facts.end == Case.End.KEPT,
    "lapsed": lambda facts: facts.end == Case.End.LAPSED,
    # the address (E4): first what will be done with it, then what was
    "held": lambda facts: facts.plain and facts.state != Case.State.CLOSED,
    "will_erase": lambda facts: facts.plain and facts.end in _DETACHED and facts.erasable,
    "in_use": lambda facts: (
        facts.plain and facts.state == Case.State.CLOSED and not (facts.end in _DETACHED and facts.erasable)
    ),
    "erased": _is_erased,
    "digest_only": lambda facts: _is_erased(facts) and not facts.sealed and not facts.tells,
    # the wish for an improvement (E5)
    "considered": lambda facts: bool(facts.improvements),
    "received": lambda facts: facts.unsorted,
    "will_tell": lambda facts: facts.tells,
}


def says(facts: Facts) -> dict[str, bool]:
    """For each sentence that states a fact, whether it is true."""
    return {key: true(facts) for key, true in TRUE_WHEN.items()}


def facts_of(case: Case) -> Facts:
    """The facts of a case, read from the rows now."""
    address, mine = bytes(case.digest), ownership.known(case.claim).standing
    claims = ownership.claims_on(address, case.organisation_id)
    standings = {claim.pk: ownership.known(claim).standing for claim in claims}
    wishes = list(Wish.objects.filter(case=case).select_related("improvement"))
    open_ = (Improvement.State.CONSIDERED, Improvement.State.PLANNED)
    return Facts(
        now=clock.now(),
        state=case.state,
        end=case.end,
        opened=case.opened,
        confirmed=case.confirmed,
        closed=case.closed,
        due=case.due,
        report_due=case.report_due,
        erased=case.erased,
        disavowed=mine is Standing.DISAVOWED,
        others_proved=any(one in _IN_USE for one in standings.values()),
        erasable=not in_use(address),
        proved=mine is Standing.PROVED,
        silent=_silent_since(case, set(standings.values())),
        plain=ownership.plain(address) is not None,
        sealed=outbox.Departure.objects.filter(digest=address).exists(),
        wish=Reporter.objects.values_list("wish", flat=True).get(case=case),
        improvements=tuple(
            sorted({wish.improvement.pk for wish in wishes if wish.improvement and wish.improvement.state in open_})
        ),
        unsorted=any(wish.improvement is None for wish in wishes),
        tells=any(wish.sealed_address is not None for wish in wishes),
        promised=_promised(case),
    )


def _promised(case: Case) -> date | None:
    """As it was promised once (`ladder`); not while the customer is sought anew, or their date is a later one."""
    on, zone = case.erase_by, case.service.zone
    under_way = case.state in (Case.State.AWAITING, Case.State.WITHDRAWING) and case.deadline is not None
    if on is None or not under_way or case.deadline is None:
        return None
    return on if case.deadline < on and clock.today(zone) <= on else None


def _silent_since(case: Case, standings: set[Standing]) -> datetime | None:
    """Since when nothing was sent; what was on the wire at that moment moves it by seconds, later mail undoes it."""
    if case.confirmed is None or standings != {Standing.DISAVOWED}:
        return None
    last = gate.last_sent(case.organisation_id, bytes(case.digest), case.confirmed)
    if last is None:
        return case.confirmed
    return last if last <= case.confirmed + _LEFT_AT_ONCE else None


# -- what the reporter chooses and writes ------------------------------------------------------------------------


def choose(case: Case, wish: str, lang: Language | None = None) -> bool:
    """Writes down how much its reporter wishes to be told, in which language if said; False if something still leaves.

    1 The wish is committed: whoever is about to write looks at it under a lock.
    2 With "nothing", what waits to be told is destroyed; what is leaving is waited for, and looked at again, for a
      mail that could not be handed over would come back to wait.
    """
    Reporter.objects.filter(case=case).update(wish=wish, **({"language": lang} if lang else {}))
    if wish != Reporter.Wish.NOTHING:
        return True
    gate.take_back(case.claim)
    gone = gate.wait_until_gone(bytes(case.digest))
    gate.take_back(case.claim)
    return gone


def answer_disposal(case: Case, disposal: str) -> None:
    """Writes down what became of the mails that came before, as far as the reporter wishes to say (R17)."""
    Reporter.objects.filter(case=case).update(disposal=disposal)


def hear(case: Case, text: str) -> bool:
    """Keeps what the reporter wrote on the page; the same said twice in a row is one. Whether it was new."""
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)
        last = Message.objects.filter(case=case, direction=Message.Direction.IN).order_by("at", "pk").last()
        if last is not None and last.kind == "page" and _opened(last) == text:
            return False
        write(case, Message.Direction.IN, "page", text)
    return True


def wish_for(case: Case, text: str, lang: Language, *, tell: bool) -> Wish:
    """Keeps the wish for an improvement, sealed; with `tell`, the address too, until it is in place (L7).

    The same wish sent again is the same row: with another answer to `tell`, that one holds.
    """
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)
        wish = next((one for one in Wish.objects.filter(case=case) if _wished(one) == text), None)
        if wish is None:
            wish = Wish.objects.create(
                case=case, organisation=case.organisation, at=clock.now(), language=lang, text=b""
            )
            wish.text = keys.ring().wrap(text.encode(), str(wish.pk).encode())
        address = ownership.plain(bytes(case.digest)) if tell else None
        wish.sealed_address = keys.ring().wrap(address.text.encode(), str(wish.pk).encode()) if address else None
        wish.save()
    return wish


@dataclass(frozen=True, slots=True)
class Said:
    """One thing written in a case, as its reporter sees it: no name of an agent's stands here."""

    at: datetime
    by_reporter: bool
    text: str


def conversation(case: Case) -> list[Said]:
    """What the reporter wrote and what the desk answered, oldest first; not the mails that atesaki writes itself."""
    found = []
    for one in Message.objects.filter(case=case).order_by("at", "pk"):
        mine = one.direction == Message.Direction.IN
        if mine or one.kind == "answer":
            found.append(Said(one.at, mine, _opened(one)))
    return found


def _opened(message: Message) -> str:
    try:
        return read(message)
    except keys.SealBroken:
        log.error("seal.broken", message=str(message.pk))
        return ""


def _wished(wish: Wish) -> str:
    try:
        return keys.ring().unwrap(bytes(wish.text), str(wish.pk).encode()).decode()
    except keys.SealBroken:
        log.error("seal.broken", wish=wish.pk)
        return ""


# -- what the reporter is sent -----------------------------------------------------------------------------------


def acknowledge(case: Case, answers: str = "") -> bool:
    """Answers a report that came by mail, once, at once; whether a mail was queued.

    `answers`: the Message-ID of the mail that it answers. A report on a page was answered by the page: nothing is
    mailed (L5). A case that no mailbox has confirmed gets none either: only the challenge may be sent to it.
    """
    with transaction.atomic():
        rows = Case.objects.filter(pk=case.pk, acknowledged=None, confirmed__isnull=False)
        if not rows.exclude(state=Case.State.CLOSED).update(acknowledged=clock.now()):
            return False
        reporter = Reporter.objects.select_for_update().get(case=case)
        if reporter.wish == Reporter.Wish.NOTHING or not (answers or case.via == Case.Via.REPLY):
            return False
        sent = _send(by_pk(case.pk), reporter, "acknowledgement", answers)
        if sent:
            step(case, "acknowledged")
    return sent


def report_progress() -> int:
    """Every case whose promised report has come due gets it: a step, and a mail to who wished for each; how many.

    One that fails is told in the log, and is tried again; the others have their turn.
    """
    late = Case.objects.filter(report_due__lte=clock.now()).exclude(state=Case.State.CLOSED)
    done = 0
    for case in list(late.select_related("service").order_by("report_due")):
        try:
            done += _report(case)
        except DatabaseError:
            raise
        except Exception:
            log.exception("report.failed", case=str(case.pk))
    return done


def _report(case: Case) -> bool:
    """One progress report. The guarded update takes it: of two workers, one."""
    with transaction.atomic():
        rows = Case.objects.filter(pk=case.pk, report_due=case.report_due).exclude(state=Case.State.CLOSED)
        if not rows.update(report_due=calendar.in_business_days(PROMISE_DAYS, case.service.zone)):
            return False
        reporter = Reporter.objects.select_for_update().get(case=case)
        wished = reporter.wish == Reporter.Wish.STEPS and case.confirmed is not None
        sent = wished and _send(by_pk(case.pk), reporter, "progress")
        step(case, "reported", number=int(sent))
    return True


def tell_end(case: Case) -> bool:
    """Mails how a confirmed case ended, once, to who wished to know; whether a mail was queued.

    To be called between closing and erasing: the mail seals its recipient, and leaves although the address is gone.
    """
    with transaction.atomic():
        case = by_pk(case.pk, for_update=True)
        if case.state != Case.State.CLOSED or case.confirmed is None or case.end in (Case.End.KEPT, Case.End.LAPSED):
            return False  # whoever never said "not me", or took it back, waits for nothing
        reporter = Reporter.objects.select_for_update().get(case=case)
        if reporter.wish == Reporter.Wish.NOTHING or Step.objects.filter(case=case, what="end_told").exists():
            return False
        sent = _send(case, reporter, "closing")
        if sent:
            step(case, "end_told")
    return sent


def forget_words() -> int:
    """Erases what reporters wrote, long after their case has closed; how many messages."""
    past = clock.now() - timedelta(days=KEPT_DAYS)
    gone, _ = Message.objects.filter(case__closed__lt=past).delete()
    return gone


def _send(case: Case, reporter: Reporter, kind: str, answers: str = "") -> bool:
    """Composes and queues one of the three mails; False if the address is erased. Inside a transaction."""
    if ownership.plain(bytes(case.digest)) is None:
        return False
    lang = language(reporter.language)
    link = f"{settings.ATESAKI_PUBLIC_URL}/m/{token(case)}"
    text = compose(case, facts_of(case), kind, lang, link)
    subject, _, body = text.partition("\n")
    subject, body = subject.removeprefix("Subject:").strip(), body.lstrip("\n")
    words = gate.Words(lang, subject, body, _as_html(case, lang, body))
    if not gate.correspond(case.claim, "case", words, answers if _MESSAGE_ID.fullmatch(answers) else ""):
        return False
    # A token is kept nowhere but as its hash, and what the desk shows must open no page of the reporter's.
    write(case, Message.Direction.OUT, kind, re.sub(r"/([mn])/[\w-]+", r"/\1/…", body))
    return True


def compose(case: Case, facts: Facts, kind: str, lang: Language, link: str) -> str:
    """The text of `mails/KIND.LANG.txt`, its first line the subject: every fact in it is one of `facts`."""
    service, zone = case.service, case.service.zone
    true = says(facts)
    moments = {"silent_at": facts.silent, "confirmed_at": facts.confirmed, "closed_at": facts.closed}
    days = {"next_report_on": facts.report_due, "next_step_on": facts.due}
    not_me = ""
    if true["lifted"] and kind == "closing":
        until = clock.now() + timedelta(days=_NOT_ME_DAYS)
        not_me = f"{settings.ATESAKI_PUBLIC_URL}/n/{ownership.issue(case.claim, Purpose.NOT_ME, until)}"
    words = {
        "says": true,
        "service": service.name,
        "organisation": case.organisation.name,
        "sender": service.sender,
        "own": service.own,
        "number": case.number,
        "improvements": facts.improvements,
        "link": link,
        "not_me_url": not_me,
        "about_url": f"{settings.ATESAKI_PUBLIC_URL}/about-this-mail",
        "reply_to": settings.ATESAKI_READS_REPLIES,
        **{name: moment(at, zone, lang) if at else "" for name, at in moments.items()},
        **{name: by_day(at, zone, lang) if at else "" for name, at in days.items()},
        "promised_on": day(facts.promised, lang) if facts.promised else "",
    }
    text = render_to_string(f"mails/{kind}.{lang}.txt", words)
    lines = "\n".join(line.strip() for line in text.strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"


def by_day(at: datetime, zone: str, lang: Language) -> str:
    """The day within which `at` falls; a deadline at midnight belongs to the day that it ends."""
    return day((at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)), lang)


def _as_html(case: Case, lang: Language, body: str) -> str:
    """The same words as HTML: there is one wording, so the two parts of a mail cannot differ."""
    main, _, signature = body.partition("\n--\n")
    paragraphs = [
        {"kind": "link" if re.fullmatch(r"https?://\S+", block) else "text", "text": block}
        for block in re.split(r"\n{2,}", main.strip())
    ]
    words = {"lang": lang, "title": case.service.name, "paragraphs": paragraphs, "signature": signature.strip()}
    return render_to_string("mails/reporter.html", words)
