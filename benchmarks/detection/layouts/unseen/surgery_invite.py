"""A doctors' surgery writes as on paper: address block to the right, reference line, prose; clean: its clinics for all."""

from benchmarks.detection.drawing import Draw, Message, label, layout

DOCTORS = ("Dr S. Wynne-Ellis", "Dr Farah Sadiq", "Dr P. J. Docherty")
VISITS = (
    "cervical screening",
    "blood pressure review",
    "shingles vaccination",
    "diabetic eye check",
    "medication review",
)


def paper(whom: list[str], reference: str, body: str, doctor: str) -> str:
    own = [
        "Saint Oswin's Surgery",
        "12 The Crescent",
        "Durham DH1 0AA",
        "Tel 0191 496 0140",
        "Reception: Bernadette, Jo, Carol",
    ]
    top = "\n".join(" " * 44 + each for each in own)
    left = "\n".join(whom)
    return f"{top}\n\n{left}\n\n{reference}\n\n{body}\n\nYours sincerely,\n\n\n{doctor}\nPartner, on behalf of the practice\n"


@layout(
    "surgery-invite",
    language="en",
    personal=True,
    region="GB",
    sender="noreply@stoswins-surgery.example",
    sender_name="Saint Oswin's Surgery",
)
def invite(d: Draw) -> Message:
    p = d.person()
    visit, doctor = label("order_item", d.choice(VISITS)), d.choice(DOCTORS)
    number = label("account_id", d.digits("### ### ####"))
    whom = [f"{p.honorific} {p.name}"]
    if d.maybe(0.55):
        whom += [each for each in (p.building, p.street, p.city, p.postal) if each]
    reference = d.choice(
        (
            f"NHS No: {number}    DOB: {p.dob}",
            f"Our ref: {p.member}",
            f"Re: {p.name}, born {p.dob_kanji}",
            f"Date: {d.date()}",
        )
    )
    body = d.choice(
        (
            f"Our records show that you are due for a {visit}. We have kept {d.date(12, 'weekday')} at {d.time()} for you. If you cannot come, please ring us or reply to the text that we sent to {p.phone}.",
            f"You are invited for a {visit}. Please do not be alarmed; this is routine at the age of {p.age}. Slots on {d.date(12, 'weekday')} can be taken online with the code {p.secret}.",
            f"Thank you for seeing us about the {visit}. As agreed, a copy of this letter goes to your {d.choice(('daughter', 'carer', 'husband'))}, {d.person().name}.",
        )
    )
    greeting = d.choice((f"Dear {p.honorific} {p.family},", f"Dear {p.given},", "Dear patient,"))
    return Message(
        subject=d.choice(("A letter from your surgery", "Your appointment at Saint Oswin's")),
        text=paper(whom, reference, f"{greeting}\n\n{body}", doctor),
    )


@layout(
    "surgery-clinics",
    language="en",
    personal=False,
    region="GB",
    sender="practice@stoswins-surgery.example",
    sender_name="Saint Oswin's Surgery",
)
def clinics(d: Draw) -> Message:
    visit, doctor = d.choice(VISITS), d.choice(DOCTORS)
    whom = [d.choice(("To all our patients", "The Householder"))]
    reference = d.choice(
        (f"Date: {d.date()}", "Our ref: CLINICS/26", "NHS No: quote it if you have it (it looks like 000 000 0000)")
    )
    body = d.choice(
        (
            f"Walk-in clinics for {visit} run on {d.date(12, 'weekday')} from {d.time()}. The nurse is Sister Imelda Roche. No appointment is needed; the overflow car park is at 30 Mill Lane, DH1 0AB.",
            f"From {d.date(12)} our telephone lines open at 7.45. For {visit} choose option 3, or ring the hub on 0191 496 0141. {d.choice(DOCTORS)} retires in the spring after {d.integer(18, 35)} years.",
            f"Travel vaccines will cost {d.price(2000, 8000)} a course from {d.date(20)}. Examples of what to bring: passport, itinerary, list of allergies.",
        )
    )
    return Message(
        subject=d.choice(("A letter from the surgery", "Clinics at Saint Oswin's")),
        text=paper(whom, reference, f"Dear patient,\n\n{body}", doctor),
    )
