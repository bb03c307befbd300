"""Values that have a form of their own: phone numbers, postal codes, addresses, mail addresses, dates, card numbers.

Each function reads one line as `Line.text` has it and yields spans. Whose a value is, others say.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Form = Literal["postal", "address", "phone", "email", "card_tail", "date"]


class Value(NamedTuple):
    """A span. `plain` is what is compared (digits, lower case); `weak` means that the form alone is no proof."""

    kind: Form
    start: int
    end: int
    plain: str
    weak: bool = False


# -- phone numbers -------------------------------------------------------------------------------------

_GAP = r" ?[-.)(/ ] ?"
_PHONE = re.compile(
    r"(?<![0-9A-Za-z_+])(?<![0-9A-Za-z_][-/_.=])(?:"
    r"\+[1-9][0-9]{0,2}(?:[ .()/-]{0,3}[0-9]{1,5}){2,6}"
    rf"|\(?0[0-9]{{1,4}}(?:{_GAP}[0-9]{{1,5}}){{1,3}}"
    r"|0[0-9]{9,10}|0[0-9]{4}[ -][0-9]{6}|0[0-9]{3}[ -][0-9]{7}"
    r"|(?:1[ .-]?)?\(?[2-9][0-9]{2}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}|\([2-9][0-9]{2}\)[0-9]{3}[ .-][0-9]{4}"
    r")(?![0-9A-Za-z]|[-/_.][0-9A-Za-z])"
)
# Numbers that no person has: toll-free, shared cost, premium (ITU-T national numbering plans).
_PUBLIC = re.compile(r"\+81(?:120|800|570|180|990)|\+1(?:8(?:00|22|33|44|55|66|77|88)|900)|\+44(?:3|8[0478]|9)")
_NO_DIGITS = re.compile("[^0-9]+")
_MOBILE_JP, _MOBILE = re.compile("0[5-9]0|0800"), re.compile("0[5-9]0|07")
_DATE_LIKE = re.compile(r"0?[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ](?:19|20)[0-9]{2}|0[0-9][./-][0-9]{2}[./-][0-9]{2}")


def national(found: str) -> str:
    """A number in E.164 form, or "" where the digits make none of Japan's, North America's, Britain's or a "+" one."""
    digits = _NO_DIGITS.sub("", found)
    if found.lstrip("(").startswith("+"):
        digits = digits[:2] + digits[3:] if digits.startswith(("810", "440")) else digits
        return f"+{digits}" if 9 <= len(digits) <= 15 else ""
    if digits.startswith("0"):
        if len(digits) == 10 and digits[1] != "0":
            return f"+81{digits[1:]}"
        if len(digits) == 11 and digits[1] in "12378" and not _MOBILE_JP.match(digits):
            return f"+44{digits[1:]}"
        return f"+81{digits[1:]}" if len(digits) == 11 and _MOBILE_JP.match(digits) else ""
    own = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    return f"+1{own}" if len(own) == 10 and own[3] not in "1" else ""


def is_public(number: str) -> bool:
    """Whether nobody has such a number at home."""
    return _PUBLIC.match(number) is not None


def phones(text: str) -> Iterator[Value]:
    """Phone numbers; digits without any gap are weak, except those of mobiles."""
    for found in _PHONE.finditer(text):
        shown = found[0]
        number = national(shown)
        if not number or _DATE_LIKE.fullmatch(shown):
            continue
        start = found.start()
        if shown[0] == "(" and ")" not in shown:
            start += 1
        weak = shown.isdigit() and not _MOBILE.match(shown)
        yield Value("phone", start, found.end(), number, weak)


# -- postal codes --------------------------------------------------------------------------------------

STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]"
    "|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
)
_MARKED = re.compile(r"(?:〒|(?<=郵便番号)) ?:? ?([0-9]{3}) ?-? ?([0-9]{4})(?![0-9])")
_JP = re.compile(r"(?<![0-9A-Za-z+])(?<![0-9A-Za-z][-.])([0-9]{3})-([0-9]{4})(?![0-9A-Za-z]|-[0-9A-Za-z])")
_ZIP = re.compile(
    rf"(?:(?<=\b(?:{STATES}) )|(?<=\b(?:{STATES})  )|(?<=\b(?:{STATES}), ))([0-9]{{5}})(-[0-9]{{4}})?(?![0-9-])"
)
_UK = re.compile(r"\b(?:[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][ABD-HJLNP-UW-Z]{2})\b")
_STATE_LONG = re.compile(r"(?<=[a-z], )(?:[A-Z][a-z]+ ?){1,2} ([0-9]{5})(-[0-9]{4})?(?![0-9-])")


def postals(text: str) -> Iterator[Value]:
    """Postal codes of Japan, the United States (after their state) and Britain; one without 〒 is weak in Japan."""
    marked = set()
    for found in _MARKED.finditer(text):
        marked.add(found.start(1))
        yield Value("postal", found.start(), found.end(), found[1] + found[2])
    for found in _JP.finditer(text):
        if found.start(1) not in marked:
            yield Value("postal", found.start(), found.end(), found[1] + found[2], True)
    if not text.isascii() and "," not in text:
        return
    for found in _ZIP.finditer(text):
        yield Value("postal", found.start(), found.end(), found[1])
    for found in _UK.finditer(text):
        yield Value("postal", found.start(), found.end(), found[0].replace(" ", ""), " " not in found[0])


# -- addresses -----------------------------------------------------------------------------------------

PREFECTURE = (
    "(?:北海道|東京都|(?:京都|大阪)府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟"
    "|富山|石川|福井|山梨|長野|岐阜"
    "|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本"
    "|大分|宮崎|鹿児島|沖縄)県)"
)
_DIGIT = "[0-9一二三四五六七八九十百]"
_LOT = (
    rf"(?:[0-9]{{1,5}}(?:[ ]?-[ ]?[0-9]{{1,5}})+|[0-9]{{1,4}}の[0-9]{{1,4}}(?:の[0-9]{{1,4}})?"
    rf"|{_DIGIT}{{1,6}} ?(?:丁目|番地|番町?|号|条)|(?:第?[0-9]+地割)"
    r"|(?<=[町村字市区])[0-9]{2,5}(?![0-9年月日時分円%点個名枚台件回人歳,:/]))"
)
_LETTER = "[一-龠々ヶケノァ-ヴーぁ-ん]"
_NO_CITY = (
    r"(?!市(?:場|販|民|内|立|街|況|価)|区(?:分|間|役|画|域|切)|町(?:内|民|並)|村(?:民|内)"
    r"|[市区町村](?:[のはがをで、。 ]|に(?!お)|から|まで))"
)
_JAPAN = re.compile(
    rf"{PREFECTURE}[ 、]?(?:{_LETTER}{{1,8}}?{_NO_CITY}[市区町村郡]|[一-龠々ヶ]{{2,8}}[0-9]{{1,4}}[-番丁])"
    rf"|(?<![一-龠々])[一-龠々ヶケァ-ヴぁ-ん]{{1,7}}?{_NO_CITY}[市区町村郡][^0-9\n、。,:()「」]{{0,16}}?{_LOT}"
    r"|(?<![一-龠々])[一-龠々ヶ]{1,5}市(?![立民場内役街])[一-龠々ヶ]{2,8}[0-9]{3,5}(?=[へにでをはのが、。)( ]|$)"
    r"|(?<![一-龠々])[一-龠々ヶ]{1,4}市[一-龠々]{1,4}区[一-龠々ヶノァ-ヴぁ-ん]{2,10}[0-9]{1,4}(?![0-9年月日時分円%点個名枚台件回人歳])"
    rf"|(?<![一-龠々])[一-龠々ヶ]{{2,8}}(?:{_DIGIT}{{1,3}}丁目|[0-9]{{1,4}}番地)[0-9]{{0,4}}"
    r"|(?<![一-龠々])[一-龠々ヶ]{1,6}[市区町村](?=(?:に|で)(?:住|お住|暮)|在住)"
    r"|大字[一-龠々ヶ]{1,6}(?:字[一-龠々ヶ]{1,6})?[0-9]{1,5}(?![0-9年月日時分円])"
)
_MORE = re.compile(rf"(?:[ ・、]{{0,2}}(?:{_LETTER}|[0-9A-Za-z#&'.\-〇階号室棟()]){{1,24}}){{0,6}}")
# After the number: what says that the address is over.
_OVER = re.compile(
    r"(?:へ|に|まで|宛|を|が|は|で|より|から|です|となり|とな|と)(?=[ぁ-ん一-龠ァ-ヴ、。]|$)|の(?=[一-龠]{2}|お|まま"
    r"|ご)| ?(?:tel|fax|電話|携帯|〒|mail)|[。、]|方面",
    re.I,
)
_LOT_NEAR = re.compile(_LOT)
# A sentence before a city's name: ご住所が西宮市…
_SENTENCE = re.compile(r"[^市区町村郡]{0,6}[一-龠][がはをへ](?=[一-龠ァ-ヴぁ-ん])")
_NAMED = re.compile(r" ?[^\W\d_]{1,12}(?: [^\W\d_]{1,8})? ?(?:様|さま|殿|御中|行$)")
_LAST_NUMBER = re.compile(r"[0-9一二三四五六七八九十](?:丁目|番地?|号室?|階|棟|[fF])?")

