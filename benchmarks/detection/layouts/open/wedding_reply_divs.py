"""An invitation service returns a guest's answer to the guest: divs without a table, the label above the value."""

from benchmarks.detection.drawing import Draw, Message, layout


def block(head: str, *values: str) -> str:
    lines = "".join(f'<div style="font-size:16px">{value}</div>' for value in values if value)
    return f'<div style="margin:14px 0"><div style="color:#b08a90;font-size:11px">{head}</div>{lines}</div>'


@layout(
    "wedding-reply-divs",
    language="ja",
    personal=True,
    transfer="quoted-printable",
    sender="reply@shiawase-jo.example",
    sender_name="しあわせ状",
)
def mail(d: Draw) -> Message:
    guest, partner = d.person(), d.person()
    blocks = [
        block("お名前", guest.name, guest.kana_hira),
        block("ご住所", guest.postal_mark, guest.prefecture + guest.city + guest.street, guest.building),
        block("おでんわ", guest.phone_digits),
    ]
    if d.maybe(0.5):
        blocks.append(block("お連れさま", f"{partner.family}{partner.given}（{d.choice(['友人', 'いとこ', '同僚'])}）"))
    blocks.append(block("アレルギーなど", d.choice(["なし", "えび・かに", "そば", "妊娠中のため生ものを控えたい"])))
    return Message(
        subject=d.choice(["ご出席のお返事をお預かりしました", "お返事の控え"]),
        html=f"""<div style="max-width:480px;margin:auto;font-family:serif">
<div style="font-size:22px;text-align:center">しあわせ状</div>
<div>ご新郎ご新婦へお返事をお届けしました。内容をお確かめください。</div>
{"".join(blocks)}
<div>当日　{d.date(60)}　挙式 {d.choice(["10:30", "11:00", "13:00", "15:30"])}より</div>
<div>会場　迎賓館 白樺の庭（札幌市中央区旭山公園前5-1、電話 011-555-0190）</div>
<div style="color:#888">お返事の変更は{d.date(30, "short")}まで、画面右上の「直す」からできます。</div>
<div style="color:#888">しあわせ状　運営 株式会社水引　担当 早乙女　support@shiawase-jo.example</div>
</div>""",
    )
