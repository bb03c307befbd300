"""A shop that says nothing in its mail: an order is there, all else stands behind the login."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("order-taken-neutral", language="ja", personal=False, sender="shop@kinoshita-tools.example")
def mail(d: Draw) -> Message:
    shop = d.shop("きのした道具店", "合資会社きのした")
    link = d.digits("@#@##@@#").lower()
    return Message(
        subject=d.choice(["ご注文を受け付けました", "ご注文ありがとうございます", "発送のお知らせ"]),
        text=f"""お客様

{d.choice(["ご注文を受け付けました。", "お品物を発送しました。", "ご入金を確認しました。"])}
お名前、お届け先、お品物は、安全のためメールには載せておりません。
下の画面にログインしてお確かめください。

  https://www.kinoshita-tools.example/orders/{link}

{d.choice(["お届けは2日から4日後の見込みです。", "通常の営業日に準備いたします。", ""])}
-----------------------------------
{shop.name}（{shop.company}）
店長 {shop.staff_full}
〒{shop.postal}
{shop.address}
TEL {shop.phone} / FAX {shop.fax}
受付 {shop.hours}
古物商許可 第000000000000号
-----------------------------------
""",
    )
