"""What is compiled is Python: the same numbers, whole and broken."""

from __future__ import annotations

import pytest

pytest.importorskip("numba", reason="needs numba (the extra fast)")

from augbuild.pixels.compiled.compiler import compiled


@compiled
def fused(a: float, b: float, c: float) -> float:
    return a * b + c


def test_a_product_is_rounded_before_it_is_added() -> None:
    """One rounding in place of two would leave the rest of the product, 2**-60."""
    near = 1 + 2**-30
    assert fused(near, near, -(1 + 2**-29)) == 0.0


def test_sums_are_in_the_order_that_is_written() -> None:
    @compiled
    def total(a: float, b: float, c: float) -> float:
        return a + b + c

    assert total(1e16, 1.0, -1e16) == 0.0
    assert total(1e16, -1e16, 1.0) == 1.0
