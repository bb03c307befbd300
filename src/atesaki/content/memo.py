"""What is remembered of lines from mail to mail, since most of a service's lines are the same in each.

Never content: a key is Python's hash of a line, whose secret each process draws anew, and a value is numbers and
labels of the data file. So nothing of a mail can be read out of it, and what a line says is computed again where it
would have to be kept (the digits of a phone number). Two lines of one hash are not to be expected: of a million lines
there is one such pair in thirty million processes.
"""

from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 4_096


class Memo(Generic[T]):
    """At most twice `most` values; which of them were asked for lately stay.

    Threads may share it: each step is one of a dict, and what is lost in a race is computed again.
    """

    __slots__ = ("_most", "_old", "_young")

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._young: dict[int, T] = {}
        self._old: dict[int, T] = {}

    def get(self, key: int) -> T | None:
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: int, value: T) -> None:
        if len(self._young) >= self._most:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
