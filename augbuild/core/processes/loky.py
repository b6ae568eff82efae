"""What loky, which runs joblib's worker processes, has to be talked out of."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

_log = logging.getLogger(__name__)
_tracker_start = threading.Lock()


def start_tracker() -> None:
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


def keep_manager_alive(executor: Any) -> None:
    """Keep loky's manager thread from dying in two cases, which would hang or sully a build.

    A `threading.excepthook` would reach the whole process; this reaches no further than one pool.
    `executor` is joblib's, which has no types; None and a pool of threads are left as they are.
    """
    if executor is None or "_start_executor_manager_thread" in vars(executor):
        return  # a pool of threads, or one that is used again
    start = executor._start_executor_manager_thread

    def start_careful() -> None:
        start()
        manager = executor._executor_manager_thread
        if "add_call_item_to_queue" not in vars(manager):
            _forgive_dropped_work(manager)
            _replace_workers_silently(manager)

    executor._start_executor_manager_thread = start_careful


def _forgive_dropped_work(manager: Any) -> None:
    """Ignore the KeyError of a manager whose pool ends early, while it looks for dropped work.

    It would be printed (joblib 1.6, process_executor.add_call_item_to_queue).
    """
    add = manager.add_call_item_to_queue

    def add_what_is_left() -> None:
        try:
            add()
        except KeyError:
            if not manager.executor_flags.shutdown:
                raise

    manager.add_call_item_to_queue = add_what_is_left


def _replace_workers_silently(manager: Any) -> None:
    """Replace a worker that has ended in order, since it had grown by 300 MB, without a warning.

    The manager would warn on standard error that a worker stopped. Where warnings are errors, that
    would end its thread, and the pool would wait for ever (joblib 1.6, process_result_item, which
    does nothing more once the worker has been seen off and the number of workers is right).
    """
    process_item = manager.process_result_item

    def process_without_warning(item: Any) -> None:
        worker = None
        if isinstance(item, int):
            with manager.processes_management_lock:
                worker = manager.processes.pop(item, None)
        if worker is not None:
            _log.debug("worker %s has grown and is replaced", item)
            worker._worker_exit_lock.release()
            worker.join()
            executor = manager.executor_reference()
            running = len(manager.running_work_items)
            waiting = len(manager.pending_work_items) > running
            if executor is not None and (waiting or running > len(manager.processes)):
                with executor._processes_management_lock:
                    executor._adjust_process_count()
        process_item(item)

    manager.process_result_item = process_without_warning
