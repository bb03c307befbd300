"""Names of persons: what an honorific or a greeting names, and what looks like a name where one may stand."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from unicodedata import combining, normalize

from atesaki.content.labels import is_word
from atesaki.content.values import STREET

KANJI = "一-龠々〆ヶ髙﨑德\uf900-\ufaff"
_CAPITAL = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽĿŁŃŅŇŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽ"
_LATIN = rf"[{_CAPITAL}][\w'’.-]*"


class Named(NamedTuple):
    """A name's span; `why` it is one."""

    start: int
    end: int
    why: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class _Words:
    surnames: frozenset[str]
    given: frozenset[str]
    plain: frozenset[str]
    nobody: frozenset[str]
    nobody_ends: tuple[str, ...]
    nobody_en: frozenset[str]


@cache
def _words() -> _Words:
    data = tomllib.loads(files(__package__).joinpath("finding_names.toml").read_text("utf-8"))
    return _Words(
        frozenset(data["surnames"].split()),
        frozenset(data["given"].split()),
        frozenset(data["plain"].split()),
        frozenset(data["nobody"]),
        tuple(word for word in data["nobody"] if len(word) > 1),
        frozenset(data["nobody_en"].split()),
    )


# -- what a name looks like ----------------------------------------------------------------------------

_JA_TWO = re.compile(
    rf"[{KANJI}ァ-ヴー]{{1,5}}[ ・]{{1,2}}[{KANJI}ぁ-んァ-ヴーA-Z]{{1,6}}"
    rf"|[ァ-ヴー]{{2,12}}[ ・=][ァ-ヴー]{{1,12}}(?:[ ・][ァ-ヴー]{{1,12}})?|[ぁ-ん]{{2,6}} [ぁ-んー]{{2,6}}"
    rf"|[ぁ-ん]{{2,5}} [{KANJI}]{{1,4}}"
)
_JA_ONE = re.compile(
    rf"[{KANJI}]{{1,6}}[ぁ-ん]{{0,4}}|[{KANJI}]{{1,4}}[ァ-ヴー]{{1,5}}|[ァ-ヴー]{{2,14}}|[ぁ-んー]{{2,8}}"
)
_EN = re.compile(rf"{_LATIN}(?: (?:{_LATIN}|de|da|del|della|di|du|van|von|der|den|la|le|bin|al|ibn|dos|y)){{0,4}}")
_EN_TURNED = re.compile(rf"({_LATIN}(?: {_LATIN})?), ({_LATIN}(?: {_LATIN})?)")
_STREET_END = re.compile(rf" (?:{STREET})\.?$")
_TITLE = re.compile(r"(?:mr|mrs|ms|miss|mx|dr|prof|sir|dame|rev)\.? ", re.I)
_NOT_JA = re.compile(
    r"(?:[都道府県市区町村丁目番地号室階棟店館社部課係局院園校駅線円年月日時分様方者会金券物品類式用的化性中上下]|センター|ショップ|サービス|ストア|マンション)$"
)
_POST = re.compile("[長頭](?:代理|補佐)?$|教諭$|主任$|担当$|係$|監督$|理事$|取締役$|先生$")
_KANA_NAME = re.compile(r"[ァ-ヴー]{2,10}[ ・]{0,2}[ァ-ヴー]{0,10}|[ぁ-んー]{2,8}[ ・]{0,2}[ぁ-んー]{0,8}")


def is_kana(text: str) -> bool:
    """Whether a text is the reading of a name."""
    return _KANA_NAME.fullmatch(text.strip()) is not None


def could_be_name(text: str) -> bool:
    """Whether a value that a label calls a name can be one: not empty, no sentence, no number."""
    if not 1 <= len(text) <= 40 or re.search(r"[0-9@:/。、!?！？¥%=_{}<>*]|です|ます|ください|なし|未", text):
        return False
    if not text.isascii() and not re.search(r"[A-Za-z]", text):
        return len(text) <= 20
    words = [word.strip(".,").casefold() for word in text.split()]
    return len(words) <= 6 and (text.isupper() or text.islower() or not all(word in _words().plain for word in words))


