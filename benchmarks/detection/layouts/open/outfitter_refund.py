"""An American outfitter's refund: HTML and text of the same, a table of goods, addresses side by side in two columns."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "outfitter-refund",
    language="en",
    personal=True,
    region="US",
    transfer="quoted-printable",
    sender="orders@pinecrest-outfitters.example",
    sender_name="Pinecrest Outfitters",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("Pinecrest Outfitters")
    goods = d.items(3, d.choice(("clothes", "hobby", "home")))
    total = d.money(d.integer(20, 300))
    state = f"{p.prefecture} {p.postal}"
    rows = "".join(f"<tr><td>{g.name}</td><td>{g.quantity}</td><td align=right>{g.price}</td></tr>" for g in goods)
    flat = f"<br>{p.building}" if p.building else ""
    address = f"{p.name}<br>{p.street}{flat}<br>{p.city}, {state}"
    listed = "\n".join(f"  {g.quantity} x {g.name} @ {g.price}" for g in goods)
    return Message(
        subject=f"We've refunded your order #{d.order_number()}",
        text=f"""\
Hi {p.given},

We got your return and sent {total} back to the card ending in {p.card_tail}.

{listed}

It can take 5-10 business days to show up. Questions? Just reply, or call {shop.free_phone}.

The Pinecrest crew
""",
        html=f"""\
<html><body><p>Hi {p.given},</p>
<p>We got your return and sent <b>{total}</b> back to the card ending in {p.card_tail}.</p>
<table width="560"><tr><th>Item</th><th>Qty</th><th>Price</th></tr>{rows}</table>
<table width="560"><tr valign=top><td><b>Returned by</b><br>{address}<br>{p.phone}</td>
<td><b>Returned to</b><br>{shop.company}<br>{shop.address} {shop.postal}<br>{shop.phone}</td></tr></table>
<p>It can take 5&ndash;10 business days to show up. Questions? Just reply, or call {shop.free_phone}.</p>
<p>The Pinecrest crew</p></body></html>
""",
    )
