"""What a message holds.

Promise: reads a message as its recipient would see it, and lists the contact data of the customer in it.
Never: raises over a message, guesses whose a value is, or imports anything that can send or store.
On failure: what cannot be read is an unreadable part with a sentence; what is in doubt is not asked for.
Read first: `reading.read`, then `contact.askable`.
"""

from atesaki.content.contact import (
    Carries,
    Fact,
    Knows,
    askable,
    carries,
    contact_values,
    knows,
    normal_answer,
    phones,
    postal_codes,
)
from atesaki.content.reading import (
    Limits,
    Part,
    Reading,
    decode_words,
    header_values,
    normalise,
    read,
    without_headers,
)

__all__ = [
    "Carries",
    "Fact",
    "Knows",
    "Limits",
    "Part",
    "Reading",
    "askable",
    "carries",
    "contact_values",
    "decode_words",
    "header_values",
    "knows",
    "normal_answer",
    "normalise",
    "phones",
    "postal_codes",
    "read",
    "without_headers",
]
