"""Where people live: cities that exist, streets and houses that are made up, and phone numbers that fit them.

Numbers are drawn among well-formed ones and may by chance be somebody's, like those of any generator: never call them.
"""

# ruff: noqa: SIM905, E501 - tables are read as words.

from __future__ import annotations

import random
from typing import NamedTuple


class City(NamedTuple):
    """A city of Japan with the first three digits of its postal codes and its area code."""

    prefecture: str
    name: str
    postal: str
    area: str


# prefecture: city/postal/area
_CITIES = """
北海道: 札幌市北区/001/011 札幌市中央区/060/011 函館市/040/0138 旭川市/070/0166 帯広市/080/0155 釧路市/085/0154
青森県: 青森市/030/017 弘前市/036/0172 八戸市/031/0178
岩手県: 盛岡市/020/019 花巻市/025/0198 一関市/021/0191
宮城県: 仙台市青葉区/980/022 仙台市太白区/982/022 石巻市/986/0225
秋田県: 秋田市/010/018 大館市/017/0186
山形県: 山形市/990/023 鶴岡市/997/0235
福島県: 福島市/960/024 郡山市/963/024 いわき市/970/0246 会津若松市/965/0242
茨城県: 水戸市/310/029 つくば市/305/029 土浦市/300/029
栃木県: 宇都宮市/320/028 鹿沼市/322/0289 足利市/326/0284
群馬県: 前橋市/371/027 高崎市/370/027 桐生市/376/0277
埼玉県: さいたま市浦和区/330/048 川越市/350/049 所沢市/359/04 越谷市/343/048 秩父市/368/0494
千葉県: 千葉市美浜区/261/043 船橋市/273/047 市川市/272/047 柏市/277/04 館山市/294/0470
東京都: 世田谷区/154/03 練馬区/176/03 江東区/135/03 北区/114/03 港区/105/03 八王子市/192/042 三鷹市/181/0422 青梅市/198/0428
神奈川県: 横浜市港北区/222/045 横浜市戸塚区/244/045 川崎市高津区/213/044 藤沢市/251/0466 小田原市/250/0465
新潟県: 新潟市中央区/951/025 長岡市/940/0258 上越市/943/025
富山県: 富山市/930/076 高岡市/933/0766
石川県: 金沢市/920/076 小松市/923/0761
福井県: 福井市/910/0776 敦賀市/914/0770
山梨県: 甲府市/400/055 富士吉田市/403/0555
長野県: 長野市/380/026 松本市/390/0263 上田市/386/0268
岐阜県: 岐阜市/500/058 高山市/506/0577 大垣市/503/0584
静岡県: 静岡市葵区/420/054 浜松市中央区/430/053 沼津市/410/055
愛知県: 名古屋市千種区/464/052 名古屋市緑区/458/052 豊橋市/440/0532 一宮市/491/0586
三重県: 津市/514/059 四日市市/510/059 伊勢市/516/0596
滋賀県: 大津市/520/077 彦根市/522/0749
京都府: 京都市中京区/604/075 京都市下京区/600/075 京都市左京区/606/075 宇治市/611/0774 舞鶴市/625/0773
大阪府: 大阪市淀川区/532/06 大阪市天王寺区/543/06 堺市北区/591/072 豊中市/560/06 枚方市/573/072
兵庫県: 神戸市灘区/657/078 姫路市/670/079 西宮市/662/0798 明石市/673/078
奈良県: 奈良市/630/0742 橿原市/634/0744
和歌山県: 和歌山市/640/073 田辺市/646/0739
鳥取県: 鳥取市/680/0857 米子市/683/0859
島根県: 松江市/690/0852 出雲市/693/0853
岡山県: 岡山市北区/700/086 倉敷市/710/086
広島県: 広島市中区/730/082 福山市/720/084 呉市/737/0823
山口県: 下関市/750/083 山口市/753/083
徳島県: 徳島市/770/088 鳴門市/772/088
香川県: 高松市/760/087 丸亀市/763/0877
愛媛県: 松山市/790/089 今治市/794/0898
高知県: 高知市/780/088 四万十市/787/0880
福岡県: 福岡市博多区/812/092 福岡市早良区/814/092 北九州市小倉北区/802/093 久留米市/830/0942
佐賀県: 佐賀市/840/0952 唐津市/847/0955
長崎県: 長崎市/850/095 佐世保市/857/0956
熊本県: 熊本市中央区/860/096 八代市/866/0965
大分県: 大分市/870/097 別府市/874/0977
宮崎県: 宮崎市/880/0985 都城市/885/0986
鹿児島県: 鹿児島市/890/099 霧島市/899/0995
沖縄県: 那覇市/900/098 沖縄市/904/098 宜野湾市/901/098
"""
CITIES = [
    City(prefecture, *place.split("/"))
    for prefecture, _, places in (line.partition(": ") for line in _CITIES.strip().splitlines())
    for place in places.split()
]
_TOWNS = (
    "緑ヶ丘 本町 東雲台 桜木町 若葉町 旭ヶ丘 栄町 新富町 松風台 西久保 花見川通 上ノ原 下荒井 霞ヶ谷 鶴舞 千鳥町 汐見 泉台 みどり野 美しが原 つつじが丘 さくら台 あけぼの町 "
    "大手町 鷹匠町 鍛冶屋町 魚屋町 川端 堀之内 宮前 八幡 神明町 天神 薬師台 寺前町 御幸町 日の出町 末広町 高砂 常盤台 若宮 中央 南台 北野 東山手 西浜 向陽台 光が丘 平和町 "
    "二十軒町 三本松 四ツ谷下 五反田町 六軒屋 七曲 八軒家 九重 十日市場 百草台 千本松 万代町 一番町 二の丸 三ノ輪町 ひばりが台 けやき通り いずみ中央 ゆりのき台"
).split()
_ROADS_KYOTO = "烏丸通 堀川通 河原町通 寺町通 御池通 夷川通 丸太町通 押小路通 仏光寺通 松原通 室町通 新町通".split()
_TOWNS_KYOTO = "少将井町 橘柳町 菊屋町 骨屋町 鏡屋町 玉植町 三文字町 笹屋町 扇酒屋町 亀屋町 木之下町 上白山町".split()
_BUILDINGS = (
    "コーポ青葉 メゾン桜台 グランドハイツ ライオンヒルズ サンパレス リバーサイド パークコート シャトー白金 ハイツみどり 第二若葉荘 コスモハイム エスポワール ヴィラ南風 "
    "プラウドヒル レジデンス中央 スカイタワー ガーデンテラス 県営東団地 市営住宅 さつき荘 カーサ・ソーレ ドミール泉 メルヴェーユ クレストコート フォレスト武蔵野 ベルメゾン 公団緑町"
).split()


