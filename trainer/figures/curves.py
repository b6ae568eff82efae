"""The learning curves of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.figures.theme import (
    BLUE,
    ORANGE,
    TEXT,
    as_png,
    new_figure,
    set_title,
    steps_axis,
    style_axes,
)


@as_png
def draw_curves(epochs: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw loss and accuracy by step, of training and of the validation split where there is one; a PNG file."""
    figure = new_figure(9, 3.6)
    for axes, key, title in zip(
        figure.subplots(1, 2), ("loss", "accuracy"), ("Loss", "Accuracy"), strict=True
    ):
        _curve(axes, [(each["step"], each[key]) for each in epochs], BLUE, "training")
        validated = [
            (each["step"], each["validation"][key]) for each in epochs if each.get("validation")
        ]
        if validated:
            _curve(axes, validated, ORANGE, "validation")
            axes.legend(frameon=False, fontsize=TEXT)
        set_title(axes, title)
        style_axes(axes)
        steps_axis(axes, max((each["step"] for each in epochs), default=1))
        axes.set_ylim((0, 1.02) if key == "accuracy" else (0, None))
    return figure


def _curve(axes: Axes, points: Sequence[tuple[float, float]], colour: str, name: str) -> None:
    axes.plot(
        *np.array(points).reshape(-1, 2).T, color=colour, marker="o", markersize=3, label=name
    )
