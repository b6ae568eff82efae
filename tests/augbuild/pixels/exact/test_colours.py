"""Colours where rounding turns, and on images of one colour."""

from __future__ import annotations

import math

import pytest
from PIL import Image

from augbuild.catalogue.transforms import Op
from augbuild.pixels.exact import colours
from tests.augbuild.pixels.images import noise

from .compare import assert_as_auglys

FACTORS = [0.0, 1e-9, 0.5, math.nextafter(1, 0), 1.0, math.nextafter(1, 2), 1.5, 2.0, 10.0]


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_every_special_factor(name: str, factor: float) -> None:
    assert_as_auglys(noise(70, 50), Op(name, {"factor": factor}))


@pytest.mark.parametrize("first", FACTORS)
@pytest.mark.parametrize("last", FACTORS)
def test_three_factors_in_one(first: float, last: float) -> None:
    params = {"brightness_factor": first, "contrast_factor": 1.3, "saturation_factor": last}
    assert_as_auglys(noise(70, 50), Op("color_jitter", params))


@pytest.mark.parametrize("dark", range(9))
def test_a_mean_in_the_middle_is_rounded_as_pillow_does(dark: int) -> None:
    """Eight pixels, of which some are a step brighter: means of 100.0, 100.125 … 101.0."""
    image = Image.new("RGB", (8, 1), (101, 101, 101))
    image.paste((100, 100, 100), (0, 0, dark, 1))
    assert_as_auglys(image, Op("contrast", {"factor": 0.0}))


def test_contrast_keeps_the_mean_and_saturation_the_grey() -> None:
    image = Image.new("RGB", (9, 9), (200, 100, 50))
    grey = image.convert("L").getpixel((0, 0))
    assert colours.contrast(image, 0.0).getpixel((0, 0)) == (grey, grey, grey)
    assert colours.saturation(image, 0.0).getpixel((0, 0)) == (grey, grey, grey)
    assert colours.brightness(image, 0.5).getpixel((0, 0)) == (100, 50, 25)
