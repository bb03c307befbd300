"""Django's side: a mail backend, whom mail is for, a view for webhooks.

Settings: `ATESAKI_URL`, `ATESAKI_API_KEY` (for `client()`), `ATESAKI_WEBHOOK_SECRET`, `ATESAKI_SPOOL`; Django's
`EMAIL_…` name the door.
"""

from .calls import client
from .mail import EmailBackend, customer
from .webhook import webhook_view

__all__ = ["EmailBackend", "client", "customer", "webhook_view"]
