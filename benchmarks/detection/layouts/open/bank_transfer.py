"""A net bank's notice of an incoming transfer: short lines without labels' colons, remitter in half-width kana, name last."""

from benchmarks.detection.drawing import Draw, Message, half_kana, layout


@layout(
    "bank-transfer",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="info@yunagi-bank.example",
    sender_name="ゆうなぎネット銀行",
)
def mail(d: Draw) -> Message:
    p, other = d.person(), d.person()
    company = d.choice(("ｶ)ﾐﾅﾄｼﾖｳｼﾞ", "ﾌﾞﾝｶｴﾝｹﾞｷ(ﾄﾞ", "ｹﾝﾎﾟｷｷﾝ"))
    sender = company if d.maybe(0.4) else half_kana(other.kana)
    tail = f"普通 ***{p.card_tail}" if d.maybe(0.7) else "普通預金"
    return Message(
        subject="振込入金のお知らせ",
        text=f"""\
ゆうなぎネット銀行です。お客さまの口座に入金がありました。

入金日    {d.date(0, "slash")} {d.time()}
お口座    {d.choice(("本店営業部", "さざなみ支店", "いそべ支店"))} {tail}
入金額    {d.price(1000, 400000)}
お振込人  {sender}

残高などの詳しい内容は、アプリでご確認ください。
当行がメールで暗証番号やパスワードをお尋ねすることは、決してありません。

--
{p.name_tight} 様あてにお送りしています。
ゆうなぎネット銀行 0120-110-908(24時間)
〒103-0000 東京都中央区日本橋見本町1-1 登録金融機関 関東財務局長(登金)第0000号
""",
    )
