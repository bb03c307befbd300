"""A software service on a new device or a key, in a two-part mail with much boilerplate; clean: its release notes."""

from benchmarks.detection.drawing import Draw, Message, layout

DEVICES = ("Firefox on Windows 11", "Safari on iPhone", "Chrome on a Chromebook", "plankton-cli 2.4.1")
TOWNS = ("Omaha, US", "Lisbon, PT", "Osaka, JP", "Leeds, GB")


def both(title: str, lines: list[str], button: tuple[str, str]) -> dict[str, str]:
    name, link = button
    boiler = "You get this because of your notification settings. Plankton Software Inc., 800 Commerce Drive, Boise, ID 83701. Security team: security@plankton-app.example, +1 208-555-0124."
    text = title.upper() + "\n\n" + "\n".join(f"- {each}" for each in lines) + f"\n\n{name}: {link}\n\n{boiler}\n"
    items = "".join(f"<li>{each}</li>" for each in lines)
    html = f'<html><body><section><h1>{title}</h1><ul>{items}</ul><p><a href="{link}">{name}</a></p></section><footer><small>{boiler}</small></footer></body></html>'
    return {"text": text, "html": html}


@layout(
    "saas-new-device",
    language="en",
    personal=True,
    region="US",
    transfer="quoted-printable",
    sender="alerts@plankton-app.example",
    sender_name="Plankton",
)
def device(d: Draw) -> Message:
    p = d.person()
    lines = [
        f"When: {d.date(0, 'iso')} {d.time()} UTC",
        f"Device: {d.choice(DEVICES)}",
        f"Roughly where: {d.choice(TOWNS)}, IP 203.0.113.{d.integer(1, 254)}",
    ]
    lines.insert(
        d.integer(0, 2),
        d.choice(
            (
                f"Account: {p.email}",
                f"Signed in as {p.name} ({p.email})",
                f"Workspace of {p.name}",
                f"User ID {p.member}",
            )
        ),
    )
    if d.maybe(0.3):
        lines.append(f"Recovery phone on file: {p.phone_intl}")
    if d.maybe(0.25):
        lines.append(f"One-time key, shown once: {p.token}")
    if d.maybe(0.3):
        lines.append(f"Also told: {d.person().name}, owner of the workspace")
    link = (
        f"https://app.plankton-app.example/revoke/{p.token}"
        if d.maybe(0.5)
        else "https://app.plankton-app.example/security"
    )
    return Message(
        subject=d.choice(("New sign-in to Plankton", "A new device was used")),
        **both("New sign-in", lines, ("Not you? Sign out everywhere", link)),
    )


@layout(
    "saas-release",
    language="en",
    personal=False,
    region="US",
    transfer="quoted-printable",
    sender="releases@plankton-app.example",
    sender_name="Plankton",
)
def release(d: Draw) -> Message:
    lines = [
        f"When: {d.date(7, 'iso')} {d.time()} UTC",
        f"Works on: {d.choice(DEVICES)}",
        d.choice(
            (
                "Account menu: now top right",
                'Audit log shows lines like "user@example.com signed in from 192.0.2.1"',
                "Sample key for the docs: pk_test_000000000000000000000000",
            )
        ),
        d.choice(
            (
                "Written up by Soraya Beck, product",
                "Office hours with Nils and Oona, Thursdays",
                f"Team plan {d.price(900, 2900)} a seat with code DIATOM{d.integer(10, 40)}",
            )
        ),
    ]
    if d.maybe(0.4):
        lines.append("Sales: +1 208-555-0125")
    link = f"https://www.plankton-app.example/changes/{d.integer(40, 90)}"
    return Message(
        subject=d.choice(("What is new in Plankton", f"Plankton {d.integer(4, 9)}.{d.integer(0, 9)} is out")),
        **both("Release notes", lines, ("Read all of it", link)),
    )
