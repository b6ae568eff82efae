"""Frames whose sides are rounded."""

from __future__ import annotations

import pytest

from augbuild.catalogue.transforms import Op
from tests.augbuild.pixels.images import noise

from .compare import assert_as_auglys

SIZES = [(1, 1), (2, 3), (7, 4), (4, 7), (5, 5), (101, 33)]


@pytest.mark.parametrize("size", SIZES)
def test_a_square_is_rounded_as_augly_does(size: tuple[int, int]) -> None:
    assert_as_auglys(noise(*size), Op("pad_square", {"color": [1, 2, 3]}))


@pytest.mark.parametrize("size", SIZES)
def test_a_border_is_on_both_sides(size: tuple[int, int]) -> None:
    assert_as_auglys(noise(*size), Op("pad", {"w_factor": 0.3, "h_factor": 0.7}))


@pytest.mark.parametrize("edge", [0.0, 0.1, 0.333, 0.5])
@pytest.mark.parametrize("size", SIZES)
def test_edges_of_a_crop(size: tuple[int, int], edge: float) -> None:
    corners = {"x1": edge, "y1": edge / 2, "x2": 1 - edge / 3, "y2": edge + 0.5}
    assert_as_auglys(noise(*size), Op("crop", corners))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("factor", [-2.0, -0.3, 0.0, 0.17, 2.0])
@pytest.mark.parametrize("size", SIZES)
def test_skew_along_both_axes(size: tuple[int, int], factor: float, axis: int) -> None:
    assert_as_auglys(noise(*size), Op("skew", {"skew_factor": factor, "axis": axis}))
