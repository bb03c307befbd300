"""A job agency's result in prose only: no label anywhere, names and a telephone run through the sentences."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "job-agency-result",
    language="ja",
    personal=True,
    sender="aya.tokita@shigoto-bashi.example",
    sender_name="時田(しごと橋)",
)
def mail(d: Draw) -> Message:
    p = d.person()
    firm = d.choice(["北稜精機さま", "医療法人あけぼのさま", "さざなみフーズさま"])
    good = d.maybe(0.6)
    result = (
        f"先日の面接ですが、ぜひ次は役員に会っていただきたいとのことでした。{p.family}さんの経験をとても高く評価されています。"
        if good
        else f"先日の面接ですが、今回は見送りたいとのご連絡がありました。{p.family}さんのお力が足りないということではありません。"
    )
    more = d.choice(
        [
            f"明日の午後に{p.phone}へお電話してもよろしいでしょうか。",
            f"登録のご住所が{p.city}{p.street}のままですが、お変わりありませんか。",
            f"履歴書のお名前の読みは{p.kana_hira}さまでお間違いないでしょうか。",
        ]
    )
    return Message(
        subject=f"{firm}の面接結果につきまして",
        text=f"""{p.name_tight}さま

いつもお世話になっております。しごと橋の時田です。

{result}

{more}{d.choice(["お返事は急ぎません。", "今週中にお聞かせいただけると助かります。", ""])}

時田 彩
しごと橋株式会社 キャリア支援二課
広島市中区橋詰町6-30 直通 082-555-0163
上長 国分 080-5550-0163
""",
    )
