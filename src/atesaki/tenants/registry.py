"""A service's life: made, changed, given new keys, retired."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import IntegrityError, transaction

from atesaki import addresses, clock, keys

from .models import Credential, Organisation, Service

_POLICY = {  # column: the most that makes sense
    "wait_days": 90,
    "notices_per_day": 5,
    "notices_in_all": 10,
    "verification_per_day": 20,
}


class TenantError(ValueError):
    """What was asked of a service cannot be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What a service needs to come in. The secrets are here once and nowhere else."""

    service: Service
    smtp_username: str
    smtp_password: str
    api_key: str
    webhook_secret: str


def add_service(name: str, *, organisation: str, locale: str, mode: str, sender: str, webhook: str = "") -> Issued:
    """Makes a service, and its organisation if that is new.

    `locale` is `ja` or `en`, `mode` is `enforce` or `observe`, `sender` is the address that receivers know it by.
    Raises `TenantError`.
    """
    service = Service(name=_named(name, "service"), created=clock.now())
    _apply(service, {"locale": locale, "mode": mode, "sender": sender, "webhook": webhook})
    with transaction.atomic():
        service.organisation, _ = Organisation.objects.get_or_create(
            name=_named(organisation, "organisation"), defaults={"created": clock.now()}
        )
        try:
            with transaction.atomic():
                service.save(force_insert=True)
        except IntegrityError as error:
            raise TenantError(f"There is a service named {name!r} already: choose another name.") from error
        return _issue(service)


def change_service(name: str, **changes: Any) -> Service:
    """Changes what is given: locale, zone, mode, sender, webhook, own, the policy's numbers, `accept`.

    `accept="answered"` takes a click from the mailbox for a proof. It is weaker: a stranger who confirms out of
    politeness is then sent the customer's mail (architecture, proof methods). Raises `TenantError`.
    """
    with transaction.atomic():
        service = find(name, for_update=True)
        _apply(service, changes)
        service.save()
    return service


def rotate(name: str) -> Issued:
    """New SMTP password, API key and webhook secret; the old ones end with this call. Raises `TenantError`."""
    with transaction.atomic():
        service = find(name, for_update=True)
        Credential.objects.filter(service=service, revoked=None).update(revoked=clock.now())
        return _issue(service)


def retire(name: str) -> Service:
    """Ends a service: its keys end, its ledger stays. Raises `TenantError`."""
    with transaction.atomic():
        service = find(name, for_update=True)
        Credential.objects.filter(service=service, revoked=None).update(revoked=clock.now())
        service.retired = clock.now()
        service.save()
    return service


def services() -> list[Service]:
    """Every service that is not retired, by name."""
    return list(Service.objects.filter(retired=None).select_related("organisation").order_by("name"))


def find(name: str, *, for_update: bool = False) -> Service:
    """The service of that name. Raises `TenantError` with the names there are."""
    rows = Service.objects.filter(name=name, retired=None).select_related("organisation")
    found = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if found is None:
        known = ", ".join(service.name for service in services()) or "none yet"
        raise TenantError(f"There is no service named {name!r}. Services: {known}.")
    return found


def identify(username: str, secret: str, door: str = "smtp") -> Service | None:
    """The service that shows this key at `door` (`smtp` or `api`), or None. Takes as long for a wrong one."""
    found = (
        Credential.objects.filter(username=username, door=door, revoked=None, service__retired=None)
        .select_related("service__organisation")
        .first()
    )
    shown = _fingerprint(door, username, secret)
    if found is None or not hmac.compare_digest(bytes(found.fingerprint), shown):
        return None
    return found.service


def _issue(service: Service) -> Issued:
    password, api_secret, webhook_secret = (secrets.token_urlsafe(24) for _ in range(3))
    smtp_username, api_username = (f"{prefix}{secrets.token_hex(5)}" for prefix in ("svc-", "key"))
    for door, username, secret in (("smtp", smtp_username, password), ("api", api_username, api_secret)):
        Credential.objects.create(
            service=service,
            door=door,
            username=username,
            fingerprint=_fingerprint(door, username, secret),
            created=clock.now(),
        )
    service.webhook_secret = keys.ring().wrap(webhook_secret.encode(), f"webhook {service.pk}".encode())
    service.save()
    return Issued(service, smtp_username, password, f"{api_username}.{api_secret}", f"whsec_{webhook_secret}")


def _fingerprint(door: str, username: str, secret: str) -> bytes:
    # No slow hash: these secrets are ours, 192 random bits, so there is nothing to guess from a dump.
    return keys.ring().fingerprint("credential", door, username, secret)


def _named(text: str, what: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > 100 or any(ord(letter) < 32 for letter in name):
        raise TenantError(f"The {what} needs a name of 1 to 100 printable characters.")
    return name


def _apply(service: Service, changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        match key:
            case "locale" if value in ("ja", "en"):
                service.locale = value
            case "mode" if value in Service.Mode.values:
                service.mode = value
            case "sender":
                service.sender = _sender(value)
            case "webhook":
                service.webhook = _webhook(value)
            case "zone":
                service.zone = _zone(value)
            case "own":
                service.own = [" ".join(str(line).split()) for line in value if str(line).strip()]
            case "accept" if value in ("proved", "answered"):
                service.accept_answered = value == "answered"
            case _ if key in _POLICY and isinstance(value, int) and 0 <= value <= _POLICY[key]:
                setattr(service, key, value)
            case _ if key in _POLICY:
                raise TenantError(f"{key} must be a whole number from 0 to {_POLICY[key]}, not {value!r}.")
            case _:
                raise TenantError(f"{key}={value!r} cannot be set on a service.")


def _sender(value: str) -> str:
    try:
        return addresses.parse(value).text
    except addresses.AddressError as error:
        raise TenantError(f"The sender {value!r} is not an address: {error}") from error


def _webhook(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise TenantError(f"The webhook {value!r} is not an http(s) URL.")
    return value


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TenantError(f"{value!r} is not a time zone: give one such as Asia/Tokyo.") from error
