"""Promise: Turns what people type and mailers send into one comparable address, or says why it cannot.
Never: Merges two mailboxes; looks anything up; repeats in an error's sentence what was typed.
On failure: AddressError: a stable slug, a sentence to act on, a suggestion if the slip is a common one.
Read first: Address, then parse.
"""
# ruff: noqa: SIM905 - a table of names is read as words; one quoted name a line would fill three screens.

import hmac
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, ValidatedEmail, validate_email

# Octets, RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.3 (a path is 256 octets, of which "<" and ">" are two).
LOCAL_LIMIT: Final = 64
ADDRESS_LIMIT: Final = 254
# Characters beyond which a text is not even normalised, so that a huge input costs nothing. It is above
# ADDRESS_LIMIT because normalising may shorten what was typed.
_READING_LIMIT: Final = 1000

_DIGEST_DOMAIN: Final = b"atesaki address v1\0"

# slug: (English, Japanese). One sentence: what is wrong, and what to do.
SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "empty": (
        "No address was given; type the whole address, such as hana@example.jp.",
        "メールアドレスが空なので、hana@example.jp のように全体を入力してください。",
    ),
    "encoding": (
        "The address contains a character that cannot be read; type it again instead of pasting it.",
        "読み取れない文字が含まれているので、貼り付けずに入力し直してください。",
    ),
    "control": (
        "The address contains a line break or a control character; give one address on one line.",
        "改行または制御文字が含まれているので、アドレスを 1 行で入力し直してください。",
    ),
    "invisible": (
        "The address contains a character that cannot be seen; type it again instead of pasting it.",
        "目に見えない文字が含まれているので、貼り付けずに入力し直してください。",
    ),
    "space": (
        "The address contains a space; type it without any.",
        "空白が含まれているので、空白を除いて入力してください。",
    ),
    "display_name": (
        "There is a name beside the address; give only what stands between < and >.",
        "名前が一緒に書かれているので、< と > の間のアドレスだけを入力してください。",
    ),
    "no_at": (
        "The @ is missing; type the whole address, such as hana@example.jp.",
        "@ がないので、hana@example.jp のように全体を入力してください。",
    ),
    "many_at": (
        "There is more than one @; give one address at a time.",
        "@ が 2 つ以上あるので、アドレスを 1 つだけ入力してください。",
    ),
    "too_long": (
        "The address is longer than mail allows (254 octets in all); check that it is one address.",
        "長すぎる(全体で 254 オクテットまで)ので、アドレスが 1 つだけか確かめてください。",
    ),
    "local_too_long": (
        "The part before the @ is longer than mail allows (64 octets); check it for something added.",
        "@ より前が長すぎる(64 オクテットまで)ので、余分な文字がないか確かめてください。",
    ),
    "local_dots": (
        "A dot begins or ends the part before the @, or two stand side by side; "
        "check it, and put that part in double quotes if it really is so.",
        "@ より前の先頭か末尾に点があるか、点が続いているので、"
        "確かめて、本当にそのとおりなら @ より前を半角の二重引用符で囲んでください。",
    ),
    "local_syntax": (
        "The part before the @ is empty or contains a character that cannot stand there; check that part.",
        "@ より前が空か、使えない文字が含まれているので、その部分を確かめてください。",
    ),
    "domain_dot": (
        "The part after the @ has no dot; type it to its end, such as example.jp.",
        "@ より後に点がないので、example.jp のように最後まで入力してください。",
    ),
    "domain_reserved": (
        "The part after the @ has an ending that never receives mail; give an address that does.",
        "@ より後の末尾がメールの届かない名前なので、メールの届くアドレスを入力してください。",
    ),
    "domain_syntax": (
        "The part after the @ is not a domain name; check it for missing, added or wrong characters.",
        "@ より後がドメイン名になっていないので、抜けや余分な文字、誤字がないか確かめてください。",
    ),
    "literal": (
        "The part after the @ is an IP address; give an address with a domain name.",
        "@ より後が IP アドレスなので、ドメイン名のアドレスを入力してください。",
    ),
}


class AddressError(ValueError):
    """What was given is no address.

    slug: one of SENTENCES' keys; API, never renamed.
    suggestion: the whole address that may have been meant, or None. Personal data: show it to whoever typed
        the text, never log it, never use it unasked. Neither str() nor repr() contains it.
    """

    slug: str
    suggestion: str | None

    def __init__(self, slug: str, suggestion: str | None = None) -> None:
        super().__init__(slug)
        self.slug = slug
        self.suggestion = suggestion

    def sentence(self, lang: str) -> str:
        """Say what is wrong and what to do, without repeating what was typed.

        lang: "ja" for Japanese; anything else is told in English.
        """
        english, japanese = SENTENCES[self.slug]
        return japanese if lang == "ja" else english

    def __str__(self) -> str:
        return self.sentence("en")