def likeness(text: str) -> int:
    """How much a text looks like a person's name: 0 not, 1 by its form, 2 by its words as well."""
    words = _words()
    text = text.strip(" ,")
    if not 2 <= len(text) <= 40:
        return 0
    if text.isascii():
        return _english_likeness(_TITLE.sub("", text, count=1)) if text[0].isalpha() else 0
    if _JA_TWO.fullmatch(text):
        family = re.split("[ ・=]", text)[0]
        if family in words.surnames:
            return 2
        if _POST.search(family):
            return 0  # 教室長 比嘉
        given = re.split("[ ・=]+", text)[-1]
        return 0 if is_word(family) or is_word(given) or _NOT_JA.search(given) or _NOT_JA.search(family) else 1
    if _JA_ONE.fullmatch(text):
        return 1 if surname_of(text) and not is_word(text) and not _NOT_JA.search(text) else 0
    if re.search("[A-Za-z]", text) is None:
        return 0
    return _english_likeness(_TITLE.sub("", text, count=1))


def _english_likeness(text: str) -> int:
    words = _words()
    turned = _EN_TURNED.fullmatch(text)
    plain = f"{turned[2]} {turned[1]}" if turned else text
    if not _EN.fullmatch(plain):
        return 0
    words_in = plain.split()
    if not plain.isupper() and any(len(word) == 3 and word.isalpha() and word.isupper() for word in words_in):
        return 0  # LHR London
    parts = [part.strip(".'’").casefold() for part in words_in]
    if len(parts) < 2 or any(part in words.plain and part not in words.given for part in parts):
        return 0
    if _STREET_END.search(plain) or is_word(plain) or any(len(part) > 14 for part in parts):
        return 0
    return 2 if _bare(parts[0]) in words.given else 1


def surname_of(text: str) -> str:
    """The common surname that an unparted Japanese name begins with, and that leaves a given name of one to"
    " three letters."""
    words = _words()
    for length in (3, 2, 4, 1):
        if text[:length] in words.surnames and 1 <= len(text) - length <= 4 and (length > 1 or len(text) == 3):
            return text[:length]
    return ""


def is_surname(text: str) -> bool:
    return text in _words().surnames


def untitled(text: str) -> str:
    """A name without Mr or Dr."""
    return _TITLE.sub("", text, count=1)


def is_plain(text: str) -> bool:
    return text.casefold() in _words().plain


def is_given(text: str) -> bool:
    return _bare(text) in _words().given


def _bare(text: str) -> str:
    """In small letters, without their marks."""
    low = text.casefold()
    return low if low.isascii() else "".join(letter for letter in normalize("NFKD", low) if not combining(letter))


# -- honorifics ----------------------------------------------------------------------------------------

