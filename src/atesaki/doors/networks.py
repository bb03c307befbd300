"""Who may speak without a password: the networks that the operator has given to a service, as Postfix's mynetworks."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog

from .handover import describe
from .wire import ip_address

if TYPE_CHECKING:
    from .smtp import Door

KNOWN_SECONDS: Final = 5.0  # that a retired service may go on

log = structlog.get_logger()

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Networks:
    """Which service speaks from where; the narrowest network counts."""

    places: tuple[tuple[Network, str], ...] = ()
    _seen: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, text: str) -> Networks:
        """`127.0.0.0/8=shop,10.1.0.0/16=billing`. Raises `ValueError`, whose text says what is wrong and what to do."""
        places: dict[Network, str] = {}
        for part in filter(None, (each.strip() for each in text.split(","))):
            written, equals, service = (each.strip() for each in part.partition("="))
            if not (equals and written and service):
                raise ValueError(f"{part!r} names no network and service; give NETWORK=SERVICE, as 127.0.0.0/8=shop.")
            try:
                network = ipaddress.ip_network(written)
            except ValueError as error:
                raise ValueError(f"{written!r} is no network ({error}); give one as 10.1.0.0/16 or ::1/128.") from None
            if places.setdefault(network, service) != service:
                raise ValueError(f"{network} is given to {places[network]} and to {service}; give it to one.")
        return cls(tuple(sorted(places.items(), key=lambda place: -place[0].prefixlen)))

    def service_at(self, peer: str) -> str | None:
        """The name of the service that speaks from this IP address."""
        if not self.places:
            return None
        if peer not in self._seen:
            if len(self._seen) >= 1024:
                self._seen.clear()
            address = ip_address(peer)
            found = (name for network, name in self.places if address is not None and address in network)
            self._seen[peer] = next(found, None)
        return self._seen[peer]

    @property
    def far(self) -> list[str]:
        """The networks that are not of this machine."""
        return [str(network) for network, _ in self.places if not network.is_loopback]


NOWHERE: Final = Networks()


class Residents:
    """The services that speak without a password, looked up by name and remembered for `KNOWN_SECONDS`."""

    def __init__(self, door: Door, find: Callable[[str], Any] | None) -> None:
        """find: the service of a name, or None if there is none (any more); runs in a thread."""
        self._door, self._find = door, find
        self._known: dict[str, tuple[float, Any]] = {}
        self._asked: dict[str, asyncio.Task[Any]] = {}
        self._told: set[str] = set()

    def known(self, name: str | None) -> Any:
        """The service if it was looked up just now; None if it must be looked up."""
        until, service = self._known.get(name or "", (0.0, None))
        return service if time.monotonic() < until else None

    async def find(self, name: str | None) -> Any:
        """The service, or None. Whoever asks for the same name meanwhile waits for the same answer."""
        if name is None or self._find is None:
            return None
        asked = self._asked.get(name)
        if asked is None:
            asked = self._asked[name] = self._door.keep(self._look_up(name, self._find))
            asked.add_done_callback(lambda _: self._asked.pop(name, None))
        return await asyncio.shield(asked)

    async def _look_up(self, name: str, find: Callable[[str], Any]) -> Any:
        service = await self._door.ask(self._resting, find, name)
        if service is not None:
            self._known[name] = (time.monotonic() + KNOWN_SECONDS, service)
            self._told.discard(name)
        elif name not in self._told:
            self._told.add(name)
            log.warning("smtp.no_such_service", service=name, hint="make it, or correct ATESAKI_SMTP_NETWORKS")
        return service

    def _resting(self, find: Callable[[str], Any], name: str) -> Any:
        try:
            return find(name)
        finally:
            try:
                self._door.core.rest()
            except Exception as error:  # noqa: BLE001 - a service must not be lost because a connection could not be closed
                log.warning("smtp.connection_kept", **describe(error))
