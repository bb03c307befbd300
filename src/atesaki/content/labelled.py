"""The value that a label names, by the kind of the label."""

import re
from collections.abc import Callable
from typing import NamedTuple

from atesaki.content.labels import Owner, names_a_person, names_a_role
from atesaki.content.layout import Pair
from atesaki.content.names import Named, could_be_name, is_kana, likeness
from atesaki.content.notes import SHOP_VALUE, Notes
from atesaki.content.values import Value

_ACCOUNT = re.compile(
    r"[(「『\"'*: ]{0,3}((?:[^\W\d_]{1,5}[ ・]?){0,2}[A-Za-z0-9][A-Za-z0-9_\-./*]*"
    r"(?:[ ・](?=[0-9A-Zぁ-ん])[A-Za-z0-9\-ぁ-ん]{1,14}){0,5})"
)
_NUMBER = re.compile(
    r"[(「『\"'*: ]{0,3}((?:[A-Z]{2,4} (?=[0-9]))?(?=[A-Z0-9/_.\-]*[0-9])[A-Z0-9][A-Z0-9/_.\-]{2,23}"
    r"(?: (?=[A-Z0-9]*[0-9])[A-Z0-9]{2,6}){0,4})(?![\w@])"
)
_PAID = re.compile(r"^(?:口座番号|記号番号|記号|sort code|iban|bic|swift)(?:$| )", re.I)
_BANKS = re.compile(r"sort code|\bbank\b|transfer|payable", re.I)
_OF_MEETINGS = re.compile(
    r"^(?:(?:meeting |webinar |event )?passcode|(?:ミーティング|会議)?パスコード|wi-?fi ?(?:パスワード|password))$",
    re.I,
)
_USERNAME = re.compile(r"[(「『\"'* ]{0,3}([A-Za-z0-9][\w.@+-]{2,63})")
_SECRET = re.compile(r"[(「『\"'*: ]{0,3}([A-Za-z0-9!#$%&+?@^_~][\w\-!#$%&*+?@^~./]{2,63}(?: [0-9]{3,4}\b)?)")
_WORDLESS = re.compile(r"[0-9]|[a-z][A-Z]|[A-Z]{2}|[!#$%&+?@^_~-]")
_MASKED = re.compile(r"[*•●xX・＊…-]+")
_DATE_LIKE = re.compile(r"[0-9]{1,4}[^\n]{0,14}[0-9]")
_NUMBERS = re.compile(r"(?<![0-9])[0-9]{3,5}(?![0-9])")
_IS_YEAR = re.compile("(?:19|20)[0-9]{2}")
_PHONE_LIKE = re.compile(r"[+(]?[0-9][0-9 ().\-/]{5,18}[0-9]")
_POSTAL_LIKE = re.compile(
    r"〒? ?([0-9]{3}-?[0-9]{4}|[0-9]{5}(?:-[0-9]{4})?|[A-Za-z]{1,2}[0-9][0-9A-Za-z]? ?[0-9][A-Za-z]{2})(?![0-9])"
)
_KANA_RUN = re.compile(r"[ァ-ヴーｦ-ﾟ゛゜][ァ-ヴー・ ゛゜]*[ァ-ヴー゛゜]|[ぁ-んー][ぁ-んー・ ]*[ぁ-んー]")
_DIGIT_OR_AT = re.compile("[0-9@]")
_USERS = re.compile(r"user|ユーザ|ログイン|login|アカウント|account|id", re.I)
_ANYBODYS = re.compile("contact|連絡先|ご連絡先", re.I)


class Field(NamedTuple):
    """A label with its value, and what has a form of its own in that: values, and names that an honorific shows."""

    pair: Pair
    value: str
    inside: list[Value]
    people: list[Named]
    owner: Owner
    cell: int


def _name(t: Notes, f: Field) -> None:
    if f.people:
        return
    name = t.name_in(f.pair, f.inside)
    if name is None:
        return
    start, end = name
    shown = t.seen.line.text[start:end]
    kind = "kana" if "kana" in f.pair.label.also and is_kana(shown) else "name"
    t.add(kind, start, end, "label", f.owner, cell=f.cell)


def _kana(t: Notes, f: Field) -> None:
    found = _KANA_RUN.search(f.value)
    if found and len(found[0]) <= 30:
        t.add("kana", f.pair.start + found.start(), f.pair.start + found.end(), "label", f.owner, cell=f.cell)
    elif could_be_name(f.value.strip()) and re.search("[A-Za-z]", f.value):
        t.add("kana", f.pair.start, f.pair.end, "label", f.owner, cell=f.cell)


