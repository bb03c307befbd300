"""A card company's note that the bill is fixed: the holder stands in the subject or the To field, not in the body."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("card-bill-fixed", language="ja", personal=True, sender="notice@tonbo-card.example", sender_name="とんぼカード")
def mail(d: Draw) -> Message:
    p = d.person()
    in_subject = d.maybe(0.6)
    subject = d.choice([f"{p.name}様 ご請求額が確定しました", f"【とんぼカード】{p.name} 様のご請求額"])
    return Message(
        subject=subject if in_subject else "ご請求額確定のお知らせ【とんぼカード】",
        to="" if in_subject else d.choice([f"{p.name_tight}様", p.name]),
        text=f"""いつもとんぼカードをご利用いただきありがとうございます。

{d.date(30, "short")}のお支払い額が決まりました。会員専用ページの「明細」から
ご確認ください。

{d.choice(["お支払い日が休業日のときは、翌営業日にお引き落としします。", "リボ払いへの変更は、前の週の金曜まで承ります。"])}
{d.choice(["", "※ このメールにはお支払い額を記載しておりません。"])}

ご本人さま以外が受け取られたときは、お手数ですが紛失・盗難受付
0120-000-172（24時間、年中無休）へご連絡ください。

発行者：株式会社とんぼファイナンス
東京都台東区上野池端1-5 第二とんぼビル
個人情報保護管理者：取締役　栗栖 淳子
""",
    )
