"""A photo lab's dispatch note: goods under column headings, then a ship-to block, the phone with an extension."""

from benchmarks.detection.drawing import Draw, Message, label, layout, pad, visible

SIZES = ("4x6 glossy", "5x7 matte", "8x10 lustre", "Wall calendar", "Photo book, 40 pages", "Canvas 16x20")


@layout("photo-prints-dispatch", language="en", personal=True, region="US", sender="lab@silverhalide.example")
def mail(d: Draw) -> Message:
    p = d.person()
    initial = label("name", f"{visible(p.given)[0]}. {visible(p.family)}")
    phone = label("phone", f"{visible(p.home_phone)} x{d.integer(10, 499)}")
    chosen = d.rng.sample(SIZES, d.integer(1, 4))
    goods = "\n".join(
        pad(label("order_item", name), 26) + pad(str(d.integer(1, 48)), 6) + d.price(29, 6000) for name in chosen
    )
    town = label("address", f"{visible(p.city)}, {visible(p.prefecture)}")
    house = f"{p.building}\n" if p.building else ""
    return Message(
        subject=f"Order {d.order_number()} is on its way",
        text=f"""Dear {p.honorific} {initial},

your prints left our lab on {d.date(0, "weekday")} with {d.choice(["the postal service", "a courier"])}.

ITEM                      QTY   PRICE
------------------------------------------
{goods}
------------------------------------------
{d.choice(["Reprints within 30 days are free.", "Your files stay with us for 90 days."])}

SHIP TO
{p.name}
{p.street}
{house}{town} {p.postal}
{d.choice([f"Daytime phone {phone}", f"Tel. {p.phone}"])}

Silver Halide Lab, 3300 Argent Street, Madison, WI 53704
Printed by Otis, checked by Mireille. Call (608) 555-0144 ext. 2
""",
    )
