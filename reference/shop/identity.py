"""Coming in through Aozora ID: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).

State, nonce and verifier are made anew each time and used once; the ID token is checked in full (3.1.3.7).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jwt
import urllib3
from django.conf import settings
from django.core.cache import cache

_ALGORITHMS = ["RS256", "ES256"]
_LONGEST_WAY = 600  # seconds from our login page to the callback
_pool = urllib3.PoolManager(timeout=urllib3.Timeout(5), retries=False)


class Refused(Exception):
    """Nobody comes in; the reason is for the log and names no person."""


@dataclass(frozen=True)
class Person:
    """What the ID service says. `email` only where it says that it is proved."""

    sub: str
    name: str
    email: str


def begin(session: Any, then: str) -> str:
    """Where to send the browser. The way back is remembered in its session."""
    verifier = secrets.token_urlsafe(48)
    way = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": verifier,
        "then": then,
        "begun": time.time(),
    }
    session["netid"] = way
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": settings.NETID_CLIENT_ID,
        "redirect_uri": callback(),
        "scope": "openid profile email",
        "state": way["state"],
        "nonce": way["nonce"],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{_provider()['authorization_endpoint']}?{urlencode(asked)}"


def finish(session: Any, answer: Any) -> tuple[Person, str]:
    """Who came back with `answer` (the callback's query), and where to go then. Raises Refused.

    1. The way is ours, fresh, and used once. 2. The code for tokens. 3. The ID token. 4. Its rest, from userinfo.
    """
    way = session.pop("netid", None)
    if not way or not _same(way["state"], answer.get("state", "")):
        raise Refused("the state is not this browser's")
    if time.time() - way["begun"] > _LONGEST_WAY:
        raise Refused("it took too long")
    if "iss" in answer and answer["iss"] != settings.NETID_URL:  # RFC 9207
        raise Refused("another issuer answered")
    if not answer.get("code"):
        raise Refused(f"no code: {answer.get('error', '')[:40]}")
    tokens = _tokens(answer["code"], way["verifier"])
    claims = _checked(str(tokens.get("id_token", "")), way["nonce"])
    if "name" not in claims and tokens.get("access_token"):
        more = _json("GET", _provider()["userinfo_endpoint"], headers=_bearer(tokens["access_token"]))
        if more.get("sub") != claims["sub"]:
            raise Refused("userinfo speaks of somebody else")
        claims = {**more, **claims}
    proved = claims.get("email_verified") is True or settings.ERA == "2017"  # in 2017 nobody asked
    email = str(claims.get("email", "")) if proved else ""
    return Person(str(claims["sub"]), str(claims.get("name") or "")[:100], email), way["then"]


def _same(one: str, other: str) -> bool:
    """As bytes: of text `compare_digest` takes ASCII alone, and what comes in a query may be anything."""
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def callback() -> str:
    return f"{settings.SHOP_URL}/netid/callback"


def _tokens(code: str, verifier: str) -> dict[str, Any]:
    basic = urllib3.make_headers(basic_auth=f"{settings.NETID_CLIENT_ID}:{settings.NETID_CLIENT_SECRET}")
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback(),
        "client_id": settings.NETID_CLIENT_ID,
        "code_verifier": verifier,
    }
    headers = {**basic, "Content-Type": "application/x-www-form-urlencoded"}
    return _json("POST", _provider()["token_endpoint"], body=urlencode(asked), headers=headers)


def _checked(token: str, nonce: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(jwt.get_unverified_header(token).get("kid")),
            algorithms=_ALGORITHMS,
            audience=settings.NETID_CLIENT_ID,
            issuer=settings.NETID_URL,
            leeway=30,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise Refused(f"the ID token is not good: {type(error).__name__}") from error
    if not _same(str(claims.get("nonce", "")), nonce):
        raise Refused("the ID token is of another login")
    if claims.get("azp", settings.NETID_CLIENT_ID) != settings.NETID_CLIENT_ID:
        raise Refused("the ID token is for another service")
    return claims


def _key(kid: str | None) -> Any:
    """The key that signs; fetched anew once where it is unknown, for keys are changed."""
    for fresh in (False, True):
        keys = _kept("jwks", _provider()["jwks_uri"], fresh)["keys"]
        for each in keys:
            if each.get("kid") == kid or (kid is None and len(keys) == 1):
                return jwt.PyJWK(each).key
    raise Refused("the ID token's key is unknown")


def _provider() -> dict[str, Any]:
    found = _kept("provider", f"{settings.NETID_URL}/.well-known/openid-configuration", False)
    if found.get("issuer") != settings.NETID_URL:
        raise Refused("the ID service calls itself by another name")
    return found


def _kept(name: str, url: str, fresh: bool) -> dict[str, Any]:
    known: dict[str, Any] | None = None if fresh else cache.get(f"netid:{name}")
    if known is None:
        known = _json("GET", url)
        cache.set(f"netid:{name}", known, 600)
    return known


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _json(method: str, url: str, **more: Any) -> dict[str, Any]:
    try:
        answer = _pool.request(method, url, **more)
        if answer.status != 200:
            raise Refused(f"the ID service answered {answer.status}")
        found = json.loads(answer.data)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise Refused(f"the ID service does not answer: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise Refused("the ID service answered nonsense")
    return found
