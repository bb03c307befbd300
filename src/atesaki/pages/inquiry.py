"""`/q/TOKEN`: an inquiry as its mailbox sees it. What was asked and answered is shown to who has its number (L1).

Exempt from the CSRF check like the other pages behind a token: see the head of `views`.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from atesaki import desk, language
from atesaki.models import Inquiry

from . import views, wording
from .page import page

LONGEST = 5_000  # characters of one message
_OPEN_SECONDS = 3_600  # for which the number need not be entered again on this page
_LONGEST_NUMBER = 40
_SALT = "atesaki.inquiry.open"
_POSTED = ["GET", "HEAD", "POST"]


@csrf_exempt
@require_http_methods(_POSTED)
def inquiry(request: HttpRequest, token: str) -> HttpResponse:
    """Asks for the number; a POST with the right one shows what was written, on this page and in no address.

    1 A token that opens nothing gets the one page for all such.
    2 What cannot be a number is sent back without costing a try.
    3 Each other try is counted; too many, and only the desk can be written to.
    """
    found = desk.inquiries.behind(token)
    if found is None:
        return views.gone(request)
    if request.method != "POST":
        return _locked(request, token, found)
    typed = request.POST.get("number", "")[:_LONGEST_NUMBER]
    lang = wording.chosen(request)
    if sum(letter.isalnum() for letter in unicodedata.normalize("NFKC", typed)) not in (4, 8):
        return _locked(request, token, found, 422, typed=typed, error=wording.say(lang, "inquiry.wrong_form"))
    said = desk.inquiries.unlock(found, typed)
    if said == "right":
        return _shown(request, token, found)
    if said == "closed":
        return _locked(request, token, found, 422)
    return _locked(request, token, found, 422, typed=typed, error=wording.say(lang, "inquiry.wrong_number"))


@csrf_exempt
@require_http_methods(_POSTED)
def write(request: HttpRequest, token: str) -> HttpResponse:
    """A message to the desk: with the page open, or from the mailbox alone, and then the desk is told so."""
    found = desk.inquiries.behind(token)
    if found is None:
        return views.gone(request)
    if request.method != "POST":
        return _see(request, "inquiry", token)
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc").strip()
    is_open = _is_open(request.POST.get("open", ""), found)
    answer = _shown if is_open else _locked
    lang = wording.chosen(request)
    if not text:
        return answer(request, token, found, 422, wrong=wording.say(lang, "case.wrong_empty"))
    if len(text) > LONGEST:
        wrong = wording.say(lang, "case.wrong_long", count=len(text), most=LONGEST)
        return answer(request, token, found, 422, wrong=wrong, text=text)
    if not desk.knock("message", f"inquiry {found.pk}"):
        wrong = wording.say(lang, "case.wrong_many")
        return answer(request, token, found, 429, wrong=wrong, text=text)
    desk.inquiries.hear(found, text, "page" if is_open else "unknown")
    if not is_open:
        return _see(request, "inquiry_written", token)
    return _shown(request, token, found, written=True)  # no redirect: the page would ask for the number again


@csrf_exempt
@require_safe
def written(request: HttpRequest, token: str) -> HttpResponse:
    """The message was taken: a reload sends nothing twice."""
    found = desk.inquiries.behind(token)
    return _locked(request, token, found, written=True) if found else views.gone(request)


@csrf_exempt
@require_http_methods(_POSTED)
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """The mailbox never wrote this: one button, and nothing more about it is mailed."""
    found = desk.inquiries.behind(token)
    if found is None:
        return views.gone(request)
    disowned = Inquiry.End.DISOWNED
    if request.method != "POST":
        if found.end == disowned:
            return page(request, "inquiry_disowned", inquiry=found, gone=True, not_me_token="", **_told(found))
        return page(request, "inquiry_not_me", token=token, inquiry=found, **_told(found))
    return _disowned(request, found, gone=desk.inquiries.disown(found))


@csrf_exempt  # a mail program presses this: it has neither our cookie nor our page (RFC 8058 section 3.1)
@require_http_methods(_POSTED)
def one_click(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: a POST with the one body silences the mails of this inquiry; whatever the token, the answer is one."""
    if request.method != "POST":
        response = page(request, "one_click", 405, token=token, leads="inquiry_not_me")
        response["Allow"] = "POST"
        return response
    lang = wording.chosen(request)
    if request.POST.get("List-Unsubscribe") != "One-Click":
        return views.plain(wording.say(lang, "one_click.malformed"), 400)
    desk.inquiries.silence(token)
    return views.plain(wording.say(lang, "one_click.received"))


def _locked(request: HttpRequest, token: str, found: Inquiry, status: int = 200, **context: Any) -> HttpResponse:
    """The page without a word of what was written."""
    closed = Inquiry.objects.values_list("tries", flat=True).get(pk=found.pk) >= desk.inquiries.TRIES
    given: dict[str, Any] = {"token": token, "closed": closed, "longest": LONGEST, **_told(found), **context}
    return page(request, "inquiry_locked", status, inquiry=found, **given)


def _shown(request: HttpRequest, token: str, found: Inquiry, status: int = 200, **context: Any) -> HttpResponse:
    found.refresh_from_db()
    lang, zone = wording.chosen(request), desk.inquiries.zone_of(found)
    said = [(each, language.moment(each.at, zone, lang)) for each in desk.inquiries.conversation(found)]
    given: dict[str, Any] = {
        "token": token,
        "conversation": [(each, at) for each, at in said if each.kind != "returned"],
        "open": signing.dumps(found.pk, salt=_SALT),
        "longest": LONGEST,
        "kept_days": desk.inquiries.KEPT_DAYS,
        "due": desk.by_day(found.due, zone, lang) if found.due else "",
        **_told(found),
        **context,
    }
    return page(request, "inquiry", status, inquiry=found, **given)


def _disowned(request: HttpRequest, found: Inquiry, *, gone: bool) -> HttpResponse:
    """What follows; and the way on for who gets mail of a registration here, too, that is not theirs."""
    token = desk.inquiries.registration(found)
    return page(request, "inquiry_disowned", inquiry=found, gone=gone, not_me_token=token, **_told(found))


def _told(found: Inquiry) -> dict[str, Any]:
    service = found.service
    return {
        "service": service.name if service else "",
        "organisation": service.organisation.name if service else "",
        "number": desk.inquiries.shown_number(found),
    }


def _is_open(signed: str, found: Inquiry) -> bool:
    try:
        return bool(signing.loads(signed, salt=_SALT, max_age=_OPEN_SECONDS) == found.pk)
    except signing.BadSignature:
        return False


def _see(request: HttpRequest, name: str, token: str) -> HttpResponse:
    lang = wording.asked(request)
    response = HttpResponseRedirect(reverse(name, args=[token]) + (f"?lang={lang}" if lang else ""))
    response.status_code = 303  # RFC 9110 15.4.4
    return response
