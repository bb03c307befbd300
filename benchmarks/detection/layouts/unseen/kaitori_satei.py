"""A second-hand dealer's assessment, numbered steps and a CSV file; clean: the month's buying prices as CSV."""

from benchmarks.detection.drawing import Draw, Message, half_kana, layout

STEPS = ("(1)", "(2)", "(3)", "(4)", "(5)")
FOOT = """\
*+*+*+*+*+*+*+*+*+*+*+*+*+*+*+*+*+*+*
 買取王国ではない「ほどほど堂」
 古物商許可 静岡県公安委員会 第000000000000号
 〒420-0098 静岡市葵区八千代台6-22 倉庫B
 TEL 054-555-0109 / LINE @hodohodo
 査定長 久我 真澄
*+*+*+*+*+*+*+*+*+*+*+*+*+*+*+*+*+*+*"""


def steps(*texts: str) -> str:
    return "\n".join(f"{step} {text}" for step, text in zip(STEPS, texts, strict=False))


@layout(
    "kaitori-satei",
    language="ja",
    personal=True,
    charset="shift_jis",
    sender="satei@hodohodo-do.example",
    sender_name="ほどほど堂 査定係",
)
def assessed(d: Draw) -> Message:
    p = d.person()
    goods = d.items(5, d.choice(("books", "hobby", "electronics")))
    number = d.order_number()
    if d.maybe(0.5):
        head = "整理番号,氏名,フリガナ,品名,点数,査定額"
        rows = [
            f"{number},{p.name},{half_kana(p.kana)},{item.name},{item.quantity},{item.price.replace(',', '')}"
            for item in goods
        ]
    else:
        head = "品名,点数,査定額,備考"
        rows = [
            f"{item.name},{item.quantity},{item.price.replace(',', '')},{d.choice(('', '日焼け', '箱なし'))}"
            for item in goods
        ]
    send_back = d.choice(
        (
            f"ご承認のないときは、{p.postal_digits} {p.address} 宛に着払いでお返しします。",
            "ご承認のないときは、集荷先へ着払いでお返しします。",
        )
    )
    pay = d.choice(
        (
            f"代金は「{half_kana(p.kana_tight)}」名義の口座(末尾{p.card_tail})へお振込みします。",
            f"確認のお電話を{p.phone}へ差し上げます。",
            "代金はギフト券でお支払いします。",
        )
    )
    return Message(
        subject=f"査定が終わりました({number})",
        text=f"""\
{d.choice((p.name + "様", p.family + "様", p.name_wide + "さま"))}

ほどほど堂です。お品物の査定が終わりました。明細は添付のCSVのとおりです。

{steps(f"合計は{d.price(800, 42000)}です({d.date(10, 'slash')}まで有効)。", "承認は次の合言葉で: " + p.secret if d.maybe(0.4) else "承認はこのメールへの返信で。", send_back, pay)}

{FOOT}
""",
        attachments=[(f"satei_{d.day:%m%d}.csv", "text/csv", "\n".join([head, *rows]))],
    )


@layout(
    "kaitori-prices",
    language="ja",
    personal=False,
    charset="shift_jis",
    sender="kakaku@hodohodo-do.example",
    sender_name="ほどほど堂",
)
def prices(d: Draw) -> Message:
    head = "品名,点数,買取額,担当"
    things = (
        "全集(揃い)",
        "Nゲージ機関車",
        "真空管アンプ",
        "レンズ 50mm",
        "将棋盤 五寸",
        "専門書(医学)",
        "鉄瓶",
        "帯留め",
    )
    rows = [
        f"{d.choice(things)},1,{d.integer(5, 300) * 100}円,{d.choice(('久我', '外山', '名波'))}"
        for _ in range(d.integer(3, 7))
    ]
    return Message(
        subject=f"今月の買取表({d.day.month}月)",
        text=f"""\
お得意様各位

ほどほど堂です。{d.day.month}月の買取表ができました。明細は添付のCSVのとおりです。

{steps(f"表の額は{d.date(25, 'slash')}まで有効です。", f"お申込み時に合言葉「{d.choice(('ほどほど', 'たなおろし', 'HODO10'))}」で{d.integer(5, 20)}%上乗せ。", "箱に「ほどほど堂 買取係 行」とお書きください。", d.choice(("出張買取は名波(携帯 070-5550-0108)が伺います。", "振込名義は「ﾎﾄﾞﾎﾄﾞﾄﾞｳ(ﾄﾞ」です。")))}

{FOOT}
""",
        attachments=[(f"kaitori_{d.day:%m}.csv", "text/csv", "\n".join([head, *rows]))],
    )
