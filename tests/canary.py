"""A case stuffed with what each side must never see of the other: the canary of "reporter" and "customer" (L1).

`stuffed` makes it; whoever renders a page, a mail or a letter searches what came out for the other side's strings
(`tests.leaks.found` reads a mail as its reader would, and as it lies on the disk).
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

from django.contrib.auth import get_user_model

from atesaki import clock, desk, gate, keys, notme
from atesaki.models import Case, Contact, Customer, Draft, Letter, Note, Reporter, Wish
from tests.world import HANA, World, order

REFERENCE = "KEN-CUSTOMER-4711"
CODE = "7391-4482"
AGENT = "mori-no-agent-89"
NAME, PHONE, ADDRESS = "大島 健太郎", "090-0000-4711", "千葉県船橋市本町9丁目99番9号"
NOTE = "留守番電話に「大島」の応答あり。内部メモのカナリア77。"
DRAFT = "下書きのカナリア55。大島さまは月曜に折り返すとのこと。"
REASON = "電話番号の確認のためのカナリア33"
CUSTOMER = [
    *(REFERENCE, CODE, AGENT, NAME, "大島", "健太郎", PHONE, PHONE.replace("-", ""), ADDRESS, "船橋市", "273-0005"),
    *(NOTE, "カナリア77", DRAFT, "カナリア55", REASON, "カナリア33", "月曜に折り返す", "留守番電話"),
]
WORDS = "こちらは花です。届いたメールは三通でした。お便りのカナリア11。"
WISH = "入力のときに確認のメールを送ってほしい。要望のカナリア22。"
REPORTER = [HANA, WORDS, "お便りのカナリア11", "届いたメールは三通", WISH, "要望のカナリア22", "こちらは花です"]


def stuffed(world: World) -> tuple[Case, list[str], list[str]]:
    """The case, the customer's side's strings, and the reporter's: Ken's order went to Hana, who said "not me".

    Confirmed, the letter is out (state `awaiting`, a deadline in two weeks), everything sealed where its row says.
    """
    known = f"X-Atesaki-Customer: {REFERENCE}\r\nX-Atesaki-Knows: postal_code=273-0005\r\n"
    world.send(order(4711, headers=known), HANA)
    gate.drive()
    freed = notme.report(world.tokens()[1], via="page", lang="ja")
    assert freed is not None and freed.case is not None
    case = desk.by_pk(freed.case.pk)
    _customer_side(case)
    _reporter_side(case)
    return desk.by_pk(case.pk), list(CUSTOMER), list(REPORTER)


def leaked(text: str, secrets: list[str]) -> set[str]:
    """Those of `secrets` that stand in a page, whichever way they are escaped."""
    views = (text, unescape(text), unquote(text), unescape(unquote(text)))
    return {secret for secret in secrets if any(secret in view for view in views)}


def _customer_side(case: Case) -> None:
    """The customer's data, four tries to reach them, the letter, what agents wrote among themselves."""
    now, ring = clock.now(), keys.ring()
    agent, _ = get_user_model().objects.get_or_create(username=AGENT, defaults={"first_name": AGENT})
    about = {"name": NAME, "phone": PHONE, "postal_code": "273-0005", "address": ADDRESS}
    sealed = ring.wrap(json.dumps(about, ensure_ascii=False).encode(), case.pk.bytes)
    Customer.objects.update_or_create(case=case, defaults={"sealed": sealed, "changed": now})
    for rung, outcome in (
        *((Contact.Rung.PHONE, Contact.Outcome.NO_ANSWER), (Contact.Rung.PHONE, Contact.Outcome.LEFT_WORD)),
        *((Contact.Rung.SMS, Contact.Outcome.SENT), (Contact.Rung.LETTER, Contact.Outcome.POSTED)),
    ):
        Contact.objects.create(case=case, rung=rung, outcome=outcome, at=now, agent=agent)
    deadline = clock.today(case.service.zone) + timedelta(days=14)
    Letter.objects.create(
        case=case,
        made=now,
        deadline=deadline,
        code=hashlib.sha256(CODE.encode()).digest(),
        sealed_code=ring.wrap(CODE.encode(), case.pk.bytes),
        posted=clock.today(case.service.zone),
    )
    pk = keys.uuid7()
    Note.objects.create(id=pk, case=case, agent=agent, at=now, text=ring.wrap(NOTE.encode(), pk.bytes))
    for kind in ("note", "answer"):
        Draft.objects.create(case=case, agent=agent, kind=kind, at=now, text=ring.wrap(DRAFT.encode(), case.pk.bytes))
    desk.access.note(case, "phone", agent, REASON)
    for what in ("phoned", "sms_sent", "letter_made", "letter_posted", "revealed", "noted"):
        desk.step(case, what, by=AGENT)
    Case.objects.filter(pk=case.pk).update(
        state=Case.State.AWAITING, agent=agent, deadline=deadline, due=desk.end_of(deadline, case.service.zone)
    )


def _reporter_side(case: Case) -> None:
    """What Hana wrote and wished; the address is in its one table."""
    desk.write(case, "in", "page", WORDS)
    Reporter.objects.filter(case=case).update(wish=Reporter.Wish.STEPS, disposal=Reporter.Disposal.OPENED)
    wish = Wish.objects.create(
        case=case, organisation=case.organisation, at=clock.now(), language="ja", text=b"", sealed_address=b""
    )
    place = str(wish.pk).encode()
    wish.text = keys.ring().wrap(WISH.encode(), place)
    wish.sealed_address = keys.ring().wrap(HANA.encode(), place)
    wish.save()
