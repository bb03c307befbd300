"""A message as its recipient sees it, whatever its bytes; what cannot be read is told and never raised."""

from __future__ import annotations

import base64
import email
import email.policy
import quopri
import re
from binascii import b2a_qp
from collections import Counter
from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from functools import partial

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from atesaki.content import Limits, Part, Reading, header_values, normalise, read, reading, without_headers

patient = settings(deadline=None)  # others may have the processor

FAILED = "Reading this message failed."
GUESSED = "It has 8-bit characters without their true charset; its text is a guess."
OTHER = "Its bytes are not of the charset that it names."
UNKNOWN = "Its charset is not known."
NAME = "山田 健 様"


def mail(body: bytes | str, *fields: str) -> bytes:
    head = "".join(f"{field}\r\n" for field in fields)
    return head.encode() + b"\r\n" + (body if isinstance(body, bytes) else body.encode())


def plain(body: bytes, charset: str) -> Part:
    (part,) = read(mail(body, f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: 8bit")).parts
    return part


def multipart(*parts: bytes, kind: str = "mixed", boundary: str = "b") -> bytes:
    between = f"--{boundary}".encode()
    inner = b"".join(between + b"\r\n" + part + b"\r\n" for part in parts)
    return mail(inner + between + b"--\r\n", f'Content-Type: multipart/{kind}; boundary="{boundary}"')


def texts(raw: bytes, limits: Limits | None = None) -> list[str]:
    return [part.text for part in (read(raw, limits=limits) if limits else read(raw)).parts]


def why(raw: bytes, limits: Limits | None = None) -> list[str]:
    return [part.why for part in (read(raw, limits=limits) if limits else read(raw)).parts if part.why]


def shown(page: str) -> str:
    (part,) = read(mail(page, "Content-Type: text/html; charset=utf-8")).parts
    assert (part.kind, part.why) == ("html", "")
    return part.text


# --- charsets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("iso-2022-jp", NAME.encode("iso2022_jp"), NAME),
        ("ISO-2022-JP", b"\x1b$@2V\x1b(J\\", "花¥"),
        ("iso-2022-jp", b"\x1b(I6E\x1b(B", "ｶﾅ"),
        ("iso-2022-jp", b"\x1b(I6E\x1b$B2V\x1b(B.", "ｶﾅ花."),
        ("iso-2022-jp", b"\x0e6E\x0fa", "ｶﾅa"),
        ("iso-2022-jp", b"\xb6\xc5", "ｶﾅ"),
        ("cp50221", b"\x1b$B-!-j|byu\x1b(B", "①㈱髙﨑"),
        ("iso-2022-jp-1", b"\x1b$(D0!\x1b(B", "丂"),
        ("iso-2022-jp", b"\x1b$B2V\r\nabc", "花\nabc"),
        ("iso-2022-jp", b"plain", "plain"),
        ("shift_jis", NAME.encode("cp932"), NAME),
        ("Shift-JIS", b"\xfb\xfc\xfa\xb1\x87\x40\x87\x8a\xb6\xc5", "髙﨑①㈱ｶﾅ"),
        ("windows-31j", b"\xee\xe0\xed\x95", "髙﨑"),
        ("euc-jp", NAME.encode("euc_jp"), NAME),
        ("x-euc-jp", bytes.fromhex("8ff4fb8ff4bdada1adea8eb6a5ca"), "髙﨑①㈱ｶナ"),
        ("utf-8", NAME.encode(), NAME),
        ("utf-8", b"\xef\xbb\xbf" + NAME.encode(), NAME),
        ("utf8", "髙﨑👪".encode(), "髙﨑👪"),
        ("utf-16", NAME.encode("utf-16"), NAME),
        ("utf-16be", NAME.encode("utf-16-be"), NAME),
        ("iso-8859-1", b"Ren\xe9 \x80", "René €"),
        ("iso-8859-15", b"\xa4", "€"),
        ("gb2312", "花".encode("gbk"), "花"),
        ("big5", "花".encode("big5"), "花"),
        ("ks_c_5601-1987", "꽃".encode("cp949"), "꽃"),
        ("koi8-r", "Хана".encode("koi8-r"), "Хана"),
        ('"utf-8"', NAME.encode(), NAME),
        ("utf-8 (a comment)", NAME.encode(), NAME),
        ("", NAME.encode(), NAME),
        ("us-ascii", NAME.encode(), NAME),
        ("us-ascii", NAME.encode("iso2022_jp"), NAME),
        ("utf-8", NAME.encode("iso2022_jp"), NAME),
        ("iso-8859-1", NAME.encode(), NAME),
        ("windows-1252", NAME.encode(), NAME),
        ("shift_jis", NAME.encode(), NAME),
        ("euc-jp", NAME.encode(), NAME),
        ("iso-2022-jp", NAME.encode("cp932"), NAME),
        ("utf-8", b"a\0b\0", "ab"),
        ("x-nonsense", b"ascii", "ascii"),
    ],
)
def test_a_charset_is_read_as_its_writers_meant_it(charset: str, octets: bytes, text: str) -> None:
    assert plain(octets, charset) == Part("text", "1", "text/plain", "", text, "")


@pytest.mark.parametrize(
    ("charset", "octets", "text", "sentence"),
    [
        ("", NAME.encode("cp932"), NAME, GUESSED),
        ("us-ascii", NAME.encode("euc_jp"), NAME, GUESSED),
        ("utf-8", NAME.encode("cp932"), NAME, OTHER),
        ("utf-8", NAME.encode("euc_jp"), NAME, OTHER),
        ("shift_jis", NAME.encode("euc_jp"), NAME, OTHER),
        ("big5", NAME.encode("cp932"), NAME, OTHER),
        ("utf-8", b"a" * 40 + b"\xff", "a" * 40 + "\ufffd", OTHER),
        ("iso-2022-jp", b"\x1b$B2", "\ufffd", GUESSED),
        ("iso-2022-jp", b"\x1b$B\x7f\x7f\x1b(B", "\ufffd", GUESSED),
        ("iso-2022-jp", b"\x1b[31mred", "\x1b[31mred", GUESSED),
        ("utf-7", b"+gqE-", "", "UTF-7 is refused: readers differ in what it shows."),
        *((name, NAME.encode(), NAME, UNKNOWN) for name in ("x-nonsense", "rot13", "zip", "punycode", "idna", "../x")),
        *(
            (name, b"\xe9", "é", UNKNOWN)
            for name in ("unicode_escape", "undefined", "mbcs", "utf-8\u00e9", "%", "a" * 5000)
        ),
    ],
)
def test_a_charset_that_is_not_surely_right_is_told(charset: str, octets: bytes, text: str, sentence: str) -> None:
    assert plain(octets, charset) == Part("unreadable", "1", "text/plain", "", text, sentence)


