"""The one door to joblib: chunks of work in, small results out in the order they went in."""

from __future__ import annotations

import logging
import math
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from augbuild.core.processes.loky import keep_manager_alive, start_tracker
from augbuild.core.processes.memory import keep_freed_memory
from augbuild.core.processes.orphans import exit_with_parent
from augbuild.core.signals import shield_children
from augbuild.errors import AugbuildError

Backend = Literal["loky", "threading"]

_CHUNK = 64
_MANY = 1_000_000
_CHUNKS_PER_WORKER = 4  # so that no worker waits long for the slowest at the end

Item = TypeVar("Item")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)

# The limits of a container: of control groups in version 2, and in version 1.
_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
_CPU_PERIOD = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")


def available_cpus() -> int:
    """Count the processors that this process may use, container limits included.

    joblib counts the same, but its import takes a tenth of a second, and a build that has nothing
    to do needs no more of it. LOKY_MAX_CPU_COUNT is joblib's own limit.
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    limits = [math.ceil(_container_limit()), int(os.environ.get("LOKY_MAX_CPU_COUNT", count))]
    return max(1, min(count, *limits))


def _container_limit() -> float:
    """Return how many processors a control group allows, as a share of time; many without one."""
    try:
        if _CPU_MAX.exists():
            quota, period = _CPU_MAX.read_text(encoding="utf-8").split()
        else:
            quota = _CPU_QUOTA.read_text(encoding="utf-8")
            period = _CPU_PERIOD.read_text(encoding="utf-8")
        share = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # "max", or no control groups at all
        return _MANY
    return share if share > 0 else _MANY


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
    """Call a cheap function on many items as `map_resilient` does, and yield the results in order.

    Fewer items than `pays_from` are worked on in this process, without a pool.
    """
    if len(items) < pays_from:
        n_jobs = 1
    size = max(1, min(_CHUNK, len(items) // (_CHUNKS_PER_WORKER * n_jobs)))
    for results in map_resilient(function, items, n_jobs=n_jobs, size=size, lost=lost):
        yield from results


def map_pooled(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    n_jobs: int,
    backend: Backend = "loky",
) -> Iterator[Result]:
    """Call `function` on every item and yield the results in order; `n_jobs` 1 needs no pool.

    `function` must be picklable and its results small. A worker process ends by itself within a
    second when this process is gone, however it went. Raises AugbuildError when a worker is killed.
    """
    try:
        yield from _run(function, items, n_jobs, backend)
    except BrokenExecutor as error:
        raise AugbuildError(
            "a worker process was killed, probably out of memory; use fewer workers (-j)"
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
    """Call `function` on every item as `map_pooled` does, and yield a list for each `size` items.

    When a worker is killed (out of memory, a crash in a decoder), the items under way are tried
    again, one at a time in a fresh pool; `lost` returns the result of one that kills it again.
    Raises AugbuildError on a machine where no worker survives its start.
    """
    chunks = chunked(items, size)
    under_way: deque[tuple[Item, ...]] = deque()
    while True:
        noted = _note_each(chunks, under_way)
        try:
            with closing(_run(partial(_map, function), noted, n_jobs, backend)) as lists:
                for results in lists:
                    under_way.popleft()
                    yield results
            return
        except BrokenExecutor:
            _log.debug("a worker died; trying %d chunks again, item by item", len(under_way))
        while under_way:
            chunk = under_way.popleft()
            yield [_retry_alone(function, item, lost, n_jobs, backend) for item in chunk]


def _map(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    return [function(item) for item in items]


def _note_each(items: Iterator[Item], noted: deque[Item]) -> Iterator[Item]:
    for item in items:
        noted.append(item)
        yield item


def _retry_alone(
    function: Callable[[Item], Result],
    item: Item,
    lost: Callable[[Item], Result],
    n_jobs: int,
    backend: Backend,
) -> Result:
    try:
        return next(_run(function, [item], n_jobs, backend))
    except BrokenExecutor:
        pass
    try:  # is it the item, or does no worker live long enough to do nothing at all?
        list(_run(bool, [None], n_jobs, backend))
    except BrokenExecutor as error:
        raise AugbuildError(
            "worker processes end as soon as they start; use -j 1 to work without them"
        ) from error
    return lost(item)


def _run(
    function: Callable[[Item], Result], items: Iterable[Item], n_jobs: int, backend: Backend
) -> Generator[Result, None, None]:
    """Yield the results in order; raises BrokenExecutor when a worker process is killed."""
    if n_jobs == 1:
        yield from map(function, items)
        return
    from joblib import Parallel, delayed

    class QuietParallel(Parallel):  # type: ignore[misc]  # joblib has no types
        def _initialize_backend(self) -> object:
            workers = super()._initialize_backend()
            keep_manager_alive(getattr(self._backend, "_workers", None))
            return workers

        def _warn_exit_early(self) -> None:
            pass  # results that nobody takes any more are dropped on purpose

    options: dict[str, object] = {}
    if backend == "loky":
        options = {"initializer": _start_worker, "initargs": (os.getpid(),)}
    pool = QuietParallel(
        n_jobs=n_jobs,
        backend=backend,
        batch_size=1,
        pre_dispatch="2*n_jobs",
        return_as="generator",
        **options,
    )
    _log.debug("a pool of %d workers (%s)", n_jobs, backend)
    with ExitStack() as stack:
        with shield_children():
            start_tracker()
            results = pool(delayed(function)(item) for item in items)
            stack.enter_context(closing(results))
        yield from results


def _start_worker(parent: int) -> None:
    exit_with_parent(parent)
    keep_freed_memory()
