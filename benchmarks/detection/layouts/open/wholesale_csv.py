"""A marketplace's note to a seller: the body says nothing, the buyer's data are in a CSV file attached as Excel likes it."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "wholesale-csv",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="edi@hakoniwa-market.example",
    sender_name="箱庭マーケット受注システム",
)
def mail(d: Draw) -> Message:
    buyers = [d.person() for _ in range(d.integer(1, 4))]
    rows = ["受注番号,受注日,届け先氏名,郵便番号,住所1,住所2,電話番号,商品名,数量"]
    for p in buyers:
        item = d.items(1)[0]
        rows.append(
            f"{d.digits('H########')},{d.date(0, 'slash')},{p.name},{p.postal},{p.prefecture}{p.city}{p.street},"
            f'{p.building},{p.phone},"{item.name}",{item.quantity}'
        )
    return Message(
        subject=f"[箱庭マーケット] 受注データ {d.date(0, 'iso')} ({len(buyers)}件)",
        text="""\
出店者各位

本日分の受注データをお送りいたします。
添付ファイルをダウンロードし、期日までに出荷してください。
本メールへの返信は受け付けておりません。

箱庭マーケット 運営事務局
""",
        attachments=[(f"juchu_{d.day:%Y%m%d}.csv", "text/csv", "\n".join(rows))],
    )
