"""Compiled colours against Pillow's, where rounding turns."""

from __future__ import annotations

import math

import pytest
from PIL import Image

from augbuild.pixels.exact import colours as pillows
from tests.augbuild.pixels.images import noise

pytest.importorskip("numba", reason="needs numba (the extra fast)")

from augbuild.pixels.compiled import colours

FACTORS = [0.0, 1e-9, 0.5, math.nextafter(1, 0), 1.0, math.nextafter(1, 2), 1.5, 10.0]


@pytest.mark.parametrize("brightness", FACTORS)
@pytest.mark.parametrize("contrast", FACTORS)
def test_three_factors(brightness: float, contrast: float) -> None:
    image = noise(70, 50)
    for saturation in FACTORS:
        factors = (brightness, contrast, saturation)
        ours = colours.color_jitter(image, *factors)
        assert ours.tobytes() == pillows.color_jitter(image, *factors).tobytes(), factors


def every_pair() -> Image.Image:
    """Make an image with every pair of red and green, and two blues."""
    image = Image.new("RGB", (256, 512))
    image.putdata([(x, y % 256, 255 * (y // 256)) for y in range(512) for x in range(256)])
    return image


@pytest.mark.parametrize("factor", [0.31, 0.77, 1.29, 3.3])
def test_every_pair_of_values(factor: float) -> None:
    image = every_pair()
    for factors in ((factor, 1.1, 1.0), (1.0, factor, 1.0), (1.0, 1.0, factor)):
        ours = colours.color_jitter(image, *factors)
        assert ours.tobytes() == pillows.color_jitter(image, *factors).tobytes(), factors


@pytest.mark.parametrize("dark", range(9))
def test_a_mean_in_the_middle_is_rounded_as_pillow_does(dark: int) -> None:
    image = Image.new("RGB", (8, 1), (101, 101, 101))
    image.paste((100, 100, 100), (0, 0, dark, 1))
    ours = colours.color_jitter(image, 1.0, 0.0, 1.0)
    assert ours.tobytes() == pillows.color_jitter(image, 1.0, 0.0, 1.0).tobytes()
