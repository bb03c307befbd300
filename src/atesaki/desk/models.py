"""Rows of `desk`: cases, who reported, what happened. The customer stands in none of them (canary test)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from atesaki.ownership import Claim
from atesaki.tenants import Organisation, Service


class Case(models.Model):
    """One mailbox that says, or is said, to get somebody else's mail: from the first word to its end.

    Holds the address's digest only. Kept 400 days after `closed`, like the ledger whose lines it explains; then it
    goes as a whole with everything that is kept with it, for no figure looks back further than 90 days. The digest
    in claims and events stays and goes on refusing. While somebody waits to be told of an improvement, it stays.
    Each state has one owner of the clock, and `due` is when they must have moved.
    """

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed"  # a claim: the mailbox was asked, and has not answered (L4). Clock: the mailbox
        REACHING = "reaching"  # the mailbox answered, nothing is mailed to it; the customer is sought. Clock: the desk
        AWAITING = "awaiting"  # the customer was given a deadline. Clock: the customer
        WITHDRAWING = "withdrawing"  # the service was asked to end the registration. Clock: the service
        CLOSED = "closed"

    class Via(models.TextChoices):
        PAGE = "page"
        ONE_CLICK = "one_click"
        REPLY = "reply"
        COMPLAINT = "complaint"  # a feedback report of the mailbox's provider, RFC 5965
        FORM = "form"
        PHONE = "phone"
        LETTER = "letter"
        API = "api"

    class End(models.TextChoices):
        LAPSED = "lapsed"  # nobody answered the challenge
        KEPT = "kept"  # the mailbox answered that the mail is its own
        PROVED = "proved"  # the customer proved the address after all
        CORRECTED = "corrected"  # the customer gave another address
        WITHDRAWN = "withdrawn"  # the service ended the registration

    id = models.UUIDField(primary_key=True)
    number = models.CharField(max_length=12, unique=True)  # what a reporter may read out on the phone
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    service = models.ForeignKey(Service, on_delete=models.PROTECT)  # whose mail, or whose claim, it began with
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    digest = models.BinaryField(max_length=32)
    state = models.CharField(max_length=11, choices=State.choices)
    via = models.CharField(max_length=9, choices=Via.choices)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    opened = models.DateTimeField()
    confirmed = models.DateTimeField(null=True)  # since when nothing is mailed to it
    disavowal = models.BigIntegerField(null=True, unique=True)  # the event that confirmed it
    told = models.DateTimeField(null=True)  # when every service of the organisation was queued its webhook
    acknowledged = models.DateTimeField(null=True)
    due = models.DateTimeField(null=True)  # the next date of its clock
    report_due = models.DateTimeField(null=True)  # the next promised progress report
    deadline = models.DateField(null=True)  # the customer's, as the letter says
    erase_by = models.DateField(null=True)  # as its reporter was first promised; never put off
    erased = models.DateTimeField(null=True)
    closed = models.DateTimeField(null=True)
    end = models.CharField(max_length=9, choices=End.choices, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "digest"], condition=~Q(state="closed"), name="case_one_at_a_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due"], name="case_due", condition=~Q(state="closed")),
            models.Index(fields=["digest", "organisation"], name="case_by_address"),
        ]


class Reporter(models.Model):
    """What the mailbox's owner chose to tell us, and wants to be told. No name, no address. Kept with the case."""

    class Wish(models.TextChoices):
        NOTHING = "nothing"
        RESULT = "result"
        STEPS = "steps"

    class Disposal(models.TextChoices):
        UNSAID = "unsaid"  # not asked yet, or no answer
        DELETED = "deleted"
        OPENED = "opened"
        UNDISCLOSED = "undisclosed"

    case = models.OneToOneField(Case, on_delete=models.CASCADE)
    language = models.CharField(max_length=2)
    wish = models.CharField(max_length=7, choices=Wish.choices, default=Wish.NOTHING)
    disposal = models.CharField(max_length=11, choices=Disposal.choices, default=Disposal.UNSAID)


