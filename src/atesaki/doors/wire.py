"""What comes from an SMTP client: from where, where a command ends, where a mail ends, and nothing else."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

RUNAWAY_LIMIT: Final = 65536  # octets without the end of a line

_END: Final = b"\r\n.\r\n"


class Wire:
    """What has come and was not read yet. Only CRLF ends a command, only CRLF . CRLF a mail (RFC 5321 2.3.8, 4.1.1.4).

    Waits for nothing: whoever feeds it asks again. However much comes in small pieces, each octet is looked at once.
    """

    __slots__ = ("_came", "_end", "_looked", "_over")

    def __init__(self) -> None:
        self._came = bytearray()
        self._looked = 0  # up to here nothing was found
        self._end = -1  # where the end of the mail begins
        self._over = False  # the mail is too long: only its end is looked for any more

    def __len__(self) -> int:
        return len(self._came)

    def feed(self, data: bytes) -> None:
        self._came += data

    def clear(self) -> None:
        self._came.clear()
        self._looked = 0

    def line(self) -> bytes | None:
        """The next command without its CRLF; None if its end has not come yet."""
        came = self._came
        end = came.find(b"\r\n", self._looked) if came else -1
        if end < 0:
            self._looked = len(came) - 1 if came else 0
            return None
        found = bytes(came[:end])
        del came[: end + 2]
        self._looked = 0
        return found

    def begin_mail(self) -> None:
        """From here on a mail comes. Behind the command that says so nothing may have come yet."""
        # The CRLF that ended the DATA line may begin the end mark: that is a mail of no line.
        self._came[:0] = b"\r\n"
        self._looked, self._end, self._over = 0, -1, False

    def has_mail(self, limit: int) -> bool:
        """Whether the mail's end has come. What is far beyond `limit` octets is dropped, so that it takes no room."""
        came = self._came
        self._end = came.find(_END, max(0, self._looked - 4))
        if self._end >= 0:
            return True
        self._looked = len(came)
        if self._over or self._looked > 2 * limit + len(_END):
            self._over, self._looked = True, 4
            del came[:-4]
        return False

    def mail(self, limit: int) -> bytes | None:
        """The mail without its end mark and without the dots of RFC 5321 4.5.2; None if it is over `limit` octets."""
        came, end = self._came, self._end
        raw = None
        if not self._over:
            if came.find(b"\r\n.", 0, end + 2) < 0:
                with memoryview(came) as whole, whole[2 : end + 2] as part:
                    raw = bytes(part)
            else:
                raw = bytes(came[: end + 2].replace(b"\r\n.", b"\r\n")[2:])
        del came[: end + 5]
        self._looked = 0
        return None if raw is None or len(raw) > limit else raw


@lru_cache(maxsize=1024)
def on_loopback(peer: str) -> bool:
    """Whether an IP address is of this machine."""
    address = ip_address(peer)
    return address is not None and address.is_loopback


def ip_address(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as a socket names it; None if it is none. An IPv4 address in IPv6's clothes is one of IPv4."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
