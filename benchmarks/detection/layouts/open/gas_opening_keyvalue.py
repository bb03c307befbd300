"""A gas supplier's confirmation of a new connection, field＝value, the building on a line of its own."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("gas-opening-keyvalue", language="ja", personal=True, charset="shift_jis", sender="kaisen@tohto-gas.example")
def mail(d: Draw) -> Message:
    p = d.person()
    building = f"建物・部屋＝{p.building}\n" if p.building else ""
    return Message(
        subject=f"ガス開栓お申込み受付 [{d.digits('G######')}]",
        text=f"""※本メールはシステムより自動配信しています※

契約者名＝{p.name}
カナ＝{p.kana}
お客さま番号＝{p.member}
郵便＝{p.postal}
所番地＝{p.prefecture}{p.city}{p.street}
{building}携帯＝{p.phone}
支払方法＝{d.choice(["口座振替", "払込票", "クレジットカード"])}
開栓日＝{d.date(6, "slash")}
時間帯＝{d.choice(["9-12", "13-15", "15-17", "17-19"])}
立会＝{d.choice(["要", "要（代理人可）"])}
メーター位置＝{d.choice(["屋外", "パイプシャフト内", "不明"])}

開栓当日は係員が身分証を提示してうかがいます。
{d.choice(["コンロのガス種（都市ガス13A）をお確かめください。", "引越し元の閉栓は別にお手続きください。"])}

東都ガスライト株式会社 お客さまセンター
ナビダイヤル＝0570-000-183
ガス漏れ専用＝0120-00-0194（24時間）
所在地＝千葉県浦安市入船南2-8-1 東都ガスライト本社ビル
""",
    )
