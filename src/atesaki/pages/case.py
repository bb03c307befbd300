"""`/m/TOKEN`: a case as its reporter sees it, and what they may choose and write. Nothing of the customer's (L1).

Exempt from the CSRF check like the other pages behind a token: see the head of `views`.
"""

from __future__ import annotations

import unicodedata
from datetime import timedelta
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
_POSTED = ["GET", "HEAD", "POST"]


@csrf_exempt
@require_safe
def case(request: HttpRequest, token: str) -> HttpResponse:
    """What was done, what comes next, and the forms."""
    found = desk.behind(token)
    if found is None:
        return views.gone(request)
    saved = request.GET.get("saved", "")
    return _shown(request, token, found, saved=saved if saved in _SAVED else "")


@csrf_exempt
@require_http_methods(_POSTED)
def choose(request: HttpRequest, token: str) -> HttpResponse:
    """How much its reporter wishes to be told."""
    found = _posted(request, token)
    if isinstance(found, HttpResponse):
        return found
    wish = request.POST.get("wish", "")
    if wish not in Reporter.Wish.values:
        return _wrong(request, token, found, "wish", wording.say(wording.chosen(request), "case.wrong_choice"))
    quiet = desk.choose(found, wish, wording.chosen(request))
    return _done(request, token, "wish" if quiet else "late")


@csrf_exempt
@require_http_methods(_POSTED)
def dispose(request: HttpRequest, token: str) -> HttpResponse:
    """What became of the mails that came before."""
    found = _posted(request, token)
    if isinstance(found, HttpResponse):
        return found
    disposal = request.POST.get("disposal", "")
    if disposal not in _DISPOSALS:
        return _wrong(request, token, found, "disposal", wording.say(wording.chosen(request), "case.wrong_choice"))
    desk.answer_disposal(found, disposal)
    return _done(request, token, "disposal")


@csrf_exempt
@require_http_methods(_POSTED)
def write(request: HttpRequest, token: str) -> HttpResponse:
    """A message to the desk."""
    found = _posted(request, token)
    if isinstance(found, HttpResponse):
        return found
    text = _written(request)
    if wrong := _unfit(request, text):
        return _wrong(request, token, found, "message", wrong, text=text)
    desk.hear(found, text)
    return _done(request, token, "message")


@csrf_exempt
@require_http_methods(_POSTED)
def improve(request: HttpRequest, token: str) -> HttpResponse:
    """The wish for an improvement."""
    found = _posted(request, token)
    if isinstance(found, HttpResponse):
        return found
    text, tell = _written(request), request.POST.get("tell") == "yes"
    if wrong := _unfit(request, text):
        return _wrong(request, token, found, "improvement", wrong, text=text, tell=tell)
    desk.wish_for(found, text, wording.chosen(request), tell=tell)
    return _done(request, token, "improvement")


def _posted(request: HttpRequest, token: str) -> Case | HttpResponse:
    """The case that a form of this page is about; a reader who comes by the language switch is led to the page."""
    found = desk.behind(token)
    if found is None:
        return views.gone(request)
    return found if request.method == "POST" else _done(request, token)


def _done(request: HttpRequest, token: str, saved: str = "") -> HttpResponse:
    """To the page, which says what was taken: a reload then sends nothing twice."""
    chosen = {"saved": saved, "lang": wording.asked(request) or ""}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return HttpResponseRedirect(reverse("case", args=[token]) + (f"?{query}" if query else ""))


def _wrong(
    request: HttpRequest, token: str, found: Case, form: str, error: str, *, text: str = "", tell: bool = False
) -> HttpResponse:
    return _shown(request, token, found, wrong={"form": form, "error": error, "text": text, "tell": tell}, status=422)


def _written(request: HttpRequest) -> str:
    """What was typed, with the line ends of this house and without what no keyboard makes."""
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc").strip()


def _unfit(request: HttpRequest, text: str) -> str:
    lang = wording.chosen(request)
    if not text:
        return wording.say(lang, "case.wrong_empty")
    if len(text) > LONGEST:
        return wording.say(lang, "case.wrong_long", count=len(text), most=LONGEST)
    return ""


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
