"""A city hall's receipt of an application: ■ headings, numbered lines, the era's calendar, everything full-width."""

from benchmarks.detection.drawing import Draw, Message, layout, wide

PAPERS = ("住民票の写し（世帯全員）", "戸籍の附票の写し", "課税（所得）証明書", "印鑑登録証明書", "り災証明書")


@layout(
    "city-hall-certificate",
    language="ja",
    personal=True,
    charset="iso-2022-jp",
    sender="denshi-shinsei@city.minanogi.example",
)
def mail(d: Draw) -> Message:
    p = d.person()
    paper = d.choice(PAPERS)
    return Message(
        subject="電子申請の受付について（自動送信）",
        text=f"""水那木市電子申請サービスをご利用いただきありがとうございます。
下記の申請を受け付けました。

■　申請の内容
　１　手続名　　　{paper}の交付請求
　２　受付番号　　{wide(d.digits("######-##"))}
　３　受付日時　　{d.date(0, "kanji")}　{d.time()}
　４　通数　　　　{wide(str(d.integer(1, 3)))}通

■　請求者
　１　氏名　　　　{p.name_wide}
　２　フリガナ　　{p.kana}
　３　生年月日　　{p.dob_era}
　４　住所　　　　{p.address}
　５　日中の電話　{wide(p.phone)}
{d.choice(["　６　使用目的　　金融機関への提出", "　６　使用目的　　勤務先への提出", "　６　本人との関係　本人"])}

■　今後の流れ
　手数料の納付を確認した後、３開庁日ほどで発送します。
　納付期限　{d.date(14, "kanji")}

■　お問い合わせ
　水那木市　市民部　市民課　証明係（担当　樫村）
　〒３２９－００９９　水那木市役所通１丁目１番１号　本庁舎１階２番窓口
　電話　０２８０（９９）０１２１　内線２１４３
　開庁時間　午前８時３０分から午後５時１５分まで

※　このメールは送信専用です。
""",
    )
