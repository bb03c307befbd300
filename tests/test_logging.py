"""Whatever is logged, by whom and in which format: no address, no token and no password is in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki.site.logging import mask, mask_event

patient = settings(deadline=None)  # others may have the processor

# Written as they might be logged; the second of each must not be seen, the third stays.
SECRETS = [
    ("hana@example.jp", "hana", ""),
    ("Hana <hana.sato+shop@mail.example.jp>", "sato", "Hana <"),
    ("花子@例え.jp", "花子", ""),
    ("花子＠例え．ｊｐ", "花子", ""),
    ("René.Été@bücher.example", "Été", ""),
    ('"hana sato"@example.jp', "sato", ""),
    ('"ha\\"na sato"@example.jp', "sato", ""),
    ("ken..m@docomo.ne.jp", "ken", ""),
    ("hana@[192.0.2.1]", "192.0.2.1", ""),
    ("'hana@example.jp'", "hana", ""),
    ("hana\0@\0example.jp", "hana", ""),
    ("(hana@example.jp, ken@example.com)", "ken", "("),
    ("mailto:hana@example.jp", "hana", ""),
    ("RCPT TO:<hana@example.jp> SIZE=3", "hana", "RCPT TO:<***@***> SIZE=3"),
    ("address=hana%40example.jp&x=1", "hana", ""),
    ("address=hana%EF%BC%A0example.jp", "hana", ""),
    ("r+Yx7kq@post.example.jp", "Yx7kq", ""),
    ("hana@example.jp\nken@example.com", "ken", "\n"),
    ("GET /c/Yx7kq-_9 HTTP/1.1", "Yx7kq", "GET /c/*** HTTP/1.1"),
    ("https://post.example.jp/n/Yx7kq/one-click?a=1", "Yx7kq", "https://post.example.jp/n/***/one-click?a=1"),
    ("'/m/Yx7kq'", "Yx7kq", "'/m/***'"),
    ("/n/%59x7kq", "x7kq", "/n/***"),
    ("/c/花Yx7kq", "Yx7kq", "/c/***"),
    ("postgresql://atesaki:Yx7kq@db.example:5432/a", "Yx7kq", "postgresql://***@db.example:5432/a"),
    ("smtps://hana@mail.example:465", "hana", "smtps://***@mail.example:465"),
    ("smtp://u:Yx7@kq/a@mail.example", "Yx7", ""),
    ("Authorization: Bearer Yx7kq", "Yx7kq", "Authorization: Bearer ***"),
    ("AUTH PLAIN AGhhbmEA", "AGhhbmEA", "AUTH PLAIN ***"),
    ("auth login aGFuYQ==", "aGFuYQ", "auth login ***"),
    ("basic aGFuYQ==", "aGFuYQ", "basic ***"),
]
SAFE = [
    "held until 2026-11-24T04:39:00+00:00",
    "0198c0de-7000-7000-8000-000000000001 deliver",
    "GET /about-this-mail HTTP/1.1",
    "/mailbox/1 /metrics /health/ready /nc/x",
    "postgresql://db.example:5432/atesaki",
    "smtp://127.0.0.1:25",
    "宛先を確かめています",
    "100%",
    "",
]


@pytest.mark.parametrize(("text", "secret", "stays"), SECRETS)
def test_a_secret_is_masked_wherever_it_stands(text: str, secret: str, stays: str) -> None:
    for before, after in (("", ""), ("before ", " after"), ("(", ")"), ("x\n", "\ny"), ("<", ">"), ("", f" {text}")):
        shown = mask(before + text + after)
        assert secret not in shown
        assert stays in shown
        assert shown.startswith(before)
    assert secret not in mask(f"k={text}")
    assert "***" in mask(text)


@pytest.mark.parametrize("text", SAFE)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text


local_parts = st.from_regex(r"[A-Za-z0-9_花é]{4}([.+'=/-][A-Za-z0-9_花é]{1,5}){0,2}", fullmatch=True)
domains = st.sampled_from(["example.jp", "例え.jp", "ｅｘａｍｐｌｅ．ｊｐ", "[IPv6:2001:db8::1]", "localhost"])
ends = st.sampled_from(["", " ", "\n", "<", ">", '"', ",", ";", "(", ")", "\t", "　"])


@patient
@given(local_parts, st.sampled_from(["@", "＠", "%40"]), domains, ends, ends, st.sampled_from([" ", "\n", ", "]))
def test_no_address_is_left_between_any_marks(
    local: str, at: str, domain: str, before: str, after: str, between: str
) -> None:
    address = f"{before}{local}{at}{domain}{after}"
    shown = mask(f"to {address}{between}{address} end")
    assert local not in shown and domain not in shown
    assert shown.startswith("to ") and shown.endswith(" end")


@patient
@given(st.sampled_from("cnm"), st.from_regex(r"[A-Za-z0-9_.~%-]{8,40}", fullmatch=True), ends)
def test_no_token_is_left_in_a_path(page: str, token: str, end: str) -> None:
    shown = mask(f"https://post.example.jp/{page}/{token}/keep{end}")
    assert token not in shown
    assert shown == f"https://post.example.jp/{page}/***/keep{end}"


@patient
@given(st.text(max_size=80))
def test_masking_takes_anything_and_twice_is_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


class Odd:
    def __str__(self) -> str:
        return "for hana@example.jp"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("hana@example.jp", "***@***"),
        (b"<hana@example.jp>", "b'<***@***>'"),
        (["hana@example.jp", 7, None, True, 1.5], ["***@***", 7, None, True, 1.5]),
        (("a", {"to": ("hana@example.jp",)}), ["a", {"to": ["***@***"]}]),
        ({"hana@example.jp": 1}, {"***@***": 1}),
        (frozenset({"hana@example.jp"}), ["***@***"]),
        (ValueError("hana@example.jp"), "***@***"),
        (Odd(), "for ***@***"),
        (7, 7),
        (None, None),
    ],
)
def test_values_of_any_kind_are_masked(value: Any, shown: Any) -> None:
    assert mask_event(None, "", {"event": value, "n": 1}) == {"event": shown, "n": 1}


# --- as the programs write it ----------------------------------------------------------------------------

PROGRAM = """
import logging, sys, warnings
import structlog
from atesaki.site.logging import set_up, unexpected

