"""The learning curves of one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trainer.figures.render import draw_png
from trainer.figures.theme import (
    BLUE,
    ORANGE,
    TEXT,
    new_figure,
    set_title,
    steps_axis,
    style_axes,
)

Metric = Literal["loss", "accuracy"]


class Scored(Protocol):
    """The mean loss on a set of images, and the share of them that are right."""

    @property
    def loss(self) -> float: ...
    @property
    def accuracy(self) -> float: ...


class Epoch(Scored, Protocol):
    """What a run reported after an epoch: of training, and of a validation split if it has one."""

    @property
    def step(self) -> int: ...
    @property
    def validation(self) -> Scored | None: ...


def draw_curves(epochs: Sequence[Epoch]) -> bytes:
    """Draw loss and accuracy by step as a PNG file, of training and any validation."""
    return draw_png(curves_figure, epochs)


def curves_figure(epochs: Sequence[Epoch]) -> Figure:
    """Lay out the figure of `draw_curves`."""
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    _draw_panel(left, epochs, "loss", "Loss")
    left.set_ylim(0, None)
    _draw_panel(right, epochs, "accuracy", "Accuracy")
    right.set_ylim(0, 1.02)
    return figure


def value_of(scored: Scored, metric: Metric) -> float:
    """Return the loss, or the accuracy as a share."""
    return scored.loss if metric == "loss" else scored.accuracy


def _draw_panel(axes: Axes, epochs: Sequence[Epoch], metric: Metric, title: str) -> None:
    steps = []
    training = []
    validated_steps = []
    validation = []
    for epoch in epochs:
        steps.append(epoch.step)
        training.append(value_of(epoch, metric))
        if epoch.validation is not None:
            validated_steps.append(epoch.step)
            validation.append(value_of(epoch.validation, metric))
    axes.plot(steps, training, color=BLUE, marker="o", markersize=3, label="training")
    if validation:
        axes.plot(
            validated_steps, validation, color=ORANGE, marker="o", markersize=3, label="validation"
        )
        axes.legend(frameon=False, fontsize=TEXT)
    set_title(axes, title)
    style_axes(axes)
    steps_axis(axes, max(steps, default=1))
