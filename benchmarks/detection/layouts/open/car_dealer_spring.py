"""A car dealer's offer to a whole list: cars, prices, and a sales team with direct lines and mail addresses."""

from benchmarks.detection.drawing import Draw, Message, layout

TEAM = (
    ("Shanice Holt", "New cars", "(615) 555-0141", "shanice.holt"),
    ("Walt Brzezinski", "Pre-owned", "(615) 555-0142", "walt.b"),
    ("Priya Raman", "Finance", "(615) 555-0143", "priya.raman"),
)
CARS = (
    "2024 Lodestar EV, silver",
    "2022 Brindle pickup, 18,400 mi",
    "2025 Corvid hatchback",
    "2023 Marten wagon, one owner",
)


@layout("car-dealer-spring", language="en", personal=False, region="US", sender="deals@magnoliamotors.example")
def mail(d: Draw) -> Message:
    cars = "".join(f"<li>{car}: from ${d.integer(14, 48)},{d.integer(100, 990)}</li>" for car in d.rng.sample(CARS, 3))
    team = "".join(
        f"<div><strong>{name}</strong><br>{what}<br>{phone}<br>{user}@magnoliamotors.example</div>"
        for name, what, phone, user in TEAM
    )
    return Message(
        subject=d.choice(["This weekend at Magnolia Motors", f"0% until {d.date(10, 'short')}", "Trade in, drive out"]),
        html=f"""<html><body><h1>Magnolia Motors</h1><p>Dear neighbor,</p>
<p>{d.choice(["the new cars are here", "we have too many cars and too little lot", "it is tent sale time"])}. Come by until {d.date(10)}.</p>
<ul>{cars}</ul><p>Ask for:</p>{team}
<p>{d.choice(["Coffee and donuts on us.", "Bring your title and license for a trade-in quote.", ""])}</p>
<p><small>Example: $25,000 financed for 60 months at 2.9% APR, customer J. Doe, account 000-000. With approved credit.
Magnolia Motors LLC, 4100 Nolensville Rd, Nashville, TN 37211.</small></p></body></html>""",
    )
