"""What comes from an SMTP client: from where, where a command ends, where a mail ends, and nothing else."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from typing import Any, Final

RUNAWAY_LIMIT: Final = 65536  # octets without the end of a line


class TooMuch(Exception):
    """A mail is so long that it is not even read to its end; the text is the answer."""


class Wire(asyncio.StreamReader):
    """What comes from the client. Only CRLF ends a command, only CRLF . CRLF ends a mail (RFC 5321 2.3.8, 4.1.1.4)."""

    async def readuntil(self, separator: Any = b"\r\n") -> bytes:
        """aiosmtpd and `readline` ask for LF; they get CRLF.

        Raises `LimitOverrunError` after RUNAWAY_LIMIT octets, `ConnectionResetError` if no more will come.
        """
        try:
            return await super().readuntil(b"\r\n")
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the client left") from error

    @property
    def waiting(self) -> bool:
        """Whether something has come that nobody has read."""
        return bool(self._buffer)  # type: ignore[attr-defined]

    async def mail(self, limit: int, arrived: Callable[[int], None]) -> bytes | None:
        """One mail without its end mark and without the dots of RFC 5321 4.5.2; None if it is over `limit` octets.

        arrived: called with the octets of each piece; whatever it raises ends the reading.
        """
        # The CRLF that ended the DATA line may begin the end mark: that is a mail of no line.
        data = bytearray(b"\r\n")
        looked, over = 0, False
        while (end := data.find(b"\r\n.\r\n", max(0, looked - 4))) < 0:
            looked = len(data)
            if over or looked > 2 * limit:
                over, looked = True, 4
                del data[:-4]
            piece = await self.read(RUNAWAY_LIMIT)
            if not piece:
                raise ConnectionResetError("the client left inside a mail")
            data += piece
            arrived(len(piece))
        self._buffer[:0] = data[end + 5 :]  # type: ignore[attr-defined]
        raw = bytes(data[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
        return None if over or len(raw) > limit else raw


def on_loopback(peer: str) -> bool:
    """Whether an IP address is of this machine."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
