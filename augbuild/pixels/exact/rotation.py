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
    inverse = _Inverse.of(image.size, degrees)
    box = _largest_box(image.size, inverse.size, degrees)
    rows = inverse.shifted_to(box)
    if rows is None:
        turned = image.rotate(degrees, expand=True)
        return turned.crop(_largest_box(image.size, turned.size, degrees))
    left, top, right, bottom = box
    return image.transform((right - left, bottom - top), Image.Transform.AFFINE, rows)


@dataclass(frozen=True, slots=True)
class _Inverse:
    """The affine transform by which Image.rotate finds the source of each pixel of its canvas."""

    size: tuple[int, int]
    across: Row
    down: Row

    @classmethod
    def of(cls, size: tuple[int, int], degrees: float) -> _Inverse:
        """Compute the transform as Image.rotate(degrees, expand=True) does, operation by operation.

        Floating-point numbers depend on the order.
        """
        width, height = size
        angle = -math.radians(degrees % 360.0)
        cosine = round(math.cos(angle), 15)
        sine = round(math.sin(angle), 15)
        minus_sine = round(-math.sin(angle), 15)
        middle_x = width / 2
        middle_y = height / 2
        x = cosine * -middle_x + sine * -middle_y + 0.0 + middle_x
        y = minus_sine * -middle_x + cosine * -middle_y + 0.0 + middle_y
        xs = []
        ys = []
        for corner_x, corner_y in ((0, 0), (width, 0), (width, height), (0, height)):
            xs.append(cosine * corner_x + sine * corner_y + x)
            ys.append(minus_sine * corner_x + cosine * corner_y + y)
        new_width = math.ceil(max(xs)) - math.floor(min(xs))
        new_height = math.ceil(max(ys)) - math.floor(min(ys))
        # The canvas grows on both sides.
        dx = -(new_width - width) / 2.0
        dy = -(new_height - height) / 2.0
        across = (cosine, sine, cosine * dx + sine * dy + x)
        down = (minus_sine, cosine, minus_sine * dx + cosine * dy + y)
        return cls((new_width, new_height), across, down)

    def shifted_to(self, box: Box) -> tuple[float, ...] | None:
        """Return the coefficients that begin at a box's corner; None where that is not exact."""
        left, top, right, bottom = box
        width, height = self.size
        is_inside = 0 <= left < right <= width and 0 <= top < bottom <= height
        if not is_inside or self._is_upright():
            return None
        coefficients: list[float] = []
        for row in (self.across, self.down):
            if not _counts_in_steps(row, self.size):
                return None
            a, b, c = row
            # Half a pixel, to its middle. The products are exact, with or without fused additions.
            first = _in_steps(c + a * 0.5 + b * 0.5)
            wanted = first + left * _in_steps(a) + top * _in_steps(b)
            coefficients += [a, b, wanted / _STEPS - (a * 0.5 + b * 0.5)]
        return tuple(coefficients)

    def _is_upright(self) -> bool:
        """Check for a turn by quarters, or by next to nothing, which Pillow does in other ways."""
        return 0.0 in self.across[:2]


def _in_steps(value: float) -> int:
    return math.floor(value * _STEPS + 0.5)


def _counts_in_steps(row: Row, size: tuple[int, int]) -> bool:
    """Check whether Pillow counts in steps: whether all four corners are near enough."""
    a, b, c = row
    width, height = size
    for x, y in ((0, 0), (width, 0), (width, height), (0, height)):
        if abs(a * x + b * y + c) > _FARTHEST:
            return False
    return True


def _largest_box(size: tuple[int, int], canvas: tuple[int, int], degrees: float) -> Box:
    """Find the largest upright box inside a turned image, in the middle of its canvas.

    As AugLy's rotated_rect_with_max_area (https://stackoverflow.com/questions/16702966).
    """
    longer = max(size)
    shorter = min(size)
    sine = abs(math.sin(math.radians(degrees)))
    cosine = abs(math.cos(math.radians(degrees)))
    if shorter <= 2.0 * sine * cosine * longer or abs(sine - cosine) < 1e-10:
        # Two corners touch the longer sides, the other two lie on the middle line.
        half = 0.5 * shorter
        along, across = half / sine, half / cosine
        box_width, box_height = (along, across) if size[0] >= size[1] else (across, along)
    else:
        cosine_of_twice = cosine * cosine - sine * sine
        box_width = (size[0] * cosine - size[1] * sine) / cosine_of_twice
        box_height = (size[1] * cosine - size[0] * sine) / cosine_of_twice
    middle_x = canvas[0] / 2
    middle_y = canvas[1] / 2
    return (
        int(middle_x - box_width / 2),
        int(middle_y - box_height / 2),
        int(middle_x + box_width / 2),
        int(middle_y + box_height / 2),
    )