_HONORIFIC = re.compile(
    r"[ )）」』]{0,3}(?:様(?![々子式態相])|さま(?![ざ々])|(?<=[ァ-ヴー ])サマ(?![ァ-ヴー])|殿(?![堂下町様])"
    r"|さん(?![ぽござせかこび])"
    r"|氏(?=[ (]?(?:名義|宛|$)))|(?<=[ァ-ヴー一-龠ぁ-ん])(?:くん|ちゃん)(?=[、 のへはが(]|$)"
)
_BEFORE = re.compile(
    rf"(?:(?P<family>[{KANJI}]{{1,5}}|[{KANJI}ヶノァ-ヴー]{{2,6}}|[ぁ-ん]{{2,5}})[ ・]{{1,3}})?"
    rf"(?P<last>[{KANJI}]{{1,7}}[ぁ-ん]{{0,4}}|[{KANJI}]{{1,4}}[ァ-ヴー]{{1,6}}|[ァ-ヴー・]{{2,16}}"
    rf"|[ぁ-んー]{{2,8}}|[{_CAPITAL}])\s*$"
    rf"|(?P<latin>{_LATIN}(?:[ ・]{_LATIN}){{0,3}})\s*$"
    r"|(?P<lower>\b[a-z]{2,12}(?: [a-z]{2,12})?)\s*$"
)
_ROLES = re.compile(
    r"^(?:ご?(?:会員|患者|契約者|注文者|購入者|予約者|申込者|利用者|登録者|受取人|保護者|宛先|名義|本人|届け先"
    r"|代表者|入居者|使用者|被保険者|世帯主|受給者|搭乗者|宿泊者)|(?:お|ご)客様?|お?宛|親愛なる|先日|本日|今回"
    r"|毎度|以下|件名|新規|登録|友人|上記|下記)(?=.)"
)
_INTRODUCED = re.compile(
    rf"(?:^|[のは、。 ])((?:[{KANJI}]{{1,4}}|[ァ-ヴー]{{2,8}})(?: ?[{KANJI}ァ-ヴーぁ-ん]{{1,5}})?)と申します"
)
_READING = re.compile(r"[ ]?[(（「]\s?([ァ-ヴーぁ-ん]{1,12}[ ・]{0,2}[ァ-ヴーぁ-ん]{0,12})\s?[)）」]$")
_COMPANY = re.compile(
    r"(?:株式会社|有限会社|合同会社|法人|\(株\)|㈱|\(有\)|御中|支店|営業所|センター|ストア|ショップ|薬局|医院"
    r"|病院|商店|工業|製作所|運輸|建設)"
)


def honoured(text: str) -> Iterator[Named]:
    """Names that stand before 様, さま, 殿, さん and their like; their reading in brackets is left out."""
    for said in _INTRODUCED.finditer(text) if "と申します" in text else ():
        yield Named(said.start(1), said.end(1), "introduced")
    for found in _HONORIFIC.finditer(text):
        word = found[0].lstrip(" )）」』")
        at = found.start()
        until = at + len(found[0]) - len(word)
        # The reading may stand between the name and 様.
        reading = _READING.search(text, 0, until)
        stop = reading.start() if reading else at
        if not reading and until > at and text[at:until].strip():
            stop = at
        named = _BEFORE.search(text, max(stop - 40, 0), stop)
        if named is None:
            continue
        start, end = _trimmed(text, named)
        if (
            end - start < 1
            or is_nobody(text[start:end])
            or (named["family"] and (named["last"] == "皆" or (len(named["last"]) > 1 and is_nobody(named["last"]))))
            or (start and text[start - 1] in "0123456789" and named["last"] is None)
        ):
            continue
        name = text[start:end]
        if word == "さん" and not _addressed(text, start, found.end(), name):
            if named["family"] and likeness(name) and not _ROLE_BEFORE.search(text, 0, start):
                yield Named(start, end, "mentioned")
            continue
        if len(name) == 1 and start and text[start - 1].isalpha():
            continue  # 飼い主さま
        if (word == "殿" and len(name) < 2) or _COMPANY.search(name):
            continue
        if word in ("くん", "ちゃん") and start and text[:start].strip(" 、,") and not text[start - 1].isspace():
            continue
        yield Named(start, end, "honorific")


