"""A mobile carrier's contract summary: HTML of a word processor, a long text of law, and only then whom it is for."""

from benchmarks.detection.drawing import Draw, Message, label, layout, visible
from jaconv import kana2alphabet, kata2hira

LAW = (
    "ご契約の解除は、書面を受領した日から起算して8日を経過するまで、書面により行うことができます(初期契約解除制度)。",
    "通信速度は技術規格上の最大値であり、回線の混雑や電波の状況により低下することがあります。",
    "料金のお支払いが確認できないときは、本サービスの提供を停止することがあります。",
    "携帯電話不正利用防止法に基づき、契約者の氏名、住所および生年月日を確認しています。",
    "名義の変更には、譲渡人と譲受人の双方の本人確認書類が必要です。",
    "緊急通報(110、119、118)は本サービスからご利用いただけます。",
    "ユニバーサルサービス料および電話リレーサービス料を別途申し受けます。",
    "端末の修理および交換の受付は、お近くの取扱店または0120-000-186で承ります。",
    "番号ポータビリティでの転出は、予約番号を取得したうえ、転出先の事業者へお申し込みください。",
    "請求書の発行を希望されるときは、発行手数料を毎月の料金に加えて請求いたします。",
    "未成年の方のご契約では、フィルタリングサービスの利用が原則として必要です。",
    "当社は、料金の滞納に関する情報を、電気通信事業者の間で氏名と生年月日とともに交換することがあります。",
    "ローミングの料金は国と地域により異なります。ご出発の前にご確認ください。",
    "盗難または紛失のときは、回線停止の窓口(0800-000-0113、24時間)へ直ちにご連絡ください。",
    "契約約款は当社の店頭とウェブサイトに掲示しています。約款は予告のうえ変更されることがあります。",
    "電気通信サービスについての苦情は、総務省の電気通信消費者相談センターでも受け付けています。",
)


def line(head: str, value: str) -> str:
    return f'<p class="MsoNormal"><b><span lang="EN-US">■</span>{head}</b><span style="mso-tab-count:1">　</span>{value}</p>'


@layout(
    "mobile-contract-outlook",
    language="ja",
    personal=True,
    transfer="quoted-printable",
    sender="keiyaku@haruka-mobile.example",
)
def mail(d: Draw) -> Message:
    p = d.person()
    roman = " ".join(kana2alphabet(kata2hira(visible(each))) for each in (p.kana_family, p.kana_given)).upper()
    plan = label("order_item", d.choice(["はるか20ギガ", "はるかミニ", "はるか家族割", "データのみ"]))
    law = "".join(
        f'<p class="MsoNormal"><span style="font-size:8.0pt">({n}) {text}</span></p>' for n, text in enumerate(LAW, 1)
    )
    return Message(
        subject=f"【はるかモバイル】契約内容のご案内({d.date(0, 'slash')})",
        html=f"""<html><head><style>p.MsoNormal {{margin:0mm;font-size:10.5pt;font-family:"游ゴシック"}}</style></head>
<body lang="JA"><div class="WordSection1"><p class="MsoNormal">お客さま</p><p class="MsoNormal">&nbsp;</p>
<p class="MsoNormal">はるかモバイルをご契約いただき、ありがとうございます。電気通信事業法にもとづき、契約内容をお知らせします。</p>
{line("料金プラン", plan)}{line("月額", d.price(980, 6800))}{line("ネットワーク暗証番号", p.secret) if d.maybe(0.5) else ""}
{line("受付店舗", "はるかショップ桜坂(担当 国枝) TEL 052-555-0149")}<p class="MsoNormal">&nbsp;</p>
{law}
<p class="MsoNormal"><span style="font-size:8.0pt">このメールは {p.name_tight}様(<span lang="EN-US">{label("name", roman)}</span>、
{p.dob_kanji}生)の回線 {p.phone}(契約ID {p.member})についてお送りしました。
{d.choice([f"SIMは{p.postal_mark} {p.address}へお届けします。", "SIMは店頭でお渡ししました。", ""])}</span></p>
<p class="MsoNormal">株式会社はるか通信 〒460-0099 愛知県名古屋市中区栄坂2-10-19</p></div></body></html>""",
    )
