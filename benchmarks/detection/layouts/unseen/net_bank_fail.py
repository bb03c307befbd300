"""An internet bank in half-width kana and equals signs: a debit failed; clean: new charges and hours in the same hand."""

from benchmarks.detection.drawing import Draw, Message, half_kana, label, layout, visible

PAYEES = ("ﾄﾅﾘﾏﾁｽｲﾄﾞｳ", "ｶ)ﾋﾀﾞﾏﾘﾃﾞﾝｷ", "ｺｳｴｷｼﾔﾀﾞﾝﾎｳｼﾞﾝﾏﾅﾋﾞﾔ", "ﾁﾄﾞﾘｾｲﾒｲ(ｶ")
RULE = "=" * 36
FOOT = """\
ﾈｯﾄﾎﾞｳｸﾞｷﾝｺｳ ﾃﾚﾎﾝｾﾝﾀｰ 0120-000-153
ｳｹﾂｹ ﾍｲｼﾞﾂ 9:00-17:00 ﾄﾞﾆﾁｼﾕｸ ﾔｽﾐ
ﾌﾞﾝｼﾖｾｷﾆﾝｼﾔ ｵｶﾞﾀ ｼﾕｳｼﾞ"""


def lines(*rows: tuple[str, str]) -> str:
    return "\n".join(f"{half_kana(head)} = {value}" for head, value in rows)


@layout(
    "net-bank-fail",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="furikae@bogu-bank.example",
    sender_name="ネット望具銀行",
)
def fail(d: Draw) -> Message:
    p = d.person()
    kana = half_kana(p.kana)
    rows = [
        ("フリカエビ", d.date(-1, "slash")),
        ("シウノウキカン", d.choice(PAYEES)),
        ("ゴフリカエガク", f"{d.price(900, 32000)}"),
        ("ケッカ", d.choice(("ｼｷﾝﾌｿｸ", "ｲﾝｶﾝｿｳｲ", "ﾖｷﾝｼｬﾂﾞｹﾅｼ"))),
        ("コウザ", f"{d.integer(101, 399)}ﾌﾂｳ****{p.card_tail}"),
    ]
    if d.maybe(0.75):
        rows.insert(0, ("オナマエ", f"{kana} ｻﾏ"))
    if d.maybe(0.35):
        rows.append(("デンワ", p.phone_digits))
    if d.maybe(0.3):
        # The bank's old files keep addresses in kana.
        rows.append(("トドケデノアテサキ", f"{p.postal} {p.address}"))
    if d.maybe(0.3):
        rows.append(("ログインID", label("account_id", f"BG{visible(p.member)}")))
    return Message(
        subject=d.choice(("口座振替ができませんでした", f"口座振替不能のお知らせ {d.date(-1, 'slash')}")),
        text=f"""\
{RULE}
{half_kana("コウザフリカエ フノウノ オシラセ")}
{RULE}
{lines(*rows)}
{RULE}
次の引落し日 {d.date(9, "slash")} までにご入金ください。
このお知らせは {d.choice((p.name_tight + " 様", kana + " ｻﾏ"))} の口座にかかわるものです。

{FOOT}
""",
    )


@layout(
    "net-bank-fees",
    language="ja",
    personal=False,
    charset="iso-2022-jp",
    sender="tesuryo@bogu-bank.example",
    sender_name="ネット望具銀行",
)
def fees(d: Draw) -> Message:
    rows = [
        ("カイテイビ", d.date(25, "slash")),
        ("タイシヤウ", d.choice(("ﾀｺｳﾌﾘｺﾐ", "ATMﾋｷﾀﾞｼ", "ｻﾞﾝﾀﾞｶｼﾖｳﾒｲｼﾖ"))),
        ("テスウリヨウ", f"{d.price(90, 700)}"),
        ("ヒキオトシモト", d.choice(("101ﾌﾂｳ****0000 (ﾚｲ)", "ﾀﾞｲﾋﾖｳｺｳｻﾞ"))),
    ]
    if d.maybe(0.5):
        rows.insert(0, ("オナマエノ レイ", d.choice(("ﾎﾞｳｸﾞ ﾀﾛｳ", "ｶ)ﾎﾞｳｸﾞｼﾖｳｼﾞ"))))
    if d.maybe(0.5):
        rows.append(("ホンテン", "108-0098 ﾄｳｷﾖｳﾄﾐﾅﾄｸｼｵｻﾞｶ2-14"))
    if d.maybe(0.4):
        rows.append(("ユウグウ コード", f"BOGU{d.digits('####')} ({d.date(60, 'slash')}ﾏﾃﾞ)"))
    return Message(
        subject=d.choice(("手数料の改定について", f"手数料改定のお知らせ {d.date(25, 'slash')}")),
        text=f"""\
{RULE}
{half_kana("テスウリヨウ カイテイノ オシラセ")}
{RULE}
{lines(*rows)}
{RULE}
詳しくは商品概要説明書({d.date(0, "slash")}付)をご覧ください。
このお知らせは すべてのお客さま にお送りしています。

{FOOT}
""",
    )
