"""Why something cannot be done for a case, said to the agent who asked for it: what is wrong, and what to do."""

from __future__ import annotations

from typing import Final

# slug: (English, Japanese). A slug is for programs, and is never renamed.
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "closed": (
        "This case has ended; nothing more can be done in it.",
        "この件は終了しているため、これ以上の操作はできません。",
    ),
    "unconfirmed": (
        "The mailbox has not answered yet, so the customer is not to be approached; wait for its answer.",
        "届け出たメールアドレスからの確認がまだないため、会員の方へはご連絡できません。確認をお待ちください。",
    ),
    "awaiting": (
        "The customer has a deadline already; wait for it, or enter that the letter came back.",
        "すでに期限をお知らせしています。期限を待つか、手紙が戻った場合は「返送」を記録してください。",
    ),
    "withdrawing": (
        "The service has been asked to end the registration; wait for its answer.",
        "サービスへ退会の手続きを依頼済みです。サービスからの回答をお待ちください。",
    ),
    "no_customer": (
        "Nothing is known of how to reach the customer; ask the service, and enter it first.",
        "会員の方の連絡先がありません。サービスに確認し、先に入力してください。",
    ),
    "field": (
        "There is no such field; choose the name, the phone number, the postal code or the address.",
        "その項目はありません。氏名、電話番号、郵便番号、住所から選んでください。",
    ),
    "reason": (
        "Say in at least five characters why you need to see this; it is written down.",
        "確認が必要な理由を5文字以上で入力してください。記録に残ります。",
    ),
    "empty": (
        "Enter at least one way to reach the customer.",
        "連絡先を一つ以上入力してください。",
    ),
    "letters": (
        "A line contains characters that cannot be printed, or is too long; type it again.",
        "印刷できない文字が含まれているか、長すぎます。入力し直してください。",
    ),
    "outcome": (
        "Choose what came of the call.",
        "電話の結果を選んでください。",
    ),
    "no_phone": (
        "No phone number that can be called is known; enter one first, or write a letter.",
        "かけられる電話番号がありません。番号を入力するか、手紙をお送りください。",
    ),
    "no_mobile": (
        "No mobile number is known, so no text message can be sent; write a letter.",
        "携帯電話の番号がないため、SMSを送れません。手紙をお送りください。",
    ),
    "wrong_number": (
        "This number belongs to somebody else; enter the right one first, or write a letter.",
        "この番号は別の方のものです。正しい番号を入力するか、手紙をお送りください。",
    ),
    "sms_again": (
        "A text message was tried already; write a letter.",
        "SMSはすでに送信を試みています。手紙をお送りください。",
    ),
    "sms_waiting": (
        "A text message waits already; call it back first if it is not to be sent.",
        "SMSはすでに送信を待っています。送らない場合は、先に取り消してください。",
    ),
    "sms_failed": (
        "The text message could not be sent ({why}); write a letter.",
        "SMSを送れませんでした({why})。手紙をお送りください。",
    ),
    "no_address": (
        "The customer's name, postal code or address is missing; enter them first.",
        "氏名、郵便番号、住所のいずれかがありません。先に入力してください。",
    ),
    "address_returned": (
        "A letter to this address came back; enter another address first, or give the deadline in the in-site notice.",
        "この住所への手紙は戻っています。別の住所を入力するか、サイト内のお知らせで期限をお伝えください。",
    ),
    "address_long": (
        "The address does not fit into the envelope's window; shorten it, such as the building's name.",
        "住所が封筒の窓に収まりません。建物名などを短くしてください。",
    ),
    "letter_long": (
        "The letter does not fit on one sheet; shorten the service's contact lines.",
        "手紙が1枚に収まりません。サービスの連絡先の行を短くしてください。",
    ),
    "no_contact": (
        "The service has no contact lines for its letter: `atesaki service set {service} --own TEXT` sets them.",
        "手紙に載せる連絡先がありません。`atesaki service set {service} --own TEXT` で設定してください。",
    ),
    "days": (
        "Give the customer from {least} to {most} business days.",
        "期限は{least}営業日以上、{most}営業日以内にしてください。",
    ),
    "no_font": (
        "There is no Japanese font here: install one (Debian: fonts-ipaexfont or fonts-noto-cjk) and try again.",
        "日本語のフォントがありません。fonts-ipaexfont か fonts-noto-cjk を入れて、もう一度お試しください。",
    ),
    "no_printer": (
        "Letters need WeasyPrint and Pango: install them (Debian: libpango-1.0-0 libpangoft2-1.0-0) and try again.",
        "手紙には WeasyPrint と Pango(libpango-1.0-0 libpangoft2-1.0-0)が必要です。入れて、もう一度お試しください。",
    ),
    "letter_date": (
        "A letter is posted, and comes back, between the day it was made and today; correct the date.",
        "日付は、手紙を作成した日から今日までの間で入力してください。",
    ),
    "letter_old": (
        "Too little time is left until the deadline in this letter; make a new one.",
        "この手紙の期限までの日数が足りません。作り直してください。",
    ),
    "letter_state": (
        "This letter was entered so already, or was never posted.",
        "この手紙は記録済みか、まだ投函されていません。",
    ),
    "letter_gone": (
        "This letter cannot be printed any more: another was made in its place, or the case has ended.",
        "この手紙は、作り直されたか、件が終了したため、印刷できません。",
    ),
    "assessment": (
        "Answer yes or no, and say why.",
        "報告の要否を選び、理由を入力してください。",
    ),
    "not_needed": (
        "No report is to be made in this case; answer first that one is.",
        "この件は報告が必要とされていません。先に報告の要否を変更してください。",
    ),
}


class DeskError(ValueError):
    """Something cannot be done for a case; `slug` names the reason, `sentence` says it and what to do."""

    def __init__(self, slug: str, **told: object) -> None:
        super().__init__(slug)
        self.slug = slug
        self.told = told

    def sentence(self, lang: str) -> str:
        """What is wrong and what to do; "ja" for Japanese, anything else in English."""
        english, japanese = _SENTENCES[self.slug]
        return (japanese if lang == "ja" else english).format(**self.told)

    def __str__(self) -> str:
        return self.sentence("en")
