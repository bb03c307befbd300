"""A water company's bill as a letter: the address as a block without any label, the reader by title and surname."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("water-bill-letter", language="en", personal=True, region="GB", sender="billing@severnmouthwater.example")
def mail(d: Draw) -> Message:
    p = d.person()
    block = "\n".join(each for each in (f"{p.honorific} {p.name}", p.building, p.street, p.city, p.postal) if each)
    used = d.integer(14, 48)
    return Message(
        subject=f"Your water bill is ready ({d.date(0, 'short')})",
        text=f"""{block}

{d.date()}

Our reference: {p.member}

Dear {p.honorific} {p.family},

Between {d.date(-180)} and {d.date(-2)} your meter recorded
{used} cubic metres. The amount due is {d.price(4000, 19000)}, and we
{d.choice(["will collect it by Direct Debit on", "ask you to pay it before"])} {d.date(21)}.

{d.choice(["Your use has gone up since last time. A dripping tap is the usual cause.", "Your use is much as before. Thank you for taking care of the water."])}

If you have moved, or if the name above is not right, please write to us
at Severnmouth Water, PO Box 411, Bristol BS99 0XX, or ring Customer
Services on 01632 960410 and quote the reference at the top.

Yours sincerely,


Marian Ashdown
Head of Billing

Severnmouth Water plc. Registered in England. Registered office: The Pump
House, Tide Street, Bristol BS1 0AA.
""",
    )
