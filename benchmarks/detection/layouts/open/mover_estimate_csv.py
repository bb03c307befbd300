"""A mover's estimate: the body says little, the sheet beside it holds both addresses."""

from benchmarks.detection.drawing import Draw, Message, layout


def sheet(rows: list[tuple[str, str]]) -> str:
    return "".join(f"{name},{value}\r\n" for name, value in rows)


@layout("mover-estimate-csv", language="ja", personal=True, sender="mitsumori@hikkoshi-yamabiko.example")
def mail(d: Draw) -> Message:
    p, new = d.person(), d.person()
    company = d.shop("引越のやまびこ", "株式会社やまびこ運輸")
    file = sheet(
        [
            ("項目", "内容"),
            ("見積番号", d.order_number()),
            ("お客様氏名", p.name),
            ("フリガナ", p.kana),
            ("電話", p.phone),
            ("現住所郵便番号", p.postal),
            ("現住所", p.address),
            ("新住所郵便番号", new.postal),
            ("新住所", new.address),
            ("希望日", d.date(30, "slash")),
            ("トラック", d.choice(["2t車 1台", "軽 1台", "3t車 1台"])),
            ("作業員", f"{d.integer(2, 4)}名"),
            ("概算", d.price(48000, 160000).replace(",", "")),
            ("見積担当", company.staff_full),
        ]
    )
    return Message(
        subject="お見積書をお送りします",
        to=f"{p.name} 様" if d.maybe(0.4) else "",
        text=f"""お世話になっております。{company.name}の{company.staff}でございます。

先日はお時間をいただきありがとうございました。お見積書を添付いたします
ので、ご確認をお願いいたします。有効期限は{d.date(14)}です。
{d.choice(["ダンボールは前もって30箱までお届けします。", "平日ですと、もう少しお安くできます。", ""])}

ご不明な点は{company.free_phone}までお申し付けください。

{company.company} {d.choice(["営業一課", "営業部"])} {company.staff_full}
〒{company.postal} {company.address}
""",
        attachments=[("mitsumori.csv", "text/csv", file)],
    )
