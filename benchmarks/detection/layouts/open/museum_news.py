"""A museum's letter to all its friends: curators by name, opening hours, telephones, nothing of the reader."""

from benchmarks.detection.drawing import Draw, Message, layout

SHOWS = (
    ("海を渡った藍", "学芸員 榊原 由紀子", "染織"),
    ("小さな仏たち", "主任学芸員 瀬戸口 亮", "彫刻"),
    ("駅舎の百年", "学芸課長 永沢 弓子", "写真"),
    ("石の声を聞く", "客員研究員 浅葉 道夫", "考古"),
)


@layout("museum-news", language="ja", personal=False, sender="news@kasuga-museum.example", sender_name="霞台美術館")
def mail(d: Draw) -> Message:
    name, curator, field = d.choice(SHOWS)
    talk = d.date(16, "weekday")
    lead = d.choice(["会員の皆さま、いつもありがとうございます。", "友の会の皆様へ"])
    hours = d.choice(["9時30分から17時", "10時から18時(金曜は20時)"])
    return Message(
        subject=f"【霞台美術館】{d.date(0, 'short')}号 「{name}」展が始まります",
        text=f"""{lead}

「{name}」展
会期:{d.date(10)}から{d.date(66)}
担当:{curator}

講演会のお申し込み:電話 0598-55-0117(教育普及係 村瀬)
開館時間:{hours}
住所:〒515-0099 三重県松阪市霞台町1873
""",
        html=f"""<html><body><p>{lead}</p><table width="600"><tr><td colspan="2"><h1>「{name}」展</h1></td></tr>
<tr><th>会期</th><td>{d.date(10)}から{d.date(66)}</td></tr>
<tr><th>担当</th><td>{curator}({field})</td></tr>
<tr><th>講演会</th><td>{talk} 14時 講堂 定員80名</td></tr>
<tr><th>お申し込み</th><td>電話 0598-55-0117(教育普及係 村瀬)</td></tr>
<tr><th>開館時間</th><td>{hours}</td></tr>
<tr><th>住所</th><td>〒515-0099 三重県松阪市霞台町1873</td></tr></table>
<p>{d.choice(["ミュージアムショップに新しい絵はがきが入りました。", "中庭の藤が見ごろです。", ""])}</p></body></html>""",
    )
