"""One look at a line that says what is worth looking for in it.

Two automata (google-re2's `Set`), one for all words and one for what counts letters and words: in one for both their
states would multiply, and a line that is met for the first time would cost more than twice as much. One pattern of the
standard library's `re` for each list would cost a hundred microseconds and more a mail. Measured against hyperscan 0.9
on mails of 2–5 KB: with bare words both take 80 to 90 µs a mail, of which hyperscan spends two thirds in calling back
for each match; these patterns it refuses for their length, and cut into pieces it had not compiled them after two
minutes, where re2 is ready in 70 ms. re2 may be shared between threads as well, and its makers build it for every
platform. So it is the one.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache

import re2

from atesaki.content.contact import shop_cues
from atesaki.content.labels import folded, label_data
from atesaki.content.memo import Memo


class Hint:
    """What a line has: one bit each. Plain numbers, since they are asked for a hundred times a mail."""

    DIGITS = 1
    MAIL = 1 << 1
    HONORIFIC = 1 << 2
    PAIR = 1 << 3
    LABEL = 1 << 4
    HELD = 1 << 5
    SHOP = 1 << 6
    CUSTOMER = 1 << 7
    GREETING = 1 << 8
    PLACE = 1 << 9
    BARE = 1 << 10
    ORDER = 1 << 11
    LINK = 1 << 12
    PROSE = 1 << 13
    READING = 1 << 14
    BIRTH = 1 << 15
    EVERYBODY = 1 << 16
    SAMPLE = 1 << 17
    ANNOUNCES = 1 << 18
    SHOWS = 1 << 19
    DEALS = 1 << 20


def _either(words: Iterable[str]) -> str:
    spelt = sorted({folded(word) for word in words}, key=len, reverse=True)
    return "|".join(
        re.escape(word).replace(r"\ ", " ").replace(r"\-", "-").replace(r"\#", "#").replace(r"\&", "&")
        for word in spelt
    )


def _words(words: Iterable[str]) -> str:
    """As words of their own: re2's \\b knows letters of ASCII alone, which is what these lists hold."""
    return rf"\b(?:{_either(words)})(?:\b|$)"


_GREETINGS = (
    r"^[^a-z]{0,3}(?:dear|hi|hello|hey|hiya|welcome|thanks|many thanks|thank you|congrat|happy birthday|good "
    r"|all set|you're in|great news|sorry|reminder|well done|to |see you|ok)"
    r"|[.!?>\]] (?:dear|hi|hello|hey|thanks|thank you|welcome)|\b(?:mr|mrs|ms|miss|mx|dr)\b"
    r"|^\s*\pL[\pL'’-]+(?: \pL[\pL'’-]+){0,2}(?:,|!| [-–—])|, \pL[\pL'’-]+[!.?]?\s*$"
    r"|\b(?:for|to|of|passenger|patient|guest|by) \pL|\b(?:sent|given|gave|bought|shared|invited"
    r"|gifted|paid) .{0,24}you\b|[a-z]{2,}/[a-z ]{2,} (?:chd|inf|mstr)\b"
)
_BARE = (
    r"^\s*(?:[\p{Han}々〆ヶ\p{Katakana}ー]{1,6}[ ・]{1,2}[\p{Han}々\p{Hiragana}\p{Katakana}ーA-Z]{1,7}"
    r"|[\p{Hiragana}]{2,6} [\p{Hiragana}\p{Han}]{1,6}|[\p{Han}々ヶ]{3,6}[ぁ-ん]{0,3}"
    r"|[\p{Katakana}ー]{2,10}[ ・=][\p{Katakana}ー]{1,10}(?:[ ・][\p{Katakana}ー]{1,10})?"
    r"|\pL[\pL'’.-]*,?(?: \pL[\pL'’.-]*){1,4})\s*,?\s*$"
)
_PLACES = (
    "(?:都|道|府|県|市|区|町|村|郡|丁目|番地)|〒"
    r"|\b[0-9]{1,5}[a-z]?(?:-[0-9]+)? (?:[a-z0-9][\w'’.-]*,? ){0,5}?(?:st|street|ave|avenue|rd|road|lane|ln"
    r"|drive|dr|blvd|boulevard|way|court|ct|place|pl|terrace|ter|close|bank|yard"
    r"|square|sq|gardens?|gdns|crescent|cres|hill|park|row|mews|parkway|highway|circle|walk|grove|green|view"
    r"|rise|vale|loop|trail|path|quay|wharf|parade|gate|croft|fold|plaza|cottages|villas|buildings|meadow"
    r"|meadows|heights|[a-z]+)\b"
    r"|\bp\.? ?o\.? box|-(?:ku|shi|cho|machi|ken|gun)\b|\b[a-z]{1,2}[0-9][0-9a-z]? ?[0-9][a-z]{2}\b"
    r"|\b[a-z]{2},? [0-9]{5}\b"
)

