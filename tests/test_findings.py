"""What is found in a mail: by style, by what is known, by what the service's other mails share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki import content
from atesaki.content import Customer, Finding, Findings, Part, Reading

CORPUS = Path(__file__).parent / "corpus"
STYLES = sorted((CORPUS / "findings").glob("*.txt"))
MARK = re.compile("⟦([a-z_]+):([^⟧]*)⟧")
CORE = {"name", "kana", "postal", "address", "phone", "email", "dob"}
ALIKE = {"kana": "name", "postal": "address"}  # no label tells them apart in every layout


def written(
    subject: str, body: str, *, sender: str = "Shop <info@shop.example>", html: bool = False, to: str = "a@example.com"
) -> bytes:
    kind = "html" if html else "plain"
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    return f"{head}Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}".encode()


def text(body: str, subject: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Reading:
    return Reading(subject, headers, (Part("text", "1", "text/plain", "", body),))


def values(found: Findings, kind: str) -> list[str]:
    return [each.text for each in found.findings if each.kind == kind]


def style(path: Path) -> tuple[Reading, list[tuple[str, str]]]:
    """A mail of the corpus without its marks, and what they mark."""
    source = path.read_text("utf-8")
    head, _, body = source.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.split("\n"))
    plain = MARK.sub(lambda mark: mark[2], body)
    subject = MARK.sub(lambda mark: mark[2], fields["Subject"])
    raw = written(subject, plain, sender=fields["From"], html=fields.get("Content") == "html")
    return content.read(raw), [(kind, value) for kind, value in MARK.findall(source)]


def is_found(kind: str, value: str, found: tuple[Finding, ...]) -> bool:
    group = ALIKE.get(kind, kind)
    return any(
        ALIKE.get(each.kind, each.kind) == group and (value in each.text or each.text in value) for each in found
    )


def where_it_stands(reading: Reading, finding: Finding) -> str:
    place = finding.where
    if place.part == "subject":
        source = reading.subject
    elif place.part.startswith("header:"):
        name = place.part.removeprefix("header:").lower()
        return next(v[place.start : place.end] for n, v in reading.headers if n.lower() == name and finding.text in v)
    else:
        source = next(part.text for part in reading.parts if part.path == place.part)
    return source[place.start : place.end]


# -- by style -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_a_mail_of_each_style_is_judged_rightly(path: Path) -> None:
    reading, marked = style(path)
    found = content.findings(reading)
    assert found.personal == ("yes" if marked else "no"), found.findings
    for finding in found.findings:
        assert where_it_stands(reading, finding) == finding.text


def test_the_values_of_all_styles_are_found_and_few_others() -> None:
    missed: list[tuple[str, str, str]] = []
    wrong: list[tuple[str, str, str]] = []
    right = 0
    for path in STYLES:
        reading, marked = style(path)
        found = content.findings(reading).findings
        for kind, value in marked:
            if kind in CORE:
                if is_found(kind, value, found):
                    right += 1
                else:
                    missed.append((path.stem, kind, value))
        for each in found:
            alike = ALIKE.get(each.kind, each.kind)
            hits = (ALIKE.get(k, k) == alike and (v in each.text or each.text in v) for k, v in marked)
            if each.kind in CORE and not any(hits):
                wrong.append((path.stem, each.kind, each.text))
    f1 = 2 * right / (2 * right + len(missed) + len(wrong))
    assert f1 >= 0.96, (missed, wrong)


@pytest.mark.parametrize("path", sorted((CORPUS / "mails").glob("*.eml")), ids=lambda path: path.stem)
def test_the_small_corpus(path: Path) -> None:
    labels = json.loads((CORPUS / "mails" / "labels.json").read_text("utf-8"))[path.name]
    found = content.findings(content.read(path.read_bytes()))
    assert found.personal == ("yes" if labels else "no")
    missed = [
        each for each in labels if each["type"] in CORE and not is_found(each["type"], each["text"], found.findings)
    ]
    assert not missed


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        ("お名前：大島　健太郎　様", "name", "大島　健太郎"),
        ("【ﾌﾘｶﾞﾅ】ｵｵｼﾏ ｹﾝﾀﾛｳ", "kana", "ｵｵｼﾏ ｹﾝﾀﾛｳ"),
        ("ＴＥＬ：０９０−１２３４−５６７８\nお届け先：千葉県柏市柏1-2-3", "phone", "０９０−１２３４−５６７８"),
        ("お届け先\n〒273-0005\n千葉県船橋市本町1-2-3\nメゾン青葉203", "address", "メゾン青葉203"),
        ("生年月日 … 昭和60年3月4日", "dob", "昭和60年3月4日"),
        ("カード番号：**** **** **** 9876", "card_tail", "9876"),
        ("会員番号は 1234-5678 です。", "account_id", "1234-5678"),
        ("Your verification code is 492011.", "secret", "492011"),
        ("Date of birth\n4 March 1985", "dob", "4 March 1985"),
        ("| Name | Ann Example |\n| Phone | (312) 555-0164 |", "phone", "(312) 555-0164"),
        ("Dear Ann,\n\nyour table is booked.", "name", "Ann"),
        ("Shipped to Ann Example at 12 High St, Leeds, LS1 4AP.", "address", "12 High St, Leeds"),
        ("To: 大島 健太郎 <ken@example.net>\nSubject: Re: 注文", "email", "ken@example.net"),
        ("氏名\t住所\t電話\n大島 健太郎\t千葉県柏市柏1-2-3\t04-7100-1234", "name", "大島 健太郎"),
        ("大島\u200b 健太郎 様", "name", "大島\u200b 健太郎"),
        ("4111 1111 1111 1111", "card_tail", "4111 1111 1111 1111"),
    ],
)
def test_a_value_in_its_layout(body: str, kind: str, value: str) -> None:
    reading = text(body)
    found = content.findings(reading)
    assert value in values(found, kind), found.findings
    assert all(where_it_stands(reading, each) == each.text for each in found.findings)


@pytest.mark.parametrize(
    "body",
    [
        "お客様各位\n\n平素は格別のお引き立てを賜り、厚く御礼申し上げます。",
        "株式会社もり\n〒460-0008 愛知県名古屋市中区栄1-1-1\nTEL 052-000-0000",
        "お問い合わせ先\n03-1234-5678\nsupport@shop.example",
        "ご不明な点は 0120-000-111 までお電話ください。",
        "担当：佐藤 花子",
        "Dear customer,\n\nour shop at 3 Mill Yard, York YO1 0ZZ closes early today.",
        "Questions? Call 1-800-555-0110.",
        "Customer Service\nMonday to Friday",
        "ご注文番号：2026-0412-0001\n合計：12,800円",
        "王様のブランチで紹介されました。様々な商品をご用意しています。",
        # What is on, and who tells more of it.
        "秋の写真展を開催します。\n\n会場 青空ギャラリー(千葉県柏市柏1-2-3)\n連絡係 青木 090-5555-0101",
        "Walking group\n\nOur next walk is on Sunday. Meet at 4 Mill Lane, Bath BA1 5AA.\n\nLeader: Pete, 07700 900123",
        "Bring cakes to the hall. Text Jo on 07700 900133 if you get lost.",
        "保護者各位\n\nおやつ係は佐藤さん、090-5555-0101 です。",
        # How a form is filled in, and what a swindler writes.
        "予診票の記入例\n氏名 青空 太郎\n生年月日 昭和60年3月4日",
        "【見本】青木 美咲 様",
        "People have had messages like this one:\n\n  Dear Ann Hill, pay for your parcel to 1 High St, Leeds LS1 4AP.",
        # Who is elected, who has a post.
        "株主総会を招集いたします。\n候補者1 青木 剛(1958年4月2日生)\n候補者2 大島 圭(1964年11月30日生)",
        "個人情報保護管理者：取締役 青木 美咲",
        "Claims adjuster: Nora Whitfield",
    ],
)
def test_what_is_the_shops_or_nobodys_is_left_alone(body: str) -> None:
    found = content.findings(text(body))
    assert (found.personal, found.findings) == ("no", ())


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("大島様\n\n写真展を開催します。会場は柏市です。", "大島"),
        ("お客様へ\n\n下記へお届けします。\n千葉県柏市柏1-2-3", "千葉県柏市柏1-2-3"),
        (
            "Dear customer,\n\nyour parcel was delivered to 14 Elm Road, Leeds LS1 4AP. Unsubscribe",
            "14 Elm Road, Leeds",
        ),
        ("Newsletter\n\nMember no. 55512345", "55512345"),
        ("A new device signed in to the account of ann@example.net.", "ann@example.net"),
    ],
)
def test_what_is_told_to_all_is_no_reason_to_drop_what_is_somebodys(body: str, value: str) -> None:
    assert value in {each.text for each in content.findings(text(body)).findings}


def test_columns_of_several_lines_stand_under_their_heads() -> None:
    """As a page shows them that has one cell for the shop and one for the customer."""
    body = "From\tBill to\nMori Inc.\n4 Dock Rd, Boise, ID 83702\nAttn: Ann Hill\n\n"
    body += "Dmitri Winter\n9 High St\nNewark, NJ 07183"
    found = content.findings(text(body))
    assert {(each.kind, each.text) for each in found.findings} == {
        ("name", "Dmitri Winter"),
        ("address", "9 High St"),
        ("address", "Newark, NJ"),
        ("postal", "07183"),
    }


def test_a_colon_may_stand_apart_from_its_label() -> None:
    found = content.findings(text("氏名又は名称　　　：大島 健太郎\n住所　　　　　　　：千葉県柏市柏1-2-3"))
    assert [(each.kind, each.text) for each in found.findings] == [
        ("name", "大島 健太郎"),
        ("address", "千葉県柏市柏1-2-3"),
    ]


def test_a_persons_record_in_one_line() -> None:
    found = content.findings(text("ID 0338-085689 / ﾋﾗﾀ ｹｲﾀ / 1982-01-11 / F"))
    assert {(each.kind, each.text) for each in found.findings} >= {("kana", "ﾋﾗﾀ ｹｲﾀ"), ("dob", "1982-01-11")}


def test_a_footer_is_no_reason_to_drop_what_stands_in_it() -> None:
    """Nothing is suppressed by position: the last lines hold the customer's address here."""
    body = "ご注文ありがとうございます。\n\n--------\nお届け先：大島 健太郎 様\n千葉県柏市柏1-2-3"
    assert {"name", "address"} <= set(content.findings(text(body)).kinds)


