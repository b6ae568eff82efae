"""The learning curves of one run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from matplotlib.axes import Axes

from tests.trainer.figures.drawn import assert_fits_a_page, assert_legible, points
from trainer.figures.curves import curves_figure, draw_curves


@dataclass(frozen=True)
class Scores:
    """A loss and an accuracy."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Reported:
    """An epoch of a run."""

    step: int
    loss: float
    accuracy: float
    validation: Scores | None = None


EPOCHS = [
    Reported(11, 0.7, 0.5, Scores(1.0, 0.0)),
    Reported(22, 0.4, 0.8),
    Reported(33, 0.2, 0.9, Scores(0.5, 0.75)),
]


def curves(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    """Return the points of each line by its label."""
    found = {}
    for line in axes.lines:
        found[str(line.get_label())] = points(line)
    return found


def test_words_can_be_read() -> None:
    assert_legible(curves_figure(EPOCHS))
    assert_legible(curves_figure([]))


def test_it_fits_a_page() -> None:
    assert_fits_a_page(draw_curves(EPOCHS))


def test_training_and_validation_have_a_curve_each() -> None:
    loss, accuracy = curves_figure(EPOCHS).axes
    assert curves(loss) == {
        "training": [(11, 0.7), (22, 0.4), (33, 0.2)],
        "validation": [(11, 1.0), (33, 0.5)],
    }
    assert curves(accuracy) == {
        "training": [(11, 0.5), (22, 0.8), (33, 0.9)],
        "validation": [(11, 0.0), (33, 0.75)],
    }
    assert (loss.get_title(loc="left"), accuracy.get_title(loc="left")) == ("Loss", "Accuracy")
    assert loss.get_legend() is not None


def test_without_validation_there_is_one_curve_and_no_legend() -> None:
    for axes in curves_figure([Reported(11, 0.7, 0.5), Reported(22, 0.4, 0.8)]).axes:
        assert list(curves(axes)) == ["training"]
        assert axes.get_legend() is None


def test_axes_begin_at_zero() -> None:
    loss, accuracy = curves_figure(EPOCHS).axes
    assert loss.get_xlim() == accuracy.get_xlim() == pytest.approx((0, 33.99))
    assert loss.get_ylim()[0] == 0
    assert loss.get_ylim()[1] > 1
    assert accuracy.get_ylim() == (0, 1.02)
