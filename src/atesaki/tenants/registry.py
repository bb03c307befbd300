"""A service's life: made, changed, given new keys, retired."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import IntegrityError, transaction
from urllib3.util import parse_url

from atesaki import addresses, clock, keys

from . import hours
from .models import Bucket, Credential, Installation, KeptAnswer, Organisation, Service

_WEBHOOK_KEY = 32  # octets; Standard Webhooks 1.0: from 24 to 64
_POLICY = {  # column: the least and the most that make sense
    "wait_days": (1, 90),
    "notices_per_day": (0, 5),
    "notices_in_all": (0, 10),
    "verification_per_day": (0, 20),
    "api_per_minute": (10, 60_000),
    "enforce_share": (0, 100),
}
SCOPES = (
    "claims:read",
    "claims:write",
    "messages:read",
    "messages:write",
    "cases:write",
    "webhooks:read",
    "webhooks:write",
)
"""What an API key may be for; a slug is interface."""

_ANSWER_KEPT = timedelta(hours=24)
_BUCKET_KEPT = timedelta(days=1)


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
    """Changes what is given: locale, zone, mode, sender, webhook, own, hours, the policy's numbers, `accept`.

    `enforce_share` is of a hundred addresses, those that `mode="enforce"` holds for; the others are observed.

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
    found.service.came_by = found.pk
    found.service.scopes = None if found.scopes is None else frozenset(found.scopes)
    return found.service