STREET = (
    "St|Str|Street|Ave|Av|Avenue|Rd|Road|Lane|Ln|Drive|Dr|Blvd|Boulevard|Way|Court|Ct|Place|Pl|Terrace|Ter"
    "|Close|Bank|Yard"
    "|Square|Sq|Gardens?|Gdns|Crescent|Cres|Hill|Park|Row|Mews|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Walk|Grove"
    "|Green|View"
    "|Rise|Vale|Loop|Trail|Path|Quay|Wharf|Parade|Broadway|Gate|Croft|Drove|Fold|Turnpike|Alley|Plaza|Point"
    "|Ridge|Run|Common"
    "|Cottages?|Villas|Buildings|Embankment|Esplanade|Promenade|Meadows?|Heights|Orchard|Passage|Side|End|Brow"
    "|Bridge|Field"
    "|Fields|Wood|Woods|Pike|Crossing|Landing|Bend|Cove|Glen|Hollow|Knoll|Manor|Mill|Mount|Oval|Pass|Spur|Gait"
    "|Wynd|Brae"
)
_UNIT = r"(?:Apartment|[Aa]pt|[Ff]lat|[Uu]nit|[Ss]uite|Ste|[Rr]oom|Rm|[Ff]loor|Fl|#)\.? ?#?[0-9A-Za-z-]{1,6}"
_WESTERN = re.compile(
    rf"(?:\b{_UNIT},? )?\b[0-9]{{1,5}}[A-Za-z]?(?:[-/][0-9]{{1,5}})? (?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East"
    rf"|West|St|Saint)\.? )?"
    rf"(?:[A-Z][\w'’.-]*,? ){{1,4}}?(?:{STREET})\b\.?(?: (?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\b\.?)?"
    r"|\b[0-9]{1,5} (?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?"
    r"(?:[0-9]{1,3}(?:st|nd|rd|th)|Avenue [A-Z]|Broadway|(?:Highway|Hwy|Route|Rte|Road|County Road"
    r"|State Road) [0-9]+)(?: (?:" + STREET + r"))?\b"
    r"|\bP\.? ?O\.? Box [0-9]+"
    r"|(?:[0-9]{1,4}-){1,3}[0-9]{1,4},? [A-Z][\w-]+(?:,? [A-Z]?[\w-]+){0,4}[- ](?:ku|shi|cho|machi|ken|gun"
    r"|tokyo|osaka|kyoto)\b"
)
_WESTERN_MORE = re.compile(
    rf"(?:,? ?{_UNIT})?(?:,? (?:(?:{STATES})\b(?! [a-z])|[A-Z][\w'’.-]+(?: [A-Z][\w'’.-]+){{0,2}}(?=,"
    rf"| [A-Z]{{2}} [0-9]| [A-Z]{{1,2}}[0-9]|$|\.)))*"
)


