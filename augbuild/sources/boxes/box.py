"""A box in a photo, and the path that names both: `photos/7.jpg#xywh=160,120,320,240`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from augbuild.core.text import plural
from augbuild.errors import ImageError
from augbuild.sources.decoding import Decoding

# Media Fragments URI 1.0, section 4.2.2 (W3C 2012): pixels, or percents of width and height.
_NUMBER = r"(-?\d{1,9}(?:\.\d{1,4})?)"
_FRAGMENT = re.compile(rf"(.+)#xywh=(percent:)?{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}", re.DOTALL)
_DIGITS = 4  # after the point: of a percent, a hundredth of a pixel of a photo of 10,000
_LARGEST = 10**9


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in an upright photo, in pixels or, with `percent`, in percents of its sides."""

    left: float
    top: float
    width: float
    height: float
    percent: bool = False

    @property
    def is_finite(self) -> bool:
        """Check whether the numbers could be those of a box: neither NaN nor beyond any photo."""
        numbers = (self.left, self.top, self.width, self.height)
        return all(abs(number) < _LARGEST for number in numbers)  # NaN fails every comparison

    @property
    def is_empty(self) -> bool:
        """Check whether nothing is in the box."""
        return not (self.width > 0 and self.height > 0)

    def __str__(self) -> str:
        numbers = (self.left, self.top, self.width, self.height)
        unit = "percent:" if self.percent else ""
        return f"{unit}{','.join(map(_write, numbers))}"


Region = tuple[int, int, int, int]
"""Left, top, right and bottom in whole pixels, as Pillow crops; right and bottom are outside."""


def box_path(photo: str, box: Box) -> str:
    """Name a box of a photo: the same whatever other boxes the photo has, and in any order."""
    return f"{photo}#xywh={box}"


def split_box(path: str) -> tuple[str, Box | None]:
    """Return photo and box that a path names; None for a path that is that of a file."""
    # No file is meant by mistake: the name of an image ends with its extension.
    match = _FRAGMENT.fullmatch(path) if "#xywh=" in path else None
    if match is None:
        return path, None
    photo, unit, *numbers = match.groups()
    left, top, width, height = map(float, numbers)
    return photo, Box(left, top, width, height, percent=unit is not None)


def photo_of(path: str) -> str:
    """Return the path of the file that an image is, or that it is a box of."""
    return split_box(path)[0]


def region_of(box: Box, size: tuple[int, int], decoding: Decoding) -> Region:
    """Return what is cut out of a photo of `size` (width, height) for a box.

    Raises ImageError (box_empty, box_outside, box_small) for a box that shows too little.
    """
    if box.is_empty:
        raise ImageError("box_empty", "the box has no width or no height")
    width, height = size
    across = down = 1.0
    if box.percent:
        across = width / 100
        down = height / 100
    columns = box.left * across, (box.left + box.width) * across
    rows = box.top * down, (box.top + box.height) * down
    left, right = _clip(columns, width, 0.0)
    top, bottom = _clip(rows, height, 0.0)
    shown = min(right - left, bottom - top)
    if shown <= 0:
        raise ImageError("box_outside", f"the box lies outside its photo of {width} x {height}")
    if shown < decoding.min_size:
        least = plural(decoding.min_size, "pixel")
        message = f"the box shows {right - left} x {bottom - top} pixels; min_size is {least}"
        raise ImageError("box_small", message)
    left, right = _clip(columns, width, decoding.margin)
    top, bottom = _clip(rows, height, decoding.margin)
    return left, top, right, bottom


def _clip(ends: tuple[float, float], length: int, margin: float) -> tuple[int, int]:
    """Return the whole pixels between two ends, with a margin, that a side of the photo has."""
    low, high = ends
    extra = margin * (high - low)
    # Rounded first: 18.91875 % of 640 is 121.08, but 25 % of 640 may come out as 160.00000000001.
    first = math.floor(round(low - extra, 3))
    last = math.ceil(round(high + extra, 3))
    return max(0, first), min(length, last)


def _write(number: float) -> str:
    text = f"{number:.{_DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
