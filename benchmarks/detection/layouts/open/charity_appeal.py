"""A charity's appeal to everybody on its list: a letter from the director, an address for cheques, a bank account."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("charity-appeal", language="en", personal=False, region="GB", sender="appeal@moorlandponies.example")
def mail(d: Draw) -> Message:
    need = d.choice(
        ["hay for the winter", "a new roof for the foaling barn", "the farrier's round", "a second water tank"]
    )
    story = d.choice(
        [
            "In March the warden, Tom Ferrers, found a mare in the bog above Hexworthy. She is now in foal.",
            "The snow of last week cut off the top pasture. Our volunteers walked in with bales on their backs.",
        ]
    )
    return Message(
        subject=d.choice([f"Can you help with {need}?", "A letter from the moor"]),
        text=f"""Dear friend of the moor,

{story}

This season we must raise {d.price(400000, 980000)} for {need}. Every gift counts:
{d.price(500, 1000)} feeds one pony for a day, {d.price(3000, 6000)} for a week.

How to give
  by cheque   payable to Moorland Pony Rescue, and sent to
              Freepost MPR, PO Box 12, Okehampton EX20 0AA
  by transfer sort code 00-00-00, account 00001234, reference APPEAL
  by phone    01837 496 0155, ask for Hilary Penrose

{d.choice(["Gift Aid lets us claim a quarter more from the Treasury.", "Our accounts are on the web page, every penny of them."])}

With thanks,

Rosalind Thackeray
Director

Moorland Pony Rescue is a registered charity. Higher Tor Farm, Belstone,
Okehampton EX20 0BB
""",
    )
