"""An answer to "forgot my password" that names nobody and carries no key (clean), in text and HTML."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "forgot-password",
    language="en",
    personal=False,
    sender="accounts@juniper-notes.example",
    sender_name="Juniper Notes",
)
def mail(d: Draw) -> Message:
    shop = d.shop("Juniper Notes")
    line = "Somebody asked to reset the password of an account with this email address."
    how = "If it was you, open the app, tap Account, then Forgot password, and follow the steps there."
    when = f"Asked on {d.date()} at {d.time()}. The request ends after {d.choice((30, 45, 60))} minutes."
    return Message(
        subject="Password reset requested",
        text=f"{line}\n\n{how}\n\n{when}\n\nIf it was not you, there is nothing to do.\n\n{shop.company}, {shop.address}, {shop.postal}\n{shop.phone}\n",
        html=f"<html><body><p>{line}</p><p>{how}</p><p>{when}</p><p>If it was not you, there is nothing to do.</p>"
        f"<p><small>{shop.company}<br>{shop.address} {shop.postal}<br>Privacy officer: {shop.staff_full}, {shop.mail}</small></p></body></html>",
    )
