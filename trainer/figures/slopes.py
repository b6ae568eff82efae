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

from trainer.figures.theme import (  # fmt: skip
    BLUE,
    FAINT,
    INK,
    SMALL,
    TEXT,
    TITLE,
    VERMILION,
    as_png,
    new_figure,
    percent_axis,
    style_axes,
    two_lines,
)

_ACROSS = 4  # panels in a row


@dataclass(frozen=True, slots=True)
class Slopes:
    """The two arms of a contrast, and a metric of each seed in either: shares, in the same order of seeds."""

    baseline: str
    treatment: str
    before: tuple[float, ...]
    after: tuple[float, ...]


@as_png
def draw_slopes(contrasts: Sequence[Slopes], metric: str, majority: float | None = None) -> Figure:
    """Draw a line for each seed from the baseline's metric to the treatment's, a panel for each contrast.

    Seeds that moved alike share a line, drawn the wider. `majority` is the accuracy of always naming the largest class.
    """
    across = min(len(contrasts), _ACROSS)
    down = math.ceil(len(contrasts) / across)
    panel = min(8.4 / across, 3.4)  # inches
    figure = new_figure(max(panel * across + 0.6, 4.8), 3.1 * down + 0.8)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    values = [value for each in contrasts for value in (*each.before, *each.after)]
    low, high = _span([*values, *([] if majority is None else [majority])])
    for axes, each in zip(grid.flat, contrasts, strict=False):
        _slopes(axes, each, majority, panel)
        axes.set_ylim(low, high)
    for axes in grid.flat[len(contrasts) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(f"test {metric}, %", color=FAINT, fontsize=TEXT)
    figure.suptitle(
        f"Test {metric} of each seed",
        x=0.02,
        ha="left",
        fontsize=TITLE,
        fontweight="bold",
        color=INK,
    )
    _explain_slopes(figure, majority)
    return figure


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Give the ends of an axis that holds the values and never magnifies a few points to its whole height."""
    low, high = min(values), max(values)
    room = max(0.12 - (high - low), 0.0) / 2 + 0.02 + 0.06 * (high - low)
    return max(low - room, 0.0), min(high + room, 1.02)


def _slopes(axes: Axes, contrast: Slopes, majority: float | None, width: float) -> None:
    moves = Counter(zip(contrast.before, contrast.after, strict=True))
    for (before, after), seeds in sorted(moves.items()):
        colour = FAINT if after == before else BLUE if after > before else VERMILION
        axes.plot(
            (0, 1), (before, after), color=colour, alpha=0.75, linewidth=1.2 * math.sqrt(seeds), marker="o",
            markersize=3.5 + 0.7 * seeds**0.5,
        )  # fmt: skip
    if len(contrast.before) > 1:
        means = float(np.mean(contrast.before)), float(np.mean(contrast.after))
        axes.plot((0, 1), means, color=INK, linewidth=2.4, marker="D", markersize=6, zorder=5)
    if majority is not None:
        axes.axhline(majority, color=FAINT, linestyle=":", linewidth=1.2, zorder=1)
    style_axes(axes)
    axes.set_xlim(-0.3, 1.3)
    names = [
        two_lines(each, 0.46 * width, SMALL) for each in (contrast.baseline, contrast.treatment)
    ]
    axes.set_xticks((0, 1), names, parse_math=False, fontsize=SMALL)
    percent_axis(axes.yaxis)
    axes.set_title(_ups_and_downs(contrast), loc="left", fontsize=TEXT, color=INK)


def _ups_and_downs(contrast: Slopes) -> str:
    moves = [after - before for before, after in zip(contrast.before, contrast.after, strict=True)]
    up, down = sum(move > 0 for move in moves), sum(move < 0 for move in moves)
    equal = len(moves) - up - down
    return f"{up} up, {down} down" + (f", {equal} equal" if equal else "")


def _explain_slopes(figure: Figure, majority: float | None) -> None:
    entries = [
        Line2D([], [], color=BLUE, marker="o", markersize=4, label="seed, up"),
        Line2D([], [], color=VERMILION, marker="o", markersize=4, label="seed, down"),
        Line2D([], [], color=INK, linewidth=2.4, marker="D", markersize=6, label="mean over seeds"),
    ]
    if majority is not None:
        entries.append(Line2D([], [], color=FAINT, linestyle=":", label="always the largest class"))
    columns = 4 if figure.get_figwidth() > 6 else 2
    figure.legend(
        handles=entries, loc="outside lower left", ncols=columns, frameon=False, fontsize=SMALL, handlelength=1.6,
        columnspacing=1.2,
    )  # fmt: skip
