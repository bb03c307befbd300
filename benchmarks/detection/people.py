"""The customers: one invented person at a time, every value labelled with its kind."""

# ruff: noqa: SIM905 - a table is read as words.

from __future__ import annotations

import datetime as dt
import random
import string
from dataclasses import dataclass

import jaconv

from benchmarks.detection import names, places
from benchmarks.detection.labels import label, visible


@dataclass(frozen=True)
class Person:
    """One person's values, as labelled texts; several spellings of one value agree with each other.

    Japanese: `name` has the layout's own spacing, `name_tight` none, `name_wide` an ideographic space, `kana` is
    katakana and `kana_hira` hiragana. English: `kana` is empty and `honorific` ("Ms") is plain. `address` is
    prefecture, city, street and building in one line, without the postal code.
    """

    name: str
    name_tight: str
    name_wide: str
    family: str
    given: str
    honorific: str
    kana: str
    kana_tight: str
    kana_hira: str
    kana_family: str
    kana_given: str
    postal: str
    postal_mark: str
    postal_digits: str
    address: str
    prefecture: str
    city: str
    street: str
    building: str
    phone: str
    phone_digits: str
    phone_intl: str
    home_phone: str
    email: str
    dob: str
    dob_kanji: str
    dob_era: str
    dob_iso: str
    age: int
    member: str
    card_tail: str
    secret: str
    code: str
    token: str

    @property
    def known(self) -> dict[str, list[str]]:
        """What the sender's customer table holds of this person: fields of `content.Customer`, without labels."""
        held = {
            "names": [self.name, self.kana],
            "postals": [self.postal],
            "addresses": [self.address],
            "phones": [self.phone, self.home_phone],
            "emails": [self.email],
            "dobs": [self.dob_iso],
            "account_ids": [self.member],
        }
        return {field: [visible(each) for each in values if each] for field, values in held.items()}


# Reserved for examples, and under suffixes that exist: some tools take no other domain for an address.
_HOSTS = "example.com example.jp example.net example.org mail.example.com example.co.jp post.example.ne.jp".split()
_MEMBER_SHAPES = (
    *("########", "####-####", "K#######", "00######", "@@-######", "####-####-####", "M-#####"),
    *("##-#####", "@#####", "0###-######", "#####@", "C########"),
)
_ERAS = (("令和", 2019, "R"), ("平成", 1989, "H"), ("昭和", 1926, "S"))
_SPOKEN = "bcdfghjkmnpqrstvwxyz23456789"


