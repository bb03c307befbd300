"""What the description shows: invented, whole, and held against the shapes by a test."""

from __future__ import annotations

from typing import Any, Final

ID: Final = "0197a1c2-7f3e-7d5a-9c41-5b0e6f2a8d13"
CASE: Final = "0197a1c9-0b1c-7e2f-8a3d-4c5b6a798801"
LINE: Final = "0197a1d0-3344-7c11-b2a5-9d8e7f6a5b4c"
EVENT: Final = "0197a1d4-5566-7a22-8c3b-1f2e3d4c5b6a"
AT: Final = "2026-11-24T01:20:00Z"
LATER: Final = "2026-11-25T01:20:00Z"

CLAIM: Final[dict[str, Any]] = {
    "id": ID,
    "customer": "M-20417",
    "address": "k***@e***.jp",
    "standing": "claimed",
    "paused": False,
    "match": "47",
    "asked": True,
    "code_expires": LATER,
    "return_url": "https://shop.example/account/address",
    "created": AT,
    "proofs": [],
}
KNOWN: Final = {**CLAIM, "asked": False}
DISAVOWED: Final = {**CLAIM, "standing": "disavowed", "match": None, "asked": False, "code_expires": None}
PROVED: Final = {
    **CLAIM,
    "standing": "proved",
    "match": None,
    "asked": False,
    "code_expires": None,
    "proofs": [{"method": "code", "at": AT}],
}
ATTESTED: Final = {**PROVED, "proofs": [{"method": "attested", "at": AT}]}
CUSTOMER_OK: Final = {"customer": "M-20417", "state": "ok", "claims": [PROVED], "case": None}
CUSTOMER_NEEDS: Final = {
    "customer": "M-20417",
    "state": "address_needed",
    "claims": [DISAVOWED],
    "case": {"id": CASE, "number": "K7Q2-9XMB", "deadline": None},
}
CUSTOMER_CALLS: Final = {
    **CUSTOMER_NEEDS,
    "state": "contact_support",
    "case": {"id": CASE, "number": "K7Q2-9XMB", "deadline": "2026-12-01T14:59:59Z"},
}
_HELD: Final = "Nobody has proved this address yet; the mail waits, and a neutral notice asks its mailbox."
_DISAVOWED: Final = "The mailbox said that this is not its mail; no mail is sent to it."
RECIPIENT: Final = {"position": 0, "id": LINE, "outcome": "substitute", "reason": "unproved", "sentence": _HELD}
RECEIPT: Final = {"id": LINE, "recipients": [RECIPIENT]}
LINE_OF: Final = {
    **RECIPIENT,
    "message": LINE,
    "customer": "M-20417",
    "at": AT,
    "standing": "unknown",
    "state": "held",
    "fate": "",
}
MESSAGE: Final = {
    **LINE_OF,
    "timeline": [{"at": AT, "what": "held"}, {"at": AT, "what": "noticed"}],
    "personal_data": {"name": 1, "postal": 1, "phone": 1},
    "would": "",
    "would_reason": "",
    "recipients": [RECIPIENT],
}
CASE_ENDED: Final = {"case": CASE, "number": "K7Q2-9XMB", "ended": True, "end": "withdrawn"}
CASE_CORRECTED: Final = {**CASE_ENDED, "end": "corrected"}
CASE_GOES_ON: Final = {"case": CASE, "number": "K7Q2-9XMB", "ended": False, "end": None}
CORRECTION: Final = {"case": CASE, "number": "K7Q2-9XMB", "claim": ID}
DELIVERY: Final = {
    "id": EVENT,
    "type": "claim.proved",
    "state": "heard",
    "tries": 1,
    "created": AT,
    "due": None,
    "ended": AT,
    "answer": "204 No Content",
}
DELIVERY_WAITS: Final = {**DELIVERY, "state": "waiting", "tries": 0, "due": AT, "ended": None, "answer": ""}

RAW_MAIL: Final = (
    "From: Net Supermarket <shop@shop.example>\r\nTo: ken@example.jp\r\nSubject: Your order\r\n\r\nThank you.\r\n"
)
BY_PARAMETER: Final[dict[str, Any]] = {
    "claim_id": ID,
    "case_id": CASE,
    "ledger_id": LINE,
    "delivery_id": EVENT,
    "customer": "M-20417",
    "ref": "M-20417",
    "limit": 50,
}

# The members of each problem beside `type`, `title` and `status`, for the description.
PROBLEMS: Final[dict[str, dict[str, Any]]] = {
    "unauthorized": {
        "detail": "Send `Authorization: Bearer API_KEY`, as `atesaki service add` or `service key` printed it."
    },
    "scope": {
        "detail": "This key is not for claims:write: `atesaki service key NAME --scope claims:write` makes one that is."
    },
    "not-found": {"detail": "This service has no such claim."},
    "conflict": {"detail": "This Idempotency-Key was used for another request: give each request a key of its own."},
    "code-closed": {
        "detail": "There were too many wrong codes: have another confirmation mailed, or let the customer use match."
    },
    "gone": {"detail": "No code waits to be typed: it was used, replaced, or has ended. Have another one mailed."},
    "too-large": {"detail": "The body is longer than 65536 octets: send less at a time."},
    "media-type": {"detail": "Send JSON, with `Content-Type: application/json`."},
    "invalid": {
        "detail": "This is missing.",
        "errors": [{"loc": ["body", "customer"], "msg": "This is missing."}],
    },
    "code-wrong": {"detail": "This is not the code that was mailed: type it again.", "tries_left": 2},
    "refused": {"detail": _DISAVOWED, "reason": "disavowed", "id": LINE},
    "rate": {"detail": "This key may ask this 120 times a minute; ask again a little later."},
    "unavailable": {"detail": "Nothing was taken; ask again in a moment."},
}
