"""The ID service of `reference/` in a process of its own, and those around it: an atesaki that speaks
`/api/v1` from memory, its SMTP door, the shop's side of OpenID Connect, and browsers without JavaScript.
"""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import http.client
import http.cookiejar
import itertools
import json
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import jwt
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.programs import free_ports, reference

TOP = Path(__file__).parents[1]
HOOK_SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
CLIENT, CLIENT_SECRET = "aozora-market", "the-shop-s-secret"
HANA = "hana@example.jp"
KEN = "ken.oshima@example.com"
PASSWORD = "brown-bear-42-umbrella"
MATCH, CODE = "47", "482913"


class Atesaki:
    """What `/api/v1` says, and remembers that it was asked. `away`: nobody answers."""

    def __init__(self) -> None:
        self.claims: dict[str, dict[str, Any]] = {}
        self.addresses: dict[str, str] = {}
        self.disavowed: set[str] = set()
        self.calls: list[tuple[str, str, Any]] = []
        self.ends: list[tuple[str, str]] = []
        self.return_urls = True
        self.closed = False
        self.away = False
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                said = json.loads(self.rfile.read(length) or b"{}") if length else {}
                status, answer = world.answer(self.command, self.path, said, self.headers)
                body = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                kind = "application/problem+json" if status >= 400 else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = _serve

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method: str, path: str, said: Any, headers: Any) -> tuple[int, Any]:
        self.calls.append((method, path, said))
        if self.away:
            return self._no(503, "unavailable")
        if headers.get("Authorization") != "Bearer key1.secret":
            return self._no(401, "unauthorized")
        match method, path.removeprefix("/api/v1").strip("/").split("/"):
            case "POST", ["claims"]:
                return self._claim(said)
            case "GET", ["claims", one] if one in self.claims:
                return 200, self.claims[one]
            case "DELETE", ["claims", one] if one in self.claims:
                self.claims[one] |= {"standing": "unknown", "match": None}
                self._ended("withdrawn-claim", one)
                return 204, None
            case "POST", ["claims", one, "confirmations"] if one in self.claims:
                return 200, {**self.claims[one], "asked": True}
            case "POST", ["claims", one, "code"] if one in self.claims:
                return self._code(one, said["code"])
            case "POST", ["cases", case, ("withdrawn" | "corrected") as end]:
                self._ended(end, case)
                return 200, {"case": case, "number": "A-1", "ended": True, "end": end}
        return self._no(404, "not-found")

    def _ended(self, what: str, which: str) -> None:
        """Kept once: who is not sure of having told tells again."""
        if (what, which) not in self.ends:
            self.ends.append((what, which))

    def _no(self, status: int, slug: str, **more: Any) -> tuple[int, Any]:
        return status, {"type": f"{self.url}/api/v1/problems/{slug}", "title": slug, "status": status, **more}

    def _claim(self, said: Any) -> tuple[int, Any]:
        if said.get("return_url") and not self.return_urls:
            return self._no(422, "invalid", errors=[{"loc": ["return_url"], "msg": "not registered"}])
        """One claim for each customer and address, however often it is given."""
        gone = said["address"] in self.disavowed
        same = [
            key
            for key, claim in self.claims.items()
            if (claim["customer"], self.addresses[key]) == (said["customer"], said["address"])
        ]
        before = self.claims.pop(same[0]) if same else None
        if before and before["standing"] == "proved" and not gone:
            self.claims[before["id"]] = before
            return 200, before
        claim = {
            "id": before["id"] if before else f"clm_{secrets.token_hex(8)}",
            "customer": said["customer"],
            "address": "h***@example.jp",
            "standing": "disavowed" if gone else "claimed",
            "paused": False,
            "match": None if gone else MATCH,
            "asked": not gone,
            "code_expires": None,
            "return_url": said.get("return_url"),
            "created": datetime.now(UTC).isoformat(),
            "proofs": before["proofs"] if before else [],
        }
        self.claims[claim["id"]] = claim
        self.addresses[claim["id"]] = said["address"]
        return 201, claim

    def _code(self, one: str, code: str) -> tuple[int, Any]:
        if self.closed:
            return self._no(409, "code-closed")
        if code != CODE + self.addresses[one][:1]:
            return self._no(422, "code-wrong", tries_left=4)
        self.proved(one, "code")
        return 200, self.claims[one]

    def proved(self, claim: str, method: str) -> None:
        self.claims[claim]["standing"] = "proved"
        self.claims[claim]["proofs"].append({"method": method, "at": datetime.now(UTC).isoformat()})

    def code(self, claim: str) -> str:
        """What stands in the mail: it differs from address to address."""
        return CODE + self.addresses[claim][:1]

    def claim_of(self, sub: str) -> str:
        """The newest claim of a customer's."""
        return [key for key, claim in self.claims.items() if claim["customer"] == sub][-1]


