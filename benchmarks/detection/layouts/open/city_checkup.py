"""A city office's reply about a health check: numbered sections, era dates, the citizen's number, official prose."""

from benchmarks.detection.drawing import Draw, Message, layout, wide


@layout(
    "city-checkup",
    language="ja",
    personal=True,
    charset="utf-8",
    transfer="base64",
    sender="kenko@city.asahino.example",
    sender_name="旭野市 健康推進課",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("旭野市役所")
    era = d.day.year - 2018
    deputy = (
        f"\n　　代理申請者　　{d.person().name_wide}（続柄　{d.choice(('子', '配偶者', '母'))}）"
        if d.maybe(0.3)
        else ""
    )
    return Message(
        subject="（旭野市）健康診査の申込みについて",
        text=f"""\
　令和{wide(str(era))}年度健康診査の電子申請を受理しましたので、通知します。

１　申請者
　　氏名（ふりがな）　{p.name_wide}（{p.kana_hira}）
　　生年月日　　　　　{p.dob_era}
　　住所　　　　　　　{p.city}{p.street}{p.building}
　　受診券整理番号　　{p.member}{deputy}

２　受診日時及び会場
　　{wide(d.date(21, "short"))}　午前{wide(str(d.integer(9, 11)))}時　旭野市保健センター３階

３　申込みの検査
　　{d.choice(("特定健康診査、胃がん検診", "大腸がん検診", "骨密度測定、歯周病検診", "肝炎ウイルス検査"))}

４　持ち物
　　受診券、健康保険の資格が分かるもの、問診票（記入済みのもの）

　日中に連絡のつく電話番号（{wide(p.phone)}）へ、担当保健師から確認の連絡を差し上げることがあります。

【問合せ先】　旭野市役所　健康推進課　成人保健係　担当：{shop.staff}、中尾
　　　　　　　電話　{wide(shop.phone)}（内線２１４）　ＦＡＸ　{wide(shop.fax)}
""",
    )
