"""What must leave, until it has left: sealed mail, its keys, its order, and the couriers that hand it over.

Promise:    What was kept here is there after any crash, and leaves in the order of its lane.
Never:      Looks at who may be written to: the gate does, each time, just before something leaves.
On failure: A temporary refusal is tried again with growing pauses; a lost answer counts as temporary.
Read first: `departures`, then `couriers`.
"""

from .couriers import COURIER_SECONDS, Courier, CourierError, Envelope, Hand, Handed, courier
from .departures import Leaving, again, gone, keep, key_of, still_ours, take, take_back, waiting
from .models import Departure, Key, Webhook
from .seals import SealedMail, destroy, open_mail, seal_mail, seal_mails
from .upstream import Upstream
from .webhooks import (
    Told,
    deliver,
    deliveries,
    drive_webhooks,
    forget_old,
    overview,
    reach_webhook,
    repeat_webhook,
    take_back_webhooks,
    tell,
    tell_all,
    try_webhook,
    webhooks_of,
)

__all__ = [
    "COURIER_SECONDS",
    "Courier",
    "CourierError",
    "Departure",
    "Envelope",
    "Hand",
    "Handed",
    "Key",
    "Leaving",
    "SealedMail",
    "Told",
    "Upstream",
    "Webhook",
    "again",
    "courier",
    "deliver",
    "deliveries",
    "destroy",
    "drive_webhooks",
    "forget_old",
    "gone",
    "keep",
    "key_of",
    "open_mail",
    "overview",
    "reach_webhook",
    "repeat_webhook",
    "seal_mail",
    "seal_mails",
    "still_ours",
    "take",
    "take_back",
    "take_back_webhooks",
    "tell",
    "tell_all",
    "try_webhook",
    "waiting",
    "webhooks_of",
]
