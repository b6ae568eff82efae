"""Paired slopes: what each seed's metric became from one arm to the other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trainer.figures.render import draw_png
from trainer.figures.theme import (
    BLUE,
    FAINT,
    INK,
    SMALL,
    TEXT,
    TITLE,
    VERMILION,
    label_axes,
    new_figure,
    percent_axis,
    style_axes,
    two_lines,
)

_MOST_ACROSS = 4  # panels in a row
_LEAST_SPAN = 0.12  # of the vertical axis: a few points are never magnified to its whole height


@dataclass(frozen=True, slots=True)
class Slopes:
    """The two arms of a contrast, and a metric of each seed in either.

    The metric is a share; both have the seeds in the same order.
    """

    baseline: str
    treatment: str
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def moves(self) -> str:
        """Return how many seeds went up, how many down, and how many stayed where they were."""
        up = down = equal = 0
        for before, after in zip(self.before, self.after, strict=True):
            up += after > before
            down += after < before
            equal += after == before
        counts = f"{up} up, {down} down"
        return f"{counts}, {equal} equal" if equal else counts


def draw_slopes(contrasts: Sequence[Slopes], metric: str, majority: float | None = None) -> bytes:
    """Draw a line for each seed from the baseline's metric to the treatment's, as a PNG file.

    Each contrast has a panel. Seeds with the same two values share a line, drawn the wider.
    `majority` is the accuracy of always naming the largest class.
    """
    return draw_png(slopes_figure, contrasts, metric, majority)


def slopes_figure(contrasts: Sequence[Slopes], metric: str, majority: float | None) -> Figure:
    """Lay out the figure of `draw_slopes`."""
    across = min(len(contrasts), _MOST_ACROSS)
    down = math.ceil(len(contrasts) / across)
    width = min(8.4 / across, 3.4)  # inches, of a panel
    figure = new_figure(max(width * across + 0.6, 4.8), 3.1 * down + 0.8)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    low, high = _span(contrasts, majority)
    for axes, contrast in zip(grid.flat, contrasts, strict=False):
        _draw_contrast(axes, contrast, majority, width)
        axes.set_ylim(low, high)
    for axes in grid.flat[len(contrasts) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        label_axes(axes, vertical=f"test {metric}, %")
    figure.suptitle(
        f"Test {metric} of each seed",
        x=0.02,
        ha="left",
        fontsize=TITLE,
        fontweight="bold",
        color=INK,
    )
    _add_legend(figure, majority)
    return figure


def _span(contrasts: Sequence[Slopes], majority: float | None) -> tuple[float, float]:
    """Return the ends of an axis that holds all values."""
    values = [] if majority is None else [majority]
    for contrast in contrasts:
        values += contrast.before
        values += contrast.after
    low = min(values)
    high = max(values)
    spread = high - low
    missing = max(_LEAST_SPAN - spread, 0.0)
    room = missing / 2 + 0.02 + 0.06 * spread
    low = max(low - room, 0.0)
    high = min(high + room, 1.02)
    return low, high


def _draw_contrast(axes: Axes, contrast: Slopes, majority: float | None, width: float) -> None:
    moves = Counter(zip(contrast.before, contrast.after, strict=True))
    for (before, after), seeds in sorted(moves.items()):
        colour = FAINT
        if before != after:
            colour = BLUE if after > before else VERMILION
        axes.plot(
            (0, 1),
            (before, after),
            color=colour,
            alpha=0.75,
            linewidth=1.2 * math.sqrt(seeds),
            marker="o",
            markersize=3.5 + 0.7 * math.sqrt(seeds),
        )
    if len(contrast.before) > 1:
        before = float(np.mean(contrast.before))
        after = float(np.mean(contrast.after))
        axes.plot(
            (0, 1), (before, after), color=INK, linewidth=2.4, marker="D", markersize=6, zorder=5
        )
    if majority is not None:
        axes.axhline(majority, color=FAINT, linestyle=":", linewidth=1.2, zorder=1)
    style_axes(axes)
    axes.set_xlim(-0.3, 1.3)
    room = 0.46 * width
    baseline = two_lines(contrast.baseline, room, SMALL)
    treatment = two_lines(contrast.treatment, room, SMALL)
    axes.set_xticks((0, 1), (baseline, treatment), parse_math=False, fontsize=SMALL)
    percent_axis(axes.yaxis)
    axes.set_title(contrast.moves, loc="left", fontsize=TEXT, color=INK)


def _add_legend(figure: Figure, majority: float | None) -> None:
    entries = [
        Line2D([], [], color=BLUE, marker="o", markersize=4, label="seed, up"),
        Line2D([], [], color=VERMILION, marker="o", markersize=4, label="seed, down"),
        Line2D([], [], color=INK, linewidth=2.4, marker="D", markersize=6, label="mean over seeds"),
    ]
    if majority is not None:
        entries.append(Line2D([], [], color=FAINT, linestyle=":", label="always the largest class"))
    figure.legend(
        handles=entries,
        loc="outside lower left",
        ncols=4 if figure.get_figwidth() > 6 else 2,
        frameon=False,
        fontsize=SMALL,
        handlelength=1.6,
        columnspacing=1.2,
    )
