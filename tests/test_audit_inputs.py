"""What strangers' inputs are like: mails that quote logs, links, open quotes, Excel, several addresses, full disks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("daft", reason="the audit's extra is not installed")

from atesaki import audit
from tests.test_audit import claims, run, skipped

FROM = "From shop@shop.example Tue Jan  6 10:00:00 2026\n"
LOG = "Jan  5 10:00:00 mx postfix/smtp[1]: ABC: to=<ghost@example.com>, relay=x, status=sent (ok)\n"


def mail(to: str, number: int, body: str = "Thank you.\n") -> str:
    return (
        f"From: shop@shop.example\nTo: {to}\nDate: Tue, 06 Jan 2026 10:00:00 +0900\n"
        f"Message-ID: <{number}@shop.example>\n"
        f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{body}"
    )


def written(out: Path) -> set[str]:
    return {each["address"] for each in claims(out)}


def test_mails_that_quote_a_log_are_mails(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    (folder / "box" / "new").mkdir(parents=True)
    (folder / "mbox").write_text(FROM + mail("hana@example.jp", 1, LOG) + "\n" + FROM + mail("ken@example.jp", 2))
    (folder / "one.eml").write_text(mail("mio@example.jp", 3, LOG))
    (folder / "box" / "new" / "4").write_text(mail("rin@example.jp", 4, LOG))
    told = run(tmp_path / "out", folder)
    assert written(tmp_path / "out") == {f"{name}@example.jp" for name in ("hana", "ken", "mio", "rin")}
    assert (told["totals"]["mails"], told["totals"]["judged_mails"]) == (4, 4)


def test_an_mbox_without_empty_lines_between_its_mails(tmp_path: Path) -> None:
    prose = "\nFrom now on we open at 10:00, as in 2025.\nFrom then it was.\n"
    (tmp_path / "mbox").write_text("".join(FROM + mail(f"hana{n}@example.jp", n, prose) for n in range(3)))
    assert run(tmp_path / "out", tmp_path / "mbox")["totals"]["mails"] == 3


def test_links_are_followed_once_and_what_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "mail", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (folder / "one.eml").write_text(mail("hana@example.jp", 1))
    (other / "two.eml").write_text(mail("ken@example.jp", 2))
    (folder / "elsewhere").symlink_to(other)
    (folder / "loop").symlink_to(folder)
    (folder / "gone").symlink_to(tmp_path / "nothing")
    closed = folder / "closed"
    closed.mkdir()
    scandir = os.scandir

    def refused(path: str) -> object:
        if path == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)  # the superuser may read everything
    told = run(tmp_path / "out", folder)
    assert written(tmp_path / "out") == {"hana@example.jp", "ken@example.jp"}
    assert (told["totals"]["mails"], skipped(told)) == (2, {"dangling": 1, "unreadable_folder": 1})


@pytest.mark.parametrize(
    "to",
    [
        "山田".encode("iso-2022-jp") + b" <hana@example.jp>",
        b'"' + "表".encode("cp932") + b'" <hana@example.jp>',
        "ァ".encode("cp932") + b" <hana@example.jp>",
        "山田, 太郎 <hana@example.jp>".encode(),
        b"Team: hana@example.jp;",
    ],
    ids=["jis", "sjis backslash", "sjis at", "comma", "group"],
)
def test_a_recipient_as_old_mailers_write_it(to: bytes, tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(mail("HERE", 1).encode().replace(b"HERE", to))
    told = run(tmp_path / "out", tmp_path / "one.eml")
    assert written(tmp_path / "out") == {"hana@example.jp"}
    assert "no_recipient" not in skipped(told)


def test_a_quote_that_is_never_closed_costs_no_other_row(tmp_path: Path) -> None:
    rows = [f"{n},Mori {n},hana{n}@example.jp" for n in range(4_000)]
    rows[10] = '10,"Mori,hana10@example.jp'
    rows[20] = '20,Mori,"hana20@example.jp'
    rows[30] = '30,"Mo\nri",hana30@example.jp'
    rows[-1] = '3999,Mori,"hana3999@example.jp'
    (tmp_path / "table.csv").write_text("no,name,email\n" + "\n".join(rows) + "\n")
    told = run(tmp_path / "out", customers=tmp_path / "table.csv")
    assert (told["totals"]["customers"], told["totals"]["customers_with_address"]) == (4_000, 4_000)
    found = written(tmp_path / "out")
    assert found == {f"hana{n}@example.jp" for n in range(4_000)}
    assert skipped(told) == {"open_quote": 2}


def test_a_table_as_excel_writes_it(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(
        'sep=;\r\n会員番号;メールアドレス\r\n="0001";hana@example.jp\r\n'.encode("cp932")
    )
    run(tmp_path / "out", customers=tmp_path / "table.csv")
    assert [(each["customer"], each["address"]) for each in claims(tmp_path / "out")] == [("0001", "hana@example.jp")]


def test_a_cell_with_two_addresses_is_one_customer_and_no_proof(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(
        'no,email,confirmed_at\n1,hana@example.jp; Hana@example.com,2026-03-01\n2,"ken@example.jp\n",2026-03-01\n'
    )
    told = run(tmp_path / "out", customers=tmp_path / "table.csv")
    totals = told["totals"]
    assert (totals["customers"], totals["customers_with_address"], totals["addresses"]) == (2, 2, 3)
    assert (totals["proved"], skipped(told)) == (1, {"several_addresses": 1})
    assert {(each["address"], each["method"]) for each in claims(tmp_path / "out")} == {
        ("hana@example.jp", "none"),
        ("hana@example.com", "none"),
        ("ken@example.jp", "confirmed_opt_in"),
    }


@pytest.mark.parametrize("secret", ["s3/cr3t", "s3[cr3t", "s3?cr3t", "s3#cr3t", "s3@cr3t", "s3%41cr3t"])
def test_a_password_is_in_no_sentence(secret: str, tmp_path: Path) -> None:
    url = f"postgresql://mori:{secret}@127.0.0.1:1/shop?table=people&sslmode=s3Acr3t"
    with pytest.raises(audit.AuditError) as told:
        run(tmp_path / "out", customers=url)
    assert "cr3t" not in str(told.value)
    assert "URL cannot be read" in str(told.value) or "did not answer" in str(told.value)


def test_a_full_disk_gets_a_sentence_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from atesaki.audit import store

    (tmp_path / "one.eml").write_text(mail("hana@example.jp", 1))

    def full(self: store.Store, unit: object, partial: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store.Store, "keep", full)
        with pytest.raises(audit.AuditError, match=r"No space left on device.*same command again"):
            run(tmp_path / "out", tmp_path / "one.eml")
    assert run(tmp_path / "out", tmp_path / "one.eml")["totals"]["mails"] == 1
