"""The letter: what stands on it, where it stands, its code, and what it never says."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pypdf
import pytest
from django.db import connection

from atesaki import desk
from atesaki.desk import DeskError, letter
from atesaki.models import Case, Letter
from tests import canary, mori
from tests.programs import atesaki, folder
from tests.world import HANA, World

_MM = 25.4 / 72


@pytest.fixture
def case(world: World, monkeypatch: pytest.MonkeyPatch) -> Case:
    mori.at(monkeypatch, "2026-11-16T10:00")
    world.policy(own=mori.OWN)
    found = mori.freed(world)
    mori.known(found)
    return found


def made(world: World, case: Case, days: int = 10) -> Letter:
    return desk.ladder.make_letter(case, mori.mori(world), days)


def text_of(content: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    assert len(pages) == 1
    return pages[0].extract_text()


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def places(content: bytes) -> list[tuple[float, float, float, str]]:
    """Each piece of text: the left end of its baseline from the sheet's left and top edge, its size; in mm."""
    page = pypdf.PdfReader(io.BytesIO(content)).pages[0]
    found: list[tuple[float, float, float, str]] = []

    def visit(text: str, cm: list[float], tm: list[float], _: object, size: float) -> None:
        for number, line in enumerate(text.strip("\n").split("\n")):
            if line.strip():
                assert number == 0, "a piece is one line"
                x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
                y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
                found.append((x * _MM, 297 - y * _MM, abs(size * tm[0] * cm[0]) * _MM, line))

    page.extract_text(visitor_text=visit)
    return found


class TestWhatItSays:
    def test_its_japanese_can_be_read_out(self, world: World, case: Case) -> None:
        row = made(world, case)
        text = text_of(letter.pdf(row))
        flat = squeezed(text)
        for said in (
            "〒273-0005",
            mori.ADDRESS,
            "大島健太郎様",
            "はな商事",
            "ネットスーパー",
            *map(squeezed, mori.OWN),
            "拝啓平素はネットスーパーをご利用いただき、厚く御礼申し上げます。",
            "登録した覚えがない旨のお申し出がございました。",
            "2026年11月16日(月)より、このアドレスへの配信を停止しております。",
            "2026年12月1日(火)までに、会員ページまたは上記の窓口にて",  # ten business days, over 勤労感謝の日
            "会員規約に基づき、退会の手続きをいたします。",
            "本状と行き違いにお手続きがお済みの場合は、何とぞご容赦ください。",
            "敬具",
            "記",
            "以上",
            f"受付番号{case.number}",
            "h***@e***.jp",
            "2026年11月16日(月)10時",
        ):
            assert squeezed(said) in flat, (said, text)
        code = re.search(r"訂正コード([0-9A-Z]{4}-[0-9A-Z]{4})", flat)
        assert code and desk.correct(case.number, code[1]) == case

    def test_in_english(self, world: World, case: Case) -> None:
        world.policy(locale="en", zone="Europe/London", own=["Support desk +44 20 7946 0000"])
        mori.known(
            desk.by_pk(case.pk),
            name="Kentaro Oshima",
            address="9-99-9 Honcho, Funabashi, Chiba",
            postal_code="273-0005",
        )
        text = " ".join(text_of(letter.pdf(made(world, desk.by_pk(case.pk)))).split())
        for said in (
            "Kentaro Oshima",
            "Dear Customer",
            "thank you".capitalize() + " for shopping with ネットスーパー",
            "did not register it",
            "since Monday, 16 November 2026",
            "by Monday, 30 November 2026",
            "Goods already ordered will be delivered as planned",
            "If you have already made the change, please disregard this letter.",
            "Yours faithfully",
            "h***@e***.jp",
            case.number,
        ):
            assert said in text, (said, text)

    @pytest.mark.parametrize(
        ("name", "address"),
        [
            ("髙橋 﨑子", "東京都葛󠄀飾区金町9丁目99番9号"),
            ("𠮷野 神一", "大阪府大阪市浪速区日本橋西9丁目99番9号 なにわガーデンレジデンス壱番館1204号室"),
            ("勅使河原 龍之介左衛門", "北海道勇払郡むかわ町穂別平丘９９９番地の９ コーポはなみずき二〇三"),
            ("株式会社はな商事ネットスーパー事業部 受取担当 大島 健太郎", "千葉県船橋市本町9丁目99番9号"),
        ],
    )
    def test_names_and_addresses_come_out_letter_by_letter(
        self, world: World, case: Case, name: str, address: str
    ) -> None:
        mori.known(case, name=name, address=address)
        flat = squeezed(text_of(letter.pdf(made(world, case))))
        assert squeezed(f"{name}様") in flat
        # The text layer has no variation selectors (UAX 37): they choose a glyph, they are not said.
        assert squeezed(address).replace("\U000e0100", "") in flat.replace("\U000e0100", "")

    def test_it_says_who_may_be_asked_or_is_not_made(self, world: World, case: Case) -> None:
        world.policy(own=[])
        with pytest.raises(DeskError) as refused:
            made(world, desk.by_pk(case.pk))
        assert refused.value.slug == "no_contact" and "ネットスーパー" in refused.value.sentence("ja")

    def test_without_a_deadline_it_threatens_nothing(self, world: World, case: Case) -> None:
        row = made(world, case)
        said = letter.facts(row, case, desk.ladder.customer(case))
        with_it = squeezed(text_of(letter.laid_out(said, "ja")))
        without = squeezed(text_of(letter.laid_out(said | {"deadline": "", "stopped": "", "stopped_day": ""}, "ja")))
        for claim in ("退会", "期日", "予定どおり", "停止しております"):
            assert claim in with_it and claim not in without
        english = letter.laid_out(said | {"deadline": "", "stopped": "", "stopped_day": ""}, "en")
        assert not re.search(r"ended|delivered|stopped", text_of(english))

    @pytest.mark.parametrize("lang", ["ja", "en"])
    def test_it_has_no_word_of_the_reporter(self, world: World, lang: str) -> None:
        world.policy(own=mori.OWN)
        case, customers, reporters = canary.stuffed(world)
        world.policy(locale=lang)
        row = Letter.objects.get(case=case)
        content = letter.pdf(row)
        text = text_of(content) + str(pypdf.PdfReader(io.BytesIO(content)).metadata)
        assert canary.leaked(squeezed(text), [squeezed(one) for one in reporters]) == set()
        for unsaid in (canary.NOTE, canary.DRAFT, canary.REASON, canary.AGENT, canary.REFERENCE):
            assert unsaid in customers and squeezed(unsaid) not in squeezed(text)
        assert HANA not in text and "hana" not in text

    def test_a_name_is_no_markup(self, world: World, case: Case) -> None:
        mori.known(case, name='<img src="http://127.0.0.1:9/x"> & <b>Ken</b>')
        assert squeezed('<imgsrc="http://127.0.0.1:9/x">&<b>Ken</b>様') in squeezed(
            text_of(letter.pdf(made(world, case)))
        )


