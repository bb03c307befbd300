"""What must leave, until it has left: sealed mail, its keys, its order, and the couriers that hand it over.

Promise:    What was kept here is there after any crash, and leaves in the order of its lane.
Never:      Looks at who may be written to: the gate does, each time, just before something leaves.
On failure: A temporary refusal is tried again with growing pauses; a lost answer counts as temporary.
Read first: `departures`, then `couriers`.
"""

from .couriers import COURIER_SECONDS, Courier, CourierError, Envelope, Hand, Handed, courier
from .departures import Leaving, again, gone, keep, key_of, take, take_back, waiting
from .models import Departure, Key
from .seals import SealedMail, destroy, open_mail, seal_mail

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
    "again",
    "courier",
    "destroy",
    "gone",
    "keep",
    "key_of",
    "open_mail",
    "seal_mail",
    "take",
    "take_back",
    "waiting",
]
