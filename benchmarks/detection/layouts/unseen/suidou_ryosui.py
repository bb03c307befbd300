"""A waterworks bureau's official letter in prose: a meter is to be changed; clean: the water of a district is shut off."""

from benchmarks.detection.drawing import Draw, Message, layout

HEAD = "{number}\n{day}\n\n{whom}\n\n                         浅間台市上下水道局 {office}長 {chief}\n\n{title}\n"
OFFICES = (("給水装置課", "本庄 繁"), ("営業課", "桑名 典江"), ("維持課", "滑川 隆"))
FOOT = """
問い合わせ先 浅間台市上下水道局 {office} 電話 027-555-0164 内線{line}
所在地 群馬県浅間台市中央通1丁目5番1号(市役所の北隣)"""


def letter(d: Draw, whom: str, title: str, body: str) -> str:
    office, chief = d.choice(OFFICES)
    number = f"浅水{office[0]}第{d.integer(11, 960)}号"
    head = HEAD.format(number=number, day=d.date(), whom=whom, office=office, chief=chief, title="　　　　" + title)
    return f"{head}\n{body}\n\n{FOOT.format(office=office, line=d.integer(210, 289))}\n"


@layout(
    "suidou-meter",
    language="ja",
    personal=True,
    transfer="base64",
    sender="ryosuiki@suido.asamadai.example",
    sender_name="",
)
def meter(d: Draw) -> Message:
    p = d.person()
    hour = d.integer(9, 15)
    body = d.choice(
        (
            f"　日ごろ本市の水道事業にご協力をいただき、ありがとうございます。\n　さて、{p.address}に取り付けてある水道メーター(水栓番号{p.member})は、計量法に定める有効期間が満了します。つきましては{d.date(16)}の{hour}時から{hour + 2}時までの間に委託業者が伺い、無料で取り替えます。お立会いは要りません。\n　ご都合の悪いときは、届け出のある電話({p.phone})へ前日にこちらからお電話しますので、その際にお申し出ください。",
            f"　{d.date(-6, 'short')}にお申込みのあった使用開始の件について、次のとおり受け付けましたのでお知らせします。使用者は{p.name}様({p.kana})、使用場所は{p.address}、開始日は{d.date(3, 'short')}です。当日は止水栓を開けるだけで、係員は伺いません。水栓番号は{p.member}です。お届けの際にお使いください。",
            f"　{d.date(-30, 'short')}の検針で、{p.address}の使用水量が{d.integer(61, 190)}立方メートルとなり、前回を大きく上回りました。漏水の疑いがありますので、すべての蛇口を閉めてメーターのパイロットをご確認ください。修繕をされたときは、料金の減額ができる場合があります。",
        )
    )
    return Message(
        subject=d.choice(("水道メーターについて(通知)", "上下水道局からのお知らせ")),
        text=letter(d, f"{p.name} 様", d.choice(("水道の使用について(通知)", "水道メーターについて(通知)")), body),
    )


@layout(
    "suidou-dansui",
    language="ja",
    personal=False,
    transfer="base64",
    sender="koho@suido.asamadai.example",
    sender_name="",
)
def shut(d: Draw) -> Message:
    town = d.choice(("榛原町", "神明台", "大字下条", "旭ヶ丘"))
    hour = d.integer(9, 14)
    body = d.choice(
        (
            f"　日ごろ本市の水道事業にご協力をいただき、ありがとうございます。\n　さて、{town}{d.integer(1, 3)}丁目の一部で配水管を取り替えるため、{d.date(9)}の{hour}時から{hour + 3}時までの間、水道が使えません。飲み水は前もってお汲み置きください。給水車を{town}公民館({town}115番地)の前に置きます。\n　工事は株式会社アサマ設備(現場代理人 土肥 健、電話027-555-0190)が行います。",
            f"　本年{d.date(31, 'short')}の検針分から水道料金を改めます。口径20ミリメートルの基本料金は1か月{d.price(900, 1600)}となり、メーター使用料は変わりません。料金の早見表は{town}出張所にあります。なお、局員をかたって浄水器を売る者が出ています。局員は必ず証票を持っていますので、お確かめください。",
            f"　水質検査の結果をお知らせします。{town}配水池の残留塩素は0.{d.integer(30, 60)}mg/L、濁度は0.1度未満で、いずれも基準に適合しています。検査の責任者は水質係長の志村 千晶です。結果書の写しを{d.date(20, 'short')}まで局の窓口で配ります。",
        )
    )
    return Message(
        subject=d.choice(("断水のお知らせ", "上下水道局だより", "水道料金について(通知)")),
        text=letter(d, f"{town}の皆様", d.choice(("水道の使用について(通知)", "上下水道局からのお知らせ")), body),
    )
