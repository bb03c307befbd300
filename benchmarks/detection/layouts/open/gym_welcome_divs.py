"""A gym's welcome: cards made of divs, a first password, a birthday and a contact for emergencies."""

from html import escape

from benchmarks.detection.drawing import Draw, Message, label, layout


def card(title: str, *pairs: tuple[str, str]) -> str:
    lines = "".join(f"<div><b>{name}</b> <span>{escape(value, quote=False)}</span></div>" for name, value in pairs)
    return f'<div class="card"><div class="title">{title}</div>{lines}</div>'


@layout("gym-welcome-divs", language="en", personal=True, region="US", sender="frontdesk@ironlarch.example")
def mail(d: Draw) -> Message:
    p, friend = d.person(), d.person()
    club = d.shop("Iron Larch Fitness", "Iron Larch Holdings LLC")
    you = [
        ("Member", p.name),
        ("Member no.", p.member),
        ("Born", p.dob),
        ("Cell", p.phone),
        ("Home", p.address + " " + p.postal),
    ]
    emergency = card("In case of emergency", ("We call", friend.name), ("at", friend.phone))
    return Message(
        subject=f"Welcome to {club.name}, {p.given}",
        html=f"""<html><body><div>Welcome aboard! Your membership starts {d.date(2)}.</div>
{card("About you", *you)}
{card("App login", ("User", p.email), ("Temporary password", p.secret))}
{emergency if d.maybe(0.6) else ""}
{card("Your plan", ("Plan", label("order_item", d.choice(["Off-peak", "All hours", "Family of four"]))), ("Monthly", d.price(1900, 7900)))}
<div>Your first session is with Coach {club.staff}. {d.choice(["Bring a towel.", "Bring water and a towel.", ""])}</div>
<div style="font-size:11px">{club.company}, {club.address} {club.postal}. Front desk {club.phone}, {club.hours}.
Manager: {club.staff_full}.</div></body></html>""",
    )
