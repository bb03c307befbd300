"""Plays each scenario on a database of its own; prints one JSON object: its name and "" or what went wrong."""

from __future__ import annotations

import hmac
import inspect
import json
import logging
import os
import re
import sys
import time
import traceback
from base64 import b64decode, b64encode
from collections.abc import Callable
from io import StringIO

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.client_allauth.settings"
django.setup()

import atesaki_client.allauth as ours  # noqa: E402
from allauth.account.models import EmailAddress  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core import mail  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import override_settings, setup_test_environment  # noqa: E402

from tests.client_wire import Atesaki, speaking  # noqa: E402

HANA, KEN = "hana@example.jp", "ken@example.jp"
BY_CODE = bool(os.environ.get("BY_CODE"))


def sign_up(name: str = "ken", email: str = HANA) -> Client:
    browser = Client()
    answer = browser.post("/accounts/signup/", {"username": name, "email": email, "password1": "correct horse 9"})
    assert answer.status_code == 302, answer.content.decode()
    return browser


def user(name: str = "ken") -> object:
    return get_user_model().objects.get(username=name)


def row(email: str = HANA) -> EmailAddress:
    return EmailAddress.objects.get(email=email)


def tell(kind: str, claim: dict, event: str = "evt_1", status: int = 204) -> None:
    said = {
        "type": kind,
        "timestamp": "2026-11-24T09:00:00Z",
        "data": {"claim": claim["id"], "customer": claim["customer"]},
    }
    body, at = json.dumps(said).encode(), int(time.time())
    digest = hmac.digest(b64decode(settings.ATESAKI_WEBHOOK_SECRET[6:]), f"{event}.{at}.".encode() + body, "sha256")
    signature = f"v1,{b64encode(digest).decode()}"
    headers = {"webhook-id": event, "webhook-timestamp": str(at), "webhook-signature": signature}
    answer = Client().post("/atesaki/webhook", body, content_type="application/json", headers=headers)
    assert answer.status_code == status, (answer.status_code, answer.content)


def reset(email: str, follow: bool = True) -> str:
    """What the page says after a password reset was asked for; without what is another on every page."""
    answer = Client().post("/accounts/password/reset/", {"email": email}, follow=follow)
    text = re.sub(r'value="\w{64}"|ken|nobody|hana', "", answer.content.decode())
    return f"{answer.status_code} {answer.redirect_chain if follow else ''} {text}"


# --- by link, addresses optional -------------------------------------------------------------------------


def confirmation_is_asked_through_atesaki(atesaki: Atesaki) -> None:
    browser = sign_up()
    (asked,) = atesaki.asked
    assert asked.json == {"address": HANA, "customer": str(user().pk)}
    assert not mail.outbox and atesaki.mailed == [HANA]
    assert browser.session[ours.SESSION]["match"] == "47" and not row().verified


def a_sign_up_goes_on_while_atesaki_is_away(atesaki: Atesaki) -> None:
    with override_settings(ATESAKI_URL="http://127.0.0.1:9"):
        browser = sign_up()
    assert "_auth_user_id" in browser.session and not row().verified and not mail.outbox
    assert browser.post("/accounts/email/", {"email": HANA, "action_send": ""}).status_code == 302
    assert atesaki.mailed == [HANA], "asked again when it is back"


def a_proof_reaches_allauths_table(atesaki: Atesaki) -> None:
    sign_up()
    tell("claim.proved", atesaki.claims[HANA, str(user().pk)], "evt_1")
    assert not row().verified, "the event's word alone is not enough: the claim does not stand so"
    tell("claim.proved", atesaki.prove(HANA, str(user().pk)), "evt_2")
    assert row().verified and row().primary and not mail.outbox


def proving_one_address_verifies_no_other_of_the_same_mask(atesaki: Atesaki) -> None:
    """Ken proves a mailbox of his own whose mask is Hana's, after he has put hers in its place."""
    browser = sign_up(email="hacker@example.jp")
    claim = atesaki.prove("hacker@example.jp", str(user().pk))
    row("hacker@example.jp").delete()
    browser.post("/accounts/email/", {"email": HANA, "action_add": ""})
    tell("claim.proved", claim)
    assert not row().verified


