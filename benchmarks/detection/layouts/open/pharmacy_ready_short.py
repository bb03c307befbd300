"""A pharmacy's pick-up note of two lines: a given name, what is ready, the last four digits of the card."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("pharmacy-ready-short", language="en", personal=True, region="US", sender="alerts@cornerstone-rx.example")
def mail(d: Draw) -> Message:
    p = d.person()
    item = d.items(1, "drug")[0].name
    charge = d.choice(
        [
            f"Copay {d.price(300, 4500)}, card ending {p.card_tail}.",
            f"We will charge the card on file (...{p.card_tail}).",
        ]
    )
    return Message(
        subject=d.choice(["Ready for pickup", "Your order is ready"]),
        text=f"""{d.choice(["Hi", "Hello"])} {p.given}, your {item} is ready at Cornerstone Pharmacy, 2210 Depot Road. {charge}
{d.choice(["Held for 10 days.", "Open till 9pm."])} Questions? Ask for Dolores at (847) 555-0133. Reply STOP to opt out.
""",
    )
