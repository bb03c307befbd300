"""Names in English sentences: whom a greeting speaks to, who is told to get something."""

import re
from collections.abc import Iterator

from atesaki.content.names import KANJI, LATIN, TITLE, Named, english_likeness, is_given, is_plain, likeness, listed

_GREETED = re.compile(
    r"(?:^|(?<=[.!?>,] )|(?<=\] ))(?:dear|hi|hello|hey|hiya|greetings|welcome back|welcome aboard|welcome"
    r"|thanks|many thanks|thank you|congratulations|congrats|happy birthday"
    r"|(?:good )?(?:morning|afternoon|evening)|good (?:news|day)|all set|you're in|nice one|great news|sorry|reminder"
    r"|well done|bad news|see you soon|good luck|action required|ok|okay|to)(?: again)?,? "
    r"((?:(?:mr|mrs|ms|miss|mx|dr|prof)\.?(?: (?:and|&) (?:mr|mrs|ms|miss|dr)\.?)? )?"
    rf"(?:{LATIN}|[a-z]+)(?:(?: &| and)? {LATIN}){{0,3}}) ?(?=[,!.:;\-–—…]"
    rf"|$|(?<= )(?-i:your|we|you|you're|this|it's|thanks|just|here|please|our|good)\b)",
    re.I,
)
_CALLED = re.compile(
    rf"({LATIN}(?: {LATIN}){{0,2}})(?:, (?=[a-z]|[A-Z][a-z]+ )|[,!] ?$| ?[-–—] (?=your |we |you |you're |it's ))"
)
_SPOKEN = re.compile(
    r"(?:,|!| [-–—]) (?:you|your|you're|we|we've|we're|here|here's|it's|thanks|thank|please|are|don't|did"
    r"|did you|welcome|appt|appointment|reminder|confirmed|ready|collect|see you|thx|good news|this is"
    r"|just|a quick|time to|good)\b",
    re.I,
)
_LAST_CALLED = re.compile(rf"[a-z]{{2}}, ({LATIN}(?: {LATIN})?)[.!?] ?$")
_WITH = re.compile(r"\b(?:with|(?<!for )(?<!received )(?<!booked )by|author|host|our|from) $", re.I)
# A Dr is seldom the reader.
_TITLED = re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|MR|MRS|MS|MISS)\.? ({LATIN}(?: {LATIN}){{0,2}})")
_MAY_BE_TITLED = re.compile("M[rRsSix]")
_SPOKEN_TO = re.compile(
    r"(?:^[^\w\t]*|: ?|\b(?:dear|hello|hi|hey|morning|afternoon|evening|passenger|guest|patient|name"
    r"|welcome|attn|fao) )$",
    re.I,
)
_SENTENCE_END = re.compile(r"(?<=[a-z]{2})\.(?: |$)")
_GETS = re.compile(r"\b(?:for|to|of) $", re.I)
# As airlines and hotels print it: SMITH/JOHN MR.
_SLASHED = re.compile(
    r"(?<![\w/])([A-ZÀ-Þ][A-ZÀ-Þ'-]+/[A-ZÀ-Þ][A-ZÀ-Þ '-]*?[A-ZÀ-Þ](?= ?(?:MR|MRS|MS|MISS|MSTR|DR|CHD|INF)\b))"
)
_BY_MAIL = re.compile(
    rf"((?:{LATIN} ){{1,3}}?{LATIN}|[{KANJI}]{{1,4}} ?[{KANJI}ぁ-んァ-ヴー]{{1,6}}) ?\(?[<(\[ ] ?[\w.+-]+@"
)
_NAMED_SO = re.compile(
    rf"\b(?:in the name of|on behalf of|addressed to|shipped to|delivered to|sent to|issued to|assigned to"
    rf"|booked for|reserved for|appointment for|prepared for|on its way to|left with|signed for by|received by"
    rf"|handed to|for|to|patient|passenger|guest|(?:we|have) (?:called|rang|phoned|emailed|contacted|reached)"
    rf"|spoke (?:to|with)) "
    rf"((?:(?:Mr|Mrs|Ms|Miss|Dr)\.? )?{LATIN}(?: {LATIN}){{1,3}})"
    r"(?=,? (?:at|of|in|on|and|is|has|was|to|from|with|by|for|will|can|ships|arrives|leaves|starts|,)\b|[,.;!:(]|$)"
)
_GAVE = re.compile(
    rf"({LATIN}(?: {LATIN}){{1,2}}) (?:has |have |just )*(?:sent|given|gave|bought|shared|invited"
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


_TURNED_CALLED = re.compile(
    r"\s*([A-ZÀ-Þ][A-ZÀ-Þ'’-]+, [A-ZÀ-Þ][A-ZÀ-Þ'’-]+(?: [A-ZÀ-Þ]\.?)?)(?= (?:your|you|we|[-–—])|[,:]|\s*$)"
)
_YOURS = re.compile(
    r"\byour (?:guest|son|daughter|wife|husband|partner|spouse|child|mother|father|mum|mom|dad|sister|brother"
    rf"|colleague|friend|tenant|employee|pupil|student|patient|carer|neighbou?r)s?,? ({LATIN}(?: {LATIN}){{0,2}})"
)


def greeted(text: str, first: bool = False) -> Iterator[Named]:
    """Whom an English line speaks to; `first`: the line is a subject or the first of a text."""
    for found in _GREETED.finditer(text):
        start, end = found.span(1)
        name = TITLE.sub("", found[1], count=1)
        start = end - len(name)
        name = name.rstrip(".")
        if _is_called(name, titled=name != found[1]) and (
            found[0].split()[0].casefold() != "to" or likeness(name) == 2
        ):
            yield Named(start, start + len(name), "greeting")
    yield from _called(text, first)
    yield from _titled(text)
    turned = _TURNED_CALLED.match(text) if ", " in text else None
    if turned and not any(is_plain(part.strip(".")) for part in re.split("[, ]+", turned[1])):
        yield Named(*turned.span(1), "greeting")
    for found in _YOURS.finditer(text) if "our " in text else ():
        if _is_called(found[1]):
            yield Named(*found.span(1), "prose")
    for found in _SLASHED.finditer(text) if "/" in text else ():
        yield Named(*found.span(1), "slashed")


def _called(text: str, first: bool) -> Iterator[Named]:
    """Names with a comma or a dash: "Ann, your table is booked"."""
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
            after = text[shift + called.end(1) + 1 :].split()
            if alone or spoken or len(after) > 2:  # "Margaret Hill, treasurer"
                yield Named(shift + called.start(1), shift + called.end(1), "greeting", given or spoken)
    last = _LAST_CALLED.search(text) if ", " in text[-48:] else None
    if last and is_given(last[1].split()[0]) and _is_called(last[1]):
        yield Named(last.start(1), last.end(1), "greeting")


def _titled(text: str) -> Iterator[Named]:
    """Names after Mr or Mrs; `why` says whether somebody is spoken to or of."""
    for found in _TITLED.finditer(text) if _MAY_BE_TITLED.search(text) else ():
        if _is_called(found[1], titled=True) and not _WITH.search(text, max(found.start() - 12, 0), found.start()):
            alone = found.start() == len(text) - len(text.lstrip()) and found.end() >= len(text.rstrip()) - 1
            to = _SPOKEN_TO.search(text, max(found.start() - 16, 0), found.start())
            gets = _GETS.search(text, max(found.start() - 5, 0), found.start()) and _GOES.search(
                text, max(found.start() - 60, 0), found.start()
            )
            name = _SENTENCE_END.split(found[1], maxsplit=1)[0]  # "for Mr Hill. Pick up at 6"
            why = "addressed" if alone else "honorific" if to or gets else "mentioned"
            yield Named(found.start(1), found.start(1) + len(name), why)


def _is_called(name: str, *, titled: bool = False) -> bool:
    words = listed()
    parts = [part.strip(".,'’").casefold() for part in _ENDINGS.sub("", name).split() if part not in ("&", "and")]
    if not parts or any(part in words.nobody_en and len(part) > 1 for part in parts):
        return False
    if name[0].islower() and parts[0] not in words.given:
        return False
    return titled or all(part in words.given or part not in words.plain or len(part) == 1 for part in parts)


def spoken_of(text: str) -> Iterator[Named]:
    """Names in English prose that say who gets something, and names beside a mail address."""
    for found in _NAMED_SO.finditer(text):
        if found[0].split(" ")[0] in ("for", "to", "of") and not _GOES.search(
            text, max(found.start() - 60, 0), found.start()
        ):
            continue
        name = TITLE.sub("", found[1], count=1)
        strength = english_likeness(name)
        if strength:
            yield Named(found.end(1) - len(name), found.end(1), "prose", strength == 2)
    gave = _GAVE.match(text.lstrip(" >")) if " you" in text else None
    if gave and english_likeness(gave[1]):
        shift = len(text) - len(text.lstrip(" >"))
        yield Named(shift + gave.start(1), shift + gave.end(1), "prose", is_given(gave[1].split()[0]))
    if "@" in text:
        for found in _BY_MAIL.finditer(text):
            name = found[1]
            while " " in name and is_plain(name.split(" ")[0]):
                name = name.split(" ", 1)[1]  # "On 3 May Rosa Hill <…> wrote"
            if likeness(name):
                yield Named(found.end(1) - len(name), found.end(1), "beside_mail")
