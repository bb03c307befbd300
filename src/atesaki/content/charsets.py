"""Octets as text: what a charset's name stands for in the mail of the world, and a guess where none is named."""

import codecs
import re
from collections.abc import Iterator
from functools import cache

_JIS_NAMES = frozenset(
    {"iso-2022-jp", "iso-2022-jp-ms", "iso-2022-jp-1", "iso-2022-jp-2", "csiso2022jp", "jis"}
    | {"cp50220", "cp50221", "cp50222", "x-cp50220", "x-cp50221", "windows-50220", "windows-50221"}
)
# What the names stand for in the mail of the world, which is wider than what they say.
_ALIASES = {
    **dict.fromkeys(["shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "csshiftjis", "windows-31j"], "cp932"),
    **dict.fromkeys(["ms932", "x-ms-cp932", "cp943c"], "cp932"),
    **dict.fromkeys(["euc-jp", "eucjp", "x-euc-jp", "x-euc", "eucjp-ms", "euc-jp-ms", "cp51932", "ujis"], "euc_jp"),
    **dict.fromkeys(["gb2312", "gbk", "x-gbk", "gb_2312-80", "csgb2312"], "gb18030"),
    **dict.fromkeys(["ks_c_5601-1987", "euc-kr", "ksc5601", "korean"], "cp949"),
    **dict.fromkeys(["iso-8859-1", "latin1", "latin-1", "iso8859-1", "l1"], "cp1252"),
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "utf8": "utf-8",
}
# Python knows "codecs" that are no charset (punycode, unicode_escape, zip): only these may be named by a mail.
_CODECS = re.compile(
    r"utf-?(?:8|16|32)(?:-?[bl]e)?|iso[-_]?8859-(?:[1-9]|1[013-6])|(?:cp|windows-)125[0-8]|cp(?:437|85[0257]|86[0-69]|874|932|949|950)"
    r"|koi8-[ru]|big5(?:-?hkscs)?|gb18030|hz(?:-gb-2312)?|euc_jp|iso-2022-kr|tis-620|mac(?:intosh|-roman)"
)
_ASCII_NAMES = frozenset({"", "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "unknown-8bit", "x-unknown"})
_SINGLE = re.compile(r"cp(?!9)|windows-(?!9)|iso|koi8|tis|mac")
_GUESSED = "It has 8-bit characters without their true charset; its text is a guess."


def decode(data: bytes, charset: str) -> tuple[str, str]:
    """Text, and a sentence when it is not surely what was meant. NUL is dropped: nobody sees it."""
    text, why = _decoded(data, charset)
    return text.replace("\0", ""), why


def _decoded(data: bytes, charset: str) -> tuple[str, str]:
    name = charset.strip().strip("\"'").split(" ")[0].split("*")[0].lower()
    if data.startswith(b"\xef\xbb\xbf"):
        data, name = data[3:], "utf-8"
    if name in ("utf-7", "utf7", "unicode-1-1-utf-7", "csunicode11utf7"):
        return "", "UTF-7 is refused: readers differ in what it shows."
    escaped = b"\x1b$" in data or b"\x1b(I" in data
    if name in _JIS_NAMES or (escaped and data.isascii()):
        return _jis(data)
    if name in _ASCII_NAMES:
        return guess(data)
    codec = _ALIASES.get(name, name)
    if not _CODECS.fullmatch(codec):
        return (data.decode("ascii"), "") if data.isascii() else (guess(data)[0], "Its charset is not known.")
    codec = codecs.lookup({"macintosh": "mac-roman", "hz-gb-2312": "hz"}.get(codec, codec)).name
    utf8 = strictly(data, "utf-8")
    if utf8 is not None and not data.isascii() and _SINGLE.match(codec):
        return utf8, ""  # a single-byte charset can name anything; UTF-8 does not come about by chance
    text = strictly(data, codec)
    if text is None and codec == "euc_jp":
        text = _euc_ms(data)
    if text is None:
        text = utf8
    if text is not None:
        return text, ""
    return (data.decode("latin-1"), "") if codec == "cp1252" else _mended(data, codec)


def strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeError:
        return None


def _mended(data: bytes, codec: str) -> tuple[str, str]:
    guessed, _ = guess(data)
    text = data.decode(codec, "replace")
    best = text if text.count("\ufffd") * 20 <= len(text) else guessed
    return best, "Its bytes are not of the charset that it names."


def guess(data: bytes) -> tuple[str, str]:
    """Text of unnamed charset. UTF-8 and ISO-2022-JP betray themselves; the others only by likelihood."""
    if data.isascii():
        return _jis(data) if b"\x1b" in data else (data.decode("ascii"), "")
    utf8 = strictly(data, "utf-8")
    if utf8 is not None:
        return utf8, ""
    tries = [strictly(data, "cp932"), strictly(data, "euc_jp") or _euc_ms(data)]
    japanese = [text for text in tries if text]
    if japanese:
        return max(japanese, key=_likeness), _GUESSED
    return data.decode("latin-1"), _GUESSED


def _likeness(text: str) -> int:
    kana = len(re.findall("[ぁ-んァ-ヶー、。]", text))
    return kana * 2 + len(re.findall("[一-龠]", text)) - 3 * len(re.findall("[｡-ﾟ\ue000-\uf8ff]", text))


_JIS_PIECE = re.compile(rb"(\x1b&@\x1b\$B|\x1b\$[@AB]|\x1b\$\([@A-D]|\x1b\([ABHIJ]|\x0e|\x0f|\r?\n)")
_JIS_SETS = {
    b"\x1b$@": "kanji",
    b"\x1b$B": "kanji",
    b"\x1b&@\x1b$B": "kanji",
    b"\x1b$(@": "kanji",
    b"\x1b$(B": "kanji",
    b"\x1b$(D": "more",
    b"\x1b$A": "gb2312",
    b"\x1b$(A": "gb2312",
    b"\x1b$(C": "euc_kr",
    b"\x1b(I": "kana",
    b"\x0e": "kana",
}


def _jis(data: bytes) -> tuple[str, str]:
    """ISO-2022-JP (RFC 1468) and what mailers call so: NEC and IBM characters, half-width kana (cp50221)."""
    exact = strictly(data, "iso2022_jp")
    if exact is not None and "\x1b" not in exact and "\x0e" not in exact:
        return exact, ""
    out: list[str] = []
    charset = "ascii"
    for piece in _JIS_PIECE.split(data):
        if piece in (b"\n", b"\r\n"):
            charset = "ascii"  # RFC 1468: a line ends in ASCII
            out.append("\n")
        elif _JIS_PIECE.fullmatch(piece):
            charset = _JIS_SETS.get(piece, "ascii")
        elif charset == "kanji":
            out.extend(_pairs(piece))
        elif charset == "more":
            out.append(_high(piece, b"\x8f").decode("euc_jp", "replace"))
        elif charset == "kana":
            out.append(bytes(octet | 0x80 if octet > 0x20 else octet for octet in piece).decode("cp932", "replace"))
        elif charset == "ascii":
            out.append(piece.decode("cp932", "replace"))  # 8-bit kana are single bytes there
        else:
            out.append(_high(piece, b"").decode(charset, "replace"))
    text = "".join(out)
    return text, _GUESSED if "\ufffd" in text or "\x1b" in text else ""


def _high(piece: bytes, lead: bytes) -> bytes:
    return b"".join(lead + bytes(octet | 0x80 for octet in piece[at : at + 2]) for at in range(0, len(piece), 2))


def _pairs(piece: bytes) -> Iterator[str]:
    at = 0
    while at < len(piece):
        if piece[at] <= 0x20:
            yield chr(piece[at])
            at += 1
        else:
            yield _jis_character(piece[at : at + 2])
            at += 2


def _jis_character(pair: bytes) -> str:
    """One JIS X 0208 cell as Windows has it, by way of Shift_JIS, since no Python codec knows rows 13 and 89–92."""
    if len(pair) < 2 or not (0x21 <= pair[0] <= 0x7E and 0x21 <= pair[1] <= 0x7E):
        return "\ufffd"
    high = (pair[0] + 1) // 2 + (0x70 if pair[0] < 0x5F else 0xB0)
    low = pair[1] + (0x7E if pair[0] % 2 == 0 else 0x1F + (pair[1] >= 0x60))
    return bytes((high, low)).decode("cp932", "replace")


# eucJP-ms puts the IBM characters that JIS X 0212 lacks into its rows 83 and 84, from 8F F3 F3 on.
_EUC_IBM = (
    "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤﨎咊坙﨏塚增寬峵嵓﨑德悅愠敎昻晥晴朗栁﨓﨔橫櫢淸淲瀨凞猪甁皂皞"
    "益礰礼神祥福竧靖精綠緖羽荢﨟薰蘒﨡蠇諸譿賴赶﨣﨤逸郞都鄕﨧﨨閒隆﨩霻靍靑飯飼館馞髙魲鶴黑"
)
_EUC_PIECE = re.compile(rb"[\x00-\x7f]+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|[\xa1-\xfe]{2}")


def _euc_ms(data: bytes) -> str | None:
    """EUC-JP with the characters of Windows, or None."""
    out: list[str] = []
    at = 0
    while at < len(data):
        piece = _EUC_PIECE.match(data, at)
        if piece is None:
            return None
        at = piece.end()
        text = strictly(piece[0], "euc_jp")
        if text is None and piece[0][0] == 0x8F:
            cell = (piece[0][1] - 0xF3) * 94 + piece[0][2] - 0xA1 - 82
            text = _EUC_IBM[cell] if 0 <= cell < len(_EUC_IBM) else None
        elif text is None:
            text = _jis_character(bytes(octet & 0x7F for octet in piece[0]))
        if text is None or text == "\ufffd":
            return None
        out.append(text)
    return "".join(out)


@cache
def _usual() -> frozenset[str]:
    """What cp932 has in its first rows: signs, kana, half-width too, and the kanji of every day (up to row 98)."""
    rows = (*range(0x81, 0x85), *range(0x87, 0x99))
    cells = (bytes((row, cell)) for row in rows for cell in range(0x40, 0x73 if row == 0x98 else 0xFD))
    usual = [text for text in (cell.decode("cp932", "ignore") for cell in cells) if len(text) == 1]
    return frozenset([*usual, *map(chr, range(ord("｡"), ord("ﾟ") + 1))])


def windows_japanese(data: bytes) -> str | None:
    """The text of octets that are surely cp932, or None.

    Nearly everything decodes as cp932 into something. René and Müller become single rare kanji between letters;
    EUC-JP becomes half-width kana, which is why it must not fit as well.
    """
    text = strictly(data, "cp932")
    if text is None or strictly(data, "euc_jp") is not None:
        return None
    runs = re.findall(r"[^\x00-\x7f]+", text)
    letters = "".join(runs)
    together = sum(len(run) for run in runs if len(run) > 1)
    usual = sum(map(_usual().__contains__, letters))
    return text if together * 2 >= len(letters) and usual * 5 >= len(letters) * 4 else None
