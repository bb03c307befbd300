"""`/ask`: a question, or mail that somebody does not recognise, from whoever has no link and gives no name.

What is typed is in no URL, no session and no cookie: between the steps it travels signed, in hidden fields.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlencode

import jaconv
import structlog
from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from atesaki import addresses, desk, language, tenants
from atesaki.language import Language
from atesaki.tenants import Service

from . import wording
from .page import page

log = structlog.get_logger(__name__)

SUBJECTS = ("order", "delivery", "membership", "returns", "other")
_LONGEST = {"service": 200, "text": 4000, "name": 100, "furigana": 100, "email": 320}
_LONGEST_REPORT = 2000
_KEPT_SECONDS = 3600
_RETRY_SECONDS = 600
_STATE, _RECEIPT = "atesaki.ask.state", "atesaki.ask.receipt"


@require_safe
def subjects(request: HttpRequest) -> HttpResponse:
    """What is it about? Mail that is not for the reader comes first, and needs no name."""
    service = request.GET.get("service", "")
    links = {subject: _path(request, "ask_inquiry", subject, service=service) for subject in SUBJECTS}
    return page(request, "ask", not_mine=_path(request, "ask_not_mine"), links=links)


# -- mail that is not for me -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """An address as it was typed: readable, or what is wrong with it, and what may have been meant."""

    address: str = ""
    error: str = ""
    suggestion: str = ""
    sure: str = ""


# Exempt from the check for forged requests: no cookie authorises anything here, so there is nothing that a foreign
# site could borrow; whoever wants to send this form may, and the limit counts them. The browsers inside of mail
# programs often refuse the cookie that the check needs, which would lock out just those whom the form is for.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def not_mine(request: HttpRequest) -> HttpResponse:
    """One field, one button. What comes of it is the same whether or not anybody knows the address.

    1 What cannot be an address, or looks like a slip, comes back; that depends on the text alone.
    2 The limit counts networks, not addresses.
    3 The report is written down; the worker looks into it.
    4 The answer is another page, so that a reload sends nothing again.
    """
    if request.method != "POST":
        return page(request, "ask_not_mine", read=Read(), most=_LONGEST_REPORT)
    lang = wording.chosen(request)
    typed = request.POST.get("address", "")[: _LONGEST["email"]]
    text = request.POST.get("text", "").replace("\r\n", "\n")
    read = _read(typed, request.POST.get("sure", ""), lang)
    too_long = _too_long(lang, text, _LONGEST_REPORT)
    given: dict[str, Any] = {"read": read, "typed": typed, "text": text, "most": _LONGEST_REPORT}
    if read.error or read.suggestion or too_long:
        return page(request, "ask_not_mine", 422, **given, too_long=too_long)
    if not desk.knock("report", network(request)):
        return _refused(request, "ask_not_mine", **given)
    desk.report(read.address, "form", lang, text)
    return _see(_path(request, "ask_reported"))


@require_safe
def reported(request: HttpRequest) -> HttpResponse:
    """What happens now, in the same words for everybody."""
    return page(request, "ask_reported")


def _read(typed: str, sure: str, lang: Language) -> Read:
    """Reads an address. `sure` is one that looked like a slip and was sent again all the same."""
    try:
        address = addresses.parse(typed)
    except addresses.AddressError as error:
        return Read(error=error.sentence(lang), suggestion=error.suggestion or "")
    meant = addresses.suggest(address) or ""
    return Read(address.text, suggestion="" if sure == address.text else meant, sure=address.text)


# -- a question: input, confirm, sent ----------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def inquiry(request: HttpRequest, subject: str) -> HttpResponse:
    """Input, then a look at it, then sent; each step is a POST of this one address.

    1 GET is the empty form.
    2 A POST without a signed state is what was typed: it comes back with what is wrong, or to be looked at.
    3 With a state it is "back", which keeps everything, or "send"; one that is too old is looked at once more.
    """
    if subject not in SUBJECTS:
        raise Http404
    services = tenants.services()
    if request.method != "POST":
        return _input(request, subject, services, {"service": request.GET.get("service", "")})
    kept = request.POST.get("kept")
    if kept is None:
        return _check(request, subject, services)
    try:
        state = signing.loads(kept, salt=_STATE)
    except signing.BadSignature:
        return page(request, "ask_changed", 400, subject=subject)
    if request.POST.get("step") != "send":
        return _input(request, subject, services, state["typed"])
    try:
        signing.loads(kept, salt=_STATE, max_age=_KEPT_SECONDS)
    except signing.SignatureExpired:
        return _input(request, subject, services, state["typed"], 422, expired=True)
    return _send(request, subject, services, kept, state)


def _input(
    request: HttpRequest,
    subject: str,
    services: list[Service],
    typed: dict[str, str],
    status: int = 200,
    **context: object,
) -> HttpResponse:
    return page(
        request, "ask_input", status, subject=subject, services=services, typed=typed, most=_LONGEST["text"], **context
    )


def _check(request: HttpRequest, subject: str, services: list[Service]) -> HttpResponse:
    """What was typed, made fit; back with what is wrong, else to be looked at, under the number it will have."""
    lang = wording.chosen(request)
    typed = {name: request.POST.get(name, "").replace("\r\n", "\n").strip() for name in _LONGEST}
    typed["name"] = " ".join(typed["name"].split())
    typed["furigana"] = katakana(typed["furigana"])
    wrong = {name: _too_long(lang, typed[name], most) for name, most in _LONGEST.items() if name != "service"}
    if not typed["text"]:
        wrong["text"] = wording.say(lang, "ask_wrong.empty")
    read = Read()
    if typed["email"]:
        read = _read(typed["email"], request.POST.get("sure", ""), lang)
        wrong["email"] = read.error
        typed["email"] = read.address or typed["email"]
    if any(wrong.values()) or read.suggestion:
        return _input(request, subject, services, typed, 422, wrong=wrong, read=read)
    kept = signing.dumps({"typed": typed, "number": desk.new_number()}, salt=_STATE, compress=True)
    service = _service(services, typed)
    return page(request, "ask_confirm", subject=subject, kept=kept, typed=typed, service=service)


def _send(
    request: HttpRequest, subject: str, services: list[Service], kept: str, state: dict[str, Any]
) -> HttpResponse:
    """Keeps the question, once however often it is sent: its number was given before."""
    typed, number = state["typed"], state["number"]
    service = _service(services, typed)
    question = desk.Question(
        subject=subject,
        service=service,
        lang=wording.chosen(request),
        **{name: typed[name] for name in ("text", "name", "furigana", "email")},
    )
    if not desk.inquire(number, question, network(request)):
        return _refused(request, "ask_confirm", subject=subject, kept=kept, typed=typed, service=service)
    zone = (service or next(iter(services), Service())).zone
    until = desk.in_business_days(desk.ANSWER_DAYS, zone)
    told = {"number": number, "until": until.isoformat(), "zone": zone, "answer": bool(typed["email"])}
    return _see(_path(request, "ask_sent", receipt=signing.dumps(told, salt=_RECEIPT)))


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The receipt: nothing of what was typed stands in its address, and a reload sends nothing."""
    try:
        told = signing.loads(request.GET.get("receipt", ""), salt=_RECEIPT)
    except signing.BadSignature:
        raise Http404 from None
    until = language.moment(datetime.fromisoformat(told["until"]), told["zone"], wording.chosen(request))
    return page(request, "ask_sent", number=told["number"], until=until, answer=told["answer"])


