"""Which lines, and steps from line to line, our code takes for an input, by Python's own tracing."""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import CodeType, FrameType, ModuleType
from typing import Any

Step = tuple[str, int, int, int]
_LOCAL = inspect.CO_OPTIMIZED  # a function's; the lines of modules and classes run at import, whatever is fed


def _modules(name: str) -> Iterator[ModuleType]:
    """A module, and all below it if it is a package."""
    module = import_module(name)
    yield module
    for each in walk_packages(getattr(module, "__path__", ()), f"{name}."):
        yield import_module(each.name)


class Tracer:
    """Watches the functions of some modules: of each, or of `module:name,name` those functions and classes."""

    def __init__(self, watched: Iterable[str]) -> None:
        self.lines: set[tuple[str, int]] = set()
        for each in watched:
            name, _, only = each.partition(":")
            for module in _modules(name):
                file = str(module.__file__)
                self.lines |= {(file, line) for line in _lines(file, only.split(",") if only else ())}
        self._files = frozenset(file for file, _ in self.lines)

    def steps(self, run: Callable[[], None]) -> set[Step]:
        """What `run` did: file, line, next line within a function, and how often (1, 2, 4, 8 times).

        Raises what it raises.
        """
        taken: Counter[tuple[str, int, int]] = Counter()
        last: dict[int, int] = {}

        def local(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                taken[frame.f_code.co_filename, last.get(id(frame), 0), frame.f_lineno] += 1
                last[id(frame)] = frame.f_lineno
            elif event == "return":
                last.pop(id(frame), None)
            return local

        def entered(frame: FrameType, event: str, _: Any) -> Any:
            code = frame.f_code
            return local if code.co_filename in self._files and code.co_flags & _LOCAL else None

        sys.settrace(entered)
        try:
            run()
        finally:
            sys.settrace(None)
        return {(*step, min(many.bit_length(), 4)) for step, many in taken.items()}

    def covered(self, steps: set[Step]) -> tuple[int, int]:
        """Lines of functions that were run, and all there are."""
        return len({(file, line) for file, _, line, _ in steps} & self.lines), len(self.lines)


def _lines(file: str, only: Collection[str]) -> set[int]:
    whole = compile(Path(file).read_text(encoding="utf-8"), file, "exec")
    functions = [code for code in _functions(whole) if not only or code.co_qualname.partition(".")[0] in only]
    return {line for code in functions for _, _, line in code.co_lines() if line and line != code.co_firstlineno}


def _functions(code: CodeType) -> Iterable[CodeType]:
    if code.co_flags & _LOCAL:
        yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _functions(each)
