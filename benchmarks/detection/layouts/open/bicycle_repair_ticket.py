"""A workshop's ticket in a kind of Markdown, above the customer's own mail with the customer's signature."""

from benchmarks.detection.drawing import Draw, Message, label, layout, visible

FAULTS = (
    "the rear gears slip whenever I go uphill",
    "the front brake squeals and the lever goes all the way to the bar",
    "there is a crack near the seat post and I would like a second opinion",
)


@layout("bicycle-repair-ticket", language="en", personal=True, region="GB", sender="tickets@spokesmith.example")
def mail(d: Draw) -> Message:
    p = d.person()
    home = label("address", f"{visible(p.street)}, {visible(p.city)}")
    sign = d.choice(
        [
            f"> {p.name}\n> {home}\n> mob. {p.phone}",
            f"> Best,\n> {p.given}\n>\n> --\n> {p.name} | {p.phone} | {p.email}",
        ]
    )
    ticket = d.digits("SM-####")
    return Message(
        subject=f"[{ticket}] We have your bike on the list",
        text=f"""# Ticket {ticket}

Thanks for writing to **Spokesmith Cycles**. A mechanic will look at it on
{d.date(3, "weekday")}.

* **Status:** {d.choice(["waiting for drop-off", "booked in", "parts ordered"])}
* **Mechanic:** Bronwen
* **Estimate:** {d.price(2500, 14000)} including parts
* **Questions:** 01632 960277, or just reply

---

On {d.date(-1)} at {d.time()}, {p.name} <{p.email}> wrote:

> Hello,
>
> I bought the bike from you {d.choice(["last spring", "two years ago"])} and {d.choice(FAULTS)}.
> Could you have a look {d.choice(["this week", "before the weekend", "when there is a slot"])}?
>
{sign}

---

_Spokesmith Cycles, The Arches, 9 Canal Row, Leeds LS2 0AB. Closed Mondays._
""",
    )
