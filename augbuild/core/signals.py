"""Signals that ask a process to stop: it ends in order, soon, and whatever else comes in."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FrameType
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_PATIENCE_SECONDS = 4.0
_A_MOMENT_SECONDS = 0.05


class StopRequested(BaseException):
    """A signal asked this process to stop; no Exception, so that nothing on the way out takes it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"stopped by {signal.Signals(number).name}; run the same command again to go on from here"
        )
        self.number = number
        self.exit_code = 128 + number


@contextmanager
def handle_stop_signals() -> Iterator[None]:
    """Raise `Stopped` in the main thread at the first SIGINT, SIGTERM or SIGHUP, and ignore those that follow.

    A process that is still there after four seconds, in some long call of a C library where Python handles no signal,
    is ended as it is: a build survives that as it survives kill -9. A signal that is ignored (nohup) stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    with ExitStack() as restored:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        restored.callback(os.close, writer)
        with _blocked():  # in that thread, so that they have to wait where the main one blocks them
            threading.Thread(target=_see_to_it, args=(reader,), daemon=True).start()
        restored.callback(
            signal.set_wakeup_fd, signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        )
        for number in STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                restored.callback(signal.signal, number, signal.signal(number, _stop))
        dropped: list[StopRequested] = []
        restored.callback(setattr, sys, "unraisablehook", sys.unraisablehook)
        sys.unraisablehook = partial(_note_dropped, dropped, sys.unraisablehook)
        try:
            yield
            if dropped:
                _heed_no_more()
                raise dropped[0]
        except StopRequested:
            restored.pop_all()  # for good: nothing may disturb the way out
            raise


def ignore_stop_signals() -> None:
    """Let nothing change an exit code that is decided: pools and threads still take a moment to end."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    _heed_no_more()
    raise StopRequested(number)


def _heed_no_more() -> None:
    for number in STOPPING:
        if signal.getsignal(number) is _stop:
            # Not SIG_IGN: Python prints that it "ignored due to race condition" what had come in already.
            signal.signal(number, _do_nothing)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    pass


def _note_dropped(
    dropped: list[StopRequested],
    print_others: Callable[[sys.UnraisableHookArgs], object],
    report: sys.UnraisableHookArgs,
) -> None:
    """Keep a `Stopped` that Python would print and drop: raised in a finaliser, or a callback of a weak reference.

    The handler is set again, for the watching thread to ask once more.
    """
    if isinstance(report.exc_value, StopRequested):
        dropped.append(report.exc_value)
        signal.signal(report.exc_value.number, _stop)
    else:
        print_others(report)


def _see_to_it(reader: int) -> None:
    """Wait for the first signal, and then for the process to end by itself, but not for long."""
    while (first := os.read(reader, 1)) and first[0] not in STOPPING:
        pass  # a signal that someone else handles
    if not first:
        os.close(reader)
        return
    number, deadline = first[0], time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(_A_MOMENT_SECONDS)
        if signal.getsignal(number) is _stop:  # it has not come to it yet, or dropped it
            signal.pthread_kill(threading.main_thread().ident or 0, number)
    stopped = StopRequested(number)
    os.write(2, f"augbuild: {stopped}\n".encode())
    os._exit(stopped.exit_code)


@contextmanager
def shield_children() -> Iterator[None]:
    """Start processes and threads that never see these signals, though a terminal sends them to all.

    They would print a traceback each; this process ends them. It sees what came meanwhile when the block ends: a pool
    that is started by half leaves workers that complain.
    """
    from multiprocessing import resource_tracker

    with _postponed(), _blocked():
        resource_tracker.ensure_running()  # joblib would start it, and it unblocks signals as it starts
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        yield


@contextmanager
def _postponed() -> Iterator[None]:
    """Raise `Stopped` at the end of the block: blocking is not enough where a library's thread lets the signal in."""
    came: list[int] = []
    ours = threading.current_thread() is threading.main_thread()
    postponed = [number for number in STOPPING if ours and signal.getsignal(number) is _stop]
    for number in postponed:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number in postponed:
            signal.signal(number, _stop)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def _blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