def test_a_cell_is_told_by_row_and_number() -> None:
    found = content.findings(text("氏名\t電話\n大島 健太郎\t090-1234-5678"))
    assert {each.where.cell for each in found.findings} == {"row 2, cell 1", "row 2, cell 2"}


def test_names_in_headers_and_subject() -> None:
    headers = (("From", "もりの市場 <shop@mori.example>"), ("To", "大島 健太郎 <ken@example.jp>"))
    found = content.findings(text("", "【もりの市場】大島様、ご注文の確認", headers))
    assert {(each.where.part, each.text) for each in found.findings} == {
        ("subject", "大島"),
        ("header:To", "大島 健太郎"),
    }


def test_the_senders_own_name_and_domain_are_not_the_recipients() -> None:
    headers = (("From", "Harbour Tea <hello@harbourtea.example>"), ("To", "Harbour Tea <a@example.jp>"))
    body = "Harbour Tea\n12 Quay Street, Bath BA1 5AA\n020 7946 0123\nhello@harbourtea.example"
    assert content.findings(text(body, "Hello", headers)).personal == "no"


def test_what_cannot_be_read_is_unsure() -> None:
    reading = Reading("", (), (Part("unreadable", "1", "image/png", "a.png", "", "An image is not read."),))
    found = content.findings(reading)
    assert found.personal == "unsure"
    assert found.doubts == ("An image is not read.",)
    assert found.kinds == {"unreadable": 1}


