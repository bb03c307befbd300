"""The reference shop: orders without an address, with one, without atesaki; what atesaki tells; 2017."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.market import APPROVED, CODE, DECLINED, KEN, PRIVATE, ROOT, SILENT, Market, Visitor, market, stock

pytestmark = pytest.mark.slow
SHOP = ROOT / "reference" / "shop"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stock(tmp_path_factory.mktemp("stocked"))


@pytest.fixture(scope="module")
def shop(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with market(tmp_path_factory.mktemp("shop"), stocked) as running:
        yield running


@pytest.fixture
def ken(shop: Market) -> Visitor:
    return Visitor(shop)


def _until(true: object, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def _ref(shop: Market, number: str) -> str:
    ((ref,),) = shop.rows(
        "SELECT ref FROM market_delivery JOIN order_order ON order_order.id = order_id WHERE number = ?", number
    )
    return str(ref)


# --- orders ---


def test_an_order_without_an_address_is_found_again_by_its_number_and_a_second_fact(shop: Market, ken: Visitor) -> None:
    calls, mails = len(shop.atesaki.calls), len(shop.atesaki.mails)
    number = ken.look("/").fill().choose().order()
    assert number and "ご注文を承りました" in ken.text
    assert "メールはお送りしません" in ken.text
    assert len(shop.atesaki.calls) == calls and len(shop.atesaki.mails) == mails, "there is nothing to ask or to send"

    stranger = Visitor(shop)
    assert stranger.look(f"/orders/{number}/").status == 404
    stranger.look("/orders/")
    assert stranger.press("/orders/", number=number, fact="1000001").status == 422
    assert number in stranger.page and "本町9丁目" not in stranger.page, "what was typed stays; nothing is told"
    shown = f"{number[:3]}-{number[3:6]}-{number[6:]}"
    for fact in ("1234", "273-0005", "２７３０００５"):
        again = Visitor(shop)
        again.look("/orders/").press("/orders/", number=shown, fact=fact)
        assert again.path == f"/orders/{number}/" and "本町9丁目99番9号" in again.text, fact


def test_guessing_the_second_fact_ends_after_five(shop: Market, ken: Visitor) -> None:
    number = ken.fill().choose().order()
    guesser = Visitor(shop)
    guesser.look("/orders/")
    for guess in range(5):
        assert guesser.press("/orders/", number=number, fact=f"000{guess}").status == 422
    assert guesser.press("/orders/", number=number, fact="1234").status == 422
    assert "15分" in guesser.text
    shop.rows("DELETE FROM market_miss")
    assert guesser.press("/orders/", number=number, fact="1234").status == 200


def test_the_last_look_shows_all_that_the_law_asks_for(ken: Visitor) -> None:
    ken.fill("tomato", "soap").choose("hana@gmial.com")
    assert ken.path == "/checkout/confirm/"
    for words in (
        *("完熟トマト", "298円 × 1", "台所用洗剤", "328円 × 1"),
        *("商品の合計(税込) 626円", "送料 330円", "代金引換手数料 220円", "お支払い合計(税込) 1,176円"),
        *("8%対象(軽減税率) 298円 内消費税 22円", "10%対象 878円 内消費税 79円"),
        *("大島 健太郎 様", "〒273-0005", "千葉県船橋市本町9丁目99番9号 青空ハイツ201", "090-0000-1234"),
        *(
            "代金引換",
            "現金1,176円",
            "hana@gmial.com",
            "もしかして: hana@gmail.com",
            "無料で取り消せます",
            "返品",
            "まだ注文は確定していません",
        ),
        *("特定商取引法に基づく表記", "この内容で注文を確定する"),
    ):
        assert words in ken.text, (words, ken.text)
    changes = re.findall(r'<a href="(/[\w/]+)[^"]*">変更する', ken.page)
    assert changes == ["/basket/", "/checkout/address/", "/checkout/slot/", "/checkout/payment/", "/checkout/address/"]
    assert re.search(r"\d+月\d+日\(.\) \d+:00〜\d+:00", ken.text)
    ken.press("/checkout/suggestion/")
    assert "hana@gmail.com" in ken.text and "もしかして" not in ken.text


def test_a_price_that_changed_since_the_last_look_is_looked_at_again(ken: Visitor) -> None:
    ken.fill().choose()
    ken.press("/checkout/confirm/", total="1")
    assert ken.path == "/checkout/confirm/" and "もう一度お確かめください" in ken.text


def test_bad_input_is_said_and_kept(ken: Visitor) -> None:
    ken.fill().look("/checkout/address/")
    wrong = {**KEN, "phone": "12", "postal_code": "27", "email": "hana(at)example.jp", "prefecture": "沖縄県"}
    assert ken.press("/checkout/address/", **wrong).status == 422
    for words in ("10桁か11桁", "7桁の数字で", "メールアドレスの形になっていません", "お届けできる都県"):
        assert words in ken.text
    assert 'value="hana(at)example.jp"' in ken.page and 'value="本町9丁目99番9号"' in ken.page
    ken.press("/checkout/address/", **KEN)
    for slot in ("", "999999", "x" * 40):
        assert ken.press("/checkout/slot/", slot=slot).status == 422


def test_the_basket_takes_no_nonsense(ken: Visitor) -> None:
    ken.fill("rice")
    add = re.findall(r"/basket/change/\d+/", ken.page)[0]
    for many in ("31", "-1", "1e3", ""):
        ken.press(add, quantity=many)
        assert "2,980円 8" not in ken.text and re.search(r'aria-label="個数 1"', ken.page), many
    ken.press(add, quantity="2")
    assert "送料が無料になりました" in ken.text
    ken.press(add, quantity="0")
    assert "かごはまだ空です" in ken.text
    assert ken.look("/checkout/confirm/").path == "/basket/"
    ken.look("/goods/tea/")
    back = ken.press(re.findall(r"/basket/add/\d+/", ken.page)[0], quantity="1", then="//evil.example/")
    assert back.path == "/basket/", "it does not lead to anywhere else"


def test_an_order_is_cancelled_until_it_is_packed(shop: Market, ken: Visitor) -> None:
    number = ken.fill("tea").choose(pay="card").order()
    (slot, taken), *_ = shop.rows(
        "SELECT market_slot.id, taken FROM market_slot JOIN market_delivery ON slot_id = market_slot.id"
        " JOIN order_order ON order_order.id = order_id WHERE number = ?",
        number,
    )
    ken.look(f"/orders/{number}/cancel/").press(f"/orders/{number}/cancel/")
    assert "取り消されました" in ken.text
    assert shop.rows("SELECT taken FROM market_slot WHERE id = ?", slot) == [(taken - 1,)]
    assert shop.rows("SELECT state FROM market_authorisation WHERE reference LIKE ?", f"{number}-%") == [("void",)]

    second = ken.fill("tea").choose().order()
    shop.manage("deliver", second)
    ken.look(f"/orders/{second}/cancel/")
    ken.look(f"/orders/{second}/")
    assert "準備中" in ken.text
    assert ken.press(f"/orders/{second}/cancel/").path == f"/orders/{second}/" and "お電話でご相談" in ken.text


# --- payment and slots ---


def test_cards_approved_declined_and_silent_and_no_number_kept(shop: Market, ken: Visitor) -> None:
    before = shop.rows("SELECT count(*) FROM order_order")
    for number, words in ((DECLINED, "承認が得られません"), (SILENT, "応答がありません")):
        ken.fill("tea").choose(pay="card", number=number)
        assert "**** " + number[-4:] in ken.text
        assert not ken.order() and ken.path == "/checkout/payment/" and words in ken.text
    assert shop.rows("SELECT count(*) FROM order_order") == before
    assert shop.rows("SELECT count(*) FROM market_authorisation WHERE state = 'reserved'") == [(0,)]

    ken.look("/checkout/payment/")
    real = "4111 1111 1111 1111"
    assert ken.press("/checkout/payment/", pay="card", number=real, expiry="12/39", cvc="123").status == 422
    assert "テスト用の番号" in ken.text and "4111" not in ken.page
    ken.choose(pay="card")
    number = ken.order()
    ((total,),) = shop.rows("SELECT total_incl_tax FROM order_order WHERE number = ?", number)
    authorised = "SELECT state, amount FROM market_authorisation WHERE reference LIKE ?"
    assert shop.rows(authorised, f"{number}-%") == [("reserved", total)]
    shop.manage("deliver", number, "--to", "delivered")
    assert shop.rows(authorised, f"{number}-%") == [("captured", total)]
    kept = shop.everything() + shop.said()
    for typed in (APPROVED, DECLINED, SILENT, real):
        assert typed not in kept and typed.replace(" ", "") not in kept


def test_the_last_place_of_a_slot_is_given_once(shop: Market) -> None:
    ((slot, capacity),) = shop.rows("SELECT id, capacity FROM market_slot ORDER BY starts DESC LIMIT 1 OFFSET 9")
    shop.rows("UPDATE market_slot SET taken = capacity - 1 WHERE id = ?", slot)
    four = [Visitor(shop) for _ in range(4)]
    for each in four:
        each.fill("tea").choose(slot=str(slot), pay="card")
        assert each.path == "/checkout/confirm/"
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(Visitor.order, four))
    assert sum(map(bool, numbers)) == 1, numbers
    assert shop.rows("SELECT taken FROM market_slot WHERE id = ?", slot) == [(capacity,)]
    assert shop.rows("SELECT count(*) FROM market_delivery WHERE slot_id = ?", slot) == [(1,)]
    for each, number in zip(four, numbers, strict=True):
        if not number:
            assert each.path == "/checkout/slot/" and "満員になりました" in each.text
    losers = shop.rows("SELECT count(*) FROM market_authorisation WHERE state = 'void' AND amount > 0")
    assert losers[0][0] >= 3, "nobody's card keeps a reservation for nothing"


def test_the_button_pressed_twice_makes_one_order(shop: Market, ken: Visitor) -> None:
    ken.fill("coffee").choose()
    (total,) = re.findall(r'name="total" value="(\d+)"', ken.page)
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', ken.page)[0]
    twin = Visitor(shop)
    twin.opener = ken.opener
    before = shop.rows("SELECT count(*) FROM order_order")[0][0]
    form = {"csrfmiddlewaretoken": token, "total": total}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: each.look("/checkout/confirm/", form), (ken, twin)))
    assert shop.rows("SELECT count(*) FROM order_order")[0][0] == before + 1


# --- an address, and atesaki ---


def test_an_address_is_claimed_and_the_mail_waits_at_atesaki(shop: Market, ken: Visitor) -> None:
    number = ken.fill("apple").choose("hana@example.jp").order()
    ref = _ref(shop, number)
    assert ref.startswith("G-")
    (claimed,) = [said for _, said in shop.atesaki.asked("POST", "/claims") if said["customer"] == ref]
    assert claimed["address"] == "hana@example.jp"
    (mail,) = [mail for mail in shop.atesaki.mails_to("hana@example.jp") if mail["X-Atesaki-Customer"] == ref]
    assert mail["X-Atesaki-Knows"] == "postal_code=2730005; phone_last4=1234"
    text = mail.get_content()
    for words in ("大島 健太郎 様", "本町9丁目99番9号", "サンふじりんご", "090-0000-1234"):
        assert words in text
    assert "hana@example.jp" in ken.text and "訂正する" in ken.text and re.search(r'class="digits"[^>]*>47<', ken.page)

    ken.press(f"/mail/{ref}/code/", code="000000", then=f"/orders/{number}/")
    assert "あと4回" in ken.text
    ken.press(f"/mail/{ref}/again/", then=f"/orders/{number}/")
    assert "もう一度お送りしました" in ken.text
    ken.press(f"/mail/{ref}/code/", code=CODE, then=f"/orders/{number}/")
    assert "確認済み" in ken.text and "47" not in re.findall(r'class="digits"[^>]*>(\d+)<', ken.page)

    stranger = Visitor(shop)
    stranger.look("/orders/")
    for path in ("code", "again", "change"):
        assert stranger.press(f"/mail/{ref}/{path}/", code=CODE, email="x@example.jp").status == 404


def test_a_corrected_address_gives_the_old_claim_up(shop: Market, ken: Visitor) -> None:
    number = ken.fill("apple").choose("ohsima@gmial.com").order()
    ref = _ref(shop, number)
    old = shop.atesaki.claim_of("ohsima@gmial.com")["id"]
    ken.press(f"/mail/{ref}/change/", wish="suggestion", then=f"/orders/{number}/")
    assert "ohsima@gmail.com" in ken.text
    assert (f"/claims/{old}", {}) in shop.atesaki.asked("DELETE", "/claims/")
    assert shop.atesaki.claim_of("ohsima@gmail.com")["customer"] == ref
    ken.look(f"/mail/{ref}/change/")
    assert ken.press(f"/mail/{ref}/change/", wish="change", email="あ").status == 422
    ken.press(f"/mail/{ref}/change/", wish="none", email="", then=f"/orders/{number}/")
    assert "メールはお送りしません" in ken.text and "gmail.com" not in shop.everything()


def test_while_atesaki_is_away_orders_go_on_and_all_of_it_waits_here(stocked: Path, tmp_path: Path) -> None:
    with market(tmp_path, stocked, away=True) as shop:
        ken = Visitor(shop)
        number = ken.fill("milk").choose("ken@example.jp").order()
        assert number and "ご注文を承りました" in ken.text and "確認メールの準備中" in ken.text
        (mail,) = shop.spool()
        assert stat.S_IMODE(mail.stat().st_mode) == 0o600
        assert shop.rows("SELECT kind, what FROM market_asking") == [("claim", "")], "no address in what is to be asked"
        said = shop.said()
        assert "atesaki cannot be reached: claim for G-" in said and "atesaki.kept" in said
        assert not [words for words in (*PRIVATE, "ken@example.jp") if words in said]
        assert ken.look("/").status == 200, "nor do pages wait for it"

        with shop.atesaki.open():
            shop.manage("ask_waiting")
            _until(lambda: shop.atesaki.mails_to("ken@example.jp"))
        assert {said["address"] for _, said in shop.atesaki.asked("POST", "/claims")} == {"ken@example.jp"}
        (sent,) = shop.atesaki.mails_to("ken@example.jp")
        assert sent["X-Atesaki-Customer"] == _ref(shop, number)
        assert not shop.spool() and shop.rows("SELECT count(*) FROM market_asking") == [(0,)]
        assert "47" in ken.look(f"/orders/{number}/").text


def test_an_address_that_its_mailbox_disowned_goes_at_once(shop: Market, ken: Visitor) -> None:
    number = ken.fill("milk").choose("sora@example.jp").order()
    ref, claim = _ref(shop, number), shop.atesaki.claim_of("sora@example.jp")["id"]
    event = {"case": "case-1", "number": "S-0001", "claim": claim, "customer": ref}
    assert shop.tell("claim.disowned", secret="whsec_" + "A" * 40, **event) == 400
    assert "sora@example.jp" in shop.everything()
    assert shop.tell("claim.disowned", id="evt_1", **event) == 204
    assert "sora@example.jp" not in shop.everything()
    assert shop.tell("claim.disowned", id="evt_1", **event) == 204, "told twice, done once"
    assert shop.tell("customer.contact_needed", **event) == 204

    ken.look("/")
    assert "訂正をお願いします" in ken.text and "ご注文とお届けには影響ありません" in ken.text
    ken.look("/correct/")
    shop.atesaki.refused.add("again@example.jp")
    ken.press("/correct/", step="address", wish="change", email="again@example.jp")
    assert "持ち主の申し出により使えません" in ken.text and "again@example.jp" not in shop.everything()
    ken.look("/correct/").press("/correct/", step="address", wish="change", email="ken2@example.jp")
    assert ("/cases/case-1/corrected", {}) in shop.atesaki.asked("POST", "/cases/")
    ken.look("/")
    assert "訂正をお願いします" not in ken.text
    late = shop.tell("claim.disowned", **event)
    assert late == 204 and "ken2@example.jp" in shop.everything(), "the old claim's end is not the new one's"
    assert shop.tell("some.future_event", whatever=1) == 204


def test_the_notice_comes_from_the_standing_too(shop: Market, ken: Visitor) -> None:
    number = ken.fill("milk").choose("tora@example.jp").order()
    ref = _ref(shop, number)
    shop.atesaki.needed.add(ref)
    assert shop.tell("claim.proved", claim=shop.atesaki.claim_of("tora@example.jp")["id"], customer=ref) == 204
    assert "訂正をお願いします" in ken.look("/").text, "what was kept is dropped by the event"


def test_the_letters_number_and_code_lead_a_guest_to_the_correction(shop: Market, ken: Visitor) -> None:
    number = ken.fill("milk").choose("kumo@example.jp").order()
    ref, claim = _ref(shop, number), shop.atesaki.claim_of("kumo@example.jp")["id"]
    shop.tell("customer.contact_needed", case="case-7", number="S-0007", claim=claim, customer=ref)
    shop.atesaki.letters["S-0007", "R2D2"] = ref
    guest = Visitor(shop)
    guest.look("/correct/")
    assert guest.press("/correct/", step="letter", number="S-0007", code="XXXX").status == 422
    assert 'value="S-0007"' in guest.page
    guest.press("/correct/", step="letter", number="Ｓ-0007", code="R2D2")
    assert "新しいメールアドレス" in guest.text
    guest.press("/correct/", step="address", wish="none", email="")
    assert guest.path == "/correct/done/" and "kumo@example.jp" not in shop.everything()
    assert (f"/claims/{claim}", {}) in shop.atesaki.asked("DELETE", "/claims/")


# --- members ---


def test_a_member_registers_orders_and_leaves_without_an_address(shop: Market) -> None:
    shop.netid.who = {"sub": "sub-mori", "name": "森 しずか"}
    mori = Visitor(shop)
    mori.log_in("/member/")
    assert mori.path == "/member/" and "森 しずかさん" in mori.text
    number = mori.fill("bread").choose().order()
    assert _ref(shop, number).startswith("M-")
    mori.fill("bread").look("/checkout/address/")
    assert 'value="本町9丁目99番9号"' in mori.page, "known from the last time"
    assert number[:3] + "-" in mori.look("/member/").text
    mori.look("/member/leave/")
    assert number[:3] + "-" in mori.text
    mori.press("/member/leave/")
    assert "退会の手続きが済みました" in mori.text
    assert "森 しずか" not in shop.everything()
    found = Visitor(shop)
    found.look("/orders/").press("/orders/", number=number, fact="1234")
    assert found.path == f"/orders/{number}/", "what is on its way is still found"
    shop.netid.who = {"sub": "sub-mori", "name": "森 しずか"}
    assert "さん" in mori.log_in().text and number[:3] + "-" not in mori.text, "who comes back begins anew"


def test_what_the_id_service_has_proved_is_vouched_for_and_nothing_else_is(shop: Market) -> None:
    """Decision 0014: an honest customer types one code, and nobody's address is vouched for by accident."""
    before = len(shop.atesaki.asked("POST", "/claims"))
    shop.netid.who = {"sub": "sub-aoi", "name": "三原 葵", "email": "aoi@example.jp", "email_verified": True}
    aoi = Visitor(shop)
    aoi.log_in()
    assert 'value="aoi@example.jp"' in aoi.fill("eggs").look("/checkout/address/").page
    aoi.choose("aoi@example.jp").order()
    aoi.fill("eggs").choose("hana@example.jp").order()
    shop.netid.who = {"sub": "sub-ken", "name": "大島 健太郎", "email": "hana@example.jp", "email_verified": False}
    ken = Visitor(shop)
    ken.log_in()
    ken.fill("eggs").choose("hana@example.jp").order()
    guest = Visitor(shop)
    guest.fill("eggs").choose("aoi@example.jp").order()
    said = [
        (body["address"], body.get("evidence"))
        for path, body in shop.atesaki.asked("POST", "/claims")[before:]
        if path == "/claims"
    ]
    vouched = "email_verified by Aozora ID in this sign-in"
    assert said == [
        ("aoi@example.jp", vouched),
        ("hana@example.jp", None),
        ("hana@example.jp", None),
        ("aoi@example.jp", None),
    ]