def draw_person(rng: random.Random, own: random.Random, region: str) -> Person:
    """Somebody of that region (JP, GB, US); `own` holds the layout's formats and must be fresh."""
    spacing = own.choice((" ", " ", "　", ""))
    as_typed = own.random() < 0.4
    member = _shaped(rng, own.choice(_MEMBER_SHAPES))
    born = dt.date(1936, 1, 1) + dt.timedelta(days=rng.randrange(26_500))
    values = _japanese(rng, spacing, as_typed) if region == "JP" else _english(rng, region, as_typed)
    era, start, _ = next(each for each in _ERAS if born.year >= each[1])
    japanese = region == "JP"
    slash = f"{born:%Y/%m/%d}" if japanese else f"{born:%m/%d/%Y}" if region == "US" else f"{born:%d/%m/%Y}"
    spoken = f"{born:%B} {born.day}, {born.year}" if region == "US" else f"{born.day} {born:%B} {born.year}"
    return Person(
        **values,
        dob=label("dob", slash),
        dob_kanji=label("dob", f"{born.year}年{born.month}月{born.day}日" if japanese else spoken),
        dob_era=label(
            "dob", f"{era}{_era_year(born.year - start + 1)}年{born.month}月{born.day}日" if japanese else spoken
        ),
        dob_iso=label("dob", born.isoformat()),
        age=2026 - born.year,
        member=label("account_id", member),
        card_tail=label("card_tail", f"{rng.randrange(10000):04}"),
        secret=label(
            "secret", "".join(rng.choice(_SPOKEN + string.ascii_uppercase) for _ in range(rng.randint(8, 12)))
        ),
        code=label("secret", f"{rng.randrange(1_000_000):06}"),
        token=label("secret", "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(24))),
    )


def _era_year(year: int) -> str:
    return "元" if year == 1 else str(year)


def _shaped(rng: random.Random, shape: str) -> str:
    letters = string.ascii_uppercase
    return "".join(str(rng.randrange(10)) if c == "#" else rng.choice(letters) if c == "@" else c for c in shape)


def _japanese(rng: random.Random, spacing: str, as_typed: bool) -> dict[str, str]:
    family, given = names.draw_ja(rng)
    city = places.draw_city(rng)
    street, building = places.street_ja(rng, city), places.building_ja(rng)
    postal = places.postal_ja(rng, city)
    mobile = rng.random() < 0.72
    home = places.landline(rng, city.area)
    phone = places.mobile(rng) if mobile else home
    digits = phone.replace("-", "")
    spoken = places.spelled_ja(rng, phone) if as_typed else phone
    gap = rng.choice((" ", "　")) if building else ""
    kana_gap = spacing or " "
    romaji = (jaconv.kana2alphabet(jaconv.kata2hira(each.kana)).replace("-", "") for each in (family, given))
    return {
        "name": label("name", f"{family.text}{spacing}{given.text}"),
        "name_tight": label("name", f"{family.text}{given.text}"),
        "name_wide": label("name", f"{family.text}　{given.text}"),
        "family": label("name", family.text),
        "given": label("name", given.text),
        "honorific": "様",
        "kana": label("kana", f"{family.kana}{kana_gap}{given.kana}"),
        "kana_tight": label("kana", f"{family.kana}{given.kana}"),
        "kana_hira": label("kana", jaconv.kata2hira(f"{family.kana}{kana_gap}{given.kana}")),
        "kana_family": label("kana", family.kana),
        "kana_given": label("kana", given.kana),
        "postal": label("postal", postal),
        "postal_mark": label("postal", f"〒{postal}"),
        "postal_digits": label("postal", postal.replace("-", "")),
        "address": label("address", f"{city.prefecture}{city.name}{street}{gap}{building}"),
        "prefecture": label("address", city.prefecture),
        "city": label("address", city.name),
        "street": label("address", street),
        "building": label("address", building),
        "phone": label("phone", spoken),
        "phone_digits": label("phone", digits),
        "phone_intl": label("phone", f"+81 {phone[1:]}" if rng.random() < 0.5 else f"+81{digits[1:]}"),
        "home_phone": label("phone", home),
        "email": label("email", _address(rng, *romaji)),
    }


def _english(rng: random.Random, region: str, as_typed: bool) -> dict[str, str]:
    given, family = names.draw_en(rng)
    place = places.draw_place(rng, region)
    street, building = places.street_en(rng, region), places.building_en(rng, region)
    postal = places.postal_gb(rng, place) if region == "GB" else places.postal_us(rng, place)
    phone = places.phone_en(rng, region, place, mobile=rng.random() < 0.7)
    digits = "".join(filter(str.isdigit, phone))
    lines = [building, street, place.city] if region == "GB" else [street, building, place.city, place.state]
    country = "+44 " if region == "GB" else "+1 "
    return {
        "name": label("name", f"{given} {family}"),
        "name_tight": label("name", f"{given} {family}"),
        "name_wide": label("name", f"{family.upper()}, {given}"),
        "family": label("name", family),
        "given": label("name", given),
        "honorific": rng.choice(("Mr", "Ms", "Mrs", "Dr")) + ("." if region == "US" else ""),
        "kana": "",
        "kana_tight": "",
        "kana_hira": "",
        "kana_family": "",
        "kana_given": "",
        "postal": label("postal", postal),
        "postal_mark": label("postal", postal),
        "postal_digits": label("postal", postal.replace(" ", "")),
        "address": label("address", ", ".join(each for each in lines if each)),
        "prefecture": label("address", place.state),
        "city": label("address", place.city),
        "street": label("address", street),
        "building": label("address", building),
        "phone": label("phone", places.spelled_en(rng, region, phone) if as_typed else phone),
        "phone_digits": label("phone", digits),
        "phone_intl": label("phone", country + (phone[1:] if region == "GB" else phone)),
        "home_phone": label("phone", places.phone_en(rng, region, place, mobile=False)),
        "email": label("email", _address(rng, names.ascii_only(family), names.ascii_only(given))),
    }


def _address(rng: random.Random, family: str, given: str) -> str:
    family, given = family.lower().replace(" ", ""), given.lower().replace(" ", "")
    year = rng.randint(0, 99)
    local = rng.choice(
        (
            *(f"{given}.{family}", f"{family}.{given}", f"{given[:1]}.{family}{year:02}", f"{given}{year:02}"),
            *(
                f"{family}_{given[:2]}",
                f"{given}-{family}",
                f"{family}{year:02}",
                f"{given[:3]}{family[:4]}{rng.randint(100, 999)}",
            ),
        )
    )
    return f"{local}@{rng.choice(_HOSTS)}"
