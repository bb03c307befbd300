"""The closed list of what may come back."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What came back. Only `reply`, `returned` and `complaint` change anything."""

    REPLY = "reply"  # a person wrote it
    AUTO = "auto"  # a machine answered: absent, received, a list (RFC 3834)
    LOOP = "loop"  # our own mail, or one that goes in circles
    RETURNED = "returned"  # there is no such mailbox (any more)
    DELAYED = "delayed"  # not yet, or the mailbox is full
    REFUSED = "refused"  # the mail was not wanted; that says nothing of whose the mailbox is
    DELIVERED = "delivered"
    COMPLAINT = "complaint"  # its reader called it spam or fraud
    NO_COMPLAINT = "no_complaint"  # its reader said that it is none
    UNREADABLE = "unreadable"  # a mail without a header, or a return that nobody understands
