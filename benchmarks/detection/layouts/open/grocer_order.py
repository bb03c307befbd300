"""An online supermarket's order confirmation: plain text in boxes of ■ and ──, ISO-2022-JP as since 2003."""

from benchmarks.detection.drawing import Draw, Message, layout, pad, wide


@layout(
    "grocer-order",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="order@tsubame-super.example",
    sender_name="つばめネットスーパー",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("つばめネットスーパー")
    goods = d.items(7, "food")
    lines = "\n".join(f"  {pad(item.name, 34)}{item.quantity:>2}点  {item.price:>9}" for item in goods)
    absent = d.choice(("玄関前に置く", "対面で受け取る", "宅配ボックス", "管理人さんに預ける"))
    return Message(
        subject=f"【つばめネットスーパー】ご注文を承りました({d.order_number()})",
        text=f"""\
このたびは、つばめネットスーパーをご利用いただき
まことにありがとうございます。
下記のとおりご注文を承りましたので、ご確認ください。

━━━━━━━━━━━━━━━━━━━━━━━━━━
■ご注文内容
──────────────────────────
ご注文番号  {d.order_number()}
ご注文日時  {d.date()} {d.time()}

{lines}

  商品小計                            {d.price(2000, 9000):>9}
  配送料                                  330円
  お支払い    {d.choice(("クレジットカード", "代金引換", "後払い"))}
━━━━━━━━━━━━━━━━━━━━━━━━━━
■お届け先
──────────────────────────
お名前      {p.name} 様
フリガナ    {p.kana} 様
ご住所      {p.postal_mark}
            {p.address}
お電話      {wide(p.phone) if d.maybe(0.3) else p.phone}
お届け日時  {d.date(1, "weekday")} {d.choice(("10時~12時", "14時~16時", "18時~20時", "20時~21時"))}
ご不在時    {absent}
━━━━━━━━━━━━━━━━━━━━━━━━━━
※ 代替品のご用意がない場合は、欠品としてお届けいたします。
※ ご注文の変更は、お届け日前日の23時まで承ります。
※ このメールは送信専用です。ご返信いただいてもお答えできません。

つばめネットスーパー 石神井センター
店長 {shop.staff}
電話 {shop.free_phone}(9:00~20:00)
{shop.postal} {shop.address}
""",
    )
