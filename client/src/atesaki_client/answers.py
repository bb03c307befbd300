"""What atesaki answers, as frozen values. What a newer atesaki says besides is passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


def moment(text: object) -> datetime | None:
    """An ISO 8601 time with its zone; None for null. Raises `ValueError`."""
    if text is None:
        return None
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found


def _at(text: object) -> datetime:
    found = moment(text)
    if found is None:
        raise ValueError("a time is missing")
    return found


@dataclass(frozen=True, slots=True)
class Proof:
    """How mailbox and customer were proved to belong together: `code`, `match`, `knowledge` or `attested`."""

    method: str
    at: datetime

    @classmethod
    def read(cls, said: Json) -> Proof:
        return cls(said["method"], _at(said["at"]))


@dataclass(frozen=True, slots=True)
class Claim:
    """A customer's claim on an address.

    address: masked; None once it is erased.  standing: `unknown`, `claimed`, `answered`, `proved`, `doubted`,
    `disavowed`.  match: the number to show on your screen; None unless it can still prove.  asked: whether this
    call had a confirmation mailed.
    """

    id: str
    customer: str
    address: str | None
    standing: str
    paused: bool
    match: str | None
    asked: bool
    code_expires: datetime | None
    return_url: str | None
    created: datetime
    proofs: tuple[Proof, ...] = ()

    @classmethod
    def read(cls, said: Json) -> Claim:
        return cls(
            id=str(said["id"]),
            customer=said["customer"],
            address=said["address"],
            standing=said["standing"],
            paused=bool(said["paused"]),
            match=said["match"],
            asked=bool(said["asked"]),
            code_expires=moment(said["code_expires"]),
            return_url=said["return_url"],
            created=_at(said["created"]),
            proofs=tuple(Proof.read(each) for each in said["proofs"]),
        )

    @property
    def proved(self) -> bool:
        """Whether personal mail for this customer goes there."""
        return self.standing == "proved" and not self.paused


@dataclass(frozen=True, slots=True)
class Case:
    """A reported address on its way to the end. deadline: of the letter; None before there is one."""

    id: str
    number: str
    deadline: datetime | None

    @classmethod
    def read(cls, said: Json) -> Case:
        return cls(str(said["id"]), str(said["number"]), moment(said["deadline"]))


@dataclass(frozen=True, slots=True)
class CustomerStanding:
    """What to show on each page. state: `ok` (nothing to say), `address_needed`, `contact_support`."""

    customer: str
    state: str
    claims: tuple[Claim, ...]
    case: Case | None

    @classmethod
    def read(cls, said: Json) -> CustomerStanding:
        case = said["case"]
        return cls(
            said["customer"],
            said["state"],
            tuple(Claim.read(each) for each in said["claims"]),
            None if case is None else Case.read(case),
        )


@dataclass(frozen=True, slots=True)
class Recipient:
    """What became of a mail for one recipient, `position` in the order in which they were given."""

    position: int
    id: str
    outcome: str
    reason: str
    sentence: str

    @classmethod
    def read(cls, said: Json) -> Recipient:
        return cls(said["position"], str(said["id"]), said["outcome"], said["reason"], said["sentence"])


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mail is taken. id: of the ledger.  Each recipient's outcome: `deliver`, `substitute`, `hold`, `refuse`."""

    id: str
    recipients: tuple[Recipient, ...]

    @classmethod
    def read(cls, said: Json) -> Receipt:
        return cls(str(said["id"]), tuple(Recipient.read(each) for each in said["recipients"]))


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of a mail's story."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the ledger. fate: `released` or `destroyed` once a held mail has one.

    personal_data: kinds and counts, never values.
    """

    id: str
    outcome: str
    reason: str
    sentence: str
    standing: str
    fate: str | None
    timeline: tuple[Moment, ...]
    personal_data: Any = field(default=None, compare=False)

    @classmethod
    def read(cls, said: Json) -> Message:
        return cls(
            str(said["id"]),
            said["outcome"],
            said["reason"],
            said["sentence"],
            said["standing"],
            said["fate"] or None,
            tuple(Moment(_at(each["at"]), each["what"]) for each in said["timeline"]),
            said.get("personal_data"),
        )


@dataclass(frozen=True, slots=True)
class CaseEnd:
    """What your word did to a case. end: how it ended, once it has."""

    case: str
    number: str
    ended: bool
    end: str | None

    @classmethod
    def read(cls, said: Json) -> CaseEnd:
        return cls(str(said["case"]), str(said["number"]), bool(said["ended"]), said["end"] or None)


@dataclass(frozen=True, slots=True)
class Correction:
    """The letter's code was right: the case, and the claim that it was about."""

    case: str
    number: str
    claim: str

    @classmethod
    def read(cls, said: Json) -> Correction:
        claim = said["claim"]
        return cls(str(said["case"]), str(said["number"]), str(claim["id"] if isinstance(claim, Mapping) else claim))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook on its way to you. state: `waiting`, `leaving`, `heard`, `given_up`.  answer: what you last said."""

    id: str
    type: str
    state: str
    tries: int
    created: datetime
    due: datetime | None
    ended: datetime | None
    answer: str | None

    @classmethod
    def read(cls, said: Json) -> Delivery:
        return cls(
            str(said["id"]),
            said["type"],
            said["state"],
            said["tries"],
            _at(said["created"]),
            moment(said["due"]),
            moment(said["ended"]),
            None if said["answer"] is None else str(said["answer"]),
        )