def _postal(t: Notes, f: Field) -> None:
    if not t.forms(f.inside, "postal", f.owner, f.cell):
        found = _POSTAL_LIKE.match(f.value.lstrip())
        shift = f.pair.start + len(f.value) - len(f.value.lstrip())
        if found:
            for each in f.inside:
                if each.kind == "phone" and each.start < shift + found.end():
                    t.seen.take(each)
            t.add(
                "postal",
                shift + found.start(),
                shift + found.end(),
                "label",
                f.owner,
                cell=f.cell,
                plain=re.sub("[^0-9A-Za-z]", "", found[1]),
            )
    rest = max([each.end for each in f.inside if each.kind == "postal"], default=0)
    if rest and rest < f.pair.end and not any(each.kind == "address" for each in f.inside):
        more = t.seen.line.text[rest : f.pair.end].strip()
        if len(more) > 3:
            t.add("address", rest, f.pair.end, "label", f.owner, cell=f.cell)


def _address(t: Notes, f: Field) -> None:
    t.forms(f.inside, "postal", f.owner, f.cell)
    start = max(
        [
            f.pair.start,
            *(
                each.end
                for each in f.inside
                if each.kind == "postal" and each.end < f.pair.end and each.start <= f.pair.start + 2
            ),
        ]
    )
    stops = [
        each.start
        for each in f.inside
        if each.kind in ("phone", "email", "postal") and not each.weak and each.start > start
    ]
    stops += [each.start for each in f.people if each.start > start]
    end = min([f.pair.end, *stops])
    for each in f.inside:
        if each.kind == "address" or (each.kind == "phone" and each.weak):
            t.seen.take(each)
    shown = t.seen.line.text[start:end]
    found = [each for each in f.inside if each.kind == "address"]
    if f.people and not found and f.people[0].start <= start + 1:
        return
    if re.search(r"です|ます|ません|なし$|未登録|同じ|同上|same as|http|@", shown) and not found:
        return
    if found and len(shown) > 80:
        start, end = found[0].start, found[0].end
    if re.search(r"[^\W_]", shown):
        t.add("address", start, end, "label", f.owner, cell=f.cell)


def _phone(t: Notes, f: Field) -> None:
    if f.owner == "" and _ANYBODYS.fullmatch(f.pair.name.strip(" :")):
        for each in f.inside:
            if each.kind == "phone":
                t.seen.take(each)
                t.form(each._replace(weak=True), "", "contact", f.cell)
        return
    if t.forms(f.inside, "phone", f.owner, f.cell):
        return
    found = _PHONE_LIKE.search(f.value)
    if found and 7 <= sum(letter.isdigit() for letter in found[0]) <= 13:
        start = f.pair.start + found.start()
        for each in f.inside:
            if each.kind in ("postal", "card_tail"):
                t.seen.take(each)
        t.add(
            "phone",
            start,
            f.pair.start + found.end(),
            "label",
            f.owner,
            cell=f.cell,
            plain=re.sub("[^0-9]", "", found[0]),
        )


def _email(t: Notes, f: Field) -> None:
    t.forms(f.inside, "email", f.owner, f.cell)


def _dob(t: Notes, f: Field) -> None:
    found = [each for each in f.inside if each.kind == "date"]
    for each in found[:1]:
        t.add("dob", each.start, each.end, "label", f.owner or "customer", cell=f.cell)
    if not found and len(f.value.strip()) <= 24 and _DATE_LIKE.search(f.value):
        t.add("dob", f.pair.start, f.pair.end, "label", f.owner or "customer", cell=f.cell)
    for each in f.inside:
        if each.kind in ("phone", "postal"):
            t.seen.take(each)


def _account_id(t: Notes, f: Field) -> None:
    tails = [each for each in f.inside if each.kind == "card_tail"]
    if tails:
        t.forms(f.inside, "card_tail", f.owner, f.cell)
        return
    found = _ACCOUNT.match(f.value)
    shown = found[1] if found else ""
    if not f.pair.label.listed and any(each.kind == "phone" and not each.weak for each in f.inside):
        return
    if _IS_YEAR.fullmatch(shown):
        return
    if found and sum(letter.isdigit() for letter in shown) >= 3 and len(shown) >= 4:
        for each in f.inside:
            if each.kind in ("phone", "postal"):
                t.seen.take(each)
        start, end = f.pair.start + found.start(1), f.pair.start + found.end(1)
        # To whom readers may pay is told in mails to everybody, too.
        pays = _PAID.search(f.pair.name) or ("account" in f.pair.name.casefold() and _BANKS.search(t.seen.text))
        t.add("account_id", start, end, "label", f.owner, cell=f.cell, weak=bool(pays))
    elif not _DIGIT_OR_AT.search(f.value) and likeness(f.value.strip()):  # "Member: Jane Hill"
        _name(t, f)
    elif _USERS.search(f.pair.name):
        user = _USERNAME.match(f.value)
        plain = f.pair.name.casefold().endswith("account") and not re.search("[0-9]", user[1]) if user else True
        if user and not plain and "@" not in user[1] and (len(f.value.split()) == 1 or not f.value.isascii()):
            t.add("account_id", f.pair.start + user.start(1), f.pair.start + user.end(1), "label", f.owner, cell=f.cell)