_TO_CODE = re.compile(rf"(?:{_UNIT},? )?\b[0-9]{{1,5}}[A-Za-z]?,? (?:(?:[A-Z0-9#][\w'’.-]*|of|the|in),? ?){{1,9}}$")


# A house that has a name and no number: "Rose Cottage, Nether Wasdale, Cumbria".
_NAMED_HOUSE = re.compile(
    r"(?:^|(?<=[ :(]))(?:The )?[A-Z][\w'’-]+(?: (?:[A-Z][\w'’-]+|of|the|on|upon|le|in)){0,3},"
    r"(?: [A-Z][\w'’-]+(?:[ -](?:[A-Z][\w'’-]+|of|the|on|upon|le|in)){0,3},?){1,3} ?$"
)


def before_code(text: str, code: Value) -> Value | None:
    """What stands before a Western postal code and reads like an address, whatever its street is called."""
    since = max(code.start - 90, 0)
    found = _TO_CODE.search(text, since, code.start)
    if found is None and not code.plain.isdigit():
        found = _NAMED_HOUSE.search(text, since, code.start)
    if found is None:
        return None
    shown = found[0].rstrip(" ,")
    return Value("address", found.start(), found.start() + len(shown), shown.casefold())


_SHORTENED = re.compile(r"\b(?:St|Rd|Ave|Ln|Dr|Blvd)\.$")


def addresses(text: str) -> Iterator[Value]:
    """Postal addresses, in one piece from prefecture, city or house number on to the end of what belongs to them."""
    if not text.isascii():
        at = 0
        while found := _JAPAN.search(text, at):
            at = _end_of_address(text, found.end())
            before = _SENTENCE.match(text, found.start(), found.end())
            start = before.end() if before else found.start()
            yield Value("address", start, at, text[start:at].replace(" ", ""))
    for found in _WESTERN.finditer(text):
        more = _WESTERN_MORE.match(text, found.end())
        end = more.end() if more else found.end()
        if text[end - 1 : end] == "." and not _SHORTENED.search(text[max(end - 8, 0) : end]):
            end -= 1
        # A number and a street alone are somewhere; with a town they are somebody's.
        alone = end == found.end() and "Box" not in found[0] and "-" not in found[0]
        yield Value("address", found.start(), end, text[found.start() : end].casefold(), alone)


def _end_of_address(text: str, at: int) -> int:
    """Past building and room; before a sentence that goes on, or a name."""
    lot = _LOT_NEAR.search(text, at, at + 28)
    more = _MORE.match(text, at)
    end = more.end() if more else at
    over = _OVER.search(text, lot.end() if lot and lot.end() <= end else at, end)
    end = over.start() if over else end
    for space in re.finditer(" ", text[at:end]):
        if _NAMED.match(text, at + space.start()):
            end = at + space.start()
            break
    named = _NAMED.match(text, at)
    if named and named.end() <= end + 1 and not _LAST_NUMBER.search(text[at:end]):
        end = at
    closing = text.find(")", at, end)
    if closing >= 0 and "(" not in text[at:closing]:
        end = closing
    return len(text[:end].rstrip(" ・、-("))