def test_withdrawal_by_atesaki_ends_the_member_and_the_order_in_flight_still_ships(shop: Market) -> None:
    shop.netid.who = {"sub": "sub-kai", "name": "海 わたる"}
    kai = Visitor(shop)
    kai.log_in()
    over = kai.fill("eggs").choose("kai@example.jp").order()
    shop.manage("deliver", over, "--to", "delivered")
    flying = kai.fill("eggs").choose("kai@example.jp").order()
    ref = _ref(shop, flying)
    shop.manage("deliver", flying)
    event = {"case": "case-9", "number": "S-0009", "claim": "c", "customer": ref, "deadline": None}
    assert shop.tell("customer.withdraw", **event, orders_in_flight=None) == 204
    assert kai.look("/orders/").page and "海 わたる" not in kai.text and "マイページ" not in kai.text
    kept = shop.everything()
    assert "海 わたる" not in kept and "kai@example.jp" not in kept and "sub-kai" not in kept
    address = (
        "SELECT line1, last_name, status FROM order_order JOIN order_shippingaddress AS s ON s.id = shipping_address_id"
        " WHERE number = ?"
    )
    assert shop.rows(address, over) == [("", "", "delivered")]
    assert shop.rows(address, flying) == [("本町9丁目99番9号", "大島", "preparing")]
    _until(lambda: ("/cases/case-9/withdrawn", {}) in shop.atesaki.asked("POST", "/cases/"))
    shop.manage("deliver", flying, "--to", "delivered")
    assert shop.rows(address, flying) == [("", "", "delivered")]
    assert shop.tell("customer.withdraw", **event, orders_in_flight=None) == 204, "again is nothing new"


