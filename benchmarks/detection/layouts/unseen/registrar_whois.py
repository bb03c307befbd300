"""A domain registrar asks whether the holder's record is right, as a WHOIS answer prints it; clean: its record as a sample."""

from benchmarks.detection.drawing import Draw, Message, label, layout, visible

ENDS = ("garden", "studio", "club", "info")
WORDS = ("tinplate", "slowbread", "fjordcats", "wickerwork", "quietkeys", "oldmaps")


def record(*rows: tuple[str, str]) -> str:
    return "\n".join(f"   {head + ':':<24}{value}" for head, value in rows)


HELP = """\
--
Domainwright Registry Services Ltd, The Old Exchange, 5 Kingsway, Cardiff CF10 0AA
abuse@domainwright.example  +44.2900000000 (example format: +CC.NUMBER)
support 029 2018 0190, Mon-Fri 0800-1800 UTC; escalations: Gethin Prosser"""


@layout(
    "registrar-whois",
    language="en",
    personal=True,
    transfer="8bit",
    region="US",
    sender="verify@domainwright.example",
    sender_name="Domainwright",
)
def holder(d: Draw) -> Message:
    p = d.person()
    domain = f"{d.choice(WORDS)}-{d.integer(2, 99)}.{d.choice(ENDS)}.example"
    rows = [("Domain", domain), ("Registrar", "Domainwright Registry Services Ltd")]
    full = [
        ("Registrant Name", p.name),
        ("Registrant Street", p.street),
        ("Registrant City", p.city),
        ("Registrant State", p.prefecture),
        ("Registrant Postal Code", p.postal),
        ("Registrant Phone", label("phone", f"+1.{visible(p.phone_digits)[-10:]}")),
        ("Registrant Email", p.email),
    ]
    rows += d.choice(
        (
            full,
            full[:1] + full[-1:],
            [("Registrant Name", p.name), ("Registrant Street", "REDACTED FOR PRIVACY"), ("Registrant Email", p.email)],
            full[1:],
        )
    )
    rows.append(("Expires", d.date(90, "iso")))
    account = f"Handle {p.member}. " if d.maybe(0.4) else ""
    auth = f"\nTransfer key: {p.secret}\n" if d.maybe(0.25) else ""
    return Message(
        subject=d.choice((f"Action needed: {domain}", f"Please verify the contact of {domain}")),
        text=f"""\
{d.choice((f"Hello {p.given},", "Hello,", f"Attn: {p.name}"))}

The rules of the registry make us ask once a year whether this is still true:

{record(*rows)}

{account}If nothing has changed, do nothing. To correct it:
https://www.domainwright.example/c/{p.token}
{auth}
{HELP}
""",
    )


@layout(
    "registrar-sample",
    language="en",
    personal=False,
    transfer="8bit",
    region="US",
    sender="bulletin@domainwright.example",
    sender_name="Domainwright",
)
def sample(d: Draw) -> Message:
    domain = f"{d.choice(WORDS)}.{d.choice(ENDS)}.example"
    rows = [
        ("Domain", domain),
        ("Registrar", "Domainwright Registry Services Ltd"),
        ("Registrant Name", d.choice(("REDACTED FOR PRIVACY", "Jane Doe (sample)"))),
        ("Registrant Street", d.choice(("REDACTED FOR PRIVACY", "123 Example Street"))),
        ("Registrant Phone", "+1.5555550100"),
        ("Registrant Email", d.choice(("please query the RDDS", "jane@example.com"))),
        ("Renewal", d.price(900, 4800)),
        ("Expires", d.date(90, "iso")),
    ]
    return Message(
        subject=d.choice(("Changes to what WHOIS shows", f".{d.choice(ENDS)} renewals: new price")),
        text=f"""\
Hello,

From {d.date(20)} the public record of a domain looks like this:

{record(*rows)}

Nothing is asked of you. {d.choice(("Coupon WRIGHT" + d.digits("##") + " works until the end of the month.", "Webinar with Nerys Vaughan, head of policy.", "Our status page is at https://www.domainwright.example/status"))}

{HELP}
""",
    )
