"""`{% say "日本語" "English" %}`: the sentence in the reader's language, where both can be seen at once."""

from __future__ import annotations

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


def said(ja: str, en: str) -> str:
    return en if get_language() == "en" else ja


@register.simple_tag
def say(ja: str, en: str, **values: object) -> SafeString | str:
    """`values` replace `{name}` in both, escaped."""
    text = said(ja, en)
    return format_html(text, **values) if values else conditional_escape(text)


@register.inclusion_tag("field.html")
def field(bound: object, hint: str = "") -> dict[str, object]:
    """One field of a form: label, hint, errors, input; for a screen reader, too."""
    return {"field": bound, "hint": hint}


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_DEVICES = ("iPhone", "iPad", "Android", "Windows", "Mac", "Linux")


@register.filter
def device(agent: str) -> str:
    """A browser's own name for itself, as people would say it."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((each for each in _DEVICES if each in agent), "")
    joined = said("（{}）", " ({})").format(system) if browser and system else system
    return f"{browser}{joined}" or said("ほかのブラウザ", "Another browser")