@pytest.mark.parametrize(
    "spoil",
    [
        {"nonce": "of another login"},
        {"aud": "another-shop"},
        {"iss": "http://other.example"},
        {"exp": 1_000_000_000},
        {"azp": "another-shop"},
    ],
    ids=["nonce", "audience", "issuer", "expired", "azp"],
)
def test_an_id_token_of_elsewhere_lets_nobody_in(shop: Market, spoil: dict[str, object]) -> None:
    shop.netid.who, shop.netid.spoil = {"sub": "sub-x", "name": "x"}, spoil
    try:
        visitor = Visitor(shop)
        visitor.log_in()
        assert "ログインできませんでした" in visitor.text and "マイページ" not in visitor.text
    finally:
        shop.netid.spoil = {}


def test_an_answer_is_good_for_one_browser_once(shop: Market) -> None:
    shop.netid.who = {"sub": "sub-y", "name": "y"}
    one = Visitor(shop)
    one.log_in()
    assert one.path == "/member/"
    used = f"/netid/callback?code=x&state={'s' * 32}"
    assert "ログインできませんでした" in one.look(used).text
    assert "ログインできませんでした" in Visitor(shop).look(used).text


# --- what comes late, or twice ---


def test_what_vouches_for_one_address_vouches_for_no_other(stocked: Path, tmp_path: Path) -> None:
    with market(tmp_path, stocked, away=True) as shop:
        shop.netid.who = {"sub": "sub-aoi", "name": "三原 葵", "email": "aoi@example.jp", "email_verified": True}
        Visitor(shop).log_in().fill("milk").choose("aoi@example.jp").order()
        assert "aoi@example.jp" not in str(shop.rows("SELECT what FROM market_asking"))
        ((what,),) = shop.rows("SELECT what FROM market_asking")
        assert re.fullmatch(r"[0-9a-f]{64}", what)
        shop.rows("UPDATE market_contact SET address = 'hana@example.jp'")
        with shop.atesaki.open():
            shop.manage("ask_waiting")
            _until(lambda: shop.atesaki.asked("POST", "/claims"))
        assert {said["address"]: said.get("evidence") for _, said in shop.atesaki.asked("POST", "/claims")} == {
            "hana@example.jp": None
        }


