"""An airline's itinerary: the traveller as FAMILY/GIVEN MR, flights in columns of a fixed-width font."""

from benchmarks.detection.drawing import Draw, Message, label, layout, pad, visible

ROUTES = (("LHR London", "CPH Copenhagen"), ("MAN Manchester", "FAO Faro"), ("EDI Edinburgh", "NRT Tokyo Narita"))


@layout("airline-itinerary", language="en", personal=True, region="GB", sender="itinerary@petrelair.example")
def mail(d: Draw) -> Message:
    p = d.person()
    ticket = label("name", f"{visible(p.family)}/{visible(p.given)}".upper())
    here, there = d.choice(ROUTES)
    flights = [(here, there, 20), (there, here, 27)]
    legs = "\n".join(
        pad(d.digits("PT ###"), 9) + pad(d.date(days, "short"), 9) + pad(a, 18) + pad(b, 18) + d.time()
        for a, b, days in flights
    )
    return Message(
        subject=f"Your itinerary, booking reference {d.digits('@@@#@#')}",
        text=f"""PETREL AIR                                  E-TICKET RECEIPT
================================================================
PASSENGER      {ticket} {d.choice(["MR", "MS", "MRS", "DR"])}
FREQUENT FLYER {p.member}
CONTACT        {p.phone_intl} / {p.email}
ISSUED         {d.date()}   AGENT LGW/{d.digits("####")} SORENSEN

FLIGHT   DATE     FROM              TO                DEPARTS
{legs}

FARE {d.price(9000, 60000)}   TAXES {d.price(2000, 9000)}   FORM OF PAYMENT VISA XXXXXXXXXXXX{p.card_tail}

{d.choice(["Bag drop closes 60 minutes before departure.", "Online check-in opens 36 hours before departure."])}
{d.choice(["Advance passenger information is required for this route.", ""])}

Petrel Air plc, Beacon House, 4 Runway Approach, Crawley RH10 0ZZ
Special assistance desk 01293 496 0111 (24 hours)
""",
    )
