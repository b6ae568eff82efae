"""Progress that people see: a bar on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from tqdm import tqdm

from augbuild.core.text import duration

_LINE_EVERY_SECONDS = 5.0


class Progress(Protocol):
    """An object that long work reports to."""

    def advance(self, steps: int) -> None: ...


class _Bar(tqdm):  # type: ignore[misc]  # tqdm is not typed
    # tqdm's monitor is a thread that redraws bars that stand still; with a second thread a signal
    # could reach the process there, and the main thread would see it late.
    monitor_interval = 0


class ProgressBar:
    """A count of how much of `total` is done, on standard error, with rate and remaining time."""

    def __init__(self, what: str, total: int, unit: str, *, quiet: bool = False) -> None:
        self._what = what
        self._total = total
        self._unit = unit
        self._done = 0
        self._start = time.monotonic()
        self._next_line = self._start + _LINE_EVERY_SECONDS
        terminal = sys.stderr.isatty()
        self._lines = not quiet and not terminal
        self._bar = _Bar(
            desc=what,
            total=total,
            unit=f" {unit}",
            disable=quiet or not terminal,
            smoothing=0.1,
            dynamic_ncols=True,
        )

    def advance(self, steps: int) -> None:
        """Count `steps` more as done."""
        self._done += steps
        self._bar.update(steps)
        if self._lines and time.monotonic() >= self._next_line:
            self._print_line()

    def _print_line(self) -> None:
        now = time.monotonic()
        line = f"{self._what}: {self._done:,} of {self._total:,} {self._unit}"
        if self._done:
            rate = self._done / max(now - self._start, 1e-9)
            shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
            remaining = (self._total - self._done) / rate
            line += f", {shown} a second, {duration(remaining)} left"
        print(line, file=sys.stderr, flush=True)
        self._next_line = now + _LINE_EVERY_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()
