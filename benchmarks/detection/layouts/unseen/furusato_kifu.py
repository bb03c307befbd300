"""A town's thanks for a donation with the tax form filled in; clean: the same form as an example of how to fill it in."""

from benchmarks.detection.drawing import Draw, Message, label, layout, wide

GIFTS = (
    "干しいも 1.2kg",
    "枝豆(冷凍)5袋",
    "手延べうどん 24束",
    "桐の米びつ 5kg用",
    "温泉宿泊補助券",
    "わっぱの弁当箱",
    "紅ずわいがに 2杯",
)
STAFF = ("企画財政課 寄附係 矢代", "ふるさと応援室 本多 美幸", "企画財政課 主査 皆川")


def form(title: str, rows: list[tuple[str, str]]) -> str:
    """Number, heading and value, the headings merged as in the printed form."""
    body = "".join(
        f'<tr><td align="center" bgcolor="#dde8d8">{number}</td><td bgcolor="#eef4ea">{head}</td><td colspan="2">{value}</td></tr>\n'
        for number, (head, value) in enumerate(rows, 1)
    )
    return f'<table border="1" cellspacing="0" width="560"><tr><td colspan="4" align="center"><b>{title}</b></td></tr>\n{body}</table>'


def page(lead: str, table: str, staff: str) -> str:
    return f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=EUC-JP"></head><body>
<p>{lead}</p>
{table}
<p><font size="-1">※この電子メールは領収書ではありません。<br>
※ワンストップ特例の申請は翌年1月10日必着です。</font></p>
<p>霧峰町役場 {staff}<br>〒399-0098 長野県霧峰町大字霧ヶ原1200番地<br>電話 0266-55-0127(直通) FAX 0266-55-0128<br>
窓口 平日8時30分から17時15分まで</p></body></html>"""


@layout(
    "furusato-thanks",
    language="ja",
    personal=True,
    charset="euc-jp",
    sender="furusato@town.kirimine.example",
    sender_name="霧峰町ふるさと応援室",
)
def thanks(d: Draw) -> Message:
    p = d.person()
    yen = d.integer(5, 90) * 1000
    rows = [
        ("受付番号", d.digits("R8-#####")),
        ("寄附者 氏名", f"{p.name_wide}<br><small>{p.kana}</small>" if d.maybe(0.6) else p.name_wide),
        ("寄附者 住所", f"{p.postal_mark}<br>{p.address}"),
        ("寄附金額", f"金 {yen:,} 円"),
        ("受領日", d.date(-2)),
    ]
    if d.maybe(0.5):
        rows.append(("生年月日", p.dob_era))
    if d.maybe(0.5):
        rows.append(("電話番号", wide(p.phone)))
    if d.maybe(0.6):
        rows.append(("お礼の品", label("order_item", d.choice(GIFTS))))
    lead = d.choice(
        (
            f"{p.name_wide} 様<br>このたびは霧峰町にご寄附をいただき、心から御礼申し上げます。",
            "このたびは霧峰町にご寄附をいただき、心から御礼申し上げます。下のとおり受領しました。",
        )
    )
    return Message(
        subject=d.choice(("寄附金を受領しました(霧峰町)", "霧峰町ふるさと寄附 受領のお知らせ")),
        html=page(lead, form("寄附金受領通知", rows), d.choice(STAFF)),
    )


@layout(
    "furusato-how-to",
    language="ja",
    personal=False,
    charset="euc-jp",
    sender="oen@town.kirimine.example",
    sender_name="霧峰町ふるさと応援室",
)
def how_to(d: Draw) -> Message:
    rows = [
        ("受付番号", "R8-00000(通知に書いてあります)"),
        (
            "寄附者 氏名",
            d.choice(("霧峰　太郎", "寄附　花子", "○○　○○")) + "<br><small>フリガナもご記入ください</small>",
        ),
        ("寄附者 住所", "〒000-0000<br>" + d.choice(("○○県○○市○○町1-2-3", "住民票のとおりにご記入ください"))),
        ("寄附金額", f"金 {d.integer(5, 40) * 1000:,} 円"),
        ("受領日", d.date(-2)),
    ]
    if d.maybe(0.5):
        rows.append(("生年月日", "昭和○年○月○日"))
    if d.maybe(0.5):
        rows.append(("電話番号", wide("000-0000-0000")))
    lead = d.choice(
        (
            f"寄附された皆様<br>申請書の記入例をお送りします。町長 有賀 宗一からの礼状は{d.date(20, 'short')}ごろに発送します。",
            f"寄附された皆様<br>{d.choice(GIFTS)}ほか、お礼の品を入れ替えました。申請書の書き方とあわせてご覧ください。",
        )
    )
    return Message(
        subject=d.choice(("申請書の記入例について(霧峰町)", "霧峰町ふるさと寄附 お礼の品の入れ替え")),
        html=page(lead, form("記入例", rows), d.choice(STAFF)),
    )
