"""The mailbox's pages: its mails, and one of them."""

from __future__ import annotations

import re
import threading
from email.utils import parseaddr
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from .keeper import Mail, mails

_URL = re.compile(r"https?://[^\s<>\"')]+")
_CSS = """
:root { color-scheme: light; font: 16px/1.7 system-ui, "Noto Sans CJK JP", sans-serif; color: #1d2733; }
body { margin: 0; background: #eef1f4; }
header { background: #24405c; color: #fff; padding: .8rem 1.2rem; font-weight: 600; overflow-wrap: anywhere; }
header a { color: #fff; }
main { max-width: 52rem; margin: 1rem auto; padding: 0 .8rem; }
.mail { display: block; background: #fff; border: 1px solid #d5dbe1; border-radius: .5rem; padding: .8rem 1rem;
  margin-bottom: .6rem; color: inherit; text-decoration: none; }
.mail b { display: block; }
.mail small { color: #56636f; }
article { background: #fff; border: 1px solid #d5dbe1; border-radius: .5rem; padding: 1rem 1.2rem; }
h1 { font-size: 1.2rem; margin: 0 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: 0 0 1rem; font-size: .9rem; }
dt { color: #56636f; } dd { margin: 0; overflow-wrap: anywhere; }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
"""


def serve(folder: Path, place: str) -> ThreadingHTTPServer:
    """Shows the folder at `place` (HOST:PORT) until `shutdown` is called."""

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            to = (parse_qs(asked.query).get("to") or [""])[0]
            name = asked.path.removeprefix("/mail/") if asked.path.startswith("/mail/") else ""
            found = [mail for mail in mails(folder) if mail.name == name]
            if asked.path == "/":
                self._answer(200, _listed(mails(folder, to), to))
            elif found:
                self._answer(200, _opened(found[0], to))
            else:
                self._answer(404, _framed(to, "<p>このメールはありません。 There is no such mail.</p>"))

        def _answer(self, status: int, body: str) -> None:
            octets = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(octets)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_: object) -> None:
            """A path may name an address."""

    host, _, port = place.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Asked)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _framed(to: str, inside: str) -> str:
    title = escape(to or "メールボックス")
    return (
        f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_CSS}</style>'
        f'<header><a href="/?to={quote(to)}">✉ {title}</a></header><main>{inside}</main></html>'
    )


def _listed(found: list[Mail], to: str) -> str:
    rows = []
    for mail in reversed(found):
        message = mail.message
        name, address = parseaddr(str(message["From"]))
        rows.append(
            f'<a class="mail" href="/mail/{quote(mail.name)}?to={quote(to)}"><small>{escape(name or address)}</small>'
            f"<b>{escape(str(message['Subject']))}</b><small>{mail.at.astimezone():%H:%M:%S}</small></a>"
        )
    return _framed(to, "".join(rows) or "<p>メールはありません。 No mail.</p>")


def _opened(mail: Mail, to: str) -> str:
    """The text part, as the safest mail programs show it, with its links."""
    message = mail.message
    part = message.get_body(("plain", "html"))
    text = str(part.get_content()) if part is not None else ""
    shown = _URL.sub(lambda url: f'<a href="{url[0]}">{url[0]}</a>', escape(text))
    facts = "".join(
        f"<dt>{label}</dt><dd>{escape(str(message[name] or ''))}</dd>"
        for label, name in (("差出人", "From"), ("宛先", "To"), ("日時", "Date"))
    )
    return _framed(
        to, f"<article><h1>{escape(str(message['Subject']))}</h1><dl>{facts}</dl><pre>{shown}</pre></article>"
    )