@pytest.mark.parametrize("charset", ["iso2022_jp", "cp932", "euc_jp", "utf-8"])
@pytest.mark.parametrize("text", ["03−9999−0001", "03－9999－0001", "10時〜12時", "10時～12時", "ﾔﾏﾀﾞ", "ヤマダ"])
def test_dashes_waves_and_narrow_kana_compare_alike(charset: str, text: str) -> None:
    """Codecs differ over － and ～; whichever of the two a mailer's has, the text that is compared is one."""
    twins = str.maketrans("−－〜～", "－−～〜")
    for spelt in (text, text.translate(twins)):
        octets = spelt.encode(charset, "ignore")
        if octets.decode(charset) == spelt:
            assert normalise(plain(octets, charset).text) == normalise(text)
    assert normalise("０３−９９９９－０００１") == "03-9999-0001"
    assert normalise("ﾔﾏﾀﾞ") == "ヤマダ"
    assert normalise("〜～") == "~~"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  a\u3000\t\r\n b ", "a b"),
        ("１２３ー４５６７", "123-4567"),
        ("サーバー", "サーバー"),
        ("1―2‐3─4", "1-2-3-4"),
        ("03 − 9999", "03 - 9999"),
        ("①23", "1 23"),
        ("a\u200bb\u00adc\ufeff", "abc"),
        ("㈱", "(株)"),
        ("ｶﾞ", "ガ"),
    ],
)
def test_normalise(text: str, form: str) -> None:
    assert normalise(text) == form


@patient
@given(st.text(max_size=60))
def test_normalise_leaves_single_spaces_and_nothing_unseen(text: str) -> None:
    form = normalise(text)
    assert form == " ".join(form.split())
    assert not re.search("[\u200b-\u200f\u202a-\u202e\ufe0f\ufeff]", form)


# --- transfer encodings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("7bit", "a\r\nb", "a\nb"),
        ("binary", "花", "花"),
        ("base64", "aGVsbG8=", "hello"),
        ("BASE64 (six bits)", "aGVs\r\nbG8=\r\n", "hello"),
        ("base64", "", ""),
        ("quoted-printable", "a=3Db=\r\nc=E8=8A=B1", "a=bc花"),
        ("Quoted-Printable", "a=e8=8a=b1=\n=\nb", "a花b"),
        ("quoted-printable", "a=ZZ=3", "a=ZZ=3"),
        ("quoted-printable", "a=", "a"),
        ("x-uuencode", "begin 644 a\n%:&5L;&\\\n`\nend\n", "hello"),
    ],
)
def test_a_transfer_encoding_is_undone(encoding: str, body: str, text: str) -> None:
    (part,) = read(mail(body, f"Content-Transfer-Encoding: {encoding}")).parts
    assert (part.kind, part.text, part.why) == ("text", text, "")


@pytest.mark.parametrize(
    ("encoding", "body", "text", "sentence"),
    [
        ("base64", "aGVsbG8", "hello", "Its base64 breaks off."),
        ("base64", "aGVsb", "hel", "Its base64 breaks off."),
        ("base64", "a", "", "Its base64 breaks off."),
        ("base64", "====", "", "Its base64 breaks off."),
        ("base64", "aGV*s花bG8=", "hello", "Its base64 has other characters in it."),
        ("base64", "aGVsbG8=aGVsbG8=", "hellohello", "Its base64 goes on after its end."),
        ("uuencode", "begin 644 a\n%:&5L;&\\\n", "hello", "Its uuencoding breaks off."),
        ("uuencode", "begin 644 a\n%:&5L;&\\\n\x7f\x7f", "hello", "Its uuencoding is broken."),
        ("uuencode", "hello", "", "Its uuencoding breaks off."),
        ("rot13", "uryyb", "uryyb", "Its transfer encoding is not known."),
        ("base-64", "aGVsbG8=", "aGVsbG8=", "Its transfer encoding is not known."),
        ("\0", "x", "x", ""),
    ],
)
def test_a_damaged_or_unknown_encoding_is_told(encoding: str, body: str, text: str, sentence: str) -> None:
    (part,) = read(mail(body, f"Content-Transfer-Encoding: {encoding}")).parts
    assert (part.kind, part.text, part.why) == ("unreadable" if sentence else "text", text, sentence)


letters = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1b"), max_size=60)


@patient
@given(letters, st.sampled_from(["utf-8", "utf-16", "utf-32"]), st.sampled_from(["base64", "qp", "8bit"]))
def test_what_is_encoded_is_read_back(text: str, charset: str, encoding: str) -> None:
    octets = text.encode(charset)
    coded = {"base64": base64.encodebytes, "qp": partial(b2a_qp, istext=False), "8bit": bytes}[encoding](octets)
    name = {"qp": "quoted-printable"}.get(encoding, encoding)
    raw = mail(coded, f"Content-Type: text/plain; charset={charset}", f"Content-Transfer-Encoding: {name}")
    (part,) = read(raw).parts
    assert part.why == ""
    assert part.text == re.sub(r"\r\n?", "\n", text.replace("\0", "").removeprefix("\ufeff"))


# --- the parts -------------------------------------------------------------------------------------------

ONE, TWO = mail("one"), mail("<p>two</p>", "Content-Type: text/html")


