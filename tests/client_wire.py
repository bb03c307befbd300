"""A small HTTP server that speaks the wire of `/api/v1`, for the client's own tests.

Scripted answers come first (`say`, `hang_up`, `drip`); what is not scripted is answered by a small atesaki in memory.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "key0123456789.secret"
NOW = "2026-11-24T09:00:00+00:00"


def claim(number: int = 1, **other: Any) -> dict[str, Any]:
    """A claim as the wire has it, and a field that a newer atesaki may add."""
    return {
        "id": f"claim-{number}",
        "customer": "M-1",
        "address": "h***@e***.jp",
        "standing": "claimed",
        "paused": False,
        "match": "47",
        "asked": True,
        "code_expires": NOW,
        "return_url": None,
        "created": NOW,
        "proofs": [],
        "newer": {"than": "this client"},
        **other,
    }


def problem(status: int, slug: str, **other: Any) -> tuple[int, dict[str, str], bytes]:
    said = {"type": f"https://gate.example.jp/api/v1/problems/{slug}", "title": slug, "status": status, **other}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(said).encode()


def answer(said: Any, status: int = 200, **headers: str) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, b"" if said is None else json.dumps(said).encode()


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = Callable[[Asked, BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes] | None]


@dataclass
class Atesaki:
    """The server's side: what it was asked, what it will say next, and the addresses that it knows."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    script: list[Reply] = field(default_factory=list)
    claims: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    mailed: list[str] = field(default_factory=list)

    def say(self, *replies: tuple[int, dict[str, str], bytes]) -> None:
        self.script += [lambda _, __, reply=reply: reply for reply in replies]

    def hang_up(self) -> None:
        """Takes the request, and is gone before its answer."""

        def gone(_: Asked, handler: BaseHTTPRequestHandler) -> None:
            handler.close_connection = True
            handler.connection.close()

        self.script.append(gone)

    def drip(self) -> None:
        """Answers in drops that never end."""

        def drop(_: Asked, handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            try:
                for _each in range(1000):
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                pass
            handler.close_connection = True

        self.script.append(drop)

    def prove(self, address: str, customer: str, standing: str = "proved") -> dict[str, Any]:
        found = self.claims[address, customer]
        found.update(standing=standing, match=None, proofs=[{"method": "code", "at": NOW}])
        return found

    # --- the small atesaki -------------------------------------------------------------------------------

    def reply(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return problem(401, "unauthorized", detail="The key is wrong.")
        match asked.method, asked.path.removeprefix("/api/v1").split("/")[1:]:
            case "POST", ["claims"]:
                return self._claim(asked.json["address"], asked.json["customer"])
            case "GET", ["claims"]:
                mine = [each for (_, ref), each in self.claims.items() if ref == asked.query["customer"][0]]
                return answer({"items": [{**each, "asked": False} for each in mine], "next": None})
            case "GET", ["claims", pk]:
                return self._known(pk) or problem(404, "not-found")
            case "POST", ["claims", pk, "code"]:
                found = next(each for each in self.claims.values() if each["id"] == pk)
                if asked.json["code"] != "123456":
                    return problem(422, "code-wrong", detail="The code is wrong.", tries_left=2)
                found.update(standing="proved", match=None)
                return answer(found)
        return problem(404, "not-found", detail="There is nothing here.")

    def _claim(self, address: str, customer: str) -> tuple[int, dict[str, str], bytes]:
        known = (address, customer) in self.claims
        local, domain = address.split("@")
        masked = f"{local[0]}***@{domain[0]}***.{domain.rsplit('.')[-1]}"
        found = self.claims.setdefault(
            (address, customer), claim(len(self.claims) + 1, customer=customer, address=masked)
        )
        asked = found["standing"] in ("claimed", "answered")
        if asked:
            self.mailed.append(address)
        return answer({**found, "asked": asked}, 200 if known else 201)

    def _known(self, pk: str) -> tuple[int, dict[str, str], bytes] | None:
        return next((answer({**each, "asked": False}) for each in self.claims.values() if each["id"] == pk), None)


@contextmanager
def speaking() -> Iterator[Atesaki]:
    """A server on loopback, ended at the end."""
    atesaki = Atesaki()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            # As an ASGI server does it: the path is decoded before it is looked at.
            asked = Asked(self.command, unquote(parts.path), parse_qs(parts.query), headers, body)
            atesaki.asked.append(asked)
            reply = atesaki.script.pop(0)(asked, self) if atesaki.script else atesaki.reply(asked)
            if reply is None:
                return
            status, more, said = reply
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_DELETE = handle_one

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    atesaki.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield atesaki
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
