"""One size for every image: exact, by three ways, and nothing moved that need not be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from augbuild.pixels.resize import Fit, fit_to

SIDES = st.integers(1, 60)
FITS = st.sampled_from(["stretch", "crop", "pad"])


def stripes() -> Image.Image:
    """Make a picture of 40 x 20: a red, a green, a green and a blue square of 10, twice over."""
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :10, 0] = 255
    pixels[:, 10:30, 1] = 255
    pixels[:, 30:, 2] = 255
    return Image.fromarray(pixels)


@given(SIDES, SIDES, st.tuples(SIDES, SIDES), FITS)
def test_every_image_gets_the_size(
    width: int, height: int, size: tuple[int, int], fit: Fit
) -> None:
    image = Image.new("RGB", (width, height), "red")
    result = fit_to(image, (size, fit))
    assert (result.size, result.mode) == (size, "RGB")
    if fit != "pad":
        assert result.getcolors() == [(size[0] * size[1], (255, 0, 0))]


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_an_image_of_that_size_is_left_alone(fit: Fit) -> None:
    image = stripes()
    assert fit_to(image, ((40, 20), fit)) is image


def test_without_a_size_any_image_is_left_alone() -> None:
    image = stripes()
    assert fit_to(image, None) is image


def columns(image: Image.Image) -> list[int]:
    """Return which band is the strongest in each column of the middle row."""
    row = np.asarray(image)[image.height // 2].astype(int)
    return row.argmax(axis=1).tolist()  # type: ignore[no-any-return]  # numpy says Any


def test_stretch_keeps_the_whole_image() -> None:
    assert columns(fit_to(stripes(), ((8, 8), "stretch"))) == [0, 0, 1, 1, 1, 1, 2, 2]


def test_crop_keeps_the_middle_and_the_shape() -> None:
    assert columns(fit_to(stripes(), ((20, 20), "crop"))) == [1] * 20
    tall = stripes().transpose(Image.Transpose.ROTATE_90)
    assert columns(fit_to(tall, ((20, 20), "crop"))) == [1] * 20


def test_pad_keeps_the_whole_image_and_the_shape_on_black() -> None:
    padded = np.asarray(fit_to(stripes(), ((40, 40), "pad")))
    assert (padded[10:30] == np.asarray(stripes())).all()
    assert padded[:10].max() == padded[30:].max() == 0
