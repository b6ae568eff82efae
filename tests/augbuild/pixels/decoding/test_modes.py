"""Pixels of any mode become 8-bit RGB: deep values scaled, transparency on white."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from augbuild.errors import ImageError
from augbuild.pixels.codec import read_image
from augbuild.pixels.decoding.modes import is_transparent, to_rgb
from tests.augbuild.pixels.images import noise, saved

WHITE = (255, 255, 255)


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    grey = np.asarray(read_image(saved(Image.fromarray(ramp), "PNG")))[..., 0]
    assert np.array_equal(grey.ravel(), np.arange(256))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 0.25]], np.float32), [0, 64]),
        (np.array([[0.0, 1.5]], np.float32), [0, 2]),
        (np.array([[0.0, 100.0, 200.0]], np.float32), [0, 100, 200]),
        (np.array([[0.0, 255.0]], np.float32), [0, 255]),
        (np.array([[0.0, 256.0]], np.float32), [0, 1]),
        (np.array([[-1.0, 0.0, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0, 1]], np.int32), [0, 1]),
        (np.array([[0, 65535]], np.int32), [0, 255]),
        (np.array([[0, 257, 65536]], np.int32), [0, 1, 255]),
        (np.array([[1000, 65535]], np.int32), [4, 255]),
        (np.array([[1000, 65536]], np.int32), [0, 255]),
        (np.array([[-0.5, -0.25, 0.0]], np.float32), [0, 128, 255]),
        (np.array([[7, 7]], np.int32), [7, 7]),
        (np.array([[-7, -7]], np.int32), [0, 0]),
        (np.array([[7, 200]], np.uint16), [0, 1]),
        (np.array([[np.nan, 1e6, 2e6]], np.float32), [0, 128, 255]),
    ],
    ids=[
        "unit floats",
        "some of the unit",
        "just over the unit",
        "byte floats",
        "the last byte",
        "just over a byte",
        "signed floats",
        "one in 32",
        "16 bits in 32",
        "just over 16 bits",
        "bright 16 bits in 32",
        "bright and just over",
        "less than a unit",
        "bytes in 32",
        "all the same and negative",
        "dark 16 bits",
        "own range, nan",
    ],
)
def test_deep_values_are_scaled_by_a_stated_rule(
    values: NDArray[np.generic], expected: list[int]
) -> None:
    image = read_image(saved(Image.fromarray(values), "TIFF"))
    assert np.asarray(image)[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"]
)
def test_every_mode_becomes_rgb(mode: str) -> None:
    deep = Image.fromarray(np.full((8, 8), 9, np.uint16))
    source = deep if mode == "I;16" else Image.new(mode, (8, 8))
    image = read_image(saved(source, "TIFF" if mode not in {"RGBA", "P"} else "PNG"))
    assert (image.mode, image.size, image.info) == ("RGB", (8, 8), {})


def test_lab_is_converted_by_its_profile() -> None:
    """L 50 % without colour is a middle grey, not the three bytes of LAB."""
    assert to_rgb(Image.new("LAB", (2, 2), (128, 128, 128))).getpixel((0, 0)) == (119, 119, 119)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_transparency_is_composited_on_white(mode: str) -> None:
    if mode == "PA":
        transparent = Image.new("LA", (4, 4), (10, 0))
    else:
        transparent = Image.new("RGBA", (4, 4), (10, 20, 30, 0)).convert(mode)
    assert read_image(saved(transparent, "PNG")).getpixel((0, 0)) == WHITE


@pytest.mark.parametrize(
    ("alpha", "expected"), [(0, WHITE), (255, (10, 20, 30)), (51, (206, 208, 210))]
)
def test_half_transparent_pixels_are_mixed_with_white(
    alpha: int, expected: tuple[int, int, int]
) -> None:
    assert to_rgb(Image.new("RGBA", (2, 2), (10, 20, 30, alpha))).getpixel((0, 0)) == expected


def test_transparent_palette_and_colour_key_are_composited_on_white() -> None:
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([200, 0, 0] * 256)
    assert read_image(saved(palette, "PNG", transparency=0)).getpixel((0, 0)) == WHITE
    keyed = saved(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert read_image(keyed).getpixel((0, 0)) == WHITE


def test_deep_values_are_scaled_where_one_of_them_is_transparent_too() -> None:
    values = np.array([[0, 1000, 65535]], np.uint16)
    keyed = saved(Image.fromarray(values), "PNG", transparency=1000)
    assert np.asarray(read_image(keyed))[0, :, 0].tolist() == [0, 4, 255]


def test_what_has_an_alpha_band_or_a_colour_key_is_transparent() -> None:
    image = Image.new("RGB", (2, 2))
    assert not is_transparent(image)
    image.info["transparency"] = (0, 0, 0)
    assert is_transparent(image)
    assert [is_transparent(Image.new(mode, (2, 2))) for mode in ("RGBA", "LA", "La", "RGBa")] == [
        True
    ] * 4
    assert not is_transparent(Image.new("L", (2, 2)))


def test_the_result_is_a_copy() -> None:
    image = noise(4, 3)
    result = to_rgb(image)
    result.putpixel((0, 0), (1, 2, 3))
    assert image.tobytes() == noise(4, 3).tobytes()


class OddImage(Image.Image):
    """An image as older versions of Pillow decoded some: of a mode that has no way to RGB."""

    def __init__(self) -> None:
        super().__init__()
        self._mode = "BGR;15"

    def convert(self, *_: object, **__: object) -> Image.Image:
        raise ValueError("conversion not supported")


def test_a_mode_that_cannot_be_converted_has_a_reason() -> None:
    with pytest.raises(ImageError, match=r"^pixels of mode BGR;15 cannot be made RGB$") as caught:
        to_rgb(OddImage())
    assert caught.value.reason == "unsupported_mode"


@pytest.mark.parametrize(
    ("values", "depth", "expected"),
    [
        (np.array([[0, 2048, 4095]], np.uint16), 12, [0, 128, 255]),
        (np.array([[0, 1023]], np.uint16), 10, [0, 255]),
        (np.array([[0, 200]], np.int32), 12, [0, 12]),
        (np.array([[0, 65535]], np.uint16), 16, [0, 255]),
        (np.array([[0.0, 1.0]], np.float32), 12, [0, 255]),
    ],
)
def test_depth_says_what_is_white(
    values: NDArray[np.generic], depth: int, expected: list[int]
) -> None:
    image = to_rgb(Image.fromarray(values), depth)
    assert np.asarray(image)[0, :, 0].tolist() == expected


def test_a_value_beyond_the_depth_is_not_clipped() -> None:
    image = Image.fromarray(np.array([[0, 4096]], np.uint16))
    with pytest.raises(ImageError, match=r"it has the value 4,096; depth = 12 goes up to 4,095$"):
        to_rgb(image, 12)