class TestWhereItStands:
    @pytest.mark.parametrize("lang", ["ja", "en"])
    @pytest.mark.parametrize("long", [False, True])
    def test_the_window_shows_the_recipient_and_nothing_else(
        self, world: World, case: Case, lang: str, long: bool
    ) -> None:
        """However the sheet slides in its envelope (`letter.SHEETS` says which)."""
        envelope, folded, window = {
            "ja": ((235, 120), (210, 99), (22, 12, 90, 45)),
            "en": ((220, 110), (210, 105), (20, 55, 90, 35)),
        }[lang]
        world.policy(locale=lang)
        case = desk.by_pk(case.pk)
        if long:
            building = "船橋グランドガーデンレジデンス壱番館弐号棟1204号室"
            mori.known(case, name="勅使河原 龍之介左衛門時宗", address=f"{mori.ADDRESS} {building}")
        known = desk.ladder.customer(case)
        assert known is not None
        recipient = squeezed("".join(letter.recipient(known, lang)))
        shown = places(letter.pdf(made(world, case)))
        left, top, width, height = window
        slack = envelope[0] - folded[0], envelope[1] - folded[1]
        seen = [piece for piece in shown if piece[0] < left + width and top - slack[1] < piece[1] < top + height + 4]
        assert squeezed("".join(piece[3] for piece in seen)) == recipient
        for x, y, size, text in seen:
            ends = x + sum(1 if ord(one) > 0x2E80 else 0.62 for one in text) * size
            assert left <= x and ends + slack[0] <= left + width, (x, ends, text)
            assert top <= y - 0.9 * size and y + 0.2 * size + slack[1] <= top + height, (y, text)

    def test_what_does_not_fit_is_said_before_it_is_made(self, world: World, case: Case) -> None:
        mori.known(case, address="千葉県" + "船橋市本町通" * 20)
        with pytest.raises(DeskError) as refused:
            made(world, case)
        assert refused.value.slug == "address_long" and not Letter.objects.exists()

    def test_many_contact_lines_make_the_letters_smaller_and_then_none(self, world: World, case: Case) -> None:
        world.policy(own=[f"窓口その{number} 0120-000-{number:03}" for number in range(12)])
        text = text_of(letter.pdf(made(world, desk.by_pk(case.pk))))
        assert "窓口その11" in text
        world.policy(own=[f"窓口その{number}" for number in range(90)])
        with pytest.raises(DeskError, match="one sheet"):
            letter.pdf(made(world, desk.by_pk(case.pk)))


