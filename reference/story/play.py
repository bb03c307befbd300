"""The two acts. What a person sees and presses decides every figure; nothing is looked up behind the pages."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from reference.mailbox.keeper import Mail, mails

from .people import Person
from .programs import StoryError, World
from .report import Scene, Told

HANA, AOI = "hana@example.jp", "aoi@example.jp"
PHONE = {"width": 390, "height": 844}
_ARRIVES_SECONDS = 30.0
_QUIET_SECONDS = 4.0


@dataclass(frozen=True)
class Customer:
    """Who registers and orders, and whom that must not be told to anybody."""

    member: str
    family: str
    given: str
    phone: str
    postal: str
    prefecture: str
    city: str
    street: str
    address: str  # what they type for their mail

    def secrets(self) -> dict[str, tuple[str, ...]]:
        """What a stranger must not read, by kind."""
        postal = self.postal.replace("-", "")
        return {
            "name": (f"{self.family} {self.given}", f"{self.family}{self.given}", self.given),
            "phone": (self.phone, self.phone.replace("-", "")),
            "postal code": (postal, f"{postal[:3]}-{postal[3:]}"),
            "address": (self.street,),
        }


KEN = Customer(
    "ken-ohshima", "大島", "健太郎", "090-0000-4711", "2730099", "千葉県", "船橋市", "見本町9丁目99番9号", HANA
)
HONEST = Customer("aoi-mihara", "三原", "葵", "090-0000-8122", "2730099", "千葉県", "船橋市", "見本町1丁目2番3号", AOI)
_PASSWORD = "correct-horse-battery-9"  # noqa: S105 - of two people who do not exist

SCENES = {
    "01-shop": (
        "ネットスーパー。",
        "The supermarket.",
    ),
    "02-register": (
        "健太郎は、花のアドレスを入力して登録する。",
        "Ken types Hana's address.",
    ),
    "03-is-it-yours": (
        "入力したアドレスを大きく示す。確認しなくても進める。",
        "The address stands there large; he may go on without confirming.",
    ),
    "04-last-look": (
        "最終確認画面。",
        "The last look before the order.",
    ),
    "05-ordered": (
        "注文は済んだ。メールを一通も読まずに。",
        "The order is made, and not one mail was read.",
    ),
    "06-mailbox": (
        "花の受信箱。",
        "Hana's mailbox.",
    ),
    "07-mail": (
        "そのうちの一通。",
        "One of them.",
    ),
    "08-form": (
        "「その他」を選び、お名前とフリガナを書く。",
        "Her name and its reading are mandatory.",
    ),
    "08-not-me": (
        "メールのリンクの先。名前も会員IDも要らない。",
        "Behind the link: no name, no account.",
    ),
    "09-stopped": (
        "一度押しただけで、両方の会社からのメールが止まった。",
        "One press, and both companies are silent.",
    ),
    "10-correct": (
        "健太郎には、次に店を開いたときに知らせる。",
        "Ken is told when he opens the shop again.",
    ),
    "11-honest": (
        "葵の受信箱。ご注文の控えが届いている。",
        "Aoi's mailbox: her order's copy is there.",
    ),
}


class Play:
    """One world, once through."""

    def __init__(self, world: World, browser: Browser, pictures: Path) -> None:
        self.world, self.browser, self.pictures = world, browser, pictures
        self.told = Told(era=world.era)
        self._goods: set[str] = set()

    def run(self) -> Told:
        """1 Ken registers and orders. 2 Hana reads. 3 She frees herself. 4 Ken goes on. 5 Aoi, with her own address."""
        ken = self._person("ken")
        self._register(ken, KEN, "ken")
        self._order(ken, KEN, "ken")
        hana = self._person("hana")
        self._reads(hana)
        before = len(self._hanas())
        (self._complains if self.world.era == "2017" else self._presses)(hana)
        self.told.stranger_steps, self.told.revealed = hana.steps, hana.revealed
        self._goes_on(ken)
        later = self._settled(self._hanas)
        self.told.after_complaint = len(later) - before
        self.told.mails = len(later)
        self._count_personal(later)
        if self.world.era == "now":
            self._is_asked_to_correct(ken)
        self._honest()
        return self.told

    # -- people ------------------------------------------------------------------------------------------------

    def _person(self, name: str) -> Person:
        return Person.with_browser(self.browser, name, self.pictures, viewport=PHONE)

    def _show(self, person: Person, name: str, *, whole: bool = False) -> None:
        picture = person.picture(f"{'before' if self.world.era == '2017' else 'after'}-{name}", whole=whole)
        self.told.scenes.append(Scene(picture, *SCENES[name]))

    def _register(self, who: Person, customer: Customer, name: str) -> None:
        """At the shop, through the ID service, and back."""
        who.go(f"{self.world.shop}/")
        if name == "ken":
            self._show(who, "01-shop")
        who.press("ログイン")
        who.press("会員登録")
        who.type("会員ID", customer.member)
        who.type("パスワード", _PASSWORD)
        who.type("お名前", f"{customer.family} {customer.given}")
        who.type("メールアドレス", customer.address)
        if name == "ken":
            self._show(who, "02-register")
        who.press("登録する")
        if self.world.era == "now":
            if name == "ken":
                self._show(who, "03-is-it-yours")
            else:
                self._confirms(who, customer)
                return self._is_back(who)
            who.press("このまま進む")
        self._is_back(who)

    def _is_back(self, who: Person) -> None:
        """At the shop, and known there."""
        self._consents(who)
        if not who.page.url.startswith(self.world.shop):
            raise StoryError(f"{who.name} did not come back to the shop: {who.page.url}")
        if self.world.era == "2017" and "/member/register" in who.page.url:
            raise StoryError("the shop of 2017 was not told the address")

    def _consents(self, who: Person) -> None:
        """Where the ID service asks whether the shop may know the name."""
        if who.page.url.startswith(self.world.netid) and who.page.get_by_role("button", name="許可").count():
            who.press("許可")

    def _confirms(self, who: Person, customer: Customer) -> None:
        """Types the code that came by mail into the page that she is on."""
        mail = self._arrives(customer.address, lambda mail: re.search(r"\b\d{6}\b", _body(mail)) is not None)
        code = re.search(r"\b\d{6}\b", _body(mail))
        assert code is not None  # noqa: S101 - just looked for
        before = len(who.steps)
        who.type("コード", code[0])
        who.press("^確認する")
        self.told.code_steps += len(who.steps) - before
        if who.page.locator(".error").count():
            raise StoryError(f"the code was not taken: {who.page.url}")

    def _order(self, who: Person, customer: Customer, name: str, goods: int = 3) -> None:
        """Goods, address, time, payment, the last look, and the order."""
        who.go(f"{self.world.shop}/")
        cards = who.page.locator("li.card:has(button)")
        for number in range(goods):
            card = cards.nth(number)
            if customer is KEN:
                self._goods.add(card.locator("h3").inner_text().strip())
            who.press(card.get_by_role("button").first)
        who.go(f"{self.world.shop}/basket/")
        who.press("レジへ進む")
        if not who.page.url.startswith(f"{self.world.shop}/checkout/address"):
            raise StoryError(f"the checkout did not begin with the address: {who.page.url}")
        fields = {
            "^姓": customer.family,
            "^名(?!前)": customer.given,
            "電話番号": customer.phone,
            "郵便番号": customer.postal,
            "市区町村": customer.city,
            "番地": customer.street,
        }
        for label, text in fields.items():
            who.type(label, text)
        who.choose("都県", label=customer.prefecture)
        mail = who.page.get_by_label(re.compile("メールアドレス")).first
        if mail.input_value() != customer.address:
            who.type("メールアドレス", customer.address)
        who.press("次へ進む")
        who.choose(who.page.locator("input[name=slot]:not([disabled])").nth(2))
        who.press("次へ進む")
        who.choose(who.page.locator("input[name=pay][value=cash]"))
        who.press("確認画面へ進む")
        if name == "ken":
            self._show(who, "04-last-look")
        who.press("この内容で注文を確定する")
        if not who.sees("ご注文を承りました"):
            raise StoryError(f"the order was not made: {who.page.url}")
        if name == "ken":
            self._show(who, "05-ordered")

    # -- the mailbox --------------------------------------------------------------------------------------------

    def _hanas(self) -> list[Mail]:
        return mails(self.world.mails, HANA)

    def _arrives(self, address: str, wanted: Callable[[Mail], bool]) -> Mail:
        deadline = time.monotonic() + _ARRIVES_SECONDS
        while time.monotonic() < deadline:
            if found := [mail for mail in mails(self.world.mails, address) if wanted(mail)]:
                return found[-1]
            time.sleep(0.1)
        raise StoryError(f"the mail for {address} did not come in {_ARRIVES_SECONDS:g} s")

    def _settled(self, look: Callable[[], list[Mail]]) -> list[Mail]:
        """What is there once nothing more has come for a while."""
        found, since = look(), time.monotonic()
        while time.monotonic() - since < _QUIET_SECONDS:
            time.sleep(0.2)
            if len(now := look()) != len(found):
                found, since = now, time.monotonic()
        return found

    def _reads(self, hana: Person) -> None:
        """What stands in Hana's mailbox."""
        self._arrives(HANA, lambda _: True)
        arrived = self._settled(self._hanas)
        hana.go(f"{self.world.mailbox}/?to={HANA}")
        self._show(hana, "06-mailbox")
        worst = max(arrived, key=lambda mail: len(self._kinds(mail)))
        hana.go(f"{self.world.mailbox}/mail/{worst.name}?to={HANA}")
        self._show(hana, "07-mail", whole=True)

    def _kinds(self, mail: Mail) -> list[str]:
        """What of Ken's a mail says, by kind; without what every mail has (the receiver's own address)."""
        text = mail.text()
        found = [kind for kind, values in KEN.secrets().items() if any(value in text for value in values)]
        return found + (["items"] if any(item in text for item in self._goods) else [])

    def _count_personal(self, arrived: list[Mail]) -> None:
        kinds = [self._kinds(mail) for mail in arrived]
        self.told.personal = sum(bool(each) for each in kinds)
        self.told.kinds = sorted({kind for each in kinds for kind in each})

    # -- freedom --------------------------------------------------------------------------------------------------

    def _complains(self, hana: Person) -> None:
        """2017: the shop's form, with a name and its furigana; nothing ends by it."""
        hana.go(f"{self.world.shop}/contact/")
        hana.choose("種類", label="その他")
        hana.type("お名前", "佐藤 花", reveals="her name")
        hana.type("フリガナ", "サトウ ハナ", reveals="its reading")
        hana.type("メールアドレス", HANA, reveals="her address")
        hana.type("内容", "登録した覚えのないメールが届いています。止めてください。")
        self._show(hana, "08-form", whole=True)
        hana.press(hana.page.locator("main form button").last)
        hana.press(hana.page.locator("main form button").last)
        if not hana.sees("受け付けました"):
            raise StoryError("the form of 2017 was not sent")
        self.told.freedom = {"supermarket": None, "ID service": None}

    def _presses(self, hana: Person) -> None:
        """Now: the link of any one mail, and one button; then it is over in both services."""
        links = [re.search(r"http\S+/n/\S+", _body(mail)) for mail in self._hanas()]
        if not all(links):
            raise StoryError("a mail came that does not say how to be left alone (L3)")
        first = self._hanas()[0]
        hana.go(f"{self.world.mailbox}/mail/{first.name}?to={HANA}")
        hana.press(hana.page.locator("a[href*='/n/']").first)
        self._show(hana, "08-not-me")
        button = hana.page.get_by_role("button", name="登録していません").first
        began = time.monotonic()
        hana.press(button)
        took = time.monotonic() - began
        if not hana.sees("停止"):
            raise StoryError(f"the page does not say that it has stopped: {hana.page.url}")
        self._show(hana, "09-stopped")
        # Disowned for the organisation by one committed row, before the page answers: the same moment for both.
        self.told.freedom = {"supermarket": took, "ID service": took}

    def _goes_on(self, ken: Person) -> None:
        """Ken orders once more, with the same address where he may, and asks the ID service for mail."""
        self._order(ken, KEN, "again", goods=1)
        ken.go(f"{self.world.netid}/password/reset/")
        field = ken.page.get_by_label(re.compile("メールアドレス|会員ID")).first
        if field.count():
            field.fill(HANA if self.world.era == "2017" else KEN.member)
            ken.press(ken.page.locator("main form button").first)

    def _is_asked_to_correct(self, ken: Person) -> None:
        """Ken is told on his next visit, in the shop's own page."""
        deadline = time.monotonic() + 60
        while True:
            ken.go(f"{self.world.shop}/member/")
            if ken.sees("訂正"):
                break
            if time.monotonic() > deadline:
                raise StoryError("the shop does not ask Ken to correct the address")
            time.sleep(0.5)
        self._show(ken, "10-correct")

    # -- the honest customer ----------------------------------------------------------------------------------------

    def _honest(self) -> None:
        """Aoi registers and orders with her own address."""
        aoi = self._person("aoi")
        self._register(aoi, HONEST, "aoi")
        self._order(aoi, HONEST, "aoi")
        self.told.customer_steps = aoi.steps
        self._arrives(AOI, lambda mail: "ご注文" in str(mail.message["Subject"]))
        self.told.customer_mails = len(self._settled(lambda: mails(self.world.mails, AOI)))
        aoi.go(f"{self.world.mailbox}/?to={AOI}")
        self._show(aoi, "11-honest")


def _body(mail: Mail) -> str:
    part = mail.message.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""