def outline(raw: bytes) -> list[tuple[str, str, str]]:
    return [(part.kind, part.path, part.text) for part in read(raw).parts]


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        (b"", [("text", "1", "")]),
        (b"\r\n\r\n", [("text", "1", "\n")]),
        (b"hello", [("text", "1", "hello")]),
        (b"Subject: x", [("text", "1", "")]),
        (multipart(ONE, TWO), [("text", "1", "one"), ("html", "2", "two")]),
        (multipart(ONE, TWO, kind="alternative"), [("text", "1", "one"), ("html", "2", "two")]),
        (multipart(ONE, TWO, kind="related; type=x"), [("text", "1", "one"), ("html", "2", "two")]),
        (
            multipart(multipart(ONE, TWO, kind="alternative", boundary="bb"), mail("three")),
            [("text", "1.1", "one"), ("html", "1.2", "two"), ("text", "2", "three")],
        ),
        (
            mail(
                ONE.join([b"preamble\r\n--b\r\n", b"\r\n--b--\r\nepilogue"]),
                "Content-Type: multipart/mixed; boundary=b",
            ),
            [("text", "1", "one")],
        ),
        (
            multipart(b"\r\n" + mail("one", "Subject: inner"), kind="digest"),
            [("text", "1", "Subject: inner"), ("text", "1.1", "one")],
        ),
        (
            mail(
                mail("one", "Subject: =?utf-8?B?6Iqx?=", "To: hana@example.jp", "X-Other: x"),
                "Content-Type: message/rfc822",
            ),
            [("text", "1", "Subject: 花\nTo: hana@example.jp"), ("text", "1.1", "one")],
        ),
        (
            multipart(ONE, mail(multipart(TWO, boundary="bb"), "Content-Type: message/rfc822")),
            [("text", "1", "one"), ("text", "2", ""), ("html", "2.1.1", "two")],
        ),
        (
            mail(
                base64.b64encode(mail("one", "Subject: x")),
                "Content-Type: message/rfc822",
                "Content-Transfer-Encoding: base64",
            ),
            [("text", "1", "Subject: x"), ("text", "1.1", "one")],
        ),
        (multipart(b"\r\n--bb not a boundary"), [("text", "1", "--bb not a boundary")]),
        (multipart(b"\r\n --b\r\nx--b"), [("text", "1", " --b\nx--b")]),
        (multipart(b"\r\n"), [("text", "1", "")]),
        (multipart(b""), [("text", "1", "")]),
        (multipart(ONE, boundary="a b'()+_,-./:=?"), [("text", "1", "one")]),
        (multipart(ONE, TWO).replace(b"\r\n", b"\n"), [("text", "1", "one"), ("html", "2", "two")]),
        (multipart(ONE, TWO).replace(b"\r\n", b"\r"), [("text", "1", "one"), ("html", "2", "two")]),
        (mail("a", "Content-Type: nonsense"), [("text", "1", "a")]),
        (mail("a", "Content-Type: text/plain (why not); charset=utf-8"), [("text", "1", "a")]),
        (mail("a", "Content-Type:"), [("text", "1", "a")]),
        (mail("a", "CONTENT-TYPE : TEXT/HTML"), [("html", "1", "a")]),
        (mail("a", "Content-Type: text/plain", "Content-Disposition: attachment"), [("attachment", "1", "a")]),
        (mail("x", "Content-Type: application/pgp-signature"), [("attachment", "1", "")]),
        (b"From hana Thu Jan 1\nSubject: x\n\na", [("text", "1", "a")]),
    ],
)
def test_every_part_has_its_place_and_text(raw: bytes, parts: list[tuple[str, str, str]]) -> None:
    assert outline(raw) == parts
    assert not read(raw).unreadable


@pytest.mark.parametrize(
    ("raw", "text", "sentence"),
    [
        (mail("a", "Content-Type: multipart/mixed"), "a", "The multipart's boundary is nowhere found."),
        (mail("a", 'Content-Type: multipart/mixed; boundary=""'), "a", "The multipart's boundary is nowhere found."),
        (mail("a", "Content-Type: multipart/mixed; boundary=b"), "a", "The multipart's boundary is nowhere found."),
        (mail("--b--", "Content-Type: multipart/mixed; boundary=b"), "", "The multipart has no part."),
        (
            mail("--b\r\n\r\na", "Content-Type: multipart/mixed; boundary=b"),
            "a",
            "The multipart never ends: it may be cut short.",
        ),
        (multipart(ONE) + b"--b\r\n\r\nlate", "one", "The multipart goes on after its end."),
        (
            multipart(ONE).replace(b'"b"', b"b; boundary=c"),
            "one",
            "Content-Type, a parameter of it or the encoding is given twice, and readers differ.",
        ),
        (
            b"Content-Type: text/plain\r\n" + multipart(ONE),
            "--b\n\none\n--b--\n",
            "Content-Type, a parameter of it or the encoding is given twice, and readers differ.",
        ),
        (
            mail("a", "Content-Type: text/plain; charset=utf-8; charset*=utf-8''utf-7"),
            "",
            "Content-Type, a parameter of it or the encoding is given twice, and readers differ.",
        ),
        (
            mail("YQ==", "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: 7bit"),
            "a",
            "Content-Type, a parameter of it or the encoding is given twice, and readers differ.",
        ),
        (
            b"Content-Transfer-Encoding: base64\r\n" + multipart(ONE),
            "one",
            "A multipart has a transfer encoding, which RFC 2045 section 6.4 forbids.",
        ),
        (mail("x", "Content-Type: multipart/encrypted; boundary=b"), "", "It is encrypted."),
        (mail("x", "Content-Type: application/pkcs7-mime"), "", "It is encrypted."),
        (mail("-----BEGIN PGP MESSAGE-----"), "-----BEGIN PGP MESSAGE-----", "It is encrypted."),
        (
            mail("PK\x03\x04\0\0\x01", "Content-Type: application/zip"),
            "",
            "It is an archive locked with a password.",
        ),
        (mail("x", "Content-Type: message/partial"), "", "The message itself is elsewhere."),
        (mail("x", "Content-Type: message/external-body"), "", "The message itself is elsewhere."),
        (mail("x", "Content-Type: image/png"), "", "It is image, which is not read."),
        (mail("x", "Content-Type: application/pdf"), "", "It is a file (application/pdf), which is not opened."),
        (b"Subject: a\nno field\n\nb", "no field\n\nb", "The header block is broken by a line that is no field."),
        (
            b"Subject: a\nsubject: b\n\n",
            "",
            "There is more than one Subject, and readers differ in which they show.",
        ),
        (b"Subject: \x89\xd4\r\n\r\n", "", f"Header Subject: {GUESSED}"),
        (
            multipart(b"no field\r\nX: y\r\n\r\na", b"X: y\r\nno field\r\n\r\na"),
            "no field\nX: y\n\na",
            "The header block is broken by a line that is no field.",
        ),
    ],
)
def test_what_readers_differ_in_is_told_and_read_as_far_as_it_goes(raw: bytes, text: str, sentence: str) -> None:
    assert sentence in why(raw)
    assert text in texts(raw)
    assert read(raw).unreadable


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("filename=a.txt", "a.txt"),
        ('filename="a \\"b\\".txt"', 'a "b".txt'),
        ("filename*=utf-8''%E8%8A%B1.txt", "花.txt"),
        ("filename*0*=utf-8''%E8%8A; filename*1*=%B1; filename*2=.txt", "花.txt"),
        ("filename*1=.txt; filename*0*=iso-2022-jp''%1B$B2V%1B(B", "花.txt"),
        ('filename="=?utf-8?B?6Iqx?=.txt"', "花.txt"),
        ("filename=花.txt", "花.txt"),
        ("filename*=x'y", "x'y"),
        ("filename*0*=''%; filename*999=z", "%z"),
    ],
)
def test_a_filename_is_decoded(value: str, name: str) -> None:
    assert read(mail("", f"Content-Disposition: attachment; {value}")).parts[0].filename == name
    assert read(mail("", f"Content-Type: image/png; {value.replace('filename', 'name')}")).parts[0].filename == name


