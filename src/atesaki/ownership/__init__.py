"""Who claims an address, what proves it, and who said "not me".

Promise:    A standing follows from rows that are only ever added; every try at a proof is counted.
Never:      Takes a click for a proof of the customer, or keeps a token, a code or an answer in the clear.
On failure: A token that is unknown, ended, revoked or of another purpose is `None`, all alike.
Read first: `standing.derive`, then `claims`, `tokens`, `proofs`.
"""

from .as_told import Told, told
from .claims import (
    Known,
    being_asked,
    claim,
    claim_of,
    claims_of,
    claims_on,
    describe,
    digest,
    erase,
    forget_old,
    is_given,
    known,
    last_answer,
    lead_back,
    learn,
    lock,
    may_still_confirm,
    plain,
    prolong,
    standings,
    withdraw,
)
from .imported import Fate, Given, Shows, Taken, in_doubt, take_in
from .models import Claim, Event
from .proofs import (
    Disavowal,
    Proof,
    answered,
    attest,
    confirm_link,
    disavow,
    disavowals,
    doubt,
    pause,
    prove,
    prove_code,
)
from .standing import Said, Stand, Standing, derive
from .tokens import Purpose, Visit, claim_behind, issue, issue_code, visit

__all__ = [
    "Claim",
    "Disavowal",
    "Event",
    "Fate",
    "Given",
    "Known",
    "Proof",
    "Purpose",
    "Said",
    "Shows",
    "Stand",
    "Standing",
    "Taken",
    "Told",
    "Visit",
    "answered",
    "attest",
    "being_asked",
    "claim",
    "claim_behind",
    "claim_of",
    "claims_of",
    "claims_on",
    "confirm_link",
    "derive",
    "describe",
    "digest",
    "disavow",
    "disavowals",
    "doubt",
    "erase",
    "forget_old",
    "in_doubt",
    "is_given",
    "issue",
    "issue_code",
    "known",
    "last_answer",
    "lead_back",
    "learn",
    "lock",
    "may_still_confirm",
    "pause",
    "plain",
    "prolong",
    "prove",
    "prove_code",
    "standings",
    "take_in",
    "told",
    "visit",
    "withdraw",
]
