"""Answering a reporter: sentences that are true, free words, a preview of the very mail, then one press."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from atesaki import desk, keys
from atesaki.language import Language, language
from atesaki.models import Agent, Case

from .. import wording
from .case import back_to
from .door import Right, within
from .screen import absent, say, show, word


@within(Right.ANSWER, "GET", "HEAD", "POST")
def compose(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """Writes an answer; a POST puts ticked sentences into it, or asks for the preview."""
    case = desk.work.find(agent, number)
    if case is None:
        return absent(request, agent)
    desk.access.opened(case, agent)
    lang = _lang(request, case)
    if request.method != "POST":
        desk.drafts.here(case, agent)
        kept = desk.drafts.kept(case, agent, "answer")
        return _compose(request, agent, case, lang, kept.text if kept else "")
    text = request.POST.get("text", "")
    if "insert" in request.POST:
        return _compose(request, agent, case, lang, _with_sentences(case, lang, text, request.POST.getlist("sentence")))
    desk.drafts.keep(case, agent, "answer", text)
    if "language" in request.POST:
        return HttpResponseRedirect(f"{reverse('desk_answer', args=[case.number])}?in={_other(lang)}")
    try:
        mail = desk.answers.preview(case, text, lang)
    except desk.answers.AnswerError as error:
        return _compose(
            request, agent, case, lang, text, status=422, error=say(request, f"desk_answer_wrong.{error.slug}")
        )
    return show(request, agent, "preview", case=case, mail=mail, text=text, lang_of_mail=lang, key=str(keys.uuid7()))


@within(Right.ANSWER, "POST")
def send(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """Sends what was previewed, when its time to be called back is over. Pressed twice, it is one mail."""
    case = desk.work.find(agent, number)
    if case is None:
        return absent(request, agent)
    text, lang = request.POST.get("text", ""), _lang(request, case)
    if "back" in request.POST:
        return _compose(request, agent, case, lang, text)
    try:
        pk = UUID(request.POST.get("key", ""))
        desk.unsent.answer(case, agent, text, lang, pk)
    except ValueError as error:
        slug = error.slug if isinstance(error, desk.answers.AnswerError) else "again"
        if slug == "sent_already":
            return back_to(case, "timeline")
        return _compose(request, agent, case, lang, text, status=422, error=say(request, f"desk_answer_wrong.{slug}"))
    return back_to(case, "timeline")


def _compose(
    request: HttpRequest, agent: Agent, case: Case, lang: Language, text: str, *, status: int = 200, error: str = ""
) -> HttpResponse:
    obstacle = desk.answers.obstacle(case)
    return show(
        request,
        agent,
        "answer",
        status,
        case=case,
        text=text,
        error=error,
        lang_of_mail=lang,
        mail_language=word(wording.chosen(request), "desk_language", lang),
        other_language=word(wording.chosen(request), "desk_language", _other(lang)),
        reporter_reads=word(wording.chosen(request), "desk_language", desk.answers.written_in(case)),
        sentences=desk.answers.offered(case, lang),
        obstacle=say(request, f"desk_answer_wrong.{obstacle}") if obstacle else "",
        ticked=set(request.POST.getlist("sentence")) if "insert" not in request.POST else set(),
    )


def _with_sentences(case: Case, lang: Language, text: str, ticked: list[str]) -> str:
    """The text with the ticked sentences after it, each a paragraph; one that stands there already is not doubled."""
    said = [each.text for each in desk.answers.offered(case, lang) if each.key in ticked and each.text not in text]
    return "\n\n".join([*([text.strip()] if text.strip() else []), *said])


def _lang(request: HttpRequest, case: Case) -> Language:
    wanted = request.POST.get("in") or request.GET.get("in") or ""
    return language(wanted) if wanted in ("ja", "en") else desk.answers.written_in(case)


def _other(lang: Language) -> Language:
    return "en" if lang == "ja" else "ja"
