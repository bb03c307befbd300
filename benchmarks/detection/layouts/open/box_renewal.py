"""An American snack box renews: chatty prose, the address inside a sentence, a gift for somebody else now and then."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "box-renewal",
    language="en",
    personal=True,
    region="US",
    transfer="8bit",
    sender="hey@crumbly-box.example",
    sender_name="Crumbly Box",
)
def mail(d: Draw) -> Message:
    p = d.person()
    item = d.items(1, "food")[0]
    gift = ""
    if d.maybe(0.35):
        other = d.person()
        gift = f"\nYour gift box for {other.name} ships the same day to {other.street}, {other.city}, {other.prefecture} {other.postal}.\n"
    return Message(
        subject=f"{p.given}, your next box leaves on {d.date(6, 'weekday')}",
        text=f"""\
Hey {p.given}!

Just a heads-up that your Crumbly plan renews on {d.date(4, "short")} for {d.price(1500, 5200)}. We'll charge the {d.choice(("Visa", "Mastercard", "Amex", "Discover"))} ending {p.card_tail} \
and send the box to {p.street}{", " if p.building else ""}{p.building}, {p.city}, {p.prefecture} {p.postal}, like last time. This month's star is {item.name}.
{gift}
Moving? Skipping? Change it by {d.date(2, "weekday")} in your account ({p.email}).

xo Dana, Will and the Crumbly team
1200 Commerce Drive, Boise, ID 83702 · 1-800-555-0144
""",
    )
