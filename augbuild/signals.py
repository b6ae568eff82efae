"""Signals that ask a process to stop: it ends in order, soon, and whatever else comes in."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_PATIENCE_SECONDS = 4.0


class Stopped(BaseException):
    """A signal asked this process to stop; no Exception, so that nothing on the way out takes it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}; run the same command again to go on from here")
        self.exit_code = 128 + number


@contextmanager
def stopping_in_order() -> Iterator[None]:
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
            threading.Thread(target=_end_late, args=(reader,), daemon=True).start()
        restored.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writer, warn_on_full_buffer=False))
        for number in STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                restored.callback(signal.signal, number, signal.signal(number, _stop))
        try:
            yield
        except Stopped:
            restored.pop_all()  # for good: nothing may disturb the way out
            raise


def ignore_from_now_on() -> None:
    """Let nothing change an exit code that is decided: pools and threads still take a moment to end."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    ignore_from_now_on()
    raise Stopped(number)


def _end_late(reader: int) -> None:
    """Wait for the first signal, and then for the process to end by itself, but not for long."""
    number = os.read(reader, 1)
    os.close(reader)
    if number:
        time.sleep(_PATIENCE_SECONDS)
        stopped = Stopped(number[0])
        os.write(2, f"augbuild: {stopped}\n".encode())
        os._exit(stopped.exit_code)


@contextmanager
def kept_from_children() -> Iterator[None]:
    """Start processes and threads that never see these signals, though a terminal sends them to all.

    They would print a traceback each; this process ends them. It sees what came meanwhile when the block ends.
    """
    from multiprocessing import resource_tracker

    with _blocked():
        resource_tracker.ensure_running()  # joblib would start it, and it unblocks signals as it starts
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        yield


@contextmanager
def _blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
