"""Where Django looks for our rows. Each module keeps its own; this only names them.

One Django application for all modules: the packages can then export functions and rows eagerly, which an
application of their own would forbid (Django imports it before any model may exist).
"""

from atesaki.gate.models import Entry, Hold, Line, Slot
from atesaki.outbox.models import Departure, Key, Sealed
from atesaki.ownership.models import Claim, Event, Knowledge, Mailbox, Seen, Token
from atesaki.tenants.models import Credential, Organisation, Service

__all__ = [
    "Claim",
    "Credential",
    "Departure",
    "Entry",
    "Event",
    "Hold",
    "Key",
    "Knowledge",
    "Line",
    "Mailbox",
    "Organisation",
    "Sealed",
    "Seen",
    "Service",
    "Slot",
    "Token",
]
