"""A hot-spring inn's booking: tables inside tables, th beside td, and the guest's wish in the guest's own words."""

from benchmarks.detection.drawing import Draw, Message, label, layout

WISHES = (
    "母の喜寿の祝いです。ケーキの持ち込みはできますか。",
    "{kana}と申します。膝が悪いので、低い椅子をお願いできれば助かります。",
    "夕食は少なめでお願いします。前日は携帯{phone}のほうがつながります。",
    "特になし",
)
ROOMS = ("本館和室十畳(部屋食)", "離れ 露天風呂付 月の間", "洋室ツイン 禁煙 朝食のみ", "一人旅プラン 和室六畳")


def row(head: str, value: str) -> str:
    return f'<tr><th align="left" width="120" bgcolor="#f3ece0">{head}</th><td>{value}</td></tr>'


@layout(
    "onsen-ryokan-reservation",
    language="ja",
    personal=True,
    sender="yoyaku@yunohana-tei.example",
    sender_name="湯の花亭 帳場",
)
def mail(d: Draw) -> Message:
    p = d.person()
    wish = d.choice(WISHES).format(kana=p.kana_family, phone=p.phone)
    rows = "".join(
        (
            row("ご予約番号", d.order_number()),
            row("ご宿泊日", f"{d.date(20)}より{d.integer(1, 3)}泊"),
            row("お部屋", label("order_item", d.choice(ROOMS))),
            row("ご代表者", f"{p.name}<br><small>({p.kana})</small>"),
            row("ご住所", f"{p.postal_mark}<br>{p.address}"),
            row("ご連絡先", f"{p.phone}<br>{p.email}" if d.maybe(0.6) else p.phone_intl),
            row("人数", f"大人{d.integer(1, 4)}名"),
            row("ご要望", wish),
        )
    )
    return Message(
        subject="ご予約を承りました｜湯の花亭",
        html=f"""<html><body bgcolor="#ffffff"><table width="640" align="center"><tr><td>
<h2>湯の花亭</h2>
<p>このたびは当館をお選びくださり、誠にありがとうございます。女将の三雲千草でございます。</p>
<table border="0" cellpadding="12"><tr><td>
<table border="1" cellspacing="0" cellpadding="6" width="560">{rows}</table>
</td></tr></table>
<p>ご到着は{d.choice(["15時から18時", "14時から19時"])}の間にお願いいたします。{d.choice(["送迎バスは駅の東口から出ます。", ""])}</p>
<p>お取消料:前日50%、当日80%、ご連絡のない場合100%</p>
<table width="100%" bgcolor="#5b4636"><tr><td><font color="#ffffff">湯の花亭 〒377-0102 群馬県渋川市湯元町43-2<br>
電話 0279-55-0142(9時から21時) 支配人 鳥谷部 正和</font></td></tr></table>
</td></tr></table></body></html>""",
    )
