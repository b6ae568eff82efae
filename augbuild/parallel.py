"""The one door to joblib: chunks of work in, small results out in the order they went in."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Literal, TypeVar

Backend = Literal["loky", "threading"]

_CHUNK = 64
_WATCH_EVERY_SECONDS = 0.5
_watching = threading.Event()

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cpus() -> int:
    """Count the processors this process may use, container limits included."""
    from joblib import cpu_count

    return int(cpu_count())


def chunked(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Cut `items` into tuples of `size`, the last one shorter."""
    iterator = iter(items)
    while chunk := tuple(islice(iterator, size)):
        yield chunk


def run_chunks(
    function: Callable[[Item], Result], items: Sequence[Item], *, n_jobs: int, pays_from: int
) -> Iterator[Result]:
    """Map a cheap function over many items, in this process where there are less than `pays_from`."""
    if len(items) < pays_from:
        n_jobs = 1
    chunks = chunked(items, max(1, min(_CHUNK, len(items) // (4 * n_jobs))))
    for results in run(partial(_map, function), chunks, n_jobs=n_jobs):
        yield from results


def _map(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    return [function(item) for item in items]


def run(
    function: Callable[[Item], Result], items: Iterable[Item], *, n_jobs: int, backend: Backend = "loky"
) -> Iterator[Result]:
    """Call `function` on every item and yield the results in order; in this process when `n_jobs` is 1.

    `function` must be picklable and its results small. A worker process ends by itself within a second when this
    process is gone, however it went.
    """
    if n_jobs == 1:
        yield from map(function, items)
        return
    from joblib import Parallel, delayed

    parent = os.getpid() if backend == "loky" else None
    pool = Parallel(n_jobs=n_jobs, backend=backend, batch_size=1, pre_dispatch="2*n_jobs", return_as="generator")
    yield from pool(delayed(_call)(parent, function, item) for item in items)


def _call(parent: int | None, function: Callable[[Item], Result], item: Item) -> Result:
    if parent is not None:
        _end_with(parent)
    return function(item)


def _end_with(parent: int) -> None:
    """End this worker process when `parent` is gone: killing the parent of a loky pool leaves its workers writing."""
    if _watching.is_set():
        return
    _watching.set()
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_EVERY_SECONDS)
    os._exit(1)  # no clean-up: what the worker was writing is still in the staging folder
