"""A pet insurance's claim in definition lists; clean: the terms of a plan with a worked example in the same lists."""

from benchmarks.detection.drawing import Draw, Message, label, layout

PETS = ("トイ・プードル 5歳", "柴犬 11歳", "雑種猫 3歳", "ホーランドロップ 2歳", "スコティッシュ 8歳")
ILLS = ("外耳炎", "膝蓋骨脱臼", "慢性腎臓病", "異物誤飲", "歯周病")
CLINICS = ("せせらぎ動物病院(院長 江波戸 誠)", "みなとペットクリニック", "もりの動物診療所(03-5555-0187)")


def listed(*rows: tuple[str, str]) -> str:
    return "<dl>" + "\n".join(f"<dt>{head}</dt><dd>{value}</dd>" for head, value in rows) + "</dl>"


FOOT = """<hr><address>もふもふ少額短期保険株式会社<br>〒812-0098 福岡市博多区石城橋2-6-9 もふもふビル<br>
保険金サービス課 <a href="tel:0120000177">0120-000-177</a>(平日 9時から18時)<br>登録番号 福岡財務支局長(少額短期保険)第0号</address>"""


@layout(
    "pet-claim",
    language="ja",
    personal=True,
    transfer="base64",
    sender="hokenkin@mofumofu-ssi.example",
    sender_name="もふもふ少短 保険金サービス課",
)
def claim(d: Draw) -> Message:
    p = d.person()
    cost = d.integer(40, 900) * 100
    contract = [
        ("契約者", d.choice((f"{p.name} 様", f"{p.name}({p.kana_hira})様"))),
        ("証券番号", p.member),
        ("ペット", d.choice(PETS)),
        ("プラン", label("order_item", d.choice(("通院つき70%", "手術とくか50%", "まるごと90%")))),
    ]
    paid = [
        ("傷病名", d.choice(ILLS)),
        ("診療先", d.choice(CLINICS)),
        ("診療費", f"{cost:,}円"),
        ("お支払額", f"{cost * 7 // 10:,}円"),
        ("お振込先", f"ことぶき銀行 普通 ***{p.card_tail}"),
    ]
    if d.maybe(0.4):
        paid.append(("明細書の送り先", f"{p.postal_mark}<br>{p.address}"))
    if d.maybe(0.4):
        paid.append(("ご確認のお電話先", f"{p.phone}({d.choice(('午前', '午後', '夜間'))})"))
    return Message(
        subject=d.choice(("保険金お支払いのご案内", f"保険金お支払いのご案内(証券番号{p.member})")),
        html=f"<html><body><p>ご請求の件、次のとおりお支払いします。</p><h3>ご契約</h3>{listed(*contract)}<h3>お支払い</h3>{listed(*paid)}{FOOT}</body></html>",
        to=p.name if d.maybe(0.4) else "",
    )


@layout(
    "pet-terms",
    language="ja",
    personal=False,
    transfer="base64",
    sender="goannai@mofumofu-ssi.example",
    sender_name="もふもふ少短 お客さま部",
)
def terms(d: Draw) -> Message:
    cost = d.integer(40, 900) * 100
    plan = [
        ("契約者", "満18歳以上の個人の方"),
        ("証券番号", "MF-000000(保険証券の右上)"),
        ("ペット", d.choice(("犬・猫・うさぎ", "10歳11か月まで新規可"))),
        ("プラン", d.choice(("通院つき70%", "手術とくか50%", "まるごと90%"))),
        ("改定日", d.date(40)),
    ]
    example = [
        ("傷病名", d.choice(ILLS)),
        ("診療先", d.choice(CLINICS)),
        ("診療費", f"{cost:,}円"),
        ("お支払額", f"{cost * 7 // 10:,}円"),
    ]
    if d.maybe(0.5):
        example.append(("書類の送り先", "〒812-0098 福岡市博多区石城橋2-6-9<br>もふもふ少短 書類係 行"))
    if d.maybe(0.5):
        example.append(
            (
                "ご相談",
                f"獣医師ダイヤル 092-555-0{d.integer(100, 199)}({d.choice(('獣医師 堂島 ゆりえ', '担当 相川'))})",
            )
        )
    return Message(
        subject=d.choice(("商品改定のご案内", "お支払いの例をご紹介します")),
        html=f"<html><body><p>いつもご愛顧いただきありがとうございます。</p><h3>商品</h3>{listed(*plan)}<h3>お支払いの例</h3>{listed(*example)}{FOOT}</body></html>",
    )