def add_key(name: str, scopes: Sequence[str]) -> tuple[Credential, str]:
    """One more API key, for these scopes alone: its row, and the key, which is here once. Raises `TenantError`."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise TenantError(f"A key needs scopes, of these: {', '.join(SCOPES)}.")
    username, secret = f"key{secrets.token_hex(5)}", _secret()
    made = Credential.objects.create(
        service=find(name),
        door=Credential.Door.API,
        username=username,
        fingerprint=_fingerprint("api", username, secret),
        scopes=sorted(set(scopes)),
        created=clock.now(),
    )
    return made, f"{username}.{secret}"


def keys_of(name: str) -> list[Credential]:
    """The API keys of a service, the ended ones too, oldest first. Raises `TenantError`."""
    return list(Credential.objects.filter(service=find(name), door=Credential.Door.API).order_by("pk"))


def revoke_key(name: str, username: str) -> Credential:
    """Ends one API key; the part before the dot names it. Raises `TenantError`."""
    rows = Credential.objects.filter(service=find(name), door=Credential.Door.API)
    named = username.partition(".")[0]  # whoever pastes the whole key means this one too
    rows.filter(username=named, revoked=None).update(revoked=clock.now())
    found = rows.filter(username=named).first()
    if found is None:
        raise TenantError("There is no such key: `atesaki service key NAME --list` shows them.")
    return found


def may_return_to(service: Service, url: str) -> bool:
    """Whether a confirm page may lead to `url`: it begins with one of `return_to`, host, port and folder whole."""
    parts = _origin_and_path(url)
    if parts is None:
        return False
    origin, path = parts
    for prefix in service.return_to:
        known = _origin_and_path(prefix)
        if known and known[0] == origin and (path + "/").startswith(known[1].rstrip("/") + "/"):
            return True
    return False


def enforces(service: Service, digest: bytes) -> bool:
    """Whether mail of this service to an address is enforced, or only observed. `digest`: the address's, keyed.

    Its first four octets, read as a fraction, stand below the share: the same for an address each time, and a share
    that rises takes in whom the smaller one had. `observe.report` reads them in SQL.
    """
    if service.mode != Service.Mode.ENFORCE:
        return False
    return int.from_bytes(digest[:4], "big") * 100 >> 32 < service.enforce_share


def forget_old() -> int:
    """Removes answers after 24 hours, and buckets that have been full for long."""
    now = clock.now()
    answers, _ = KeptAnswer.objects.filter(since__lt=now - _ANSWER_KEPT).delete()
    buckets, _ = Bucket.objects.filter(at__lt=now - _BUCKET_KEPT).delete()
    return answers + buckets


def present(service: Service) -> Service | None:
    """The service as its row is now; None if it was retired, or the key that it came in by was revoked."""
    rows = Service.objects.filter(pk=service.pk, retired=None).select_related("organisation")
    if service.came_by is not None:
        rows = rows.filter(credentials__pk=service.came_by, credentials__revoked=None)
    return rows.first()


def check_ring() -> None:
    """Sees that the key file is the one that this database was written with; notes it the first time.

    With another every disavowal would be unknown, and every sealed mail closed. Raises `keys.KeyFileError`.
    """
    marks = keys.ring().marks()
    row, _ = Installation.objects.get_or_create(pk=1, defaults={"ring": marks[0]})
    if not any(hmac.compare_digest(bytes(row.ring), mark) for mark in marks):
        raise keys.KeyFileError(
            f"{keys.path()} is not the key file that this database was written with: "
            "set ATESAKI_KEYS or ATESAKI_HOME to where that one is, or restore it from the backup."
        )


def note_ring() -> None:
    """From now on only a ring that has the newest sealing key is let in by `check_ring`."""
    Installation.objects.filter(pk=1).update(ring=keys.ring().marks()[-1])


def webhook_secret(service: Service) -> bytes:
    """The key that signs what this service is told. Raises `TenantError` if there is none that opens."""
    try:
        return keys.ring().unwrap(bytes(service.webhook_secret or b""), _webhook_place(service))
    except keys.SealBroken as error:
        raise TenantError(
            f"The webhook secret of {service.name!r} does not open: make new keys with `atesaki service rotate`."
        ) from error


def _secret() -> str:
    """192 random bits in URL letters. Not with a dash in front: programs take such a word for an option."""
    while (secret := secrets.token_urlsafe(24)).startswith("-"):
        pass
    return secret


def _issue(service: Service) -> Issued:
    password, api_secret = (_secret() for _ in range(2))
    webhook_key = secrets.token_bytes(_WEBHOOK_KEY)
    smtp_username, api_username = (f"{prefix}{secrets.token_hex(5)}" for prefix in ("svc-", "key"))
    for door, username, secret in (("smtp", smtp_username, password), ("api", api_username, api_secret)):
        Credential.objects.create(
            service=service,
            door=door,
            username=username,
            fingerprint=_fingerprint(door, username, secret),
            created=clock.now(),
        )
    service.webhook_secret = keys.ring().wrap(webhook_key, _webhook_place(service))
    service.save()
    webhook_secret = f"whsec_{b64encode(webhook_key).decode()}"
    return Issued(service, smtp_username, password, f"{api_username}.{api_secret}", webhook_secret)


def _webhook_place(service: Service) -> bytes:
    return f"webhook {service.pk}".encode()


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
            case "zone" | "hours":
                setattr(service, key, {"zone": _zone, "hours": _hours}[key](value))
            case "own":
                service.own = [" ".join(str(line).split()) for line in value if str(line).strip()]
            case "return_to":
                service.return_to = [_return_to(each) for each in value if each]
            case "accept" if value in ("proved", "answered"):
                service.accept_answered = value == "answered"
            case _ if key in _POLICY and type(value) is int and _POLICY[key][0] <= value <= _POLICY[key][1]:
                setattr(service, key, value)
            case _ if key in _POLICY:
                least, most = _POLICY[key]
                raise TenantError(f"{key} must be a whole number from {least} to {most}, not {value!r}.")
            case _:
                raise TenantError(f"{key}={value!r} cannot be set on a service.")


def _sender(value: str) -> str:
    try:
        return addresses.parse(value).text
    except addresses.AddressError as error:
        raise TenantError(f"The sender {value!r} is not an address: {error}") from error


def _webhook(value: str) -> str:
    """Only its form: where its name leads is looked at each time something is sent there."""
    if not value:
        return value
    if len(value) > 500:
        raise TenantError("The webhook is longer than 500 characters: give a shorter URL.")
    try:
        parts = urlsplit(value)
        # Twice: what the courier's reader finds no host in would be taken here, and never be told anything.
        readable = parts.scheme in ("http", "https") and parts.port != 0 and parse_url(value).host
    except ValueError:
        readable = False
    if not readable or any(ord(letter) <= 32 for letter in value):
        raise TenantError(f"The webhook {value!r} is not an http(s) URL.")
    if parts.username is not None:
        # Not the URL itself: it holds a password, and this is printed.
        raise TenantError("The webhook holds a user or a password: leave them out, what is sent there is signed.")
    if settings.PRODUCTION and parts.scheme != "https":
        raise TenantError(f"The webhook {value!r} must begin with https:// where ATESAKI_ENV is production.")
    return value


# Python takes `[2001:db8::1]anything` for the address alone and leaves % as it stands; a browser sees another host, or
# none, in either.
_HOST = re.compile(r"(?:\[[^\[\]%]+\]|[^\[\]:%]+)(?::[0-9]*)?")


def _return_to(value: str) -> str:
    if _origin_and_path(value) is None or "?" in value or "#" in value:
        raise TenantError(f"{value!r} is no beginning of a URL: give one such as https://shop.example/account/.")
    if settings.PRODUCTION and not value.lower().startswith("https://"):
        raise TenantError(f"{value!r} must begin with https:// where ATESAKI_ENV is production.")
    return value


def _origin_and_path(url: str) -> tuple[tuple[str, str, int], str] | None:
    """What browsers make of an http(s) URL: scheme, host and port, and the path; None for one that is none,
    or that browsers and we could read in two ways.
    """
    # No @: before the host it would lead elsewhere, and behind it an address has no business there (L8).
    if len(url) > 500 or not re.fullmatch(r"[!-~]+", url) or re.search(r"[\\@<>\"]|%40", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not _HOST.fullmatch(parts.netloc):
        return None
    if any(re.fullmatch(r"(\.|%2[Ee]){1,2}", piece) for piece in parts.path.split("/")):
        return None  # a browser would walk up with it
    return (parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)), parts.path or "/"


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TenantError(f"{value!r} is not a time zone: give one such as Asia/Tokyo.") from error


def _hours(value: str) -> str:
    try:
        return hours.tidy(value)
    except ValueError as error:
        raise TenantError(str(error)) from error
