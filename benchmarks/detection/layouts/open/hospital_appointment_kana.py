"""A hospital's old system: half-width kana, a patient number, fields parted by slashes and spaces."""

from benchmarks.detection.drawing import Draw, Message, half_kana, layout

CLINICS = ("循環器内科", "整形外科", "乳腺外科", "糖尿病内科", "皮膚科", "精神科デイケア")


@layout(
    "hospital-appointment-kana",
    language="ja",
    personal=True,
    charset="shift_jis",
    sender="yoyaku@hospital.seiwa-med.example",
)
def mail(d: Draw) -> Message:
    p = d.person()
    doctor = d.choice(["担当医 浅見", "担当医 リュウ", "担当医 未定"])
    note = d.choice(
        [
            "前日21時以降は絶食です。",
            "お薬手帳をお持ちください。",
            "保険証の確認が必要です。",
            "検査結果をお話しします。",
        ]
    )
    return Message(
        subject="予約票 " + d.choice(["(再診)", "(検査)", "(結果説明)"]),
        text=f"""+-- ﾖﾔｸﾋｮｳ ------------------------------+
ID {p.member} / {half_kana(p.kana)} / {p.dob_iso} / {d.choice(["M", "F"])}
+----------------------------------------+
診療科 {d.choice(CLINICS)} / {doctor}
予約日時 {d.date(9, "slash")} {d.integer(9, 16):02}:{d.choice(["00", "15", "30", "45"])}
場所 {d.integer(1, 3)}階 {d.choice(["A", "B", "C"])}{d.integer(1, 20)}番
{note}
連絡先(登録) {p.phone_digits}
+----------------------------------------+
ﾍﾝｺｳ ﾊ ﾖﾔｸｾﾝﾀｰ TEL 077-555-0190 (8:30-17:00)
ｾｲﾜ ﾋﾞｮｳｲﾝ ｵｵﾂｼ ｺﾊﾏﾁｮｳ 3-3
病院長 ｷﾀﾑﾗ ﾀｶｼ
""",
    )
