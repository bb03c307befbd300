"""A conference: a sentence that holds everything, and a calendar and a contact file; clean: its call for talks."""

from benchmarks.detection.drawing import Draw, Message, label, layout

PASSES = ("Full pass", "Student pass, two days", "Workshop: Peat and Paleoclimate", "Banquet only", "Remote pass")


def calendar(d: Draw, title: str, *more: str) -> str:
    day = d.date(40, "iso").replace("-", "")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Fenscience//Desk//EN",
        "BEGIN:VEVENT",
        f"UID:{day}-{d.number}@fenscience.example",
        f"DTSTART:{day}T130000Z",
        f"SUMMARY:{title}",
        "LOCATION:Alder Hall\\, 77 Kingsway\\, Madison WI",
        *more,
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(lines)


SIGN = """
Hollis Tran
Registration, FENSCIENCE
Alder Hall, 77 Kingsway, Madison WI 53700
desk 608-555-0161 (8 to 4 Central) / press 608-555-0162
"""


@layout(
    "conference-badge",
    language="en",
    personal=True,
    region="US",
    transfer="quoted-printable",
    sender="desk@fenscience.example",
)
def badge(d: Draw) -> Message:
    p = d.person()
    what = label("order_item", d.choice(PASSES))
    told = d.choice(
        (
            f"we have {p.name} of {p.city}, {p.prefecture} down for one {what}, and the badge will be printed exactly like that; if it should say something else write to us from {p.email} by {d.date(10, 'short')}",
            f"your {what} is paid ({d.price(4000, 58000)}, card ending {p.card_tail}) and the badge goes in the mail to {p.address}, {p.postal} two weeks before we open",
            f"thank you for signing up for the {what}; in an emergency we will ring {d.person().name} at {d.people[-1].phone}, as you asked",
            f"your {what} is confirmed, {p.honorific} {p.family}. Show the code {p.code} at the desk in Alder Hall and somebody will print the badge while you wait",
        )
    )
    files = [
        (
            "fenscience.ics",
            "text/calendar",
            calendar(
                d,
                f"Fenscience, {p.given}",
                f"ATTENDEE;CN={p.name};RSVP=TRUE:mailto:{p.email}" if d.maybe(0.6) else "STATUS:CONFIRMED",
            ),
        )
    ]
    return Message(
        subject=d.choice(("You're registered", f"{p.given}, you're registered for Fenscience")),
        text=f"Dear {d.choice((p.given, p.name, 'colleague'))},\n\n{told}.\n\nDoors open at {d.time()} on {d.date(40, 'weekday')}. Quiet room: second floor.\n{SIGN}",
        attachments=files,
    )


@layout(
    "conference-call",
    language="en",
    personal=False,
    region="US",
    transfer="quoted-printable",
    sender="program@fenscience.example",
)
def call(d: Draw) -> Message:
    told = d.choice(
        (
            f"the program committee (Ottoline Vance, chair; Prof. Raj Sethuram; Dr. Mette Krogh) asks for talks of {d.integer(12, 25)} minutes on anything that grows in or is dug out of a bog, and takes them until {d.date(20, 'short')}",
            f"early tickets are {d.price(9000, 30000)} until {d.date(20, 'short')}, and groups of five or more take a tenth off with SPHAGNUM{d.integer(10, 20)}",
            "the keynote is by Dr. Mette Krogh, who spent eleven winters on the Lille Vildmose, and the banquet is at the Old Feed Mill, 114 Mill Lane, 608-555-0163",
        )
    )
    files = [
        (
            "dates.ics",
            "text/calendar",
            calendar(
                d,
                "Fenscience opens",
                d.choice(("STATUS:TENTATIVE", "ORGANIZER;CN=Hollis Tran:mailto:desk@fenscience.example")),
            ),
        )
    ]
    return Message(
        subject=d.choice(("Call for talks", "Fenscience: what is on")),
        text=f"Dear colleagues,\n\n{told}.\n\nDoors open at {d.time()} on {d.date(40, 'weekday')}. Badges read like this: ALEX EXAMPLE / Example University.\n{SIGN}",
        attachments=files,
    )
