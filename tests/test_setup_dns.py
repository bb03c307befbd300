"""`atesaki check-setup` on the DNS of our sender, asked of a name server of the test's own."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from atesaki.cli.setup import Finding, sender

OURS = "gate.example.jp"


class Zone:
    """A name server on loopback: TXT records by name; a name in `away` is answered with SERVFAIL."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.away: set[str] = set()
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            raw, peer = self._socket.recvfrom(4096)
            if not raw:
                return
            asked = dns.message.from_wire(raw)
            answer = dns.message.make_response(asked)
            answer.flags |= dns.flags.RA
            question = asked.question[0]
            name = question.name.to_text().rstrip(".").lower()
            self.asked.append(name)
            if name in self.away:
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif name in self.texts:
                # A TXT record is made of pieces of at most 255 octets (RFC 1035 3.3.14).
                rows = [" ".join(f'"{t[i : i + 200]}"' for i in range(0, len(t), 200)) for t in self.texts[name]]
                answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "TXT", rows))
            elif not any(known.endswith(f".{name}") for known in self.texts):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(answer.to_wire(), peer)

    def close(self) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))  # closing a socket does not wake who reads from it
        self._thread.join(5)
        self._socket.close()


@pytest.fixture
def zone(settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Zone]:
    settings.ATESAKI_MAIL_DOMAIN = OURS  # type: ignore[attr-defined]
    monkeypatch.delenv("ATESAKI_ENV", raising=False)
    monkeypatch.setenv("ATESAKI_DKIM_SELECTOR", "s1")
    served = Zone()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], served.port, 2.0
    monkeypatch.setattr(sender, "_resolver", lambda: resolver)
    served.texts = {
        OURS: ["v=spf1 ip4:192.0.2.25 -all", "some-other=text"],
        f"s1._domainkey.{OURS}": [f"v=DKIM1; k=rsa; p={rsa(2048)}"],
        f"_dmarc.{OURS}": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.jp"],
    }
    yield served
    served.close()


def rsa(bits: int) -> str:
    public = generate_private_key(65537, bits).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def looked(check: str) -> Finding:
    found = {finding.check: finding for finding in sender.records()}
    assert set(found) == {"spf", "dkim", "dmarc"}
    assert all(finding.mend or finding.state == "ok" for finding in found.values()), "each says what to do"
    return found[check]


def test_a_domain_that_is_well_is_said_to_be(zone: Zone) -> None:
    assert [(finding.check, finding.state, finding.mend) for finding in sender.records()] == [
        ("spf", "ok", ""),
        ("dkim", "ok", ""),
        ("dmarc", "ok", ""),
    ]


def test_a_domain_of_this_machine_is_not_asked_for(zone: Zone, settings: object) -> None:
    settings.ATESAKI_MAIL_DOMAIN = "atesaki.localhost"  # type: ignore[attr-defined]
    assert [(finding.check, finding.state) for finding in sender.records()] == [("sender", "ok")]
    assert zone.asked == []


@pytest.mark.parametrize("check", ["spf", "dkim", "dmarc"])
def test_what_is_missing_says_what_to_publish(check: str, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.texts = {}
    found = looked(check)
    assert found.state == ("wrong" if check == "dkim" else "warn") and "TXT at" in found.mend
    monkeypatch.setenv("ATESAKI_ENV", "production")
    assert looked(check).state == "wrong"


def test_a_name_server_that_is_away_is_no_missing_record(zone: Zone) -> None:
    zone.away = set(zone.texts)
    for check in ("spf", "dkim", "dmarc"):
        found = looked(check)
        assert found.state == "warn" and "DNS did not say" in found.says


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("v=spf1 ip4:192.0.2.256 -all", "'ip4:192.0.2.256' is not understood"),
        ("v=spf1 ip4:2001:db8::1 -all", "is not understood"),
        ("v=spf1 ip6:192.0.2.1 -all", "is not understood"),
        ("v=spf1 include: -all", "'include:' is not understood"),
        ("v=spf1 ipv4:192.0.2.1 -all", "'ipv4:192.0.2.1' is not understood"),
        ("v=spf1 a:%{x}.example.jp -all", "is not understood"),
        ("v=spf1 redirect=", "'redirect=' is not understood"),
        ("v=spf1 all:example.jp", "'all:example.jp' is not understood"),
        ("v=spf1 include:none.example.jp -all", "none.example.jp has no SPF record"),
        ("v=spf1 " + " ".join(f"a:{n}.example.jp" for n in range(11)) + " -all", "needs 11 look-ups"),
    ],
)
def test_an_spf_record_that_receivers_cannot_use_is_wrong(record: str, says: str, zone: Zone) -> None:
    zone.texts[OURS] = [record]
    found = looked("spf")
    assert found.state == "wrong" and says in found.says, found


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 -all",
        "V=SPF1 MX A -ALL",
        "v=spf1 a mx a:mail.example.jp/28 mx/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{i}._s.example.jp ~all",
        "v=spf1 include:_spf.next.example exp=why.example.jp new-thing=1 -all",
        "v=spf1 redirect=_spf.next.example",
    ],
)
def test_an_spf_record_that_is_well_formed_is_well(record: str, zone: Zone) -> None:
    zone.texts[OURS] = [record]
    zone.texts["_spf.next.example"] = ["v=spf1 ip4:198.51.100.0/24 -all"]
    assert looked("spf").state == "ok", looked("spf")


