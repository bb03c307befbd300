"""What the templates say: in two languages, yen, times, pictures."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import get_language

from . import assets

register = template.Library()
_DAYS = ("月火水木金土日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))


def say(japanese: str, english: str) -> str:
    """The words in the browser's language; Japanese where it asks for neither."""
    return english if english and (get_language() or "ja").startswith("en") else japanese


@register.simple_tag
def w(japanese: str, english: str) -> str:
    return say(japanese, english)


@register.simple_tag
def asset(name: str) -> str:
    return assets.url(name)


@register.filter
def yen(sum_: Any) -> str:
    return f"{Decimal(sum_ or 0):,.0f}円"


@register.filter
def day(moment: Any) -> str:
    """11月25日(水); Wed 25 Nov."""
    at: date = timezone.localtime(moment).date() if isinstance(moment, datetime) else moment
    return say(
        f"{at.month}月{at.day}日({_DAYS[0][at.weekday()]})",
        f"{_DAYS[1][at.weekday()]} {at.day} {at:%b}",
    )


@register.filter
def hours(slot: Any) -> str:
    """18:00〜20:00."""
    start = timezone.localtime(slot.starts)
    return f"{start.hour}:00〜{start.hour + 2}:00"


@register.filter
def hour(moment: datetime) -> str:
    at = timezone.localtime(moment)
    return f"{at.hour}:{at.minute:02}"


@register.filter
def phone(typed: Any) -> str:
    """090-0000-1234, as one writes it here; Oscar keeps +81…, and what it does not know as it was typed."""
    digits = re.sub(r"^\+81", "0", str(getattr(typed, "raw_input", None) or typed or ""))
    found = re.fullmatch(r"(0[789]0|0120|03|06|0\d{2,3})(\d{2,4})(\d{4})", re.sub(r"\D", "", digits))
    return "-".join(found.groups()) if found else digits


@register.filter
def number(order_number: str) -> str:
    """482-193-720: in threes, to be read out."""
    return "-".join(order_number[at : at + 3] for at in range(0, len(order_number), 3))
