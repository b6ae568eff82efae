"""Transforms that give AugLy's pixels, bit for bit, in less time or memory.

Tests compare each with AugLy's own function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageStat

Colour = tuple[int, int, int]
Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]

_EVERY_VALUE = bytes(range(256))
_RAMP = Image.frombytes("L", (256, 1), _EVERY_VALUE)
# Pixels of a mask computed at a time (2 MB of phases); AugLy's grids are as large as the image.
_PIXELS_AT_ONCE = 1 << 18
_DASH_WIDTH = 0.7  # as in AugLy
_FULL_TURN = 2 * math.pi
_LEVEL_ANGLES = {0.0, math.pi}
_UPRIGHT_ANGLES = {
    math.pi / 2,
    3 * math.pi / 2,
}


def brightness(image: Image.Image, factor: float) -> Image.Image:
    """Scale the values (AugLy's brightness), by a lookup table."""
    return _blend_with_grey(image, 0, factor)


def contrast(image: Image.Image, factor: float) -> Image.Image:
    """Move the values from or to their mean (AugLy's contrast), by a lookup table."""
    # The mean as PIL.ImageEnhance.Contrast takes it.
    statistics = ImageStat.Stat(image.convert("L"))
    (mean,) = statistics.mean
    return _blend_with_grey(image, int(mean + 0.5), factor)


def color_jitter(
    image: Image.Image,
    brightness_factor: float,
    contrast_factor: float,
    saturation_factor: float,
) -> Image.Image:
    """Change brightness, contrast and saturation, in this order (AugLy's color_jitter)."""
    image = brightness(image, brightness_factor)
    image = contrast(image, contrast_factor)
    return ImageEnhance.Color(image).enhance(saturation_factor)


def opacity(image: Image.Image, level: float) -> Image.Image:
    """Blend towards white (AugLy's opacity on an image without transparency), by a lookup table."""
    weight = int(255 * level)
    white = Image.new("L", _RAMP.size, 255)
    mask = Image.new("L", _RAMP.size, weight)
    table = Image.composite(_RAMP, white, mask)
    return _look_up(image, table)


def overlay_stripes(
    image: Image.Image,
    line_width: float,
    line_color: Colour,
    line_angle: float,
    line_density: float,
    line_type: str,
    line_opacity: float,
) -> Image.Image:
    """Lay stripes over the image (AugLy's overlay_stripes), without grids of the image's size."""
    size = image.size
    stripes = _draw_stripes(size, line_width, line_angle, line_density)
    if line_type != "solid":
        gap_width = line_width if line_type == "dotted" else _DASH_WIDTH
        gap_angle = line_angle + 90
        stripes = stripes & _draw_stripes(size, gap_width, gap_angle, line_density)
    opaqueness = np.uint8(line_opacity * 255)
    mask = Image.fromarray(stripes * opaqueness)
    striped = image.copy()
    striped.paste(line_color, (0, 0), mask)
    return striped


def _blend_with_grey(image: Image.Image, grey: int, factor: float) -> Image.Image:
    """Move all values away from `grey`, or towards it where `factor` is below 1."""
    flat = Image.new("L", _RAMP.size, grey)
    table = Image.blend(flat, _RAMP, factor)
    return _look_up(image, table)


def _look_up(image: Image.Image, table: Image.Image) -> Image.Image:
    """Map all three bands: what Pillow makes of 256 values is what it makes of every pixel."""
    band = list(table.tobytes())
    return image.point(band * 3)


def _draw_stripes(
    size: tuple[int, int],
    line_width: float,
    line_angle: float,
    line_density: float,
) -> Mask:
    """Compute AugLy's compute_stripe_mask; shape (height, width).

    Level and upright stripes need one line of it, others are computed some rows at a time.
    """
    width, height = size
    angle = line_angle * (math.pi / 180)
    distance = (1 - line_density) * min(size)
    per_row = math.cos(angle) / distance
    per_column = math.sin(angle) / distance
    rows = np.arange(height) - height / 2
    rows = rows[:, None]
    columns = np.arange(width) - width / 2
    shape = (height, width)
    # The products are in AugLy's order: floating-point numbers depend on it.
    if abs(angle) in _UPRIGHT_ANGLES:
        phase = _FULL_TURN * per_column * columns
        return np.broadcast_to(_is_line(phase, line_width), shape)
    if abs(angle) in _LEVEL_ANGLES:
        phase = _FULL_TURN * per_row * rows
        return np.broadcast_to(_is_line(phase, line_width), shape)
    mask = np.empty(shape, dtype=np.bool_)
    across = per_column * columns
    step = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, step):
        band = slice(top, top + step)
        down = per_row * rows[band]
        phase = _FULL_TURN * (across + down)
        mask[band] = _is_line(phase, line_width)
    return mask


def _is_line(phase: Floats, line_width: float) -> Mask:
    threshold = (math.cos(math.pi * line_width) + 1) / 2
    wave = np.cos(phase)
    lines: Mask = (wave + 1) / 2 > threshold
    return lines


Function = Callable[..., Image.Image]

FUNCTIONS: Mapping[str, Function] = {
    "brightness": brightness,
    "color_jitter": color_jitter,
    "contrast": contrast,
    "opacity": opacity,
    "overlay_stripes": overlay_stripes,
}
