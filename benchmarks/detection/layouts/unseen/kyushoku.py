"""A school kitchen's monthly sheet in columns of a fixed-width font: what each child owes; clean: what each day has."""

from benchmarks.detection.drawing import Draw, Message, label, layout, pad, visible

DISHES = (
    "さばの塩焼き",
    "ハヤシライス",
    "五目うどん",
    "鶏の照り焼き",
    "麦ごはん",
    "かぼちゃ団子汁",
    "冷凍みかん",
    "ひじきの煮物",
    "ナン・豆カレー",
)
FOOT = """\
 ------------------------------------------------------------
 鳥見市立 学校給食センター   所長 阿久津 広美   栄養士 仁科
 鳥見市鳥見台五丁目2-40    TEL(0285)55-0171 FAX(0285)55-0172
 ------------------------------------------------------------
"""


def columns(widths: tuple[int, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(" " + "".join(pad(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows)


@layout(
    "kyushoku-fee",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="kyushokuhi@school.torimi.example",
    sender_name="鳥見市学校給食センター",
)
def fee(d: Draw) -> Message:
    p = d.person()
    children = [label("name", f"{visible(p.family)} {visible(d.person().given)}") for _ in range(d.integer(1, 3))]
    rows: list[tuple[str, ...]] = [("学年組", "児童", "食数", "金額")]
    for child in children:
        meals = d.integer(12, 20)
        rows.append((f"{d.integer(1, 6)}年{d.integer(1, 4)}組", child, f"{meals}", f"{meals * 265:,}円"))
    bank = d.choice(
        (
            f" 振替口座   しらさぎ銀行 鳥見支店 普通 ***{p.card_tail}\n 名義人     {p.kana}\n",
            " 納付書を児童に持たせます。金融機関でお納めください。\n",
            f" 納付書の送り先  {p.postal} {p.address}\n",
        )
    )
    allergy = d.choice(("", f" 除去食の届けのあるご家庭へは、朝8時までに {p.phone} へお電話します。\n"))
    return Message(
        subject=f"給食費のお知らせ({d.day.month}月分)",
        text=f"""\
 {d.choice(("保護者", "納付者"))} {p.name} 様                      {d.date(0, "kanji")}

{columns((12, 22, 8, 12), rows)}

 納期限     {d.date(18, "weekday")}
{bank}{allergy}
{FOOT}""",
    )


@layout(
    "kyushoku-menu",
    language="ja",
    personal=False,
    charset="iso-2022-jp",
    sender="kondate@school.torimi.example",
    sender_name="鳥見市学校給食センター",
)
def menu(d: Draw) -> Message:
    rows: list[tuple[str, ...]] = [("日", "献立", "熱量", "産地")]
    for day in range(d.integer(3, 6)):
        rows.append(
            (
                d.date(day, "weekday"),
                d.choice(DISHES),
                f"{d.integer(520, 690)}",
                d.choice(("鳥見市", "栃木県", "北海道")),
            )
        )
    note = d.choice(
        (
            " 農家の村越 正夫さんと奥さんの和江さんが育てた米を使います。\n",
            f" 1食は{d.integer(240, 290)}円です。振替口座を変えるときは、しらさぎ銀行 鳥見支店へ。\n",
            " 試食会は前日までに栄養士の仁科へお電話ください。\n",
        )
    )
    return Message(
        subject=f"給食の献立({d.day.month}月)",
        text=f"""\
 保護者の皆様                            {d.date(0, "kanji")}

{columns((14, 20, 8, 10), rows)}

 申込期限   {d.date(18, "weekday")}
{note}
{FOOT}""",
    )
