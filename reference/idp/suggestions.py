"""A slip of the keyboard in the domain of an address. It only suggests: a short domain of one's own is no slip."""

from __future__ import annotations

KNOWN = (
    "gmail.com",
    "googlemail.com",
    "yahoo.co.jp",
    "ymail.ne.jp",
    "outlook.jp",
    "outlook.com",
    "hotmail.com",
    "hotmail.co.jp",
    "live.jp",
    "icloud.com",
    "me.com",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "au.com",
    "softbank.ne.jp",
    "i.softbank.jp",
    "nifty.com",
    "biglobe.ne.jp",
    "so-net.ne.jp",
    "ocn.ne.jp",
)

SLIPS = {
    "gmail.co.jp": "gmail.com",
    "gmail.jp": "gmail.com",
    "docomo.co.jp": "docomo.ne.jp",
    "yahoo.ne.jp": "yahoo.co.jp",
}
REAL = {"mail.com", "ymail.com", "gmx.com"}  # near to a known one, and no slip


def suggestion(address: str) -> str:
    """The address with the known domain that was probably meant, or ""."""
    local, at, domain = address.rpartition("@")
    domain = domain.lower()
    if not at or domain in KNOWN or domain in REAL:
        return ""
    if domain in SLIPS:
        return f"{local}@{SLIPS[domain]}"
    # Below eight characters every domain is near to another (au.com, me.com).
    near = [(distance(domain, known), known) for known in KNOWN if len(known) >= 8]
    far, best = min(near)
    return f"{local}@{best}" if far <= (2 if len(domain) >= 11 else 1) else ""


def distance(one: str, other: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
