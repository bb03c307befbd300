"""A gas company's monthly notice: an HTML table beside a text of dotted leaders, names in half-width kana like a meter slip's."""

from benchmarks.detection.drawing import Draw, Message, half_kana, layout


@layout(
    "gas-bill",
    language="ja",
    personal=True,
    charset="shift_jis",
    transfer="base64",
    sender="kenshin@asanagi-gas.example",
    sender_name="朝凪ガス検針票サービス",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("朝凪ガス", "朝凪ガス株式会社")
    used, before = d.integer(4, 61), d.integer(4, 61)
    amount = d.price(1900, 12000)
    holder = half_kana(p.kana)
    kind = d.choice(("一般契約", "床暖房契約", "ガス温水契約"))
    facts = [
        ("お客さま番号", p.member),
        ("ご契約者", f"{holder} 様"),
        ("ご使用場所", p.address),
        ("ご契約種別", kind),
        ("今回ご使用量", f"{used}m3(前年同月 {before}m3)"),
        ("ご請求予定額", amount),
        ("振替予定日", d.date(12)),
    ]
    if d.maybe(0.6):
        facts.append(("振替口座", f"ゆうなぎ銀行 ***{p.card_tail}"))
    table = "\n".join(f"<tr><th align=left>{key}<td>{value}</tr>" for key, value in facts)
    month = d.day.month
    return Message(
        subject=f"{month}月分 ガスご使用量のお知らせ",
        text="\n".join(
            [
                f"朝凪ガスをご利用いただきありがとうございます。{month}月分をお知らせします。",
                "",
                *(f"{key}……{value}" for key, value in facts),
                "",
                "このお知らせは検針票に代わるものです。",
                f"朝凪ガス お客さまセンター {shop.free_phone}",
            ]
        ),
        html=f"""\
<html><head><meta charset="shift_jis"></head><body bgcolor="#f4f7fa">
<table width="600"><tr><td>
<p>朝凪ガスをご利用いただきありがとうございます。{month}月分をお知らせします。</p>
<table border="1" cellpadding="6">{table}</table>
<p>このお知らせは検針票に代わるものです。<br>次回検針日 {d.date(30, "short")}</p>
<p><small>{shop.company} お客さまセンター {shop.free_phone} {shop.hours}<br>{shop.postal} {shop.address}</small></p>
</td></tr></table></body></html>
""",
    )