def draw_city(rng: random.Random) -> City:
    """Any of them, every prefecture alike."""
    prefecture = rng.choice(sorted({city.prefecture for city in CITIES}))
    return rng.choice([city for city in CITIES if city.prefecture == prefecture])


def postal_ja(rng: random.Random, city: City) -> str:
    """A code of the city's district: 273-0005."""
    return f"{city.postal}-{rng.choice(('00', '00', '08'))}{rng.randint(1, 60):02}"


_KANJI = "〇一二三四五六七八九十"


def street_ja(rng: random.Random, city: City) -> str:
    """Town and number in the way of the region, as its people would type it."""
    if city.name.startswith("札幌市") and rng.random() < 0.7:
        return f"北{rng.randint(1, 40)}条{rng.choice('東西')}{rng.randint(1, 20)}丁目{rng.randint(1, 9)}-{rng.randint(1, 30)}"
    if city.name in ("帯広市", "旭川市") and rng.random() < 0.6:
        return f"{rng.choice('東西')}{rng.randint(1, 22)}条{rng.choice(('南', '北', ''))}{rng.randint(1, 40)}丁目{rng.randint(1, 20)}番地"
    if city.name.startswith("京都市") and city.name != "京都市左京区" and rng.random() < 0.7:
        way = rng.choice(("上る", "下る", "東入", "西入", "上ル", "下ル"))
        return f"{rng.choice(_ROADS_KYOTO)}{rng.choice(_ROADS_KYOTO)[:-1]}{way}{rng.choice(_TOWNS_KYOTO)}{rng.randint(100, 700)}"
    town = rng.choice(_TOWNS)
    a, b, c = rng.randint(1, 9), rng.randint(1, 40), rng.randint(1, 30)
    if rng.random() < 0.12:
        return _rural(rng, town, city)
    return rng.choice(
        (
            *(
                f"{town}{a}-{b}-{c}",
                f"{town}{a}-{b}-{c}",
                f"{town}{a}丁目{b}-{c}",
                f"{town}{a}丁目{b}番{c}号",
                f"{town}{a}丁目{b}番地{c}",
            ),
            *(
                f"{town}{_KANJI[a]}丁目{b}-{c}",
                f"{town}{b * 37}",
                f"{town}{b * 37}番地{c}",
                f"{town}{b * 11}-{c}",
                f"{town}{b * 7}番地",
            ),
            *(
                _wide(f"{town}{a}-{b}-{c}"),
                _wide(f"{town}{a}丁目{b}番{c}号"),
                f"{town}{a}の{b}の{c}",
                f"{town}{a}‐{b}‐{c}",
            ),
        )
    )


