"""Reads what comes back (replies, returned mail, complaints) and does what follows from it.

Promise:    What a mailbox answers is in force, and kept for the desk, before the mail is called taken.
Never:      Lets words decide: the token says which mailbox, what machines wrote changes nothing. Mails nobody.
On failure: The exception goes up, and the mail stays with its sender; the same mail twice is one message.
Read first: `reading.read`, then `receive`.
"""

from .authentication import failed_authentication
from .kinds import Kind
from .reading import Heard, classify, read
from .receive import Taken, receive, takes

__all__ = ["Heard", "Kind", "Taken", "classify", "failed_authentication", "read", "receive", "takes"]
