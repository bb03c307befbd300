"""A game's mail about an account: a code in large type, the account's name and the masked world around it."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout("game-account-code", language="en", personal=True, region="US", sender="no-reply@emberholm.example")
def mail(d: Draw) -> Message:
    p = d.person()
    why = d.choice(["sign in from a new device", "change your email address", "turn off two-step sign-in"])
    extra = d.choice(
        [
            f"<div>Account: {p.member}</div>",
            f"<div>Account: {p.member} &middot; {p.email}</div>",
            f"<div>Account: {p.member}</div><div>Born: {p.dob_iso} (needed for recovery)</div>",
        ]
    )
    return Message(
        subject=d.choice(["Your Emberholm security code", f"{p.code} is your Emberholm code"]),
        html=f"""<html><body><div><img alt="Emberholm" src="https://cdn.emberholm.example/logo.png"></div>
<div>Somebody, hopefully you, wants to {why}.</div>
<div style="font-size:32px;letter-spacing:6px">{p.code}</div>
<div>The code works for {d.choice(["10", "15", "30"])} minutes. {d.choice(["Game masters never ask for it.", ""])}</div>
{extra}
<div>Not you? <a href="https://support.emberholm.example/ticket/new">Tell us</a>, and change your password.</div>
<div style="color:#999">Emberholm Interactive LLC, 77 Foundry Row, Suite 300, Spokane, WA 99201. Community lead: Bex Arden</div>
</body></html>""",
    )
