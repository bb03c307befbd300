"""A bank warns all customers of false mails and shows one, with an invented name, card and telephone in it."""

from benchmarks.detection.drawing import Draw, Message, layout

SAMPLES = (
    "    Dear John Sample,\n    your card 0000 0000 0000 0000 is blocked. Call 0900 000 0000 at once.",
    "    Hi J. Bloggs, we sent 1 parcel to 1 Any Street, Anytown AN1 1AA. Pay at http://scam.example",
    "    From: Security <alert@bank.scam.example>\n    Your password is abc123. Confirm it by replying.",
)


@layout("bank-scam-warning", language="en", personal=False, region="GB", sender="security@tolbridgebank.example")
def mail(d: Draw) -> Message:
    return Message(
        subject=d.choice(
            ["How to spot a false email", "A warning about false texts and emails", "Stay safe this month"]
        ),
        text=f"""Dear customer,

since {d.date(-9)} people all over the country have had messages like this one:

{d.choice(SAMPLES)}

It is not from us. {d.choice(["We never ask for a PIN or a full password.", "We never send a courier to collect a card."])}

What to do
----------
1) Do not click, do not call back, do not reply.
2) Forward it to {d.choice(["report@tolbridgebank.example", "phishing@tolbridgebank.example"])}.
3) If you have given away your account number, ring 0800 496 0120 day and
   night, or from abroad +44 1632 960120.

Our fraud team, led by Dermot Quayle, answers within {d.integer(2, 9)} minutes on
average. In a branch, ask for the manager.

Tolbridge Bank plc, 2 Mint Court, Edinburgh EH1 0AA. Sort code of head
office 00-00-00. Authorised and regulated.
""",
    )