class TestItsCode:
    def test_it_is_typed_as_people_type(self, world: World, case: Case) -> None:
        row = made(world, case)
        code = letter.facts(row, case, desk.ladder.customer(case))["code"]
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", str(code))
        slips = str(code).replace("0", "o").replace("1", "l").lower().replace("-", " ")
        wide = "".join(chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in str(code))
        for typed in (code, slips, wide):
            assert desk.correct(f" {case.number.lower()} ", str(typed)) == case
        row.refresh_from_db()
        assert row.tries == 0

    def test_three_wrong_ones_close_it(self, world: World, case: Case) -> None:
        row = made(world, case)
        code = str(letter.facts(row, case, desk.ladder.customer(case))["code"])
        assert desk.correct(case.number, "ABC") is None  # a slip is no try
        for _ in range(3):
            assert desk.correct(case.number, code) == case
            assert desk.correct(case.number, "0000-0000" if code != "0000-0000" else "0000-0001") is None
        assert desk.correct(case.number, code) is None
        row.refresh_from_db()
        assert row.tries == 3

    def test_it_is_this_cases_and_ends_with_the_letter(self, world: World, case: Case) -> None:
        row = made(world, case)
        code = str(letter.facts(row, case, desk.ladder.customer(case))["code"])
        assert desk.correct(desk.new_number(), code) is None
        desk.ladder.posted(row, date(2026, 11, 16), mori.mori(world))
        desk.ladder.returned(row, date(2026, 11, 16), mori.mori(world))
        assert desk.correct(case.number, code) is None

    def test_a_dump_does_not_hold_it(self, world: World, case: Case) -> None:
        row = made(world, case)
        code = str(letter.facts(row, case, desk.ladder.customer(case))["code"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT atesaki_letter::text FROM atesaki_letter")
            dump = "".join(line for (line,) in cursor.fetchall())
        for spelt in (code, code.replace("-", "")):
            assert spelt not in dump and spelt.encode().hex() not in dump

    def test_a_new_one_replaces_what_was_not_posted(self, world: World, case: Case) -> None:
        first, second = made(world, case), made(world, case, 12)
        assert list(Letter.objects.filter(case=case)) == [second]
        with pytest.raises(DeskError, match="printed any more"):
            desk.ladder.posted(first, date(2026, 11, 16), mori.mori(world))


class TestTheMachine:
    def test_without_a_japanese_font_it_says_what_to_install(self, tmp_path: Path) -> None:
        bare = tmp_path / "fonts.conf"
        bare.write_text('<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig/>')
        with folder() as home:
            found = atesaki(home, "check-setup", "--json", FONTCONFIG_FILE=str(bare))
            assert '"check": "letters", "state": "warn"' in found.stdout, found.stdout + found.stderr
            assert "fonts-ipaexfont" in found.stdout

    def test_without_pango_it_says_what_to_install(self, world: World, case: Case, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "weasyprint", None)
        with pytest.raises(DeskError, match="libpango"):
            made(world, case)
        assert not Letter.objects.exists()

    def test_the_desk_loads_without_it(self) -> None:
        code = (
            "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'atesaki.site.settings'; django.setup();"
            "import atesaki.desk; sys.exit('weasyprint' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    def test_it_fetches_nothing(self, tmp_path: Path) -> None:
        import weasyprint

        secret = tmp_path / "secret.txt"
        secret.write_text("秘密")
        fetcher = letter._refusing(weasyprint)
        for url in ("http://127.0.0.1:9/x.png", "https://example.com/", secret.as_uri(), "data:text/plain,x"):
            with pytest.raises(ValueError, match="fetches nothing"):
                fetcher.fetch(url)