class Message(models.Model):
    """What a reporter wrote to the desk, or the desk to a reporter, sealed for its row. Kept with the case."""

    class Direction(models.TextChoices):
        IN = "in"
        OUT = "out"

    id = models.UUIDField(primary_key=True)
    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    at = models.DateTimeField()
    direction = models.CharField(max_length=3, choices=Direction.choices)
    kind = models.CharField(max_length=16)  # in: page, reply; out: acknowledgement, progress, closing, answer
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    text = models.BinaryField()
    seen = models.DateTimeField(null=True)  # in: when an agent had it on the screen
    origin = models.BinaryField(max_length=32, null=True, unique=True)  # by mail: its fingerprint, to take it once


class Step(models.Model):
    """What happened to a case, and when, in the order of `id`: facts, never a word about the customer.

    Kept with the case.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    at = models.DateTimeField()
    what = models.CharField(max_length=24)
    by = models.CharField(max_length=40, blank=True)  # empty: atesaki itself; else mailbox, service, or an agent's name
    number = models.PositiveIntegerField(default=0)  # how many, where that means something

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "id"], name="step_by_case")]


class Inquiry(models.Model):
    """A question of somebody who needs no case, sealed for its row: name and address only if they were given.

    Kept 400 days after `done`, with everything that was written in it. The address goes sooner: when its mailbox says
    that it never wrote, or is detached by a case.
    """

    class State(models.TextChoices):
        OPEN = "open"  # the desk is to answer. Clock: the desk
        ANSWERED = "answered"  # Clock: whoever asked; it closes by itself
        CLOSED = "closed"

    class End(models.TextChoices):
        DONE = "done"  # an agent said so
        SILENT = "silent"  # nothing came back after the answer
        DISOWNED = "disowned"  # the mailbox says that it never wrote: nothing more is mailed to it

    number = models.CharField(max_length=12, primary_key=True)
    at = models.DateTimeField()
    language = models.CharField(max_length=2)
    subject = models.CharField(max_length=12)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True)
    sealed = models.BinaryField()
    digest = models.BinaryField(max_length=32, null=True)  # of the address that was given
    by_mail = models.BooleanField(default=False)  # to postmaster@ or abuse@: its writer was never shown the number
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    end = models.CharField(max_length=8, choices=End.choices, blank=True)
    due = models.DateTimeField(null=True)  # the next date of its clock
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    done = models.DateTimeField(null=True)  # when it was closed
    page = models.BinaryField(max_length=32, null=True, unique=True)  # the hash of the token of `/q/TOKEN`
    reply = models.BinaryField(max_length=32, null=True, unique=True)  # and of that in our mails' return addresses
    tries = models.PositiveSmallIntegerField(default=0)  # at the number, since the last mail
    quiet = models.DateTimeField(null=True)  # one-click (RFC 8058): nothing is mailed until the mailbox writes

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due"], name="inquiry_due", condition=~Q(state="closed")),
            models.Index(fields=["digest"], name="inquiry_by_address"),
        ]


class InquiryMessage(models.Model):
    """What was written in an inquiry after its question, sealed for its row. Kept with the inquiry."""

    id = models.UUIDField(primary_key=True)
    inquiry = models.ForeignKey(Inquiry, on_delete=models.CASCADE, related_name="messages")
    at = models.DateTimeField()
    direction = models.CharField(max_length=3, choices=Message.Direction.choices)
    kind = models.CharField(max_length=8)  # in: page, unknown (without the number), reply, unsure; out: answer
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    text = models.BinaryField()
    origin = models.BinaryField(max_length=32, null=True, unique=True)  # by mail: its fingerprint, to take it once


class Report(models.Model):
    """An address that a form said gets somebody else's mail, sealed until the worker has looked; then it goes.

    What the worker finds must not show in how long the page takes, so the page only writes this.
    """

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    via = models.CharField(max_length=9)
    language = models.CharField(max_length=2)
    sealed = models.BinaryField()


class Knock(models.Model):
    """A form that came in without a name on it, as a fingerprint of the network that sent it: for the limit alone.

    Kept for ten minutes.
    """

    who = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["who", "at"], name="knock_recent")]


# -- the customer's side: nothing of it may reach a reporter's page or mail -------------------------------------


class Customer(models.Model):
    """How the customer may be reached, as the service or an agent gave it, sealed: name, phone, address.

    Erased with the case's end; `customer` of the claim is the service's own reference.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE)
    sealed = models.BinaryField()
    changed = models.DateTimeField()


