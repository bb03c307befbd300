"""A broker's change of terms to all clients: Outlook's HTML, quoted-printable, three kilobytes of law at the end."""

from benchmarks.detection.drawing import Draw, Message, layout

CLAUSES = (
    "金融商品等のお取引にあたっては、価格の変動等により損失が生じるおそれがあります。",
    "信用取引では、差し入れた保証金を上回る損失が生じることがあります。",
    "手数料等の諸経費は、取引の種類と約定代金により異なりますので、契約締結前交付書面をよくお読みください。",
    "外国株式のお取引では、為替相場の変動等により損失が生じるおそれがあります。",
    "投資信託は預金ではなく、預金保険機構の保護の対象ではありません。",
    "当社は、お客様の同意なく個人番号を法令に定める事務のほかに利用することはありません。",
    "ご登録の住所、氏名、電話番号、勤務先に変更があったときは、速やかに当社へお届けください。",
    "インターネットでのお取引には、口座番号と暗証番号が必要です。暗証番号は他人に知られないよう管理してください。",
    "マイナンバーの届出がないお客様は、税制上の特例を受けられないことがあります。",
    "分別管理の状況は、公認会計士の監査を毎年受けています。",
    "当社とのお取引についての苦情は、証券・金融商品あっせん相談センター(電話 0120-000-150)でも受け付けます。",
    "反社会的勢力に該当すると判明したときは、直ちにお取引を停止し、口座を解約いたします。",
    "相続が発生したときは、お取引店の相続係(担当 目良)まで、被相続人の氏名と口座番号をお知らせください。",
    "本メールは送信時に口座をお持ちのすべてのお客様にお送りしており、配信停止のご希望には沿えません。",
    "本書面に記載の税制は発行日現在のものであり、将来変更されることがあります。",
)


@layout(
    "broker-terms-change",
    language="ja",
    personal=False,
    transfer="quoted-printable",
    sender="oshirase@kabuto-shoken.example",
)
def mail(d: Draw) -> Message:
    start = d.integer(0, len(CLAUSES) - 1)
    law = "".join(
        f'<p class="MsoNormal">{n + 1}. {CLAUSES[(start + n) % len(CLAUSES)]}</p>' for n in range(len(CLAUSES))
    )
    what = d.choice(["外国証券取引口座約款", "累積投資約款", "インターネット取引規程", "特定口座約款"])
    return Message(
        subject=f"{what}の改定について",
        html=f"""<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang="JA"><div class="WordSection1">
<p class="MsoNormal"><span style="font-family:'MS Gothic'">お客様各位</span></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>
<p class="MsoNormal">平素より格別のお引き立てを賜り、厚く御礼申し上げます。</p>
<p class="MsoNormal">当社は{d.date(30)}より{what}を改定いたします。改定の箇所は次のとおりです。</p>
<table class="MsoNormalTable" border="1"><tr><th>条</th><th>改定前</th><th>改定後</th></tr>
<tr><td>第{d.integer(2, 9)}条</td><td>氏名又は名称及び住所</td><td>氏名又は名称、住所及び電話番号</td></tr>
<tr><td>第{d.integer(10, 30)}条</td><td>{d.integer(2, 5)}営業日</td><td>{d.integer(6, 9)}営業日</td></tr></table>
<p class="MsoNormal">ご不明な点は、お取引店またはコールセンター(0120-000-154、平日8時から18時)へお問い合わせください。</p>
<table><tr><td>本店営業部</td><td>部長 外山 敏文</td><td>03-5550-0160</td></tr>
<tr><td>難波支店</td><td>支店長 木津 かおる</td><td>06-5550-0177</td></tr></table>
<p class="MsoNormal">兜第一証券株式会社 金融商品取引業者 関東財務局長(金商)第0000号 〒103-0099 東京都中央区日本橋兜坂2-4</p>
<div style="font-size:8pt;color:gray">{law}</div></div></body></html>""",
    )
