"""News of a crowdfunding project to all its backers, with what the law asks of a seller: name, address, telephone."""

from benchmarks.detection.drawing import Draw, Message, layout

NEWS = (
    "窯の修理が終わり、最初の素焼きに入りました。",
    "染めの色が思うように出ず、発送が二週間ほど遅れる見込みです。",
    "目標額の二倍を超えるご支援をいただきました。",
    "試作品ができ、検査機関へ送りました。",
)


@layout(
    "crowdfunding-progress",
    language="ja",
    personal=False,
    sender="mail@tomoni-fund.example",
    sender_name="ともにファンド",
)
def mail(d: Draw) -> Message:
    return Message(
        subject=f"活動報告 第{d.integer(2, 24)}号が届きました",
        html=f"""<html><body><div>支援者の皆さまへ</div>
<h3>里山の登り窯をもう一度</h3><div>{d.date()} 実行者 古賀 燎平より</div>
<p>{d.choice(NEWS)}{d.choice(NEWS)}</p>
<p>{d.choice(["返礼品のお届け先を変えたい方は、マイページから直してください。", "お届け先の変更は今月末で締め切ります。", ""])}</p>
<dl><dt>特定商取引法に基づく表記</dt>
<dt>販売業者</dt><dd>古賀 燎平(こが りょうへい)</dd>
<dt>所在地</dt><dd>〒845-0099 佐賀県小城市窯元町甲2210</dd>
<dt>電話番号</dt><dd>080-5550-0176(平日13時から17時)</dd>
<dt>メールアドレス</dt><dd>koga@nobori-gama.example</dd>
<dt>支援総額</dt><dd>{d.price(400000, 2900000)}({d.integer(80, 640)}人)</dd></dl>
<div>配信:ともにファンド株式会社 福岡市中央区薬院坂3-2 / 配信停止はこちら</div></body></html>""",
    )
