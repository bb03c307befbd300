"""A hobby club's circular: chairman, treasurer and host of the month with their private telephones, as clubs do."""

from benchmarks.detection.drawing import Draw, Message, layout

PLACES = ("公民館 第二会議室", "区民センター 工作室", "汽車道会館 和室")


@layout("model-railway-circle", language="ja", personal=False, charset="euc-jp", sender="kaiho@kisha-no-kai.example")
def mail(d: Draw) -> Message:
    number = d.integer(101, 160)
    topic = d.choice(["キハ系の塗装", "レイアウトの配線", "真鍮の半田付け", "古い時刻表の読み方"])
    return Message(
        subject=f"汽車の会 会報第{number}号",
        text=f"""# 汽車の会 会報 第{number}号   {d.date()}

会員各位   会長 大河内 鉄郎

{d.choice(["朝夕は冷えるようになりました。", "運転会では大変お世話になりました。", "新しい仲間が増えました。"])}
次の例会を下記のとおり開きます。

1. 日時  {d.date(15, "weekday")} {d.time()}から
2. 場所  {d.choice(PLACES)}(川口市汽車道1-3)
3. 題目  {topic}
4. 会費  {d.price(300, 1500)}(茶菓代を含む)
5. 連絡  幹事 目黒(自宅 048-255-0119)、会計 蛭田(080-5550-0119)

* 年会費の振込先  郵便振替 00000-0-00000 加入者名 キシャノカイ
* 会報の発送先が変わる方は、新しい住所と氏名を目黒まで。
{d.choice(["* 工具の貸し出しを始めました。", "* 来月は貸切列車に乗ります。", ""])}

汽車の会 事務局  〒332-0099 川口市汽車道1-3-305 目黒方
""",
    )
