"""Which function of an op is used, compiled or not: the pixels are the same, the cost is not."""

from __future__ import annotations

import logging
import math
import platform
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec

from PIL import Image

Function = Callable[..., Image.Image]

# Nanoseconds that a compiled function saves for each pixel, measured on a server of 2020.
_SAVED: Mapping[str, int] = {"blur": 20, "color_jitter": 5, "random_noise": 30}
# The import of numba and of what it has compiled takes half a second or more, in each process. So
# it waits until some work was done without: a small build never imports it.
_WORTH_AN_IMPORT = 300_000_000
# Elsewhere a compiler may fuse a multiplication and an addition, and round once in place of twice.
_MACHINES = {"amd64", "x86_64"}

_log = logging.getLogger(__name__)


class Choice:
    """The choice for a whole process, which depends on the work that it has done so far.

    It is about time alone, so threads may use one at once without a lock.
    """

    def __init__(self, worth_an_import: int = _WORTH_AN_IMPORT) -> None:
        """Begin with no work done; `worth_an_import` is in nanoseconds saved."""
        self._left = worth_an_import

    def find(self, name: str, size: tuple[int, int]) -> Function | None:
        """Find the compiled function of an op for an image of a size, if it is to be used."""
        if name not in _SAVED or not is_available():
            return None
        if self._left > 0:
            self._left -= _SAVED[name] * math.prod(size)
            return None
        return load_functions().get(name)


@cache
def is_available() -> bool:
    """Check whether numba is installed, on a processor where it gives Pillow's bits."""
    return platform.machine().lower() in _MACHINES and find_spec("numba") is not None


@cache
def load_functions() -> Mapping[str, Function]:
    """Import the compiled functions; none, and a warning, where numba cannot be used."""
    try:
        from augbuild.pixels.compiled.functions import FUNCTIONS
    # It raises RuntimeError where it finds no folder for its cache.
    except (ImportError, RuntimeError) as error:
        _log.warning("numba is installed but cannot be used, so this takes longer: %s", error)
        return {}
    return FUNCTIONS
