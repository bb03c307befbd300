"""A car rental's booking: Japanese with English labels beside, an invitation for the calendar attached."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "rental-car",
    language="ja",
    personal=True,
    charset="utf-8",
    sender="booking@chidori-rent.example",
    sender_name="千鳥レンタカー CHIDORI RENT-A-CAR",
)
def mail(d: Draw) -> Message:
    p, shop = d.person(), d.shop("千鳥レンタカー")
    car = d.items(1, "service")[0] if d.maybe(0.1) else None
    model = car.name if car else d.choice(("コンパクト(禁煙)", "ミニバン 8人乗り", "軽トラック", "ハイブリッド SUV"))
    stamp = f"{d.day:%Y%m%d}T{d.integer(0, 9):02}0000Z"
    return Message(
        subject=f"Reservation {d.order_number()} / ご予約の控え",
        html=f"""\
<html><body><table cellpadding="4">
<tr><td colspan="2" bgcolor="#003366"><font color="white">ご予約の控え / Your reservation</font></td></tr>
<tr><td>予約番号<br><small>No.</small></td><td>{d.order_number()}</td></tr>
<tr><td>運転者<br><small>Driver</small></td><td>{p.name} 様<br><small>{p.kana}</small></td></tr>
<tr><td>免許証番号<br><small>Licence</small></td><td>{p.member}</td></tr>
<tr><td>生年月日<br><small>Born</small></td><td>{p.dob}</td></tr>
<tr><td>連絡先<br><small>Phone</small></td><td>{p.phone_intl if d.maybe(0.3) else p.phone}</td></tr>
<tr><td>クラス<br><small>Class</small></td><td>{model}</td></tr>
<tr><td>出発<br><small>Pick-up</small></td><td>{d.date(10)} {d.time()} 空港前営業所</td></tr>
</table>
<p>空港前営業所: {shop.address}(送迎バス乗り場 7番) {shop.phone} 所長 {shop.staff}</p></body></html>
""",
        attachments=[
            (
                "reservation.ics",
                "text/calendar",
                f"""\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//chidori-rent//booking//JA
BEGIN:VEVENT
UID:{d.digits("########")}@chidori-rent.example
DTSTAMP:{stamp}
DTSTART:{stamp}
SUMMARY:千鳥レンタカー 出発 {p.family}様
LOCATION:空港前営業所
DESCRIPTION:免許証をお持ちください。お電話 {p.phone_digits}
END:VEVENT
END:VCALENDAR""",
            )
        ],
    )
