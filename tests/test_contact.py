"""What may be asked for, what a service says of its customer, and whether a mail names a person.

The mails of `corpus/reading` have their answer beside them, a line for each: `asks KIND VALUE` or `asks nothing`,
`sees TEXT` that the recipient reads, `hides TEXT` that nobody does; after `#` stands why.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki.content import (
    Carries,
    Fact,
    Knows,
    Reading,
    askable,
    carries,
    contact_values,
    knows,
    normal_answer,
    phones,
    postal_codes,
    read,
)

patient = settings(deadline=None)  # others may have the processor

CORPUS = Path(__file__).parent / "corpus"
READING = sorted((CORPUS / "reading").glob("*.eml"))
LABELS: dict[str, list[dict[str, str]]] = json.loads((CORPUS / "mails" / "labels.json").read_text())
FORM = {"postal_code": r"[0-9]{7}|[0-9]{5}", "phone_last4": r"[0-9]{4}", "birth_year": r"1[89][0-9]{2}|20[0-9]{2}"}


def mail(text: str, *headers: str) -> Reading:
    return read("\r\n".join([*headers, "Content-Type: text/plain; charset=utf-8", "", text]).encode())


def asked(text: str, *headers: str) -> set[str]:
    return {f"{fact.kind} {fact.value}" for fact in askable(mail(text, *headers))}


# --- the corpus ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", READING, ids=lambda path: path.stem)
def test_the_corpus_is_read_as_its_answers_say(path: Path) -> None:
    reading = read(path.read_bytes())
    lines = path.with_suffix(".expected").read_text().splitlines()
    said = [line.partition(" ") for line in lines if not line.startswith("#")]
    asks = {rest for word, _, rest in said if word == "asks"}
    assert {word for word, _, _ in said} <= {"asks", "sees", "hides"} and asks
    assert {" ".join(fact) for fact in askable(reading)} == asks - {"nothing"}
    for word, _, rest in said:
        assert word == "asks" or (rest in reading.text) is (word == "sees"), rest


def test_every_answer_has_its_mail() -> None:
    answers = {path.stem for path in (CORPUS / "reading").glob("*.expected")}
    assert answers == {path.stem for path in READING}
    assert len(answers) >= 42


@pytest.mark.parametrize("path", READING, ids=lambda path: path.stem)
def test_what_is_asked_for_stands_in_the_mail(path: Path) -> None:
    reading = read(path.read_bytes())
    assert set(askable(reading)) <= contact_values(reading)


def test_the_shops_own_values_are_among_those_of_the_mail() -> None:
    values = contact_values(read((CORPUS / "reading" / "ja01-supermarket-footer.eml").read_bytes()))
    assert len({fact for fact in values if fact.kind == "phone_last4"}) == 2
    assert len({fact for fact in values if fact.kind == "postal_code"}) == 2


# --- what is asked for -----------------------------------------------------------------------------------

HOME = "〒123-4567 東京都足立区架空町1-2-3"
BOTH = {"postal_code 1234567", "phone_last4 5678"}


@pytest.mark.parametrize(
    "text",
    [
        f"お届け先：{HOME}\n電話番号：090-1234-5678",
        f"お届け先\n山田 健 様\n{HOME}\n090-1234-5678",
        f"【お届け先】\n{HOME}\nＴＥＬ　０９０－１２３４－５６７８",
        f"お届け先\nお名前：山田\nフリガナ：ヤマダ\n{HOME}\nお電話番号：090-1234-5678",
        "お客様郵便番号：1234567\nお客様電話番号：09012345678",
        f"お届け先\n{HOME.replace('-', 'ー')}\nTEL 090ー1234ー5678",
        f"お届け先\n{HOME.replace('-', '−')}\nTEL ０９０−１２３４−５６７８",
        f"お届け先 {HOME} 電話番号: 090-1234-5678",
        "Shipping address: 1-2-3 Kakuu-cho, Adachi-ku, Tokyo 123-4567, Japan\nYour phone: +81 90-1234-5678",
    ],
)
def test_a_customers_block_is_asked_for(text: str) -> None:
    assert asked(text) == BOTH


@pytest.mark.parametrize("label", ["Delivery address", "Shipping address", "Billing address", "Invoice address"])
def test_a_label_of_two_words_is_one_label(label: str) -> None:
    assert asked(f"{label}: 902 Sample Ave, Springfield, IL 60299") == {"postal_code 60299"}


@pytest.mark.parametrize(
    "text",
    [
        HOME,
        f"{HOME}\n電話番号：090-1234-5678",
        "電話 090-1234-5678",
        f"お問い合わせ\n{HOME}\nお電話番号：090-1234-5678",
        f"お届け先\nみどり商店 {HOME}",
        f"お届け先\n\n配送センター\n{HOME}\n090-1234-5678",
        "お届け先の変更は 090-1234-5678 までお電話ください",
        "お客様番号：123-4567",
        "お客様電話番号：0120-123-567",
        "お客様電話番号：090-1234-5678、090-1234-5679",
        "お客様電話番号：090-0000-0000",
        "お客様郵便番号：000-0000",
        "お客様：https://shop.example/090-1234-5678",
        "お届け先\n〒123-4567 東京都\n〒765-4321 大阪府",
        "郵便番号：1234567\nお客様郵便番号：1234567",
        f"お届け先：{HOME}\n\n-- \n{HOME}",
        "お届け先" + "\nあ" * 4 + f"\n{HOME}",
        "お届け先" + "\nあ" * 8 + "\n090-1234-5678",
        "お届け先\n電話番号：090-1234-5678\n〒123-4567 東京都\n電話番号：03-9999-0001",
    ],
)
def test_in_doubt_nothing_is_asked(text: str) -> None:
    assert not asked(text) & {"postal_code 1234567", "postal_code 7654321"}
    assert not {fact for fact in asked(text) if fact.startswith("phone")}


@pytest.mark.parametrize(
    "header",
    [
        "Reply-To: 03-9999-0001@fax.example.jp",
        "Reply-To: <0399990001@fax.example.jp>",
        "From: TEL +81 3 9999 0001 <order@midori.example.jp>",
        "From: =?utf-8?B?77yQ77yT77yN77yZ77yZ77yZ77yZ77yN77yQ77yQ77yQ77yR?= <order@midori.example.jp>",
        "List-Help: <tel:03-9999-0001>",
        "Organization: (03) 9999-0001",
    ],
)
def test_a_number_in_the_senders_fields_is_the_senders(header: str) -> None:
    text = "お客様電話番号：03-9999-0001"
    assert asked(text) == {"phone_last4 0001"}
    assert asked(text, header) == set()


@pytest.mark.parametrize(
    ("sender", "line"),
    [
        ("=?utf-8?B?6Iqx5bGL?= <a@b.example>", "花屋"),
        ("Hanaya <a@b.example>", "Flowers by HANAYA"),
        ("a@hanaya.example.jp", "ｈａｎａｙａ"),
        ("a@hanaya.example.jp", "info@hanaya.example.jp"),
    ],
)
def test_the_senders_name_makes_a_block_the_shops(sender: str, line: str) -> None:
    text = f"お届け先\n〒123-4567 東京都\n{line}\n03-9999-0001"
    assert asked(text, f"From: {sender}") == set()
    assert asked(text, "From: みどり <a@midori.example.jp>") == {"postal_code 1234567", "phone_last4 0001"}


def test_what_is_forwarded_speaks_of_somebody_else() -> None:
    inner = f"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nお届け先：{HOME}"
    assert askable(read(inner.encode()))
    assert not askable(read(b"Content-Type: message/rfc822\r\n\r\n" + inner.encode()))


def test_of_very_many_values_none_is_asked() -> None:
    rows = [f"お届け先電話番号：090-1234-{number:04}" for number in range(1000, 1300)]
    assert asked("\n\n".join(rows[:3])) == {f"phone_last4 {number}" for number in (1000, 1001, 1002)}
    assert asked("\n\n".join(rows)) == set()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "の",
            "様",
            "の ",
            "お届け先 ",
            "お届け先：",
            "tel ",
            "zip ",
            "区",
            "カナ",
            "東京都",
            "- - ",
            "(03 ",
            "0-",
        ),
        *("http://", "a@", "tel: 090-1234-5678 ", "お客様電話番号：090-1234-5678\n", "あ様 ", "〒", "dear "),
    ],
)
def test_a_long_line_costs_no_more_than_its_length(piece: str) -> None:
    """Rules that try every way to read such a line take hours over it: the time-out is the judge."""
    reading = mail(piece * (20_000 // len(piece)))
    assert len(reading.text) > 15_000
    assert askable(reading) in ((), (Fact("phone_last4", "5678"),))
    assert carries(reading).verdict in ("yes", "no", "unsure")


# --- values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("090-1234-5678", "+819012345678"),
        ("０９０（１２３４）５６７８", "+819012345678"),
        ("09012345678", "+819012345678"),
        ("03ー9999ー0001", "+81399990001"),
        ("03−9999−0001", "+81399990001"),
        ("+81 (0)3 9999 0001", "+81399990001"),
        ("(217) 555-0164", "+12175550164"),
        ("1-217-555-0164", "+12175550164"),
        ("020 7946 0018", "+442079460018"),
        ("+44 20 7946 0018", "+442079460018"),
        ("+49 30 901820", "+4930901820"),
    ],
)
def test_phones(text: str, number: str) -> None:
    assert phones(f"TEL: {text}、または {text}") == (number,)


@pytest.mark.parametrize(
    "text",
    [
        "〒090-1234",
        "2026-10-05 10:00",
        "1234-5678-9012-3456",
        "https://x.example/090-1234-5678",
        "1,234円",
        "①②③",
        "192.0.2.10",
    ],
)
def test_no_phones(text: str) -> None:
    assert phones(text) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("〒123-4567", "1234567"),
        ("〒１２３－４５６７", "1234567"),
        ("〒1234567", "1234567"),
        ("郵便番号: 123 4567", "1234567"),
        ("123−4567 東京都", "1234567"),
        ("Springfield, IL 60299-1234", "60299"),
        ("ZIP code: 60299", "60299"),
    ],
)
def test_postal_codes(text: str, code: str) -> None:
    assert postal_codes(f"{text}\n{text}") == (code,)


@pytest.mark.parametrize("text", ["60299", "090-1234-5678", "1123-4567", "123-45678", "12-34567", "123-4567-890"])
def test_no_postal_codes(text: str) -> None:
    assert postal_codes(text) == ()


@patient
@given(st.text(max_size=200))
def test_values_are_digits_whatever_the_text(text: str) -> None:
    assert all(re.fullmatch(r"\+[0-9]{9,15}", number) for number in phones(text))
    assert all(re.fullmatch(FORM["postal_code"], code) for code in postal_codes(text))


# --- what a person types ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "typed", "answer"),
    [
        ("postal_code", "1234567", "1234567"),
        ("postal_code", "〒１２３－４５６７", "1234567"),
        *(("postal_code", f"123{hyphen}4567", "1234567") for hyphen in "-‐‑‒–—―−－ーｰ─ 　"),
        ("postal_code", "123 - 4567", "1234567"),
        ("postal_code", "郵便番号123-4567", "1234567"),
        ("postal_code", "「123-4567」", "1234567"),
        ("postal_code", "123\u200b4567", "1234567"),
        ("postal_code", "60299", "60299"),
        ("postal_code", "60299-1234", "60299"),
        ("phone_last4", "5678", "5678"),
        ("phone_last4", "５６７８", "5678"),
        ("phone_last4", " 5 6 7 8 ", "5678"),
        *(("phone_last4", f"090{hyphen}1234{hyphen}5678", "5678") for hyphen in "-‐‑‒–—―−－ーｰ─ 　"),
        ("phone_last4", "０９０（１２３４）５６７８", "5678"),
        ("phone_last4", "+81 90 1234 5678", "5678"),
        ("phone_last4", "1-217-555-0164", "0164"),
        ("birth_year", "１９８０", "1980"),
        ("birth_year", "1980年生まれ", "1980"),
        ("birth_year", "1980年1月2日", "1980"),
        ("birth_year", "1980/01/02", "1980"),
        ("birth_year", "昭和55年", "1980"),
        ("birth_year", "昭和五十五", "1980"),
        ("birth_year", "昭和五五年", "1980"),
        ("birth_year", "昭和十年", "1935"),
        ("birth_year", "昭和二十年", "1945"),
        ("birth_year", "平成元年", "1989"),
        ("birth_year", "Ｓ５５", "1980"),
        ("birth_year", "h3.12.2", "1991"),
        ("birth_year", "令和1", "2019"),
        ("birth_year", "1868", "1868"),
        ("birth_year", "2099", "2099"),
    ],
)
def test_an_answer_has_one_form(kind: str, typed: str, answer: str) -> None:
    assert normal_answer(kind, typed) == answer


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        *((kind, typed) for kind in FORM for typed in ("", " ", "はい", "-", "abcd", "1" * 101, " " * 101 + "1234")),
        ("postal_code", "123-456"),
        ("postal_code", "12345678"),
        ("postal_code", "123~4567"),
        ("postal_code", "123-4567 東京都"),
        ("phone_last4", "567"),
        ("phone_last4", "56789"),
        ("phone_last4", "1234-5678"),
        ("phone_last4", "٥٦٧٨"),
        ("birth_year", "80"),
        ("birth_year", "1867"),
        ("birth_year", "2100"),
        ("birth_year", "昭和65年"),
        ("birth_year", "昭和0年"),
        ("birth_year", "昭和十十年"),
        ("birth_year", "大正16"),
        ("birth_year", "19800"),
        ("birth_year", "1980だと思う"),
        ("shoe_size", "1234"),
        ("", "1234"),
    ],
)
def test_what_cannot_be_an_answer_is_none(kind: str, typed: str) -> None:
    assert normal_answer(kind, typed) is None


answers = st.text(
    alphabet="0123456789０１２３〇一二五十元昭和平成令年月日生SHｓ.-－ー−/ +()（）〒①٣\u200b", max_size=14
)


@patient
@given(st.sampled_from(sorted(FORM)), answers | st.text(max_size=30))
def test_an_answer_is_digits_or_none_and_stays_what_it_is(kind: str, typed: str) -> None:
    answer = normal_answer(kind, typed)
    assert answer is None or (re.fullmatch(FORM[kind], answer) and normal_answer(kind, answer) == answer)


# --- X-Atesaki-Knows -------------------------------------------------------------------------------------

POSTAL, PHONE, YEAR = Fact("postal_code", "1234567"), Fact("phone_last4", "5678"), Fact("birth_year", "1980")


@pytest.mark.parametrize(
    ("value", "facts"),
    [
        ("postal_code=123-4567; phone_last4=5678; birth_year=1980", (POSTAL, PHONE, YEAR)),
        ("birth_year=1980;phone_last4=5678", (YEAR, PHONE)),
        ("  postal_code = 〒123-4567 ;;", (POSTAL,)),
        ("postal_code=１２３－４５６７；phone_last4=５６７８", (POSTAL, PHONE)),
        ("ＰＯＳＴＡＬ＿ＣＯＤＥ＝１２３ー４５６７", (POSTAL,)),
        ("Postal-Code=1234567, phone last4=090-1234-5678、BIRTH_YEAR=昭和55年", (POSTAL, PHONE, YEAR)),
        ("\"postal_code\"=\"123-4567\"; 'phone_last4'='5678'", (POSTAL, PHONE)),
        ("postal_code=123-4567;\n phone_last4=5678", (POSTAL, PHONE)),
        ("postal_code=123-4567; postal_code=1234567", (POSTAL,)),
        ("postal_code=123-4567; postal_code=765-4321", (POSTAL, Fact("postal_code", "7654321"))),
        ("=?utf-8?B?cG9zdGFsX2NvZGU9MTIzLTQ1Njc=?=; phone_last4=5678", (POSTAL, PHONE)),
        ("", ()),
        (" ; ", ()),
    ],
)
def test_what_a_service_knows(value: str, facts: tuple[Fact, ...]) -> None:
    assert knows(value) == Knows(facts, ())


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("postal_code", "A piece has no “=”."),
        ("123-4567", "A piece has no “=”."),
        ("=123-4567", "A key is no word."),
        ("123-4567=postal_code", "A key is no word."),
        ("shoe_size=1234567", "Nothing is known under the key “shoe_size”."),
        (f"{'k' * 60}=1", f"Nothing is known under the key “{'k' * 40}”."),
        ("postal_code=", "The value of postal_code cannot be one."),
        ("postal_code=１２３", "The value of postal_code cannot be one."),
        ("postal_code==1234567", "The value of postal_code cannot be one."),
        ("phone_last4=123-4567", "The value of phone_last4 cannot be one."),
        ("birth_year=1867", "The value of birth_year cannot be one."),
        ("postal_code=123-4567 phone_last4=5678", "The value of postal_code cannot be one."),
    ],
)
def test_a_problem_is_a_sentence_and_takes_nothing_else_away(value: str, problem: str) -> None:
    said = knows(f"birth_year=1980; {value}; phone_last4=5678")
    assert said == Knows((YEAR, PHONE), (problem,))
    assert not re.search("1234567|123-4567|１２３", problem)


@patient
@given(
    st.text(alphabet="postal_code=123-;；,、 \n\"'phone_last4birth_year１２３?=utf8B", max_size=60)
    | st.text(max_size=60)
)
def test_knows_takes_anything(value: str) -> None:
    said = knows(value)
    assert all(re.fullmatch(FORM[fact.kind], fact.value) for fact in said.facts)
    assert len(set(said.facts)) == len(said.facts)
    assert all(re.fullmatch(r"(A|Nothing|The) .+\.", problem) for problem in said.problems)


@pytest.mark.parametrize("key", ["postal_code=", "birth_year=", "shoe_size=", "shoe size ==", "=", "", ";=;"])
def test_a_problem_never_tells_a_value(key: str) -> None:
    said = knows(f"{key}98-76-54; ９８７６５４={key}")
    assert said.problems and not re.search("[98９８]", "".join(said.problems).replace("phone_last4", ""))


# --- does it carry a person ------------------------------------------------------------------------------

PERSONAL = {"name", "kana", "postal", "address", "phone"}
OWN = {
    "x01.eml": ["釣具のなぎさ 千葉県銚子市川口町1-0-0", "0479-00-0045"],
    "x03.eml": ["和歌山市本町0-2", "TEL 073-000-9090"],
    "x04.eml": ["Boards Status"],
    "x05.eml": ["3 Mill Yard, York YO1 0ZZ", "01904 000 222"],
    "x06.eml": ["はやて便株式会社", "０３－００００－５１５１"],
}


@pytest.mark.parametrize(("name", "spans"), LABELS.items(), ids=LABELS)
def test_every_kind_that_a_person_labelled_is_found(name: str, spans: list[dict[str, str]]) -> None:
    reading = read((CORPUS / "mails" / name).read_bytes())
    found = carries(reading, own=[value for values in OWN.values() for value in values])
    labelled = {span["type"] for span in spans} & PERSONAL
    assert all(re.sub(r"\W", "", span["text"]) in re.sub(r"\W", "", reading.text) for span in spans)
    assert found.verdict in (("yes",) if labelled else ("no",))
    # A British postcode is an address: nothing asks for it.
    assert labelled - {"postal"} <= found.kinds
    assert "postal" not in labelled or found.kinds & {"postal", "address"}


def test_of_six_clean_mails_one_is_no_without_own_values_and_all_with_them() -> None:
    clean = {name: read((CORPUS / "mails" / name).read_bytes()) for name, spans in LABELS.items() if name[0] == "x"}
    verdicts = {name: carries(reading).verdict for name, reading in clean.items()}
    assert verdicts == dict.fromkeys(clean, "yes") | {"x02.eml": "no", "x04.eml": "unsure"}
    assert {carries(reading, OWN.get(name, ())).verdict for name, reading in clean.items()} == {"no"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("山田 健 様", "name"),
        ("ﾔﾏﾀﾞ ｹﾝ 様", "name"),
        ("髙﨑 殿", "name"),
        ("健さん、こんにちは", "name"),
        ("お名前：山田", "name"),
        ("Dear Hana,", "name"),
        ("Hello Hana!", "name"),
        ("Welcome back, Hana", "name"),
        ("Thank you, Hana Sato.", "name"),
        ("Ask Mrs Sato", "name"),
        ("Hana Sato <hana@example.jp>", "name"),
        ("フリガナ：ヤマダ ケン", "kana"),
        ("山田（ヤマダ ケン）", "kana"),
        ("〒123-4567", "postal"),
        ("東京都足立区架空町１−２−３", "address"),
        ("足立区架空町一丁目", "address"),
        ("1-2-3 Kakuu-cho, Adachi-ku", "address"),
        ("902 Sample Ave", "address"),
        ("P.O. Box 12", "address"),
        ("Sheffield S11 9ZZ", "address"),
        ("０９０ー１２３４ー５６７８", "phone"),
        ("+81 90 1234 5678", "phone"),
        ("0289-55-0137", "phone"),
    ],
)
def test_a_person_is_found(text: str, kind: str) -> None:
    found = carries(mail(f"確認のお願い\n{text}\nhttps://shop.example/v/1"))
    assert (found.verdict, found.kinds) == ("yes", {kind})


@pytest.mark.parametrize(
    "text",
    [
        "お客様各位",
        "会員の皆様へ",
        "ご担当者様",
        "Dear customer,",
        "Hello there!",
        "Welcome back!",
        "確認コード：493027",
        "2026年10月5日(月) 10:00〜12:00",
        "ご注文番号 123-4567-890",
        "合計 1,234円",
        "様々な商品",
        "https://shop.example/v?token=abc&name=",
        "",
    ],
)
def test_nobody_is_found(text: str) -> None:
    assert carries(mail(text)) == Carries("no", frozenset())


@pytest.mark.parametrize("header", ["To", "Cc", "Bcc", "Reply-To", "Resent-To"])
@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        ("Hana Sato", "yes"),
        ("=?iso-2022-jp?B?GyRCOzNFRBsoQg==?=", "yes"),
        ('"Sato, Hana"', "yes"),
        ("Customer", "no"),
        ("=?utf-8?B?44GK5a6i5qeY?=", "no"),
        ("hana@example.jp", "no"),
        ("", "no"),
    ],
)
def test_the_recipients_shown_name_is_seen_too(header: str, shown: str, verdict: str) -> None:
    assert carries(mail("x", f"{header}: {shown} <hana@example.jp>")).verdict == verdict
    assert carries(mail("x", f"From: {shown} <hana@example.jp>")).verdict == "no"


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: image/png\r\n\r\n",
        b"Content-Type: application/pdf\r\n\r\n",
        b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n",
        b"Content-Transfer-Encoding: rot13\r\n\r\nx",
        b"Content-Type: text/plain; charset=utf-7\r\n\r\n+W3E-",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx",
        f"\r\nhttps://shop.example/?name={quote('花')}".encode(),
        b"\r\nhttps://shop.example/?a=1&tel=1",
        b"\r\nhttps://shop.example/?for=hana.sato",
        "\r\n山田 健".encode(),
        "\r\nヤマダ ケン\r\n".encode(),
        b"\r\nHana Sato",
        b"\r\nHana, your code is 493027",
        "\r\nhttps://shop.example/花".encode(),
    ],
)
def test_what_cannot_be_looked_into_is_unsure(raw: bytes) -> None:
    assert carries(read(raw)) == Carries("unsure", frozenset())


def test_of_a_long_mail_the_end_is_not_read_and_that_is_unsure() -> None:
    line = "。" * 99 + "\n"
    assert carries(mail(line * 2_000)).verdict == "no"
    assert carries(mail(line * 1_999 + "山田 健 様")).verdict == "yes"
    assert carries(mail(line * 2_000 + "山田 健 様")) == Carries("unsure", frozenset())


@pytest.mark.parametrize(
    ("header", "kinds"),
    [
        ("X-Customer: 山田 健 様", {"name"}),
        ("X-Customer: =?utf-8?B?5bGx55SwIOWBpSDmp5g=?=", {"name"}),
        ("Comments: TEL 090-1234-5678", {"phone"}),
        ("X-Ship-To: =?utf-8?B?44CSMTIzLTQ1Njc=?=", {"postal"}),
        ("Message-ID: <090-1234-5678@shop.example>", set()),
        ("X-Atesaki-Knows: postal_code=123-4567", set()),
        ("From: TEL 090-1234-5678 <shop@shop.example>", set()),
    ],
)
def test_a_header_that_a_person_may_read_counts(header: str, kinds: set[str]) -> None:
    assert carries(mail("x", header)).kinds == kinds


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("磯部 浩 様", "磯部浩"),
        ("TEL 03-9999-0001", "03（9999）0001"),
        ("TEL 03-9999-0001", "+81 3-9999-0001"),
        ("〒999-0001", "〒９９９－０００１ 東京都港区見本1-1-1"),
        ("東京都港区見本１−１−１", "〒999-0001 東京都港区見本1-1-1"),
        ("902 Sample Ave", "902 Sample Ave, Springfield"),
    ],
)
def test_the_services_own_values_do_not_count(text: str, own: str) -> None:
    assert carries(mail(text)).verdict == "yes"
    assert carries(mail(text), [own]).verdict == "no"
    assert carries(mail(f"{text}\n山田 健 様\n090-1234-5678"), [own]).kinds >= {"name", "phone"}


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("磯部 浩 様", "磯部"),
        ("磯部 様", "磯部 浩"),
        ("TEL 03-9999-0001", "03-9999-0002"),
        ("TEL 03-9999-0001", "0001"),
        ("東京都港区見本1-1-1", "東京都港区見本"),
        ("山田 様", ""),
        ("山田 様", "　"),
    ],
)
def test_what_is_only_like_an_own_value_counts(text: str, own: str) -> None:
    assert carries(mail(text), [own]).verdict == "yes"


PIECES = (
    *(
        "様",
        "殿",
        "さん",
        " ",
        "\n",
        "　",
        "\t",
        "|",
        "【",
        "】",
        "：",
        ":",
        "(",
        ")",
        "-",
        "ー",
        "−",
        "〒",
        "1",
        "０",
        "９",
    ),
    *(
        "090-1234-5678",
        "〒123-4567",
        "東京都",
        "足立区",
        "Dear ",
        "Mr. ",
        "お届け先",
        "お問い合わせ",
        "お電話番号",
        "TEL",
    ),
    *("Ship to", "Phone", "山田", "健", "ヤマダ", "①", "İ", "ß", "-- \n", "----\n", "https://x.example/", "%", "@"),
    *("example.jp", "\0", "\u200b", "ﾔ", "https://[", "+81", "60299", "IL ", "=?utf-8?B?", "?=", "株式会社"),
)
texts = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=30).map("".join)


@patient
@given(texts, st.lists(texts, max_size=3))
def test_carries_and_askable_never_raise_over_a_text(text: str, own: list[str]) -> None:
    reading = mail(text.encode("utf-8", "replace").decode(), "From: shop <shop@shop.example>")
    found = carries(reading, own)
    assert (found.verdict == "yes") is bool(found.kinds)
    assert found.kinds <= PERSONAL
    assert all(fact.kind != "birth_year" and re.fullmatch(FORM[fact.kind], fact.value) for fact in askable(reading))


@patient
@given(st.binary(max_size=300), st.lists(st.text(max_size=20), max_size=3))
def test_carries_and_askable_never_raise_over_bytes(raw: bytes, own: list[str]) -> None:
    reading = read(raw)
    assert carries(reading, own).verdict in ("yes", "no", "unsure")
    assert all(re.fullmatch(FORM[fact.kind], fact.value) for fact in askable(reading))


@patient
@given(texts, st.lists(texts, max_size=3))
def test_own_values_only_ever_take_away(text: str, own: list[str]) -> None:
    reading = mail(text.encode("utf-8", "replace").decode())
    assert carries(reading, own).kinds <= carries(reading).kinds
