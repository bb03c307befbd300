"""An insurer's renewal notice: an HTML table of four columns (two labels a row), era years, a second insured person."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "insurance-renewal",
    language="ja",
    personal=True,
    charset="utf-8",
    sender="keiyaku@kaede-hoken.example",
    sender_name="かえで損害保険",
)
def mail(d: Draw) -> Message:
    p, other, shop = d.person(), d.person(), d.shop("かえで損害保険", "かえで損害保険株式会社")
    car = d.choice(("軽乗用車", "普通乗用車", "原付バイク", "自転車"))
    driver = ""
    if d.maybe(0.5):
        driver = f"<tr><td>運転者2</td><td>{p.family} {other.given}</td><td>生年月日</td><td>{other.dob_era}</td></tr>"
    return Message(
        subject="自動車保険 満期のご案内",
        html=f"""\
<html><body><center><table width=640><tr><td>
<p style="text-align:right">{d.date()}</p>
<p>{p.postal_mark}<br>{p.prefecture}{p.city}{p.street}<br>{p.building}</p>
<p style="font-size:18px">{p.name}　様</p>
<p style="text-align:right">かえで損害保険株式会社<br>中央支店 {shop.staff}</p>
<p>平素より格別のお引き立てを賜り、厚く御礼申しあげます。ご契約がまもなく満期を迎えます。</p>
<table border=1 cellspacing=0 cellpadding=5>
<tr><td>証券番号</td><td>{p.member}</td><td>満期日</td><td>{d.date(45)}午後4時</td></tr>
<tr><td>記名被保険者</td><td>{p.kana}</td><td>生年月日</td><td>{p.dob_era}</td></tr>
{driver}
<tr><td>ご契約の車</td><td>{car}</td><td>等級</td><td>{d.integer(1, 20)}等級</td></tr>
<tr><td>電話番号</td><td>{p.phone}</td><td>保険料</td><td>{d.price(9000, 98000)}</td></tr>
</table>
<p>更新のお手続きは、同封の返信はがき、またはお電話 {shop.free_phone} で承ります。</p>
<p style="color:#888;font-size:11px">{shop.company} {shop.postal} {shop.address}<br>募集文書番号 KD26-0417</p>
</td></tr></table></center></body></html>
""",
    )
