"""`report.html`: every figure of `report.json` in both languages, nothing from data as markup, nothing fetched."""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki.audit import suspicion
from atesaki.audit.report import figures, plots, render, words
from atesaki.language import LANGUAGES, Language
from tests import audited

HERE = Path(words.__file__).parent
# What desk.md 4.4 forbids.
UNWANTED = re.compile(r"させていただ|ご覧になられ|誤入力|犯人|他人|お客様|次第|！|!|至急|必ず")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><style>*{display:none}",
    "{{ view.report }}{% debug %}",
    "{personal}{0}%s",
    "\u202egpj.exe\x00\x1b[31m\ud800\r\n",
    "javascript:alert(1)",
    "]]><!--",
    "https://tracker.example/pixel.gif",
    "あ" * 5_000,
)
FORMS = {
    "whole": audited.sample(),
    "empty": audited.empty(),
    "no mails": audited.only_customers(),
    "no texts": audited.only_logs(),
}


class Page(HTMLParser):
    """What a reader of one language sees, and every tag of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"ja": [], "en": []}
        self._open: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in ("meta", "br", "input", "rect", "line"):
            self._open.append((tag, str(found.get("class") or "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("meta", "br", "input", "rect", "line"):
            assert self._open.pop()[0] == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if any(tag == "style" for tag, _ in self._open):
            return
        shown = [css for _, css in self._open if css in LANGUAGES]
        for lang in shown or LANGUAGES:
            self.texts[lang].append(data)

    def says(self, lang: Language) -> str:
        return " ".join(" ".join(self.texts[lang]).split())


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(audited.sample()))


def numbers(value: Any, key: str = "") -> Iterator[tuple[str, int]]:
    """Every whole number below `value`, with the key it stands under."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from numbers(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner, key)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield key, value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_figure_of_the_json_stands_in_the_page(page: Page, lang: Language) -> None:
    seen = set(re.findall(r"\d[\d,]*", page.says(lang)))
    wanted = {f"{value:,}": key for key, value in numbers(audited.sample())}
    assert len(wanted) > 150
    assert not {number: key for number, key in wanted.items() if number not in seen}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_total_stands_beside_its_name(page: Page, lang: Language) -> None:
    for name, value in audited.sample()["totals"].items():
        assert f"{words.catalogue(lang)['total'][name]} {value:,}" in page.says(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_name_and_place_of_the_json_stands_in_the_page(page: Page, lang: Language) -> None:
    report, said = audited.sample(), page.says(lang)
    for section, key in (("inputs", "path"), ("domains", "domain"), ("templates", "sender_domain"), ("worst", "row")):
        for each in report[section]:
            assert each[key] in said
    assert all(each["customer"] in said and each["customer"] for each in report["worst"])
    assert all(each["example"] in said for each in report["skipped"])


def test_the_first_words_tell_how_much_since_when_and_what_to_do() -> None:
    html = render(audited.sample())
    ja, en = (Page(html).says(lang)[:1_700] for lang in LANGUAGES)
    assert "2025年3月から、個人情報を含むメールを43,287通送っています" in ja
    assert "Since Mar 2025, 43,287 mails with personal data went" in en
    for first, steps in (
        (ja, ("観察だけ", "証拠のある会員", "残りの会員")),
        (en, ("observe", "evidence", "Ask the rest")),
    ):
        assert "24,118" in first
        assert all(step in first for step in steps)
        assert "atesaki import-claims --service NAME claims.csv" in first
        assert "--mode enforce" in first


def test_a_share_never_goes_without_its_base(page: Page) -> None:
    assert "78.0% of 30,907 addresses without proof" in page.says("en")
    assert "未確認のアドレス30,907件中 78.0%" in page.says("ja")
    assert "44.8%(115,226件中51,663件)" in page.says("ja")
    assert "2.6% (2,940 of 115,226 addresses)" in page.says("en")


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 9, "0%"), (9, 9, "100%"), (1, 3, "33.3%"), (1, 10**6, "<0.1%"), (999_999, 10**6, ">99.9%"), (0, 0, "")],
)
def test_shares_are_not_rounded_to_all_or_nothing(part: int, whole: int, said: str) -> None:
    assert figures.share(part, whole) == said


def test_days_are_those_of_the_zone_and_in_the_readers_form(page: Page) -> None:
    """23:10 UTC on 2 March is the third in Tokyo."""
    assert "2025年3月3日(月)から2026年11月23日(月)まで" in page.says("ja")
    assert "Monday, 3 March 2025 to Monday, 23 November 2026" in page.says("en")
    assert "2026年11月24日(火)19時00分" in page.says("ja")
    utc = Page(render({**audited.sample(), "zone": None}))
    assert "2025年3月2日(日)から" in utc.says("ja")
    assert "10:00 (UTC)" in utc.says("en")