def test_what_an_spf_record_includes_is_read_too(zone: Zone) -> None:
    zone.texts[OURS] = ["v=spf1 include:a.example.jp -all"]
    zone.texts["a.example.jp"] = ["v=spf1 include:b.example.jp ?all"]
    zone.texts["b.example.jp"] = ["v=spf1 ip4:bad -all"]
    assert "b.example.jp: 'ip4:bad'" in looked("spf").says
    zone.texts["b.example.jp"] = ["v=spf1 include:a.example.jp -all"]
    found = looked("spf")
    assert found.state == "wrong" and "look-ups" in found.says, "a circle ends"


def test_two_spf_records_are_none(zone: Zone) -> None:
    zone.texts[OURS] = ["v=spf1 -all", "v=spf1 mx -all"]
    found = looked("spf")
    assert found.state == "wrong" and "2 SPF records" in found.says


@pytest.mark.parametrize("end", ["+all", "all", "?all", ""])
def test_an_spf_record_that_forbids_nobody_is_warned_of(end: str, zone: Zone) -> None:
    zone.texts[OURS] = [f"v=spf1 mx {end}".strip()]
    assert looked("spf").state == "warn"


@pytest.mark.parametrize(
    ("record", "state", "says"),
    [
        ("v=DKIM1; p=", "wrong", "withdrawn"),
        ("v=DKIM1; k=rsa", "wrong", "no key"),
        ("v=DKIM2; p=AAAA", "wrong", "not DKIM1"),
        ("v=DKIM1; p=AAAA", "wrong", "cannot be read"),
        ("v=DKIM1; p=****", "wrong", "cannot be read"),
        ("v=DKIM1 p=AAAA", "wrong", "v="),
        ("v=DKIM1; k=ed25519; p=AAAA", "wrong", "no Ed25519 key"),
        (f"v=DKIM1; k=ed25519; p={base64.b64encode(bytes(32)).decode()}", "ok", ""),
        (f"p={rsa(1024)}", "warn", "1024 bits"),
        (f"v=DKIM1; t=y; p={rsa(2048)}", "warn", "tried out"),
    ],
)
def test_a_dkim_key_is_read(record: str, state: str, says: str, zone: Zone) -> None:
    zone.texts[f"s1._domainkey.{OURS}"] = [record]
    found = looked("dkim")
    assert (found.state, says in found.says) == (state, True), found


def test_without_a_selector_nothing_is_said_of_dkim_but_how_to_have_it_said(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ATESAKI_DKIM_SELECTOR")
    assert looked("dkim").state == "ok"
    monkeypatch.setenv("ATESAKI_ENV", "production")
    found = looked("dkim")
    assert found.state == "warn" and "ATESAKI_DKIM_SELECTOR" in found.mend


@pytest.mark.parametrize(
    ("record", "state", "says"),
    [
        ("v=DMARC1; p=none", "ok", "p=none only watches"),
        ("v=DMARC1; p=quarantine; pct=50; adkim=s; aspf=r; fo=1", "ok", "quarantine"),
        ("v=DMARC1;p=rejected", "wrong", "p=rejected"),
        ("v=DMARC1; rua=mailto:d@example.jp", "wrong", "no policy"),
        ("v=DMARC1; p=reject; rua=d@example.jp", "wrong", "mailto:"),
        ("v=DMARC1; p=reject; aspf=x", "wrong", "aspf=x"),
        ("v=DMARC1; p=reject; pct=101", "wrong", "pct=101"),
        ("v=DMARC1; p=reject; p=none", "wrong", "twice"),
    ],
)
def test_a_dmarc_record_is_read(record: str, state: str, says: str, zone: Zone) -> None:
    zone.texts[f"_dmarc.{OURS}"] = [record]
    found = looked("dmarc")
    assert (found.state, says in found.says) == (state, True), found


def test_the_domain_above_speaks_for_one_that_says_nothing(zone: Zone) -> None:
    del zone.texts[f"_dmarc.{OURS}"]
    zone.texts["_dmarc.example.jp"] = ["v=DMARC1; p=reject; sp=none"]
    found = looked("dmarc")
    assert found.state == "ok" and "policy none, from _dmarc.example.jp" in found.says and "only watches" in found.says
    assert "_dmarc.jp" not in zone.asked, "no top-level domain is asked"


def test_what_is_not_of_dmarc_or_stands_there_twice_is_none(zone: Zone) -> None:
    zone.texts[f"_dmarc.{OURS}"] = ["dmarc: reject"]
    assert looked("dmarc").state == "warn"
    zone.texts[f"_dmarc.{OURS}"] = ["v=DMARC1; p=none", "v=DMARC1; p=reject"]
    assert looked("dmarc").state == "wrong"
