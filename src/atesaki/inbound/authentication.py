"""What our own MX says of a mail's author (RFC 8601)."""

from __future__ import annotations

import authres

from atesaki import content

from .came import Came


def failed_authentication(raw: bytes, authserv_id: str) -> bool:
    """Whether our MX found that the author's domain disowns this mail (dmarc=fail for the domain in From).

    Only fields with `authserv_id` count; without one the token alone decides. A field that a sender forged under
    our name cannot be told from ours if the MX did not remove it (RFC 8601 5), so any failure counts over any
    success: who forges can only hurt their own mail.
    """
    if not authserv_id:
        return False
    domain = Came.of(raw, "", "").author.rpartition("@")[2]
    return any(_fails(value, authserv_id, domain) for value in content.header_values(raw, "Authentication-Results"))


def _fails(value: str, authserv_id: str, domain: str) -> bool:
    try:
        header = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value[:4_000]}")
    except Exception:  # noqa: BLE001 - a field of anybody's making; the parser raises more than its own error
        return False
    if str(header.authserv_id or "").lower() != authserv_id.lower():
        return False
    for result in header.results:
        if str(result.method).lower() == "dmarc" and str(result.result).lower() == "fail":
            of = [str(each.value).lower() for each in result.properties if (each.type, each.name) == ("header", "from")]
            if not of or not domain or domain in of:
                return True
    return False
