"""A county library's notice to all readers about opening hours: every branch with address, librarian and telephone."""

from benchmarks.detection.drawing import Draw, Message, layout

BRANCHES = (
    ("Central", "1 Wool Exchange, Norwich NR1 0AA", "Mrs P. Lockwood", "01603 496 0101"),
    ("Thorpe Road", "88 Thorpe Road, Norwich NR1 0BB", "Mr Idris Vaughan", "01603 496 0118"),
    ("Reedham Mobile", "c/o Village Hall, Reedham NR13 0CC", "Ms Ana Duarte", "07700 900118"),
)


@layout("library-branches", language="en", personal=False, region="GB", sender="libraries@eastbroads.example")
def mail(d: Draw) -> Message:
    rows = "".join(
        f"<tr><td>{name}</td><td>{address}</td><td>{who}</td><td>{phone}</td><td>{d.choice(['10 to 4', '9.30 to 5', 'closed'])}</td></tr>"
        for name, address, who, phone in BRANCHES
    )
    return Message(
        subject=d.choice(["Opening hours over the holiday", "Changes at your library", "When we are open this month"]),
        html=f"""<html><body><p>Dear reader,</p>
<p>from {d.date(7)} to {d.date(16)} our branches keep the hours below. Loans that fall due in these days are
{d.choice(["extended by a week", "extended to the next open day"])}; you need do nothing.</p>
<table border="1"><tr><th>Branch</th><th>Address</th><th>Librarian</th><th>Telephone</th><th>Hours</th></tr>{rows}</table>
<p>{d.choice(["Story time is back on Saturdays with Gwen.", "The book sale is on the first Friday.", ""])}
To renew, have your card number and PIN ready. Lost cards cost {d.price(200, 400)}.</p>
<p>East Broads Libraries, County Hall, Martineau Way, Norwich NR1 0DD</p></body></html>""",
    )
