"""Who may build into an output folder: one build at a time, and only where nothing foreign is."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from augbuild.dataset.layout import STAGING, OutputFolder
from augbuild.errors import FIX_AND_RERUN, OutputError

_TRIES = 20
_TRY_EVERY_SECONDS = 0.05


@contextmanager
def claim(out: Path, sources: Path) -> Iterator[OutputFolder]:
    """Make `out` an output folder, if it may be one, and keep other builds away; raises OutputError.

    The lock goes with its holder, however that ends (filelock, flock on POSIX).
    """
    folder = OutputFolder(out, claim=f"{os.getpid()}-{time.time_ns():x}")
    _refuse_nesting(out, sources)
    try:
        _refuse_foreign(folder)
        folder.private.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.private / "lock")
        with lock.acquire(timeout=0):
            _sign(folder)
            for left_over in folder.private.glob(f"{STAGING}*"):
                _remove(left_over)
            folder.staging.mkdir()
            yield folder
            shutil.rmtree(folder.staging, ignore_errors=True)
    except Timeout as error:
        raise OutputError(
            f"{out}: {_holder(folder)} is building here; wait until it has finished"
        ) from error
    except OSError as error:
        where = (
            error.filename2 or error.filename or out
        )  # the second: where a file was to be renamed to
        raise OutputError(f"{where}: {error.strerror or error}; {FIX_AND_RERUN}") from error


def make_folders(folder: OutputFolder, names: set[str]) -> None:
    """Make the class folders that files will go to; raises OutputError where a link or a file is in the way."""
    for name in sorted(names):
        target = folder.root / name
        target.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or target.parent.is_symlink():
            raise OutputError(
                f"{target} is a link to another place; remove it, for nothing is written through links"
            )


def _refuse_nesting(out: Path, sources: Path) -> None:
    inner, outer = out.resolve(), sources.resolve()
    if inner == outer or inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise OutputError(
            f"{out} and the source {sources} lie inside one another; choose another folder with --out"
        )


def _refuse_foreign(folder: OutputFolder) -> None:
    root = folder.root
    if root.exists() and not root.is_dir():
        raise OutputError(f"{root} is a file, not a folder; choose another with --out")
    if folder.private.is_symlink():
        raise OutputError(
            f"{folder.private} is a link to another place; remove it, or choose another folder with --out"
        )
    if root.is_dir() and not folder.private.is_dir() and any(root.iterdir()):
        raise OutputError(
            f"{root} is not empty and was not made by augbuild; choose another folder with --out"
        )


def _remove(staging: Path) -> None:
    """Remove a staging folder, though a worker of a killed build may be writing to it for a moment yet."""
    for _ in range(_TRIES):
        shutil.rmtree(staging, ignore_errors=True)
        if not staging.exists():
            return
        time.sleep(_TRY_EVERY_SECONDS)
    shutil.rmtree(staging)  # to say why not


def _sign(folder: OutputFolder) -> None:
    holder = {"pid": os.getpid(), "host": platform.node()}
    (folder.private / "holder.json").write_text(json.dumps(holder), encoding="utf-8")


def _holder(folder: OutputFolder) -> str:
    """Name the process that has the lock; one that has only just taken it may not have signed yet."""
    found = "another process"
    for _ in range(_TRIES):
        with suppress(OSError, ValueError, KeyError, TypeError):
            holder = json.loads((folder.private / "holder.json").read_text(encoding="utf-8"))
            pid, host = int(holder["pid"]), str(holder["host"])
            if host != platform.node():
                found = f"process {pid} on {host!r}"  # as far as one can see from here
            elif _is_alive(pid):
                return f"process {pid} on {host!r}"
        time.sleep(_TRY_EVERY_SECONDS)
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # someone else's
    return True
