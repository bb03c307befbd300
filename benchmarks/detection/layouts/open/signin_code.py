"""A one-time code (personal: whoever reads it can sign in): almost no words, the code in the subject too."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "signin-code",
    language="en",
    personal=True,
    sender="security@quillstone.example",
    sender_name="Quillstone",
)
def mail(d: Draw) -> Message:
    p = d.person()
    place = d.choice(("Firefox on Linux", "Chrome on Windows", "Safari on iPhone"))
    return Message(
        subject=f"{p.code} is your Quillstone code",
        text=f"""\
Your sign-in code:

    {p.code}

It works once, for {d.choice((5, 10, 15))} minutes. Requested {d.date(0, "short")} {d.time()} from {place}.
Nobody at Quillstone will ever ask you for it.

Didn't ask? You can ignore this mail. Ref {d.digits("########")}
""",
    )
