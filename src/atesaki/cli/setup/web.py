"""Where links in mails lead, and whether the services can be told what happens."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from .finding import Finding, here, production


def links() -> Iterator[Finding]:
    from django.conf import settings

    url = settings.ATESAKI_PUBLIC_URL
    parts = urlsplit(url)
    mend = "set ATESAKI_PUBLIC_URL to what the mailboxes' owners can open, such as https://mail.example.jp"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield Finding("links", "wrong", f"ATESAKI_PUBLIC_URL={url} is no http(s) URL", mend)
    elif here(parts.hostname):
        state = "wrong" if production() else "ok"
        yield Finding("links", state, f"only this machine can open {url}", mend if state == "wrong" else "")
    elif parts.scheme == "http":
        yield Finding("links", "wrong" if production() else "warn", f"{url} is not https: a link is a secret", mend)
    else:
        yield Finding("links", "ok", f"begin with {url}")


def webhooks(trial: bool = False) -> Iterator[Finding]:
    """Each service's URL: whether it answers and is what it says; with `trial`, whether it hears a signed event."""
    from atesaki import outbox, tenants

    for service in tenants.services():
        if not service.webhook:
            continue
        reply = outbox.try_webhook(service) if trial else outbox.reach_webhook(service)
        # The host alone: the rest of the URL may hold a secret.
        shown = f"{service.name} at {urlsplit(service.webhook).hostname}"
        if reply.heard:
            says = "has heard a signed event" if trial else "answers" + _how(service.webhook)
            yield Finding("webhooks", "ok", f"{shown} {says}")
            continue
        told = f"{reply.status or ''} {reply.text}".strip()
        mend = "see what it logged of the event `test.sent`" if reply.status else "see that it runs and is reached"
        if not reply.status:
            mend += "; events are tried for three days"
        yield Finding("webhooks", "wrong", f"{shown} does not hear us: {told}", mend)


def _how(url: str) -> str:
    return " over TLS, by a valid certificate" if url.startswith("https:") else ", without TLS"
