"""Mail servers' logs: which message went to whom, when, and what became of it.

A line that reports a delivery names the queue's id and the recipient; the message's id and its sender stand in earlier
lines of the same queue id. Within a unit they are joined here; what a unit leaves open, because the two stand in
different pieces or files, `Rows.queues` hands on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from atesaki.audit.inputs import Unit
from atesaki.audit.partials import (
    BOUNCED,
    DEAD,
    DEFERRED,
    MAIL,
    SENT,
    Rows,
    comparable,
    mail_key,
    mark,
    message_mark,
)
from atesaki.audit.stamps import Stamps
from atesaki.audit.streams import BROKEN, lines, opened

# Longer than a message stays in a queue, in messages: what is older is given up.
_OPEN: Final = 400_000

_STAMP: Final = rb"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^ \n]*)"
# A line end first, and not "^": so the search leaps from line to line.
_POSTFIX: Final = re.compile(
    rb"\n" + _STAMP + rb" ([^ \n]+) postfix[^\[\n ]*\[\d+\]: ([0-9A-Za-z]+): "
    rb"(?:to=<([^\n]*?)>,(?: orig_to=<([^\n]*?)>,)?[^\n]*? status=(\w+) ?(?:\(([^\n]{0,200}))?"
    rb"|(?:resent-)?message-id=([^\n]*)|from=<([^\n]*?)>(?:, status=(expired|force-expired))?|(removed)|(to=<))"
)
_SENDMAIL: Final = re.compile(
    rb"\n" + _STAMP + rb" ([^ \n]+) (?:sendmail|sm-mta|sm-msp-queue)[^\[\n ]*\[\d+\]: ([0-9A-Za-z]+): "
    rb"(?:to=([^\n]*?), (?:[^\n]*?, )?stat=([^\n]{0,200})|from=([^\n]*?), ([^\n]*))"
)
_SENDMAIL_ID: Final = re.compile(rb"\bmsgid=([^,\n]*)")
_EXIM: Final = re.compile(
    rb"\n(?:[^ \n]+ +[^ \n]+ [^ \n]+ [^ \n]+ exim[^ \n]*: )?"
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?(?: ([+-]\d{4}))?(?: \[\d+\])? "
    rb"(\w{6}-\w{6,11}-\w{2,4}) (?:(<=) ([^ \n]+)([^\n]*)|(=>|->|>>|\*\*|==) ([^\n]*)|(Completed))"
)
_EXIM_ID: Final = re.compile(rb" id=([^ \n]+)")
_EXIM_TO: Final = re.compile(rb"(?:[^ <\n]+ )?(?:\([^)\n]*\) )?<([^>\n]+)>|([^ \n:]+)")

# No such domain, or one that takes no mail (RFC 7505): said by the sender's own server, with these words.
_DEAD: Final = re.compile(
    rb"Host or domain name not found|Host not found|Host unknown|Name service error|Domain .{1,80} does not accept mail"
    rb"|Unrouteable address|nullMX|all relevant MX records point to non-existent hosts|unrouteable mail domain",
    re.I,
)


class _Log:
    """One log's lines, in their order."""

    pattern: re.Pattern[bytes]

    def __init__(self, rows: Rows, unit: Unit, zone: str) -> None:
        self.rows, self.unit = rows, unit
        self.stamps = Stamps(zone, int(unit.more.get("year") or 0))
        self.queues: dict[bytes, list[int | bytes]] = {}  # message's mark, sender, time

    def feed(self, at: int, block: bytes) -> None:
        """Whole lines."""
        self.rows.read += block.count(b"\n")
        for found in self.pattern.finditer(b"\n" + block):
            self.line(found, at)

    def line(self, found: re.Match[bytes], at: int) -> None:
        raise NotImplementedError

    def odd(self, at: int) -> None:
        self.rows.skips.add("odd_line", f"{self.unit.path} near octet {at}")

    def queue(self, queue: bytes) -> list[int | bytes]:
        """What is known of a queue id; it is begun if nothing is."""
        known = self.queues.get(queue)
        if known is None:
            if len(self.queues) >= _OPEN:
                self._settle(_OPEN // 2)
            known = self.queues[queue] = [0, b"", 0]
        return known

    def deliver(self, queue: bytes, recipient: bytes, at: int, code: int, dead: bool = False) -> None:
        """One message to one recipient."""
        known = self.queues.get(queue)
        message, sender = (known[0], known[1]) if known else (0, b"")
        if sender == b"<>":
            self.rows.skips.add("returns", f"{self.unit.path}: from=<>")
            return
        address = comparable(recipient.decode("utf-8", "replace"))
        key = mail_key(int(message), address)
        self.rows.add(
            address,
            MAIL,
            code,
            at,
            key=key,
            kinds=DEAD if dead else 0,
            queue=0 if key else mark(queue),
        )
        self.rows.mails += code != DEFERRED
        if sender:
            self.rows.sender(comparable(bytes(sender).decode("utf-8", "replace")), hash_of(address))

    def done(self, queue: bytes) -> None:
        """Nothing more comes of it."""
        self.queues.pop(queue, None)

    def close(self) -> None:
        """Hands on what is still open."""
        self._settle(len(self.queues))

    def _settle(self, many: int) -> None:
        for queue in list(self.queues)[:many]:
            message, sender, at = self.queues.pop(queue)
            if message or sender == b"<>":
                self.rows.queues[mark(queue)] = (int(at), int(message), sender == b"<>")


def hash_of(address: str) -> int:
    """Tells recipients apart, where only few are kept."""
    return mark(address.encode("utf-8", "surrogatepass")) >> 32


class _Postfix(_Log):
    pattern = _POSTFIX
    codes: Final = {b"sent": SENT, b"bounced": BOUNCED, b"deferred": DEFERRED, b"expired": BOUNCED}

    def line(self, found: re.Match[bytes], at: int) -> None:
        stamp, host, own, to, first, status, why, message, sender, expired, removed, odd = found.groups()
        queue = host + b" " + own
        if removed:
            self.done(queue)
        elif message is not None:
            known = self.queue(queue)
            known[0], known[2] = message_mark(message), self.stamps.read(stamp)
        elif sender is not None:
            if not expired:
                self.queue(queue)[1] = sender or b"<>"
        elif odd:
            self.odd(at)
        else:
            code = self.codes.get(status)
            if code is None:
                return  # "deliverable" and "undeliverable" are probes of address verification: no mail
            self.deliver(
                queue, first or to, self.stamps.read(stamp), code, code != SENT and bool(_DEAD.search(why or b""))
            )


class _Sendmail(_Log):
    pattern = _SENDMAIL

    def line(self, found: re.Match[bytes], at: int) -> None:
        stamp, host, own, to, status, sender, rest = found.groups()
        queue = host + b" " + own
        if sender is not None:
            known = self.queue(queue)
            known[1] = sender.strip(b"<>") or b"<>"
            known[2] = self.stamps.read(stamp)
            if named := _SENDMAIL_ID.search(rest):
                known[0] = message_mark(named[1])
            return None
        said = status.lower()
        if said.startswith(b"sent"):
            code = SENT
        elif said.startswith((b"deferred", b"queued", b"please try")):
            code = DEFERRED
        elif said.startswith((b"data format", b"i/o", b"operating system")):
            return self.odd(at)
        else:
            code = BOUNCED
        when = self.stamps.read(stamp)
        for each in to.split(b","):
            if plain := each.strip().strip(b"<>"):
                self.deliver(queue, plain, when, code, code != SENT and bool(_DEAD.search(status)))
        return None


class _Exim(_Log):
    pattern = _EXIM

    def line(self, found: re.Match[bytes], at: int) -> None:
        stamp, offset, queue, arrived, sender, rest, flag, said, completed = found.groups()
        if completed:
            return self.done(queue)
        when = self.stamps.read(stamp + (offset or b""))
        if arrived:
            known = self.queue(queue)
            known[1], known[2] = sender, when
            if named := _EXIM_ID.search(rest):
                known[0] = message_mark(named[1])
            return None
        to = _EXIM_TO.match(said)
        if to is None:
            return self.odd(at)
        code = {b"**": BOUNCED, b"==": DEFERRED}.get(flag, SENT)
        recipient = (to[1] or to[2]).rstrip(b":")
        return self.deliver(queue, recipient, when, code, code != SENT and bool(_DEAD.search(said)))


_DIALECTS: Final[dict[str, type[_Log]]] = {"postfix": _Postfix, "sendmail": _Sendmail, "exim": _Exim}


def read(unit: Unit, rows: Rows, zone: str) -> None:
    """All deliveries of one unit of a log."""
    log = _DIALECTS[unit.kind](rows, unit, zone)
    end = 0
    try:
        for at, block in _blocks(unit, rows):
            log.feed(at, block)
            end = at + len(block)
    except BROKEN:
        rows.skips.add("broken_archive", f"{unit.path} after octet {end} of its content")
    finally:
        log.close()


def _blocks(unit: Unit, rows: Rows) -> Iterator[tuple[int, bytes]]:
    too_long: Callable[[int], None] = lambda at: rows.skips.add("long_line", f"{unit.path} at octet {at}")  # noqa: E731
    with opened(unit.path, unit.more.get("packed", "")) as file:
        yield from lines(file, unit.start, unit.end, too_long=too_long)
