"""The confusion matrix with its counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from augbuild.dataset.sheet import width_of
from trainer.figures.render import draw_png
from trainer.figures.theme import INK, TEXT, fit_label, label_axes, new_figure, set_title

_MOST_WRITTEN = 30  # classes; with more, counts in cells could not be read
_MOST_NAMED = 60  # classes; of twice as many, every second one is named
_MOST_LEVEL = 8  # classes; the names of so many fit side by side

# Inches.
_CELL = 0.5
_LEAST_SIDE = 1.7
_MOST_SIDE = 18.0
_LONGEST_NAME = 1.5


def draw_confusion(
    matrix: Sequence[Sequence[int]], classes: Sequence[str], title: str = "Test images"
) -> bytes:
    """Draw a confusion matrix as a PNG file.

    Rows are the true classes, shades the share of each, numbers the counts.
    """
    return draw_png(confusion_figure, matrix, classes, title)


def confusion_figure(matrix: Sequence[Sequence[int]], classes: Sequence[str], title: str) -> Figure:
    """Lay out the figure of `draw_confusion`."""
    counts = np.asarray(matrix, dtype=np.int64)
    images = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(images, 1)
    names = [fit_label(name, _LONGEST_NAME) for name in classes]

    side = _CELL * len(classes)
    side = min(max(side, _LEAST_SIDE), _MOST_SIDE)
    names_width = max(width_of(name, TEXT) for name in names)
    names_height = 0.2 if _are_level(names) else 0.8 * names_width
    width = side + names_width + 0.75
    height = side + names_height + 0.95
    figure = new_figure(width, height)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _name_classes(axes, names)
    label_axes(axes, "predicted", "true")
    title = fit_label(title, side + 0.1, TEXT)
    set_title(axes, title, TEXT)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if len(classes) <= _MOST_WRITTEN:
        _write_counts(axes, counts, shares)
    return figure


def _name_classes(axes: Axes, names: Sequence[str]) -> None:
    step = max(1, len(names) // _MOST_NAMED)
    places = range(0, len(names), step)
    shown = names[::step]
    level = _are_level(names)
    axes.set_xticks(places, shown, parse_math=False, fontsize=TEXT)
    axes.tick_params(axis="x", rotation=0 if level else 45)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("center" if level else "right")
        label.set_rotation_mode("anchor")
    axes.set_yticks(places, shown, parse_math=False, fontsize=TEXT)


def _are_level(names: Sequence[str]) -> bool:
    longest = max(len(name) for name in names)
    return len(names) <= _MOST_LEVEL and longest <= 6


def _write_counts(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    digits = len(f"{counts.max():,}")
    size = min(TEXT, 50 / digits)  # what fits into a cell
    for (row, column), count in np.ndenumerate(counts):
        dark = shares[row, column] > 0.55
        axes.text(
            column,
            row,
            f"{count:,}",
            ha="center",
            va="center",
            color="white" if dark else INK,
            fontsize=size,
        )
