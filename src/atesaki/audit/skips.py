"""What was passed over, how often, where for example, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# slug: (English, Japanese). What happened, what was done with it, what to do.
SENTENCES: dict[str, tuple[str, str]] = {
    "empty": ("The file is empty.", "ファイルが空です。"),
    "unknown_kind": (
        "The content is of no kind that is read here (a binary file, or a log without lines of a mail server);"
        " --kind says what it is.",
        "読み取れる種類の内容ではありません(バイナリ、またはメールサーバーの行がないログ)。"
        "--kind で種類を指定できます。",
    ),
    "unreadable": (
        "The file may not be read; give the user that runs the audit the right to.",
        "ファイルを読む権限がありません。監査を実行する利用者に権限を与えてください。",
    ),
    "unreadable_folder": (
        "The folder may not be read, and nobody knows how many files are in it; give the user that runs the audit the"
        " right to.",
        "フォルダーを読む権限がなく、中のファイル数も分かりません。監査を実行する利用者に権限を与えてください。",
    ),
    "dangling": ("The link leads to no file.", "リンク先のファイルがありません。"),
    "vanished": (
        "The file was there when the audit began and was gone when it was to be read.",
        "監査の開始後にファイルがなくなりました。",
    ),
    "broken_archive": (
        "The compressed file breaks off or is damaged; what stands before that was counted.",
        "圧縮ファイルが途中で切れているか壊れています。それより前の部分は数えました。",
    ),
    "duplicate_file": (
        "The same content was given twice (a log and its compressed copy, or one file by two paths);"
        " it was counted once.",
        "同じ内容が二度指定されました(ログとその圧縮版など)。一度だけ数えました。",
    ),
    "duplicate_mail": (
        "The same message to the same address is told of more than once (an archive and a log, two servers, sent and"
        " delivered); its Message-ID tells, or its content where it has none, and it was counted once.",
        "同じ宛先への同じメッセージが複数回記録されています(保存メールとログ、送信と配送のイベントなど)。"
        "Message-ID、ない場合は内容で判断し、一度だけ数えました。",
    ),
    "truncated_mbox": (
        "The mbox ends in the middle of a message; that message was counted as far as it goes.",
        "mbox がメールの途中で終わっています。そのメールは残っている部分だけを数えました。",
    ),
    "huge_mail": (
        "The mail is larger than 25 MiB; its beginning was looked into, and the rest counts as unreadable.",
        "25 MiB を超えるメールです。先頭だけを調べ、残りは読めないものとして数えました。",
    ),
    "unreadable_mail": (
        "A part of the mail could not be read (encrypted, damaged, an unknown charset, an image);"
        " so it is not called free of personal data.",
        "メールの一部を読めませんでした(暗号化、破損、不明な文字コード、画像など)。"
        "個人情報がないとはみなしていません。",
    ),
    "not_a_mail": ("The file does not begin as a mail does.", "メールの形をしていないファイルです。"),
    "no_recipient": (
        "The mail names no recipient (no To, Cc or Bcc that is an address).",
        "宛先(To、Cc、Bcc)のないメールです。",
    ),
    "no_date": (
        "It tells no time that can be read; it counts in the totals and in no month.",
        "日時を読み取れません。合計には含め、月別には含めていません。",
    ),
    "long_line": (
        "A line is longer than 1 MiB and was passed over; it may be binary data.",
        "1 MiB を超える行を飛ばしました。バイナリの可能性があります。",
    ),
    "odd_line": (
        "A line of the mail server's reports a delivery in a form that is not known, and was not counted.",
        "配送を伝える行ですが、形式を読み取れないため数えていません。",
    ),
    "returns": (
        "Mail from the null sender (a notice of non-delivery) or to a sender of the service's own is nobody's"
        " customer mail, and was not counted.",
        "空の差出人からの不達通知や、自社の差出人宛のメールは数えていません。",
    ),
    "broken_json": (
        "A record of the event export is no JSON that can be read, or not an event.",
        "イベントの記録を JSON として読み取れません。",
    ),
    "ambiguous_event": (
        "An open or a click of a mail to several recipients does not tell whose it was, and counts for none.",
        "複数の宛先に送ったメールの開封やクリックは誰のものか分からないため、数えていません。",
    ),
    "mixed_encoding": (
        "A row is not in the encoding of the rest of the table; it was read by itself as cp932, EUC-JP or UTF-8.",
        "表の他の行と文字コードが異なる行です。その行だけ cp932、EUC-JP、UTF-8 として読みました。",
    ),
    "broken_encoding": (
        "A row is in no encoding that is known; the characters that could not be read were replaced.",
        "文字コードが分からない行です。読めない文字は置き換えました。",
    ),
    "broken_row": (
        "A row has another number of cells than the heading, or cannot be cut into cells; it was counted if it has a"
        " cell for the address.",
        "見出しと列の数が合わないか、列に分けられない行です。アドレスの列がある行は数えています。",
    ),
    "several_addresses": (
        "A cell holds several addresses; each was taken for one of the customer's, and none for confirmed, as"
        " nobody knows which one was.",
        "一つのセルに複数のメールアドレスがあります。それぞれをその顧客のアドレスとしましたが、"
        "どれが確認済みか分からないため、確認日は使っていません。",
    ),
    "open_quote": (
        "A row has a quotation mark that is never closed; the mark was left out, and the rows after it were read"
        " by themselves.",
        "閉じていない引用符がある行です。引用符を除き、続く行は一行ずつ読みました。",
    ),
    "no_address": (
        "A customer has no mail address; it counts as a customer and nothing else.",
        "メールアドレスのない顧客です。顧客数にだけ含めています。",
    ),
    "bad_date": (
        "A date of the customer table could not be read, and was taken for empty.",
        "顧客表の日付を読み取れないため、空とみなしました。",
    ),
    "source_failed": (
        "The source stopped answering while it was read; what came before was counted.",
        "読み取りの途中で応答がなくなりました。それより前の部分は数えました。",
    ),
    "worker_lost": (
        "The worker that read this part died each time (perhaps for want of memory); the part was not counted.",
        "この部分を読む処理が毎回異常終了しました(メモリー不足の可能性)。この部分は数えていません。",
    ),
}


class Skips:
    """Counts by slug, with the first place as the example."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[int, str]] = {}

    def add(self, what: str, example: str, many: int = 1) -> None:
        """`what` is one of SENTENCES; `example` names a place, never a content or an address."""
        before, first = self.found.get(what, (0, example))
        self.found[what] = before + many, first or example

    def merge(self, found: dict[str, Any]) -> None:
        """Takes in what a unit has counted."""
        for what, (many, example) in found.items():
            self.add(what, example, many)

    @property
    def many(self) -> int:
        return sum(many for many, _ in self.found.values())

    def told(self, order: Iterable[str] = SENTENCES) -> list[dict[str, Any]]:
        """As the report has it."""
        return [
            {
                "what": what,
                "many": self.found[what][0],
                "example": self.found[what][1],
                "sentence": SENTENCES[what][0],
                "sentence_ja": SENTENCES[what][1],
            }
            for what in order
            if what in self.found
        ]
