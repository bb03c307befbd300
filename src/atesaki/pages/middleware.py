"""What holds for every answer of a view, and what is said when the store is away."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from atesaki import tracing

from . import errors
from .page import guarded

log = structlog.get_logger(__name__)


class Guard:
    """The innermost middleware: it sees what every view answers, and every exception that a view raises."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Lets the view answer, gives a bare refusal of a method its page, and adds the headers."""
        with tracing.span("page", method=request.method or ""):
            response = self.get_response(request)
            # The name of the pattern and never the path, which may hold a token.
            view = request.resolver_match.view_name if request.resolver_match else ""
            tracing.say(view=view, status=response.status_code)
        if response.status_code == 405 and not response.content:
            response = errors.wrong_method(request, response["Allow"])
        return guarded(request, response)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answers 503 for a store that is away; anything else is a fault of ours, and Django's to answer."""
        if isinstance(exception, (OperationalError, InterfaceError)):
            log.error("database.away", exc_info=exception)
            return errors.unavailable(request)
        return None
