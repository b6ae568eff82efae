"""Worker processes that end with their parent, however it ends."""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import suppress

_WATCH_EVERY_SECONDS = 0.5


def exit_with_parent(parent: int) -> None:
    """Exit from this worker process when `parent` is gone.

    loky's workers would go on writing when the parent of their pool is killed.
    """
    if os.getppid() != parent:
        os._exit(1)

    def watch() -> None:
        _wait_for_end_of(parent)
        os._exit(1)  # no clean-up: what the worker was writing is still in the staging folder

    threading.Thread(target=watch, daemon=True).start()


def _wait_for_end_of(parent: int) -> None:
    with suppress(AttributeError, OSError):  # not Linux, or a kernel that does not allow it
        ended = select.poll()
        ended.register(os.pidfd_open(parent), select.POLLIN)
        if os.getppid() == parent:  # else the number may be someone else's by now
            ended.poll()
    while os.getppid() == parent:
        time.sleep(_WATCH_EVERY_SECONDS)
