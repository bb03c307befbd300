"""Decides for each recipient whether a message goes, waits, or goes as a substitute; writes down why.

Promise:    The only road out. A line is written before anything is looked up, and looked up before anything leaves.
Never:      Delivers because it ran out of rules, or scans content to decide for a proved address.
On failure: `TryLater`: nothing was taken, and the sender keeps the mail.
Read first: `verdict`, then `submit`.
"""

from atesaki.outbox import Envelope

from .holds import (
    Confirmation,
    attest,
    confirm,
    destroy_disavowed,
    drive,
    due,
    erase,
    orderly,
    prove_code,
    release,
    take_back,
    take_back_lane,
    vouch,
    vouch_all,
    withdraw,
)
from .ledger import explain, last_sent, line_of, lines_of, newest, numbers, rejected, wait_until_gone
from .months import make_partitions
from .road import Road
from .submit import DECIDE_SECONDS, Receipt, TryLater, Unacceptable, submit
from .substitutes import Words, ask, challenge_free, correspond, last_asked, request, unwelcome, write_to
from .verdict import REASONS, Outcome

__all__ = [
    "DECIDE_SECONDS",
    "REASONS",
    "Confirmation",
    "Envelope",
    "Outcome",
    "Receipt",
    "Road",
    "TryLater",
    "Unacceptable",
    "Words",
    "ask",
    "attest",
    "challenge_free",
    "confirm",
    "correspond",
    "destroy_disavowed",
    "drive",
    "due",
    "erase",
    "explain",
    "last_asked",
    "last_sent",
    "line_of",
    "lines_of",
    "make_partitions",
    "newest",
    "numbers",
    "orderly",
    "prove_code",
    "rejected",
    "release",
    "request",
    "submit",
    "take_back",
    "take_back_lane",
    "unwelcome",
    "vouch",
    "vouch_all",
    "wait_until_gone",
    "withdraw",
    "write_to",
]
