"""A parcel locker says that something waits, the code in a drawn box; clean: the same box for a new locker."""

from benchmarks.detection.drawing import Draw, Message, label, layout, pad, wide

SITES = (
    ("さくら通り駅 北口", "券売機の右手", "始発〜終電"),
    ("ハッピーマート小金沢店", "駐車場側の外壁", "24時間"),
    ("あさひ信用金庫 西支店", "ATMコーナー内", "7:00〜22:00"),
    ("湯坂公民館", "正面玄関の風除室", "8:30〜21:00"),
)
SENDERS = ("古着屋ドングリ", "ミツバチ書店", "有限会社タカミ精機 通販係", "個人さま間の発送", "かもめ薬局オンライン")
FOOT = """\
==============================================
つつみロッカー サポートデスク
 03-5555-0136（24時間・自動音声）
 〒135-0099 東京都江東区潮見町4-11 つつみビル2F
 運営責任者：沢渡 康弘
=============================================="""


def box(*lines: str) -> str:
    edge = "─" * 24
    return "\n".join([f"┏{edge}┓", *(f"┃ {pad(each, 46)} ┃" for each in lines), f"┗{edge}┛"])


@layout(
    "locker-waiting",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="todoita@tsutsumi-locker.example",
    sender_name="つつみロッカー",
)
def waiting(d: Draw) -> Message:
    p = d.person()
    site, where, hours = d.choice(SITES)
    code = wide(p.code) if d.maybe(0.3) else p.code
    extra = d.choice(
        (
            f"\nお届け先の登録: {p.postal} {p.address}\n（ロッカーへの変更を承ったため、こちらへはお届けしません）\n",
            f"\n代わりの方が受け取るときは、登録の電話番号({p.phone})をたずねます。\n",
            f"\n品名: {label('order_item', d.choice(('衣類', '書籍2冊', '補聴器用電池', '化粧品', '乾燥ひじき', '健康食品')))}\n",
            "",
        )
    )
    hello = d.choice((f"{p.name_wide}　様", f"{p.family}様", f"{p.kana}　サマ"))
    return Message(
        subject=d.choice(("ロッカーにお荷物が届きました", f"【つつみロッカー】{site}でお預かり中です")),
        text=f"""\
{hello}

{d.choice(SENDERS)} からのお荷物を、下のロッカーに入れました。

{box(f"場所      {site}", f"          {where}（{hours}）", f"扉        {d.integer(1, 48)}番", f"受取番号  {code}", f"期限      {d.date(3, 'weekday')} {d.time()}")}
{extra}
受取番号は他の方に教えないでください。期限を過ぎますと発送元へ戻ります。
お問い合わせ番号 {d.digits("####-####-####")}

{FOOT}
""",
    )


@layout(
    "locker-new-site",
    language="ja",
    personal=False,
    charset="iso-2022-jp",
    sender="oshirase@tsutsumi-locker.example",
    sender_name="つつみロッカー",
)
def new_site(d: Draw) -> Message:
    site, where, hours = d.choice(SITES)
    number = d.choice(("123456", "000000", "112233"))
    return Message(
        subject=d.choice((f"{site}にロッカーができました", "【つつみロッカー】設置場所のお知らせ")),
        text=f"""\
ご利用の皆様

ご要望の多かった下の場所に、ロッカーを置きました。

{box(f"場所      {site}", f"          {where}（{hours}）", f"扉        全{d.integer(12, 48)}扉（大{d.integer(2, 6)}・小）", f"受取番号  例）{number}", f"開始      {d.date(6, 'weekday')} {d.time()}")}

画面で「受け取る」を押し、メールでお知らせする6けたの受取番号を入れてください。
{d.choice(("開設記念として、発送料金を1個" + d.price(50, 200) + "割り引きます。", "設置の調整は担当の" + d.choice(("榎", "三枝", "飯塚")) + "が行いました。", "冷蔵の扉はありません。"))}
クーポン番号 TL-{d.digits("####")}（{d.date(30, "short")}まで、どなたでも何度でも）

{FOOT}
""",
    )