_HOUSES = (
    "マンション|ハイツ|コーポ|アパート|ビル|荘|寮|団地|メゾン|レジデンス|パーク|タワー|ヒルズ|テラス|コート|ハウス|プラザ|グラン|シティ"
    "|ガーデン|パレス|ドミール|カーサ|ヴィラ|ロイヤル|サニー|グリーン|フォレスト|レイク|シャトー|エステート|フラット|ステージ|スクエア|ライオンズ|ルーム|住宅|会館"
)
# What a building and a room look like at the end of an address, or in a line below it.
BUILDING = re.compile(
    rf"(?:{_HOUSES})[一-龠ァ-ヴーぁ-んA-Za-z・]{{0,8}}(?:[ 　]?[A-Z0-9#]{{1,5}}(?:-[0-9]{{1,4}})?)?"
    r"(?:号室?|号棟|棟|階|[fF])?[0-9]{0,4}(?:号室?)?$"
    r"|(?:号室|号棟|[0-9]号|[0-9]階|[0-9][fF]|方)$"
    r"|[一-龠ァ-ヴーぁ-んA-Za-z] ?[0-9]{1,4}(?:-[0-9]{1,4})?(?:号室?)?$"
    r"|^[0-9]{1,4}号室?$|[#＃][0-9]{1,4}$"
)
UNIT = re.compile(
    rf"(?:{_UNIT}|(?=[A-Z])(?:[\w'’.-]+ ){{0,4}}(?:House|Court|Lodge|Tower|Towers|Mansions|Cottage|Farm"
    rf"|Apartments|Building)(?:,? [\w -]{{1,10}})?),?$"
)
CITY_LINE = re.compile(
    rf"^[A-Z][\w'’. -]{{1,30}},? (?:{STATES})\.?,? [0-9]{{5}}(?:-[0-9]{{4}})?$"
    rf"|^[A-Z][\w'’. -]{{1,30}},? [A-Z]{{1,2}}[0-9][0-9A-Z]? ?[0-9][A-Z]{{2}}$"
)

# Of other countries, where a block says that it is an address: "Kastanienweg 9", "24103 Kiel".
ABROAD = re.compile(
    r"[A-ZÀ-Þ][^\d@:]{2,40} [0-9]{1,5}[a-zA-Z]?(?:[/-][0-9]+)?|[0-9]{1,5}(?:bis|ter)?,? [A-Za-zÀ-ÿ][^\d@:]{3,40}"
)
TOWN_ABROAD = re.compile(r"(?:[A-Z]{1,2}-)?([0-9]{4,6}(?: [A-Z]{2})?) ([A-ZÀ-Þ][^\d@:]{1,30})")

# -- mail addresses ------------------------------------------------------------------------------------

_MAIL = re.compile(
    r"(?<![\w.+/=-])[A-Za-z0-9_][\w.+'-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,18}"
)
ROLES = frozenset(
    [
        "info",
        "support",
        "help",
        "contact",
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "order",
        "orders",
        "sales",
        "service",
        "services",
        "customer",
        "customerservice",
        "customercare",
        "cs",
        "care",
        "privacy",
        "press",
        "media",
        "office",
        "admin",
        "webmaster",
        "postmaster",
        "hello",
        "team",
        "billing",
        "accounts",
        "abuse",
        "enquiries",
        "inquiry",
        "enquiry",
        "shop",
        "store",
        "mail",
        "reply",
        "mailer",
        "notify",
        "notification",
        "notifications",
        "news",
        "newsletter",
        "security",
        "feedback",
        "hr",
        "jobs",
        "careers",
        "recruit",
        "reservations",
        "reservation",
        "booking",
        "bookings",
        "reception",
        "frontdesk",
        "toiawase",
        "otoiawase",
        "soudan",
        "madoguchi",
        "kouhou",
        "returns",
        "refunds",
        "delivery",
        "dispatch",
        "welcome",
        "members",
        "member",
        "events",
        "tickets",
        "unsubscribe",
    ]
)


def emails(text: str) -> Iterator[Value]:
    """Mail addresses; those of an office (info@) are weak."""
    for found in _MAIL.finditer(text):
        local = found[0].partition("@")[0].casefold()
        weak = local in ROLES or local.replace("-", "").replace("_", "").replace(".", "") in ROLES
        yield Value("email", found.start(), found.end(), found[0].casefold(), weak)


