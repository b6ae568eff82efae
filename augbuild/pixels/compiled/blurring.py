"""Pillow's Gaussian blur, three box blurs along each axis, with the sums of its BoxBlur.c.

Pillow blurs line by line. Here many lines are blurred side by side, each in a lane of a vector.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy import float32, uint32
from numpy.typing import NDArray
from PIL import Image

from augbuild.pixels.compiled.arrays import Packed, borrow_array, image_of, packed_pixels
from augbuild.pixels.compiled.compiler import compiled

_PASSES = 3
# Lines side by side: those of a photo then fit into the second-level cache, twice.
_LANES = 64


class _Box(NamedTuple):
    """A box of 2 * radius + 1 pixels that weigh `inner`, and one on both sides that weigh `outer`.

    Weights are in units of 1 / 2**24.
    """

    radius: int
    inner: np.uint32
    outer: np.uint32


def blur(image: Image.Image, radius: float) -> Image.Image:
    """Blur by a Gaussian of a radius in pixels, as `augbuild.pixels.exact.filters`."""
    box = _box_of(radius)
    height, width = image.height, image.width
    with packed_pixels(image) as pixels:
        result = borrow_array(pixels.shape)
        flat = result.reshape(-1)
        _blur_lines(pixels.reshape(-1), flat, height, width, width, 1, *box)
    _blur_lines(flat, flat, width, height, 1, width, *box)
    return image_of(result)


def _box_of(radius: float) -> _Box:
    """Return the box of which three passes are near a Gaussian, as Pillow chooses it.

    In single precision, as Pillow computes it; by Gwosdek et al. (2011), equations 7, 11 and 14.
    """
    single = float32(radius)
    variance = single * single / float32(_PASSES)
    length = float32(math.sqrt(12.0 * float(variance) + 1.0))
    whole = float32(math.floor((float(length) - 1.0) / 2.0))
    next_whole = whole + float32(1)
    part = (float32(2) * whole + float32(1)) * (whole * next_whole - float32(3) * variance)
    part /= float32(6) * (variance - next_whole * next_whole)
    box_radius = whole + part
    whole_radius = int(box_radius)
    inner = int(float32(1 << 24) / (box_radius * float32(2) + float32(1)))
    outer = ((1 << 24) - (2 * whole_radius + 1) * inner) // 2
    return _Box(whole_radius, uint32(inner), uint32(outer))


@compiled
def _blur_lines(
    pixels: Packed,
    result: Packed,
    lines: int,
    length: int,
    to_next_line: int,
    to_next_pixel: int,
    radius: int,
    inner: np.uint32,
    outer: np.uint32,
) -> None:
    """Blur each of `lines` lines of `length` pixels; both arrays are flat, and may be the same."""
    strip = np.empty((length, _LANES), np.uint32)
    spare = np.empty((length, _LANES), np.uint32)
    for first in range(0, lines, _LANES):
        lanes = min(_LANES, lines - first)
        for lane in range(lanes):
            start = (first + lane) * to_next_line
            for place in range(length):
                strip[place, lane] = pixels[start + place * to_next_pixel]
        for _ in range(_PASSES):
            _blur_once(strip.view(np.uint8), spare.view(np.uint8), radius, inner, outer)
            strip, spare = spare, strip
        for lane in range(lanes):
            start = (first + lane) * to_next_line
            for place in range(length):
                result[start + place * to_next_pixel] = strip[place, lane]


@compiled
def _blur_once(
    strip: NDArray[np.uint8],
    result: NDArray[np.uint8],
    radius: int,
    inner: np.uint32,
    outer: np.uint32,
) -> None:
    """Blur a strip by one box along its first axis; beyond its ends the last pixel goes on."""
    length, lanes = strip.shape
    last = length - 1
    half = uint32(1 << 23)
    sums = np.zeros(lanes, np.uint32)
    for place in range(-radius - 1, radius):
        line = strip[min(max(place, 0), last)]
        for lane in range(lanes):
            sums[lane] += uint32(line[lane])
    for place in range(length):
        before = strip[max(place - radius - 1, 0)]
        newest = strip[min(place + radius, last)]
        after = strip[min(place + radius + 1, last)]
        blurred = result[place]
        for lane in range(lanes):
            sums[lane] += uint32(newest[lane]) - uint32(before[lane])
            ends = uint32(before[lane]) + uint32(after[lane])
            weighted = uint32(sums[lane] * inner + ends * outer + half)
            blurred[lane] = weighted >> uint32(24)
