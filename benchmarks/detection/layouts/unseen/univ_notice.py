"""A university's office in two languages, a table of three columns; clean: the office's hours in the same table."""

from benchmarks.detection.drawing import Draw, Message, label, layout, visible
from jaconv import kana2alphabet, kata2hira

OFFICES = (
    ("教務課 Academic Affairs", "内線 ext. 3121", "大庭 / Ms Oba"),
    ("国際交流室 International Office", "内線 ext. 3308", "P. ヴァルガ / Mr P. Varga"),
    ("図書館 Library", "内線 ext. 3550", "館長 曲淵 隆 / Prof. T. Magaribuchi"),
)


def table(rows: list[tuple[str, str, str]]) -> str:
    return (
        "<table border=1>"
        + "".join(f"<tr><th>{ja}</th><th><i>{en}</i></th><td>{value}</td></tr>" for ja, en, value in rows)
        + "</table>"
    )


def page(d: Draw, lead: str, rows: list[tuple[str, str, str]]) -> str:
    office, line, who = d.choice(OFFICES)
    return f"""<html><body>{lead}
{table(rows)}
<p>担当 / Contact: {who}</p><p>{office}<br>湖東文理大学 Koto Bunri University<br>〒526-0098 滋賀県長浜市湖畔台700 / 700 Kohandai, Nagahama, Shiga<br>
0749-55-0100 (代表 main) {line}<br>9:00–17:00, lunch 12:00–13:00</p></body></html>"""


def roman(kana: str) -> str:
    return kana2alphabet(kata2hira(visible(kana)))


@layout(
    "univ-enrolment",
    language="ja",
    personal=True,
    transfer="base64",
    sender="kyomu@koto-bunri.example",
    sender_name="湖東文理大学 / Koto Bunri University",
)
def enrolment(d: Draw) -> Message:
    p = d.person()
    english = label("name", f"{roman(p.kana_given).title()} {roman(p.kana_family).upper()}")
    rows = [
        ("学籍番号", "Student ID", p.member),
        ("氏名", "Name", d.choice((f"{p.name} / {english}", p.name, english))),
        ("期限", "Deadline", d.date(14, "iso")),
    ]
    if d.maybe(0.5):
        rows.append(("生年月日", "Date of birth", p.dob_iso))
    if d.maybe(0.5):
        rows.append(("現住所", "Current address", f"{p.postal} {p.address}"))
    if d.maybe(0.3):
        rows.append(("保証人", "Guarantor", f"{d.person().name} ({d.people[-1].phone})"))
    if d.maybe(0.4):
        rows.append(("初期パスワード", "Initial password", f"<code>{p.secret}</code>"))
    if d.maybe(0.4):
        rows.append(("携帯電話", "Mobile", d.choice((p.phone, p.phone_intl))))
    lead = d.choice(
        (
            f"<p>{p.name} さん<br>Dear {english},</p><p>届出の内容を確かめてください。 Please check your record.</p>",
            "<p>学生各位 / Dear student,</p><p>届出の内容を確かめてください。 Please check your record.</p>",
        )
    )
    return Message(
        subject=d.choice(("【重要】学籍情報の確認 / Check your record", "履修登録について Course registration")),
        html=page(d, lead, rows),
    )


@layout(
    "univ-hours",
    language="ja",
    personal=False,
    transfer="base64",
    sender="koho@koto-bunri.example",
    sender_name="湖東文理大学 / Koto Bunri University",
)
def hours(d: Draw) -> Message:
    rows = [
        ("対象", "For", d.choice(("全学生 all students", "学籍番号が26で始まる人 IDs beginning with 26"))),
        ("氏名の記入", "Name", d.choice(("例: 湖東 文子 / e.g. Fumiko KOTO", "旅券のとおり as in passport"))),
        ("期限", "Deadline", d.date(14, "iso")),
    ]
    if d.maybe(0.5):
        rows.append(("開館", "Open", f"{d.integer(8, 10)}:00–{d.integer(19, 22)}:00"))
    if d.maybe(0.5):
        rows.append(("会場", "Venue", "〒526-0098 長浜市湖畔台700 2号館203 / Bldg 2, Room 203"))
    if d.maybe(0.4):
        rows.append(("講師", "Speaker", d.choice(("名誉教授 八重垣 武 / Prof. em. T. Yaegaki", "Dr Ines Corvalán"))))
    if d.maybe(0.4):
        rows.append(("費用", "Fee", d.price(500, 4000)))
    if d.maybe(0.3):
        rows.append(("無線LAN", "Wi-Fi", "SSID koto-guest"))
    lead = "<p>学生各位 / Dear students,</p><p>次のとおりお知らせします。 Please note the following.</p>"
    return Message(
        subject=d.choice(
            ("窓口時間の変更 / Office hours", "公開講座のご案内 Open lecture", "図書館より From the library")
        ),
        html=page(d, lead, rows),
    )
