"""The benchmark of the detector: its labels are exact, its mails the same each time, its figures right."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import phonenumbers
import pytest
from benchmarks import BenchError
from benchmarks.detection import corpora, document, figures, metrics, runner, score, tables, tools
from benchmarks.detection.drawing import (
    KINDS,
    Draw,
    Layout,
    Message,
    half_kana,
    label,
    layout,
    pad,
    spans,
    visible,
    wide,
)
from benchmarks.detection.generate import draw, mails, write_corpus
from benchmarks.detection.goods import goods
from benchmarks.detection.layouts import SPLITS, folder, load
from benchmarks.detection.metrics import Found, Judged
from benchmarks.detection.names import FAMILY_COMMON, FAMILY_RARE, GIVEN
from benchmarks.detection.people import Person, draw_person
from benchmarks.detection.places import CITIES
from benchmarks.detection.writing import encode

from atesaki import content

SEEDS = range(12)
PRESENT = [split for split in SPLITS if list(folder(split).glob("[!_]*.py"))]
LAYOUTS = [(split, each) for split in PRESENT for each in load(split)]
EVERY = pytest.mark.parametrize(("split", "it"), LAYOUTS, ids=[f"{split}-{each.slug}" for split, each in LAYOUTS])


def made(text: str, *, personal: bool = True, **more: str) -> Layout:
    """A layout of one text; `{p.name}` and the like are filled in."""

    def make(d: Draw) -> Message:
        return Message(subject="お知らせ", text=text.format(p=d.person(), d=d) if "{" in text else text)

    return layout("made", language="ja", personal=personal, sender="shop@made.example", **more)(make)  # type: ignore[arg-type]


# -- labels -------------------------------------------------------------------------------------------


def test_a_label_goes_through_f_strings_and_spellings() -> None:
    text = f"電話 {wide(label('phone', '090-1'))} {half_kana(label('kana', 'ガ'))}{pad(label('name', '林'), 4)}|"
    assert spans(text) == (
        "電話 ０９０－１ ｶﾞ林  |",
        [("phone", "０９０－１", 3, 8), ("kana", "ｶﾞ", 9, 11), ("name", "林", 11, 12)],
    )
    assert visible(text) == spans(text)[0]


def test_neighbours_of_one_kind_are_one_value_and_the_outer_label_wins() -> None:
    family, given = label("name", "大島"), label("name", "健")
    assert spans(f"{family} {given}様")[1] == [("name", "大島 健", 0, 4)]
    assert [each.text for each in spans(f"{family}\n{given}")[1]] == ["大島", "健"]
    assert [each.text for each in spans(f"{family} {given}", join=False)[1]] == ["大島", "健"]
    assert spans(label("address", f"津市{label('postal', '514-0001')}"))[1] == [("address", "津市514-0001", 0, 10)]
    assert label("name", "") == ""


def test_half_a_label_is_an_error() -> None:
    for broken in (label("name", "大島")[1:], label("name", "大島")[:-1]):
        with pytest.raises(ValueError, match="do not slice"):
            spans(broken)


@pytest.mark.parametrize("region", ["JP", "GB", "US"])
def test_all_that_a_person_has_is_labelled(region: str) -> None:
    import random

    for seed in SEEDS:
        person = draw_person(random.Random(seed), random.Random("own"), region)
        for each in fields(Person):
            value = getattr(person, each.name)
            if each.name not in ("honorific", "age") and value:
                text, found = spans(value)
                assert len(found) == 1, each.name
                assert (found[0].start, found[0].end) == (0, len(text)), each.name


# -- mails --------------------------------------------------------------------------------------------


@EVERY
def test_labels_are_exact_and_mails_the_same_again(split: str, it: Layout) -> None:
    raws = set()
    for number in SEEDS:
        mail = draw(it, number)
        raws.add(mail.raw)
        reading = content.read(mail.raw)
        parts = {"subject": reading.subject} | {part.path: part.text for part in reading.parts}
        for each in mail.labels:
            assert each.type in KINDS
            if each.part == "header:To":
                continue
            assert reading.text[each.start : each.end] == each.text
            assert parts[each.part][slice(*each.place)] == each.text
        assert bool(mail.labels) == mail.personal == it.personal
        assert not re.search("[\ue000-\ue0ff]", reading.text), "a mark has got into the mail"
        assert not reading.unreadable, reading.parts
    assert raws == {draw(it, number).raw for number in SEEDS}
    assert len(raws) == len(SEEDS), "mails of one layout must differ"


@EVERY
def test_no_layout_holds_unlabelled_data_of_a_person(split: str, it: Layout) -> None:
    """What a drawn person is called, or has, stands in the mail only under a label."""
    for number in SEEDS:
        drawing = Draw(it, number)
        message = it.make(drawing)
        for source in (message.subject, message.text or "", message.html or "", *(a[2] for a in message.attachments)):
            text, found = spans(source)
            covered = {at for each in found for at in range(each.start, each.end)}
            for person in drawing.people:
                for value in _telling(person):
                    for place in re.finditer(re.escape(value), text):
                        assert covered.issuperset(range(*place.span())), f"{value!r} is not labelled in mail {number}"


def _telling(person: Person) -> set[str]:
    """Values that are too long to stand in a mail by chance, in the spellings that layouts use."""
    short = ("honorific", "age", "family", "given", "kana_family", "kana_given", "prefecture", "city")
    values = {visible(getattr(person, each.name)) for each in fields(Person) if each.name not in short}
    return {spelling for value in values if len(value) > 4 for spelling in (value, wide(value), half_kana(value))}


@EVERY
def test_a_layout_gets_its_people_from_draw_alone(split: str, it: Layout) -> None:
    source = Path(it.make.__code__.co_filename).read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("benchmarks"):
            assert node.module == "benchmarks.detection.drawing"


def test_splits_share_nothing_and_are_wide_enough() -> None:
    slugs = [each.slug for _, each in LAYOUTS]
    senders = [each.sender for _, each in LAYOUTS]
    assert len(set(slugs)) == len(slugs)
    assert len(set(senders)) == len(senders)
    of_open = [each for split, each in LAYOUTS if split == "open"]
    assert len(of_open) >= 22
    assert sum(each.personal for each in of_open) >= 14
    assert sum(not each.personal for each in of_open) >= 8
    assert {each.charset for each in of_open} >= {"utf-8", "iso-2022-jp", "shift_jis", "euc-jp"}
    assert {each.language for each in of_open} == {"ja", "en"}


def test_the_data_are_rich_enough() -> None:
    assert len({each.text for each in FAMILY_COMMON + FAMILY_RARE}) >= 300
    assert len({each.text for each in GIVEN}) >= 300
    assert all(re.fullmatch("[ァ-ヶー]+", each.kana) for each in FAMILY_COMMON + FAMILY_RARE + GIVEN)
    assert len({city.prefecture for city in CITIES}) == 47
    assert len(goods("ja") + goods("en")) >= 200


def test_phones_are_well_formed() -> None:
    import random

    for region in ("JP", "GB", "US"):
        for seed in range(60):
            digits = visible(draw_person(random.Random(seed), random.Random(1), region).phone_digits)
            assert phonenumbers.is_possible_number(phonenumbers.parse(digits, region)), digits


@pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis", "euc-jp"])
def test_japanese_charsets_as_mailers_write_them(charset: str) -> None:
    text = "髙﨑 ①〜 1－2 ﾊﾝｶｸ ｶﾞ 漢字 abc ㈱ 〇 ‐"
    mail = draw(made(text + "\n{p.name}様", charset=charset), 0)
    body = content.read(mail.raw).parts[0].text
    assert content.normalise(body).startswith(content.normalise(text)[:-2])
    assert f"charset={charset}".encode() in mail.raw


def test_a_layout_that_is_wrong_is_named() -> None:
    with pytest.raises(BenchError, match=r"made, mail 3.*U\+1F600"):
        draw(made("😀 {p.name}", charset="iso-2022-jp"), 3)
    with pytest.raises(BenchError, match="clean and holds a labelled name"):
        draw(made("{p.name}", personal=False), 0)
    with pytest.raises(BenchError, match="holds no labelled value"):
        draw(made("みなさまへ"), 0)
    with pytest.raises(UnicodeError):
        encode("é", "euc-jp")


def test_layouts_can_lie_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="--layouts"):
        load("unseen", tmp_path)
    source = (folder("open") / "signin_code.py").read_text("utf-8")
    (tmp_path / "one.py").write_text(source, "utf-8")
    assert [each.slug for each in load("unseen", tmp_path)] == ["signin-code"]
    assert "unseen" in runner.there(tmp_path)
    (tmp_path / "two.py").write_text(source, "utf-8")
    with pytest.raises(BenchError, match="two layouts are called signin-code"):
        load("unseen", tmp_path)


def test_the_sixteen_have_their_labels_where_they_say() -> None:
    several = list(corpora.sixteen())
    assert len(several) == 16
    for mail in several:
        assert all(mail.text[each.start : each.end] == each.text for each in mail.labels), mail.file
        if b"text/plain" in mail.raw:
            stated = json.loads((corpora.SIXTEEN / "labels.json").read_text("utf-8"))[mail.file]
            assert [each.start for each in mail.labels] == [each["start"] for each in stated], mail.file
    assert sum(mail.personal for mail in several) == 10


# -- figures ------------------------------------------------------------------------------------------


def test_wilson_against_published_values() -> None:
    # Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for hits, many, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert metrics.wilson(hits, many) == pytest.approx((low, high), abs=5e-5)
    assert metrics.wilson(0, 0) == (0.0, 1.0)


def test_the_interval_over_layouts() -> None:
    assert metrics.by_layout([(10, 10), (10, 10)]) == (1.0, 1.0)
    assert metrics.by_layout([(10, 10), (0, 10)]) == (0.0, 1.0), "both the same with probability one half"
    low, high = metrics.by_layout([(10, 10)] * 15 + [(0, 10)] * 5)
    narrow_low, narrow_high = metrics.wilson(150, 200)
    assert low < narrow_low < narrow_high < high, "mails of one layout are no evidence of their own"
    assert metrics.by_layout([]) == (0.0, 1.0)


def judged() -> list[Judged]:
    """Four mails: found rightly; flagged for the shop's phone; missed; clean but flagged."""
    return [
        Judged("a", True, True, [("name", 0, 4), ("phone", 10, 20)], [Found("name", 2, 6), Found("phone", 30, 40)]),
        Judged("a", True, True, [("kana", 0, 4)], [Found("phone", 10, 20)]),
        Judged("b", True, False, [("postal", 0, 8), ("secret", 9, 15)], []),
        Judged("c", False, True, [], [Found("address", 5, 9)]),
    ]


