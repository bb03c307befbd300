"""Which column of a customer table is what: said, or guessed from its heading."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

from atesaki.audit.options import AuditError

_HEADINGS: dict[str, list[str]] = tomllib.loads((Path(__file__).parent / "columns.toml").read_text(encoding="utf-8"))
KEYS = tuple(_HEADINGS)
# What the customer's own data is, which a mail is searched for.
KNOWN = ("name", "family", "given", "kana", "postal", "street", "phone", "dob", "account")


def _folded(heading: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", heading).lower())


def guess(headings: list[str], said: dict[str, str]) -> dict[str, int]:
    """Key -> number of the column. What is said goes before what is guessed.

    Raises `AuditError` where a key is not known, a named column is not there, or no column holds addresses.
    """
    places = {_folded(heading): number for number, heading in reversed(list(enumerate(headings)))}
    found: dict[str, int] = {}
    for key, heading in said.items():
        if key not in KEYS:
            raise AuditError(f"--columns {key}=… names nothing that is read; it can name {', '.join(KEYS)}.")
        if _folded(heading) not in places:
            raise AuditError(f"The customer table has no column {heading!r}; it has {', '.join(headings)}.")
        found[key] = places[_folded(heading)]
    for key, names in _HEADINGS.items():
        if key in found:
            continue
        for name in names:
            number = places.get(_folded(name))
            if number is not None and number not in found.values():
                found[key] = number
                break
    if "address" not in found:
        raise AuditError(
            f"No column of the customer table looks like mail addresses; it has {', '.join(headings)}."
            " Say which: --columns address=HEADING."
        )
    return found