_ALL_JA = "(?:各位|皆様|皆さん|皆さま|みなさん|みなさま|みな様|ご一同様?)"
_ALL_EN = (
    r"(?:customers?|readers?|members?|supporters?|friends?|parents?|carers?|guardians?|residents?|neighbou?rs?"
    r"|students?|colleagues?|patients?|subscribers?|clients?|guests?|users?|all|everyone|everybody|families"
    r"|volunteers?|tenants?|passengers?|players?|shareholders?|donors?|folks|learners?|home-?owners?|owners|fans"
    r"|backers?|households?|travell?ers|drivers?|pupils|partners|investors|gardeners|teachers|staff)"
)
_EVERYBODY = (
    r"^[^\pL]*(?:組合員|会員|ご?利用者|保護者|飼い主|株主|ご?契約者|受験者|参加者|来場者|出展者|加入者|購読者|支援者"
    r"|入居者|居住者|住民|市民|区民|町民|村民|県民|関係者|お?取引先)(?:の方|さん|様|さま|の皆)?(?:へ)?[^\pL]*$|"
    rf"^[^\pL]*[^、。,]{{0,16}}{_ALL_JA}(?:へ|方)?[^\pL]*$|{_ALL_JA}\s*[)）」】]?\s*$|{_ALL_JA}へ|各位 "
    rf"|^[^\pL]*(?:dear|hello|hi|to)(?: [a-z]+,?){{0,4}} {_ALL_EN}\b"
    rf"|^[^\pL]*(?:dear )?{_ALL_EN}\s*[,:]?\s*$"
    r"|^[^\pL]*dear (?:sir|madam|all)\b|you(?:'re| are)? (?:get|receive|received|receiving"
    r"|getting) this (?:mail |email |e-mail |newsletter )?because"
)
# A heading, or a sentence that leads over to it, of what is shown and nobody's: a filled form, a swindler's mail.
_SAMPLE = (
    r"^[^\pL]*(?:[^\s、。:]{1,14}の)?(?:ご?(?:記入|入力|記載|画面|設定|送信|印字|印刷|表示|出力|入稿|作成|回答|文面|メール|はがき|申込書?)の?)?"
    r"(?:例|見本|サンプル|文例|文面|書き方|書きかた|書式|記入方法|ひな形|雛形)(?:[(（][^()（）]{0,16}[)）])?[^\pL]*$"
    r"|^[^\pL]*(?:for )?(?:an? )?(?:worked )?(?:example|sample|specimen)"
    r"(?: (?:form|entry|reply|card|letter|message|text|mail|of .{0,30}))?[^\pL]*$"
    r"|[(（【\[<](?:記入|入力|記載)?(?:例|見本|サンプル)[:)） 】\]>]|(?:入|載)例:|^[^\pL]*例(?:えば)?:"
    r"|\be\.g\.|^[^\pL]*example:"
)
_SHOWS = (
    r"(?:messages?|e-?mails?|texts?|letters?|calls?)(?: \w+){0,3} (?:like|such as|looks? like|reads?|says?)\b"
    r".{0,24}:\s*$"
    r"|(?:のような|のように書かれた|と称する|という)(?:\PP{0,8})?(?:メール|メッセージ|文面|sms|電話|はがき).{0,24}[:。]?\s*$"
)


_LOOKED: Memo[int] = Memo()


def look(text: str) -> int:
    """The hints of a line, as `Line.text` has it."""
    key = hash(text)
    known = _LOOKED.get(key)
    if known is not None:
        return known
    hints = 0
    # `re2.Set` is called past its wrapper in Python, which costs as much as the scan.
    octets = text.encode("utf-8", "replace")
    for match, bits in _scanners():
        for number in match(octets):
            hints |= bits[number]
    _LOOKED.put(key, hints)
    return hints


# Patterns that count words and letters. Each of their states would be one more of every state of the others.
_BY_FORM = (
    Hint.GREETING | Hint.PLACE | Hint.BARE | Hint.PROSE | Hint.READING | Hint.EVERYBODY | Hint.SAMPLE | Hint.SHOWS
)


