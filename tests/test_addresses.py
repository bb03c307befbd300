# ruff: noqa: SIM905 - a list of domains is read as words.
import hmac
import itertools
import pickle
import time
import unicodedata
from collections.abc import Callable

import idna
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from atesaki.addresses import (
    CARRIERS,
    NEIGHBOURS,
    SENTENCES,
    WELL_KNOWN,
    Address,
    AddressError,
    digest,
    kin,
    parse,
    same,
    suggest,
)

KEY = bytes(range(32))


def slug_of(text: str | bytes) -> str:
    with pytest.raises(AddressError) as caught:
        parse(text)
    return caught.value.slug


# --- what hypothesis types -------------------------------------------------------------------------------

DOMAINS = [
    "example.jp",
    "EXAMPLE.com",
    "example.com.",
    "ｅｘａｍｐｌｅ．ｊｐ",
    "例え.jp",
    "例え。jp",
    "xn--r8jz45g.jp",
    "bücher.example",
    "atesaki.localhost",
    "docomo.ne.jp",
    "t.vodafone.ne.jp",
    "gmail.com",
    "googlemail.com",
    "gmial.con",
    "gmailcom",
    "gmail,com",
    "[192.0.2.1]",
]
# Whatever the rules above tell apart: case, width, composition, quotes, dots, tags, kana, sigma, dotted I.
TRICKY = 'aAbBzａＡ１1.．+-_*é\u0301eEÉİıΣςσßẞK\u212aﾊハ花。＠@"＂\\＼ ,<>\u200b\u202e\x00\r\ud800'

local_parts = st.text(alphabet=TRICKY, min_size=1, max_size=8)
plain_locals = st.from_regex(r"[A-Za-z0-9_+-]{1,12}(\.[A-Za-z0-9]{1,5}){0,2}", fullmatch=True)
written = st.builds(
    "{}{}{}".format,
    st.one_of(local_parts, plain_locals, local_parts.map('"{}"'.format), st.text(max_size=20)),
    st.sampled_from(["@", "@", "@", "＠", ""]),
    st.one_of(st.sampled_from(DOMAINS), st.text(alphabet=TRICKY + "jp", max_size=8), st.text(max_size=20)),
)


sendable_domains = st.sampled_from(DOMAINS[: DOMAINS.index("gmailcom")])
letters = st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=8)
quotable = st.text(alphabet="aA1.+-éΣİ花Ａ @<>,()", min_size=1, max_size=8).map('"{}"'.format)


@st.composite
def addresses(draw: st.DrawFn, domains: st.SearchStrategy[str] = sendable_domains) -> Address:
    try:
        return parse(f"{draw(st.one_of(plain_locals, letters, quotable))}@{draw(domains)}")
    except AddressError:
        reject()


@st.composite
def slips(draw: st.DrawFn) -> str:
    """A well-known domain with up to two letters replaced, lost or added."""
    domain = draw(st.sampled_from(WELL_KNOWN))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(domain)))
        domain = domain[:at] + draw(st.sampled_from(["", "a", "o", "m", "."])) + domain[at + draw(st.integers(0, 1)) :]
    return domain


# --- properties ------------------------------------------------------------------------------------------


@given(st.one_of(written, st.text(), st.binary(), written.map(lambda t: t.encode("utf-8", "surrogatepass"))))
def test_parse_raises_address_errors_only(text: str | bytes) -> None:
    try:
        parse(text)
    except AddressError as error:
        assert error.slug in SENTENCES
        assert error.suggestion is None or parse(error.suggestion).text == error.suggestion


@given(addresses())
def test_an_address_is_its_own_reading(address: Address) -> None:
    assert parse(address.text) == address
    again = parse(address.comparable)
    assert again.comparable == again.text == address.comparable


