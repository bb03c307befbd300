"""All buckets added up, two at a time, in processes that hold one bucket each."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa

from atesaki.audit.partials import Partial
from atesaki.audit.tally import Added, Matters, add_up

_matters = Matters("UTC")


def _begin(matters: Matters) -> None:
    global _matters  # noqa: PLW0603 - of this process, which does nothing else
    _matters = matters


def _add(paths: list[Path], number: int) -> Added:
    return add_up(batches(paths, number), _matters)


def batches(paths: list[Path], number: int) -> Iterator[pa.RecordBatch]:
    """One bucket of every partial, in the order of the units."""
    for path in paths:
        batch = Partial(path).bucket(number)
        if batch.num_rows:
            yield batch


def all_buckets(
    paths: list[Path], buckets: int, matters: Matters, cores: int, beat: Callable[[], None]
) -> Iterator[Added]:
    """Each bucket's sums, in their order."""
    if cores == 1:
        for number in range(buckets):
            yield add_up(batches(paths, number), matters)
            beat()
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=spawn, initializer=_begin, initargs=(matters,)) as pool:
        waiting: deque[Future[Added]] = deque()
        for number in range(buckets):
            waiting.append(pool.submit(_add, paths, number))
            if len(waiting) > cores:
                yield waiting.popleft().result()
                beat()
        while waiting:
            yield waiting.popleft().result()
            beat()
