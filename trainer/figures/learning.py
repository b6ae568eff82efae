"""Learning curves of all runs, arm by arm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from trainer.figures.theme import (
    ARM_COLOURS,
    SMALL,
    as_png,
    fit_label,
    new_figure,
    percent_axis,
    set_title,
    steps_axis,
    style_axes,
)

Run = Sequence[Mapping[str, Any]]  # the lines of its epochs.jsonl


@as_png
def draw_learning(arms: Mapping[str, Sequence[Run]]) -> Figure:
    """Draw the mean training loss and accuracy of each arm by step, in bands from the least run to the greatest."""
    figure = new_figure(9, 3.6 + 0.2 * math.ceil(len(arms) / 3))
    last = max(each["step"] for runs in arms.values() for run in runs for each in run)
    for axes, key in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for number, runs in enumerate(arms.values()):
            _learning(axes, runs, key, number)
        set_title(axes, f"Training {key}" + (", %" if key == "accuracy" else ""))
        style_axes(axes)
        steps_axis(axes, last)
        axes.set_ylim((0, 1.02) if key == "accuracy" else (0, None))
    percent_axis(figure.axes[1].yaxis)
    entries = [
        Line2D([], [], linewidth=2.2, label=fit_label(name, 2.2, SMALL), **_style(number))
        for number, name in enumerate(arms)
    ]
    figure.legend(handles=entries, loc="outside lower left", ncols=3, frameon=False, fontsize=SMALL)
    return figure


def _style(number: int) -> dict[str, Any]:
    """Give an arm its colour; more arms than colours begin again, dashed."""
    turn, place = divmod(number, len(ARM_COLOURS))
    return {"color": ARM_COLOURS[place], "linestyle": ("-", "--", ":")[turn % 3]}


def _learning(axes: Axes, runs: Sequence[Run], key: str, number: int) -> None:
    steps = sorted({each["step"] for run in runs for each in run})
    curves = np.array([_at(steps, run, key) for run in runs])
    style = _style(number)
    axes.fill_between(
        steps, curves.min(axis=0), curves.max(axis=0), color=style["color"], alpha=0.15, linewidth=0
    )
    axes.plot(steps, curves.mean(axis=0), linewidth=2, marker="o", markersize=3, **style)


def _at(steps: Sequence[float], run: Run, key: str) -> NDArray[np.float64]:
    """Read a run's curve at steps that may be those of another run."""
    known, values = np.array([(each["step"], each[key]) for each in run], np.float64).T
    return np.asarray(np.interp(np.array(steps, np.float64), known, values))
