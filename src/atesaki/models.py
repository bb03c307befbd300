"""Where Django looks for our rows. Each module keeps its own; this only names them.

One Django application for all modules: the packages can then export functions and rows eagerly, which an
application of their own would forbid (Django imports it before any model may exist).
"""

from atesaki.gate.models import Entry, Hold, Line, Slot
from atesaki.learning.models import Template
from atesaki.outbox.models import Departure, Key, Sealed, Webhook
from atesaki.ownership.models import Claim, Event, Knowledge, Mailbox, Seen, Token
from atesaki.tenants.models import Bucket, Credential, Installation, KeptAnswer, Organisation, Service

# isort: split
# Last: modules of `desk` import rows of the strata below from here, while this file is being read.
from atesaki.campaigns.models import Asked, Campaign
from atesaki.desk.models import (
    Access,
    Agent,
    Assessment,
    Case,
    Contact,
    Customer,
    Draft,
    Improvement,
    Inquiry,
    InquiryMessage,
    Knock,
    Letter,
    Mention,
    Message,
    Note,
    Presence,
    Report,
    Reporter,
    SavedView,
    SignIn,
    Step,
    Unsent,
    Wish,
)

__all__ = [
    "Access",
    "Agent",
    "Asked",
    "Assessment",
    "Bucket",
    "Campaign",
    "Case",
    "Claim",
    "Contact",
    "Credential",
    "Customer",
    "Departure",
    "Draft",
    "Entry",
    "Event",
    "Hold",
    "Improvement",
    "Inquiry",
    "InquiryMessage",
    "Installation",
    "KeptAnswer",
    "Key",
    "Knock",
    "Knowledge",
    "Letter",
    "Line",
    "Mailbox",
    "Mention",
    "Message",
    "Note",
    "Organisation",
    "Presence",
    "Report",
    "Reporter",
    "SavedView",
    "Sealed",
    "Seen",
    "Service",
    "SignIn",
    "Slot",
    "Step",
    "Template",
    "Token",
    "Unsent",
    "Webhook",
    "Wish",
]
