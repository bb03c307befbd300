"""What goes in and out, as models: their JSON Schema is what `openapi.json` says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from unicodedata import category
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema, field_validator

from atesaki import addresses, content

_NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"


def _printable(text: str) -> str:
    text = text.strip()
    if not text or not text.isprintable():
        raise ValueError("Give at least one character, and only characters that can be printed.")
    return text


def _address(text: str) -> str:
    try:
        return addresses.parse(text).text
    except addresses.AddressError as error:
        raise ValueError(error.sentence("en")) from None  # its suggestion is an address: not ours to repeat


def _one_line(text: str) -> str:
    """Wider than `isprintable`, which knows no ideographic space and no joined emoji."""
    text = text.strip()
    if not text or any(category(letter) in ("Cc", "Zl", "Zp", "Cs") for letter in text):
        raise ValueError("Give at least one character, and one line.")
    return text


def _line(longest: int, about: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": longest, "pattern": _NO_CONTROLS, "description": about}
    )


Customer = Annotated[
    str,
    StringConstraints(max_length=200),
    AfterValidator(_printable),
    _line(200, "The service's own reference: 1 to 200 printable characters, and best not an address."),
]
Address = Annotated[
    str,
    StringConstraints(max_length=400),
    AfterValidator(_address),
    WithJsonSchema(
        {"type": "string", "format": "email", "minLength": 3, "maxLength": 400, "description": "One address, no name."}
    ),
]
Evidence = Annotated[
    str,
    StringConstraints(max_length=500),
    AfterValidator(_one_line),
    _line(500, "How the service knows; kept, and struck out when the address is erased."),
]
Subject = Annotated[
    str, StringConstraints(max_length=500), AfterValidator(_one_line), _line(500, "The subject, one line.")
]
Standing = Literal["unknown", "claimed", "answered", "proved", "doubted", "disavowed"]
State = Literal["ok", "address_needed", "contact_support"]
Outcome = Literal["deliver", "substitute", "hold", "refuse"]
DeliveryState = Literal["waiting", "leaving", "heard", "given_up"]


class Taken(BaseModel):
    """What comes in: a field that is not known is refused, since somebody meant something by it."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Taken):
    """An empty object."""


class ClaimIn(Taken):
    """A customer gave this address."""

    address: Address
    customer: Customer
    return_url: Annotated[
        str | None,
        Field(
            default=None,
            max_length=500,
            description="Where the confirm page leads back to; begins as `service set --return-to` registered. Whoever "
            "has the mailbox sees it: nothing personal, no session.",
        ),
    ]
    evidence: Annotated[
        Evidence | None,
        Field(
            default=None,
            description="How the service knows that the address is this customer's, such as a verified `email` claim "
            "of its ID service: then it is attested at once and nobody is asked. A disavowed address stays so.",
        ),
    ]


class CodeIn(Taken):
    """What the customer typed into the service's page."""

    code: Annotated[
        str, Field(min_length=1, max_length=40, description="Six digits; blanks and dashes are passed over.")
    ]


class ProofIn(Taken):
    """The service vouches that mailbox and customer belong together."""

    method: Literal["attested"]
    evidence: Evidence


class Knows(Taken):
    """What only the customer knows and the confirm page may ask for; a keyed digest is all that is kept."""

    postal_code: Annotated[str | None, Field(default=None, max_length=20)]
    phone_last4: Annotated[str | None, Field(default=None, max_length=20)]
    birth_year: Annotated[str | None, Field(default=None, max_length=20)]

    @field_validator("postal_code", "phone_last4", "birth_year")
    @classmethod
    def _usable(cls, value: str | None, info: Any) -> str | None:
        if value is None:
            return None
        normal = content.normal_answer(info.field_name, value)
        if normal is None:
            raise ValueError("This cannot be one: give digits, such as 273-0005, 4711 or 1980.")
        return normal


