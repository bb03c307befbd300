"""Text messages to a customer: who carries them, and the two sentences that they say.

Nothing personal, and no link but the service's own name and phone number: a text may reach another hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

import phonenumbers
import structlog
import urllib3
from django.conf import settings
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberMatcher, PhoneNumberType

from atesaki.language import Language
from atesaki.tenants import Service

log = structlog.get_logger(__name__)

_API = "https://api.twilio.com"
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_TEXT = {
    "ja": "【{service}】ご登録について、大切なお知らせがございます。"
    "普段お使いのブックマークからログインし、「お知らせ」をご覧ください。{phone}",
    "en": "{service}: there is an important notice about your registration. "
    'Please sign in to your bookmark and look at "Notices".{phone}',
}
_PHONE = {"ja": "お問い合わせ {phone}", "en": " Questions: {phone}"}


class SmsError(RuntimeError):
    """A text was not sent; the words say why, without the number."""


class SmsProvider(Protocol):
    """Who carries a text message."""

    def send(self, to: str, text: str) -> None:
        """Sends `text` to the number `to` (E.164). Raises `SmsError`; never tries twice."""


class Console:
    """Says in the log that a text would leave, and keeps nothing: for installations without a provider."""

    def send(self, to: str, text: str) -> None:
        """Logs the number's last four digits and how long the text is."""
        log.info("sms.printed", to=f"***{to[-4:]}", letters=len(text))


@dataclass(frozen=True, slots=True, repr=False)
class Twilio:
    """Twilio's Messages API, or anything that speaks it."""

    sid: str
    token: str
    sender: str
    api: str = _API

    def send(self, to: str, text: str) -> None:
        """One POST; an answer that was lost counts as not sent, and is not asked for again: it could send twice."""
        url = f"{self.api}/2010-04-01/Accounts/{quote(self.sid, safe='')}/Messages.json"
        headers = urllib3.make_headers(basic_auth=f"{self.sid}:{self.token}")
        fields = {"To": to, "From": self.sender, "Body": text}
        try:
            with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=15)) as pool:
                answer = pool.request("POST", url, fields=fields, encode_multipart=False, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise SmsError(type(error).__name__) from error
        if answer.status not in (200, 201):
            raise SmsError(f"{answer.status} {_code(answer.data)}".strip())


def _code(body: bytes) -> str:
    """The provider's own error number; its sentence may repeat the number that was texted."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    code = found.get("code") if isinstance(found, dict) else None
    return str(code) if isinstance(code, int) else ""


def sms_provider() -> SmsProvider:
    """What `ATESAKI_SMS` names: `console:` or `twilio://SID:TOKEN@FROM`. Raises `SmsError` for anything else.

    `?api=URL` sends to another base than Twilio's own. FROM is a number, a name or a messaging service.
    """
    url = str(settings.ATESAKI_SMS)
    parts = urlsplit(url)
    if parts.scheme == "console":
        return Console()
    login, _, sender = parts.netloc.rpartition("@")  # not `hostname`: that is in lower case, and a name is not
    sid, _, token = login.partition(":")
    if parts.scheme != "twilio" or not (sid and token and sender):
        raise SmsError("ATESAKI_SMS must be console: or twilio://SID:TOKEN@FROM")
    api = parse_qs(parts.query).get("api", [_API])[0].rstrip("/")
    return Twilio(unquote(sid), unquote(token), unquote(sender), api)


def number(typed: str, zone: str) -> PhoneNumber | None:
    """The phone number that was typed, if it can be called; without a country it is of the service's own."""
    try:
        found = phonenumbers.parse(typed, _region(zone))
    except phonenumbers.NumberParseException:
        return None
    # Only possible, not valid: the lists of numbers given out grow old, and an agent may try.
    return found if phonenumbers.is_possible_number(found) else None


def mobile(found: PhoneNumber | None) -> str | None:
    """The number as E.164 if it can be texted."""
    if found is None or phonenumbers.number_type(found) not in _MOBILE:
        return None
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)


def national(found: PhoneNumber, zone: str) -> str:
    """The number as it is written in the service's country: `090-0000-4711`."""
    home = phonenumbers.country_code_for_region(_region(zone))
    shape = PhoneNumberFormat.NATIONAL if found.country_code == home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(found, shape)


def text(service: Service, lang: Language) -> str:
    """What the message says."""
    lines = "\n".join(service.own)
    own = next((match.raw_string for match in PhoneNumberMatcher(lines, _region(service.zone))), "")
    phone = _PHONE[lang].format(phone=own) if own else ""
    return _TEXT[lang].format(service=service.name, phone=phone)


def _region(zone: str) -> str:
    return "JP" if zone == "Asia/Tokyo" else "GB" if zone == "Europe/London" else "US"
