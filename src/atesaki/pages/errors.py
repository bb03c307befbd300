"""What a reader sees when something cannot be done: a sentence and a next step, never our exception's text."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from . import wording
from .page import page


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: what was sent cannot be read."""
    return page(request, "error", 400, section="error400")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, other than by the CSRF check, which has a template of its own (`403_csrf.html`)."""
    return page(request, "error", 403, section="error403")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return page(request, "error", 404, section="error404")


def wrong_method(request: HttpRequest, allow: str) -> HttpResponse:
    """405, with the `Allow` that RFC 9110 15.5.6 asks for."""
    response = page(request, "error", 405, section="error405")
    response["Allow"] = allow
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """500: a fault of ours."""
    return page(request, "error", 500, section="error500")


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database is away. In both languages, the reader's first: nothing else can be offered."""
    first = wording.chosen(request)
    response = page(request, "unavailable", 503, languages=(first, "en" if first == "ja" else "ja"))
    response["Retry-After"] = "120"
    return response
