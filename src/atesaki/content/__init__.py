"""What a message holds.

Promise: reads a message as its recipient would see it, and lists the personal data in it and where it stands.
Never: raises over a message, guesses whose a value is, or imports anything that can send or store.
On failure: what cannot be read is an unreadable part with a sentence; what is in doubt is not asked for.
Read first: `reading.read`, then `findings.findings` and `blocks.Walk`; for questions to a customer `contact.askable`.
"""

from atesaki.content.contact import (
    Carries,
    Fact,
    Knows,
    Verdict,
    askable,
    carries,
    contact_values,
    knows,
    normal_answer,
    phones,
    postal_codes,
)
from atesaki.content.fields import header_values, without_headers
from atesaki.content.findings import Finding, Findings, Kind, Place, findings
from atesaki.content.known import Customer
from atesaki.content.reading import Limits, Part, Reading, normalise, read
from atesaki.content.templates import Skeleton, Sketch, Templates, lacking, line_hash, skeleton
from atesaki.content.words import decode_words

__all__ = [
    "Carries",
    "Customer",
    "Fact",
    "Finding",
    "Findings",
    "Kind",
    "Knows",
    "Limits",
    "Part",
    "Place",
    "Reading",
    "Skeleton",
    "Sketch",
    "Templates",
    "Verdict",
    "askable",
    "carries",
    "contact_values",
    "decode_words",
    "findings",
    "header_values",
    "knows",
    "lacking",
    "line_hash",
    "normal_answer",
    "normalise",
    "phones",
    "postal_codes",
    "read",
    "skeleton",
    "without_headers",
]
