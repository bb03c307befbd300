"""Boxed lunches by subscription, with drawn rules and a week of days; clean: the menus of the week between the same rules."""

from benchmarks.detection.drawing import Draw, Message, label, layout

MENUS = ("鮭のり弁", "チキン南蛮", "減塩やわらか膳", "糖質ひかえめ膳", "豆腐ハンバーグ", "中華五目", "刻み食(むせ予防)")
WAVE = "~^~^~^~^~^~^~^~^~^~^~^~^~^~^~^~^~"


def head(text: str) -> str:
    return f"\n.o○ {text} ○o.\n{WAVE}"


FOOT = f"""
{WAVE}
  まいにち弁当 たけのこ
  配食本部 073-555-0119 (AM7:00-PM3:00 日曜定休)
  配達のこと → 運転手 玉置 090-5550-0119
  和歌山市和歌浦台2-3-31
{WAVE}
"""


@layout(
    "bento-week",
    language="ja",
    personal=True,
    transfer="8bit",
    sender="haisyoku@takenoko-bento.example",
    sender_name="たけのこ",
)
def week(d: Draw) -> Message:
    p = d.person()
    days = "\n".join(
        f"  {d.date(n, 'weekday')}  {label('order_item', d.choice(MENUS))} × {d.integer(1, 3)}"
        for n in range(3, 3 + d.integer(2, 5))
    )
    place = d.choice(
        (
            f"  {p.address}\n  (置き場所: {d.choice(('玄関前の保冷箱', '管理人室', '手渡し・耳が遠いので大きな声で'))})",
            f"  {p.street} {p.building}\n  目印: {d.choice(('赤い郵便受け', '犬がいます', '酒屋の裏'))}",
            "  いつものところ",
        )
    )
    call = d.choice(
        (
            f"  お留守のときは {p.home_phone}\n",
            f"  見守り連絡先: {d.person().name}さん(ご家族) {d.people[-1].phone}\n",
            "",
        )
    )
    return Message(
        subject=d.choice(("来週のお弁当", f"来週のお弁当({p.family}様)", f"配食のご予定 {d.date(3, 'short')}から")),
        text=f"""\
{p.name}さん

いつもたけのこをご利用いただき、ありがとうございます。
{head("来週のぶん")}
{days}
{head("おとどけ")}
{place}
{call}{head("おだい")}
  {d.price(1800, 9800)}({d.choice(("集金", "月末引落し", "前払い"))})
  変更は {d.date(1, "short")} の正午まで
{FOOT}""",
    )


@layout(
    "bento-menus",
    language="ja",
    personal=False,
    transfer="8bit",
    sender="kondate@takenoko-bento.example",
    sender_name="たけのこ",
)
def menus(d: Draw) -> Message:
    days = "\n".join(
        f"  {d.date(n, 'weekday')}  {d.choice(MENUS)} {d.integer(380, 690)}kcal" for n in range(3, 3 + d.integer(3, 5))
    )
    place = d.choice(
        (
            "  和歌山市・海南市の全域\n  (置き場所: 保冷箱を無料でお貸しします)",
            "  配達は10時半から12時半のあいだ\n  目印: 若草色の軽ワゴン",
            "  ショールーム: 和歌浦台2-3-31 試食できます",
        )
    )
    call = d.choice(("  お友だち紹介コード TAKE-2026\n", "  栄養相談: 管理栄養士 岩鶴 佳代 073-555-0120\n", ""))
    return Message(
        subject=d.choice(("来週の献立", f"献立のご案内 {d.date(3, 'short')}から")),
        text=f"""\
みなさん

いつもたけのこをご利用いただき、ありがとうございます。
{head("来週の献立")}
{days}
{head("おとどけ")}
{place}
{call}{head("おだい")}
  1食 {d.price(480, 780)}(税込)
  ご注文は {d.date(1, "short")} の正午まで
{FOOT}""",
    )
