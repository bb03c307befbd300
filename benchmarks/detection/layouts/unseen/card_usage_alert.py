"""A credit card was used: HTML cards and a text part, numbers masked; clean: how such an alert looks, and whom to call."""

from benchmarks.detection.drawing import Draw, Message, layout

PLACES = (
    "マルトミ石油 国道店",
    "PAPERMOON*STREAMING",
    "フレッシュ三笠",
    "ドラッグ朝日 駅前",
    "ETC 通行料金",
    "HOTEL LUNARIA 会計",
)
SAFE = "カードの紛失・盗難 0120-000-199(24時間)"


def two(title: str, facts: list[tuple[str, str]], note: str) -> dict[str, str]:
    """The same facts as plain text and as HTML."""
    text = "\n".join(
        [
            title,
            "",
            *(f"  {head}\t{value}" for head, value in facts),
            "",
            note,
            SAFE,
            "ハクチョウカード株式会社 名古屋市中区鶴舞台1-1",
        ]
    )
    cells = "".join(
        f'<tr><td style="color:#777">{head}</td><td style="text-align:right"><strong>{value}</strong></td></tr>'
        for head, value in facts
    )
    html = f"""<html><body style="background:#eee"><center><table role="presentation" width="480" style="background:#fff"><tr><td>
<h2>{title}</h2><table role="presentation" width="100%">{cells}</table><p>{note}</p>
<p style="font-size:11px">{SAFE}<br>ハクチョウカード株式会社 名古屋市中区鶴舞台1-1</p></td></tr></table></center></body></html>"""
    return {"text": text, "html": html}


@layout(
    "card-usage-alert",
    language="ja",
    personal=True,
    transfer="quoted-printable",
    sender="riyou@hakucho-card.example",
    sender_name="ハクチョウカード",
)
def used(d: Draw) -> Message:
    p = d.person()
    facts = [
        ("ご利用日時", f"{d.date(0, 'slash')} {d.time()}"),
        ("ご利用先", d.choice(PLACES)),
        ("ご利用金額", d.price(300, 48000)),
        (
            "カード番号",
            d.choice((f"****-****-****-{p.card_tail}", f"5290-XXXX-XXXX-{p.card_tail}", f"●●●●{p.card_tail}")),
        ),
    ]
    told = d.maybe(0.5)
    if told:
        facts.append(("ご本人/家族", f"{p.given}様のカード" if d.maybe(0.5) else f"本人会員 {p.name_tight}様"))
    if d.maybe(0.3):
        facts.append(("会員番号", p.member))
    note = d.choice(
        (
            f"お心あたりのないときは、{p.phone}あてにお送りした認証コードを入力せず、お電話ください。",
            f"{p.name} 様のカードのご利用をお知らせしました。",
            f"配信先: {p.email}",
            "この通知は実際の請求と異なる場合があります。" if told else f"{p.family} 様にお知らせしました。",
        )
    )
    return Message(
        subject=d.choice(("カードのご利用がありました", f"ご利用速報 {d.date(0, 'slash')}")),
        **two("ご利用のお知らせ", facts, note),
    )


@layout(
    "card-alert-about",
    language="ja",
    personal=False,
    transfer="quoted-printable",
    sender="info@hakucho-card.example",
    sender_name="ハクチョウカード",
)
def about(d: Draw) -> Message:
    facts = [
        ("ご利用日時", f"{d.date(20, 'slash')} 2:00〜5:00 は通知が遅れます"),
        ("ご利用先", d.choice(("加盟店名または「利用先確認中」", "海外はローマ字で表示"))),
        ("ご利用金額", f"{d.price(1000, 5000)}以上でお知らせ"),
        ("カード番号", d.choice(("****-****-****-1234(表示例)", "4000-0000-0000-0000(見本)", "下4けたのみ表示"))),
    ]
    if d.maybe(0.5):
        facts.append(("ご本人/家族", d.choice(("白鳥 太郎様(例)", "本人会員・家族会員とも対象"))))
    if d.maybe(0.4):
        facts.append(("キャンペーン", f"SWAN{d.integer(10, 99)} で{d.integer(2, 10)}%還元"))
    note = d.choice(
        (
            "「090」「080」からの電話で暗証番号をおたずねすることはありません。お客様相談室長 瀬名 毅",
            "偽メールの届け出は report@hakucho-card.example または052-555-0176へ。",
            "会員サイトは https://www.hakucho-card.example/ です。",
        )
    )
    return Message(
        subject=d.choice(("利用通知の見方", f"システム作業のお知らせ {d.date(20, 'slash')}")),
        **two("通知サービスのご案内", facts, note),
    )
