"""Rotation: only what survives the crop is computed, with the pixels of AugLy's rotate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image

Point = tuple[float, float]
Box = tuple[int, int, int, int]
Row = tuple[float, float, float]
"""Three coefficients of an affine transform: one coordinate in the source is ax + by + c."""

# Pillow's nearest-neighbour transform counts in 1/65536 of a pixel, where all sums are exact.
_STEPS = 1 << 16
# It does so while every corner is nearer to 0 than this; the margin is for half a pixel.
_FARTHEST = (1 << 15) - 2


def rotate(image: Image.Image, degrees: float) -> Image.Image:
    """Turn an image counter-clockwise and cut out the largest upright box without a black corner.

    AugLy turns the whole image and crops it then. Here the transform begins at the box's corner,
    which is exact: Pillow adds up whole steps of 1/65536 pixel, so the sum for the first pixel of
    the box can be asked for. Where it does not, the image is turned as AugLy turns it.
    """
    inverse = Inverse.of(image.size, degrees)
    box = _largest_box(image.size, inverse.size, degrees)
    rows = inverse.shifted_to(box)
    if rows is None:
        turned = image.rotate(degrees, expand=True)
        return turned.crop(_largest_box(image.size, turned.size, degrees))
    left, top, right, bottom = box
    return image.transform((right - left, bottom - top), Image.Transform.AFFINE, rows)


@dataclass(frozen=True, slots=True)
class Inverse:
    """The affine transform by which Image.rotate finds the source of each pixel of its canvas."""

    size: tuple[int, int]
    across: Row
    down: Row

    @classmethod
    def of(cls, size: tuple[int, int], degrees: float) -> Inverse:
        """Compute the transform as Image.rotate(degrees, expand=True) does, operation by operation.

        Floating-point numbers depend on the order.
        """
        width, height = size
        angle = -math.radians(degrees % 360.0)
        cosine = round(math.cos(angle), 15)
        sine = round(math.sin(angle), 15)
        minus_sine = round(-math.sin(angle), 15)
        across = (cosine, sine, 0.0)
        down = (minus_sine, cosine, 0.0)
        middle_x = width / 2
        middle_y = height / 2
        x = _at(across, -middle_x, -middle_y) + middle_x
        y = _at(down, -middle_x, -middle_y) + middle_y
        across = (cosine, sine, x)
        down = (minus_sine, cosine, y)
        new_width = _span(across, size)
        new_height = _span(down, size)
        # The canvas grows on both sides.
        dx = -(new_width - width) / 2.0
        dy = -(new_height - height) / 2.0
        across = (cosine, sine, _at(across, dx, dy))
        down = (minus_sine, cosine, _at(down, dx, dy))
        return cls((new_width, new_height), across, down)

    def shifted_to(self, box: Box) -> tuple[float, ...] | None:
        """Return the coefficients that begin at a box's corner; None where that is not exact."""
        left, top, right, bottom = box
        width, height = self.size
        is_inside = 0 <= left < right <= width and 0 <= top < bottom <= height
        # A turn by quarters, or by next to nothing, which Pillow does in other ways.
        is_upright = 0.0 in self.across[:2]
        if not is_inside or is_upright:
            return None
        coefficients: list[float] = []
        for row in (self.across, self.down):
            if max(map(abs, _at_corners(row, self.size))) > _FARTHEST:
                return None
            a, b, _ = row
            # To the middle of a pixel. The products are exact, with or without fused additions.
            first = _in_steps(_at_middle(row))
            wanted = first + left * _in_steps(a) + top * _in_steps(b)
            half = a * 0.5 + b * 0.5
            coefficients += [a, b, wanted / _STEPS - half]
        return tuple(coefficients)


def _at(row: Row, x: float, y: float) -> float:
    a, b, c = row
    return a * x + b * y + c


def _at_middle(row: Row) -> float:
    a, b, c = row
    return c + a * 0.5 + b * 0.5  # in the order of Pillow's Geometry.c


def _at_corners(row: Row, size: tuple[int, int]) -> list[float]:
    width, height = size
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    return [_at(row, x, y) for x, y in corners]


def _span(row: Row, size: tuple[int, int]) -> int:
    """Count the pixels between the outermost corners, as Image.rotate does."""
    places = _at_corners(row, size)
    return math.ceil(max(places)) - math.floor(min(places))


def _in_steps(value: float) -> int:
    return math.floor(value * _STEPS + 0.5)


def _largest_box(size: tuple[int, int], canvas: tuple[int, int], degrees: float) -> Box:
    """Find the largest upright box inside a turned image, in the middle of its canvas.

    As AugLy's rotated_rect_with_max_area (https://stackoverflow.com/questions/16702966).
    """
    width, height = size
    longer = max(size)
    shorter = min(size)
    angle = math.radians(degrees)
    sine = abs(math.sin(angle))
    cosine = abs(math.cos(angle))
    if shorter <= 2.0 * sine * cosine * longer or abs(sine - cosine) < 1e-10:
        # Two corners touch the longer sides, the other two lie on the middle line.
        half = 0.5 * shorter
        box_width = half / sine
        box_height = half / cosine
        if width < height:
            box_width, box_height = box_height, box_width
    else:
        cosine_of_twice = cosine * cosine - sine * sine
        box_width = (width * cosine - height * sine) / cosine_of_twice
        box_height = (height * cosine - width * sine) / cosine_of_twice
    left, right = _around(canvas[0] / 2, box_width / 2)
    top, bottom = _around(canvas[1] / 2, box_height / 2)
    return left, top, right, bottom


def _around(middle: float, half: float) -> tuple[int, int]:
    return int(middle - half), int(middle + half)
