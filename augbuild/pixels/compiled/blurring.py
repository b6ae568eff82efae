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
_UNIT = 1 << 24
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
    height = image.height
    width = image.width
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
    half = (float(length) - 1.0) / 2.0
    whole = float32(math.floor(half))
    next_whole = whole + float32(1)
    weight = float32(2) * whole + float32(1)
    missing = whole * next_whole - float32(3) * variance
    surplus = variance - next_whole * next_whole
    part = weight * missing / (float32(6) * surplus)
    box_radius = whole + part
    whole_radius = int(box_radius)
    width = box_radius * float32(2) + float32(1)
    inner = int(float32(_UNIT) / width)
    inside = (2 * whole_radius + 1) * inner
    outer = (_UNIT - inside) // 2
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
            index = (first + lane) * to_next_line
            for place in range(length):
                strip[place, lane] = pixels[index]
                index += to_next_pixel
        for _ in range(_PASSES):
            _blur_once(strip.view(np.uint8), spare.view(np.uint8), radius, inner, outer)
            strip, spare = spare, strip
        for lane in range(lanes):
            index = (first + lane) * to_next_line
            for place in range(length):
                result[index] = strip[place, lane]
                index += to_next_pixel


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
        nearest = min(max(place, 0), last)
        line = strip[nearest]
        for lane in range(lanes):
            sums[lane] += uint32(line[lane])
    for place in range(length):
        first = place - radius - 1
        end = place + radius
        before = strip[max(first, 0)]
        newest = strip[min(end, last)]
        after = strip[min(end + 1, last)]
        blurred = result[place]
        for lane in range(lanes):
            sums[lane] += uint32(newest[lane]) - uint32(before[lane])
            ends = uint32(before[lane]) + uint32(after[lane])
            weighted = uint32(sums[lane] * inner + ends * outer + half)
            blurred[lane] = weighted >> uint32(24)