def test_an_asking_that_was_given_up_asks_nothing(shop: Market, ken: Visitor) -> None:
    number = ken.fill("milk").choose("kita@example.jp").order()
    before = len(shop.atesaki.asked("POST", "/claims"))
    shop.play(
        f"""
from reference.shop import mailroom
from reference.shop.models import Asking
stale = Asking.objects.create(kind="claim", ref="{_ref(shop, number)}")
Asking.objects.filter(pk=stale.pk).delete()
mailroom._ask([stale])
mailroom._ask_claim(stale)
"""
    )
    assert len(shop.atesaki.asked("POST", "/claims")) == before


def test_a_late_end_of_the_old_claim_leaves_the_new_address(stocked: Path, tmp_path: Path) -> None:
    with market(tmp_path, stocked, away=True) as shop:
        ken = Visitor(shop)
        number = ken.fill("milk").choose("old@example.jp").order()
        ref = _ref(shop, number)
        event = {"case": "case-2", "number": "S-0002", "claim": "clm-old", "customer": ref}
        assert shop.tell("claim.disowned", id="evt_late", **event) == 500, "whose claim that is, the answer will tell"
        assert shop.tell("customer.contact_needed", **event) == 500
        assert "old@example.jp" in shop.everything()
        ken.look(f"/mail/{ref}/change/").press(f"/mail/{ref}/change/", wish="change", email="new@example.jp")
        assert shop.tell("claim.disowned", id="evt_late2", **event) == 204, "of the new one nobody has been asked"
        assert "new@example.jp" in shop.everything()
        with shop.atesaki.open():
            shop.manage("ask_waiting")
            assert shop.tell("claim.disowned", id="evt_late", **event) == 204
            assert "new@example.jp" in shop.everything() and "別の方のもの" not in ken.look(f"/orders/{number}/").text

            ken.look(f"/mail/{ref}/change/").press(f"/mail/{ref}/change/", wish="none", email="")
            assert shop.tell("claim.disowned", **event) == 204
            assert shop.tell("customer.contact_needed", **event) == 204
            assert "訂正をお願いします" not in ken.look("/").text, "they have removed it already"
            _until(lambda: ("/cases/case-2/corrected", {}) in shop.atesaki.asked("POST", "/cases/"))
        assert shop.rows("SELECT state, needed FROM market_contact WHERE ref = ?", ref) == [("none", 0)]


