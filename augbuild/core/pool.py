"""The one door to joblib: chunks of work in, small results out in the order they went in."""

from __future__ import annotations

import os
import select
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, closing, suppress
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeVar

from augbuild.core.signals import shield_children
from augbuild.errors import AugbuildError

Backend = Literal["loky", "threading"]

_CHUNK = 64
_WATCH_EVERY_SECONDS = 0.5

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


def map_cheap(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    n_jobs: int,
    pays_from: int,
    lost: Callable[[Item], Result],
) -> Iterator[Result]:
    """Map a cheap function over many items as `run_surely`, in this process where there are less than `pays_from`."""
    if len(items) < pays_from:
        n_jobs = 1
    size = max(1, min(_CHUNK, len(items) // (4 * n_jobs)))
    for results in map_resilient(function, items, n_jobs=n_jobs, size=size, lost=lost):
        yield from results


def map_pooled(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    n_jobs: int,
    backend: Backend = "loky",
) -> Iterator[Result]:
    """Call `function` on every item and yield the results in order; in this process when `n_jobs` is 1.

    `function` must be picklable and its results small. A worker process ends by itself within a second when this
    process is gone, however it went. Raises AugbuildError when a worker is killed.
    """
    try:
        yield from _pooled(function, items, n_jobs, backend)
    except BrokenExecutor as error:
        raise AugbuildError(
            "a worker process was killed, most likely for want of memory; try fewer of them"
        ) from error


def map_resilient(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    n_jobs: int,
    backend: Backend = "loky",
    size: int,
    lost: Callable[[Item], Result],
) -> Generator[list[Result], None, None]:
    """Call `function` on every item and yield the results in order, a list for each `size` items, as `run` does.

    When a worker is killed (out of memory, a crash in a decoder), what was under way is tried again, one item at a time
    in a fresh pool, and `lost` gives the result of an item that kills its worker again.
    """
    chunks = chunked(items, size)
    under_way: deque[tuple[Item, ...]] = deque()
    while True:
        try:
            with closing(
                _pooled(partial(_map, function), _noting(chunks, under_way), n_jobs, backend)
            ) as lists:
                for results in lists:
                    under_way.popleft()
                    yield results
            return
        except BrokenExecutor:
            pass
        while under_way:
            yield [_alone(function, item, lost, n_jobs, backend) for item in under_way.popleft()]


def _map(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    return [function(item) for item in items]


def _noting(items: Iterator[Item], noted: deque[Item]) -> Iterator[Item]:
    for item in items:
        noted.append(item)
        yield item


def _alone(
    function: Callable[[Item], Result],
    item: Item,
    lost: Callable[[Item], Result],
    n_jobs: int,
    backend: Backend,
) -> Result:
    try:
        return next(_pooled(function, [item], n_jobs, backend))
    except BrokenExecutor:
        _refuse_dead_pool(n_jobs, backend)
        return lost(item)


def _refuse_dead_pool(n_jobs: int, backend: Backend) -> None:
    """Blame no item for a machine on which no worker lives long enough to do nothing."""
    try:
        list(_pooled(bool, [None], n_jobs, backend))
    except BrokenExecutor as error:
        raise AugbuildError(
            "worker processes end as soon as they start; try one process only, -j 1"
        ) from error


def _pooled(
    function: Callable[[Item], Result], items: Iterable[Item], n_jobs: int, backend: Backend
) -> Generator[Result, None, None]:
    if n_jobs == 1:
        yield from map(function, items)
        return
    from joblib import Parallel, delayed

    watched: dict[str, Any] = (
        {"initializer": _end_with, "initargs": (os.getpid(),)} if backend == "loky" else {}
    )
    pool = Parallel(
        n_jobs=n_jobs,
        backend=backend,
        batch_size=1,
        pre_dispatch="2*n_jobs",
        return_as="generator",
        **watched,
    )
    with ExitStack() as stack:
        stack.callback(setattr, threading, "excepthook", threading.excepthook)
        threading.excepthook = partial(_let_pool_stumble, threading.excepthook)
        with shield_children():
            _start_tracker()
            results = pool(delayed(function)(item) for item in items)
            stack.callback(_close, results)
        for result in results:  # noqa: UP028  # `yield from` would close it without `_close`
            yield result


def _let_pool_stumble(
    print_others: Callable[[Any], object], failed: threading.ExceptHookArgs
) -> None:
    """Keep back what a thread of loky prints where a pool ends early: it looks for work that it has just dropped."""
    if (
        failed.exc_type is not KeyError
        or getattr(failed.thread, "name", None) != "ExecutorManagerThread"
    ):
        print_others(failed)


def _start_tracker() -> None:
    """Start loky's process that cleans up after killed ones: as it does, it would warn of what it finds to clean up."""
    from joblib.externals.loky.backend import resource_tracker

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore"
    try:
        resource_tracker.ensure_running()
    finally:
        del os.environ["PYTHONWARNINGS"]
        if before is not None:
            os.environ["PYTHONWARNINGS"] = before


def _close(results: Generator[Any, None, None]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib finds it odd that one stops early
        results.close()


def _end_with(parent: int) -> None:
    """End this worker process when `parent` is gone: killing the parent of a loky pool leaves its workers writing."""
    if os.getppid() != parent:
        os._exit(1)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    _wait_for_end_of(parent)
    os._exit(1)  # no clean-up: what the worker was writing is still in the staging folder


def _wait_for_end_of(parent: int) -> None:
    with suppress(
        AttributeError, OSError
    ):  # another system than Linux, or one that does not allow it
        ended = select.poll()
        ended.register(os.pidfd_open(parent), select.POLLIN)
        if os.getppid() == parent:  # else the number may be someone else's by now
            ended.poll()
    while os.getppid() == parent:
        time.sleep(_WATCH_EVERY_SECONDS)