@pytest.mark.parametrize(
    ("parameters", "body", "text"),
    [
        ("format=flowed", "a \r\nb\r\nc", "a b\nc"),
        ("format=flowed; delsp=yes", "東 \r\n京 \r\n都\r\nx", "東京都\nx"),
        ("format=flowed", "a \r\n> b \r\n> c\r\n-- \r\nd \r\n e", "a \n> b \n> c\n-- \nd e"),
        ("format=flowed", " -- \r\n", "-- \n"),
        ("format=fixed", "a \r\nb", "a \nb"),
    ],
)
def test_flowed_lines_are_joined(parameters: str, body: str, text: str) -> None:
    assert texts(mail(body, f"Content-Type: text/plain; {parameters}")) == [text]


# --- headers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("plain", "plain"),
        ("=?utf-8?B?6Iqx?=", "花"),
        ("=?UTF-8?q?=E8=8A=B1_x?=", "花 x"),
        ("=?utf-8*ja?B?6Iqx?=", "花"),
        ("=?iso-2022-jp?B?GyRCMlYbKEI=?=", "花"),
        ("=?ISO-2022-JP?B?GyRCLSF8YnluGyhC?=", "①髙寬"),
        ("=?shift_jis?B?idQ=?=", "花"),
        ("=?cp932?B?+/z6sQ==?=", "髙﨑"),
        ("=?euc-jp?B?stY=?=", "花"),
        ("=?gb2312?B?u6g=?=", "花"),
        ("=?iso-8859-1?Q?Ren=E9?=", "René"),
        ("=?us-ascii?Q?a?=", "a"),
        ("a =?utf-8?B?6Iqx?= b", "a 花 b"),
        ("=?utf-8?B?6Iqx?= =?utf-8?B?6Iqx?=", "花花"),
        ("=?utf-8?B?6Iqx?==?utf-8?B?6Iqx?=", "花花"),
        ("=?utf-8?B?6Iqx?= and =?utf-8?B?6Iqx?=", "花 and 花"),
        ("=?utf-8?B?6Iqx?=\r\n =?iso-2022-jp?B?GyRCMlYbKEI=?=", "花花"),
        # Characters cut in two by their mailer, in each of the charsets that have such.
        ("=?utf-8?Q?=E8?=\r\n =?utf-8?Q?=8A=B1?=", "花"),
        ("=?utf-8?B?6A==?= =?UTF-8?Q?=8A=B1?=", "花"),
        ("=?shift_jis?B?iQ==?= =?shift_jis?B?1A==?=", "花"),
        ("=?euc-jp?B?sg==?= =?euc-jp?B?1g==?=", "花"),
        ("=?iso-2022-jp?B?GyRCMg==?= =?iso-2022-jp?B?VhsoQg==?=", "花"),
        ("=?iso-2022-jp?B?GyRCMlY=?= =?iso-2022-jp?B?GyRCMlYbKEI=?=", "花花"),
        ("=?utf-8?Q?a b?=", "a b"),
        ("=?utf-8?Q??=", ""),
        ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
        ("=?utf-8?B?6Iqx", "=?utf-8?B?6Iqx"),
        ("=??Q?a?=", "=??Q?a?="),
        ("花", "花"),
        ("\x1b$B2V\x1b(B", "花"),
        ("a\0b", "ab"),
        ("=?utf-8?Q?a=00b?=", "ab"),
        ("a\r\n\tb\r\n  c ", "a\tb  c"),
    ],
)
def test_a_subject_is_shown_decoded(value: str, subject: str) -> None:
    found = read(mail("body", f"Subject: {value}"))
    assert (found.subject, found.unreadable) == (subject, False)
    assert found.headers == (("Subject", subject),)
    assert found.text == "\n\n".join(text for text in (subject, "body") if text)


@pytest.mark.parametrize(
    ("value", "subject", "sentence"),
    [
        ("=?x-none?B?6Iqx?=", "花", UNKNOWN),
        ("=?utf-8?B?6Iq?=", "\ufffd", "Its base64 breaks off."),
        ("=?utf-8?B?*6Iqx?=", "花", "Its base64 has other characters in it."),
        ("=?utf-8?Q?=89=D4?=", "花", OTHER),
        ("=?utf-7?Q?+gqE-?= x", "x", "UTF-7 is refused: readers differ in what it shows."),
    ],
)
def test_a_broken_word_is_decoded_as_far_as_it_goes_and_told(value: str, subject: str, sentence: str) -> None:
    raw = mail("", f"Subject: {value}")
    assert (why(raw), read(raw).parts[0].path) == ([f"Header Subject: {sentence}"], "0")
    assert read(raw).subject == subject or "\ufffd" in subject


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_line_ends_as_any_mailer_ends_it(end: str) -> None:
    raw = f"Subject: a{end} b{end}X-Y: c{end}{end}d{end}".encode()
    assert read(raw) == Reading(
        "a b", (("Subject", "a b"), ("X-Y", "c")), (Part("text", "1", "text/plain", "", "d\n"),)
    )


@patient
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40), st.sampled_from(["utf-8", "cp932", "euc_jp"])
)
def test_words_of_any_length_are_put_together_again(text: str, charset: str) -> None:
    text = " ".join(text.encode(charset, "ignore").decode(charset).split())
    octets = text.encode(charset)
    words = [f"=?{charset}?B?{base64.b64encode(octets[at : at + 5]).decode()}?=" for at in range(0, len(octets), 5)]
    assert read(mail("", "Subject: " + "\r\n ".join(words))).subject == text.removeprefix("\ufeff")


