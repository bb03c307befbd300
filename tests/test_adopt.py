"""`docs/adopt.md`, run: each of its blocks is taken from the page, with the places and keys of here put in."""

from __future__ import annotations

import ast
import email
import email.policy
import json
import os
import pwd
import re
import shutil
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from benchmarks import servers
from django.conf import settings as ours

from atesaki import addresses, gate, notme, ownership
from atesaki.models import Claim, Line
from atesaki.tenants import find
from tests.door import opened
from tests.programs import environment, free_ports
from tests.test_oscar import Browser, Shop, _running, stocked  # noqa: F401 - a fixture
from tests.test_smtp_door import Gate, House
from tests.world import HANA, World, database_url

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adopt.md").read_text()
BLOCKS = dict(re.findall(r"<!-- block: (\S+) -->\n```\w*\n(.*?)```\n", PAGE, re.S))
SHOP, SHOP_DOMAIN = "order@shop.example", "shop.example"


def block(name: str) -> str:
    """A block of the page, as it stands there."""
    text: str = BLOCKS[name]
    return text


def filled(name: str, places: dict[str, str]) -> str:
    """The same, with what is here for what the page has; all of it must be there."""
    text: str = BLOCKS[name]
    for there, here in places.items():
        assert there in text, f"{there!r} is not in {name}"
        text = text.replace(there, here)
    return text


def test_every_block_is_run_or_says_why_not() -> None:
    said = re.findall(r"^(<!-- (?:block: \S+|not run: .{20,}) -->)\n```", PAGE, re.M)
    assert len(said) == len(re.findall(r"^```", PAGE, re.M)) / 2, "a block without a word before it"
    tree = ast.parse(Path(__file__).read_text())
    run = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("block", "filled")
        and isinstance(node.args[0], ast.Constant)
    }
    assert run == set(BLOCKS)


# --- the service -----------------------------------------------------------------------------------------


@dataclass
class Adopted(World):
    """The service that the page's first block makes, and what that block printed."""

    keys: dict[str, str] = field(default_factory=dict)


