"""A garden centre's newsletter (clean): a named writer, a reader's letter by initials, shop phones, prices, a recipe."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "news-garden",
    language="ja",
    personal=False,
    charset="utf-8",
    sender="news@komorebi-engei.example",
    sender_name="こもれび園芸だより",
)
def mail(d: Draw) -> Message:
    shop = d.shop("こもれび園芸")
    plant = d.choice(("ビオラ", "チューリップの球根", "多肉植物", "クリスマスローズ", "ブルーベリーの苗"))
    event = d.choice(("寄せ植え教室", "剪定の相談会", "落ち葉堆肥の講習", "親子の種まき会"))
    teacher = d.choice(("樹木医 大和田 哲", "園芸研究家の三枝はるみさん", "当店スタッフ 野々村"))
    return Message(
        subject=f"こもれび園芸だより {d.day.month}月号 {plant}の楽しみ方",
        html=f"""\
<html><body style="background:#fbfff7">
<h1>{plant}の季節です</h1>
<p>会員のみなさま、こんにちは。店長の{shop.staff}です。{d.day.month}月もお庭仕事が忙しくなりますね。</p>
<h2>今月の講習</h2>
<table><tr><th>講座</th><td>{event}</td></tr><tr><th>講師</th><td>{teacher}</td></tr>
<tr><th>日時</th><td>{d.date(14, "weekday")} {d.time()}から(90分)</td></tr>
<tr><th>参加費</th><td>{d.price(500, 3500)}(材料込)</td></tr>
<tr><th>会場</th><td>本店 2階 温室 / {shop.address}</td></tr>
<tr><th>お申し込み</th><td>電話 {shop.phone} または店頭で</td></tr></table>
<h2>読者のお便り</h2>
<blockquote>「去年いただいた苗が三年目でやっと咲きました」(岡山県 M.K.さん 60代)</blockquote>
<h2>お買い得</h2><ul><li>培養土 25L {d.price(400, 900)}<li>{plant} {d.choice((3, 5, 10))}株セット {d.price(800, 2400)}</ul>
<p>こもれび園芸 〒{shop.postal} {shop.address}<br>電話 {shop.phone} FAX {shop.fax} 定休 水曜<br>
<a href="{shop.url}unsubscribe">配信を止める</a></p>
</body></html>
""",
    )
