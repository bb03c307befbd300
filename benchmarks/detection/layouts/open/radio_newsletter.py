"""A community radio's newsletter (clean): presenters, guests, a street address and phone-in numbers everywhere."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "radio-newsletter",
    language="en",
    personal=False,
    region="GB",
    sender="studio@saltmarsh-fm.example",
    sender_name="Saltmarsh FM",
)
def mail(d: Draw) -> Message:
    shop = d.shop("Saltmarsh FM")
    guest = d.choice(("novelist Imogen Hart", "beekeeper Raj Dhillon", "Dr Helen Osei", "the sculptor Pádraig Nolan"))
    return Message(
        subject=f"What's on from {d.date(1, 'weekday')}",
        text=f"""\
Dear listeners,

{d.date(1, "weekday")}, {d.time()}: {guest} talks to Morag Bell about {d.choice(("tides", "silence", "small boats", "growing old"))}.
{d.date(3, "weekday")}, {d.time()}: The Allotment Hour with Will and April. Ring in on {shop.phone}.
{d.date(5, "weekday")}, {d.time()}: Album of the week, played in full.

Quiz: the first postcard drawn wins two tickets (worth {d.price(1000, 4000)}). Write your name, address and phone number on a card to
Saltmarsh FM, {shop.address}, {shop.postal}. Last week's answer was 1957.

Our AGM is on {d.date(20)} in the Old Chapel, Quay Street. Nominations to {shop.staff_full}, secretary.

You get this because you subscribed at {shop.url}. Leave with one click: {shop.url}leave
""",
    )
