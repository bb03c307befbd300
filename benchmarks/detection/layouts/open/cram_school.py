"""A cram school's letter to a parent: prose, two people, the child by given name, the teacher too."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "cram-school",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="renraku@hokuto-gakuin.example",
    sender_name="北斗学院",
)
def mail(d: Draw) -> Message:
    p, child, shop = d.person(), d.person(), d.shop("北斗学院 二俣校")
    grade = d.choice(("小5", "小6", "中1", "中2", "中3", "高1"))
    subject = d.choice(("数学", "英語", "国語", "理科"))
    mood = d.choice(
        (
            "授業中の集中が続くようになり、宿題の出し忘れもありませんでした",
            "計算の速さは十分ですので、途中の式を残すことを話しております",
            "欠席が二度ありましたので、振替の日をご相談させてください",
        )
    )
    home = (
        f"\n\nなお、ご登録のご住所({p.address})あてに冬期講習の案内を郵送しております。"
        f"お引っ越しの際はお知らせください。"
        if d.maybe(0.4)
        else ""
    )
    call = f"夜分にお電話({p.phone})することもございますので、ご了承ください。" if d.maybe(0.5) else ""
    return Message(
        subject=f"{d.day.month}月の学習のようす({grade})",
        text=f"""\
{p.family}様

いつもお世話になっております。北斗学院の{shop.staff}です。

{child.given}さんの{d.day.month}月の{subject}についてご報告いたします。
今月は{mood}。確認テストは{d.integer(41, 100)}点(平均 {d.integer(50, 72)}点)でした。
次回の面談は{d.date(9, "weekday")}の{d.time()}からを予定しております。{call}{home}

塾生番号 {p.member}

北斗学院 二俣校
教室長 {shop.staff_full}
{shop.phone}
""",
    )
