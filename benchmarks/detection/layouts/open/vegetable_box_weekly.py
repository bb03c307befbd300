"""A farm's weekly box: a drawn frame with the delivery, dotted leaders for the goods, the farm's signature."""

from benchmarks.detection.drawing import Draw, Message, layout, pad, wide


@layout("vegetable-box-weekly", language="ja", personal=True, charset="iso-2022-jp", sender="yasai@hatake-bin.example")
def mail(d: Draw) -> Message:
    p, farm = d.person(), d.shop("畑びん農園", "農事組合法人畑びん農園")
    rows = [
        ("お名前", f"{p.name_wide} 様"),
        ("お届け先", p.city + p.street),
        *([("", p.building)] if p.building else []),
        ("お電話", wide(p.phone_digits) if d.maybe(0.5) else p.phone),
        ("お届け日", f"{d.date(4, 'weekday')} {d.choice(['午前中', '14時から16時', '夕方以降'])}"),
    ]
    frame = "\n".join(f"│{pad(name, 10)}│{pad(value, 46)}│" for name, value in rows)
    goods = "\n".join(f"  {pad(f'{item.name} ', 34).replace('  ', '‥')}{item.price}" for item in d.items(7, "food"))
    greens = d.choice(["春キャベツ", "新玉ねぎ", "落花生", "聖護院かぶら", "ちぢみほうれん草"])
    return Message(
        subject=f"【畑びん】今週の箱の中身（{d.date(4, 'short')}お届け）",
        text=f"""こんにちは、畑びんの{farm.staff}です。
今週は{greens}がよく育ちました。下のとおりお届けします。

┌─────┬───────────────────────┐
{frame}
└─────┴───────────────────────┘

◇ 箱の中身
{goods}
  {d.choice(["送料は箱代に含まれます。", "送料 440円を足して引き落とします。"])}

{d.choice(["留守のときは玄関先に置きます。", "雨の日は軒下に置かせていただきます。", ""])}
中身の変更は水曜の夜8時までに畑びんの電話へどうぞ。

--------------------------------------------------
{farm.company}  代表 {farm.staff_full}
〒{farm.postal} {farm.address}
電話 {farm.phone}  ファクス {farm.fax}
--------------------------------------------------
""",
    )