def _trimmed(text: str, named: re.Match[str]) -> tuple[int, int]:
    start, end = named.span()
    end = start + len(named[0].rstrip())
    family = named["family"]
    if named["last"] is not None:
        last = named["last"]
        if family:
            before = text[start - 1] if start else " "
            joined = before.isalnum() and before not in "はがをにのでとへもや"
            if (
                joined
                or is_word(family)
                or _NOT_JA.search(family)
                or is_nobody(family)
                or _COMPANY.search(text[max(start - 6, 0) : start + len(family)])
            ):
                start = named.start("last")
        if start == named.start("last"):
            role = _ROLES.match(last)
            if role and role.end() < len(last):
                start += role.end()
            # 「このたびは」 and its like end in a particle, and hiragana alone are seldom a name.
            if re.fullmatch("[ぁ-んー]{2,8}", last) and start and re.match(r"[\w]", text[start - 1]):
                return end, end
    elif named["latin"]:
        while (first := text[start:end].split(" ", maxsplit=1)[0]) and " " in text[start:end]:
            if is_word(first) or first.casefold() in _words().plain:
                start += len(first) + 1
            else:
                break
    elif text[:start].strip(" "):
        return end, end  # a word of a sentence in small letters
    return start, end


_DECORATION = " 「【>・■□◆◇●○☆★♪♡♥*~-=_"


def _addressed(text: str, start: int, end: int, name: str) -> bool:
    """Whether さん speaks to somebody: 「田中さん、」 at the beginning, and not 「生産者の田中さん」."""
    before = text[:start].strip(_DECORATION)
    after = text[end : end + 6].strip(" ☆★♪♡♥◆◇■□●○*~-")
    if re.search(r"(?:の|、|や|と|・)$", before) or len(before) > 14:
        return False
    if not before:
        return bool(re.match(r"$|[、,!！。\s(への宛]|こんにちは|おはよう|いつも|この|ご|お", after)) or is_surname(name)
    return bool(re.search(r"(?:こんにちは|ようこそ|おめでとう|ありがとう|。|!|へ|:)$", before)) or is_word(
        before.strip(": ")
    )


_ROLE_BEFORE = re.compile(
    r"(?:生産者|作家|著者|選手|監督|講師|女優|俳優|歌手|店主|店長|担当"
    r"|農家|職人|画家|監修|司会|代表|社員|スタッフ|シェフ|ゲスト|社長)の? ?$"
)
_HOW_MANY = re.compile("[おご]?[0-9一二三四五六七八九十百千数何各]+(?:人|名|組)")


def is_nobody(name: str) -> bool:
    """Whether a word before 様, or after "Dear", is anybody's."""
    words = _words()
    bare = name.replace(" ", "")
    if bare in words.nobody or _HOW_MANY.fullmatch(bare) or bare.endswith(words.nobody_ends):
        return True
    return bare.removeprefix("お").removeprefix("ご") in words.nobody


# -- greetings -----------------------------------------------------------------------------------------

