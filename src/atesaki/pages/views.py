"""What a mailbox owner sees and presses. GET shows; only POST acts, once however often it is pressed.

The pages behind a token are exempt from Django's CSRF check, on purpose: what authorises them is the token in
the path, which a foreign site cannot know, so there is nothing that it could forge; and the browsers inside mail
programs often refuse the cookie that the check needs, which would lock out just the people these pages are for.
"""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from atesaki import content, desk, gate, language, notme, ownership, tenants
from atesaki.ownership import Purpose, Standing, Visit

from . import mailbox, wording
from .page import page

_LONGEST_ANSWER = 40
_DIGITS = {"match": 2, "phone_last4": 4, "birth_year": 4}


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """What this installation is."""
    return page(request, "front", development=mailbox.folder() is not None)


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Which services send through here, and how to know our mail from a forged one."""
    senders = [service for service in tenants.services() if service.retired is None]
    return page(
        request,
        "about",
        services=senders,
        domain=settings.ATESAKI_MAIL_DOMAIN,
        url=f"{settings.ATESAKI_PUBLIC_URL}/",
    )


def gone(request: HttpRequest) -> HttpResponse:
    """One page for a token that is unknown, expired or revoked: nobody learns which."""
    return page(request, "gone", 404)


# -- /c/TOKEN: is this mailbox yours? ----------------------------------------------------------------------


@csrf_exempt  # see the head of this file
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Shows the two choices; a POST is "this is my account", with an answer or as a click alone.

    1 A token that opens nothing gets the one page for all such.
    2 GET shows the choices.
    3 An answer that cannot be one is sent back without costing a try.
    4 The gate judges the rest; what it says becomes a page.
    """
    visit = ownership.visit(token, Purpose.CONFIRM)
    if visit is None:
        return gone(request)
    if request.method != "POST":
        return _choices(request, token, visit)
    kind = request.POST.get("kind", "")
    typed = request.POST.get("answer", "")[:_LONGEST_ANSWER]
    answer = unicodedata.normalize("NFKC", typed).strip()
    slip = _slip(request, kind, answer) if kind else ""
    if slip or (kind and kind not in visit.questions):
        return _choices(request, token, visit, status=422, kind=kind, typed=typed, error=slip)
    said = gate.confirm(token, kind, answer)
    if said.result == "proved":
        back = visit.return_url
        return page(request, "confirmed", service=visit.service.name, released=said.released, back=back)
    if said.result == "answered":
        return page(request, "answered", service=visit.service.name, back=visit.return_url)
    visit = ownership.visit(token, Purpose.CONFIRM)
    if said.result == "gone" or visit is None:
        return gone(request)
    lang = wording.chosen(request)
    if said.result == "unusable":
        return _choices(request, token, visit, status=422, error=wording.say(lang, "wrong.unusable"))
    error = wording.say(lang, "wrong.answer", left=said.tries_left)
    return _choices(request, token, visit, status=422, kind=kind, typed=typed, error=error)


def _choices(
    request: HttpRequest,
    token: str,
    visit: Visit,
    *,
    status: int = 200,
    kind: str = "",
    typed: str = "",
    error: str = "",
) -> HttpResponse:
    """The page with both choices. `state` says what "this is my account" can still be."""
    if visit.standing is Standing.PROVED:
        state = "proved"
    elif not visit.tries_left:
        state = "closed"
    elif visit.questions:
        state = "question"
    elif visit.standing is Standing.ANSWERED and not visit.service.accept_answered:
        state = "answered"
    else:
        state = "click"
    return page(
        request,
        "confirm",
        status,
        token=token,
        visit=visit,
        state=state,
        questions=_questions(visit, kind, typed, error),
        error=error if state == "question" or not kind else "",
        until=language.moment(visit.expires, visit.service.zone, wording.chosen(request)),
    )