def test_an_answer_that_comes_late_leaves_no_claim_behind(shop: Market, ken: Visitor) -> None:
    number = ken.fill("milk").choose("yuki@example.jp").order()
    ref = _ref(shop, number)
    shop.play(
        f"""
from reference.shop import contacts, mailroom
from reference.shop.models import Contact
before = contacts.of("{ref}")
Contact.objects.filter(ref="{ref}").update(address="yuki2@example.jp", claim="", state="waiting")
before.address = "yuki0@example.jp"
mailroom.keep(before, mailroom.client().claim(before.address, before.ref))
"""
    )
    late = shop.atesaki.claim_of("yuki0@example.jp")["id"]
    _until(lambda: (f"/claims/{late}", {}) in shop.atesaki.asked("DELETE", "/claims/"))
    shop.play(
        f"""
from types import SimpleNamespace
from reference.shop import contacts, mailroom
before = contacts.of("{ref}")
before.address = "yuki0@example.jp"
mailroom.keep(before, SimpleNamespace(id="{late}", standing="disavowed", paused=False, match=None))
"""
    )
    assert "yuki2@example.jp" in shop.everything(), "what was disavowed is another address"


def test_a_claim_whose_answer_was_lost_is_withdrawn_with_its_address(stocked: Path, tmp_path: Path) -> None:
    with market(tmp_path, stocked, away=True) as shop:
        ken = Visitor(shop)
        number = ken.fill("milk").choose("lost@example.jp").order()
        ref = _ref(shop, number)
        with shop.atesaki.open():
            lost = _taken(shop, "lost@example.jp", ref)  # atesaki took it, and nobody heard
            ken.look(f"/mail/{ref}/change/").press(f"/mail/{ref}/change/", wish="change", email="found@example.jp")
            _until(lambda: shop.atesaki.claims[lost]["standing"] == "unknown")
            _until(lambda: "found@example.jp" in shop.atesaki.addresses.values())
            assert shop.atesaki.claim_of("found@example.jp")["standing"] == "claimed"


