"""What a text holds of a person: findings, what may be asked for, what is typed as an answer, templates."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import cache
from typing import get_args

from atesaki import content
from atesaki.content import Customer, Finding, Kind, Part, Reading, Sketch, Templates
from fuzz.targets import seeds

_OWN = ("あおぞらマーケット", "03-5550-1234", "order@shop.example", "東京都港区芝1-2-3")
_CUSTOMER = Customer(
    names=("大島 花", "Hana Oshima"),
    kanas=("オオシマ ハナ",),
    postals=("272-0021",),
    addresses=("千葉県市川市八幡1-2-3 メゾン八幡201",),
    phones=("090-8765-4321",),
    emails=("hana@example.jp",),
    dobs=("1985-04-03",),
    account_ids=("M-104221",),
)
_KNOWN = "090-8765-4321"


def _reading(data: bytes) -> Reading:
    """A message of two texts; the first line is the subject, what stands before a form feed the first text."""
    text = data.decode("utf-8", "replace").replace("\0", "").replace("\r", "")
    subject, _, body = text.partition("\n")
    first, feed, second = body.partition("\f")
    parts = (
        Part("text", "1", "text/plain", text=first),
        *([Part("html", "2", "text/html", filename=subject[:60], text=second)] if feed else []),
    )
    headers = (
        ("From", "あおぞらマーケット <order@shop.example>"),
        ("To", f"{subject[:80]} <hana@example.jp>"),
        ("Subject", subject),
        ("X-Member", subject[-60:]),
    )
    return Reading(subject, headers, parts)


def findings(data: bytes) -> None:
    """Each finding stands exactly where it says; the verdict follows from them; a known customer's data always counts."""
    reading = _reading(data)
    found = content.findings(reading)
    _exact(reading, found)
    _exact(reading, content.findings(reading, own=_OWN, customer=_CUSTOMER))
    fixed = content.findings(reading, fixed=lambda line: True)
    _exact(reading, fixed)
    assert all(any(_meet(each, other) for other in found.findings) for each in fixed.findings), (
        "what is fixed adds to it"
    )
    told = Part("text", "3", "text/plain", text=f"x\n{_KNOWN}\nx")
    more = Reading(reading.subject, reading.headers, (*reading.parts, told))
    searched = content.findings(more, customer=Customer(phones=(_KNOWN,)))
    assert any(each.where.part == "3" and each.kind == "phone" and each.where.start <= 2 for each in searched.findings)
    assert searched.personal == "yes"


def _exact(reading: Reading, found: content.Findings) -> None:
    for each in found.findings:
        assert each.kind in get_args(Kind)
        assert each.text, "it has no text"
        assert each.text in _there(reading, each), f"{each.why} is not where it says"
        assert not each.where.cell or re.fullmatch(r"row \d+, cell \d+", each.where.cell)
    sure = any(each.sure for each in found.findings)
    assert found.personal == ("yes" if sure else "unsure" if found.findings or found.doubts else "no")
    places = [(each.kind, each.where.part, each.where.start, each.where.end) for each in found.findings]
    assert len(places) == len(set(places)), "one is told twice"
    assert sum(found.kinds.values()) == len(found.findings) + len(found.doubts)


def _meet(one: Finding, other: Finding) -> bool:
    """Whether both are of one kind, and share a letter."""
    return (one.kind, one.where.part) == (other.kind, other.where.part) and (
        one.where.start < other.where.end and other.where.start < one.where.end
    )


def _there(reading: Reading, each: Finding) -> list[str]:
    """What stands at its place; a header may be there more than once."""
    part, start, end = each.where.part, each.where.start, each.where.end
    if part == "subject":
        texts = [reading.subject]
    elif part.startswith("header:"):
        texts = [value for name, value in reading.headers if name == part.removeprefix("header:")]
    elif part.startswith("filename:"):
        texts = [own.filename for own in reading.parts if own.path == part.removeprefix("filename:")]
    else:
        texts = [own.text for own in reading.parts if own.path == part]
    return [text[start:end] for text in texts]


def contact(data: bytes) -> None:
    """What may be asked for stands in the mail, in a form that an answer can have; numbers are numbers, each once."""
    reading = _reading(data)
    facts = content.askable(reading)
    assert len(facts) == len(set(facts))
    for fact in facts:
        assert content.normal_answer(fact.kind, fact.value) == fact.value, "nobody could answer it"
        assert any(_holds(part.text, fact) for part in reading.parts), "it does not stand in any text"
    assert frozenset(facts) <= content.contact_values(reading)
    numbers, codes = content.phones(reading.text), content.postal_codes(reading.text)
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\+[0-9]{9,16}", each) for each in numbers)
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[0-9]{7}|[0-9]{5}", each) for each in codes)
    carried = content.carries(reading)
    assert (carried.verdict == "yes") == bool(carried.kinds)
    assert content.carries(reading, _OWN).kinds <= carried.kinds, "what is the service's own makes more of it"


def _holds(text: str, fact: content.Fact) -> bool:
    digits = re.sub(r"[^0-9]", "", content.normalise(text))
    return fact.value in digits


_FORMS = {
    "postal_code": r"[0-9]{7}|[0-9]{5}",
    "phone_last4": r"[0-9]{4}",
    "birth_year": r"(?:18[6-9]|19[0-9]|20[0-9])[0-9]",
}