def not_me_takes_the_address_off_the_account(atesaki: Atesaki) -> None:
    sign_up()
    claim = atesaki.prove(HANA, str(user().pk), "disavowed")
    claim["address"] = None
    before = len(atesaki.mailed)
    tell("claim.disowned", claim)
    assert not EmailAddress.objects.exists() and not user().email and get_user_model().objects.count() == 1
    assert len(atesaki.mailed) == before


def an_event_of_a_user_who_is_gone_is_heard_and_one_unanswered_comes_again(atesaki: Atesaki) -> None:
    sign_up()
    claim = atesaki.prove(HANA, str(user().pk))
    with override_settings(ATESAKI_URL="http://127.0.0.1:9"):
        tell("claim.proved", claim, status=500)
    tell("claim.proved", claim)
    assert row().verified
    user().delete()
    tell("claim.disowned", claim, "evt_2")
    tell("claim.disowned", {**claim, "customer": "no key"}, "evt_3")


def no_reset_goes_to_an_unproved_or_disputed_address_and_the_page_says_the_same(atesaki: Atesaki) -> None:
    sign_up()
    ref = str(user().pk)
    said = {"nobody": reset("nobody@example.jp"), "claimed": reset(HANA)}
    EmailAddress.objects.update(verified=True)  # allauth thinks so, atesaki does not
    said["only here"] = reset(HANA)
    for standing in ("answered", "doubted", "disavowed"):
        atesaki.prove(HANA, ref, standing)
        said[standing] = reset(HANA)
    atesaki.prove(HANA, ref)
    EmailAddress.objects.update(verified=False)  # atesaki thinks so, allauth does not
    said["only there"] = reset(HANA)
    EmailAddress.objects.update(verified=True)
    with override_settings(ATESAKI_URL="http://127.0.0.1:9"):
        said["away"] = reset(HANA)
    assert not mail.outbox, [each.subject for each in mail.outbox]
    said["proved"] = reset(HANA)
    assert len(mail.outbox) == 1 and mail.outbox[0].extra_headers == {"X-Atesaki-Customer": ref}
    assert len(set(said.values())) == 1, "somebody could tell who has an account"
    assert atesaki.mailed == [HANA], "a question is no cause for a mail"


def anothers_proof_opens_no_reset(atesaki: Atesaki) -> None:
    """Ken's account names Hana's address; Hana has proved it for her own. A reset concerns hers alone."""
    sign_up("ken")
    sign_up("hana2", "other@example.jp")
    mine = EmailAddress.objects.create(user=user("hana2"), email=HANA, verified=True)
    atesaki.claims[HANA, str(mine.user_id)] = {**atesaki.claims[HANA, str(user().pk)], "customer": str(mine.user_id)}
    atesaki.prove(HANA, str(mine.user_id))
    reset(HANA)
    assert [each.extra_headers for each in mail.outbox] == [{"X-Atesaki-Customer": str(mine.user_id)}]
    assert "hana2" in mail.outbox[0].body and "ken" not in mail.outbox[0].body


def login_codes_and_account_exists_go_to_proved_addresses_only(atesaki: Atesaki) -> None:
    sign_up()
    for _ in range(2):
        Client().post("/accounts/login/code/", {"email": HANA})
        Client().post("/accounts/login/code/", {"email": "nobody@example.jp"})
        ours.AccountAdapter().send_mail("account/email/account_already_exists", HANA, {})
        if not row().verified:
            assert not mail.outbox
        atesaki.prove(HANA, str(user().pk))
        EmailAddress.objects.update(verified=True)
    assert len(mail.outbox) == 2
    assert all(each.extra_headers == {"X-Atesaki-Customer": str(user().pk)} for each in mail.outbox)


def stock_mails_name_the_customer(atesaki: Atesaki) -> None:
    browser = sign_up()
    form = {"oldpassword": "correct horse 9", "password1": "wrong horse 8", "password2": "wrong horse 8"}
    assert browser.post("/accounts/password/change/", form).status_code == 302
    (notice,) = mail.outbox
    assert notice.extra_headers == {"X-Atesaki-Customer": str(user().pk)} and notice.to == [HANA]


