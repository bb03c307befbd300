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
LATIN = rf"[{_CAPITAL}][\w'’.-]*"


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
def listed() -> _Words:
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
_EN = re.compile(rf"{LATIN}(?: (?:{LATIN}|de|da|del|della|di|du|van|von|der|den|la|le|bin|al|ibn|dos|y)){{0,4}}")
_EN_TURNED = re.compile(rf"({LATIN}(?: {LATIN})?), ({LATIN}(?: {LATIN})?)")
_STREET_END = re.compile(rf" (?:{STREET})\.?$")
TITLE = re.compile(
    r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|dame|rev)\.?(?: (?:and|&) (?:mr|mrs|ms|miss|dr)\.?)? ", re.I
)
_NOT_JA = re.compile(
    r"(?:[都道府県市区町村丁目番地号室階棟店館社部課係局院園校駅線円年月日時分様方者会金券物品類式用的化性中上下]|センター|ショップ|サービス|ストア|マンション)$"
)
_NO_NAME = re.compile(r"[0-9@:/。、!?！？¥%=_{}<>*]|です|ます|ください|なし|未")
_LATIN_LETTER = re.compile("[A-Za-z]")
_PARTED = re.compile("[ ・=]+")
_POST = re.compile("[長頭](?:代理|補佐)?$|教諭$|主任$|担当$|係$|監督$|理事$|取締役$|先生$")
_KANA_NAME = re.compile(r"[ァ-ヴー]{2,10}[ ・]{0,2}[ァ-ヴー]{0,10}|[ぁ-んー]{2,8}[ ・]{0,2}[ぁ-んー]{0,8}")


def is_kana(text: str) -> bool:
    """Whether a text is the reading of a name."""
    return _KANA_NAME.fullmatch(text.strip()) is not None


def could_be_name(text: str) -> bool:
    """Whether a value that a label calls a name can be one: not empty, no sentence, no number."""
    if not 1 <= len(text) <= 40 or _NO_NAME.search(text):
        return False
    if not text.isascii() and not _LATIN_LETTER.search(text):
        return len(text) <= 20
    words = [word.strip(".,").casefold() for word in text.split()]
    return len(words) <= 6 and (text.isupper() or text.islower() or not all(word in listed().plain for word in words))


def could_be_western(text: str) -> bool:
    """Whether a line of a person's block can be their name: words with capitals, of which one at least is none that
    is often used otherwise (Dmitri Winter)."""
    parts = [part.strip(".'’").casefold() for part in text.split()]
    if not 2 <= len(parts) <= 4 or not _EN.fullmatch(text) or _STREET_END.search(text) or is_word(text):
        return False
    words = listed()
    return not all(part in words.plain or part in words.nobody_en for part in parts)


def likeness(text: str) -> int:
    """How much a text looks like a person's name: 0 not, 1 by its form, 2 by its words as well."""
    words = listed()
    text = text.strip(" ,")
    if not 2 <= len(text) <= 40:
        return 0
    if text.isascii():
        return english_likeness(TITLE.sub("", text, count=1)) if text[0].isalpha() else 0
    if _JA_TWO.fullmatch(text):
        family, *_, given = _PARTED.split(text)
        if family in words.surnames:
            return 2
        if _POST.search(family):
            return 0  # 教室長 比嘉
        return 0 if is_word(family) or is_word(given) or _NOT_JA.search(given) or _NOT_JA.search(family) else 1
    if _JA_ONE.fullmatch(text):
        return 1 if surname_of(text) and not is_word(text) and not _NOT_JA.search(text) else 0
    if _LATIN_LETTER.search(text) is None:
        return 0
    return english_likeness(TITLE.sub("", text, count=1))


def english_likeness(text: str) -> int:
    words = listed()
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
    words = listed()
    for length in (3, 2, 4, 1):
        if text[:length] in words.surnames and 1 <= len(text) - length <= 4 and (length > 1 or len(text) == 3):
            return text[:length]
    return ""


def is_surname(text: str) -> bool:
    return text in listed().surnames


def untitled(text: str) -> str:
    """A name without Mr or Dr."""
    return TITLE.sub("", text, count=1)


def is_plain(text: str) -> bool:
    return text.casefold() in listed().plain


def is_given(text: str) -> bool:
    return _bare(text) in listed().given


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
# What somebody is called by a service: kumo_usagi さん
_HANDLE = re.compile(r"[^\w]{0,3}((?=[a-z0-9_.-]*[_0-9])[a-z][a-z0-9_.-]{2,19}) ?(?:さん|様|さま)")
_BEFORE = re.compile(
    rf"(?:(?P<family>[{KANJI}]{{1,5}}|[{KANJI}ヶノァ-ヴー]{{2,6}}|[ぁ-ん]{{2,5}})[ ・]{{1,3}})?"
    rf"(?P<last>[{KANJI}]{{1,7}}[ぁ-ん]{{0,4}}|(?<= )[ぁ-ん]{{1,3}}[{KANJI}]{{1,2}}|[{KANJI}]{{1,4}}[ァ-ヴー]{{1,6}}"
    rf"|[ァ-ヴー・]{{2,16}}|[ぁ-んー]{{2,8}}|[{_CAPITAL}])\s*$"
    rf"|(?P<latin>{LATIN}(?:[ ・]{LATIN}){{0,3}})\s*$"
    r"|(?P<lower>\b[a-z]{2,12}(?: [a-z]{2,12})?)\s*$"
)
_ROLES = re.compile(
    r"^(?:ご?(?:会員|患者|契約者|注文者|購入者|予約者|申込者|利用者|登録者|受取人|保護者|宛先|名義|本人|届け先"
    r"|代表者|入居者|使用者|被保険者|世帯主|受給者|搭乗者|宿泊者)|(?:お|ご)客様?|お?宛|親愛なる|先日|本日|今回"
    r"|毎度|以下|件名|新規|登録|友人|上記|下記)(?=.)"
)
_INTRODUCED = re.compile(
    rf"(?:^|[のは、。 ])((?:[{KANJI}]{{1,4}}|[ァ-ヴー]{{2,8}})(?: ?[{KANJI}ァ-ヴーぁ-ん]{{1,5}})?)"
    "(?:と申します|といいます|と言います)"
)
_READING = re.compile(r"[ ]?[(（「]\s?([ァ-ヴーぁ-ん]{1,12}[ ・]{0,2}[ァ-ヴーぁ-ん]{0,12})\s?[)）」]$")
_COMPANY = re.compile(
    r"(?:株式会社|有限会社|合同会社|法人|\(株\)|㈱|\(有\)|御中|支店|営業所|センター|ストア|ショップ|薬局|医院"
    r"|病院|商店|工業|製作所|運輸|建設|フーズ|商事|商会|物産|食品|産業|電機|建築|銀行|ホールディングス|グループ|システムズ?$"
    r"|テック$|サービス|研究所|事務所|協会|組合|大学|高校|学園)"
)