def answers(data: bytes) -> None:
    """An answer has the form of its kind, and is its own normal form; `knows` says no value in a problem."""
    text = data.decode("utf-8", "replace")
    for kind, form in _FORMS.items():
        answer = content.normal_answer(kind, text)
        if answer is not None:
            assert len(text) <= 100
            assert re.fullmatch(form, answer), answer
            assert content.normal_answer(kind, answer) == answer
    assert content.normal_answer("no_such_kind", text) is None
    known = content.knows(text)
    for fact in known.facts:
        assert content.normal_answer(fact.kind, fact.value) == fact.value
    assert len(known.facts) == len(set(known.facts))
    for piece in re.split(r"[;；,，、\n]", text):
        key, equals, value = (content.normalise(part) for part in piece.partition("="))
        if (
            equals
            and len(value) > 5
            and value.casefold() not in re.sub(r"\W", "_", key.casefold())
            and "=?" not in text
        ):
            assert not any(value in problem for problem in content.knows(piece).problems), "a problem repeats a value"


_KEY = b"k" * 32


@cache
def _learnt() -> bytes:
    """A sender's templates, of mails to five recipients and to sixteen."""
    templates = Templates(_KEY)
    for number in range(24):
        mail = _reading(f"Order {number}\nThank you\nNo. {number}\nSupport: support@shop.example\n".encode())
        templates.add(mail, str(number % 16).encode())
    return templates.to_bytes()


def templates(data: bytes) -> None:
    """What is kept is read as it was; hostile octets are a `ValueError` or templates that can be used; few recipients
    make nothing fixed. First octet: which."""
    which, rest = data[:1], data[1:]
    if which < b"\x55":
        return _few(rest)
    kept = rest
    if which >= b"\xaa":
        packed = bytes([1]) + zlib.compress(rest, 1)
        kept = bytes([1]) + len(packed).to_bytes(4, "big") + packed
    try:
        found = Templates.from_bytes(kept, _KEY)
    except ValueError:
        return None
    again = Templates.from_bytes(found.to_bytes(), _KEY)
    assert again.to_bytes() == found.to_bytes()
    reading = _reading(b"Order 7\nThank you\nNo. 7\nSupport: support@shop.example\n")
    fixed = found.fixed(reading)
    assert isinstance(fixed("Thank you"), bool)
    found.add(reading, b"hana")
    own = Templates.from_bytes(_learnt(), _KEY)
    own.merge(found)
    for sketch in own.sketches.values():
        assert isinstance(sketch.missing, tuple)
        assert Sketch.from_bytes(sketch.to_bytes()).to_bytes() == sketch.to_bytes()
    return None


def _few(data: bytes) -> None:
    """Four recipients, however many mails: no line is the sender's own."""
    reading = _reading(data)
    templates = Templates(_KEY)
    for number in range(12):
        templates.add(reading, str(number % 4).encode())
    seen = templates.skeleton(reading)
    assert seen == templates.skeleton(reading)
    fixed = templates.fixed(seen)
    for part in reading.parts:
        assert not any(map(fixed, part.text.split("\n")))
    assert templates.find(seen) is not None, "a mail is not like itself"
    assert Templates.from_bytes(templates.to_bytes(), _KEY).to_bytes() == templates.to_bytes()
    assert set(content.lacking(reading)) <= {"sender", "contact", "not_me", "reply"}


# -- seeds ------------------------------------------------------------------------------------------------------------


def _texts() -> Iterator[bytes]:
    for raw in seeds.files("corpus/findings/*.txt", 40):
        # After the marks by which the tests know what is to be found.
        yield re.sub(rb"\{\{|\}\}|\[\[|\]\]", b"", raw)[:4000]
    for raw in [*seeds.files("corpus/reading/*.eml", 30), *seeds.files("corpus/mails/*.eml", 10)]:
        reading = content.read(raw)
        yield f"{reading.subject}\n{reading.parts[0].text if reading.parts else ''}".encode()[:4000]
    yield "ご注文\nお届け先: 〒272-0021 千葉県市川市八幡1-2-3\nお電話: ０９０－８７６５－４３２１\n大島 花 様\n".encode()
    yield "x\nｵｵｼﾏ ﾊﾅ 様\n昭和60年4月3日\t会員番号 M-104221\fhttps://shop.example/?name=%E8%8A%B1\n".encode()


def _answers() -> Iterator[bytes]:
    yield from (
        *(
            "〒１２３－４５６７".encode(),
            b"12345-6789",
            "０９０ー１２３４ー５６７８".encode(),
            b"+81 90 1234 5678",
            b"1980",
        ),
        *("昭和55年".encode(), b"S55.4.3", "令和元年".encode(), "明治四十五".encode(), b"1980-04-03"),
        b"postal_code=123-4567; phone_last4=1234; birth_year=1980",
        "postal-code＝「123-4567」；phone_last4 = 090-1234-5678、birth_year=S55".encode(),
        b"=?utf-8?q?postal=5Fcode=3D1234567?=, nothing, color=blue",
    )


def _templates() -> Iterator[bytes]:
    whole = _learnt()
    yield b"\x60" + whole
    at = 1
    while at < len(whole):
        size = int.from_bytes(whole[at : at + 4], "big")
        yield b"\xb0" + zlib.decompress(whole[at + 5 : at + 4 + size])
        at += 4 + size
    for text in list(_texts())[:12]:
        yield b"\0" + text[:1500]


SEEDS = {"findings": _texts, "contact": _texts, "answers": _answers, "templates": _templates}