def test_shares_of_mails_by_hand() -> None:
    recall, true, clean = metrics.recall(judged()), metrics.true_recall(judged()), metrics.false_alarms(judged())
    assert (recall.hits, recall.many) == (2, 3)
    assert (true.hits, true.many) == (1, 3)
    assert (clean.hits, clean.many, clean.share) == (1, 1, 1.0)
    assert recall.interval == metrics.wilson(2, 3)


def test_spans_by_hand() -> None:
    kinds = metrics.spans_by_kind(judged())
    core = metrics.together(kinds, metrics.CORE)
    assert (core.found, core.right, core.labels, core.hit) == (4, 1, 4, 1)
    assert (core.precision, core.recall, core.f1) == (0.25, 0.25, 0.25)
    every = metrics.together(kinds, metrics.ALL)
    assert (every.labels, every.recall) == (5, 0.2)
    assert every.f1 == pytest.approx(2 * 0.25 * 0.2 / 0.45)
    assert (kinds["name"].labels, kinds["name"].right) == (2, 1), "a reading counts as a name"
    assert metrics.Spans().f1 == 0.0


def test_touching_is_no_overlap_and_another_kind_no_hit() -> None:
    mail = Judged("a", True, True, [("name", 0, 4)], [Found("name", 4, 6), Found("address", 0, 4)])
    kinds = metrics.spans_by_kind([mail])
    assert (kinds["name"].right, kinds["name"].hit, kinds["address"].right) == (0, 0, 0)
    assert metrics.true_reason(mail), "but it is a true reason"


