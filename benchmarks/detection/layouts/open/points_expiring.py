"""A drugstore chain's points mail: an advertisement in which only a name and a card number are the reader's."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "points-expiring",
    language="ja",
    personal=True,
    charset="utf-8",
    sender="mail@suzuran-drug.example",
    sender_name="すずらんドラッグ",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("すずらんドラッグ")
    points = d.integer(12, 4800)
    offers = d.rng.sample(
        (
            "日焼け止め全品15%引",
            "米5kg 1,780円(税込)",
            "紙おむつ2個で500円引",
            "マスク50枚 398円",
            "山田養蜂場ではちみつ祭り",
            "栄養ドリンク10本入 20%引",
        ),
        3,
    )
    cells = "".join(f'<td width="33%" bgcolor="#fff0f0">{offer}</td>' for offer in offers)
    return Message(
        subject=f"{p.family}さん、{points}ポイントの期限が近づいています",
        html=f"""\
<!doctype html><html><body>
<table width="100%"><tr><td align="center"><img src="https://img.suzuran-drug.example/logo.png" alt="すずらんドラッグ"></td></tr>
<tr><td><b>{p.family}</b>さん(カード番号 <span>{p.member}</span>)</td></tr>
<tr><td><font size="5" color="#c00">{points}pt</font> が {d.date(20, "short")} に失効します。</td></tr>
<tr><td>お近くのお店でのお買い物に、1ポイント1円でお使いいただけます。</td></tr></table>
<h3>今週のおすすめ</h3>
<table width="100%"><tr>{cells}</tr></table>
<p>薬剤師の{shop.staff}が選ぶ、秋のセルフケア特集は<a href="{shop.url}care?utm_source=mail">こちら</a></p>
<p><small>すずらんドラッグ株式会社 {shop.address}<br>配信停止は<a href="{shop.url}stop">こちら</a></small></p>
</body></html>
""",
    )