@given(addresses())
def test_what_is_sent_is_within_the_limits_and_visible(address: Address) -> None:
    assert len(address.text.encode()) <= 254
    assert len(address.local.encode()) <= 64
    assert address.domain.isascii()
    assert address.domain == address.domain.lower()
    assert address.smtputf8 != address.local.isascii()
    assert address.text == f"{address.local}@{address.domain}"
    assert not any(unicodedata.category(char)[0] == "C" for char in address.text)


def loosely(text: str) -> tuple[str, str]:
    """All that may differ between spellings of one mailbox taken away, by other means than parse's own."""
    text = unicodedata.normalize("NFKC", text.strip().replace("。", "．"))
    local, _, domain = text.rpartition("@")
    if local.startswith('"'):
        local = local[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    folded = unicodedata.normalize("NFKC", "".join(char.lower() for char in local))
    return folded, idna.decode(domain.rstrip(".").lower())


@given(local_parts, local_parts, st.sampled_from(DOMAINS), st.sampled_from(DOMAINS))
def test_never_merges_two_mailboxes(one: str, two: str, here: str, there: str) -> None:
    a, b = f"{one}@{here}", f"{two}@{there}"
    try:
        merged = same(a, b)
    except AddressError:
        return
    assert not merged or loosely(a) == loosely(b)


@pytest.mark.parametrize("domain", ["example.jp", "docomo.ne.jp", "gmail.com"])
def test_never_merges_two_short_mailboxes(domain: str) -> None:
    seen: dict[str, str] = {}
    for length in (1, 2, 3, 4):
        for typed in itertools.product('aＡ.+"\\', repeat=length):
            for local in ("".join(typed), '"' + "".join(typed) + '"'):
                try:
                    comparable = parse(f"{local}@{domain}").comparable
                except AddressError:
                    continue
                assert seen.setdefault(comparable, _unquoted(local)) == _unquoted(local)
    assert len(seen) > 50


def _unquoted(local: str) -> str:
    content, quoted = [], local.startswith('"')
    characters = iter(local[1:-1] if quoted else local)
    for char in characters:
        content.append(next(characters) if quoted and char == "\\" else char)
    return unicodedata.normalize("NFKC", "".join(content)).lower()


@given(addresses(), addresses())
def test_digest_tells_apart_what_comparable_tells_apart(a: Address, b: Address) -> None:
    assert (digest(KEY, a) == digest(KEY, b)) == (a.comparable == b.comparable) == same(a, b)


@given(addresses())
def test_masked_keeps_the_local_part_to_itself(address: Address) -> None:
    local, _, domain = address.masked().rpartition("@")
    assert local in (f"{address.local.strip(chr(34))[:1]}***", "***")
    if len(address.local) >= 3 and "*" not in address.local:
        assert address.local not in local
    assert address.domain not in domain
    assert address.text not in repr(address)


@given(addresses())
def test_family_is_wider_than_the_mailbox_and_never_leaves_the_domain(address: Address) -> None:
    tagged = parse(address.comparable)
    assert tagged.family == address.family
    assert address.family.rpartition("@")[2] in (address.domain, "gmail.com")


@given(addresses(slips()))
def test_a_suggestion_is_another_address_and_the_last_word(address: Address) -> None:
    suggestion = suggest(address)
    if suggestion is not None:
        assert parse(suggestion).domain != address.domain
        assert suggest(suggestion) is None


@pytest.mark.parametrize("domain", sorted({*WELL_KNOWN, *NEIGHBOURS, *CARRIERS}))
def test_nobody_is_asked_about_a_domain_that_is_known(domain: str) -> None:
    assert parse(f"hana@{domain}").domain == domain
    assert suggest(f"hana@{domain}") is None


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000_000,
        "@" * 10_000_000,
        b"\xff" * 10_000_000,
        " " * 10_000_000,
        "hana@" + "." * 900,
        "٠" * 490 + "@" + "٠" * 500,
        "hana@xn--" + "9" * 900,
        '"' * 900 + "@example.jp",
        "hana@" + "b," * 400,
        "e" + "\u0301\u0323" * 400 + "@example.jp",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_huge_input_costs_nothing(text: str | bytes) -> None:
    started = time.perf_counter()
    slug_of(text)
    assert time.perf_counter() - started < 15


# --- spellings of one mailbox ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sent", "comparable"),
    [
        ("hana@example.jp", "hana@example.jp", "hana@example.jp"),
        ("  Hana@EXAMPLE.jp.\r\n", "Hana@example.jp", "hana@example.jp"),
        ("　ｈａｎａ＠ｅｘａｍｐｌｅ．ｊｐ　", "hana@example.jp", "hana@example.jp"),
        ("ｈａｎａ．ｓ＠example。jp", "hana.s@example.jp", "hana.s@example.jp"),
        ("<hana@example.jp>", "hana@example.jp", "hana@example.jp"),
        ('"hana"@example.jp', "hana@example.jp", "hana@example.jp"),
        (r'"ha\na"@example.jp', "hana@example.jp", "hana@example.jp"),
        ('"Hana Sato"@example.jp', '"Hana Sato"@example.jp', '"hana sato"@example.jp'),
        ('"ha@na"@example.jp', '"ha@na"@example.jp', '"ha@na"@example.jp'),
        (r'"ha\"na"@example.jp', r'"ha\"na"@example.jp', r'"ha\"na"@example.jp'),
        ('"a..b"@example.com', '"a..b"@example.com', '"a..b"@example.com'),
        (b"hana@example.jp", "hana@example.jp", "hana@example.jp"),
        ("花@example.jp".encode(), "花@example.jp", "花@example.jp"),
        ("hana@例え.jp", "hana@xn--r8jz45g.jp", "hana@xn--r8jz45g.jp"),
        ("hana@XN--R8JZ45G.JP", "hana@xn--r8jz45g.jp", "hana@xn--r8jz45g.jp"),
        ("hana@ﾊﾅ.example", "hana@xn--hdkj.example", "hana@xn--hdkj.example"),
        ("hana+shop@example.jp", "hana+shop@example.jp", "hana+shop@example.jp"),
    ],
)
def test_what_is_sent_and_what_is_compared(text: str | bytes, sent: str, comparable: str) -> None:
    address = parse(text)
    assert (address.text, address.comparable) == (sent, comparable)