def _rural(rng: random.Random, town: str, city: City) -> str:
    if city.prefecture == "岩手県":
        return f"{town}第{rng.randint(1, 40)}地割{rng.randint(1, 90)}-{rng.randint(1, 9)}"
    if city.prefecture in ("愛媛県", "高知県", "長崎県"):
        return f"{town}{rng.choice('甲乙丙')}{rng.randint(10, 3000)}"
    if city.prefecture == "石川県":
        return f"{town}{rng.choice('イロハニホ')}{rng.randint(1, 200)}番地"
    return rng.choice(
        (f"大字{town}字前田{rng.randint(1, 900)}", f"字{town}{rng.randint(1, 900)}番地の{rng.randint(1, 9)}")
    )


def building_ja(rng: random.Random) -> str:
    """A house's name and door, or nothing."""
    if rng.random() < 0.5:
        return ""
    name, door = rng.choice(_BUILDINGS), f"{rng.randint(1, 14)}{rng.randint(1, 12):02}"
    return rng.choice(
        (
            f"{name}{door}",
            f"{name}{door}号室",
            f"{name} {door}号",
            f"{name}{rng.choice('ABC')}-{door}",
            f"{name}{_wide(door)}",
            f"{name}{rng.choice('ABCD')}棟{door}",
            f"{name} #{door}",
            door,
        )
    )


def _wide(text: str) -> str:
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


def mobile(rng: random.Random) -> str:
    """090-1234-5678, sometimes an IP phone's 050."""
    return f"{rng.choices(('090', '080', '070', '050'), (40, 36, 18, 6))[0]}-{rng.randint(1000, 9999)}-{rng.randrange(10000):04}"


def landline(rng: random.Random, area: str) -> str:
    """A number of that area code; ten digits in all."""
    middle = 6 - len(area)
    return (
        f"{area}-{rng.randint(2, 9)}{rng.randrange(10 ** (middle - 1)):0{middle - 1}}-{rng.randrange(10000):04}"
        if middle > 1
        else f"{area}-{rng.randint(2, 9)}-{rng.randrange(10000):04}"
    )


def spelled_ja(rng: random.Random, phone: str) -> str:
    """The number as somebody may have typed it into a form."""
    a, b, c = phone.split("-")
    return rng.choice(
        (
            phone,
            phone,
            f"{a}{b}{c}",
            f"{a}({b}){c}",
            f"({a}){b}-{c}",
            f"{a} {b} {c}",
            f"{a}.{b}.{c}",
            _wide(phone),
            _wide(f"{a}{b}{c}"),
            f"{a}ー{b}ー{c}",
            f"{a}‐{b}‐{c}",
        )
    )


# -- Britain and America ------------------------------------------------------------------------------


class Place(NamedTuple):
    """A city with its postal area (GB) or the first three digits of its ZIP codes (US), and its area code."""

    city: str
    state: str
    postal: str
    area: str


_GB = """
London,,SE,020 London,,NW,020 Manchester,,M,0161 Birmingham,,B,0121 Leeds,,LS,0113 Sheffield,,S,0114 Bristol,,BS,0117
Edinburgh,,EH,0131 Glasgow,,G,0141 Cardiff,,CF,029 Belfast,,BT,028 Leicester,,LE,0116 Nottingham,,NG,0115 Norwich,,NR,01603
York,,YO,01904 Exeter,,EX,01392 Swansea,,SA,01792 Inverness,,IV,01463 Truro,,TR,01872 Brighton,,BN,01273 Oxford,,OX,01865
Cambridge,,CB,01223 Bath,,BA,01225 Reading,,RG,0118 Newcastle_upon_Tyne,,NE,0191 Stoke-on-Trent,,ST,01782
"""
_US = """
Chicago,IL,606,312 Evanston,IL,602,847 Portland,OR,972,503 Austin,TX,787,512 El_Paso,TX,799,915 Denver,CO,802,303 Boise,ID,837,208
Madison,WI,537,608 Nashville,TN,372,615 Savannah,GA,314,912 Atlanta,GA,303,404 Tampa,FL,336,813 Boston,MA,021,617 Albany,NY,122,518
Brooklyn,NY,112,718 Newark,NJ,071,973 Pittsburgh,PA,152,412 Columbus,OH,432,614 Detroit,MI,482,313 St._Paul,MN,551,651
Omaha,NE,681,402 Tucson,AZ,857,520 Fresno,CA,937,559 San_José,CA,951,408 Spokane,WA,992,509 Honolulu,HI,968,808 Baton_Rouge,LA,708,225
"""
PLACES = {
    region: [Place(*(each.replace("_", " ") for each in word.split(","))) for word in table.split()]
    for region, table in (("GB", _GB), ("US", _US))
}
_STREETS_GB = (
    "Quarry_Bank Church_Lane Victoria_Road The_Crescent Mill_Hill Orchard_Close Station_Approach Albert_Terrace Highfield_Avenue "
    "Beech_Grove St_Mary's_Road Castle_Street Gorse_Way Heol_y_Parc Bridge_End Cobden_Street Marine_Parade Langdale_Gardens "
    "Upper_Wharf_Street Kiln_Yard Park_View Northumberland_Place Tanner's_Row Meadow_Rise"
).split()
_STREETS_US = (
    "Larkspur_Ave Maple_St Oak_Ridge_Dr W_Sycamore_Blvd N_Franklin_St Elm_Court County_Road_12 Sunset_Blvd Old_Mill_Rd Peachtree_Ln "
    "E_47th_St 3rd_Avenue S_Main_Street Cedar_Hollow_Way Prairie_View_Ct Avenida_del_Sol Martin_Luther_King_Jr_Blvd Highway_9 "
    "Lakeshore_Pkwy Birch_Terrace Juniper_Pl Willow_Creek_Trl Broadway Mission_St"
).split()
_HOUSES_GB = "Rose Cottage,The Old Bakery,Flat 2,Flat 14B,Flat 7,Apartment 31,2nd Floor,Unit 5,Ashby House".split(",")


