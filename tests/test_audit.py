"""The audit: every figure recomputed by another way, each kind of input, and what is broken."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import past as pasts
from tests.programs import atesaki, environment

pytest.importorskip("daft", reason="the audit's extra is not installed")

from atesaki import audit


class Silent:
    """Watches, and says nothing."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def begin(self, what: str, total: float, done: float) -> None:
        self.stages.append(what)

    def step(self, much: float, octets: int) -> None:
        pass

    def beat(self) -> None:
        pass


def run(out: Path, *mail: Path, customers: Path | str = "", **more: Any) -> dict[str, Any]:
    """An audit in this process, in UTC."""
    os.utime(out.parent)
    options = audit.Options(
        out=out, customers=str(customers), mail=tuple(map(str, mail)), **{"zone": "UTC", "cores": 1} | more
    )
    return audit.run(options, Silent())


def claims(out: Path) -> list[dict[str, str]]:
    with (out / "claims.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def skipped(report: dict[str, Any]) -> dict[str, int]:
    return {each["what"]: each["many"] for each in report["skipped"]}


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> pasts.Past:
    made = pasts.make(tmp_path_factory.mktemp("past"))
    for path in made.folder.glob("mail.log*"):
        os.utime(path, (pasts.BEGIN.timestamp() + 86_400 * 90,) * 2)
    return made


@pytest.fixture(scope="module")
def report(past: pasts.Past, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("report")
    told = run(out, past.folder, customers=past.customers, addresses=True)
    return told | {"out": out}


# -- figures, by another way ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def truth(past: pasts.Past) -> sqlite3.Connection:
    """What was truly sent, as tables to ask."""
    database = sqlite3.connect(":memory:")
    database.executescript(
        "CREATE TABLE sent (message, who, month, became, archived, personal); CREATE TABLE proved (who);"
        "CREATE TABLE answered (who);"
        "CREATE TABLE held (who); CREATE TABLE reacted (who)"
    )
    database.executemany(
        "INSERT INTO sent VALUES (?, ?, ?, ?, ?, ?)",
        [(s.message, s.to, f"{s.at:%Y-%m}", s.became, s.archived, s.personal) for s in past.sent],
    )
    database.executemany("INSERT INTO proved VALUES (?)", [(each,) for each in past.proved])
    database.executemany("INSERT INTO answered VALUES (?)", [(each,) for each in past.answered])
    database.executemany("INSERT INTO held VALUES (?)", [(each.lower(),) for each in past.held])
    database.executemany(
        "INSERT INTO reacted VALUES (?)",
        [(each,) for each in past.confirmed | past.clicked | past.replied | past.opened],
    )
    return database


_FIGURES = {
    "customers": "SELECT count(*) FROM held",
    "customers_with_address": "SELECT count(*) FROM held",
    "addresses": "SELECT count(*) FROM (SELECT who FROM held UNION SELECT who FROM sent)",
    "mails": "SELECT count(*) FROM sent",
    "deliveries": "SELECT count(*) FROM sent WHERE became = 'sent'",
    "bounced": "SELECT count(*) FROM sent WHERE became = 'bounced'",
    "proved": "SELECT count(DISTINCT who) FROM proved WHERE who IN (SELECT who FROM held UNION SELECT who FROM sent)",
    "answered": "SELECT count(DISTINCT who) FROM answered"
    " WHERE who IN (SELECT who FROM held UNION SELECT who FROM sent)",
    "written_unproved": "SELECT count(DISTINCT who) FROM sent WHERE who NOT IN (SELECT who FROM proved)",
    "mails_to_unproved": "SELECT count(*) FROM sent WHERE who NOT IN (SELECT who FROM proved)",
    "judged_mails": "SELECT count(*) FROM sent WHERE archived",
    "personal_mails": "SELECT count(*) FROM sent WHERE personal",
    "personal_to_unproved": "SELECT count(*) FROM sent WHERE personal AND who NOT IN (SELECT who FROM proved)",
    "never_reacted": "SELECT count(DISTINCT who) FROM sent WHERE who NOT IN (SELECT who FROM reacted)",
    "shared": "SELECT count(*) FROM (SELECT who FROM held GROUP BY who HAVING count(*) > 1)",
}


@pytest.mark.parametrize("name", _FIGURES)
def test_a_total_is_what_was_sent(name: str, report: dict[str, Any], truth: sqlite3.Connection) -> None:
    assert report["totals"][name] == truth.execute(_FIGURES[name]).fetchone()[0]


def test_months_are_what_was_sent(report: dict[str, Any], truth: sqlite3.Connection) -> None:
    unproved = "who NOT IN (SELECT who FROM proved)"
    asked = f"SELECT month, count(*), sum({unproved}), sum(personal AND {unproved}) FROM sent GROUP BY month ORDER BY 1"
    told = [
        (each["month"], each["mails"], each["to_unproved"], each["personal_to_unproved"]) for each in report["by_month"]
    ]
    assert told == truth.execute(asked).fetchall()


def test_kinds_are_what_the_mails_hold(report: dict[str, Any], truth: sqlite3.Connection) -> None:
    kinds = {each["kind"]: each for each in report["kinds"]}
    for kind in ("name", "postal", "phone"):
        assert kinds[kind]["mails"] == truth.execute("SELECT count(*) FROM sent WHERE personal").fetchone()[0], kind
        assert (
            kinds[kind]["addresses"]
            == truth.execute("SELECT count(DISTINCT who) FROM sent WHERE personal").fetchone()[0]
        )


def test_domains_add_up(report: dict[str, Any], truth: sqlite3.Connection) -> None:
    for each in report["domains"]:
        like = f"%@{each['domain']}"
        assert each["mails"] == truth.execute("SELECT count(*) FROM sent WHERE who LIKE ?", [like]).fetchone()[0]


def test_a_mail_in_an_archive_and_a_log_is_one(report: dict[str, Any], past: pasts.Past) -> None:
    assert skipped(report)["duplicate_mail"] == sum(each.archived for each in past.sent)


def test_the_claims_have_their_evidence(report: dict[str, Any], past: pasts.Past) -> None:
    told = claims(report["out"])
    assert len(told) == report["claims_file"]["rows"] == len(past.held)
    assert sum(each["method"] != "none" for each in told) == report["claims_file"]["with_evidence"]
    shared = {each for each in map(str.lower, past.held) if [*map(str.lower, past.held)].count(each) > 1}
    for claim in told:
        number = int(claim["customer"][1:])
        who = claim["address"]
        assert who == past.held[number].lower()
        if number % 3 == 0:
            assert (claim["method"], claim["at"]) == ("confirmed_opt_in", "2026-02-01T10:20:00+00:00")
        elif who in shared:
            assert claim["method"] == "none", "a click does not tell which of two customers it was"
        else:
            expected = "replied" if who in past.replied else "clicked" if who in past.clicked else "none"
            assert claim["method"] == expected


def test_the_list_holds_whom_nobody_proved(report: dict[str, Any], truth: sqlite3.Connection) -> None:
    with (report["out"] / "addresses.csv").open(encoding="utf-8") as file:
        told = {row["address"]: int(row["mails"]) for row in csv.DictReader(file)}
    asked = "SELECT who, count(*) FROM sent WHERE who NOT IN (SELECT who FROM proved) GROUP BY who"
    assert told == dict(truth.execute(asked).fetchall())
    assert report["addresses_file"]["rows"] == len(told)


def test_the_files_are_their_owners_alone_and_hold_no_plain_address(report: dict[str, Any], past: pasts.Past) -> None:
    for name in ("report.json", "report.html", "claims.csv", "addresses.csv"):
        assert (report["out"] / name).stat().st_mode & 0o077 == 0, name
    for name in ("report.json", "report.html"):
        text = (report["out"] / name).read_text()
        assert not [each for each in past.held if each.lower() in text.lower()]
    assert not (report["out"] / "work").exists()


def test_since_leaves_out_mails_and_keeps_what_they_prove(past: pasts.Past, tmp_path: Path) -> None:
    told = run(tmp_path / "out", past.folder, customers=past.customers, since=date(2026, 4, 1))
    assert told["totals"]["mails"] == sum(f"{each.at:%m}" >= "04" for each in past.sent)
    later = {each.to for each in past.sent if f"{each.at:%m}" >= "04"} | {each.lower() for each in past.held}
    assert told["totals"]["proved"] == len(past.proved & later)


# -- each kind of input -----------------------------------------------------------------------------------------------


def figures(report: dict[str, Any]) -> tuple[int, int, int]:
    return tuple(report["totals"][name] for name in ("mails", "deliveries", "bounced"))  # type: ignore[return-value]


def test_exim(tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    log.write_text(
        "2026-03-01 10:00:00 1abcDE-000123-AB <= order@shop.example H=app [192.0.2.1] P=smtp id=1.x@shop.example\n"
        '2026-03-01 10:00:01 1abcDE-000123-AB => hana@example.jp R=dns T=smtp H=mx.example.jp C="250 OK"\n'
        '2026-03-01 10:00:01 1abcDE-000123-AB -> ken@example.jp R=dns T=smtp H=mx.example.jp C="250 OK"\n'
        "2026-03-01 10:00:02 1abcDE-000123-AB ** mori@example.com R=dnslookup T=remote_smtp: 550 User unknown\n"
        "2026-03-01 10:00:02 1abcDE-000123-AB == late@example.com R=dnslookup T=remote_smtp defer (-53): retry\n"
        "2026-03-01 10:00:03 1abcDE-000123-AB Completed\n"
        "2026-03-01 10:00:04 1abcDE-000124-AB <= <> R=1abcDE-000123-AB U=mail P=local S=1900\n"
        "2026-03-01 10:00:05 1abcDE-000124-AB => order@shop.example R=local T=local\n"
    )
    told = run(tmp_path / "out", log)
    assert told["inputs"][0]["kind"] == "exim"
    assert figures(told) == (3, 2, 1)
    assert told["totals"]["deferrals"] == 1
    assert skipped(told)["returns"] == 1
    assert {each["address"] for each in claims(tmp_path / "out")} == {
        "hana@example.jp",
        "ken@example.jp",
        "mori@example.com",
    }


def test_sendmail(tmp_path: Path) -> None:
    log = tmp_path / "maillog"
    log.write_text(
        "Mar  1 10:00:00 mx1 sendmail[11]: 62A1xyz001: from=<order@shop.example>, size=900, class=0, nrcpts=3,"
        " msgid=<1.x@shop.example>, proto=ESMTP, relay=app [192.0.2.1]\n"
        "Mar  1 10:00:01 mx1 sendmail[12]: 62A1xyz001: to=<hana@example.jp>,<ken@example.jp>, delay=00:00:01,"
        " dsn=2.0.0, stat=Sent (ok queued)\n"
        "Mar  1 10:00:02 mx1 sm-mta[12]: 62A1xyz001: to=<mori@nowhere.example.com>, delay=00:00:02, dsn=5.1.2,"
        " stat=Host unknown (Name server: nowhere.example.com.: host not found)\n"
        "Mar  1 10:00:02 mx1 sm-mta[12]: 62A1xyz002: to=<late@example.jp>, dsn=4.0.0, stat=Deferred: later\n"
    )
    os.utime(log, (1_780_000_000, 1_780_000_000))
    told = run(tmp_path / "out", log)
    assert told["inputs"][0]["kind"] == "sendmail"
    assert figures(told) == (3, 2, 1)
    assert told["period"]["first"].startswith("2026-03-01T10:00:01")
    assert {each["reason"] for each in told["suspicions"]} >= {"dead_domain"}


def test_sendgrid_in_an_array(tmp_path: Path) -> None:
    at = 1_772_000_000
    events = [
        {
            "email": "hana@example.jp",
            "timestamp": at,
            "event": "processed",
            "smtp-id": "<1.x@shop.example>",
            "sg_event_id": "a",
        },
        {
            "email": "hana@example.jp",
            "timestamp": at + 2,
            "event": "delivered",
            "smtp-id": "<1.x@shop.example>",
            "sg_event_id": "b",
        },
        {"email": "hana@example.jp", "timestamp": at + 9, "event": "click", "sg_event_id": "c"},
        {
            "email": "ken@example.jp",
            "timestamp": at,
            "event": "bounce",
            "smtp-id": "<2.x@shop.example>",
            "sg_event_id": "d",
        },
        {
            "email": "mori@example.jp",
            "timestamp": at,
            "event": "dropped",
            "smtp-id": "<3.x@shop.example>",
            "sg_event_id": "e",
        },
    ]
    (tmp_path / "hook.json").write_text(json.dumps(events, indent=1))
    told = run(tmp_path / "out", tmp_path / "hook.json")
    assert told["inputs"][0]["kind"] == "sendgrid"
    assert figures(told) == (2, 1, 1)
    assert (told["totals"]["answered"], told["totals"]["proved"]) == (1, 0), "a click proves a mailbox"


def test_ses_bounces_complaints_and_one_record_after_the_other(tmp_path: Path) -> None:
    def event(kind: str, number: int, to: list[str], **more: Any) -> str:
        mail = {"messageId": f"m{number}", "timestamp": "2026-03-01T10:00:00Z", "destination": to}
        return json.dumps({"notificationType": kind, "mail": mail, kind.lower(): more})

    at = {"timestamp": "2026-03-01T10:00:05Z"}
    path = tmp_path / "firehose"
    path.write_text(
        event("Delivery", 1, ["hana@example.jp"], recipients=["hana@example.jp"], **at)
        + event("Bounce", 2, ["ken@example.jp"], bouncedRecipients=[{"emailAddress": "ken@example.jp"}], **at)
        + "\n{ broken\n"
        + event("Complaint", 1, ["hana@example.jp"], complainedRecipients=[{"emailAddress": "hana@example.jp"}], **at)
        + "\n"
        + event("Click", 3, ["hana@example.jp", "ken@example.jp"], **at)
    )
    told = run(tmp_path / "out", path)
    assert figures(told) == (2, 1, 1)
    assert told["totals"]["complaints"] == 1
    assert skipped(told) == {"broken_json": 1, "ambiguous_event": 1}


def test_logs_across_new_year(tmp_path: Path) -> None:
    lines = [
        *pasts.postfix(1, "hana@example.jp", pasts.datetime(2025, 12, 31, 23, 59, 50), "sent", "<1@shop.example>"),
        *pasts.postfix(2, "ken@example.jp", pasts.datetime(2026, 1, 1, 0, 0, 5), "sent", "<2@shop.example>"),
    ]
    log = tmp_path / "mail.log"
    log.write_text("\n".join(lines) + "\n")
    os.utime(log, (1_769_000_000, 1_769_000_000))  # 21 January 2026
    told = run(tmp_path / "out", log)
    assert (told["period"]["first"], told["period"]["last"]) == (
        "2025-12-31T23:59:50+00:00",
        "2026-01-01T00:00:05+00:00",
    )
    told = run(tmp_path / "said", log, year=2023)
    assert told["period"]["first"].startswith("2023-12-31")


@pytest.mark.parametrize("packed", ["gz", "xz", "bz2", "zst"])
def test_packed_logs(packed: str, tmp_path: Path) -> None:
    import bz2
    import lzma

    import pyarrow as pa

    text = ("\n".join(pasts.postfix(1, "hana@example.jp", pasts.BEGIN, "sent", "<1@shop.example>")) + "\n").encode()
    pack = {
        "gz": gzip.compress,
        "xz": lzma.compress,
        "bz2": bz2.compress,
        "zst": lambda t: pa.compress(t, "zstd", asbytes=True),
    }
    (tmp_path / f"log.{packed}").write_bytes(pack[packed](text))
    assert figures(run(tmp_path / "out", tmp_path / f"log.{packed}")) == (1, 1, 0)


def test_a_folder_of_mails_and_a_maildir(tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    (folder / "box" / "new").mkdir(parents=True)
    (folder / "box" / "cur").mkdir()
    (folder / "box" / "tmp").mkdir()
    for number in range(6):
        where = folder / ("box/cur" if number % 2 else ".")
        (where / f"{number}.eml").write_bytes(bytes(pasts.order(number, f"hana{number}@example.jp", pasts.BEGIN)))
    (folder / "box" / "tmp" / "9.eml").write_bytes(bytes(pasts.order(9, "half@example.jp", pasts.BEGIN)))
    shutil.copy(folder / "0.eml", folder / "again.eml")
    told = run(tmp_path / "out", folder)
    assert told["totals"]["mails"] == 6
    assert skipped(told)["duplicate_mail"] == 1


TABLES = {
    "semicolon": ("id;email;verified_at\n1;hana@example.jp;2026-03-01\n2;ken@example.jp;\n", "utf-8"),
    "tab": ("顧客番号\tＥメール\t本登録日\n1\thana@example.jp\t2026年3月1日\n2\tken@example.jp\t\n", "cp932"),
    "bom": ("会員ID,メールアドレス,認証日\r\n1,hana@example.jp,2026/3/1\r\n2,ken@example.jp,\r\n", "utf-8-sig"),
    "utf16": ("会員ID\tメールアドレス\t認証日\r\n1\thana@example.jp\t2026/3/1\r\n2\tken@example.jp\t\r\n", "utf-16"),
    "quoted": ('no,mail,confirmed_at\n1,"hana@example.jp","2026-03-01 00:00:00"\n2,ken@example.jp,\n', "utf-8"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_csv_is_understood(name: str, tmp_path: Path) -> None:
    text, encoding = TABLES[name]
    (tmp_path / "table.csv").write_bytes(text.encode(encoding))
    told = run(tmp_path / "out", customers=tmp_path / "table.csv")
    assert (told["totals"]["customers"], told["totals"]["proved"]) == (2, 1)
    found = [(each["address"], each["customer"], each["at"]) for each in claims(tmp_path / "out")]
    assert sorted(found) == [("hana@example.jp", "1", "2026-03-01T00:00:00+00:00"), ("ken@example.jp", "2", "")]
    assert set(told["columns"]) >= {"address", "customer", "confirmed_at"}


def test_a_csv_with_mixed_encodings_and_rows_across_lines(tmp_path: Path) -> None:
    rows = [
        "会員番号,氏名,メールアドレス\n".encode(),
        "1,大島,hana@example.jp\n".encode("cp932"),
        '2,"山田\n花子",ken@example.jp\n'.encode(),
        b"3,\x85\x85\xa0,mori@example.jp\n",
        b"4,short\n",
        b"5,none,\n",
        *("6,多数,most@example.jp\n".encode() for _ in range(40)),
    ]
    (tmp_path / "table.csv").write_bytes(b"".join(rows))
    told = run(tmp_path / "out", customers=tmp_path / "table.csv")
    assert {each["address"] for each in claims(tmp_path / "out")} == {
        f"{n}@example.jp" for n in ("hana", "ken", "mori", "most")
    }
    assert skipped(told) == {"mixed_encoding": 1, "broken_encoding": 1, "broken_row": 1, "no_address": 1}


def test_a_large_csv_is_cut_between_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from atesaki.audit import customers

    monkeypatch.setattr(customers, "TABLE_OCTETS", 1000)
    draw = random.Random(5)
    with (tmp_path / "table.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "note", "email"])
        for number in range(500):
            rows.writerow([number, 'a\nb,"c' * draw.randrange(9), f"hana{number}@example.jp"])
    told = run(tmp_path / "out", customers=tmp_path / "table.csv")
    assert {each["customer"] for each in claims(tmp_path / "out")} == {str(number) for number in range(500)}
    assert told["totals"]["customers"] == 500


def test_parquet_sqlite_and_what_to_ask(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = {"id": [1, 2], "email": ["hana@example.jp", "ken@example.jp"], "confirmed_at": [date(2026, 3, 1), None]}
    pq.write_table(pa.table(rows), tmp_path / "c.parquet")
    with sqlite3.connect(tmp_path / "c.db") as database:
        database.execute("CREATE TABLE people (id, email, confirmed_at)")
        database.executemany(
            "INSERT INTO people VALUES (?, ?, ?)", [(1, "hana@example.jp", "2026-03-01"), (2, "ken@example.jp", None)]
        )
    url = f"sqlite:///{tmp_path / 'c.db'}"
    found = [
        run(tmp_path / "a", customers=tmp_path / "c.parquet"),
        run(tmp_path / "b", customers=f"{url}?table=people"),
        run(tmp_path / "c", customers=url, sql="SELECT id, email AS 'メール', confirmed_at FROM people"),
    ]
    assert [(each["totals"]["customers"], each["totals"]["proved"]) for each in found] == [(2, 1)] * 3


@pytest.mark.django_db(transaction=True)
def test_postgresql(tmp_path: Path) -> None:
    from django.db import connection

    told = connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE audited (customer_id int, email text, email_verified_at timestamptz)")
        cursor.execute("INSERT INTO audited VALUES (1, 'hana@example.jp', '2026-03-01Z'), (2, 'ken@example.jp', NULL)")
        try:
            place = {key: str(told[name]) for key, name in (("host", "HOST"), ("port", "PORT"), ("user", "USER"))}
            asked = urlencode({key: value for key, value in place.items() if value} | {"table": "audited"})
            url = f"postgresql:///{told['NAME']}?{asked}"
            report = run(tmp_path / "out", customers=url)
        finally:
            cursor.execute("DROP TABLE audited")
    assert (report["totals"]["customers"], report["totals"]["proved"]) == (2, 1)


def test_a_password_is_not_shown() -> None:
    from atesaki.audit import customers

    shown = customers.shown("postgresql://mori:secret@db.example:5432/shop?table=people&password=secret")
    assert shown == "postgresql://mori@db.example:5432/shop?table=people"


# -- what is broken ---------------------------------------------------------------------------------------------------


def test_broken_inputs_are_told_and_the_rest_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    lines = [
        line
        for n in range(200)
        for line in pasts.postfix(n, f"hana{n}@example.jp", pasts.BEGIN, "sent", f"<{n}@s.example>")
    ]
    text = ("\n".join(lines) + "\n").encode()
    (folder / "cut.gz").write_bytes(gzip.compress(text)[:-400])
    (folder / "good.log").write_bytes(text[: len(text) // 4])
    (folder / "good.log.gz").write_bytes(gzip.compress(text[: len(text) // 4]))
    (folder / "empty").write_bytes(b"")
    (folder / "binary").write_bytes(random.Random(1).randbytes(50_000))
    (folder / "no.gz").write_bytes(b"\x1f\x8b" + b"nonsense" * 20)
    told = run(tmp_path / "out", folder)
    said = skipped(told)
    assert said["broken_archive"] == 2
    assert (said["duplicate_file"], said["empty"], said["unknown_kind"]) == (1, 1, 1)
    assert 100 <= told["totals"]["mails"] < 200
    assert all(each["sentence"] and each["sentence_ja"] and each["example"] for each in told["skipped"])


def test_an_unreadable_file_and_one_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from atesaki.audit import program

    for name in ("a", "b", "c"):
        mail = pasts.order(1, f"{name}@example.jp", pasts.BEGIN)
        mail.replace_header("Message-ID", f"<{name}@shop.example>")
        (tmp_path / f"{name}.eml").write_bytes(bytes(mail))
    find = program._find

    def found(it: Any) -> None:
        find(it)
        (tmp_path / "b.eml").unlink()

    monkeypatch.setattr(program, "_find", found)
    if os.geteuid():
        (tmp_path / "c.eml").chmod(0)
    told = run(tmp_path / "out", *(tmp_path / f"{name}.eml" for name in "abc"))
    assert skipped(told)["vanished"] == 1
    if os.geteuid():
        assert skipped(told)["unreadable"] == 1
    assert told["totals"]["mails"] == (1 if os.geteuid() else 2)


def test_a_truncated_mbox_with_a_hundred_megabytes_in_it(tmp_path: Path) -> None:
    box = tmp_path / "box"
    with box.open("wb") as out:
        for number, size in enumerate((0, 100 << 20, 0, 0)):
            mail = bytes(pasts.order(number, f"hana{number}@example.jp", pasts.BEGIN))
            out.write(b"From order@shop.example Mon Mar  2 09:00:00 2026\n" + mail)
            for _ in range(size >> 20):
                out.write((b"x" * 1023 + b"\n") * 1024)
            out.write(b"From the garden, 2026, this is prose.\n>From here too.\n" if number < 3 else b"and then it bre")
            out.write(b"\n" if number < 3 else b"")
    told = run(tmp_path / "out", box)
    assert told["totals"]["mails"] == 4
    assert (skipped(told)["truncated_mbox"], skipped(told)["huge_mail"]) == (1, 1)


def test_an_mbox_cut_anywhere_holds_the_same_mails(tmp_path: Path) -> None:
    from atesaki.audit import archive, inputs, partials

    box = tmp_path / "box"
    mails = [bytes(pasts.order(n, f"hana{n}@example.jp", pasts.BEGIN)) for n in range(12)]
    box.write_bytes(b"".join(b"From a@b.example Mon Mar  2 09:00:00 2026\n" + mail + b"\n" for mail in mails))
    whole = box.stat().st_size
    draw = random.Random(3)
    for _ in range(60):
        cuts = sorted(draw.sample(range(1, whole), 3))
        ends = [*cuts, whole]
        found = [
            mail.place
            for start, end in zip([0, *cuts], ends, strict=True)
            for mail in archive.mails(inputs.Unit("judge", "mbox", str(box), 0, start, end), partials.Rows(1))
        ]
        assert len(found) == len(set(found)) == len(mails), cuts


def test_a_log_cut_anywhere_holds_the_same_lines(tmp_path: Path) -> None:
    from atesaki.audit import streams

    log = tmp_path / "log"
    lines = [b"%d %s\n" % (n, b"x" * (n % 37)) for n in range(400)]
    log.write_bytes(b"".join(lines))
    draw = random.Random(3)
    for _ in range(60):
        cuts = sorted(draw.sample(range(1, log.stat().st_size), 3))
        found: list[bytes] = []
        for start, end in zip([0, *cuts], [*cuts, 0], strict=True):
            with log.open("rb") as file:
                for at, block in streams.lines(file, start, end):
                    assert b"".join(lines)[at : at + len(block)] == block
                    found += block.splitlines(keepends=True)
        assert found == lines, cuts


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--mail", "nowhere"], "There is no nowhere"),
        (["--customers", "nowhere.csv"], "cannot be read"),
        (["--customers", "table.csv"], "looks like mail addresses"),
        (["--customers", "table.csv", "--columns", "address=b,shoe=a"], "names nothing that is read"),
        (["--customers", "table.csv", "--columns", "address"], "is not KEY=HEADING"),
        (["--customers", "sqlite:///table.csv"], "names no table"),
        (["--customers", "sqlite:///none.db?table=t"], "did not answer"),
        (["--mail", "table.csv"], "of no kind that is read here"),
        (["--mail", "table.csv", "--zone", "Mars"], "no time zone"),
        ([], "Give --customers, --mail, or both"),
    ],
)
def test_a_wrong_question_gets_a_sentence(
    asked: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from atesaki.cli.audit import audit as command

    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    ran = CliRunner().invoke(command, [*asked, "--out", str(tmp_path / "out")])
    assert ran.exit_code in (1, 2)
    assert said in ran.output.replace("\n", " ")
    assert "Traceback" not in ran.output


def test_plain_addresses_are_compared_as_the_address_module_does() -> None:
    from atesaki import addresses
    from atesaki.audit.partials import comparable

    for text in (
        "Hana@Example.JP",
        "a+b@example.jp",
        "x@例え.jp",
        "<ken@example.jp>",
        "a_b-c@sub.example.com",
        "A@B-c.example",
    ):
        assert comparable(text) == addresses.parse(text).comparable
    for text in ("hana@", "hana", "a..b@example.jp", "a@-x.example", "a@example", "a" * 65 + "@example.jp"):
        assert comparable(text) == text.lower()


# -- in processes, killed, and gone on --------------------------------------------------------------------------------


def test_a_killed_run_goes_on_and_counts_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    pasts.large(folder)
    words = ["audit", "--mail", str(folder), "--zone", "UTC", "--processes", "2"]
    running = subprocess.Popen(
        [sys.executable, "-m", "atesaki.cli", *words, "--out", str(tmp_path / "out")],
        env=environment(tmp_path / "home"),
        stderr=subprocess.DEVNULL,
    )
    work = tmp_path / "out" / "work"
    deadline = time.monotonic() + 100
    while not list(work.glob("judge-*.arrow")):
        assert running.poll() is None, "it was over before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running.kill()
    running.wait()
    before = {path.name: path.stat().st_mtime_ns for path in work.glob("*.arrow")}
    assert not (tmp_path / "out" / "report.json").exists()
    ran = atesaki(tmp_path / "home", *words, "--out", str(tmp_path / "out"), "--keep-work")
    assert ran.returncode == 0, ran.stderr
    assert "was done before" in ran.stderr
    after = {path.name: path.stat().st_mtime_ns for path in work.glob("*.arrow")}
    assert before.items() <= after.items(), "what was done is not done again"
    run(tmp_path / "one", folder)
    assert pasts.told(tmp_path / "out") == pasts.told(tmp_path / "one")
    (folder / "mail.log").write_text((folder / "mail.log").read_text() + "\n")
    ran = atesaki(tmp_path / "home", *words, "--out", str(tmp_path / "out"))
    assert ran.returncode == 1
    assert "belongs to an audit of other inputs" in ran.stderr


def test_a_unit_that_kills_its_worker_is_given_up_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from atesaki.audit import engine, inputs, work

    units = [inputs.Unit("read", "postfix", str(tmp_path / name), 0, size=8 << 20) for name in ("good", "bad", "fine")]
    for name in ("good", "bad", "fine"):
        (tmp_path / name).write_text(
            "\n".join(pasts.postfix(1, "hana@example.jp", pasts.BEGIN, "sent", "<1@s.example>")) + "\n"
        )
    finished: list[str] = []
    lost: list[str] = []
    working = engine.Engine("", 2, lambda: None)
    terms = work.Terms(4, "UTC", bytes(32))
    answers = engine.Engine._question

    def question(self: Any, wave: list[inputs.Unit], terms: Any, told: Any) -> Any:
        for unit in wave:
            if unit.path.endswith("bad"):
                raise RuntimeError("UDF process closed the connection unexpectedly")
            yield from answers(self, [unit], terms, told)

    monkeypatch.setattr(engine.Engine, "_question", question)
    working.run(
        units,
        terms,
        lambda unit: b"",
        lambda unit, partial: finished.append(unit.path[-4:]),
        lambda unit: lost.append(unit.path[-3:]),
    )
    assert (finished, lost) == (["good", "fine"], ["bad"])


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['daft'] = None; from atesaki.cli import run; sys.exit(run(sys.argv[1:]))"
    ran = subprocess.run(
        [sys.executable, "-c", hidden, "audit", "--mail", str(tmp_path), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(tmp_path),
    )
    assert ran.returncode == 1
    assert "atesaki[audit]" in ran.stderr
    assert "Traceback" not in ran.stderr