@pytest.mark.parametrize(
    "domain",
    "atesaki.localhost localhost supermarket.test shop.example example.org a.b.c.example.jp jp.test".split(),
)
def test_domains_of_tests_and_trials_are_taken(domain: str) -> None:
    assert parse(f"hana@{domain}").domain == domain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hana@example.jp", "Hana@Example.JP"),
        ("caf\u00e9@example.jp", "cafe\u0301@example.jp"),
        ("CAF\u00c9@example.jp", "cafe\u0301@example.jp"),
        ("ΣΣ@example.jp", "σσ@example.jp"),
        ("hana@b\u00fccher.example", "hana@BU\u0308CHER.example"),
    ],
)
def test_same(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hana@example.jp", "hana@example.com"),
        ("hana@example.jp", "hana@mail.example.jp"),
        ("hana@example.jp", "hana+shop@example.jp"),
        ("h.ana@gmail.com", "hana@gmail.com"),
        ("hana@gmail.com", "hana@googlemail.com"),
        ("hana@ezweb.ne.jp", "hana@au.com"),
        ("straße@example.jp", "strasse@example.jp"),
        ("hana@straße.example", "hana@strasse.example"),
        ("ﾊﾅ@example.jp", "ハナ@example.jp"),
        ("花ｘ@example.jp", "花x@example.jp"),
        ('"hana "@example.jp', "hana@example.jp"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("text", "smtputf8"),
    [
        ("花@example.jp", True),
        ("hana@例え.jp", False),
        ("ﾊﾅ@example.jp", True),
        ("ｈａｎａ@example.jp", False),
    ],
)
def test_smtputf8_is_for_the_local_part_only(text: str, smtputf8: bool) -> None:
    assert parse(text).smtputf8 is smtputf8


# --- carriers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", sorted(CARRIERS))
@pytest.mark.parametrize("local", ["ken..m", "ken.", ".ken", "..", "ken-_."])
def test_carriers_gave_out_dots_that_need_quotes(local: str, domain: str) -> None:
    bare, quoted = parse(f"{local}@{domain}"), parse(f'"{local}"@{domain}')
    assert bare == quoted
    assert bare.text == f'"{local}"@{domain}'
    assert slug_of(f"{local}@example.jp") == "local_dots"
    assert slug_of(f"{local}@shop.{domain}") == "local_dots"


def test_the_carriers_asked_for_are_all_there() -> None:
    regions = [f"{r}.vodafone.ne.jp" for r in "tdhckrnsq"] + [f"jp-{r}.ne.jp" for r in "tdhckrnsq"]
    assert CARRIERS.issuperset(regions)


@pytest.mark.parametrize("local", ["a..b c", 'a.."b', "a..(b)", r"a..\b", "花..子"])
def test_a_carriers_dots_excuse_nothing_else(local: str) -> None:
    assert slug_of(f"{local}@docomo.ne.jp") in ("local_dots", "space")


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("", "empty"),
        ("  　\r\n", "empty"),
        ("<>", "empty"),
        (b"", "empty"),
        (b"han\xe9@example.jp", "encoding"),
        (b"hana@example.jp\xff", "encoding"),
        ("ha\ud800na@example.jp", "encoding"),
        ("ha\ue000na@example.jp", "encoding"),
        ("ha\x00na@example.jp", "control"),
        ("hana@example.jp\r\nRCPT TO:<ken@example.jp>", "control"),
        ("hana\n@example.jp", "control"),
        ('"ha\rna"@example.jp', "control"),
        ("hana\t@example.jp", "control"),
        ("hana\u2028@example.jp", "control"),
        ("ha\u200bna@example.jp", "invisible"),
        ("ha\u200dna@example.jp", "invisible"),
        ("hana@ex\u00adample.jp", "invisible"),
        ("\ufeffhana@example.jp", "invisible"),
        ("\u202ehana@example.jp", "invisible"),
        ("hana@\u2066example.jp", "invisible"),
        ("葛\U000e0100@example.jp", "invisible"),
        ("hana@例\ufe0fえ.jp", "invisible"),
        ("ha\u3164na@example.jp", "invisible"),
        ("hana sato@example.jp", "space"),
        ("hana@exam ple.jp", "space"),
        ("hana　@example.jp", "space"),
        ("Hana <hana@example.jp>", "display_name"),
        ('"Hana" <hana@example.jp>', "display_name"),
        ("hana", "no_at"),
        ("hana@example.jp, ken@example.jp", "many_at"),
        ("hana@＠example.jp", "many_at"),
        ("@example.jp", "local_syntax"),
        ('""x@example.jp', "local_syntax"),
        ('"hana@example.jp', "local_syntax"),
        ('"ha"na"@example.jp', "local_syntax"),
        ("ha(na)@example.jp", "local_syntax"),
        ("mailto:hana@example.jp", "local_syntax"),
        ("hana。s@example.jp", "local_syntax"),
        ("＂hana＂@example.jp", "local_syntax"),
        ('"ha＼na"@example.jp', "local_syntax"),
        ("\u0301hana@example.jp", "local_syntax"),
        ("hana.@example.jp", "local_dots"),
        (".hana@example.jp", "local_dots"),
        ("hana..s@example.jp", "local_dots"),
        ("hana@", "domain_syntax"),
        ("hana@.", "domain_syntax"),
        ("hana@example..jp", "domain_syntax"),
        ("hana@example.jp..", "domain_syntax"),
        ("hana@-example.jp", "domain_syntax"),
        ("hana@exam_ple.jp", "domain_syntax"),
        ("hana@ab--c.example", "domain_syntax"),
        ("hana@xn--a.example", "domain_syntax"),
        ("hana@.test", "domain_syntax"),
        ("hana@" + "a" * 64 + ".example", "domain_syntax"),
        ("hana@example", "domain_dot"),
        ("hana@test", "domain_dot"),
        ("hana@shop.invalid", "domain_reserved"),
        ("hana@printer.local", "domain_reserved"),
        ("hana@[192.0.2.1]", "literal"),
        ("hana@[IPv6:2001:db8::1]", "literal"),
        ("hana@192.0.2.1", "literal"),
    ],
)
def test_refused(text: str | bytes, slug: str) -> None:
    assert slug_of(text) == slug