# repr=False: tracebacks and log lines show reprs, and a plain address has no business there.
@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """One address that mail can be sent to. Made by parse only; == compares spelling, same() mailboxes.

    text: as it is to be sent to, with the fewest quotes (RFC 5321 section 4.1.2) and the domain as A-labels.
    local: the part of text before the @, its quotes included.
    domain: A-labels (RFC 5890 section 2.3.2.1) in lower case, without the root dot.
    comparable: text with the local part in lower case. RFC 5321 section 2.4 lets a host tell Hana@ from
        hana@, but none that people use does, and "not me" said for hana@ must cover Hana@.
    smtputf8: whether the next hop must offer SMTPUTF8 (RFC 6531), because the local part is not ASCII.
    """

    text: str
    local: str
    domain: str
    comparable: str
    smtputf8: bool

    @property
    def family(self) -> str:
        """The form that addresses of probably one person share: no +tag, no dots at Gmail.

        For comparison only. Never send to it, and never take a standing from it: whether hana+shop@ is hana@
        is known to their host alone, and here it is guessed.
        """
        local, _, domain = self.comparable.rpartition("@")
        if not local.startswith('"'):
            local = local.partition("+")[0] or local
            if domain in _GMAIL:
                # A Workspace domain is Gmail too and cannot be told by its name: its dots are left alone.
                local, domain = local.replace(".", ""), "gmail.com"
        return f"{local}@{domain}"

    def masked(self) -> str:
        """Recognisable to its owner and to nobody else, for logs and letters: h***@e***.jp.

        The number of stars is always three, so that lengths stay untold; a part of one letter is not shown.
        """
        first, _, rest = self.domain.partition(".")
        ending = f".{rest.rpartition('.')[2]}" if rest else ""
        return f"{_initial(self.local.strip(chr(34)))}***@{_initial(first)}***{ending}"

    def __repr__(self) -> str:
        return f"<Address {self.masked()}>"


def parse(text: str | bytes) -> Address:
    """Read one address, typed or sent; <hana@example.jp> is taken, a name beside it is not.

    text: any length; bytes are taken as UTF-8 (RFC 6532 section 3.1).
    Raises AddressError, and nothing else. Grammar: RFC 5321 section 4.1.2, RFC 6531 section 3.3.

    1. Decode, trim, normalise; refuse what cannot be seen or read.
    2. Split, and bring both parts into the form that is sent.
    3. If that fails, see whether the slip is a common one, and say so.
    """
    bare = text[1:-1] if isinstance(text, str) and text[:1] == "<" and text[-1:] == ">" else text
    common = _COMMON.fullmatch(bare) if isinstance(bare, str) else None
    if common and len(bare) <= ADDRESS_LIMIT:
        return _commonly(common[1], common[2])
    written = _legible(text)
    try:
        return _read(written)
    except AddressError as error:
        raise AddressError(error.slug, _mended(written)) from None


def digest(key: bytes, address: Address | str) -> bytes:
    """HMAC-SHA-256 (RFC 2104) of the comparable form: 32 bytes that tell mailboxes apart, and no more.

    key: 32 bytes or more, secret. ValueError if shorter.
    address: a str is parsed first, and may raise AddressError.
    """
    if len(key) < 32:
        raise ValueError(f"The key has {len(key)} bytes; give 32 random ones or more.")
    return hmac.digest(key, _DIGEST_DOMAIN + _address(address).comparable.encode(), "sha256")


def same(a: Address | str, b: Address | str) -> bool:
    """Whether both are one mailbox. A str is parsed first, and may raise AddressError."""
    return _address(a).comparable == _address(b).comparable


def kin(a: Address | str, b: Address | str) -> bool:
    """Whether both are probably one person's (see Address.family). A str is parsed first, as in same()."""
    return _address(a).family == _address(b).family


def suggest(address: Address | str) -> str | None:
    """The whole address that may have been meant, if its domain looks like a slip for a common one.

    To be said as a suggestion ("did you mean ...?") and never applied: the similar domain may well be real.
    None if there is nothing to suggest. Raises nothing: for a str that is no address, the error's.
    """
    try:
        meant = _address(address)
    except AddressError as error:
        return error.suggestion
    domain = _intended(meant.domain)
    return f"{meant.local}@{domain}" if domain else None


# --- reading ---------------------------------------------------------------------------------------------

