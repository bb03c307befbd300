"""A marketplace between private people tells the seller where to send: prose, with the buyer's address in it."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("flea-market-sold", language="ja", personal=True, sender="noreply@yuzuriai.example", sender_name="ゆずりあい")
def mail(d: Draw) -> Message:
    seller, buyer = d.person(), d.person()
    item = d.items(1, d.choice(["hobby", "home", "clothes", "electronics"]))[0]
    opening = d.choice([f"{seller.given}さん、おめでとうございます。", f"{seller.given}さん、うれしいお知らせです。"])
    money = f"代金{d.price(1200, 9800)}はゆずりあいがお預かりしています。"
    room = f" {buyer.building}" if buyer.building else ""
    ship = d.choice(
        [
            f"{buyer.postal_mark} {buyer.address} の{buyer.name}さんへ、{d.date(3, 'short')}までに発送してください。",
            f"お届け先は{buyer.name}さん（{buyer.prefecture}{buyer.city}{buyer.street}{room}）です。",
        ]
    )
    call = f"配送の方が困らないよう、送り状には{buyer.phone}も書き添えてください。" if d.maybe(0.5) else ""
    return Message(
        subject="出品したものが売れました",
        text=f"""{opening}

出品中の「{item.name}」を買いたい方が見つかりました。{money}

{ship}{call}

発送がすんだら、アプリの「送りました」を押してください。受け取りの
確認ができしだい、売上金が残高に入ります。

取引に関わる住所や名前を、発送のほかに使うことは規約で禁じています。
こまったときは事務局(help@yuzuriai.example、担当:乾)へ。

ゆずりあい運営事務局
運営:株式会社ゆずりあい 神奈川県鎌倉市由比台1-9-3 浜風ビル2階
""",
    )
