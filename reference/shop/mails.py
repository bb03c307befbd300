"""The mails of the shop, as text. Where they may go is `mailroom`'s to see to."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from . import placing
from .tags import number


def order_placed(order: Any, address: str) -> EmailMessage:
    """ご注文の確認: everything that was ordered, and where it goes."""
    context = {
        "order": order,
        "to": order.shipping_address,
        "lines": order.lines.all(),
        "bill": placing.bill_of_order(order),
        "slot": order.delivery.slot,
        "delivery": order.delivery,
        "url": settings.SHOP_URL,
    }
    return _mail(f"【あおぞらマルシェ】ご注文を承りました({number(order.number)})", "mail/order.txt", context, address)


def _mail(subject: str, template: str, context: dict[str, Any], address: str) -> EmailMessage:
    return EmailMessage(subject, render_to_string(template, context), settings.DEFAULT_FROM_EMAIL, [address])
