"""The small documents in `.augbuild/`: which process builds there now, and which did last."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from augbuild.core.documents import encode, read_document
from augbuild.core.text import visible
from augbuild.errors import OutputError

_TRIES = 20
_TRY_EVERY_SECONDS = 0.05
_MADE_FOR_A_RATE = 50  # images; fewer say more about how long a build takes to start


class Holder(msgspec.Struct, frozen=True):
    """The process that has the lock of an output folder: holder.json."""

    pid: int
    host: str

    def is_gone(self) -> bool:
        """Check whether it is certain that the process has ended: it ran on this machine."""
        if self.host != platform.node():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):  # another user's process, or no number of one
            return False
        return False


class LastRun(msgspec.Struct, frozen=True):
    """The last build that finished: last-run.json; times in ISO format, UTC.

    `images_per_second` is of the last build that made enough images for a rate.
    """

    command: str
    host: str
    started: str
    ended: str
    images_per_second: float | None = None


def write_holder(private: Path) -> None:
    """Write this process into holder.json; raises OSError."""
    (private / "holder.json").write_bytes(encode(Holder(os.getpid(), platform.node())))


def read_holder(private: Path) -> Holder:
    """Read holder.json; raises OutputError, also where it is half written."""
    return read_document(private / "holder.json", Holder, OutputError)


def name_holder(private: Path) -> str:
    """Name the process that has the lock of an output folder.

    One that has only just taken the lock may not have written its name yet: waits a second for it.
    """
    named = "another process"
    for _ in range(_TRIES):
        try:
            holder = read_holder(private)
        except OutputError:
            holder = None
        if holder is not None and not holder.is_gone():
            named = f"process {holder.pid} on {holder.host!r}"
            if holder.host == platform.node():
                break  # on another machine it may have ended, and a later one have the lock
        time.sleep(_TRY_EVERY_SECONDS)
    return named


def write_last_run(private: Path, start: float, made: int) -> None:
    """Write last-run.json for this process, which began at `start` (seconds since 1970).

    `made` is the number of images that it made.
    """
    end = time.time()
    rate = known_rate(private)
    if made >= _MADE_FOR_A_RATE and end > start:
        rate = round(made / (end - start), 3)
    run = LastRun(
        command=visible(shlex.join(sys.argv)),  # arguments may be undecodable
        host=platform.node(),
        started=datetime.fromtimestamp(start, UTC).isoformat(timespec="seconds"),
        ended=datetime.fromtimestamp(end, UTC).isoformat(timespec="seconds"),
        images_per_second=rate,
    )
    (private / "last-run.json").write_bytes(encode(run, indent=2))


def known_rate(private: Path) -> float | None:
    """Return the images per second of earlier builds on this machine, if there is such a rate."""
    try:
        run = read_last_run(private)
    except OutputError:
        return None
    return run.images_per_second if run.host == platform.node() else None


def read_last_run(private: Path) -> LastRun:
    """Read last-run.json; raises OutputError."""
    return read_document(private / "last-run.json", LastRun, OutputError)
