"""Who may build into an output folder: one build at a time, and only where nothing foreign is."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from augbuild.building.guards.refusals import refuse_foreign_folder, refuse_nesting
from augbuild.core.files import LockedError, hold_lock
from augbuild.dataset.layout import STAGING, OutputFolder
from augbuild.dataset.private import name_holder, write_holder
from augbuild.dataset.versions import versions
from augbuild.errors import FIX_AND_RERUN, OutputError

_TRIES = 20
_TRY_EVERY_SECONDS = 0.05


@contextmanager
def claim(out: Path, sources: Path) -> Iterator[OutputFolder]:
    """Make `out` an output folder, if it may be one, and keep other builds away.

    Raises OutputError, also in place of any OSError that ends the block.
    """
    folder = OutputFolder(out, claim=f"{os.getpid()}-{time.time_ns():x}")
    refuse_nesting(out, sources)
    # Looked up once, before a lock and a state hold files open: where no more may be opened, the
    # look-up would say that augbuild is not installed.
    versions()
    try:
        refuse_foreign_folder(folder)
        folder.private.mkdir(parents=True, exist_ok=True)
        with hold_lock(folder.private / "lock"):
            write_holder(folder.private)
            for left_over in folder.private.glob(f"{STAGING}*"):
                _remove_staging(left_over)
            folder.staging.mkdir()
            yield folder
            # Not after an error: workers may still write there, and the next build removes it.
            shutil.rmtree(folder.staging, ignore_errors=True)
    except LockedError as error:
        holder = name_holder(folder.private)
        raise OutputError(
            f"{out}: {holder} is building here; wait until it has finished"
        ) from error
    except OSError as error:
        # The second name is where a file was to be renamed to; the first is only our staged one.
        where = error.filename2 or error.filename or out
        raise OutputError(f"{where}: {error.strerror or error}; {FIX_AND_RERUN}") from error


def make_folders(folder: OutputFolder, names: set[str]) -> None:
    """Make the class folders that files will go to.

    Raises OutputError where a link is in the way, and OSError where a file is.
    """
    for name in sorted(names):
        target = folder.root / name
        target.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or target.parent.is_symlink():
            raise OutputError(
                f"{target} is a link to another place; remove it: augbuild writes through no links"
            )


def _remove_staging(staging: Path) -> None:
    """Remove a staging folder, though a worker of a killed build may still write to it a moment."""
    for _ in range(_TRIES):
        shutil.rmtree(staging, ignore_errors=True)
        if not staging.exists():
            return
        time.sleep(_TRY_EVERY_SECONDS)
    shutil.rmtree(staging)  # raises what is in the way