def test_limits_are_octets() -> None:
    domain = f"{'a' * 60}.{'a' * 60}.{'a' * 55}.example"  # 185 octets
    assert parse(f"{'k' * 64}@{domain}").local == "k" * 64
    assert slug_of(f"{'k' * 65}@{domain}") == "local_too_long"
    assert slug_of(f"{'花' * 22}@example.jp") == "local_too_long"
    full = f"{'k' * 64}@{'b' * 3}.{domain}"
    assert len(parse(full).text) == 254
    assert slug_of(full.replace("bbb", "bbbb")) == "too_long"
    assert slug_of("k" * 2000 + "@example.jp") == "too_long"


def test_what_is_compared_is_within_the_limits_too() -> None:
    assert len("İ".encode()) < len("İ".lower().encode())
    assert slug_of("İ" * 32 + "@example.jp") == "local_too_long"


@pytest.mark.parametrize("slug", SENTENCES)
def test_every_slug_has_one_sentence_in_each_language(slug: str) -> None:
    error = AddressError(slug)
    assert str(error) == error.sentence("en") == error.sentence("fr")
    assert error.sentence("en").endswith(".")
    assert error.sentence("en").count(". ") == 0
    assert error.sentence("ja").endswith("。")
    assert error.sentence("ja").count("。") == 1


