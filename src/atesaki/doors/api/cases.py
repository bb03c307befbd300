"""What the service did about a reported address: ended the registration, or got another address."""

from __future__ import annotations

import unicodedata
from uuid import UUID

from django.db import transaction
from ninja import Router

from atesaki import desk, ownership
from atesaki.desk import Case
from atesaki.ownership import Standing
from atesaki.tenants import Service

from . import examples, shapes
from .auth import Asked
from .calls import Answer, Shown, call, nothing, uuid_of
from .problems import Problem
from .shapes import CorrectionIn, Nothing

router = Router()
_SLIPS = str.maketrans("OIL", "011")  # as `desk.correct` reads what is typed
_GOES_ON = {"goes_on": examples.CASE_GOES_ON}


@call(
    router,
    "POST",
    "/cases/{case_id}/withdrawn",
    scope="cases:write",
    quota="write",
    takes={"done": {}},
    answers={200: Shown("It is noted.", shapes.CaseEnd, {"ended": examples.CASE_ENDED, **_GOES_ON})},
    fails=("not-found",),
)
def case_withdrawn(request: Asked, case_id: str, body: Nothing | None = None) -> Answer:
    """The registration was ended, as `customer.withdraw` asked. May be said as often as you like."""
    case = _case(request.auth, case_id)
    return _end(case, desk.withdrawn(case, "service", request.auth))


@call(
    router,
    "POST",
    "/cases/{case_id}/corrected",
    scope="cases:write",
    quota="write",
    takes={"done": {}},
    answers={200: Shown("It is noted.", shapes.CaseEnd, {"ended": examples.CASE_CORRECTED, **_GOES_ON})},
    fails=("not-found",),
)
def case_corrected(request: Asked, case_id: str, body: Nothing | None = None) -> Answer:
    """The customer gave another address, or none. May be said as often as you like."""
    case = _case(request.auth, case_id)
    return _end(case, desk.corrected(case, "service", request.auth))


@call(
    router,
    "POST",
    "/corrections",
    scope="cases:write",
    quota="claims",
    takes={"letter": {"number": "K7Q2-9XMB", "code": "4HT9-XK2P", "customer": "M-20417"}},
    answers={
        201: Shown("The pair is right, and the case corrected.", shapes.Correction, {"right": examples.CORRECTION})
    },
    fails=("code-wrong",),
)
def correct(request: Asked, body: CorrectionIn) -> Answer:
    """Number and code of the letter, typed into the service's own page by the customer. Three wrong codes close it."""
    claim = _concerned(request.auth, body.number, body.customer)
    case = desk.correct(body.number, body.code) if claim is not None else None
    if case is None or claim is None:
        raise Problem("code-wrong", "This number and this code are not of one letter: read both again.")
    with transaction.atomic():
        desk.corrected(case, "service", request.auth)
    return Answer(201, shapes.Correction(case=case.pk, number=case.number, claim=claim.pk))


def _case(service: Service, case_id: str) -> Case:
    """A case that the service was told of: its own customer's disavowed claim. Raises `Problem` for every other.

    One that no mailbox has confirmed is not shown: it may be a prank (L4).
    """
    pk: UUID = uuid_of(case_id, "case")
    try:
        case = desk.by_pk(pk)
    except Case.DoesNotExist:
        raise nothing("case") from None
    if case.organisation_id != service.organisation_id or case.confirmed is None:
        raise nothing("case")
    mine = [
        one for one in ownership.claims_on(bytes(case.digest), service.organisation_id) if one.service_id == service.pk
    ]
    if any(one.pk == case.claim_id or ownership.known(one).standing is Standing.DISAVOWED for one in mine):
        return case
    raise nothing("case")


def _concerned(service: Service, number: str, customer: str) -> ownership.Claim | None:
    """The claim of this customer that the case of this number is about; where none is named, the address's one.

    Looked for before the code is tried: nobody uses up the tries of another's letter.
    """
    letters = [letter for letter in unicodedata.normalize("NFKC", number).upper().translate(_SLIPS) if letter.isalnum()]
    written = "".join([*letters[:4], "-", *letters[4:]])
    case = Case.objects.filter(organisation=service.organisation_id, number=written).first()
    if case is None:
        return None
    mine = [one for one in desk.ends.outstanding(case) if one.service_id == service.pk]
    return next((one for one in mine if one.customer in (customer, "")), None)


def _end(case: Case, ended: bool) -> Answer:
    said = {"case": case.pk, "number": case.number, "ended": ended, "end": (case.end or None) if ended else None}
    return Answer(200, shapes.CaseEnd.model_validate(said))