def sh(script: str, cwd: Path, **more: str) -> str:
    """What a block of shell prints, run where `atesaki` and `python` are those of here."""
    shell = environment(ours.HOME, DATABASE_URL=database_url(), **more)
    shell["PATH"] = f"{Path(sys.executable).parent}:{shell['PATH']}"
    ran = subprocess.run(
        ["sh", "-euc", script], cwd=cwd, env=shell, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, f"{script}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@pytest.fixture
def adopted(transactional_db: None, tmp_path: Path, settings: Any) -> Adopted:
    settings.ATESAKI_UPSTREAM = f"maildir:{tmp_path / 'delivered'}"
    keys = json.loads(sh(block("service"), tmp_path))
    return Adopted(find(keys["service"]), tmp_path / "delivered", (keys["smtp_username"], keys["smtp_password"]), keys)


def credentials(adopted: Adopted) -> dict[str, str]:
    return {"SMTP_USERNAME": adopted.smtp[0], "SMTP_PASSWORD": adopted.smtp[1]}


def newest() -> Line:
    return Line.objects.filter(kind=Line.Kind.MAIL).latest("pk")


@pytest.mark.slow
def test_any_program_and_what_became_of_its_mail(
    adopted: Adopted, tmp_path: Path, require: Callable[..., Path]
) -> None:
    require("swaks")
    with opened(tmp_path / "gate.log") as port:
        said = sh(filled("try", {**credentials(adopted), "127.0.0.1:2525": f"127.0.0.1:{port}"}), tmp_path)
    assert "250 2.0.0" in said and "substitute" in said
    line = newest()
    assert (line.customer, line.outcome) == ("M-20417", "substitute")
    told = sh(filled("explain", {"LEDGER_ID": str(line.pk)}), tmp_path)
    assert "unproved" in told and "claimed" in told


# --- Postfix ---------------------------------------------------------------------------------------------

_BASE = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = shop-host.example.com
alias_maps =
minimal_backoff_time = 1s
queue_run_delay = 1s
address_verify_poll_delay = 1s
"""
_LMTP = "lmtp      unix  -       -       n       -       -       lmtp\n"


@dataclass
class Postfix:
    """A Postfix of the test's own, with the page's lines in its main.cf."""

    home: Path
    port: int

    def said(self) -> str:
        return (self.home / "log").read_text() if (self.home / "log").exists() else ""

    def wait_for(self, words: str, seconds: float = 30) -> str:
        deadline = time.monotonic() + seconds
        while not re.search(words, self.said()):
            assert time.monotonic() < deadline, f"{words} was not said:\n{self.said()}"
            time.sleep(0.05)
        return self.said()

    def flush(self) -> None:
        queue = servers.program("postqueue")
        subprocess.run([queue, "-c", str(self.home / "etc"), "-f"], check=True, timeout=30)

    def take(self, raw: bytes, *to: str, sender: str = SHOP) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as talk:
            assert talk.sendmail(sender, list(to), raw) == {}


@contextmanager
def postfix(folder: Path, require: Callable[..., Path], main: str, more: str = "", **files: str) -> Iterator[Postfix]:
    check, master = require("postfix"), require("master")
    if os.geteuid() != 0:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail("Postfix starts only as root, and REQUIRE_ALL=1 forbids to skip")
        pytest.skip("Postfix starts only as root; REQUIRE_ALL=1 would fail here")
    home = folder / "postfix"
    for name in ("etc", "queue", "data"):
        (home / name).mkdir(parents=True)
    os.chown(home / "data", pwd.getpwnam("postfix").pw_uid, -1)
    for parent in (folder, *folder.parents):  # Postfix's own user must come through
        if parent != Path("/tmp") and parent.is_relative_to("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)
    (port,) = free_ports(1)
    for name, text in files.items():
        (home / "etc" / name).write_text(text)
        (home / "etc" / name).chmod(0o600)
    (home / "etc" / "main.cf").write_text(
        _BASE.format(home=home) + main.replace("/etc/postfix", str(home / "etc")) + more
    )
    (home / "etc" / "master.cf").write_text(servers.MASTER.format(port=port) + _LMTP)
    log = folder / "postfix.log"
    with log.open("wb") as out:
        checked = subprocess.run([check, "-c", str(home / "etc"), "check"], stdout=out, stderr=out, check=False)
    assert checked.returncode == 0, log.read_text()
    with servers.started([str(master), "-c", str(home / "etc"), "-s"], log) as process:
        servers.wait_for(port, process, log)
        yield Postfix(home, port)


class Sink:
    """A mail server that keeps what it gets; as LMTP it knows nobody but `r+…`."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], EmailMessage]] = []

    async def handle_RCPT(self, server: Any, _: Any, envelope: Any, address: str, __: Any) -> str:
        if isinstance(server, LMTP) and not address.startswith("r+"):
            return "550 5.1.1 There is no such mailbox here."
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from or "", list(envelope.rcpt_tos), mail))  # type: ignore[arg-type]
        return "250 2.0.0 Taken"

    def wait(self, many: int = 1, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while len(self.mails) < many:
            assert time.monotonic() < deadline, f"{len(self.mails)} of {many} came"
            time.sleep(0.05)


class Lmtp(Controller):
    def factory(self) -> LMTP:
        return LMTP(self.handler)


@contextmanager
def sinking(kind: type[Controller] = Controller) -> Iterator[tuple[Sink, int]]:
    sink, (port,) = Sink(), free_ports(1)
    controller = kind(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink, port
    finally:
        controller.stop()


def _mail(number: int = 1, **headers: str) -> bytes:
    lines = {
        "From": SHOP,
        "To": HANA,
        "Subject": f"Order {number}",
        "Message-ID": f"<{number}@{SHOP_DOMAIN}>",
        **headers,
    }
    return (
        "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\nThanks.\r\n"
    )


def _can_log_in(require: Callable[..., Path]) -> None:
    require("postconf")
    if not any(Path("/usr/lib").glob("*/sasl2/liblogin.so*")) and not Path("/usr/lib/sasl2/liblogin.so").exists():
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail("libsasl2-modules is not installed, and REQUIRE_ALL=1 forbids to skip")
        pytest.skip("libsasl2-modules is not installed, so Postfix cannot log in; REQUIRE_ALL=1 would fail here")


@contextmanager
def smarthost(
    folder: Path, require: Callable[..., Path], login: dict[str, str], door: int, own: int
) -> Iterator[Postfix]:
    places = {"[127.0.0.1]:2525": f"[127.0.0.1]:{door}", "smtp:[mx.shop.example]": f"smtp:[127.0.0.1]:{own}"}
    password = filled("smarthost/atesaki_password", {**login, "[127.0.0.1]:2525": f"[127.0.0.1]:{door}"})
    main = filled("smarthost/main.cf", places)
    with postfix(folder, require, main, "inet_protocols = ipv4\n", atesaki_password=password) as started:
        yield started


@pytest.mark.postfix
@pytest.mark.slow
def test_postfix_hands_over_and_returns_what_is_refused(
    adopted: Adopted, tmp_path: Path, require: Callable[..., Path]
) -> None:
    _can_log_in(require)
    with (
        opened(tmp_path / "gate.log") as door,
        sinking() as (own, port),
        smarthost(tmp_path, require, credentials(adopted), door, port) as front,
    ):
        front.take(_mail(X_Atesaki_Customer="M-1"), HANA)
        front.wait_for(r"status=sent \(250 2\.0\.0 [0-9a-f-]{36} substitute\)")
        assert (newest().customer, newest().outcome) == ("M-1", "substitute")
        gate.drive()
        assert notme.report(adopted.tokens()[1])
        front.take(_mail(2, X_Atesaki_Customer="M-1"), HANA)
        front.wait_for("status=bounced")
        own.wait()
    ((sender, to, bounce),) = own.mails
    assert (sender, to) == ("<>", [SHOP]) and "5.7.1" in bounce.as_string() and str(newest().pk) in bounce.as_string()
    assert not Line.objects.exclude(digest=newest().digest).exists(), "the shop's own mail met no gate"


@pytest.mark.postfix
@pytest.mark.slow
def test_postfix_keeps_what_is_not_taken(tmp_path: Path, require: Callable[..., Path]) -> None:
    _can_log_in(require)
    behind = Gate(script=["later"])
    login = {"SMTP_USERNAME": "supermarket", "SMTP_PASSWORD": "right"}
    with House(behind) as house, smarthost(tmp_path, require, login, house.port, 9) as front:
        front.take(_mail(), HANA)
        front.wait_for(r"status=deferred .*451 4\.3\.0 Something went wrong here")
        front.flush()
        front.wait_for(r"status=sent \(250 2\.0\.0 [0-9a-f-]{36} deliver\)")
    assert len(behind.mails) == 2 and behind.mails[0][1].sender == SHOP


@pytest.mark.postfix
@pytest.mark.slow
def test_postfix_behind_us(adopted: Adopted, tmp_path: Path, require: Callable[..., Path], settings: Any) -> None:
    with sinking() as (world, port), sinking(Lmtp) as (inbound, lmtp):
        main = filled("nexthop/main.cf", {"lmtp:inet:127.0.0.1:2526": f"lmtp:inet:127.0.0.1:{lmtp}"})
        more = f"inet_protocols = ipv4\nrelayhost = [127.0.0.1]:{port}\n"
        with postfix(tmp_path, require, main, more) as behind:
            said = filled("nexthop/environment", {"127.0.0.1:25\n": f"127.0.0.1:{behind.port}\n"})
            told = dict(line.split("=", 1) for line in said.splitlines())
            settings.ATESAKI_UPSTREAM = told["ATESAKI_UPSTREAM"]
            with opened(tmp_path / "gate.log") as door, smtplib.SMTP("127.0.0.1", door, timeout=30) as talk:
                talk.login(*adopted.smtp)
                ownership.attest(_claim(adopted, "M-1"), "seen at the counter")
                talk.sendmail(SHOP, [HANA], _mail(X_Atesaki_Customer="M-1"))
            world.wait()
            ((sender, to, mail),) = world.mails
            assert (sender, to, mail["Subject"]) == (SHOP, [HANA], "Order 1") and "X-Atesaki-Customer" not in mail
            assert newest().outcome == "deliver"

            domain = told["ATESAKI_MAIL_DOMAIN"]
            behind.take(_mail(3), f"r+Abc_1-d@{domain}", sender=HANA)
            inbound.wait()
            assert inbound.mails[-1][1] == [f"r+Abc_1-d@{domain}"], "what stands behind the + is as it was"
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                behind.take(_mail(4), f"invented@{domain}", sender=HANA)
            assert refused.value.recipients[f"invented@{domain}"][0] == 550
            with smtplib.SMTP("127.0.0.1", behind.port, timeout=30) as talk:
                talk.ehlo()
                assert int(talk.esmtp_features["size"]) > 26_214_400, "ATESAKI_MAX_OCTETS"


def _claim(adopted: Adopted, customer: str) -> Claim:
    from django.db import transaction

    with transaction.atomic():
        return ownership.claim(adopted.service, addresses.parse(HANA), customer)


# --- Django ----------------------------------------------------------------------------------------------

_SETTINGS = """\
import os

SECRET_KEY = "a shop of the tests"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages", "django.contrib.sessions",
    "django.contrib.sites", "allauth", "allauth.account",
]
SITE_ID = 1
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.messages.context_processors.messages",
    ]},
}]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
"""


def _django_settings(adopted: Adopted, folder: Path, port: int, url: str) -> str:
    places = {
        "2525": str(port),
        "/var/lib/shop/waiting-mail": str(folder / "waiting"),
        "https://atesaki.example.jp": url,
    }
    return _SETTINGS + filled("django/settings.py", places)


def _secrets(adopted: Adopted) -> dict[str, str]:
    return {f"ATESAKI_{name.upper()}": value for name, value in adopted.keys.items() if name != "service"}


def _play(folder: Path, adopted: Adopted, script: str) -> dict[str, Any]:
    """The last line of what a script prints, run in the project that `folder` holds."""
    (folder / "play.py").write_text(script)
    said = sh("python -W ignore play.py", folder, DJANGO_SETTINGS_MODULE="settings", **_secrets(adopted))
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


_ORDER = """\
import django, json
from types import SimpleNamespace
django.setup()
import orders, pages
order = SimpleNamespace(email="hana@example.jp", member=7, postal_code="273-0005", phone="090-0000-4711")
orders.confirm(order)
orders.confirm(SimpleNamespace(email=""))
print(json.dumps(pages.notice(7)))
"""


@pytest.mark.slow
def test_a_django_shop(adopted: Adopted, tmp_path: Path, live_server: Any) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (closed,) = free_ports(1)
    (shop / "orders.py").write_text(block("django/orders.py") + "\n\nwrong = []\naddress_is_wrong = wrong.append\n")
    (shop / "pages.py").write_text(block("django/pages.py"))
    (shop / "urls.py").write_text(block("django/urls.py"))
    (shop / "manage.py").write_text(
        "from django.core.management import execute_from_command_line as run\nimport sys\nrun(sys.argv)\n"
    )

    # atesaki is away: the order stands, its mail waits.
    (shop / "settings.py").write_text(_django_settings(adopted, shop, closed, f"http://127.0.0.1:{closed}"))
    assert _play(shop, adopted, _ORDER) == ""
    assert len(list((shop / "waiting").glob("*.mail"))) == 1 and not Line.objects.exists()

    with opened(tmp_path / "gate.log") as port:
        (shop / "settings.py").write_text(_django_settings(adopted, shop, port, live_server.url))
        said = sh(block("django/cron"), shop, DJANGO_SETTINGS_MODULE="settings", **_secrets(adopted))
        assert "1 sent, 0 wait" in said
        assert (newest().customer, newest().outcome) == ("M-7", "substitute")
        gate.drive()
        confirm, not_me = adopted.tokens()
        visit = ownership.visit(confirm, ownership.Purpose.CONFIRM)
        assert visit and {"postal_code", "phone_last4"} & set(visit.questions)
        assert _play(shop, adopted, _ORDER) == "" and newest().outcome == "hold"

        assert notme.report(not_me)
        said = _play(shop, adopted, _ORDER)
        assert "reported as somebody else's" in said and newest().outcome == "refuse"  # type: ignore[operator]
    heard = _play(shop, adopted, _TOLD.format(kind="claim.disowned", claim=Claim.objects.get().pk, customer="M-7"))
    assert heard == {"status": 204, "wrong": ["M-7"]}


# The event as atesaki signs it: hmac over id, time and body (Standard Webhooks 1.0).
_TOLD = """\
import base64, django, hmac, json, os, time
django.setup()
from django.test import Client
body = json.dumps({{"type": "{kind}", "timestamp": "2026-11-24T09:00:00Z",
                    "data": {{"claim": "{claim}", "customer": "{customer}"}}}}).encode()
at = str(int(time.time()))
key = base64.b64decode(os.environ["ATESAKI_WEBHOOK_SECRET"][6:])
mac = base64.b64encode(hmac.digest(key, b"evt_1." + at.encode() + b"." + body, "sha256")).decode()
head = {{"webhook-id": "evt_1", "webhook-timestamp": at, "webhook-signature": "v1," + mac}}
answer = Client().post("/atesaki/webhook", body, content_type="application/json", headers=head)
try:
    import orders
    wrong = orders.wrong
except ImportError:
    wrong = None
print(json.dumps({{"status": answer.status_code, "wrong": wrong}}))
"""

_SIGN_UP = """\
import django, json
django.setup()
from django.test import Client
browser = Client()
form = {"username": "ken", "email": "hana@example.jp", "password1": "correct horse 9"}
answer = browser.post("/accounts/signup/", form)
print(json.dumps({"status": answer.status_code, "match": browser.session["atesaki_claim"]["match"]}))
"""
_RESET = """\
import django, json
django.setup()
from allauth.account.models import EmailAddress
from django.test import Client
answer = Client().post("/accounts/password/reset/", {"email": "hana@example.jp"})
print(json.dumps({"status": answer.status_code, "verified": EmailAddress.objects.get().verified}))
"""


@pytest.mark.slow
def test_a_site_with_allauth(adopted: Adopted, tmp_path: Path, live_server: Any) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "urls.py").write_text(block("allauth/urls.py"))
    with opened(tmp_path / "gate.log") as port:
        text = _django_settings(adopted, site, port, live_server.url) + block("allauth/settings.py")
        (site / "settings.py").write_text(text)
        sh("python -m django migrate -v0", site, DJANGO_SETTINGS_MODULE="settings", **_secrets(adopted))
        said = _play(site, adopted, _SIGN_UP)
        claim = Claim.objects.get()
        assert said == {"status": 302, "match": claim.match} and claim.customer == "1"
        gate.drive()
        assert len(adopted.notices()) == 1 and not adopted.orders(), "atesaki asks, and allauth mails no link"
        assert _play(site, adopted, _RESET) == {"status": 302, "verified": False}
        assert not Line.objects.filter(kind=Line.Kind.MAIL).exists(), "no reset to an unproved address"

        ownership.attest(claim, "seen at the counter")
        told = _play(site, adopted, _TOLD.format(kind="claim.proved", claim=claim.pk, customer="1"))
        assert told["status"] == 204
        assert _play(site, adopted, _RESET) == {"status": 302, "verified": True}
    assert (newest().customer, newest().outcome) == ("1", "deliver")
    (reset,) = adopted.orders()
    assert b"/accounts/password/reset/key/" in reset


# --- django-oscar ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_oscar_shop(adopted: Adopted, tmp_path: Path, stocked: Path) -> None:  # noqa: F811 - the fixture
    project, home = tmp_path / "project", tmp_path / "shop"
    (project / "shop_checkout").mkdir(parents=True)
    home.mkdir()
    shutil.copy(stocked, home)
    (project / "shop_checkout" / "__init__.py").touch()
    (project / "shop_checkout" / "apps.py").write_text(block("oscar/shop_checkout/apps.py"))
    (project / "shop_checkout" / "mixins.py").write_text(block("oscar/shop_checkout/mixins.py"))
    with opened(tmp_path / "gate.log") as door:
        places = {"2525": str(door), "/var/lib/shop/waiting-mail": str(home / "waiting")}
        more = filled("django/settings.py", places) + block("oscar/settings.py")
        more += 'EMAIL_BACKEND = os.environ.get("THEIRS") or EMAIL_BACKEND\nEMAIL_TIMEOUT = 20\n'
        (project / "adopted_settings.py").write_text("import os\nfrom settings import *\n" + more)
        shell = environment(
            home,
            SHOP_HOME=str(home),
            DJANGO_SETTINGS_MODULE="adopted_settings",
            PYTHONPATH=str(project),  # beside tests/oscar, the shop as it was
            EMAIL_HOST="",
            EMAIL_PORT="0",
            EMAIL_HOST_USER="",
            EMAIL_HOST_PASSWORD="",
            OSCAR_FROM_EMAIL="",
            **_secrets(adopted),
        )
        _order(home, shell, adopted)
        (number,) = _orders(home)
        assert (newest().customer, newest().outcome) == (f"G-{number}", "substitute")
        gate.drive()
        confirm, not_me = adopted.tokens()
        visit = ownership.visit(confirm, ownership.Purpose.CONFIRM)
        assert visit and {"postal_code", "phone_last4"} & set(visit.questions), "there is something to ask for now"
        assert notme.report(not_me)
        for backend in ("", "django.core.mail.backends.smtp.EmailBackend"):
            said = _order(home, {**shell, "THEIRS": backend}, adopted)
            assert newest().outcome == "refuse"
            assert ("atesaki.refused" if not backend else "its mail was not taken: SMTPDataError") in said
    assert len(_orders(home)) == 3


def _order(home: Path, shell: dict[str, str], adopted: Adopted) -> str:
    """Ken orders apples; the page thanks him. What the shop logged."""
    with _running(home, shell) as port:
        ken = Browser(Shop(home, port, adopted))
        ken.order_apples()
        assert ken.path == "/checkout/thank-you/", ken.page
    return (home / "log").read_text()


def _orders(home: Path) -> list[str]:
    """The numbers of what was ordered, from the shop's own database."""
    return list(Shop(home, 0, None).orders())  # type: ignore[arg-type]


# --- PHP -------------------------------------------------------------------------------------------------


def _hand_in(host: str | None, port: int | None, user: str, password: str) -> None:
    with smtplib.SMTP(host or "", port or 0, timeout=30) as talk:
        talk.login(user, password)
        talk.sendmail(SHOP, [HANA], _mail())


@pytest.mark.slow
def test_what_the_php_shops_are_told_logs_in(adopted: Adopted, tmp_path: Path) -> None:
    """Without PHP at hand: what the DSN and the constants say is what the door takes."""
    with opened(tmp_path / "gate.log") as door:
        dsn = filled("eccube/env", {**credentials(adopted), "127.0.0.1:2525": f"127.0.0.1:{door}"})
        parts = urlsplit(dsn.strip().removeprefix("MAILER_DSN="))
        assert parts.scheme == "smtp" and (parts.username, parts.password) == adopted.smtp, "nothing to be encoded"
        _hand_in(parts.hostname, parts.port, unquote(parts.username or ""), unquote(parts.password or ""))

        defined = filled("woocommerce/wp-config.php", {**credentials(adopted), "2525": str(door)})
        said = dict(re.findall(r"define\( 'WPMS_(\w+)', '?([^')]*?)'? \);", defined))
        assert said["MAILER"] == "smtp" and said["SMTP_AUTH"] == "true" and said["SSL"] == ""
        _hand_in(said["SMTP_HOST"], int(said["SMTP_PORT"]), said["SMTP_USER"], said["SMTP_PASS"])

        set_ = filled("woocommerce/atesaki.php", {**credentials(adopted), "2525": str(door)})
        mailer = dict(re.findall(r"\$mailer->(\w+) += '?([^';]*)'?;", set_))
        _hand_in(mailer["Host"], int(mailer["Port"]), mailer["Username"], mailer["Password"])
    assert Line.objects.filter(kind=Line.Kind.MAIL).count() == 3


def test_php_can_read_its_blocks(tmp_path: Path, require: Callable[..., Path]) -> None:
    php = require("php")
    for name, text in (
        ("a.php", block("eccube/AtesakiSubscriber.php")),
        ("b.php", "<?php\n" + block("woocommerce/wp-config.php")),
        ("c.php", block("woocommerce/atesaki.php")),
    ):
        (tmp_path / name).write_text(text)
        ran = subprocess.run([php, "-l", name], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
