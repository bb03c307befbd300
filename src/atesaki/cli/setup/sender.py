"""Whether mail under our own name is believed: the domain, and its SPF, DKIM and DMARC records."""

from __future__ import annotations

import os
from collections.abc import Iterator

import dns.exception
import dns.resolver

from .finding import Finding, here, production
from .records import Ask, Unheard, dkim, dmarc, is_dmarc, spf

_DNS_SECONDS = 5.0  # for one name


def domain() -> Iterator[Finding]:
    from django.conf import settings

    from atesaki import addresses

    domain = settings.ATESAKI_MAIL_DOMAIN
    mend = "set ATESAKI_MAIL_DOMAIN to a domain whose mail comes to us"
    if here(domain):
        state = "wrong" if production() else "ok"
        yield Finding("domain", state, f"{domain} is of this machine only", mend if state == "wrong" else "")
        return
    try:
        addresses.parse(f"postmaster@{domain}")
    except addresses.AddressError as error:
        yield Finding("domain", "wrong", f"{domain} is no mail domain: {error.sentence('en')}", mend)
        return
    yield Finding("domain", "ok", f"ours is {domain}")


def records() -> Iterator[Finding]:
    """SPF, DKIM and DMARC of our own senders."""
    from django.conf import settings

    domain = settings.ATESAKI_MAIL_DOMAIN.lower()
    if here(domain):
        yield Finding("sender", "ok", f"no records are needed: {domain} is of this machine only")
        return
    resolver = _resolver()

    def ask(name: str) -> list[str]:
        return _texts(resolver, name)

    for check, look in (("spf", _spf), ("dkim", _dkim), ("dmarc", _dmarc)):
        try:
            yield look(ask, domain)
        except Unheard as error:
            mend = "see that this machine reaches a name server; then look again"
            yield Finding(check, "warn", f"DNS did not say: {error}", mend)


def _spf(ask: Ask, domain: str) -> Finding:
    read = spf(ask, domain)
    if read is None:
        mend = f"publish TXT at {domain} that names the next hop's addresses, such as `v=spf1 ip4:192.0.2.25 -all`"
        return Finding("spf", _missing(), f"{domain} has none: receivers cannot tell our mail from forged mail", mend)
    if read.wrong:
        return Finding("spf", "wrong", f"{domain}: {'; '.join(read.wrong)}", "mend the TXT record (RFC 7208)")
    if read.notes:
        mend = "end it with -all or ~all, behind the next hop's addresses"
        return Finding("spf", "warn", f"{domain}: {'; '.join(read.notes)}", mend)
    return Finding("spf", "ok", f"{domain} says who may send in its name; the next hop must be among them")


def _dkim(ask: Ask, domain: str) -> Finding:
    selector = os.environ.get("ATESAKI_DKIM_SELECTOR") or ""
    if not selector:
        says = "not looked at: the next hop signs, and its selector is not known here"
        mend = "set ATESAKI_DKIM_SELECTOR to the selector that the next hop signs with"
        return Finding("dkim", "warn" if production() else "ok", says, mend if production() else "")
    name = f"{selector}._domainkey.{domain}"
    found = ask(name)
    if not found:
        mend = f"publish the key that the next hop signs with as TXT at {name}"
        return Finding("dkim", "wrong", f"{name} has no key: what is signed with it counts as unsigned", mend)
    read = dkim(found[0])
    if len(found) > 1:
        read.wrong.append(f"there are {len(found)} records (RFC 6376 3.6.2.2)")
    if read.wrong:
        return Finding("dkim", "wrong", f"{name}: {'; '.join(read.wrong)}", "publish the signer's key anew (RFC 6376)")
    if read.notes:
        return Finding("dkim", "warn", f"{name}: {'; '.join(read.notes)}", "make a new key under a new selector")
    return Finding("dkim", "ok", f"{name} has a key that can be read")


def _dmarc(ask: Ask, domain: str) -> Finding:
    labels = domain.split(".")
    # A domain without one stands under that of a domain above it (RFC 7489 6.6.3); no top-level domain has one.
    for above in range(len(labels) - 1):
        at = ".".join(labels[above:])
        found = [text for text in ask(f"_dmarc.{at}") if is_dmarc(text)]
        if len(found) > 1:
            says = f"_dmarc.{at} has {len(found)} records, and so counts as none"
            return Finding("dmarc", "wrong", says, "leave one of them")
        if found:
            break
    else:
        mend = f"publish TXT at _dmarc.{domain}, first `v=DMARC1; p=none; rua=mailto:…`, later p=quarantine or reject"
        return Finding("dmarc", _missing(), f"{domain} has none: anybody may forge our mails' From", mend)
    read = dmarc(found[0], inherited=above > 0)
    if read.wrong:
        return Finding("dmarc", "wrong", f"_dmarc.{at}: {'; '.join(read.wrong)}", "mend the TXT record (RFC 7489 6.3)")
    told = f" ({'; '.join(read.notes)})" if read.notes else ""
    return Finding("dmarc", "ok", f"{domain} has the policy {read.tags['policy']}, from _dmarc.{at}{told}")


def _missing() -> str:
    return "wrong" if production() else "warn"


def _resolver() -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver()
    resolver.lifetime = _DNS_SECONDS
    return resolver


def _texts(resolver: dns.resolver.Resolver, name: str) -> list[str]:
    """The TXT records of a name, each with its pieces joined. Raises `Unheard`."""
    try:
        answer = resolver.resolve(name, "TXT")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, UnicodeError) as error:
        raise Unheard(f"{name} ({type(error).__name__})") from error
    return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
