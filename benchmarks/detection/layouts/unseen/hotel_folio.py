"""A seaside hotel's confirmation in nested boxes, with its own address and people all over; clean: an offer in them."""

from benchmarks.detection.drawing import Draw, Message, label, layout

ROOMS = ("Harbour Twin", "Lighthouse Suite", "Garden Double (accessible)", "Family Loft", "Cosy Single")
HOUSE = "The Cormorant, 3 Ropewalk, Whitby YO22 0AA"
PEOPLE = ("Delphine Amory, General Manager", "Joss Penhale, Front of House", "Ruth Okell, Reservations")


def block(title: str, *paragraphs: str) -> str:
    inner = "".join(f'<div class="l"><div>{each}</div></div>' for each in paragraphs)
    return f'<div class="b"><div class="t"><b>{title}</b></div><div class="c">{inner}</div></div>'


def page(d: Draw, *blocks: str) -> str:
    return f"""<!doctype html><html lang="en"><body><div id="wrap">
<div class="hero">THE CORMORANT &#183; WHITBY</div>
{"".join(blocks)}
{block("Find us", HOUSE, "Car park: Pier Yard, 200 metres. Sat nav YO22 0AB.", '<a href="tel:+441632960181">01632 960181</a>')}
<div class="sig">Warmly,<br>{d.choice(PEOPLE)}<br>stay@cormorant-whitby.example</div>
<div class="legal">Cormorant Inns Ltd, registered office 90 Exchange Street, Leeds LS1 0AA. VAT GB 000 0000 00.</div>
</div></body></html>"""


@layout(
    "hotel-folio",
    language="en",
    personal=True,
    region="GB",
    transfer="base64",
    sender="stay@cormorant-whitby.example",
    sender_name="The Cormorant",
)
def folio(d: Draw) -> Message:
    p = d.person()
    nights = d.integer(1, 6)
    who = [d.choice((p.name, f"{p.honorific} {p.family}", f"{p.honorific} {p.name}"))]
    if d.maybe(0.4):
        who.append(f"with {d.person().name}")
    if d.maybe(0.5):
        who.append(f"Your number: {p.phone}")
    if d.maybe(0.35):
        who.append(f"Registered at {p.address}, {p.postal}")
    needs = d.choice(
        (
            "Ground floor asked for (wheelchair).",
            "Cot in the room.",
            "Nut allergy noted.",
            f"Birthday cake for {p.given} on arrival.",
            "No requests.",
        )
    )
    pay = d.choice(
        (
            f"Card on file: Mastercard ending {p.card_tail}.",
            "You pay when you leave.",
            f"Deposit of {d.price(3000, 9000)} taken from the card ending {p.card_tail}.",
        )
    )
    return Message(
        subject=d.choice(("Your stay at The Cormorant", f"Booked: {nights} nights from {d.date(20, 'short')}")),
        html=page(
            d,
            block("Guest", *who),
            block("Stay", f"{d.date(20, 'weekday')}, {nights} nights", label("order_item", d.choice(ROOMS)), needs),
            block("Rate", f"{d.price(9000, 24000)} a night, breakfast included", pay, f"Reference {d.order_number()}"),
        ),
    )


@layout(
    "hotel-offer",
    language="en",
    personal=False,
    region="GB",
    transfer="base64",
    sender="post@cormorant-whitby.example",
    sender_name="The Cormorant",
)
def offer(d: Draw) -> Message:
    guest = d.choice(("Residents and locals alike", "Guests of last season", "Two sharing, adults only"))
    return Message(
        subject=d.choice(("Quiet weeks at The Cormorant", f"Three nights for two from {d.date(20, 'short')}")),
        html=page(
            d,
            block(
                "Guest",
                guest,
                *(["Gift vouchers can be made out to any name, for example Mr A. N. Other"] if d.maybe(0.5) else []),
            ),
            block(
                "Stay",
                f"from {d.date(20, 'weekday')}, 3 nights",
                d.choice(ROOMS),
                d.choice(
                    ("Dogs welcome.", "Supper by our chef, Wilf Garside.", "Live music with the Tessa Marrick Trio.")
                ),
            ),
            block(
                "Rate",
                f"{d.price(9000, 24000)} a night, breakfast included",
                f"Quote GULL{d.integer(10, 40)} when you call.",
                f"Ends {d.date(50)}",
            ),
        ),
    )
