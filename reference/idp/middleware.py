"""What every answer has: its headers; what every template knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def _origin(url: str) -> str:
    found = urlsplit(url)
    return f"{found.scheme}://{found.netloc}"


class Headers:
    """A strict policy, nothing kept in caches, no referrer: a reset link's path is a secret."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # form-action: browsers apply it to where the answer redirects to, and sign-in ends at the shop.
        self.policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
            f" form-action 'self' {_origin(settings.SHOP_URL)}; base-uri 'none'; frame-ancestors 'none'"
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        answer.headers.setdefault("Content-Security-Policy", self.policy)
        answer.headers.setdefault("Referrer-Policy", "same-origin")
        answer.headers.setdefault("X-Frame-Options", "DENY")
        answer.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if not request.path.startswith(settings.STATIC_URL):
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer


def everywhere(request: HttpRequest) -> dict[str, Any]:
    from reference.idp import addresses

    member = getattr(request, "user", None)
    asked_to_correct = None
    if settings.ERA != "2017" and member is not None and member.is_authenticated:
        asked_to_correct = addresses.open_case(member)
    return {
        "ERA": settings.ERA,
        "SHOP_URL": settings.SHOP_URL,
        "PASSKEYS": settings.PASSKEYS,
        "case_to_correct": asked_to_correct,
    }
