"""A tax office's receipt: the mail says that there is a file, the file says whose return it was."""

from benchmarks.detection.drawing import Draw, Message, label, layout


@layout(
    "tax-receipt-attachment",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="oshirase@zei-uketsuke.example",
)
def mail(d: Draw) -> Message:
    p = d.person()
    number = label("account_id", d.digits("#### #### #### ####"))
    kind = d.choice(["所得税及び復興特別所得税申告", "贈与税申告", "消費税申告（個人）", "納税証明書交付請求"])
    receipt = f"""受信通知

受付番号　　　　　：{d.digits("20######-########")}
受付日時　　　　　：{d.date(0, "slash")} {d.time()}
種目　　　　　　　：{kind}
利用者識別番号　　：{number}
氏名又は名称　　　：{p.name}
住所　　　　　　　：{p.address}
年分　　　　　　　：令和{d.integer(5, 8)}年分
納付すべき税額　　：{d.price(1000, 9800)}
提出先　　　　　　：白河台税務署長 新庄 武
"""
    return Message(
        subject="申告等データの受付についてのお知らせ",
        text=f"""電子申告・納税受付システムからのお知らせです。

送信されたデータを受け付けました。受信通知を添付しますので、
{d.choice(["大切に保管してください。", "印刷のうえ控えとしてご利用ください。"])}

※ 税務署の職員が、暗証番号をメールでお尋ねすることはありません。
※ 操作のお問い合わせ 0570-000-159（平日9時から17時）
{d.choice(["", "※ 還付金の振込みまでは3週間ほどかかります。"])}
白河台税務署 管理運営部門
〒961-0099 福島県白河市白河台1-4 合同庁舎
""",
        attachments=[("jushin_tsuchi.txt", "text/plain", receipt)],
    )
