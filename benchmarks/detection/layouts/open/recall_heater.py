"""A maker's recall notice to all customers (clean): model numbers, a form to print with empty fields, an example name."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "recall-heater",
    language="ja",
    personal=False,
    charset="iso-2022-jp",
    sender="info@donguri-kaden.example",
    sender_name="どんぐり家電",
)
def mail(d: Draw) -> Message:
    shop = d.shop("どんぐり家電", "どんぐり家電株式会社")
    model = d.choice(("DH-1200", "DH-800W", "DK-35", "DS-10F"))
    return Message(
        subject=f"【重要】電気ストーブ {model} 回収のお願い",
        text=f"""\
お客様各位
{d.date()}
{shop.company}
代表取締役社長 {shop.staff_full}

弊社が{d.integer(2018, 2024)}年に製造した電気ストーブ「{model}」の一部に、
電源コードの根元が過熱するおそれのあることが分かりました。
ただちにご使用をおやめいただき、お手元の製品をお確かめください。

◆対象の製造番号  {d.digits("######")} 〜 {d.digits("######")}
◆確認の場所      本体の裏、銀色のラベルの2段目
◆返金            1台につき {d.price(2000, 9000)}

下の欄にご記入のうえ、FAX {shop.fax} までお送りください。
------------------------------------------
 お名前:                     様 (例:見本 太郎)
 ご住所:〒   -
 電話番号:    -    -    (例:03-0000-0000)
 製造番号:
------------------------------------------

お客様にはご迷惑をおかけし、深くおわび申し上げます。

回収専用ダイヤル {shop.free_phone}(土日も受け付けます)
{shop.postal} {shop.address}
担当:品質保証部 {shop.staff}、江藤
""",
    )
