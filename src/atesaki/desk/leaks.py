"""What reached a mailbox before it said "not me", and whether the authority must hear of it.

From the ledger, which holds kinds and counts, never values (L7). A lawyer decides; this keeps the clock.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from atesaki import clock, ownership
from atesaki.language import Language, day, moment
from atesaki.models import Event, Line
from atesaki.ownership import Claim, Standing

from . import calendar, cases
from .models import Agent, Assessment, Case, Contact
from .refusals import DeskError
from .reporters import by_day

_FIRST, _FIRST_LATEST = 3, 5  # days from learning of it: "about 3 to 5" (PPC guidelines 3-5-3-3)
_FULL, _FULL_ILL = 30, 60  # Enforcement Rules of the APPI, article 8 (2)
_GDPR = timedelta(hours=72)  # article 33 (1)


class Leak(NamedTuple):
    """So many mails of a kind reached the mailbox, the first and the last of them then.

    `kind`: `mail` counts them all, `unread` those whose content nobody looked at; the others are what they carried.
    """

    kind: str
    many: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """The question whether to report, its answer, and until when each report must be made."""

    answer: str
    reason: str
    ill_intent: bool
    learnt: datetime
    first_due: datetime
    first_latest: datetime
    full_due: datetime
    gdpr_due: datetime
    answered: datetime | None
    first_reported: datetime | None
    fully_reported: datetime | None


# -- what reached it ------------------------------------------------------------------------------------------


def inventory(case: Case, *, under_proof: bool = False) -> list[Leak]:
    """What the organisation's mail brought to the mailbox while the address was not proved, all of it first.

    `under_proof`: instead what came while it counted as proved; whether that was a leak is for a person to judge,
    for a mailbox may have changed hands, or a proof have been given wrongly.
    """
    when: dict[str, list[datetime]] = defaultdict(list)
    for at, personal, counted_as_proved in _reached(case):
        if counted_as_proved is not under_proof:
            continue
        kinds = ["unread"] if personal is None else [kind for kind, many in personal.items() if many]
        for kind in ("mail", *kinds):
            when[kind].append(at)
    ordered = sorted(when, key=lambda kind: (kind != "mail", kind == "unread", kind))
    return [Leak(kind, len(when[kind]), when[kind][0], when[kind][-1]) for kind in ordered]


def _reached(case: Case) -> list[tuple[datetime, dict[str, int] | None, bool]]:
    """When, with what, and whether the address counted as proved then: oldest first.

    Mail of services that was handed over, or set free after it had waited; our own carries nothing personal. Not
    that of another customer who has proved the mailbox and keeps it.
    """
    claims = ownership.claims_on(bytes(case.digest), case.organisation_id)
    theirs = {_whose(one) for one in claims if ownership.known(one).standing is Standing.PROVED}
    proofs = Event.objects.filter(claim__in=claims, kind=Event.Kind.PROVED).values_list("claim_id", flat=True)
    once = {_whose(one) for one in claims if one.pk in set(proofs)}
    rows = Line.objects.filter(
        digest=bytes(case.digest),
        service__organisation=case.organisation_id,
        kind=Line.Kind.MAIL,
        state=Line.State.SETTLED,
        at__lte=case.confirmed or clock.now(),
    ).filter(Q(outcome="deliver", fate="") | Q(fate="released"))
    return [
        (line.at, line.personal, line.standing == Standing.PROVED or (line.fate == "released" and _whose(line) in once))
        for line in rows.order_by("at")
        if _whose(line) not in theirs
    ]


def _whose(row: Claim | Line) -> tuple[int, str]:
    return row.service_id, row.customer


# -- the question and its clock -------------------------------------------------------------------------------


def assessment(case: Case) -> Clock:
    """The question of a case and its dates; it opened when the mailbox answered. Raises `DeskError` before that."""
    row = Assessment.objects.filter(case=case).first()
    if row is None:
        raise DeskError("unconfirmed")
    zone = case.service.zone
    learnt = row.learnt.astimezone(ZoneInfo(zone)).date()
    return Clock(
        answer=row.answer,
        reason=row.reason,
        ill_intent=row.ill_intent,
        learnt=row.learnt,
        first_due=calendar.end_of(learnt + timedelta(days=_FIRST - 1), zone),
        first_latest=calendar.end_of(learnt + timedelta(days=_FIRST_LATEST - 1), zone),
        full_due=calendar.end_of(_full(learnt, row.ill_intent, zone), zone),
        gdpr_due=row.learnt + _GDPR,
        answered=row.answered,
        first_reported=row.first_reported,
        fully_reported=row.fully_reported,
    )


def _full(learnt: date, ill_intent: bool, zone: str) -> date:
    """Holidays count, and the day of learning is the first; an end on a day on which offices are closed moves to
    the next (PPC guidelines 3-5-3-4)."""
    last = learnt + timedelta(days=(_FULL_ILL if ill_intent else _FULL) - 1)
    return calendar.business_day(last, 0, zone)


def assess(case: Case, answer: str, reason: str, agent: Agent | User, *, ill_intent: bool = False) -> Clock:
    """Somebody answers whether the authority must hear of it, and why; may be answered anew. Raises `DeskError`."""
    why = " ".join(reason.split())
    if answer not in (Assessment.Answer.YES, Assessment.Answer.NO) or not why:
        raise DeskError("assessment")
    user = agent.user if isinstance(agent, Agent) else agent
    with transaction.atomic():
        rows = Assessment.objects.filter(case=case)
        changed = rows.update(answer=answer, reason=why[:500], ill_intent=ill_intent, agent=user, answered=clock.now())
        if not changed:
            raise DeskError("unconfirmed")
        cases.step(case, "assessed", by=user.get_username()[:40])
    return assessment(case)


def reported(case: Case, which: str, agent: Agent | User) -> bool:
    """The `first` or the `full` report was made; whether this call wrote it down. Raises `DeskError`."""
    column = {"first": "first_reported", "full": "fully_reported"}[which]
    user = agent.user if isinstance(agent, Agent) else agent
    with transaction.atomic():
        rows = Assessment.objects.filter(case=case, answer=Assessment.Answer.YES)
        if not rows.exists():
            raise DeskError("not_needed")
        if not rows.filter(**{column: None}).update(**{column: clock.now()}):
            return False
        cases.step(case, f"authority_{which}", by=user.get_username()[:40])
    return True


# -- the draft ------------------------------------------------------------------------------------------------

_KINDS = {
    "ja": {"mail": "メール(合計)", "unread": "内容を調べていないメール", "unreadable": "読み取れない部分のあるメール"}
    | {"name": "氏名", "kana": "フリガナ", "postal": "郵便番号", "address": "住所", "phone": "電話番号"}
    | {"email": "メールアドレス", "dob": "生年月日", "account_id": "会員番号・アカウント名"}
    | {"card_tail": "カード番号の下4桁", "secret": "パスワード・認証コード", "order_item": "注文した商品"},
    "en": {"mail": "mails in all", "unread": "mails whose content was not looked at"}
    | {"unreadable": "mails with unreadable parts", "name": "name", "kana": "name in kana"}
    | {"postal": "postal code", "address": "postal address", "phone": "phone number"}
    | {"email": "e-mail address", "dob": "date of birth", "account_id": "customer number or account name"}
    | {"card_tail": "last digits of a card", "secret": "password or code", "order_item": "items ordered"},
}
_ITEMS = {
    "ja": """
        概要/個人データの項目/本人の数/原因/二次被害のおそれ/本人への対応/公表/再発防止のための措置/その他
    """,
    "en": """
        Summary/Kinds of personal data/Number of persons/Cause/Likely consequences/What the persons were told/
        Publication/Measures against a repetition/Other matters
    """,
}
_SOUGHT = {
    "ja": {"in_site": "サイト内のお知らせ: {many}回", "phone": "電話: {many}回", "sms": "SMS: {many}通"}
    | {"letter": "手紙: {many}通"},
    "en": {"in_site": "in-site notices: {many}", "phone": "calls: {many}", "sms": "text messages: {many}"}
    | {"letter": "letters: {many}"},
}
_BLANK = {"ja": "(記入してください)", "en": "(to be filled in)"}


def kind_name(kind: str, lang: Language) -> str:
    """What a kind of the inventory is called."""
    return _KINDS[lang].get(kind, kind)


def draft(case: Case, lang: Language) -> str:
    """The report's nine items (Enforcement Rules of the APPI, article 8 (1)), as far as the record fills them.

    Kinds and counts only; GDPR article 33 (3) asks for the same and is answered by the same items.
    """
    clock_ = assessment(case)
    zone = case.service.zone
    found = inventory(case)
    filled = _said_ja(case, found, zone) if lang == "ja" else _said_en(case, found, zone)
    until = [clock_.first_due, clock_.first_latest, clock_.full_due, clock_.gdpr_due]
    dates = [by_day(at, zone, lang) for at in until[:3]] + [moment(until[3], zone, lang)]
    if lang == "ja":
        head = (
            f"漏えい等報告の下書き(受付番号 {case.number})\n\n"
            f"知った日時: {moment(clock_.learnt, zone, lang)}\n速報: {dates[0]}まで(遅くとも{dates[1]})\n"
            f"確報: {dates[2]}まで\nGDPRの対象となる場合: {dates[3]}まで"
        )
    else:
        head = (
            f"Draft of a report to the authority (case {case.number})\n\n"
            f"Learnt: {moment(clock_.learnt, zone, lang)}\nFirst report: by {dates[0]} (at the latest {dates[1]})\n"
            f"Full report: by {dates[2]}\nWhere the GDPR applies: by {dates[3]}"
        )
    body = "\n\n".join(
        f"{number}. {item.strip()}\n{filled[number - 1]}" for number, item in enumerate(_ITEMS[lang].split("/"), 1)
    )
    return f"{head}\n\n{body}\n"


def _said_ja(case: Case, found: list[Leak], zone: str) -> list[str]:
    mails = found[0] if found else None
    span = f"{day(_on(mails.first, zone), 'ja')}から{day(_on(mails.last, zone), 'ja')}まで" if mails else ""
    summary = "登録されたメールアドレスの利用者から、登録していない旨の申し出があった。"
    summary += (
        f"申し出までに、このアドレスへ{span}メール{mails.many}通が届いた。"
        if mails
        else ("申し出までにこのアドレスへ届いたメールは、記録にない。")
    )
    stopped = (
        f"{moment(case.confirmed, zone, 'ja')}に、このアドレスへの配信をすべて停止した。" if case.confirmed else ""
    )
    return [
        summary,
        _carried(found, "ja", "通") or "記録にない。",
        "1人(この件で登録された会員)" if mails else "0人",
        "会員登録の際に、別の方のメールアドレスが入力されたものと思われる。",
        _BLANK["ja"],
        _tried(case, "ja") or _BLANK["ja"],
        _BLANK["ja"],
        f"{stopped}宛先の確認が済むまで、個人データを含むメールは送信しない。",
        _BLANK["ja"],
    ]


def _said_en(case: Case, found: list[Leak], zone: str) -> list[str]:
    mails = found[0] if found else None
    summary = "The user of a registered e-mail address told us that they had not registered it. "
    summary += (
        f"By then {mails.many} mails had reached that mailbox, from {day(_on(mails.first, zone), 'en')} "
        f"to {day(_on(mails.last, zone), 'en')}."
        if mails
        else "The record holds no mail that had reached that mailbox by then."
    )
    stopped = (
        f"All mail to this address was stopped on {moment(case.confirmed, zone, 'en')}. " if case.confirmed else ""
    )
    return [
        summary,
        _carried(found, "en", " mails") or "None is on record.",
        "1 (the customer registered in this case)" if mails else "0",
        "Another person's address appears to have been typed at registration.",
        _BLANK["en"],
        _tried(case, "en") or _BLANK["en"],
        _BLANK["en"],
        f"{stopped}No mail with personal data is sent to an address before it is proved.",
        _BLANK["en"],
    ]


def _carried(found: list[Leak], lang: Language, unit: str) -> str:
    """The kinds of data, a line each, and how many mails carried them."""
    return "\n".join(f"{kind_name(leak.kind, lang)}: {leak.many}{unit}" for leak in found if leak.kind != "mail")


def _tried(case: Case, lang: Language) -> str:
    """How the customer was sought: from the contacts, without what came of them."""
    rows = Contact.objects.filter(case=case)
    many = {
        "in_site": rows.filter(rung=Contact.Rung.IN_SITE).count(),
        "phone": rows.filter(rung=Contact.Rung.PHONE).count(),
        "sms": rows.filter(rung=Contact.Rung.SMS, outcome=Contact.Outcome.SENT).count(),
        "letter": rows.filter(outcome=Contact.Outcome.POSTED).count(),
    }
    return "\n".join(_SOUGHT[lang][rung].format(many=count) for rung, count in many.items() if count)


def _on(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()