_BLANKS: Final = " \t\r\n\u00a0\u3000"

_ATEXT: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
_FULL_WIDTH: Final = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
# 。 and ｡ separate labels as well (UTS #46 section 4.5): an IME types them for the dot.
_DOMAIN_FOLD: Final = _FULL_WIDTH | {ord("。"): ord("."), ord("｡"): ord(".")}
_LOCAL_FOLD: Final = {wide: code for wide, code in _FULL_WIDTH.items() if chr(code) in _ATEXT + "."}
# What looks like syntax and is none. Folding these in a local part could change what its quotes mean,
# and keeping them would make mailboxes that nobody has.
_SHAM_SYNTAX: Final = frozenset("＂（），：；＜＞＠［＼］。｡、")

# Seen by nobody although not of category Cf: the rest of Unicode's Default_Ignorable_Code_Point.
_INVISIBLE: Final = frozenset(
    map(chr, [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, 0xFFA0])
) | frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))

_WRONG_DOTS: Final = re.compile(r"\.|.*\.\.|.*\.\Z", re.DOTALL)
_ATOMS: Final = re.compile(f"[{re.escape(_ATEXT)}.]+")

# Until 2009 these gave out addresses such as a..b@ and a.@, which RFC 5321 allows only in quotes; people
# still have them. Everywhere else such a dot is a slip.
CARRIERS: Final = frozenset(
    """
    docomo.ne.jp
    ezweb.ne.jp au.com uqmobile.jp
    softbank.ne.jp i.softbank.jp disney.ne.jp
    willcom.com pdx.ne.jp di.pdx.ne.jp dj.pdx.ne.jp dk.pdx.ne.jp wm.pdx.ne.jp
    y-mobile.ne.jp ymobile.ne.jp ymobile1.ne.jp emnet.ne.jp emobile.ne.jp emobile-s.ne.jp
    """.split()
).union(*({f"{region}.vodafone.ne.jp", f"jp-{region}.ne.jp"} for region in "cdhknqrst"))

# What nearly all addresses look like, and `_read` leaves as it is: half of what a mail costs at the door is saved.
_COMMON: Final = re.compile(
    r"(?=[^@]{1,64}@)([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@((?:[A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]+)"
)

_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})

# RFC 6761 reserves these for testing and for one's own machine, and that is what our tests and trials use.
_OUR_OWN: Final = frozenset({"test", "localhost"})


def _address(address: Address | str) -> Address:
    return address if isinstance(address, Address) else parse(address)