# --- nothing from data is markup, nothing is fetched ---------------------------------------------------------


def shape(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """Tags and the names of their attributes; a class may tell short cells from long ones."""
    return [(tag, tuple(sorted(set(attrs) - {"class"}))) for tag, attrs in Page(html).tags]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_strings_are_text(text: str) -> None:
    html = render(audited.with_everywhere(text))
    # No tag and no attribute more than with a harmless string.
    assert shape(html) == shape(render(audited.with_everywhere("x")))
    html.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]", html)
    assert len(html) < 300_000
    if text.startswith("{"):
        assert text in Page(html).says("en"), "neither a template's tag nor a place for an argument"


@settings(max_examples=8, deadline=None)
@given(st.text(max_size=40))
def test_any_string_is_text(text: str) -> None:
    assert shape(render(audited.with_everywhere(f"x{text}"))) == shape(render(audited.with_everywhere("x")))


@pytest.mark.parametrize("form", FORMS)
def test_the_file_is_whole_by_itself(form: str) -> None:
    html = render(FORMS[form])
    page = Page(html)
    assert not {"script", "link", "iframe", "object", "embed", "base", "img", "image", "use", "form"} & {
        tag for tag, _ in page.tags
    }
    for tag, attrs in page.tags:
        assert not any(name.startswith("on") for name in attrs), tag
        for name in ("src", "href", "action", "data", "style", "xlink:href", "srcset", "poster"):
            value = attrs.get(name)
            assert value is None or value.startswith("#"), (tag, name)
    assert not re.search(r"@import|url\((?!#)|https?:", html)
    assert "default-src 'none'" in html
    assert len(html.encode()) < 150_000


def test_links_within_lead_somewhere_and_no_id_stands_twice() -> None:
    for report in FORMS.values():
        tags = Page(render(report)).tags
        ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
        assert len(ids) == len(set(ids))
        links = {str(attrs["href"])[1:] for _, attrs in tags if "href" in attrs}
        named = {name for _, attrs in tags for name in str(attrs.get("aria-labelledby") or "").split()}
        patterns = {name for _, attrs in tags for name in re.findall(r"url\(#([^)]+)\)", str(attrs.get("fill") or ""))}
        assert links | named | patterns <= set(ids)


def test_a_huge_report_stays_small_and_says_what_it_leaves_out() -> None:
    report = audited.sample()
    report["domains"] = [{**report["domains"][0], "domain": f"d{number}.example"} for number in range(40_000)]
    report["worst"] *= 100
    counts = {"mails": 9, "to_unproved": 8, "personal_to_unproved": 7}
    report["by_month"] = [{"month": f"{1990 + n // 12}-{n % 12 + 1:02}", **counts} for n in range(420)]
    html = render(report)
    assert len(html.encode()) < 700_000
    page = Page(html)
    assert "このほか39,970件は、report.json に記載しています。" in page.says("ja")
    assert "1,150 more stand in report.json." in page.says("en")


# --- poor input ----------------------------------------------------------------------------------------------


def test_no_input_reads_well() -> None:
    page = Page(render(audited.empty()))
    assert "入力に会員もメールもありませんでした" in page.says("ja")
    assert "The input has neither customers nor mails" in page.says("en")
    for lang in LANGUAGES:
        for section in ("months", "suspicions", "domains", "templates", "skipped", "inputs"):
            assert words.catalogue(lang)[section]["empty"] in page.says(lang)
        assert "None" not in page.says(lang)


def test_logs_alone_do_not_claim_that_nothing_personal_was_sent() -> None:
    page = Page(render(audited.only_logs()))
    assert "個人情報が含まれていたかどうかは調べていません" in page.says("ja")
    assert "nobody has looked" in page.says("en")
    assert words.say("en", "kinds.empty_unread") in page.says("en")
    assert words.say("en", "kinds.empty") not in page.says("en")
    assert re.search(r"2025年3月 40,937 5,639 –", page.says("ja")), "a nought would be a lie"


def test_customers_alone_do_not_claim_anything_about_mail() -> None:
    said = Page(render(audited.only_customers())).says("en")
    assert "nothing is known about what was sent" in said
    assert words.say("en", "silent.unknown") in said
    assert "120,480 118,902 of them with an address" in said


def test_all_proved_is_said_and_no_law_is_quoted() -> None:
    report = audited.sample()
    report["totals"] |= {"unproved": 0, "written_unproved": 0, "personal_to_unproved": 0}
    said = Page(render(report)).says("ja")
    assert words.say("ja", "lead.all_proved") in said
    assert "個人情報保護委員会" not in said