_GREETED = re.compile(
    r"(?:^|(?<=[.!?>,] )|(?<=\] ))(?:dear|hi|hello|hey|hiya|greetings|welcome back|welcome aboard|welcome"
    r"|thanks|many thanks|thank you|congratulations|congrats|happy birthday"
    r"|(?:good )?(?:morning|afternoon|evening)|good (?:news|day)|all set|you're in|nice one|great news|sorry|reminder"
    r"|well done|bad news|see you soon|good luck|action required|ok|okay|to)(?: again)?,? "
    rf"((?:(?:mr|mrs|ms|miss|mx|dr|prof)\.? )?(?:{_LATIN}|[a-z]+)(?: {_LATIN}){{0,3}}) ?(?=[,!.:;\-–—…]"
    rf"|$|(?<= )(?-i:your|we|you|you're|this|it's|thanks|just|here|please|our|good)\b)",
    re.I,
)
_CALLED = re.compile(rf"({_LATIN}(?: {_LATIN}){{0,2}})(?:, (?=[a-z]|[A-Z][a-z]+ )|[,!] ?$| ?[-–—] (?=your |we |you ))")
_SPOKEN = re.compile(
    r"(?:,|!| [-–—]) (?:you|your|you're|we|we've|we're|here|here's|it's|thanks|thank|please|are|don't|did"
    r"|did you|welcome|appt|appointment|reminder|confirmed|ready|collect|see you|thx|good news|this is"
    r"|just|a quick|time to|good)\b",
    re.I,
)
_LAST_CALLED = re.compile(rf"[a-z]{{2}}, ({_LATIN}(?: {_LATIN})?)[.!?] ?$")
_WITH = re.compile(r"\b(?:with|(?<!for )(?<!received )(?<!booked )by|author|host|our|from) $", re.I)
# A Dr is seldom the reader.
_TITLED = re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|MR|MRS|MS|MISS)\.? ({_LATIN}(?: {_LATIN}){{0,2}})")
_SPOKEN_TO = re.compile(
    r"(?:^[^\w\t]*|: ?|\b(?:dear|hello|hi|hey|morning|afternoon|evening|passenger|guest|patient|name"
    r"|welcome|attn|fao) )$",
    re.I,
)
_SENTENCE_END = re.compile(r"(?<=[a-z]{2})\.(?: |$)")
_GETS = re.compile(r"\b(?:for|to|of) $", re.I)
# As airlines and hotels print it: SMITH/JOHN MR.
_SLASHED = re.compile(
    r"(?<![\w/])([A-ZÀ-Þ][A-ZÀ-Þ'-]+/[A-ZÀ-Þ][A-ZÀ-Þ '-]*?[A-ZÀ-Þ](?= ?(?:MR|MRS|MS|MISS|MSTR|DR)\b))"
)
_BY_MAIL = re.compile(
    rf"((?:{_LATIN} ){{1,3}}?{_LATIN}|[{KANJI}]{{1,4}} ?[{KANJI}ぁ-んァ-ヴー]{{1,6}}) ?\(?[<(\[ ] ?[\w.+-]+@"
)
_NAMED_SO = re.compile(
    rf"\b(?:in the name of|on behalf of|addressed to|shipped to|delivered to|sent to|issued to|assigned to"
    rf"|booked for|reserved for|appointment for|prepared for|on its way to|left with|signed for by|received by"
    rf"|handed to|for|to|patient|passenger|guest) "
    rf"((?:(?:Mr|Mrs|Ms|Miss|Dr)\.? )?{_LATIN}(?: {_LATIN}){{1,3}})"
    r"(?=,? (?:at|of|in|on|and|is|has|was|to|from|with|by|for|will|can|ships|arrives|leaves|starts|,)\b|[,.;!:(]|$)"
)
_GAVE = re.compile(
    rf"({_LATIN}(?: {_LATIN}){{1,2}}) (?:has |have |just )*(?:sent|given|gave|bought|shared|invited"
    rf"|gifted|nominated|added|paid|thanked)\b.{{0,40}}?\byou\b"
)
_GOES = re.compile(
    r"\b(?:ship|deliver|send|sent|sending|post|posted|parcel|package|order|booking|booked|reservation"
    r"|appointment|invoice|policy|tickets?|payment|refund|receipt|prescription|delivery|account|statement|bill"
    r"|registered|issued|belongs|box|gift|card|basket|hamper|letter|seat|room|table|details|record"
    r"|name|results?|visit|membership|enrolment|place)\w*\b[^.!?]*$",
    re.I,
)
_ENDINGS = re.compile(r"(?:'s|’s)$")


