"""Progress that people see: a bar on a terminal, a line every few seconds elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from tqdm import tqdm

_LINE_EVERY_SECONDS = 5.0


class Progress(Protocol):
    """Something that long work tells how far it is."""

    def advance(self, steps: int) -> None: ...


class _Bar(tqdm):  # type: ignore[misc]  # tqdm is not typed
    monitor_interval = (
        0  # no thread that watches for bars that stand still: signals are for the main thread
    )


class ProgressBar:
    """Show how much of `total` is done, on standard error, with rate and remaining time."""

    def __init__(self, what: str, total: int, unit: str, *, quiet: bool = False) -> None:
        self._what, self._total, self._unit = what, total, unit
        self._done, self._start = 0, time.monotonic()
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
        rate = self._done / max(now - self._start, 1e-9)
        line = f"{self._what}: {self._done:,} of {self._total:,} {self._unit}"
        if self._done:
            shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
            line += f", {shown} a second, {(self._total - self._done) / rate:.0f} s left"
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