# -- dates ---------------------------------------------------------------------------------------------

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = re.compile(
    r"(?:(?:19|20)[0-9]{2} ?年|(?:明治|大正|昭和|平成|令和) ?(?:[0-9]{1,2}|元|[〇一二三四五六七八九十]{1,4}) ?年)"
    r"(?: ?\(?[^0-9() ]{0,4}[0-9]{0,4}年?\))? ?(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3}) ?月(?: ?(?:[0-9]{1,2}"
    r"|[一二三四五六七八九十]{1,4}) ?日)?"
    r"|(?<![\w.])[mtshrMTSHR]\.? ?[0-9]{1,2} ?[./年-] ?[0-9]{1,2} ?[./月-] ?[0-9]{1,2}日?(?![0-9])"
    r"|(?<![0-9])(?:19|20)[0-9]{2} ?[-/.] ?[0-9]{1,2} ?[-/.] ?[0-9]{1,2}(?![0-9])"
    r"|(?<![0-9])[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ](?:19|20)[0-9]{2}(?![0-9])"
    rf"|(?<![0-9])[0-9]{{1,2}}(?:st|nd|rd|th)?[ -](?:of )?{_MONTH}\.?,?[ -](?:19|20)?[0-9]{{2}}(?![0-9])"
    rf"|\b{_MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)[0-9]{{2}}(?![0-9])"
    r"|(?<![0-9])(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9])",
    re.I,
)
_SAID = re.compile(r" ?(?:生まれ|生(?!活|産|命|徒|花|鮮|ビ|地|まれた|協|涯|け)|うまれ)")
_BORN = re.compile(r"(?:\bborn(?: on)?|\bd\.?o\.?b\.?|\bdate of birth|\bage[d:]? [0-9]{1,3})[ :,(]{0,3}$", re.I)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


def dates(text: str) -> Iterator[Value]:
    """Dates with their year; "weak" where nothing beside it says that somebody was born then."""
    for found in _DATE.finditer(text):
        born = bool(_SAID.match(text, found.end())) or bool(
            _BORN.search(text[max(found.start() - 20, 0) : found.start()])
        )
        yield Value("date", found.start(), found.end(), found[0], not born)


def is_past(date: str) -> bool:
    """Whether a date may be somebody's day of birth, beside words that say so."""
    year = _YEAR.search(date)
    return year is None or int(year[0]) >= 1900


# -- cards ---------------------------------------------------------------------------------------------

_CARD = re.compile(
    r"(?:(?:下|末尾|末|うしろ|後ろ)(?: ?[0-9一二三四]{1,2} ?(?:桁|けた"
    r"|ケタ))?)[ :はが「(\-]{0,4}([0-9]{2,5})(?![0-9桁けケ])"
    r"|[*xX●•＊]{2,}[ -]?([0-9]{3,5})(?![0-9])"
    r"|\b(?:ending|ends|ended)(?: (?:in|with))?[ :]{0,2}[*x•.]*([0-9]{3,5})(?![0-9])"
    r"|\b(?:visa|master ?card|amex|american express|jcb|diners|discover|maestro|debit"
    r"|credit card)[ :]{1,2}(?:[-*x•#…. ]{0,6})([0-9]{4}|(?<=[-*x•#…])[0-9]{3,5})(?![0-9])"
    r"|\((?:\.{3}|…) ?([0-9]{4})\)"
    r"|\blast (?:four|4|three|3)(?: digits)?(?: of [a-z ]{1,20})?[ :]{1,3}(?:are |is )?([0-9]{3,4})(?![0-9])",
    re.I,
)
_LONG_CARD = re.compile(
    r"(?<![\w-])(?:[3-6][0-9]{3})(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{3,4}(?![\w-])"
    r"|(?<![\w-])3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5}(?![\w-])"
)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def cards(text: str) -> Iterator[Value]:
    """Endings of card and account numbers, and whole card numbers."""
    for found in _CARD.finditer(text):
        group = next(number for number in range(1, 6) if found[number])
        yield Value("card_tail", found.start(group), found.end(group), found[group])
    for found in _LONG_CARD.finditer(text):
        digits = _NO_DIGITS.sub("", found[0])
        if luhn(digits):
            yield Value("card_tail", found.start(), found.end(), digits)
