"""Transforms that give AugLy's pixels, bit for bit, in less time or memory (tested against AugLy's own)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageStat

_RAMP = Image.frombytes("L", (256, 1), bytes(range(256)))
_BAND = 1 << 18  # pixels at a time


def brightness(image: Image.Image, factor: float) -> Image.Image:
    """Scale the values (AugLy's brightness), by a lookup table."""
    return _look_up(image, Image.blend(Image.new("L", _RAMP.size, 0), _RAMP, factor))


def contrast(image: Image.Image, factor: float) -> Image.Image:
    """Move the values from or to their mean (AugLy's contrast), by a lookup table."""
    mean = int(
        ImageStat.Stat(image.convert("L")).mean[0] + 0.5
    )  # as PIL.ImageEnhance.Contrast takes it
    return _look_up(image, Image.blend(Image.new("L", _RAMP.size, mean), _RAMP, factor))


def color_jitter(
    image: Image.Image, brightness_factor: float, contrast_factor: float, saturation_factor: float
) -> Image.Image:
    """Change brightness, contrast and saturation, in this order (AugLy's color_jitter)."""
    image = contrast(brightness(image, brightness_factor), contrast_factor)
    return ImageEnhance.Color(image).enhance(saturation_factor)


def opacity(image: Image.Image, level: float) -> Image.Image:
    """Blend towards white (AugLy's opacity on an image without transparency), by a lookup table."""
    mask = Image.new("L", _RAMP.size, int(255 * level))
    return _look_up(image, Image.composite(_RAMP, Image.new("L", _RAMP.size, 255), mask))


def overlay_stripes(
    image: Image.Image,
    line_width: float,
    line_color: tuple[int, int, int],
    line_angle: float,
    line_density: float,
    line_type: str,
    line_opacity: float,
) -> Image.Image:
    """Lay stripes over the image (AugLy's overlay_stripes), without its grids of the size of the image."""
    drawn = _stripes(image.size, line_width, line_angle, line_density)
    if line_type != "solid":
        gaps = line_width if line_type == "dotted" else 0.7
        drawn = drawn & _stripes(image.size, gaps, line_angle + 90, line_density)
    striped = image.copy()
    striped.paste(line_color, (0, 0), Image.fromarray(drawn * np.uint8(line_opacity * 255)))
    return striped


def _look_up(image: Image.Image, table: Image.Image) -> Image.Image:
    """Map all three bands: what Pillow makes of each of 256 values is what it makes of every pixel."""
    return image.point(list(table.tobytes()) * 3)


def _stripes(
    size: tuple[int, int], line_width: float, line_angle: float, line_density: float
) -> NDArray[np.bool_]:
    """Compute AugLy's compute_stripe_mask: on one line where stripes are level or upright, else some rows at a time."""
    width, height = size
    angle = line_angle * (math.pi / 180)
    distance = (1 - line_density) * min(size)
    per_row, per_column = math.cos(angle) / distance, math.sin(angle) / distance
    rows, columns = np.arange(height)[:, None] - height / 2, np.arange(width) - width / 2
    threshold = (math.cos(math.pi * line_width) + 1) / 2

    def is_line(phase: NDArray[np.floating]) -> NDArray[np.bool_]:
        lines: NDArray[np.bool_] = (np.cos(phase) + 1) / 2 > threshold
        return lines

    if abs(angle) in {math.pi / 2, 3 * math.pi / 2}:
        return np.broadcast_to(is_line(2 * math.pi * per_column * columns), (height, width))
    if angle == 0 or abs(angle) == math.pi:
        return np.broadcast_to(is_line(2 * math.pi * per_row * rows), (height, width))
    mask = np.empty((height, width), dtype=np.bool_)
    step = max(1, _BAND // width)
    for top in range(0, height, step):
        band = slice(top, top + step)
        mask[band] = is_line(2 * math.pi * (per_column * columns + per_row * rows[band]))
    return mask


FUNCTIONS: Mapping[str, Callable[..., Image.Image]] = {
    "brightness": brightness,
    "color_jitter": color_jitter,
    "contrast": contrast,
    "opacity": opacity,
    "overlay_stripes": overlay_stripes,
}
