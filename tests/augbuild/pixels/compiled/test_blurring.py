"""The compiled blur against Pillow's, for boxes and images of every size."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augbuild.catalogue.transforms import CATALOGUE
from augbuild.pixels.exact import filters
from tests.augbuild.pixels.images import noise

pytest.importorskip("numba", reason="needs numba (the extra fast)")

from augbuild.pixels.compiled import blurring

HIGHEST = CATALOGUE["blur"].params["radius"].high
RADII = [1e-9, 1e-4, 0.3, 0.577, 0.58, 0.8165, 1, 1.4142, 2.0, 2.5, 3.0, 9.99, 40.0, HIGHEST]


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (63, 64), (65, 129), (200, 90)])
def test_every_special_radius_and_size(size: tuple[int, int], radius: float) -> None:
    image = noise(*size)
    before = image.tobytes()
    assert blurring.blur(image, radius).tobytes() == filters.blur(image, radius).tobytes()
    assert image.tobytes() == before


@settings(max_examples=150)
@given(
    width=st.integers(1, 200),
    height=st.integers(1, 200),
    radius=st.floats(1e-6, 5) | st.floats(5, 100),
)
def test_any_radius_and_size(width: int, height: int, radius: float) -> None:
    image = noise(width, height)
    is_equal = blurring.blur(image, radius).tobytes() == filters.blur(image, radius).tobytes()
    assert is_equal