def test_dates_and_slugs_that_are_none_are_told_as_they_stand() -> None:
    report = audited.sample()
    report["kinds"][0] |= {"first": None, "last": "2026-99-99", "kind": "passport"}
    report["by_month"][0]["month"] = "unknown"
    report["suspicions"].append({"reason": "too_new", "addresses": 7, "mails": 8})
    said = Page(render(report)).says("ja")
    assert "passport 301,442 41,090 9,811 – –" in said
    assert "too_new" in said
    assert "unknown 40,937" in said


# --- words -----------------------------------------------------------------------------------------------------


def every(lang: Language) -> dict[str, str]:
    return {f"{section}.{key}": text for section, keys in words.catalogue(lang).items() for key, text in keys.items()}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_with_the_same_arguments() -> None:
    ja, en = every("ja"), every("en")
    assert list(ja) == list(en), set(ja) ^ set(en)
    for key in ja:
        assert places(ja[key]) == places(en[key]), key
    assert {key: len(text.splitlines()) for key, text in ja.items()} == {
        key: len(text.splitlines()) for key, text in en.items()
    }
    assert not {key: text for key, text in ja.items() if UNWANTED.search(text)}
    assert not {key: text for key, text in en.items() if "!" in text}


def test_every_key_is_used_and_every_used_key_is_there() -> None:
    code = "".join(file.read_text() for file in [*HERE.glob("*.py"), *HERE.glob("*.html")])
    lists = {"kind", "suspicion", "suspicion_why", "missing", "skipped_what", "input_kind", "total"}
    shown = {key for key in every("en") if key.split(".")[0] not in lists}
    built = {key for key in shown if re.search(rf"\b{re.escape(key)}\b", code)}
    # Headings are asked for by their column, figures with what they are out of.
    rest = {key.partition(".")[2].removesuffix("_of") for key in shown - built}
    assert not {name for name in rest if not re.search(rf"\b{name}\b", code)}
    for key in re.findall(r'say\(\s*"([\w.]+)"', code) + re.findall(r"\bt\.(\w+\.\w+)", code):
        assert key in every("en"), key


def test_each_reason_has_a_word_and_an_explanation() -> None:
    for lang in LANGUAGES:
        catalogue = words.catalogue(lang)
        assert set(catalogue["suspicion"]) == set(catalogue["suspicion_why"]) == set(suspicion.REASONS)
        assert set(catalogue["total"]) == set(audited.sample()["totals"])


def test_what_was_skipped_has_a_word_each() -> None:
    skips = pytest.importorskip("atesaki.audit.skips")
    assert set(skips.SENTENCES) <= set(words.catalogue("ja")["skipped_what"])


# --- plots -----------------------------------------------------------------------------------------------------


def rectangles(svg: str) -> list[tuple[float, float, float, float, str]]:
    found = re.findall(r'<rect[^>]*?x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" class="(\w+)"', svg)
    return [(float(x), float(y), float(width), float(height), css) for x, y, width, height, css in found]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 100)), min_size=1, max_size=240))
def test_columns_stay_within_and_are_as_high_as_their_value(values: list[tuple[int, int]]) -> None:
    names = [f"{2000 + n // 12}-{n % 12 + 1:02}" for n in range(len(values))]
    months = [(name, whole, whole * part // 100) for name, (whole, part) in zip(names, values, strict=True)]
    drawn = [each for each in rectangles(plots.columns("p", "t", "d", months, ("a", "b", "c", "e"))) if each[1] < 190]
    assert len(drawn) == sum((whole > 0) + (part > 0) for _, whole, part in months)
    for x, y, width, height, _ in drawn:
        assert x >= 0
        assert x + width <= 360.5
        assert y >= 19.9
        assert abs(y + height - 170) < 0.01
    highest = max((each[3] for each in drawn), default=0)
    assert not drawn or highest >= (170 - 20) * 0.49, "the scale fits"


def test_a_plot_is_told_to_who_cannot_see_it(page: Page) -> None:
    drawings = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(drawings) == 2 * 4
    assert all(attrs["role"] == "img" and attrs["aria-labelledby"] for attrs in drawings)
    assert "Oct 2025: 6,850 mails, 2,450 with personal data" in page.says("en")


# --- on its own ------------------------------------------------------------------------------------------------


def test_it_needs_neither_settings_nor_a_database(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(audited.sample()), encoding="utf-8")
    program = (
        "import json, sys; from atesaki.audit.report import render\n"
        "print(len(render(json.load(open(sys.argv[1])), 'en')))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "report.json")],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) == len(render(audited.sample(), "en"))
