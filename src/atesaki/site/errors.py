"""A request that Django refuses before any view: told in the words of whoever was asked, a page or a problem."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: a wrong Host, above all."""
    asked = "doors.api.problems" if request.path_info.startswith("/api/v1/") else "pages.errors"
    answer: HttpResponse = import_string(f"atesaki.{asked}.bad_request")(request, exception)
    # Django makes it outside of our middleware, so what that adds to every answer is added here.
    guarded: HttpResponse = import_string("atesaki.pages.page.guarded")(request, answer)
    return guarded
