"""A city hotel in Japan tells a guest from abroad, in English and then in Japanese, that a booking was changed."""

from benchmarks.detection.drawing import Draw, Message, label, layout

ROOMS = (
    ("Moderate Twin, non-smoking", "モデレートツイン 禁煙"),
    ("Corner King", "コーナーキング"),
    ("Japanese Suite", "和室スイート"),
)


@layout(
    "hotel-change-bilingual",
    language="en",
    personal=True,
    sender="reservations@hotel-seiran.example",
    sender_name="Hotel Seiran ホテル青嵐",
)
def mail(d: Draw) -> Message:
    p = d.person()
    english, japanese = (label("order_item", name) for name in d.choice(ROOMS))
    number, nights, guests = d.digits("HS######"), d.integer(1, 5), d.integer(1, 3)
    why = d.choice(["at your request", "because your flight was moved", "following your call"])
    return Message(
        subject=f"Reservation changed / ご予約変更 {number}",
        text=f"""Dear {p.honorific} {p.name},

{why.capitalize()}, we have changed your reservation.

Confirmation / 予約番号      {number}
Guest / ご宿泊者             {p.name} 様
Country & phone / 電話       {p.phone_intl}
Arrival / ご到着             {d.date(25, "iso")}
Nights, guests / 泊数・人数  {nights}, {guests}
Room / お部屋                {english} ({japanese})
Card guarantee / カード      **** **** **** {p.card_tail}

{d.choice(["Check-in starts at 3 pm.", "Your luggage can be left with the bell desk from 9 am."])}

{p.name} 様
ご予約の変更を承りました。{d.choice(["ご到着をお待ちしております。", "お気をつけてお越しくださいませ。"])}

Hotel Seiran, 5-2 Umibe-dori, Chuo-ku, Kobe 650-0099, Japan
ホテル青嵐 〒650-0099 神戸市中央区海辺通5丁目2番
Tel +81 78-555-0110  Duty Manager: Ms. Rie Kuwata (桑田)
""",
    )
