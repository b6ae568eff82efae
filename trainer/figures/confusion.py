"""The confusion matrix with its counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from augbuild.dataset.sheet import width_of
from trainer.figures.theme import FAINT, INK, TEXT, as_png, fit_label, new_figure, set_title

_MOST_WRITTEN = 30  # classes; with more, counts in cells could not be read
_MOST_LEVEL = 8  # classes: what fits side by side
_CELL, _LONGEST_NAME = 0.5, 1.5  # inches


@as_png
def draw_confusion(
    matrix: Sequence[Sequence[int]], classes: Sequence[str], title: str = "Test images"
) -> Figure:
    """Draw a confusion matrix: rows are the true classes, shades the share of each, numbers the counts; a PNG file."""
    counts = np.asarray(matrix, dtype=np.int64)
    side = min(max(_CELL * len(classes), 1.7), 18.0)
    names = [fit_label(each, _LONGEST_NAME) for each in classes]
    room = max(width_of(each, TEXT) for each in names)
    figure = new_figure(
        side + room + 0.75, side + (0.2 if _are_level(names) else 0.8 * room) + 0.95
    )
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _name_classes(axes, names)
    axes.set_xlabel("predicted", color=FAINT, fontsize=TEXT)
    axes.set_ylabel("true", color=FAINT, fontsize=TEXT)
    set_title(axes, fit_label(title, side + 0.1, TEXT), TEXT)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if len(classes) <= _MOST_WRITTEN:
        _write_counts(axes, counts, shares)
    return figure


def _name_classes(axes: Axes, names: Sequence[str]) -> None:
    shown = range(0, len(names), max(1, len(names) // 60))
    axes.set_xticks(list(shown), [names[index] for index in shown], parse_math=False, fontsize=TEXT)
    axes.tick_params(axis="x", rotation=0 if _are_level(names) else 45)
    for each in axes.get_xticklabels():
        each.set_horizontalalignment("center" if _are_level(names) else "right")
        each.set_rotation_mode("anchor")
    axes.set_yticks(list(shown), [names[index] for index in shown], parse_math=False, fontsize=TEXT)


def _are_level(names: Sequence[str]) -> bool:
    return len(names) <= _MOST_LEVEL and max(map(len, names)) <= 6


def _write_counts(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    size = min(TEXT, 50 / len(f"{counts.max():,}"))  # what fits into a cell
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.55 else INK
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=size)
