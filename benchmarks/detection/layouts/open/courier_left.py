"""A courier's note that a parcel was left: a few short lines, the address without prefecture, the name at its end."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "courier-left",
    language="ja",
    personal=True,
    charset="utf-8",
    transfer="8bit",
    sender="no-reply@hayate-express.example",
    sender_name="はやて急便",
)
def mail(d: Draw) -> Message:
    p = d.person()
    slip = d.digits("####-####-####")
    place = d.choice(("玄関前", "宅配ボックス2番", "ガスメーターボックス", "自転車のかご", "管理人室"))
    phone = f"\nご連絡先　{p.phone}" if d.maybe(0.5) else ""
    photo = f"\n写真はこちら(14日間)\nhttps://p.hayate-express.example/{p.token}" if d.maybe(0.6) else ""
    return Message(
        subject=f"{d.date(0, 'short')} お荷物を{place}に置きました",
        text=f"""\
はやて急便です。{d.time()}ごろお届けしました。

{slip}
{p.city}{p.street} {p.building}
{p.family}様
{d.choice(("品名　食品", "品名　衣類", "品名　書籍", "品名　精密機器"))}　1個口{phone}{photo}

お心当たりのないときは 0570-200-713 へ
担当営業所　第三ベース
""",
    )
