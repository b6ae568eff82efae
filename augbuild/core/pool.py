"""The one door to joblib: chunks of work in, small results out in the order they went in."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, closing
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeVar

from augbuild.core.memory import keep_freed_memory
from augbuild.core.orphans import exit_with_parent
from augbuild.core.signals import shield_children
from augbuild.errors import AugbuildError

Backend = Literal["loky", "threading"]

_CHUNK = 64
_CHUNKS_PER_WORKER = 4  # so that no worker waits long for the slowest at the end

Item = TypeVar("Item")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)
_tracker_start = threading.Lock()


def available_cpus() -> int:
    """Count the processors that this process may use, container limits included."""
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
            _forgive_dropped_work(getattr(self._backend, "_workers", None))
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
            _start_tracker()
            results = pool(delayed(function)(item) for item in items)
            stack.enter_context(closing(results))
        yield from results


def _start_worker(parent: int) -> None:
    exit_with_parent(parent)
    keep_freed_memory()


def _forgive_dropped_work(executor: Any) -> None:
    """Keep loky's manager thread from failing where a pool ends early.

    It then looks for work items that it has just dropped, and its KeyError would be printed (joblib
    1.6, process_executor.add_call_item_to_queue). A `threading.excepthook` would catch that for the
    whole process; this reaches no further than the one pool.
    """
    if executor is None or "_start_executor_manager_thread" in vars(executor):
        return  # a pool of threads, or one that is used again
    start = executor._start_executor_manager_thread

    def start_forgiving() -> None:
        start()
        manager = executor._executor_manager_thread
        if "add_call_item_to_queue" in vars(manager):
            return
        add = manager.add_call_item_to_queue

        def add_what_is_left() -> None:
            try:
                add()
            except KeyError:
                if not manager.executor_flags.shutdown:
                    raise

        manager.add_call_item_to_queue = add_what_is_left

    executor._start_executor_manager_thread = start_forgiving


def _start_tracker() -> None:
    """Start loky's tracker, which cleans up after killed processes, without its warnings.

    It would warn on standard error of what it finds to clean up. Nothing but the environment that
    it starts in can prevent that, so ours is changed for the millisecond that the start takes.
    """
    from joblib.externals.loky.backend import resource_tracker

    with _tracker_start:  # two threads must not restore what the other one has set
        before = os.environ.get("PYTHONWARNINGS")
        os.environ["PYTHONWARNINGS"] = "ignore"
        try:
            resource_tracker.ensure_running()
        finally:
            if before is None:
                del os.environ["PYTHONWARNINGS"]
            else:
                os.environ["PYTHONWARNINGS"] = before
