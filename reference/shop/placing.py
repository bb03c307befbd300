"""From a full basket to an order: what was typed at the checkout, and the one moment in which it becomes an order."""

from __future__ import annotations

import logging
import secrets
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from oscar.apps.payment.models import Source, SourceType
from oscar.core.loading import get_class, get_model
from oscar.core.prices import Price

from . import acquirer, bill, briefly, contacts, mails, shelf, slots
from .models import Delivery

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")
ShippingAddress = get_model("order", "ShippingAddress")
StockRecord = get_model("partner", "StockRecord")
OrderPlacementMixin = get_class("checkout.mixins", "OrderPlacementMixin")

log = logging.getLogger("reference.shop.placing")
_KEY = "checkout"
PREFECTURES = ("東京都", "神奈川県", "埼玉県", "千葉県")


@dataclass
class Checkout:
    """What has been chosen so far, in the visitor's session until the order stands. No card number is in it.

    lost: an e-mail address was typed too long ago to be known still; the session itself never has it.
    """

    family: str = ""
    given: str = ""
    phone: str = ""
    postal_code: str = ""
    prefecture: str = ""
    city: str = ""
    street: str = ""
    building: str = ""
    email: str = ""
    slot: int = 0
    pay: str = ""
    token: str = ""
    card_last4: str = ""
    lost: bool = False

    @property
    def has_address(self) -> bool:
        return not self.lost and bool(self.family and self.phone and self.postal_code and self.street)

    @property
    def has_payment(self) -> bool:
        return self.pay == "cash" or (self.pay == "card" and bool(self.token))

    @property
    def postal(self) -> str:
        return f"{self.postal_code[:3]}-{self.postal_code[3:]}"


def load(session: Any) -> Checkout:
    known = {each.name for each in fields(Checkout)}
    kept = session.get(_KEY, {})
    checkout = Checkout(**{name: value for name, value in kept.items() if name in known})
    if name := kept.get("mail"):
        checkout.email = briefly.recall(name)
        checkout.lost = not checkout.email
    return checkout


def save(session: Any, checkout: Checkout) -> None:
    """The e-mail address is kept beside the session, from when it was typed: going on does not make it last longer."""
    kept = asdict(checkout)
    del kept["email"], kept["lost"]
    mail = session.get(_KEY, {}).get("mail", "")
    if not checkout.lost and briefly.recall(mail) != checkout.email:
        briefly.drop(mail)
        mail = briefly.keep(checkout.email) if checkout.email else ""
    session[_KEY] = {**kept, "mail": mail if checkout.email or checkout.lost else ""}


def drop(session: Any) -> None:
    briefly.drop(session.pop(_KEY, {}).get("mail", ""))


def bill_of(basket: Any, pay: str = "") -> bill.Bill:
    return bill.make(lines_of(basket), pay)


def lines_of(basket: Any) -> list[tuple[int, Decimal]]:
    return [
        (shelf.rate_of(line.product_id), line.line_price_incl_tax.quantize(Decimal(1))) for line in basket.all_lines()
    ]


class SoldOut(Exception):
    """Somebody else was quicker: `names` are not there any more in that number."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names


class AlreadyPlaced(Exception):
    """The basket has become an order already: the button was pressed twice."""


def place(request: Any, checkout: Checkout) -> Any:
    """Makes the order. Raises slots.Full, SoldOut, AlreadyPlaced, acquirer.Declined, NoAnswer, BadCard: nothing stands.

    1. The card is authorised, which can be undone. 2. Basket, slot, stock and order in one transaction, each by a
    guarded UPDATE. 3. Where that fails the authorisation is undone. 4. The order stands; only now address and mail,
    and no failure of theirs reaches it.
    """
    sums = bill_of(request.basket, checkout.pay)
    number = _free_number()
    reference = f"{number}-{secrets.token_hex(4)}"
    if checkout.pay == "card":
        try:
            acquirer.authorise(checkout.token, sums.total, reference)
        except acquirer.NoAnswer:
            acquirer.void(reference)
            raise
    try:
        with transaction.atomic():
            order = _write(request, checkout, sums, number, reference)
    except BaseException:
        if checkout.pay == "card":
            acquirer.void(reference)
        raise
    proved = contacts.is_proved_elsewhere(request, order.delivery.ref, checkout.email)
    _afterwards(order, checkout.email, contacts.member_of(request), proved)
    return order


def _write(request: Any, checkout: Checkout, sums: bill.Bill, number: str, reference: str) -> Any:
    basket = request.basket
    if not Basket.objects.filter(pk=basket.pk, status=Basket.OPEN).update(status=Basket.FROZEN):
        raise AlreadyPlaced
    slots.take(checkout.slot)
    member = contacts.member_of(request)
    order = _Placement(request, checkout, sums, reference).write(basket, number)
    _check_stock(order)
    Delivery.objects.create(
        order=order,
        ref=member.ref if member else contacts.new_ref("G"),
        slot_id=checkout.slot,
        pay=checkout.pay,
        card_last4=checkout.card_last4 if checkout.pay == "card" else "",
        authorisation=reference if checkout.pay == "card" else "",
        postal_code=checkout.postal_code,
        phone_last4=checkout.phone[-4:],
    )
    return order


class _Placement(OrderPlacementMixin):  # type: ignore[misc, valid-type]
    """Oscar's way to write an order with its payment, without its mail and its session."""

    def __init__(self, request: Any, checkout: Checkout, sums: bill.Bill, reference: str) -> None:
        self.request, self.checkout, self.sums, self.reference = request, checkout, sums, reference

    def write(self, basket: Any, number: str) -> Any:
        charge = _price(self.sums.delivery)
        self.handle_payment(number, self.sums)
        order = self.place_order(
            order_number=number,
            user=self.request.user,
            basket=basket,
            shipping_address=self._where(),
            shipping_method=SimpleNamespace(name="あおぞら便", code="aozora"),
            shipping_charge=charge,
            order_total=Price(currency="JPY", excl_tax=self.sums.total - self.sums.tax, incl_tax=self.sums.total),
            surcharges=[_Surcharge(self.sums.fee)] if self.sums.fee else None,
            request=self.request,
            guest_email="",  # where copies go is Contact's to know
        )
        basket.submit()
        return order

    def handle_payment(self, order_number: str, total: Any, **_: Any) -> None:
        card = self.checkout.pay == "card"
        kind, _made = SourceType.objects.get_or_create(
            code=self.checkout.pay, defaults={"name": "クレジットカード" if card else "代金引換"}
        )
        self.add_payment_source(
            Source(
                source_type=kind,
                currency="JPY",
                amount_allocated=total.total,
                reference=self.reference if card else "",
                label=f"****{self.checkout.card_last4}" if card else "",
            )
        )
        self.add_payment_event("authorised" if card else "on-delivery", total.total, self.reference if card else "")

    def _where(self) -> Any:
        from oscar.apps.address.models import Country

        typed = self.checkout
        country, _made = Country.objects.get_or_create(
            iso_3166_1_a2="JP",
            defaults={"iso_3166_1_a3": "JPN", "printable_name": "日本", "name": "Japan", "is_shipping_country": True},
        )
        return ShippingAddress(
            first_name=typed.given,
            last_name=typed.family,
            line1=typed.street,
            line2=typed.building,
            line4=typed.city,
            state=typed.prefecture,
            postcode=typed.postal,
            country=country,
            phone_number=typed.phone,
        )