class Door:
    """The SMTP door, or in 2017 the mail server: takes all, keeps all."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.original_content or envelope.content, policy=email.policy.default)
        self.mails.append(mail)  # type: ignore[arg-type]
        return f"250 2.0.0 {secrets.token_hex(16)} deliver"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if address in str(mail["To"])]


class Forms(HTMLParser):
    """The forms of a page, with what stands in their fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.found.append((said.get("action", ""), {}))
        elif tag == "input" and self.found and said.get("name") and said.get("type") not in ("checkbox", "radio"):
            self.found[-1][1][said["name"]] = said.get("value", "")


_places = itertools.count(2)


@dataclass
class Browser:
    """Somebody's browser at the ID service, at a place of its own: no rate of one IP address is shared.

    Stops where it is sent away from the service; `url` says where to.
    """

    netid: Netid
    language: str = "ja"
    url: str = ""
    page: str = ""
    status: int = 0
    headers: Any = None
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        outer = self

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
                if newurl.startswith(outer.netid.url):
                    return super().redirect_request(req, fp, code, msg, headers, newurl)
                return None

        number = next(_places)
        place = (f"127.1.{number // 250}.{number % 250 + 1}", 0)

        class From(urllib.request.HTTPHandler):
            def http_open(self, req: Any) -> Any:
                return self.do_open(http.client.HTTPConnection, req, source_address=place)

        self.opener = urllib.request.build_opener(
            From, Stay, urllib.request.HTTPCookieProcessor(self.cookies), urllib.request.ProxyHandler({})
        )

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def look(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Browser:
        data = urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(urljoin(self.netid.url, path), data)
        request.add_header("Accept-Language", self.language)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.status, self.headers = answer.status, answer.headers
            self.url, self.page = answer.url, answer.read().decode()
            if 300 <= self.status < 400:
                self.url = answer.headers["Location"]
        return self

    def press(self, where: str, more: dict[str, str] | None = None, /, **fields: str) -> Browser:
        """Sends the form of this page that goes to `where`, as the page has filled it, with `fields` on top."""
        here = urlsplit(self.url)
        for target, held in Forms(self.page).found:
            goes = urlsplit(target).path or here.path
            if goes == where:
                place = target or f"{here.path}?{here.query}"
                return self.look(place, {**held, **fields, **(more or {})})
        raise AssertionError(f"no form to {where} on {self.url} ({self.status}):\n{self.page}")

    def sign_up(self, username: str, address: str = "", name: str = "大島 健太郎", onward: str = "") -> Browser:
        self.look("/signup/" + (f"?{urlencode({'next': onward})}" if onward else ""))
        self.press("/signup/", username=username, password1=PASSWORD, name=name, address=address)
        assert self.status < 400 and self.path != "/signup/", self.page
        return self

    def sign_in(self, username: str, password: str = PASSWORD) -> Browser:
        self.look("/login/")
        return self.press("/login/", login=username, password=password)

    def signed_in(self) -> bool:
        return "ログイン中の端末" in self.look("/", Accept_Language="ja").page

    def confirm(self, password: str = PASSWORD) -> Browser:
        """Where the page wants to know once more that it is they."""
        if self.path == "/confirm/":
            self.press("/confirm/", password=password)
        return self

    def sub(self) -> str:
        """The `sub` that the shop is given for whoever sits here."""
        return str(Shop(self.netid).sign_in(self)["sub"])


@dataclass
class Shop:
    """The shop's side of OpenID Connect."""

    netid: Netid
    secret: str = CLIENT_SECRET
    client: str = CLIENT
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    answer: dict[str, Any] = field(default_factory=dict)

    def authorize(self, **changed: str | None) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        said = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": f"{self.netid.shop_url}/netid/callback",
            "scope": "openid profile email",
            "state": "st",
            "nonce": "n-1",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **changed,
        }
        return "/oauth/authorize?" + urlencode({key: value for key, value in said.items() if value is not None})

    def code(self, browser: Browser) -> str:
        browser.look(self.authorize())
        said = parse_qs(urlsplit(browser.url).query)
        assert "code" in said, (browser.url, browser.page)
        return said["code"][0]

    def token(self, **fields: str) -> tuple[int, dict[str, Any]]:
        basic = base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()
        return self._call("/oauth/token", urlencode(fields).encode(), f"Basic {basic}")

    def exchange(self, code: str, **changed: str) -> tuple[int, dict[str, Any]]:
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{self.netid.shop_url}/netid/callback",
            "code_verifier": self.verifier,
        }
        return self.token(**{**said, **changed})

    def refresh(self, token: str) -> tuple[int, dict[str, Any]]:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def userinfo(self, access: str) -> tuple[int, dict[str, Any]]:
        return self._call("/oauth/userinfo", None, f"Bearer {access}")

    def sign_in(self, browser: Browser) -> dict[str, Any]:
        """The claims of the id_token, checked against key, issuer, audience and nonce."""
        status, self.answer = self.exchange(self.code(browser))
        assert status == 200, self.answer
        return self.claims(self.answer["id_token"])

    def claims(self, token: str, nonce: str | None = "n-1") -> dict[str, Any]:
        _, keys = self._call("/.well-known/jwks.json", None, "")
        kid = jwt.get_unverified_header(token)["kid"]
        (key,) = [jwt.PyJWK(each) for each in keys["keys"] if each["kid"] == kid]
        said = jwt.decode(token, key.key, algorithms=["RS256"], audience=self.client, issuer=self.netid.url)
        assert said.get("nonce") == nonce
        return said

    def _call(self, path: str, body: bytes | None, authorization: str) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(self.netid.url + path, body)
        if authorization:
            request.add_header("Authorization", authorization)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raw = error.read()
            try:
                return error.code, json.loads(raw)
            except ValueError:
                return error.code, {"error": raw.decode(errors="replace")[:200]}


