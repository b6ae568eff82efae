"""A sheet of the test images whose prediction flipped, each beside the training images nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from augbuild.dataset.sheet import Page, fit
from trainer.figures.theme import BLUE, FAINT, INK, SMALL, TEXT, VERMILION, as_png

Pixels = NDArray[np.uint8]  # (height, width, 3)

MOST_FLIPS, MOST_NEIGHBOURS = 6, 3


@dataclass(frozen=True, slots=True)
class HitCount:
    """How many runs of an arm had a test image in their test set, and how many of them named its class."""

    target: str
    runs: int = 0
    right: int = 0


@dataclass(frozen=True, slots=True)
class Flip:
    """A test image that one arm gets right more often than the other."""

    name: str
    baseline: HitCount
    treatment: HitCount

    @property
    def change(self) -> float:
        """Give the share of runs that are right in the treatment minus that in the baseline."""
        return self.treatment.right / self.treatment.runs - self.baseline.right / self.baseline.runs


@dataclass(frozen=True, slots=True)
class Picture:
    """A thumbnail of an image, with its name and its class."""

    name: str
    label: str
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class PicturedFlip:
    """A flip, its test image, and the training images nearest to it, the nearest first."""

    flip: Flip
    image: Picture
    neighbours: tuple[Picture, ...]


# Inches: a fixed layout, so nothing can collide.
_MARGIN, _HEADER, _CELL, _ROW, _GAP = 0.2, 0.5, 1.25, 1.72, 0.12
_TEXT_WIDTH, _NEXT = 2.2, 0.3
_WIDTH = 2 * _MARGIN + _TEXT_WIDTH + _CELL + _NEXT + MOST_NEIGHBOURS * (_CELL + _GAP)


@as_png
def draw_flips(flips: Sequence[PicturedFlip]) -> Figure:
    """Draw a row for each flip: how often either arm was right, the test image, its nearest training images."""
    page = Page(_WIDTH, _HEADER + _ROW * len(flips) + _MARGIN)
    left = _MARGIN + _TEXT_WIDTH
    page.text(left, 0.28, "test image", TEXT, INK, bold=True)
    page.text(left + _CELL + _NEXT, 0.28, "nearest training images", TEXT, INK, bold=True)
    for number, each in enumerate(flips):
        top = _HEADER + number * _ROW
        page.rectangle(_MARGIN, top - 0.06, page.width - 2 * _MARGIN, 0.01, "#d5d8dc")
        _describe(page, each, top + 0.16)
        _place(page, each.image, left, top)
        for place, neighbour in enumerate(each.neighbours):
            _place(page, neighbour, left + _CELL + _NEXT + place * (_CELL + _GAP), top)
    return page.figure


def _describe(page: Page, each: PicturedFlip, top: float) -> None:
    room = _TEXT_WIDTH - _GAP
    flip = each.flip
    page.text(
        _MARGIN,
        top,
        fit(f"true: {flip.baseline.target}", TEXT, room, bold=True),
        TEXT,
        INK,
        bold=True,
    )
    page.text(_MARGIN, top + 0.26, f"right in {_runs(flip.baseline)}", TEXT, INK)
    page.text(_MARGIN, top + 0.46, f"→ in {_runs(flip.treatment)}", TEXT, INK)
    words, colour = (
        ("more often right", BLUE) if flip.change > 0 else ("less often right", VERMILION)
    )
    page.text(_MARGIN, top + 0.72, words, TEXT, colour)


def _runs(tally: HitCount) -> str:
    return f"{tally.right} of {tally.runs} run{'s' * (tally.runs != 1)}"


def _place(page: Page, picture: Picture, x: float, y: float) -> None:
    """Put a picture into its cell, whole, and its class and file name below it."""
    axes = page.figure.add_axes(
        (x / page.width, 1 - (y + _CELL) / page.height, _CELL / page.width, _CELL / page.height)
    )
    axes.imshow(_square(picture.pixels), interpolation="bilinear")
    axes.set_axis_off()
    page.text(x, y + _CELL + 0.1, fit(picture.label, SMALL, _CELL), SMALL, INK)
    page.text(
        x,
        y + _CELL + 0.25,
        fit(picture.name.rpartition("/")[2], SMALL - 1, _CELL),
        SMALL - 1,
        FAINT,
    )


def _square(pixels: Pixels) -> Pixels:
    """Set an image in the middle of a white square."""
    height, width, _ = pixels.shape
    side = max(height, width)
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square
