"""A small bakery says goodbye (clean): a personal letter to everybody, full of names of the family that ran it."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "bakery-closing",
    language="ja",
    personal=False,
    charset="iso-2022-jp",
    sender="pan@kitsune-bakery.example",
    sender_name="きつねベーカリー",
)
def mail(d: Draw) -> Message:
    shop = d.shop("きつねベーカリー")
    last = d.choice(("くるみパン", "塩バターロール", "あんドーナツ", "山型食パン"))
    return Message(
        subject="閉店のごあいさつ",
        text=f"""\
ごひいきのみなさまへ

突然のお知らせで申しわけありません。
きつねベーカリーは、{d.date(30)}をもちまして店を閉じることにいたしました。

父の庄司 久が{d.choice(("この町で", "駅前の小さな店で", "借りた納屋で"))}焼き始めてから{d.integer(21, 58)}年、毎朝{d.integer(2, 5)}時の仕込みを続けてまいりましたが、
窯の老朽化には勝てませんでした。お買い上げいただいた{last}の味を、覚えていてくださればうれしく思います。

最終日は{last}を1個{d.price(80, 260)}でお分けします。ご予約はお電話で。
ポイントカードは{d.date(20, "weekday")}までお使いになれます。

きつねベーカリー 庄司 まさえ・健
{shop.address} 電話{shop.phone}
""",
    )
