"""A vet's confirmation: the body is a single sentence, the calendar file names the owner."""

from benchmarks.detection.drawing import Draw, Message, label, layout

VISITS = ("Annual booster", "Dental scale and polish", "Post-operative check", "Nail clip and weigh-in")


@layout("vet-visit-calendar", language="en", personal=True, region="GB", sender="reception@hollowayvets.example")
def mail(d: Draw) -> Message:
    p = d.person()
    visit, start = label("order_item", d.choice(VISITS)), d.date(8, "iso").replace("-", "")
    hour = d.integer(9, 16)
    note = d.choice([f"Owner's phone {p.phone}", f"Owner {p.name}, {p.phone}", f"Client no. {p.member}"])
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Holloway Vets//Diary//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{d.digits('########')}@hollowayvets.example",
        f"DTSTART:{start}T{hour:02}0000Z",
        f"DTEND:{start}T{hour:02}2000Z",
        f"SUMMARY:{visit} - {p.family}",
        f"DESCRIPTION:{note}",
        "LOCATION:Holloway Vets\\, 14 Smithy Lane\\, Shrewsbury SY1 0AA",
        "ORGANIZER;CN=Dr Fenella Rudd:mailto:reception@hollowayvets.example",
        f"ATTENDEE;CN={p.name}:mailto:{p.email}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    greeting = d.choice(["Hello,", "Good morning,"])
    return Message(
        subject="Your appointment",
        text=f"""{greeting}

the appointment you asked for is in the attached calendar file. {d.choice(["Please bring the vaccination card.", "Please come five minutes early."])}

Holloway Vets, 01743 496 0102 (nights: 07700 900102, Dr Rudd)
""",
        attachments=[("visit.ics", "text/calendar", "\r\n".join(lines) + "\r\n")],
    )
