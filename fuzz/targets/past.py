"""A service's past: servers' logs, archives, event exports, customer tables. The first line, where said, is a number."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from atesaki import content
from atesaki.audit import archive, columns, logs, sniffing, streams
from atesaki.audit import customers as tables
from atesaki.audit import events as exports
from atesaki.audit import stamps as times
from atesaki.audit.inputs import Unit, cut, find
from atesaki.audit.options import AuditError, Options
from atesaki.audit.partials import CUSTOMER, Rows
from atesaki.audit.skips import SENTENCES, Skips
from fuzz import check
from fuzz.targets import seeds

_ZONE = "Asia/Tokyo"


def _number(data: bytes) -> tuple[int, bytes]:
    """The first line as a number, and the rest."""
    first, _, rest = data.partition(b"\n")
    return (int(first) if first.isdigit() and len(first) < 7 else 0), rest


def _told(rows: Rows) -> None:
    """What was passed over is told in words that are there, and every address can be handed on."""
    assert set(rows.skips.found) <= set(SENTENCES)
    for text in (*rows._address, *rows._ref, *rows._known):
        text.encode()


def _counted(rows: Rows) -> int:
    """Deliveries of a log, with those that were recognised and set aside."""
    return len(rows._address) + sum(rows.skips.found.get(what, (0, ""))[0] for what in ("returns", "odd_line"))


# -- logs -------------------------------------------------------------------------------------------------------------


def log(data: bytes) -> None:
    """No line is counted twice, and none is lost, wherever a log is cut in two. First line: where."""
    place, text = _number(data)
    for kind in sniffing.LOGS:
        path = check.file(text)
        place = min(place, len(text))
        whole = _log(kind, path, 0, 0)
        halves = [_log(kind, path, 0, place), _log(kind, path, place, len(text))] if 0 < place < len(text) else [whole]
        assert sum(rows.read for rows in halves) == whole.read
        assert sum(map(_counted, halves)) == _counted(whole)
        assert whole.read <= text.count(b"\n") + 1
        _told(whole)


def _log(kind: str, path: str, start: int, end: int) -> Rows:
    rows = Rows(4)
    logs.read(Unit("read", kind, path, 0, start, end, more={"year": 2026}), rows, _ZONE)
    return rows


# -- archives ---------------------------------------------------------------------------------------------------------


def mbox(data: bytes) -> None:
    """Every mail once, the same wherever the file is cut or how it is packed; and each can be judged. First line: where."""
    place, text = _number(data)
    path = check.file(text, "a.mbox")
    whole = _mails(path, 0, 0, "")
    if 0 < place < len(text):
        assert _mails(path, 0, place, "") + _mails(path, place, len(text), "") == whole, (
            "a mail is lost, or there twice"
        )
    packed = check.file(gzip.compress(text, 1, mtime=0), "a.mbox.gz")
    assert _mails(packed, 0, 0, "gzip") == whole
    with patch.object(archive, "_BLOCK", 700):
        assert _mails(path, 0, 0, "") == whole, "the size of the blocks tells"
    assert sum(map(len, whole)) <= len(text)
    rows = Rows(4)
    knowing = archive.Judge(content.Templates(b"k" * 32), {})
    archive.judge(Unit("judge", "mbox", path, 0, more={"packed": ""}), rows, knowing, _ZONE)
    assert rows.read == len(whole)
    _told(rows)


def _mails(path: str, start: int, end: int, packed: str) -> list[bytes]:
    unit = Unit("learn", "mbox", path, 0, start, end, more={"packed": packed})
    return [mail.raw for mail in archive.mails(unit, Rows(4))]


# -- events -----------------------------------------------------------------------------------------------------------


def events(data: bytes) -> None:
    """Each record is counted once, or told. First line: where to cut, which changes nothing for one record a line."""
    place, text = _number(data)
    path = check.file(text)
    for kind in sniffing.EVENTS:
        whole = _events(kind, path, 0, 0)
        assert whole.read <= text.count(b"{") + text.count(b"}"), "more records than can be"
        alone = all(
            line[:1] == b"{" and line[-1:] == b"}" and line.count(b"{") == 1 for line in text.split(b"\n") if line
        )
        if alone and 0 < place < len(text):
            halves = [_events(kind, path, 0, place), _events(kind, path, place, len(text))]
            assert sum(len(rows._address) for rows in halves) == len(whole._address)
            assert sum(rows.read for rows in halves) == whole.read
        _told(whole)


def _events(kind: str, path: str, start: int, end: int) -> Rows:
    rows = Rows(4)
    exports.read(Unit("read", kind, path, 0, start, end, more={"packed": ""}), rows, _ZONE)
    return rows


# -- customers --------------------------------------------------------------------------------------------------------


def customers(data: bytes) -> None:
    """A customer for each row that has an address, once, also where the table is cut; or an `AuditError`."""
    if not data or data.startswith(b"PAR1"):  # Arrow reads those, and is not ours
        return
    path = check.file(data, "customers.csv")
    options = Options(out=Path("x"), customers=path, zone=_ZONE)
    try:
        table = tables.source(options)
        whole = _customers(tables.cut(0, table, options, want_known=True))
    except AuditError as error:
        assert str(error)
        return
    many, found = whole
    assert found >= many, "a customer is lost"  # a cell may hold several addresses
    if b'"' not in data and data.partition(b"\n")[0].strip():  # so that the heading is within the first piece
        with patch.object(tables, "TABLE_OCTETS", 60):
            assert _customers(tables.cut(0, table, options, want_known=True)) == whole, "cut, it counts otherwise"


def _customers(units: list[Unit]) -> tuple[int, int]:
    many = found = 0
    for unit in units:
        rows = Rows(4)
        tables.read(unit, rows, _ZONE)
        many += rows.customers
        found += sum(what == CUSTOMER for what in rows._what) + rows.skips.found.get("no_address", (0, ""))[0]
        assert rows.read == rows.customers
        _told(rows)
    return many, found


# -- what it is, and when it was --------------------------------------------------------------------------------------


def any_file(data: bytes) -> None:
    """Any file is of a kind or of none, and what is cut from it is the whole of it, once."""
    path = check.file(data, "input-20260302")
    head, packed = sniffing.head(path)
    kind = sniffing.kind(head)
    assert kind in (*sniffing.KINDS, "empty", "syslog", "")
    assert kind != "empty" or not head
    options = Options(out=Path("x"), mail=(path,), zone=_ZONE)
    for source in find(options, Skips()):
        assert source.packed == packed
        for unit in cut(0, source, options):
            assert Unit.from_json(unit.to_json()) == unit
    for size in (64, 1 << 22):
        with patch.object(streams, "BLOCK", size), streams.opened(path, packed) as file:
            try:
                blocks = list(streams.lines(file, 0, 0))
            except (OSError, *streams.BROKEN):
                continue
            if size == 64 and not packed:
                assert b"".join(block for _, block in blocks) == data
                assert all(data[at : at + len(block)] == block for at, block in blocks)


def stamps(data: bytes) -> None:
    """A time is a number that can be shown again, whatever was written."""
    text = data.decode("utf-8", "replace")
    at = times.iso(text, _ZONE)
    assert isinstance(at, int)
    shown = times.told(at)
    assert not at or times.iso(shown, "UTC") == at
    reader = times.Stamps(_ZONE, 2026)
    for stamp in re.findall(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^ \n]*", data):
        assert isinstance(reader.read(stamp), int)
        assert isinstance(times.month_of(stamp), int)
    content.findings(
        content.Reading("", (), (content.Part("text", "1", text=text),)), customer=content.Customer(dobs=(text,))
    )
    columns._folded(text)


# -- seeds ------------------------------------------------------------------------------------------------------------

_EXIM = b"""2026-03-01 10:00:00 1abcDE-000000001xY-0Zz9 <= order@shop.example H=x P=esmtp S=900 id=a.1@shop.example
2026-03-01 10:00:01 1abcDE-000000001xY-0Zz9 => hana@example.jp R=dnslookup T=remote_smtp H=mx [192.0.2.1] C="250 OK"
2026-03-01 10:00:02.123 +0900 [77] 1abcDE-0001xY-Zz ** ken@example.jp <Ken@Example.jp>: Unrouteable address
Mar  1 10:00:02 mx exim[9]: 2026-03-01 10:00:02 1abcDE-0001xY-Zz == ken@example.jp R=x T=y defer (-44)
2026-03-01 10:00:03 1abcDE-000000001xY-0Zz9 Completed
"""
_SENDMAIL = b"""Mar  1 10:00:00 mx1 sendmail[11]: 62A1xyz001: from=<order@shop.example>, size=900, msgid=<a.1@shop.example>, proto=x
Mar  1 10:00:01 mx1 sm-mta[12]: 62A1xyz001: to=<hana@example.jp>,<ken@example.jp>, delay=00:00:01, dsn=2.0.0, stat=Sent (OK)
Mar  1 10:00:02 mx1 sendmail[12]: 62A1xyz002: to=ken@example.jp, ctladdr=x, delay=1, dsn=5.1.2, stat=Host unknown (Name)
"""


def _logs() -> Iterator[bytes]:
    from tests import past

    for number in (3, 4, 12):
        lines = past.postfix(
            number, "hana@example.jp", past.BEGIN, "bounced" if number == 4 else "sent", "<a.1@shop.example>"
        )
        yield b"160\n" + "\n".join(lines).encode() + b"\n"
    yield b"120\n" + _EXIM
    yield b"100\n" + _SENDMAIL
    yield b"40\n2026-03-01T10:00:00.5+09:00 mx postfix/qmgr[1]: ABC: from=<>, size=1\n2026-03-01T10:00:00Z mx postfix/smtp[1]: ABC: to=<a@b.example>, relay=x, status=deferred (x)\n"


def _boxes() -> Iterator[bytes]:
    box = (
        b"From order@shop.example Mon Mar  2 09:00:00 2026\nFrom: order@shop.example\nTo: hana@example.jp\n"
        b"Date: Mon, 2 Mar 2026 09:00:00 +0900\nMessage-ID: <1@shop.example>\nSubject: Order\n\n>From here on\n\nFrom now on\n\n"
    )
    yield b"200\n" + box + box.replace(b"hana", b"ken")
    yield b"3\n" + box.replace(b"\n", b"\r\n") + box
    yield b"90\nFrom a@b.example Sun Jan  1 00:00 2006\n\nbody\n\nFrom c Sun Jan 1 00:00:00 +0900 2006\nTo: <x@y.example>, z\nIn-Reply-To: <1@a>\n\n"
    for raw in seeds.files("corpus/reading/*.eml", 6, 3000):
        yield b"10\nFrom a@b.example Mon Mar  2 09:00:00 2026\n" + raw


def _exports() -> Iterator[bytes]:
    yield b'60\n{"eventType":"Delivery","mail":{"messageId":"m1","timestamp":"2026-03-01T10:00:00Z","destination":["hana@example.jp"]},"delivery":{"recipients":["hana@example.jp"]}}\n{"eventType":"Click","mail":{"destination":["a@b.example"]}}\n'
    yield b'9\n{"Type":"Notification","Message":"{\\"notificationType\\":\\"Bounce\\",\\"mail\\":{},\\"bounce\\":{\\"bouncedRecipients\\":[{\\"emailAddress\\":\\"Hana <hana@example.jp>\\"}]}}"}'
    yield b'30\n{"event":"delivered","email":"hana@example.jp","timestamp":1780000000,"smtp-id":"<1@a>"}\n{"event":"open","email":"a@b.example","sg_message_id":"x.y"}\n'
    yield b'0\n[{"event":"bounce","email":"a@b.example"},\n{"event":"spamreport","email":"a@b.example","timestamp":"x"}]\n{'
    yield b'0\n{"detail":{"eventType":"Complaint","mail":{},"complaint":{"complainedRecipients":[{"emailAddress":"a@b"}]}}}'


def _tables() -> Iterator[bytes]:
    text = "会員番号,氏名,メールアドレス,メール確認日時,最終ログイン\nM-1,大島 花,hana@example.jp,2026/02/01 10:20,\nM-2,,,x,0\n"
    for encoding in ("utf-8", "cp932", "euc_jp", "utf-16", "utf-8-sig"):
        yield text.encode(encoding)
    yield b'email\tname\tconfirmed_at\n"a@b.example"\t"x\ny"\t1780000000\nc@d.example\n'
    yield gzip.compress(text.encode(), mtime=0)


def _any() -> Iterator[bytes]:
    for each in (_logs, _boxes, _exports):
        yield from (data.partition(b"\n")[2] for data in each())
    yield gzip.compress(_EXIM, mtime=0)
    out = io.BytesIO()
    out.write(b"\xfd7zXZ\0")
    yield out.getvalue()
    yield b"BZh91AY"


def _moments() -> Iterator[bytes]:
    for text in (
        *(
            "2026-05-01T10:20:00+09:00",
            "2026/5/1 10:20",
            "2026年5月1日 10時20分",
            "20260501",
            "1780000000",
            "1780000000000.5",
        ),
        *(
            "Mar  2 09:00:00",
            "Dec 31 23:59:59\nJan  1 00:00:00",
            "昭和60年4月3日",
            "Apr 3, 1985",
            "04/03/1985",
            "S60.4.3",
        ),
    ):
        yield text.encode()


SEEDS = {
    **{"log": _logs, "mbox": _boxes, "events": _exports, "customers": _tables},
    **{"any_file": _any, "stamps": _moments},
}
