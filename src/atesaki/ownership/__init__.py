"""Who claims an address, what proves it, and who said "not me".

Promise:    A standing follows from rows that are only ever added; every try at a proof is counted.
Never:      Takes a click for a proof of the customer, or keeps a token, a code or an answer in the clear.
On failure: A token that is unknown, ended, revoked or of another purpose is `None`, all alike.
Read first: `standing.derive`, then `claims`, `tokens`, `proofs`.
"""

from .claims import (
    Known,
    claim,
    describe,
    digest,
    forget_old,
    known,
    learn,
    lock,
    plain,
    standings,
    withdraw,
)
from .models import Claim
from .proofs import Disavowal, Proof, answered, attest, disavow, pause, prove, prove_code
from .standing import Said, Stand, Standing, derive
from .tokens import Purpose, Visit, issue, issue_code, visit

__all__ = [
    "Claim",
    "Disavowal",
    "Known",
    "Proof",
    "Purpose",
    "Said",
    "Stand",
    "Standing",
    "Visit",
    "answered",
    "attest",
    "claim",
    "derive",
    "describe",
    "digest",
    "disavow",
    "forget_old",
    "issue",
    "issue_code",
    "known",
    "learn",
    "lock",
    "pause",
    "plain",
    "prove",
    "prove_code",
    "standings",
    "visit",
    "withdraw",
]
