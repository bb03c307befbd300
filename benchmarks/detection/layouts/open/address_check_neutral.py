"""A mail that only asks whether the address is right: a link, the service's name, nothing else."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "address-check-neutral", language="ja", personal=False, charset="iso-2022-jp", sender="check@tsukinowa-id.example"
)
def mail(d: Draw) -> Message:
    key = d.digits("@@##@@##@#@#").lower()
    return Message(
        subject=d.choice(["メールアドレスのご確認", "アドレス確認のお願い"]),
        text=f"""月の輪IDをご利用いただき、ありがとうございます。

このアドレスで登録の手続きがありました。お心当たりのある方は、
下のページを開いて手続きを続けてください({d.choice(["24時間", "3日間"])}有効です)。

https://id.tsukinowa-id.example/c/{key}

お心当たりのない方は、お手数ですが次のページでお知らせください。
以後このアドレスにはお送りしません。

https://id.tsukinowa-id.example/n/{key}

月の輪ID 運営事務局
株式会社ツキノワ 東京都文京区小石坂3-1-8
お問い合わせ 03-5550-0199(平日10時から17時) 責任者 有賀
""",
    )
