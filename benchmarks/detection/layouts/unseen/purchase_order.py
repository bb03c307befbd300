"""A wholesaler acknowledges a purchase order in capitals and columns, with a CSV file; clean: its list prices likewise."""

from benchmarks.detection.drawing import Draw, Message, label, layout, pad, visible

GOODS = (
    "CABLE GLAND M20",
    "NITRILE GLOVE L",
    "SHELF BRACKET 8IN",
    "PALLET WRAP 18IN",
    "BALL VALVE 1/2",
    "SAFETY CONE 28IN",
)
FIRMS = ("Larch & Lowe Fabrication", "Bluffton Dental Supply", "Second Street Cafe LLC", "Marrow Creek Schools")
LINE = "-" * 64


def two_columns(left: list[str], right: list[str]) -> str:
    longest = max(len(left), len(right))
    left, right = (side + [""] * (longest - len(side)) for side in (left, right))
    return "\n".join((pad(one, 34) + other).rstrip() for one, other in zip(left, right, strict=True))


REMIT = ["REMIT TO:", "GANNET INDUSTRIAL SUPPLY INC", "PO BOX 5500", "TOLEDO OH 43600", "AR: C. HOLLIS 419-555-0117"]


@layout(
    "purchase-order",
    language="en",
    personal=True,
    region="US",
    transfer="quoted-printable",
    sender="orders@gannet-supply.example",
    sender_name="GANNET ORDER DESK",
)
def acknowledged(d: Draw) -> Message:
    p = d.person()
    firm = d.choice(FIRMS).upper()
    shouted = label("name", visible(p.name).upper())
    street = label("address", " ".join(visible(each) for each in (p.street, p.building) if each).upper())
    town = label("address", f"{visible(p.city)} {visible(p.prefecture)}".upper())
    ship = ["SHIP TO:", firm, f"ATTN {shouted}", street, f"{town} {p.postal}"]
    if d.maybe(0.5):
        ship.append(f"TEL {p.phone}")
    buyer = d.choice((f"BUYER    {shouted}", f"BUYER    {p.email}", f"ACCT     {p.member}"))
    chosen = [
        (label("order_item", each), d.integer(1, 48), d.price(90, 5200))
        for each in d.rng.sample(GOODS, d.integer(1, 4))
    ]
    rows = "\n".join(pad(name, 26) + pad(str(many), 8) + price for name, many, price in chosen)
    sheet = [
        "sku,description,qty,unit",
        *(f"{d.digits('##-####')},{name},{many},{price}" for name, many, price in chosen),
    ]
    if d.maybe(0.5):
        sheet.insert(0, f"# contact,{p.name},{p.phone}")
    number = d.digits("45########")
    return Message(
        subject=f"ACK PO {number}",
        text=f"""\
PURCHASE ORDER ACKNOWLEDGMENT              {d.date(0, "slash")}
PO       {number}
{buyer}
{LINE}
{two_columns(REMIT, ship)}
{LINE}
{rows}
{LINE}
TERMS NET 30    FOB TOLEDO    SHIP BY {d.date(5, "slash")}
CUTOFF 3PM ET MON-FRI.  DO NOT REPLY.
""",
        attachments=[(f"ack_{number}.csv", "text/csv", "\n".join(sheet))],
    )


@layout(
    "price-list-us",
    language="en",
    personal=False,
    region="US",
    transfer="quoted-printable",
    sender="pricing@gannet-supply.example",
    sender_name="GANNET ORDER DESK",
)
def listed(d: Draw) -> Message:
    chosen = [(each, d.integer(1, 48), d.price(90, 5200)) for each in d.rng.sample(GOODS, d.integer(3, 5))]
    rows = "\n".join(pad(name, 26) + pad(str(many), 8) + price for name, many, price in chosen)
    sheet = [
        "sku,description,min qty,unit",
        *(f"{d.digits('##-####')},{name},{many},{price}" for name, many, price in chosen),
    ]
    will_call = [
        "WILL CALL:",
        "GANNET TOLEDO BRANCH",
        f"ATTN {d.choice(('R. PRUITT', 'COUNTER', 'BEV'))}",
        "2250 COMMERCE DRIVE",
        "TOLEDO OH 43612",
        "TEL 419-555-0118",
    ]
    number = d.digits("PL-####")
    return Message(
        subject=f"PRICE LIST {number}",
        text=f"""\
PRICE LIST, ALL ACCOUNTS                   {d.date(0, "slash")}
LIST     {number}
REP      {d.choice(("DALE KINCAID 419-555-0119", "INSIDE SALES", "pricing@gannet-supply.example"))}
{LINE}
{two_columns(REMIT, will_call)}
{LINE}
{rows}
{LINE}
TERMS NET 30    FOB TOLEDO    VALID TO {d.date(60, "slash")}
PROMO {d.choice(("SPRING5", "GLOVES2X", "NONE"))}.  CUTOFF 3PM ET MON-FRI.  DO NOT REPLY.
""",
        attachments=[(f"prices_{number}.csv", "text/csv", "\n".join(sheet))],
    )
