"""A night bus: the traveller stands in the subject, each label above its value; clean: the line's new stops, the same way."""

from benchmarks.detection.drawing import Draw, Message, half_kana, layout

LINES = (
    ("むささび1号", "東京(鍛冶橋)", "青森駅前", "22:10", "7:35"),
    ("むささび8号", "大阪(なんば)", "高知はりまや橋", "23:05", "5:40"),
    ("のすり3号", "名古屋(栄)", "松江しんじ湖", "21:50", "7:20"),
    ("のすり5号", "仙台駅東口", "新潟万代", "23:30", "5:15"),
)
FOOT = "むささび高速バス予約センター\n018-555-0142(9:00-19:00)\n忘れ物は秋田営業所 018-555-0143 担当 伊東"


def stacked(*rows: tuple[str, str]) -> str:
    return "\n\n".join(f"◇{head}\n　{value}" for head, value in rows)


@layout(
    "yakou-bus-seat", language="ja", personal=True, transfer="quoted-printable", sender="yoyaku@musasabi-bus.example"
)
def seat(d: Draw) -> Message:
    p = d.person()
    name, start, goal, leaves, comes = d.choice(LINES)
    rows = [
        ("便名・乗車日", f"{name}　{d.date(11, 'weekday')}"),
        ("乗車", f"{start} {leaves}発"),
        ("降車", f"{goal} {comes}着(翌日)"),
        ("座席", f"{d.integer(1, 10)}{d.choice('ABC')}({d.choice(('女性専用', '一般', '2列シート'))})"),
        ("代表者", d.choice((p.kana, half_kana(p.kana), p.name))),
    ]
    if d.maybe(0.6):
        rows.append(("緊急のご連絡先", d.choice((p.phone, p.phone_digits))))
    if d.maybe(0.35):
        other = d.person()
        rows.append(("同行の方", f"{other.kana}({d.choice(('大人', '小児', '学生'))})"))
    if d.maybe(0.4):
        rows.append(("乗車パスワード", p.code))
    rows.append(("運賃", d.price(4200, 13500)))
    subject = d.choice(
        (
            f"[予約{d.digits('######')}] {p.kana_tight}様 {d.date(11, 'short')} {name}",
            f"{p.family}様 夜行バスのご予約 {d.date(11, 'slash')} {leaves}発",
            "ご予約を承りました(むささび高速バス)",
        )
    )
    return Message(subject=subject, text=f"{stacked(*rows)}\n\n乗車の15分前にお集まりください。\n\n{FOOT}\n")


@layout(
    "yakou-bus-stops", language="ja", personal=False, transfer="quoted-printable", sender="unko@musasabi-bus.example"
)
def stops(d: Draw) -> Message:
    name, start, goal, leaves, comes = d.choice(LINES)
    rows = [
        ("便名・変更日", f"{name}　{d.date(21, 'weekday')}から"),
        ("乗車", f"{start} {leaves}発"),
        ("降車", f"{goal} {comes}着(翌日)"),
        ("座席", d.choice(("3列独立・全28席", "2列シートは1A〜4A", "女性専用席は5列目まで"))),
    ]
    if d.maybe(0.5):
        rows.append(("代表者の欄の書き方", "カタカナで「ムササビ タロウ」のように"))
    rows.append(("緊急のご連絡先", d.choice(("運行管理者 伊東(018-555-0143)", "乗務員携帯 080-5550-0111(当日のみ)"))))
    if d.maybe(0.4):
        rows.append(("乗車パスワード", "4月から6けたになります"))
    rows.append(("運賃", f"{d.price(4200, 7000)}〜{d.price(8000, 13500)}(早割 HAYA{d.integer(10, 30)})"))
    subject = d.choice(
        (
            f"[運行情報] {d.date(21, 'short')}からの{name}",
            f"夜行バスの停留所が変わります {d.date(21, 'slash')} {leaves}発から",
        )
    )
    return Message(subject=subject, text=f"{stacked(*rows)}\n\n乗車の15分前にお集まりください。\n\n{FOOT}\n")
