"""A school's letter to all parents, with a filled-in sample of the form that must be handed in."""

from benchmarks.detection.drawing import Draw, Message, layout

PLACES = (("鳥羽水族館前", "水族館"), ("広島", "平和学習"), ("会津", "赤べこの絵付け"), ("明日香村", "古墳めぐり"))


@layout(
    "school-trip-notice",
    language="ja",
    personal=False,
    sender="renraku@midorigaoka-j.example",
    sender_name="緑丘中学校",
)
def mail(d: Draw) -> Message:
    place, what = d.choice(PLACES)
    return Message(
        subject=f"{d.choice(['校外学習', '修学旅行', '遠足'])}について(第{d.integer(1, 3)}学年保護者各位)",
        text=f"""{d.date()}
保護者の皆様
                                  緑丘市立緑丘中学校
                                  校長  寺内 佳代

時下ますますご清栄のこととお慶び申し上げます。
さて、{d.date(40)}に{place}方面で{what}を行います。下の記入例にならって
参加票を書き、{d.date(12, "weekday")}までに担任へお渡しください。

【記入例】
  生徒氏名      見本 太郎
  ふりがな      みほん たろう
  生年月日      2012年4月1日
  住所          〇〇市〇〇町1-2-3
  緊急連絡先    090-0000-0000 (母)

費用は{d.price(6000, 9800)}を{d.choice(["口座から引き落とします", "封筒に入れてお持たせください"])}。
{d.choice(["酔い止めが必要な生徒は各自でご用意ください。", "アレルギーのある生徒は養護教諭の堀までお知らせください。", ""])}

問い合わせ  緑丘中学校  教頭 弓削  電話 0742-55-0188
""",
    )
