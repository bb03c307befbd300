"""What the first start makes, so that there is something to try: a service, and a mail of an invented customer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from shlex import quote
from typing import Any

NAME, SENDER, RECIPIENT = "demo", "shop@shop.example", "hana@example.jp"

_ORDER = """\
山田 健 様

このたびはデモ商店をご利用いただき、ありがとうございます。
以下の内容でご注文を承りました。

■ご注文番号: 1013-0427
■ご注文内容
  りんご(サンふじ) 1袋   498円
  食パン 6枚切り    2個   316円
  合計(税込)            814円

■お届け先
  お名前: 山田 健(ヤマダ ケン)様
  郵便番号: 〒154-0099
  ご住所: 東京都世田谷区見本町1丁目2番3号 例示ハイツ405
  お電話番号: 090-1234-5678

デモ商店
"""

_PYTHON = (
    "import json, smtplib; "
    'd = json.load(open("{credentials}")); '
    's = smtplib.SMTP("{host}", {port}); '
    's.login(d["smtp_username"], d["smtp_password"]); '
    's.mail("{sender}"); s.rcpt("{recipient}"); '
    'print(s.data(open("{order}", "rb").read()))'
)


def prepare(home: Path, ask: Callable[..., str]) -> dict[str, Any] | None:
    """The demonstration's credentials; None where services of the operator's own are at work.

    `ask` runs one of our commands and gives what it printed. A password that was lost between
    the service's birth and its file is replaced: it is printed only once.
    """
    from atesaki.site.settings import PRODUCTION

    file = home / "demo-service.json"
    names = [json.loads(line)["service"] for line in ask("service", "list", "--json").splitlines()]
    if NAME in names and file.exists():
        found: dict[str, Any] = json.loads(file.read_text())
    elif NAME in names and not PRODUCTION:
        found = json.loads(ask("service", "rotate", NAME, "--json"))
    elif not names and not PRODUCTION:
        words = ["--organisation", "デモ商店", "--locale", "ja", "--mode", "enforce", "--from", SENDER]
        found = json.loads(ask("service", "add", NAME, *words, "--json"))
    else:
        return None
    _write(file, json.dumps(found, ensure_ascii=False, indent=2).encode())
    order = home / "try" / "order.eml"
    if not order.exists():
        order.parent.mkdir(mode=0o700, exist_ok=True)
        _write(order, _order())
    return found


def _order() -> bytes:
    from atesaki import clock

    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"デモ商店 <{SENDER}>"
    mail["To"] = RECIPIENT
    mail["Subject"] = "【デモ商店】ご注文ありがとうございます"
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = "<order-1013-0427@shop.example>"
    mail["X-Atesaki-Customer"] = "ken"
    mail.set_content(_ORDER, cte="base64")
    return mail.as_bytes()


def what_to_try(home: Path, door: tuple[str, int], credentials: dict[str, Any], *, embedded: bool) -> str:
    """Lines that work as they stand in another terminal, opened where this one was."""
    order, file = _near(home / "try" / "order.eml"), _near(home / "demo-service.json")
    host, port = door
    code = _PYTHON.format(credentials=file, order=order, host=host, port=port, sender=SENDER, recipient=RECIPIENT)
    user, password = credentials["smtp_username"], credentials["smtp_password"]
    server = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    swaks = ["swaks", "--server", server, "--auth", "PLAIN", "--auth-user", user, "--auth-password", password]
    swaks += ["--from", SENDER, "--to", RECIPIENT, "--data", f"@{order}"]
    return f"""\
Try it: Ken orders something, and types an address that is Hana's. In another terminal, in this directory:

  {quote(_near(Path(sys.executable)))} -c {quote(code)}

It prints (250, b'2.0.0 ID substitute'): the order waits, and Hana gets a notice without a word of it.
With swaks instead:

  {" ".join(quote(word) for word in swaks)}

Then see why, with the ID that was printed:

  {_settings(home, embedded)}{quote(_near(Path(sys.executable).with_name("atesaki")))} explain ID
"""


def _settings(home: Path, embedded: bool) -> str:
    """What the other terminal must be told to find the same installation."""
    words = "" if home == Path.cwd() / "var" else f"ATESAKI_HOME={quote(_near(home))} "
    if keys := os.environ.get("ATESAKI_KEYS"):
        words += f"ATESAKI_KEYS={quote(keys)} "
    return words if embedded else f"{words}DATABASE_URL=… "  # it may hold a password: not printed


def _near(path: Path) -> str:
    """`path` from here, when it is below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _write(file: Path, content: bytes) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    draft.replace(file)
