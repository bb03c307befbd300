"""An estate agent answers above a forwarded inquiry, which carries the customer's words and header fields."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "rental-room-forwarded",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="chintai@sumika-fudosan.example",
)
def mail(d: Draw) -> Message:
    p = d.person()
    room = d.choice(["メゾン若草 203", "コーポ長谷 1階", "シティパル桃山 805", "戸建て・庭つき"])
    words = d.choice(
        [
            f"{p.name_tight}といいます。犬がいますが、入居できますか。\nいまは{p.city}に住んでいます。電話は{p.phone}です。",
            f"内見を希望します。来月から転勤のため急いでいます。\n{p.name_tight}({p.kana_hira}) {p.phone}",
            f"家賃の交渉はできますか。年金暮らしで、保証人は長男です。\n現住所は{p.address}です。\n{p.family}",
        ]
    )
    return Message(
        subject=f"Re: {room}の件",
        text=f"""お問い合わせありがとうございます。すみか不動産の土屋です。

お尋ねの{room}は、{d.choice(["まだご案内できます。", "申込みが入りましたが、二番手でお受けできます。"])}
{d.date(3, "weekday")}の{d.time()}はいかがでしょうか。店の駐車場をお使いください。

--{" "}
すみか不動産 伏見店 土屋 俊 (宅地建物取引士)
京都市伏見区桃陵町上ル77 / 075-555-0120 / 携帯 090-5550-0120

---------- 転送されたメッセージ ----------
差出人: {p.name} <{p.email}>
日時: {d.date(-1, "slash")} {d.time()}
件名: {room}について
宛先: 反響受付 <chintai@sumika-fudosan.example>

{words}
""",
    )
