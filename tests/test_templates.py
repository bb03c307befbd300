"""Which mails are one template, and what is fixed in it: nothing of a customer's ever is, whoever sees it how often."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki.content import Sketch, Templates, findings, lacking, line_hash, read, skeleton
from atesaki.content.reading import Reading

KEY = b"k" * 32
PHONE = "お問い合わせ 03-0000-0000"
NAMES = ("大島 健太郎", "森 次郎", "佐藤 花子", "鈴木 一", "高橋 さくら", "田中 実", "伊藤 葵", "渡辺 蓮")
ITEMS = ("卵", "牛乳", "木綿豆腐", "りんご", "食パン", "鮭の切り身")
FOOTER = f"""------------------
はなスーパー
{PHONE}
https://shop.example/
※このメールにお心当たりのない方は、お手数ですがご連絡ください。"""
ORDER, SHIPPED, LETTER = "ご注文の確認", "商品発送のお知らせ", "Your order is confirmed"


def mail(kind: str, number: int, *, name: str | None = None, address: str = "", footer: str = FOOTER) -> Reading:
    """One mail of the shop's; every value of the customer's differs with `number`, unless it is given."""
    r = random.Random(f"{kind} {number}")
    name = name or f"{r.choice(NAMES)}{number}"
    address = address or f"〒{r.randint(100, 999)}-{r.randint(1000, 9999)} 船橋市本町{number}-{r.randint(1, 99)}"
    rows = [
        f"{r.choice(ITEMS)}{r.choice('大中小')}　{r.randint(1, 9)}点　{r.randint(99, 999)}円"
        for _ in range(r.randint(1, 25))
    ]
    coupon = (
        ["次のお買い物に使えるクーポンがあります。", f"コード {r.randint(10**6, 10**7)}"] if r.random() < 0.4 else []
    )
    body = {
        ORDER: [
            f"{name} 様",
            "ご注文ありがとうございます。",
            f"注文番号 {number}",
            "お届け先",
            address,
            "ご注文内容",
            *rows,
            f"合計 {number}円",
        ],
        SHIPPED: [
            f"{name} 様",
            "商品を発送いたしました。",
            f"お荷物番号 {number}",
            "到着までお待ちください。",
            address,
        ],
        LETTER: [f"Dear {name},", "Thank you for your order.", "We ship it to:", address, f"Total {number} yen"],
    }[kind]
    text = "\n".join([*body[:2], *coupon, *body[2:], "", *footer.split("\n")])
    subject = f"【はなスーパー】{kind} {number}" if kind != LETTER else f"{kind} #{number}"
    return message(text, subject)


def message(
    text: str, subject: str = ORDER, sender: str = "はなスーパー <order@shop.example>", more: str = ""
) -> Reading:
    head = f"From: {sender}\nSubject: {subject}\n{more}Content-Type: text/plain; charset=utf-8\n\n"
    return read((head + text).replace("\n", "\r\n").encode())


def learnt(mails: Sequence[Reading], recipients: Sequence[object] | None = None) -> Templates:
    templates = Templates(KEY)
    for number, one in enumerate(mails):
        templates.add(one, str(recipients[number] if recipients else number).encode())
    return templates


def fixed_lines(templates: Templates, reading: Reading) -> set[str]:
    is_fixed = templates.fixed(reading)
    return {line for part in reading.parts for line in part.text.split("\n") if is_fixed(line)}


# -- one template -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ORDER, SHIPPED, LETTER])
def test_mails_are_one_template_however_their_values_rows_and_paragraphs_differ(kind: str) -> None:
    templates = learnt([mail(kind, number) for number in range(60)])
    assert [sketch.mails for sketch in templates.sketches.values()] == [60]


def test_templates_of_one_shop_are_told_apart_although_they_share_a_footer() -> None:
    kinds = [ORDER, SHIPPED, LETTER]
    templates = learnt([mail(kinds[number % 3], number) for number in range(90)])
    assert sorted(sketch.mails for sketch in templates.sketches.values()) == [30, 30, 30]
    assert {sketch.name for sketch in templates.sketches.values()} == {
        f"【はなスーパー】{ORDER} …",
        f"【はなスーパー】{SHIPPED} …",
        f"{LETTER} #…",
    }


def test_another_sender_or_another_form_is_another_template() -> None:
    templates = learnt(
        [message("ご注文ありがとうございます。"), message("ご注文ありがとうございます。", sender="a@other.example")]
    )
    assert len(templates.sketches) == 2


def test_what_stays_is_fixed_and_what_varies_is_not() -> None:
    templates = learnt([mail(ORDER, number) for number in range(10)])
    seen = fixed_lines(templates, mail(ORDER, 99))
    assert {PHONE, "はなスーパー", "ご注文ありがとうございます。", "お届け先", "ご注文内容"} <= seen
    assert seen <= {*FOOTER.split("\n"), "ご注文ありがとうございます。", "お届け先", "ご注文内容"}


def test_a_line_of_fixed_and_varying_parts_is_not_fixed() -> None:
    templates = learnt([message(f"合計\t{number}円\n送料\t0円\nお電話 090-0000-{number:04}") for number in range(20)])
    assert fixed_lines(templates, message("合計\t3円\n送料\t0円\nお電話 090-0000-0003")) == {"送料\t0円"}


# -- what must never be fixed -----------------------------------------------------------------------------------------

KENS = "〒273-0005 千葉県船橋市本町9-99-9"


def test_four_recipients_are_too_few() -> None:
    templates = learnt([mail(ORDER, number) for number in range(40)], recipients=[number % 4 for number in range(40)])
    assert fixed_lines(templates, mail(ORDER, 99)) == set()
    templates.add(mail(ORDER, 41), b"a fifth")
    assert PHONE in fixed_lines(templates, mail(ORDER, 99))


def test_a_customer_who_orders_a_hundred_times_makes_nothing_of_their_own_fixed() -> None:
    mails = [mail(ORDER, number, name="大島 健太郎", address=KENS) for number in range(100)]
    templates = learnt([*mails, *(mail(ORDER, number) for number in range(100, 106))], ["ken"] * 100 + list(range(6)))
    seen = fixed_lines(templates, mails[0])
    assert KENS not in seen and "大島 健太郎 様" not in seen


@pytest.mark.parametrize("family", [2, 4, 5, 8])
def test_a_family_that_shares_an_address_does_not_make_it_fixed(family: int) -> None:
    """Eight mailboxes and two hundred mails are not nearly every recipient."""
    mails = [mail(ORDER, number, address=KENS) for number in range(200)]
    others = [mail(ORDER, number) for number in range(200, 204)]
    templates = learnt(
        [*mails, *others], [f"of the family {number % family}" for number in range(200)] + list(range(4))
    )
    assert KENS not in fixed_lines(templates, mails[0])


# -- what several had -------------------------------------------------------------------------------------------------

TELLER = "青木 美咲 090-5555-0101"


def _letters(many: int, lines: Callable[[int], str]) -> list[Reading]:
    return [message(f"ご案内 {number}\n{lines(number)}", LETTER) for number in range(many)]


def test_a_line_that_a_third_had_is_common_and_not_fixed() -> None:
    letters = _letters(12, lambda number: TELLER if number % 3 == 0 else f"担当 {number}")
    shared = learnt(letters).fixed(letters[0])
    assert shared.common(TELLER) and not shared(TELLER)
    assert not shared.common("担当 1")


@pytest.mark.parametrize(("recipients", "had"), [(12, 2), (4, 4), (40, 3)])
def test_two_recipients_or_few_of_many_make_nothing_common(recipients: int, had: int) -> None:
    letters = _letters(recipients, lambda number: TELLER if number < had else f"担当 {number}")
    assert not learnt(letters).fixed(letters[0]).common(TELLER)


def test_a_customer_with_a_hundred_mails_has_nothing_common() -> None:
    mails = [mail(ORDER, number, name="大島 健太郎", address=KENS) for number in range(100)]
    others = [mail(ORDER, number) for number in range(100, 106)]
    assert not learnt([*mails, *others], ["ken"] * 100 + list(range(6))).fixed(mails[0]).common(KENS)


def test_what_several_had_is_nobodys_unless_somebody_is_addressed() -> None:
    """A household of four is common to a third of the mails: while one of them is addressed, all of it is found."""
    mails = [
        mail(ORDER, number, name=NAMES[number % 8], address=KENS if number % 3 == 0 else "") for number in range(12)
    ]
    found = findings(mails[0], fixed=learnt(mails).fixed(mails[0]))
    assert {"name", "postal", "address"} <= set(found.kinds)
    letters = _letters(12, lambda number: f"{TELLER}\n〒273-0005 船橋市本町9-99-9" if number % 3 == 0 else "")
    assert findings(letters[0]).personal == "yes"
    assert findings(letters[0], fixed=learnt(letters).fixed(letters[0])).personal == "no"


def test_a_mail_that_was_added_for_one_of_many_recipients_shows_one() -> None:
    templates = learnt([mail(ORDER, number) for number in range(3)], [1, 2, 3])
    assert fixed_lines(templates, mail(ORDER, 1)) == set()


def test_a_value_that_is_the_same_by_accident_is_not_suppressed_once_it_varies() -> None:
    towns = ["千葉県船橋市"] * 6 + ["東京都千代田区"] * 3
    mails = [
        message(f"ご注文ありがとうございます。\nお届け先\n{town}\n合計 {at}円", f"{ORDER} {at}")
        for at, town in enumerate(towns)
    ]
    templates = learnt(mails)
    assert "千葉県船橋市" not in fixed_lines(templates, mails[0])


# -- time -------------------------------------------------------------------------------------------------------------


def test_a_changed_footer_is_learnt_anew_and_the_old_lines_stay_known_meanwhile() -> None:
    templates = learnt([mail(ORDER, number) for number in range(1_200)])
    moved = FOOTER.replace("03-0000-0000", "06-0000-0000")
    for number in range(1_200, 4_300):
        templates.add(mail(ORDER, number % 100, footer=moved), str(number).encode())
        assert number % 500 or "はなスーパー" in fixed_lines(templates, mail(ORDER, 1))
    seen = fixed_lines(templates, mail(ORDER, 1, footer=moved))
    assert len(templates.sketches) == 1
    assert PHONE.replace("03-", "06-") in seen
    assert PHONE not in fixed_lines(templates, mail(ORDER, 1))


def test_a_footer_that_is_known_is_known_in_the_first_mail_of_a_new_template() -> None:
    templates = learnt([mail(ORDER, number) for number in range(40)])
    seen = fixed_lines(templates, mail(SHIPPED, 1))
    assert PHONE in seen and "商品を発送いたしました。" not in seen


# -- bounds, bytes, several processes ---------------------------------------------------------------------------------


def test_memory_is_bounded_whatever_is_sent() -> None:
    r = random.Random(1)
    templates = Templates(KEY)
    for number in range(400):
        noise = "\n".join(f"{r.randbytes(4).hex()} {r.randint(0, 9)}" for _ in range(r.randint(1, 400)))
        templates.add(message(noise, f"{r.randbytes(6).hex()} {number}"), str(number).encode())
    assert len(templates.sketches) <= 128
    assert all(len(sketch.to_bytes()) < 60_000 for sketch in templates.sketches.values())
    many = Sketch(b"k" * 16, b"p" * 16)
    for number in range(2_100):
        many.add(skeleton(message(f"fixed\n{number}\n{number}a\n{number}b\n", "x"), KEY), str(number).encode())
    assert len(many.to_bytes()) < 60_000 and many.mails == 2_100
    assert many.is_fixed(line_hash("fixed", KEY)) and not many.is_fixed(line_hash("7", KEY))


def test_no_word_of_a_mail_is_kept() -> None:
    templates = learnt([mail(ORDER, number, name=f"大島{number} 健太郎") for number in range(30)])
    raw = templates.to_bytes()
    packed = raw + b"".join(_opened(sketch.to_bytes()) for sketch in templates.sketches.values())
    for word in ("大島", "健太郎", "船橋", "ありがとう", PHONE, "牛乳"):
        assert word.encode() not in packed
    assert "ご注文の確認".encode() in packed, "the subject's fixed words are the shop's, and are kept"


def _opened(raw: bytes) -> bytes:
    import zlib

    return zlib.decompress(raw[1:])


def test_a_name_in_the_subject_is_never_in_the_templates_name() -> None:
    numbers = count()
    mails = [
        message("ご注文ありがとうございます。\n本日発送します。", f"{name}様 ご注文の確認")
        for name in NAMES
        for _ in range(9)
    ]
    templates = learnt(mails, [f"{next(numbers)}" for _ in mails])
    (sketch,) = templates.sketches.values()
    assert sketch.name == "… ご注文の確認"


WHOLE = (
    "大島 健太郎",
    "大島　健太郎",
    "大島健太郎",
    "オオシマ ケンタロウ",
    "おおしま けんたろう",
    "Kenji Oshima",
    "kenji",
    "中本 一",
)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("subject", ["{}", "{} 様 のご注文", "{}様 ご注文の確認", "Your order, {}", "Re: {} 273-0005"])
def test_what_thirty_mailboxes_were_sent_of_one_customer_names_no_template(name: str, subject: str) -> None:
    """A fault of the service's: everybody is sent the same person's mail."""
    mails = [
        message(f"{name} 様\nご注文ありがとうございます。\n{number}", subject.format(name)) for number in range(30)
    ]
    templates = learnt(mails)
    back = Templates.from_bytes(templates.to_bytes(), KEY)
    back.merge(learnt(mails))
    for sketch in (*templates.sketches.values(), *back.sketches.values()):
        assert not any(word in sketch.name for word in (*name.split(), name.casefold(), "273"))
        assert sketch.name or subject in ("{}", "Re: {} 273-0005"), "the other words still tell what it is"


def test_a_senders_shown_name_is_told_and_a_persons_who_sends_through_it_is_not() -> None:
    for sender, name in (
        ("はなスーパー <a@shop.example>", "はなスーパー …"),
        ("大島 健太郎 <a@shop.example>", ""),
        ("大島様 <a@shop.example>", ""),
    ):
        shown = sender.partition(" <")[0]
        mails = [message(f"ご注文\n{number}", f"{shown} {number}", sender=sender) for number in range(20)]
        assert [sketch.name for sketch in learnt(mails).sketches.values()] == [name]


def test_a_name_is_told_no_longer_once_its_words_are_no_longer_everybodys() -> None:
    text = "ご注文の確認\nいつもありがとうございます\nはなスーパー\n電話 03-1111-2222\n"
    templates = learnt([message(text, "重要 お知らせ") for _ in range(40)])
    (sketch,) = templates.sketches.values()
    assert sketch.name == "重要 お知らせ"
    for number in range(40, 60):
        templates.add(message(text, f"発送 {number}"), str(number).encode())
    assert sketch.name == ""


def test_what_was_kept_too_frankly_is_corrected_by_the_next_mail() -> None:
    old = learnt([mail(ORDER, number) for number in range(30)])
    (sketch,) = old.sketches.values()
    sketch.name = "大島 健太郎 様"
    back = Templates.from_bytes(old.to_bytes(), KEY)
    back.add(mail(ORDER, 31), b"31")
    assert [each.name for each in back.sketches.values()] == [f"【はなスーパー】{ORDER} …"]


def test_fewer_than_sixteen_recipients_and_fewer_than_nearly_all_mails_tell_no_word() -> None:
    few = learnt([mail(ORDER, number) for number in range(60)], [number % 15 for number in range(60)])
    assert [each.name for each in few.sketches.values()] == [""]
    mails = [
        message(f"ご注文ありがとうございます。\n{at}", "重要 ご注文" if at % 10 else "ご注文") for at in range(100)
    ]
    assert [each.name for each in learnt(mails).sketches.values()] == ["… ご注文"], "ninety in a hundred are not enough"


def test_a_hash_needs_the_key() -> None:
    assert line_hash(PHONE, KEY) != line_hash(PHONE, b"another key")
    assert line_hash("  お問い合わせ　03-0000-0000 ", KEY) == line_hash(PHONE, KEY), "blanks do not count"


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\x01", b"\x01\x00\x00", b"\x02" + b"x" * 50, b"\x01" + b"\xff" * 50])
def test_damaged_bytes_are_said_to_be_and_never_guessed_at(raw: bytes) -> None:
    with pytest.raises(ValueError, match="learnt anew"):
        Sketch.from_bytes(raw)
    if raw != b"\x01":  # nothing at all is a whole set of no templates
        with pytest.raises(ValueError, match="learnt anew"):
            Templates.from_bytes(raw, KEY)


MAILS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 12), st.booleans()),  # which mail, to whom, and of which kind
    max_size=40,
)


def _sketch(mails: list[tuple[int, int, bool]]) -> Sketch:
    sketch = Sketch(b"k" * 16, b"p" * 16, "shop.example")
    for number, who, kind in mails:
        sketch.add(_SEEN[number, kind], str(who).encode())
    return sketch


_SEEN = {
    (number, kind): skeleton(
        message(
            f"{NAMES[number % 8]} 様\n本日{kind}\n{number}点\n{number % 3 and '毎度'}\n{PHONE}", f"{kind} {number}"
        ),
        KEY,
    )
    for number in range(31)
    for kind in (True, False)
}  # few lines: beyond the bounds, order matters


def _state(sketch: Sketch) -> bytes:
    sketch.name = ""  # a name is told of by a whole mail, and a merged sketch has none at hand
    return sketch.to_bytes()


@given(MAILS, MAILS, MAILS)
@settings(max_examples=60, deadline=None)
def test_sketches_merge_in_any_order(one: list, two: list, three: list) -> None:
    def merged(*parts: list) -> Sketch:
        whole = Sketch(b"k" * 16, b"p" * 16, "shop.example")
        for part in parts:
            whole.merge(_sketch(part))
        return whole

    right = _sketch(two)
    right.merge(_sketch(three))
    nested = _sketch(one)
    nested.merge(right)
    straight = _state(merged(one, two, three))
    assert straight == _state(merged(three, one, two)) == _state(merged(two, three, one)) == _state(nested)


@given(MAILS, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_what_processes_learnt_apart_is_what_one_had_learnt(mails: list, processes: int) -> None:
    whole, parts = _sketch(mails), [_sketch(mails[at::processes]) for at in range(processes)]
    merged = parts[0]
    for part in parts[1:]:
        merged.merge(Sketch.from_bytes(part.to_bytes()))
    assert _state(merged) == _state(whole)
    marks = {mark for number, _, kind in mails for mark in _SEEN[number, kind].lines}
    assert {mark for mark in marks if merged.is_fixed(mark)} == {mark for mark in marks if whole.is_fixed(mark)}


@given(MAILS)
@settings(max_examples=60, deadline=None)
def test_a_fixed_line_was_seen_for_five_and_nearly_everywhere(mails: list) -> None:
    sketch = _sketch(mails)
    marks = {mark for number, _, kind in mails for mark in _SEEN[number, kind].lines}
    for mark in marks:
        had = [who for number, who, kind in mails if mark in _SEEN[number, kind].lines]
        everybody = {who for _, who, _ in mails}
        should = len(set(had)) >= 5 and len(had) >= 0.9 * len(mails) and len(set(had)) >= 0.9 * len(everybody)
        assert sketch.is_fixed(mark) == should


def test_sets_of_templates_come_together_by_likeness() -> None:
    """Two processes began each template with another mail, and so under another key."""
    kinds = [ORDER, SHIPPED, LETTER]
    one = learnt([mail(kinds[at % 3], at) for at in range(0, 60)], recipients=range(60))
    other = learnt([mail(kinds[at % 3], at) for at in range(60, 120)], recipients=range(60, 120))
    back = Templates.from_bytes(one.to_bytes(), KEY)
    back.merge(Templates.from_bytes(other.to_bytes(), KEY))
    assert sorted(sketch.mails for sketch in back.sketches.values()) == [40, 40, 40]
    turned = Templates.from_bytes(other.to_bytes(), KEY)
    turned.merge(one)
    assert turned.to_bytes() == back.to_bytes()


# -- what a mail lacks ------------------------------------------------------------------------------------------------

POLITE = "大島様\nご注文ありがとうございます。\nお心当たりのない場合はご連絡ください。\nお問い合わせ\n03-0000-0000"


@pytest.mark.parametrize(
    ("lacks", "text", "sender", "more"),
    [
        ((), POLITE, "はなスーパー <order@shop.example>", ""),
        (("sender",), POLITE, "order@shop.example", ""),
        (("sender",), POLITE, "<order@shop.example>", ""),
        (("contact",), POLITE.replace("03-0000-0000", "下記へ"), "はな <order@shop.example>", ""),
        (("not_me",), POLITE.replace("お心当たりのない", "ご不明な"), "はな <order@shop.example>", ""),
        (("reply",), POLITE, "はな <no-reply@shop.example>", ""),
        ((), POLITE, "はな <no-reply@shop.example>", "Reply-To: help@shop.example\n"),
        (("reply",), POLITE + "\nこのメールは送信専用です。", "はな <order@shop.example>", ""),
        (
            ("not_me", "reply"),
            "Hello\nPlease do not reply to this mail.\nQuestions? Contact us: https://shop.example/help",
            "Shop <a@shop.example>",
            "",
        ),
        (
            (),
            "Hello\nIf you did not create this account, tell us.\nContact: help@shop.example",
            "Shop <a@shop.example>",
            "",
        ),
    ],
)
def test_what_a_mail_lacks_for_somebody_who_is_not_the_customer(
    lacks: tuple[str, ...], text: str, sender: str, more: str
) -> None:
    assert lacking(message(text, sender=sender, more=more)) == lacks


def test_a_template_lacks_what_half_of_its_mails_lack() -> None:
    (sketch,) = learnt(
        [message(POLITE), message(POLITE), message(POLITE.partition("\n")[0] + "\nご注文ありがとうございます。")]
    ).sketches.values()
    assert sketch.missing == ()
    (sketch,) = learnt(
        [message("大島様\nご注文ありがとうございます。", sender="no-reply@shop.example")] * 3
    ).sketches.values()
    assert sketch.missing == ("sender", "contact", "not_me", "reply")
