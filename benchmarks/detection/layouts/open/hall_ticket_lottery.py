"""A concert hall's lottery result: dotted leaders, kana only for the winner, seats, a code for the machine."""

from benchmarks.detection.drawing import Draw, Message, label, layout

CONCERTS = ("弦楽四重奏の夕べ", "年忘れ第九", "市民オペラ「椿姫」", "落語三人会", "スティールパン・ナイト")


@layout("hall-ticket-lottery", language="ja", personal=True, charset="iso-2022-jp", sender="ticket@nagisa-hall.example")
def mail(d: Draw) -> Message:
    p = d.person()
    seat = d.items(1, "event")[0].name
    code = f"発券コード……………{p.code}\n" if d.maybe(0.6) else ""
    return Message(
        subject="抽選結果のお知らせ〔なぎさホール〕",
        text=f"""厳正な抽選の結果、お席をご用意できることになりました。

公演……………………{label("order_item", d.choice(CONCERTS))}
日時……………………{d.date(45, "weekday")} {d.choice(["13時", "18時30分", "19時"])}開演
席………………………{seat}
当選者…………………{p.kana_tight} サマ
友の会番号……………{p.member}
{code}お支払い期限…………{d.date(5, "kanji")} 23時まで
お支払い額……………{d.price(3000, 9800)}（手数料を含む）

・発券には{d.choice(["コンビニの端末", "ホール1階の券売機"])}をご利用ください。
・{d.choice(["未就学のお子様はご入場になれません。", "開演に遅れた方は、ロビーのモニターでお待ちいただきます。"])}
・公演の内容についてのお問い合わせ……制作　野々村（0463-55-0128）

なぎさホール　平塚市渚町1-1　休館日 月曜
ホール友の会事務局　会長　蓮見 悠一
""",
    )
