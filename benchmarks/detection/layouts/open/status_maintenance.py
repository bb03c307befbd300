"""A hosting company's planned maintenance for all its customers: engineers, regions, sample commands."""

from benchmarks.detection.drawing import Draw, Message, layout

WHAT = ("the primary database of region eu-north", "the mail relay", "the object store in us-lake", "the login gateway")


@layout("status-maintenance", language="en", personal=False, sender="status@cloudpasture.example")
def mail(d: Draw) -> Message:
    host = d.shop("Cloudpasture", "Cloudpasture Inc.")
    what = d.choice(WHAT)
    return Message(
        subject=f"Scheduled maintenance {d.date(9, 'iso')}: {what}",
        text=f"""Hello,

on {d.date(9, "weekday")}, {d.time()} UTC, we will move {what}
to new machines. Expect {d.choice(["no interruption", "up to four minutes of errors", "read-only access for half an hour"])}.

Change:        CHG-{d.digits("#####")}
Lead:          {host.staff_full} (Platform)
On call:       Ifeanyi Brandt, pager 1-800-555-0171
Customer desk: {host.phone}, {host.mail}

What you can do
1. Retry failed requests after a second or two.
2. If you pin our addresses, add 192.0.2.{d.integer(10, 99)} and 198.51.100.{d.integer(10, 99)}.
3. Check your webhook user, for example:

    curl -u alice@example.com:hunter2 https://api.cloudpasture.example/v2/ping

{d.choice(["No action is needed if you use the current client.", "Clients older than 3.4 do not retry by themselves."])}

{host.company}
{host.address} {host.postal}
""",
    )
