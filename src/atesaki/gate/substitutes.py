"""Our own mail: the neutral notice, the request to confirm, the report to a service. Nothing personal, ever (L1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email import message_from_string
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max
from django.template.loader import render_to_string
from procrastinate.contrib.django import app

from atesaki import addresses, clock, keys, outbox, ownership
from atesaki.addresses import Address
from atesaki.language import Language, language, moment
from atesaki.outbox import Envelope, Handed
from atesaki.ownership import Claim, Purpose
from atesaki.tenants import Service

from . import ledger
from .models import Line, Slot
from .verdict import Outcome, Verdict

_NOT_ME_DAYS = 400  # the way out must outlive every mail that carries it (R2)
_CODE_HOURS = 24


@dataclass(frozen=True, slots=True)
class Words:
    """What a mail of ours says, in one language, as text and as HTML."""

    lang: Language
    subject: str
    text: str
    html: str


def take_slot(service: Service, address: bytes, what: str, per_day: int, in_all: int | None = None) -> bool:
    """Takes one of today's mails of this kind for an address; False if they are used up.

    The caller holds the address's lock, and the row is unique besides.
    """
    rows = Slot.objects.filter(service=service, digest=address, what=what)
    today = clock.today(service.zone)
    used = rows.filter(day=today).aggregate(last=Max("number"))["last"] or 0
    if in_all is not None and (since := ownership.last_answer(service, address)):
        rows = rows.filter(day__gt=since.astimezone(ZoneInfo(service.zone)).date())
    if used >= per_day or (in_all is not None and rows.count() >= in_all):
        return False
    Slot.objects.create(service=service, digest=address, what=what, day=today, number=used + 1)
    return True


def notice_free(service: Service, address: bytes) -> bool:
    """Takes the right to send one notice to this mailbox.

    The number in all counts from when it last answered. When every link that it was sent has ended it may be asked
    once more, or an honest customer who overlooked two notices could never prove anything again.
    """
    in_all = None if not ownership.may_still_confirm(service, address) else service.notices_in_all
    return take_slot(service, address, "notice", service.notices_per_day, in_all)


def notice_had_been_free(service: Service, address: bytes) -> bool:
    """Whether an observed mailbox could have been sent one more notice: counted are those that it had been sent since
    the first of their links ended. Takes nothing.
    """
    since = clock.now() - timedelta(days=service.wait_days)
    asked = Line.objects.filter(service=service, digest=address, would=Outcome.SUBSTITUTE, at__gt=since)
    days = [at.astimezone(ZoneInfo(service.zone)).date() for at in asked.values_list("at", flat=True)]
    return len(days) < service.notices_in_all and days.count(clock.today(service.zone)) < service.notices_per_day


def notice(claim: Claim, recipient: Address, until: datetime) -> None:
    """Queues the notice that a mail waits. Inside a transaction."""
    _queue(claim, recipient, "notice", until)


def ask(service: Service, address: Address, customer: str, *, match: bool = True) -> Claim:
    """A customer gave this address at the service: makes the claim and mails the request to confirm it.

    The mail is sent at most as often as the service's policy allows; the claim is there in any case, and its
    `match` is what the service may show on its screen. Inside a transaction.
    """
    claim = ownership.claim(service, address, customer, match=match)
    request(claim, to=address)
    return claim


def request(claim: Claim, *, to: Address | None = None, show_code: bool = True) -> UUID | None:
    """Mails the request to confirm a claim, if its standing and the policy allow; its ledger line, or None.

    `show_code=False` is for who has no page to type one into: the mail shows none, and its link lives as long as mail
    waits. The claim counts as asked all the same. `to`: its address as it was typed now. Inside a transaction.
    """
    service, address = claim.service, bytes(claim.digest)
    ownership.lock(address)
    stand, recipient = ownership.known(claim), to or ownership.plain(address)
    quiet = stand.paused or stand.standing not in (ownership.Standing.CLAIMED, ownership.Standing.ANSWERED)
    if quiet or recipient is None:
        return None
    if not take_slot(service, address, "confirmation", service.notices_per_day, service.notices_in_all):
        return None
    day = clock.now() + timedelta(hours=_CODE_HOURS)
    code = ownership.issue_code(claim, day)
    until = day if show_code else clock.now() + timedelta(days=max(1, service.wait_days))
    return _queue(claim, recipient, "confirmation", until, code=code if show_code else "")


def last_asked(organisation: int, address: bytes) -> date | None:
    """The day on which a mailbox was last asked anything by a service of this organisation, or by a report about it."""
    rows = Slot.objects.filter(service__organisation_id=organisation, digest=address)
    last: date | None = rows.aggregate(last=Max("day"))["last"]
    return last


def challenge_free(service: Service, address: bytes) -> bool:
    """Takes the right to ask this mailbox, once a day, whether a report about it is its own. Inside a transaction."""
    ownership.lock(address)
    return take_slot(service, address, "challenge", 1)


def correspond(claim: Claim, kind: str, words: Words, answers: str = "", to: Address | None = None) -> bool:
    """Queues our own mail to a mailbox about its own report; False if its address is erased. Inside a transaction.

    `kind`: `challenge`, or `case` for what a reporter wished to be told. The caller answers for the words: nothing
    of the customer's (L1). `answers`: the Message-ID that it replies to, or empty. `to`: the claim's mailbox as its
    owner left it with the caller, for what they asked to be told after the erasure.
    """
    recipient = to or ownership.plain(bytes(claim.digest))
    if recipient is None:
        return False
    not_me = f"{settings.ATESAKI_PUBLIC_URL}/n/{_issue(claim, Purpose.NOT_ME)}"
    mail = _message(claim.service.name, recipient.text, words.subject)
    if answers:
        mail.replace_header("Auto-Submitted", "auto-replied")
        mail["In-Reply-To"] = mail["References"] = answers
    _send(claim, recipient, kind, _finished(mail, _issue(claim, Purpose.REPLY), not_me, words))
    return True


def unwelcome(service: Service, address: bytes) -> str:
    """Why an answer to an inquiry may not be mailed there, as a slug; empty if it may.

    Whoever typed the address is not proved to be its owner: where the mailbox said "not me", or asked for silence,
    that holds (L5), unless a customer has proved it.
    """
    claims = ownership.claims_on(address, service.organisation_id)
    stands = [ownership.known(claim) for claim in claims]
    if any(stand.standing is ownership.Standing.PROVED for stand in stands):
        return ""
    if any(stand.standing is ownership.Standing.DISAVOWED for stand in stands):
        return "disavowed"
    return "paused" if any(stand.paused for stand in stands) else ""


def write_to(service: Service, recipient: Address, words: Words, *, page: str, reply: str, lane: str) -> None:
    """Queues our own mail to an address that was given in an inquiry: nobody claims it by that. Inside a transaction.

    The caller answers for the words: nothing personal (L1). `page`: the URL whose `/one-click` asks for silence.
    `reply`: the token of its return addresses. `lane`: see `take_back_lane`. Looked at again before it leaves.
    """
    mail = _finished(_message(service.name, recipient.text, words.subject), reply, page, words)
    envelope = Envelope(f"b+{reply}@{settings.ATESAKI_MAIL_DOMAIN}", (recipient,), recipient.smtputf8)
    kind, queued = Line.Kind.INQUIRY, Line.State.QUEUED
    line = ledger.intend(service, envelope, len(mail), kind=kind, state=queued)[0]
    ledger.settle(line, Verdict(Outcome.DELIVER, "our_own", ()), "", queued, ("queued", kind))
    _keep(line, envelope, mail, lane)


def _queue(claim: Claim, recipient: Address, kind: str, until: datetime, code: str = "") -> UUID:
    return _send(claim, recipient, kind, _compose(claim, recipient, kind, until, code))


def _send(claim: Claim, recipient: Address, kind: str, mail: bytes) -> UUID:
    bounces = f"b+{_issue(claim, Purpose.REPLY)}@{settings.ATESAKI_MAIL_DOMAIN}"
    envelope = Envelope(bounces, (recipient,), recipient.smtputf8)
    line = ledger.intend(
        claim.service, envelope, len(mail), customer=claim.customer, kind=kind, state=Line.State.QUEUED
    )[0]
    standing = ownership.known(claim).standing
    ledger.settle(line, Verdict(Outcome.DELIVER, "our_own", ()), standing, Line.State.QUEUED, ("queued", kind))
    _keep(line, envelope, mail, lane(claim, kind))
    return line.id


def lane(claim: Claim, kind: str) -> str:
    """Where our own mail of one kind to one mailbox queues: one that is put off holds up no other."""
    return f"{kind} {claim.pk}"


def _issue(claim: Claim, purpose: Purpose) -> str:
    return ownership.issue(claim, purpose, clock.now() + timedelta(days=_NOT_ME_DAYS))


def _keep(line: Line, envelope: Envelope, mail: bytes, lane: str) -> None:
    key = outbox.seal_mail(envelope, mail)[0]
    outbox.keep(line.id, key, lane=lane, digest=bytes(line.digest))
    app.configure_task("atesaki.drive").defer(lane=lane)


def _compose(claim: Claim, recipient: Address, kind: str, until: datetime, code: str) -> bytes:
    """Our words only, in the service's language; nothing that the customer typed."""
    service, lang = claim.service, language(claim.service.locale)
    public = settings.ATESAKI_PUBLIC_URL
    confirm = ownership.issue(claim, Purpose.CONFIRM, clock.now() + timedelta(days=max(1, service.wait_days)))
    not_me = f"{public}/n/{_issue(claim, Purpose.NOT_ME)}"
    words = {
        "service": service.name,
        "organisation": service.organisation.name,
        "sender": service.sender,
        "confirm_url": f"{public}/c/{confirm}",
        "not_me_url": not_me,
        "about_url": f"{public}/about-this-mail",
        "until": moment(until, service.zone, lang),
        "code": code,
        "reply_to": settings.ATESAKI_READS_REPLIES,
    }
    text = render_to_string(f"notices/{kind}.{lang}.txt", words)
    subject, _, body = text.partition("\n")
    mail = _message(service.name, recipient.text, subject.removeprefix("Subject:").strip())
    html = render_to_string(f"notices/{kind}.{lang}.html", words)
    return _finished(mail, _issue(claim, Purpose.REPLY), not_me, Words(lang, "", body.lstrip("\n"), html))


