"""Reports as the audit writes them to `report.json`: a shop's, and those of poor or hostile input. All invented."""

from __future__ import annotations

import copy
from typing import Any

Report = dict[str, Any]

_MONTHS = (
    *((2025, month, 38_204 + 911 * month, 5_120 + 173 * month, 1_840 + 61 * month) for month in range(3, 13)),
    *((2026, month, 52_033 + 702 * month, 7_415 - 88 * month, 2_610 - 97 * month) for month in range(1, 12)),
)
_KINDS = (
    ("name", 301_442, 41_090, 9_811, "2025-03-02T23:10:00+00:00", "2026-11-23T14:59:00+00:00"),
    ("address", 190_318, 28_407, 8_204, "2025-03-02T23:10:00+00:00", "2026-11-23T09:12:00+00:00"),
    ("order_item", 188_904, 28_122, 8_190, "2025-03-02T23:10:00+00:00", "2026-11-22T03:00:00+00:00"),
    ("phone", 150_027, 20_916, 7_702, "2025-03-03T00:40:00+00:00", "2026-11-20T08:00:00+00:00"),
    ("postal", 149_873, 20_903, 7_700, "2025-03-03T00:40:00+00:00", "2026-11-20T08:00:00+00:00"),
    ("kana", 40_118, 5_210, 2_998, "2025-09-01T00:00:00+00:00", "2026-11-19T01:00:00+00:00"),
    ("account_id", 22_761, 3_044, 2_107, "2025-03-05T04:00:00+00:00", "2026-02-11T10:00:00+00:00"),
    ("dob", 3_106, 411, 390, "2025-06-15T00:00:00+00:00", "2026-03-31T10:00:00+00:00"),
    ("secret", 812, 97, 95, "2025-04-01T00:00:00+00:00", "2025-08-07T00:00:00+00:00"),
    ("card_tail", 645, 71, 66, "2026-05-12T00:00:00+00:00", "2026-11-02T00:00:00+00:00"),
    ("unreadable", 204, 18, 17, "2025-12-24T00:00:00+00:00", "2026-07-19T00:00:00+00:00"),
)
_SUSPICIONS = {
    "role": (1_902, 30_118),
    "shared": (873, 20_442),
    "lookalike_domain": (611, 4_007),
    "placeholder": (402, 3_310),
    "dead_domain": (377, 1_204),
    "repeated": (290, 2_118),
    "keyboard_run": (288, 1_996),
    "disposable": (154, 861),
    "unparsable": (61, 0),
}
_DOMAINS = (
    ("gmail.com", 48_310, 410_228, 1_204, 31_552),
    ("docomo.ne.jp", 20_117, 133_905, 3_318, 6_920),
    ("yahoo.co.jp", 19_662, 151_409, 988, 9_841),
    ("i.softbank.jp", 6_204, 40_118, 702, 2_118),
    ("mori.example", 1, 93_311, 0, 0),
    ("gmial.com", 212, 1_602, 1_598, 0),
    ("example.com", 118, 930, 930, 0),
    ("xn--r8jz45g.jp", 7, 41, 0, 3),
)