class MessageIn(Taken):
    """A mail without SMTP. With several recipients none is told of the others."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"anyOf": [{"required": ["text"]}, {"required": ["html"]}]}
    )

    to: Annotated[
        Address | Annotated[list[Address], Field(min_length=1, max_length=100)],
        Field(description="One address, or a list of up to 100.", union_mode="left_to_right"),
    ]
    subject: Subject
    text: Annotated[str | None, Field(default=None, description="The plain text; text, html or both.")]
    html: Annotated[str | None, Field(default=None, description="The same as HTML.")]
    customer: Annotated[Customer | None, Field(default=None)]
    sender: Annotated[Address | None, Field(default=None, alias="from")]
    knows: Knows | None = None
    class_: Annotated[Literal["verification"] | None, Field(default=None, alias="class")]

    @field_validator("to")
    @classmethod
    def _each_once(cls, value: str | list[str]) -> list[str]:
        each = [value] if isinstance(value, str) else value
        return each_once(each)


def each_once(each: list[str]) -> list[str]:
    """From 1 to 100 addresses, no mailbox twice. Raises `ValueError`."""
    if not 1 <= len(each) <= 100:
        raise ValueError("Give 1 to 100 recipients; send the rest as another mail.")
    if len({addresses.parse(one).comparable for one in each}) < len(each):
        raise ValueError("One mailbox stands here twice: name each once.")
    return each


class CorrectionIn(Taken):
    """The letter's code, typed into the service's own page."""

    number: Annotated[str, Field(min_length=1, max_length=40, description="The receipt number on the letter.")]
    code: Annotated[str, Field(min_length=1, max_length=40, description="The code on the letter.")]
    customer: Customer


# -- out ------------------------------------------------------------------------------------------------------


class Said(BaseModel):
    """What goes out."""

    model_config = ConfigDict(extra="forbid")


class ProofOut(Said):
    """A proof, and when it was given."""

    method: Literal["code", "match", "knowledge", "attested"]
    at: datetime


class Claim(Said):
    """A customer's claim on an address."""

    id: UUID
    customer: str
    address: Annotated[str | None, Field(description="Masked; null once it is erased.")]
    standing: Standing
    paused: Annotated[bool, Field(description="The mailbox asked for silence: mail waits until a fresh proof.")]
    match: Annotated[
        str | None,
        Field(
            description="Two digits for the service's screen: the confirm page asks for them. Null if it cannot prove."
        ),
    ]
    asked: Annotated[bool, Field(description="Whether this call mailed a confirmation.")]
    code_expires: Annotated[datetime | None, Field(description="How long the mailed code may be typed.")]
    return_url: str | None
    created: datetime
    proofs: list[ProofOut]


class Claims(Said):
    """A page of claims, newest first."""

    items: list[Claim]
    next: Annotated[str | None, Field(description="The cursor of the next page; null on the last.")]


class CaseRef(Said):
    """A running case. `deadline`: the end of the letter's last day."""

    id: UUID
    number: str
    deadline: datetime | None


class CustomerStanding(Said):
    """What a shop needs on each page."""

    customer: str
    state: State
    claims: list[Claim]
    case: CaseRef | None


class Recipient(Said):
    """What became of a mail for one recipient; `id` is its ledger id."""

    position: int
    id: UUID
    outcome: Annotated[Outcome | Literal[""], Field(description="Empty while it is being decided.")]
    reason: str
    sentence: str


class Receipt(Said):
    """The mail is taken; `id` is its ledger id."""

    id: UUID
    recipients: list[Recipient]


class Moment(Said):
    """A line of a mail's story."""

    at: datetime
    what: str


class MessageLine(Recipient):
    """One recipient's line of the ledger."""

    message: Annotated[UUID, Field(description="The ledger id of the whole mail.")]
    customer: str
    at: datetime
    standing: Annotated[Standing | Literal[""], Field(description="Where the address stood when it was decided.")]
    state: Literal["leaving", "held", "queued", "settled"]
    fate: Annotated[Literal["", "released", "destroyed"], Field(description="Of a mail that waited, once it is known.")]


class Message(MessageLine):
    """One recipient's line, its story, and who else got the mail."""

    timeline: list[Moment]
    personal_data: Annotated[dict[str, int] | None, Field(description="Kinds and counts; null: nobody looked.")]
    would: Annotated[str, Field(description="Of an observed mail: the outcome that enforcing had given. Else empty.")]
    would_reason: Annotated[str, Field(description="And the rule that had decided.")]
    recipients: list[Recipient]


class Messages(Said):
    """A page of the ledger, newest first."""

    items: list[MessageLine]
    next: str | None


class CaseEnd(Said):
    """What the service's word did. `ended` is false while another service of the organisation has the address."""

    case: UUID
    number: str
    ended: bool
    end: Literal["lapsed", "kept", "proved", "corrected", "withdrawn"] | None


class Correction(Said):
    """The pair was right: the case, and the claim that it was about."""

    case: UUID
    number: str
    claim: UUID


class Delivery(Said):
    """An event for the service's webhook; `answer` is what it last said."""

    id: UUID
    type: str
    state: DeliveryState
    tries: int
    created: datetime
    due: datetime | None
    ended: datetime | None
    answer: str


class Deliveries(Said):
    """A page of deliveries, newest first."""

    items: list[Delivery]
    next: str | None


class Place(Said):
    """Where something is wrong, and what."""

    loc: list[str | int]
    msg: str


class ProblemDocument(Said):
    """A problem document (RFC 9457)."""

    type: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: Annotated[list[Place] | None, Field(default=None, description="invalid: where, and what.")]
    tries_left: Annotated[int | None, Field(default=None, description="code-wrong: how many more.")]
    reason: Annotated[str | None, Field(default=None, description="refused: why, as a slug.")]
    id: Annotated[UUID | None, Field(default=None, description="refused: the ledger id.")]


class Page(BaseModel):
    """Which page of a list."""

    cursor: Annotated[str | None, Field(default=None, max_length=200, description="`next` of the page before.")]
    limit: Annotated[int, Field(default=50, ge=1, le=200)]