def _taken(shop: Market, address: str, ref: str) -> str:
    _, claim, _ = shop.atesaki(
        "POST", "/api/v1/claims", json.dumps({"address": address, "customer": ref}).encode(), _KEY
    )
    return str(claim["id"])


_KEY = {"Authorization": "Bearer key"}


def test_a_late_proof_takes_no_notice_away(shop: Market, ken: Visitor) -> None:
    number = ken.fill("milk").choose("nagi@example.jp").order()
    ref, claim = _ref(shop, number), shop.atesaki.claim_of("nagi@example.jp")["id"]
    event = {"case": "case-3", "number": "S-0003", "claim": claim, "customer": ref}
    assert shop.tell("claim.disowned", **event) == 204
    assert shop.tell("claim.proved", claim=claim, customer=ref) == 204
    assert "訂正をお願いします" in ken.look("/").text
    assert shop.rows("SELECT state, needed FROM market_contact WHERE ref = ?", ref) == [("disowned", 1)]


def test_no_session_has_an_address(shop: Market, ken: Visitor) -> None:
    shop.netid.who = {"sub": "sub-uta", "name": "歌", "email": "uta@example.jp", "email_verified": True}
    uta = Visitor(shop)
    uta.log_in()
    assert 'value="uta@example.jp"' in uta.fill("eggs").look("/checkout/address/").page
    ken.fill("eggs").choose("fumi@example.jp")
    assert "fumi@example.jp" in ken.text, "this checkout knows it"
    kept = shop.sessions()
    assert '"vouched"' in kept and '"checkout"' in kept
    assert "uta@example.jp" not in kept and "fumi@example.jp" not in kept


