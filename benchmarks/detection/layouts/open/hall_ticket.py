"""A concert hall's ticket mail: EUC-JP, key and value with a full-width colon, everything typed full-width."""

from benchmarks.detection.drawing import Draw, Message, layout, wide


@layout(
    "hall-ticket",
    language="ja",
    personal=True,
    charset="euc-jp",
    transfer="8bit",
    sender="ticket@shiosai-hall.example",
    sender_name="",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("しおさいホール")
    seats = d.items(2, "event")
    show = d.choice(
        (
            "第九演奏会",
            "狂言の夕べ",
            "海と風のジャズ 2026",
            "親子で聴くオルガン",
            "落語ふたり会 柳亭松風・春風亭小波",
            "定期公演 弦楽四重奏",
        )
    )
    lines = "\n".join(f"席　　種：{seat.name}\n枚　　数：{wide(str(seat.quantity))}枚" for seat in seats)
    return Message(
        subject=f"[しおさいホール] チケット予約完了 {show}",
        text=f"""\
※本メールは自動送信です※

チケットのご予約が完了しました。

公　　演：{show}
日　　時：{wide(d.date(40))}　{wide(d.time())}開演
{lines}
予約番号：{wide(d.order_number())}
暗証番号：{p.code}
お 名 前：{p.kana_tight}様
電話番号：{wide(p.phone_digits)}
受取方法：{d.choice(("コンビニ発券", "窓口", "スマートフォン"))}

発券の際に「電話番号」と「予約番号」が必要です。

しおさいホール チケットセンター
電話：{wide(shop.phone)}
""",
    )
