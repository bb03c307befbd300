"""Who is asking, whether they may, how much of their quota is left, and what they sent."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from django.http import HttpRequest

from atesaki import tenants
from atesaki.tenants import Service

from . import limits
from .limits import Left
from .problems import Problem

_KEY: Final = re.compile(r"Bearer +([!-~]{1,64}?)\.([!-~]{1,200})", re.IGNORECASE)
_REALM: Final = 'Bearer realm="atesaki"'


class Asked(HttpRequest):
    """A request whose key was looked at."""

    auth: Service
    left: Left


class Key:
    """What ninja asks before it reads anything: the service behind the key. Raises `Problem`.

    1 Who is it?  2 How often has it asked?  3 May it ask this?  4 Only now is its body read, up to `octets`.
    """

    def __init__(self, scope: str, quota: str, octets: int) -> None:
        self.scope, self.quota, self.octets = scope, quota, octets

    def __call__(self, request: HttpRequest) -> Service:
        service = _service(request)
        asked = cast(Asked, request)
        asked.left = limits.take(service, self.quota)
        if not asked.left.allowed:
            raise Problem(
                "rate",
                f"This key may ask this {asked.left.quota.per_minute} times a minute; ask again a little later.",
                headers={"Retry-After": str(asked.left.wait)},
            )
        if service.scopes is not None and self.scope not in service.scopes:
            raise Problem(
                "scope",
                f"This key is not for {self.scope}: `atesaki service key NAME --scope {self.scope}` makes one that is.",
                headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{self.scope}"'},
            )
        if request.method in ("POST", "PUT", "PATCH"):
            read_body(request, self.octets)
        return service


def _service(request: HttpRequest) -> Service:
    shown = request.headers.get("Authorization", "")
    found = _KEY.fullmatch(shown.strip())
    service = tenants.identify(found[1], found[2], "api") if found else None
    if service is None:
        wrong = f'{_REALM}, error="invalid_token"' if shown else _REALM
        raise Problem(
            "unauthorized",
            "Send `Authorization: Bearer API_KEY`, as `atesaki service add` or `service key` printed it.",
            headers={"WWW-Authenticate": wrong},
        )
    return service


def read_body(request: HttpRequest, octets: int) -> None:
    """Reads the body, whatever length was announced, and no more than `octets` of it. Raises `Problem`."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    body = b"" if length.isdecimal() and int(length) > octets else cast(Any, request).read(octets + 1)
    if len(body) > octets or (not body and length.isdecimal() and int(length) > octets):
        raise Problem("too-large", f"The body is longer than {octets} octets: send less at a time.")
    request._body = body  # Django's own limit is for forms; a mail may be longer