_HOUR = """
import time
from types import SimpleNamespace
from unittest.mock import patch
from reference.shop import briefly, contacts, placing
from reference.shop.models import Contact, Member
member = Member.objects.create(ref="M-hour", sub="sub-hour")
request = SimpleNamespace(session={}, _member=member)
checkout = placing.Checkout("a", "b", "0900", "2730005", "c", "d", "e", "", "typed@example.jp")
contacts.note_proved(request, "M-hour", "uta@example.jp")
placing.save(request.session, checkout)
assert contacts.to_suggest(request, "M-hour") == "uta@example.jp"
assert contacts.is_proved_elsewhere(request, "M-hour", "uta@example.jp")
assert not contacts.is_proved_elsewhere(request, "M-hour", "hana@example.jp")
assert not contacts.is_proved_elsewhere(request, "M-other", "uta@example.jp")
assert placing.load(request.session).email == "typed@example.jp" and placing.load(request.session).has_address
Contact.objects.filter(ref="M-hour").update(needed=True)
assert contacts.to_suggest(request, "M-hour") == ""
Contact.objects.filter(ref="M-hour").update(needed=False)
later, wall = time.monotonic() + 1800, time.time()
with patch("time.monotonic", lambda: later):
    placing.save(request.session, placing.load(request.session))
later, wall = later + 1801, wall + 3601
with patch("time.monotonic", lambda: later), patch("time.time", lambda: wall):
    assert contacts.to_suggest(request, "M-hour") == ""
    assert not contacts.is_proved_elsewhere(request, "M-hour", "uta@example.jp")
    gone = placing.load(request.session)
    assert gone.lost and not gone.email and not gone.has_address and gone.street == "e"
    placing.save(request.session, gone)
    assert placing.load(request.session).lost, "not silently an order without a copy"
    briefly.sweep()
assert not briefly._kept
contacts.note_proved(request, "M-hour", "uta@example.jp")
from reference.shop import withdrawal
withdrawal.end("M-hour")
assert not briefly._kept
"""


def test_what_is_known_for_an_hour_is_known_no_longer(shop: Market) -> None:
    shop.play(_HOUR)


def test_sessions_that_are_over_are_cleared(stocked: Path, tmp_path: Path) -> None:
    database = tmp_path / "old.sqlite3"
    shutil.copy(stocked, database)
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("INSERT INTO django_session VALUES ('old', 'x', '2020-01-01 00:00:00')")
        opened.commit()
    home = tmp_path / "home"
    home.mkdir()
    with market(home, database, away=True) as shop:
        _until(lambda: not shop.rows("SELECT 1 FROM django_session WHERE session_key = 'old'"), 20)


def test_number_and_second_fact_show_no_members_address(shop: Market) -> None:
    shop.netid.who = {"sub": "sub-rin", "name": "凜", "email": "", "email_verified": False}
    rin = Visitor(shop)
    rin.log_in()
    number = rin.fill("bread").choose("rin@example.jp").order()
    assert "rin@example.jp" in rin.text and "47" in rin.text
    finder = Visitor(shop)
    finder.look("/orders/").press("/orders/", number=number, fact="1234")
    assert finder.path == f"/orders/{number}/" and "本町9丁目99番9号" in finder.text
    assert (
        "rin@example.jp" not in finder.page and "控えのメール" not in finder.text and 'class="match"' not in finder.page
    )


def test_a_guess_is_counted_before_it_is_compared(shop: Market, ken: Visitor) -> None:
    number = ken.fill().choose().order()
    shop.rows("DELETE FROM market_miss")
    shop.play(
        f"""
from types import SimpleNamespace
from unittest.mock import patch
from reference.shop import account
from reference.shop.models import Miss
counted = []
def compare(one, other):
    counted.append(Miss.objects.count())
    return one == other
request = SimpleNamespace(META={{"REMOTE_ADDR": "192.0.2.1"}})
with patch.object(account.hmac, "compare_digest", compare):
    assert account._look_up(request, "{number}", "1234")[0]
assert counted and set(counted) == {{2}}, counted
assert not Miss.objects.exists(), "who knows it has missed nothing"
"""
    )


