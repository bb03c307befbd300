"""A bus company's change of timetable for everybody: offices with their heads, addresses and telephones in columns."""

from benchmarks.detection.drawing import Draw, Message, layout, pad

OFFICES = (
    ("本社営業所", "白石 勝", "盛岡市北上ノ橋12-3", "019-555-0140"),
    ("花巻車庫", "小原 信子", "花巻市若木町5-2", "0198-55-0101"),
    ("一関案内所", "千葉 了", "一関市駅前通9", "0191-55-0172"),
    ("宮古待合所", "ー", "宮古市港町1-1", "0193-55-0133"),
)
ROUTES = ("盛岡~仙台線", "宮古~盛岡線(106急行)", "花巻~東京夜行便", "一関~気仙沼線")


@layout(
    "highway-bus-timetable", language="ja", personal=False, charset="iso-2022-jp", sender="info@kitakami-bus.example"
)
def mail(d: Draw) -> Message:
    table = "\n".join(pad(a, 14) + pad(b, 12) + pad(c, 24) + e for a, b, c, e in OFFICES)
    why = d.choice(["乗務員の勤務時間の見直し", "冬期の道路状況", "利用状況の変化", "道路工事による迂回"])
    return Message(
        subject=f"ダイヤ改正のお知らせ({d.date(20, 'short')}実施)",
        text=f"""いつも北神バスをご利用いただき、誠にありがとうございます。

{why}により、{d.date(20)}より下記のとおり時刻を改めます。

  路線    {d.choice(ROUTES)}
  始発    {d.time()} → {d.time()}
  減便    {d.choice(["なし", "上下各1便", "土休日の最終便"])}

すでに乗車券をお持ちの方は、手数料なしで変更・払いもどしができます。
乗車券の番号をお手もとにご用意のうえ、下の営業所へお申し出ください。

営業所名      所長        所在地                  電話
{table}

{d.choice(["車内では交通系ICカードがご利用になれます。", "運転中の携帯電話のご使用はご遠慮ください。"])}

北神バス株式会社 運輸部(運行管理者 畠山 健一)
""",
    )