class Access(models.Model):
    """An agent read something about a person: which, of which case or inquiry, and why. Never changed (a trigger).

    `hash` is keyed and covers the row before (`previous`) and `content`, itself a keyed hash of `number_of` and
    `reason`: those two are blanked when the case goes, and the chain holds without them. `agent` and `organisation`
    are empty for our own rows. Kept 800 to 830 days, so that whoever was read about can still be told by whom.
    """

    number = models.BigIntegerField(primary_key=True)  # without a gap
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True)
    at = models.DateTimeField()
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    what = models.CharField(max_length=12)
    number_of = models.CharField(max_length=20)  # the case or inquiry, by the number that people read out
    reason = models.CharField(max_length=200)
    content = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-number"], name="access_by_house"),
            models.Index(fields=["number_of", "number"], name="access_by_case"),
        ]


class Contact(models.Model):
    """A try to reach the customer, and what came of it. Kept with the case."""

    class Rung(models.TextChoices):
        IN_SITE = "in_site"
        PHONE = "phone"
        SMS = "sms"
        LETTER = "letter"

    class Outcome(models.TextChoices):
        TOLD = "told"  # in_site: the service was told, and shows it on the next visit
        NO_ANSWER = "no_answer"
        WRONG_NUMBER = "wrong_number"
        LEFT_WORD = "left_word"
        REACHED = "reached"
        SENT = "sent"  # sms
        FAILED = "failed"  # sms
        MADE = "made"  # letter
        POSTED = "posted"
        RETURNED = "returned"

    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    rung = models.CharField(max_length=7, choices=Rung.choices)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    at = models.DateTimeField()
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "id"], name="contact_by_case")]


class Letter(models.Model):
    """A letter with a deadline: its facts, from which the PDF is made anew; the correction code only as a hash.

    Kept with the case. The code ends with the case.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    made = models.DateTimeField()
    deadline = models.DateField()
    code = models.BinaryField(max_length=32)
    sealed_code = models.BinaryField()  # to print it again; wrapped for this row
    tries = models.PositiveSmallIntegerField(default=0)
    posted = models.DateField(null=True)
    returned = models.DateField(null=True)


class Note(models.Model):
    """An agent's internal note, sealed for its row. Kept with the case; erased with the customer's data."""

    id = models.UUIDField(primary_key=True)
    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.BinaryField()


class Draft(models.Model):
    """What an agent has begun to write, sealed. Kept until it is sent or thrown away, 30 days at most."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12)  # note, answer
    at = models.DateTimeField()
    text = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "agent", "kind"], name="draft_once")]


class Mention(models.Model):
    """An agent was named in an internal note of a case, and is to look at it. Kept with the note."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["note", "agent"], name="mention_once")]
        indexes: ClassVar = [models.Index(fields=["agent"], name="mention_unseen", condition=Q(seen=None))]


class Unsent(models.Model):
    """What an agent has sent and may still call back, sealed for its row. Kept until it leaves or is called back.

    One that could not leave says why in `failed`, and is kept until an agent takes its text back, 30 days at most.
    """

    class Kind(models.TextChoices):
        ANSWER = "answer"  # to a reporter
        INQUIRY = "inquiry"
        SMS = "sms"

    id = models.UUIDField(primary_key=True)  # of the message that it becomes: pressed twice, it is one
    kind = models.CharField(max_length=7, choices=Kind.choices)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, null=True)
    inquiry = models.ForeignKey(Inquiry, on_delete=models.CASCADE, null=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=2)
    text = models.BinaryField()
    at = models.DateTimeField()
    leaves = models.DateTimeField()
    failed = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case"], condition=Q(kind="sms"), name="unsent_one_text_a_case"),
        ]
        indexes: ClassVar = [models.Index(fields=["leaves"], name="unsent_due", condition=Q(failed=""))]


class Presence(models.Model):
    """Who has a case on the screen now, so that two do not answer it. Kept for minutes."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    seen = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "agent"], name="presence_once")]