def test_what_is_labelled_but_not_judged_makes_nothing_wrong() -> None:
    mail = Judged("a", True, True, [("tracking", 0, 14)], [Found("account_id", 0, 14), Found("account_id", 20, 24)])
    kinds = metrics.spans_by_kind([mail])
    assert (kinds["account_id"].found, kinds["account_id"].right, kinds["account_id"].labels) == (1, 0, 0)


def test_ratios_are_taken_round_by_round() -> None:
    assert figures.ratios([100, 50, 80], [10, 5, 4]) == {"median": 10.0, "least": 10.0, "most": 20.0}


# -- the whole ----------------------------------------------------------------------------------------


def test_where_ours_says_it_is_counts_in_the_whole_text() -> None:
    layout_of_it = next(each for _, each in LAYOUTS if each.slug == "gas-bill")  # text and HTML: two parts
    mail = draw(layout_of_it, 1)
    case = tools.Case(mail.file, mail.layout, mail.language, mail.region, mail.raw, mail.customer)
    reading = content.read(mail.raw)
    said = tools.make("ours-known", {})(case, reading)
    holder = content.normalise(mail.customer["addresses"][0])
    found = {content.normalise(mail.text[each.start : each.end]) for each in said.found if each.kind == "address"}
    assert holder in found
    assert len({each.start for each in said.found if each.kind == "address"}) > 1, "in both parts"


