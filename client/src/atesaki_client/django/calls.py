"""The settings' own client."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from atesaki_client.client import Client


def client() -> Client:
    """The client of `ATESAKI_URL` and `ATESAKI_API_KEY`, one for all threads. Raises `ImproperlyConfigured`."""
    url, key = getattr(settings, "ATESAKI_URL", ""), getattr(settings, "ATESAKI_API_KEY", "")
    if not url or not key:
        raise ImproperlyConfigured("ATESAKI_URL and ATESAKI_API_KEY must be set: `atesaki service add` prints the key.")
    return _made(url, key)


@lru_cache(maxsize=8)
def _made(url: str, key: str) -> Client:
    try:
        return Client(url, key)
    except ValueError as error:
        raise ImproperlyConfigured(f"ATESAKI_URL or ATESAKI_API_KEY: {error}") from error
