"""Sizes at the bounds where AugLy chooses or rounds."""

from __future__ import annotations

import math

import pytest

from augbuild.catalogue.transforms import JsonValue, Op
from augbuild.pixels.exact import sizes
from tests.augbuild.pixels.images import noise

from .compare import assert_as_auglys


@pytest.mark.parametrize("factor", [0.5, math.nextafter(1, 0), 1.0, math.nextafter(1, 2), 1.7])
@pytest.mark.parametrize("interpolation", [None, 0, 1])
def test_scale_chooses_the_filter_by_the_factor(factor: float, interpolation: int | None) -> None:
    op = Op("scale", {"factor": factor, "interpolation": interpolation})
    assert_as_auglys(noise(61, 40), op)


@pytest.mark.parametrize("low", [None, 1999, 2000, 2001, 5000])
@pytest.mark.parametrize("high", [None, 1000, 1999, 2000, 2001, 9000])
def test_bounds_on_the_number_of_pixels(low: int | None, high: int | None) -> None:
    bounds: dict[str, JsonValue] = {"min_resolution": low, "max_resolution": high}
    assert_as_auglys(noise(50, 40), Op("clip_image_size", bounds))


def test_what_is_within_its_bounds_is_a_copy() -> None:
    image = noise(5, 4)
    assert sizes.clip_image_size(image, None, None) is not image


@pytest.mark.parametrize("side", [None, 1, 30, 100])
def test_a_side_that_is_not_given_stays(side: int | None) -> None:
    for params in ({"width": side}, {"height": side}, {"width": side, "height": 9}):
        assert_as_auglys(noise(30, 20), Op("resize", dict(params)))


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 1.5, 10.0])
def test_ratios_and_pixelization(ratio: float) -> None:
    assert_as_auglys(noise(37, 53), Op("change_aspect_ratio", {"ratio": ratio}))
    assert_as_auglys(noise(37, 53), Op("pixelization", {"ratio": min(1.0, ratio)}))
