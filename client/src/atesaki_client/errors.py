"""What a call can fail with: `Problem`, which atesaki said, and `Unreachable`, where it said nothing to rely on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AtesakiError(Exception):
    """Every failure of a call is one of these."""


class Problem(AtesakiError):
    """atesaki said no (RFC 9457). Saying the same again will not help, but for `rate`: wait `retry_after` seconds.

    slug: the last word of `type`, such as `invalid`, `not-found`, `refused`.  extensions: what else it says.
    """

    def __init__(
        self,
        status: int,
        *,
        type: str = "about:blank",
        title: str = "",
        detail: str = "",
        extensions: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status, self.type, self.title, self.detail = status, type, title, detail
        self.extensions: Mapping[str, Any] = extensions or {}
        self.retry_after = retry_after
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")

    @property
    def slug(self) -> str:
        return "" if self.type == "about:blank" else self.type.rstrip("/").rpartition("/")[2]


class WrongCode(Problem):
    """What was typed is not the code; `tries_left` more may be tried (None where that is not told)."""

    @property
    def tries_left(self) -> int | None:
        left = self.extensions.get("tries_left")
        return left if isinstance(left, int) else None


class CodeClosed(Problem):
    """Too many wrong codes: this one opens nothing any more. `ask_again` has a new one mailed."""


class CodeGone(Problem):
    """The code has ended, or there never was one. `ask_again` has a new one mailed."""


class Unreachable(AtesakiError):
    """There was no answer to rely on: try later.

    taken: whether the call may have been taken all the same, because only its answer was lost. Repeating it with
    `idempotency_key` is then safe for 24 hours.  retry_after: seconds that atesaki asks to be left alone, if it did.
    """

    def __init__(
        self, text: str, *, taken: bool = False, idempotency_key: str = "", retry_after: float | None = None
    ) -> None:
        self.taken, self.idempotency_key, self.retry_after = taken, idempotency_key, retry_after
        super().__init__(text)


KINDS: Mapping[str, type[Problem]] = {"code-wrong": WrongCode, "code-closed": CodeClosed, "gone": CodeGone}
"""The problems that have a class of their own, by slug."""