def sample() -> Report:
    """An online supermarket's, over 21 months."""
    return {
        "version": 1,
        "made": "2026-11-24T10:00:00+00:00",
        "zone": "Asia/Tokyo",
        "period": {"first": "2025-03-02T23:10:00+00:00", "last": "2026-11-23T14:59:00+00:00"},
        "inputs": [
            {"path": "customers.csv", "kind": "csv", "read": 120_480, "skipped": 12, "mails": 0},
            {"path": "archive/2025.mbox", "kind": "mbox", "read": 498_112, "skipped": 1, "mails": 498_111},
            {"path": "mail.log.2.gz", "kind": "postfix", "read": 2_104_883, "skipped": 4, "mails": 602_004},
        ],
        "totals": {
            "customers": 120_480,
            "customers_with_address": 118_902,
            "addresses": 115_226,
            "mails": 1_004_337,
            "deliveries": 1_015_871,
            "bounced": 18_402,
            "deferrals": 9_117,
            "complaints": 318,
            "proved": 84_319,
            "answered": 412,
            "unproved": 30_907,
            "written_unproved": 24_118,
            "mails_to_unproved": 141_206,
            "mails_before_proof": 20_771,
            "judged_mails": 498_111,
            "unsure_mails": 1_207,
            "mails_without_date": 33,
            "personal_mails": 322_516,
            "personal_to_unproved": 43_287,
            "never_reacted": 51_663,
            "made_up": 1_804,
            "shared": 2_940,
        },
        "by_month": [
            {"month": f"{year}-{month:02}", "mails": mails, "to_unproved": to, "personal_to_unproved": personal}
            for year, month, mails, to, personal in _MONTHS
        ],
        "kinds": [
            dict(zip(("kind", "mails", "to_unproved", "addresses", "first", "last"), row, strict=True))
            for row in _KINDS
        ],
        "suspicions": [
            {"reason": reason, "addresses": addresses, "mails": mails}
            for reason, (addresses, mails) in _SUSPICIONS.items()
        ],
        "domains": [
            dict(zip(("domain", "addresses", "mails", "bounced", "reacted"), row, strict=True)) for row in _DOMAINS
        ],
        "templates": [
            {
                "key": "ab12cd",
                "name": "ご注文の確認",
                "sender_domain": "shop.example",
                "mails": 188_904,
                "kinds": {"name": 188_904, "address": 186_320, "order_item": 188_871, "phone": 150_027},
                "to_unproved": 28_122,
                "missing": ["not_me", "reply"],
            },
            {
                "key": "77f0e1",
                "sender_domain": "id.example",
                "mails": 61_402,
                "kinds": {"name": 61_402, "account_id": 22_761},
                "to_unproved": 9_318,
                "missing": ["sender", "contact", "not_me", "reply"],
            },
            {
                "key": "0c9d55",
                "sender_domain": "news.shop.example",
                "mails": 402_117,
                "kinds": {},
                "to_unproved": 60_004,
                "missing": [],
            },
        ],
        "worst": [_worst(number) for number in range(12)],
        "skipped": [
            {
                "what": "truncated_mbox",
                "many": 1,
                "example": "archive/2025.mbox at octet 8,123,004,112",
                "sentence": "The file breaks off within a message; what came before it was counted.",
            },
            {
                "what": "odd_line",
                "many": 4,
                "example": "mail.log.2.gz line 1,204,118",
                "sentence": "The line is not one that Postfix writes; it was not counted.",
                "sentence_ja": "Postfix の行ではないため、数えていません。",
            },
        ],
        "claims_file": {"path": "claims.csv", "rows": 115_226, "with_evidence": 84_319},
        "known_customers_used": True,
        "seconds": 131.8,
    }


def _worst(number: int) -> Report:
    suspicions = (["shared"], ["lookalike_domain"], ["placeholder", "keyboard_run"], [], ["role", "shared"], [])
    return {
        "row": f"{'hkmstn'[number % 6]}***@{'gdym'[number % 4]}***.{('com', 'jp')[number % 2]}",
        "customer": f"C-{104_221 + 977 * number}",
        "mails": 412 - 27 * number,
        "personal": 388 - 29 * number,
        "kinds": ["name", "address", "phone", "order_item"][: 4 - number % 3],
        "first": "2025-03-09T01:00:00+00:00",
        "last": f"2026-11-{23 - number:02}T01:00:00+00:00",
        "suspicions": suspicions[number % 6],
        "reacted": number % 4 == 3,
    }


def empty() -> Report:
    """Nothing was in the input."""
    report = sample()
    for name in ("inputs", "by_month", "kinds", "suspicions", "domains", "templates", "worst", "skipped"):
        report[name] = []
    report["totals"] = dict.fromkeys(report["totals"], 0)
    report |= {"period": {"first": None, "last": None}, "claims_file": None, "known_customers_used": False}
    return report


def only_customers() -> Report:
    """A customer table, and no mail."""
    report = empty()
    whole = sample()
    for name in ("customers", "customers_with_address", "addresses", "unproved", "made_up", "shared"):
        report["totals"][name] = whole["totals"][name]
    report["suspicions"] = [each | {"mails": 0} for each in whole["suspicions"]]
    report["inputs"] = whole["inputs"][:1]
    return report


def only_logs() -> Report:
    """Logs: recipients, and not one message text."""
    report = sample()
    report["inputs"] = [report["inputs"][2]]
    report["totals"] |= {
        "customers": 0,
        "customers_with_address": 0,
        "judged_mails": 0,
        "personal_mails": 0,
        "personal_to_unproved": 0,
    }
    report |= {"kinds": [], "templates": [], "worst": [], "claims_file": None, "known_customers_used": False}
    for each in report["by_month"]:
        each["personal_to_unproved"] = 0
    return report


def with_everywhere(text: str) -> Report:
    """The sample with one string wherever the input decides what stands there."""
    report = copy.deepcopy(sample())
    for each in report["inputs"]:
        each |= {"path": text, "kind": text}
    for each in report["domains"]:
        each["domain"] = text
    for each in report["templates"]:
        each |= {"key": text, "sender_domain": text, "kinds": {text: 3}, "missing": [text]}
    for each in report["worst"]:
        each |= {"row": text, "customer": text, "kinds": [text], "suspicions": [text], "first": text, "last": text}
    for each in report["skipped"]:
        each |= {"what": text, "example": text, "sentence": text}
    for each in report["kinds"]:
        each |= {"kind": text, "first": text}
    for each in report["suspicions"]:
        each["reason"] = text
    for each in report["by_month"]:
        each["month"] = text
    report["claims_file"]["path"] = text
    return report | {"made": text, "period": {"first": text, "last": text}}
