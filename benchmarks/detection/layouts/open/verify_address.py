"""A service asks a mailbox to confirm itself and says nothing of anybody (clean): the neutral mail as it should be."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "verify-address",
    language="ja",
    personal=False,
    charset="utf-8",
    sender="no-reply@tsukimi-photo.example",
    sender_name="月見フォト",
)
def mail(d: Draw) -> Message:
    shop = d.shop("月見フォト")
    return Message(
        subject=d.choice(("メールアドレスの確認のお願い", "【月見フォト】登録はまだ完了していません")),
        html=f"""\
<html><body><div style="max-width:520px;margin:auto">
<p>月見フォトです。</p>
<p>このメールアドレスで会員登録の申し込みがありました。お申し込みになったご本人様は、
<b>{d.integer(24, 72)}時間以内</b>に、アプリの「お知らせ」から手続きをお進めください。</p>
<p>お心当たりのない方は、何もなさる必要はありません。登録は自動で取り消されます。</p>
<table><tr><td>受付日時</td><td>{d.date(0, "slash")} {d.time()}</td></tr>
<tr><td>お問い合わせ</td><td>{shop.mail}</td></tr>
<tr><td>電話</td><td>{shop.phone}({shop.hours})</td></tr></table>
<p>運営会社 {shop.company}<br>個人情報保護管理者 {shop.staff_full}</p></div></body></html>
""",
    )
