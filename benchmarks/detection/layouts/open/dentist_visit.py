"""A dental clinic's booking by a web form: HTML, each label above its value, doctor and staff named as well."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "dentist-visit",
    language="ja",
    personal=True,
    charset="utf-8",
    sender="reserve@hiiragi-dental.example",
    sender_name="ひいらぎ歯科",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("ひいらぎ歯科")
    rows = [
        ("ご予約日時", f"{d.date(5, 'weekday')} {d.time()}〜"),
        (
            "診療内容",
            d.choice(
                ("定期検診・クリーニング", "つめ物が取れた", "親知らずの抜歯", "入れ歯の調整", "ホワイトニング相談")
            ),
        ),
        ("診察券番号", p.member if d.maybe(0.7) else "なし(初診)"),
        ("患者さまのお名前", f"{p.name}({p.kana_hira})"),
        ("生年月日", f"{p.dob_kanji}({p.age}歳)"),
        ("ご連絡先", p.phone),
    ]
    if d.maybe(0.5):
        rows.append(("担当医のご希望", d.choice(("院長 白石", "中原先生", "女性の先生", "とくになし"))))
    boxes = "\n".join(
        f'<div style="margin:0 0 14px"><div style="color:#8a7;font-size:12px">{key}</div>'
        f'<div style="font-size:16px">{value}</div></div>'
        for key, value in rows
    )
    return Message(
        subject="【ひいらぎ歯科】ご予約を受け付けました",
        html=f"""\
<html><head><style>body{{font-family:sans-serif}}</style></head><body>
<h2>ご予約ありがとうございます</h2>
<p>下の内容で承りました。変更やお取り消しは、前日の18時までにお電話でお願いいたします。</p>
{boxes}
<p>初めての方は、保険証と<b>お薬手帳</b>をお持ちください。</p>
<hr>
<p>医療法人ひいらぎ会 ひいらぎ歯科<br>院長 白石 玲<br>〒{shop.postal} {shop.address} 2F<br>
TEL <a href="tel:{shop.phone}">{shop.phone}</a> / 休診 木・日・祝</p>
</body></html>
""",
    )
