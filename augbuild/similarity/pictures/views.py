"""Views of a picture: what other pictures made of it, or it of them, may look like.

A crop is like one of the views of its original, and so is the inside of a frame. Each view is kept
as its slowest cosine waves, as pHash does (Zauner 2010), of which flips and turns are exact.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from augbuild.similarity.pictures.turns import TURNS, Window, undo_turn_of_window

SIDE = 128
"""Pixels of a side of the square that views are taken of."""

WAVES = 8
"""Waves of a view in each direction."""

Floats = NDArray[np.floating]
WHOLE: Window = (0.0, 0.0, 1.0, 1.0)

_BLOCKS = 16  # in each direction, of whose means the waves are taken
_TILT = 8.0  # degrees: found with it are turns of 3 to 13
# Grey levels that the lines of a uniform border may spread by: JPEG's noise.
_BORDER_SPREAD = 6.0
_THINNEST_BORDER = 2  # a plain sky fades by less than this
_LEAST_CONTENT = SIDE // 4


def list_windows() -> tuple[Window, ...]:
    """List the parts of a picture that are cut out of every one."""
    windows = [WHOLE]
    for left, top in ((0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (0.1, 0.1), (0.05, 0.05)):
        windows.append((left, top, left + 0.9, top + 0.9))
    steps = (0.0, 0.28 / 3, 0.56 / 3, 0.28)
    for top in steps:
        windows += [(left, top, left + 0.72, top + 0.72) for left in steps]
    # What a caption, or a logo at an edge, leaves of a picture.
    windows += [(0.11, 0.0, 1.0, 1.0), (0.0, 0.11, 1.0, 1.0)]
    windows += [(0.0, 0.0, 0.89, 1.0), (0.0, 0.0, 1.0, 0.89)]
    return tuple(windows)


WINDOWS = list_windows()
"""The views that are the same part of every picture; the whole of it is the first."""

TILTS = (-_TILT, _TILT)
"""Degrees of the last views, clockwise."""

CONTENT = len(WINDOWS)
"""The view of what lies within the borders of a picture; the middle square comes next."""

VIEWS = CONTENT + 2 + len(TILTS)
"""The number of views: the windows, the content, the middle square, and the tilted ones."""

INSETS = (5, *range(CONTENT - 4, CONTENT))
"""Windows that are compared with their like: a caption leaves the same part of both pictures."""


def list_compared() -> tuple[dict[int, tuple[int, ...]], ...]:
    """List for each turn which views are compared with which."""
    compared = []
    for turn in range(len(TURNS)):
        pairs: dict[int, tuple[int, ...]] = {0: tuple(range(VIEWS))}
        for inset in INSETS:
            turned = undo_turn_of_window(turn, WINDOWS[inset])
            distances = np.abs(np.array(WINDOWS) - turned).sum(axis=1)
            pairs[inset] = (int(distances.argmin()),)
        compared.append(pairs)
    return tuple(compared)


COMPARED = list_compared()
"""For each turn, with which views of another picture a view of one is compared, its turn undone.

The whole is compared with all, an inset with the same part.
"""


def take_views(grey: Floats, width: int, height: int) -> Floats:
    """Return the views of a picture as waves (VIEWS, WAVES, WAVES).

    `grey` (SIDE, SIDE) is the picture squeezed into a square; `width` and `height` are its own.
    """
    views = []
    for left, top, right, bottom in (*WINDOWS, find_content(grey), middle_square(width, height)):
        views.append(_waves(top, bottom) @ grey @ _waves(left, right).T)
    for degrees in TILTS:
        tilted = tilt(grey, degrees, width / height)
        views.append(_waves(0.0, 1.0) @ tilted @ _waves(0.0, 1.0).T)
    return np.stack(views)


def find_content(grey: Floats) -> Window:
    """Return the part of a picture (SIDE, SIDE) within its uniform borders, or the whole."""
    top, bottom = _trim(grey)
    left, right = _trim(grey.T)
    if min(bottom - top, right - left) < _LEAST_CONTENT:
        return WHOLE
    return left / SIDE, top / SIDE, right / SIDE, bottom / SIDE


def _trim(grey: Floats) -> tuple[int, int]:
    """Return the first row that is no border, and the one after the last."""
    spreads = grey.std(axis=1)
    levels = grey.mean(axis=1)
    edges = []
    for end in (0, -1):
        is_border = (spreads < _BORDER_SPREAD) & (np.abs(levels - levels[end]) < _BORDER_SPREAD)
        ordered = is_border if end == 0 else is_border[::-1]
        width = 0 if ordered.all() else int(np.argmin(ordered))
        edges.append(width if width >= _THINNEST_BORDER else 0)
    first, last = edges
    return first, SIDE - last


def middle_square(width: int, height: int) -> Window:
    """Return the square in the middle of a picture of this size."""
    across = min(1.0, height / width)
    down = min(1.0, width / height)
    left = (1 - across) / 2
    top = (1 - down) / 2
    return left, top, 1 - left, 1 - top


def tilt(grey: Floats, degrees: float, aspect: float) -> Floats:
    """Turn a picture, squeezed into a square, about its middle; what was outside repeats the edge.

    `aspect` is its true width by its height.
    """
    angle = np.radians(degrees)
    cosine = np.cos(angle)
    sine = np.sin(angle)
    centres = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    down, across = np.meshgrid(centres, centres, indexing="ij")
    x = cosine * across + sine * down / aspect
    y = cosine * down - sine * across * aspect
    # The nearest pixel will do: the waves see nothing so fine.
    places = (np.stack([y, x]) + 0.5) * SIDE
    row, column = np.clip(places, 0, SIDE - 1).astype(np.intp)
    tilted: Floats = grey[row, column]
    return tilted


@lru_cache(4096)
def _waves(start: float, end: float) -> Floats:
    """Return the matrix (WAVES, SIDE) that takes the waves of an interval along one direction."""
    edges = np.linspace(start, end, _BLOCKS + 1) * SIDE
    starts = edges[:-1, None]
    ends = edges[1:, None]
    pixels = np.arange(SIDE)
    # How much of each pixel lies in each block, as a share of the block.
    lower = np.maximum(starts, pixels)
    upper = np.minimum(ends, pixels + 1)
    covered = np.clip(upper - lower, 0, None)
    means = covered / (ends - starts)
    centres = (np.arange(_BLOCKS) + 0.5) / _BLOCKS
    frequencies = np.pi * np.arange(WAVES)
    cosines = np.cos(np.outer(frequencies, centres))
    product: Floats = (cosines @ means).astype(np.float32)
    return product