def _questions(visit: Visit, kind: str, typed: str, error: str) -> list[dict[str, object]]:
    """What may be asked, best first, with what was typed and what was wrong with it."""
    return [
        {
            "kind": asked,
            "label": f"question.{asked}",
            "hint": f"question.{asked}_hint",
            # A postal code has letters in half of the world; where the shop speaks Japanese it has none.
            "keyboard": "numeric" if asked in _DIGITS or visit.service.locale == "ja" else "text",
            "typed": typed if asked == kind else "",
            "error": error if asked == kind else "",
        }
        for asked in visit.questions
    ]


def _slip(request: HttpRequest, kind: str, answer: str) -> str:
    """What is wrong with the shape of an answer, as a sentence; empty if nothing is."""
    lang = wording.chosen(request)
    if not answer:
        return wording.say(lang, "wrong.empty")
    count = _DIGITS.get(kind)
    if count and not (answer.isascii() and answer.isdecimal() and len(answer) == count):
        return wording.say(lang, "wrong.digits", count=count)
    if kind == "postal_code" and content.normal_answer(kind, answer) is None:
        return wording.say(lang, "wrong.postal_code")
    return ""


@csrf_exempt  # see the head of this file
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_not_me(request: HttpRequest, token: str) -> HttpResponse:
    """The other choice of `/c/TOKEN`. Its GET is for a reader who comes back by the language switch."""
    if request.method != "POST":
        return HttpResponseRedirect(_switched(request, reverse("confirm", args=[token])))
    return _report(request, token)


# -- /n/TOKEN: this is not me ------------------------------------------------------------------------------


@csrf_exempt  # see the head of this file
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Shows one button for "this is not me" and one, as easy, for leaving everything as it is."""
    if request.method == "POST":
        return _report(request, token)
    visit = ownership.visit(token, Purpose.NOT_ME)
    if visit is None:
        return gone(request)
    if visit.standing is Standing.DISAVOWED:
        return page(request, "stopped_already", token=token, visit=visit)
    return page(request, "not_me", token=token, visit=visit)


def _report(request: HttpRequest, token: str) -> HttpResponse:
    """Reports, and says what was done. A second press says the same again."""
    lang = wording.chosen(request)
    freed = notme.report(token, via="page", lang=lang)
    if freed is None:
        return gone(request)
    moment = language.moment(freed.at, freed.service.zone, lang)
    own = desk.token(freed.case) if freed.case else ""  # none while the case could not be opened: `due` opens it
    return page(request, "stopped", token=token, freed=freed, moment=moment, case_token=own)


@require_safe
def kept(request: HttpRequest, token: str) -> HttpResponse:
    """Leaves everything as it is, and says so."""
    visit = ownership.visit(token, Purpose.NOT_ME)
    if visit is None:
        return gone(request)
    return page(request, "kept", token=token, visit=visit)


@csrf_exempt  # see the head of this file
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest, token: str) -> HttpResponse:
    """To the page to confirm on, for who has a link of ours but none to that: theirs has ended, or mail is stopped."""
    if request.method != "POST":
        return HttpResponseRedirect(_switched(request, reverse("not_me", args=[token])))
    link = ownership.confirm_link(token)
    if link is None:
        return gone(request)
    return HttpResponseRedirect(_switched(request, reverse("confirm", args=[link])))


def _switched(request: HttpRequest, path: str) -> str:
    """A path of ours that keeps the language the reader switched to."""
    lang = wording.asked(request)
    return f"{path}?lang={lang}" if lang else path


@csrf_exempt  # a mail program presses this: it has neither our cookie nor our page (RFC 8058 section 3.1)
@require_http_methods(["GET", "HEAD", "POST"])
def one_click(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: a POST with the one body pauses the mail; whatever the token, the answer is the same."""
    if request.method != "POST":
        response = page(request, "one_click", 405, token=token)
        response["Allow"] = "POST"
        return response
    lang = wording.chosen(request)
    if request.POST.get("List-Unsubscribe") != "One-Click":
        return plain(wording.say(lang, "one_click.malformed"), 400)
    notme.pause(token)
    return plain(wording.say(lang, "one_click.received"))


def plain(text: str, status: int = 200) -> HttpResponse:
    """An answer to a program that reads no page."""
    return HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8", status=status)
