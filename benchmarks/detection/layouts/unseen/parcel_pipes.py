"""A carrier's line with pipes and a short text: who gets the parcel, and where; clean: where its vans are late."""

from benchmarks.detection.drawing import Draw, Message, label, layout

SHOPS = ("Bramble & Hide", "VINYLHOUSE", "Nettle Apothecary", "Kit For Schools", "The Tall Shop")
FOOT = """\
________________________________________
Peregrine Parcels | Unit 9, Depot Road, Nottingham NG7 0AA | help line 0115 496 0170 | 7am-10pm
Depot manager: Keith Oldroyd | Company no. 00000000"""


def piped(*cells: str) -> str:
    return " | ".join(each for each in cells if each)


@layout(
    "parcel-pipes",
    language="en",
    personal=True,
    region="GB",
    transfer="quoted-printable",
    sender="track@peregrineparcels.example",
    sender_name="Peregrine",
)
def coming(d: Draw) -> Message:
    p = d.person()
    shop, number = d.choice(SHOPS), d.digits("PP##########GB")
    hour = d.integer(8, 19)
    first = piped(number, shop, f"{d.date(1, 'short')} {hour}:00-{hour + 1}:00")
    second = d.choice(
        (
            piped(p.name, p.street, p.postal),
            piped(p.name_wide, p.address, p.postal, p.phone_digits),
            piped(f"Mx {p.family}", p.postal),
            piped(p.street, p.city, p.postal, f"safe place: {d.choice(('porch', 'green bin', 'with the dog walker'))}"),
        )
    )
    third = d.choice(
        (
            f"Signed for by {d.person().family} last time.",
            f"Neighbour you named: {d.person().name}, {d.people[-1].street}.",
            f"PIN for the driver: {p.code}",
            f"Contents as declared: {label('order_item', d.choice(('wool blanket', 'prescription lenses', 'LP records x3', 'maternity tights')))}",
            "",
        )
    )
    text = "\n".join(each for each in (first, second, third) if each)
    return Message(
        subject=d.choice((f"{number} is out for delivery", f"Parcel from {shop} today")), text=f"{text}\n\n{FOOT}\n"
    )


@layout(
    "parcel-late",
    language="en",
    personal=False,
    region="GB",
    transfer="quoted-printable",
    sender="service@peregrineparcels.example",
    sender_name="Peregrine",
)
def late(d: Draw) -> Message:
    district = d.choice(("NG", "S", "YO", "TR"))
    hour = d.integer(8, 19)
    first = piped(
        f"Postcodes {district}{d.integer(1, 9)} to {district}{d.integer(10, 21)}",
        d.choice(("snow", "strike", "flood at the depot")),
        f"{d.date(1, 'short')} {hour}:00-{hour + 1}:00",
    )
    second = d.choice(
        (
            piped("Kiosk", "Costcutter, 41 Mill Lane", "NG9 0AA"),
            piped("Example label", "A N Other, 1 Any Street", "AN1 0ZZ"),
            piped("Van 17", "driver Stefan", "0115 496 0171"),
        )
    )
    third = d.choice(
        (
            "PIN codes have six digits, such as 123456.",
            f"Free returns with code PEREG{d.integer(10, 30)}.",
            "Spokeswoman: Hilary Boothroyd, press@peregrineparcels.example",
            "",
        )
    )
    text = "\n".join(each for each in (first, second, third) if each)
    return Message(subject=d.choice((f"Delays in {district}", "Parcels may be late today")), text=f"{text}\n\n{FOOT}\n")
