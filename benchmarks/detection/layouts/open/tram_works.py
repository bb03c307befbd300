"""A city tram's works notice (clean): an HTML table of stops and replacement buses, a spokesman, lost-property phones."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "tram-works",
    language="en",
    personal=False,
    region="US",
    sender="alerts@metro-tram.example",
    sender_name="Metro Tram Alerts",
)
def mail(d: Draw) -> Message:
    line = d.choice(("Green Line", "Line 4", "Harbor Loop", "Airport Branch"))
    stops = d.rng.sample(
        ("Franklin St", "Union Depot", "Madison Ave", "St. Clair", "Washington Park", "5th & Grant", "Jefferson"), 4
    )
    rows = "".join(f"<tr><td>{stop}</td><td>Bus {d.integer(20, 99)}</td><td>{d.time()}</td></tr>" for stop in stops)
    return Message(
        subject=f"Service alert: {line}, {d.date(2, 'short')} to {d.date(9, 'short')}",
        html=f"""\
<html><body><h2>{line}: track work</h2>
<p>Riders: no trams between {stops[0]} and {stops[-1]} from {d.date(2)} through {d.date(9)}.</p>
<table border=1><tr><th>Stop</th><th>Replacement</th><th>First bus</th></tr>{rows}</table>
<p>"We know this is hard on commuters," said Marcus Bell, director of operations.</p>
<p>Reduced fare: {d.price(100, 400)}. Questions: (312) 555-0190 or 840 W Commerce Drive, Chicago, IL 60607.
Case {d.digits("MT-#####")}.</p>
<p><a href="https://metro-tram.example/prefs">Change what you get</a></p></body></html>
""",
    )