def _legible(text: str | bytes) -> str:
    """Decode, trim, take off one pair of angle brackets, normalise (NFC); refuse what cannot be seen."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            # Not Latin-1 as a second try: it never fails, and would make another mailbox of a broken one.
            raise AddressError("encoding") from None
    text = text.strip(_BLANKS)
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1].strip(_BLANKS)
    if not text:
        raise AddressError("empty")
    if len(text) > _READING_LIMIT:
        raise AddressError("too_long")
    text = unicodedata.normalize("NFC", text)
    for char in text:
        _refuse_unseen(char)
    return text


def _refuse_unseen(char: str) -> None:
    # Before email-validator, which refuses most of these too, but drops some from a domain in silence.
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        raise AddressError("control")
    if category == "Cf" or char in _INVISIBLE:
        raise AddressError("invisible")
    if category in ("Cs", "Co", "Cn"):
        raise AddressError("encoding")
    if category == "Zs" and char != " ":
        raise AddressError("space")


def _read(written: str) -> Address:
    """Split, and bring both parts into the form that is sent.

    Limits are held against the comparable form as well: lower case may need more octets, and a comparable
    address must itself be an address.
    """
    if written.endswith(">") and "<" in written:
        raise AddressError("display_name")
    local, domain = _split(written)
    domain = _sendable_domain(domain)
    local = _sendable_local(local, domain)
    # Not str.lower() on the whole, which writes a Greek sigma by its place in the word; not casefold(),
    # which would merge straße@ with strasse@.
    lowered = unicodedata.normalize("NFC", "".join(char.lower() for char in local))
    octets = max(len(local.encode()), len(lowered.encode()))
    if octets > LOCAL_LIMIT:
        raise AddressError("local_too_long")
    if octets + 1 + len(domain) > ADDRESS_LIMIT:
        raise AddressError("too_long")
    return Address(
        text=f"{local}@{domain}",
        local=local,
        domain=domain,
        comparable=f"{lowered}@{domain}",
        smtputf8=not local.isascii(),
    )


def _commonly(local: str, domain: str) -> Address:
    """`_read`, for `_COMMON`."""
    try:
        domain = _sendable_domain(domain)
    except AddressError as error:
        raise AddressError(error.slug, _mended(f"{local}@{domain}")) from None
    return Address(f"{local}@{domain}", local, domain, f"{local.lower()}@{domain}", smtputf8=False)


def _split(written: str) -> tuple[str, str]:
    # At the last @: a quoted local part may contain one, a domain never.
    at = max(written.rfind("@"), written.rfind("＠"))
    if at < 0:
        raise AddressError("no_at")
    local = written[:at]
    if not local.startswith('"') and ("@" in local or "＠" in local):
        raise AddressError("many_at")
    return local, written[at + 1 :]


@lru_cache(8192)  # of domains alone: addresses are not ours to collect
def _sendable_domain(domain: str) -> str:
    """The domain as A-labels in lower case.

    email-validator decides (UTS #46, RFC 5891, host names, the Bidi rule of RFC 5893). It says why in prose
    only, so the slips that deserve a sentence of their own are told apart first.
    """
    domain = domain.translate(_DOMAIN_FOLD).strip(" ").removesuffix(".")
    if " " in domain:
        raise AddressError("space")
    if domain.startswith("["):
        raise AddressError("literal")
    head, dot, last = domain.rpartition(".")
    last = last.lower()
    if last == "localhost" and not dot:
        return last
    if not dot and domain:
        raise AddressError("domain_dot")
    if dot and last.isascii() and last.isdigit():
        raise AddressError("literal")
    if last in SPECIAL_USE_DOMAIN_NAMES and last not in _OUR_OWN:
        raise AddressError("domain_reserved")
    # email-validator refuses .test and .localhost by a list that belongs to the whole process; it is not ours
    # to change, so it is shown a stand-in of a length that exceeds no limit.
    shown = f"{head}.jp" if last in _OUR_OWN else domain
    ascii_domain = _validated(f"x@{shown}", "domain_syntax").ascii_domain
    return f"{ascii_domain.removesuffix('.jp')}.{last}" if last in _OUR_OWN else ascii_domain


def _sendable_local(local: str, domain: str) -> str:
    """The local part in NFC and with the fewest quotes.

    email-validator decides (RFC 5321 section 4.1.2, RFC 6531 section 3.3) once full-width letters and the
    carriers' dots, which it does not know, have been seen to.
    """
    folded = local.translate(_LOCAL_FOLD)
    # All or nothing: full-width letters among ASCII are an IME left on, among kanji they may be the name.
    local = folded if folded.isascii() else local
    if not _SHAM_SYNTAX.isdisjoint(local):
        raise AddressError("local_syntax")
    if not local.startswith('"'):
        if " " in local:
            raise AddressError("space")
        if _WRONG_DOTS.match(local):
            if domain not in CARRIERS or not _ATOMS.fullmatch(local):
                raise AddressError("local_dots")
            # Sent in quotes, because that is how RFC 5321 spells this mailbox and every next hop takes it.
            local = f'"{local}"'
    return _validated(f"{local}@example.com", "local_syntax").local_part


def _validated(address: str, slug: str) -> ValidatedEmail:
    try:
        return validate_email(address, allow_smtputf8=True, allow_quoted_local=True, check_deliverability=False)
    except EmailNotValidError:
        raise AddressError(slug) from None


def _initial(part: str) -> str:
    return part[0] if len(part) > 1 else ""


# --- suggesting ------------------------------------------------------------------------------------------

# What people mean most often. No name under five letters: too many real domains are one slip away from it.
WELL_KNOWN: Final = tuple(
    """
    gmail.com yahoo.co.jp docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp icloud.com
    hotmail.com hotmail.co.jp outlook.com outlook.jp yahoo.com ymobile.ne.jp y-mobile.ne.jp
    uqmobile.jp disney.ne.jp nifty.com biglobe.ne.jp googlemail.com protonmail.com
    """.split()
)

# Real mail domains a slip away from those above, or so well known that nobody should be asked.
NEIGHBOURS: Final = frozenset(
    """
    mail.com email.com ymail.com imail.com jmail.com kmail.com rmail.com xmail.com zmail.com gmx.com gmx.net
    aol.com aol.jp me.com mac.com msn.com live.com live.jp qq.com line.me au.com auone.jp cloud.com ecloud.com
    rocketmail.com hotmail.fr hotmail.de hotmail.it hotmail.es hotmail.ca hotmail.co.uk outlook.fr outlook.de
    outlook.es outlook.cl yahoo.ca yahoo.cn yahoo.co.uk yahoo.co.kr yahoo.co.in yahoo.co.id yahoo.co.th
    yahoo.fr yahoo.de ybb.ne.jp ocn.ne.jp so-net.ne.jp dion.ne.jp nifty.ne.jp fifty.com plala.or.jp
    eonet.ne.jp softbank.jp softbank.co.jp softbank.com rakuten.jp rakumail.jp infoseek.jp goo.jp goo.ne.jp
    excite.co.jp proton.me pm.me tutanota.com willcom.com wilcom.com mopera.net asahi-net.or.jp wakwak.com
    jcom.home.ne.jp yahoo.ne.jp foxmail.com mozmail.com umail.com
    """.split()
)

# Right name, wrong ending.
_MISPLACED: Final = {
    "gmail.co.jp": "gmail.com",
    "gmail.ne.jp": "gmail.com",
    "gmail.jp": "gmail.com",
    "icloud.co.jp": "icloud.com",
    "icloud.ne.jp": "icloud.com",
    "docomo.co.jp": "docomo.ne.jp",
    "ezweb.co.jp": "ezweb.ne.jp",
    "i.softbank.ne.jp": "i.softbank.jp",
    "i.softbank.co.jp": "i.softbank.jp",
    "softbank.ne": "softbank.ne.jp",
    "docomo.ne": "docomo.ne.jp",
    "docomo.jp": "docomo.ne.jp",
    "docomo.com": "docomo.ne.jp",
    "ezweb.ne": "ezweb.ne.jp",
    "ezweb.jp": "ezweb.ne.jp",
    "yahoo.or.jp": "yahoo.co.jp",
    "icloud.jp": "icloud.com",
    "hotmail.jp": "hotmail.co.jp",
    "outlook.co.jp": "outlook.jp",
    "nifty.co.jp": "nifty.com",
}

# Endings that no registry has, and what the fingers meant. (.cm, .co and .om exist.)
_ENDINGS: Final = {
    f".{wrong}": f".{right}"
    for right, wrongs in {
        "com": "con cpm vom xom ocm cmo comm coom".split(),
        "co.jp": "co.jo co.j co.jpp cojp".split(),
        "ne.jp": "ne.jo ne.j ne.jpp nejp".split(),
        "or.jp": "or.jo or.j or.jpp orjp".split(),
    }.items()
    for wrong in wrongs
}

_LONG_NAME: Final = 7


def _mended(written: str) -> str | None:
    """The address that is left once common slips are undone, if one is left: for suggesting only."""
    if written.endswith(">"):
        written = written[written.rfind("<") + 1 : -1]
    if '"' not in written:
        written = written.replace(" ", "")
    try:
        local, domain = _split(written)
    except AddressError:
        return None
    domain = re.sub(r"[.,;、]+", ".", domain.translate(_DOMAIN_FOLD)).strip(". ").lower()
    try:
        return _read(f"{local}@{_intended(domain) or domain}").text
    except AddressError:
        return None


def _intended(domain: str) -> str | None:
    """The domain probably meant by one that is not well known; None if none is near enough."""
    if _is_known(domain):
        return None
    if domain in _MISPLACED:
        return _MISPLACED[domain]
    ended = domain
    for wrong, right in _ENDINGS.items():
        if domain.endswith(wrong):
            ended = domain.removesuffix(wrong) + right
            break
    nearest = ended if _is_known(ended) else _nearest(ended)
    return nearest or (ended if ended != domain else None)


def _is_known(domain: str) -> bool:
    return domain in WELL_KNOWN or domain in NEIGHBOURS or domain in CARRIERS


def _nearest(domain: str) -> str | None:
    """The well-known domain one slip away, or two if its name is long and its ending is right."""
    best, fewest = None, 3
    for candidate in WELL_KNOWN:
        slips = _slips(domain, candidate)
        # Two slips in an ending make another country's: outlook.cl is no typing mistake.
        long_name = max(map(len, candidate.split("."))) >= _LONG_NAME
        same_ending = domain.rpartition(".")[2] == candidate.rpartition(".")[2]
        if slips < fewest and slips <= (2 if long_name and same_ending else 1):
            best, fewest = candidate, slips
    return best


def _slips(typed: str, meant: str) -> int:
    """Letters lost, added, mistaken or swapped (Damerau-Levenshtein, optimal string alignment), up to 3.

    Any number of lost or misplaced dots is one slip.
    """
    if typed.replace(".", "") == meant.replace(".", ""):
        return int(typed != meant)
    if abs(len(typed) - len(meant)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, a in enumerate(typed, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(meant, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == meant[j - 2] and b == typed[i - 2]:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return min(row[-1], 3)
