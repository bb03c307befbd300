"""A cram school's copy of an inquiry: two people of one family, and a free text that names them again."""

from benchmarks.detection.drawing import Draw, Message, label, layout, visible

STORIES = (
    "中学2年の{child}の母です。数学の成績が落ちてきました。\n部活のあと、19時より遅い時間に通えるでしょうか。",
    "はじめまして。息子の{child}は来年受験です。\n夏期講習だけの参加もできますか。\n昼は仕事で出られないので、電話は{phone}に夜お願いします。",
    "引っ越してきたばかりで、土地勘がありません。\n{street}から自転車で通える教室はありますか。",
)


@layout(
    "cram-school-inquiry-copy", language="ja", personal=True, charset="euc-jp", sender="info@manabiya-seiran.example"
)
def mail(d: Draw) -> Message:
    parent, pupil = d.person(), d.person()
    child = label("name", visible(parent.family) + visible(pupil.given))
    story = d.choice(STORIES).format(child=pupil.given, phone=parent.phone, street=parent.city + parent.street)
    return Message(
        subject="お問い合わせありがとうございます（青嵐ゼミ）",
        text=f"""{parent.family} {parent.given} 様

青嵐ゼミナール入塾相談係です。
以下の内容でお問い合わせを承りました。2営業日以内にお返事します。

+++++++++++++++++++++++++++++++++++
保護者氏名 : {parent.family} {parent.given}
ふりがな : {parent.kana_hira}
生徒氏名 : {child}
学年 : {d.choice(["小学5年", "中学2年", "中学3年", "高校1年"])}
メール : {parent.email}
電話番号 : {parent.phone}
ご希望の連絡方法 : {d.choice(["メール", "電話(夕方以降)", "どちらでも"])}
お問い合わせ内容 :
{story}
+++++++++++++++++++++++++++++++++++

教室一覧
  東口校  048-555-0121  教室長 比嘉
  南台校  048-555-0134  教室長 小笠原
{d.choice(["  新町校  048-555-0150  教室長 大村", "  新町校  (準備中)"])}
お急ぎの方は本部 048-555-0100(14時から21時)までどうぞ。
""",
    )
