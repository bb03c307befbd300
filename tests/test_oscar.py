"""A django-oscar shop, unchanged but for where it hands its mail in: what becomes of a guest's order and its mail."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, build_opener

import pytest
from django.db import transaction
from django.test import Client

from atesaki import gate, ownership
from atesaki.models import Hold, Line, Sealed
from atesaki.ownership import Purpose
from atesaki.tenants import add_service
from tests import leaks
from tests.door import opened
from tests.programs import free_ports
from tests.world import HANA, KEN_LIVES_AT, World

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent / "oscar"
SENDER = "order@shop.example"
KEN = {
    "first_name": "健太郎",
    "last_name": "大島",
    "line1": "本町9丁目99番9号",
    "line4": "船橋市",
    "state": "千葉県",
    "postcode": KEN_LIVES_AT,
}
PHONES = ("090-1234-5678", "+819012345678")  # as Ken types it, and as the shop keeps it
APPLES = "サンふじりんご 家庭用3kg"  # tests/oscar/stock.json


@dataclass
class Shop:
    """The running shop, and the mailboxes behind atesaki's next hop."""

    home: Path
    port: int
    delivery: World

    def orders(self) -> dict[str, tuple[str, str]]:
        """Whom each order's mail is for and where it goes, by its number: from the shop's own database."""
        rows = (
            "SELECT number, guest_email, postcode FROM order_order"
            " JOIN order_shippingaddress AS sent ON sent.id = shipping_address_id ORDER BY order_order.id"
        )
        with closing(sqlite3.connect(self.home / "shop.sqlite3")) as database:
            return {number: (guest, postcode) for number, guest, postcode in database.execute(rows)}

    def said(self) -> str:
        """What it has logged."""
        return (self.home / "log").read_text()

    def secrets(self) -> set[str]:
        """What no stranger may read."""
        return {*KEN.values(), *PHONES, APPLES, *self.orders()}


@dataclass
class Browser:
    """Ken's browser at the shop: keeps cookies, follows redirects, sends a form as the page it stands on has it."""

    shop: Shop
    path: str = ""
    page: str = ""
    opener: OpenerDirector = field(default_factory=lambda: build_opener(HTTPCookieProcessor(), ProxyHandler({})))

    def look(self, path: str, form: bytes | None = None) -> None:
        """Anything but a page in the end (an error 403 or 500) raises."""
        with self.opener.open(f"http://127.0.0.1:{self.shop.port}{path}", form, timeout=30) as answer:
            self.path, self.page = urlsplit(answer.url).path, answer.read().decode()

    def press(self, path: str, **fields: str) -> None:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.page)
        assert token, self.page
        self.look(path, urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode())

    def order_apples(self) -> None:
        """As a guest, with Hana's address. Delivery is free and nothing is paid: more is for each shop to add."""
        self.look("/catalogue/apples_1/")
        self.press("/basket/add/1/", quantity="1")
        self.look("/checkout/")
        self.press("/checkout/", username=HANA, options="anonymous")
        assert self.path == "/checkout/shipping-address/", self.page
        self.press("/checkout/shipping-address/", phone_number=PHONES[0], **KEN)
        assert self.path == "/checkout/payment-details/", self.page
        self.look("/checkout/preview/")
        self.press_order()

    def press_order(self) -> None:
        """The button at the end of the checkout."""
        self.press("/checkout/preview/", action="place_order")


def _environment(home: Path, *, port: int = 0, user: str = "", password: str = "") -> dict[str, str]:
    """All that the shop is told; nothing of ours."""
    return {
        "DJANGO_SETTINGS_MODULE": "settings",
        "SHOP_HOME": str(home),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(port),
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "OSCAR_FROM_EMAIL": SENDER,
    }


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a shop that nobody has ordered at yet."""
    home = tmp_path_factory.mktemp("stocked")
    for words in (["migrate", "--run-syncdb"], ["loaddata", "stock.json"]):
        ran = subprocess.run(
            [sys.executable, "-m", "django", *words],
            cwd=PROJECT,
            env=_environment(home),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
    return home / "shop.sqlite3"


@contextmanager
def _running(home: Path, shell: dict[str, str]) -> Iterator[int]:
    """The port of the shop's own web server."""
    (port,) = free_ports(1)
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "django", "runserver", "--noreload", f"127.0.0.1:{port}"],
            cwd=PROJECT,
            env=shell,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, (home / "log").read_text()
                time.sleep(0.05)
        yield port
        assert server.poll() is None, (home / "log").read_text()
    finally:
        server.kill()
        server.wait(10)


