"""Colours: changes of each pixel by itself, with AugLy's pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from PIL._imaging import ImagingCore

_EVERY_VALUE = bytes(range(256))
_RAMP = Image.frombytes("L", (256, 1), _EVERY_VALUE)


def brightness(image: Image.Image, factor: float) -> Image.Image:
    """Scale the values (AugLy's brightness), by a lookup table."""
    return _blend_with_grey(image, 0, factor)


def contrast(image: Image.Image, factor: float) -> Image.Image:
    """Move the values from or to their mean (AugLy's contrast), by a lookup table."""
    return _blend_with_grey(image, _mean_grey(image), factor)


def saturation(image: Image.Image, factor: float) -> Image.Image:
    """Move the values from or to the grey of their pixel (AugLy's saturation)."""
    grey = image.convert("L").convert("RGB")
    return Image.blend(grey, image, factor)


def color_jitter(
    image: Image.Image,
    brightness_factor: float,
    contrast_factor: float,
    saturation_factor: float,
) -> Image.Image:
    """Change brightness, contrast and saturation, in this order (AugLy's color_jitter)."""
    image = brightness(image, brightness_factor)
    image = contrast(image, contrast_factor)
    return saturation(image, saturation_factor)


def opacity(image: Image.Image, level: float) -> Image.Image:
    """Blend towards white (AugLy's opacity on an image without transparency), by a lookup table."""
    weight = int(255 * level)
    white = Image.new("L", _RAMP.size, 255)
    mask = Image.new("L", _RAMP.size, weight)
    table = Image.composite(_RAMP, white, mask)
    return image.filter(_Table(table))


def grayscale(image: Image.Image, mode: str) -> Image.Image:
    """Replace each pixel by its luminosity, or the average of its values (AugLy's grayscale)."""
    if mode == "luminosity":
        return image.convert("L").convert("RGB")
    values = np.asarray(image).astype(np.float32)
    average = np.average(values, axis=2)
    return Image.fromarray(np.uint8(average)).convert("RGB")


def convert_color(
    image: Image.Image,
    mode: str | None,
    matrix: tuple[float, ...] | None,
    dither: Image.Dither | None,
    palette: Image.Palette,
    colors: int,
) -> Image.Image:
    """Convert to another mode of Pillow (AugLy's convert_color)."""
    return image.convert(mode, matrix, dither, palette, colors)


def _mean_grey(image: Image.Image) -> int:
    """Return the mean luminosity as PIL.ImageEnhance.Contrast rounds it."""
    histogram = image.convert("L").histogram()
    total = 0
    for value, count in enumerate(histogram):
        total += value * count
    return int(total / (image.width * image.height) + 0.5)


def _blend_with_grey(image: Image.Image, grey: int, factor: float) -> Image.Image:
    """Move all values away from `grey`, or towards it where `factor` is below 1."""
    flat = Image.new("L", _RAMP.size, grey)
    table = Image.blend(flat, _RAMP, factor)
    return image.filter(_Table(table))


class _Table(ImageFilter.MultibandFilter):
    """A lookup table for all three bands, as a filter.

    What Pillow makes of 256 values is what it makes of every pixel. Image.point rounds the numbers
    of its table in Python first, which takes as long as a small image.
    """

    def __init__(self, table: Image.Image) -> None:
        self.values = 3 * table.tobytes()

    def filter(self, image: ImagingCore) -> ImagingCore:
        mapped: ImagingCore = image.point(self.values, None)
        return mapped
