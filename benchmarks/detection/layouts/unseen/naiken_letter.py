"""An estate agent's letter with a calendar file for a viewing; clean: the same hand and file for an open house."""

from benchmarks.detection.drawing import Draw, Message, layout

HOUSES = (
    ("北鎌倉の平屋", "神奈川県鎌倉市山ノ内台1450", "築42年 / 土地188.40m2 / 4,980万円"),
    ("片倉の角部屋", "横浜市神奈川区片倉坂5-17-302", "築9年 / 68.12m2 / 5,290万円"),
    ("葉山の山荘", "神奈川県三浦郡葉山町長柄下811-2", "築28年 / 土地301.77m2 / 3,650万円"),
)
AGENTS = (("仲尾 俊平", "080-5550-0132"), ("ラング 美緒", "080-5550-0133"), ("小野寺 圭", "080-5550-0134"))


def event(d: Draw, title: str, place: str, more: list[str]) -> str:
    start = f"{d.date(6, 'iso').replace('-', '')}T{d.integer(10, 16)}0000"
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Kaze no Ie//Annai//JA",
            "BEGIN:VEVENT",
            f"UID:{d.digits('######')}-kazenoie",
            f"DTSTART;TZID=Asia/Tokyo:{start}",
            "DURATION:PT1H",
            f"SUMMARY:{title}",
            f"LOCATION:{place}",
            *more,
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    )


@layout(
    "naiken-letter", language="ja", personal=True, sender="annai@kazenoie-estate.example", sender_name="風の家不動産"
)
def viewing(d: Draw) -> Message:
    p = d.person()
    house, place, facts = d.choice(HOUSES)
    agent, mobile = d.choice(AGENTS)
    first = agent.split()[0]
    about = d.choice(
        (
            f"{p.family}様のご希望({d.choice(('ペット可', '駐車2台', '和室あり', '車いすで入れること'))})に近いと存じます。",
            f"お住まいの{p.city}からは{d.integer(20, 90)}分ほどです。",
            f"資料は{p.address}へ昨日お送りいたしました。",
            f"当日は{p.phone}へ一度お電話いたします。",
        )
    )
    together = f"ご同行の{d.person().name_tight}様にもよろしくお伝えください。\n" if d.maybe(0.3) else ""
    more = d.choice(
        (
            [
                f"DESCRIPTION:ご来場 {p.name} 様 / {p.phone} / 案内 {first}",
                f'ATTENDEE;CN="{p.name}";ROLE=REQ-PARTICIPANT:mailto:{p.email}',
            ],
            [f"DESCRIPTION:案内 {first}", f"ATTENDEE;ROLE=REQ-PARTICIPANT:mailto:{p.email}"],
            [f"DESCRIPTION:{facts}", f"ORGANIZER;CN={agent}:mailto:annai@kazenoie-estate.example"],
        )
    )
    return Message(
        subject=d.choice((f"{house}のご内覧について", f"Re: 内覧のお願い({p.family})")),
        text=f"""\
{p.name}様

先日はお電話をありがとうございました。風の家不動産の{first}です。
{house}のご内覧を、{d.date(6, "weekday")}に承りました。{about}
物件は{place}、{facts}です。現地集合でお願いいたします。
{together}
予定表に入れられるファイルを付けました。道に迷われましたら{mobile}まで。

{agent}
風の家不動産株式会社 鎌倉店 0467-55-0131(水曜定休)
""",
        attachments=[("naiken.ics", "text/calendar", event(d, f"{house} 内覧", place, more))],
    )


@layout(
    "naiken-open-house",
    language="ja",
    personal=False,
    sender="genchi@kazenoie-estate.example",
    sender_name="風の家不動産",
)
def open_house(d: Draw) -> Message:
    house, place, facts = d.choice(HOUSES)
    agent, mobile = d.choice(AGENTS)
    first = agent.split()[0]
    about = d.choice(
        (
            "庭の金木犀が見ごろです。",
            f"前の持ち主で陶芸家の故 {d.choice(('有賀 泥舟', '三枝 梅女'))}氏が手を入れた家です。",
            f"値下げいたしました({d.date(-3, 'short')})。",
        )
    )
    more = d.choice(
        (
            [f"DESCRIPTION:案内 {first} / {mobile}", f"ORGANIZER;CN={agent}:mailto:genchi@kazenoie-estate.example"],
            [f"DESCRIPTION:{facts}"],
        )
    )
    return Message(
        subject=d.choice((f"{house}の現地見学会", "週末の見学会のお知らせ")),
        text=f"""\
家をお探しの皆様

いつもありがとうございます。風の家不動産の{first}です。
{house}の見学会を、{d.date(6, "weekday")}に開きます。{about}
物件は{place}、{facts}です。ご予約は要りません。

予定表に入れられるファイルを付けました。道に迷われましたら{mobile}まで。

{agent}
風の家不動産株式会社 鎌倉店 0467-55-0131(水曜定休)
""",
        attachments=[("kengaku.ics", "text/calendar", event(d, f"{house} 見学会", place, more))],
    )