@pytest.fixture
def shop(transactional_db: None, stocked: Path, tmp_path: Path, settings: object) -> Iterator[Shop]:
    delivered, home = tmp_path / "delivered", tmp_path / "shop"
    home.mkdir()
    shutil.copy(stocked, home)
    settings.ATESAKI_UPSTREAM = f"maildir:{delivered}"  # type: ignore[attr-defined]
    issued = add_service("Orchard", organisation="Orchard", locale="en", mode="enforce", sender=SENDER)
    with opened(tmp_path / "gate.log") as door:
        shell = _environment(home, port=door, user=issued.smtp_username, password=issued.smtp_password)
        with _running(home, shell) as port:
            yield Shop(home, port, World(issued.service, delivered, ("", "")))


def test_an_order_is_made_and_its_mail_waits_for_a_proof(shop: Shop) -> None:
    ken = Browser(shop)
    ken.order_apples()
    gate.drive()
    ((number, sent),) = shop.orders().items()
    assert sent == (HANA, KEN_LIVES_AT)
    assert ken.path == "/checkout/thank-you/" and number in ken.page, ken.page

    (mail,) = Line.objects.filter(kind=Line.Kind.MAIL)
    assert (mail.outcome, mail.reason, mail.state) == ("substitute", "unproved", Line.State.HELD)
    (hold,) = Hold.objects.all()
    assert hold.line == mail.pk
    assert [notice["To"] for notice in shop.delivery.notices()] == [HANA]
    (delivered,) = shop.delivery.delivered()
    assert not leaks.found(delivered, shop.secrets()), delivered

    with transaction.atomic():
        ownership.attest(hold.claim, "Ken and Hana came to the desk together")
        assert gate.release(hold.claim) == 1
    gate.drive()
    _arrived(shop, number)


def _arrived(shop: Shop, number: str) -> None:
    """The order's mail is with Hana as Oscar made it: all that was kept from her, but for the phone."""
    assert not Hold.objects.exists()
    (raw,) = shop.delivery.orders()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, HANA, f"Confirmation of order {number}")
    assert leaks.found(raw, shop.secrets()) == shop.secrets() - set(PHONES)


def test_oscars_mail_gives_nothing_to_ask_for_so_the_policy_decides_what_a_click_is(shop: Shop) -> None:
    """It has no phone, and the postal code stands bare in a list: too little to call it the customer's."""
    Browser(shop).order_apples()
    gate.drive()
    confirm, _ = shop.delivery.tokens()
    visit = ownership.visit(confirm, Purpose.CONFIRM)
    assert visit and visit.questions == (), "if Ken's postal code opens it by now, let this test do so"
    assert Client().post(f"/c/{confirm}", {"kind": "postal_code", "answer": KEN_LIVES_AT}).status_code == 422
    assert Client().post(f"/c/{confirm}").status_code == 200
    gate.drive()
    assert Hold.objects.count() == 1 and not shop.delivery.orders()

    shop.delivery.policy(accept="answered")
    assert Client().post(f"/c/{confirm}").status_code == 200
    gate.drive()
    (number,) = shop.orders()
    _arrived(shop, number)


def test_after_not_me_oscar_calls_an_order_failed_that_it_has_made(shop: Shop) -> None:
    """Oscar sends inside the request that places the order, and takes the door's 550 for a failure of both."""
    Browser(shop).order_apples()
    gate.drive()
    _, not_me = shop.delivery.tokens()
    before = shop.delivery.delivered()
    assert Client().post(f"/n/{not_me}").status_code == 200
    assert not Hold.objects.exists() and not Sealed.objects.exists()

    ken = Browser(shop)
    ken.order_apples()
    gate.drive()
    assert len(shop.orders()) == 2, "the order is made all the same"
    assert ken.path == "/checkout/preview/"
    assert "A problem occurred while placing this order. Please contact customer services." in ken.page
    assert shop.said().count("SMTPDataError: (550, b'5.7.1 ") == 1
    ken.press_order()
    assert "A problem occurred while placing this order." in ken.page
    assert len(shop.orders()) == 2 and "There is already an order with number" in shop.said(), "nor made twice"

    mails = Line.objects.filter(kind=Line.Kind.MAIL).order_by("pk").values_list("outcome", "reason", "fate")
    assert list(mails) == [("substitute", "unproved", "destroyed"), ("refuse", "disavowed", "")]
    assert shop.delivery.delivered() == before and not Hold.objects.exists()
    assert not [raw for raw in before if leaks.found(raw, shop.secrets())]