def test_a_state_that_is_no_ascii_is_refused_in_words(shop: Market) -> None:
    shop.play(
        """
import time
from reference.shop import identity
session = {"netid": {"state": "s", "nonce": "n", "verifier": "v", "then": "/", "begun": time.time()}}
try:
    identity.finish(session, {"state": "\u00e9", "code": "x"})
except identity.Refused:
    pass
else:
    raise SystemExit("it was taken")
"""
    )


# --- pages ---


def test_every_page_is_strict_and_needs_no_script(shop: Market, ken: Visitor) -> None:
    paths = "/ /shelf/drinks/ /goods/tea/ /search/?q=%E8%8C%B6 /basket/ /orders/ /contact/ /legal/ /terms/ /privacy/"
    for path in (*paths.split(), "/guide/", "/correct/", "/nothing"):
        ken.look(path)
        assert ken.status in (200, 404), path
        policy = ken.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://(?!127\.0\.0\.1)", ken.page), path
    ken.look("/contact/")
    first = re.search(r"<ul class=\"doors\">.*?<a href=\"([^\"]+)\"><b>([^<]+)", ken.page, re.S)
    assert first and first[2] == "心当たりのないメールが届いた方(お名前は不要です)" and first[1].endswith("/ask")
    assert "<form" not in ken.page.split("<main")[1], "no form of its own"
    english = Visitor(shop, language="en-GB,en;q=0.8")
    assert "View basket" not in english.look("/").page and "Add" in english.text and "完熟トマト" in english.text


def test_the_front_asks_the_database_the_same_however_much_is_sold(shop: Market) -> None:
    counted = subprocess.run(
        [sys.executable, "-c", _COUNT],
        env={**shop.environment, "DJANGO_SETTINGS_MODULE": "reference.shop.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert counted.returncode == 0, counted.stderr
    empty, full = map(int, counted.stdout.split()[-2:])
    assert empty <= 6 and full <= 12, counted.stdout


_COUNT = """
import django; django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from reference.shop.models import Article
client = Client(HTTP_HOST="127.0.0.1")
client.get("/")
with CaptureQueriesContext(connection, ) as empty: client.get("/")
for each in Article.objects.all()[:20]: client.post(f"/basket/add/{each.product_id}/", {"quantity": 1})
client.get("/")
with CaptureQueriesContext(connection) as full: client.get("/")
print(*[q["sql"][:160] for q in full], sep=chr(10))
print(len(empty), len(full))
"""


def test_the_shop_knows_atesaki_only_through_its_client() -> None:
    wrong = []
    for path in SHOP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            tops = {name.split(".")[0] for name in names}
            if "atesaki" in tops or ("atesaki_client" in tops and path.name not in ("mailroom.py",)):
                wrong.append(path.name)
    assert not wrong


def test_the_pictures_are_those_that_the_script_draws() -> None:
    from reference.shop.drawings import HERE, pictures

    drawn = pictures()
    assert {path.relative_to(HERE).as_posix() for path in HERE.rglob("*.svg")} == set(drawn)
    assert not [name for name, svg in drawn.items() if (HERE / name).read_text() != svg]
    assert max(len(svg) for svg in drawn.values()) < 16_000


# --- before ---


def test_in_2017_the_address_is_mandatory_and_everything_goes_straight_out(stocked: Path, tmp_path: Path) -> None:
    with market(tmp_path, stocked, REFERENCE_ERA="2017") as shop:
        shop.netid.who = {"sub": "sub-ken", "name": "大島 健太郎", "email": "hana@example.jp"}
        ken = Visitor(shop)
        ken.log_in()
        (welcome,) = shop.atesaki.mails
        assert welcome["To"] == "hana@example.jp" and "会員登録ありがとうございます" in welcome["Subject"]
        ken.fill("apple").look("/checkout/address/")
        assert ken.press("/checkout/address/", **KEN).status == 422 and "メールアドレスを入力してください" in ken.text
        number = ken.choose("hana@example.jp").order()
        assert number
        _, order = shop.atesaki.mails
        text = order.get_content()
        assert order["To"] == "hana@example.jp" and not order["X-Atesaki-Customer"]
        for words in ("大島 健太郎", "本町9丁目99番9号", "090-0000-1234", "サンふじりんご", "273-0005"):
            assert words in text
        assert not shop.atesaki.calls, "nobody was asked"

        hana = Visitor(shop)
        hana.look("/contact/")
        said = {"subject": "その他", "name": "", "kana": "", "email": "hana@example.jp", "text": "心当たりがありません"}
        assert hana.press("/contact/", **said).status == 422, "no name, no complaint"
        hana.press("/contact/", **{**said, "name": "花", "kana": "ハナ"})
        assert "よろしいですか" in hana.text
        hana.press("/contact/", **{**said, "name": "花", "kana": "ハナ"}, send="1")
        assert "受け付けました" in hana.text

        shop.netid.who = {"sub": "sub-late", "name": "後"}
        late = Visitor(shop)
        late.log_in()
        assert late.path == "/member/register/"
        late.press("/member/register/", email="late@example.jp")
        assert late.path == "/member/" and len(shop.atesaki.mails_to("late@example.jp")) == 1