def test_an_error_keeps_the_address_to_itself_and_survives_a_journey() -> None:
    with pytest.raises(AddressError) as caught:
        parse("Hana <hana@example.jp>")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.slug, error.suggestion) == ("display_name", "hana@example.jp")
    assert "hana@" not in str(error) + repr(error)
    assert caught.value.__cause__ is None


# --- comparing, masking, digesting -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("hana+shop@example.jp", "HANA@example.jp", True),
        ("ha.na+x@gmail.com", "h.a.n.a@googlemail.com", True),
        ("ha.na@example.jp", "hana@example.jp", False),
        ("+shop@example.jp", "+other@example.jp", False),
        ('"ha na+x"@example.jp', '"ha na"@example.jp', False),
        ("hana@example.jp", "hana@example.com", False),
    ],
)
def test_kin(one: str, other: str, expected: bool) -> None:
    assert kin(one, other) is expected
    assert not same(one, other)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("hana@example.jp", "h***@e***.jp"),
        ("ha@mail.example.co.jp", "h***@m***.jp"),
        ("h@e.example", "***@***.example"),
        ("ken..m@docomo.ne.jp", "k***@d***.jp"),
        ('" "@example.jp', "***@e***.jp"),
        ("花子@例え.jp", "花***@x***.jp"),
        ("hana@localhost", "h***@l***"),
    ],
)
def test_masked(text: str, masked: str) -> None:
    address = parse(text)
    assert address.masked() == masked
    assert repr(address) == f"<Address {masked}>" == str(address)


def test_digest_is_the_documented_hmac() -> None:
    expected = hmac.digest(KEY, b"atesaki address v1\0hana@example.jp", "sha256")
    assert digest(KEY, "Hana@example.jp") == digest(KEY, parse("hana@example.jp")) == expected
    assert digest(KEY[::-1], "hana@example.jp") != expected
    with pytest.raises(ValueError, match="31 bytes; give 32"):
        digest(KEY[:31], "hana@example.jp")
    with pytest.raises(AddressError):
        digest(KEY, "hana")


