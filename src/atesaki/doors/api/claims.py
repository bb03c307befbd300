"""Which customer gave which address, what proves it, and what a shop needs on each page."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from django.db import transaction
from django.urls import register_converter
from ninja import Query, Router

from atesaki import addresses, clock, desk, gate, ownership, tenants
from atesaki.desk import Case
from atesaki.ownership import Standing, Told

from . import cursor, examples, shapes
from .auth import Asked
from .calls import Answer, Shown, call, nothing, uuid_of
from .problems import Problem, invalid
from .shapes import ClaimIn, CodeIn, Nothing, Page, ProofIn


class Reference:
    """A service's own reference in a path: whatever it is, a slash or the end of a line too."""

    regex = r"[\s\S]+"  # a dot would stop at the end of a line

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Reference, "ref")
router = Router()
_CLAIM = {"claim": examples.CLAIM}
_DEADLINES = (Case.State.AWAITING, Case.State.WITHDRAWING)


@call(
    router,
    "POST",
    "/claims",
    scope="claims:write",
    quota="claims",
    takes={
        "claim": {"address": "ken@example.jp", "customer": "M-20417"},
        "vouched": {
            "address": "ken@example.jp",
            "customer": "M-20417",
            "evidence": "email_verified by Aozora ID in this sign-in",
        },
    },
    answers={
        201: Shown("A new claim; its mailbox is asked.", shapes.Claim, _CLAIM),
        200: Shown(
            "A known one; asked again if the policy lets it. A disavowed one is not.",
            shapes.Claim,
            {"known": examples.KNOWN, "disavowed": examples.DISAVOWED},
        ),
    },
)
def add_claim(request: Asked, body: ClaimIn) -> Answer:
    """A customer gave this address. Its mailbox is asked to confirm, as often as the service's policy allows."""
    service, address = request.auth, addresses.parse(body.address)
    if body.return_url is not None and not tenants.may_return_to(service, body.return_url):
        why = "Begin it as `atesaki service set NAME --return-to URL_PREFIX` registered it, and put no address into it."
        raise invalid((("body", "return_url"), why))
    key = ownership.digest(address)
    with transaction.atomic():
        ownership.lock(key)
        known = ownership.standings(service, [(key, body.customer)])[0].claim
        before = _asked_at(service, known) if known else None
        if body.evidence is None:
            claim = gate.ask(service, address, body.customer)
        else:
            claim = gate.vouch(service, address, body.customer, body.evidence)
        if body.return_url is not None:
            ownership.lead_back(claim, body.return_url)
        told = ownership.told([claim])[0]
    return Answer(200 if known else 201, shown(told, asked=told.asked_at != before))


@call(
    router,
    "GET",
    "/claims",
    scope="claims:read",
    quota="read",
    answers={200: Shown("A page of them.", shapes.Claims, {"claims": {"items": [examples.PROVED], "next": None}})},
    fails=("invalid",),
)
def list_claims(request: Asked, customer: shapes.Customer, page: Query[Page]) -> Answer:
    """A customer's claims, newest first, the withdrawn ones too."""
    of = ("claims", str(request.auth.pk), customer)
    before = cursor.read(page, *of)
    found = ownership.claims_of(request.auth, customer, before=before, most=page.limit + 1)
    rows, next_ = cursor.cut(found, page, lambda row: row.pk, *of)
    return Answer(200, shapes.Claims(items=[shown(each) for each in ownership.told(rows)], next=next_))


@call(
    router,
    "GET",
    "/claims/{claim_id}",
    scope="claims:read",
    quota="read",
    answers={200: Shown("The claim.", shapes.Claim, {"proved": examples.PROVED})},
    fails=("not-found",),
)
def get_claim(request: Asked, claim_id: str) -> Answer:
    """One claim. A withdrawn one stands at `unknown`."""
    return Answer(200, shown(ownership.told([_claim(request, claim_id)])[0]))


@call(
    router,
    "DELETE",
    "/claims/{claim_id}",
    scope="claims:write",
    quota="write",
    answers={204: Shown("It is withdrawn.")},
    fails=("not-found",),
)
def withdraw_claim(request: Asked, claim_id: str) -> Answer:
    """The customer gives this address no longer. A disavowed one goes on refusing (L5)."""
    claim = _claim(request, claim_id)
    with transaction.atomic():
        gate.withdraw(claim)
        ownership.lead_back(claim, "")
    return Answer(204)


@call(
    router,
    "POST",
    "/claims/{claim_id}/confirmations",
    scope="claims:write",
    quota="claims",
    takes={"again": {}},
    answers={200: Shown("`asked` says whether the policy let another mail go.", shapes.Claim, _CLAIM)},
    fails=("not-found",),
)
def ask_again(request: Asked, claim_id: str, body: Nothing | None = None) -> Answer:
    """The customer wishes for another confirmation mail."""
    claim = _claim(request, claim_id)
    with transaction.atomic():
        ownership.lock(bytes(claim.digest))
        before = ownership.told([claim])[0]
        address = ownership.plain(bytes(claim.digest))
        if address is not None and before.given:
            claim = gate.ask(request.auth, address, claim.customer)
        told = ownership.told([claim])[0]
    return Answer(200, shown(told, asked=told.asked_at != before.asked_at))


