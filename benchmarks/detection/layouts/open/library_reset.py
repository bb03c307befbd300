"""A British university library's password reset, with the reader's name and a link that is a key."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "library-reset",
    language="en",
    personal=True,
    region="GB",
    sender="it-help@oakmere-library.example",
    sender_name="Oakmere Library IT",
)
def mail(d: Draw) -> Message:
    p = d.person()
    link = f"https://id.oakmere-library.example/reset?u={p.member}&amp;k={p.token}"
    return Message(
        subject="Reset your library password",
        html=f"""\
<html><body><p>Dear {p.name},</p>
<p>Somebody, we hope you, asked for a new password for reader <tt>{p.member}</tt>.</p>
<p><a href="{link}">Choose a new password</a> (until {d.time()} today)</p>
<p>If you did not ask, tell the service desk: Level 1, Oakmere Library, 14 College Road, Leicester LE1 7QA,
0116 496 0099, quoting INC{d.digits("######")}.</p>
<p>Ask for Priya or Tom.</p></body></html>
""",
    )