def draw_place(rng: random.Random, region: str) -> Place:
    """A city of GB or US."""
    return rng.choice(PLACES[region])


def street_en(rng: random.Random, region: str) -> str:
    """19 Quarry Bank, 902 Larkspur Ave."""
    if region == "GB":
        number = rng.choice(
            (str(rng.randint(1, 199)), str(rng.randint(1, 199)), f"{rng.randint(1, 90)}{rng.choice('abc')}")
        )
        return f"{number} {rng.choice(_STREETS_GB).replace('_', ' ')}"
    return f"{rng.choice((rng.randint(1, 99), rng.randint(100, 9999), rng.randint(10000, 29999)))} {rng.choice(_STREETS_US).replace('_', ' ')}"


def building_en(rng: random.Random, region: str) -> str:
    """A flat or a suite, or nothing."""
    if rng.random() < 0.6:
        return ""
    if region == "GB":
        return rng.choice(_HOUSES_GB)
    return rng.choice(
        (
            f"Apt {rng.randint(1, 40)}",
            f"Apt. {rng.randint(1, 20)}{rng.choice('ABCD')}",
            f"Unit {rng.randint(100, 999)}",
            f"#{rng.randint(2, 90)}",
            f"Suite {rng.randint(100, 900)}",
        )
    )


def postal_gb(rng: random.Random, place: Place) -> str:
    """S11 9ZZ."""
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    return f"{place.postal}{rng.randint(1, 21)} {rng.randint(0, 9)}{rng.choice(letters)}{rng.choice(letters)}"


def postal_us(rng: random.Random, place: Place) -> str:
    """60201, sometimes with four more digits."""
    code = f"{place.postal}{rng.randrange(100):02}"
    return f"{code}-{rng.randint(1000, 9999)}" if rng.random() < 0.15 else code


def phone_en(rng: random.Random, region: str, place: Place, *, mobile: bool) -> str:
    """In Britain of the ranges kept for drama where there is one; in America of the 555-01xx that are kept for it."""
    if region == "US":
        return f"({place.area}) 555-{rng.randint(100, 199):04}"
    if mobile:
        return f"07700 900{rng.randrange(1000):03}"
    if place.area == "020":
        return f"020 7946 0{rng.randrange(1000):03}"
    if len(place.area) == 4:
        return f"{place.area} 496 0{rng.randrange(1000):03}"
    return f"01632 960{rng.randrange(1000):03}"


def spelled_en(rng: random.Random, region: str, phone: str) -> str:
    """The number as somebody may have typed it."""
    digits = "".join(filter(str.isdigit, phone))
    if region == "US":
        a, b, c = digits[:3], digits[3:6], digits[6:]
        return rng.choice(
            (phone, f"{a}-{b}-{c}", f"{a}.{b}.{c}", digits, f"+1 {a}-{b}-{c}", f"1-{a}-{b}-{c}", f"{a} {b} {c}")
        )
    return rng.choice(
        (
            phone,
            digits,
            f"+44 {phone[1:]}",
            f"+44 (0){phone[1:]}",
            f"{digits[:5]}-{digits[5:]}",
            f"{digits[:4]} {digits[4:7]} {digits[7:]}",
        )
    )
