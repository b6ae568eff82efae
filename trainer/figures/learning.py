"""Learning curves of all runs, arm by arm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trainer.figures.curves import Epoch, Metric, value_of
from trainer.figures.render import draw_png
from trainer.figures.theme import (
    ARM_COLOURS,
    SMALL,
    fit_label,
    new_figure,
    percent_axis,
    set_title,
    steps_axis,
    style_axes,
)

Run = Sequence[Epoch]

LineStyle = Literal["-", "--", ":"]

_LINE_STYLES: tuple[LineStyle, ...] = get_args(LineStyle)
_LEGEND_COLUMNS = 3


def draw_learning(arms: Mapping[str, Sequence[Run]]) -> bytes:
    """Draw the mean training loss and accuracy of each arm by step, as a PNG file.

    Bands go from the least run of an arm to the greatest. Every run has an epoch or more.
    """
    return draw_png(learning_figure, arms)


def learning_figure(arms: Mapping[str, Sequence[Run]]) -> Figure:
    """Lay out the figure of `draw_learning`."""
    legend_rows = math.ceil(len(arms) / _LEGEND_COLUMNS)
    figure = new_figure(9, 3.6 + 0.2 * legend_rows)
    left, right = figure.subplots(1, 2)
    _draw_panel(left, arms, "loss")
    set_title(left, "Training loss")
    left.set_ylim(0, None)
    _draw_panel(right, arms, "accuracy")
    set_title(right, "Training accuracy, %")
    right.set_ylim(0, 1.02)
    percent_axis(right.yaxis)

    entries = []
    for number, name in enumerate(arms):
        colour, line = _arm_style(number)
        label = fit_label(name, 2.2, SMALL)
        entries.append(Line2D([], [], linewidth=2.2, color=colour, linestyle=line, label=label))
    figure.legend(
        handles=entries,
        loc="outside lower left",
        ncols=_LEGEND_COLUMNS,
        frameon=False,
        fontsize=SMALL,
    )
    return figure


def _arm_style(number: int) -> tuple[str, LineStyle]:
    """Return the colour and the line style of an arm; after the last colour they turn dashed."""
    turn, place = divmod(number, len(ARM_COLOURS))
    return ARM_COLOURS[place], _LINE_STYLES[turn % len(_LINE_STYLES)]


def _draw_panel(axes: Axes, arms: Mapping[str, Sequence[Run]], metric: Metric) -> None:
    last = 0
    for number, runs in enumerate(arms.values()):
        steps, curves = _curves(runs, metric)
        last = max(last, steps[-1])
        colour, line = _arm_style(number)
        least, greatest = curves.min(axis=0), curves.max(axis=0)
        axes.fill_between(steps, least, greatest, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            steps,
            curves.mean(axis=0),
            linewidth=2,
            marker="o",
            markersize=3,
            color=colour,
            linestyle=line,
        )
    style_axes(axes)
    steps_axis(axes, last)


def _curves(runs: Sequence[Run], metric: Metric) -> tuple[list[int], NDArray[np.float64]]:
    """Return the steps at which any run reported, and the curve of each run at all of them."""
    reported = set()
    for run in runs:
        for epoch in run:
            reported.add(epoch.step)
    steps = sorted(reported)
    curves = []
    for run in runs:
        known = [epoch.step for epoch in run]
        values = [value_of(epoch, metric) for epoch in run]
        curves.append(np.interp(steps, known, values))
    return steps, np.array(curves)