def greeted(text: str, first: bool = False) -> Iterator[Named]:
    """Whom an English line speaks to; `first`: the line is a subject or the first of a text."""
    for found in _GREETED.finditer(text):
        start, end = found.span(1)
        name = _TITLE.sub("", found[1], count=1)
        start = end - len(name)
        name = name.rstrip(".")
        if _is_called(name, titled=name != found[1]) and (
            found[0].split()[0].casefold() != "to" or likeness(name) == 2
        ):
            yield Named(start, start + len(name), "greeting")
    called = _CALLED.match(text.lstrip())
    shift = len(text) - len(text.lstrip())
    if called and " " in called[1] and text[shift + called.end() :][:1].isupper():
        called = called if _SPOKEN.match(text, shift + called.end(1)) else None  # "Peter Hill, Willow House"
    if called:
        name = called[1]
        given = is_given(name.split()[0])
        alone = len(text.strip()) <= len(name) + 1
        spoken = _SPOKEN.match(text, shift + called.end(1)) is not None
        if _is_called(name) and (given or (first and (alone or spoken))):
            yield Named(shift + called.start(1), shift + called.end(1), "greeting", given or spoken)
    last = _LAST_CALLED.search(text)
    if last and is_given(last[1].split()[0]) and _is_called(last[1]):
        yield Named(last.start(1), last.end(1), "greeting")
    for found in _TITLED.finditer(text):
        if _is_called(found[1], titled=True) and not _WITH.search(text, max(found.start() - 12, 0), found.start()):
            alone = found.start() == len(text) - len(text.lstrip()) and found.end() >= len(text.rstrip()) - 1
            to = _SPOKEN_TO.search(text, max(found.start() - 16, 0), found.start())
            gets = _GETS.search(text, max(found.start() - 5, 0), found.start()) and _GOES.search(
                text, max(found.start() - 60, 0), found.start()
            )
            name = _SENTENCE_END.split(found[1], maxsplit=1)[0]  # "for Mr Hill. Pick up at 6"
            why = "addressed" if alone else "honorific" if to or gets else "mentioned"
            yield Named(found.start(1), found.start(1) + len(name), why)
    for found in _SLASHED.finditer(text):
        yield Named(*found.span(1), "slashed")


def _is_called(name: str, *, titled: bool = False) -> bool:
    words = _words()
    parts = [part.strip(".,'’").casefold() for part in _ENDINGS.sub("", name).split()]
    if not parts or any(part in words.nobody_en for part in parts):
        return False
    if name[0].islower() and parts[0] not in words.given:
        return False
    return titled or all(part in words.given or part not in words.plain for part in parts)


def spoken_of(text: str) -> Iterator[Named]:
    """Names in English prose that say who gets something, and names beside a mail address."""
    for found in _NAMED_SO.finditer(text):
        if found[0].split(" ")[0] in ("for", "to", "of") and not _GOES.search(
            text, max(found.start() - 60, 0), found.start()
        ):
            continue
        name = _TITLE.sub("", found[1], count=1)
        strength = _english_likeness(name)
        if strength:
            yield Named(found.end(1) - len(name), found.end(1), "prose", strength == 2)
    gave = _GAVE.match(text.lstrip(" >")) if " you" in text else None
    if gave and _english_likeness(gave[1]):
        shift = len(text) - len(text.lstrip(" >"))
        yield Named(shift + gave.start(1), shift + gave.end(1), "prose", is_given(gave[1].split()[0]))
    if "@" in text:
        for found in _BY_MAIL.finditer(text):
            name = found[1]
            while " " in name and is_plain(name.split(" ")[0]):
                name = name.split(" ", 1)[1]  # "On 3 May Rosa Hill <…> wrote"
            if likeness(name):
                yield Named(found.end(1) - len(name), found.end(1), "beside_mail")


READING = re.compile(
    rf"(?<=[{KANJI}ぁ-んァ-ヴ])(?: ?様)? ?(?:[(\[] ?(?P<in>[ァ-ヴー]{{2,10}}[ ・]{{0,2}}[ァ-ヴー]{{1,10}}"
    rf"|[ぁ-ん]{{2,7}} ?[ぁ-ん]{{1,7}}) ?[)\]]"
    rf"|[/] ?(?P<by>[ァ-ヴー]{{2,10}}[ ・]{{1,2}}[ァ-ヴー]{{1,10}}))(?:様|さま)?"
)
BARE_READING = re.compile(rf"(?<=[{KANJI}]) ([ァ-ヴー]{{2,8}} [ァ-ヴー]{{2,8}})(?![ァ-ヴー])")
