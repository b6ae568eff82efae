"""The test images whose prediction flipped, each beside the training images nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from augbuild.core.text import plural
from augbuild.dataset.sheet import Page, fit
from trainer.figures.render import draw_png
from trainer.figures.theme import BLUE, FAINT, INK, SMALL, TEXT, VERMILION

Pixels = NDArray[np.uint8]  # (height, width, 3)

MOST_FLIPS = 6
MOST_NEIGHBOURS = 3


@dataclass(frozen=True, slots=True)
class HitCount:
    """How many runs of an arm were tested on an image, and how many of them were right."""

    target: str
    runs: int = 0
    right: int = 0

    @property
    def share(self) -> float:
        """Return the share of the runs that were right."""
        return self.right / self.runs

    @property
    def text(self) -> str:
        """Return the counts as 3 of 10 runs."""
        return f"{self.right} of {plural(self.runs, 'run')}"


@dataclass(frozen=True, slots=True)
class Flip:
    """A test image that one arm gets right more often than the other."""

    name: str
    baseline: HitCount
    treatment: HitCount

    @property
    def change(self) -> float:
        """Return the share of runs that are right in the treatment minus that in the baseline."""
        return self.treatment.share - self.baseline.share


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
_MARGIN = 0.2
_HEADER = 0.5
_TEXT_WIDTH = 2.2
_CELL = 1.25
_ROW = 1.72
_GAP = 0.12
_IMAGE_X = _MARGIN + _TEXT_WIDTH
_NEIGHBOURS_X = _IMAGE_X + _CELL + 0.3
_PAGE_WIDTH = _NEIGHBOURS_X + MOST_NEIGHBOURS * (_CELL + _GAP) + _MARGIN

_RULE_WIDTH = _PAGE_WIDTH - 2 * _MARGIN
_RULE = "#d5d8dc"
_FILE_NAME = SMALL - 1  # points


def draw_flips(flips: Sequence[PicturedFlip]) -> bytes:
    """Draw a sheet of flips as a PNG file, one a row.

    A row has the counts of both arms, the test image, and at most MOST_NEIGHBOURS neighbours.
    """
    return draw_png(flips_figure, flips)


def flips_figure(flips: Sequence[PicturedFlip]) -> Figure:
    """Lay out the figure of `draw_flips`."""
    height = _HEADER + _ROW * len(flips) + _MARGIN
    page = Page(_PAGE_WIDTH, height)
    page.text(_IMAGE_X, 0.28, "test image", TEXT, INK, bold=True)
    page.text(_NEIGHBOURS_X, 0.28, "nearest training images", TEXT, INK, bold=True)
    for number, pictured in enumerate(flips):
        top = _HEADER + number * _ROW
        page.rectangle(_MARGIN, top - 0.06, _RULE_WIDTH, 0.01, _RULE)
        _write_counts(page, pictured.flip, top + 0.16)
        _place_picture(page, pictured.image, _IMAGE_X, top)
        for place, neighbour in enumerate(pictured.neighbours):
            x = _NEIGHBOURS_X + place * (_CELL + _GAP)
            _place_picture(page, neighbour, x, top)
    return page.figure


def _write_counts(page: Page, flip: Flip, top: float) -> None:
    target = f"true: {flip.baseline.target}"
    target = fit(target, TEXT, _TEXT_WIDTH - _GAP, bold=True)
    page.text(_MARGIN, top, target, TEXT, INK, bold=True)
    page.text(_MARGIN, top + 0.26, f"right in {flip.baseline.text}", TEXT, INK)
    page.text(_MARGIN, top + 0.46, f"→ in {flip.treatment.text}", TEXT, INK)
    change = "less often right"
    colour = VERMILION
    if flip.change > 0:
        change = "more often right"
        colour = BLUE
    page.text(_MARGIN, top + 0.72, change, TEXT, colour)


def _place_picture(page: Page, picture: Picture, x: float, y: float) -> None:
    """Draw a whole picture in its cell, and its class and file name below it."""
    bottom = y + _CELL
    left = x / page.width
    width = _CELL / page.width
    height = _CELL / page.height
    axes = page.figure.add_axes((left, 1 - bottom / page.height, width, height))
    axes.imshow(_pad_to_square(picture.pixels), interpolation="bilinear")
    axes.set_axis_off()

    label = fit(picture.label, SMALL, _CELL)
    page.text(x, bottom + 0.1, label, SMALL, INK)
    _, _, file_name = picture.name.rpartition("/")
    file_name = fit(file_name, _FILE_NAME, _CELL)
    page.text(x, bottom + 0.25, file_name, _FILE_NAME, FAINT)


def _pad_to_square(pixels: Pixels) -> Pixels:
    height, width, _ = pixels.shape
    side = max(height, width)
    top = (side - height) // 2
    left = (side - width) // 2
    square = np.full((side, side, 3), 255, np.uint8)
    middle = square[top : top + height, left : left + width]
    middle[:] = pixels
    return square