def _number(t: Notes, f: Field) -> None:
    """A number that is a person's only where the mail is."""
    found = _NUMBER.match(f.value)
    if found is None:
        if not _DIGIT_OR_AT.search(f.value) and likeness(f.value.strip()) and not t.seen.prose:
            _unknown(t, f)
        return
    if t.seen.shop and not t.seen.customer and not t.seen.prose:
        return
    shown = found[1]
    if (
        sum(letter.isdigit() for letter in shown) >= 4
        and len(shown) >= 5
        and not any(each.kind in ("phone", "date") and not each.weak for each in f.inside)
    ):
        for each in f.inside:
            if each.kind in ("phone", "postal"):
                t.seen.take(each)
        start = f.pair.start + found.start(1)
        t.add("account_id", start, start + len(shown), "label", f.owner, cell=f.cell, weak=True)


def _card_tail(t: Notes, f: Field) -> None:
    if re.match(r" ?[0-9]{3,6}(?:[ -][0-9]{2,6}){1,4}(?![0-9])", f.value) and not any(
        each.kind == "card_tail" for each in f.inside
    ):
        _account_id(t, f)
        return
    if t.forms(f.inside, "card_tail", f.owner, f.cell):
        return
    found = _NUMBERS.search(f.value)
    if found and len(f.value) <= 40 and not re.search("円|[¥$£€]|[0-9][/年.][0-9]", f.value):
        t.add("card_tail", f.pair.start + found.start(), f.pair.start + found.end(), "label", f.owner, cell=f.cell)
    elif re.match(r"[A-Z0-9-]*[0-9][0-9-]{5,}", f.value):
        _account_id(t, f)


def _secret(t: Notes, f: Field) -> None:
    found = _SECRET.match(f.value)
    if found is None or _MASKED.fullmatch(found[1]) or "://" in f.value[: found.end() + 3]:
        return
    shown = found[1]
    if f.pair.name.casefold() in ("code", "token", "secret", "コード") and not re.fullmatch("[0-9]{4,8}", shown):
        return
    whole = f.value.strip(" \"'「」『』。*") == shown
    if _WORDLESS.search(shown) or (whole and len(shown) >= 6 and not f.value.isascii()):
        for each in f.inside:
            if each.kind in ("phone", "postal"):
                t.seen.take(each)
        shared = bool(_OF_MEETINGS.match(f.pair.name)) and not shown.isdigit()
        start, end = f.pair.start + found.start(1), f.pair.start + found.end(1)
        t.add("secret", start, end, "label", f.owner, cell=f.cell, weak=shared)


def _order_item(t: Notes, f: Field) -> None:
    if t.seen.prose:
        return
    t.item(f.pair.start, f.pair.end, f.cell, "label")


def _party(t: Notes, f: Field) -> None:
    if f.pair.name.casefold() == "to" and re.search(r"\bfrom\b", t.seen.line.text[: f.pair.start], re.I):
        return  # of a journey
    if not f.people and not SHOP_VALUE.search(f.value):
        t.person(f.pair, f.inside, f.owner, f.cell, first=True)


def _unknown(t: Notes, f: Field) -> None:
    if f.people:
        return
    name = t.name_in(f.pair, f.inside)
    if name is None:
        return
    shown = t.seen.line.text[name[0] : name[1]]
    person = names_a_person(f.pair.name)
    least = 1 if person else 2
    if likeness(shown) >= least and name[1] >= f.pair.end - 4 and not names_a_role(f.pair.name):
        # Under a label that nobody listed a name is a reader's only where other things in the mail are.
        t.add("name", *name, "label", f.owner, cell=f.cell, weak=not person)


def _none(t: Notes, f: Field) -> None:
    t.forms(f.inside, "card_tail", f.owner, f.cell)


TAKERS: dict[str, Callable[[Notes, Field], None]] = {
    "name": _name,
    "kana": _kana,
    "postal": _postal,
    "address": _address,
    "phone": _phone,
    "email": _email,
    "dob": _dob,
    "account_id": _account_id,
    "number": _number,
    "card_tail": _card_tail,
    "secret": _secret,
    "order_item": _order_item,
    "party": _party,
    "none": _none,
    "": _unknown,
}
