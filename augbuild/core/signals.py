"""Signals that ask a process to stop: it ends in order and soon, whatever else comes in."""

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
_POLL_SECONDS = 0.05


class StopRequested(BaseException):
    """A signal that asks this process to stop; no Exception, lest code take it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number
        self.exit_code = 128 + number


class _StopHandler:
    """A signal handler that raises StopRequested once, and remembers that it did."""

    def __init__(self) -> None:
        self.requested: StopRequested | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> NoReturn:
        _disarm()
        self.requested = StopRequested(number)
        raise self.requested


@contextmanager
def handle_stop_signals(last_words: Callable[[StopRequested], str] = str) -> Iterator[None]:
    """Raise StopRequested in the main thread at the first SIGINT, SIGTERM or SIGHUP.

    Signals after the first are ignored. A process that is still there after four seconds, in a long
    call of a C library where Python runs no signal handler, writes `last_words` on standard error
    and exits as it is: a build survives that as it survives kill -9. A signal that is ignored
    already (nohup) stays ignored. In other threads than the main one this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets only the main thread set handlers
        return
    handler = _StopHandler()
    with ExitStack() as restored:
        _start_watch(restored, last_words)
        for number in STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                restored.callback(signal.signal, number, signal.signal(number, handler))
        restored.callback(setattr, sys, "unraisablehook", sys.unraisablehook)
        sys.unraisablehook = partial(_catch_dropped, handler, sys.unraisablehook)
        try:
            yield
        except BaseException as error:
            if handler.requested is None:
                raise
            # An import that is interrupted, for instance, fails with an ImportError of its own.
            restored.pop_all()  # handlers stay disarmed: nothing may disturb the way out
            raise handler.requested from error
        if handler.requested is not None:  # dropped on its way, in a finaliser or by a bare except
            _disarm()
            restored.pop_all()
            raise handler.requested


def ignore_stop_signals() -> None:
    """Ignore the stop signals from here on: they must not change an exit code that is decided.

    Pools and threads still take a moment to end.
    """
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _is_armed(number: int) -> bool:
    return isinstance(signal.getsignal(number), _StopHandler)


def _disarm() -> None:
    for number in STOPPING:
        if _is_armed(number):
            # Not SIG_IGN: for a signal that has come in already, Python would print that it was
            # "ignored due to race condition" (Modules/signalmodule.c).
            signal.signal(number, _do_nothing)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    pass


def _catch_dropped(
    handler: _StopHandler,
    print_others: Callable[[sys.UnraisableHookArgs], object],
    report: sys.UnraisableHookArgs,
) -> None:
    """Catch a StopRequested that Python would print and drop: in finalisers, for instance.

    The handler is armed again, and the watching thread sends the signal again.
    """
    if isinstance(report.exc_value, StopRequested):
        signal.signal(report.exc_value.number, handler)
    else:
        print_others(report)


def _start_watch(restored: ExitStack, last_words: Callable[[StopRequested], str]) -> None:
    """Start the thread that sees to it that the process ends; it ends itself with the stack."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    restored.callback(os.close, writer)
    with _blocked():  # inherited: signals that the main thread blocks for a while have to wait
        threading.Thread(target=_watch, args=(reader, last_words), daemon=True).start()
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    restored.callback(signal.set_wakeup_fd, before)


def _watch(reader: int, last_words: Callable[[StopRequested], str]) -> None:
    """Wait for the first stop signal, and end the process if it has not ended itself soon after."""
    number = _first_stop_signal(reader)
    if number is None:
        return
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        if _is_armed(
            number
        ):  # Python has not come to run the handler yet, or dropped what it raised
            signal.pthread_kill(threading.main_thread().ident or 0, number)
    stopped = StopRequested(number)
    os.write(2, f"{last_words(stopped)}\n".encode())
    os._exit(stopped.exit_code)


def _first_stop_signal(reader: int) -> int | None:
    """Return the first stop signal in the wake-up pipe; None when the pipe is closed."""
    while received := os.read(reader, 1):
        if received[0] in STOPPING:
            return received[0]
    os.close(reader)
    return None


@contextmanager
def shield_children() -> Iterator[None]:
    """Start processes and threads that never see the stop signals, which a terminal sends to all.

    Each of them would print a traceback; this process ends them instead. What comes in meanwhile is
    seen when the block ends, because a pool that is half started leaves workers that complain.
    """
    from multiprocessing import resource_tracker

    with _postponed(), _blocked():
        # joblib would start the tracker itself, and the tracker unblocks signals as it starts.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        yield


@contextmanager
def _postponed() -> Iterator[None]:
    """Raise StopRequested at the end of the block only.

    Blocking a signal does not suffice: a thread of some library may not block it, and then Python
    runs the handler in the main thread all the same.
    """
    came: list[int] = []
    postponed = {}
    if threading.current_thread() is threading.main_thread():
        for number in STOPPING:
            if _is_armed(number):
                postponed[number] = signal.signal(number, lambda each, _frame: came.append(each))
    try:
        yield
    finally:
        for number, handler in postponed.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def _blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