def _by_themselves(text: str) -> Iterator[Named]:
    """How people call themselves: in a sentence, or by a handle."""
    for said in _INTRODUCED.finditer(text) if "います" in text or "申します" in text else ():
        yield Named(said.start(1), said.end(1), "introduced")
    handle = _HANDLE.match(text)
    if handle and not is_plain(handle[1]):
        yield Named(*handle.span(1), "honorific")


def honoured(text: str) -> Iterator[Named]:
    """Names that stand before 様, さま, 殿, さん and their like; their reading in brackets is left out."""
    yield from _by_themselves(text)
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
        if word == "さん" and not _speaks_to(text, named, start, found.end()):
            told = likeness(name) if named["family"] else is_surname(name)
            if told and not _ROLE_BEFORE.search(text, 0, start):
                yield Named(start, end, "mentioned")
            continue
        if len(name) == 1 and start and text[start - 1].isalpha():
            continue  # 飼い主さま
        if (word == "殿" and len(name) < 2) or _COMPANY.search(name):
            continue
        if word in ("くん", "ちゃん") and start and text[:start].strip(" 、,") and not text[start - 1].isspace():
            if text[start - 1] in "の、は" and 2 <= len(name) <= 4:
                yield Named(start, end, "mentioned")
            continue
        yield Named(start, end, "honorific")


def _speaks_to(text: str, named: re.Match[str], start: int, end: int) -> bool:
    role = named["family"] and _ROLE.search(named["family"])  # 現地ガイド グルーバーさん
    return not role and _addressed(text, start, end, text[start : named.end()].rstrip())


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
            if is_word(first) or first.casefold() in listed().plain:
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
_ROLE = re.compile(
    "(?:ガイド|スタッフ|コーチ|トレーナー|インストラクター|マネージャー|シェフ|ソムリエ|アドバイザー|プランナー|デザイナー|ライター|ドライバー"
    "|員|士|師|家|長|手|者|係|医|人|選手|教授|博士|先生|監督|担当)$"
)
_OF_A_TRADE = re.compile(
    "(?:看護|医|薬剤|美容|理容|教|調理|整体|助産)師|(?:介護|保育|栄養|弁護|税理|会計|司法書|行政書|消防|整備)士"
    "|(?:警備|指導|相談|支援|配達|乗務|係|駅|添乗|調査|介助)員|(?:運転|助)手|[ァ-ヴー]{2,}(?:マネジャー|マネージャー|ドライバー|スタッフ)"
)
_HOW_MANY = re.compile("[おご]?[0-9一二三四五六七八九十百千数何各]+(?:人|名|組)")


def is_nobody(name: str) -> bool:
    """Whether a word before 様, or after "Dear", is anybody's."""
    words = listed()
    bare = name.replace(" ", "")
    if (
        bare in words.nobody
        or _OF_A_TRADE.fullmatch(bare)
        or _HOW_MANY.fullmatch(bare)
        or bare.endswith(words.nobody_ends)
    ):
        return True
    return bare.removeprefix("お").removeprefix("ご") in words.nobody


# -- spellings and readings ----------------------------------------------------------------------------

_IN_LETTERS = re.compile(
    r"(?:様|さま|殿|(?<=[一-龠ぁ-んァ-ヴー]))[ ]?[(（] ?([A-Z][A-Za-z'-]+ [A-Z][A-Za-z'-]+)(?=[)）、,;:/])"
)


def in_letters(text: str) -> Iterator[Named]:
    """A name's spelling in Latin letters, in brackets behind it: 望月詩織様(MOCHIZUKI SHIORI)."""
    for found in _IN_LETTERS.finditer(text):
        yield Named(*found.span(1), "spelling")


READING = re.compile(
    rf"(?<=[{KANJI}ぁ-んァ-ヴ])(?: ?様)? ?(?:[(\[] ?(?P<in>[ァ-ヴー]{{2,10}}[ ・]{{0,2}}[ァ-ヴー]{{1,10}}"
    rf"|[ぁ-ん]{{2,7}} ?[ぁ-ん]{{1,7}}) ?[)\]]"
    rf"|[/] ?(?P<by>[ァ-ヴー]{{2,10}}[ ・]{{1,2}}[ァ-ヴー]{{1,10}}))(?:様|さま)?"
)
BARE_READING = re.compile(rf"(?<=[{KANJI}]) ([ァ-ヴー]{{2,8}} [ァ-ヴー]{{2,8}})(?![ァ-ヴー])")