@dataclass
class Netid:
    """The running ID service."""

    home: Path
    url: str
    shop_url: str
    atesaki: Atesaki
    door: Door
    shell: dict[str, str]
    log: Path

    def manage(self, *words: str, **more: str) -> str:
        return reference("idp", {**self.shell, **more}, "manage", *words)

    def tell(self, kind: str, secret: str = HOOK_SECRET, event: str = "", **data: Any) -> int:
        """A webhook of atesaki's; the status of the answer."""
        body = json.dumps({"type": kind, "timestamp": datetime.now(UTC).isoformat(), "data": data}).encode()
        event = event or f"msg_{secrets.token_hex(8)}"
        at = str(int(time.time()))
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.digest(key, f"{event}.{at}.".encode() + body, "sha256")).decode()
        request = urllib.request.Request(f"{self.url}/atesaki/webhook", body)
        request.add_header("Content-Type", "application/json")
        request.add_header("webhook-id", event)
        request.add_header("webhook-timestamp", at)
        request.add_header("webhook-signature", f"v1,{signature}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def told(self, *ends: tuple[str, str]) -> bool:
        """Whether atesaki hears of just these ends, within some rounds of asking."""
        deadline = time.monotonic() + 30
        while sorted(self.atesaki.ends) != sorted(ends) and time.monotonic() < deadline:
            time.sleep(0.05)
        return sorted(self.atesaki.ends) == sorted(ends)

    def disown(self, sub: str, case: str, claim: str = "") -> None:
        claim = claim or self.atesaki.claim_of(sub)
        self.atesaki.disavowed.add(self.atesaki.addresses[claim])
        now = datetime.now(UTC).isoformat()
        status = self.tell("claim.disowned", case=case, number="A-1", claim=claim, customer=sub, at=now)
        assert status == 204, self.log.read_text()

    def age(self) -> None:
        """Whoever is signed in showed who they are long ago."""
        self.manage("shell", "-c", _AGE)

    def prove(self, sub: str, method: str = "code") -> int:
        claim = self.atesaki.claim_of(sub)
        self.atesaki.proved(claim, method)
        now = datetime.now(UTC).isoformat()
        return self.tell("claim.proved", claim=claim, customer=sub, method=method, at=now)


_AGE = """
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for row in Session.objects.all():
    session = SessionStore(row.session_key)
    session.load()
    for record in session.get("account_authentication_methods", []):
        record["at"] -= 3600
    if "entered" in session:
        session["entered"] -= 3600
    session.save()
"""


@contextmanager
def netid(home: Path, era: str = "now", host: str = "127.0.0.1", **more: str) -> Iterator[Netid]:
    """Prepared, started, healthy; ended by SIGTERM, and the end is looked at."""
    port, shop_port = free_ports(2)
    atesaki, door = Atesaki(), Door()
    smtp = Controller(
        door,
        hostname="127.0.0.1",
        port=free_ports(1)[0],
        auth_require_tls=False,
        authenticator=lambda *args: AuthResult(success=True),
        decode_data=False,
        enable_SMTPUTF8=True,
    )
    smtp.start()
    url, shop_url = f"http://{host}:{port}", f"http://127.0.0.1:{shop_port}"
    kept = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
    shell = {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "REFERENCE_HOME": str(home),
        "REFERENCE_ERA": era,
        "NETID_WEB": f"127.0.0.1:{port}",
        "NETID_URL": url,
        "NETID_DATABASE_URL": f"sqlite:///{home / 'netid.sqlite3'}",
        "NETID_CLIENT_SECRET": CLIENT_SECRET,
        "NETID_ASK_EVERY": "1",
        "SHOP_URL": shop_url,
        "ATESAKI_URL": atesaki.url,
        "ATESAKI_API_KEY": "key1.secret",
        "ATESAKI_WEBHOOK_SECRET": HOOK_SECRET,
        "ATESAKI_SMTP": f"127.0.0.1:{smtp.port}",
        "ATESAKI_SMTP_USERNAME": "netid",
        "ATESAKI_SMTP_PASSWORD": "x",
        "MAIL_SERVER": f"127.0.0.1:{smtp.port}",
        **more,
    }
    reference("idp", shell, "prepare")
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "reference.idp", "serve"], cwd=TOP, env=shell, stdout=out, stderr=subprocess.STDOUT
        )
    world = Netid(home, url, shop_url, atesaki, door, shell, log)
    try:
        _healthy(world, process)
        yield world
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            smtp.stop()
            atesaki.server.shutdown()
            atesaki.server.server_close()


def _healthy(world: Netid, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(f"{world.url}/health", timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, world.log.read_text()
            time.sleep(0.05)
