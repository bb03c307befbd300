"""The senders: invented shops, offices and clinics. Nothing of theirs is labelled."""

# ruff: noqa: SIM905, E501 - tables are read as words.

from __future__ import annotations

import random
from dataclasses import dataclass

from benchmarks.detection import names, places

_KINDS_JA = (
    "商店 マーケット ストア 書房 工房 クリニック 交通 電力 サービス スクール 保険 銀行 ホール 不動産 運輸".split()
)
_STEMS_JA = "みなと つばめ 青葉 こもれび 北斗 はるかぜ あかつき 千鳥 わかば 三つ星 白樺 しおさい ひいらぎ 楓 月見 すずらん うぐいす 朝凪".split()
_STEMS_EN = (
    "Larkfield Harbourlight Quillstone Brightwater Oakmere Thistledown Copperleaf Northgate Fernhollow Bluebarn "
    "Juniper Marlowe Saltmarsh Greystone Willowbank Pinecrest Redwing Foxglove"
).split()
_KINDS_EN = "Stores Market Goods Clinic Energy Travel Insurance Academy Tickets Rentals Bank Media".split()
_STREETS_EN = "Station Road,Mill Lane,Kingsway,Commerce Drive,Exchange Street,Park Avenue,Depot Road".split(",")


@dataclass(frozen=True)
class Shop:
    """What a sender says of itself; `staff` is the family name of somebody who works there."""

    name: str
    company: str
    phone: str
    free_phone: str
    fax: str
    postal: str
    address: str
    staff: str
    staff_full: str
    mail: str
    url: str
    hours: str


def draw_shop(rng: random.Random, region: str, sender: str, name: str = "", company: str = "") -> Shop:
    """A shop that sends from `sender`; its page lies on the sender's domain."""
    domain = sender.partition("@")[2]
    page = f"https://www.{domain}/"
    if region == "JP":
        stem = rng.choice(_STEMS_JA)
        name = name or stem + rng.choice(_KINDS_JA)
        city = places.draw_city(rng)
        head, given = names.draw_ja(rng)
        return Shop(
            name,
            company
            or rng.choice((f"株式会社{name}", f"{name}株式会社", f"有限会社{stem}", f"株式会社{stem}ホールディングス")),
            places.landline(rng, city.area),
            rng.choice(
                (
                    f"0120-{rng.randrange(1000):03}-{rng.randrange(1000):03}",
                    f"0800-{rng.randrange(1000):03}-{rng.randrange(10000):04}",
                    f"0570-{rng.randrange(1000):03}-{rng.randrange(1000):03}",
                )
            ),
            places.landline(rng, city.area),
            places.postal_ja(rng, city),
            f"{city.prefecture}{city.name}{places.street_ja(rng, city)}",
            head.text,
            f"{head.text} {given.text}",
            f"{rng.choice(('support', 'info', 'customer', 'help'))}@{domain}",
            page,
            rng.choice(("平日9:00~17:30", "10:00〜18:00(土日祝を除く)", "年中無休 9時~21時", "月〜金 9:30〜17:00")),
        )
    name = name or f"{rng.choice(_STEMS_EN)} {rng.choice(_KINDS_EN)}"
    first, last = names.draw_en(rng)
    place = places.draw_place(rng, region)
    if region == "GB":
        address, postal = f"{rng.randint(1, 90)} {rng.choice(_STREETS_EN)}, {place.city}", places.postal_gb(rng, place)
    else:
        address = f"{rng.randint(100, 9000)} {rng.choice(_STREETS_EN)}, {place.city}, {place.state}"
        postal = places.postal_us(rng, place)
    return Shop(
        name,
        company or f"{name} {'Ltd' if region == 'GB' else rng.choice(('Inc.', 'LLC'))}",
        places.phone_en(rng, region, place, mobile=False),
        f"0800 {rng.randrange(100, 1000)} {rng.randrange(10000):04}"
        if region == "GB"
        else f"1-800-555-{rng.randrange(100, 200):04}",
        places.phone_en(rng, region, place, mobile=False),
        postal,
        address,
        first,
        f"{first} {last}",
        f"{rng.choice(('help', 'support', 'hello', 'care'))}@{domain}",
        page,
        rng.choice(("Mon to Fri, 9am to 5pm", "every day from 8 to 8", "weekdays 8.30-17.30")),
    )