# --- the fields of our own -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (b"X-Atesaki-Knows: a\r\n\r\n", ["a"]),
        (b"x-ATESAKI-knows : a\n\n", ["a"]),
        (b"X-Atesaki-Knows: a;\r\n b\r\n\tc\r\nX: y\r\n z\r\n\r\n", ["a; b\tc"]),
        (b"X-Atesaki-Knows: a\nX-Atesaki-Knows:\nX-Atesaki-Knows: b", ["a", "", "b"]),
        (b"X-Atesaki-Knows: =?utf-8?Q?a?=\n\n", ["=?utf-8?Q?a?="]),
        ("X-Atesaki-Knows: 花\n\n".encode(), ["花"]),
        (b"X-Atesaki-Knows: \xe9\0\n\n", ["é"]),
        (b"From x\nX-Atesaki-Knows: a\n\n", ["a"]),
        (b"no field\nX-Atesaki-Knows: a\n\n", []),
        (b"X: y\nno field\nX-Atesaki-Knows: a\n\n", ["a"]),
        (b"X: y\n\nX-Atesaki-Knows: a\n", []),
        (b"\nX-Atesaki-Knows: a\n", []),
        (b"X-Atesaki-Knows-Not: a\nY-X-Atesaki-Knows: b\n\n", []),
        (b" X-Atesaki-Knows: a\n\n", []),
        (b"", []),
    ],
)
def test_the_values_of_a_field(raw: bytes, values: list[str]) -> None:
    assert header_values(raw, " X-Atesaki-KNOWS ") == values


@pytest.mark.parametrize(
    ("raw", "rest"),
    [
        (b"X-Atesaki-A: 1\r\nSubject: x\r\nX-Atesaki-B: 2\r\n\r\nbody", b"Subject: x\r\n\r\nbody"),
        (b"x-aTESAKI-a : 1\nSubject: x\n\nbody", b"Subject: x\n\nbody"),
        (b"A: 1\r\n 2\r\nX-Atesaki-A: 1\r\n 2\r\n\t3\r\nB: 1\r\n 2\r\n\r\n", b"A: 1\r\n 2\r\nB: 1\r\n 2\r\n\r\n"),
        (b"X-Atesaki-A: 1\n 2\nX-Atesaki-B: 1\n 2\n\n", b"\n"),
        (b"X-Atesaki-A: 1", b""),
        (b"X-Atesaki: 1\nX-Atesakix: 2\nY-X-Atesaki-A: 3\n\n", b"X-Atesaki: 1\nX-Atesakix: 2\nY-X-Atesaki-A: 3\n\n"),
        (b"A: 1\n\nX-Atesaki-A: 1\n\nX-Atesaki-B: 2\n", b"A: 1\n\nX-Atesaki-A: 1\n\nX-Atesaki-B: 2\n"),
        (b"hello\nX-Atesaki-A: 1\n", b"hello\nX-Atesaki-A: 1\n"),
        (b"A: X-Atesaki-A: 1\n X-Atesaki-B: 2\n\n", b"A: X-Atesaki-A: 1\n X-Atesaki-B: 2\n\n"),
        (b"From x\nX-Atesaki-A: 1\n\n", b"From x\n\n"),
        (b"A: 1\nno field\nX-Atesaki-A: 1\n\n", b"A: 1\nno field\n\n"),
        (b"A: 1\nX-Atesaki-A no colon\nB: 2\n\n", b"A: 1\nB: 2\n\n"),
        (b"A: 1\rX-Atesaki-A: 2\r\nB: 3\r\n\r\n", b"A: 1\r\nB: 3\r\n\r\n"),
        (b"A: 1\rX-Atesaki-A: 2\r\n 3\r\nB: 4\r\n\r\n", b"A: 1\r\nB: 4\r\n\r\n"),
        (b":no name\r\nX-Atesaki-A: 1\r\n\r\n", b":no name\r\n\r\n"),
        (b"", b""),
    ],
)
def test_our_fields_are_removed_and_nothing_else(raw: bytes, rest: bytes) -> None:
    assert without_headers(raw, "X-Atesaki-") == rest


def test_an_empty_prefix_is_refused() -> None:
    with pytest.raises(ValueError, match="every header field"):
        without_headers(b"A: b\r\n\r\n", "")


line_ends = st.sampled_from([b"\r\n", b"\n"])
inside = st.binary(max_size=12).map(lambda octets: re.sub(rb"[\r\n]", b".", octets))
ours = st.sampled_from([b"X-Atesaki-Knows", b"x-atesaki-customer", b"X-ATESAKI-", b"X-Atesaki-Class "])
theirs = st.sampled_from([b"Subject", b"X-Atesaki", b"Y-X-Atesaki-A", b"DKIM-Signature", b"X-Other ", b"X_Atesaki-A"])


@st.composite
def fields(draw: st.DrawFn, names: st.SearchStrategy[bytes]) -> bytes:
    """A field with its folded lines; one that begins like a field of ours is still a folded line."""
    out = draw(names) + b":" + draw(inside) + draw(line_ends)
    for _ in range(draw(st.integers(0, 2))):
        out += (
            draw(st.sampled_from([b" ", b"\t"])) + draw(st.sampled_from([b"", b"X-Atesaki-A: ", b"."])) + draw(inside)
        )
        out += draw(line_ends)
    return out


bodies = st.one_of(st.binary(max_size=60), st.just(b"X-Atesaki-Knows: a\r\n\r\nX-Atesaki-B: c\n"))


@patient
@given(st.lists(st.one_of(fields(theirs), fields(ours)), max_size=6), line_ends, bodies)
def test_every_other_byte_is_as_it_was(block: list[bytes], end: bytes, body: bytes) -> None:
    kept = [each for each in block if not each.lower().startswith(b"x-atesaki-")]
    raw = b"".join(block) + end + body
    assert without_headers(raw, "x-Atesaki-") == b"".join(kept) + end + body
    count = sum(each.lower().startswith((b"x-atesaki-knows:", b"x-atesaki-knows :")) for each in block)
    assert len(header_values(raw, "X-Atesaki-Knows")) == count


PIECES = [
    *(b"X-Atesaki-A: 1", b"x-atesaki-b:2", b"Subject: x", b"no field", b" folded", b"\t", b"From x", b">From y", b":"),
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"\r\r", b"\0", b"\x0b", b"\x0c", b"\x85", b"\xe2\x80\xa8"),
]
crooked = st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join)


