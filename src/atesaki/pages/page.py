"""How every page of ours is made into a response, and what holds for every response."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from . import wording

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_TOKEN_PATH = re.compile("/[cnmq]/")


def page(request: HttpRequest, template: str, status: int = 200, **context: object) -> HttpResponse:
    """The page of `template`, in the reader's language.

    Guarded here too: Django makes some refusals, such as of a wrong host, outside of our middleware.
    """
    return guarded(request, render(request, f"pages/{template}.html", context, status=status))


def guarded(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Adds the headers that are not there yet."""
    for name, value in _HEADERS.items():
        response.setdefault(name, value)
    # With `no-referrer` a browser sends `Origin: null` with every form (Fetch, "append a request Origin header"),
    # and Django's CSRF check refuses that. So only pages with a token in their path, whose forms need no CSRF
    # check, are as strict as that.
    with_token = _TOKEN_PATH.match(request.path)
    response.setdefault("Referrer-Policy", "no-referrer" if with_token else "same-origin")
    if response.get("Content-Type", "").startswith("text/html"):
        response.setdefault("Content-Language", wording.chosen(request))
        patch_vary_headers(response, ["Accept-Language"])
    return response
