"""A job site's application passed on to a shop, the original quoted twice; clean: a notice passed on the same way."""

from benchmarks.detection.drawing import Draw, Message, layout, pad

JOBS = ("ホールスタッフ(夜)", "惣菜の盛付け", "配送助手", "看護助手(日勤)", "レジ・品出し")


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def original(sender: str, to: str, when: str, subject: str, body: str) -> str:
    return f"-----Original Message-----\nFrom: {sender}\nTo: {to}\nSent: {when}\nSubject: {subject}\n\n{body}"


def form(*rows: tuple[str, str]) -> str:
    return "\n".join(f"[{pad(head, 12)}] {value}" for head, value in rows)


@layout(
    "oubo-tensou",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="honbu-saiyo@marukane-shokuhin.example",
    sender_name="まるかね食品 人事課",
)
def passed_on(d: Draw) -> Message:
    p = d.person()
    job = d.choice(JOBS)
    rows = [("応募職種", job), ("お名前", p.name), ("ふりがな", p.kana_hira), ("年齢", f"{d.integer(17, 67)}歳")]
    rows += d.choice(
        (
            [("住所", f"{p.postal} {p.address}"), ("電話", p.phone)],
            [("電話", p.phone), ("メール", p.email)],
            [("最寄り", f"{p.city}"), ("メール", p.email)],
        )
    )
    if d.maybe(0.5):
        rows.append(("生年月日", p.dob_kanji))
    rows.append(
        (
            "自己PR",
            d.choice(
                (
                    "立ち仕事に慣れています。",
                    "子どもが小さいため15時までを希望します。",
                    "腰痛のため重い物は持てません。",
                    "在留資格は留学、週28時間までです。",
                )
            ),
        )
    )
    inner = original(
        "シゴトマド <form@shigotomado.example>",
        "saiyo@marukane-shokuhin.example",
        f"{d.date(-1, 'slash')} {d.time()}",
        f"応募がありました [{job}]",
        form(*rows),
    )
    ask = d.choice(
        (
            "下の方から応募がありました。面接の日どりをお願いします。",
            f"{p.family}さんという方から応募です。明日までにお電話をお願いします。",
            f"応募1件転送します。{p.phone}、つながりやすいのは夕方とのことです。",
        )
    )
    return Message(
        subject=d.choice((f"Fw: 応募がありました [{job}]", f"Fw: 応募 {p.name_tight}さん")),
        text=f"""\
川端店長

お疲れさまです。人事課の末次です。
{ask}

末次 亜由美(内線 205 / 092-555-0165)

{quoted(inner)}
""",
    )


@layout(
    "oubo-kokuchi",
    language="ja",
    personal=False,
    charset="iso-2022-jp",
    sender="honbu-shanai@marukane-shokuhin.example",
    sender_name="まるかね食品 人事課",
)
def notice(d: Draw) -> Message:
    job = d.choice(JOBS)
    rows = [
        ("募集職種", job),
        ("お名前欄", d.choice(("漢字で入力(例: 金丸 一子)", "必須になりました"))),
        ("時給", f"{d.price(1000, 1600)}から"),
        ("掲載期間", f"{d.date(3, 'slash')} - {d.date(24, 'slash')}"),
        ("問合せ", d.choice(("シゴトマド 営業 榊 03-5555-0191", "0120-000-168(平日10-18時)"))),
    ]
    if d.maybe(0.5):
        rows.append(("会場", "〒812-0097 福岡市博多区比恵通4-1 まるかね本社3階"))
    inner = original(
        "シゴトマド <eigyo@shigotomado.example>",
        "saiyo@marukane-shokuhin.example",
        f"{d.date(-1, 'slash')} {d.time()}",
        f"掲載のご案内 [{job}]",
        form(*rows),
    )
    return Message(
        subject=f"Fw: 掲載のご案内 [{job}]",
        text=f"""\
各店長

お疲れさまです。人事課の末次です。
{d.choice(("求人サイトから連絡がありましたので転送します。", "原稿の直しは今週中にお願いします。", "割引コード(MARU" + d.digits("##") + ")は全店で使えます。"))}

末次 亜由美(内線 205 / 092-555-0165)

{quoted(inner)}
""",
    )