class _Surcharge(SimpleNamespace):
    """Oscar's shape for the fee of paying in cash."""

    def __init__(self, fee: Decimal) -> None:
        super().__init__(surcharge=SimpleNamespace(name="代金引換手数料", code="cash"), price=_price(fee))


def _price(gross: Decimal) -> Any:
    net = gross - bill.tax_in(gross, bill.STANDARD)
    return Price(currency="JPY", excl_tax=net, incl_tax=gross, tax_code=str(bill.STANDARD))


def _check_stock(order: Any) -> None:
    """Oscar allocates without looking: more than is there is undone with the transaction. Raises SoldOut."""
    short = [
        line.title
        for line in order.lines.select_related("stockrecord")
        if line.stockrecord and line.stockrecord.net_stock_level < 0
    ]
    if short:
        raise SoldOut(short)


def _free_number() -> str:
    """Nine digits that say nothing of how many orders there are and are not guessed from another's."""
    while Order.objects.filter(number=(number := f"{secrets.randbelow(900_000_000) + 100_000_000}")).exists():
        continue
    return number


def _afterwards(order: Any, email: str, member: Any, proved: bool) -> None:
    """Address and mail. The order stands already: what fails here is logged and asked for later."""
    from . import era2017, mailroom

    ref = order.delivery.ref
    try:
        if settings.ERA == "2017":
            contacts.set_address(ref, email)
            era2017.order_confirmation(order, email)
            return
        contact = mailroom.give(ref, email, proved=proved) if email or member else contacts.of(ref)
        if contact.address:
            message = mails.order_placed(order, contact.address)
            knows = {"postal_code": order.delivery.postal_code, "phone_last4": order.delivery.phone_last4}
            mailroom.send(message, ref, knows)
    except Exception as error:  # noqa: BLE001
        log.error("order %s stands, but what comes after it failed: %s", order.number, type(error).__name__)


# --- an order afterwards ---

STEPS = ("received", "preparing", "underway", "delivered")
WORDS = {
    "received": ("受付", "Received"),
    "preparing": ("準備中", "Being packed"),
    "underway": ("配達中", "On its way"),
    "delivered": ("お届け済み", "Delivered"),
    "cancelled": ("取り消し済み", "Cancelled"),
}


def bill_of_order(order: Any) -> bill.Bill:
    fee = sum((each.incl_tax for each in order.surcharges.all()), Decimal(0))
    lines = [(int(line.tax_code or 10), line.line_price_incl_tax.quantize(Decimal(1))) for line in order.lines.all()]
    return bill.of_order(lines, order.shipping_incl_tax.quantize(Decimal(1)), fee.quantize(Decimal(1)))


def may_cancel(order: Any) -> bool:
    return bool(order.status == "received" and order.delivery.slot.closes > timezone.now())


@transaction.atomic
def cancel(order: Any) -> bool:
    """Before it is packed. Gives back slot, stock and money; False when it is too late."""
    if not may_cancel(order) or not Order.objects.filter(pk=order.pk, status="received").update(status="cancelled"):
        return False
    slots.give_back(order.delivery.slot_id)
    for line in order.lines.select_related("stockrecord"):
        if line.stockrecord:
            line.stockrecord.cancel_allocation(line.quantity)
    order.lines.update(status="cancelled")
    if order.delivery.authorisation:
        acquirer.void(order.delivery.authorisation)
    return True


def move_on(order: Any) -> str:
    """One step further; the new state. At the last one the money is taken, and who has left is forgotten."""
    from . import withdrawal

    step = STEPS[STEPS.index(order.status) + 1]
    with transaction.atomic():
        if not Order.objects.filter(pk=order.pk, status=order.status).update(status=step):
            return ""
        order.lines.update(status=step)
        order.status = step
        if step == "delivered":
            for line in order.lines.select_related("stockrecord"):
                if line.stockrecord:
                    line.stockrecord.consume_allocation(line.quantity)
            if order.delivery.authorisation:
                acquirer.capture(order.delivery.authorisation)
            if order.delivery.forget:
                withdrawal.forget_person(order.delivery)
    return step
