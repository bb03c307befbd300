"""An invoice of a program sold by the month: bill-to and from side by side in one table, the lines again as CSV."""

from html import escape

from benchmarks.detection.drawing import Draw, Message, label, layout, visible


@layout("saas-invoice-bill-to", language="en", personal=True, region="US", sender="invoices@ledgerfinch.example")
def mail(d: Draw) -> Message:
    p = d.person()
    us = d.shop("Ledgerfinch", "Ledgerfinch Software, Inc.")
    number, amount = d.digits("LF-2026-#####"), d.price(1900, 9800)
    town = label("address", f"{visible(p.city)}, {visible(p.prefecture)}")
    plan = label("order_item", d.choice(["Solo plan, monthly", "Studio plan, monthly", "Solo plan, yearly"]))
    home = "<br>".join(
        escape(each, quote=False) for each in (p.name, p.street, p.building, f"{town} {p.postal}", p.email) if each
    )
    sheet = f"invoice,customer,account,amount\r\n{number},{p.name},{p.member},{amount.lstrip('$')}\r\n"
    return Message(
        subject=f"Invoice {number} from {us.name}",
        html=f"""<html><body><table width="600"><tr><td colspan="2"><h2>Invoice {number}</h2>Issued {d.date()}</td></tr>
<tr><th align="left">From</th><th align="left">Bill to</th></tr>
<tr><td valign="top">{us.company}<br>{us.address} {us.postal}<br>{us.mail}<br>Attn: {us.staff_full}</td>
<td valign="top">{home}</td></tr>
<tr><td colspan="2"><table border="1" width="100%"><tr><th>Description</th><th>Account</th><th>Amount</th></tr>
<tr><td>{plan}</td><td>{p.member}</td><td>{amount}</td></tr>
</table></td></tr></table>
<p>{d.choice([f"Paid with card ending in {p.card_tail}. Thank you.", f"Due by {d.date(14)}.", "Paid by bank transfer."])}</p>
<p>Questions about this invoice? Write to {us.mail} or ring {us.phone}.</p></body></html>""",
        attachments=[(f"{number}.csv", "text/csv", sheet)] if d.maybe(0.7) else [],
    )