def _patterns() -> dict[int, str]:
    """By the hint that each gives."""
    data = label_data()
    kinds, cue = data["kind"], data["cue"]
    japanese = re.compile("[ぁ-んァ-ヶ一-龠々〒]")
    starts = [word for words in (*kinds.values(), *data["owner"].values()) for word in words]
    held = [word for kind in ("account_id", "number", "secret", "card_tail", "dob") for word in kinds[kind]]
    plain, words = shop_cues()
    unwanted = {folded(word) for word in cue["not_shop"]}
    plain = [*(word for word in plain if folded(word) not in unwanted), *cue["shop"]]
    words = [*(word for word in words if folded(word) not in unwanted), *cue["shop_words"]]

    def split(all_words: Iterable[str]) -> str:
        every = list(all_words)
        ours = [word for word in every if japanese.search(word)]
        others = [word for word in every if not japanese.search(word) and folded(word)[0].isalnum()]
        return f"{_either(ours)}|{_words(others)}"

    patterns = {
        Hint.DIGITS: r"[0-9]{3}|[0-9]-[0-9]|[0-9] [0-9]{2}|[0-9]\.[0-9]{2}|[0-9] ?[点個本袋枚冊箱円]|x ?[0-9]|[0-9] x",
        Hint.MAIL: "@",
        Hint.HONORIFIC: "様|さま|サマ|と申します|といいます|と言います|殿|さん|氏|くん|ちゃん",
        Hint.PAIR: r"[:=⇒→…【\[〔《<\t│┃|｜‥]|\.{3}|・{3}|_{3}|-{3}|\S {2,}",
        Hint.LABEL: rf"^[^\pL\pN〒☎]{{0,6}}(?:[0-9]{{1,2}}[.)] ?)?[ごお御]?(?:{split(starts)})",
        Hint.HELD: split(held)
        + r"|番号|コード|\bnumber|\bno\.|\bref|certificate|[の品]「|our [a-z].{2,40} (?:is|are|has"
        r"|have) (?:now )?(?:ready|shipped|been|arrived|on)|末尾|下[0-9四三]桁|生まれ"
        r"|[*xX●•＊…]{2,}[ -]?[0-9]{3}|\bending"
        r"|is your |[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}|visa|amex|mastercard|jcb",
        Hint.SHOP: f"{_either(plain)}|{_words(words)}" + r"|\bour [a-z]+(?: [a-z]+)? (?:at|in|on|is)\b"
        r"|^\s*(?:with |many |our |best |kind(?:est)? |warm(?:est)? |all )*(?:thanks|thank you|wishes"
        r"|love|yours)[,.!]?\s*$"
        r"|^\s*(?:best|warmly|cordially|respectfully|yours ever|as ever)[,.!]?\s*$",
        Hint.CUSTOMER: f"{_either(cue['customer'])}|{_words(cue['customer_words'])}",
        Hint.GREETING: _GREETINGS,
        Hint.PLACE: _PLACES,
        Hint.BARE: _BARE,
        Hint.ORDER: f"{_either(cue['order'])}|{_words(cue['order_words'])}",
        Hint.ANNOUNCES: f"{_either(cue['announce'])}|{_words(cue['announce_words'])}",
        Hint.DEALS: f"{_either(cue['deals'])}|{_words(cue['deals_words'])}",
        Hint.LINK: r"https?://|www\.",
        Hint.PROSE: r"[。]|です|ます|ました|ません|ください|下さい"
        r"|(?-i:[a-z]+,? [a-z]+,? [a-z]+,? .*[.!?;](?:\s|$)|^\S+ [a-z]+ [a-z]+ [a-z]+ \S+ \S+)",
        Hint.READING: r"\([\p{Katakana}ー \p{Hiragana}]+\)"
        r"|[\p{Han}々] [\p{Katakana}ー]{2,8} [\p{Katakana}ー]{2,8}"
        r"|^\s*[\p{Katakana}ー]{2,8}[ ・]?[\p{Katakana}ー]{2,8}\s*$",
    }
    patterns[Hint.BIRTH] = f"{split(kinds['dob'])}|生まれ|生[)）]|[0-9]日生|\\bdob\\b|birth|生年|誕生|\\baged? [0-9]"
    patterns[Hint.EVERYBODY], patterns[Hint.SAMPLE], patterns[Hint.SHOWS] = _EVERYBODY, _SAMPLE, _SHOWS
    return patterns


@cache
def _scanners() -> list[tuple[Callable[[bytes], list[int]], list[int]]]:
    """The automata, for words and for forms, built once in a process; each with the hints of its patterns."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 256 << 20
    patterns = _patterns()
    found = []
    for by_form in (False, True):
        hints = [hint for hint in sorted(patterns) if bool(hint & _BY_FORM) == by_form]
        built = re2.Set.SearchSet(options)
        for hint in hints:
            built.Add(patterns[hint])
        built.Compile()
        found.append((built._set.Match, hints))
    return found