def _finished(mail: EmailMessage, reply: str, not_me: str, words: Words) -> bytes:
    """The ways to answer that every mail of ours carries (L3, R2), and its body."""
    mail["Reply-To"] = f"r+{reply}@{settings.ATESAKI_MAIL_DOMAIN}"
    mail["List-Unsubscribe"] = f"<{not_me}/one-click>"  # RFC 8058 3.1
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(words.text, cte="base64" if words.lang == "ja" else "quoted-printable")
    mail.add_alternative(words.html, subtype="html", cte="base64")
    mail["Content-Language"] = words.lang  # last: what begins with Content- would become the first part's
    # The library folds a long URL on to a line of its own, which some receivers of RFC 8058 do not unfold.
    return mail.as_bytes().replace(b"List-Unsubscribe:\r\n <", b"List-Unsubscribe: <", 1)


def _message(name: str, to: str, subject: str) -> EmailMessage:
    domain = settings.ATESAKI_MAIL_DOMAIN
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Mailbox(display_name=name, username="notice", domain=domain)
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{keys.uuid7()}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    return mail


def report(line: Line, handed: Handed, why: str = "It could not be handed over:") -> None:
    """Tells the service that a mail we had taken cannot be sent (RFC 3464), without its content; `why` in a sentence.

    It goes to the service's own sender, not to the envelope's: that could be anybody's. Inside a transaction.
    """
    to = addresses.parse(line.service.sender)
    recipient = ownership.plain(bytes(line.digest))
    domain = settings.ATESAKI_MAIL_DOMAIN
    status = "5.0.0" if 500 <= handed.code < 600 else "4.4.7"
    mail = _message("atesaki", to.text, f"Not delivered: {line.id}")
    del mail["Auto-Submitted"]
    mail["Auto-Submitted"] = "auto-replied"
    said = handed.text or "no answer of the next mail server"
    mail.set_content(
        f"This is about the mail with the ledger id {line.mail}.\n\n{why}\n{handed.code} {said}\n\n"
        f"`atesaki explain {line.id}` tells its story.\n"
    )
    mail.make_mixed()
    fields = (
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; {domain}\n"
        f"Arrival-Date: {format_datetime(line.at)}\n\n"
        f"Final-Recipient: rfc822; {recipient.text if recipient else 'erased'}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {handed.code} {said}\n"
    )
    mail.attach(message_from_string(fields, policy=SMTP))
    mail.set_type("multipart/report")
    mail.set_param("report-type", "delivery-status")
    raw = mail.as_bytes()
    envelope = Envelope("", (to,), to.smtputf8)
    own = ledger.intend(line.service, envelope, len(raw), kind=Line.Kind.REPORT, state=Line.State.QUEUED)[0]
    ledger.settle(own, Verdict(Outcome.DELIVER, "our_own", ()), "", Line.State.QUEUED, ("queued", str(line.id)))
    _keep(own, envelope, raw, f"report {line.service_id}")


def forget_old() -> int:
    """Removes counted mails a year after their day; by then their claims have lapsed many times over."""
    gone, _ = Slot.objects.filter(day__lt=(clock.now() - timedelta(days=365)).date()).delete()
    return gone
