"""The OpenID endpoints, where allauth's are not strict enough: PKCE for every client, each grant used once.

Promise: a code or refresh token that comes a second time gets nothing, and ends what the first one gave.
Never: answers from the Host header.
On failure: the grant is refused.
Read first: RFC 9700, 2.1.1 (PKCE) and 4.14.2 (replay); allauth/idp/oidc/views.py.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

from allauth.core.internal.httpkit import add_query_params
from allauth.idp.oidc import views
from allauth.idp.oidc.internal.clientkit import is_redirect_uri_allowed
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from reference.idp.models import Spent

_CHALLENGE = re.compile(r"\A[A-Za-z0-9_-]{43}\Z")  # base64url of a SHA-256: RFC 7636, 4.2
KEPT = timedelta(days=30)


class Authorization(views.AuthorizationView):
    """allauth asks only public clients for PKCE, and takes `plain`."""

    def get(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """Looked at before the person is asked to sign in: a wrong request is not worth their password."""
        said = request.GET
        client, uri = Client.objects.filter(pk=said.get("client_id")).first(), said.get("redirect_uri", "")
        # Only to where this client registered: RFC 6749, 4.1.2.1.
        if not client or not is_redirect_uri_allowed(uri, client.get_redirect_uris(), client.allow_uri_wildcards):
            return render(request, "idp/oidc/error.html", status=400)
        if said.get("code_challenge_method") != "S256" or not _CHALLENGE.match(said.get("code_challenge", "")):
            wrong = {"error": "invalid_request", "error_description": "PKCE with S256 is required"}
            if state := said.get("state"):
                wrong["state"] = state
            return views._ClientHttpResponseRedirect(add_query_params(uri, wrong))
        return super().get(request, *args, **more)


class Tokens(views.TokenView):
    """allauth looks a code up and deletes it, in two steps: two requests at once would both be served."""

    def post(self, request: HttpRequest) -> HttpResponse:
        grant = request.POST.get("grant_type", "")
        secret = request.POST.get({"authorization_code": "code", "refresh_token": "refresh_token"}.get(grant, ""), "")
        if not secret:
            return super().post(request)
        spent = hashlib.sha256(f"{grant}:{secret}".encode()).hexdigest()
        try:
            with transaction.atomic():
                answer = super().post(request)
                if answer.status_code == 200:
                    self._spend(spent, answer)
        except IntegrityError:
            answer = JsonResponse({"error": "invalid_grant"}, status=400)
        if answer.status_code != 200 and _error(answer) == "invalid_grant":
            _end_family(spent)
        return answer

    @staticmethod
    def _spend(spent: str, answer: HttpResponseBase) -> None:
        given = json.loads(answer.content)["access_token"]  # type: ignore[attr-defined]
        token = Token.objects.by_value(given).get()
        Spent.objects.filter(at__lt=timezone.now() - KEPT).delete()
        Spent.objects.create(hash=spent, client=token.client_id, member_id=token.user_id)  # type: ignore[misc]


def _error(answer: Any) -> str:
    try:
        return str(json.loads(answer.content).get("error"))
    except ValueError:
        return ""


def _end_family(spent: str) -> None:
    """A grant came twice: one of the two is a thief, and nobody knows which."""
    if found := Spent.objects.filter(pk=spent).first():
        Token.objects.filter(client_id=found.client, user_id=found.member_id).delete()


@require_safe
def configuration(request: HttpRequest) -> HttpResponse:
    """What this service does, and no more; every address from NETID_URL."""

    def at(name: str) -> str:
        return settings.NETID_URL + reverse(f"idp:oidc:{name}")

    answer = JsonResponse(
        {
            "issuer": settings.NETID_URL,
            "authorization_endpoint": at("authorization"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "revocation_endpoint": at("revoke"),
            "end_session_endpoint": at("logout"),
            "jwks_uri": at("jwks"),
            "scopes_supported": ["openid", "profile", "email"],
            "claims_supported": ["sub", "name", "email", "email_verified"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": list(settings.IDP_OIDC_AUTH_METHODS),
            "code_challenge_methods_supported": ["S256"],
            "ui_locales_supported": ["ja", "en"],
        }
    )
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