def test_kinds_never_hold_a_value() -> None:
    kinds = content.findings(text("大島 健太郎 様\n090-1234-5678")).kinds
    assert kinds == {"name": 1, "phone": 1}


# -- own, fixed, known --------------------------------------------------------------------------------

BODY = "小林 美咲\n090-5555-0101\n千葉県柏市柏1-2-3"


def test_the_services_own_lines_do_not_count() -> None:
    assert content.findings(text(BODY)).personal == "yes"
    assert (
        content.findings(text(BODY), own=["小林美咲", "０９０ー５５５５ー０１０１", "千葉県柏市柏１－２－３"]).personal
        == "no"
    )


def test_a_line_that_every_recipient_gets_holds_nothing_of_anybodys() -> None:
    fixed: Callable[[str], bool] = lambda line: line.startswith(("小林", "090", "千葉"))  # noqa: E731
    assert content.findings(text(BODY), fixed=fixed).personal == "no"


def test_but_what_is_known_of_the_customer_counts_even_there() -> None:
    found = content.findings(text(BODY), own=[BODY], customer=Customer(phones=("+819055550101",)), fixed=lambda _: True)
    assert [(each.kind, each.text, each.why) for each in found.findings] == [("phone", "090-5555-0101", "known")]


KEN = Customer(
    names=("大島 健太郎",),
    kanas=("オオシマ ケンタロウ",),
    postals=("273-0005",),
    addresses=("千葉県船橋市本町1丁目2番3号 メゾン青葉203",),
    phones=("090-1234-5678",),
    emails=("Ken@example.jp",),
    dobs=("1985-03-04",),
    account_ids=("AB-1234-77",),
)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("x大島健太郎x", "name"),
        ("大島　　健太郎", "name"),
        ("おおしまけんたろう", "kana"),
        ("ｵｵｼﾏ･ｹﾝﾀﾛｳ", "kana"),
        ("2730005", "postal"),
        ("２７３ー０００５", "postal"),
        ("船橋市本町１－２－３", "address"),
        ("本町1-2-3\tメゾン青葉 203", "address"),
        ("09012345678", "phone"),
        ("+81 (0)90-1234-5678", "phone"),
        ("０９０（１２３４）５６７８", "phone"),
        ("KEN@EXAMPLE.JP", "email"),
        ("昭和60年3月4日", "dob"),
        ("S60.3.4", "dob"),
        ("4 March 1985", "dob"),
        ("ab1234 77", "account_id"),
    ],
)
def test_what_is_known_is_found_however_it_is_spelt(body: str, kind: str) -> None:
    reading = text(f"前の行\n{body}\n後の行")
    found = content.findings(reading, customer=KEN, fixed=lambda _: True)
    assert [(each.kind, each.why, each.sure) for each in found.findings] == [(kind, "known", True)], found
    assert where_it_stands(reading, found.findings[0]) == found.findings[0].text


