"""A school network's maintenance notice (clean): times, addresses of servers, names of those in charge with phone extensions."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "maintenance-school",
    language="ja",
    personal=False,
    charset="utf-8",
    sender="net-admin@asahino-gakuen.example",
    sender_name="情報ネットワーク室",
)
def mail(d: Draw) -> Message:
    what = d.choice(("学内無線LAN", "履修登録システム", "図書館の検索システム", "メールサーバー"))
    return Message(
        subject=f"[お知らせ] {what}の停止({d.date(6, 'weekday')})",
        text=f"""\
利用者のみなさま

情報ネットワーク室の堤です。
標記の作業のため、下記のあいだ{what}をご利用になれません。

  1. 日時  {d.date(6)} {d.integer(0, 5)}:00 - {d.integer(6, 8)}:30
  2. 対象  10.{d.integer(0, 255)}.0.0/16, {d.choice(("wlan-a", "kyomu", "opac", "mx2"))}.asahino-gakuen.example
  3. 影響  {d.choice(("接続が数分切れることがあります", "ログインできません", "送信が遅れますが、失われません"))}
  4. 受付番号 {d.digits("NW-2026-####")}

作業中の緊急連絡先は、内線 {d.digits("4###")}(堤)または 080-0000-1123(当番携帯)です。
パスワードの変更は必要ありません。このメールに返信してパスワードをお書きにならないようお願いします。

情報ネットワーク室  堤 直人 / 早乙女
〒000-0000 旭野市学園町1-1  3号館 205
tel: 0299-00-4410  mailto: net-admin@asahino-gakuen.example
""",
    )
