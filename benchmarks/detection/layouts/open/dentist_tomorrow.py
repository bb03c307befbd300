"""A dentist's reminder as short as an SMS, with nothing but a name in kana and a time."""

from benchmarks.detection.drawing import Draw, Message, half_kana, layout


@layout("dentist-tomorrow", language="ja", personal=True, charset="shift_jis", sender="no-reply@hamabe-dental.example")
def mail(d: Draw) -> Message:
    p = d.person()
    who = half_kana(p.kana_family) if d.maybe(0.5) else half_kana(p.kana)
    when = f"{d.date(1, 'weekday')} {d.time()}"
    return Message(
        subject="明日のご予約",
        text=f"""{who} ｻﾏ
{when}に{d.choice(["お越しください", "お待ちしております", "ご予約をいただいております"])}。
{d.choice(["変更は03-5550-0148まで。", "ご都合が悪いときはお電話を(03-5550-0148)。"])}
浜辺歯科{d.choice(["", " 院長 菅沼"])}
""",
    )