@pytest.mark.parametrize(
    ("customer", "body"),
    [
        (Customer(names=("林",)), "森林の林道"),
        (Customer(names=("Li",)), "Listing of all limits"),
        (Customer(names=("Bo Li",)), "symbolic obolisk"),
        (Customer(names=("林 修",)), "森林修復事業"),
        (Customer(kanas=("アイ",)), "アイスクリーム"),
        (Customer(phones=("5678",)), "注文番号 5678"),
        (Customer(phones=("090-1234-5678",)), "109012345678"),
        (Customer(postals=("273",)), "273点"),
        (Customer(account_ids=("7",)), "7月7日"),
        (Customer(account_ids=("1234",)), "51234"),
        (Customer(addresses=("千葉県",)), "千葉県は送料無料"),
        (Customer(emails=("a@example.jp",)), "aa@example.jp.example"),
    ],
)
def test_short_values_do_not_match_everywhere(customer: Customer, body: str) -> None:
    assert content.findings(text(body), customer=customer, fixed=lambda _: True).findings == ()


# -- properties ---------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "お名前：",
        "大島 健太郎",
        "様",
        "〒273-0005",
        "千葉県船橋市本町1-2-3",
        "090-1234-5678",
        "\t",
        "\n",
        "\n\n",
        "　　",
        "株式会社",
        "【",
        "】",
        "(",
        ")",
        "ﾌﾘｶﾞﾅ",
        "ｶﾞｷﾞ",
        "\u200b",
        "Dear ",
        "Ann Example",
        ",",
        "12 High St",
        "LS1 4AP",
        "a@example.jp",
        "https://x.example/?name=a",
        "生年月日",
        "昭和60年3月4日",
        "パスワード：",
        "Xy9!aa",
        "┌─┐",
        "│",
        "====",
        "-- ",
        "> ",
        "*",
        "0",
        "９",
        "ー",
        "・",
        "…",
        "\r",
        "\x00",
        "\ud800",
        "İ",
        "ß",
        "㍿",
        "☎",
        "🏠",
        " ",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=12), max_size=40).map("".join)
