"""A florist's order of funeral flowers: sender, mourner and name card are different people, the address is Kyoto's."""

from benchmarks.detection.drawing import Draw, Message, label, layout

CROSSINGS = ("烏丸通御池下る", "油小路通五条上る", "寺町通仏光寺東入", "大宮通松原西入")


@layout("condolence-flowers", language="ja", personal=True, charset="euc-jp", sender="kyoka@hanatsugu.example")
def mail(d: Draw) -> Message:
    p, mourner = d.person(), d.person()
    place = label(
        "address", f"京都市下京区{d.choice(CROSSINGS)}{d.choice(['亀屋町', '骨屋町', '橘町'])}{d.integer(101, 480)}"
    )
    flower = label("order_item", d.choice(["供花スタンド 白上", "枕花(洋花)", "胡蝶蘭 白三本立", "籠花 お悔み 淡色"]))
    return Message(
        subject="ご注文の控え(花つぐ)",
        text=f"""{p.name}様

このたびはご愁傷さまでございます。
ご注文の内容を控えとしてお送りいたします。

【お品】　{flower}　{d.price(8000, 9800)}
【名札】　{d.choice(["友人一同", f"{p.name}", f"{p.family}家"])}
【お届け先】　{mourner.name}様方
　　　　　　　{place}
　　　　　　　お電話 {mourner.home_phone}
【お届け】　{d.date(1, "weekday")} {d.choice(["通夜の前まで", "午前中"])}
【ご依頼主】　{p.name}　{p.address}
　　　　　　　{p.phone}
【お支払い】　{d.choice(["後払い(請求書)", "カード一括", "代金引換"])}

喪中のことゆえ、お礼のお電話は控えさせていただきます。

花つぐ　京都市中京区錦小路通西洞院東入槌屋町 501
075-555-0187　店主　四辻 さと
""",
    )
