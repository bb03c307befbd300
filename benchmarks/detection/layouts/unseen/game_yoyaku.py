"""A game shop's pre-order, all of it full-width, between rules of typewriter art; clean: a game is late."""

from benchmarks.detection.drawing import Draw, Message, label, layout, wide

GAMES = (
    "星屑のグリモア　限定版",
    "ドット絵サーキット６４",
    "深海商店街（ＤＬカード）",
    "剣と経理　初回特典付",
    "ねこ港町だより",
)
TOP = "┏┓　　　　　　　　　　　　　　　　　┏┓\n┗╋━━━━━━━━━━━━━━━━━╋┛\n　┃{title}\n┏╋━━━━━━━━━━━━━━━━━╋┓\n┗┛　　　　　　　　　　　　　　　　　┗┛"
FOOT = """\
＊－－－－－－－－－－－－－－－－－－－＊
　ゲームの小部屋ピコピコ　広島本通店
　広島市中区本通坂８－３　２Ｆ
　ＴＥＬ　０８２－５５５－０１５０
　１１：００～２０：００（木曜休）
　店長　レトロ笹本
＊－－－－－－－－－－－－－－－－－－－＊"""


def full(*rows: tuple[str, str]) -> str:
    return "\n".join(f"▼{head}▼\n　　{value}" for head, value in rows)


@layout(
    "game-yoyaku",
    language="ja",
    personal=True,
    charset="euc-jp",
    transfer="8bit",
    sender="yoyaku@pikopiko-game.example",
    sender_name="ピコピコ",
)
def reserved(d: Draw) -> Message:
    p = d.person()
    rows = [
        ("予約番号", wide(d.order_number())),
        ("商品", label("order_item", d.choice(GAMES))),
        ("価格", wide(d.price(3200, 12800))),
        ("発売日", wide(d.date(30))),
        (
            "お客様",
            d.choice((f"{wide(p.kana)}　様", f"{p.name_wide}　様（会員{wide(p.member)}）", f"{p.name_wide}　様")),
        ),
    ]
    get = d.choice(("店頭受取り", "配送"))
    rows.append(("受取方法", get))
    if get == "配送":
        rows.append(("送り先", f"{wide(p.postal_mark)}\n　　{wide(p.address)}"))
    if d.maybe(0.5):
        rows.append(("連絡先", wide(p.phone)))
    if d.maybe(0.3):
        rows.append(("年齢確認", f"済（{wide(p.dob_kanji)}）"))
    return Message(
        subject=wide(d.choice(("ご予約ありがとうございます", f"予約受付 {d.order_number()}"))),
        text=f"{TOP.format(title='ご予約を受け付けました')}\n\n{full(*rows)}\n\n{FOOT}\n",
    )


@layout(
    "game-enki",
    language="ja",
    personal=False,
    charset="euc-jp",
    transfer="8bit",
    sender="enki@pikopiko-game.example",
    sender_name="ピコピコ",
)
def late(d: Draw) -> Message:
    rows = [
        ("商品", d.choice(GAMES)),
        ("価格", wide(d.price(3200, 12800))),
        ("発売日", wide(f"{d.date(30)} → {d.date(72)}")),
        (
            "お客様へ",
            d.choice(
                (
                    "ご予約は、そのまま有効です。",
                    "開発元（代表　甲斐田　ユウ）の都合によります。",
                    "特典のコード　ＰＩＫＯ" + wide(d.digits("####")) + "　を配布中",
                )
            ),
        ),
        ("受取方法", d.choice(("店頭受取り・配送", "配送のみ"))),
    ]
    if d.maybe(0.5):
        rows.append(("送り先の変更", "店頭かお電話（０８２－５５５－０１５１　通販係　江田島）で"))
    if d.maybe(0.4):
        rows.append(("年齢確認", "１８歳以上（生年月日のわかるもの　例　免許証）"))
    return Message(
        subject=wide(d.choice(("発売日が変わりました", f"発売延期 {d.date(72, 'short')}"))),
        text=f"{TOP.format(title='発売延期のお知らせ')}\n\n{full(*rows)}\n\n{FOOT}\n",
    )
