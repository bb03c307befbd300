"""Template tags of the pages; `settings.TEMPLATES` makes them built in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse

from atesaki.language import Language
from atesaki.language import moment as write_moment

from . import wording

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: dict[str, Any], key: str, lang: Language | None = None, **arguments: object) -> str:
    """`{% say "confirm.lead" service=name %}`: the sentence, escaped as a whole with its arguments."""
    return wording.say(lang or wording.chosen(context["request"]), key, **arguments)


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], name: str, *arguments: object) -> str:
    """`{% here "confirm" token %}`: the address of a page of ours, keeping the language the reader switched to."""
    switched = wording.asked(context["request"])
    return reverse(name, args=arguments) + (f"?lang={switched}" if switched else "")


@register.simple_tag(takes_context=True)
def switched(context: dict[str, Any], lang: Language) -> str:
    """`{% switched "ja" %}`: this page in another language; the rest of its query stays."""
    query = context["request"].GET.copy()
    query["lang"] = lang
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def moment(context: dict[str, Any], at: datetime, zone: str) -> str:
    """`{% moment step.at zone %}`: a moment in full, in the page's language."""
    return write_moment(at, zone, wording.chosen(context["request"]))


@register.simple_tag(takes_context=True)
def language(context: dict[str, Any]) -> str:
    """The language of this page."""
    return wording.chosen(context["request"])
