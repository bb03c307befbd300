"""A swimming school's page of nested boxes, small heading over large value; clean: its holidays in the same boxes."""

from benchmarks.detection.drawing import Draw, Message, label, layout, visible

COURSES = ("ベビー(親子)", "幼児A", "学童 クロール級", "学童 四泳法級", "選手育成", "水中ウォーク 60歳から")


def tile(head: str, value: str) -> str:
    return f'<div class="tile"><div class="head">{head}</div><div class="value"><span>{value}</span></div></div>'


def page(lead: str, *tiles: str) -> str:
    return f"""<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><style>.tile{{padding:8px}}.head{{font-size:11px;color:#06a}}</style></head>
<body><div class="outer"><div class="inner"><div class="lead">{lead}</div>
<div class="tiles">
{"".join(tiles)}
</div><div class="foot"><div>いるかスイミング浜手校</div><div>西宮市浜手通3-8 ショアモール3F</div>
<div>フロント 0798-55-0115</div><div>月曜休館 / 10:00〜20:30</div><div>校長 吉永 未央 ・ 主任コーチ 浦部</div></div>
</div></div></body></html>"""


@layout("swim-furikae", language="ja", personal=True, sender="front@iruka-swim.example", sender_name="いるかスイミング")
def change(d: Draw) -> Message:
    p = d.person()
    child = d.person()
    swimmer = d.choice((label("name", visible(p.family) + visible(child.given)), f"{child.given}さん", p.name))
    tiles = [
        tile("会員", f"{swimmer}(No.{p.member})" if d.maybe(0.6) else swimmer),
        tile("コース", label("order_item", d.choice(COURSES))),
        tile("お休みの日", d.date(2, "weekday")),
        tile("振替の日", f"{d.date(5, 'weekday')} {d.time()}"),
    ]
    if d.maybe(0.5):
        tiles.append(tile("保護者", f"{p.name_tight} / {p.phone}"))
    if d.maybe(0.4):
        tiles.append(tile("送迎バスの乗り場", f"ご自宅前({p.city}{p.street})"))
    if d.maybe(0.3):
        tiles.append(tile("お誕生日(プレゼント用)", child.dob_kanji))
    return Message(
        subject=d.choice(("振替を受け付けました", "【いるか】お休み・振替のご連絡")),
        html=page(d.choice((f"{p.family}さま、こんにちは!", "こんにちは! いるかスイミングです。")), *tiles),
    )


@layout(
    "swim-holidays", language="ja", personal=False, sender="news@iruka-swim.example", sender_name="いるかスイミング"
)
def holidays(d: Draw) -> Message:
    tiles = [
        tile("対象", d.choice(("全会員", "学童の部", "火・木クラス"))),
        tile("コース", d.choice(COURSES)),
        tile("お休みの日", f"{d.date(12, 'weekday')}〜{d.date(16, 'weekday')}"),
        tile("振替の日", f"{d.date(20, 'weekday')} {d.time()}"),
    ]
    if d.maybe(0.5):
        tiles.append(tile("代行コーチ", d.choice(("浦部 大介 / 控室 内線21", "クルス先生", "田野倉(元 県代表)"))))
    if d.maybe(0.4):
        tiles.append(tile("送迎バスの乗り場", d.choice(("浜手小学校 正門前", "ショアモール 東ロータリー"))))
    if d.maybe(0.5):
        tiles.append(tile("短期教室", f"4日間 {d.price(3200, 6800)} (紹介コード IRUKA{d.integer(20, 30)})"))
    return Message(
        subject=d.choice(("休館日のお知らせ", "【いるか】来月の予定")),
        html=page("会員と保護者のみなさま、こんにちは!", *tiles),
    )
