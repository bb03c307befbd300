"""A British letting agent's letter: address block on top, two tenants, prose with figures, signed by a person."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "tenancy-start",
    language="en",
    personal=True,
    region="GB",
    sender="lettings@foxglove-homes.example",
    sender_name="Foxglove Homes Lettings",
)
def mail(d: Draw) -> Message:
    p, other, shop = d.person(), d.person(), d.shop("Foxglove Homes")
    both = d.maybe(0.6)
    tenants = f"{p.name} and {other.name}" if both else p.name
    building = f"{p.building}\n" if p.building else ""
    return Message(
        subject=f"Your tenancy from {d.date(18, 'short')}",
        text=f"""\
{p.honorific} {p.name}
{building}{p.street}
{p.city}
{p.postal}

{d.date()}

Dear {p.honorific} {p.family},

Further to our conversation, we confirm that {tenants} will take up the tenancy of the above property on \
{d.date(18)} at a rent of {d.money(d.integer(650, 2400))} per calendar month. The deposit of {d.money(d.integer(700, 2700))} \
is held under certificate {p.member}.

The keys can be collected from our branch after noon. We have you down as born on {p.dob_kanji} and will need \
photographic identification{f" for {other.given} as well" if both else ""}. If anything changes, ring {shop.staff} on {shop.phone}; we will \
otherwise text {p.phone} on the day.

Yours sincerely,

{shop.staff_full}
Branch Manager, {shop.company}
{shop.address} {shop.postal}
Registered in England no. 00000000
""",
    )