@call(
    router,
    "POST",
    "/claims/{claim_id}/code",
    scope="claims:write",
    quota="write",
    takes={"code": {"code": "402817"}},
    answers={
        200: Shown(
            "It was right: the address is proved, and what waited leaves.", shapes.Claim, {"proved": examples.PROVED}
        )
    },
    fails=("not-found", "code-wrong", "code-closed", "gone"),
)
def type_code(request: Asked, claim_id: str, body: CodeIn) -> Answer:
    """What the customer typed into the service's page, in their own session."""
    claim = _claim(request, claim_id)
    typed = re.sub(r"[\s\-‐‑–—−]", "", unicodedata.normalize("NFKC", body.code))
    if not re.fullmatch(r"[0-9]{6}", typed):
        raise invalid((("body", "code"), "The code is six digits; this cost no try."))
    proof = gate.prove_code(claim, typed)
    match proof.result:
        case "proved":
            return Answer(200, shown(ownership.told([claim])[0]))
        case "wrong":
            raise Problem("code-wrong", examples.PROBLEMS["code-wrong"]["detail"], tries_left=proof.tries_left)
        case "closed":
            raise Problem("code-closed", examples.PROBLEMS["code-closed"]["detail"])
    raise Problem("gone", examples.PROBLEMS["gone"]["detail"])


@call(
    router,
    "POST",
    "/claims/{claim_id}/proofs",
    scope="claims:write",
    quota="write",
    takes={"attested": {"method": "attested", "evidence": "Showed the card that the address is printed on"}},
    answers={201: Shown("It is proved, and what waited leaves.", shapes.Claim, {"attested": examples.ATTESTED})},
    fails=("not-found",),
)
def attest(request: Asked, claim_id: str, body: ProofIn) -> Answer:
    """The service vouches that mailbox and customer belong together. What the mailbox said itself stays (L4)."""
    claim = _claim(request, claim_id)
    with transaction.atomic():
        ownership.lock(bytes(claim.digest))
        told = ownership.told([claim])[0]
        if told.stand.standing is Standing.DISAVOWED or told.stand.paused:
            raise Problem(
                "conflict", "The mailbox said that it wants no such mail, and only the mailbox can take that back."
            )
        if not told.given:
            raise Problem("conflict", "The customer has withdrawn this address: claim it again first.")
        gate.attest(claim, body.evidence)
        told = ownership.told([claim])[0]
    return Answer(201, shown(told))


@call(
    router,
    "GET",
    "/customers/{ref:ref}/standing",
    scope="claims:read",
    quota="read",
    answers={
        200: Shown(
            "What to show.",
            shapes.CustomerStanding,
            {"ok": examples.CUSTOMER_OK, "reported": examples.CUSTOMER_NEEDS, "deadline": examples.CUSTOMER_CALLS},
        )
    },
    fails=("invalid",),
)
def customer_standing(request: Asked, ref: shapes.Customer) -> Answer:
    """What a shop needs on each page. A customer without any address is `ok` (L2), and so is one never heard of."""
    told = [each for each in ownership.told(ownership.claims_of(request.auth, ref)) if each.given]
    case = next(filter(None, map(_case, told)), None)
    if case is not None and case.deadline is not None and case.state in _DEADLINES:
        state: shapes.State = "contact_support"
    else:
        state = "ok" if _is_ok(told) else "address_needed"
    claims = [shown(each) for each in told]
    return Answer(
        200,
        shapes.CustomerStanding(customer=ref, state=state, claims=claims, case=None if case is None else _ref(case)),
    )


def shown(told: Told, *, asked: bool = False) -> shapes.Claim:
    """A claim as it goes out."""
    claim = told.claim
    return shapes.Claim(
        id=claim.pk,
        customer=claim.customer,
        address=told.masked,
        standing=told.stand.standing.value,
        paused=told.stand.paused,
        match=told.match,
        asked=asked,
        code_expires=told.code_expires,
        return_url=claim.return_url or None,
        created=claim.created,
        proofs=[shapes.ProofOut.model_validate({"method": method, "at": at}) for method, at in told.proofs],
    )


def _ref(case: Case) -> shapes.CaseRef:
    deadline = desk.end_of(case.deadline, case.service.zone) if case.deadline else None
    return shapes.CaseRef(id=case.pk, number=case.number, deadline=deadline)


def _is_ok(told: list[Told]) -> bool:
    """Whether there is nothing to ask of the customer: one address is proved, or each still has its time to be."""
    return any(map(_is_good, told)) or all(map(_still_has_time, told))


def _is_good(told: Told) -> bool:
    """Whether mail is delivered to it: proved, or by a click that the service's policy takes for a proof."""
    accepted = told.stand.accepted and told.claim.service.accept_answered
    return not told.stand.paused and (told.stand.standing is Standing.PROVED or accepted)


def _still_has_time(told: Told) -> bool:
    if told.stand.paused or told.stand.standing in (Standing.DISAVOWED, Standing.DOUBTED):
        return False
    now, wait = clock.now(), timedelta(days=told.claim.service.wait_days)
    return told.since + wait > now or (told.asked_until is not None and told.asked_until > now)


def _case(told: Told) -> Case | None:
    """The case that asks something of this claim's customer. One that no mailbox has confirmed asks nothing (L4)."""
    if told.stand.standing is not Standing.DISAVOWED:
        return None
    case = desk.running(told.claim)
    return None if case is None or case.state == Case.State.UNCONFIRMED else case


def _claim(request: Asked, claim_id: str) -> ownership.Claim:
    found = ownership.claim_of(request.auth, uuid_of(claim_id, "claim"))
    if found is None:
        raise nothing("claim")
    return found


def _asked_at(service: tenants.Service, pk: object) -> object:
    claim = ownership.claim_of(service, pk)  # type: ignore[arg-type]
    return ownership.told([claim])[0].asked_at if claim else None