FEW = settings(max_examples=120, deadline=None)


@FEW
@given(TEXTS, st.booleans())
def test_it_never_raises_and_every_place_is_exact(body: str, known: bool) -> None:
    reading = text(body, body[:40], (("To", body[:30] + " <a@example.jp>"), ("X-Note", body[:50])))
    found = content.findings(reading, customer=KEN if known else None)
    for each in found.findings:
        assert each.text
        assert where_it_stands(reading, each) == each.text
    assert content.findings(reading, customer=KEN if known else None) == found


WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000})
FIELDS = st.lists(
    st.sampled_from(
        [
            "お名前:大島 健太郎",
            "フリガナ:オオシマ ケンタロウ",
            "ご住所:千葉県船橋市本町1-2-3",
            "電話:090-1234-5678",
            "生年月日:1985年3月4日",
            "会員番号:12345678",
            "ご請求額:1,280円",
            "大島様",
            "株式会社もり",
        ]
    ),
    min_size=1,
    max_size=6,
)


@FEW
@given(FIELDS)
def test_wide_letters_are_read_like_narrow_ones(fields: list[str]) -> None:
    narrow = "\n".join(fields)
    wide = narrow.translate(WIDE)
    seen = [(each.kind, each.where.start, each.where.end) for each in content.findings(text(narrow)).findings]
    assert [(each.kind, each.where.start, each.where.end) for each in content.findings(text(wide)).findings] == seen


@FEW
@given(
    st.sampled_from(["大島健太郎", "2730005", "0９0ー1234ー5678", "ken@example.jp", "昭和60年3月4日", "AB123477"]),
    TEXTS,
    TEXTS,
)
def test_other_lines_never_take_away_what_is_known(value: str, before: str, after: str) -> None:
    body = f"{before}\n{value}\n{after}"
    found = content.findings(text(body), customer=KEN, own=[body], fixed=lambda _: True)
    at = len(before) + 1
    assert any(each.where.start < at + len(value) and at < each.where.end for each in found.findings)


def test_a_long_text_is_searched_to_its_limit_and_said_to_be_cut() -> None:
    found = content.findings(text("x" * 500_000))
    assert found.personal == "unsure"
    assert any("characters" in doubt for doubt in found.doubts)


def _mail(text: str, *attached: str) -> content.Reading:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@shop.example", "hana@example.jp", "ご注文の確認"
    mail.set_content(text)
    for name in attached:
        mail.add_attachment("x\n", filename=name)
    return content.read(mail.as_bytes())


def test_one_customers_order_sent_to_everybody_is_still_a_persons() -> None:
    """A merge that went wrong makes every line the same for all: who is addressed in it stays a person (L1)."""
    order = "大島 健太郎 様\n\nお届け先\n〒273-0005\n千葉県船橋市本町9丁目99番9号\n電話番号 090-0000-1234\n"
    found = content.findings(_mail(order), fixed=lambda _: True)
    assert found.personal == "yes"
    assert set(found.kinds) == {"name", "postal", "address", "phone"}


def test_what_is_the_same_for_all_and_nobody_is_addressed_by_is_the_shops() -> None:
    shop = "今週のおすすめ\n\n青空の郷 東京都港区芝9-9-9 電話 03-0000-1234\n"
    assert content.findings(_mail(shop), fixed=lambda _: True).personal == "no"


def test_a_name_in_the_name_of_a_file() -> None:
    found = content.findings(_mail("添付をご覧ください。\n", "髙橋一郎様.txt"))
    assert [(each.kind, each.text, each.where.part) for each in found.findings] == [("name", "髙橋一郎", "filename:2")]
