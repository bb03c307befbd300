"""What one look at the installation found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: `state` is ok, warn or wrong; `mend` says what to do, empty when ok."""

    check: str
    state: str
    says: str
    mend: str = ""


def production() -> bool:
    return os.environ.get("ATESAKI_ENV") == "production"


def here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
