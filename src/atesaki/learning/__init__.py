"""Learns the templates of a service as its mails pass: what is the same for everybody is the service's own.

Promise:    Of a mail nothing is kept but keyed hashes of its lines, counts, and everyday words of subjects.
Never:      Decides anything about a mail, or makes one wait for long, or fail.
On failure: What was not learnt is not known: nothing is suppressed, and what cannot be read counts as unreadable.
Read first: `content.Sketch`, then `store.see`, then `looking.look`.
"""

from .looking import LOOK_SECONDS, Looked, later, look
from .models import Template
from .store import fixed, flush, forget_old, see, templates

__all__ = [
    "LOOK_SECONDS",
    "Looked",
    "Template",
    "fixed",
    "flush",
    "forget_old",
    "later",
    "look",
    "see",
    "templates",
]
