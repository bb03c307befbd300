"""The words: the same keys in both languages, every use of them right, and a tone that Japanese readers expect."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from atesaki.language import LANGUAGES
from atesaki.pages import wording

PAGES = Path(wording.__file__).parent.parent
NOTICES = PAGES.parent / "gate" / "notices"
SENTENCES = [(lang, key) for lang in LANGUAGES for key in wording.catalogue(lang)]

# 二重敬語 and what else desk.md 4.4 forbids; blame; haste; exclamation marks.
UNWANTED = re.compile(
    r"お伺いさせていただ|ご覧になられ|おっしゃられ|させていただ|誤入力|犯人|他人|お客様|次第|！|!|至急|必ず"
)
MAIL = {
    "service": "ネットスーパー & <b>Co</b>",
    "organisation": "はな商事",
    "sender": "shop@shop.example",
    "confirm_url": "https://post.example.jp/c/CONFIRM",
    "not_me_url": "https://post.example.jp/n/NOTME",
    "about_url": "https://post.example.jp/about-this-mail",
    "until": "2026年12月8日(火)13時54分",
    "code": "493027",
    "reply_to": "r+token@post.example.jp",
}


# Sections with a word for each slug of a list of ours: state, step, role and so on.
OF_A_LIST = (
    *("desk_account_wrong", "desk_age", "desk_answer_wrong", "desk_by", "desk_clock", "desk_disposal", "desk_empty"),
    *("desk_end", "desk_end_do", "desk_field", "desk_language", "desk_leak_answer", "desk_leak_date", "desk_leak_made"),
    *("desk_next", "desk_outcome", "desk_role", "desk_role_does", "desk_rung", "desk_sent", "desk_state", "desk_step"),
    *("desk_via", "desk_view", "desk_wish", "desk_work", "desk_wrote"),
    *("desk_inquiry_state", "desk_inquiry_clock", "desk_inquiry_end", "desk_inquiry_kind", "desk_inquiry_wrong"),
    *("desk_unsent_kind", "desk_unsent_wrong"),
    *("improve_state", "improve_wrong"),
    *("operator_figure", "operator_what", "operator_of", "operator_target", "operator_part", "operator_column"),
    *("operator_unit", "webhooks_state", "webhooks_type"),
    *("templates_show", "templates_item", "templates_do", "templates_done", "templates_model"),
    *("observed_mode", "observed_outcome", "observed_standing", "observed_reason"),
    *("campaigns_state", "campaigns_said", "campaigns_why", "campaigns_do", "campaigns_passed"),
)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_with_the_same_arguments() -> None:
    ja, en = (wording.catalogue(lang) for lang in LANGUAGES)
    assert list(ja) == list(en), set(ja) ^ set(en)
    assert {key: places(ja[key]) for key in ja} == {key: places(en[key]) for key in en}


def uses() -> list[tuple[str, str, set[str]]]:
    """Each `{% say %}` of the templates and `say(` of the code: where, key, arguments."""
    found = []
    for file in PAGES.rglob("*.html"):
        for key, rest in re.findall(r'{% say "([\w.]+)"([^%]*)%}', file.read_text()):
            found.append((file.name, key, set(re.findall(r"(\w+)=", rest)) - {"lang"}))
    for file in PAGES.rglob("*.py"):
        for key, rest in re.findall(r'say\([\w.()]+, "([\w.]+)"([^\n]*)\)', file.read_text()):
            found.append((file.name, key, set(re.findall(r"(\w+)=", rest))))
    return found


def test_every_use_names_a_sentence_and_all_its_arguments() -> None:
    assert len(uses()) > 100
    for file, key, given in uses():
        assert key in wording.catalogue("en"), (file, key)
        assert places(wording.catalogue("en")[key]) == given, (file, key)


def test_no_sentence_is_left_over() -> None:
    used = {key for _, key, _ in uses()}
    computed = re.compile(rf"(question\.\w+|error\d+\.(title|text)|({'|'.join(OF_A_LIST)})\.\w+)")
    assert {key for key in wording.catalogue("en") if key not in used and not computed.fullmatch(key)} == set()


@pytest.mark.parametrize(("lang", "key"), SENTENCES)
def test_a_sentence_is_plain_polite_and_free_of_markup(lang: str, key: str) -> None:
    text = wording.catalogue(lang)[key]  # type: ignore[index]
    assert text == text.strip() and text
    assert not UNWANTED.search(text), text
    assert not re.search(r"[<>&]", text)
    assert not re.search(r"\d{4}年|\d+月\d+日", text), "a date is computed, never typed"
    if lang == "ja":
        assert not re.search(r"[０-９Ａ-Ｚａ-ｚ]", text)
    else:
        assert text.isascii() or not re.search(r"[぀-ヿ一-鿿]", text)


def test_say_escapes_its_arguments() -> None:
    request = RequestFactory().get("/", headers={"Accept-Language": "en"})
    template = Template('{% say "kept.text" service=name %}')
    shown = template.render(Context({"request": request, "name": "<script>alert(1)</script> {x}"}))
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {x}" in shown


@pytest.mark.parametrize(
    ("header", "query", "lang"),
    [
        ("ja,en;q=0.5", "", "ja"),
        ("ja-JP", "", "ja"),
        ("en-GB,ja;q=0.9", "", "en"),
        ("fr,ja;q=0.4,en;q=0.3", "", "ja"),
        ("ja;q=0,en", "", "en"),
        ("fr", "", "en"),
        ("", "", "en"),
        ("jax", "", "en"),
        ("en", "ja", "ja"),
        ("ja", "en", "en"),
        ("ja", "fr", "ja"),
        ("\x00;;q=q,,,", "", "en"),
    ],
)
def test_the_switch_goes_before_the_browser_and_the_browser_before_english(header: str, query: str, lang: str) -> None:
    request = RequestFactory().get("/", {"lang": query} if query else {}, headers={"Accept-Language": header})
    assert wording.chosen(request) == lang


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["notice", "confirmation"])
class TestMail:
    def parts(self, kind: str, lang: str, **words: str) -> tuple[str, str]:
        given = MAIL | words
        return tuple(render_to_string(f"notices/{kind}.{lang}.{form}", given) for form in ("txt", "html"))  # type: ignore[return-value]

    def test_the_subject_is_the_first_line_and_begins_with_the_shop(self, kind: str, lang: str) -> None:
        text, _ = self.parts(kind, lang)
        first, second = text.splitlines()[:2]
        begin = f"【{MAIL['service']}】" if lang == "ja" else f"[{MAIL['service']}] "
        assert first.startswith(f"Subject: {begin}") and second == ""

    def test_each_url_stands_alone_on_its_line(self, kind: str, lang: str) -> None:
        text, _ = self.parts(kind, lang)
        for url in (MAIL["confirm_url"], MAIL["not_me_url"], MAIL["about_url"]):
            assert text.splitlines().count(url) == 1 and text.count(url) == 1

    def test_it_says_who_why_how_long_and_how_to_say_not_me(self, kind: str, lang: str) -> None:
        for part in self.parts(kind, lang):
            for word in ("organisation", "sender", "until", "not_me_url", "confirm_url", "about_url"):
                assert MAIL[word] in part, word
            assert ("お名前" if lang == "ja" else "your name") in part
            assert ("返信" if lang == "ja" else "reply to this mail") in part
            assert ("第三者に操作された" if lang == "ja" else "got into your mailbox") in part

    def test_it_has_the_code_only_where_one_was_made(self, kind: str, lang: str) -> None:
        for with_code, without in zip(self.parts(kind, lang), self.parts(kind, lang, code=""), strict=True):
            assert (MAIL["code"] in with_code) == (kind == "confirmation")
            assert ("確認コード" in without or "this code" in without) is False

    def test_without_a_reply_address_it_promises_no_reply(self, kind: str, lang: str) -> None:
        for part in self.parts(kind, lang, reply_to=""):
            assert "返信" not in part and "reply" not in part

    def test_a_name_is_escaped_in_html_and_as_it_is_in_text(self, kind: str, lang: str) -> None:
        text, html = self.parts(kind, lang)
        assert "ネットスーパー & <b>Co</b>" in text
        assert "<b>Co" not in html and "ネットスーパー &amp; &lt;b&gt;Co&lt;/b&gt;" in html

    def test_it_has_nothing_but_inline_style_and_two_equal_buttons(self, kind: str, lang: str) -> None:
        _, html = self.parts(kind, lang)
        assert not re.search(r"<(img|script|link|style|form|iframe)\b|class=|url\(", html)
        buttons = re.findall(r'<a href="https://post\.example\.jp/[cn]/\w+" style="([^"]+)"', html)
        assert len(buttons) == 2 and buttons[0] == buttons[1]

    def test_its_words_are_plain_and_polite(self, kind: str, lang: str) -> None:
        text, html = self.parts(kind, lang)
        shown = re.sub(r"<!doctype html>|<[^>]+>", "", html)
        for part in (text, shown):
            assert not UNWANTED.search(part), UNWANTED.search(part)

    def test_it_has_no_sign_in_link_and_no_advertising(self, kind: str, lang: str) -> None:
        text, html = self.parts(kind, lang)
        named = set(re.findall(r"https?://[^\s\"<]+", text + html))
        assert named == {MAIL["confirm_url"], MAIL["not_me_url"], MAIL["about_url"]}
