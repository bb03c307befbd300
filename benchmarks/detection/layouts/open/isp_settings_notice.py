"""A provider's notice to all members about new mail servers, with a worked example of the settings."""

from benchmarks.detection.drawing import Draw, Message, layout


@layout(
    "isp-settings-notice", language="ja", personal=False, charset="iso-2022-jp", sender="oshirase@net-tanpopo.example"
)
def mail(d: Draw) -> Message:
    day = d.date(28, "kanji")
    return Message(
        subject=d.choice([f"メールサーバー切替のお知らせ（{day}）", "【重要】設定変更のお願い"]),
        text=f"""会員の皆様へ

たんぽぽネットでは、{day}{d.choice(["午前2時", "深夜1時"])}にメールサーバーを切り替えます。
{d.choice(["古い設定のままでは送信できなくなります。", "半年の間は古い設定もお使いになれます。"])}

▼設定の例
    アカウント名    : 山田太郎
    メールアドレス  : taro@tanpopo.example
    ユーザーID      : tp123456
    パスワード      : （登録証に記載のもの）
    受信サーバー    : imap{d.integer(2, 5)}.net-tanpopo.example
    送信サーバー    : smtp{d.integer(2, 5)}.net-tanpopo.example
    ポート          : 993 / 465

▼訪問サポート（有料 {d.price(4000, 9800)}）
    お名前、ご住所、お電話番号をご用意のうえ、0120-000-147 へ。
    担当地域　北部　堂本　　南部　佐久間　　島しょ部　与那覇

▼障害情報
    自動音声　098-555-0141

たんぽぽネット株式会社　沖縄県浦添市城間坂2-6-1
""",
    )
