"""`/m/TOKEN`: a case as its reporter sees it, and what they may choose and write. Nothing of the customer's (L1).

Exempt from the CSRF check like the other pages behind a token: see the head of `views`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import wraps
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from atesaki import desk, language, ownership
from atesaki.desk import Case, Reporter
from atesaki.models import Step

from . import views, wording
from .page import page

LONGEST = 5_000  # characters of one message
# The steps that concern the reporter. One that is not named here is not shown: the desk writes others among them,
# and a new one must not reach this page by being new.
_SHOWN = frozenset(
    {
        *("opened", "said_again", "stopped", "services_told", "acknowledged", "reported", "answered", "end_told"),
        *("ended_corrected", "ended_withdrawn", "ended_proved", "ended_kept", "ended_lapsed", "erased"),
    }
)
_SAVED = frozenset({"wish", "late", "disposal", "message", "improvement"})
_DISPOSALS = (Reporter.Disposal.DELETED, Reporter.Disposal.OPENED, Reporter.Disposal.UNDISCLOSED)


@csrf_exempt
@require_safe
def case(request: HttpRequest, token: str) -> HttpResponse:
    """What was done, what comes next, and the forms."""
    found = desk.behind(token)
    if found is None:
        return views.gone(request)
    saved = request.GET.get("saved", "")
    return _shown(request, token, found, saved=saved if saved in _SAVED else "")


class _Wrong(ValueError):
    """A form cannot be taken; the text says why, in the reader's language."""

    def __init__(self, text: str, status: int = 422) -> None:
        super().__init__(text)
        self.status = status


def _form(name: str) -> Callable[[Callable[[HttpRequest, Case], str | None]], Callable[..., HttpResponse]]:
    """A form of the page `name`: its view takes what was sent, and may return another word for what was saved.

    What is wrong with it is said beside the form, which keeps what was typed. A reader who comes by the language
    switch is led to the page.
    """

    def wrap(take: Callable[[HttpRequest, Case], str | None]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(take)
        def view(request: HttpRequest, token: str) -> HttpResponse:
            found = desk.behind(token)
            if found is None:
                return views.gone(request)
            if request.method != "POST":
                return _done(request, token)
            try:
                saved = take(request, found) or name
            except _Wrong as error:
                tell = name == "improvement" and request.POST.get("tell") == "yes"
                wrong = {"form": name, "error": str(error), "text": _written(request), "tell": tell}
                return _shown(request, token, found, wrong=wrong, status=error.status)
            return _done(request, token, saved)

        return view

    return wrap


@_form("wish")
def choose(request: HttpRequest, found: Case) -> str:
    """How much its reporter wishes to be told."""
    quiet = desk.choose(found, _chosen(request, "wish", Reporter.Wish.values), wording.chosen(request))
    return "wish" if quiet else "late"


@_form("disposal")
def dispose(request: HttpRequest, found: Case) -> None:
    """What became of the mails that came before."""
    desk.answer_disposal(found, _chosen(request, "disposal", _DISPOSALS))


@_form("message")
def write(request: HttpRequest, found: Case) -> None:
    """A message to the desk."""
    desk.hear(found, _in_turn(request, found, _text(request)))


@_form("improvement")
def improve(request: HttpRequest, found: Case) -> None:
    """The wish for an improvement."""
    desk.wish_for(
        found, _in_turn(request, found, _text(request)), wording.chosen(request), tell=request.POST.get("tell") == "yes"
    )


def _done(request: HttpRequest, token: str, saved: str = "") -> HttpResponse:
    """To the page, which says what was taken: a reload then sends nothing twice."""
    chosen = {"saved": saved, "lang": wording.asked(request) or ""}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return HttpResponseRedirect(reverse("case", args=[token]) + (f"?{query}" if query else ""))


def _written(request: HttpRequest) -> str:
    """What was typed, with the line ends of this house and without what no keyboard makes."""
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc").strip()


def _text(request: HttpRequest) -> str:
    """What was written. Raises `_Wrong`."""
    text, lang = _written(request), wording.chosen(request)
    if not text:
        raise _Wrong(wording.say(lang, "case.wrong_empty"))
    if len(text) > LONGEST:
        raise _Wrong(wording.say(lang, "case.wrong_long", count=len(text), most=LONGEST))
    return text


def _in_turn(request: HttpRequest, found: Case, text: str) -> str:
    """What was written, unless it is one too many: whoever has the token must not fill the desk. Raises `_Wrong`."""
    if not desk.knock("message", f"case {found.pk}"):
        raise _Wrong(wording.say(wording.chosen(request), "case.wrong_many"), 429)
    return text


def _chosen(request: HttpRequest, name: str, among: Collection[str]) -> str:
    """What was chosen. Raises `_Wrong`."""
    choice = request.POST.get(name, "")
    if choice not in among:
        raise _Wrong(wording.say(wording.chosen(request), "case.wrong_choice"))
    return choice


def _shown(
    request: HttpRequest,
    token: str,
    found: Case,
    *,
    saved: str = "",
    wrong: dict[str, object] | None = None,
    status: int = 200,
) -> HttpResponse:
    lang, zone = wording.chosen(request), found.service.zone
    facts = desk.facts_of(found)
    address = ownership.plain(bytes(found.digest))
    moments = {"silent_at": facts.silent, "closed_at": facts.closed, "erased_at": facts.erased}
    forgotten = facts.closed + timedelta(days=desk.KEPT_DAYS) if facts.closed else None
    days = {"due_on": facts.due, "report_on": facts.report_due, "words_until": forgotten}
    conversation = desk.conversation(found)
    return page(
        request,
        "case",
        status,
        token=token,
        case=found,
        wrote=any(said.by_reporter for said in conversation),
        says=desk.says(facts),
        facts=facts,
        reporter=Reporter.objects.get(case=found),
        masked=address.masked() if address else "",
        steps=_steps(found, facts),
        conversation=[(said, language.moment(said.at, zone, lang)) for said in conversation],
        kept_days=desk.KEPT_DAYS,
        longest=LONGEST,
        saved=saved,
        wrong=wrong or {},
        **{name: language.moment(at, zone, lang) if at else "" for name, at in moments.items()},
        **{name: desk.by_day(at, zone, lang) if at else "" for name, at in days.items()},
        promised_on=language.day(facts.promised, lang) if facts.promised else "",
        zone=zone,
    )


def _steps(found: Case, facts: desk.Facts) -> list[Step]:
    """What was done, oldest first; who did it is not shown, for an agent's name is no reporter's business."""
    rows = Step.objects.filter(case=found, what__in=_SHOWN).order_by("pk")
    return [
        row
        for row in rows
        if not (row.what == "services_told" and not row.number) and not (row.what == "erased" and facts.erased is None)
    ]
