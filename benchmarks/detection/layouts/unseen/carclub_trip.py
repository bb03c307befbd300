"""A car club's receipt of a trip, in the asterisks of Markdown; clean: its new rates in the same asterisks."""

from benchmarks.detection.drawing import Draw, Message, layout

CARS = ("Civette hatchback *Juniper*", "Boreal wagon *Moose*", "Pica EV *Dragonfly*", "Hauler van *Big Tom*")
LOTS = ("Grove St & 4th lot", "Union Station level P2", "Eastbank garage", "Community College lot C")
FOOT = """\
***

**Turnstone Car Club** | 4100 Depot Road, Portland, OR 97201
Member desk 1-800-555-0151, every day 6-midnight | Roadside: 503-555-0152
Questions about charges? Ask for *Marisol* or *Dev* in billing."""


def bullets(*rows: tuple[str, str]) -> str:
    return "\n".join(f"* **{head}** {value}" for head, value in rows)


@layout(
    "carclub-trip",
    language="en",
    personal=True,
    region="US",
    transfer="8bit",
    sender="receipts@turnstonecars.example",
    sender_name="Turnstone Car Club",
)
def trip(d: Draw) -> Message:
    p = d.person()
    rows = [
        ("Car", d.choice(CARS)),
        ("Out", f"{d.date(-1, 'short')}, {d.time()} from {d.choice(LOTS)}"),
        ("Back", f"{d.date(0, 'short')}, {d.time()}"),
    ]
    rows.append(("Miles", str(d.integer(2, 210))))
    named = d.maybe(0.6)
    if named:
        rows.append(
            ("Driver", d.choice((p.name, f"{p.name} (member {p.member})", f"{d.person().name}, added to your plan")))
        )
    if d.maybe(0.3):
        rows.append(("Delivered to", f"{p.street}, {p.city}"))
    rows.append(("Charged", f"{d.price(900, 14000)} to {d.choice(('Visa', 'Amex', 'debit'))} x{p.card_tail}"))
    if d.maybe(0.3):
        rows.append(("Violation", f"toll by mail, notice sent to {p.address} {p.postal}"))
    tail = d.choice(
        (
            f"We'll text {p.phone} if the lot moves.",
            "Thanks for leaving it clean.",
            f"Your license on file expires soon (DOB {p.dob}). Please upload a new one.",
        )
    )
    return Message(
        subject=d.choice(("Your Turnstone trip", f"Trip {d.order_number()}: receipt")),
        text=f"# Trip receipt\n\n{d.choice((f'Hey {p.given},', f'Hi {p.name},', 'Hi there,' if named else f'{p.name},'))}\n\n{bullets(*rows)}\n\n{tail}\n\n{FOOT}\n",
    )


@layout(
    "carclub-rates",
    language="en",
    personal=False,
    region="US",
    transfer="8bit",
    sender="members@turnstonecars.example",
    sender_name="Turnstone Car Club",
)
def rates(d: Draw) -> Message:
    rows = [
        ("Car", d.choice(CARS)),
        ("Hour", d.price(700, 1500)),
        ("Day", d.price(5200, 9900)),
        ("Miles", f"{d.integer(100, 180)} included"),
    ]
    if d.maybe(0.5):
        rows.append(("Driver", d.choice(("21 and over, licensed two years", "add a second one for $4 a month"))))
    rows.append(("Where", d.choice(LOTS)))
    rows.append(("Code", f"TERN{d.integer(10, 99)} through {d.date(30, 'short')}"))
    tail = d.choice(
        (
            "Meet our fleet lead, Augusta Wren, at the open day.",
            "Found a scrape? Text a photo to 503-555-0153.",
            "Example: 3 hours and 40 miles come to $34.50.",
        )
    )
    return Message(
        subject=d.choice(("New rates at Turnstone", f"More cars from {d.date(9, 'short')}")),
        text=f"# Rates from {d.date(9)}\n\n{d.choice(('Hey members,', 'Hi there,'))}\n\n{bullets(*rows)}\n\n{tail}\n\n{FOOT}\n",
    )
