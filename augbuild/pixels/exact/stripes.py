"""Stripes over an image, with AugLy's pixels and without its grids of the image's size."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colour = tuple[int, int, int]
Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]

# Pixels of a mask computed at a time (2 MB of phases); AugLy's grids are as large as the image.
_PIXELS_AT_ONCE = 1 << 18
_DASH_WIDTH = 0.7  # as in AugLy
_FULL_TURN = 2 * math.pi
_LEVEL_ANGLES = {0.0, math.pi}
_UPRIGHT_ANGLES = {
    math.pi / 2,
    3 * math.pi / 2,
}


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
