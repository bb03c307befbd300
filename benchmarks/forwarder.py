"""`python -m benchmarks.forwarder PORT SINK PROCESSES`: a forwarder as one would write it in Python in an afternoon.

aiosmtpd takes a mail, aiosmtplib hands it on over a connection that is kept, and only then it is answered; uvloop.
It knows no addresses, keeps nothing, and writes nothing down: what atesaki's work costs beside that is the difference.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import aiosmtplib
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

_POOLED = 16


class Forward:
    """aiosmtpd's hooks. A connection is used by one mail at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: asyncio.LifoQueue[aiosmtplib.SMTP | None] = asyncio.LifoQueue()
        for _ in range(_POOLED):
            self._idle.put_nowait(None)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        """Hands the mail on, then answers with what the next hop said."""
        peer = await self._idle.get()
        sound = None  # a mail whose sender has gone leaves its connection in the middle of something
        try:
            if peer is None or not peer.is_connected:  # the next hop ends what was idle for long
                peer = aiosmtplib.SMTP(hostname="127.0.0.1", port=self._port, use_tls=False, start_tls=False)
                await peer.connect()
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            await peer.sendmail(envelope.mail_from or "", envelope.rcpt_tos, content)
            sound = peer
        except (OSError, aiosmtplib.SMTPException):
            return "451 4.4.1 The next hop did not take it"
        finally:
            if sound is None and peer is not None:
                peer.close()
            self._idle.put_nowait(sound)
        return "250 2.0.0 Forwarded"


async def _serve(port: int, sink: int) -> None:
    loop, stop, forward = asyncio.get_running_loop(), asyncio.Event(), Forward(sink)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(
        lambda: SMTP(forward, hostname="forwarder.example.com", loop=loop), "127.0.0.1", port, reuse_port=True
    )
    await stop.wait()
    server.close()


def main() -> None:
    port, sink, processes = map(int, sys.argv[1:])
    children: list[int] = []
    for _ in range(processes - 1):
        if (child := os.fork()) == 0:
            children = []
            break
        children.append(child)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(port, sink))
    finally:
        for each in children:
            os.kill(each, signal.SIGTERM)


if __name__ == "__main__":
    main()