# --- suggesting ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmial.con", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmail.co.jp", "gmail.com"),
        ("yahooo.co.jp", "yahoo.co.jp"),
        ("yahoo.co.jo", "yahoo.co.jp"),
        ("yahoo.cojp", "yahoo.co.jp"),
        ("yahoo.or.jp", "yahoo.co.jp"),
        ("docomo.ne", "docomo.ne.jp"),
        ("icloud.jp", "icloud.com"),
        ("hotmial.com", "hotmail.com"),
        ("hotnial.com", "hotmail.com"),
        ("docmo.ne.jp", "docomo.ne.jp"),
        ("docomo.co.jp", "docomo.ne.jp"),
        ("docomo.ne.jpp", "docomo.ne.jp"),
        ("ezwb.ne.jp", "ezweb.ne.jp"),
        ("iclud.com", "icloud.com"),
        ("softbank.ne.j", "softbank.ne.jp"),
        ("sofbtank.ne.jp", "softbank.ne.jp"),
        ("isoftbank.jp", "i.softbank.jp"),
        ("i.softbank.ne.jp", "i.softbank.jp"),
        ("example.con", "example.com"),
        ("example.co.jo", "example.co.jp"),
        ("example.ne.jo", "example.ne.jp"),
    ],
)
def test_a_slip_in_a_real_name_is_taken_and_said(typed: str, meant: str) -> None:
    assert parse(f"Hana@{typed}").domain == typed
    assert suggest(f"Hana@{typed}") == suggest(parse(f"Hana@{typed}")) == f"Hana@{meant}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hana@gmail,com", "hana@gmail.com"),
        ("hana@gmail、com", "hana@gmail.com"),
        ("hana@gmial,com", "hana@gmail.com"),
        ("hana@example,jp", "hana@example.jp"),
        ("hana@gmailcom", "hana@gmail.com"),
        ("hana@yahoocojp", "hana@yahoo.co.jp"),
        ("hana@gmail..com", "hana@gmail.com"),
        ("hana @ example.jp", "hana@example.jp"),
        ("hana@example.jp>", "hana@example.jp"),
        ("Hana <hana@gmial.com>", "hana@gmail.com"),
        ("ken..m@docmo.ne.jp", '"ken..m"@docomo.ne.jp'),
        ("hana@example", None),
        ("hana.@example.jp", None),
        ("hana@example.jp, ken@example.jp", None),
        ("hana@supermarket.invalid", None),
        ("hana", None),
        ("", None),
    ],
)
def test_a_slip_that_is_no_address_is_refused_and_said(typed: str, meant: str | None) -> None:
    with pytest.raises(AddressError) as caught:
        parse(typed)
    assert caught.value.suggestion == suggest(typed) == meant


@pytest.mark.parametrize("domain", "example.jp supermarket.example mail.example.com hotmail.cl".split())
def test_a_name_near_to_nothing_is_left_alone(domain: str) -> None:
    assert suggest(f"hana@{domain}") is None


# --- the short way ---------------------------------------------------------------------------------------

nearly_common = st.builds(
    "{}{}@{}{}".format,
    st.sampled_from(["", "<"]),
    st.text(alphabet="abXY09_+-.", max_size=70),
    st.one_of(
        st.sampled_from([*DOMAINS, "foo.test", "a.localhost", "x.local", "xn--a.jp", "XN--80ak6aa92e.com", "a.onion"]),
        st.lists(st.text(alphabet="abXY09-", max_size=66), min_size=1, max_size=5).map(".".join),
    ),
    st.sampled_from(["", ">"]),
)


@given(nearly_common)
def test_what_is_common_is_read_as_everything_else_is(text: str) -> None:
    from atesaki import addresses

    def read(way: Callable[[str], Address]) -> Address | tuple[str, str | None]:
        try:
            return way(text)
        except AddressError as error:
            return error.slug, error.suggestion

    def slowly(text: str) -> Address:
        written = addresses._legible(text)
        try:
            return addresses._read(written)
        except AddressError as error:
            raise AddressError(error.slug, addresses._mended(written)) from None

    assert read(parse) == read(slowly)