def by_code_without_the_form_is_told(atesaki: Atesaki) -> None:
    sign_up()
    with override_settings(ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED=True, ACCOUNT_FORMS={}):
        try:
            ours.AccountAdapter().send_confirmation_mail(None, None, False)
        except ImproperlyConfigured as error:
            assert "CodeForm" in str(error)
        else:
            raise AssertionError("nobody would ever get in")


def masks(_: Atesaki) -> None:
    fits = [
        ("h***@e***.jp", HANA, True),
        ("H***@E***.JP", HANA, True),
        ("h***@e***.jp", KEN, False),
        ("h***@x***.jp", HANA, False),
        ("h***@e***.com", HANA, False),
        ("***@***.jp", "a@b.jp", True),
        ("h***@日***.jp", "hana@xn--wgv71a.jp", True),
        ("h***@x***.jp", "hana@日本.jp", True),
        (None, HANA, False),
        ("", HANA, False),
    ]
    for masked, email, does in fits:
        assert ours._fits(masked, email) is does, (masked, email)


# --- by code, addresses mandatory ------------------------------------------------------------------------


def code_allauths_page_takes_atesakis_code(atesaki: Atesaki) -> None:
    browser = sign_up()
    assert "_auth_user_id" not in browser.session
    wrong = browser.post("/accounts/confirm-email/", {"code": "000000"})
    assert wrong.status_code == 200 and "Incorrect code" in wrong.content.decode()
    right = browser.post("/accounts/confirm-email/", {"code": "123456"})
    assert right.status_code == 302 and row().verified and "_auth_user_id" in browser.session
    assert not mail.outbox, "no code of allauth's ever left"


def code_cannot_be_checked_while_atesaki_is_away(atesaki: Atesaki) -> None:
    browser = sign_up()
    with override_settings(ATESAKI_URL="http://127.0.0.1:9"):
        later = browser.post("/accounts/confirm-email/", {"code": "123456"}, headers={"accept-language": "en"})
    assert "cannot be checked at present" in later.content.decode() and not row().verified
    assert browser.post("/accounts/confirm-email/", {"code": "123456"}).status_code == 302 and row().verified


def code_of_another_address_opens_nothing(atesaki: Atesaki) -> None:
    browser = sign_up()
    session = browser.session
    session[ours.SESSION] = {**session[ours.SESSION], "email": KEN}
    session.save()
    browser.post("/accounts/confirm-email/", {"code": "123456"})
    assert not row().verified and atesaki.asked[-1].path == "/api/v1/claims"


def code_reset_sends_nothing_and_says_the_same(atesaki: Atesaki) -> None:
    sign_up()
    said = {reset("nobody@example.jp"), reset(HANA)}
    assert not mail.outbox
    atesaki.prove(HANA, str(user().pk))
    EmailAddress.objects.update(verified=True)
    said.add(reset(HANA))
    assert len(said) == 1 and len(mail.outbox) == 1


def _play(scenario: Callable[[Atesaki], None]) -> str:
    call_command("flush", interactive=False, verbosity=0)
    cache.clear()
    mail.outbox = []
    logged = logging.StreamHandler(StringIO())
    logging.getLogger("atesaki_client").addHandler(logged)
    try:
        with speaking() as atesaki, override_settings(ATESAKI_URL=atesaki.url):
            scenario(atesaki)
        assert "example.jp" not in logged.stream.getvalue(), logged.stream.getvalue()
    except Exception:
        return traceback.format_exc()
    finally:
        logging.getLogger("atesaki_client").removeHandler(logged)
    return ""


SCENARIOS = [
    each
    for name, each in vars(sys.modules[__name__]).items()
    if inspect.isfunction(each) and list(inspect.signature(each).parameters) in (["atesaki"], ["_"])
]

if __name__ == "__main__":
    logging.disable(logging.DEBUG)
    setup_test_environment()
    call_command("migrate", verbosity=0)
    chosen = [each for each in SCENARIOS if each.__name__.startswith("code_") is BY_CODE]
    print(json.dumps({each.__name__: _play(each) for each in chosen}))
