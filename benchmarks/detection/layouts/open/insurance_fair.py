"""An insurer's invitation to anybody: a table of agents with their photographs, names, shops and telephones."""

from benchmarks.detection.drawing import Draw, Message, layout

AGENTS = (
    ("池袋南店", "鶴見 美和", "03-5550-0113", "東京都豊島区南池坂2-2-9"),
    ("大宮店", "長尾 健", "048-555-0177", "さいたま市大宮区宮原通1-12"),
    ("柏の森店", "レ・ティ・ラン", "04-7155-0126", "千葉県柏市森台5-1"),
    ("つくば店", "穂積 亜矢", "029-555-0161", "茨城県つくば市学園坂8"),
)


@layout("insurance-fair", language="ja", personal=False, transfer="base64", sender="event@hidamari-hoken.example")
def mail(d: Draw) -> Message:
    cells = "".join(
        f"<tr><td><img alt='{who}'></td><td><b>{shop}</b><br>{address}</td><td>{who}</td><td>{phone}</td></tr>"
        for shop, who, phone, address in d.rng.sample(AGENTS, 3)
    )
    theme = d.choice(["医療保険の見直し", "学資保険のはじめかた", "火災保険と地震", "相続と生命保険"])
    return Message(
        subject=f"無料相談会「{theme}」{d.date(18, 'weekday')}",
        html=f"""<html><body><center><table width="620"><tr><td align="center"><h1>ひだまり生命 無料相談会</h1>
<p>{d.choice(["ご家族の", "これからの", "もしもの"])}備えを、専門の相談員と一緒に考えてみませんか。</p></td></tr>
<tr><td>テーマ</td><td>{theme}</td></tr><tr><td>時間</td><td>{d.time()}から60分</td></tr>
<tr><td colspan="2"><table border="1"><tr><th></th><th>会場</th><th>相談員</th><th>ご予約の電話</th></tr>{cells}</table></td></tr>
<tr><td colspan="2">お持ちいただくもの:保険証券(証券番号のわかるもの)、ご本人の生年月日がわかる書類
<br>{d.choice(["お子さま連れも歓迎します。", "ご来場の方に図書カードを差し上げます。", ""])}</td></tr></table></center>
<p>募集代理店 株式会社ひだまりパートナーズ 代表 鶴見 美和 (登) 0000-00</p></body></html>""",
    )