SECRETS = {secrets!r}
set_up("gate")
log = structlog.get_logger("atesaki.test")

def fail(text):
    try:
        raise LookupError(text)
    except LookupError as error:
        error.add_note("a note on " + text)
        raise RuntimeError("because of " + text) from error

for number, text in enumerate(SECRETS):
    log.info(f"event {{text}}", number=number)
    log.info("bound", number=number, value=text, several=[text, {{"to": text, text: 1}}], raw=text.encode())
    log.bind(customer=text).warning("positional %s", text, number=number)
    logging.getLogger("library").warning("library %s %r", text, (text,))
    logging.getLogger("library").error("extra", extra={{"to": text}}, stack_info=True)
    try:
        fail(text)
    except RuntimeError as error:
        log.exception("caught", number=number)
        log.error("passed", exc_info=error, number=number)
        logging.getLogger("library").exception("library caught %s", text)
        unexpected(error)
    warnings.warn(text, UserWarning)
logging.getLogger("asyncio").info("chatter")
log.debug("chatter")
print("not for the log", flush=True)
fail(" and ".join(SECRETS))
"""


def run(log: str | None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "ATESAKI_LOG"} | {"PYTHONUTF8": "1"}
    if log is not None:
        env["ATESAKI_LOG"] = log
    texts = [text for text, _, _ in SECRETS]
    program = [sys.executable, "-c", PROGRAM.format(secrets=texts)]
    return subprocess.run(program, capture_output=True, text=True, env=env, timeout=60, check=False)


@pytest.fixture(scope="module")
def written() -> dict[str, subprocess.CompletedProcess[str]]:
    return {log: run(log) for log in ("json", "console")}


@pytest.mark.parametrize("log", ["json", "console"])
def test_nothing_that_is_logged_holds_a_secret(log: str, written: dict[str, subprocess.CompletedProcess[str]]) -> None:
    done = written[log]
    assert (done.returncode, done.stdout) == (1, "not for the log\n")
    for text, secret, _ in SECRETS:
        assert secret not in done.stderr, text
    for word in (
        "event",
        "bound",
        "positional",
        "library",
        "extra",
        "caught",
        "passed",
        "unexpected end",
        "UserWarning",
    ):
        assert word in done.stderr
    assert done.stderr.count("LookupError: ") == 4 * len(SECRETS) + 1
    assert done.stderr.count("a note on ") >= 4 * len(SECRETS) + 1
    assert "because of ***@***" in done.stderr
    assert "chatter" not in done.stderr


def test_json_is_a_line_for_each_event(written: dict[str, subprocess.CompletedProcess[str]]) -> None:
    lines = [json.loads(line) for line in written["json"].stderr.splitlines()]
    assert {line["part"] for line in lines} == {"gate"}
    assert all({"event", "level", "logger", "timestamp"} <= line.keys() for line in lines)
    assert {line["logger"] for line in lines} == {"atesaki", "atesaki.test", "library", "py.warnings"}
    bound = [line for line in lines if line["event"] == "bound"]
    assert [line["number"] for line in bound] == list(range(len(SECRETS)))
    assert bound[0]["several"] == ["***@***", {"to": "***@***", "***@***": 1}]
    last = lines[-1]
    assert (last["event"], last["level"]) == ("unexpected end", "critical")
    assert "RuntimeError: because of ***@***" in last["exception"]
    assert "Traceback (most recent call last)" in last["exception"]


def test_console_is_for_reading(written: dict[str, subprocess.CompletedProcess[str]]) -> None:
    lines = written["console"].stderr.splitlines()
    assert "Traceback (most recent call last):" in lines
    assert not any(line.startswith("{") for line in lines)
    assert "\x1b[" not in written["console"].stderr


@pytest.mark.parametrize("log", [None, "", "JSON", "nonsense"])
def test_json_is_what_a_program_writes_unless_a_person_looks_on(log: str | None) -> None:
    assert all(json.loads(line) for line in run(log).stderr.splitlines())
