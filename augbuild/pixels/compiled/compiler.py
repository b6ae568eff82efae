"""The one door to numba, which compiles loops over pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function at its first call; later processes read it from numba's cache.

    Without fast-math: floating-point numbers are rounded as in C. Other threads run meanwhile.
    """
    from numba import njit

    return cast(Function, njit(nogil=True, cache=True)(function))
