"""Keep back what Pillow and libtiff print about odd files: we judge each and record the reason."""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

_STDERR = threading.Lock()
_TIFF_STARTS = (b"II", b"MM")
# A filter as the warnings module keeps them: action, message, category, module, line.
_IGNORE_PILLOW = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


@contextmanager
def ignore_pillow_warnings() -> Iterator[None]:
    """Ignore the warnings of Pillow's modules while the block runs, also where they are errors.

    Safe in any number of threads. warnings.catch_warnings is not, before Python 3.14: it puts back
    the whole list of filters that it found, and so undoes what other threads have done since. Here
    each block adds one entry to the list and removes one that is equal to it.
    """
    filters = cast("list[object]", warnings.filters)
    # Not by warnings.filterwarnings: it makes every warning of the program appear once more.
    filters.insert(0, _IGNORE_PILLOW)
    try:
        yield
    finally:
        # Somebody may have emptied the list meanwhile (warnings.resetwarnings).
        with suppress(ValueError):
            filters.remove(_IGNORE_PILLOW)


@contextmanager
def quiet_decoders(data: bytes) -> Iterator[None]:
    """Keep Pillow and libtiff quiet while the block decodes `data`, an encoded image."""
    with ignore_pillow_warnings():
        if data.startswith(_TIFF_STARTS):
            with _muted_stderr():
                yield
        else:
            yield


@contextmanager
def _muted_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere: libtiff prints from C, thousands of lines for a hostile file.

    Raises OSError where no file descriptor is left.
    """
    nowhere = Path(os.devnull)
    # The descriptor belongs to the process, so one thread at a time.
    with _STDERR, nowhere.open("wb") as sink:
        saved = os.dup(2)
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