@patient
@given(crooked)
@example(b"A: 1\rX-Atesaki-A: 2\rB: 3\r\n\r\n")
def test_however_crooked_the_block_no_reader_finds_our_fields_afterwards(raw: bytes) -> None:
    rest = without_headers(raw, "X-Atesaki-")
    assert without_headers(rest, "X-Atesaki-") == rest
    assert not [name for name, _ in read(rest).headers if name.lower().startswith("x-atesaki-")]
    if re.match(rb"[!-9;-~]*:|>?From ", raw):
        found = email.message_from_bytes(rest, policy=email.policy.compat32).keys()
        assert not [name for name in found if name.lower().startswith("x-atesaki-")]


@patient
@given(st.binary(max_size=200))
def test_a_message_without_our_fields_is_left_alone(raw: bytes) -> None:
    assume(b"x-atesaki-" not in raw.lower())
    assert without_headers(raw, "X-Atesaki-") == raw


def test_lines_end_alike_where_a_boundary_is_nowhere_found() -> None:
    found = read(b'Content-Type: multipart/mixed; boundary="b"\r\n\r\none\r\ntwo\rthree')
    assert [part.text for part in found.parts] == ["one\ntwo\nthree"]
    assert read(b"Content-Type: text/html\r\n\r\n<pre>one\r\ntwo&#13;three</pre>").text == "one\ntwo\nthree"


# --- pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a</p><p>b", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<br>b<br/><br />c", "a\nb\n\nc"),
        ("<b>a</b>b <i>c</i>", "ab c"),
        (" a \n\t b ", "a b"),
        ("<h1>a</h1>b<hr>c", "a\n\nb\n\n--------\n\nc"),
        ("<ul><li>a<li>b</ul>c", "a\nb\n\nc"),
        ("<dl><dt>a<dd>b</dl>", "a\nb"),
        ("<pre>a\n\nb</pre>", "a\n\nb"),
        ("<select><option>a<option>b</select>", "a\nb"),
        ("<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>d", "a\tb\nc\n\nd"),
        ("<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\n\nc"),
        ("<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", "a\tb\n\nc"),
        ("<table><tr><td><p>a</p></td><td><div>b</div></td></tr></table>", "a\tb"),
        ("<script>alert('x')</script>a", "a"),
        ("<STYLE type=x>p{}</style\n>a", "a"),
        ("<script>'</scripty>'</script>a", "a"),
        ("<title>t</title><iframe>x</iframe>a", "a"),
        ("a<!-- b --><!-- c > d -->e<!-->f<!--->g<!-- h --!>i", "aefgi"),
        ("<!doctype html><?xml x?></ x>a", "a"),
        ("<!--[if mso]>a<![endif]-->b<!--[if !mso]><!-->c<!--<![endif]-->", "abc"),
        ("&lt;&amp;&#33457;&#x82B1;&yen;&copy", "<&花花¥©"),
        ("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\ufffd" * 4),
        ("&#" + "9" * 5000 + ";a", "\ufffda"),
        ("&amp;lt;", "&lt;"),
        ("1 < 2 > 1 <3 a<", "1 < 2 > 1 <3 a<"),
        ("<p title='>' data-x=\"<b>\" y=/z/>a", "a"),
        ("<a href='https://x.example/?a=1&amp;b=2'>t</a>", "t <https://x.example/?a=1&b=2>"),
        ("<a href=https://x.example/>https://x.example/</a>", "https://x.example/"),
        ("<a href='#top'>t</a><a name=x>u</a>", "tu"),
        ("<a href='https://x.example/'>t", "t <https://x.example/>"),
        ("<a href='tel:090'><img alt='花'></a>", "花 <tel:090>"),
        ("<input type=hidden value=h><input value=v>", "v"),
        # What a style hides is kept: whether it is hidden depends on the reader.
        ("<div style='display:none'>a</div><p hidden>b</p>", "a\n\nb"),
        ("<noscript>a</noscript><template>b</template><textarea>c</textarea>", "abc"),
        ("a\0b", "ab"),
        ("", ""),
    ],
)
def test_a_page_is_read_as_it_shows(page: str, text: str) -> None:
    assert shown(page) == text


@pytest.mark.parametrize(
    ("page", "text", "sentence"),
    [
        ("a<!-- b", "a", "The page breaks off inside a comment."),
        ("a<! b", "a", "The page breaks off inside a comment."),
        ("a<p title='b", "a title='b", "The page breaks off inside a tag."),
        ("a<script>b", "a", "The page breaks off inside <script>."),
        ("a<img src='data:image/png;base64,x'>", "a", "The page holds an image, which is not read."),
    ],
)
def test_what_a_page_may_hide_is_told(page: str, text: str, sentence: str) -> None:
    raw = mail(page, "Content-Type: text/html")
    assert (texts(raw)[0], why(raw)) == (text, [sentence])


@pytest.mark.parametrize(
    ("head", "octets"),
    [
        ("text/html", b"<meta charset=shift_jis>\x89\xd4"),
        ("text/html", b"<meta http-equiv=Content-Type content='text/html; charset=euc-jp'>\xb2\xd6"),
        ("text/html; charset=utf-8", b"<meta charset=shift_jis>\xe8\x8a\xb1"),
        ("application/xhtml+xml; charset=utf-8", b"<p>\xe8\x8a\xb1</p>"),
    ],
)
def test_a_page_may_name_its_charset_itself_but_the_header_wins(head: str, octets: bytes) -> None:
    assert read(mail(octets, f"Content-Type: {head}")).parts == (Part("html", "1", head.partition(";")[0], "", "花"),)


# --- limits ----------------------------------------------------------------------------------------------