def _service(services: list[Service], typed: dict[str, str]) -> Service | None:
    """The one that was chosen; where there is only one, nobody need choose."""
    if len(services) == 1:
        return services[0]
    return next((service for service in services if service.name == typed.get("service")), None)


def katakana(typed: str) -> str:
    """Furigana as full-width katakana, from hiragana or half-width; what is neither stays as it is."""
    composed = unicodedata.normalize("NFC", jaconv.h2z(typed))  # か with a combining mark is が
    return jaconv.hira2kata(" ".join(composed.split()))


def _too_long(lang: Language, text: str, most: int) -> str:
    return wording.say(lang, "ask_wrong.too_long", most=most, count=len(text)) if len(text) > most else ""


# -- what holds for both -----------------------------------------------------------------------------------


def network(request: HttpRequest) -> str:
    """The network that a request came from: a household or an office, not a person (IPv4 /24, IPv6 /48).

    X-Forwarded-For is believed only as far as the deployment has proxies of its own; who is in front of those
    could write anything into it.
    """
    shown = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.ATESAKI_PROXIES
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if 0 < proxies <= len(hops):
        shown = hops[-proxies]
    try:
        address = ip_address(shown.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))
    except ValueError:
        return "unknown"


def _refused(request: HttpRequest, template: str, **context: object) -> HttpResponse:
    """429 (RFC 6585 4): a sentence, and everything that was typed."""
    if "X-Forwarded-For" in request.headers and not settings.ATESAKI_PROXIES:
        log.warning("ask.proxy_unknown", what="X-Forwarded-For is not believed: set ATESAKI_PROXIES")
    response = page(request, template, 429, **context, refused=True)
    response["Retry-After"] = str(_RETRY_SECONDS)
    return response


def _path(request: HttpRequest, name: str, *arguments: str, **query: str) -> str:
    """The address of a page of ours, with the language that the reader switched to."""
    asked = {"lang": wording.asked(request) or "", **query}
    rest = urlencode({name: value for name, value in asked.items() if value})
    return reverse(name, args=arguments) + (f"?{rest}" if rest else "")


def _see(path: str) -> HttpResponse:
    response = HttpResponseRedirect(path)
    response.status_code = 303  # RFC 9110 15.4.4: whatever it was, it is now a GET
    return response