# -- what a case asks of the organisation --------------------------------------------------------------------


class Assessment(models.Model):
    """Whether a leak must be reported to the authority: the question, its clock, and the answer (APPI, GDPR).

    Kept with the case.
    """

    class Answer(models.TextChoices):
        OPEN = "open"
        NO = "no"
        YES = "yes"

    case = models.OneToOneField(Case, on_delete=models.CASCADE)
    learnt = models.DateTimeField()
    answer = models.CharField(max_length=4, choices=Answer.choices, default=Answer.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    ill_intent = models.BooleanField(default=False)  # 60 days instead of 30 for the full report
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered = models.DateTimeField(null=True)
    first_reported = models.DateTimeField(null=True)
    fully_reported = models.DateTimeField(null=True)


class Improvement(models.Model):
    """Something to be mended, tracked until it is (L7). Kept for ever: it names nobody."""

    class State(models.TextChoices):
        CONSIDERED = "considered"
        PLANNED = "planned"
        SHIPPED = "shipped"
        DECLINED = "declined"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    title = models.CharField(max_length=200)
    public = models.CharField(max_length=500, blank=True)  # what those who asked are told, in the organisation's words
    state = models.CharField(max_length=10, choices=State.choices, default=State.CONSIDERED)
    created = models.DateTimeField()
    ended = models.DateTimeField(null=True)


class Wish(models.Model):
    """Somebody asked for an improvement; who wants to be told has their address sealed here until they are told.

    Then it is erased; the row stays to be counted.
    """

    improvement = models.ForeignKey(Improvement, on_delete=models.CASCADE, null=True)
    case = models.ForeignKey(Case, on_delete=models.SET_NULL, null=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    at = models.DateTimeField()
    language = models.CharField(max_length=2)
    text = models.BinaryField()  # sealed
    sealed_address = models.BinaryField(null=True)
    told = models.DateTimeField(null=True)


# -- who works at the desk -------------------------------------------------------------------------------------


class Agent(models.Model):
    """What an account of Django's may do at the desk, and its second factor, wrapped. Kept with the account."""

    class Role(models.TextChoices):
        AGENT = "agent"
        SUPERVISOR = "supervisor"
        PRIVACY = "privacy"
        ADMINISTRATOR = "administrator"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="agent")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    role = models.CharField(max_length=13, choices=Role.choices)
    language = models.CharField(max_length=2, default="ja")
    undo_seconds = models.PositiveSmallIntegerField(default=10)  # how long what they send may be called back
    totp = models.BinaryField(null=True)
    totp_last = models.BigIntegerField(default=0)  # the last step used: a code is good once (RFC 6238 5.2)


class SavedView(models.Model):
    """A view of the cases that an agent made for themselves. It names no customer. Kept with the account."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    states = models.JSONField(default=list)  # empty: all that are open
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True)
    older = models.PositiveSmallIntegerField(default=0)  # days, at least
    who = models.CharField(max_length=40, blank=True)  # an agent's name, `me`, `nobody`, or empty for any
    number = models.CharField(max_length=9, blank=True)  # a part of the receipt number

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["agent", "name"], name="saved_view_once")]


class SignIn(models.Model):
    """A sign-in that failed, as fingerprints of the name and of where it came from. Kept for a day."""

    who = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["who", "at"], name="sign_in_recent")]