@pytest.fixture
def entities(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How many entities were looked at, by depth."""
    seen: Counter[int] = Counter()
    entity = reading._Reader.entity

    def counting(self: reading._Reader, fields: object, body: bytes, path: str, depth: int, default: str) -> None:
        seen[depth] += 1
        entity(self, fields, body, path, depth, default)  # type: ignore[arg-type]

    monkeypatch.setattr(reading._Reader, "entity", counting)
    return seen


def nested(levels: int, inner: bytes = ONE) -> bytes:
    """Multiparts in each other, put together from outside in: to wrap each would cost the square."""
    head = [f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(levels)]
    tail = [f"\r\n--b{level}--\r\n" for level in reversed(range(levels))]
    return "".join(head).encode() + inner + "".join(tail).encode()


@pytest.mark.parametrize(("levels", "read_to"), [(19, None), (20, None), (21, 20), (50, 20), (5_000, 20)])
def test_depth_is_limited(levels: int, read_to: int | None, entities: Counter[int]) -> None:
    raw = nested(levels)
    found = read(raw)
    if read_to is None:
        assert [(part.path, part.text) for part in found.parts] == [(".".join(["1"] * levels), "one")]
    else:
        assert why(raw) == ["It is nested more than 20 deep."]
    assert max(entities) <= 20


def test_fifty_levels_are_read_when_they_may_be_and_never_more_than_a_hundred(entities: Counter[int]) -> None:
    assert texts(nested(50), Limits(depth=50)) == ["one"]
    assert why(nested(5_000), Limits(depth=10_000)) == ["It is nested more than 100 deep."]
    assert max(entities) == 100


def test_messages_in_messages_count_as_depth() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * 5_000 + ONE
    assert why(raw) == ["It is nested more than 20 deep."]
    assert len(read(raw).parts) == 21


@pytest.mark.parametrize(
    "each",
    [
        ONE,
        b"\r\n",
        mail("x", "Content-Type: image/png"),
        mail("--c--", "Content-Type: multipart/mixed; boundary=c"),
        mail("", "Content-Type: multipart/mixed; boundary=c"),
        mail("", "Content-Type: message/rfc822"),
        b"broken\r\n",
    ],
)
def test_of_a_hundred_thousand_parts_two_hundred_are_looked_at(each: bytes, entities: Counter[int]) -> None:
    raw = multipart(*[each] * 100_000)
    parts = read(raw).parts
    assert len(parts) == 201
    assert parts[-1].why == "The message has more than 200 parts."
    assert sum(entities.values()) <= 203


def test_parts_of_all_levels_are_counted_together() -> None:
    raw = multipart(*[multipart(*[ONE] * 30, boundary=f"c{number}") for number in range(30)])
    assert len(read(raw).parts) == 201
    assert len(read(raw, limits=Limits(parts=1_000)).parts) == 900


def test_text_of_all_parts_together_is_limited() -> None:
    raw = multipart(mail("a" * 600), mail("b" * 600), mail("c" * 600))
    found = read(raw, limits=Limits(text=1_000)).parts
    assert [(part.kind, len(part.text)) for part in found] == [("text", 600), ("unreadable", 400), ("unreadable", 0)]
    assert {part.why for part in found[1:]} == {"The text is longer than 1000 characters."}


@pytest.mark.parametrize(
    "line", ["a", "花", "<b>", "&amp;", "=?utf-8?B?", "\0", "\r", "a \r\n", "--b\r\n", "<!--", "<a "]
)
@pytest.mark.parametrize("kind", ["text/plain; format=flowed", "text/html", "multipart/mixed; boundary=b", "x/y"])
def test_a_line_longer_than_all_text_may_be_is_no_burden(line: str, kind: str) -> None:
    found = read(mail(line * (1_500_000 // len(line)), f"Content-Type: {kind}; charset=utf-8"))
    assert len(found.text) <= 1_000_000
    assert FAILED not in {part.why for part in found.parts}


def test_octets_beyond_the_limit_are_not_read() -> None:
    raw = mail("abc")
    found = read(raw, limits=Limits(octets=len(raw) - 1))
    assert [part.text for part in found.parts] == ["", "ab"]
    assert found.parts[0].why == f"The message is longer than {len(raw) - 1} octets."


def test_fields_beyond_the_limit_are_not_read() -> None:
    raw = b"X: y\r\n" * 1_001 + b"\r\nbody"
    assert why(raw) == ["The header has more than 1000 fields."]
    assert len(read(raw).headers) == 1_000
    assert read(raw).parts[-1].text == "body"
    assert len(header_values(raw, "x")) == 1_001


@pytest.mark.parametrize("fold", ["", "\r\n "])
def test_a_field_is_read_to_its_limit(fold: str) -> None:
    raw = mail("body", "Subject: " + f"{'a' * 99}{fold}" * 1_000 + "b")
    assert why(raw) == ["A header field is longer than 65536 octets."]
    assert read(raw).subject.count("a") in range(64_000, 65_537)
    assert read(raw).parts[-1].text == "body"


@pytest.mark.timeout(120)
def test_a_field_of_ours_in_half_a_million_folded_lines_is_read_and_removed() -> None:
    folded = b"X-Atesaki-Knows: a\r\n" + b" b\r\n" * 500_000
    assert header_values(folded + b"\r\n", "x-atesaki-knows")[0].count("b") == 500_000
    assert without_headers(folded + b"\r\nbody", "X-Atesaki-") == b"\r\nbody"


# --- whatever the bytes ----------------------------------------------------------------------------------


def check(found: Reading, limits: Limits) -> None:
    """What is true of every reading."""
    assert FAILED not in {part.why for part in found.parts}
    assert 1 <= len(found.parts) <= limits.parts + 1
    assert sum(len(part.text) for part in found.parts) <= limits.text
    assert len(found.headers) <= limits.fields
    assert found.unreadable is any(part.why for part in found.parts)
    assert "\0" not in found.text
    found.text.encode()  # no lone surrogates
    for part in found.parts:
        assert re.fullmatch(r"0|[1-9][0-9]*(\.[1-9][0-9]*)*", part.path), part
        assert part.path.count(".") <= 2 * limits.depth + 1
        assert (part.kind == "unreadable") <= bool(part.why)
        assert not (part.kind in ("text", "html") and part.why)
        assert not part.why or re.fullmatch(r"[A-Z][^\n]*\.", part.why), part.why


limits_of_any_size = st.builds(
    Limits,
    depth=st.integers(0, 6),
    parts=st.integers(1, 6),
    octets=st.integers(0, 400),
    text=st.integers(0, 60),
    fields=st.integers(1, 4),
    field_octets=st.integers(0, 60),
)
FRAGMENTS = [
    *(
        "Content-Type: ",
        "Content-Transfer-Encoding: ",
        "Content-Disposition: attachment",
        "Subject: ",
        "multipart/mixed",
    ),
    *(
        "multipart/digest",
        "message/rfc822",
        "message/partial",
        "text/html",
        "text/plain",
        "application/zip",
        "image/png",
    ),
    *("; boundary=b", '; boundary="b', "; boundary*0=b", "; charset=", "; charset*=''", "; filename*0*=utf-8''%E3"),
    *("iso-2022-jp", "shift_jis", "euc-jp", "utf-8", "utf-16", "utf-32", "utf-7", "hz", "iso-2022-kr", "big5", "zip"),
    *(
        "base64",
        "quoted-printable",
        "uuencode",
        "begin 644 a\n",
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "--b",
        "--b--",
        " ",
        "\t",
    ),
    *(
        "\x1b$B",
        "\x1b(I",
        "\x1b(J",
        "\x1b$(D",
        "\x0e",
        "\x8f\xf3\xf3",
        "\xff",
        "\xed\xa0\x80",
        "~{",
        "\0",
        ":",
        ";",
        "=",
    ),
    *("=?", "?=", "=?utf-8?B?", "=?iso-2022-jp?Q?", "=E3", "<a href='x'>", "</a>", "<script>", "<!--", "-->", "<td>"),
    *(
        "</table>",
        "<pre>",
        "&#xd800;",
        "&#99999999;",
        "&am",
        "<p title='",
        "<![",
        "From x",
        "PK\x03\x04\0\0\x01",
        "\xef\xbb\xbf",
    ),
]
fragments = st.lists(
    st.sampled_from([fragment.encode("latin-1") for fragment in FRAGMENTS]) | st.binary(max_size=3), max_size=30
).map(b"".join)


@patient
@given(st.binary(max_size=400), limits_of_any_size)
def test_any_bytes_are_read(raw: bytes, limits: Limits) -> None:
    check(read(raw), Limits())
    check(read(raw, limits=limits), limits)


@patient
@given(fragments, limits_of_any_size)
def test_any_heap_of_mime_is_read(raw: bytes, limits: Limits) -> None:
    check(read(raw), Limits())
    check(read(raw, limits=limits), limits)


@patient
@given(st.sampled_from(["iso-2022-jp", "shift_jis", "euc-jp", "utf-16", "hz", "iso-2022-kr", "gb18030"]), st.binary())
def test_any_bytes_under_any_charset_are_read(charset: str, octets: bytes) -> None:
    for kind in ("text/plain; format=flowed", "text/html"):
        check(read(mail(octets, f"Content-Type: {kind}; charset={charset}", "Subject: x")), Limits())
    check(read(mail(b"", f"Subject: =?{charset}?B?{base64.b64encode(octets).decode()}?=")), Limits())


words = st.text("abc花山ヤー1-–é \n", min_size=1, max_size=30).map(lambda text: f"|{text}|")
charsets = st.sampled_from(["utf-8", "utf-16", "gb18030"])


@st.composite
def leaves(draw: st.DrawFn) -> tuple[bytes, list[str]]:
    """One text and the text in it."""
    text, charset, base = draw(words), draw(charsets), draw(st.booleans())
    octets = text.encode(charset)
    body = base64.encodebytes(octets) if base or charset == "utf-16" else quopri.encodestring(octets)
    encoding = "base64" if base or charset == "utf-16" else "quoted-printable"
    return mail(body, f"content-type: text/plain;\r\n\tcharset={charset}", f"content-transfer-encoding: {encoding}"), [
        text
    ]


def joined(kind: str, number: int, inside: Sequence[tuple[bytes, list[str]]]) -> tuple[bytes, list[str]]:
    raw = multipart(*(raw for raw, _ in inside), kind=kind, boundary=f"=_{number}")
    return raw, [text for _, each in inside for text in each]


def enclosed(inner: tuple[bytes, list[str]]) -> tuple[bytes, list[str]]:
    return mail(b"Subject: inner\r\n" + inner[0], "Content-Type: message/rfc822"), ["Subject: inner", *inner[1]]


trees = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(
            joined,
            st.sampled_from(["mixed", "alternative", "related", "x-unheard-of"]),
            st.integers(0, 10**9),
            st.lists(inner, min_size=1, max_size=4),
        ),
        inner.map(enclosed),
    ),
    max_leaves=8,
)


def unambiguous(raw: bytes) -> bool:
    """Whether no boundary is drawn twice: then what is meant is not to be told."""
    names = re.findall(rb'boundary="([^"]+)"', raw)
    return not any(other.startswith(name) for at, name in enumerate(names) for other in names[:at] + names[at + 1 :])


@patient
@given(trees, st.sampled_from(["\r\n", "\n"]))
def test_every_text_of_a_well_made_mail_is_read_in_its_place(tree: tuple[bytes, list[str]], end: str) -> None:
    raw, expected = tree
    assume(unambiguous(raw))
    found = read(raw.replace(b"\r\n", end.encode()))
    check(found, Limits())
    assert not found.unreadable
    assert [part.text for part in found.parts] == expected


@patient
@given(trees, st.data())
def test_a_damaged_mail_is_read_too(tree: tuple[bytes, list[str]], data: st.DataObject) -> None:
    raw = bytearray(tree[0])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 5))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"\r\n", b"--"])
        )
    check(read(bytes(raw)), Limits())


def by_the_standard_library(raw: bytes) -> Iterable[str]:
    for part in email.message_from_bytes(raw, policy=email.policy.default).walk():
        if part.get_content_type() in ("text/plain", "text/html"):
            assert isinstance(part, EmailMessage)
            yield part.get_content()


@patient
@given(words, words, st.sampled_from(["utf-8", "iso-2022-jp", "shift_jis", "euc-jp"]), st.booleans())
def test_a_mail_of_the_standard_library_is_read_as_that_reads_it(
    one: str, two: str, charset: str, attach: bool
) -> None:
    one, two = (text.replace("é", "e").replace("–", "-") for text in (one, two))
    message = EmailMessage()
    message["Subject"], message["To"] = " ".join(one.split()), "hana@example.jp"
    message.set_content(one, charset=charset)
    message.add_alternative(f"<p>{two}</p>", subtype="html", charset=charset)
    if attach:
        message.add_attachment(b"x", maintype="image", subtype="png", filename="花.png")
    raw = message.as_bytes(policy=email.policy.SMTP)
    found = read(raw)
    assert found.subject == " ".join(one.split())
    assert dict(found.headers)["To"] == "hana@example.jp"
    text, page = by_the_standard_library(raw)
    assert found.parts[0].text == text.replace("\r\n", "\n")
    assert normalise(found.parts[1].text) == normalise(re.sub("<.*?>", "", page))
    assert [part.filename for part in found.parts[2:]] == ["花.png"] * attach
