"""Colours in one pass over the pixels, with the sums of Pillow's Blend.c and Convert.c.

All is done with whole pixels side by side: the processor takes eight or sixteen at a time.
"""

from __future__ import annotations

import numpy as np
from numpy import float32, int32, uint32
from PIL import Image

from augbuild.pixels.compiled.arrays import Packed, borrow_array, image_of, packed_pixels
from augbuild.pixels.compiled.compiler import compiled

Channel = np.int32
_BYTE = uint32(255)
# Weights of the luminosity, in units of 1 / 2**16, and a half for rounding.
_RED = int32(19595)
_GREEN = int32(38470)
_BLUE = int32(7471)
_HALF = int32(0x8000)


def color_jitter(
    image: Image.Image,
    brightness_factor: float,
    contrast_factor: float,
    saturation_factor: float,
) -> Image.Image:
    """Change brightness, contrast and saturation, as `augbuild.pixels.exact.colours`."""
    with packed_pixels(image) as pixels:
        result = borrow_array(pixels.shape)
        total = _sum_greys(pixels, float32(brightness_factor))
        mean = int(total / pixels.size + 0.5)
        _jitter(
            pixels,
            float32(brightness_factor),
            int32(mean),
            float32(contrast_factor),
            float32(saturation_factor),
            result,
        )
    return image_of(result)


@compiled
def _value(pixel: np.uint32, shift: int) -> Channel:
    return int32((pixel >> uint32(shift)) & _BYTE)


@compiled
def _blend(first: Channel, second: Channel, factor: np.float32) -> Channel:
    """Move from one value to another by a factor, and beyond it where that is above 1."""
    value = float32(first) + factor * float32(second - first)
    return int32(min(max(value, float32(0)), float32(255)))


@compiled
def _grey(red: Channel, green: Channel, blue: Channel) -> Channel:
    """Return the luminosity (ITU-R 601-2) in Pillow's whole numbers."""
    total = int32(red * _RED)
    total += int32(green * _GREEN)
    total += int32(blue * _BLUE)
    return int32(int32(total + _HALF) >> int32(16))


@compiled
def _sum_greys(pixels: Packed, brightness: np.float32) -> int:
    """Return the sum of the luminosity of all pixels after a change of brightness."""
    height, width = pixels.shape
    black = int32(0)
    total = 0
    for y in range(height):
        for x in range(width):
            pixel = pixels[y, x]
            red = _blend(black, _value(pixel, 0), brightness)
            green = _blend(black, _value(pixel, 8), brightness)
            blue = _blend(black, _value(pixel, 16), brightness)
            total += int(_grey(red, green, blue))
    return total


@compiled
def _jitter(
    pixels: Packed,
    brightness: np.float32,
    mean: Channel,
    contrast: np.float32,
    saturation: np.float32,
    result: Packed,
) -> None:
    """Change brightness, contrast (about `mean`) and saturation of each pixel."""
    height, width = pixels.shape
    black = int32(0)
    for y in range(height):
        for x in range(width):
            pixel = pixels[y, x]
            red = _blend(black, _value(pixel, 0), brightness)
            green = _blend(black, _value(pixel, 8), brightness)
            blue = _blend(black, _value(pixel, 16), brightness)
            red = _blend(mean, red, contrast)
            green = _blend(mean, green, contrast)
            blue = _blend(mean, blue, contrast)
            grey = _grey(red, green, blue)
            low = uint32(_blend(grey, red, saturation))
            middle = uint32(_blend(grey, green, saturation)) << uint32(8)
            high = uint32(_blend(grey, blue, saturation)) << uint32(16)
            result[y, x] = low | middle | high
