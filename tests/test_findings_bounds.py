"""How much work a message can make, by counts and never by time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from atesaki import content
from atesaki.content import Part, Reading
from atesaki.content.memo import Memo

FAMILIES = ("佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "大島")
GIVEN = ("健太郎", "美咲", "大輔", "花子", "翔太")
ENGLISH = ("James Miller", "Mary Davies", "Robert Wilson", "Linda Brownlow")


def reading(body: str) -> Reading:
    return Reading("", (("From", "Mori <info@mori.example>"),), (Part("text", "1", "text/plain", "", body),))


def _ja(row: int) -> str:
    return f"{FAMILIES[row % 7]} {GIVEN[row % 5]}"


def _en(row: int) -> str:
    return f"{ENGLISH[row % 4]}{chr(97 + row % 26)}{chr(97 + row // 26 % 26)}"


def _phone(row: int) -> str:
    return f"090-{row // 9000 + 1000}-{row % 9000 + 1000}"


ROWS: dict[str, tuple[str, Callable[[int], str]]] = {
    "table": ("氏名\t電話番号\t住所\n", lambda row: f"{_ja(row)}\t{_phone(row)}\t千葉県柏市柏{row % 9 + 1}-2-{row}"),
    "commas": ("", lambda row: f"{_ja(row)} 様, {_phone(row)}, 千葉県柏市柏1-2-{row}"),
    "labels": ("", lambda row: f"お名前：{_ja(row)}\n電話番号：{_phone(row)}\n"),
    "greetings": ("", lambda row: f"Dear {_en(row)},\n"),
    "flats": ("", lambda row: f"Flat {row % 9}\n{row + 1} High Street, Leeds LS1 4AP"),
    "towns": ("", lambda row: f"{row + 1} High Street\nLeeds\nLS1 4AP"),
    "shops": ("", lambda row: f"当店 Mori {_phone(row)}"),
}


def body(kind: str, many: int) -> str:
    head, row = ROWS[kind]
    return head + "\n".join(map(row, range(many)))


def steps(work: Callable[[], object]) -> int:
    """How many lines of the program run, those of a loop each time."""
    many = 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal many
        many += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return many


def test_of_a_table_of_twenty_thousand_rows_so_many_findings_are_told_and_no_more() -> None:
    found = content.findings(reading(body("table", 20_000)))
    assert found.personal == "yes"
    assert len(found.findings) == 2_000
    assert any("more than the 2000 findings" in doubt for doubt in found.doubts)
    assert len({(each.kind, each.where.part, each.where.start) for each in found.findings}) == 2_000


def test_a_message_with_fewer_is_told_whole() -> None:
    found = content.findings(reading(body("table", 600)))
    assert len(found.findings) > 1_500
    assert not found.doubts


@pytest.mark.parametrize("kind", ROWS)
def test_twice_the_rows_are_twice_the_work(kind: str) -> None:
    texts = [reading(body(kind, many)) for many in (60, 120, 240)]
    content.findings(texts[0])  # what is loaded once
    once, twice = (steps(lambda each=each: content.findings(each)) for each in texts[1:])  # type: ignore[misc]
    assert once > 1_000
    assert twice < once * 2.2


def test_known_values_are_searched_for_in_steps_that_grow_with_the_text() -> None:
    customer = content.Customer(
        names=("大島 健太郎",),
        kanas=("オオシマ ケンタロウ",),
        postals=("273-0005",),
        addresses=("千葉県柏市柏1-2-3 メゾン青葉203",),
        phones=("090-1000-1007",),
        dobs=("1985-03-04",),
    )
    texts = [reading(body("commas", many)) for many in (120, 240)]
    content.findings(texts[0], customer=customer)
    once, twice = (steps(lambda each=each: content.findings(each, customer=customer)) for each in texts)  # type: ignore[misc]
    assert twice < once * 2.2


def test_what_is_remembered_of_lines_is_bounded_and_holds_none_of_them() -> None:
    memo: Memo[int] = Memo(most=10)
    for number in range(1_000):
        memo.put(number, number)
        memo.get(990)
    assert len(memo) <= 20
    assert memo.get(999) == 999
    assert memo.get(5) is None


def test_one_that_is_asked_for_stays_while_others_come_and_go() -> None:
    memo: Memo[int] = Memo(most=10)
    memo.put(7, 70)
    for number in range(100, 1_000):
        memo.put(number, number)
        assert memo.get(7) == 70


def test_a_line_says_the_same_the_second_time() -> None:
    text = "お名前：大島 健太郎\nご住所：千葉県柏市柏1-2-3\n会員番号は12345678です\n■ご注文内容\nTEL\t090-1234-5678\n"
    first = content.findings(reading(text))
    assert first.findings
    assert content.findings(reading(text)) == first
    # Behind other lines and with other values the same labels say the same of them.
    other = content.findings(reading("はじめに\n\n" + text.replace("大島 健太郎", "青木 美咲")))
    assert [each.kind for each in other.findings] == [each.kind for each in first.findings]
