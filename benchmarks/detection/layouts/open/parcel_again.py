"""A parcel company's redelivery: each label above its value, of the address only the city, a surname in the subject."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("parcel-again", language="ja", personal=True, sender="saihaitatsu@hayate-bin.example", sender_name="はやて便")
def mail(d: Draw) -> Message:
    p = d.person()
    slip = d.digits("####-####-####")
    return Message(
        subject=f"{p.family}様 再配達を承りました",
        text=f"""はやて便をご利用いただきありがとうございます。
再配達のご依頼を承りました。

お問い合わせ番号
{slip}

お届け先
{p.city}
{p.name_wide}

ご連絡先
{p.phone_digits}

お届け予定
{d.date(1, "weekday")}
{d.choice(["午前中", "14:00-16:00", "19:00-21:00"])}

ご依頼主
{d.choice(["株式会社ことり書店", "つばめ電機 通販部", "市立図書館"])}

お荷物のおかれている店
{d.choice(["北営業所", "中央営業所"])}　ドライバー直通 070-5550-0{d.choice(["114", "131", "167"])}（8時から20時）

はやて便株式会社
〒136-0099 東京都江東区砂洲4-8
""",
    )
