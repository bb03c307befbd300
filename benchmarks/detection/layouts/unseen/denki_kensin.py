"""An electricity company's slip, all in full-width characters between vertical bars; clean: its unit prices in the same bars."""

from benchmarks.detection.drawing import Draw, Message, half_kana, label, layout, wide

RULE = "＋" + "－" * 30 + "＋"


def bars(*rows: tuple[str, str]) -> str:
    lines = [f"｜{head}｜{value}" for head, value in rows]
    return "\n".join([RULE, *lines, RULE])


@layout(
    "denki-kenshin",
    language="ja",
    personal=True,
    charset="shift_jis",
    transfer="8bit",
    sender="kenshin@hikarigaoka-denki.example",
)
def slip(d: Draw) -> Message:
    p = d.person()
    shop = d.shop("ひかりヶ丘電気", "ひかりヶ丘電気株式会社")
    used = d.integer(70, 780)
    rows = [
        ("契約名義　", f"{half_kana(p.kana)}　ｻﾏ" if d.maybe(0.6) else f"{p.name_wide}　様"),
        ("供給地点　", label("account_id", wide(d.digits("03-####-####-####-####-####")))),
        ("お客様番号", wide(p.member)),
        ("ご使用期間", wide(f"{d.date(-32, 'slash')}~{d.date(-2, 'slash')}")),
        ("ご使用量　", wide(f"{used}kWh")),
        ("請求金額　", wide(f"{used * 31:,}円")),
    ]
    if d.maybe(0.55):
        rows.insert(1, ("使用場所　", wide(p.address)))
    paid = d.choice(
        (
            f"お支払い：口座振替（＊＊＊＊{wide(p.card_tail)}）　{wide(d.date(14, 'slash'))}",
            f"お支払い：クレジットカード　末尾{p.card_tail}",
            "お支払い：払込票（別便でお送りします）",
        )
    )
    return Message(
        subject=f"{wide(str(d.day.month))}月分電気ご使用量のお知らせ",
        text=f"""\
{bars(*rows)}
{paid}

前月との差　　：{wide(f"{d.integer(-90, 120)}kWh")}
次回検針予定日：{wide(d.date(30, "slash"))}

{shop.company}
お引越し・契約の変更　{wide(shop.free_phone)}（{shop.hours}）
停電のとき　　　　　　{wide("0120-000-995")}（２４時間）
""",
    )


@layout(
    "denki-tanka",
    language="ja",
    personal=False,
    charset="shift_jis",
    transfer="8bit",
    sender="ryokin@hikarigaoka-denki.example",
)
def prices(d: Draw) -> Message:
    shop = d.shop("ひかりヶ丘電気", "ひかりヶ丘電気株式会社")
    first, second = d.integer(1900, 2400) / 100, d.integer(2500, 3300) / 100
    rows = [
        ("適用期間　", wide(f"{d.date(20, 'slash')}~{d.date(50, 'slash')}")),
        ("対象　　　", d.choice(("従量電灯Ｂ・Ｃ", "夜トクプラン", "低圧電力"))),
        ("一段料金　", wide(f"{first}円/kWh（120kWhまで）")),
        ("二段料金　", wide(f"{second}円/kWh")),
        ("燃料費調整", wide(f"-{d.integer(10, 800) / 100}円/kWh")),
    ]
    if d.maybe(0.5):
        rows.append(("計算の例　", wide(f"260kWhのとき {int(260 * second):,}円")))
    return Message(
        subject=f"{wide(str(d.day.month % 12 + 1))}月分の電気料金単価について",
        text=f"""\
{bars(*rows)}
お客様番号は、検針票の左上の１２けた（例：{wide("0000-0000-0000")}）です。

{d.choice(("節電チャレンジの申込コード：ＳＥＴＵＤＥＮ" + wide(d.digits("##")), "計量器の取替えは、委託先の（有）中条電工（責任者　中条　弘道）が伺います。", "カスタマー部長　根岸　理香"))}
次回改定予定日：{wide(d.date(60, "slash"))}

{shop.company}　{shop.postal}　{shop.address}
お引越し・契約の変更　{wide(shop.free_phone)}（{shop.hours}）
停電のとき　　　　　　{wide("0120-000-995")}（２４時間）
""",
    )