def test_a_tool_that_is_not_there_has_a_row_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sudachipy", None)
    with pytest.raises(tools.Missing, match="make bench-detection"):
        tools.make("sudachi", {})
    with pytest.raises(tools.Missing, match="10 other mails"):
        tools.make("ours-warm", {"a": [b""] * 3})


def test_a_run_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "RESULTS", tmp_path)
    chosen = tmp_path / "layouts"
    chosen.mkdir()
    for name in ("courier_left", "bakery_closing"):
        (chosen / f"{name}.py").write_text((folder("open") / f"{name}.py").read_text("utf-8"), "utf-8")
    plan = runner.Plan(mails=2, rounds=2, timed=1, limit=60)
    file, found = runner.run(plan, ["unseen"], ["ours-cold", "ours-warm", "phonenumbers"], chosen)
    assert json.loads(file.read_text("utf-8")) == found
    its = found["splits"]["unseen"]
    assert (its["mails"], its["personal"], its["layouts"]) == (4, 2, 2)
    row = its["rows"]["ours-cold"]
    assert row["recall"]["many"] == row["clean_flagged"]["many"] == 2
    assert row["peak_mb"] > 10
    assert 0 < row["rate"]["whole"]["least"] <= row["rate"]["whole"]["most"]
    assert set(its["rows"]["phonenumbers"]["ratio"]) == {"whole", "scan"}
    assert {"processor", "cores"} <= found["machine"].keys()
    for shown in (tables.printed(found), document.page(found, file.name)):
        assert "atesaki, cold" in shown
        assert "courier-left" in shown
    assert "not to be quoted" in document.page(found, file.name)


def test_others_can_be_scored(tmp_path: Path) -> None:
    drawn = list(mails(load("open")[:4], 2))
    assert write_corpus(tmp_path, iter(drawn)) == 8
    lines = tmp_path / "theirs.jsonl"
    said = [{"file": m.file, "found": [[each.type, each.start, each.end] for each in m.labels]} for m in drawn]
    lines.write_text("\n".join(map(json.dumps, said)), "utf-8")
    row = score.scored(score.folder(tmp_path), lines)
    assert row["all"]["f1"] == row["recall"]["share"] == 1.0
    assert row["clean_flagged"]["hits"] == 0
    lines.write_text("\n".join(map(json.dumps, said[1:])), "utf-8")
    with pytest.raises(BenchError, match=f"1 mails have no line.*{drawn[0].file}"):
        score.scored(score.folder(tmp_path), lines)
    lines.write_text('{"file": "x.eml", "found": [["face", 1, 2]]}', "utf-8")
    with pytest.raises(BenchError, match="line 1: no kind face"):
        score.scored(score.folder(tmp_path), lines)
    lines.write_text("[]", "utf-8")
    with pytest.raises(BenchError, match="line 1: it must be"):
        score.scored(score.folder(tmp_path), lines)


def test_the_generator_is_one_command(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "benchmarks.detection.generate", "--mails", "1", "--out", str(tmp_path)]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parent.parent, check=True
    )
    many = len(load("open"))
    assert done.stdout.startswith(f"{many} mails")
    lines = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == len(list(tmp_path.glob("*.eml"))) == many
    assert {"type", "text", "start", "end", "part", "place"} == next(
        each for line in lines for each in line["labels"]
    ).keys()


def test_the_page_says_what_the_results_say() -> None:
    """Written anew from the file that it names, it comes out the same."""
    text = document.PAGE.read_text("utf-8")
    named = re.search(r"`benchmarks/results/(detection-[\w-]+\.json)`", text)
    assert named
    file = runner.RESULTS / named[1]
    if not file.exists():
        assert named[1].endswith("-quick.json"), "the results of a whole run belong to the page"
        pytest.skip("the page was made from a quick run, whose file is not kept")
    assert text == document.page(json.loads(file.read_text("utf-8")), f"benchmarks/results/{file.name}")
