"""A maker's receipt of an inquiry: the form as filled in, the customer's own words quoted with their data in prose."""

from benchmarks.detection.drawing import Draw, Message, layout


def _words(d: Draw, name: str, phone: str, address: str) -> list[str]:
    return d.choice(
        (
            [
                f"先月買った炊飯器のふたが閉まりません。{name}と申します。",
                f"昼間は留守なので、{phone} に夕方お電話ください。",
            ],
            ["保証書をなくしました。再発行はできますか。", f"送り先は{address}です。", "よろしくお願いします。"],
            ["色違いは出ないのでしょうか。母の誕生日に間に合うとうれしいです。"],
            ["修理に出したものがまだ戻りません。", f"{phone}（{name}）", "急いでいます。"],
            ["部品だけ買いたいです。型番は KR-205 です。近くの店では断られました。"],
        )
    )


@layout(
    "inquiry-receipt",
    language="ja",
    personal=True,
    charset="utf-8",
    transfer="quoted-printable",
    sender="form@kotori-denki.example",
    sender_name="小鳥電機 お客様相談室",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("小鳥電機")
    words = "\n".join(f"> {line}" for line in _words(d, p.family, p.phone, p.address))
    company = d.choice(("", "", "(株)見本製作所", "個人"))
    return Message(
        subject=f"お問い合わせを受け付けました【受付番号:{d.digits('T######')}】",
        text=f"""\
お問い合わせいただきありがとうございます。
このメールは自動でお送りしています。3営業日以内に担当者よりご返事いたします。

[お名前] {p.name}
[会社名] {company}
[ﾒｰﾙｱﾄﾞﾚｽ] {p.email}
[電話番号] {p.phone_digits if d.maybe(0.7) else ""}
[種別] {d.choice(("修理について", "製品について", "その他", "部品の購入"))}
[内容]
{words}

────────────────
小鳥電機株式会社 お客様相談室
{shop.free_phone} ({shop.hours})
{shop.url}
""",
    )
